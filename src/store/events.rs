//! The event log: every change as a numbered fact, chained by hashes, found by subject and by actor.

mod wanted;

pub use wanted::{Taken, about_after, wanted_after};

use crate::base::error::{Error, Result};
use crate::base::id::{Id, to_text};
use crate::base::time::Timestamp;
use crate::store::actor::{Actor, ActorKind};
use crate::store::format::{events_anchor, set_events_anchor};
use crate::store::index::{Index, IndexInfo, IndexRow};
use crate::store::snapshot::Read;
use crate::store::span::{Direction, Span};
use crate::store::table::{Record, Table, unreadable};
use crate::store::tx::Tx;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;
use std::sync::{PoisonError, RwLock};

/// The fact under its number: 1, 2, 3 … without gaps.
pub(super) const EVENTS: Table<u64, Row> = Table::new("event/1");
/// (kind of the subject, id) → number.
const BY_SUBJECT: Index<(String, [u8; 16]), u64> = Index::new("event_by_subject/1");
/// Id of the actor → number.
const BY_ACTOR: Index<String, u64> = Index::new("event_by_actor/1");

crate::id!(
    /// An event: `evt_…`.
    EventId, "evt"
);

/// A fact that a feature publishes. Its JSON is a public contract: fields are only added.
pub trait Event: serde::Serialize {
    /// What happened, such as `order.placed`.
    fn kind(&self) -> &'static str;
}

/// What an event is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The prefix of its id, such as `ord`.
    pub kind: &'static str,
    pub id: [u8; 16],
}

impl Subject {
    /// The thing with this id.
    pub fn of<I: Id>(id: &I) -> Self {
        Self { kind: I::PREFIX, id: id.bytes() }
    }
    /// The id as a type, when the subject is of that kind.
    pub fn id_as<I: Id>(&self) -> Option<I> {
        (self.kind == I::PREFIX).then(|| I::from_bytes(self.id))
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.kind, to_text(&self.id))
    }
}
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
impl serde::Serialize for Subject {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// An event as it was published.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// 1, 2, 3 … without gaps.
    pub seq: u64,
    pub id: EventId,
    pub kind: String,
    /// What it is about.
    pub subject: Subject,
    /// What else it concerns: it stands in their timelines too.
    pub also: Vec<Subject>,
    pub at: Timestamp,
    pub actor: Actor,
    pub request_id: Option<String>,
    /// What the feature said, as JSON.
    pub data: serde_json::Value,
}

impl StoredEvent {
    /// Everything it concerns, first what it is about.
    pub fn subjects(&self) -> impl Iterator<Item = Subject> {
        std::iter::once(self.subject).chain(self.also.iter().copied())
    }
}

/// An event that has just become durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub seq: u64,
    pub kind: String,
    /// Everything it concerns, first what it is about.
    pub subjects: Vec<Subject>,
}

/// A subject on disk.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct SubjectRow {
    #[n(0)]
    kind: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    id: [u8; 16],
}

impl SubjectRow {
    fn of(subject: &Subject) -> Self {
        Self { kind: subject.kind.to_owned(), id: subject.id }
    }
    fn read(&self) -> Subject {
        Subject { kind: known_kind(&self.kind), id: self.id }
    }
}

/// An event on disk.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Row {
    #[n(0)]
    id: EventId,
    #[n(1)]
    kind: String,
    #[n(2)]
    subject: SubjectRow,
    #[n(3)]
    also: Vec<SubjectRow>,
    #[n(4)]
    at: Timestamp,
    #[n(5)]
    actor_kind: ActorKind,
    #[n(6)]
    actor_id: String,
    #[n(7)]
    actor_name: String,
    #[n(8)]
    request_id: Option<String>,
    /// JSON.
    #[cbor(n(9), with = "minicbor::bytes")]
    data: Vec<u8>,
    /// Over the hash of the event before and everything above.
    #[cbor(n(10), with = "minicbor::bytes")]
    hash: [u8; 32],
}

impl Record for Row {
    type Key = u64;
    const INDEXES: &'static [IndexInfo] = &[BY_SUBJECT.info(), BY_ACTOR.info()];
    fn index_keys(&self, seq: &u64) -> Vec<IndexRow> {
        let subjects = std::iter::once(&self.subject).chain(&self.also);
        let mut rows: Vec<_> = subjects.map(|s| BY_SUBJECT.row(&(s.kind.clone(), s.id), seq)).collect();
        rows.push(BY_ACTOR.row(&self.actor_id, seq));
        rows
    }
}

