//! Noise for the parser `cookies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("cookies", bytes));
