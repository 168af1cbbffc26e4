//! Changing an order: contact data, tags and notes, and the steps along its three axes.

use super::events::{About, Changed, Noted, StepTaken};
use super::keep::{get, save};
use super::model::{Cancelled, NOTES_MAX, Order, OrderId, Parcel, PaymentNote, RefundNote, StaffNote};
use super::parcels::no_code_as_carrier;
use super::state::{CancelReason, Fulfilment, NOTHING_LEFT, Payment, Status, Step, refusal};
use crate::base::email;
use crate::base::error::{Checks, Error, Result};
use crate::base::money::Money;
use crate::base::time::{MINUTE_MS, Timestamp};
use crate::shop::customers::{
    Address, Changes, changes, checked_address, many_lines, metadata, one_line, require_version, retagged,
    tags,
};
use crate::store::{Actor, Tx};
use std::collections::BTreeMap;

/// Fields to change; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderChange {
    pub email: Option<Option<String>>,
    pub phone: Option<String>,
    pub billing: Option<Option<Address>>,
    pub shipping_address: Option<Option<Address>>,
    pub note: Option<String>,
    pub tags: Option<Vec<String>>,
    pub metadata: Option<BTreeMap<String, String>>,
}

/// What a step needs to know beside its name; each step reads its own fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct StepInput {
    /// Cancel: why. `Other`, if `None`.
    pub reason: Option<CancelReason>,
    /// Cancel, hold and refund: words for staff.
    pub note: String,
    /// Pay: how much came in; all that is due, if `None`. Refund: how much went back; all that still can, if `None`.
    pub amount: Option<Money>,
    /// Pay: how.
    pub method: String,
    /// Pay: what the provider or the bank calls the payment.
    pub reference: String,
    pub carrier: String,
    pub tracking: String,
    /// Ship: this parcel holds a part of the order, and another one follows.
    pub more_follows: bool,
    /// Pay, ship, refund and cancel: what is noted was taken back by mistake, and had this number. Nobody is told of it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<u64>,
}

/// Changes fields of an order. `seen` is the version the change was made from.
///
/// # Errors
/// `not_found`, `version_mismatch`, `validation`.
pub fn change(tx: &mut Tx<'_>, id: OrderId, seen: Option<u64>, change: &OrderChange) -> Result<Order> {
    let before = get(tx, id)?;
    require_version(seen, before.version)?;
    let mut after = before.clone();
    apply(&mut after, change)?;
    let changes = changes(&view(&before), &view(&after));
    if changes.is_empty() {
        return Ok(before);
    }
    touch(&mut after, tx.now());
    save(tx, Some(&before), &after, &Changed { number: after.number, changes })?;
    Ok(after)
}

fn apply(after: &mut Order, change: &OrderChange) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(given) = &change.email {
        after.email = match given.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(text) if after.email.as_deref() == Some(text) => after.email.clone(),
            Some(text) => checks.keep("/email", email::parse(text)),
        };
    }
    if let Some(text) = &change.phone {
        after.phone = checks.keep("/phone", one_line(text)).unwrap_or_default();
    }
    for (pointer, given, field) in [
        ("/billing", &change.billing, &mut after.billing),
        ("/shipping_address", &change.shipping_address, &mut after.shipping_address),
    ] {
        if let Some(address) = given {
            *field =
                address.as_ref().map(|a| checked_address(a, pointer, &mut checks)).filter(|a| !a.is_empty());
        }
    }
    if let Some(text) = &change.note {
        after.note = checks.keep("/note", many_lines(text)).unwrap_or_default();
    }
    if let Some(given) = &change.tags {
        after.tags = checks.keep("/tags", tags(given)).unwrap_or_default();
    }
    if let Some(given) = &change.metadata {
        after.metadata = checks.keep("/metadata", metadata(given)).unwrap_or_default();
    }
    checks.finish()
}

pub(super) fn touch(after: &mut Order, now: Timestamp) {
    after.version = after.version.saturating_add(1);
    after.updated_at = now;
}

/// The fields whose changes the log keeps.
fn view(o: &Order) -> serde_json::Value {
    serde_json::json!({
        "email": o.email, "phone": o.phone, "billing": o.billing, "shipping_address": o.shipping_address,
        "note": o.note, "tags": o.tags, "metadata": o.metadata, "status": o.status, "payment": o.payment,
        "fulfilment": o.fulfilment, "hold": o.hold,
        "parcels": o.parcels.iter().map(|p| format!("{} {}", p.carrier, p.tracking).trim().to_owned()).collect::<Vec<_>>(),
        "paid": o.paid(), "refunded": o.refunded,
    })
}