impl Row {
    /// The hash this event has to have behind an event with the hash `before`.
    fn chained(&self, seq: u64, before: &[u8; 32]) -> Result<[u8; 32]> {
        let bare = Self { hash: [0; 32], ..self.clone() };
        let mut sha = Sha256::new();
        sha.update(before);
        sha.update(seq.to_be_bytes());
        sha.update(minicbor::to_vec(&bare).map_err(|e| Error::internal(e.to_string()))?);
        Ok(sha.finalize().into())
    }
    fn committed(self, seq: u64) -> Committed {
        let subjects = std::iter::once(&self.subject).chain(&self.also).map(SubjectRow::read).collect();
        Committed { seq, kind: self.kind, subjects }
    }
    fn stored(self, seq: u64) -> Result<StoredEvent> {
        let data =
            serde_json::from_slice(&self.data).map_err(|e| unreadable(EVENTS.name(), &e.to_string()))?;
        Ok(StoredEvent {
            seq,
            id: self.id,
            kind: self.kind,
            subject: self.subject.read(),
            also: self.also.iter().map(SubjectRow::read).collect(),
            at: self.at,
            request_id: self.request_id.clone(),
            actor: Actor {
                kind: self.actor_kind,
                id: self.actor_id,
                name: self.actor_name,
                request_id: self.request_id,
            },
            data,
        })
    }
}

/// Where the log stands: the last number and its hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Head {
    #[n(0)]
    pub(super) seq: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) hash: [u8; 32],
}

/// Where the log stands on disk.
pub(super) fn head(from: &(impl Read + ?Sized)) -> Result<Head> {
    let last = EVENTS.list(from, &Span::all(), Direction::Backward, 1)?.pop();
    Ok(last.map_or_else(Head::default, |(seq, row)| Head { seq, hash: row.hash }))
}

impl Tx<'_> {
    /// Publishes a fact about `subject` and gives its number. There is no other way to write the log.
    ///
    /// # Errors
    /// `Internal` when the event cannot be written as JSON.
    pub fn publish<E: Event + ?Sized>(&mut self, subject: Subject, event: &E) -> Result<u64> {
        self.publish_with(subject, &[], event)
    }
    /// The same for a fact that concerns others too: it stands in the timeline of each.
    ///
    /// # Errors
    /// As [`Tx::publish`].
    pub fn publish_with<E: Event + ?Sized>(
        &mut self,
        subject: Subject,
        also: &[Subject],
        event: &E,
    ) -> Result<u64> {
        let data = serde_json::to_vec(event).map_err(Error::internal)?;
        let actor = self.actor().clone();
        let mut row = Row {
            id: self.new_id(),
            kind: event.kind().to_owned(),
            subject: SubjectRow::of(&subject),
            also: also.iter().map(SubjectRow::of).collect(),
            at: self.now(),
            actor_kind: actor.kind,
            actor_id: actor.id,
            actor_name: actor.name,
            request_id: actor.request_id,
            data,
            hash: [0; 32],
        };
        let before = *self.log().0;
        let seq = before.seq + 1;
        row.hash = row.chained(seq, &before.hash)?;
        EVENTS.add(self, &seq, &row)?;
        let (head, published) = self.log();
        *head = Head { seq, hash: row.hash };
        published.push(row.committed(seq));
        Ok(seq)
    }
}

/// The events behind `seq`, oldest first.
///
/// # Errors
/// As [`Table::walk`].
pub fn after(from: &(impl Read + ?Sized), seq: u64, limit: usize) -> Result<Vec<StoredEvent>> {
    let Some(first) = seq.checked_add(1) else { return Ok(Vec::new()) };
    let rows = EVENTS.list(from, &Span::from(&first), Direction::Forward, limit)?;
    rows.into_iter().map(|(seq, row)| row.stored(seq)).collect()
}

/// What the events from `seq` on are about, oldest first.
///
/// # Errors
/// As [`Table::walk`].
pub fn concerned(from: &(impl Read + ?Sized), seq: u64, limit: usize) -> Result<Vec<Committed>> {
    let rows = EVENTS.list(from, &Span::from(&seq), Direction::Forward, limit)?;
    Ok(rows.into_iter().map(|(seq, row)| row.committed(seq)).collect())
}

/// The number of the last event; 0 when there is none.
///
/// # Errors
/// As [`Table::walk`].
pub fn last(from: &(impl Read + ?Sized)) -> Result<u64> {
    Ok(head(from)?.seq)
}

/// The number of the oldest event that is kept; of the next one when there is none.
///
/// # Errors
/// As [`Table::walk`].
pub fn first_seq(from: &(impl Read + ?Sized)) -> Result<u64> {
    // The chain begins behind what was removed.
    Ok(events_anchor(from)?.seq.saturating_add(1))
}

/// The number of the newest event in this snapshot. [`Store::last_seq`](crate::store::Store::last_seq) says it a moment
/// later, when the hooks have seen it.
///
/// # Errors
/// As [`Table::walk`].
pub fn last_seq(from: &(impl Read + ?Sized)) -> Result<u64> {
    Ok(head(from)?.seq.max(events_anchor(from)?.seq))
}

/// One event by its number.
///
/// # Errors
/// As [`Table::get`].
pub fn get(from: &(impl Read + ?Sized), seq: u64) -> Result<Option<StoredEvent>> {
    EVENTS.get(from, &seq)?.map(|row| row.stored(seq)).transpose()
}

