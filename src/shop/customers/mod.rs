//! Customers: people and companies the shop has dealt with, each once, known by e-mail, phone or an outside id.

mod model;

pub use model::*;
