//! Transfer: orders and customers in from other shops' files, and out as files that come in again unchanged.

pub mod amounts;
pub mod bound;
pub mod cell;
pub mod date;
pub mod encoding;
pub mod fields;
pub mod group;
pub mod input;
pub mod join;
pub mod landing;
pub mod line_columns;
pub mod lines;
pub mod maker;
pub mod mapping;
pub mod number;
pub mod options;
pub mod order;
pub mod outcome;
pub mod outgoing;
pub mod people;
pub mod presets;
pub mod records;
pub mod refusals;
pub mod run;
pub mod sheet;
pub mod survey;
pub mod words;

pub mod backroom;
pub mod document;
pub mod export;
pub mod own_run;
#[cfg(test)]
mod real_data;
pub mod writer;

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod own_samples;
#[cfg(test)]
mod hostile;
