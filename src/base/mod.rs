//! The words everything uses: money, digits, time, ids, error, currency, country, phone, e-mail, origin, unseen characters; and what the program
//! carries packed, and which threads go first. No I/O.

pub mod country;
pub mod digits;
pub mod email;
pub mod error;
pub mod id;
pub mod money;
pub mod nearest;
pub mod origin;
pub(crate) mod packed;
pub mod phone;
pub(crate) mod priority;
pub mod time;
pub mod unseen;
