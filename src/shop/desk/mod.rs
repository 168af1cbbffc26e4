//! The desk: what shows several features together, and what the index holds of them.

pub mod index;
