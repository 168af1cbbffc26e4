//! How everything is kept: the only door to the database.
//!
//! Every change is one operation, sent to one writer thread: `store.write(actor, |tx| …)`. The writer takes what waits,
//! runs each operation over a write set in memory (so a refused one never harms its neighbours), commits all that were
//! kept in one durable commit, tells the hooks, and only then answers. Operations are pure functions of the rows, their
//! input, `tx.now()` and `tx.random()`: they may run again.
//!
//! Reads are snapshots: `store.read(|s| …)` on this thread for points and pages, `store.scan(|s| …)` on a small pool with
//! a deadline for more. No snapshot may wait for a client.
//!
//! What must never happen: a change without its event in the same commit; an answer before the commit is durable; a
//! table that is not in the registry; a wall clock inside an operation.

// What everyone uses.
mod actor;
mod disk;
mod door;
pub mod events;
mod index;
mod key;
mod settings;
mod settler;
mod snapshot;
mod span;
mod table;
mod tx;

// What is kept beside the features' records.
mod idempotency;
mod sequence;

// How a write becomes durable.
mod job;
pub(crate) mod journal;
mod queue;
mod shared;
mod space;
mod write_set;
mod writer;

// What is below, and how it is looked after.
pub mod backup;
mod behind;
mod check;
mod engine;
mod fill;
mod format;
mod guarded;
mod health;
mod recover;

#[cfg(test)]
pub(crate) mod crashing;
#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes its type public")]
mod tests;
#[cfg(test)]
pub(crate) mod traced;

pub use actor::{Actor, ActorKind};
pub use check::{Checker, Finding, Findings};
pub use door::{FILE, Store, check_pages, require_store};
pub use events::{Committed, Event, EventId, StoredEvent, Subject};
pub use format::FORMAT;
pub use guarded::guarded;
pub use health::Health;
pub use idempotency::{KEPT_MS as IDEMPOTENCY_KEPT_MS, Remembered, remembered};
pub use index::{Index, IndexInfo, IndexRow};
pub use journal::Mark;
pub use key::{Key, key_bytes};
pub use recover::{Rest, recover};
pub use sequence::{counter, sequence};
pub use settings::Settings;
pub use shared::{Hook, Waker};
pub use snapshot::{Read, Snapshot};
pub(crate) use space::free_bytes;
pub use span::{Direction, Span};
pub use std::cmp::Reverse;
pub use table::{Backup, Page, RECORD_BYTES_MAX, Record, Table, TableInfo};
pub use tx::Tx;
pub use write_set::Visit;
