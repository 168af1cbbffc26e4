//! Noise for the parser `certificate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("certificate", bytes));
