//! The sections of the configuration with their defaults, and what cannot work in them.

use super::mail::Mail;
use crate::access;
use crate::base::error::{Error, FieldError, Result};
use crate::outbound::certificates;
use crate::outbound::s3::{Place, Storage};
use crate::outbound::target::Target;
use crate::outbound::webhooks;
use crate::search;
use crate::store;
use crate::store::backup::{KEY_LENGTH_MIN, Keep};
use crate::web;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// Everything that can be set. Each room declares its own section; what no room owns stands below.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub server: web::Settings,
    pub access: access::Settings,
    pub data: Data,
    pub log: Log,
    pub store: store::Settings,
    pub search: search::Settings,
    pub metrics: Metrics,
    pub backup: Backup,
    pub webhooks: webhooks::Settings,
    pub mail: Mail,
    pub events: Events,
    pub sites: certificates::Settings,
}

/// `[events]`: what the change feed promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Days that the change feed goes back; 0 is everything.
    pub feed_days: u32,
}

impl Default for Events {
    fn default() -> Self {
        Self { feed_days: 90 }
    }
}

/// `[data]`: where everything is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// The data directory; [`load`](super::load) puts the usual place here when none is set.
    pub dir: Option<PathBuf>,
}

/// `[log]`: what is written to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    /// A level, or levels by module: `info,backroom::web=debug`.
    pub level: String,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    Text,
    Json,
}

impl Log {
    /// Whether every part is a level or a module with one. The library takes `loud` for a module all of whose lines
    /// are wanted, and is silent about everything else.
    fn has_levels(&self) -> bool {
        let is_level = |text: &str| text.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
        let is_part = |part: &str| match part.trim().rsplit_once('=') {
            Some((module, level)) => !module.trim().is_empty() && is_level(level.trim()),
            None => is_level(part.trim()),
        };
        self.level.split(',').all(is_part)
            && self.level.parse::<tracing_subscriber::filter::Targets>().is_ok()
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Auto, level: "info".to_owned() }
    }
}

/// `[metrics]`: figures for Prometheus on a listener of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Address and port; nothing listens when absent.
    pub listen: Option<String>,
    /// When set, readers have to send it as `Authorization: Bearer …`.
    pub token: Option<Secret>,
}

/// `[backup]`: copies that are made and proved behind, and how many of them stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backup {
    /// Whether the running shop makes them by itself.
    pub enabled: bool,
    /// The hour of the day, in the shop's zone, from which a new one is due.
    pub hour: u8,
    /// Seconds after the start before one that is due is made.
    pub delay_seconds: u32,
    pub keep_daily: u32,
    pub keep_weekly: u32,
    pub keep_monthly: u32,
    /// When set, backups are encrypted to it.
    pub key: Option<Secret>,
    /// Whether the journal is kept beside the backups, so that any moment can be restored.
    pub journal: bool,
    /// When set, proved backups and the journal are copied to this directory.
    pub copy_dir: Option<PathBuf>,
    /// When set, they are copied to this S3-compatible storage.
    pub s3_endpoint: Option<String>,
    pub s3_bucket: Option<String>,
    pub s3_region: String,
    /// Put before the name of every copy.
    pub s3_prefix: String,
    pub s3_access_key: Option<Secret>,
    pub s3_secret_key: Option<Secret>,
}

impl Default for Backup {
    fn default() -> Self {
        let Keep { daily, weekly, monthly } = Keep::default();
        Self {
            enabled: true,
            hour: 3,
            delay_seconds: 300,
            keep_daily: daily,
            keep_weekly: weekly,
            keep_monthly: monthly,
            key: None,
            journal: true,
            copy_dir: None,
            s3_endpoint: None,
            s3_bucket: None,
            s3_region: "us-east-1".to_owned(),
            s3_prefix: String::new(),
            s3_access_key: None,
            s3_secret_key: None,
        }
    }
}

