//! What is done to a mail in a transaction: added, cancelled, ended, sent again, found.

use super::answers;
use super::events::{Cancelled, Dropped, Failed, Queued, Sent};
use super::model::{Attempt, BY_KEY, BY_ORDER, BY_STATE, CONTENTS, Content, DAY, MAILS, Mail, MailId, State};
use super::moments::{Audience, Moment};
use super::settings::{self, LANE};
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id as _;
use crate::base::time::{DAY_MS, Timestamp};
use crate::shop::messages::{self, MessageId};
use crate::shop::orders::{self, OrderId};
use crate::shop::sites::SiteId;
use crate::store::{Direction, Page, Read, Span, Subject, Tx};
use crate::work::jobs;

/// The kind of the jobs.
pub(super) const SEND: &str = "mail";
/// The moment of a mail that somebody sends to himself.
pub(super) const TEST: &str = "test";
/// How long the log is kept.
const KEPT_MS: i64 = 180 * DAY_MS;
/// Old mails removed with each new one.
const SWEPT: usize = 5;
/// Of so many of the oldest: one that still waits keeps none of the others.
const LOOKED_AT: usize = 50;
/// Mails that are due at once when more may be sent.
const HASTENED_MAX: usize = 5_000;
const ATTEMPTS_KEPT: usize = 20;
/// Failures count as news for so long.
const LATELY_MS: i64 = 7 * DAY_MS;
const COUNTED_MAX: usize = 100;

/// A mail to be sent.
#[derive(Clone, Debug, Default)]
pub(super) struct New {
    pub(super) moment: &'static str,
    pub(super) to: String,
    pub(super) language: String,
    /// With the number people say.
    pub(super) order: Option<(OrderId, u64)>,
    /// The message to the shop that it is about, and the number of the answer it carries.
    pub(super) message: Option<(MessageId, Option<u32>)>,
    /// The site it warns of.
    pub(super) site: Option<SiteId>,
    /// The event it tells of, where that says more than what it is about.
    pub(super) event: Option<u64>,
    /// No two mails share it.
    pub(super) key: String,
    pub(super) by: String,
}

/// # Errors
/// `not_found`.
pub(super) fn get(from: &(impl Read + ?Sized), id: MailId) -> Result<Mail> {
    MAILS.get(from, &id)?.ok_or_else(|| Error::not_found("mail", id))
}

/// What is or was sent; `None` before it is written.
///
/// # Errors
/// Faults of the store only.
pub(super) fn content(from: &(impl Read + ?Sized), id: MailId) -> Result<Option<Content>> {
    CONTENTS.get(from, &id)
}

/// How far a mail is: one whose job was cancelled or given up elsewhere, among the jobs, is over too.
///
/// # Errors
/// Faults of the store only.
pub(super) fn state(from: &(impl Read + ?Sized), mail: &Mail) -> Result<State> {
    let Some(job) = mail.job.filter(|_| mail.state.is_open()) else { return Ok(mail.state) };
    Ok(match jobs::get(from, job).map(|job| job.state) {
        Ok(jobs::State::Dead) => State::Failed,
        Ok(jobs::State::Ready | jobs::State::Leased) => mail.state,
        // Done with the mail open: its lease was taken away, and the try that came too late counts for nothing.
        Ok(jobs::State::Cancelled | jobs::State::Done) => State::Cancelled,
        Err(error) if error.kind == Kind::NotFound => State::Cancelled,
        Err(error) => return Err(error),
    })
}

/// Writes a mail down with the job that sends it; `None` when there is one of this key.
///
/// # Errors
/// Faults of the store only.
pub(super) fn add(tx: &mut Tx<'_>, new: New, sender: &str, due_at: Timestamp) -> Result<Option<MailId>> {
    if BY_KEY.first(tx, &new.key)?.is_some() {
        return Ok(None);
    }
    sweep(tx)?;
    let id: MailId = tx.new_id();
    let payload = id.bytes().to_vec();
    let job =
        jobs::enqueue(tx, jobs::New { kind: SEND, lane: LANE, key: Some(id.to_string()), payload, due_at })?;
    let domain = sender.rsplit_once('@').map(|(_, domain)| domain).filter(|domain| domain.is_ascii());
    let now = tx.now();
    let mail = Mail {
        moment: new.moment.to_owned(),
        to: new.to,
        subject: String::new(),
        order: new.order.map(|(id, _)| id),
        number: new.order.map(|(_, number)| number),
        language: new.language,
        state: State::Queued,
        reason: String::new(),
        created_at: now,
        since: now,
        due_at,
        attempts: Vec::new(),
        message_id: format!("{id}@{}", domain.unwrap_or("mail.invalid")),
        job: Some(job),
        key: new.key,
        again: None,
        by: new.by,
        counted: None,
        message: new.message.map(|(id, _)| id),
        reply: new.message.and_then(|(_, number)| number),
        site: new.site,
        event: new.event,
        is_put_off: false,
    };
    MAILS.put(tx, &id, &mail)?;
    tx.publish(Subject::of(&id), &Queued { moment: mail.moment })?;
    Ok(Some(id))
}

