//! Noise for the parser `order_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("order_body", bytes));
