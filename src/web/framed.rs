//! What stands around the rows of a list is the same on every page of it: it is made once, with marks where the pages
//! differ, and kept until something it shows has changed.

use crate::base::error::Result;
use crate::base::id;
use crate::web::kept::{Key, State};
use crate::web::shell::Shell;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Frames that are kept, of some 40 KB each.
const FRAMES_MAX: usize = 16;

/// Texts that stand in a frame for what a page puts there: letters and digits like those of a cursor, so that no
/// address and no HTML writes them otherwise, and made by chance, so that nobody can send one.
#[derive(Debug)]
pub struct Marks {
    /// The cursor of the page itself, in its own address.
    pub own: String,
    /// The cursors of the pages beside it.
    pub next: String,
    pub prev: String,
    pub rows: String,
}

impl Marks {
    fn new() -> Self {
        let mark = || id::to_text(&rand::random());
        Self { own: mark(), next: mark(), prev: mark(), rows: mark() }
    }
    /// A query of an address with the mark in place of the cursor.
    fn marked<'a>(&self, query: &'a str, own: Option<&str>) -> Cow<'a, str> {
        match own {
            Some(own) => Cow::Owned(query.replacen(own, &self.own, 1)),
            None => Cow::Borrowed(query),
        }
    }
}

/// What one page puts into the frame of its list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slots<'a> {
    /// The cursor in the address of the page, as it stands there.
    pub own: Option<&'a str>,
    pub next: Option<&'a str>,
    pub prev: Option<&'a str>,
    /// HTML, piece by piece.
    pub rows: &'a [&'a str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Own,
    Next,
    Prev,
    Rows,
    End,
}

/// Text with what follows each piece of it.
#[derive(Debug)]
struct Frame(Vec<(String, Slot)>);

impl Frame {
    fn of(mut html: &str, marks: &Marks) -> Self {
        let mut pieces = Vec::new();
        let all = [
            (&marks.own, Slot::Own),
            (&marks.next, Slot::Next),
            (&marks.prev, Slot::Prev),
            (&marks.rows, Slot::Rows),
        ];
        loop {
            let found = all.iter().filter_map(|(mark, slot)| Some((html.find(mark.as_str())?, *mark, *slot)));
            let Some((at, mark, slot)) = found.min_by_key(|(at, ..)| *at) else { break };
            let (before, rest) = html.split_at_checked(at).unwrap_or((html, ""));
            pieces.push((before.to_owned(), slot));
            html = rest.get(mark.len()..).unwrap_or_default();
        }
        pieces.push((html.to_owned(), Slot::End));
        Self(pieces)
    }
    fn filled(&self, slots: &Slots<'_>) -> String {
        let of = |slot: Slot| match slot {
            Slot::Own => slots.own.unwrap_or_default(),
            Slot::Next => slots.next.unwrap_or_default(),
            Slot::Prev => slots.prev.unwrap_or_default(),
            Slot::Rows | Slot::End => "",
        };
        let around: usize = self.0.iter().map(|(text, slot)| text.len() + of(*slot).len()).sum();
        let rows: usize = slots.rows.iter().map(|piece| piece.len()).sum();
        let mut html = String::with_capacity(around + rows);
        for (text, slot) in &self.0 {
            html.push_str(text);
            if *slot == Slot::Rows {
                slots.rows.iter().for_each(|piece| html.push_str(piece));
            }
            html.push_str(of(*slot));
        }
        html
    }
}

#[derive(Debug)]
struct Entry {
    key: Key,
    state: State,
    frame: Arc<Frame>,
}

/// The frames that were made last. All of them are of one state.
#[derive(Debug)]
pub(super) struct Frames {
    marks: Marks,
    kept: Mutex<VecDeque<Entry>>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { marks: Marks::new(), kept: Mutex::default() }
    }
}

