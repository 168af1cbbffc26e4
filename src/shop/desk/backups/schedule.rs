//! The daily backup as a schedule and a job: which time is due by what lies on the shelf, and the job that has the loop
//! of backups make one and waits for what came of it.

use crate::base::error::Result;
use crate::base::time::{HOUR_MS, MINUTE_MS, Timestamp};
use crate::shop::desk::backups::{Office, Wish};
use crate::work::jobs::{self, About, Beat, Ended, Job, JobId, Report, Worker};
use crate::work::schedules::{Due, Missed, Plan};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The kind of the jobs.
const KIND: &str = "backup";
/// After a failure it is tried again in this time, for a day: a full disk does not empty within a minute.
const PAUSES_MS: &[i64] = &[15 * MINUTE_MS; 95];
/// So far ahead of the clock a backup may be dated and still be one of today.
const AHEAD_MS: i64 = HOUR_MS;
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The shelf is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The loop of backups is asked so often whether it is done.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// The schedule of the daily backup: from this hour on, at the earliest so long after the start.
pub fn plan(office: &Office, enabled: bool, hour: u8, delay: Duration) -> Plan {
    Plan {
        name: "backup",
        title: "Daily backup",
        sentence: "Copies everything, restores the copy on trial, and takes old ones away.",
        cron: format!("0 {hour} * * *"),
        missed: Missed::Run,
        off: (!enabled).then_some("The configuration switches it off (backup.enabled)."),
        kind: KIND,
        due: Some(due(office.clone(), delay)),
    }
}

/// What is due is known by the backups there are: a time is carried out when one was made since.
fn due(office: Office, delay: Duration) -> Due {
    let (begun, looked) = (Instant::now(), Mutex::new(None::<Instant>));
    Arc::new(move |moment| {
        let mut looked = looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_soon = looked.is_some_and(|looked: Instant| looked.elapsed() < LOOK_EVERY);
        if begun.elapsed() < delay || is_soon || !office.state().runs {
            return None;
        }
        *looked = Some(Instant::now());
        let all: Vec<Timestamp> = office.shelf().list().ok()?.iter().map(|kept| kept.at).collect();
        let planned = moment.cron.last(moment.now, moment.zone);
        is_due(&all, moment.now, office.rested(), planned).then(|| planned.unwrap_or(moment.now))
    })
}

/// Whether the planned time has come since the newest backup was made. One that was made under a clock that was ahead
/// says nothing of that. Where there are only such, the clock of now is behind, and one a day is made by the time that
/// passes: `rested` is how long the last one of this run is ago.
fn is_due(all: &[Timestamp], now: Timestamp, rested: Option<Duration>, planned: Option<Timestamp>) -> bool {
    // One that has just been made has the name of a later second where there was one already.
    match all.iter().filter(|at| **at <= now.plus_ms(AHEAD_MS)).max() {
        Some(newest) => planned.is_some_and(|planned| *newest < planned),
        None => all.is_empty() || rested.is_none_or(|rested| rested >= A_DAY),
    }
}

/// Has the loop of backups make one.
pub struct BackupWork {
    office: Office,
}

impl BackupWork {
    pub fn new(office: Office) -> Self {
        Self { office }
    }
}

