//! `backroom export`: write records to a file that imports again unchanged.

use crate::app::App;
use crate::base::error::{Error, Result};
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::cli::place::require_outside;
use crate::shop::transfer::export::OrderShape;
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::outgoing::{Export, FileFormat, Shape, Wanted};
use crate::shop::transfer::writer::Style;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Export orders, customers or credit notes
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom export orders -o orders.csv
  backroom export credit-notes -o credit-notes.csv
  backroom export orders --query 'status:open country:DE' --format jsonl | gzip > open.jsonl.gz")]
pub(super) struct ExportArgs {
    pub(super) what: ExportWhat,
    /// Only what these words find; a field has the whole value, with * behind it a beginning
    #[arg(long, value_name = "QUERY")]
    pub(super) query: Option<String>,
    #[arg(long, default_value = "csv")]
    pub(super) format: ExportFormat,
    /// The file to write; standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ExportWhat {
    Orders,
    Customers,
    CreditNotes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ExportFormat {
    /// UTF-8, commas, CRLF; a row an order line
    Csv,
    /// An Excel workbook
    Xlsx,
    /// One JSON object a line
    Jsonl,
}

/// Writes the export to the file, or to standard output.
pub(super) fn run(args: &ExportArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    let zone = app.shop.zone();
    let wanted = Wanted {
        kind: match args.what {
            ExportWhat::Orders => Kind::Orders,
            ExportWhat::Customers => Kind::Customers,
            ExportWhat::CreditNotes => Kind::CreditNotes,
        },
        query: args.query.as_deref().unwrap_or_default(),
        shape: Shape::Records { columns: Vec::new(), orders: OrderShape::PerLine },
        spent_in: None,
        format: match args.format {
            ExportFormat::Csv => FileFormat::Csv(Style::default()),
            ExportFormat::Xlsx => FileFormat::Xlsx,
            ExportFormat::Jsonl => FileFormat::JsonLines,
        },
        sort: None,
        now: app.store.clock().now(),
        zone: &zone,
    };
    // Before the file is made: what is refused must not empty the one that is there.
    let export = Export::begin(&app.store, &app.search, &wanted).map_err(helped)?;
    match &args.output {
        Some(name) => {
            let path = answer.file(name)?;
            require_outside(&app.dir, &path)?;
            let unwritable = |e: std::io::Error| {
                Error::invalid("file_unwritable", format!("{} cannot be written: {e}.", path.display()))
            };
            let file = File::create(&path).map_err(unwritable)?;
            let count = export.write(BufWriter::with_capacity(1 << 18, file))?;
            answer.remark(format_args!("{count} records in {}", path.display()))?;
            let is_all = wanted.kind == Kind::Orders && wanted.query.trim().is_empty();
            if is_all && !app.store.read(|s| crate::shop::orders::credit_note_ids(s, None, 1))?.is_empty() {
                answer.remark("Credit notes are a file of their own: backroom export credit-notes")?;
            }
        }
        None => {
            export.write(Through(answer))?;
        }
    }
    Ok(Exit::Ok)
}

/// A command of its own ends before an index is built, so that trying again alone would not help.
fn helped(error: Error) -> Error {
    if error.code != "index_rebuilding" {
        return error;
    }
    let text = "The search index is not whole, so the file would not have every record. Run `backroom reindex`, then this again.";
    Error::unavailable("index_rebuilding", text, 15)
}

/// The command's answer as a file.
struct Through<'a>(&'a mut Answer);

impl Write for Through<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // The kind tells a reader who has seen enough from a full disk.
        self.0.bytes(bytes).map_err(|e| {
            if e.code == "closed_pipe" {
                std::io::ErrorKind::BrokenPipe.into()
            } else {
                std::io::Error::other(e)
            }
        })?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
