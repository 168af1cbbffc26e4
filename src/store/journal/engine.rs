//! The engine with a journal before it.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::Clock;
use crate::store::engine::{Engine, EngineSnapshot, Opener};
use crate::store::health::fenced;
use crate::store::journal::folder::Folder;
use crate::store::journal::log::{Log, clear, failed};
use crate::store::journal::record::Life;
use crate::store::journal::replay::{State, replay};
use crate::store::journal::tap::{Mark, Tap};
use crate::store::span::{Direction, Span};
use crate::store::write_set::{Visit, WriteSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The one row of this table says which journal belongs to the database and how much of it is in there. A backup does
/// not hold it: what is restored from it has another journal.
pub(in crate::store) const STATE: &str = "journal/1";
const KEY: &[u8] = b"state";

/// How long and how much waits; a test has less patience.
#[derive(Clone, Copy)]
pub(in crate::store) struct Pace {
    /// The database is made durable when its oldest change is so old.
    pub(in crate::store) settle_after: Duration,
    /// The database takes what was written when it is so much: many groups in one commit cost little more than one.
    pub(in crate::store) take_bytes: usize,
    /// Whoever writes waits for the thread that settles when so much waits for the database: memory is bounded.
    pub(in crate::store) wait_bytes: usize,
    /// A segment that holds so much is followed by another one.
    pub(in crate::store) segment_bytes: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            settle_after: Duration::from_secs(1),
            take_bytes: 256 << 10,
            wait_bytes: 4 << 20,
            segment_bytes: 8 << 20,
        }
    }
}

impl Pace {
    /// What waits is copied for a reader's sake up to so much.
    fn copied_bytes(&self) -> usize {
        self.take_bytes / 4
    }
}

/// Records are brought in together up to so much.
const REPLAY_BYTES: usize = 4 << 20;

/// Opens an engine behind a journal.
pub(in crate::store) struct JournaledOpener {
    pub(in crate::store) below: Box<dyn Opener>,
    pub(in crate::store) folder: Arc<dyn Folder>,
    /// All tables there may be.
    pub(in crate::store) tables: Vec<&'static str>,
    pub(in crate::store) clock: Clock,
    pub(in crate::store) pace: Pace,
    pub(in crate::store) tap: Tap,
    /// The last record of a journal that a copy of it is known to hold; 0 for none.
    pub(in crate::store) copied: Box<dyn Fn(Life) -> u64 + Send + Sync>,
    /// Somebody knows that records are missing and wants what there is.
    pub(in crate::store) knows: bool,
}

impl Opener for JournaledOpener {
    fn open(&self) -> Result<Box<dyn Engine>> {
        let below = self.below.open()?;
        let state = read_state(below.as_ref())?;
        // Nothing of this reaches the disk before the opening is accepted.
        let mut waiting = WriteSet::default();
        let mut found = replay(self.folder.as_ref(), state, &self.tables, self.knows, &mut |set| {
            waiting.absorb(set);
            if waiting.bytes() < REPLAY_BYTES {
                return Ok(());
            }
            below.apply_lightly(&[&std::mem::take(&mut waiting)])
        })?;
        if !waiting.is_empty() {
            below.apply_lightly(&[&waiting])?;
        }
        found.hold_against(state.map_or(0, |s| (self.copied)(s.life)), self.knows)?;
        if found.records > 0 {
            tracing::info!("{} changes are brought in from the journal", found.records);
        }
        let inside = Inside {
            log: Log::new(Arc::clone(&self.folder), found.next, self.pace.segment_bytes),
            state,
            // Records that are missing here may have been shipped: what follows is the journal of another life.
            life: state.filter(|_| !found.is_cut).map_or_else(rand::random, |s| s.life),
            owes: found.is_cut || found.records > 0 || state.is_some_and(|s| s.active > 0),
            is_foreign: found.is_foreign,
            is_cut: found.is_cut,
            is_open: false,
            unsettled: None,
        };
        let engine = Journaled {
            below,
            folder: Arc::clone(&self.folder),
            clock: self.clock.clone(),
            pace: self.pace,
            tap: self.tap.clone(),
            turn: Mutex::default(),
            inside: Mutex::new(inside),
            over: Mutex::default(),
            room: Condvar::new(),
        };
        Ok(Box::new(engine))
    }
    fn file_bytes(&self) -> u64 {
        self.below.file_bytes()
    }
    fn tap(&self) -> Tap {
        self.tap.clone()
    }
    fn keep_copy(&self, label: &str) -> Result<()> {
        self.below.keep_copy(label)
    }
}

