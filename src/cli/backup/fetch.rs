//! Backups and journal from where they are: the shop's own shelf, a directory with copies, or a storage.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::cli::answer::Answer;
use crate::config::Settings;
use crate::outbound::target::Target;
use crate::registry;
use crate::store::backup::shipping::{Ask, Moment, ROLLS, base, folder_of};
use crate::store::backup::{Shelf, pack_what_waits};
use std::collections::BTreeMap;
use std::path::Path;

/// A shelf to restore from; what was fetched for it goes with it.
pub(super) struct Found {
    pub(super) shelf: Shelf,
    _fetched: Option<tempfile::TempDir>,
}

/// Finds the shelf, and fetches what the moment needs where it is far away.
pub(super) fn shelf(
    from: Option<&Path>,
    ask: &Ask<'_>,
    settings: &Settings,
    answer: &mut Answer,
) -> Result<Found> {
    let data = settings.data.dir.clone().unwrap_or_default();
    let Some(from) = from else {
        let reserve = settings.store.reserve();
        pack_what_waits(&data, registry::tables(), reserve, settings.backup.key())?;
        return Ok(Found { shelf: Shelf::of(&data), _fetched: None });
    };
    if from != Path::new("s3") {
        return Ok(Found { shelf: Shelf::at(&answer.file(from)?), _fetched: None });
    }
    let target = settings.backup.targets()?.into_iter().find(|target| !target.is_folder());
    let target = target.ok_or_else(|| {
        Error::invalid(
            "invalid_setting",
            "Set backup.s3_endpoint and the settings beside it to restore from there.",
        )
    })?;
    let scratch = data.join("tmp");
    std::fs::create_dir_all(&scratch).map_err(Error::internal)?;
    let fetched =
        tempfile::Builder::new().prefix("fetched-").tempdir_in(&scratch).map_err(Error::internal)?;
    fetch(&target, ask, fetched.path())?;
    Ok(Found { shelf: Shelf::at(fetched.path()), _fetched: Some(fetched) })
}

/// Fetches the newest backup before the moment that is no known bad one, and the parts of the journal from there on.
fn fetch(target: &Target, ask: &Ask<'_>, into: &Path) -> Result<()> {
    let names = target.names("backroom-")?;
    let time = |name: &str| Shelf::made_at(name);
    let fits = |at: Timestamp| match ask.moment {
        Moment::Newest => true,
        Moment::At(wanted) => at <= wanted,
    };
    let is_one = |name: &&String| time(name).is_some_and(fits);
    let mut all: Vec<&String> = names.iter().filter(is_one).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    if all.is_empty() {
        let text = match names.iter().filter_map(|name| time(name)).min() {
            Some(oldest) => {
                format!("{} has no backup from before that. The oldest is of {oldest}.", target.name())
            }
            None => format!("There is no backup in {}.", target.name()),
        };
        return Err(Error::refuse(Kind::NotFound, "no_backup", text));
    }
    let shelf = Shelf::at(into);
    let mut is_damaged = false;
    for name in all {
        target.get(name, &into.join(name))?;
        match shelf.header(name) {
            // One that is ahead is held against one that is not.
            Ok(header) if !ask.is_ahead(header.at) && !ask.known_bad.contains(name) => break,
            read => is_damaged |= read.is_err(),
        }
    }
    if is_damaged {
        fetch_lasts(target, into)?;
    }
    let Some(mark) = base(&shelf, ask)?.header.journal else { return Ok(()) };
    let folder = format!("{ROLLS}/{}/", folder_of(mark.life));
    let mut parts = target.names(&folder)?;
    parts.sort();
    std::fs::create_dir_all(into.join(&folder)).map_err(Error::internal)?;
    // The last part that begins before the change behind the backup, and all that follow.
    let needed = format!("{folder}{:020}.brj", mark.number + 1);
    let begins = parts.iter().rposition(|part| *part <= needed).unwrap_or(0);
    for part in parts.iter().skip(begins).filter(|part| part.ends_with(".brj")) {
        if !into.join(part).exists() {
            target.get(part, &into.join(part))?;
        }
    }
    Ok(())
}

/// Fetches the last part of every journal: where a backup is damaged, they tell whether another one went on.
fn fetch_lasts(target: &Target, into: &Path) -> Result<()> {
    let mut lasts: BTreeMap<String, String> = BTreeMap::new();
    for name in target.names(&format!("{ROLLS}/"))?.into_iter().filter(|name| name.ends_with(".brj")) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let last = lasts.entry(folder).or_default();
        if name > *last {
            *last = name;
        }
    }
    for (folder, name) in lasts {
        std::fs::create_dir_all(into.join(folder)).map_err(Error::internal)?;
        target.get(&name, &into.join(&name))?;
    }
    Ok(())
}
