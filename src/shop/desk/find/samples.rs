//! Life-like hits for the tests of pages.

use super::Hit;
use super::why::{Why, pieces, utf16};
use crate::web::parts::{Badge, Fill, Tone};

fn why(field: &'static str, label: &'static str, text: &str, range: (usize, usize)) -> Why {
    Why { field, label, text: text.into(), ranges: utf16(text, &[range]), pieces: pieces(text, &[range]) }
}

/// #10482 of Anna Berg, found by her name and a note.
pub(super) fn order() -> Hit {
    let badge = Badge::new("To ship", Tone::Warn, Fill::Half);
    let line = ["20 Nov 2026".to_owned(), "€122.90".to_owned(), "3 items".to_owned()];
    Hit::new("order", &"ord_1", "#10482 · Anna Berg".into(), &line, Some(badge)).because(vec![
        why("name", "Name", "Anna Berg", (0, 4)),
        why("note", "Note", "For Anna's <script>alert(1)</script>", (4, 8)),
    ])
}

/// Anna Berg, found by her phone.
pub(super) fn customer() -> Hit {
    Hit::new("customer", &"cus_1", "Anna Berg".into(), &["anna@example.com".into(), "6 orders".into()], None)
        .because(vec![why("phone", "Phone", "+49 30 1234567", (10, 14))])
}
