//! The desk: what shows several features together. Home, the one box, the customer page, the change feed; and what
//! the index holds of them.

pub mod customer;
pub mod docs;
pub mod find;
pub mod home;
pub mod index;
mod feed;
mod health;

pub use feed::routes as feed_routes;
pub use health::routes as health_routes;
