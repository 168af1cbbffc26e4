//! `backroom import`: take over the data of another shop, or an export of this one.

use crate::app::App;
use crate::base::error::{Error, Result};
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::shop::transfer::input::Input;
use crate::shop::transfer::landing::{Landed, Landing, OnError};
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::Report;
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::{own_run, run};
use crate::store::{Actor, ActorKind};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Import orders or customers from files
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom import orders --from shopify orders_export.csv --dry-run
  backroom import customers --from backroom customers.csv --rejected refused.csv
  backroom import orders --from csv --mapping my-shop.toml orders.csv

Files may be compressed (.gz, .zst). Importing a file twice changes nothing; an import that was interrupted goes
on when it is run again. With --json, one line when it has ended: {\"dry_run\", \"rows\", \"lines\", \"orders\",
\"credit_notes\", \"adjustments\", \"customers\", \"landed\", \"sums\", \"warnings\", \"seconds\"}.")]
pub(super) struct ImportArgs {
    pub(super) what: ImportWhat,
    /// The program the files come from; csv needs --mapping
    #[arg(long, value_parser = source)]
    pub(super) from: ImportSource,
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
    /// Write the refused rows with the reason to this CSV file
    #[arg(long, value_name = "FILE")]
    pub(super) rejected: Option<PathBuf>,
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
}

/// Where the files come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportSource {
    Known(Format),
    /// Any CSV file with a mapping.
    Mapped,
}

fn source(word: &str) -> std::result::Result<ImportSource, String> {
    if word == "csv" {
        return Ok(ImportSource::Mapped);
    }
    Format::from_word(word).map(ImportSource::Known).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|f| f.word()).collect();
        format!("there are {}, csv", known.join(", "))
    })
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
    };
    let files: Vec<Input> = args.files.iter().map(|name| Input::path(&answer.file(name))).collect();
    let profile = app.shop.profile();
    let options = Options { zone: app.shop.zone(), currency: Some(profile.currency), ..Options::default() };
    let search = app.search.clone();
    let has_room = move || search.has_room();
    let mut quiet = |_done: u64, _all: u64, _so_far: &Landed| true;
    let actor = Actor::new(ActorKind::Import, "cli", "Import");
    let mut landing = Landing::new(&app.store, actor, &has_room, &mut quiet)
        .dry(args.dry_run)
        .on_error(if args.on_error == WhenRefused::Stop { OnError::Stop } else { OnError::Skip });
    if let Some(name) = &args.rejected {
        landing = landing.refused_to(create(answer.file(name))?)?;
    }
    let started = Instant::now();
    let report = match args.from {
        ImportSource::Known(Format::Backroom) => own_run::run(kind, &files, &options, &mut landing)?,
        ImportSource::Known(format) => run::run(&preset(format, kind)?, &files, &options, &mut landing)?,
        ImportSource::Mapped => run::run(&mapping(args, answer)?, &files, &options, &mut landing)?,
    };
    let landed = landing.finish()?;
    if !args.dry_run {
        app.search.flush()?;
    }
    tell(args, answer, &report, &landed, started)?;
    let nothing = report.tallies.rows > 0
        && landed.refused > 0
        && landed == (Landed { refused: landed.refused, ..Landed::default() });
    Ok(if nothing { Exit::Failed } else { Exit::Ok })
}

fn create(path: PathBuf) -> Result<Box<dyn Write + Send>> {
    match File::create(&path) {
        Ok(file) => Ok(Box::new(std::io::BufWriter::new(file))),
        Err(e) => {
            Err(Error::invalid("file_unwritable", format!("{} cannot be written: {e}.", path.display())))
        }
    }
}

fn mapping(args: &ImportArgs, answer: &Answer) -> Result<Mapping> {
    let Some(name) = &args.mapping else {
        return Err(Error::invalid(
            "usage",
            "--from csv needs --mapping FILE, which says what the columns are.",
        ));
    };
    let path = answer.file(name);
    let text = std::fs::read_to_string(&path)
        .map_err(|e| Error::invalid("file_unreadable", format!("{} cannot be read: {e}.", path.display())))?;
    Mapping::parse(&text)
}

fn tell(
    args: &ImportArgs,
    answer: &mut Answer,
    report: &Report,
    landed: &Landed,
    started: Instant,
) -> Result<()> {
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
            "warnings": report.warnings, "seconds": started.elapsed().as_millis() as u64 / 1_000,
        }));
    }
    let would = if args.dry_run { "would be " } else { "" };
    answer.line(format_args!(
        "{} rows, {} lines, {} orders, {} customers",
        t.rows, t.lines, t.orders, t.customers
    ))?;
    for (count, what) in [
        (landed.orders_added, "orders added"),
        (landed.orders_known, "orders known already"),
        (landed.customers_added, "customers added"),
        (landed.customers_changed, "customers changed"),
        (landed.customers_unchanged, "customers unchanged"),
        (landed.credit_notes_added, "credit notes and adjustments added"),
        (landed.credit_notes_known, "credit notes and adjustments known already"),
        (landed.refused, "refused"),
    ] {
        if count > 0 {
            answer.line(format_args!("  {count} {would}{what}"))?;
        }
    }
    for (code, warning) in &report.warnings.0 {
        answer.line(format_args!("  warning {code}: {} ({} times)", warning.sentence, warning.count))?;
    }
    Ok(())
}
