//! Who may do it: staff, roles, permissions, sessions, API keys and sign-in.

pub mod permission;
pub mod role;
pub mod settings;

pub mod device;
pub mod hasher;
pub mod password;
pub mod token;

pub use permission::{Permission, Rights, may};
pub use role::Role;
pub use settings::Settings;
