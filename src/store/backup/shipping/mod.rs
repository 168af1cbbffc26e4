//! The journal beside the backups: packed into parts while the shop runs, and played over a backup again.
//!
//! A backup says at which record of the journal it was taken, so backup and parts give every moment since. Parts lie in
//! `backups/journal/`, and whoever copies backups copies them too.
//!
//! What must never happen: a record shipped before it is durable; a segment removed before its records are in final
//! parts; a part removed that a kept backup needs; a restore that passes a hole over.

mod packer;
mod part;
mod plan;
mod replay;
mod roll;

#[cfg(test)]
mod tests;

pub use packer::{Packed, Packer};
pub use part::{Head, head_of};
pub use plan::{Ask, Base, Moment, Plan, base, plan};
pub(super) use replay::replay;
pub(in crate::store) use roll::last_copied;
pub use roll::{PartFile, ROLLS, Roll, agrees, folder_of, read_life};
