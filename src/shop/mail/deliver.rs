//! From a mail that waits to the server: what it tells is looked at again, it is written and kept, sent, and what came of it
//! is noted in the transaction that ends the job.

use super::desk::Post;
use super::model::{Attempt, Content, MAILS, Mail, MailId, State};
use super::moments::{Audience, Matter, Moment};
use super::ops::{self, SEND};
use super::take::readdressed;
use super::{settings, suppress, write};
use crate::access::profile;
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id as _;
use crate::base::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp, Zone};
use crate::base::unseen::shown;
use crate::outbound::smtp::{Letter, Outcome, Party};
use crate::shop::messages;
use crate::shop::orders;
use crate::shop::sites;
use crate::store::{Actor, StoredEvent, Tx, events};
use crate::work::jobs::{self, Beat, Ended, Job, JobId, Report, Worker};
use crate::work::schedules;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Twelve tries over some eighteen hours: greylisting ends after minutes, a server that is mended over night after hours.
const PAUSES_MS: &[i64] = &[
    15 * SECOND_MS,
    MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    20 * MINUTE_MS,
    40 * MINUTE_MS,
    80 * MINUTE_MS,
    160 * MINUTE_MS,
    3 * HOUR_MS,
    4 * HOUR_MS,
    6 * HOUR_MS,
];
/// A server may take its time at every step.
const LEASE: Duration = Duration::from_secs(600);
const ANSWER_MAX: usize = 500;
/// In the log, of a try whose end nobody noted.
const CUT_OFF: &str =
    "The program ended while this was being sent; it may have arrived twice under one Message-ID.";
const NO_SERVER: &str = "No mail server is configured: set mail.host.";

/// Sends mails.
pub(super) struct Deliveries {
    post: Post,
}

/// What is to be done about a mail whose turn it is.
enum Turn {
    Send(Box<(Mail, Content)>),
    /// It was ended, or has ended.
    Over,
    /// The number of the day is reached, which was this.
    NotToday {
        why: String,
        ms: i64,
        limit: u32,
    },
}

impl Deliveries {
    pub(super) fn new(post: Post) -> Self {
        Self { post }
    }

    /// Looks at a mail whose turn it is, and keeps what is going to be sent before it is sent: a second try after a kill
    /// sends the same bytes.
    fn turn(&self, id: MailId) -> Result<Turn> {
        let (store, post) = (self.post.store(), &self.post);
        let now = store.clock().now();
        let written = store.read(|s| {
            let Some(mail) = MAILS.get(s, &id)? else { return Ok(None) };
            match ops::content(s, id)? {
                Some(content) => Ok(Some(content)),
                None => write::content(post, s, &mail, now),
            }
        })?;
        store.write_behind(actor(), move |tx| {
            let Some(mut mail) = MAILS.get(tx, &id)? else { return Ok(Turn::Over) };
            // What failed and whose job somebody tries again is sent as well.
            if !mail.state.is_open() && mail.state != State::Failed {
                return Ok(Turn::Over);
            }
            if mail.state == State::Sending {
                let (at, answer) = (mail.since, CUT_OFF.to_owned());
                ops::tried(&mut mail, Attempt { at, answer, taken: false, took_ms: 0, is_cut_off: true });
            }
            if let Some(moment) = Moment::from_word(&mail.moment)
                && let Some(to) = readdressed(tx, moment, &mail)?
            {
                mail.to = to;
            }
            if let Some(reason) = why_not(tx, &mail)? {
                tracing::info!(mail = %id, "a mail was not sent: {reason}");
                mail.reason = reason;
                ops::set(tx, id, &mut mail, State::Dropped)?;
                return Ok(Turn::Over);
            }
            let Some(content) = written.clone() else {
                mail.reason = "What it is about is gone.".to_owned();
                ops::set(tx, id, &mut mail, State::Dropped)?;
                return Ok(Turn::Over);
            };
            let (today, left_ms) = day(tx)?;
            let limit = settings::get(tx)?.daily_limit;
            if let Some(why) = ops::take_of_day(tx, &mut mail, &today, limit)? {
                mail.reason.clone_from(&why);
                mail.due_at = tx.now().plus_ms(left_ms);
                mail.is_put_off = true;
                ops::set(tx, id, &mut mail, State::Queued)?;
                return Ok(Turn::NotToday { why, ms: left_ms, limit });
            }
            ops::keep(tx, id, &content)?;
            mail.subject.clone_from(&content.subject);
            mail.reason.clear();
            mail.is_put_off = false;
            ops::set(tx, id, &mut mail, State::Sending)?;
            Ok(Turn::Send(Box::new((mail, content))))
        })
    }
}

