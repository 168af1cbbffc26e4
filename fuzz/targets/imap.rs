//! Noise for the parser `imap`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backroom_fuzz::run("imap", bytes));
