//! Backups and journal from where they are: the shop's own shelf, a directory with copies, or a storage.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::cli::answer::Answer;
use crate::config::Settings;
use crate::outbound::target::Target;
use crate::registry;
use crate::store::backup::shipping::{Ask, Moment, ROLLS, base, folder_of, head_of};
use crate::store::backup::{Header, Shelf, pack_what_waits};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    let target = storage(settings)?;
    let fetched = scratch(&data)?;
    fetch(&target, ask, fetched.path())?;
    Ok(Found { shelf: Shelf::at(fetched.path()), _fetched: Some(fetched) })
}

/// A backup that was named; what was fetched for it goes with it.
pub(super) struct One {
    pub(super) file: PathBuf,
    _fetched: Option<tempfile::TempDir>,
}

/// Finds the backup of this name, and fetches it where it is far away.
pub(super) fn one(from: Option<&Path>, file: &Path, settings: &Settings, answer: &mut Answer) -> Result<One> {
    let data = settings.data.dir.clone().unwrap_or_default();
    if from != Some(Path::new("s3")) {
        let shelf = match from {
            Some(dir) => Shelf::at(&answer.file(dir)?),
            None => Shelf::of(&data),
        };
        return Ok(One { file: shelf.find(&answer.file(file)?)?, _fetched: None });
    }
    let (target, name) = (storage(settings)?, file.to_string_lossy());
    if Shelf::made_at(&name).is_none() || target.size_of(&name)?.is_none() {
        let text = format!("There is no backup {name} in {}.", target.name());
        return Err(Error::refuse(Kind::NotFound, "no_backup", text));
    }
    let fetched = scratch(&data)?;
    let into = fetched.path().join(&*name);
    target.get(&name, &into)?;
    Ok(One { file: into, _fetched: Some(fetched) })
}

fn storage(settings: &Settings) -> Result<Target> {
    let target = settings.backup.targets()?.into_iter().find(|target| !target.is_folder());
    target.ok_or_else(|| {
        Error::invalid(
            "invalid_setting",
            "Set backup.s3_endpoint and the settings beside it to restore from there.",
        )
    })
}

/// Where it is fetched to. What a command that was killed has left there goes.
fn scratch(data: &Path) -> Result<tempfile::TempDir> {
    const FETCHED: &str = "fetched-";
    let scratch = data.join("tmp");
    std::fs::create_dir_all(&scratch).map_err(Error::internal)?;
    for left in std::fs::read_dir(&scratch).map_err(Error::internal)?.flatten() {
        if left.file_name().to_string_lossy().starts_with(FETCHED) {
            std::fs::remove_dir_all(left.path()).map_err(Error::internal)?;
        }
    }
    tempfile::Builder::new().prefix(FETCHED).tempdir_in(&scratch).map_err(Error::internal)
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
    let is_wanted = |header: &Header| {
        ask.journal.is_none_or(|wanted| header.journal.is_some_and(|mark| mark.life == wanted))
    };
    for name in all {
        target.get(name, &into.join(name))?;
        match shelf.header(name) {
            // One that is ahead is held against one that is not.
            Ok(header) if is_wanted(&header) && !ask.is_ahead(header.at) && !ask.known_bad.contains(name) => {
                break;
            }
            _ => {}
        }
    }
    if ask.journal.is_none() {
        fetch_lasts(target, ask.moment, into)?;
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

/// Fetches the last part before the moment of every journal: they tell whether another one went on.
fn fetch_lasts(target: &Target, moment: Moment, into: &Path) -> Result<()> {
    let mut journals: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in target.names(&format!("{ROLLS}/"))?.into_iter().filter(|name| name.ends_with(".brj")) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        journals.entry(folder).or_default().push(name);
    }
    for (folder, mut parts) in journals {
        parts.sort();
        std::fs::create_dir_all(into.join(folder)).map_err(Error::internal)?;
        let begins = |part: &String| -> Result<Option<Timestamp>> {
            let file = into.join(part);
            if !file.exists() {
                target.get(part, &file)?;
            }
            Ok(head_of(&std::fs::read(&file).map_err(Error::internal)?).ok().map(|head| head.from))
        };
        // They are in the order of time, so few have to be looked at.
        let (mut low, mut high) = (0, parts.len());
        while low < high {
            let middle = if moment == Moment::Newest { high - 1 } else { low.midpoint(high) };
            let Some(part) = parts.get(middle) else { break };
            match (moment, begins(part)?) {
                (Moment::At(at), Some(from)) if from > at => high = middle,
                _ => low = middle + 1,
            }
        }
    }
    Ok(())
}