#[cfg(test)]
impl Deliveries {
    /// What would be sent now; none when it is over.
    pub(super) fn written(&self, id: MailId) -> Result<Option<Content>> {
        Ok(match self.turn(id)? {
            Turn::Send(both) => Some(both.1),
            Turn::Over | Turn::NotToday { .. } => None,
        })
    }
}

fn actor() -> Actor {
    Actor::system("mailer")
}

/// The day in the shop's zone, and how long it still is.
fn day(tx: &Tx<'_>) -> Result<(String, i64)> {
    let zone = Zone::named(&profile::get(tx)?.zone).unwrap_or_else(|_unknown: Error| Zone::utc());
    let today = tx.now().in_zone(&zone).date();
    let tomorrow = today.tomorrow().ok().and_then(|day| zone.date_start(day));
    let left_ms = tomorrow.map_or(HOUR_MS, |start| start.since_ms(tx.now()));
    Ok((today.to_string(), left_ms.max(SECOND_MS)))
}

/// Why a mail is not to be sent any more; `None` while it is.
fn why_not(tx: &Tx<'_>, mail: &Mail) -> Result<Option<String>> {
    let Some(moment) = Moment::from_word(&mail.moment) else { return Ok(None) };
    if let Some(found) = suppress::find(tx, &mail.to)? {
        return Ok(Some(format!("Nothing is sent to this address: {}", found.reason)));
    }
    // Somebody asked for this very mail: what is switched off is meant for the others.
    if mail.by.is_empty() && !settings::get(tx)?.is_on(moment) {
        return Ok(Some("Mails of this kind were switched off.".to_owned()));
    }
    match (mail.order, mail.message, mail.site.zip(moment.warning())) {
        (Some(id), _, _) => match orders::find(tx, id)? {
            Some(order) => Ok(moment.passed(&order, told(tx, mail)?.as_ref()).map(str::to_owned)),
            None => Ok(Some("The order is gone.".to_owned())),
        },
        (None, Some(id), _) => Ok(match messages::find(tx, id)?.map(|message| message.state) {
            None => Some("The message is gone.".to_owned()),
            Some(messages::State::Spam) => {
                Some("The message was taken for spam before it was sent.".to_owned())
            }
            Some(messages::State::Open | messages::State::Closed) => None,
        }),
        (None, None, Some((id, warning))) => match sites::find(tx, id)? {
            Some(site) => Ok(sites::passed(&site, warning, tx.now()).map(str::to_owned)),
            None => Ok(Some("The site is not watched any more.".to_owned())),
        },
        (None, None, None) => match (moment.matter(), told(tx, mail)?) {
            (Matter::Job, Some(event)) => job_passed(tx, &event),
            (Matter::Schedule, Some(event)) => schedule_passed(tx, &event),
            _ => Ok(None),
        },
    }
}

/// The event that a mail tells of, of those that do.
fn told(tx: &Tx<'_>, mail: &Mail) -> Result<Option<StoredEvent>> {
    Ok(mail.event.map(|seq| events::get(tx, seq)).transpose()?.flatten())
}

