//! How far a job is, as pages show it: a bar, how fast it goes, how long it still takes.

use crate::base::time::Timestamp;
use crate::web::listing::grouped;
use crate::work::jobs::{Job, State};
use serde::Serialize;

/// So little of it says nothing about how long the rest takes.
const JUDGED_FROM_MS: i64 = 1_000;

/// A bar with words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// 0 to 100; `None` while nobody knows how much there is.
    pub percent: Option<u64>,
    /// `150 of 412, 90 a second, about 3 s left`
    pub text: String,
}

/// How fast a job goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    pub per_second: f64,
    pub seconds_left: Option<u64>,
}

/// How fast a running job has gone since its present try began; `None` while that cannot be said.
pub fn pace(job: &Job, now: Timestamp) -> Option<Pace> {
    let ms = now.since_ms(job.since);
    let moved = job.progress.checked_sub(job.from).filter(|moved| *moved > 0)?;
    if job.state != State::Leased || ms < JUDGED_FROM_MS {
        return None;
    }
    let per_second = moved as f64 * 1_000.0 / ms as f64;
    let left = job.total.checked_sub(job.progress).map(|left| (left as f64 / per_second).ceil() as u64);
    Some(Pace { per_second, seconds_left: left })
}

impl Progress {
    /// Of a job that says how much there is to do.
    pub fn of(job: &Job, now: Timestamp) -> Option<Self> {
        if job.total == 0 {
            return (job.state == State::Leased).then(|| Self { percent: None, text: "Running".to_owned() });
        }
        let mut text = format!("{} of {}", grouped(job.progress), grouped(job.total));
        if let Some(pace) = pace(job, now) {
            text.push_str(&format!(", {} a second", rate(pace.per_second)));
            if let Some(left) = pace.seconds_left.filter(|left| *left > 0) {
                text.push_str(&format!(", about {} left", lasting(left)));
            }
        }
        let percent = job.progress.saturating_mul(100).checked_div(job.total).unwrap_or(0).min(100);
        Some(Self { percent: Some(percent), text })
    }
}

fn rate(per_second: f64) -> String {
    if per_second >= 10.0 { grouped(per_second.round() as u64) } else { format!("{per_second:.1}") }
}

/// `40 s`, `3 min`, `2 h`
pub fn lasting(seconds: u64) -> String {
    match seconds {
        0..=89 => format!("{seconds} s"),
        90..=5_399 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(progress: u64, total: u64, from: u64) -> Job {
        Job { since: Timestamp(10_000), progress, total, from, ..Job::sample() }
    }

    #[test]
    fn it_says_how_far_how_fast_and_how_long() {
        let at = |ms: i64, job: &Job| Progress::of(job, Timestamp(10_000 + ms)).unwrap();
        let told = at(2_000, &job(1_200, 3_600, 200));
        assert_eq!(told.text, "1,200 of 3,600, 500 a second, about 5 s left");
        assert_eq!(told.percent, Some(33));
        // A try that has just gone on says nothing about its pace, whatever was done before it.
        assert_eq!(at(2_000, &job(200, 3_600, 200)).text, "200 of 3,600");
        assert_eq!(at(500, &job(300, 3_600, 200)).text, "300 of 3,600");
        assert_eq!(at(60_000, &job(60, 600, 0)).text, "60 of 600, 1.0 a second, about 9 min left");
        assert_eq!(at(2_000, &job(0, 0, 0)).percent, None);
        assert_eq!(Progress::of(&Job { state: State::Ready, ..job(0, 0, 0) }, Timestamp(0)), None);
    }
}
