//! Staff: the people who run the shop, each with one role, known by their e-mail address.

mod model;
mod ops;
mod table;

pub use model::{Credential, Granter, NewStaff, Preferences, StaffId, StaffMember, ThemeChoice};
pub(super) use ops::credential;
pub use ops::{
    activate, add, change_self, deactivate, end_sessions, find, find_by_email, get, has_owner, list,
    owner_names, rehash, set_password, set_role, signed_in,
};
pub use table::TABLES;
