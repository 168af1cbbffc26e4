//! The sections of the configuration with their defaults, and what cannot work in them.

use crate::base::error::{Error, FieldError};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub server: Server,
    pub data: Data,
    pub log: Log,
    pub store: Store,
    pub search: Search,
    pub metrics: Metrics,
}

/// `[server]`: where the shop listens and whom it believes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    pub listen: String,
    pub public_url: Option<String>,
    pub allowed_hosts: Vec<String>,
    pub trusted_proxies: Vec<String>,
    pub workers: Option<usize>,
    pub max_connections: usize,
    pub rate_limits: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            workers: None,
            max_connections: 2_048,
            rate_limits: true,
        }
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

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Auto, level: "info".to_owned() }
    }
}

/// `[store]`: the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    pub cache_mb: u32,
    pub reserve_mb: u32,
    pub ballast_mb: u32,
    pub scan_seconds: u32,
}

impl Default for Store {
    fn default() -> Self {
        Self { cache_mb: 64, reserve_mb: 512, ballast_mb: 16, scan_seconds: 10 }
    }
}

/// `[search]`: the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Memory of the index writer in MB; at least 15.
    pub memory_mb: u32,
    /// So many milliseconds pass between two commits of the index, if there is anything to write.
    pub commit_ms: u32,
}

impl Default for Search {
    fn default() -> Self {
        Self { memory_mb: 32, commit_ms: 1_000 }
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
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(Self::MASK)
    }
}

impl Settings {
    /// The settings whose value is a [`Secret`]: these may also come from a file or the credentials directory.
    pub const SECRETS: &[&str] = &["metrics.token"];

    /// What cannot work although every value has the right shape: the setting and what would be right.
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        let mut wrong = |path: &str, detail: String| {
            found.push(FieldError { pointer: path.to_owned(), code: INVALID, detail });
        };
        for (path, listen) in
            [("server.listen", Some(&self.server.listen)), ("metrics.listen", self.metrics.listen.as_ref())]
        {
            if listen.is_some_and(|l| l.parse::<SocketAddr>().is_err()) {
                wrong(path, "give an address and a port such as 127.0.0.1:8080 or [::1]:8080".to_owned());
            }
        }
        if let Some(url) = &self.server.public_url
            && !is_origin(url)
        {
            wrong("server.public_url", "give scheme and host such as https://shop.example.com".to_owned());
        }
        if tracing_subscriber::EnvFilter::try_new(&self.log.level).is_err() {
            wrong("log.level", "give error, warn, info, debug, trace or a list by module".to_owned());
        }
        for (path, value, least, most) in [
            ("store.cache_mb", self.store.cache_mb, 1, 1 << 20),
            ("store.scan_seconds", self.store.scan_seconds, 1, 3_600),
            ("search.memory_mb", self.search.memory_mb, 15, 4_095),
            ("search.commit_ms", self.search.commit_ms, 10, 60_000),
        ] {
            if !(least..=most).contains(&value) {
                wrong(path, format!("give a number from {least} to {most}"));
            }
        }
        if self.server.max_connections == 0 || self.server.workers == Some(0) {
            let path =
                if self.server.workers == Some(0) { "server.workers" } else { "server.max_connections" };
            wrong(path, "give a number of at least 1".to_owned());
        }
        if self.server.listen == self.metrics.listen.as_deref().unwrap_or_default() {
            wrong("metrics.listen", "give another port than server.listen has".to_owned());
        }
        found
    }
}

/// The code word of every wrong value.
pub(super) const INVALID: &str = "invalid_setting";

/// Scheme and host, no path.
fn is_origin(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|h| {
        let h = h.trim_end_matches('/');
        !h.is_empty() && !h.contains(['/', '@', '?', '#']) && !h.contains(char::is_whitespace)
    })
}

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
