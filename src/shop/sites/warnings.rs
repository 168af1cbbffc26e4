//! When the owner is warned: at 21, 14, 7, 3 and 1 days, each once a certificate; of a failure that a second look confirmed,
//! each once until it is in order again; and that it is.

use super::events::{Checked, Expiring, Failed, Recovered};
use super::model::{End, SOON_DAYS, Site, SiteId, WARNED, Warned};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::outbound::certificates::Problem;
use crate::store::{Subject, Tx};

/// The days before the end at which it is told.
const STEPS: &[i64] = &[SOON_DAYS, 14, 7, 3, 1];
/// Certificates that are remembered of a site: as many as machines may show in turn.
const ENDS_KEPT: usize = 16;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    Expiring,
    Failed,
    Recovered,
}

/// Judges a look. One that was judged already changes nothing.
///
/// # Errors
/// Faults of the store only.
pub(super) fn judge(tx: &mut Tx<'_>, id: SiteId, checked: &Checked) -> Result<()> {
    let mut warned = WARNED.get(tx, &id)?.unwrap_or_default();
    if checked.number <= warned.number {
        return Ok(());
    }
    warned.number = checked.number;
    let due = due(&mut warned, checked);
    WARNED.put(tx, &id, &warned)?;
    let (about, address) = (Subject::of(&id), checked.address.clone());
    match due {
        None => Ok(()),
        Some(Due::Expiring(within_days)) => {
            let days_left = checked.days_left.unwrap_or_default();
            let event = Expiring { address, days_left, within_days, expires_at: checked.expires_at };
            tx.publish(about, &event).map(drop)
        }
        Some(Due::Failed(problem)) => tx.publish(about, &Failed { address, problem }).map(drop),
        Some(Due::Recovered) => {
            tx.publish(about, &Recovered { address, expires_at: checked.expires_at }).map(drop)
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Due {
    Expiring(i64),
    Failed(String),
    Recovered,
}

/// What is to be told after a look, and remembers that it was.
fn due(warned: &mut Warned, checked: &Checked) -> Option<Due> {
    if let Some(problem) = &checked.problem {
        let told = told_as(problem);
        if !checked.confirmed || warned.problems.contains(&told) {
            return None;
        }
        warned.problems.push(told);
        warned.is_open = true;
        return Some(Due::Failed(problem.clone()));
    }
    warned.problems.clear();
    let step = checked.days_left.and_then(|days| STEPS.iter().copied().rfind(|step| days <= *step));
    let Some((step, fingerprint)) = step.zip(checked.fingerprint.clone()) else {
        return std::mem::take(&mut warned.is_open).then_some(Due::Recovered);
    };
    let place = warned.ends.iter().position(|end| end.fingerprint == fingerprint);
    let before = place.map(|place| warned.ends.remove(place).within_days);
    let within_days = before.map_or(step, |before| before.min(step));
    warned.ends.push(End { fingerprint, within_days });
    let over = warned.ends.len().saturating_sub(ENDS_KEPT);
    warned.ends.drain(..over);
    if before.is_some_and(|before| before <= step) {
        return None;
    }
    warned.is_open = true;
    Some(Due::Expiring(step))
}

/// All that keeps from reaching a server is one thing to be told of: it changes from look to look.
fn told_as(problem: &str) -> String {
    let of_certificate =
        Problem::ALL.iter().find(|p| p.word() == problem).is_some_and(|p| p.is_of_certificate());
    if of_certificate { problem.to_owned() } else { "unreachable".to_owned() }
}

/// Why a warning is not true any more of a site as it stands now; `None` while it is.
pub fn passed(site: &Site, warning: Warning, now: Timestamp) -> Option<&'static str> {
    let latest = site.latest.as_ref()?;
    let (is_bad, days) = (!latest.problems.is_empty(), latest.expires_at.map(|at| days_until(at, now)));
    match warning {
        Warning::Expiring if !is_bad && days.is_some_and(|days| days > SOON_DAYS) => {
            Some("The certificate was renewed before it was sent.")
        }
        Warning::Failed if !is_bad => Some("The site was in order again before it was sent."),
        Warning::Recovered if is_bad => Some("The site failed again before it was sent."),
        _ => None,
    }
}

/// Whole days until a moment.
pub(super) fn days_until(at: Timestamp, now: Timestamp) -> i64 {
    at.since_ms(now).div_euclid(crate::base::time::DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(days: i64, fingerprint: &str) -> Checked {
        Checked {
            address: "example.com".to_owned(),
            number: 1,
            problem: None,
            confirmed: false,
            days_left: Some(days),
            expires_at: None,
            fingerprint: Some(fingerprint.to_owned()),
            duration_ms: 5,
        }
    }
    fn bad(problem: Problem, confirmed: bool) -> Checked {
        Checked { problem: Some(problem.word().to_owned()), confirmed, ..good(50, "a") }
    }

    #[test]
    fn each_step_is_told_once_a_certificate_however_often_it_is_looked_at() {
        let mut warned = Warned::default();
        let told: Vec<(i64, i64)> = (-1..=40)
            .rev()
            .flat_map(|days| [days, days, days])
            .filter_map(|days| match due(&mut warned, &good(days, "a")) {
                Some(Due::Expiring(step)) => Some((days, step)),
                None => None,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, [(21, 21), (14, 14), (7, 7), (3, 3), (1, 1)]);
        // One that is met late is told of once, not once a step.
        assert_eq!(due(&mut warned, &good(5, "b")), Some(Due::Expiring(7)));
        assert_eq!(due(&mut warned, &good(5, "b")), None);
        // Machines that show different ones in turn do not begin it anew.
        assert_eq!(due(&mut warned, &good(1, "a")), None);
        assert_eq!(due(&mut warned, &good(5, "b")), None);
        assert_eq!(due(&mut warned, &good(3, "b")), Some(Due::Expiring(3)));
        assert_eq!(due(&mut warned, &good(80, "c")), Some(Due::Recovered), "it was renewed");
        assert_eq!(due(&mut warned, &good(80, "c")), None);
    }

    #[test]
    fn a_failure_is_told_when_it_is_confirmed_and_once_until_it_is_mended() {
        let mut warned = Warned::default();
        assert_eq!(due(&mut warned, &bad(Problem::TimedOut, false)), None, "a hiccup");
        assert_eq!(due(&mut warned, &good(50, "a")), None, "nothing was told, so nothing is taken back");
        let down = Some(Due::Failed("timed_out".to_owned()));
        assert_eq!(due(&mut warned, &bad(Problem::TimedOut, true)), down);
        for again in [Problem::TimedOut, Problem::Refused, Problem::NameNotFound] {
            assert_eq!(due(&mut warned, &bad(again, true)), None, "{again:?}: it is down still");
        }
        let expired = Some(Due::Failed("expired".to_owned()));
        assert_eq!(due(&mut warned, &bad(Problem::Expired, true)), expired, "that is another thing");
        assert_eq!(due(&mut warned, &bad(Problem::Refused, true)), None);
        assert_eq!(due(&mut warned, &bad(Problem::Expired, true)), None);
        assert_eq!(due(&mut warned, &good(50, "b")), Some(Due::Recovered));
        assert_eq!(due(&mut warned, &bad(Problem::TimedOut, true)), down, "it begins anew");
    }

    #[test]
    fn who_comes_back_with_little_time_is_told_of_the_time() {
        let mut warned = Warned::default();
        due(&mut warned, &bad(Problem::Expired, true));
        assert_eq!(due(&mut warned, &good(6, "b")), Some(Due::Expiring(7)));
        assert_eq!(due(&mut warned, &good(60, "c")), Some(Due::Recovered));
    }
}
