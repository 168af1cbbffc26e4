//! Backroom: the whole back office of a small web shop in one executable.
//!
//! The modules in reading order, what a shop does first. Imports run downward only; `ARCHITECTURE.md` has the map.

#![cfg_attr(
    test,
    allow(
        clippy::string_slice,
        clippy::allow_attributes,
        reason = "a test may cut its own texts, and panics say where"
    )
)]

pub mod cli;

pub mod app;
pub mod config;
pub mod registry;
pub mod routes;
pub mod workers;

pub mod shop;

pub mod access;
pub mod outbound;
pub mod search;
pub mod store;
pub mod web;
pub mod work;

pub mod base;

#[cfg(any(test, fuzzing))]
pub mod fuzzed;
