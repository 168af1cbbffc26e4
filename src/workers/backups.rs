//! The day's backup: made, restored on trial in a process of its own, and old ones taken away.
//!
//! A damaged backup may make the database's own code panic or abort. So the trial runs in a child, the same program
//! with `backup verify --inside`, which prints one line of JSON; whatever happens to it, the shop goes on.

use crate::app::App;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{Clock, HOUR_MS, Timestamp, Zone};
use crate::config::Backup;
use crate::outbound::target::Target;
use crate::registry;
use crate::shop::desk::backups::{Base, Call, Office, Told, Wish};
use crate::store::Mark;
use crate::store::backup::shipping::Roll;
use crate::store::backup::{Copied, Kept, Shelf, forget_verified, note_verified, try_out};
use crate::web::listing::grouped;
use serde::{Deserialize, Serialize};
use std::io::{Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The flag of the child.
pub const INSIDE: &str = "--inside";
/// The loop looks whether a backup is due once in so long.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// So far ahead of the clock a backup may be dated and still be one of today.
const AHEAD_MS: i64 = HOUR_MS;
/// After a failure it waits this long: a full disk does not empty within a minute.
const AFTER_FAILURE: Duration = Duration::from_secs(15 * 60);
/// Address space of a trial. It needs some 200 MB, however large the backup is.
const MEMORY_MAX: u64 = 2 << 30;
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
pub fn inside(backup: &Path, scratch: &Path, key: Option<&str>) -> Result<String> {
    // The shop's requests come first, and a file made to burst whoever reads it bursts this process alone.
    // A system without priorities or limits just goes on.
    let _nice = rustix::process::nice(10);
    let most = rustix::process::Rlimit { current: Some(MEMORY_MAX), maximum: Some(MEMORY_MAX) };
    let _limit = rustix::process::setrlimit(rustix::process::Resource::As, most);
    let said = match try_out(backup, scratch, registry::tables(), registry::CHECKS, key) {
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

/// Tries a backup out in a child process and notes beside it when it is good. Stops when `is_over` says so.
///
/// # Errors
/// `backup_damaged` and what else makes a backup unreadable; `backup_trial_failed` when the trial itself did not work.
pub fn verify(
    backup: &Path,
    data: &Path,
    key: Option<&str>,
    clock: &Clock,
    is_over: &dyn Fn() -> bool,
) -> Result<Report> {
    match run_child(backup, &data.join("tmp"), key, is_over)? {
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

fn run_child(backup: &Path, scratch: &Path, key: Option<&str>, is_over: &dyn Fn() -> bool) -> Result<Said> {
    let mut child = Command::new(this_program()?)
        .args(["backup", "verify", INSIDE])
        .arg("--scratch")
        .arg(scratch)
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
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the loop of backups ended by a panic");
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
        let done = catch_unwind(AssertUnwindSafe(|| match by_hand {
            Some(wish) => fulfil(app, office, wish),
            None => look(app, office, &mut so_far),
        }));
        let done = done.unwrap_or_else(|_| Err(Error::internal("the loop of backups panicked")));
        if office.is_over() {
            return;
        }
        let at = app.store.clock().now();
        office.done(match done {
            Ok(text) => text.map(|text| Told { at, is_good: true, text }),
            Err(error) => {
                tracing::error!(code = error.code, "backup: {} {}", error.message, error.cause_chain());
                if !is_wish {
                    next = Instant::now() + AFTER_FAILURE;
                }
                Some(Told { at, is_good: false, text: error.message.into_owned() })
            }
        });
    }
}

/// What somebody asked for on the page; gives what came of it.
fn fulfil(app: &App, office: &Office, wish: Wish) -> Result<Option<String>> {
    match wish {
        Wish::Make => {
            let made = app.back_up()?;
            tracing::info!(file = %made.file.display(), bytes = made.bytes, seq = made.seq, "backup made");
            let name = made.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            office.does(Wish::Try(name.clone()));
            let told = prove(app, office, &name)?;
            Ok(Some(copy_out(app, office)?.unwrap_or(told)))
        }
        Wish::Try(name) => prove(app, office, &name).map(Some),
    }
}

/// Restores a backup on trial and checks the shop in it.
fn prove(app: &App, office: &Office, name: &str) -> Result<String> {
    let path = app.shelf().dir().join(name);
    let key = app.settings.backup.key();
    let report = verify(&path, &app.dir, key, app.store.clock(), &|| office.is_over())?;
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
    /// The day's backup that was made last, and when by a clock that nobody sets.
    made: Option<(String, Instant)>,
}

/// Makes the day's backup when it is due, proves the newest, takes old ones away.
fn look(app: &App, office: &Office, so_far: &mut SoFar) -> Result<Option<String>> {
    let (shelf, settings) = (app.shelf(), &app.settings.backup);
    let now = app.store.clock().now();
    know_bases(app, office)?;
    let all: Vec<Timestamp> = shelf.list()?.iter().map(|kept| kept.at).collect();
    let rested = so_far.made.as_ref().map(|(_, at)| at.elapsed());
    if is_due(&all, now, rested, settings, &app.shop.zone()) || office.needs_base() {
        office.does(Wish::Make);
        let made = app.back_up()?;
        tracing::info!(file = %made.file.display(), bytes = made.bytes, seq = made.seq, "backup made");
        let name = made.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        so_far.made = Some((name, Instant::now()));
    }
    // The one just made need not have the latest name: the clock may have been set back.
    let of_name = |kept: &Kept| so_far.made.as_ref().is_some_and(|(name, _)| *name == kept.file);
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
    tidy(app, so_far.made.as_ref().map(|(name, _)| name.as_str()))?;
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
fn address(target: &Target, file: &str) -> String {
    let slash = if target.is_folder() { "/" } else { "" };
    format!("{}{slash}{file}", target.name())
}

/// Tells the office which backups there are and where, for the parts of the journal that go on from them.
fn know_bases(app: &App, office: &Office) -> Result<()> {
    let targets = app.settings.backup.targets()?;
    let base = |(kept, mark): (Kept, Mark)| {
        let there = targets.iter().filter(|target| kept.is_at(&address(target, &kept.file)));
        Base { mark, at: kept.at, places: there.map(|target| target.name().to_owned()).collect() }
    };
    office.know_bases(app.shelf().marks()?.into_iter().map(base).collect());
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
        if let Some(error) = names.iter().find_map(|name| target.remove(name).err()) {
            tracing::warn!("old copies stay: {}", error.message);
        }
    }
    Ok(())
}

/// Whether the hour has come since the newest backup was made. One that was made under a clock that was ahead says
/// nothing of that. Where there are only such, the clock of now is behind, and one a day is made by the time that
/// passes: `rested` is how long the last one of this run is ago.
fn is_due(
    all: &[Timestamp],
    now: Timestamp,
    rested: Option<Duration>,
    settings: &Backup,
    zone: &Zone,
) -> bool {
    // One that has just been made has the name of a later second where there was one already.
    let Some(newest) = all.iter().filter(|at| **at <= now.plus_ms(AHEAD_MS)).max().copied() else {
        return all.is_empty() || rested.is_none_or(|rested| rested >= A_DAY);
    };
    let hour_of = |day: jiff::civil::Date| {
        let at = day.at(i8::try_from(settings.hour).unwrap_or(0), 0, 0, 0).to_zoned(zone.0.clone());
        at.map(|at| Timestamp(at.timestamp().as_millisecond())).ok()
    };
    let today = now.in_zone(zone).date();
    let last = hour_of(today).filter(|at| *at <= now).or_else(|| today.yesterday().ok().and_then(hour_of));
    last.is_some_and(|last| newest < last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_due_a_day_from_the_hour_on() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let zone = Zone::named("Europe/Berlin").unwrap();
        let due = |newest: &str, now: &str| is_due(&[at(newest)], at(now), None, &Backup::default(), &zone);
        assert!(is_due(&[], at("2026-11-27T12:00:00Z"), None, &Backup::default(), &zone));
        // Three o'clock in Berlin is two in UTC.
        assert!(!due("2026-11-26T02:00:10Z", "2026-11-27T01:59:59Z"));
        assert!(due("2026-11-26T02:00:10Z", "2026-11-27T02:00:00Z"));
        assert!(!due("2026-11-27T02:00:00Z", "2026-11-27T23:00:00Z"));
        assert!(due("2026-11-20T02:00:00Z", "2026-11-27T01:00:00Z"), "a shop that slept");
        // The night in which three o'clock comes twice, and the one in which two does not come.
        assert!(!due("2026-10-25T02:00:05Z", "2026-10-25T22:00:00Z"));
        assert!(due("2026-03-28T03:00:00Z", "2026-03-29T01:00:00Z"));
    }

    #[test]
    fn a_clock_that_was_years_ahead_or_is_behind_stops_no_backup_and_brings_no_storm() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let (zone, hour) = (Zone::utc(), Duration::from_secs(3_600));
        let due = |all: &[&str], now: &str, rested: Option<Duration>| {
            let all: Vec<Timestamp> = all.iter().map(|text| at(text)).collect();
            is_due(&all, at(now), rested, &Backup::default(), &zone)
        };
        // One was made while the clock was ten years ahead: the days go on.
        let all = ["2026-11-26T03:00:00Z", "2036-11-26T12:00:00Z"];
        assert!(!due(&all, "2026-11-26T23:00:00Z", Some(hour)));
        assert!(due(&all, "2026-11-27T03:00:00Z", Some(hour)));
        // The clock is ten years behind: one at once, then one a day, whether the first one is kept or not.
        let all = ["2026-11-26T03:00:00Z", "2026-11-25T03:00:00Z"];
        assert!(due(&all, "2016-11-26T12:00:00Z", None));
        assert!(!due(&all, "2016-11-26T12:01:00Z", Some(hour)));
        assert!(!due(&["2016-11-26T12:00:00Z", all[0]], "2016-11-26T12:01:00Z", None));
        assert!(due(&all, "2016-11-27T12:00:00Z", Some(hour * 24)));
        // Back by a second, again and again.
        assert!(!due(&["2026-11-26T03:00:05Z"], "2026-11-26T03:00:04Z", None));
    }

    #[test]
    fn a_refusal_of_the_child_keeps_its_word() {
        assert_eq!(known("backup_damaged"), (Kind::Invalid, "backup_damaged"));
        assert_eq!(known("store_io"), (Kind::Internal, "backup_trial_failed"));
    }
}
