//! Messages in a store of their own, with a clock that is set.

use super::model::{MESSAGES, MessageId};
use super::ops::{Step, find, receive, take};
use super::{NewMessage, TABLES};
use crate::access::key::{self, NewKey};
use crate::access::staff::Granter;
use crate::access::token;
use crate::base::error::Result;
use crate::base::time::{Clock, DAY_MS, Timestamp};
use crate::shop::customers;
use crate::shop::orders;
use crate::store::{Actor, Direction, Settings, Span, Store, TableInfo, Tx};
use std::sync::LazyLock;

static TABLES_HERE: LazyLock<Vec<TableInfo>> = LazyLock::new(|| {
    let floors = crate::access::TABLES.iter().chain(crate::work::TABLES);
    floors.chain(&[customers::TABLES, orders::TABLES, TABLES]).flat_map(|t| t.iter().copied()).collect()
});

fn write<T: Send + 'static>(store: &Store, op: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static) -> T {
    store.write_blocking(Actor::system("test"), op).unwrap()
}

#[test]
fn what_somebody_marks_as_spam_stays_as_long_as_what_came_as_spam_however_old_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let own = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
    let clock = Clock::manual(Timestamp(1_790_000_000_000));
    let store = Store::open(dir.path(), &own, clock, TABLES_HERE.as_slice()).unwrap();
    let key = write(&store, |tx| {
        let origins = Some(vec!["https://shop.example".to_owned()]);
        let new = NewKey { name: "Web shop".into(), scopes: Vec::new(), days: None, origins };
        key::create(tx, &Granter::console(), &new, &token::new_publishable_key())
    });
    let came = |body: &str| -> MessageId {
        let new = NewMessage { email: "anna@example.com".into(), body: body.into(), ..NewMessage::default() };
        let key = key.clone();
        write(&store, move |tx| Ok(receive(tx, &new, &key, "192.0.2.0")?.id))
    };
    let later = |days: i64| store.clock().set(store.clock().now().plus_ms(days * DAY_MS));
    let is_there = |id: MessageId| store.read(|s| find(s, id)).unwrap().is_some();
    let old = came("Where is my parcel?");
    later(91);
    write(&store, move |tx| take(tx, old, None, Step::Spam).map(drop));
    came("A second question");
    assert!(is_there(old), "it was marked a moment ago");
    later(89);
    came("A third question");
    assert!(is_there(old));
    write(&store, move |tx| take(tx, old, None, Step::NotSpam).map(drop));
    write(&store, move |tx| take(tx, old, None, Step::Spam).map(drop));
    later(91);
    came("A fourth question");
    assert!(!is_there(old), "nobody looked for it in 90 days");
    let left = store.read(|s| MESSAGES.list(s, &Span::all(), Direction::Forward, 10)).unwrap();
    assert_eq!(left.len(), 3);
}
