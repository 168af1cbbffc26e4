//! Noise for the parser `json_lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("json_lines", bytes));
