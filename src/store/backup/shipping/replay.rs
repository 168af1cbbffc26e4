//! Parts played over an unpacked backup: plain puts and deletes, so the result is exact.

use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::backup::create::kept_tables;
use crate::store::backup::shipping::part::{Keys, read, records};
use crate::store::backup::shipping::plan::Plan;
use crate::store::engine::Engine;
use crate::store::journal::{Mark, write_set};
use crate::store::table::Registry;
use crate::store::write_set::WriteSet;

/// Records are applied together up to so many bytes.
const GROUP_BYTES: usize = 8 << 20;

/// Plays the records behind `base` up to the plan's last one; gives how many and when the last was written.
///
/// # Errors
/// `backup_damaged`, those of a key, `backup_format_newer`; `restore_hole` when a record is missing.
pub(in crate::store::backup) fn replay(
    engine: &dyn Engine,
    registry: &Registry,
    base: Mark,
    plan: &Plan,
    key: Option<&str>,
) -> Result<(u64, Option<Timestamp>)> {
    let mut keys = Keys::new(key);
    let kept = kept_tables(&registry.tables);
    let wanted = |name: &[u8]| kept.iter().any(|table| table.as_bytes() == name);
    let mut set = WriteSet::default();
    let (mut next, mut last) = (base.number + 1, None);
    for part in &plan.parts {
        let (head, plain) = read(&part.path, &mut keys)?;
        if head.life != base.life {
            return Err(Error::conflict("restore_hole", "A part of the journal belongs to another shop."));
        }
        for record in records(&plain) {
            let record = record?;
            if record.number < next || record.number > plan.up_to {
                continue;
            }
            if record.number > next {
                return Err(missing(next));
            }
            let mut picked = Vec::new();
            let known = write_set::pick(record.set, &wanted, &mut picked)
                .and_then(|()| write_set::decode(record.set, registry.names(), &mut WriteSet::default()))
                .and_then(|()| write_set::decode(&picked, registry.names(), &mut set));
            known.ok_or_else(|| {
                let text = "The shipped journal has a table that this program does not know. Use the one that wrote it.";
                Error::conflict("backup_format_newer", text)
            })?;
            (next, last) = (record.number + 1, Some(record.at));
            if set.bytes() >= GROUP_BYTES {
                engine.apply(std::mem::take(&mut set))?;
            }
        }
    }
    if plan.up_to >= base.number && next != plan.up_to + 1 {
        return Err(missing(next));
    }
    engine.apply(set)?;
    Ok((next - 1 - base.number, last))
}

fn missing(number: u64) -> Error {
    let text = format!("Change {number} is missing in the shipped journal.");
    Error::conflict("restore_hole", text)
}
