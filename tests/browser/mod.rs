//! The pages in a real browser: the complete journey with and without script, axe, and narrow screens.

mod chrome;
mod hands;
mod inbox;
mod journey;
mod many;
mod narrow;
mod packing;
mod pages;
mod sites;
