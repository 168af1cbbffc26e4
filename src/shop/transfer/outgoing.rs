//! Exports: what a query finds, or everything, record by record into any writer.

use crate::base::error::{Error, Result};
use crate::base::id::Id;
use crate::base::money::Currency;
use crate::base::time::{Timestamp, Zone};
use crate::search::query::exact;
use crate::search::{Answer, Count, Cursor, Query, Request, Search, Sort};
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
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc;
use std::time::Duration;

/// Records of one snapshot: none is held while the reader of the file is slow.
const AT_ONCE: usize = 250;
/// How often and how long an index is waited for that is behind.
const BEHIND_TRIES: u32 = 600;
const BEHIND_PAUSE: Duration = Duration::from_millis(100);
/// Threads that make the rows of one file.
const MAKERS_MAX: usize = 2;

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

/// The rows of the file. What is written while a snapshot is open waits in them, so that no snapshot waits for a slow
/// reader.
enum Table {
    Csv(CsvWriter<Vec<u8>>),
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
    fn place(&self) -> usize {
        match self {
            Self::Csv(rows) => rows.waiting(),
            Self::Xlsx(_) => 0,
        }
    }
    fn repeat(&mut self, from: usize, to: usize) -> bool {
        match self {
            Self::Csv(rows) => rows.repeat(from, to),
            Self::Xlsx(_) => false,
        }
    }
}

/// The file being written.
enum Sheet {
    Orders(OrderRows<Table>),
    Customers(CustomerRows<Table>),
    Lines(Vec<u8>, Kind),
    OrderList(ListRows<Table, OrderListColumn>),
    CustomerList(ListRows<Table, CustomerListColumn>),
    Notes(NoteRows<Table>),
}

impl Sheet {
    fn new(wanted: &Wanted<'_>) -> Result<Self> {
        let table = match wanted.format {
            FileFormat::JsonLines => return Ok(Self::Lines(Vec::new(), wanted.kind)),
            FileFormat::Csv(style) => Table::Csv(CsvWriter::new(Vec::new(), style)?),
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

    /// What has been written and waits; nothing of a workbook, which is whole only at its end.
    fn take(&mut self) -> Vec<u8> {
        let table = match self {
            Self::Orders(rows) => rows.rows_mut(),
            Self::Customers(rows) => rows.rows_mut(),
            Self::OrderList(rows) => rows.rows_mut(),
            Self::CustomerList(rows) => rows.rows_mut(),
            Self::Notes(rows) => rows.rows_mut(),
            Self::Lines(bytes, _) => return std::mem::take(bytes),
        };
        match table {
            Table::Csv(rows) => rows.take(),
            Table::Xlsx(_) => Vec::new(),
        }
    }

    /// The workbook; nothing for files that are written as they come.
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

    /// Writes some records, out of one snapshot; gives how many there were.
    fn put(&mut self, store: &Store, batch: &Batch, wanted: &Wanted<'_>) -> Result<u64> {
        let mut count = 0;
        store.read(|s| match batch {
            Batch::Orders(after, last) => orders::between(s, *after, *last, |order| {
                count += 1;
                self.joined_order(s, &order, wanted.zone)
            }),
            Batch::Ids(ids) => ids.iter().try_for_each(|id| {
                count += u64::from(self.write(s, *id, wanted)?);
                Ok(())
            }),
        })?;
        Ok(count)
    }

    fn joined_order(&mut self, s: &Snapshot, order: &Order, zone: &Zone) -> Result<()> {
        let customer = match order.customer {
            Some(id) => customers::find(s, id)?,
            None => None,
        };
        self.order(s, order, customer.as_ref(), zone)
    }

    /// Writes the record with this id; false when it is gone.
    fn write(&mut self, s: &Snapshot, id: [u8; 16], wanted: &Wanted<'_>) -> Result<bool> {
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
        self.joined_order(s, &order, wanted.zone)?;
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

/// Records that are read out of one snapshot.
enum Batch {
    /// The orders behind one up to another.
    Orders(Option<OrderId>, OrderId),
    Ids(Vec<[u8; 16]>),
}

/// What is still to be written.
enum Ahead {
    /// All records of the kind behind this one, in the order of placing.
    All(Option<[u8; 16]>),
    SpentIn(Currency, Option<customers::Rank>),
    Found(Box<Query>, Option<Cursor>),
    Nothing,
}

/// Goes through what is wanted, batch by batch.
struct Batches<'a> {
    store: &'a Store,
    search: &'a Search,
    wanted: &'a Wanted<'a>,
    ahead: Ahead,
    /// What was found before anything is written.
    first: Option<Batch>,
}

impl Batches<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let (store, kind) = (self.store, self.wanted.kind);
        match &mut self.ahead {
            Ahead::All(after) => {
                let before = *after;
                let ids = store.read(|s| ids_after(s, kind, before))?;
                let Some(last) = ids.last().copied() else { return Ok(None) };
                *after = Some(last);
                Ok(Some(match kind {
                    Kind::Orders => Batch::Orders(before.map(OrderId::from_bytes), OrderId::from_bytes(last)),
                    Kind::Customers | Kind::CreditNotes => Batch::Ids(ids),
                }))
            }
            Ahead::SpentIn(currency, after) => {
                let ranks = store.read(|s| customers::with_highest_spend(s, *currency, *after, AT_ONCE))?;
                let Some(last) = ranks.last() else { return Ok(None) };
                *after = Some(*last);
                Ok(Some(Batch::Ids(ranks.iter().map(|rank| rank.id.bytes()).collect())))
            }
            Ahead::Found(query, after) => {
                let request = Request {
                    sort: self.wanted.sort.clone().unwrap_or(Sort::Newest),
                    limit: AT_ONCE,
                    after: *after,
                    count: Count::None,
                    ..Request::list(Query::clone(query), kind_word(kind))
                };
                let answer = whole(self.search, &request)?;
                match answer.next {
                    Some(next) => *after = Some(next),
                    None => self.ahead = Ahead::Nothing,
                }
                Ok(Some(Batch::Ids(answer.hits.iter().map(|hit| hit.id).collect())))
            }
            Ahead::Nothing => Ok(None),
        }
    }
}

/// An answer to which nothing is missing. An index that is a little behind, as beside an import, is waited for.
fn whole(search: &Search, request: &Request<'_>) -> Result<Answer> {
    for _ in 0..BEHIND_TRIES {
        let answer = search.find(request)?;
        if !answer.degraded {
            return Ok(answer);
        }
        if !search.has_index() {
            break;
        }
        std::thread::sleep(BEHIND_PAUSE);
    }
    Err(not_whole())
}

/// An export that can be written: its query is understood, and the index finds all of it.
pub struct Export<'a>(Batches<'a>);

