//! Every loop that runs behind: the indexer, and where the shop is served the importer, the daily backup and the
//! shipping of the journal.

pub mod backups;
mod places;
pub mod shipping;

pub use places::require_key;

use crate::app::App;
use crate::base::error::Result;
use crate::shop::transfer::imports::Imports;
use std::thread::JoinHandle;

/// The running loops.
pub struct Workers {
    indexer: Option<JoinHandle<()>>,
}

/// The loop of imports, while the shop is served. It ends when this is dropped.
pub struct Importer {
    imports: Imports,
    thread: Option<JoinHandle<()>>,
}

/// Starts the loop of imports: a command that only looks at the data does not take up what waits.
pub fn start_importer(app: &App) -> Importer {
    let imports = app.imports.clone();
    let looping = imports.clone();
    let thread = std::thread::Builder::new().name("importer".into()).spawn(move || looping.run()).ok();
    if thread.is_none() {
        tracing::error!("the importer could not be started; imports wait for the next start");
    }
    Importer { imports, thread }
}

impl Drop for Importer {
    fn drop(&mut self) {
        self.imports.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the importer ended by a panic");
        }
    }
}

/// Starts everything that runs behind an open app.
pub fn start(app: &App) -> Workers {
    let search = app.search.clone();
    // A panic inside is caught by the loop itself; the thread ends when the search is closed.
    let indexer = std::thread::Builder::new().name("indexer".into()).spawn(move || search.run()).ok();
    if indexer.is_none() {
        tracing::error!("the indexer could not be started; searches are answered from what is pending");
    }
    Workers { indexer }
}

impl Workers {
    /// Ends all loops, then closes the store, whose drop marks the file as cleanly closed.
    ///
    /// # Errors
    /// Those of the store's last writes.
    pub fn close(mut self, app: &App) -> Result<()> {
        app.stop();
        if let Some(indexer) = self.indexer.take()
            && indexer.join().is_err()
        {
            tracing::error!("the indexer ended by a panic");
        }
        app.store.close()
    }
}
