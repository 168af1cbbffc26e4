//! What was noted of copies, held against the place where they are: a disk that is not mounted, was exchanged or emptied
//! has none of them, whatever the notes say; and a place may hold what this shop, set back since, does not have.

use crate::app::App;
use crate::base::error::{Error, Kind, Result};
use crate::outbound::target::Target;
use crate::shop::desk::backups::Office;
use crate::store::backup::shipping::{Head, PartFile, ROLLS, Roll, agrees, folder_of, head_of};
use crate::store::backup::{Kept, Shelf};
use crate::workers::backups::address;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What a storage says to a key that may write and nothing else.
const FORBIDDEN: &str = "copy_forbidden";

/// Refuses a directory that is not there, or that was on another disk when it was used before. Cheap.
///
/// # Errors
/// `copy_failed`.
pub(super) fn require_mounted(app: &App, target: &Target) -> Result<()> {
    let note = mounted_note(app);
    // On a disk of its own it is neither on that of the shop nor on that of the system, which is where it is without it.
    let apart = |from: &Path| target.is_apart(from);
    let Some((data, root)) = apart(&app.dir)?.zip(apart(Path::new("/"))?) else { return Ok(()) };
    let now = |data: bool, root: bool| format!("{data} {root} {}", target.name());
    let before = std::fs::read_to_string(&note).unwrap_or_default();
    let was = |data: bool, root: bool| before == now(data, root);
    let lost =
        (!data && (was(true, true) || was(true, false))) || (!root && (was(true, true) || was(false, true)));
    if lost {
        let text = format!(
            "The copy to {} failed: its disk is not mounted. Copies that shall go to a directory of this disk need another \
             backup.copy_dir.",
            target.name()
        );
        return Err(Error::refuse(Kind::Unavailable, "copy_failed", text));
    }
    if !was(data, root) {
        let write = || {
            std::fs::create_dir_all(note.parent().unwrap_or(&app.dir))?;
            std::fs::write(&note, now(data, root))
        };
        write().map_err(Error::internal)?;
    }
    Ok(())
}

fn mounted_note(app: &App) -> PathBuf {
    Roll::of(app.shelf().dir()).dir().join("directory.disk")
}

/// Those of some parts that are not at the place.
///
/// # Errors
/// `copy_failed`.
pub(super) fn missing(target: &Target, life: [u8; 16], parts: Vec<PartFile>) -> Result<Vec<PartFile>> {
    let there = match parts_at(target, life) {
        // Who may not ask believes the notes.
        Err(error) if error.code == FORBIDDEN => return Ok(Vec::new()),
        there => there?.into_iter().collect::<HashSet<String>>(),
    };
    Ok(parts.into_iter().filter(|part| !there.contains(&part.name)).collect())
}

/// Refuses to write over what this shop has not: its last part there has to hold the same changes as the parts here. A shop
/// that was set back, as by an older copy of its disk, would else put its own next changes in the place of those. Asked once
/// for each journal. Gives the number of the change from which on parts have to be sent again, where a power cut took a part
/// here back to an earlier state of it.
///
/// # Errors
/// `copies_ahead`; `copy_failed`.
pub(super) fn require_agreement(app: &App, target: &Target, life: [u8; 16]) -> Result<Option<u64>> {
    let agreed = (target.name().to_owned(), life);
    if app.office.with_away(|away| away.agreed.contains(&agreed)) {
        return Ok(None);
    }
    let again = match last_part_at(app, target, life) {
        Ok(None) => None,
        Ok(Some(head)) => {
            let roll = Roll::of(app.shelf().dir());
            let Some(is_cut) = agrees(&roll, &head, app.settings.backup.key())? else {
                return Err(ahead(target, head.to));
            };
            is_cut.then_some(head.first)
        }
        // It is written again.
        Err(error) if error.code == "backup_damaged" => None,
        Err(error) if error.code == FORBIDDEN => {
            tracing::warn!(
                "the key of {} may not read there, so nobody notices when this shop is set back behind its copies",
                target.name()
            );
            None
        }
        Err(error) => return Err(error),
    };
    app.office.with_away(|away| away.agreed.insert(agreed));
    Ok(again)
}

fn parts_at(target: &Target, life: [u8; 16]) -> Result<Vec<String>> {
    target.names(&format!("{ROLLS}/{}/", folder_of(life)))
}

