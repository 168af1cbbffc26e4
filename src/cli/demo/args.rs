//! `backroom demo`: what the command takes.

use crate::base::time::{Timestamp, Zone};
use crate::cli::demo::Plan;
use std::path::PathBuf;

/// The seed of every demo shop, so that two of the same size and day are alike.
const SEED: u64 = 1;

/// Run a filled, life-like shop to look around in; nothing is kept
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  backroom demo
  backroom demo --orders 1000000 --data ./large-shop

With --json, one line once it answers: {\"url\", \"email\", \"password\", \"api_key\"}.")]
pub struct DemoArgs {
    /// Address and port to listen on; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// Keep the shop in this directory, and go on with it when there is one already
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How many orders the shop has had
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(0..=100_000_000))]
    pub orders: u64,
    /// One line of JSON
    #[arg(long)]
    pub json: bool,
}

impl DemoArgs {
    /// The shop these arguments ask for, its last order placed just before `now`.
    pub fn plan(&self, now: Timestamp, zone: Zone) -> Plan {
        Plan { seed: SEED, orders: self.orders, end: now, zone }
    }
}