/// What the durable database says of its journal: whose it is and how much of it is in there.
///
/// # Errors
/// `store_damaged`; those of reading.
pub(in crate::store) fn state_mark(engine: &dyn Engine) -> Result<Option<Mark>> {
    Ok(read_state(engine)?.map(|state| Mark { life: state.life, number: state.number }))
}

fn read_state(below: &dyn Engine) -> Result<Option<State>> {
    let mut bytes = Vec::new();
    below.snapshot()?.get(STATE, KEY, &mut |value| bytes = value.to_vec())?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let fields = || {
        let (life, rest) = bytes.split_first_chunk::<16>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let active = rest.first_chunk::<8>()?;
        Some(State { life: *life, number: u64::from_be_bytes(*number), active: u64::from_be_bytes(*active) })
    };
    let damaged = || {
        Error::refuse(Kind::Internal, "store_damaged", "The entry of the journal in store.redb is damaged.")
    };
    fields().map(Some).ok_or_else(damaged)
}

/// Where the journal is, and what the database knows of it.
struct Inside {
    log: Log,
    /// What the durable database says; none before it said anything.
    state: Option<State>,
    life: [u8; 16],
    /// The durable database does not say yet what is in it, or speaks of a segment that is to go.
    owes: bool,
    is_foreign: bool,
    is_cut: bool,
    /// Accepted, and nothing has failed.
    is_open: bool,
    /// Since when there is something that the durable database does not have.
    unsettled: Option<Instant>,
}

/// What was written and the database has not taken yet, the oldest first, with a number that grows with every set.
#[derive(Default)]
struct Over {
    version: u64,
    /// What the database is taking.
    leaving: Vec<Arc<WriteSet>>,
    growing: Vec<Arc<WriteSet>>,
    /// The database takes nothing any more.
    is_stuck: bool,
}

impl Over {
    /// Adds a set to the last one. A reader's own is left alone: a small one is copied, a large one is followed by another.
    fn add(&mut self, set: WriteSet, small: usize) {
        self.version += 1;
        match self.growing.last_mut() {
            Some(last) if last.bytes() < small || Arc::strong_count(last) == 1 => {
                Arc::make_mut(last).absorb(set);
            }
            _ => self.growing.push(Arc::new(set)),
        }
    }
    fn bytes(&self) -> usize {
        self.growing.iter().map(|set| set.bytes()).sum()
    }
}

/// How the database takes what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    /// It is there to be read, and durable with what follows.
    Lightly,
    /// It is durable, and the database says which record is the last of it.
    Durably,
    /// It is durable, and the database says that it needs no journal any more.
    ForGood,
}

/// Appends by one thread; what waits is given to the database by that thread or by another one meanwhile. The locks are
/// taken in the order in which they stand here.
struct Journaled {
    below: Box<dyn Engine>,
    folder: Arc<dyn Folder>,
    clock: Clock,
    pace: Pace,
    tap: Tap,
    /// Whose turn it is to write to the database. Nobody else has to wait for that.
    turn: Mutex<()>,
    inside: Mutex<Inside>,
    over: Mutex<Over>,
    /// The database has taken something, or never will again.
    room: Condvar,
}

impl Inside {
    /// The last record.
    fn mark(&self) -> Mark {
        Mark { life: self.life, number: self.log.last() }
    }
}

/// Makes the engine unusable, unless what was begun comes to its end.
struct Half<'e> {
    engine: &'e Journaled,
    is_whole: bool,
}

impl Drop for Half<'_> {
    fn drop(&mut self) {
        if !self.is_whole {
            self.engine.inside().is_open = false;
            self.engine.over().is_stuck = true;
            self.engine.room.notify_all();
        }
    }
}

