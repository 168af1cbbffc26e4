//! The columns of the customer list.

use crate::shop::customers::SPENT_MEANS;
use crate::web::columns::{self, Tick, column};

/// A column of the customer list; its cells stand in the template.
pub(super) type Column = columns::Column<()>;

const fn of(word: &'static str, label: &'static str, width: u16) -> Column {
    column((), word, label, width)
}

const fn more(word: &'static str, label: &'static str, width: u16) -> Column {
    Column { usual: false, ..of(word, label, width) }
}

/// All columns in their order. The first is always there.
pub(super) const COLUMNS: &[Column] = &[
    Column { sort: Some("name"), up: true, width: None, ..of("name", "Name", 0) },
    more("company", "Company", 150),
    Column { sort: Some("email"), up: true, width: None, ..of("email", "E-mail", 0) },
    Column { sort: Some("phone"), up: true, ..of("phone", "Phone", 148) },
    Column { sort: Some("country"), up: true, ..of("country", "Country", 112) },
    Column { sort: Some("orders"), class: "num", ..of("orders", "Orders", 84) },
    Column { sort: Some("spent"), class: "num", title: SPENT_MEANS, ..of("spent", "Spent", 116) },
    Column { class: "num", title: "Spent divided by orders.", ..more("average", "Average", 104) },
    Column { sort: Some("last_order"), ..of("last_order", "Last order", 112) },
    Column { sort: Some("since"), ..more("since", "Since", 112) },
    Column { sort: Some("tag"), up: true, ..of("tags", "Tags", 140) },
    Column { sort: Some("marketing"), up: true, ..more("marketing", "Marketing", 108) },
    more("language", "Language", 96),
    Column { hidden: true, ..of("note", "Note", 40) },
];

/// The columns that `cols=` asks for, in their own order; the usual ones when it asks for none.
pub(super) fn shown(asked: &[String]) -> Vec<Column> {
    columns::shown(COLUMNS, asked)
}

/// The column chooser.
pub(super) fn ticks(shown: &[Column]) -> Vec<Tick> {
    columns::ticks(COLUMNS, shown)
}
