//! What is done with an import: begun, read differently, started, stopped, ended, removed. Each with its event.

use super::model::{Asked, Import, ImportId, Outcome, SentFile, State};
use super::table::{IMPORTS, OPEN, WAITS};
use crate::base::error::{Error, Result};
use crate::shop::transfer::landing::Landed;
use crate::store::{Direction, Event, Read, Span, Subject, Tx};
use serde::Serialize;

/// Every kind of event of this part with a sentence for the documentation.
pub const EVENTS: &[(&str, &str)] = &[
    (
        "import.added",
        "Files were uploaded to be imported; nothing is written yet. With the state `failed` a choice has to be made again.",
    ),
    ("import.asked_anew", "The files of an import are read with other choices."),
    ("import.checked", "The dry run of an import has ended; `landed` says what it would do."),
    (
        "import.started",
        "An import is being written; with the state `checking` it is checked once more before, because the shop has changed since.",
    ),
    ("import.ended", "An import has ended: done, stopped or failed; `landed` says what it did."),
    ("import.removed", "An import and its files were removed from the list; what it brought stays."),
];

/// Why an import that was started waits again.
const CHANGED: &str = "The shop has changed since the files were checked, and the import would now do something else. Look at the figures and start it again.";

#[derive(Serialize)]
struct Fact<'a> {
    #[serde(skip)]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<&'a Asked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'a [SentFile]>,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    landed: Option<Landed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

impl Event for Fact<'_> {
    fn kind(&self) -> &'static str {
        self.kind
    }
}

fn fact<'a>(kind: &'static str, import: &'a Import) -> Fact<'a> {
    Fact {
        kind,
        asked: None,
        files: None,
        state: import.state,
        landed: None,
        problem: import.problem.as_deref(),
    }
}

/// Writes the import as it is now; its event follows.
fn keep(tx: &mut Tx<'_>, id: ImportId, import: &mut Import) -> Result<()> {
    import.changed_at = tx.now();
    IMPORTS.put(tx, &id, import)
}

fn tell(tx: &mut Tx<'_>, id: ImportId, fact: &Fact<'_>) -> Result<()> {
    tx.publish(Subject::of(&id), fact).map(|_seq| ())
}

/// Begins an import whose files lie in its folder. A choice that cannot be taken is said on its page, where another can
/// be made: the files have been sent and need not be sent again. `problem` is what was wrong with the form otherwise.
///
/// # Errors
/// `file_missing`.
pub(super) fn add(
    tx: &mut Tx<'_>,
    id: ImportId,
    asked: &Asked,
    files: &[SentFile],
    problem: Option<&str>,
) -> Result<()> {
    if files.is_empty() {
        return Err(Error::invalid("file_missing", "Choose at least one file.").on("/file"));
    }
    let refused = check(asked).err().map(|e| in_words(&e));
    let problem = problem.map(str::to_owned).or(refused);
    let mut import = Import {
        state: if problem.is_some() { State::Failed } else { State::Checking },
        created_at: tx.now(),
        created_by: tx.actor().name.clone(),
        changed_at: tx.now(),
        asked: asked.clone(),
        files: files.to_vec(),
        stop_on_error: false,
        check: None,
        result: None,
        problem,
        recognised: false,
        checked_at_event: 0,
        starts_after_check: false,
    };
    keep(tx, id, &mut import)?;
    let added = fact("import.added", &import);
    tell(tx, id, &Fact { asked: Some(&import.asked), files: Some(&import.files), ..added })
}

/// What an error says of the field it is about, or of the whole.
pub(super) fn in_words(error: &Error) -> String {
    error.fields.first().map_or_else(|| error.message.to_string(), |field| field.detail.clone())
}

/// What can be refused of the choices before the files are read. A mapping that is missing is said with the check, so
/// that the files need not be sent again.
pub(super) fn check(asked: &Asked) -> Result<()> {
    asked.kind()?;
    match asked.source() {
        Err(error) if error.code != "mapping_missing" => return Err(error),
        _ => {}
    }
    asked.choices().options(crate::base::time::Zone::utc(), crate::base::money::Currency::EUR)?;
    Ok(())
}

/// Reads the files again with other choices.
///
/// # Errors
/// `import_busy` while it is being read or written; those of [`add`].
pub(super) fn ask_anew(tx: &mut Tx<'_>, id: ImportId, asked: &Asked) -> Result<()> {
    let mut import = at_rest(tx, id)?;
    // The mapping was sent once; a form that does not send one again keeps it.
    let mapping = asked.mapping.clone().or_else(|| import.asked.mapping.clone());
    import.asked = Asked { mapping, ..asked.clone() };
    check(&import.asked)?;
    (import.state, import.check, import.result, import.problem) = (State::Checking, None, None, None);
    (import.recognised, import.starts_after_check) = (false, false);
    keep(tx, id, &mut import)?;
    tell(tx, id, &Fact { asked: Some(&import.asked), ..fact("import.asked_anew", &import) })
}

