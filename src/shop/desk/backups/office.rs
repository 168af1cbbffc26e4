//! What the page of backups and the loop that makes them tell each other. Nothing of it has to survive a restart:
//! the backups themselves, and the notes beside the proved ones, lie on disk.

use crate::base::time::Timestamp;
use crate::shop::desk::backups::away::{Away, Base};
use crate::store::backup::Shelf;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wishes that wait; more are not taken.
const WAITING_MAX: usize = 8;

/// What somebody asks the loop for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what", content = "file")]
pub enum Wish {
    /// A backup of this moment.
    Make,
    /// A trial of the backup with this name.
    Try(String),
}

/// What came of the last thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    pub at: Timestamp,
    pub is_good: bool,
    pub text: String,
}

/// What the loop is woken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// The time is over; it looks whether something is due.
    Look,
    Wish(Wish),
    /// The shop closes.
    End,
}

/// What the loop does now, what waits, and what came of the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// There is a loop; without one nothing can be wished for.
    pub runs: bool,
    pub doing: Option<Wish>,
    pub waiting: VecDeque<Wish>,
    pub said: Option<Told>,
    #[serde(skip)]
    pub(super) is_over: bool,
    /// Somebody wants it to look before its time.
    #[serde(skip)]
    pub(super) is_rung: bool,
    /// How many backups this run has made or failed to make, what came of the last, and when the last one was made.
    #[serde(skip)]
    pub(super) made: (u64, Option<Told>),
    #[serde(skip)]
    pub(super) made_at: Option<Instant>,
}

/// The shelf of backups and the loop's letter box. Cheap to clone.
#[derive(Clone)]
pub struct Office(Arc<Inner>);

struct Inner {
    shelf: Shelf,
    state: Mutex<State>,
    away: Mutex<Away>,
    rung: Condvar,
}

impl Office {
    pub fn new(shelf: Shelf) -> Self {
        Self(Arc::new(Inner { shelf, state: Mutex::default(), away: Mutex::default(), rung: Condvar::new() }))
    }
    pub fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }
    pub fn state(&self) -> State {
        self.with(|state| state.clone())
    }
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What has left this machine, or is about to.
    pub fn away(&self) -> Away {
        self.with_away(|away| away.clone())
    }
    /// Changes that: the side of those who ship.
    pub fn with_away<T>(&self, change: impl FnOnce(&mut Away) -> T) -> T {
        change(&mut self.0.away.lock().unwrap_or_else(PoisonError::into_inner))
    }
    /// Whether the present key opens the backup of this name, asked once: backups do not change.
    pub fn opens(&self, file: &str, ask: impl FnOnce() -> bool) -> bool {
        if let Some(known) = self.with_away(|away| away.opens.get(file).copied()) {
            return known;
        }
        let opens = ask();
        self.with_away(|away| away.opens.insert(file.to_owned(), opens));
        opens
    }
    /// Which backups there are.
    pub fn know_bases(&self, bases: Vec<Base>) {
        self.with_away(|away| away.bases = bases);
    }
    /// Whether no backup stands before the row of the journal that is being shipped.
    pub fn needs_base(&self) -> bool {
        self.with_away(|away| away.packed.is_some_and(|packed| away.base_of(&packed).is_none()))
    }

    /// Asks for something; false when nobody is there or too much waits. The same wish twice is one.
    pub fn wish(&self, wish: Wish) -> bool {
        let taken = self.with(|state| {
            let has_room = state.runs && !state.is_over && state.waiting.len() < WAITING_MAX;
            if has_room && !state.waiting.contains(&wish) {
                state.waiting.push_back(wish);
            }
            has_room
        });
        self.0.rung.notify_all();
        taken
    }

    /// Wakes the loop, so that it looks whether something is due.
    pub fn ring(&self) {
        self.with(|state| state.is_rung = true);
        self.0.rung.notify_all();
    }

    /// The loop's side: it is there.
    pub fn begin(&self) {
        self.with(|state| state.runs = true);
    }
    /// The loop's side: waits for a wish, the end, or until the time is over.
    pub fn wait(&self, time: Duration) -> Call {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |state: &mut State| !state.is_over && !state.is_rung && state.waiting.is_empty();
        let (mut state, _) =
            self.0.rung.wait_timeout_while(state, time, quiet).unwrap_or_else(PoisonError::into_inner);
        if state.is_over {
            return Call::End;
        }
        state.is_rung = false;
        match state.waiting.pop_front() {
            Some(wish) => {
                state.doing = Some(wish.clone());
                Call::Wish(wish)
            }
            None => Call::Look,
        }
    }
    /// The loop's side: what is being done, where nobody wished for it.
    pub fn does(&self, what: Wish) {
        self.with(|state| state.doing = Some(what));
    }
    /// The loop's side: what came of it.
    pub fn done(&self, said: Option<Told>) {
        self.with(|state| {
            state.doing = None;
            state.said = said.or_else(|| state.said.take());
        });
    }
    /// The loop's side: a backup was made, or could not be.
    pub fn has_made(&self, told: Told) {
        self.with(|state| {
            if told.is_good {
                state.made_at = Some(Instant::now());
            }
            state.made = (state.made.0 + 1, Some(told));
        });
    }
    /// How many backups were made or failed, and what came of the last.
    pub fn made(&self) -> (u64, Option<Told>) {
        self.with(|state| state.made.clone())
    }
    /// How long the last backup of this run is ago, by a clock that nobody sets.
    pub fn rested(&self) -> Option<Duration> {
        self.with(|state| state.made_at.map(|at| at.elapsed()))
    }
    /// Ends the loop.
    pub fn end(&self) {
        self.with(|state| state.is_over = true);
        self.0.rung.notify_all();
    }
    pub fn is_over(&self) -> bool {
        self.with(|state| state.is_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_taken_once_and_only_where_somebody_is_there() {
        let office = Office::new(Shelf::of(std::path::Path::new("/nowhere")));
        assert!(!office.wish(Wish::Make), "there is no loop");
        office.begin();
        assert!(office.wish(Wish::Make) && office.wish(Wish::Make));
        assert_eq!(office.wait(Duration::ZERO), Call::Wish(Wish::Make));
        assert_eq!(office.state().doing, Some(Wish::Make));
        office.done(None);
        assert_eq!(office.wait(Duration::ZERO), Call::Look);
        for n in 0..WAITING_MAX {
            assert!(office.wish(Wish::Try(n.to_string())));
        }
        assert!(!office.wish(Wish::Make), "too much waits");
        office.end();
        assert_eq!(office.wait(Duration::from_secs(60)), Call::End);
    }
}