/// Ends the mails whose jobs an earlier version let be cancelled without them.
///
/// # Errors
/// Faults of the store only.
pub(super) fn settle(tx: &mut Tx<'_>) -> Result<()> {
    for open in [State::Queued, State::Sending] {
        for (id, mail) in page(tx, Some(open), None, LEFT_OUT_MAX)?.items {
            if state(tx, &mail)? == State::Cancelled {
                end(tx, id, State::Cancelled, "Its job was cancelled.")?;
            }
        }
    }
    Ok(())
}

/// Removes what is too old to be of use: the oldest mails, a few at a time.
fn sweep(tx: &mut Tx<'_>) -> Result<()> {
    let before = tx.now().plus_ms(-KEPT_MS);
    let mut gone = 0;
    for (id, mail) in MAILS.list(tx, &Span::all(), Direction::Forward, LOOKED_AT)? {
        if mail.created_at >= before || gone == SWEPT {
            break;
        }
        if !state(tx, &mail)?.is_open() {
            MAILS.delete(tx, &id)?;
            CONTENTS.delete(tx, &id)?;
            gone += 1;
        }
    }
    Ok(())
}

/// Moves a mail to a state in which it stays, with its event.
///
/// # Errors
/// `not_found`.
pub(super) fn end(tx: &mut Tx<'_>, id: MailId, state: State, reason: &str) -> Result<()> {
    let mut mail = get(tx, id)?;
    mail.reason = reason.to_owned();
    set(tx, id, &mut mail, state)?;
    if let Some(job) = mail.job {
        // One that is being done ends by itself, one that is over is over.
        match jobs::get(tx, job) {
            Ok(there) if there.state == jobs::State::Ready => jobs::cancel(tx, job)?,
            _ => {}
        }
    }
    Ok(())
}

/// The same for the loop that sends, whose job ends by itself. The events of a mail stand in the timeline of its order too.
pub(super) fn set(tx: &mut Tx<'_>, id: MailId, mail: &mut Mail, state: State) -> Result<()> {
    mail.state = state;
    mail.since = tx.now();
    MAILS.put(tx, &id, mail)?;
    answers::follow(tx, mail, state)?;
    let also: Vec<Subject> = mail.order.iter().map(Subject::of).collect();
    let (moment, reason, about) = (mail.moment.clone(), mail.reason.clone(), Subject::of(&id));
    match state {
        State::Queued | State::Sending => Ok(()),
        State::Sent => tx.publish_with(about, &also, &Sent { moment }).map(drop),
        // What a server answers may have the address in it.
        State::Failed => {
            let answered = mail.attempts.iter().filter(|attempt| !attempt.is_cut_off).count();
            let reason = if answered > 1 { "given_up" } else { "refused" }.to_owned();
            tx.publish_with(about, &also, &Failed { moment, reason }).map(drop)
        }
        State::Cancelled => tx.publish_with(about, &also, &Cancelled { moment }).map(drop),
        State::Dropped => tx.publish_with(about, &also, &Dropped { moment, reason }).map(drop),
    }
}

/// Keeps what is going to be sent.
///
/// # Errors
/// Faults of the store only.
pub(super) fn keep(tx: &mut Tx<'_>, id: MailId, content: &Content) -> Result<()> {
    CONTENTS.put(tx, &id, content)
}

/// Notes a try; only the last ones are kept.
pub(super) fn tried(mail: &mut Mail, attempt: Attempt) {
    mail.attempts.push(attempt);
    let over = mail.attempts.len().saturating_sub(ATTEMPTS_KEPT);
    mail.attempts.drain(..over);
}

