//! The pages of orders: the list and what can be done with many, an order and its steps, edit, credit notes.

#![expect(dead_code, reason = "the handlers that use the rest are being built")]

mod columns;
mod facets;
mod row;
#[cfg(test)]
mod samples;
mod terms;
mod words;
