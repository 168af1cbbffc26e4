//! `backroom key`: API keys for programs.

use crate::access::key::{self, KeyId, NewKey};
use crate::access::staff::Granter;
use crate::access::token;
use crate::app::App;
use crate::base::error::Result;
use crate::base::id::Id;
use crate::base::time::Timestamp;
use crate::cli::Place;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use serde_json::json;

/// Create, list and revoke API keys
#[derive(Clone, Debug, clap::Args)]
pub(super) struct KeyArgs {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(subcommand)]
    pub(super) verb: KeyVerb,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum KeyVerb {
    /// Create a key and print it, this once
    #[command(after_help = "\
Examples:
  backroom key create --name storefront --scope orders:view --scope orders:create
  KEY=$(backroom key create --name backup --scope all)
  backroom key create --name 'contact form' --origin https://shop.example.com

With --scope it is a secret key for the back office. With --origin it is a publishable one, which may stand in pages of
those origins and opens the storefront alone.

A secret key works for 365 days unless --days or --forever says otherwise; a publishable one for ever. `backroom key list`
says until when, and the home page of the shop does in the last 30 days.

With --json: {\"id\", \"key\", \"expires_at\"}.")]
    Create {
        /// What the key is for
        #[arg(long)]
        name: String,
        /// What it may do, such as orders:view; `all` is everything; may be repeated
        #[arg(
            long = "scope",
            value_name = "SCOPE",
            required_unless_present = "origins",
            conflicts_with = "origins"
        )]
        scopes: Vec<String>,
        /// Where the pages are that use a publishable key, such as https://shop.example.com; may be repeated
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
        /// Days it works, from 1 to 3650 [default: 365 for a secret key]
        #[arg(long, value_name = "N", conflicts_with = "forever")]
        days: Option<u32>,
        /// It works until it is revoked
        #[arg(long)]
        forever: bool,
        /// One line of JSON
        #[arg(long)]
        json: bool,
    },
    /// List all keys, without their secret part
    #[command(after_help = "\
Example:
  backroom key list --json

With --json, one line a key: {\"id\", \"name\", \"scopes\", \"origins\", \"created_at\", \"last_used_at\", \"expires_at\",
\"is_revoked\", \"is_expired\"}.")]
    List {
        /// JSON, one line a key
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key; it is refused from the next request on
    #[command(after_help = "Example:\n  backroom key revoke key_01jd3m8v2hf8sbq3w4k5n6p7r8")]
    Revoke { id: String },
}

/// Creates, lists or revokes keys.
pub(super) fn run(args: KeyArgs, app: &App, answer: &mut Answer) -> Result<Exit> {
    match args.verb {
        KeyVerb::Create { name, scopes, origins, days, forever, json } => {
            let origins = Some(origins).filter(|origins| !origins.is_empty());
            // One that stands in pages is not found out, and would only end at a bad time.
            let (secret, usual) = match origins {
                Some(_) => (token::new_publishable_key(), None),
                None => (token::new_key(), Some(key::DEFAULT_DAYS)),
            };
            let days = days.or(usual).filter(|_| !forever);
            let (new, kept) = (NewKey { name, scopes, days, origins }, secret.clone());
            let made = app
                .store
                .write_blocking(app.actor(), move |tx| key::create(tx, &Granter::console(), &new, &kept))?;
            if json {
                answer.json(&json!({"id": made.id, "key": secret, "expires_at": made.expires_at}))?;
            } else {
                answer.line(secret)?;
            }
        }
        KeyVerb::List { json } => {
            let now = app.store.clock().now();
            for key in app.store.read(key::list)? {
                let is_expired = key.expires_at.is_some_and(|end| now >= end);
                if json {
                    answer.json(&json!({
                        "id": key.id, "name": key.name, "scopes": key.scopes, "origins": key.origins(), "created_at": key.created_at,
                        "last_used_at": key.last_used_at, "expires_at": key.expires_at,
                        "is_revoked": key.revoked_at.is_some(), "is_expired": is_expired,
                    }))?;
                } else {
                    let day = |end: Timestamp| end.to_string().chars().take(10).collect::<String>();
                    let state = match (key.revoked_at, key.expires_at) {
                        (Some(_), _) => "revoked".to_owned(),
                        (None, Some(end)) if is_expired => format!("ended {}", day(end)),
                        (None, Some(end)) => format!("works until {}", day(end)),
                        (None, None) => "works".to_owned(),
                    };
                    answer.line(format_args!(
                        "{}  {}  {}  {}",
                        key.id,
                        state,
                        key.name,
                        if key.is_publishable() { key.origins().join(" ") } else { key.scopes.join(" ") }
                    ))?;
                }
            }
        }
        KeyVerb::Revoke { id } => {
            let id = KeyId::parse(&id)?;
            let key =
                app.store.write_blocking(app.actor(), move |tx| key::revoke(tx, &Granter::console(), id))?;
            answer.remark(format_args!("{} is revoked", key.name))?;
        }
    }
    Ok(Exit::Ok)
}
