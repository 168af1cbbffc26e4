//! Noise for the parser `multipart`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("multipart", bytes));
