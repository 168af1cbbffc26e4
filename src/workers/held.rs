//! What was noted of copies, held against the place where they are: a disk that is not mounted, was exchanged or emptied
//! has none of them, whatever the notes say.

use crate::app::App;
use crate::base::error::{Error, Kind, Result};
use crate::outbound::target::Target;
use crate::store::backup::shipping::{ROLLS, Roll, agrees, folder_of, head_of};
use crate::workers::backups::address;
use std::path::PathBuf;

/// Refuses a directory that is not there, or that was another disk when it was used before. One that is a disk of its own is
/// noted as that. Cheap.
///
/// # Errors
/// `copy_failed`.
pub(super) fn look(app: &App, target: &Target) -> Result<()> {
    let note = mounted_note(app);
    let was_mounted = || std::fs::read(&note).is_ok_and(|name| name == target.name().as_bytes());
    match target.is_mounted()? {
        Some(true) if !was_mounted() => {
            let write = || {
                std::fs::create_dir_all(note.parent().unwrap_or(&app.dir))?;
                std::fs::write(&note, target.name())
            };
            write().map_err(Error::internal)
        }
        Some(false) if was_mounted() => {
            let text = format!(
                "The copy to {} failed: its disk is not mounted. Copies that shall go to a directory of this disk need \
                 another backup.copy_dir.",
                target.name()
            );
            Err(Error::refuse(Kind::Unavailable, "copy_failed", text))
        }
        _ => Ok(()),
    }
}

fn mounted_note(app: &App) -> PathBuf {
    Roll::of(app.shelf().dir()).dir().join("directory.mounted")
}

/// Whether all these parts are at the place.
///
/// # Errors
/// `copy_failed`.
pub(super) fn has_parts(target: &Target, life: [u8; 16], parts: &[String]) -> Result<bool> {
    let there = target.names(&format!("{ROLLS}/{}/", folder_of(life)))?;
    Ok(parts.iter().all(|part| there.contains(part)))
}

/// Refuses to write over what this shop has not: its last part there has to hold the same changes as the parts here. A shop
/// that was set back, as by an older copy of its disk, would else put its own next changes in the place of those.
///
/// # Errors
/// `copies_ahead`; `copy_failed`.
pub(super) fn require_agreement(app: &App, target: &Target, life: [u8; 16]) -> Result<()> {
    let there = target.names(&format!("{ROLLS}/{}/", folder_of(life)))?;
    let Some(last) = there.iter().filter(|name| name.ends_with(".brj")).max() else { return Ok(()) };
    let scratch = tempfile::tempdir_in(app.folder("tmp")?).map_err(Error::internal)?;
    let copy = scratch.path().join("last");
    target.get(last, &copy)?;
    let head = match std::fs::read(&copy).map_err(Error::internal).and_then(|bytes| head_of(&bytes)) {
        Ok(head) => head,
        // It is written again.
        Err(error) if error.code == "backup_damaged" => return Ok(()),
        Err(error) => return Err(error),
    };
    if agrees(&Roll::of(app.shelf().dir()), &head, app.settings.backup.key())? {
        return Ok(());
    }
    let text = format!(
        "The copies in {name} hold changes of this shop that it does not have, up to {}: it was set back, as by an older copy \
         of its disk. They are left as they are. Stop the shop and bring them back with `backroom backup restore --from`; \
         or go on without them after `backroom backup restore`, which keeps what is here under a journal of its own.",
        head.to,
        name = target.name(),
    );
    Err(Error::conflict("copies_ahead", text))
}

/// Forgets the notes of backups that are not at the place any more; gives whether there were some.
///
/// # Errors
/// `copy_failed`, `backup_io`.
pub(super) fn forget_missing(app: &App, target: &Target) -> Result<bool> {
    let shelf = app.shelf();
    // A storage lists all that is below a name.
    let there = target.names(if target.is_folder() { "" } else { "backroom-" })?;
    let is_missing = |file: &String, at: bool| at && !there.contains(file);
    let mut any = false;
    for kept in shelf.list()? {
        if is_missing(&kept.file, kept.is_at(&address(target, &kept.file))) {
            tracing::warn!("{} is not in {} any more", kept.file, target.name());
            shelf.forget_copied(&kept.file, target.is_folder())?;
            any = true;
        }
    }
    Ok(any)
}
