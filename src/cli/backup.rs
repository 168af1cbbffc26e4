//! `backroom backup`: copies of the shop, proved and restored.

mod fetch;

use crate::app::App;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{Clock, Timestamp};
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::cli::reach::require_owner;
use crate::config::Settings;
use crate::registry;
use crate::store::backup::shipping::{Ask, Moment, Plan, Roll, plan, read_life};
use crate::store::backup::{How, Kept, Shelf, is_whole, restore};
use crate::workers;
use crate::workers::backups::{inside, verify};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Make, prove and restore backups
#[derive(Clone, Debug, clap::Args)]
pub(super) struct BackupArgs {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(subcommand)]
    pub(super) verb: BackupVerb,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum BackupVerb {
    /// Write a backup of this moment, also while the shop runs
    #[command(after_help = "\
Example:
  backroom backup create --data /var/lib/backroom

With --json, one line: {\"file\", \"bytes\", \"at\", \"seq\", \"change\", \"rows\", \"files\"}.")]
    Create {
        /// One line of JSON
        #[arg(long)]
        json: bool,
    },
    /// List the backups, newest first
    #[command(after_help = "\
Example:
  backroom backup list --json

With --json, one line a backup: {\"file\", \"bytes\", \"at\", \"seq\", \"verified_at\", \"copied\", \"filed\"}.")]
    List {
        /// JSON, one line a backup
        #[arg(long)]
        json: bool,
    },
    /// Read a backup to the end, restore it on trial and check the shop in it
    #[command(after_help = "\
Example:
  backroom backup verify backroom-20261127T193000Z-000123.brb

Ends with 0 when it is good and with 5 when it is damaged. Nothing but the note beside it changes.
With --json, one line: {\"at\", \"seq\", \"rows\", \"files\", \"problems\", \"first_problems\"}.")]
    Verify {
        /// A name from the list, or a path
        file: PathBuf,
        /// One line of JSON
        #[arg(long)]
        json: bool,
        /// Run the trial in this process
        #[arg(long, hide = true, requires = "scratch")]
        inside: bool,
        /// Where the trial takes place
        #[arg(long, hide = true)]
        scratch: Option<PathBuf>,
        /// Bytes of the disk that stay free in a trial
        #[arg(long, hide = true, default_value_t = 0)]
        leave: u64,
    },
    /// Put the newest moment, an earlier one, or a backup in place of the shop; what is there stays beside it
    #[command(after_help = "\
Examples:
  backroom backup restore --data /var/lib/backroom
  backroom backup restore --at 2026-11-27T14:30:00Z
  backroom backup restore --from s3 --data /var/lib/backroom
  backroom backup restore backroom-20261127T193000Z-000123.brb
  backroom backup restore --from s3 backroom-20261127T193000Z-000123.brb

Without FILE the newest backup before the moment is taken and the journal is played over it, change by change. With FILE
it is exactly that backup. The server must not run. The database as it was stays as store.redb.before-TIME until you
delete it. Everybody has to sign in again, and mails and webhooks stand still until somebody lets them go on.")]
    Restore {
        /// A name from the list, or a path
        file: Option<PathBuf>,
        /// The moment, such as 2026-11-27T14:30:00Z; the newest without it
        #[arg(long, value_name = "TIME", conflicts_with = "file")]
        at: Option<String>,
        /// Where backups and journal are: a directory with copies, or s3 for the storage in the configuration
        #[arg(long, value_name = "PLACE")]
        from: Option<PathBuf>,
        /// Which journal, where several went on side by side in one place; the refusal names them
        #[arg(long, value_name = "JOURNAL", conflicts_with = "file")]
        journal: Option<String>,
        /// Also when the check finds problems in it, or it is the backup of another shop
        #[arg(long)]
        force: bool,
        /// One line of JSON: {"at", "moment", "seq", "changes", "rows", "files", "before"}
        #[arg(long)]
        json: bool,
    },
    /// Remove old backups: the settings say how many days, weeks and months keep one
    #[command(after_help = "\
Example:
  backroom backup prune --dry-run")]
    Prune {
        /// Only say which
        #[arg(long)]
        dry_run: bool,
        /// JSON, one line a removed backup
        #[arg(long)]
        json: bool,
    },
}

impl BackupArgs {
    /// Only making one needs the open shop; everything else reads and writes files beside it.
    pub(super) fn opens_the_shop(&self) -> bool {
        matches!(self.verb, BackupVerb::Create { .. })
    }
}