/// Adds tags to an order and takes others away; the rest stay.
///
/// # Errors
/// `not_found`, `validation`.
pub fn retag(tx: &mut Tx<'_>, id: OrderId, add: &[String], remove: &[String]) -> Result<Order> {
    let wanted = retagged(&get(tx, id)?.tags, add, remove);
    change(tx, id, None, &OrderChange { tags: Some(wanted), ..OrderChange::default() })
}

/// Adds a staff note.
///
/// # Errors
/// `not_found`, `version_mismatch`, `validation`, `too_many_notes`.
pub fn add_note(tx: &mut Tx<'_>, id: OrderId, seen: Option<u64>, text: &str) -> Result<Order> {
    let before = get(tx, id)?;
    require_version(seen, before.version)?;
    let text = checked_note(text)?;
    if before.staff_notes.len() >= NOTES_MAX {
        return Err(Error::conflict("too_many_notes", format!("An order keeps at most {NOTES_MAX} notes.")));
    }
    let number = before.staff_notes.last().map_or(1, |n| n.number.saturating_add(1));
    let mut after = before.clone();
    let Actor { id, name, .. } = tx.actor().clone();
    let note =
        StaffNote { number, at: tx.now(), by: name, text: text.clone(), edited_at: None, by_id: Some(id) };
    after.staff_notes.push(note);
    touch(&mut after, tx.now());
    let event = Noted { number: after.number, note: number, text, before: None };
    save(tx, Some(&before), &after, &event)?;
    Ok(after)
}

/// How long a staff note may be rewritten: what colleagues have read and acted on stays, and more is said in another.
const NOTE_EDIT_MS: i64 = 10 * MINUTE_MS;

/// Whether a staff note may still be rewritten, and by them: it stands under its writer's name.
pub fn may_edit_note(note: &StaffNote, by: &Actor, now: Timestamp) -> bool {
    is_writer(note, by) && is_fresh(note, now)
}

fn is_fresh(note: &StaffNote, now: Timestamp) -> bool {
    now.since_ms(note.at) < NOTE_EDIT_MS
}

/// Two people may have one name; older notes say no more than that.
fn is_writer(note: &StaffNote, by: &Actor) -> bool {
    note.by_id.as_ref().map_or(note.by == by.name, |id| *id == by.id)
}

/// Edits a staff note; the event keeps what it said before.
///
/// # Errors
/// `not_found`, `validation`, `version_mismatch`; `note_settled` when it was written more than ten minutes ago,
/// `note_of_another` when somebody else wrote it.
pub fn edit_note(tx: &mut Tx<'_>, id: OrderId, seen: Option<u64>, note: u32, text: &str) -> Result<Order> {
    let before = get(tx, id)?;
    require_version(seen, before.version)?;
    let text = checked_note(text)?;
    let mut after = before.clone();
    let now = tx.now();
    let entry = after
        .staff_notes
        .iter_mut()
        .find(|n| n.number == note)
        .ok_or_else(|| Error::not_found("note", note))?;
    if entry.text == text {
        return Ok(before);
    }
    if !is_writer(entry, tx.actor()) {
        let message = format!(
            "{} wrote this note, and it says so. Add another one that says what is different.",
            entry.by
        );
        return Err(Error::conflict("note_of_another", message));
    }
    if !is_fresh(entry, now) {
        let message = "A note can be changed for ten minutes. Add another one that says what is different.";
        return Err(Error::conflict("note_settled", message));
    }
    let old = std::mem::replace(&mut entry.text, text.clone());
    entry.edited_at = Some(now);
    touch(&mut after, now);
    save(tx, Some(&before), &after, &Noted { number: after.number, note, text, before: Some(old) })?;
    Ok(after)
}

fn checked_note(text: &str) -> Result<String> {
    let text = many_lines(text).map_err(|e| Error::invalid(e.code, e.message).on("/text"))?;
    if text.is_empty() {
        Err(Error::invalid("note_empty", "Write something first.").on("/text"))
    } else {
        Ok(text)
    }
}