impl Frames {
    /// The page: in the frame of the same list in the same state, or in one that `make` makes with marks. `begun` is the
    /// state that was there before anything of the page was read; `state` gives the present one.
    pub(super) fn page(
        &self,
        (template, shell): (&str, &Shell),
        depends_on: &impl Serialize,
        (begun, state): (State, &dyn Fn() -> State),
        slots: &Slots<'_>,
        make: impl FnOnce(&Shell, &Marks) -> Result<String>,
    ) -> Result<String> {
        let query = self.marks.marked(&shell.query, slots.own);
        let there = (slots.own.is_some(), slots.next.is_some(), slots.prev.is_some());
        let key = Key::of_list(template, shell, &query, &(depends_on, there));
        if let Some(frame) = key.as_ref().and_then(|key| self.get(key, begun)) {
            return Ok(frame.filled(slots));
        }
        let html = match query {
            Cow::Borrowed(_) => make(shell, &self.marks)?,
            Cow::Owned(query) => make(&Shell { query, ..shell.clone() }, &self.marks)?,
        };
        let frame = Arc::new(Frame::of(&html, &self.marks));
        let filled = frame.filled(slots);
        if let Some(key) = key.filter(|_| state() == begun) {
            self.keep(Entry { key, state: begun, frame });
        }
        Ok(filled)
    }
    fn get(&self, key: &Key, state: State) -> Option<Arc<Frame>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.iter().find(|entry| entry.state == state && entry.key == *key)?;
        Some(Arc::clone(&entry.frame))
    }
    fn keep(&self, new: Entry) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|entry| entry.state == new.state && entry.key != new.key);
        kept.push_front(new);
        kept.truncate(FRAMES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(query: &str) -> Shell {
        Shell { toast: None, query: query.to_owned(), ..Shell::sample() }
    }

    fn page(frames: &Frames, query: &str, slots: &Slots<'_>, state: State, made: &mut u32) -> String {
        let make = |shell: &Shell, marks: &Marks| {
            *made += 1;
            let next = slots.next.map(|_| format!("<a href=\"?after={}\">", marks.next)).unwrap_or_default();
            Ok(format!("{made} {}|{}|{next}", shell.query, marks.rows))
        };
        frames.page(("a.html", &shell(query)), &"rights", (state, &|| state), slots, make).unwrap()
    }

    #[test]
    fn pages_of_a_list_have_one_frame_and_their_own_rows() {
        let (frames, mut made) = (Frames::default(), 0);
        let first = Slots { own: Some("c1"), next: Some("c2"), rows: &["<r", "1>"], ..Slots::default() };
        let second = Slots { own: Some("c2"), next: Some("c3"), rows: &["<r2>"], ..Slots::default() };
        assert_eq!(
            page(&frames, "q=x&after=c1", &first, [1, 1], &mut made),
            "1 q=x&after=c1|<r1>|<a href=\"?after=c2\">"
        );
        assert_eq!(
            page(&frames, "q=x&after=c2", &second, [1, 1], &mut made),
            "1 q=x&after=c2|<r2>|<a href=\"?after=c3\">"
        );
        // Another list, the last page, another state: each has a frame of its own.
        let last = Slots { next: None, ..second };
        assert_eq!(page(&frames, "q=y&after=c2", &second, [1, 1], &mut made).split(' ').next(), Some("2"));
        assert_eq!(page(&frames, "q=x&after=c2", &last, [1, 1], &mut made).split(' ').next(), Some("3"));
        assert_eq!(page(&frames, "q=x&before=c2", &second, [1, 1], &mut made).split(' ').next(), Some("4"));
        assert_eq!(page(&frames, "q=x&after=c2", &second, [2, 1], &mut made).split(' ').next(), Some("5"));
        assert_eq!(frames.kept.lock().unwrap().len(), 1, "what is older is given back");
    }

    #[test]
    fn a_frame_that_something_has_overtaken_is_not_kept() {
        let (frames, slots) = (Frames::default(), Slots::default());
        let make = |_: &Shell, marks: &Marks| Ok(marks.rows.clone());
        frames.page(("a.html", &shell("")), &1, ([1, 1], &|| [2, 1]), &slots, make).unwrap();
        assert!(frames.kept.lock().unwrap().is_empty());
    }

    #[test]
    fn a_cursor_that_is_typed_as_words_too_stays_where_it_is() {
        let (frames, mut made) = (Frames::default(), 0);
        let slots = Slots { own: Some("c1"), ..Slots::default() };
        assert_eq!(page(&frames, "q=c1&after=c1", &slots, [1, 1], &mut made), "1 q=c1&after=c1||");
    }
}
