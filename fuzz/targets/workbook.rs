//! Noise for the parser `workbook`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("workbook", bytes));
