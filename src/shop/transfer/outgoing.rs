//! Exports: what a query finds, or everything, record by record into any writer.

use crate::base::error::Result;
use crate::base::id::Id;
use crate::base::money::Currency;
use crate::base::time::{Timestamp, Zone};
use crate::search::query::parse;
use crate::search::{Count, Request, Search, Sort};
use crate::shop::customers::{self, Customer, CustomerId};
use crate::shop::orders::{self, CreditNoteId, Order, OrderId};
use crate::shop::transfer::credit_notes::{NoteRows, note_json};
use crate::shop::transfer::export::{CustomerRows, OrderRows, OrderShape, customer_json, order_json};
use crate::shop::transfer::list_sheet::{
    CustomerListColumn, ListRows, ListedCustomer, ListedOrder, OrderListColumn,
};
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::workbook_out::XlsxWriter;
use crate::shop::transfer::writer::{CsvWriter, Rows, Style, unwritable};
use crate::store::{Snapshot, Store};
use crate::web::listing;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

/// Records of one snapshot: none is held while the reader of the file is slow.
const AT_ONCE: usize = 500;

/// What is written of each record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The whole record: these columns, all for none. Everything of it comes in again unchanged.
    Records { columns: Vec<String>, orders: OrderShape },
    /// The list of the page: these columns of the list, all for none.
    List { columns: Vec<String> },
}

/// How the file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    Csv(Style),
    /// An Excel workbook.
    Xlsx,
    /// One JSON document of the whole record a line.
    JsonLines,
}

impl FileFormat {
    /// The ending of file names.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv(_) => "csv",
            Self::Xlsx => "xlsx",
            Self::JsonLines => "jsonl",
        }
    }
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv(_) => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::JsonLines => "application/x-ndjson",
        }
    }
}

/// What to export.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub kind: Kind,
    /// The query language of lists; empty is everything.
    pub query: &'a str,
    pub shape: Shape,
    pub format: FileFormat,
    /// The order of the list; `None` is the order of placing for everything and newest first for a query.
    pub sort: Option<Sort>,
    /// Customers who spent in this currency, most first, in place of what a query finds.
    pub spent_in: Option<Currency>,
    pub now: Timestamp,
    pub zone: &'a Zone,
}

/// What is written while a snapshot is open waits here, so that no snapshot waits for a slow reader.
#[derive(Clone, Default)]
struct Waiting(Rc<RefCell<Vec<u8>>>);

impl Write for Waiting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Waiting {
    /// Hands on what waits.
    fn hand_on(&self, out: &mut impl Write) -> Result<()> {
        let mut bytes = self.0.borrow_mut();
        out.write_all(&bytes).map_err(unwritable)?;
        bytes.clear();
        Ok(())
    }
}

/// The rows of the file.
enum Table {
    Csv(CsvWriter<Waiting>),
    Xlsx(Box<XlsxWriter>),
}

impl Rows for Table {
    fn text(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Csv(rows) => rows.text(text),
            Self::Xlsx(rows) => rows.text(text),
        }
    }
    fn plain(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Csv(rows) => rows.plain(text),
            Self::Xlsx(rows) => rows.plain(text),
        }
    }
    fn end_row(&mut self) -> Result<()> {
        match self {
            Self::Csv(rows) => rows.end_row(),
            Self::Xlsx(rows) => rows.end_row(),
        }
    }
}

/// The file being written.
enum Sheet {
    Orders(OrderRows<Table>),
    Customers(CustomerRows<Table>),
    Lines(Waiting, Kind),
    OrderList(ListRows<Table, OrderListColumn>),
    CustomerList(ListRows<Table, CustomerListColumn>),
    Notes(NoteRows<Table>),
}

impl Sheet {
    fn new(wanted: &Wanted<'_>, waiting: &Waiting) -> Result<Self> {
        let table = match wanted.format {
            FileFormat::JsonLines => return Ok(Self::Lines(waiting.clone(), wanted.kind)),
            FileFormat::Csv(style) => Table::Csv(CsvWriter::new(waiting.clone(), style)?),
            FileFormat::Xlsx => Table::Xlsx(Box::new(XlsxWriter::new()?)),
        };
        let (Shape::Records { columns, .. } | Shape::List { columns }) = &wanted.shape;
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        Ok(match (&wanted.shape, wanted.kind) {
            // There is no list of them.
            (_, Kind::CreditNotes) => Self::Notes(NoteRows::new(table)?),
            (Shape::Records { orders, .. }, Kind::Orders) => {
                Self::Orders(OrderRows::new(table, &names, *orders)?)
            }
            (Shape::Records { .. }, Kind::Customers) => Self::Customers(CustomerRows::new(table, &names)?),
            (Shape::List { .. }, Kind::Orders) => {
                let columns = OrderListColumn::chosen(&names);
                Self::OrderList(ListRows::<_, OrderListColumn>::new(table, columns)?)
            }
            (Shape::List { .. }, Kind::Customers) => {
                let columns = CustomerListColumn::chosen(&names);
                Self::CustomerList(ListRows::<_, CustomerListColumn>::new(table, columns)?)
            }
        })
    }

    /// The workbook, which is whole only at its end; nothing for files that are written as they come.
    fn finish(self) -> Result<Option<File>> {
        let table = match self {
            Self::Orders(rows) => rows.into_rows(),
            Self::Customers(rows) => rows.into_rows(),
            Self::OrderList(rows) => rows.into_rows(),
            Self::CustomerList(rows) => rows.into_rows(),
            Self::Notes(rows) => rows.into_rows(),
            Self::Lines(..) => return Ok(None),
        };
        match table {
            Table::Xlsx(book) => book.finish().map(Some),
            Table::Csv(_) => Ok(None),
        }
    }