impl Backup {
    /// How many stay.
    pub fn keep(&self) -> Keep {
        Keep { daily: self.keep_daily, weekly: self.keep_weekly, monthly: self.keep_monthly }
    }
    /// Whether the journal is shipped while the shop runs.
    pub fn ships(&self) -> bool {
        self.enabled && self.journal
    }
    /// All places where copies go.
    ///
    /// # Errors
    /// `invalid_setting`.
    pub fn targets(&self) -> Result<Vec<Target>> {
        let folder = self.copy_dir.as_deref().map(Target::folder);
        let storage = self.storage()?.map(|storage| {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            let name = format!("{}/{}/{}", part(&self.s3_endpoint), part(&self.s3_bucket), self.s3_prefix);
            Target::storage(name, storage)
        });
        Ok(folder.into_iter().chain(storage).collect())
    }
    /// The storage where copies go; `None` when there is none.
    ///
    /// # Errors
    /// `invalid_setting`.
    pub fn storage(&self) -> Result<Option<Storage>> {
        let Some(endpoint) = &self.s3_endpoint else {
            let says_more =
                self.s3_bucket.is_some() || self.s3_access_key.is_some() || self.s3_secret_key.is_some();
            if says_more {
                let text = "backup.s3_endpoint: give the address of the storage, such as https://s3.example.com, or leave out \
                            its bucket and keys";
                return Err(Error::invalid(INVALID, text));
            }
            return Ok(None);
        };
        let key = |path: &str, key: &Option<Secret>| match key {
            Some(key) => Ok(key.clone()),
            None => Err(Error::invalid("invalid_setting", format!("{path}: give the key of the storage"))),
        };
        let access = key("backup.s3_access_key", &self.s3_access_key)?;
        let secret = key("backup.s3_secret_key", &self.s3_secret_key)?;
        Storage::new(&Place {
            endpoint,
            bucket: self.s3_bucket.as_deref().unwrap_or_default(),
            region: &self.s3_region,
            prefix: &self.s3_prefix,
            access_key: access.reveal(),
            secret_key: secret.reveal(),
        })
        .map(Some)
    }
    /// What they are encrypted with.
    pub fn key(&self) -> Option<&str> {
        self.key.as_ref().map(Secret::reveal)
    }
}

/// A value that is never shown, logged or written back.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// What it shows instead of the value.
    pub const MASK: &'static str = "***";

    /// The value itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::MASK)
    }
}
impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.serialize_str(Self::MASK)
    }
}

impl Settings {
    /// The settings whose value is a [`Secret`]: these may also come from a file or the credentials directory.
    pub const SECRETS: &[&str] = &[
        "metrics.token",
        "backup.key",
        "backup.s3_access_key",
        "backup.s3_secret_key",
        "mail.password",
        "mail.dkim_key",
        "mail.bounces.password",
    ];

