//! `backroom import`: take over the data of another shop, or an export of this one.

use crate::cli::Place;
use std::path::PathBuf;

/// Import orders, customers or products from files
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom import orders --from shopify orders_export.csv --dry-run
  backroom import customers --from backroom customers.csv --on-error skip --rejected refused.csv

Importing a file twice changes nothing. An interrupted import goes on where it stopped when it is run again.
With --json: {\"created\", \"changed\", \"unchanged\", \"refused\", \"warnings\"} when it has ended.")]
pub struct ImportArgs {
    pub what: ImportWhat,
    /// The program the files come from
    #[arg(long)]
    pub from: ImportSource,
    /// CSV files; several parts of one export are read in this order
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Say what would happen and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// What to do about rows that are refused
    #[arg(long, default_value = "skip", value_name = "WHAT")]
    pub on_error: OnError,
    /// Write the refused rows with the reason to this CSV file
    #[arg(long, value_name = "FILE")]
    pub rejected: Option<PathBuf>,
    /// One line of JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ImportWhat {
    Orders,
    Customers,
    Products,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ImportSource {
    Shopify,
    Woocommerce,
    Magento,
    Prestashop,
    OnlineRetail,
    Olist,
    /// Our own export
    Backroom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OnError {
    /// Leave the row out and go on
    Skip,
    /// Stop before the row; what came before is kept
    Stop,
}
