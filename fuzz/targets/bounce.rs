//! Noise for the parser `bounce`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("bounce", bytes));
