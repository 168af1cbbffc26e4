//! Backups and journal from where they are: the shop's own shelf, a directory with copies, or a storage.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::cli::answer::Answer;
use crate::config::Settings;
use crate::outbound::target::Target;
use crate::registry;
use crate::store::backup::shipping::{Moment, ROLLS, folder_of};
use crate::store::backup::{Shelf, pack_what_waits};
use std::path::Path;

/// A shelf to restore from; what was fetched for it goes with it.
pub(super) struct Found {
    pub(super) shelf: Shelf,
    _fetched: Option<tempfile::TempDir>,
}

/// Finds the shelf, and fetches what the moment needs where it is far away.
pub(super) fn shelf(
    from: Option<&Path>,
    moment: Moment,
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
    fetch(&target, moment, fetched.path())?;
    Ok(Found { shelf: Shelf::at(fetched.path()), _fetched: Some(fetched) })
}

/// Fetches the newest backup before the moment, and the parts of the journal from there on.
fn fetch(target: &Target, moment: Moment, into: &Path) -> Result<()> {
    let names = target.names("backroom-")?;
    let time = |name: &str| Shelf::made_at(name);
    let fits = |at: Timestamp| match moment {
        Moment::Newest => true,
        Moment::At(wanted) => at <= wanted,
    };
    let newest = names.iter().filter(|name| time(name).is_some_and(fits)).max();
    let Some(newest) = newest else {
        let text = match names.iter().filter_map(|name| time(name)).min() {
            Some(oldest) => {
                format!("{} has no backup from before that. The oldest is of {oldest}.", target.name())
            }
            None => format!("There is no backup in {}.", target.name()),
        };
        return Err(Error::refuse(Kind::NotFound, "no_backup", text));
    };
    target.get(newest, &into.join(newest))?;
    let shelf = Shelf::at(into);
    let Some((_, mark)) = shelf.marks()?.pop() else { return Ok(()) };
    let folder = format!("{ROLLS}/{}/", folder_of(mark.life));
    let mut parts = target.names(&folder)?;
    parts.sort();
    std::fs::create_dir_all(into.join(&folder)).map_err(Error::internal)?;
    // The last part that begins before the change behind the backup, and all that follow.
    let needed = format!("{folder}{:020}.brj", mark.number + 1);
    let begins = parts.iter().rposition(|part| *part <= needed).unwrap_or(0);
    for part in parts.iter().skip(begins).filter(|part| part.ends_with(".brj")) {
        target.get(part, &into.join(part))?;
    }
    Ok(())
}
