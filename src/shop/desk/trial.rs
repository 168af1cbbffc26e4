//! A small shop in a directory of its own, with store and index, for the tests of the desk.

use super::find::{Ask, Found, Kind, Rows, find, kinds_for};
use super::index::{StoreSource, note, schema};
use crate::base::money::{Currency, Price};
use crate::base::time::{Clock, Timestamp, Zone};
use crate::search::{self, Search};
use crate::shop::customers::{self, Address, CustomerChange, CustomerId};
use crate::shop::messages;
use crate::shop::orders::{self, NewLine, NewOrder, Order, OrderId, Step, StepInput, place, take};
use crate::store::{self, Actor, ActorKind, Store, TableInfo, Tx};
use std::sync::{Arc, LazyLock};

static TABLES: LazyLock<Vec<TableInfo>> =
    LazyLock::new(|| [customers::TABLES, orders::TABLES, messages::TABLES].concat());

pub(super) struct Trial {
    pub(super) store: Store,
    pub(super) search: Search,
    pub(super) clock: Clock,
    pub(super) zone: Zone,
    rows: Rows,
    _dir: tempfile::TempDir,
}

impl Trial {
    /// An empty shop in Berlin, on Friday 20 November 2026 at 11:42.
    pub(super) fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::parse("2026-11-20T10:42:00Z").unwrap());
        let keep = store::Settings { reserve_mb: 0, ballast_mb: 0, ..store::Settings::default() };
        let store = Store::open(dir.path(), &keep, clock.clone(), &TABLES).unwrap();
        let source = Arc::new(StoreSource(store.clone()));
        let settings = search::Settings::default();
        let search = Search::open(&dir.path().join("index"), schema().unwrap(), source, settings).unwrap();
        search.flush().unwrap();
        let (noting, reading) = (search.clone(), store.clone());
        store.on_commit(Box::new(move |committed| note(&noting, &reading, committed)));
        let zone = Zone::named("Europe/Berlin").unwrap();
        Self { store, search, clock, zone, rows: Rows::default(), _dir: dir }
    }

    fn actor() -> Actor {
        Actor::new(ActorKind::Staff, "stf_1", "Marit Berg")
    }

    /// An order of one line, with what `more` changes of it.
    pub(super) fn place(&self, email: &str, name: &str, minor: i64, more: impl Fn(&mut NewOrder)) -> Order {
        let address = Address {
            name: name.into(),
            line1: "Torstraße 1".into(),
            postcode: "10119".into(),
            city: "Berlin".into(),
            country: "DE".into(),
            ..Address::default()
        };
        let line = NewLine {
            title: "Rain jacket".into(),
            sku: "RJ-M-NVY".into(),
            barcode: "4012345678901".into(),
            size: "M".into(),
            colour: "navy".into(),
            quantity: 1,
            unit_price: Price::from_minor(minor, Currency::EUR).unwrap(),
            ..NewLine::default()
        };
        let mut new = NewOrder {
            email: Some(email.into()),
            shipping_address: Some(address),
            lines: vec![line],
            channel: "web".into(),
            ..NewOrder::new(Currency::EUR)
        };
        more(&mut new);
        self.store.write_blocking(Self::actor(), move |tx| place(tx, &new)).unwrap()
    }

    pub(super) fn step(&self, id: OrderId, step: Step) -> Order {
        self.store
            .write_blocking(Self::actor(), move |tx| take(tx, id, None, step, &StepInput::default()))
            .unwrap()
    }

    pub(super) fn rename(&self, customer: CustomerId, last_name: &str) {
        let change = CustomerChange { last_name: Some(last_name.into()), ..CustomerChange::default() };
        let op = move |tx: &mut Tx<'_>| customers::change(tx, customer, None, &change).map(drop);
        self.store.write_blocking(Self::actor(), op).unwrap();
    }

    /// What the box answers somebody who may see everything.
    pub(super) fn find(&self, text: &str) -> Found {
        self.find_in(text, &kinds_for("", |_| true).unwrap())
    }
    pub(super) fn find_in(&self, text: &str, kinds: &[Kind]) -> Found {
        let ask = Ask {
            text,
            kinds,
            limit: 10,
            now: self.clock.now(),
            zone: &self.zone,
            prices: true,
            rows: Some(&self.rows),
            people_first: true,
        };
        find(&self.store, &self.search, &ask).unwrap()
    }

    /// Numbers of the orders that a query finds, counted as a list does.
    pub(super) fn count(&self, q: &str) -> u64 {
        let parsed = search::query::parse(q, self.search.schema(), self.clock.now(), &self.zone, None);
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        let answer = self.search.find(&search::Request::list(parsed.query, "order")).unwrap();
        match answer.total {
            Some(search::Total::Exact(n)) => n,
            other => panic!("{other:?}"),
        }
    }
}
