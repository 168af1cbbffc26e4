//! The loop of schedules: writes down the jobs that are due.

use super::cron::Cron;
use super::model::{Missed, SCHEDULES, Schedule, Trouble};
use crate::base::error::{Error, Result};
use crate::base::time::{HOUR_MS, MINUTE_MS, Timestamp, Zone};
use crate::store::{Actor, Read, Store, Tx};
use crate::work::jobs::{self, By, JobId, Jobs, New};
use crate::work::told;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The loop looks so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A time that is longer ago was missed.
const LATE_MS: i64 = 5 * MINUTE_MS;
/// A last time that is further ahead of the clock was by a clock that was wrong.
const AHEAD_MS: i64 = HOUR_MS;

/// What a plan is asked with.
pub struct Moment<'a> {
    pub now: Timestamp,
    pub cron: &'a Cron,
    pub zone: &'a Zone,
}

/// Says of itself which time is due now, in place of the clock alone.
pub type Due = Arc<dyn Fn(&Moment<'_>) -> Option<Timestamp> + Send + Sync>;

/// A schedule as the program has it.
#[derive(Clone)]
pub struct Plan {
    /// The word in addresses.
    pub name: &'static str,
    pub title: &'static str,
    /// What it does, in a sentence.
    pub sentence: &'static str,
    /// When, unless somebody changes it.
    pub cron: String,
    pub missed: Missed,
    /// Why it rests, unless somebody lets it run.
    pub off: Option<&'static str>,
    /// The kind of its jobs.
    pub kind: &'static str,
    pub due: Option<Due>,
}

/// A plan with what was changed of it.
#[derive(Clone, Debug)]
pub struct Set {
    pub name: &'static str,
    pub title: &'static str,
    pub sentence: &'static str,
    pub cron: Cron,
    pub missed: Missed,
    pub paused: bool,
    /// Why it rests where nobody paused it.
    pub off: Option<&'static str>,
    /// Nobody has changed when it is due.
    pub is_usual: bool,
    pub usual: String,
    pub schedule: Schedule,
}

/// The schedules of this shop. Cheap to clone.
#[derive(Clone)]
pub struct Schedules(Arc<Inner>);

struct Inner {
    store: Store,
    jobs: Jobs,
    plans: Vec<Plan>,
    zone: Box<dyn Fn() -> Zone + Send + Sync>,
    /// Whether the loop is to end, or to look now.
    signal: Mutex<(bool, bool)>,
    changed: Condvar,
}

/// The running loop. It ends when this is dropped.
pub struct Running {
    schedules: Schedules,
    thread: Option<JoinHandle<()>>,
}

impl Schedules {
    pub fn new(
        store: Store,
        jobs: Jobs,
        plans: Vec<Plan>,
        zone: impl Fn() -> Zone + Send + Sync + 'static,
    ) -> Self {
        let (signal, changed) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Inner { store, jobs, plans, zone: Box::new(zone), signal, changed }))
    }

    /// By whose clocks they are due.
    pub fn zone(&self) -> Zone {
        (self.0.zone)()
    }

    fn plan(&self, name: &str) -> Result<&Plan> {
        self.0.plans.iter().find(|plan| plan.name == name).ok_or_else(|| Error::not_found("schedule", name))
    }

    /// All of them, in the program's order.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn list(&self, from: &(impl Read + ?Sized)) -> Result<Vec<Set>> {
        self.0.plans.iter().map(|plan| set(from, plan)).collect()
    }

    /// Those that failed or missed their time last, by their titles. What rests, because somebody paused it or the
    /// configuration has it off, is nobody's worry.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn in_trouble(&self, from: &(impl Read + ?Sized)) -> Result<Vec<(&'static str, Trouble)>> {
        let mut all = Vec::new();
        // Every page asks this, so no more is looked at than it takes.
        for plan in &self.0.plans {
            let schedule = stored(from, plan.name)?;
            if !schedule.paused.unwrap_or(plan.off.is_some()) {
                all.extend(schedule.trouble(from)?.map(|trouble| (plan.title, trouble)));
            }
        }
        Ok(all)
    }

    /// Those that somebody has paused, by their titles.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn paused(&self, from: &(impl Read + ?Sized)) -> Result<Vec<&'static str>> {
        let mut all = Vec::new();
        for plan in &self.0.plans {
            if stored(from, plan.name)?.paused == Some(true) {
                all.push(plan.title);
            }
        }
        Ok(all)
    }

    /// # Errors
    /// `not_found`.
    pub fn get(&self, from: &(impl Read + ?Sized), name: &str) -> Result<Set> {
        set(from, self.plan(name)?)
    }

    /// Changes when it is due and what becomes of a missed time. The usual time is no change.
    ///
    /// # Errors
    /// `not_found`, `invalid_cron`.
    pub fn change(&self, tx: &mut Tx<'_>, name: &str, cron: &str, missed: Missed) -> Result<Set> {
        let plan = self.plan(name)?;
        let cron = Cron::parse(cron).map_err(|error| error.on("/cron"))?;
        let usual = Cron::parse(&plan.cron)?;
        let mut schedule = stored(tx, name)?;
        schedule.cron = (cron != usual).then(|| cron.text().to_owned());
        schedule.missed = (missed != plan.missed).then_some(missed);
        schedule.next_at = cron.next(tx.now(), &self.zone());
        SCHEDULES.put(tx, &name.to_owned(), &schedule)?;
        set(tx, plan)
    }

    /// Lets it rest, or go on from now.
    ///
    /// # Errors
    /// `not_found`.
    pub fn pause(&self, tx: &mut Tx<'_>, name: &str, paused: bool) -> Result<Set> {
        let plan = self.plan(name)?;
        let mut schedule = stored(tx, name)?;
        schedule.paused = (paused != plan.off.is_some()).then_some(paused);
        // What went by while it rested was not missed.
        schedule.next_at = None;
        SCHEDULES.put(tx, &name.to_owned(), &schedule)?;
        set(tx, plan)
    }

    /// Does it now, whenever else it is due; one that is being done already is that one, and one that waits to be tried
    /// again is due now.
    ///
    /// # Errors
    /// `not_found`.
    pub fn run_now(&self, tx: &mut Tx<'_>, name: &str) -> Result<JobId> {
        let plan = self.plan(name)?;
        let mut schedule = stored(tx, name)?;
        let job = enqueue(tx, plan, format!("{name}@now"))?;
        jobs::retry(tx, job)?;
        schedule.last_job = Some(job);
        SCHEDULES.put(tx, &name.to_owned(), &schedule)?;
        Ok(job)
    }

    /// Somebody changed something: it looks at once.
    pub fn wake(&self) {
        self.0.signal.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.0.changed.notify_all();
    }

    /// Starts the loop.
    pub fn start(&self) -> Running {
        let own = self.clone();
        let thread = std::thread::Builder::new().name("schedules".into()).spawn(move || own.run());
        if let Err(error) = &thread {
            tracing::error!("the loop of schedules could not be started: {error}");
        }
        Running { schedules: self.clone(), thread: thread.ok() }
    }

    fn run(&self) {
        loop {
            let ticked = catch_unwind(AssertUnwindSafe(|| self.tick(self.0.store.clock().now())));
            match ticked {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!("schedules wait for the store: {}", error.cause_chain()),
                Err(_said) => tracing::error!("the loop of schedules met a fault of the program"),
            }
            let signal = self.0.signal.lock().unwrap_or_else(PoisonError::into_inner);
            let quiet = |signal: &mut (bool, bool)| !signal.0 && !signal.1;
            let waited = self.0.changed.wait_timeout_while(signal, LOOK_EVERY, quiet);
            let mut signal = waited.unwrap_or_else(PoisonError::into_inner).0;
            signal.1 = false;
            if signal.0 {
                return;
            }
        }
    }

    /// Writes down what is due at a moment; gives how many jobs that were.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn tick(&self, now: Timestamp) -> Result<usize> {
        let zone = self.zone();
        let mut made = 0;
        for plan in &self.0.plans {
            let set = self.0.store.read(|s| set(s, plan))?;
            let step = step(plan, &set, now, &zone);
            if matches!(step, Step::Nothing) {
                continue;
            }
            let (own, seen) = (plan.clone(), set.schedule);
            let is_run = self.0.store.write_blocking(actor(), move |tx| carry_out(tx, &own, &seen, step))?;
            made += usize::from(is_run);
        }
        if made > 0 {
            self.0.jobs.wake();
        }
        Ok(made)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.schedules.0.signal.lock().unwrap_or_else(PoisonError::into_inner).0 = true;
        self.schedules.0.changed.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the loop of schedules ended by a panic");
        }
    }
}