/// Takes one of the mails of a day; gives why not when there are none left. A mail takes one a day, however often it is
/// tried. What strangers cause takes half of them at most, so that the others still go.
///
/// # Errors
/// Faults of the store only.
pub(super) fn take_of_day(
    tx: &mut Tx<'_>,
    mail: &mut Mail,
    today: &str,
    limit: u32,
) -> Result<Option<String>> {
    if mail.counted.as_deref() == Some(today) {
        return Ok(None);
    }
    let mut day = DAY.get(tx, &0)?.filter(|day| day.day == today).unwrap_or_default();
    if day.sent >= limit {
        let sent = if limit == 1 {
            "The one mail of the day is sent".to_owned()
        } else {
            format!("The {limit} mails of the day are sent")
        };
        return Ok(Some(format!("{sent}; this one goes tomorrow.")));
    }
    // Somebody asked for this very mail: that is no stranger.
    let is_by_strangers =
        mail.by.is_empty() && Moment::from_word(&mail.moment).is_some_and(Moment::is_by_strangers);
    if is_by_strangers && day.by_strangers >= (limit / 2).max(1) {
        let sent = "Half of the mails of the day are of this kind already";
        return Ok(Some(format!("{sent}; this one goes tomorrow.")));
    }
    day.day = today.to_owned();
    day.sent += 1;
    day.by_strangers += u32::from(is_by_strangers);
    DAY.put(tx, &0, &day)?;
    mail.counted = Some(day.day);
    Ok(None)
}

/// More mails may be sent a day: those that wait for tomorrow are due now, the first ones. Those for which there is still
/// no room are put off once more.
///
/// # Errors
/// Faults of the store only.
pub(super) fn hasten(tx: &mut Tx<'_>) -> Result<()> {
    let now = tx.now();
    for (id, job) in jobs::later_of_lane(tx, LANE, now, HASTENED_MAX)? {
        let Ok(bytes) = <[u8; 16]>::try_from(job.payload.as_slice()) else { continue };
        let mail_id = MailId::from_bytes(bytes);
        let Some(mut mail) = MAILS.get(tx, &mail_id)? else { continue };
        // Others wait for a server that said no.
        if mail.state == State::Queued && mail.is_put_off {
            mail.is_put_off = false;
            mail.reason.clear();
            mail.due_at = now;
            MAILS.put(tx, &mail_id, &mail)?;
            jobs::retry(tx, id)?;
        }
    }
    Ok(())
}

/// Does not send a mail that waits.
///
/// # Errors
/// `not_found`; `mail_being_sent`, `mail_over`.
pub(super) fn cancel(tx: &mut Tx<'_>, id: MailId) -> Result<Mail> {
    let mail = get(tx, id)?;
    match state(tx, &mail)? {
        State::Queued => {
            let reason = format!("Cancelled by {}.", tx.actor().name);
            end(tx, id, State::Cancelled, &reason)?;
            Ok(mail)
        }
        State::Sending => {
            Err(Error::conflict("mail_being_sent", "This mail is being sent and cannot be called back."))
        }
        state => {
            let text = format!("This mail is over: {}.", state.label().to_lowercase());
            Err(Error::conflict("mail_over", text))
        }
    }
}

/// Sends a mail again as a new one: to the address that the order has now, in the words of now. Asked twice it is one.
///
/// # Errors
/// `not_found`; `mail_waits`, `mail_without_address`.
pub(super) fn again(tx: &mut Tx<'_>, id: MailId, due_at: Timestamp) -> Result<MailId> {
    let mut mail = get(tx, id)?;
    if state(tx, &mail)?.is_open() {
        return Err(Error::conflict("mail_waits", "This mail is still waiting to be sent."));
    }
    if let Some(next) = mail.again
        && MAILS.get(tx, &next)?.is_some_and(|next| next.state.is_open())
    {
        return Ok(next);
    }
    let moment = Moment::from_word(&mail.moment);
    let settings = settings::get(tx)?;
    let to = match (moment.map(Moment::audience), mail.order) {
        (Some(Audience::Customer), Some(order)) => orders::get(tx, order)?.email,
        (Some(Audience::Shop), _) => Some(settings.notices_to.clone()).filter(|to| !to.is_empty()),
        _ => Some(mail.to.clone()),
    };
    let to =
        to.ok_or_else(|| Error::conflict("mail_without_address", "There is no e-mail address any more."))?;
    let new = New {
        moment: moment.map_or(TEST, Moment::word),
        to,
        language: mail.language.clone(),
        order: mail.order.zip(mail.number),
        message: mail.message.map(|id| (id, mail.reply)),
        site: mail.site,
        event: mail.event,
        key: format!("again/{id}/{}", tx.new_id::<MailId>()),
        by: tx.actor().name.clone(),
    };
    let next =
        add(tx, new, &settings.address, due_at)?.ok_or_else(|| Error::internal("a fresh key is taken"))?;
    if moment.is_none()
        && let Some(content) = content(tx, id)?
    {
        let content = Content { at: tx.now(), ..content };
        keep(tx, next, &content)?;
    }
    // A job that was given up is not to be tried beside it.
    if let Some(job) = mail.job
        && jobs::get(tx, job).is_ok_and(|job| job.state == jobs::State::Dead)
    {
        jobs::cancel(tx, job)?;
    }
    // Over elsewhere is over here as well.
    mail.state = state(tx, &mail)?;
    mail.again = Some(next);
    MAILS.put(tx, &id, &mail)?;
    if let (Some(message), Some(number)) = (mail.message, mail.reply) {
        messages::send_after_all(tx, message, number)?;
    }
    Ok(next)
}

