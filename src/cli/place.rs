//! Where a command finds its configuration and its data.

use crate::base::error::{Error, Result};
use crate::config::{Flag, Inputs, Loaded, load};
use std::path::{Path, PathBuf};

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
        load(&self.inputs(more)?)
    }

    /// The same for a command beside the service, which may lack secrets that the service alone is given.
    ///
    /// # Errors
    /// `config_invalid` with everything that is wrong.
    pub fn load_beside(&self) -> Result<Loaded> {
        load(&Inputs { is_beside: true, ..self.inputs(Vec::new())? })
    }

    fn inputs(&self, more: Vec<Flag>) -> Result<Inputs> {
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
        Ok(Inputs::of_process(self.config.clone(), data.into_iter().chain(more).collect()))
    }
}

/// Refuses a file for what a command writes where the program's own files are: nothing else protects the database.
///
/// # Errors
/// `file_in_data`.
pub(super) fn require_outside(data: &Path, file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = std::fs::canonicalize(file).or_else(|_| std::fs::canonicalize(folder));
    let is_inside = whole.ok().zip(std::fs::canonicalize(data).ok()).is_some_and(|(f, d)| f.starts_with(d));
    if is_inside {
        let text = format!(
            "{} is in the data directory, which is for the program's own files. Give a file elsewhere.",
            file.display()
        );
        return Err(Error::invalid("file_in_data", text));
    }
    Ok(())
}
