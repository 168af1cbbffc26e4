//! Noise for the parser `forwarded`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("forwarded", bytes));