    /// What cannot work although every value has the right shape: the setting and what would be right.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Problems::default();
        found.keep(self.server.check());
        found.keep(self.access.check());
        for (path, listen) in
            [("server.listen", Some(&self.server.listen)), ("metrics.listen", self.metrics.listen.as_ref())]
        {
            let fits = listen.is_none_or(|l| l.parse::<SocketAddr>().is_ok());
            found.unless(fits, path, "give an address and a port such as 127.0.0.1:8080 or [::1]:8080");
        }
        found.unless(
            self.log.has_levels(),
            "log.level",
            "give error, warn, info, debug, trace or a list by module",
        );
        let (store, search) = (&self.store, &self.search);
        for (path, value, least, most) in [
            ("store.cache_mb", store.cache_mb, 1, 1 << 20),
            ("store.scan_seconds", store.scan_seconds, 1, 3_600),
            ("search.arena_mb", search.arena_mb, 15, 512),
            ("search.commit_every_ms", search.commit_every_ms, 10, 60_000),
            ("search.commit_changes", search.commit_changes, 1, 1_000_000),
            ("events.feed_days", self.events.feed_days, 0, 36_500),
        ] {
            let fits = (least..=most).contains(&value);
            found.unless(fits, path, format!("give a number from {least} to {most}"));
        }
        let workers = self.server.workers.is_none_or(|workers| (1..=WORKERS_MAX).contains(&workers));
        found.unless(workers, "server.workers", format!("give a number from 1 to {WORKERS_MAX}"));
        found.unless(
            self.server.max_connections > 0,
            "server.max_connections",
            "give a number of at least 1",
        );
        let is_shared =
            self.metrics.listen.as_ref().is_some_and(|l| *l == self.server.listen && !l.ends_with(":0"));
        let is_open = self.metrics.token.as_ref().is_none_or(|t| !t.reveal().trim().is_empty());
        found.unless(is_open, "metrics.token", "write a token, or leave the setting out");
        found.keep(self.backup.storage().map(|_storage| ()));
        found.keep(self.webhooks.networks().map(|_networks| ()));
        found.keep(self.mail.check());
        found.keep(self.sites.check());
        found.unless(
            self.backup.copy_dir.as_ref().is_none_or(|dir| dir.is_absolute()),
            "backup.copy_dir",
            "give the whole path of a directory, such as /mnt/backups/shop",
        );
        let is_inside =
            self.backup.copy_dir.as_ref().zip(self.data.dir.as_ref()).is_some_and(|(copies, data)| {
                let real = |dir: &PathBuf| dir.canonicalize().unwrap_or_else(|_| dir.clone());
                let disk = |dir: &PathBuf| std::fs::metadata(dir).map(|about| about.dev()).ok();
                // Another disk may be mounted there.
                real(copies).starts_with(real(data)) && (disk(copies).is_none() || disk(copies) == disk(data))
            });
        found.unless(
            !is_inside,
            "backup.copy_dir",
            "give a directory outside the data directory, best on another disk",
        );
        found.unless(self.backup.hour < 24, "backup.hour", "give a number from 0 to 23");
        let is_long = self.backup.key().is_none_or(|key| key.trim().len() >= KEY_LENGTH_MIN);
        found.unless(
            is_long,
            "backup.key",
            format!("give at least {KEY_LENGTH_MIN} characters, or leave it out"),
        );
        found.unless(!is_shared, "metrics.listen", "give another port than server.listen has");
        found.0
    }

    /// Switches off what lacks a secret that the service may be given by itself, and names those secrets.
    pub(super) fn forgo_secrets(&mut self) -> Vec<&'static str> {
        let (mail, backup) = (&mut self.mail, &mut self.backup);
        let mut missing = Vec::new();
        if mail.host.is_some() && mail.user.is_some() && mail.password.is_none() {
            (mail.host, mail.user) = (None, None);
            missing.push("mail.password");
        }
        if mail.dkim_domain.is_some() && mail.dkim_selector.is_some() && mail.dkim_key.is_none() {
            (mail.dkim_domain, mail.dkim_selector) = (None, None);
            missing.push("mail.dkim_key");
        }
        let bounces = &mut mail.bounces;
        if bounces.host.is_some() && bounces.user.is_some() && bounces.password.is_none() {
            (bounces.host, bounces.user) = (None, None);
            missing.push("mail.bounces.password");
        }
        if backup.s3_endpoint.is_some() {
            let keys = [
                ("backup.s3_access_key", backup.s3_access_key.is_none()),
                ("backup.s3_secret_key", backup.s3_secret_key.is_none()),
            ];
            let lacking = keys.iter().filter(|(_, lacks)| *lacks).map(|(name, _)| *name);
            let before = missing.len();
            missing.extend(lacking);
            if missing.len() > before {
                (backup.s3_endpoint, backup.s3_bucket) = (None, None);
                (backup.s3_access_key, backup.s3_secret_key) = (None, None);
            }
        }
        missing
    }

    /// What cannot work on this machine although the settings fit together: a file that is not there or is no good.
    ///
    /// # Errors
    /// `config_invalid` with the setting and what would be right.
    pub fn require_files(&self) -> Result<()> {
        let mut found = Problems::default();
        found.keep(self.mail.server().map(drop).and_then(|()| self.mail.mailbox().map(drop)));
        found.keep(self.sites.require_files());
        if found.0.is_empty() { Ok(()) } else { Err(refusal(found.0)) }
    }
}

/// What was found so far.
#[derive(Default)]
struct Problems(Vec<FieldError>);

impl Problems {
    fn unless(&mut self, fits: bool, path: &str, right: impl Into<String>) {
        if !fits {
            self.0.push(FieldError { pointer: path.to_owned(), code: INVALID, detail: right.into() });
        }
    }
    /// The refusal of a room, whose message begins with the setting: `server.public_url: write …`.
    fn keep(&mut self, checked: Result<()>) {
        if let Err(refused) = checked {
            let (path, right) = refused.message.split_once(": ").unwrap_or(("", &refused.message));
            self.unless(false, path, right);
        }
    }
}

/// As many as the framework starts.
const WORKERS_MAX: usize = 512;

/// The code word of every wrong value.
pub(super) const INVALID: &str = "invalid_setting";

/// All problems of a configuration as one refusal; the command line answers it with exit code 3.
pub(super) fn refusal(problems: Vec<FieldError>) -> Error {
    let message = match problems.len() {
        1 => "The configuration has a problem.".to_owned(),
        many => format!("The configuration has {many} problems."),
    };
    let mut error = Error::invalid("config_invalid", message);
    error.fields = problems;
    error
}
