//! Whether the schedules are well, in a few words, for those who look after the house.

use crate::base::error::Result;
use crate::store::Read;
use crate::web::parts::{Badge, Fill, Tone};
use crate::work::schedules::{Schedules, Trouble};

/// What is said of all schedules, with its badge.
///
/// # Errors
/// Faults of the store only.
pub fn standing(s: &impl Read, schedules: &Schedules) -> Result<(String, Badge)> {
    let (mut said, mut worst) = (Vec::new(), None);
    for (title, trouble) in schedules.in_trouble(s)? {
        let what = match trouble {
            Trouble::Failed => "failed last time",
            Trouble::Missed => "missed its last time",
        };
        said.push(format!("{title} {what}"));
        worst = if worst == Some(Trouble::Failed) { worst } else { Some(trouble) };
    }
    // Nobody is warned of what somebody has paused, so it is to be seen here that it rests still.
    let paused = schedules.paused(s)?;
    said.extend(paused.iter().map(|title| format!("{title} is paused")));
    let badge = match worst {
        Some(Trouble::Failed) => Badge::new("Failed", Tone::Bad, Fill::Half),
        Some(Trouble::Missed) => Badge::new("Missed", Tone::Warn, Fill::Empty),
        None if !paused.is_empty() => Badge::new("Paused", Tone::Warn, Fill::Half),
        None => Badge::new("On time", Tone::Ok, Fill::Full),
    };
    Ok((said.join(", "), badge))
}
