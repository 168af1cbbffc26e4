//! Where a command finds its configuration and its data.

use crate::base::error::{Error, Result};
use crate::config::{Flag, Inputs, Loaded, load};
use std::path::PathBuf;

/// The flags that every command has which needs the shop's data.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Place {
    /// The configuration file; without it the usual places are looked at
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// The data directory (setting data.dir)
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
}

impl Place {
    /// Reads the configuration; `more` are the command's own flags that stand for settings.
    ///
    /// # Errors
    /// `config_invalid` with everything that is wrong.
    pub fn load(&self, more: Vec<Flag>) -> Result<Loaded> {
        let data = match &self.data {
            None => None,
            Some(dir) => Some(Flag {
                name: "--data",
                path: "data.dir",
                value: dir
                    .to_str()
                    .ok_or_else(|| Error::invalid("usage", "The data directory's name must be valid UTF-8."))?
                    .to_owned(),
            }),
        };
        load(&Inputs::of_process(self.config.clone(), data.into_iter().chain(more).collect()))
    }
}