/// Starts writing what was checked. Starting twice is starting once. Where the shop has changed since the check, which
/// `last_event` tells, it is checked again first, and written if it still does what was shown.
///
/// # Errors
/// `import_not_checked`, `import_does_nothing`.
pub(super) fn start(tx: &mut Tx<'_>, id: ImportId, stop_on_error: bool, last_event: u64) -> Result<()> {
    let mut import = get(tx, id)?;
    if import.state == State::Running || import.starts_after_check {
        return Ok(());
    }
    if import.check.is_none() || import.state == State::Checking {
        return Err(Error::conflict(
            "import_not_checked",
            "Wait until the files are checked, then start the import.",
        ));
    }
    let is_fresh = import.state == State::Checked;
    if is_fresh && import.check.as_ref().is_some_and(|c| !c.landed.has_work()) {
        return Err(Error::conflict("import_does_nothing", "There is nothing in these files to import."));
    }
    // The check's own event is the next after those it saw.
    import.starts_after_check = is_fresh && last_event > import.checked_at_event.saturating_add(1);
    import.state = if import.starts_after_check { State::Checking } else { State::Running };
    import.stop_on_error = stop_on_error;
    (import.result, import.problem) = (None, None);
    keep(tx, id, &mut import)?;
    tell(tx, id, &fact("import.started", &import))
}

/// Stops what is being read or written; what was written before stays. Stopping what has ended changes nothing.
///
/// # Errors
/// `not_found`.
pub(super) fn stop(tx: &mut Tx<'_>, id: ImportId) -> Result<()> {
    let mut import = get(tx, id)?;
    if !import.state.is_open() {
        return Ok(());
    }
    import.problem = Some(format!("Stopped by {}.", tx.actor().name));
    import.starts_after_check = false;
    import.state = State::Stopped;
    keep(tx, id, &mut import)?;
    tell(tx, id, &fact("import.ended", &import))
}

/// Takes an import from the list.
///
/// # Errors
/// `import_busy` while it is being read or written.
pub(super) fn remove(tx: &mut Tx<'_>, id: ImportId) -> Result<()> {
    let import = at_rest(tx, id)?;
    IMPORTS.delete(tx, &id)?;
    tell(tx, id, &fact("import.removed", &import))
}

/// The dry run has ended. Nothing happens to an import that was stopped or removed meanwhile.
///
/// # Errors
/// Faults of the store only.
pub(super) fn checked(
    tx: &mut Tx<'_>,
    id: ImportId,
    asked: &Asked,
    recognised: bool,
    (outcome, at_event): (&Outcome, u64),
) -> Result<()> {
    let Some(mut import) = IMPORTS.get(tx, &id)?.filter(|i| i.state == State::Checking) else {
        return Ok(());
    };
    import.state = State::Checked;
    if std::mem::take(&mut import.starts_after_check) {
        if import.check.as_ref().is_some_and(|shown| shown.landed == outcome.landed) {
            import.state = State::Running;
        } else {
            import.problem = Some(CHANGED.to_owned());
        }
    }
    import.checked_at_event = at_event;
    (import.asked, import.recognised, import.check) = (asked.clone(), recognised, Some(outcome.clone()));
    keep(tx, id, &mut import)?;
    tell(tx, id, &Fact { landed: Some(outcome.landed), ..fact("import.checked", &import) })
}

/// The import has ended. One that was stopped meanwhile stays stopped, and says what was written.
///
/// # Errors
/// Faults of the store only.
pub(super) fn ended(tx: &mut Tx<'_>, id: ImportId, outcome: &Outcome, stopped: Option<String>) -> Result<()> {
    let Some(mut import) = IMPORTS.get(tx, &id)? else { return Ok(()) };
    match import.state {
        State::Running if stopped.is_none() => import.state = State::Done,
        State::Running => (import.state, import.problem) = (State::Stopped, stopped),
        State::Stopped => {}
        _ => return Ok(()),
    }
    import.result = Some(outcome.clone());
    keep(tx, id, &mut import)?;
    tell(tx, id, &Fact { landed: Some(outcome.landed), ..fact("import.ended", &import) })
}

/// It could not be read or written.
///
/// # Errors
/// Faults of the store only.
pub(super) fn failed(tx: &mut Tx<'_>, id: ImportId, why: &str) -> Result<()> {
    let Some(mut import) = IMPORTS.get(tx, &id)?.filter(|i| i.state.is_open()) else { return Ok(()) };
    (import.state, import.problem) = (State::Failed, Some(why.to_owned()));
    import.starts_after_check = false;
    keep(tx, id, &mut import)?;
    tell(tx, id, &fact("import.ended", &import))
}

/// The import.
///
/// # Errors
/// `not_found`.
pub(super) fn get(r: &impl Read, id: ImportId) -> Result<Import> {
    IMPORTS.get(r, &id)?.ok_or_else(|| Error::not_found("import", id))
}

fn at_rest(tx: &Tx<'_>, id: ImportId) -> Result<Import> {
    let import = get(tx, id)?;
    if import.state.is_open() {
        return Err(Error::conflict(
            "import_busy",
            "This import is being worked on. Stop it first, or wait until it has ended.",
        ));
    }
    Ok(import)
}

/// The newest imports.
///
/// # Errors
/// Faults of the store only.
pub(super) fn newest(r: &impl Read, most: usize) -> Result<Vec<(ImportId, Import)>> {
    IMPORTS.list(r, &Span::all(), Direction::Backward, most)
}

/// Imports, the oldest first.
///
/// # Errors
/// Faults of the store only.
pub(super) fn oldest(r: &impl Read, most: usize) -> Result<Vec<(ImportId, Import)>> {
    IMPORTS.list(r, &Span::all(), Direction::Forward, most)
}

/// The import that has waited longest for the loop.
///
/// # Errors
/// Faults of the store only.
pub(super) fn next(r: &impl Read) -> Result<Option<(ImportId, Import)>> {
    let Some(id) = OPEN.first(r, &WAITS)? else { return Ok(None) };
    Ok(IMPORTS.get(r, &id)?.map(|import| (id, import)))
}
