//! The desk: what shows several features together. Home, the one box, the customer page, the change feed.

pub mod find;
pub mod index;
