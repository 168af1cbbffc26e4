//! The day's backup: made, restored on trial in a process of its own, and old ones taken away.
//!
//! A damaged backup may make the database's own code panic or abort. So the trial runs in a child, the same program
//! with `backup verify --inside`, which prints one line of JSON; whatever happens to it, the shop goes on.

use crate::app::App;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{Clock, Timestamp};
use crate::outbound::target::Target;
use crate::registry;
use crate::shop::desk::backups::{Base, Call, Office, Told, Wish};
use crate::store::Mark;
use crate::store::backup::shipping::Roll;
use crate::store::backup::{Copied, Kept, Shelf, forget_verified, header_of, note_verified, opens, try_out};
use crate::web::listing::grouped;
use crate::workers::places;
use crate::workers::shipping::{GRACE, end_by};
use serde::{Deserialize, Serialize};
use std::io::{Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The flag of the child.
pub const INSIDE: &str = "--inside";
/// The loop looks whether something is to be proved or copied once in so long.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// After a failure it waits this long: a full disk does not empty within a minute.
const AFTER_FAILURE: Duration = Duration::from_secs(15 * 60);
/// Address space of a trial. It needs some 200 MB, however large the backup is.
const MEMORY_MAX: u64 = 2 << 30;
/// Bytes of the disk that a trial leaves beside the shop's reserve: what is written meanwhile needs room too.
const BESIDE: u64 = 64 << 20;
/// A trial that takes longer than this and [`RATE_MIN`] allow hangs.
const TRIAL_TIME: Duration = Duration::from_secs(10 * 60);
/// Bytes of a backup that the slowest machine tries out in a second.
const RATE_MIN: u64 = 200_000;
/// Problems that a report names; their number is said in full.
const PROBLEMS_MAX: usize = 20;

/// What a trial has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub at: Timestamp,
    pub seq: u64,
    pub rows: u64,
    pub files: u64,
    /// Findings of the checker in the restored shop; none in a good backup.
    pub problems: usize,
    /// The first of them.
    pub first_problems: Vec<String>,
}

/// The line a child prints.
#[derive(Serialize, Deserialize)]
enum Said {
    Report(Report),
    Refused { code: String, message: String },
}

/// The child's side: tries a backup out and gives the line to print.
///
/// # Errors
/// `Internal` when the line cannot be written as JSON.
pub fn inside(backup: &Path, scratch: &Path, leave: u64, key: Option<&str>) -> Result<String> {
    // The shop's requests come first, and a file made to burst whoever reads it bursts this process alone.
    // A system without priorities or limits just goes on.
    let _nice = rustix::process::nice(10);
    let most = rustix::process::Rlimit { current: Some(MEMORY_MAX), maximum: Some(MEMORY_MAX) };
    let _limit = rustix::process::setrlimit(rustix::process::Resource::As, most);
    let said = match try_out(backup, scratch, registry::tables(), registry::CHECKS, (key, leave)) {
        Ok(tried) => Said::Report(Report {
            at: tried.header.at,
            seq: tried.header.seq,
            rows: tried.header.rows(),
            files: tried.files,
            problems: tried.findings.len(),
            first_problems: tried
                .findings
                .iter()
                .take(PROBLEMS_MAX)
                .map(|found| format!("{}: {}", found.place, found.what))
                .collect(),
        }),
        Err(error) => Said::Refused { code: error.code.to_owned(), message: error.message.into_owned() },
    };
    serde_json::to_string(&said).map_err(Error::internal)
}

/// Tries a backup out in a child process and notes beside it when it is good; `leave` bytes of the disk stay free for the
/// shop. Stops when `is_over` says so.
///
/// # Errors
/// `backup_damaged` and what else makes a backup unreadable; `backup_trial_failed` when the trial itself did not work.
pub fn verify(
    backup: &Path,
    (data, leave): (&Path, u64),
    key: Option<&str>,
    clock: &Clock,
    is_over: &dyn Fn() -> bool,
) -> Result<Report> {
    let name = backup.file_name().unwrap_or_default().to_string_lossy();
    if let Some(header) = header_of(backup).ok().filter(|header| !Shelf::is_named(&name, header)) {
        forget_verified(backup);
        let text = format!(
            "The backup has the name of another one: it holds event {} of {}. Give it its own name, or remove it.",
            header.seq, header.at
        );
        return Err(Error::invalid("backup_damaged", text));
    }
    match run_child(backup, (&data.join("tmp"), leave.saturating_add(BESIDE)), key, is_over)? {
        Said::Report(report) => {
            if report.problems > 0 {
                forget_verified(backup);
            } else if let Err(error) = note_verified(backup, clock.now()) {
                // It may stand on a disk that cannot be written: it is as good.
                tracing::warn!("{}", error.message);
            }
            Ok(report)
        }
        Said::Refused { code, message } => {
            let (kind, code) = known(&code);
            if kind != Kind::Unavailable && kind != Kind::Internal {
                forget_verified(backup);
            }
            Err(Error::refuse(kind, code, message))
        }
    }
}

