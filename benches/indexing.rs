//! The index built anew, beside SQLite: the full-text table that the figures of searching ask, and all that ours is built of.

use crate::Size;
use crate::figure::{Amount, Figure, Goal};
use crate::searching::timed;
use crate::shop::Shop;
use backroom::search::{Doc, FieldDef, Shape, Source as _};
use backroom::shop::desk::index::{StoreSource, schema};
use rusqlite::types::Value;

/// Records read at once.
const PAGE: usize = 1_000;

pub(crate) fn run(shop: &Shop, size: &Size) -> Vec<Figure> {
    let (docs, ours) = timed(|| {
        shop.search.reindex();
        // It builds what was asked for before it answers.
        shop.search.flush().unwrap();
        shop.search.health().docs
    });
    assert!(docs >= size.orders, "{docs} documents");
    let ((), words) = timed(|| shop.rebuild_theirs());
    let same = Same::of(shop);
    assert_eq!(same.count("found"), docs, "all documents are on the other side");
    let ((), theirs) = timed(|| same.rebuild());
    assert!(same.count("found WHERE found MATCH 'sch*'") > 0, "words are found by their beginning");
    vec![
        Figure::times("the search index built anew".to_owned(), ours, theirs, "SQLite, the same documents")
            .goal(Goal::Ratio(1.0)),
        Figure::times(
            "the search index built anew".to_owned(),
            ours,
            words,
            "SQLite FTS5, words of orders alone",
        ),
        Figure::alone("orders indexed", Amount::PerSecond(size.orders as f64 / ours.as_secs_f64()))
            .goal(Goal::AtLeast(Amount::PerSecond(1_000_000.0 / 30.0))),
    ]
}

/// The documents of a shop in SQLite: texts in a full-text table with a column for each field, so that a field can be
/// searched by itself, and what lists are sorted and filtered by in a table with an index for each field.
struct Same {
    sqlite: rusqlite::Connection,
    _dir: tempfile::TempDir,
}

impl Same {
    fn of(shop: &Shop) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sqlite = rusqlite::Connection::open(dir.path().join("same.sqlite")).unwrap();
        let schema = schema().unwrap();
        let texts: Vec<&FieldDef> = schema.fields().iter().filter(|field| !is_number(field)).collect();
        // Every document has its time, in a column of its own.
        let is_listed = |field: &&FieldDef| {
            field.shape != Shape::Time && (is_number(field) || field.sortable || field.facet)
        };
        let listed: Vec<&FieldDef> = schema.fields().iter().filter(is_listed).collect();
        make_tables(&sqlite, &texts, &listed);
        fill(&sqlite, shop, &texts, &listed);
        Self { sqlite, _dir: dir }
    }

    fn count(&self, what: &str) -> u64 {
        let count =
            self.sqlite.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get::<_, i64>(0));
        u64::try_from(count.unwrap()).unwrap()
    }

    fn rebuild(&self) {
        self.sqlite
            .execute_batch("BEGIN; INSERT INTO found(found) VALUES('rebuild'); REINDEX records; COMMIT;")
            .unwrap();
    }
}

fn columns(fields: &[&FieldDef]) -> String {
    fields.iter().map(|field| format!("\"{}\"", field.name)).collect::<Vec<_>>().join(", ")
}

fn make_tables(sqlite: &rusqlite::Connection, texts: &[&FieldDef], listed: &[&FieldDef]) {
    let mut tables = format!(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-262144; PRAGMA threads=2;
         CREATE VIRTUAL TABLE found USING
             fts5({}, prefix='1 2 3 4', tokenize='unicode61 remove_diacritics 2');
         CREATE TABLE records(of_row INTEGER PRIMARY KEY, of_kind TEXT, of_id BLOB, of_time INTEGER, {});
         CREATE INDEX by_id ON records(of_id); CREATE INDEX by_time ON records(of_kind, of_time);",
        columns(texts),
        columns(listed)
    );
    for name in listed.iter().map(|field| field.name) {
        tables.push_str(&format!(
            "CREATE INDEX by_{name} ON records(of_kind, \"{name}\", of_time) WHERE \"{name}\" IS NOT NULL;"
        ));
    }
    sqlite.execute_batch(&tables).unwrap();
}

fn fill(sqlite: &rusqlite::Connection, shop: &Shop, texts: &[&FieldDef], listed: &[&FieldDef]) {
    let marks = |count: usize| vec!["?"; count].join(", ");
    let found = format!("INSERT INTO found(rowid, {}) VALUES ({})", columns(texts), marks(texts.len() + 1));
    let record = format!("INSERT INTO records VALUES ({})", marks(listed.len() + 4));
    sqlite.execute_batch("BEGIN").unwrap();
    let (mut found, mut record) = (sqlite.prepare(&found).unwrap(), sqlite.prepare(&record).unwrap());
    let mut number = 0_i64;
    each_doc(shop, |doc| {
        number += 1;
        let said = texts.iter().map(|field| text(doc, field).unwrap_or(Value::Null));
        let row = std::iter::once(Value::Integer(number)).chain(said);
        found.execute(rusqlite::params_from_iter(row)).unwrap();
        let whose = [
            Value::Integer(number),
            Value::Text(doc.kind.to_owned()),
            Value::Blob(doc.id.to_vec()),
            Value::Integer(doc.time_ms),
        ];
        let row = whose.into_iter().chain(listed.iter().map(|field| listed_by(doc, field)));
        record.execute(rusqlite::params_from_iter(row)).unwrap();
    });
    sqlite.execute_batch("COMMIT").unwrap();
}

fn is_number(field: &FieldDef) -> bool {
    matches!(field.shape, Shape::Number | Shape::Money | Shape::Date | Shape::Time)
}

/// All values of a field.
fn text(doc: &Doc, field: &FieldDef) -> Option<Value> {
    let all: Vec<&str> = doc.texts_of(field.name).collect();
    (!all.is_empty()).then(|| Value::Text(all.join(" ")))
}

/// Of several values the first one: this side has no list for each.
fn listed_by(doc: &Doc, field: &FieldDef) -> Value {
    if is_number(field) {
        return doc.number_of(field.name).map_or(Value::Null, Value::Integer);
    }
    doc.texts_of(field.name).next().map_or(Value::Null, |text| Value::Text(text.to_owned()))
}

fn each_doc(shop: &Shop, mut take: impl FnMut(&Doc)) {
    let source = StoreSource(shop.store.clone());
    for kind in schema().unwrap().kinds() {
        let mut after = None;
        loop {
            let ids = source.ids(kind.name, after, PAGE).unwrap();
            source.docs(kind.name, &ids).unwrap().iter().flatten().for_each(&mut take);
            after = ids.last().copied();
            if ids.len() < PAGE {
                break;
            }
        }
    }
}