    /// Writes the record with this id; false when it is gone.
    fn write(&mut self, s: &Snapshot, id: [u8; 16], wanted: &Wanted<'_>) -> Result<bool> {
        let zone = wanted.zone;
        if matches!(self, Self::Customers(_) | Self::Lines(_, Kind::Customers) | Self::CustomerList(_)) {
            let Some(customer) = customers::find(s, CustomerId::from_bytes(id))? else { return Ok(false) };
            self.customer(s, &customer, wanted)?;
            return Ok(true);
        }
        if matches!(self, Self::Notes(_) | Self::Lines(_, Kind::CreditNotes)) {
            let Some(note) = orders::find_credit_note(s, CreditNoteId::from_bytes(id))? else {
                return Ok(false);
            };
            let customer = note.customer.map(|id| customers::find(s, id)).transpose()?.flatten();
            match self {
                Self::Notes(rows) => rows.write(&note, customer.as_ref())?,
                Self::Lines(out, _) => note_json(out, &note, customer.as_ref())?,
                _ => {}
            }
            return Ok(true);
        }
        let Some(order) = orders::find(s, OrderId::from_bytes(id))? else { return Ok(false) };
        let customer = match order.customer {
            Some(id) => customers::find(s, id)?,
            None => None,
        };
        self.order(s, &order, customer.as_ref(), zone)?;
        Ok(true)
    }

    fn customer(&mut self, s: &Snapshot, customer: &Customer, wanted: &Wanted<'_>) -> Result<()> {
        match self {
            Self::Customers(csv) => csv.write(customer),
            Self::Lines(out, _) => customer_json(out, customer),
            Self::CustomerList(csv) => {
                let totals = customers::totals(s, customer.id)?;
                csv.write(&ListedCustomer { customer, totals, spent_in: wanted.spent_in, zone: wanted.zone })
            }
            Self::Orders(_) | Self::OrderList(_) | Self::Notes(_) => Ok(()),
        }
    }

    fn order(&mut self, s: &Snapshot, order: &Order, customer: Option<&Customer>, zone: &Zone) -> Result<()> {
        match self {
            Self::Orders(csv) => csv.write(order, customer),
            Self::Lines(out, _) => order_json(out, order, customer),
            Self::OrderList(csv) => {
                let named = customer.map(Customer::name).filter(|name| !name.is_empty());
                let person = named.unwrap_or_else(|| order.person());
                let standing = orders::standing(s, order)?;
                csv.write(&ListedOrder { order, person, standing, facts: orders::facts(order), zone })
            }
            Self::Customers(_) | Self::CustomerList(_) | Self::Notes(_) => Ok(()),
        }
    }
}

/// Writes everything wanted and gives the number of records. `out` may be a client's connection: nothing is held
/// while it waits.
///
/// # Errors
/// `invalid_query`; `file_unwritable`; those of the store and the index.
pub fn write(store: &Store, search: &Search, wanted: &Wanted<'_>, mut out: impl Write) -> Result<u64> {
    let parsed = parse(wanted.query, search.schema(), wanted.now, wanted.zone, None);
    if let Some(problem) = parsed.problems.first() {
        return Err(listing::refusal(problem).on("/q"));
    }
    let waiting = Waiting::default();
    let mut sheet = Sheet::new(wanted, &waiting)?;
    let mut count = 0;
    let mut put = |ids: &[[u8; 16]]| {
        store.read(|s| {
            for id in ids {
                count += u64::from(sheet.write(s, *id, wanted)?);
            }
            Ok(())
        })?;
        waiting.hand_on(&mut out)
    };
    if let (Some(currency), Kind::Customers) = (wanted.spent_in, wanted.kind) {
        let mut after = None;
        loop {
            let ranks = store.read(|s| customers::with_highest_spend(s, currency, after, AT_ONCE))?;
            let Some(last) = ranks.last() else { break };
            after = Some(*last);
            put(&ranks.iter().map(|rank| rank.id.bytes()).collect::<Vec<_>>())?;
        }
    } else if parsed.query.is_everything() && wanted.sort.is_none() {
        let mut after = None;
        loop {
            let ids = store.read(|s| ids_after(s, wanted.kind, after))?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            put(&ids)?;
        }
    } else {
        let mut after = None;
        loop {
            let answer = search.find(&Request {
                sort: wanted.sort.clone().unwrap_or(Sort::Newest),
                limit: AT_ONCE,
                after,
                count: Count::None,
                ..Request::list(parsed.query.clone(), kind_word(wanted.kind))
            })?;
            let ids: Vec<_> = answer.hits.iter().map(|hit| hit.id).collect();
            put(&ids)?;
            match answer.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    waiting.hand_on(&mut out)?;
    if let Some(mut book) = sheet.finish()? {
        io::copy(&mut book, &mut out).map_err(unwritable)?;
    }
    out.flush().map_err(unwritable)?;
    Ok(count)
}

/// The kind's word in the index.
pub(super) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Orders => "order",
        Kind::Customers => "customer",
        Kind::CreditNotes => "credit_note",
    }
}

fn ids_after(s: &Snapshot, kind: Kind, after: Option<[u8; 16]>) -> Result<Vec<[u8; 16]>> {
    Ok(match kind {
        Kind::Orders => {
            orders::ids(s, after.map(OrderId::from_bytes), AT_ONCE)?.iter().map(Id::bytes).collect()
        }
        Kind::Customers => {
            customers::ids(s, after.map(CustomerId::from_bytes), AT_ONCE)?.iter().map(Id::bytes).collect()
        }
        Kind::CreditNotes => orders::credit_note_ids(s, after.map(CreditNoteId::from_bytes), AT_ONCE)?
            .iter()
            .map(Id::bytes)
            .collect(),
    })
}
