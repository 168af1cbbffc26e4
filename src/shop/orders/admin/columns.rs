//! The columns of the order list, and who sees which.

use crate::web::columns::{self, Tick, column};

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Order,
    Date,
    Customer,
    Total,
    Status,
    Payment,
    Fulfilment,
    Items,
    Categories,
    Sizes,
    Colours,
    Barcodes,
    Email,
    Phone,
    Destination,
    Channel,
    Tags,
    Voucher,
    Method,
    Tracking,
    Note,
}

/// A column of the order list.
pub(super) type Column = columns::Column<Cell>;

const fn more(cell: Cell, word: &'static str, label: &'static str, width: u16) -> Column {
    Column { usual: false, ..column(cell, word, label, width) }
}

/// All columns in their order. The first is always there.
pub(super) const COLUMNS: &[Column] = &[
    Column { sort: Some("number"), ..column(Cell::Order, "number", "Order", 112) },
    Column { sort: Some("placed"), ..column(Cell::Date, "date", "Date", 102) },
    Column { sort: Some("name"), up: true, width: None, ..column(Cell::Customer, "customer", "Customer", 0) },
    Column { sort: Some("total"), class: "num", ..column(Cell::Total, "total", "Total", 96) },
    Column { sort: Some("status"), up: true, ..more(Cell::Status, "status", "Status", 112) },
    Column { sort: Some("payment"), up: true, ..column(Cell::Payment, "payment", "Payment", 112) },
    Column {
        sort: Some("fulfilment"),
        up: true,
        ..column(Cell::Fulfilment, "fulfilment", "Fulfilment", 108)
    },
    Column { sort: Some("items"), class: "num", ..column(Cell::Items, "items", "Items", 66) },
    column(Cell::Categories, "categories", "Categories", 98),
    column(Cell::Sizes, "sizes", "Sizes", 72),
    column(Cell::Colours, "colours", "Colours", 78),
    column(Cell::Barcodes, "barcodes", "Barcodes", 134),
    Column { sort: Some("email"), up: true, ..more(Cell::Email, "email", "E-mail", 190) },
    Column { sort: Some("phone"), up: true, ..more(Cell::Phone, "phone", "Phone", 130) },
    Column { sort: Some("country"), up: true, ..more(Cell::Destination, "destination", "Destination", 140) },
    Column { sort: Some("channel"), up: true, ..more(Cell::Channel, "channel", "Channel", 84) },
    Column { sort: Some("tag"), up: true, ..more(Cell::Tags, "tags", "Tags", 120) },
    Column { sort: Some("voucher"), up: true, ..more(Cell::Voucher, "voucher", "Voucher", 100) },
    Column { sort: Some("shipping"), up: true, ..more(Cell::Method, "method", "Shipping", 110) },
    Column { sort: Some("tracking"), up: true, ..more(Cell::Tracking, "tracking", "Tracking", 160) },
    more(Cell::Note, "note", "Note", 200),
];

/// What is not shown to those who see no prices.
const PRIVATE: &[Cell] = &[Cell::Total, Cell::Status, Cell::Payment, Cell::Email, Cell::Phone, Cell::Voucher];

/// The columns that somebody may see.
pub(super) fn seen(prices: bool) -> Vec<Column> {
    COLUMNS.iter().filter(|c| prices || !PRIVATE.contains(&c.cell)).copied().collect()
}

/// The columns that `cols=` asks for, in their own order; the usual ones when it asks for none.
pub(super) fn shown(asked: &[String], prices: bool) -> Vec<Column> {
    columns::shown(&seen(prices), asked)
}

/// The column chooser.
pub(super) fn ticks(shown: &[Column], prices: bool) -> Vec<Tick> {
    columns::ticks(&seen(prices), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_columns_are_those_of_every_day() {
        assert_eq!(shown(&[], true).len(), 11);
        let asked = shown(&["tags,email".into(), "total".into()], true);
        assert_eq!(asked.iter().map(|c| c.word).collect::<Vec<_>>(), ["number", "total", "email", "tags"]);
        assert_eq!(ticks(&asked, true).iter().filter(|t| t.on).count(), 4);
    }
    #[test]
    fn who_packs_sees_no_prices_and_no_addresses_of_mails() {
        let words: Vec<_> =
            shown(&["total,payment,email,phone,tags".into()], false).iter().map(|c| c.word).collect();
        assert_eq!(words, ["number", "tags"]);
        assert!(shown(&[], false).iter().all(|c| !PRIVATE.contains(&c.cell)));
        assert_eq!(ticks(&[], false).len() + PRIVATE.len(), COLUMNS.len());
    }
}
