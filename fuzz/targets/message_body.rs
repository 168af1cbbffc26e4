//! Noise for the parser `message_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("message_body", bytes));