/// What is to be done with a schedule now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    /// Only the next time is named.
    Name {
        next: Option<Timestamp>,
    },
    /// A time went by and is left out.
    Skip {
        planned: Timestamp,
        next: Option<Timestamp>,
    },
    Run {
        planned: Timestamp,
        next: Option<Timestamp>,
    },
}

fn step(plan: &Plan, set: &Set, now: Timestamp, zone: &Zone) -> Step {
    let (cron, row) = (&set.cron, &set.schedule);
    if set.paused {
        return if row.next_at.is_some() { Step::Name { next: None } } else { Step::Nothing };
    }
    // One that was carried out by a clock that was ahead says nothing of now.
    let last = row.last_at.filter(|last| *last <= now.plus_ms(AHEAD_MS));
    let is_new = |planned: &Timestamp| last.is_none_or(|last| last < *planned);
    if let Some(due) = &plan.due {
        let next = cron.next(now, zone);
        return match due(&Moment { now, cron, zone }).filter(is_new) {
            Some(planned) => Step::Run { planned, next },
            None if next != row.next_at => Step::Name { next },
            None => Step::Nothing,
        };
    }
    let is_due = row.next_at.is_some_and(|next| next <= now);
    if !is_due {
        // The clock was set back, the zone is another, or nobody has named a time yet.
        let next = cron.next(now, zone);
        return if next == row.next_at { Step::Nothing } else { Step::Name { next } };
    }
    let next = cron.next(now, zone);
    // Of several that went by the last one stands for all.
    match cron.last(now, zone).filter(is_new) {
        Some(planned) if set.missed == Missed::Skip && now.since_ms(planned) > LATE_MS => {
            Step::Skip { planned, next }
        }
        Some(planned) => Step::Run { planned, next },
        None => Step::Name { next },
    }
}

