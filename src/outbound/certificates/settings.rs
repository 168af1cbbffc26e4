//! What can be set about the watching of sites in the configuration file.

use crate::base::error::{Error, Result};
use crate::outbound::dial;
use std::path::PathBuf;
use std::time::Duration;

/// The section `[sites]`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Authorities of one's own that are trusted beside the public ones, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Seconds to connect, and to agree on the encryption.
    pub timeout_seconds: u32,
    /// Seconds after which a check that failed is made again, before anybody is told.
    pub recheck_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ca_file: None, timeout_seconds: 10, recheck_seconds: 120 }
    }
}

impl Settings {
    /// What cannot work, without a look at files.
    ///
    /// # Errors
    /// `invalid_setting` with the key and what would be right.
    pub fn check(&self) -> Result<()> {
        let wrong = |text: &'static str| Err(Error::invalid("invalid_setting", text));
        if self.ca_file.as_ref().is_some_and(|file| !file.is_absolute()) {
            return wrong("sites.ca_file: give the whole path of a file, such as /etc/ssl/own-ca.pem");
        }
        // A job that gives no sign of life for a minute is taken away.
        if !(1..=20).contains(&self.timeout_seconds) {
            return wrong("sites.timeout_seconds: give a number from 1 to 20");
        }
        if !(1..=3_600).contains(&self.recheck_seconds) {
            return wrong("sites.recheck_seconds: give a number from 1 to 3600");
        }
        Ok(())
    }

    /// Whether the files that are named are there and hold certificates.
    ///
    /// # Errors
    /// `invalid_setting` with the key and what would be right.
    pub fn require_files(&self) -> Result<()> {
        dial::roots(self.ca_file.as_deref(), "sites.ca_file").map(drop)
    }

    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_seconds))
    }

    /// The pause before a check that failed is made again.
    pub fn recheck_ms(&self) -> i64 {
        i64::from(self.recheck_seconds) * 1_000
    }
}
