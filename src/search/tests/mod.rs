//! Tests of the floor as a whole, on a small shop of orders and customers.

mod crash;
mod equality;
mod grammar;
mod lists;
mod matching;
mod merging;
mod sight;
mod survival;
mod whole;

use super::*;
use crate::base::error::Result;
use crate::base::time::{Timestamp, Zone};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub(super) const NOW: &str = "2026-11-20T10:15:00Z";

pub(super) fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

fn field(name: &'static str, shape: Shape, kinds: &'static [&'static str]) -> FieldDef {
    FieldDef {
        name,
        aliases: &[],
        label: name,
        help: "",
        example: "x",
        kinds,
        shape,
        boxed: false,
        facet: false,
        sortable: false,
        private: false,
        naming: None,
        none: "",
    }
}

const BOTH: &[&str] = &["order", "customer"];
const ORDER: &[&str] = &["order"];

/// Orders and customers with a field of every shape.
pub(super) fn schema() -> Schema {
    let boxed = |f: FieldDef| FieldDef { boxed: true, ..f };
    let facet = |f: FieldDef| FieldDef { facet: true, ..f };
    let private = |f: FieldDef| FieldDef { private: true, ..f };
    let sortable = |f: FieldDef| FieldDef { sortable: true, ..f };
    let countries = Naming { find: crate::base::country::find, name: crate::base::country::name };
    let status = Shape::Word { values: &["open", "completed", "cancelled", "draft"] };
    let payment = Shape::Word { values: &["unpaid", "paid", "part_refunded"] };
    let kinds = vec![
        KindDef { name: "order", prefix: "ord", label: "Orders" },
        KindDef { name: "customer", prefix: "cus", label: "Customers" },
    ];
    let fields = vec![
        sortable(boxed(field("number", Shape::Code, ORDER))),
        sortable(boxed(field("name", Shape::Text, BOTH))),
        private(boxed(field("email", Shape::Email, BOTH))),
        private(boxed(field("phone", Shape::Phone, BOTH))),
        boxed(field("city", Shape::Text, BOTH)),
        boxed(field("item", Shape::Text, ORDER)),
        boxed(field("sku", Shape::Code, ORDER)),
        boxed(field("barcode", Shape::Code, ORDER)),
        private(boxed(field("tracking", Shape::Code, ORDER))),
        boxed(field("note", Shape::Text, BOTH)),
        boxed(facet(field("tag", Shape::Keyword, BOTH))),
        FieldDef { aliases: &["color"], ..boxed(facet(field("colour", Shape::Keyword, ORDER))) },
        sortable(facet(field("status", status, ORDER))),
        facet(field("payment", payment, ORDER)),
        FieldDef { naming: Some(countries), ..facet(field("country", Shape::Keyword, BOTH)) },
        field("assignee", Shape::Keyword, ORDER),
        sortable(boxed(field("total", Shape::Money, ORDER))),
        sortable(field("items", Shape::Number, ORDER)),
        sortable(field("placed", Shape::Time, ORDER)),
        sortable(field("shipby", Shape::Date, ORDER)),
    ];
    Schema::new(kinds, fields).unwrap()
}

/// A store in memory.
#[derive(Default)]
pub(super) struct Shop {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    docs: BTreeMap<(&'static str, [u8; 16]), Doc>,
    log: Vec<Change>,
    epoch: u8,
    /// Changes that the log has forgotten, and those it says it has.
    trimmed: u64,
    admitted: u64,
}

impl Shop {
    pub(super) fn put(&self, doc: Doc) -> Change {
        let mut inner = self.inner.lock().unwrap();
        let change = Change { seq: inner.log.len() as u64 + 1, kind: doc.kind, id: doc.id };
        inner.docs.insert((doc.kind, doc.id), doc);
        inner.log.push(change);
        change
    }
    pub(super) fn delete(&self, kind: &'static str, id: [u8; 16]) -> Change {
        let mut inner = self.inner.lock().unwrap();
        inner.docs.remove(&(kind, id));
        let change = Change { seq: inner.log.len() as u64 + 1, kind, id };
        inner.log.push(change);
        change
    }
    pub(super) fn set_epoch(&self, epoch: u8) {
        self.inner.lock().unwrap().epoch = epoch;
    }
    pub(super) fn forget_log_after(&self, seq: usize) {
        self.inner.lock().unwrap().log.truncate(seq);
    }
    /// The log forgets what is up to `seq`, and says so or not.
    pub(super) fn trim(&self, seq: u64, admits: bool) {
        let mut inner = self.inner.lock().unwrap();
        (inner.trimmed, inner.admitted) = (seq, if admits { seq } else { 0 });
    }
    pub(super) fn all(&self) -> Vec<Doc> {
        self.inner.lock().unwrap().docs.values().cloned().collect()
    }
}

impl Source for Shop {
    fn doc(&self, kind: &str, id: &[u8; 16]) -> Result<Option<Doc>> {
        let inner = self.inner.lock().unwrap();
        Ok(inner.docs.values().find(|d| d.kind == kind && d.id == *id).cloned())
    }
    fn ids(&self, kind: &str, after: Option<[u8; 16]>, limit: usize) -> Result<Vec<[u8; 16]>> {
        let inner = self.inner.lock().unwrap();
        let ids = inner.docs.keys().filter(|(k, id)| *k == kind && after.is_none_or(|a| *id > a));
        Ok(ids.map(|(_, id)| *id).take(limit).collect())
    }
    fn docs(&self, kind: &str, ids: &[[u8; 16]]) -> Result<Vec<Option<Doc>>> {
        let inner = self.inner.lock().unwrap();
        let docs: &BTreeMap<(&str, [u8; 16]), Doc> = &inner.docs;
        Ok(ids.iter().map(|id| docs.get(&(kind, *id)).cloned()).collect())
    }
    fn recent(&self, kind: &str, before: Option<(i64, [u8; 16])>, limit: usize) -> Result<Vec<[u8; 16]>> {
        let inner = self.inner.lock().unwrap();
        let mut places: Vec<(i64, [u8; 16])> =
            inner.docs.values().filter(|d| d.kind == kind).map(|d| (d.time_ms, d.id)).collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        Ok(places.into_iter().filter(|p| before.is_none_or(|b| *p < b)).map(|p| p.1).take(limit).collect())
    }
    fn changes(&self, after_seq: u64, limit: usize) -> Result<Vec<Change>> {
        let inner = self.inner.lock().unwrap();
        let kept = inner.log.iter().filter(|c| c.seq > after_seq.max(inner.trimmed));
        Ok(kept.take(limit).copied().collect())
    }
    fn first_seq(&self) -> u64 {
        self.inner.lock().unwrap().admitted + 1
    }
    fn last_seq(&self) -> u64 {
        self.inner.lock().unwrap().log.len() as u64
    }
    fn epoch(&self) -> [u8; 16] {
        [self.inner.lock().unwrap().epoch; 16]
    }
}

/// A search over a shop, with its directory.
pub(super) struct Desk {
    pub(super) shop: Arc<Shop>,
    pub(super) search: Search,
    pub(super) dir: tempfile::TempDir,
}

impl Desk {
    /// An empty shop with an index.
    pub(super) fn new() -> Self {
        Self::with(Settings::default())
    }
    /// The same where so many records that wait become segments of their own.
    pub(super) fn many_from(many_from: usize) -> Self {
        Self::with(Settings { many_from, ..Settings::default() })
    }
    fn with(settings: Settings) -> Self {
        let shop = Arc::new(Shop::default());
        let dir = tempfile::tempdir().unwrap();
        let search = open_with(dir.path(), &shop, settings);
        search.flush().unwrap();
        Self { shop, search, dir }
    }
    /// Puts and notes a document, as a commit does.
    pub(super) fn put(&self, doc: Doc) {
        let change = self.shop.put(doc);
        self.search.note(&[change]);
    }
    pub(super) fn delete(&self, kind: &'static str, id: [u8; 16]) {
        let change = self.shop.delete(kind, id);
        self.search.note(&[change]);
    }
    /// The last bytes of the ids found, in order.
    pub(super) fn found(&self, text: &str) -> Vec<u8> {
        self.answer(text).hits.iter().map(|hit| hit.id[15]).collect()
    }
    pub(super) fn answer(&self, text: &str) -> Answer {
        let request =
            Request { count: Count::UpTo(10_000), forgiving: true, ..Request::new(self.query(text)) };
        self.search.find(&request).unwrap()
    }
    pub(super) fn query(&self, text: &str) -> Query {
        parse(self.search.schema(), text).query
    }
    /// The same shop opened again, as after a restart.
    pub(super) fn reopened(self) -> Self {
        drop(self.search);
        let search = open(self.dir.path(), &self.shop);
        Self { search, ..self }
    }
}

pub(super) fn open(dir: &std::path::Path, shop: &Arc<Shop>) -> Search {
    open_with(dir, shop, Settings::default())
}

pub(super) fn open_with(dir: &std::path::Path, shop: &Arc<Shop>, settings: Settings) -> Search {
    let source: Arc<dyn Source> = Arc::<Shop>::clone(shop);
    Search::open(dir, schema(), source, Settings { arena_mb: 15, ..settings }).unwrap()
}

pub(super) fn parse(schema: &Schema, text: &str) -> Parsed {
    let zone = Zone::named("Europe/Berlin").unwrap();
    query::parse(text, schema, now(), &zone, Some("stf_marit"))
}

pub(super) fn id(n: u8) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[15] = n;
    bytes
}

/// An order placed `n` minutes before now.
pub(super) fn order(n: u8) -> Doc {
    Doc::new("order", id(n), now().0 - i64::from(n) * 60_000)
}

pub(super) fn customer(n: u8) -> Doc {
    Doc::new("customer", id(n), now().0 - i64::from(n) * 60_000)
}