/// Makes a backup of an open shop, here or in the server.
pub(super) fn run(args: &BackupArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    let BackupVerb::Create { json } = args.verb else {
        return Err(Error::invalid("usage", "This command does not work on an open shop."));
    };
    workers::require_key(app)?;
    let made = app.back_up()?;
    if json {
        answer.json(&made)?;
    } else {
        answer.line(made.file.display())?;
        answer.remark(format_args!(
            "{} rows in {}, up to event {}",
            made.rows,
            size(made.bytes),
            made.seq
        ))?;
    }
    Ok(Exit::Ok)
}

/// The verbs that do not open the shop.
pub(super) fn run_beside(args: &BackupArgs, answer: &mut Answer) -> Result<Exit> {
    if let BackupVerb::Verify { file, inside: true, scratch: Some(scratch), leave, .. } = &args.verb {
        return run_inside(file, (scratch, *leave), answer);
    }
    // A restore may have to fetch from where the secrets lead.
    let settings = match args.verb {
        BackupVerb::Restore { .. } => args.place.load(Vec::new())?,
        _ => args.place.load_beside()?,
    };
    let settings = settings.settings;
    let data = settings.data.dir.clone().unwrap_or_default();
    let shelf = Shelf::of(&data);
    if matches!(args.verb, BackupVerb::Restore { .. } | BackupVerb::Verify { .. } | BackupVerb::Prune { .. })
    {
        require_owner(&data)?;
    }
    match &args.verb {
        BackupVerb::Create { .. } => Err(Error::invalid("usage", "A backup is made of an open shop.")),
        BackupVerb::List { json } => list(&shelf, *json, answer),
        BackupVerb::Verify { file, json, .. } => {
            let path = shelf.find(&answer.file(file)?)?;
            let report = verify(
                &path,
                (&data, settings.store.reserve()),
                settings.backup.key(),
                &Clock::system(),
                &|| false,
            )?;
            if *json {
                answer.json(&report)?;
            } else if report.problems == 0 {
                answer.remark(format_args!(
                    "good: {} rows and {} files of {}, up to event {}",
                    report.rows, report.files, report.at, report.seq
                ))?;
            } else {
                answer.line(format_args!(
                    "It can be read, but the shop in it has {} problems:",
                    report.problems
                ))?;
                report
                    .first_problems
                    .iter()
                    .try_for_each(|problem| answer.line(format_args!("  {problem}")))?;
            }
            Ok(if report.problems == 0 { Exit::Ok } else { Exit::Problems })
        }
        BackupVerb::Restore { file: Some(file), from, force, json, .. } => {
            let found = fetch::one(from.as_deref(), file, &settings, answer).map_err(nothing_changed)?;
            put_back(&found.file, None, &settings, (*force, *json), answer)
        }
        BackupVerb::Restore { file: None, at, from, journal, force, json } => {
            let moment = match at {
                Some(text) => Moment::At(Timestamp::parse(text)?),
                None => Moment::Newest,
            };
            let journal = journal.as_deref().map(journal_named).transpose()?;
            put_back_moment((moment, journal), from.as_deref(), &settings, (*force, *json), answer)
        }
        BackupVerb::Prune { dry_run, json } => {
            let gone = shelf.prune(&settings.backup.keep(), *dry_run)?;
            if !*dry_run {
                let marks: Vec<_> = shelf.marks()?.into_iter().map(|(_, mark)| mark).collect();
                Roll::of(shelf.dir()).prune(&marks)?;
            }
            for old in &gone {
                if *json { answer.json(old)? } else { answer.line(&old.file)? }
            }
            let done = if *dry_run { "would be removed" } else { "removed" };
            if *json { Ok(()) } else { answer.remark(format_args!("{} {done}", gone.len())) }?;
            Ok(Exit::Ok)
        }
    }
}

/// The trial, in the child of another process; the key comes on standard input.
fn run_inside(file: &Path, (scratch, leave): (&Path, u64), answer: &mut Answer) -> Result<Exit> {
    const KEY_MAX: u64 = 64 << 10;
    let key = answer.input_text(KEY_MAX)?;
    let key = Some(key.as_str()).filter(|key| !key.is_empty());
    let line = inside(file, scratch, leave, key)?;
    answer.line(line)?;
    Ok(Exit::Ok)
}