/// True when a job was written down.
fn carry_out(tx: &mut Tx<'_>, plan: &Plan, seen: &Schedule, step: Step) -> Result<bool> {
    let mut row = stored(tx, plan.name)?;
    if row != *seen {
        // Somebody changed it meanwhile; it is looked at once more.
        return Ok(false);
    }
    let is_run = matches!(step, Step::Run { .. });
    match step {
        Step::Nothing => return Ok(false),
        Step::Name { next } => row.next_at = next,
        Step::Skip { planned, next } => {
            row.next_at = next;
            row.skipped_at = Some(planned);
            told::missed(tx, plan.name, plan.title, planned)?;
        }
        Step::Run { planned, next } => {
            row.next_at = next;
            row.last_at = Some(planned);
            row.last_job = Some(enqueue(tx, plan, format!("{}@{}", plan.name, planned.0))?);
        }
    }
    SCHEDULES.put(tx, &plan.name.to_owned(), &row)?;
    Ok(is_run)
}

fn enqueue(tx: &mut Tx<'_>, plan: &Plan, key: String) -> Result<JobId> {
    let new = New { kind: plan.kind, lane: plan.kind, key: Some(key), payload: Vec::new(), due_at: tx.now() };
    let job = jobs::enqueue(tx, new)?;
    if *tx.actor() == actor() {
        let by = By {
            id: format!("{}{}", told::OF_SCHEDULE, plan.name),
            name: format!("Schedule: {}", plan.title),
        };
        jobs::wanted(tx, job, by)?;
    }
    Ok(job)
}

