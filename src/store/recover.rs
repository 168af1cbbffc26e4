//! Opening a store whose journal is lost or damaged, by somebody who knows what that means.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::{Clock, Timestamp};
use crate::store::backup::{FOLDER as BACKUPS, last_copied};
use crate::store::door::{has_store, opener, registry, require_store};
use crate::store::engine::Opener as _;
use crate::store::engine::redb::PART_DAMAGED;
use crate::store::engine::redb::damaged;
use crate::store::format;
use crate::store::guarded::guarded;
use crate::store::journal::{self, Tap};
use crate::store::table::TableInfo;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

const CACHE_BYTES: usize = 64 << 20;

/// What is there without the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rest {
    /// Why the journal cannot be used.
    pub why: String,
    /// The last event that is there.
    pub seq: u64,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// The moment up to which the backups and the shipped journal go on, where they do.
    pub shipped_until: Option<Timestamp>,
}

/// Says what there is without the journal; with `accept` it becomes the shop, and what is left of the journal is put
/// aside. None when the journal is whole: nothing is missing then.
///
/// # Errors
/// `no_shop`; `store_locked`; `store_damaged` when the database itself is missing or cannot be read; `store_format_newer`.
pub fn recover(data: &Path, tables: &[TableInfo], accept: bool) -> Result<Option<Rest>> {
    require_store(data)?;
    if !has_store(data)? {
        let text = format!("There is no shop in {}.", data.display());
        return Err(Error::refuse(Kind::NotFound, "no_shop", text));
    }
    let registry = Arc::new(registry(tables)?);
    let opener = |knows| {
        let mut opener = opener(data, CACHE_BYTES, &registry, &Clock::system(), Tap::default());
        opener.knows = knows;
        opener
    };
    let open = |knows| guarded(|| opener(knows).open()).unwrap_or_else(|| Err(damaged(PART_DAMAGED)));
    let why = match open(false) {
        Ok(_) => return Ok(None),
        Err(error) if error.code == "store_damaged" => error.message.into_owned(),
        Err(error) => return Err(error),
    };
    // A database that is damaged itself is refused here again.
    let engine = open(true)?;
    let (seq, at) = format::last_event(engine.as_ref(), &registry)?;
    let mark = journal::state_mark(engine.as_ref())?;
    let shipped_until = mark.and_then(|mark| {
        let (last, until) = last_copied(&data.join(BACKUPS), mark.life)?;
        (last > mark.number && Some(until) > at).then_some(until)
    });
    if accept {
        engine.accept()?;
        // What was derived from what is missing is not believed any more.
        format::renew_epoch(engine.as_ref(), &registry)?;
    }
    Ok(Some(Rest { why, seq, at, shipped_until }))
}