impl Worker for BackupWork {
    fn kind(&self) -> &'static str {
        KIND
    }
    fn pauses_ms(&self) -> &'static [i64] {
        PAUSES_MS
    }
    fn about(&self, _: &Job) -> Result<About> {
        let page = Some(("Backups".to_owned(), "/admin/backups".to_owned()));
        Ok(About { title: "Backup".to_owned(), page, ..About::default() })
    }
    fn run(&self, id: JobId, job: &Job, beat: &Beat) -> Result<Report> {
        let said = |text: String| -> Report {
            let note = move |tx: &mut crate::store::Tx<'_>| jobs::say(tx, id, &text);
            Report { ended: Ended::Done, note: Some(Arc::new(note)) }
        };
        // What is being made now, because the journal needed it or somebody asked, may be as good.
        while self.office.state().doing.is_some() {
            beat.progress(0, 0);
            if let Some(ended) = beat.stop() {
                return Ok(ended.into());
            }
            std::thread::sleep(ASK_EVERY);
        }
        // So may one that was whole when the program ended.
        let since =
            |kept: &&crate::store::backup::Kept| kept.at > job.created_at && kept.verified_at.is_some();
        if let Some(kept) = self.office.shelf().list()?.iter().find(since) {
            return Ok(said(format!("{} was made and restored on trial.", kept.file)));
        }
        let before = self.office.made();
        if !self.office.wish(Wish::Make) {
            let why = "This program makes no backups now, or too much of it waits.".to_owned();
            return Ok(Ended::Failed { why, again_in_ms: jobs::pause_after(PAUSES_MS, job.tries) }.into());
        }
        loop {
            beat.progress(0, 0);
            if let Some(ended) = beat.stop() {
                return Ok(ended.into());
            }
            let (count, told) = self.office.made();
            match told.filter(|_| count > before.0) {
                Some(told) if told.is_good => return Ok(said(told.text)),
                Some(told) => {
                    let again_in_ms = jobs::pause_after(PAUSES_MS, job.tries);
                    return Ok(Ended::Failed { why: told.text, again_in_ms }.into());
                }
                None => std::thread::sleep(ASK_EVERY),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Zone;
    use crate::work::schedules::Cron;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn due(all: &[&str], now: &str, rested: Option<Duration>, zone: &Zone) -> bool {
        let all: Vec<Timestamp> = all.iter().map(|text| at(text)).collect();
        is_due(&all, at(now), rested, Cron::parse("0 3 * * *").unwrap().last(at(now), zone))
    }

    #[test]
    fn one_is_due_a_day_from_the_hour_on() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let due = |newest: &str, now: &str| due(&[newest], now, None, &zone);
        assert!(is_due(&[], at("2026-11-27T12:00:00Z"), None, None));
        // Three o'clock in Berlin is two in UTC.
        assert!(!due("2026-11-26T02:00:10Z", "2026-11-27T01:59:59Z"));
        assert!(due("2026-11-26T02:00:10Z", "2026-11-27T02:00:00Z"));
        assert!(!due("2026-11-27T02:00:00Z", "2026-11-27T23:00:00Z"));
        assert!(due("2026-11-20T02:00:00Z", "2026-11-27T01:00:00Z"), "a shop that slept");
        // The night in which three o'clock comes twice, and the one in which two does not come.
        assert!(!due("2026-10-25T02:00:05Z", "2026-10-25T22:00:00Z"));
        assert!(due("2026-03-28T03:00:00Z", "2026-03-29T01:00:00Z"));
    }

    #[test]
    fn a_clock_that_was_years_ahead_or_is_behind_stops_no_backup_and_brings_no_storm() {
        let (zone, hour) = (Zone::utc(), Duration::from_secs(3_600));
        let due = |all: &[&str], now: &str, rested: Option<Duration>| due(all, now, rested, &zone);
        // One was made while the clock was ten years ahead: the days go on.
        let all = ["2026-11-26T03:00:00Z", "2036-11-26T12:00:00Z"];
        assert!(!due(&all, "2026-11-26T23:00:00Z", Some(hour)));
        assert!(due(&all, "2026-11-27T03:00:00Z", Some(hour)));
        // The clock is ten years behind: one at once, then one a day, whether the first one is kept or not.
        let all = ["2026-11-26T03:00:00Z", "2026-11-25T03:00:00Z"];
        assert!(due(&all, "2016-11-26T12:00:00Z", None));
        assert!(!due(&all, "2016-11-26T12:01:00Z", Some(hour)));
        assert!(!due(&["2016-11-26T12:00:00Z", all[0]], "2016-11-26T12:01:00Z", None));
        assert!(due(&all, "2016-11-27T12:00:00Z", Some(hour * 24)));
        // Back by a second, again and again.
        assert!(!due(&["2026-11-26T03:00:05Z"], "2026-11-26T03:00:04Z", None));
    }
}