/// The refusals of a child by their words.
fn known(code: &str) -> (Kind, &'static str) {
    const REFUSALS: &[(Kind, &str)] = &[
        (Kind::Invalid, "backup_damaged"),
        (Kind::Invalid, "not_a_backup"),
        (Kind::Conflict, "backup_format_newer"),
        (Kind::Conflict, "store_format_newer"),
        (Kind::Invalid, "backup_key_missing"),
        (Kind::Invalid, "backup_key_wrong"),
        (Kind::Unavailable, "backup_io"),
    ];
    REFUSALS
        .iter()
        .find(|(_, word)| *word == code)
        .copied()
        .unwrap_or((Kind::Internal, "backup_trial_failed"))
}

fn failed(cause: impl std::fmt::Display) -> Error {
    let text = format!("The backup could not be tried out: {cause}.");
    Error::refuse(Kind::Internal, "backup_trial_failed", text)
}

fn run_child(
    backup: &Path,
    (scratch, leave): (&Path, u64),
    key: Option<&str>,
    is_over: &dyn Fn() -> bool,
) -> Result<Said> {
    let mut child = Command::new(this_program()?)
        .args(["backup", "verify", INSIDE])
        .arg("--scratch")
        .arg(scratch)
        .args(["--leave", &leave.to_string()])
        .arg(backup)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    // The key goes where no list of processes shows it. A child that is gone already misses nothing.
    if let Some(mut input) = child.stdin.take() {
        let _unread = input.write_all(key.unwrap_or_default().as_bytes());
    }
    let bytes = std::fs::metadata(backup).map_or(0, |about| about.len());
    let at_most = TRIAL_TIME + Duration::from_secs(bytes / RATE_MIN);
    let begun = Instant::now();
    // Its line is short, so it fits into the pipe and the child can always end.
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if is_over() || begun.elapsed() > at_most => {
                let _gone = child.kill();
                let _reaped = child.wait();
                return Err(failed(if is_over() { "it was stopped" } else { "it took too long" }));
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    let mut line = String::new();
    if let Some(mut out) = child.stdout.take() {
        out.read_to_string(&mut line).map_err(failed)?;
    }
    serde_json::from_str(line.trim()).map_err(|_no_line| failed(format!("its process ended with {status}")))
}

/// The running program itself, also when a newer one has taken its name meanwhile.
fn this_program() -> Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Ok(running) } else { std::env::current_exe().map_err(failed) }
}

/// The loop of backups, while the shop is served. It ends when this is dropped.
pub struct Backups {
    office: Office,
    thread: Option<JoinHandle<()>>,
}

/// Starts the loop. Where the settings say no it makes nothing by itself, and only what staff ask for.
pub fn start(app: &App) -> Backups {
    let (app, office) = (app.clone(), app.office.clone());
    let own = office.clone();
    let thread =
        std::thread::Builder::new().name("backups".into()).spawn(move || look_again(&app, &own)).ok();
    if thread.is_none() {
        tracing::error!("the loop of backups could not be started; make them with `backroom backup create`");
    }
    Backups { office, thread }
}

impl Drop for Backups {
    fn drop(&mut self) {
        self.office.end();
        if let Some(thread) = self.thread.take() {
            end_by(thread, Instant::now() + GRACE, "a place that backups are copied to");
        }
    }
}

