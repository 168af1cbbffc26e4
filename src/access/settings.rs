//! The `[access]` section of the configuration file: how long a sign-in lasts.

use crate::base::error::{Error, Result};
use crate::base::time::{DAY_MS, MINUTE_MS};
use serde::{Deserialize, Serialize};

/// How long people stay signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Minutes without a request after which a session ends. Twelve hours cover a working day at the packing desk
    /// with its breaks, so that nobody is thrown out in the middle of it, and end over night what was left open.
    pub session_idle_minutes: u32,
    /// Days after which a session ends even when it is in use.
    pub session_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { session_idle_minutes: 12 * 60, session_days: 14 }
    }
}

impl Settings {
    /// # Errors
    /// `invalid_setting` with the key and what would be right.
    pub fn check(&self) -> Result<()> {
        let wrong = |text| Err(Error::invalid("invalid_setting", text));
        if !(5..=30 * 24 * 60).contains(&self.session_idle_minutes) {
            return wrong("access.session_idle_minutes: write a number from 5 to 43200.");
        }
        if !(1..=365).contains(&self.session_days) {
            return wrong("access.session_days: write a number from 1 to 365.");
        }
        Ok(())
    }
    pub fn idle_ms(&self) -> i64 {
        i64::from(self.session_idle_minutes) * MINUTE_MS
    }
    pub fn absolute_ms(&self) -> i64 {
        i64::from(self.session_days) * DAY_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_checked_and_unknown_keys_refused() {
        Settings::default().check().unwrap();
        for wrong in ["session_idle_minutes = 1", "session_days = 0", "session_days = 4000"] {
            assert!(toml::from_str::<Settings>(wrong).unwrap().check().is_err(), "{wrong}");
        }
        assert!(toml::from_str::<Settings>("session_hours = 1").is_err());
    }
}
