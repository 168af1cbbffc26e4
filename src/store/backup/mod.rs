//! Backups: a logical, checksummed copy of one moment, and the way back from it.
//!
//! All tables that say so are read out of one snapshot, so a backup is the shop at one event number, however long the
//! writing takes and whatever is written meanwhile. It does not copy the database file: that cannot be done while it is
//! open. A backup counts as good only when it was restored on trial and checked, in a process of its own.
//!
//! What must never happen: a row handed on before its checksum was right; a restore that leaves neither the old nor the
//! new state; a backup whose name is final before its bytes are on the disk.

mod create;
mod format;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod keep;
mod reader;
mod restore;
mod seal;
mod shelf;
pub mod shipping;
mod swap;
mod unpack;
mod writer;

#[cfg(test)]
mod cuts;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod under_load;

pub use create::{Files, Made, create};
pub use format::{Header, TableRows};
pub use keep::Keep;
pub use restore::{How, Restored, is_whole, opens, pack_what_waits, restore, try_out};
pub use seal::KEY_LENGTH_MIN;
pub use shelf::{Copied, FOLDER, Kept, Shelf, forget_verified, header_of, note_verified};
pub(in crate::store) use shipping::last_copied;
pub(in crate::store) use swap::{FRESH, finish};
