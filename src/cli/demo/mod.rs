//! A filled, life-like shop that costs nothing to have: the same seed gives the same orders on every machine.
//!
//! Nothing here is kept: [`Demo::order`] computes any order from its number, so a shop of millions is as light as
//! one of ten. The people, prices and places are made up; e-mail addresses end in example.com, .net and .org.

mod args;
mod calendar;
mod catalogue;
mod dice;
mod fates;
mod letters;
mod names;
mod orders;
mod papers;
mod people;
mod places;
mod prices;
mod remarks;
mod run;
mod shelves;

pub use args::DemoArgs;
pub use catalogue::{Catalogue, Product, Variant};
pub use orders::{Demo, Plan};
pub(super) use run::run;
