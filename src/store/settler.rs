//! The thread that brings the database up to the journal: whoever writes waits for the journal alone.

use crate::store::shared::Shared;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Wakes the thread, and ends it.
#[derive(Default)]
pub(super) struct Bell {
    heard: Mutex<Heard>,
    rung: Condvar,
}

#[derive(Default)]
struct Heard {
    is_rung: bool,
    is_over: bool,
}

impl Bell {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// There is something to do, now or later.
    pub(super) fn ring(&self) {
        self.heard().is_rung = true;
        self.rung.notify_one();
    }
    /// There will be nothing any more.
    pub(super) fn end(&self) {
        self.heard().is_over = true;
        self.rung.notify_one();
    }
    /// Waits until it is rung, or so long; false when all is over.
    fn wait(&self, at_most: Option<Duration>) -> bool {
        let is_quiet = |heard: &mut Heard| !heard.is_rung && !heard.is_over;
        let heard = self.heard();
        let mut heard = match at_most {
            Some(at_most) => {
                let waited = self.rung.wait_timeout_while(heard, at_most, is_quiet);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.rung.wait_while(heard, is_quiet).unwrap_or_else(PoisonError::into_inner),
        };
        heard.is_rung = false;
        !heard.is_over
    }
}

/// Does what is due until the bell says that all is over. What fails makes the writer open the engine again: the journal
/// has what the database lacks.
pub(super) fn run(shared: &Shared) {
    let Some(bell) = &shared.settler else { return };
    while bell.wait(shared.settle_in()) {
        if let Err(error) = shared.settle() {
            shared.sicken(&error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_heard_once_and_the_end_for_ever() {
        let bell = Bell::default();
        bell.ring();
        assert!(bell.wait(None));
        assert!(bell.wait(Some(Duration::ZERO)), "nothing came in time");
        bell.end();
        assert!(!bell.wait(None));
        assert!(!bell.wait(None));
    }
}
