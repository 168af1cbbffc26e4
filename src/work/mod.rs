//! What follows a commit: readers of the event log, each at its own place.

mod reader;

pub use reader::{Filter, Reader};