/// The head of the last part of a journal at the place.
fn last_part_at(app: &App, target: &Target, life: [u8; 16]) -> Result<Option<Head>> {
    let there = parts_at(target, life)?;
    let Some(last) = there.iter().filter(|name| name.ends_with(".brj")).max() else { return Ok(None) };
    let scratch = tempfile::tempdir_in(app.folder("tmp")?).map_err(Error::internal)?;
    let copy = scratch.path().join("last");
    target.get(last, &copy)?;
    head_of(&std::fs::read(&copy).map_err(Error::internal)?).map(Some)
}

fn ahead(target: &Target, until: crate::base::time::Timestamp) -> Error {
    let text = format!(
        "The copies in {name} hold changes of this shop that it does not have, up to {until}: it was set back, as by an older copy \
         of its disk. They are left as they are. Stop the shop and bring them back with `backroom backup restore --from`; \
         or go on without them after `backroom backup restore`, which keeps what is here under a journal of its own.",
        name = target.name(),
    );
    Error::conflict("copies_ahead", text)
}

/// Whether backups may be copied to a place: not before it is known that it holds nothing of this shop's journal that the shop
/// does not have, which is not known before the journal is packed.
///
/// # Errors
/// `copies_ahead`; `copy_failed`.
pub(super) fn may_copy(app: &App, office: &Office, target: &Target) -> Result<bool> {
    require_mounted(app, target)?;
    require_key(app)?;
    if !app.settings.backup.ships() {
        return Ok(true);
    }
    let life = app.store.journal_mark().life;
    let is_packed = office.with_away(|away| away.packed.is_some_and(|packed| packed.mark.life == life));
    if !is_packed {
        return match parts_at(target, life) {
            Err(error) if error.code == FORBIDDEN => Ok(false),
            there => Ok(there?.is_empty()),
        };
    }
    // What has to be sent again is the sender's business: it asks for itself.
    let agreed = (target.name().to_owned(), life);
    Ok(office.with_away(|away| away.agreed.contains(&agreed)))
}

/// Refuses to write or send in plain what was encrypted before: a line that was lost in the configuration is not a wish.
///
/// # Errors
/// `backup_key_missing`.
pub fn require_key(app: &App) -> Result<()> {
    if app.settings.backup.key().is_some() {
        return Ok(());
    }
    let shelf = app.shelf();
    let is_sealed = |kept: &Kept| shelf.header(&kept.file).is_ok_and(|header| header.salt.is_some());
    let Some(sealed) = shelf.list()?.into_iter().find(is_sealed) else { return Ok(()) };
    let text = format!(
        "Nothing is written or sent in plain: {} is encrypted, and backup.key is not set now. Set it again; or, to go on in plain, move the \
         encrypted backups out of {}.",
        sealed.file,
        shelf.dir().display()
    );
    Err(Error::conflict("backup_key_missing", text))
}

/// What is to be said of a backup at a place that is newer than any here and was not made here: the place is another shop's
/// too, or this one was restored elsewhere and copies to it from there.
///
/// # Errors
/// `copy_failed`, `backup_io`.
pub(super) fn strangers(app: &App, target: &Target) -> Result<Option<String>> {
    let own = app.shelf().list()?;
    let Some(newest) = own.iter().map(|kept| kept.at).max() else { return Ok(None) };
    let there = match target.names("backroom-") {
        Err(error) if error.code == FORBIDDEN => return Ok(None),
        there => there?,
    };
    let is_strange = |name: &&String| {
        Shelf::made_at(name).is_some_and(|at| at > newest) && !own.iter().any(|kept| kept.file == **name)
    };
    Ok(there.iter().filter(is_strange).max().map(|name| {
        format!(
            "{} holds a backup that was not made here, {name}: another shop, or this one restored elsewhere, copies to the \
             same place. Give each a place of its own, or a restore has to be told which is meant.",
            target.name()
        )
    }))
}

/// Forgets the notes of backups that are not at the place any more; gives whether there were some. A storage may have rules
/// that remove what is old, so only the newest one is looked for there.
///
/// # Errors
/// `copy_failed`, `backup_io`.
pub(super) fn forget_missing(app: &App, target: &Target) -> Result<bool> {
    let shelf = app.shelf();
    let noted = |kept: &Kept| kept.is_at(&address(target, &kept.file));
    let mut all: Vec<Kept> = shelf.list()?.into_iter().filter(noted).collect();
    all.truncate(if target.is_folder() { usize::MAX } else { 1 });
    let mut any = false;
    for kept in all {
        let size = target.size_of(&kept.file);
        if size.as_ref().is_err_and(|error| error.code == FORBIDDEN) {
            return Ok(any);
        }
        if size?.is_none() {
            tracing::warn!("{} is not in {} any more", kept.file, target.name());
            shelf.forget_copied(&kept.file, target.is_folder())?;
            any = true;
        }
    }
    Ok(any)
}
