//! Every loop that runs behind: the indexer now; subscribers and schedules as they come.

use crate::app::App;
use crate::base::error::Result;
use std::thread::JoinHandle;

/// The running loops.
pub struct Workers {
    indexer: Option<JoinHandle<()>>,
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