/// Takes a step, or refuses it with the reason.
///
/// # Errors
/// `not_found`, `version_mismatch`, `validation`, or the code of the condition that does not hold.
pub fn take(tx: &mut Tx<'_>, id: OrderId, seen: Option<u64>, step: Step, input: &StepInput) -> Result<Order> {
    let before = get(tx, id)?;
    require_version(seen, before.version)?;
    if let Some((code, sentence)) = refusal(step, &before.axes()) {
        return Err(Error::conflict(code, sentence));
    }
    let mut input = checked_input(input)?;
    if step == Step::Ship {
        no_code_as_carrier(&input.carrier, &input.tracking)?;
    }
    input.amount = match step {
        Step::Pay => Some(comes_in(&before, input.amount)?),
        Step::Refund => Some(goes_back(&before, input.amount)?),
        _ => None,
    };
    let mut after = before.clone();
    advance(&mut after, step, &input, tx.now());
    touch(&mut after, tx.now());
    let is_cancel = step == Step::Cancel;
    let event = StepTaken {
        number: after.number,
        step,
        is_part: match step {
            Step::Pay => after.payment == Payment::PartPaid,
            Step::Ship => after.fulfilment == Fulfilment::Part,
            _ => false,
        },
        changes: step_changes(&before, &after),
        reason: is_cancel.then(|| input.reason.unwrap_or(CancelReason::Other).word()),
        note: input.note.clone(),
        about: About::of(step, &before, &after),
        version: after.version,
        again: input.again.is_some(),
    };
    save(tx, Some(&before), &after, &event)?;
    Ok(after)
}

/// How much comes in: what was said, up to what is due. An order of nothing is paid with nothing.
fn comes_in(order: &Order, said: Option<Money>) -> Result<Money> {
    let due = Money::new(order.due(), order.currency);
    let Some(amount) = said else { return Ok(due) };
    above_nothing(amount, order)?;
    if amount.amount > due.amount {
        let text = format!("Only {} is due: enter that at most.", due.shown());
        return Err(Error::conflict("payment_too_high", text).on("/amount"));
    }
    Ok(amount)
}

/// An amount of an order that is said: in its currency, and there is some.
fn above_nothing(amount: Money, order: &Order) -> Result<()> {
    if amount.currency != order.currency {
        let text = format!("The order is in {}.", order.currency);
        return Err(Error::invalid("currency_mismatch", text).on("/amount"));
    }
    if amount.amount <= 0 {
        let text = "Enter an amount above 0.";
        return Err(Error::invalid("invalid_amount", text).on("/amount"));
    }
    Ok(())
}

/// How much goes back: what was asked for, where that was received and has not gone back yet.
fn goes_back(order: &Order, asked: Option<Money>) -> Result<Money> {
    let left = Money::new(order.refundable(), order.currency);
    if left.amount == 0 {
        return Err(Error::conflict("nothing_to_refund", NOTHING_LEFT));
    }
    let amount = asked.unwrap_or(left);
    above_nothing(amount, order)?;
    if amount.amount > left.amount {
        let text =
            format!("At most {} can go back: that is what was paid and not refunded yet.", left.shown());
        return Err(Error::conflict("refund_too_high", text).on("/amount"));
    }
    Ok(amount)
}

fn step_changes(before: &Order, after: &Order) -> Changes {
    changes(&view(before), &view(after))
}

fn checked_input(input: &StepInput) -> Result<StepInput> {
    let mut checks = Checks::default();
    let mut line = |pointer: &str, text: &str| checks.keep(pointer, one_line(text)).unwrap_or_default();
    let checked = StepInput {
        reason: input.reason,
        amount: input.amount,
        note: line("/note", &input.note),
        method: line("/method", &input.method),
        reference: line("/reference", &input.reference),
        carrier: line("/carrier", &input.carrier),
        tracking: line("/tracking", &input.tracking),
        more_follows: input.more_follows,
        again: input.again,
    };
    checks.finish()?;
    Ok(checked)
}

