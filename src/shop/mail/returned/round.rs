//! A round through the mailbox, as a job: the oldest messages that nobody has seen are read, what they report is noted, and
//! only then they are marked. A kill in between repeats what changes nothing.

use super::notice::{self, Notice};
use crate::base::error::Result;
use crate::base::time::{MINUTE_MS, Timestamp};
use crate::outbound::mailbox::{Mailbox, Session, Trouble};
use crate::shop::mail::bounce;
use crate::shop::mail::settings::LANE as MAILS;
use crate::store::{Actor, Read, Store, Tx};
use crate::web::listing::grouped;
use crate::work::jobs::{self, About, Beat, Ended, Job, JobId, Report, State, Worker};
use crate::work::schedules::{Due, Missed, Plan};
use crate::work::subscriptions;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The word of the schedule in addresses.
pub(in crate::shop::mail) const NAME: &str = "bounces";
/// The kind of the jobs, and their lane.
const KIND: &str = "read_bounces";
const TITLE: &str = "Read the mailbox of bounces";
/// Messages of one round.
const MESSAGES_MAX: usize = 100;
/// A round that failed is made again as often as rounds are made, for six hours; then it has failed for good, which is told,
/// and the next one begins.
const PAUSE_MS: i64 = 5 * MINUTE_MS;
const PAUSES_MS: &[i64] = &[PAUSE_MS; 72];
/// Longer than everything that is done over one connection.
const LEASE: Duration = Duration::from_secs(600);
/// What is said of most rounds; only the last one of these is kept.
const NOTHING: &str = "Nothing new.";
const FORGOTTEN_MAX: usize = 20;

/// The schedule, where there is a mailbox.
pub(in crate::shop::mail) fn plan(store: &Store) -> Plan {
    Plan {
        name: NAME,
        title: TITLE,
        sentence: "Reads what came back in the mailbox that the configuration names (mail.bounces), and notes it.",
        cron: "*/5 * * * *".to_owned(),
        missed: Missed::Skip,
        off: None,
        kind: KIND,
        due: Some(due(store.clone())),
    }
}

/// While a round waits to be made again, that is the next one: they do not pile up.
fn due(store: Store) -> Due {
    Arc::new(move |moment| {
        let waiting = store.read(|s| jobs::waiting_of_lane(s, KIND, 1)).ok()?;
        if waiting > 0 { None } else { moment.cron.last(moment.now, moment.zone) }
    })
}

/// What came of the last round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::shop::mail) struct Last {
    pub(in crate::shop::mail) at: Timestamp,
    pub(in crate::shop::mail) said: String,
    pub(in crate::shop::mail) is_bad: bool,
}

/// The last round that is over; `None` before the first.
///
/// # Errors
/// Faults of the store only.
pub(in crate::shop::mail) fn last(from: &(impl Read + ?Sized)) -> Result<Option<Last>> {
    let mut all = Vec::new();
    for state in [State::Done, State::Dead, State::Ready, State::Leased] {
        for (_, job) in jobs::of_lane(from, KIND, state, 1)?.items {
            let is_bad = state != State::Done;
            let said = if is_bad { job.error } else { job.result };
            all.extend(said.map(|said| Last { at: job.since, said, is_bad }));
        }
    }
    Ok(all.into_iter().max_by_key(|last| last.at))
}

/// Makes rounds.
pub(in crate::shop::mail) struct Rounds {
    store: Store,
    mailbox: Option<Mailbox>,
    /// Two at once would only read the same twice.
    turn: Mutex<()>,
}

/// What came of the messages of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    read: u64,
    came_back: u64,
    complaints: u64,
    /// Known already, or only late.
    no_news: u64,
    not_understood: u64,
    more: bool,
}

/// What came of one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Noted {
    came_back: u64,
    complaints: u64,
    /// It is about a mail of this shop, or says nothing of one that could be noted.
    is_understood: bool,
}

impl Rounds {
    pub(in crate::shop::mail) fn new(store: Store, mailbox: Option<Mailbox>) -> Self {
        Self { store, mailbox, turn: Mutex::default() }
    }

    /// Reads, notes, marks. `Err` with what went wrong at the mailbox; the tally has what was done until then.
    fn read(
        &self,
        session: &mut Session,
        beat: &Beat,
        tally: &mut Tally,
    ) -> Result<std::result::Result<Option<Ended>, String>> {
        let unseen = match session.unseen(MESSAGES_MAX) {
            Ok(unseen) => unseen,
            Err(why) => return Ok(Err(why)),
        };
        tally.more = unseen.more;
        let total = unseen.uids.len() as u64;
        for uid in unseen.uids {
            beat.progress(tally.read, total);
            if let Some(ended) = beat.stop() {
                return Ok(Ok(Some(ended)));
            }
            let noted = match session.fetch(uid) {
                Ok(Some(bytes)) => self.noted(&bytes)?,
                // One message that the server does not give must not keep all the others from being read.
                Ok(None) => Noted::default(),
                Err(Trouble::Refused(why)) => {
                    tracing::warn!(uid, "a message in the mailbox of bounces could not be read: {why}");
                    Noted::default()
                }
                Err(Trouble::Over(why)) => return Ok(Err(why)),
            };
            match session.mark(uid) {
                Ok(()) => {}
                // It comes once more with the next round, which changes nothing.
                Err(Trouble::Refused(why)) => {
                    tracing::warn!(uid, "a message in the mailbox of bounces could not be marked: {why}");
                }
                Err(Trouble::Over(why)) => return Ok(Err(why)),
            }
            tally.add(noted);
        }
        beat.progress(tally.read, total);
        Ok(Ok(None))
    }