impl<'a> Export<'a> {
    /// Looks for the first records. Nothing is written yet, so that what is refused leaves no file behind.
    ///
    /// # Errors
    /// `invalid_query`; `index_rebuilding` where the index is needed and not whole; those of the store and the index.
    pub fn begin(store: &'a Store, search: &'a Search, wanted: &'a Wanted<'a>) -> Result<Self> {
        let parsed = exact(wanted.query, search.schema(), wanted.now, wanted.zone);
        if let Some(problem) = parsed.problems.first() {
            return Err(listing::refusal(problem).on("/q"));
        }
        let ahead = match wanted.spent_in {
            Some(currency) if wanted.kind == Kind::Customers => Ahead::SpentIn(currency, None),
            _ if !needs_index(&parsed.query, wanted.sort.as_ref()) => Ahead::All(None),
            _ => Ahead::Found(Box::new(parsed.query), None),
        };
        let mut batches = Batches { store, search, wanted, ahead, first: None };
        batches.first = batches.next()?;
        Ok(Self(batches))
    }

    /// Writes everything wanted and gives the number of records. `out` may be a client's connection: nothing is held
    /// while it waits.
    ///
    /// # Errors
    /// `file_unwritable`; `index_rebuilding` where the index was given up meanwhile; those of the store and the index.
    pub fn write(self, mut out: impl Write) -> Result<u64> {
        let Self(mut batches) = self;
        let (store, wanted) = (batches.store, batches.wanted);
        let mut sheet = Sheet::new(wanted)?;
        out.write_all(&sheet.take()).map_err(unwritable)?;
        let mut count = 0;
        if wanted.format == FileFormat::Xlsx {
            while let Some(batch) = batches.next()? {
                count += sheet.put(store, &batch, wanted)?;
            }
            if let Some(mut book) = sheet.finish()? {
                io::copy(&mut book, &mut out).map_err(unwritable)?;
            }
        } else {
            count = side_by_side(&mut batches, &mut out)?;
        }
        out.flush().map_err(unwritable)?;
        Ok(count)
    }
}

/// Whether the records are found through the index; everything in the order of placing is read from the store.
pub(super) fn needs_index(query: &Query, sort: Option<&Sort>) -> bool {
    !query.is_everything() || sort.is_some()
}

/// While there is no whole index only the newest records are looked through, and the file would end with them.
pub(super) fn not_whole() -> Error {
    let text = "The search index is being rebuilt, so the file would not have every record. Try again when lists are whole.";
    Error::unavailable("index_rebuilding", text, 15)
}

/// Text of a batch, and how many records are in it.
type Made = Result<(Vec<u8>, u64)>;

/// Makes the text of the batches in several threads, in turn, and writes it in the order of the batches. A slow reader
/// stops them all: each has at most one batch that is made and one that is to be made.
fn side_by_side(batches: &mut Batches<'_>, out: &mut impl Write) -> Result<u64> {
    let (store, wanted) = (batches.store, batches.wanted);
    let makers = std::thread::available_parallelism().map_or(1, usize::from).min(MAKERS_MAX);
    std::thread::scope(|scope| {
        let mut turns = VecDeque::new();
        for _ in 0..makers {
            let (give, take) = mpsc::sync_channel::<Batch>(1);
            let (made, comes) = mpsc::sync_channel::<Made>(1);
            let make = move || -> Result<()> {
                let mut sheet = Sheet::new(wanted)?;
                // The header is written already.
                drop(sheet.take());
                for batch in take {
                    let text = sheet.put(store, &batch, wanted).map(|count| (sheet.take(), count));
                    if made.send(text).is_err() {
                        break;
                    }
                }
                Ok(())
            };
            std::thread::Builder::new()
                .name("export-rows".into())
                .spawn_scoped(scope, make)
                .map_err(Error::internal)?;
            turns.push_back((give, comes));
        }
        let (mut count, mut open) = (0, 0);
        let mut is_end = false;
        loop {
            // So many are under way that every maker has the next one before it is done with this one.
            while !is_end && open < makers * 2 {
                let Some(batch) = batches.next()? else {
                    is_end = true;
                    break;
                };
                let Some((give, _)) = turns.get(open % makers) else { break };
                give.send(batch).map_err(|_gone| gone())?;
                open += 1;
            }
            if open == 0 {
                return Ok(count);
            }
            let Some((_, comes)) = turns.front() else { return Ok(count) };
            let (text, records) = comes.recv().map_err(|_gone| gone())??;
            out.write_all(&text).map_err(unwritable)?;
            count += records;
            open -= 1;
            turns.rotate_left(1);
        }
    })
}

fn gone() -> Error {
    Error::internal("a thread of an export ended early")
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
