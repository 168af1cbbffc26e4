//! Who may do it: staff, roles, permissions, sessions, API keys and sign-in.
//!
//! A handler says in its signature who may call it: `Staff<may::EditOrders>` for pages, `Caller<may::ViewOrders>` for the
//! API, `Public` for everybody. Sessions and keys are looked up with every request, so that what was taken away is gone
//! with the next one.

pub mod permission;
pub mod role;
pub mod settings;

pub mod events;
pub mod staff;

pub mod budget;
pub mod device;
pub mod hasher;
pub mod key;
pub mod parked;
pub mod profile;
pub mod password;
pub mod session;
pub mod setup;
pub mod token;

pub use profile::{Profile, Shop};
pub use permission::{PERMISSIONS, Permission, Rights, may};
pub use role::Role;
pub use settings::Settings;
pub use setup::setup_link;

use crate::store::TableInfo;

/// Every table of this floor.
pub fn tables() -> Vec<TableInfo> {
    let mut tables = Vec::new();
    tables.extend(staff::tables());
    tables.extend(session::tables());
    tables.extend(budget::tables());
    tables.extend(key::tables());
    tables.extend(setup::tables());
    tables.extend(parked::tables());
    tables.extend_from_slice(profile::TABLES);
    tables
}
