//! `backroom import`: take over the data of another shop, or an export of this one.

mod piped;
mod rejected;

use self::piped::Given;
use self::rejected::Rejected;
use crate::app::App;
use crate::base::error::{Error, Result};
use crate::base::money::{Currency, Money};
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::cli::place::require_outside;
use crate::shop::transfer::cell;
use crate::shop::transfer::input::Input;
use crate::shop::transfer::intake::{self, Choices, MAPPED, Source};
use crate::shop::transfer::landing::{Landed, Landing, OnError, counted};
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{FileReport, Refused, Report};
use crate::shop::transfer::resumed::{self, Run, RunName};
use crate::shop::transfer::workbook_in;
use crate::store::{Actor, ActorKind};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::PathBuf;
use std::time::Instant;

/// Refusals that are told; the file of `--rejected` has all.
const REFUSALS_TOLD: usize = 5;

/// Examples of each warning that are told.
const EXAMPLES_TOLD: usize = 3;

/// Import orders, customers or credit notes from files
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom import orders --from shopify orders_export.csv --dry-run
  backroom import customers --from backroom customers.csv --rejected refused.csv
  backroom import orders --from csv --mapping my-shop.toml orders.csv

Files may be compressed (.gz, .zst). Importing a file twice changes nothing; an import that was interrupted goes
on when it is run again. With --json, one line when it has ended: {\"dry_run\", \"rows\", \"lines\", \"orders\",
\"credit_notes\", \"adjustments\", \"customers\", \"guests\", \"skipped\", \"landed\", \"facts\", \"sums\", \"files\", \"warnings\",
\"assumptions\", \"seconds\"}.")]
pub(super) struct ImportArgs {
    pub(super) what: ImportWhat,
    /// The program the files come from; csv needs --mapping
    #[arg(long, value_parser = source)]
    pub(super) from: String,
    /// Which column is what, for --from csv
    #[arg(long, value_name = "FILE")]
    pub(super) mapping: Option<PathBuf>,
    /// The files; several parts of one export are read in this order
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Say what would happen and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// What to do about what is refused
    #[arg(long, default_value = "skip", value_name = "WHAT")]
    pub(super) on_error: WhenRefused,
    /// Write the rows that are refused or left out, with the reason, to this CSV file
    #[arg(long, value_name = "FILE")]
    pub(super) rejected: Option<PathBuf>,
    /// The files' encoding, such as windows-1251, where they do not show it
    #[arg(long, default_value = "", value_name = "LABEL", hide_default_value = true)]
    pub(super) encoding: String,
    /// The decimal sign of columns that could be read both ways
    #[arg(long, default_value = "", value_name = "SIGN", hide_default_value = true, value_parser = ["", ".", ","], hide_possible_values = true)]
    pub(super) decimal: String,
    /// dmy, mdy or ymd, for columns of dates that could be read both ways
    #[arg(long, default_value = "", value_name = "ORDER", hide_default_value = true, value_parser = ["", "dmy", "mdy", "ymd"], hide_possible_values = true)]
    pub(super) dates: String,
    /// The time zone of times without an offset, such as Europe/Berlin; the shop's own without it
    #[arg(long, default_value = "", value_name = "ZONE", hide_default_value = true)]
    pub(super) zone: String,
    /// The currency of files that name none; the shop's own without it
    #[arg(long, default_value = "", value_name = "CODE", hide_default_value = true)]
    pub(super) currency: String,
    /// A name for the shop the files come from, where two shops write the same format; keeps their orders apart
    #[arg(long, default_value = "", value_name = "NAME", hide_default_value = true)]
    pub(super) source_name: String,
    /// One line of JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ImportWhat {
    Orders,
    Customers,
    /// Of Backroom alone; other shops have them among their orders
    CreditNotes,
}