fn stored(from: &(impl Read + ?Sized), name: &str) -> Result<Schedule> {
    Ok(SCHEDULES.get(from, &name.to_owned())?.unwrap_or_default())
}

fn set(from: &(impl Read + ?Sized), plan: &Plan) -> Result<Set> {
    let schedule = stored(from, plan.name)?;
    let usual = Cron::parse(&plan.cron)?;
    // A text that this program does not understand any more is as good as none.
    let own = schedule.cron.as_deref().and_then(|text| Cron::parse(text).ok());
    Ok(Set {
        name: plan.name,
        title: plan.title,
        sentence: plan.sentence,
        is_usual: own.is_none(),
        usual: usual.text().to_owned(),
        cron: own.unwrap_or(usual),
        missed: schedule.missed.unwrap_or(plan.missed),
        paused: schedule.paused.unwrap_or(plan.off.is_some()),
        off: plan.off.filter(|_| schedule.paused.is_none()),
        schedule,
    })
}

fn actor() -> Actor {
    Actor::system("schedules")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{Clock, DAY_MS};
    use crate::store::Settings;
    use crate::work::jobs::Wanted;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn plan(missed: Missed) -> Plan {
        Plan {
            name: "sweep",
            title: "Sweep",
            sentence: "Sweeps.",
            cron: "30 2 * * *".into(),
            missed,
            off: None,
            kind: "sweep",
            due: None,
        }
    }

    struct Yard {
        store: Store,
        clock: Clock,
        schedules: Schedules,
        _dir: tempfile::TempDir,
    }

    impl Yard {
        fn open(now: &str, plan: Plan) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let clock = Clock::manual(at(now));
            let settings = Settings { reserve_mb: 0, ballast_mb: 0, ..Settings::default() };
            let store =
                Store::open(dir.path(), &settings, clock.clone(), &crate::work::TABLES.concat()).unwrap();
            let jobs = Jobs::new(store.clone(), Vec::new(), |_, _| Ok(true));
            let zone = || Zone::named("Europe/Berlin").unwrap();
            let schedules = Schedules::new(store.clone(), jobs, vec![plan], zone);
            Self { store, clock, schedules, _dir: dir }
        }
        /// Ticks at a moment; gives how many jobs were made.
        fn tick(&self, now: &str) -> usize {
            self.clock.set(at(now));
            self.schedules.tick(at(now)).unwrap()
        }
        fn keys(&self) -> Vec<String> {
            let jobs = self.store.read(|s| jobs::of_people(s, &Wanted::default(), None, 99)).unwrap().items;
            jobs.into_iter().filter_map(|(_, job)| job.key).collect()
        }
        fn row(&self) -> Schedule {
            self.store.read(|s| self.schedules.get(s, "sweep")).unwrap().schedule
        }
    }

    #[test]
    fn each_time_is_one_job_however_often_the_loop_looks() {
        let yard = Yard::open("2026-11-27T00:00:00Z", plan(Missed::Run));
        assert_eq!(yard.tick("2026-11-27T00:00:00Z"), 0);
        assert_eq!(yard.row().next_at, Some(at("2026-11-27T01:30:00Z")));
        assert_eq!(yard.tick("2026-11-27T01:29:59Z"), 0);
        assert_eq!(yard.tick("2026-11-27T01:30:00Z"), 1);
        assert_eq!(yard.tick("2026-11-27T01:30:01Z"), 0);
        // Back by a second, again and again: the same time is no other.
        assert_eq!((yard.tick("2026-11-27T01:29:59Z"), yard.tick("2026-11-27T01:30:00Z")), (0, 0));
        assert_eq!(yard.tick("2026-11-28T01:30:00Z"), 1);
        assert_eq!(yard.keys().len(), 2);
    }

    #[test]
    fn half_past_two_comes_once_in_every_night() {
        let yard = Yard::open("2026-03-28T12:00:00Z", plan(Missed::Skip));
        let mut nights = Vec::new();
        let mut now = at("2026-03-28T12:00:00Z");
        while now < at("2026-03-31T12:00:00Z") {
            yard.clock.set(now);
            nights.extend((yard.schedules.tick(now).unwrap() > 0).then_some(now.rfc3339()));
            now = now.plus_ms(MINUTE_MS);
        }
        assert_eq!(nights, ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]);
        let yard = Yard::open("2026-10-24T12:00:00Z", plan(Missed::Skip));
        let (mut now, mut nights) = (at("2026-10-24T12:00:00Z"), Vec::new());
        while now < at("2026-10-26T12:00:00Z") {
            yard.clock.set(now);
            nights.extend((yard.schedules.tick(now).unwrap() > 0).then_some(now.rfc3339()));
            now = now.plus_ms(MINUTE_MS);
        }
        assert_eq!(nights, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn what_was_missed_is_made_up_for_once_or_left_out() {
        for (missed, jobs) in [(Missed::Run, 1), (Missed::Skip, 0)] {
            let yard = Yard::open("2026-11-20T00:00:00Z", plan(missed));
            yard.tick("2026-11-20T00:00:00Z");
            assert_eq!(yard.tick("2026-11-27T12:00:00Z"), jobs, "a week later");
            assert_eq!(yard.tick("2026-11-27T12:00:01Z"), 0);
            assert_eq!(yard.row().next_at, Some(at("2026-11-28T01:30:00Z")));
            assert_eq!(yard.row().skipped_at.is_some(), missed == Missed::Skip);
            // Who looks after the house hears of it, once, until it has run again.
            let trouble = || yard.store.read(|s| yard.row().trouble(s)).unwrap();
            let told = || yard.store.read(|s| crate::store::events::after(s, 0, 99)).unwrap();
            assert_eq!(trouble(), (missed == Missed::Skip).then_some(Trouble::Missed));
            assert_eq!(told().iter().filter(|e| e.kind == "schedule.failed").count(), 1 - jobs);
            assert_eq!(yard.tick("2026-11-28T01:32:00Z"), 1, "a little late is not missed");
            assert_eq!((trouble(), told().len()), (None, 1 - jobs));
        }
    }

    #[test]
    fn a_clock_that_is_wrong_stops_no_schedule_and_brings_no_storm() {
        let yard = Yard::open("2026-11-27T00:00:00Z", plan(Missed::Run));
        yard.tick("2026-11-27T00:00:00Z");
        assert_eq!(yard.tick("2036-11-27T00:00:00Z"), 1, "ten years ahead");
        assert_eq!(yard.tick("2036-11-27T00:00:01Z"), 0);
        assert_eq!(yard.tick("2026-11-27T00:00:02Z"), 0, "and back");
        assert_eq!(yard.row().next_at, Some(at("2026-11-27T01:30:00Z")));
        assert_eq!(yard.tick("2026-11-27T01:30:00Z"), 1, "the days go on");
    }

    #[test]
    fn trouble_of_what_rests_or_is_no_schedule_any_more_is_nobodys_worry() {
        let yard = Yard::open("2026-11-27T00:00:00Z", plan(Missed::Skip));
        let in_trouble = |plans: Vec<Plan>| {
            let jobs = Jobs::new(yard.store.clone(), Vec::new(), |_, _| Ok(true));
            let zone = || Zone::named("Europe/Berlin").unwrap();
            let schedules = Schedules::new(yard.store.clone(), jobs, plans, zone);
            yard.store.read(|s| schedules.in_trouble(s)).unwrap()
        };
        yard.tick("2026-11-27T00:00:00Z");
        assert_eq!(in_trouble(vec![plan(Missed::Skip)]), []);
        yard.tick("2026-11-29T12:00:00Z");
        assert_eq!(in_trouble(vec![plan(Missed::Skip)]), [("Sweep", Trouble::Missed)]);
        let off = Plan { off: Some("Off in the configuration."), ..plan(Missed::Skip) };
        assert_eq!(in_trouble(vec![off]), []);
        assert_eq!(in_trouble(Vec::new()), []);
    }

    #[test]
    fn a_pause_is_no_miss_and_a_change_is_no_run() {
        let yard = Yard::open("2026-11-27T00:00:00Z", plan(Missed::Run));
        yard.tick("2026-11-27T00:00:00Z");
        let pause = |paused: bool| {
            let own = yard.schedules.clone();
            yard.store.write_blocking(Actor::cli(), move |tx| own.pause(tx, "sweep", paused)).unwrap()
        };
        assert!(pause(true).paused);
        assert_eq!(yard.tick("2026-11-29T12:00:00Z"), 0);
        assert!(!pause(false).paused);
        assert_eq!(yard.tick("2026-11-29T12:00:01Z"), 0);
        let own = yard.schedules.clone();
        let set = yard
            .store
            .write_blocking(Actor::cli(), move |tx| own.change(tx, "sweep", "0 14 * * *", Missed::Skip))
            .unwrap();
        assert_eq!((set.cron.text(), set.missed, set.is_usual), ("0 14 * * *", Missed::Skip, false));
        assert_eq!(yard.tick("2026-11-29T12:59:59Z"), 0);
        assert_eq!(yard.tick("2026-11-29T13:00:00Z"), 1);
        let own = yard.schedules.clone();
        let refused = yard
            .store
            .write_blocking(Actor::cli(), move |tx| own.change(tx, "sweep", "0 25 * * *", Missed::Run));
        assert_eq!(refused.unwrap_err().code, "invalid_cron");
        // By hand it is done at once, by whoever wanted it, and moves nothing.
        let own = yard.schedules.clone();
        let anna = Actor::new(crate::store::ActorKind::Staff, "stf_1", "Anna");
        let job = yard.store.write_blocking(anna, move |tx| own.run_now(tx, "sweep")).unwrap();
        let by = yard.store.read(|s| jobs::get(s, job)).unwrap().by.unwrap();
        assert_eq!((by.name.as_str(), yard.row().next_at), ("Anna", Some(at("2026-11-30T13:00:00Z"))));
    }

    #[test]
    fn by_hand_what_waits_to_be_tried_again_is_due_now() {
        use crate::work::jobs::testing::{end, lease_one};
        let yard = Yard::open("2026-11-27T00:00:00Z", plan(Missed::Run));
        let run_now = || {
            let own = yard.schedules.clone();
            yard.store.write_blocking(Actor::cli(), move |tx| own.run_now(tx, "sweep")).unwrap()
        };
        let first = run_now();
        yard.store
            .write_blocking(actor(), |tx| {
                let (id, job) = lease_one(tx)?.unwrap();
                let why = "Nobody is there.".to_owned();
                end(tx, id, job.token, &jobs::Ended::Failed { why, again_in_ms: Some(HOUR_MS) })
            })
            .unwrap();
        let due = || yard.store.read(|s| jobs::get(s, first)).unwrap().due_at;
        assert_eq!(due(), at("2026-11-27T01:00:00Z"));
        yard.clock.set(at("2026-11-27T00:10:00Z"));
        assert_eq!((run_now(), due()), (first, at("2026-11-27T00:10:00Z")));
    }

    #[test]
    fn another_zone_names_another_time() {
        let yard = Yard::open("2026-11-27T00:00:00Z", plan(Missed::Run));
        yard.tick("2026-11-27T00:00:00Z");
        let jobs = Jobs::new(yard.store.clone(), Vec::new(), |_, _| Ok(true));
        let moved = Schedules::new(yard.store.clone(), jobs, vec![plan(Missed::Run)], Zone::utc);
        moved.tick(at("2026-11-27T01:00:00Z")).unwrap();
        yard.clock.set(at("2026-11-27T02:30:00Z"));
        let made: usize = ["2026-11-27T01:30:00Z", "2026-11-27T02:30:00Z", "2026-11-28T02:30:00Z"]
            .map(|now| moved.tick(at(now)).unwrap())
            .iter()
            .sum();
        assert_eq!(made, 2);
        assert_eq!(yard.row().next_at.map(|next| next.since_ms(at("2026-11-28T02:30:00Z"))), Some(DAY_MS));
    }
}
