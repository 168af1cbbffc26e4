//! Noise for the parser `cursor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("cursor", bytes));
