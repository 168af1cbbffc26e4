//! The line of writes before the writer: bounded, first come first served.

use crate::base::error::{Error, Result};
use crate::store::health::{busy, closed};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the writer waits for company for the first of a group: until so many wait, or so long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gather {
    pub(super) jobs: usize,
    pub(super) at_most: Duration,
}

/// What the writer finds when it looks.
pub(super) enum Taken {
    /// Something to do.
    Some,
    /// Nothing came in time.
    Nothing,
    /// Closed and empty: there will be nothing any more.
    Closed,
}

struct Line<J> {
    jobs: VecDeque<J>,
    closed: bool,
    /// The writer is to look up although nobody joined.
    woken: bool,
}

/// A bounded line.
pub(super) struct Queue<J> {
    line: Mutex<Line<J>>,
    filled: Condvar,
    freed: Condvar,
    places: usize,
}

impl<J> Queue<J> {
    pub(super) fn new(places: usize) -> Self {
        let line = Mutex::new(Line { jobs: VecDeque::new(), closed: false, woken: false });
        Self { line, filled: Condvar::new(), freed: Condvar::new(), places }
    }
    fn lock(&self) -> MutexGuard<'_, Line<J>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Joins the line, or is refused at once: `busy`, `store_closed`.
    pub(super) fn push(&self, job: J) -> Result<()> {
        let mut line = self.lock();
        if line.jobs.len() >= self.places && !line.closed {
            return Err(busy());
        }
        self.join(&mut line, job)
    }
    /// Joins the line as soon as there is room.
    pub(super) fn push_when_free(&self, job: J) -> Result<()> {
        let mut line = self.lock();
        while line.jobs.len() >= self.places && !line.closed {
            line = self.freed.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        self.join(&mut line, job)
    }
    fn join(&self, line: &mut Line<J>, job: J) -> std::result::Result<(), Error> {
        if line.closed {
            return Err(closed());
        }
        line.jobs.push_back(job);
        self.filled.notify_one();
        Ok(())
    }
    /// Takes up to `most` jobs that wait, after the first one came and a few more were gathered; waits at most
    /// `patience` for the first.
    pub(super) fn take(
        &self,
        into: &mut Vec<J>,
        most: usize,
        patience: Option<Duration>,
        gather: Gather,
    ) -> Taken {
        let mut line = self.lock();
        while line.jobs.is_empty() {
            if line.closed {
                return Taken::Closed;
            }
            if std::mem::take(&mut line.woken) {
                return Taken::Nothing;
            }
            match patience {
                None => line = self.filled.wait(line).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let (back, waited) =
                        self.filled.wait_timeout(line, patience).unwrap_or_else(PoisonError::into_inner);
                    line = back;
                    if waited.timed_out() && line.jobs.is_empty() {
                        return Taken::Nothing;
                    }
                }
            }
        }
        let wanted = gather.jobs.min(most);
        if line.jobs.len() < wanted && !gather.at_most.is_zero() {
            let started = Instant::now();
            while line.jobs.len() < wanted && !line.closed {
                let Some(left) = gather.at_most.checked_sub(started.elapsed()) else { break };
                line = self.filled.wait_timeout(line, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        let count = line.jobs.len().min(most);
        into.extend(line.jobs.drain(..count));
        self.freed.notify_all();
        Taken::Some
    }
    /// Makes the writer look up.
    pub(super) fn wake(&self) {
        self.lock().woken = true;
        self.filled.notify_one();
    }
    /// Lets nobody join any more; who waits is still served.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.freed.notify_all();
    }
    pub(super) fn len(&self) -> usize {
        self.lock().jobs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Gather = Gather { jobs: 1, at_most: Duration::ZERO };

    #[test]
    fn company_is_waited_for_and_not_for_ever() {
        let queue = Queue::new(8);
        queue.push(1).unwrap();
        let mut taken = Vec::new();
        let gather = Gather { jobs: 3, at_most: Duration::from_millis(2) };
        assert!(matches!(queue.take(&mut taken, 64, None, gather), Taken::Some));
        assert_eq!(taken, [1]);
        let long = Gather { jobs: 3, at_most: Duration::from_secs(600) };
        std::thread::scope(|scope| {
            scope.spawn(|| (2..=4).for_each(|n| queue.push(n).unwrap()));
            assert!(matches!(queue.take(&mut taken, 64, None, long), Taken::Some));
        });
        assert!(taken.len() >= 4, "{taken:?}");
    }

    #[test]
    fn a_full_line_refuses_and_a_closed_one_serves_who_waits() {
        let queue = Queue::new(2);
        queue.push(1).unwrap();
        queue.push(2).unwrap();
        assert_eq!(queue.push(3).unwrap_err().code, "busy");
        queue.close();
        assert_eq!(queue.push(3).unwrap_err().code, "store_closed");
        assert_eq!(queue.push_when_free(3).unwrap_err().code, "store_closed");
        let mut taken = Vec::new();
        assert!(matches!(queue.take(&mut taken, 64, None, ALONE), Taken::Some));
        assert_eq!(taken, [1, 2]);
        assert!(matches!(queue.take(&mut taken, 64, None, ALONE), Taken::Closed));
    }

    #[test]
    fn an_empty_line_says_so_in_time() {
        let queue: Queue<u8> = Queue::new(2);
        assert!(matches!(
            queue.take(&mut Vec::new(), 64, Some(Duration::from_millis(1)), ALONE),
            Taken::Nothing
        ));
    }
}