/// The words of `--from`, checked while the command line is read.
fn source(word: &str) -> std::result::Result<String, String> {
    let known = intake::words();
    if known.contains(&word) { Ok(word.to_owned()) } else { Err(format!("there are {}", known.join(", "))) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum WhenRefused {
    /// Leave it out and go on
    Skip,
    /// Stop; what came before is kept
    Stop,
}

/// Imports the files.
pub(super) fn run(args: &ImportArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    let kind = match args.what {
        ImportWhat::Orders => Kind::Orders,
        ImportWhat::Customers => Kind::Customers,
        ImportWhat::CreditNotes => Kind::CreditNotes,
    };
    let scratch = app.imports.arrivals();
    let paths = args.files.iter().map(|name| answer.file(name)).collect::<Result<Vec<_>>>()?;
    let read = [paths.clone(), args.mapping.iter().map(|m| answer.file(m)).collect::<Result<_>>()?].concat();
    if let Some(name) = &args.rejected {
        require_outside(&app.dir, &answer.file(name)?)?;
    }
    let rejected =
        args.rejected.as_ref().map(|name| Rejected::at(name, &read, scratch, answer)).transpose()?;
    let mapping = mapping(args, answer)?;
    let source = Source::parse(&args.from, mapping.as_deref())?;
    let Given { files, .. } = &Given::of(&paths, scratch, app.imports.upload_max())?;
    // Before they are read, so that what cannot be opened is said by the reading.
    let run = run_of(args, files, mapping.as_deref(), app);
    let unpacked = workbook_in::unpacked(files.clone(), scratch)?;
    let files = &unpacked.files;
    let choices = Choices {
        encoding: args.encoding.clone(),
        decimal: args.decimal.clone(),
        dates: args.dates.clone(),
        zone: args.zone.clone(),
        currency: args.currency.clone(),
        source_name: args.source_name.clone(),
    };
    let options = Options {
        now: Some(app.store.clock().now()),
        ..choices.options(app.shop.zone(), app.shop.profile().currency)?
    };
    let search = app.search.clone();
    let has_room = move || search.has_room();
    let mut progress = answer.progress(args.json);
    let verb = if args.dry_run { "Checking" } else { "Importing" };
    let mut step = |done: u64, all: u64, so_far: &Landed| {
        progress.say(|| {
            let percent = (done * 100).checked_div(all).unwrap_or(0).min(100);
            let counts = so_far.in_words().into_iter().map(|(n, what)| format!(", {}", counted(n, what)));
            format!("{verb}: {percent} %{}", counts.collect::<String>())
        });
        true
    };
    let actor = Actor::new(ActorKind::Import, "cli", files.first().map_or("", Input::name));
    let mut landing = Landing::new(&app.store, actor.clone(), &has_room, &mut step)
        .dry(args.dry_run)
        .on_error(if args.on_error == WhenRefused::Stop { OnError::Stop } else { OnError::Skip });
    let run = run.filter(|_| !args.dry_run);
    if let Some(run) = run {
        landing = landing.going_on(run);
    }
    if let Some(rejected) = &rejected {
        landing = landing.refused_to(Box::new(BufWriter::new(rejected.writer()?)), scratch);
    }
    let started = Instant::now();
    let mut report = intake::read(kind, &source, files, &options, &mut landing)?;
    report.assumptions.extend(unpacked.left_out.iter().cloned());
    let ended = landing.finish()?;
    if let Some(rejected) = rejected {
        rejected.put(answer)?;
    }
    if let Some(run) = run {
        resumed::forget(&app.store, &actor, run.key)?;
    }
    report.warnings.join(&ended.warnings);
    progress.end();
    if let Some(why) = ended.stopped {
        return Err(Error::invalid("import_stopped", why));
    }
    let landed = ended.landed;
    if !args.dry_run {
        app.search.flush()?;
    }
    let (totals, refusals, left_out) = (&ended.totals, &ended.refusals, &ended.left_out);
    let told = Told { report: &report, landed: &landed, totals, refusals, left_out };
    tell(args, answer, &told, started)?;
    let nothing = report.tallies.rows > 0 && landed.refused > 0 && !landed.has_any();
    Ok(if nothing { Exit::Failed } else { Exit::Ok })
}

/// What tells that the same command is run again after a kill: the files as they are, and how they are read. None where
/// a file cannot be read.
fn run_of(args: &ImportArgs, files: &[Input], mapping: Option<&str>, app: &App) -> Option<Run> {
    let mut name = RunName::default();
    let what = format!("{:?}", args.what);
    let choices = [&what, &args.from, &args.encoding, &args.decimal, &args.dates, &args.zone, &args.currency];
    choices.into_iter().chain([&args.source_name]).for_each(|word| name.part(word.as_bytes()));
    name.part(mapping.unwrap_or_default().as_bytes());
    let mut buffer = vec![0; 128 * 1024];
    for input in files {
        let mut file =
            File::open(input.plain_path()?).ok().filter(|f| f.metadata().is_ok_and(|m| m.is_file()))?;
        name.part(input.name().as_bytes());
        loop {
            match file.read(&mut buffer).ok()? {
                0 => break,
                read => name.part(buffer.get(..read)?),
            }
        }
    }
    let since = app.store.clock().now().plus_ms(-resumed::RESTS_MS);
    Some(Run { key: name.key(), since })
}

/// The text of the mapping file.
fn mapping(args: &ImportArgs, answer: &Answer) -> Result<Option<String>> {
    let Some(name) = &args.mapping else {
        if args.from == MAPPED {
            let text = "--from csv needs --mapping FILE, which says what the columns are.";
            return Err(Error::invalid("usage", text));
        }
        return Ok(None);
    };
    let path = answer.file(name)?;
    let text = std::fs::read_to_string(&path)
        .map_err(|e| Error::invalid("file_unreadable", format!("{} cannot be read: {e}.", path.display())))?;
    Ok(Some(text))
}

/// What there is to tell of an import.
struct Told<'a> {
    report: &'a Report,
    landed: &'a Landed,
    totals: &'a BTreeMap<Currency, i64>,
    refusals: &'a [Refused],
    left_out: &'a [Refused],
}

fn tell(args: &ImportArgs, answer: &mut Answer, told: &Told<'_>, started: Instant) -> Result<()> {
    let Told { report, landed, .. } = told;
    let t = &report.tallies;
    if args.json {
        return answer.json(&json!({
            "dry_run": args.dry_run, "rows": t.rows, "lines": t.lines, "orders": t.orders,
            "credit_notes": t.credit_notes, "adjustments": t.adjustments, "customers": t.customers,
            "guests": t.guests, "skipped": t.skipped, "landed": landed, "facts": t.facts,
            "sums": t.sums.iter().map(|(currency, s)| (currency.to_string(), json!({
                "goods": s.goods.rounded, "discount": s.discount.rounded, "shipping": s.shipping.rounded,
                "tax": s.tax.rounded, "total": s.total.rounded, "total_exact": s.total.exact.to_string(),
                "paid": s.paid.rounded, "refunded": s.refunded.rounded, "credited": s.credited.rounded,
                "adjusted": s.adjusted.rounded,
            }))).collect::<serde_json::Map<_, _>>(),
            "files": report.files.iter().map(as_read).collect::<Vec<_>>(),
            "warnings": report.warnings, "assumptions": report.assumptions, "seconds": started.elapsed().as_millis() as u64 / 1_000,
        }));
    }
    if args.dry_run {
        answer.line("Nothing is written. The import would come to:")?;
    }
    let read = [(t.rows, "rows"), (t.lines, "order lines"), (t.orders, "orders"), (t.customers, "customers")];
    answer.line(read.map(|(n, what)| counted(n, what)).join(", "))?;
    for file in &report.files {
        for line in told_of(file) {
            answer.line(format_args!("  {line}"))?;
        }
    }
    for (count, what) in landed.in_words() {
        answer.line(format_args!("  {}", counted(count, what)))?;
    }
    for (currency, total) in told.totals.iter().filter(|(_, total)| **total != 0) {
        let total = Money::new(*total, *currency).shown();
        answer.line(format_args!("  {total} is the total of the orders added and changed"))?;
    }
    if !report.assumptions.is_empty() {
        answer.line(format_args!("What this import assumes:"))?;
    }
    for sentence in &report.assumptions {
        answer.line(format_args!("  {sentence}"))?;
    }
    for (what, rows) in [("refused", told.refusals), ("left out", told.left_out)] {
        for r in rows.iter().take(REFUSALS_TOLD) {
            let column = if r.column.is_empty() { String::new() } else { format!(", {}", r.column) };
            // The cell itself, unless the reason repeats it.
            let is_said = r.value.is_empty() || r.reason.contains(&r.value);
            let value = if is_said { String::new() } else { format!(" “{}”", cell::shown(&r.value)) };
            answer.line(format_args!("  {what} {} line {}{column}{value}: {}", r.file, r.line, r.reason))?;
        }
    }
    if landed.refused.max(landed.left_out) > REFUSALS_TOLD as u64 && args.rejected.is_none() {
        answer.line("  … --rejected FILE writes all of these rows with their reasons.")?;
    }
    // What is left out has been told row by row.
    let is_told = |code: &str| told.left_out.iter().any(|row| row.code == code);
    for (code, warning) in report.warnings.0.iter().filter(|(code, _)| !is_told(code)) {
        let times = if warning.count == 1 { "once".to_owned() } else { format!("{} times", warning.count) };
        answer.line(format_args!("  warning {code}: {} ({times})", warning.sentence))?;
        for e in warning.examples.iter().take(EXAMPLES_TOLD) {
            let line = if e.line > 0 { format!(" line {}", e.line) } else { String::new() };
            let column = if e.column.is_empty() { String::new() } else { format!(", {}", e.column) };
            answer.line(format_args!("    {}{line}{column}: {}", e.file, e.value))?;
        }
    }
    Ok(())
}

/// How a file was read, as JSON.
fn as_read(file: &FileReport) -> serde_json::Value {
    json!({
        "name": file.name.as_ref(), "taken_for": file.role, "rows": file.rows, "encoding": file.encoding,
        "separator": file.delimiter.to_string(), "kept_as_custom_fields": shortened(&file.unknown_columns),
        "left_out": shortened(&file.ignored_columns), "read_as": shortened(&file.decisions),
        "samples": shortened(&file.samples), "passed_over": file.passed_over(),
    })
}

/// How a file was read, a line each.
fn told_of(file: &FileReport) -> Vec<String> {
    let separator = match file.delimiter {
        '\t' => ", separated by tabs".to_owned(),
        '\n' | '\0' => String::new(),
        sign => format!(", separated by {sign}"),
    };
    let mut lines = vec![format!(
        "{}: {}, {}, {}{separator}",
        file.name,
        file.role,
        counted(file.rows, "rows"),
        file.encoding
    )];
    for (what, texts) in [
        ("letters", &file.samples),
        ("kept as custom fields", &file.unknown_columns),
        ("left out", &file.ignored_columns),
        ("passed over", &file.passed_over()),
        ("read as", &file.decisions),
    ] {
        if !texts.is_empty() {
            lines.push(format!("  {what}: {}", shortened(texts).join(", ")));
        }
    }
    lines
}

fn shortened(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| cell::shown(text)).collect()
}