/// Moves the order along its axes. The conditions have been asked before.
fn advance(order: &mut Order, step: Step, input: &StepInput, now: Timestamp) {
    let made = made_by(order, input);
    match step {
        Step::Cancel => {
            order.cancelled = Some(Cancelled {
                at: now,
                reason: input.reason.unwrap_or(CancelReason::Other),
                note: input.note.clone(),
                payment_before: order.payment,
                status_before: Some(order.status).filter(|status| *status == Status::Draft),
                made: Some(made),
            });
            order.status = Status::Cancelled;
            if matches!(order.payment, Payment::Unpaid | Payment::Authorised) {
                order.payment = Payment::Voided;
            }
        }
        Step::Complete => order.status = Status::Completed,
        Step::Place => {
            order.status = Status::Open;
            order.confirmed_at = Some(now);
        }
        Step::Unplace => {
            order.status = Status::Draft;
            order.confirmed_at = None;
        }
        Step::Reopen => {
            let cancelled = order.cancelled.take();
            order.status = cancelled.as_ref().and_then(|c| c.status_before).unwrap_or(Status::Open);
            // What was refunded meanwhile stays refunded.
            if let Some(cancelled) = cancelled.filter(|_| order.payment == Payment::Voided) {
                order.payment = cancelled.payment_before;
            }
        }
        Step::Pay => receive(order, input, now),
        Step::Unpay => {
            let before = order.payments.pop().and_then(|payment| payment.before);
            let by_sum = if order.paid() > 0 { Payment::PartPaid } else { Payment::Unpaid };
            order.payment = before.unwrap_or(by_sum);
        }
        Step::Ship => {
            order.parcels.push(Parcel {
                carrier: input.carrier.clone(),
                tracking: input.tracking.clone(),
                shipped_at: Some(now),
                by_step: true,
                before: Some(order.fulfilment),
                made: Some(made),
            });
            order.fulfilment = if input.more_follows { Fulfilment::Part } else { Fulfilment::Fulfilled };
        }
        Step::Unship => {
            let before = order.parcels.pop().and_then(|parcel| parcel.before);
            let by_parcels =
                if order.parcels.is_empty() { Fulfilment::Unfulfilled } else { Fulfilment::Part };
            order.fulfilment = before.unwrap_or(by_parcels);
        }
        Step::Deliver => order.fulfilment = Fulfilment::Delivered,
        Step::Undeliver => order.fulfilment = Fulfilment::Fulfilled,
        Step::Return => {
            order.fulfilment_before = Some(order.fulfilment);
            order.fulfilment = Fulfilment::Returned;
        }
        Step::Unreturn => order.fulfilment = order.fulfilment_before.take().unwrap_or(Fulfilment::Delivered),
        Step::Hold => {
            // Empty: on hold, and nobody said why.
            order.hold = Some(input.note.clone());
        }
        Step::Release => order.hold = None,
        Step::Refund => give_back(order, input, now),
        Step::Unrefund => {
            if let Some(refund) = order.refunds.pop() {
                order.refunded = order.refunded.saturating_sub(refund.amount).max(0);
                // The rest may have come since.
                let is_paid = refund.before == Payment::PartPaid && order.due() == 0;
                order.payment = if is_paid { paid(order) } else { refund.before };
            }
        }
    }
}

/// The number of what a step notes: the version that it makes, or the one that it had before it was taken back.
fn made_by(order: &Order, input: &StepInput) -> u64 {
    let next = order.version.saturating_add(1);
    input.again.filter(|had| *had < next).unwrap_or(next)
}

/// Notes what came in.
fn receive(order: &mut Order, input: &StepInput, now: Timestamp) {
    let amount = input.amount.map_or(0, |money| money.amount);
    let is_all = amount >= order.due();
    let method = if input.method.is_empty() { "manual".to_owned() } else { input.method.clone() };
    order.payments.push(PaymentNote {
        method,
        reference: input.reference.clone(),
        amount,
        at: Some(now),
        instalments: 1,
        by_step: true,
        before: Some(order.payment),
        made: Some(made_by(order, input)),
    });
    order.payment = if is_all { paid(order) } else { Payment::PartPaid };
}

/// Notes what went back.
fn give_back(order: &mut Order, input: &StepInput, now: Timestamp) {
    let amount = input.amount.map_or(0, |money| money.amount);
    let is_all = amount >= order.refundable();
    let number = made_by(order, input);
    order.refunds.push(RefundNote { number, amount, at: now, before: order.payment });
    order.refunded = order.refunded.saturating_add(amount);
    order.payment = match order.payment {
        _ if is_all => Payment::Refunded,
        // The rest is still to come.
        Payment::PartPaid => Payment::PartPaid,
        _ => Payment::PartRefunded,
    };
}

/// Where the money of an order stands of which nothing is due.
fn paid(order: &Order) -> Payment {
    if order.refunded > 0 { Payment::PartRefunded } else { Payment::Paid }
}