/// The events about `subject` before the number `before`, newest first: a timeline.
///
/// # Errors
/// As [`Table::walk`].
pub fn of_subject(
    from: &(impl Read + ?Sized),
    subject: &Subject,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<StoredEvent>> {
    let key = (subject.kind.to_owned(), subject.id);
    let span = Span::of(&key);
    let span = match before {
        Some(before) => span.after(&(key, before), Direction::Backward),
        None => span,
    };
    let rows = BY_SUBJECT.list(from, &span, Direction::Backward, limit)?;
    by_number(from, rows.into_iter().map(|(_, seq)| seq))
}

/// The events that an actor caused before the number `before`, newest first: an audit.
///
/// # Errors
/// As [`Table::walk`].
pub fn by_actor(
    from: &(impl Read + ?Sized),
    actor_id: &str,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<StoredEvent>> {
    let key = actor_id.to_owned();
    let span = Span::of(&key);
    let span = match before {
        Some(before) => span.after(&(key, before), Direction::Backward),
        None => span,
    };
    let rows = BY_ACTOR.list(from, &span, Direction::Backward, limit)?;
    by_number(from, rows.into_iter().map(|(_, seq)| seq))
}

fn by_number(from: &(impl Read + ?Sized), numbers: impl Iterator<Item = u64>) -> Result<Vec<StoredEvent>> {
    numbers.filter_map(|seq| get(from, seq).transpose()).collect()
}

/// Removes the oldest events up to the number `up_to`, at most `limit` of them, and says how many that were. The chain
/// then begins behind them. The caller answers for it that no reader of the log still needs them.
///
/// # Errors
/// As [`Table::delete`].
pub fn trim(tx: &mut Tx<'_>, up_to: u64, limit: usize) -> Result<u64> {
    let Some(end) = up_to.checked_add(1) else { return Ok(0) };
    let old = EVENTS.list(tx, &Span::until(&end), Direction::Forward, limit)?;
    for (seq, row) in &old {
        EVENTS.delete(tx, seq)?;
        set_events_anchor(tx, Head { seq: *seq, hash: row.hash })?;
    }
    Ok(old.len() as u64)
}

/// Number, kind and subjects of the events behind `seq`, oldest first: what a reader needs that looks at the present
/// records, and less work than [`after`].
///
/// # Errors
/// As [`Table::walk`].
pub fn changes(from: &(impl Read + ?Sized), seq: u64, limit: usize) -> Result<Vec<Committed>> {
    let Some(first) = seq.checked_add(1) else { return Ok(Vec::new()) };
    let rows = EVENTS.list(from, &Span::from(&first), Direction::Forward, limit)?;
    Ok(rows.into_iter().map(|(seq, row)| row.committed(seq)).collect())
}

/// Walks the chain behind `anchor` and gives a sentence per break.
pub(super) fn verify(
    from: &(impl Read + ?Sized),
    anchor: Head,
    mut found: impl FnMut(String),
) -> Result<Head> {
    let mut last = anchor;
    from.walk_raw(EVENTS.name(), &Span::all(), Direction::Forward, &mut |key, value| {
        let mut key = key;
        let seq = <u64 as crate::store::key::Key>::read(&mut key).unwrap_or_default();
        if seq != last.seq + 1 {
            found(format!("event {seq} follows event {}", last.seq));
        }
        match crate::store::table::decode::<Row>(EVENTS.name(), value) {
            Ok(row) => {
                if row.chained(seq, &last.hash)? != row.hash {
                    found(format!("event {seq} was altered, or the event before it"));
                }
                last = Head { seq, hash: row.hash };
            }
            Err(_) => {
                found(format!("event {seq} cannot be read"));
                last.seq = seq;
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(last)
}

/// Kinds of subjects are few and written in the program. Those read from disk are looked up here, so that they
/// are the program's own words again; a word that the program no longer knows is kept for good, up to a limit.
fn known_kind(word: &str) -> &'static str {
    const MOST: usize = 1_000;
    static KNOWN: RwLock<Vec<&'static str>> = RwLock::new(Vec::new());
    let find = |known: &[&'static str]| known.iter().copied().find(|k| *k == word);
    if let Some(kind) = find(&KNOWN.read().unwrap_or_else(PoisonError::into_inner)) {
        return kind;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(kind) = find(&known) {
        return kind;
    }
    if known.len() >= MOST {
        return "unknown";
    }
    let kind: &'static str = Box::leak(word.to_owned().into_boxed_str());
    known.push(kind);
    kind
}

/// Declares the events of a feature, which are plain: each a struct with its kind, and the list of them with a sentence each.
#[macro_export]
macro_rules! events {
    ($(#[doc = $doc:literal] $name:ident $kind:literal { $($field:ident: $type:ty,)* })+) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, serde::Serialize)]
            pub(super) struct $name {
                $(pub(super) $field: $type,)*
            }
            impl $crate::store::Event for $name {
                fn kind(&self) -> &'static str {
                    $kind
                }
            }
        )+
        /// Every kind of event of this feature, with a sentence.
        pub const EVENTS: &[(&str, &str)] = &[$(($kind, $doc),)+];
    };
}
