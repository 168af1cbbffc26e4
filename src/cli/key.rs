//! `backroom key`: API keys for programs.

use crate::cli::Place;

/// Create, list and revoke API keys
#[derive(Clone, Debug, clap::Args)]
pub struct KeyArgs {
    #[command(flatten)]
    pub place: Place,
    #[command(subcommand)]
    pub verb: KeyVerb,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum KeyVerb {
    /// Create a key and print it, this once
    #[command(after_help = "\
Examples:
  backroom key create --name storefront --scope orders:read --scope orders:write
  KEY=$(backroom key create --name backup --scope all)

With --json: {\"id\", \"key\"}.")]
    Create {
        /// What the key is for
        #[arg(long)]
        name: String,
        /// What it may do, such as orders:read; `all` is everything; may be repeated
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// One line of JSON
        #[arg(long)]
        json: bool,
    },
    /// List all keys, without their secret part
    #[command(after_help = "\
Example:
  backroom key list --json

With --json, one line a key: {\"id\", \"name\", \"scopes\", \"created_at\", \"last_used_at\", \"is_revoked\"}.")]
    List {
        /// JSON, one line a key
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key; it is refused from the next request on
    #[command(after_help = "Example:\n  backroom key revoke key_01jd3m8v2hf8sbq3w4k5n6p7r8")]
    Revoke { id: String },
}