/// Mails in a state, or all of them; the newest first, from before one on.
///
/// # Errors
/// Faults of the store only.
pub(super) fn page(
    from: &(impl Read + ?Sized),
    state: Option<State>,
    before: Option<MailId>,
    limit: usize,
) -> Result<Page<(MailId, Mail)>> {
    let Some(state) = state else {
        let span = match before {
            Some(before) => Span::all().after(&before, Direction::Backward),
            None => Span::all(),
        };
        return MAILS.page(from, &span, Direction::Backward, limit);
    };
    let mut span = Span::of(&state.place());
    if let Some(before) = before
        && let Some(mail) = MAILS.get(from, &before)?
    {
        span = span.after(&((state.place(), mail.since), before), Direction::Backward);
    }
    let rows = BY_STATE.page(from, &span, Direction::Backward, limit)?;
    let ids = rows.items.into_iter().map(|(_, id)| id);
    read(from, ids).map(|items| Page { items, more: rows.more })
}

/// The mails about an order, the newest first.
///
/// # Errors
/// Faults of the store only.
pub(super) fn about(
    from: &(impl Read + ?Sized),
    order: OrderId,
    limit: usize,
) -> Result<Page<(MailId, Mail)>> {
    let rows = BY_ORDER.page(from, &Span::of(&order), Direction::Backward, limit)?;
    read(from, rows.items.into_iter().map(|(_, id)| id)).map(|items| Page { items, more: rows.more })
}

fn read(from: &(impl Read + ?Sized), ids: impl Iterator<Item = MailId>) -> Result<Vec<(MailId, Mail)>> {
    ids.filter_map(|id| MAILS.get(from, &id).transpose().map(|mail| mail.map(|mail| (id, mail)))).collect()
}

/// Mails that are left out in one transaction.
const LEFT_OUT_MAX: usize = 5_000;

/// Leaves out what waits to be sent, and what was being sent when everything was made to stand still.
///
/// # Errors
/// Faults of the store only.
pub(super) fn leave_out(tx: &mut Tx<'_>) -> Result<()> {
    let waiting = page(tx, Some(State::Queued), None, LEFT_OUT_MAX)?;
    let sending = page(tx, Some(State::Sending), None, LEFT_OUT_MAX)?;
    let mut all = waiting.items.into_iter().chain(sending.items);
    all.try_for_each(|(id, _)| end(tx, id, State::Cancelled, "Left out when the mails were let go on."))
}

/// How many mails wait, counted up to a thousand.
///
/// # Errors
/// Faults of the store only.
pub(super) fn waiting(from: &(impl Read + ?Sized)) -> Result<u64> {
    BY_STATE.count(from, &Span::of(&State::Queued.place()), 1_000)
}

/// How many mails failed in the last days and were not sent again.
///
/// # Errors
/// Faults of the store only.
pub fn failed_lately(from: &(impl Read + ?Sized), now: Timestamp) -> Result<u64> {
    let failed = State::Failed.place();
    let span = Span::between(&(failed, now.plus_ms(-LATELY_MS)), &(failed, Timestamp(i64::MAX)));
    let rows = BY_STATE.list(from, &span, Direction::Backward, COUNTED_MAX)?;
    let mails = read(from, rows.into_iter().map(|(_, id)| id))?;
    Ok(mails.iter().filter(|(_, mail)| mail.again.is_none()).count() as u64)
}
