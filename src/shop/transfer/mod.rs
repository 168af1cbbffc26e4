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
pub mod bound;
pub mod join;
pub mod group;
pub mod maker;
pub mod lines;
pub mod line_columns;
pub mod amounts;
pub mod order;
pub mod people;
pub mod run;
pub mod presets;

#[cfg(test)]
mod real_data;
