//! What stands in cells, written without a text of its own where it is one already: a file of a million rows has eighty
//! million cells.

use crate::base::digits;
use crate::base::money::{Money, Price};
use crate::base::time::{Timestamp, Zone};
use serde::Serialize;
use std::fmt::{Display, Write as _};

/// Something that a cell shows.
pub trait Put<'a> {
    /// The text, which may be written into `room`.
    fn put(self, room: &'a mut String) -> &'a str;
}

impl<'a> Put<'a> for &'a str {
    fn put(self, _room: &'a mut String) -> &'a str {
        self
    }
}
impl<'a> Put<'a> for String {
    fn put(self, room: &'a mut String) -> &'a str {
        *room = self;
        room
    }
}
/// Nothing for none.
impl<'a, T: Put<'a>> Put<'a> for Option<T> {
    fn put(self, room: &'a mut String) -> &'a str {
        match self {
            Some(value) => value.put(room),
            None => "",
        }
    }
}

/// What is written into the room.
fn made(room: &mut String, write: impl FnOnce(&mut String)) -> &str {
    room.clear();
    write(room);
    room
}

/// As it is written for people.
pub struct Shown<T>(pub T);

impl<'a, T: Display> Put<'a> for Shown<T> {
    fn put(self, room: &'a mut String) -> &'a str {
        made(room, |out| {
            // A text has room for everything.
            let _written = write!(out, "{}", self.0);
        })
    }
}

macro_rules! numbers {
    ($push:ident: $($ty:ty)+) => { $(impl<'a> Put<'a> for $ty {
        fn put(self, room: &'a mut String) -> &'a str {
            made(room, |out| digits::$push(out, self.into()))
        }
    })+ };
}
numbers!(push: u64 u32);
numbers!(push_signed: i64 i16);

impl<'a> Put<'a> for usize {
    fn put(self, room: &'a mut String) -> &'a str {
        (self as u64).put(room)
    }
}
impl<'a> Put<'a> for Timestamp {
    fn put(self, room: &'a mut String) -> &'a str {
        made(room, |out| self.write_rfc3339(out))
    }
}
impl<'a> Put<'a> for Money {
    fn put(self, room: &'a mut String) -> &'a str {
        made(room, |out| self.write_decimal(out))
    }
}
impl<'a> Put<'a> for Price {
    fn put(self, room: &'a mut String) -> &'a str {
        made(room, |out| self.write_decimal(out))
    }
}

/// `yes` or `no`.
pub struct Flag(pub bool);

impl<'a> Put<'a> for Flag {
    fn put(self, _room: &'a mut String) -> &'a str {
        if self.0 { "yes" } else { "no" }
    }
}

/// Texts with commas between them.
pub struct Joined<'t>(pub &'t [String]);

impl<'a> Put<'a> for Joined<'_> {
    fn put(self, room: &'a mut String) -> &'a str {
        made(room, |out| {
            for (place, text) in self.0.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                out.push_str(text);
            }
        })
    }
}

/// As JSON.
pub struct Json<'t, T>(pub &'t T);

impl<'a, T: Serialize> Put<'a> for Json<'_, T> {
    fn put(self, room: &'a mut String) -> &'a str {
        serde_json::to_string(self.0).unwrap_or_default().put(room)
    }
}

/// A list as JSON; nothing for none.
pub struct List<'t, T>(pub &'t [T]);

impl<'a, T: Serialize> Put<'a> for List<'_, T> {
    fn put(self, room: &'a mut String) -> &'a str {
        if self.0.is_empty() { "" } else { Json(&self.0).put(room) }
    }
}

/// The local day and minute, as spreadsheets read it.
pub struct Moment<'z>(pub Timestamp, pub &'z Zone);

impl<'a> Put<'a> for Moment<'_> {
    fn put(self, room: &'a mut String) -> &'a str {
        Shown(self.0.in_zone(self.1).strftime("%Y-%m-%d %H:%M")).put(room)
    }
}