fn job_passed(tx: &Tx<'_>, event: &StoredEvent) -> Result<Option<String>> {
    let Some(id) = event.subject.id_as::<JobId>() else { return Ok(None) };
    match jobs::get(tx, id) {
        Ok(job) if job.state.is_open() => Ok(Some("It was begun once more before it was sent.".to_owned())),
        Ok(_) => Ok(None),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn schedule_passed(tx: &Tx<'_>, event: &StoredEvent) -> Result<Option<String>> {
    let name = event.data.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
    let is_well = schedules::trouble_of(tx, name)?.is_none();
    Ok(is_well.then(|| "It went well before this was sent.".to_owned()))
}

/// The mail that a job is about.
fn mail_of(job: &Job) -> Result<MailId> {
    let bytes = <[u8; 16]>::try_from(job.payload.as_slice());
    Ok(MailId::from_bytes(bytes.map_err(|_short| Error::internal("an id has sixteen bytes"))?))
}

impl Worker for Deliveries {
    fn kind(&self) -> &'static str {
        SEND
    }
    fn pauses_ms(&self) -> &'static [i64] {
        PAUSES_MS
    }
    fn lease(&self) -> Duration {
        LEASE
    }
    fn left_off(&self, tx: &mut Tx<'_>, job: &Job) -> Result<()> {
        let id = mail_of(job)?;
        match MAILS.get(tx, &id)? {
            Some(mail) if mail.state.is_open() => {
                ops::end(tx, id, State::Cancelled, "Its job was cancelled.")
            }
            _ => Ok(()),
        }
    }
    fn run(&self, _: JobId, job: &Job, beat: &Beat) -> Result<Report> {
        let id = mail_of(job)?;
        if let Some(ended) = beat.stop() {
            return Ok(ended.into());
        }
        let pause = jobs::pause_after(PAUSES_MS, job.tries);
        let Some(server) = self.post.server() else {
            return Ok(Self::report(id, &Outcome::Later(NO_SERVER.to_owned()), pause, None));
        };
        let (mail, content) = match self.turn(id)? {
            Turn::Send(both) => *both,
            Turn::Over => return Ok(Ended::Done.into()),
            Turn::NotToday { why, ms, limit } => {
                // More may be sent since then: whoever allowed it did not find this job waiting yet.
                let note = move |tx: &mut Tx<'_>| {
                    if settings::get(tx)?.daily_limit > limit { ops::hasten(tx) } else { Ok(()) }
                };
                let ended = Ended::PutOff { why, again_in_ms: ms };
                return Ok(Report { ended, note: Some(Arc::new(note)) });
            }
        };
        let is_by_hand = Moment::from_word(&mail.moment).is_some_and(Moment::is_by_hand);
        let letter = Letter {
            in_reply_to: content.in_reply_to.as_deref(),
            is_automatic: !is_by_hand,
            message_id: &mail.message_id,
            at: content.at,
            from: Party { name: &content.from_name, address: &content.from },
            reply_to: content.reply_to.as_deref(),
            to: &mail.to,
            subject: &content.subject,
            text: &content.text,
            html: &content.html,
        };
        let (at, begun) = (self.post.store().clock().now(), Instant::now());
        let outcome = server.send(&letter);
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Self::report(id, &outcome, pause, Some((at, took_ms))))
    }
}

impl Deliveries {
    /// How the job ends, and what is noted with it.
    fn report(id: MailId, outcome: &Outcome, pause: Option<i64>, tried: Option<(Timestamp, u64)>) -> Report {
        let cut = |text: &str| shown(text, ANSWER_MAX);
        let (ended, answer) = match outcome {
            Outcome::Taken(answer) => (Ended::Done, cut(answer)),
            Outcome::Later(answer) => (Ended::Failed { why: cut(answer), again_in_ms: pause }, cut(answer)),
            Outcome::Refused { answer, .. } => {
                (Ended::Failed { why: cut(answer), again_in_ms: None }, cut(answer))
            }
        };
        let (state, dead) = match (outcome, pause) {
            (Outcome::Taken(_), _) => (State::Sent, false),
            (Outcome::Later(_), Some(_)) => (State::Queued, false),
            (Outcome::Later(_), None) => (State::Failed, false),
            (Outcome::Refused { is_address, .. }, _) => (State::Failed, *is_address),
        };
        let note = move |tx: &mut Tx<'_>| {
            let Some(mut mail) = MAILS.get(tx, &id)? else { return Ok(()) };
            if let Some((at, took_ms)) = tried {
                let taken = state == State::Sent;
                ops::tried(
                    &mut mail,
                    Attempt { at, answer: answer.clone(), taken, took_ms, is_cut_off: false },
                );
            }
            if state != State::Sent {
                mail.reason.clone_from(&answer);
            }
            if let Some(ms) = pause.filter(|_| state == State::Queued) {
                mail.due_at = tx.now().plus_ms(ms);
            }
            ops::set(tx, id, &mut mail, state)?;
            let is_customer =
                Moment::from_word(&mail.moment).is_some_and(|m| m.audience() == Audience::Customer);
            if dead && is_customer {
                suppress::add(tx, &mail.to, &format!("Its server refused it: {answer}"))?;
            }
            Ok(())
        };
        Report { ended, note: Some(Arc::new(note)) }
    }
}