    fn noted(&self, bytes: &[u8]) -> Result<Noted> {
        // A fault of the program over one message must not keep all the others from being read.
        let notice = catch_unwind(|| notice::read(bytes)).unwrap_or_else(|_said| {
            tracing::error!("a message in the mailbox of bounces met a fault of the program");
            None
        });
        let Some(notice) = notice else { return Ok(Noted::default()) };
        self.store.write_blocking(Actor::system(NAME), move |tx| note(tx, &notice))
    }

    /// Whether mails stand still, because the shop was restored: what is marked here would be missed by the shop that sent
    /// them, if that one still runs.
    fn rests(&self) -> Result<bool> {
        self.store.read(|s| subscriptions::is_open(s, MAILS)).map(|is_open| !is_open)
    }
}

/// Notes what a message reports, in one transaction.
fn note(tx: &mut Tx<'_>, notice: &Notice) -> Result<Noted> {
    // That a mail is late is understood, and nothing.
    let mut noted =
        Noted { is_understood: notice.is_report && notice.recipients.is_empty(), ..Noted::default() };
    for recipient in &notice.recipients {
        let kind = recipient.verdict.word();
        let pairs =
            notice.ids.iter().flat_map(|id| recipient.addresses.iter().map(move |address| (id, address)));
        for (id, address) in pairs {
            let Ok(bounce) = bounce::checked(address, Some(kind), Some(&recipient.reason)) else { continue };
            let Some(is_news) = bounce::note_of_stranger(tx, &bounce, id)? else { continue };
            noted.is_understood = true;
            if is_news && kind == "complaint" {
                noted.complaints += 1;
            } else if is_news {
                noted.came_back += 1;
            }
            break;
        }
    }
    Ok(noted)
}

impl Tally {
    fn add(&mut self, noted: Noted) {
        self.read += 1;
        self.came_back += noted.came_back;
        self.complaints += noted.complaints;
        let is_news = noted.came_back + noted.complaints > 0;
        self.no_news += u64::from(noted.is_understood && !is_news);
        self.not_understood += u64::from(!noted.is_understood);
    }

    fn said(&self) -> String {
        if self.read == 0 {
            return NOTHING.to_owned();
        }
        let counted =
            |n: u64, one: &str, many: &str| format!("{} {}", grouped(n), if n == 1 { one } else { many });
        let mut parts = Vec::new();
        for (n, one, many) in [
            (self.came_back, "mail came back", "mails came back"),
            (self.complaints, "complaint", "complaints"),
            (self.no_news, "without news", "without news"),
            (self.not_understood, "not understood", "not understood"),
        ] {
            parts.extend((n > 0).then(|| counted(n, one, many)));
        }
        let read = counted(self.read, "message was read", "messages were read");
        let more = if self.more { " More wait for the next round." } else { "" };
        format!("{read}: {}.{more}", parts.join(", "))
    }
}

impl Worker for Rounds {
    fn kind(&self) -> &'static str {
        KIND
    }
    fn pauses_ms(&self) -> &'static [i64] {
        PAUSES_MS
    }
    fn lease(&self) -> Duration {
        LEASE
    }
    fn about(&self, _: &Job) -> Result<About> {
        let facts = self
            .mailbox
            .iter()
            .flat_map(|mailbox| [("Mailbox", mailbox.name()), ("Folder", mailbox.folder().to_owned())]);
        let page = Some(("Settings of mail".to_owned(), "/admin/mail/settings".to_owned()));
        Ok(About { title: TITLE.to_owned(), facts: facts.collect(), page, ..About::default() })
    }
    fn run(&self, id: JobId, job: &Job, beat: &Beat) -> Result<Report> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ended) = beat.stop() {
            return Ok(ended.into());
        }
        let said = |ended: Ended, text: String| {
            let note = move |tx: &mut Tx<'_>| {
                jobs::say(tx, id, &text)?;
                if text == NOTHING { jobs::forget_like(tx, id, NOTHING, FORGOTTEN_MAX) } else { Ok(()) }
            };
            Report { ended, note: Some(Arc::new(note)) }
        };
        let Some(mailbox) = &self.mailbox else {
            return Ok(said(Ended::Cancelled, "No mailbox is configured any more.".to_owned()));
        };
        if self.rests()? {
            let text = "This shop was restored: nothing is read until mails are let go on.";
            return Ok(said(Ended::Done, text.to_owned()));
        }
        let mut tally = Tally::default();
        let came = match mailbox.open() {
            Ok(mut session) => {
                let came = self.read(&mut session, beat, &mut tally)?;
                session.close();
                came
            }
            Err(why) => Err(why),
        };
        Ok(match came {
            Ok(None) => said(Ended::Done, tally.said()),
            Ok(Some(ended)) => ended.into(),
            Err(why) => {
                tracing::warn!("the mailbox of bounces could not be read: {why}");
                let is_last = usize::try_from(job.tries).is_ok_and(|tries| tries > PAUSES_MS.len());
                let why = if tally.read == 0 { why } else { format!("{why} Until then: {}", tally.said()) };
                Ended::Failed { why, again_in_ms: (!is_last).then_some(PAUSE_MS) }.into()
            }
        })
    }
}
