//! Who may do it: staff, roles, permissions, sessions, API keys and sign-in.
//!
//! A handler says in its signature who may call it: `Staff<may::EditOrders>` for pages, `Caller<may::ViewOrders>` for the
//! API, `Public` for everybody. Sessions and keys are looked up with every request, so that what was taken away is gone
//! with the next one; keys in memory (`known.rs`), which a commit that changes one forgets.

pub mod permission;
pub mod role;
pub mod settings;

pub mod events;
pub mod staff;

pub mod budget;
pub(crate) mod cookies;
mod device;
mod extract;
mod gate;
pub mod hasher;
pub mod key;
mod known;
mod once;
mod pages;
pub mod parked;
pub mod password;
pub mod profile;
mod reveal;
pub mod session;
pub mod setup;
mod shells;
mod sign_in;
mod standing;
mod storefront;
mod strangers;
#[cfg(test)]
mod tests;
pub mod token;
mod turn_away;

pub use extract::{Caller, Public, Staff};
pub use gate::{Access, Live, Visitor};
pub use once::{FirstAnswer, Once};
pub use pages::routes;
pub use permission::{PERMISSIONS, Permission, Rights, may};
pub use profile::{Profile, Shop};
pub use role::Role;
pub use settings::Settings;
pub use setup::setup_link;
pub use shells::{DOORS, shells};
pub use standing::Standing;
pub use storefront::{Storefront, preflight};

use crate::store::TableInfo;

/// The tables of this floor, part by part, for the registry.
pub const TABLES: &[&[TableInfo]] = &[
    profile::TABLES,
    staff::TABLES,
    session::TABLES,
    budget::TABLES,
    key::TABLES,
    setup::TABLES,
    parked::TABLES,
];
