//! What a shop does: a folder per feature, each using only those above it.

pub mod customers;
pub mod desk;
pub mod mail;
pub mod messages;
pub mod orders;
pub mod outreach;
pub mod sites;
pub mod transfer;