fn list(shelf: &Shelf, json: bool, answer: &mut Answer) -> Result<Exit> {
    let all = shelf.list()?;
    if json {
        all.iter().try_for_each(|kept| answer.json(kept))?;
        return Ok(Exit::Ok);
    }
    if all.is_empty() {
        answer.remark(format_args!("There is no backup in {}.", shelf.dir().display()))?;
        return Ok(Exit::Ok);
    }
    let row = |kept: &Kept| {
        let verified =
            kept.verified_at.map_or_else(|| "not verified".to_owned(), |at| format!("verified {at}"));
        [kept.file.clone(), size(kept.bytes), kept.at.to_string(), format!("event {}", kept.seq), verified]
    };
    answer.table(&all.iter().map(row).collect::<Vec<_>>())?;
    Ok(Exit::Ok)
}

/// A journal by the name of its folder.
fn journal_named(text: &str) -> Result<[u8; 16]> {
    read_life(text).ok_or_else(|| {
        Error::invalid("invalid_setting", "--journal: give the 32 letters and digits that the refusal names.")
    })
}

/// A refusal before anything was touched says so.
fn nothing_changed(mut error: Error) -> Error {
    if error.code == "store_locked" {
        error.message = "A server runs on this data directory. Stop it, then restore.".into();
    } else if error.kind == Kind::Invalid
        || ["restore_hole", "restore_unclear", "copy_failed", "copy_forbidden", "no_backup"]
            .contains(&error.code)
    {
        error.message = format!("{} Nothing was changed.", error.message).into();
    }
    error
}

/// Restores a moment from the newest backup that is whole.
fn put_back_moment(
    (moment, journal): (Moment, Option<[u8; 16]>),
    from: Option<&Path>,
    settings: &Settings,
    (force, json): (bool, bool),
    answer: &mut Answer,
) -> Result<Exit> {
    let key = settings.backup.key();
    let mut bad: Vec<String> = Vec::new();
    loop {
        let ask = Ask { moment, now: Clock::system().now(), known_bad: &bad, journal, key };
        let found = fetch::shelf(from, &ask, settings, answer).map_err(nothing_changed)?;
        let plan = plan(&found.shelf, &ask).map_err(nothing_changed)?;
        let name = plan.backup.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let done = put_back(&plan.backup, Some(&plan), settings, (force, json), answer);
        let is_damaged = done.as_ref().is_err_and(|error| error.code == "backup_damaged");
        if is_damaged && !is_whole(&plan.backup, key) {
            answer.remark(format_args!("{name} is damaged"))?;
            bad.push(name);
            continue;
        }
        for passed in plan.passed_over.iter().filter(|passed| !bad.contains(passed)) {
            answer.remark(format_args!("{passed} is damaged or has another name than its own"))?;
        }
        if done.is_ok() && !(bad.is_empty() && plan.passed_over.is_empty()) {
            answer.remark(format_args!("an older backup is taken: {name}"))?;
        }
        return done;
    }
}

fn put_back(
    path: &Path,
    plan: Option<&Plan>,
    settings: &Settings,
    (force, json): (bool, bool),
    answer: &mut Answer,
) -> Result<Exit> {
    let data = settings.data.dir.clone().unwrap_or_default();
    let how = How { key: settings.backup.key(), checks: registry::CHECKS, plan, even_unsound: force };
    let done = restore(path, &data, registry::tables(), &how).map_err(nothing_changed)?;
    if json {
        answer.json(&json!({
            "at": done.header.at, "moment": done.moment, "seq": done.seq, "changes": done.changes,
            "rows": done.header.rows(), "files": done.files, "before": done.before,
        }))?;
        return Ok(Exit::Ok);
    }
    answer.line(format_args!(
        "restored: {} rows and {} files of {}, and {} changes up to {} from the journal; the last event is {}",
        done.header.rows(),
        done.files,
        done.header.at,
        done.changes,
        done.moment,
        done.seq
    ))?;
    for found in &done.findings {
        answer.line(format_args!("problem: {}: {}", found.place, found.what))?;
    }
    if let Some(before) = &done.before {
        answer.remark(format_args!("the shop as it was: {}", before.display()))?;
    }
    answer.remark("The index is built when the server starts. Everybody has to sign in again.")?;
    answer.remark(
        "Mails and webhooks stand still: look at what waits under Mail and Webhooks, and let them go on.",
    )?;
    Ok(Exit::Ok)
}

/// Bytes for people: `12 KB`.
#[expect(clippy::cast_precision_loss, reason = "for people; nobody counts with it")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
