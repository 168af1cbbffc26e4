//! The thread that brings the database up to the journal: whoever writes waits for the journal alone.

use crate::store::shared::Shared;
use crate::store::tx::panic_text;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
    /// The thread waits for a ring alone, for no time.
    is_asleep: bool,
    is_over: bool,
}

impl Bell {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// There is something to do, now or later. Who waits for a time is not woken for what is due later.
    pub(super) fn ring(&self, is_due: bool) {
        let mut heard = self.heard();
        heard.is_rung = true;
        if is_due || heard.is_asleep {
            self.rung.notify_one();
        }
    }
    /// There will be nothing any more.
    pub(super) fn end(&self) {
        self.heard().is_over = true;
        self.rung.notify_one();
    }
    /// Waits until it is rung, or so long; false when all is over.
    fn wait(&self, at_most: Option<Duration>) -> bool {
        let is_quiet = |heard: &mut Heard| !heard.is_rung && !heard.is_over;
        let mut heard = self.heard();
        heard.is_asleep = at_most.is_none();
        let mut heard = match at_most {
            Some(at_most) => {
                let waited = self.rung.wait_timeout_while(heard, at_most, is_quiet);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.rung.wait_while(heard, is_quiet).unwrap_or_else(PoisonError::into_inner),
        };
        (heard.is_rung, heard.is_asleep) = (false, false);
        !heard.is_over
    }
}

/// Does what is due until the bell says that all is over.
pub(super) fn run(shared: &Shared) {
    let Some(bell) = &shared.settler else { return };
    let rounds = || {
        while bell.wait(shared.settle_in()) {
            shared.settle_beside();
        }
    };
    while let Err(panic) = catch_unwind(AssertUnwindSafe(rounds)) {
        tracing::error!("the thread that settles panicked: {}", panic_text(panic.as_ref()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_heard_once_and_the_end_for_ever() {
        let bell = Bell::default();
        for is_due in [false, true] {
            bell.ring(is_due);
            assert!(bell.wait(None), "rung before anybody waited");
        }
        assert!(bell.wait(Some(Duration::ZERO)), "nothing came in time");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| bell.wait(None));
            while !bell.heard().is_asleep {
                std::thread::yield_now();
            }
            bell.ring(false);
            assert!(waits.join().unwrap(), "whoever waits for no time is woken for what is due later");
        });
        bell.end();
        assert!(!bell.wait(None));
        assert!(!bell.wait(None));
    }
}
