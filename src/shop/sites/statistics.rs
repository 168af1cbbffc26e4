//! What the looks at a site come to, day by day.

use super::events::Checked;
use super::model::{DAYS, Day, SiteId};
use crate::base::error::Result;
use crate::store::{Direction, Read, Span, Tx};

/// Days that are kept: two years and a bit.
const DAYS_KEPT: usize = 800;
/// Old days that go with each new one.
const SWEPT: usize = 5;

/// Counts a look in its day; one that counts already changes nothing.
///
/// # Errors
/// Faults of the store only.
pub(super) fn count(tx: &mut Tx<'_>, id: SiteId, checked: &Checked, day: &str) -> Result<()> {
    let key = (id, day.to_owned());
    let before = DAYS.get(tx, &key)?;
    let is_new = before.is_none();
    let mut sum = before.unwrap_or_default();
    if checked.number <= sum.number {
        return Ok(());
    }
    sum.number = checked.number;
    sum.checks += 1;
    sum.good += u32::from(checked.problem.is_none());
    if checked.fingerprint.is_some() {
        sum.took_ms += checked.duration_ms;
        sum.met += 1;
        sum.days_left = checked.days_left;
    }
    DAYS.put(tx, &key, &sum)?;
    if is_new {
        let newest = DAYS.list(tx, &Span::of(&id), Direction::Backward, DAYS_KEPT + SWEPT)?;
        for (old, _) in newest.into_iter().skip(DAYS_KEPT) {
            DAYS.delete(tx, &old)?;
        }
    }
    Ok(())
}

/// The last days of a site, the oldest first.
///
/// # Errors
/// Faults of the store only.
pub(super) fn days(from: &(impl Read + ?Sized), id: SiteId, most: usize) -> Result<Vec<(String, Day)>> {
    let mut days: Vec<_> = DAYS
        .list(from, &Span::of(&id), Direction::Backward, most)?
        .into_iter()
        .map(|((_, day), sum)| (day, sum))
        .collect();
    days.reverse();
    Ok(days)
}

impl Day {
    /// Milliseconds of a look, on average.
    pub(super) fn average_ms(&self) -> Option<u64> {
        self.took_ms.checked_div(u64::from(self.met))
    }
}
