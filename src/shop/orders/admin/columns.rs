//! The columns of the order list: which there are, which are shown, how wide, and what sorts by them.

use serde::Serialize;

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

/// A column; serialised as `table.table` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Column {
    /// The word in `cols=`.
    #[serde(skip)]
    pub word: &'static str,
    pub label: &'static str,
    /// Pixels; the one without takes what is left.
    pub width: Option<u16>,
    /// The field that sorts by it.
    pub sort: Option<&'static str>,
    pub class: &'static str,
    /// The label is only read aloud.
    pub hidden: bool,
    #[serde(skip)]
    pub cell: Cell,
    /// Among those that show without being asked for.
    #[serde(skip)]
    pub usual: bool,
}

const fn column(cell: Cell, word: &'static str, label: &'static str, width: u16) -> Column {
    Column { word, label, width: Some(width), sort: None, class: "", hidden: false, cell, usual: true }
}

const fn more(cell: Cell, word: &'static str, label: &'static str, width: u16) -> Column {
    Column { usual: false, ..column(cell, word, label, width) }
}

/// All columns in their order. The first is always there.
pub(super) const COLUMNS: &[Column] = &[
    column(Cell::Order, "number", "Order", 112),
    Column { sort: Some("placed"), ..column(Cell::Date, "date", "Date", 102) },
    Column { width: None, ..column(Cell::Customer, "customer", "Customer", 0) },
    Column { sort: Some("total"), class: "num", ..column(Cell::Total, "total", "Total", 96) },
    more(Cell::Status, "status", "Status", 112),
    column(Cell::Payment, "payment", "Payment", 112),
    column(Cell::Fulfilment, "fulfilment", "Fulfilment", 108),
    Column { sort: Some("items"), class: "num", ..column(Cell::Items, "items", "Items", 66) },
    column(Cell::Categories, "categories", "Categories", 98),
    column(Cell::Sizes, "sizes", "Sizes", 72),
    column(Cell::Colours, "colours", "Colours", 78),
    column(Cell::Barcodes, "barcodes", "Barcodes", 134),
    more(Cell::Email, "email", "E-mail", 190),
    more(Cell::Phone, "phone", "Phone", 130),
    more(Cell::Destination, "destination", "Destination", 140),
    more(Cell::Channel, "channel", "Channel", 84),
    more(Cell::Tags, "tags", "Tags", 120),
    more(Cell::Voucher, "voucher", "Voucher", 100),
    more(Cell::Method, "method", "Shipping", 110),
    more(Cell::Tracking, "tracking", "Tracking", 160),
    more(Cell::Note, "note", "Note", 200),
];

/// What is not shown to those who see no prices.
const PRIVATE: &[Cell] = &[Cell::Total, Cell::Payment, Cell::Email, Cell::Phone, Cell::Voucher];

/// The columns that somebody may see.
pub(super) fn seen(prices: bool) -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(move |c| prices || !PRIVATE.contains(&c.cell))
}

/// The columns that `cols=` asks for, in their own order; the usual ones when it asks for none.
pub(super) fn shown(asked: &[String], prices: bool) -> Vec<Column> {
    let words: Vec<&str> = asked.iter().flat_map(|list| list.split(',')).map(str::trim).collect();
    let is_asked = |c: &&Column| words.contains(&c.word);
    if !seen(prices).any(|c| is_asked(&c)) {
        return seen(prices).filter(|c| c.usual).copied().collect();
    }
    seen(prices).filter(|c| c.cell == Cell::Order || is_asked(c)).copied().collect()
}

/// A tick box of the column chooser.
#[derive(Debug, Serialize)]
pub(super) struct Tick {
    pub word: &'static str,
    pub label: &'static str,
    pub on: bool,
    /// The first column cannot be left out.
    pub fixed: bool,
}

/// The column chooser.
pub(super) fn ticks(shown: &[Column], prices: bool) -> Vec<Tick> {
    let tick = |c: &Column| Tick {
        word: c.word,
        label: c.label,
        on: shown.contains(c),
        fixed: c.cell == Cell::Order,
    };
    seen(prices).map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_columns_show_unless_others_are_asked_for() {
        assert_eq!(shown(&[], true).len(), 11);
        assert_eq!(shown(&["nonsense".into()], true).len(), 11);
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