impl Journaled {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn over(&self) -> MutexGuard<'_, Over> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Does something with the database that leaves the engine unusable when it fails, or panics half-way. Records may
    /// be appended meanwhile.
    fn in_turn<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<T> {
        let _turn = self.turn();
        if !self.inside().is_open {
            return Err(fenced());
        }
        let mut half = Half { engine: self, is_whole: false };
        let done = act()?;
        half.is_whole = true;
        Ok(done)
    }
    /// Gives the database what waits. The turn is the caller's.
    fn take(&self, taking: Taking) -> Result<()> {
        let (leaving, state) = {
            let mut inside = self.inside();
            let mut over = self.over();
            over.leaving = std::mem::take(&mut over.growing);
            if taking != Taking::Lightly {
                inside.unsettled = None;
            }
            let active = if taking == Taking::ForGood { 0 } else { inside.log.active() };
            let state = State { life: inside.life, number: inside.log.last(), active };
            (over.leaving.clone(), state)
        };
        // Whoever waits for room has it: what leaves is no more than what grew.
        self.room.notify_all();
        if !leaving.is_empty() {
            let sets: Vec<&WriteSet> = leaving.iter().map(AsRef::as_ref).collect();
            self.below.apply_lightly(&sets)?;
        }
        if taking != Taking::Lightly {
            let mut says = WriteSet::default();
            says.write(STATE, KEY, Some(&state_row(&state)));
            self.below.commit(&says)?;
        }
        // Freed when the lock is given back.
        let gone = std::mem::take(&mut self.over().leaving);
        drop((gone, leaving));
        if taking != Taking::Lightly {
            let mut inside = self.inside();
            inside.state = Some(state);
            inside.owes = false;
            inside.log.give_up_before(state.active)?;
        }
        Ok(())
    }
    /// Begins the first segment. Whose it is has to be known before there is one, and a record is only written to one whose
    /// loss would be noticed.
    fn begin(&self) -> Result<()> {
        self.in_turn(|| {
            if self.inside().state.is_none() {
                self.take(Taking::Durably)?;
            }
            {
                let mut inside = self.inside();
                let life = inside.life;
                inside.log.follow(&life)?;
            }
            self.take(Taking::Durably)
        })
    }
    /// Writes a set down and syncs it.
    fn append(&self, set: WriteSet) -> Result<()> {
        let mut inside = self.inside();
        if !std::mem::take(&mut inside.is_open) {
            return Err(fenced());
        }
        let life = inside.life;
        inside.log.append(&life, &set, self.clock.now().0)?;
        self.tap.note(inside.mark());
        inside.unsettled.get_or_insert_with(Instant::now);
        self.over().add(set, self.pace.copied_bytes());
        inside.is_open = true;
        Ok(())
    }
    /// What is to be done now, if anything is.
    fn due(&self, inside: &Inside) -> Option<Taking> {
        let is_old = inside.unsettled.is_some_and(|since| since.elapsed() >= self.pace.settle_after);
        if is_old || inside.log.is_long() {
            return Some(Taking::Durably);
        }
        (self.over().bytes() >= self.pace.take_bytes).then_some(Taking::Lightly)
    }
}

fn state_row(state: &State) -> Vec<u8> {
    [state.life.as_slice(), &state.number.to_be_bytes(), &state.active.to_be_bytes()].concat()
}

