//! `backroom export`: write records to a file that imports again unchanged.

use crate::cli::Place;
use std::path::PathBuf;

/// Export orders or customers
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom export orders -o orders.csv
  backroom export orders --query 'status:open country:DE' --format jsonl | gzip > open.jsonl.gz")]
pub struct ExportArgs {
    pub what: ExportWhat,
    /// Only what the search box finds with these words
    #[arg(long, value_name = "QUERY")]
    pub query: Option<String>,
    #[arg(long, default_value = "csv")]
    pub format: ExportFormat,
    /// The file to write; standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportWhat {
    Orders,
    Customers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// UTF-8, commas, CRLF; a row an order line
    Csv,
    /// One JSON object a line
    Jsonl,
}
