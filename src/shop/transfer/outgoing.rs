//! Exports: what a query finds, or everything, record by record into any writer.

use crate::base::error::{Error, Result};
use crate::base::id::Id;
use crate::base::time::{Timestamp, Zone};
use crate::search::query::parse;
use crate::search::{Count, Request, Search, Sort};
use crate::shop::customers::{self, CustomerId};
use crate::shop::orders::{self, OrderId};
use crate::shop::transfer::export::{CustomerCsv, OrderCsv, OrderShape, customer_json, order_json};
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::writer::Style;
use crate::store::{Snapshot, Store};
use std::io::Write;

/// Records of one snapshot: none is held while the reader of the file is slow.
const AT_ONCE: usize = 500;

/// How the file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// CSV with these columns, all for none.
    Csv { style: Style, columns: Vec<String>, orders: OrderShape },
    /// One JSON document a line.
    JsonLines,
}

/// What to export.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub kind: Kind,
    /// The query language of lists; empty is everything.
    pub query: &'a str,
    pub shape: Shape,
    pub now: Timestamp,
    pub zone: &'a Zone,
}

/// The file being written.
enum Sheet<W: Write> {
    Orders(OrderCsv<W>),
    Customers(CustomerCsv<W>),
    Lines(W, Kind),
}

impl<W: Write> Sheet<W> {
    fn new(wanted: &Wanted<'_>, out: W) -> Result<Self> {
        let Shape::Csv { style, columns, orders } = &wanted.shape else {
            return Ok(Self::Lines(out, wanted.kind));
        };
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        Ok(match wanted.kind {
            Kind::Orders => Self::Orders(OrderCsv::new(out, *style, &names, *orders)?),
            Kind::Customers => Self::Customers(CustomerCsv::new(out, *style, &names)?),
        })
    }

    /// Writes the record with this id; false when it is gone.
    fn write(&mut self, s: &Snapshot, id: [u8; 16]) -> Result<bool> {
        if matches!(self, Self::Customers(_) | Self::Lines(_, Kind::Customers)) {
            let Some(customer) = customers::find(s, CustomerId::from_bytes(id))? else { return Ok(false) };
            match self {
                Self::Customers(csv) => csv.write(&customer)?,
                Self::Lines(out, _) => customer_json(out, &customer)?,
                Self::Orders(_) => {}
            }
            return Ok(true);
        }
        let Some(order) = orders::find(s, OrderId::from_bytes(id))? else { return Ok(false) };
        let customer = match order.customer {
            Some(id) => customers::find(s, id)?,
            None => None,
        };
        match self {
            Self::Orders(csv) => csv.write(&order, customer.as_ref())?,
            Self::Lines(out, _) => order_json(out, &order, customer.as_ref())?,
            Self::Customers(_) => {}
        }
        Ok(true)
    }

    fn finish(self) -> Result<()> {
        let mut out = match self {
            Self::Orders(csv) => csv.finish()?,
            Self::Customers(csv) => csv.finish()?,
            Self::Lines(out, _) => out,
        };
        out.flush()
            .map_err(|e| Error::invalid("file_unwritable", format!("The file cannot be written: {e}.")))
    }
}

/// Writes everything wanted and gives the number of records: everything in the order of placing, what a query finds
/// newest first. `out` must not be a client's connection: give it a file.
///
/// # Errors
/// `invalid_query`; `file_unwritable`; those of the store and the index.
pub fn write(store: &Store, search: &Search, wanted: &Wanted<'_>, out: impl Write) -> Result<u64> {
    let parsed = parse(wanted.query, search.schema(), wanted.now, wanted.zone, None);
    if let Some(problem) = parsed.problems.first() {
        return Err(Error::invalid("invalid_query", problem.message.clone()).on("/q"));
    }
    let mut sheet = Sheet::new(wanted, out)?;
    let mut count = 0;
    let mut put = |ids: &[[u8; 16]]| {
        store.read(|s| {
            for id in ids {
                count += u64::from(sheet.write(s, *id)?);
            }
            Ok(())
        })
    };
    if parsed.query.is_everything() {
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
                sort: Sort::Newest,
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
    sheet.finish()?;
    Ok(count)
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Orders => "order",
        Kind::Customers => "customer",
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
    })
}