impl Engine for Journaled {
    fn snapshot(&self) -> Result<Box<dyn EngineSnapshot>> {
        loop {
            let (version, layers) = {
                let over = self.over();
                (over.version, [over.leaving.as_slice(), &over.growing].concat())
            };
            let mut rows = self.below.snapshot()?;
            // What waits may be in the database by now, which changes nothing; a newer set must not be.
            if self.over().version != version {
                continue;
            }
            for over in layers {
                rows = Box::new(Layered { below: rows, over });
            }
            return Ok(rows);
        }
    }
    fn snapshot_marked(&self) -> Result<(Box<dyn EngineSnapshot>, Option<Mark>)> {
        // Nothing is appended while this is held.
        let inside = self.inside();
        let mark = inside.is_open.then(|| inside.mark());
        Ok((self.snapshot()?, mark))
    }
    fn apply(&self, set: WriteSet) -> Result<()> {
        if set.is_empty() {
            return Ok(());
        }
        if self.inside().log.active() == 0 {
            self.begin()?;
        }
        self.append(set)
    }
    fn commit(&self, set: &WriteSet) -> Result<()> {
        if self.inside().state.is_some() && !set.is_empty() {
            // What is shipped has to have it too.
            self.apply(set.clone())?;
        } else {
            self.over().add(set.clone(), self.pace.copied_bytes());
        }
        self.in_turn(|| self.take(Taking::Durably))
    }
    fn settle(&self) -> Result<()> {
        let due = self.due(&self.inside());
        due.map_or(Ok(()), |taking| self.in_turn(|| self.take(taking)))
    }
    fn wait_for_room(&self) {
        let is_full = |over: &mut Over| over.bytes() >= self.pace.wait_bytes && !over.is_stuck;
        let _over = self.room.wait_while(self.over(), is_full).unwrap_or_else(PoisonError::into_inner);
    }
    fn settle_in(&self) -> Option<Duration> {
        let inside = self.inside();
        if !inside.is_open {
            return None;
        }
        if self.due(&inside).is_some() {
            return Some(Duration::ZERO);
        }
        inside.unsettled.map(|since| self.pace.settle_after.saturating_sub(since.elapsed()))
    }
    fn ensure_tables(&self, names: &[&'static str]) -> Result<()> {
        self.below.ensure_tables(names)
    }
    fn is_new(&self) -> Result<bool> {
        self.below.is_new()
    }
    fn owes(&self) -> bool {
        self.inside().owes
    }
    fn accept(&self) -> Result<()> {
        let _turn = self.turn();
        self.below.accept()?;
        let (is_foreign, is_cut, owes) = {
            let inside = self.inside();
            (inside.is_foreign, inside.is_cut, inside.owes)
        };
        if is_foreign {
            let aside = self.folder.set_aside("of-another-store").map_err(failed)?;
            tracing::warn!("the journal belongs to another database and was put aside as {aside}");
        }
        if is_cut && !self.folder.names().map_err(failed)?.is_empty() {
            let aside = self.folder.set_aside("damaged").map_err(failed)?;
            tracing::warn!("what is left of the journal was put aside as {aside}");
        }
        if owes {
            self.take(Taking::ForGood)?;
        }
        clear(self.folder.as_ref()).map_err(failed)?;
        let mut inside = self.inside();
        self.tap.note(inside.mark());
        inside.is_open = true;
        Ok(())
    }
}

impl Drop for Journaled {
    /// A clean close leaves a database that needs no journal.
    fn drop(&mut self) {
        let closed = self.in_turn(|| {
            let is_behind = {
                let inside = self.inside();
                inside.log.active() > 0 || inside.unsettled.is_some()
            };
            if is_behind {
                self.take(Taking::ForGood)?;
                self.inside().log.give_up_all()?;
            }
            Ok(())
        });
        if let Err(error) = closed {
            tracing::debug!("the journal is left as it is: {}", error.cause_chain());
        }
    }
}

/// A snapshot of the database with what waits over it.
struct Layered {
    below: Box<dyn EngineSnapshot>,
    over: Arc<WriteSet>,
}

impl EngineSnapshot for Layered {
    fn get(&self, table: &'static str, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<bool> {
        match self.over.get(table, key) {
            Some(Some(value)) => {
                found(value);
                Ok(true)
            }
            Some(None) => Ok(false),
            None => self.below.get(table, key, found),
        }
    }
    fn walk(
        &self,
        table: &'static str,
        span: &Span,
        direction: Direction,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let below = |visit: &mut Visit<'_>| self.below.walk(table, span, direction, visit);
        self.over.walk_over(table, span, direction, below, visit)
    }
    fn count(&self, table: &'static str) -> Result<u64> {
        let mut count = self.below.count(table)?;
        for (key, is_there) in self.over.touched(table) {
            let was_there = self.below.get(table, key, &mut |_| {})?;
            count = count.saturating_add(u64::from(is_there)).saturating_sub(u64::from(was_there));
        }
        Ok(count)
    }
}