fn look_again(app: &App, office: &Office) {
    office.begin();
    if let Err(error) = know_bases(app, office) {
        tracing::warn!("{}", error.message);
    }
    let first = Duration::from_secs(app.settings.backup.delay_seconds.into());
    let mut next = Instant::now() + first;
    let mut so_far = SoFar::default();
    loop {
        let call = office.wait(next.saturating_duration_since(Instant::now()));
        let by_hand = match call {
            Call::End => return,
            Call::Wish(wish) => Some(wish),
            Call::Look => {
                next = Instant::now() + LOOK_EVERY;
                if !app.settings.backup.enabled {
                    continue;
                }
                None
            }
        };
        let is_wish = by_hand.is_some();
        let is_make = by_hand == Some(Wish::Make);
        let done = catch_unwind(AssertUnwindSafe(|| match by_hand {
            Some(wish) => fulfil(app, office, wish, &mut so_far),
            None => look(app, office, &mut so_far),
        }));
        let done = done.unwrap_or_else(|_| Err(Error::internal("the loop of backups panicked")));
        if office.is_over() {
            return;
        }
        let at = app.store.clock().now();
        let told = match done {
            Ok(text) => text.map(|text| Told { at, is_good: true, text }),
            Err(error) => {
                tracing::error!(code = error.code, "backup: {} {}", error.message, error.cause_chain());
                if !is_wish {
                    next = Instant::now() + AFTER_FAILURE;
                }
                Some(Told { at, is_good: false, text: error.message.into_owned() })
            }
        };
        if let Some(told) = told.clone().filter(|_| is_make) {
            office.has_made(told);
        }
        office.done(told);
    }
}

/// What the schedule, or somebody on the page, asked for; gives what came of it.
fn fulfil(app: &App, office: &Office, wish: Wish, so_far: &mut SoFar) -> Result<Option<String>> {
    match wish {
        Wish::Make => {
            let name = make(app, office, so_far)?;
            office.does(Wish::Try(name.clone()));
            let proved = prove(app, office, &name);
            if office.is_over() {
                return Ok(None);
            }
            so_far.tried = Some(name.clone());
            // Also when it is no good: the newest good one stays anyway, and the disk must not fill up.
            tidy(app, Some(&name))?;
            let told = proved?;
            Ok(Some(copy_out(app, office)?.unwrap_or(told)))
        }
        Wish::Try(name) => prove(app, office, &name).map(Some),
    }
}

/// Restores a backup on trial and checks the shop in it.
fn prove(app: &App, office: &Office, name: &str) -> Result<String> {
    let path = app.shelf().dir().join(name);
    let key = app.settings.backup.key();
    let report = verify(&path, (&app.dir, app.settings.store.reserve()), key, app.store.clock(), &|| {
        office.is_over()
    })?;
    if let Some(first) = report.first_problems.first() {
        let text = format!("The shop in {name} has {} problems. The first: {first}", report.problems);
        return Err(Error::conflict("backup_unsound", text));
    }
    tracing::info!(file = %name, rows = report.rows, "backup verified");
    Ok(format!(
        "{name} was restored on trial and checked: {} rows and {} files, no problem found.",
        grouped(report.rows),
        grouped(report.files)
    ))
}

/// What the loop remembers from look to look.
#[derive(Default)]
struct SoFar {
    /// One that failed its trial is not tried again and again.
    tried: Option<String>,
    /// The backup that was made last.
    made: Option<String>,
}

/// Makes a backup; gives its name.
fn make(app: &App, office: &Office, so_far: &mut SoFar) -> Result<String> {
    office.does(Wish::Make);
    let made = app.back_up()?;
    tracing::info!(file = %made.file.display(), bytes = made.bytes, seq = made.seq, "backup made");
    let name = made.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    so_far.made = Some(name.clone());
    Ok(name)
}

/// Makes a backup where the row of the journal needs one, proves the newest, takes old ones away. The daily one is asked
/// for by its schedule.
fn look(app: &App, office: &Office, so_far: &mut SoFar) -> Result<Option<String>> {
    let shelf = app.shelf();
    know_bases(app, office)?;
    if office.needs_base() {
        let name = make(app, office, so_far)?;
        tracing::debug!(file = %name, "the row of the journal begins anew with it");
    }
    // The one just made need not have the latest name: the clock may have been set back.
    let of_name = |kept: &Kept| so_far.made.as_ref() == Some(&kept.file);
    let all = shelf.list()?;
    let Some(newest) = all.iter().find(|kept| of_name(kept)).or_else(|| all.first()).cloned() else {
        return Ok(None);
    };
    if newest.verified_at.is_some() || so_far.tried.as_ref() == Some(&newest.file) {
        return copy_out(app, office);
    }
    office.does(Wish::Try(newest.file.clone()));
    let proved = prove(app, office, &newest.file);
    if office.is_over() {
        return Ok(None);
    }
    so_far.tried = Some(newest.file);
    // Also when it is no good: the newest good one stays anyway, and the disk must not fill up.
    tidy(app, so_far.made.as_deref())?;
    let told = proved?;
    Ok(Some(copy_out(app, office)?.unwrap_or(told)))
}

