//! What can be set about the store in the configuration file.

/// The section `[store]`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Memory for pages of the database, in MB.
    pub cache_mb: u32,
    /// With less free disk space than this, in MB, writes are refused and reads go on. 0 switches the guard off.
    pub reserve_mb: u32,
    /// Size in MB of the file that is given up when space runs out, so that sign-in and recovery can still write.
    pub ballast_mb: u32,
    /// A scan that takes longer than this many seconds is stopped.
    pub scan_seconds: u32,
}

impl Settings {
    /// Bytes of the disk below which writes are refused.
    pub fn reserve(&self) -> u64 {
        u64::from(self.reserve_mb) << 20
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { cache_mb: 64, reserve_mb: 512, ballast_mb: 16, scan_seconds: 10 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_has_its_default_and_an_unknown_one_is_refused() {
        let set: Settings = toml::from_str("cache_mb = 128").unwrap();
        assert_eq!((set.cache_mb, set.reserve_mb), (128, 512));
        assert!(toml::from_str::<Settings>("cache = 1").is_err());
    }
}
