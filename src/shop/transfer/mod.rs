//! Transfer: orders and customers in from other shops' files, and out as files that come in again unchanged.

pub mod input;
pub mod encoding;
pub mod records;
pub mod cell;
pub mod number;
pub mod date;
pub mod outcome;
pub mod options;
pub mod sheet;
pub mod fields;
pub mod words;
pub mod mapping;
pub mod survey;