/// Copies every proved backup that is not there yet to the other places, the newest first; gives what was done.
fn copy_out(app: &App, office: &Office) -> Result<Option<String>> {
    let (shelf, mut told, mut failed) = (app.shelf(), None, None);
    for target in app.settings.backup.targets()? {
        match copy_to(app, office, &shelf, &target) {
            Ok(done) => told = told.or(done),
            // The other place has its copies all the same.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    know_bases(app, office)?;
    failed.map_or(Ok(told), Err)
}

fn copy_to(app: &App, office: &Office, shelf: &Shelf, target: &Target) -> Result<Option<String>> {
    let mut told = None;
    if !places::may_copy(app, office, target)? {
        // A place that cannot be used is no reason to say that all went well.
        let error = office.with_away(|away| {
            let place = away.places.iter().find(|place| place.name == target.name());
            place.and_then(|place| place.error.clone())
        });
        return match error {
            Some(text) => Err(Error::refuse(Kind::Unavailable, "copy_failed", text)),
            None => Ok(None),
        };
    }
    for kept in shelf.list()?.into_iter().filter(|kept| kept.verified_at.is_some()) {
        let to = address(target, &kept.file);
        if kept.is_at(&to) {
            continue;
        }
        if office.is_over() {
            return Ok(None);
        }
        // The files never change: one of this name and length is this one.
        if target.size_of(&kept.file)? != Some(kept.bytes) {
            target.put(&kept.file, &shelf.dir().join(&kept.file))?;
        }
        let copied = Copied { at: app.store.clock().now(), to: to.clone() };
        shelf.note_copied(&kept.file, &copied, target.is_folder())?;
        tracing::info!(file = %kept.file, bytes = kept.bytes, "backup copied");
        told = told.or_else(|| Some(format!("{} was restored on trial and copied to {to}.", kept.file)));
    }
    Ok(told)
}

/// What a copy is called in the notes.
pub(super) fn address(target: &Target, file: &str) -> String {
    let slash = if target.is_folder() { "/" } else { "" };
    format!("{}{slash}{file}", target.name())
}

/// Tells the office which backups there are and where, for the parts of the journal that go on from them.
pub(super) fn know_bases(app: &App, office: &Office) -> Result<()> {
    let targets = app.settings.backup.targets()?;
    let base = |(kept, mark): (Kept, Mark)| {
        let there = targets.iter().filter(|target| kept.is_at(&address(target, &kept.file)));
        Base { mark, at: kept.at, places: there.map(|target| target.name().to_owned()).collect() }
    };
    let (shelf, life) = (app.shelf(), app.store.journal_mark().life);
    let mut all = shelf.marks()?;
    // What the present key does not open, a row that is encrypted to it cannot go on from.
    let newest = |all: &[(Kept, Mark)]| {
        let of_life = all.iter().enumerate().filter(|(_, (_, mark))| mark.life == life);
        of_life.max_by_key(|(_, (_, mark))| *mark).map(|(at, (kept, _))| (at, kept.file.clone()))
    };
    while let Some((at, file)) = newest(&all)
        && !office.opens(&file, || opens(&shelf.dir().join(&file), app.settings.backup.key()))
    {
        all.remove(at);
    }
    office.know_bases(all.into_iter().map(base).collect());
    Ok(())
}

/// Takes old backups away, and the parts of the journal that only they needed; also their copies in a directory.
fn tidy(app: &App, just_made: Option<&str>) -> Result<()> {
    let shelf = app.shelf();
    let gone = shelf.prune_but(&app.settings.backup.keep(), just_made, false)?;
    let mut names: Vec<String> = gone.into_iter().map(|kept| kept.file).collect();
    if !names.is_empty() {
        tracing::info!(count = names.len(), "old backups removed");
    }
    let marks: Vec<Mark> = shelf.marks()?.into_iter().map(|(_, mark)| mark).collect();
    names.extend(Roll::of(shelf.dir()).prune(&marks)?);
    for target in app.settings.backup.targets()? {
        // Nothing is taken from a place that may hold more of the shop than the shop itself.
        if !places::may_copy(app, &app.office, &target).unwrap_or(false) {
            continue;
        }
        if let Some(error) = names.iter().find_map(|name| target.remove(name).err()) {
            tracing::warn!("old copies stay: {}", error.message);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_child_keeps_its_word() {
        assert_eq!(known("backup_damaged"), (Kind::Invalid, "backup_damaged"));
        assert_eq!(known("store_io"), (Kind::Internal, "backup_trial_failed"));
    }
}
