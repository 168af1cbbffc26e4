//! Orders: what was bought by whom, at which price, and how far it has come. An order is never lost, doubled
//! or rewritten: its lines keep the text and price of the day, and every later change is a step with an event.

mod model;
mod state;

pub use model::*;
pub use state::*;
