//! Writes that nobody waits for: where others crowd around the writer, these take a small part of its time and no more.
//! What follows a commit then comes later, and placing an order is as quick as if nothing followed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// While others crowd, these pause so many times as long as they kept the writer busy.
const PAUSE_TIMES: u32 = 40;
/// The longest pause: what was written down is never put off for long.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// So many operations that somebody waited for, done while one of these was, are a crowd.
const CROWD: u64 = 8;

/// The turns of these writes.
#[derive(Default)]
pub(super) struct Behind(Mutex<Turns>);

#[derive(Default)]
struct Turns {
    free_at: Option<Instant>,
    /// What the last one asked for.
    pause: Duration,
}

impl Behind {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Waits for a turn. Several take theirs one after the other, as long as there are pauses.
    pub(super) fn wait(&self) {
        while let Some(left) = self.take() {
            std::thread::sleep(left);
        }
    }
    /// Takes the turn, or says how long it is until then.
    fn take(&self) -> Option<Duration> {
        let (mut turns, now) = (self.turns(), Instant::now());
        match turns.free_at.and_then(|at| at.checked_duration_since(now)).filter(|left| !left.is_zero()) {
            Some(left) => Some(left),
            None => {
                turns.free_at = now.checked_add(turns.pause);
                None
            }
        }
    }
    /// It is done: it kept the writer busy for so long, and so many operations that somebody waited for were done meanwhile.
    pub(super) fn done(&self, busy: Duration, others: u64) {
        let mut turns = self.turns();
        turns.pause = pause(busy, others);
        turns.free_at = Instant::now().checked_add(turns.pause);
    }
}

fn pause(busy: Duration, others: u64) -> Duration {
    if others < CROWD { Duration::ZERO } else { busy.saturating_mul(PAUSE_TIMES).min(PAUSE_MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_crowd_makes_it_wait_and_never_for_long() {
        let ms = Duration::from_millis;
        assert_eq!(pause(ms(5), CROWD - 1), ms(0));
        assert_eq!(pause(ms(5), CROWD), ms(200));
        assert_eq!(pause(Duration::MAX, CROWD), PAUSE_MAX);
        let behind = Behind::default();
        assert_eq!((behind.take(), behind.take()), (None, None), "alone it is never held up");
        behind.done(ms(12), 16);
        assert!(behind.take().is_some_and(|left| left <= ms(480)));
        behind.done(ms(12), 0);
        assert_eq!((behind.take(), behind.take()), (None, None), "the crowd is gone");
        behind.done(Duration::from_nanos(1), 16);
        behind.wait();
    }
}
