//! Taking a step, and writing notes: one form, one operation, back to the order with a way to undo it.

use super::asides::Asides;
use super::show::{ShowQuery, View, refused};
use super::words;
use crate::access::{Rights, Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id;
use crate::base::money::{Money, parse_amount};
use crate::search::Search;
use crate::shop::orders::{
    CancelReason, Fulfilment, Order, OrderId, ParcelChange, Payment, Step, StepInput, add_note,
    correct_parcel, edit_note, get, step_named, take, taken_back_by,
};
use crate::store::{Actor, Store, Tx};
use crate::web::again::SameForm;
use crate::web::place::Place;
use crate::web::routing;
use crate::web::{Fields, Pages, Shell, Toast, see_other};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::BTreeMap;

/// What all these handlers need of the app.
type Parts = (web::Data<Pages>, web::Data<Store>, web::Data<Search>);

/// The fields of a step's form; each step reads its own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StepForm {
    /// The version the page showed: it tells a form that comes twice from a second wish.
    version: u64,
    from: Option<String>,
    reason: Option<CancelReason>,
    note: Option<String>,
    method: Option<String>,
    reference: Option<String>,
    amount: Option<String>,
    carrier: Option<String>,
    tracking: Option<String>,
    /// A box that is ticked sends something, one that is not sends nothing.
    more_follows: Option<String>,
    /// The number of what is noted once more, because it was taken back by mistake.
    again: Option<u64>,
    /// The button that takes back what was done a moment ago.
    undo: Option<String>,
}

/// The fields of a note's form.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct NoteForm {
    version: u64,
    from: Option<String>,
    text: Option<String>,
    /// What the note said when its editing began.
    was: Option<String>,
}

/// The fields of a parcel's form.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ParcelForm {
    version: u64,
    from: Option<String>,
    carrier: Option<String>,
    tracking: Option<String>,
    /// What was noted of the parcel when its correction began.
    was: Option<String>,
}

/// What a change came to, kept for a form that comes again.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    number: u64,
    version: u64,
    /// The step that takes this one back, with the fields of its form.
    #[serde(default)]
    undo: Option<(Step, Vec<(String, String)>)>,
    /// What of the order the step was about, where that was not all of it.
    #[serde(default)]
    part: Option<String>,
}

impl Done {
    fn of(order: &Order) -> Self {
        Self { number: order.number, version: order.version, undo: None, part: None }
    }
}

/// Whether a step depends on what the page showed of the order: what it takes back is the newest payment, refund, parcel or
/// hold, and an amount that was typed is right for what was due.
fn needs_what_was_seen(step: Step) -> bool {
    matches!(
        step,
        Step::Pay | Step::Refund | Step::Unpay | Step::Unrefund | Step::Unship | Step::Release | Step::Reopen
    )
}

/// That somebody was faster.
fn changed_meanwhile(is_undo: bool) -> Error {
    let text = if is_undo {
        "The order was changed since, so Undo does not know what it would take back. It is shown as it is now: take back here \
         what is still wrong."
    } else {
        "Somebody changed this order meanwhile. It is shown as it is now: look at it, then press the button once more."
    };
    Error::conflict("version_mismatch", text)
}

/// The fields of the form of a step.
fn step_fields(input: &StepInput) -> Vec<(String, String)> {
    let again = input.again.map(|number| number.to_string()).unwrap_or_default();
    let reason = input.reason.map(CancelReason::word).unwrap_or_default();
    let amount = input.amount.map(|amount| amount.decimal()).unwrap_or_default();
    [
        ("amount", amount.as_str()),
        ("reason", reason),
        ("note", &input.note),
        ("method", &input.method),
        ("reference", &input.reference),
        ("carrier", &input.carrier),
        ("tracking", &input.tracking),
        ("more_follows", if input.more_follows { "1" } else { "" }),
        ("again", &again),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// `POST /admin/orders/{id}/{step}`
pub(super) async fn step(
    staff: Staff<may::EditOrders>,
    shell: Shell,
    parts: Parts,
    path: routing::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse> {
    taken(staff.actor(), staff.rights(), &shell, parts, path.into_inner(), fields).await
}

/// `POST /admin/orders/{id}/ship` and the other steps of those who pack.
pub(super) async fn move_goods(
    staff: Staff<may::ShipOrders>,
    shell: Shell,
    parts: Parts,
    path: routing::Path<(String, String)>,
    fields: Fields,
) -> Result<HttpResponse> {
    taken(staff.actor(), staff.rights(), &shell, parts, path.into_inner(), fields).await
}

async fn taken(
    actor: Actor,
    rights: Rights,
    shell: &Shell,
    parts: Parts,
    (id, word): (String, String),
    fields: Fields,
) -> Result<HttpResponse> {
    let (id, step) = (OrderId::parse(&id)?, step_named(&word)?);
    let form: StepForm = fields.parse()?;
    let same = SameForm::new(&actor.id, format!("{id}/{}/{word}", form.version), &fields.0);
    let input = StepInput {
        reason: form.reason,
        note: form.note.unwrap_or_default(),
        method: form.method.unwrap_or_default(),
        reference: form.reference.unwrap_or_default(),
        carrier: form.carrier.unwrap_or_default(),
        tracking: form.tracking.unwrap_or_default(),
        more_follows: form.more_follows.is_some_and(|text| !text.is_empty()),
        amount: None,
        again: form.again,
    };
    let is_undo = form.undo.is_some();
    let seen = Some(form.version).filter(|seen| *seen > 0 && (is_undo || needs_what_was_seen(step)));
    let amount = form.amount.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let op = move |tx: &mut Tx<'_>| {
        // What came of a form before is said again only while it is so.
        let is_old = Cell::new(false);
        let is_over = |tx: &Tx<'_>, done: &Done| {
            is_old.set(get(tx, id)?.version != done.version);
            Ok(is_old.get())
        };
        same.run_unless(tx, is_over, |tx| {
            let before = get(tx, id)?;
            // A form that did what it says, and comes again after something else happened, is not meant twice.
            if is_old.get() || seen.is_some_and(|seen| seen != before.version) {
                return Err(changed_meanwhile(is_undo));
            }
            let (back, needs) = taken_back_by(step, &before);
            let undo = Some((back, step_fields(&needs)));
            let read = |text: &String| parse_amount(text, before.currency).map_err(|e| e.on("/amount"));
            let amount = amount.as_ref().map(read).transpose()?;
            let amount = amount.map(|minor| Money::new(minor, before.currency));
            let input = StepInput { amount, ..input.clone() };
            let after = take(tx, id, None, step, &input)?;
            Ok(Done { undo, part: part_of(step, &before, &after), ..Done::of(&after) })
        })
    };
    let reader = actor.clone();
    match parts.1.write(actor, op).await {
        Ok(done) => answered(id, step, &done, form.from.as_deref()),
        Err(error) => again(&parts, shell, (rights, &reader), (id, form.from), error, (&word, &fields)),
    }
}

/// What of an order a step was about, where that was not all of it.
fn part_of(step: Step, before: &Order, after: &Order) -> Option<String> {
    let shown = |now: i64, then: i64| Money::new(now.saturating_sub(then), after.currency).shown();
    match step {
        Step::Refund if after.refundable() > 0 => Some(shown(after.refunded, before.refunded)),
        Step::Pay if after.payment == Payment::PartPaid => Some(shown(after.paid(), before.paid())),
        Step::Ship if after.fulfilment == Fulfilment::Part => Some("A parcel".to_owned()),
        _ => None,
    }
}

/// Back to the order, with a button that takes the step back.
fn answered(id: OrderId, step: Step, done: &Done, from: Option<&str>) -> Result<HttpResponse> {
    let page = order_path(id, from);
    let version = done.version.to_string();
    let what = match &done.part {
        Some(part) => format!("{part} of order #{}", done.number),
        None => format!("Order #{}", done.number),
    };
    let mut toast = Toast::ok(format!("{what} {}.", words::done(step)));
    if let Some((back, needs)) = &done.undo {
        let mut fields =
            vec![("version", version.as_str()), ("from", from.unwrap_or_default()), ("undo", "1")];
        fields.extend(needs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        toast = toast.undo("Undo", format!("/admin/orders/{id}/{back}"), &fields);
    }
    see_other(&page, Some(toast))
}

/// The address of an order that knows its list.
pub(super) fn order_path(id: OrderId, from: Option<&str>) -> String {
    Place::default().and("from", from.unwrap_or_default()).href(&format!("/admin/orders/{id}"))
}

/// The order page again, with the refusal and what was typed. Faults are not refusals: they go on.
fn again(
    (pages, store, search): &Parts,
    shell: &Shell,
    (rights, reader): (Rights, &Actor),
    (id, from): (OrderId, Option<String>),
    error: Error,
    (word, fields): (&str, &Fields),
) -> Result<HttpResponse> {
    if !matches!(error.kind, Kind::Invalid | Kind::Conflict) {
        return Err(error);
    }
    let query = ShowQuery { from, ..ShowQuery::default() };
    // What is to be corrected stands alone with the order: the cards of others come with the page itself.
    let asides = Asides::default();
    let view = View { shell, search, rights, reader, query: &query, asides: &asides };
    let page = store.read(|s| view.page(s, &get(s, id)?))?;
    let mut typed: BTreeMap<String, String> = fields.0.iter().cloned().collect();
    typed.insert("step".to_owned(), word.to_owned());
    refused(pages, shell, page, &error, typed)
}

/// `POST /admin/orders/{id}/parcels/{number}`
pub(super) async fn parcel(
    staff: Staff<may::ShipOrders>,
    shell: Shell,
    parts: Parts,
    path: routing::Path<(String, usize)>,
    fields: Fields,
) -> Result<HttpResponse> {
    let (id, place) = path.into_inner();
    let id = OrderId::parse(&id)?;
    let form: ParcelForm = fields.parse()?;
    let wanted = ParcelChange { carrier: form.carrier, tracking: form.tracking };
    let was = form.was;
    let op = move |tx: &mut Tx<'_>| {
        // Whatever else of the order has changed meanwhile does not matter, this parcel does.
        let there = get(tx, id)?;
        let parcel = place.checked_sub(1).and_then(|at| there.parcels.get(at));
        let present = parcel.map(|p| format!("{} {}", p.carrier, p.tracking));
        if was.as_deref().is_some_and(|was| Some(was.trim()) != present.as_deref().map(str::trim)) {
            let message = "Somebody changed the parcels meanwhile. They are shown as they are now. Look at them once more.";
            return Err(Error::conflict("version_mismatch", message));
        }
        correct_parcel(tx, id, None, place, &wanted)
    };
    match parts.1.write(staff.actor(), op).await {
        Ok(_) => {
            let page = format!("{}#parcels", order_path(id, form.from.as_deref()));
            see_other(&page, Some(Toast::ok("Parcel changed. No mail was sent by it.")))
        }
        Err(error) => {
            let word = format!("parcel-{place}");
            let who = (staff.rights(), &staff.actor());
            again(&parts, &shell, who, (id, form.from), error, (&word, &fields))
        }
    }
}

/// `POST /admin/orders/{id}/notes`
pub(super) async fn note(
    staff: Staff<may::EditOrders>,
    shell: Shell,
    parts: Parts,
    id: routing::Path<String>,
    fields: Fields,
) -> Result<HttpResponse> {
    let id = OrderId::parse(&id)?;
    let form: NoteForm = fields.parse()?;
    let text = form.text.unwrap_or_default();
    let same = SameForm::new(&staff.actor().id, format!("{id}/{}/note", form.version), &fields.0);
    let op = move |tx: &mut Tx<'_>| same.run(tx, |tx| add_note(tx, id, None, &text).map(|o| Done::of(&o)));
    match parts.1.write(staff.actor(), op).await {
        Ok(_) => {
            let toast = Toast::ok("Note added.").saved(format!("note-{id}"));
            see_other(&format!("{}#timeline", order_path(id, form.from.as_deref())), Some(toast))
        }
        Err(error) => {
            again(&parts, &shell, (staff.rights(), &staff.actor()), (id, form.from), error, ("note", &fields))
        }
    }
}

/// `POST /admin/orders/{id}/notes/{number}`
pub(super) async fn renote(
    staff: Staff<may::EditOrders>,
    shell: Shell,
    parts: Parts,
    path: routing::Path<(String, u32)>,
    fields: Fields,
) -> Result<HttpResponse> {
    let (id, number) = path.into_inner();
    let id = OrderId::parse(&id)?;
    let form: NoteForm = fields.parse()?;
    let (text, was) = (form.text.unwrap_or_default(), form.was.map(|w| w.replace("\r\n", "\n")));
    let op = move |tx: &mut Tx<'_>| {
        // Whatever else of the order has changed meanwhile does not matter, this note does.
        let present = get(tx, id)?.staff_notes.into_iter().find(|n| n.number == number).map(|n| n.text);
        if was.as_ref().is_some_and(|was| Some(was.trim()) != present.as_deref().map(str::trim)) {
            let message =
                "Somebody changed this note meanwhile. It is shown as it is now, with your text in its form.";
            return Err(Error::conflict("version_mismatch", message));
        }
        edit_note(tx, id, None, number, &text)
    };
    match parts.1.write(staff.actor(), op).await {
        Ok(_) => {
            let page = format!("{}#timeline", order_path(id, form.from.as_deref()));
            see_other(&page, Some(Toast::ok("Note changed.")))
        }
        Err(error) => {
            let word = format!("note-{number}");
            again(&parts, &shell, (staff.rights(), &staff.actor()), (id, form.from), error, (&word, &fields))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clicked::{Desk, wish};
    use super::*;

    #[actix_web::test]
    async fn a_number_in_the_field_of_the_carrier_ships_nothing() {
        let desk = Desk::open().await;
        let order = desk.place(wish("anna@example.com", "Mug"));
        let ship = format!("/admin/orders/{}/ship", order.id);
        let refused = desk.post(&ship, &[("version", "1"), ("carrier", "00340434161094000000")]).await;
        refused.expect(422).shows("This looks like a tracking number");
        assert_eq!(desk.order(order.id).fulfilment, Fulfilment::Unfulfilled);
        let both = [("version", "1"), ("carrier", "DHL"), ("tracking", "00340434161094000000")];
        desk.post(&ship, &both).await.expect(303);
    }

    #[actix_web::test]
    async fn a_parcel_is_corrected_by_who_packs_and_never_over_somebody_elses_correction() {
        let desk = Desk::with(crate::access::Role::Packer).await;
        let order = desk.place(wish("anna@example.com", "Mug"));
        let page = format!("/admin/orders/{}", order.id);
        let both = [("version", "1"), ("carrier", "DHL"), ("tracking", "0034")];
        desk.post(&format!("{page}/ship"), &both).await.expect(303);
        desk.get(&page).await.expect(200).shows("No mail is sent by it");
        let form = |was, tracking| [("was", was), ("carrier", "DHL"), ("tracking", tracking)];
        let path = format!("{page}/parcels/1");
        let done = desk.post(&path, &form("DHL 0034", "0035")).await.expect(303);
        let shown = desk.follow(&done).await;
        shown.shows("Parcel changed");
        shown.shows("Corrected parcel 1");
        assert_eq!(desk.order(order.id).parcels[0].tracking, "0035");
        let late = desk.post(&path, &form("DHL 0034", "0036")).await.expect(409);
        late.shows("Somebody changed the parcels meanwhile");
        late.shows("value=\"0036\"");
        desk.post(&format!("{page}/parcels/2"), &[("carrier", "DHL")]).await.expect(404);
    }

    /// Presses the button that takes back what was done a moment ago, as it stood on the page that followed.
    async fn undo(desk: &Desk, page: &str) -> super::super::clicked::Reply {
        let form = page.split("<form").find(|form| form.contains("name=\"undo\" value=\"1\"")).unwrap();
        let between =
            |text: &str, from: &str| text.split(from).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let fields: Vec<(String, String)> = form
            .split("type=\"hidden\"")
            .skip(1)
            .map(|field| (between(field, "name=\""), between(field, "value=\"")))
            .collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        desk.post(&between(form, "action=\""), &fields).await
    }

    #[actix_web::test]
    async fn undo_never_takes_back_what_somebody_else_did_meanwhile() {
        let desk = Desk::open().await;
        let pay = |amount: &'static str, version: &'static str| {
            [("amount", amount), ("version", version), ("method", "cash"), ("reference", amount)]
        };
        let order = desk.place(wish("anna@example.com", "Mug"));
        let path = format!("/admin/orders/{}/pay", order.id);
        let mine = desk.post(&path, &pay("1", "1")).await.expect(303);
        let page = desk.follow(&mine).await.body;
        desk.post(&path, &pay("2", "2")).await.expect(303);
        undo(&desk, &page).await.expect(409).shows("The order was changed since");
        let references: Vec<String> =
            desk.order(order.id).payments.into_iter().map(|payment| payment.reference).collect();
        assert_eq!(references, ["1", "2"]);

        // With nothing in between it does what it says.
        let page = desk.follow(&desk.post(&path, &pay("3", "3")).await.expect(303)).await.body;
        undo(&desk, &page).await.expect(303);
        assert_eq!(desk.order(order.id).payments.len(), 2);
    }

    #[actix_web::test]
    async fn an_amount_that_was_typed_beside_an_older_state_is_asked_for_once_more() {
        let desk = Desk::open().await;
        let order = desk.place(wish("anna@example.com", "Mug"));
        let path = |step: &str| format!("/admin/orders/{}/{step}", order.id);
        let part = [("amount", "1"), ("version", "1"), ("reference", "TX-1")];
        desk.post(&path("pay"), &part).await.expect(303);
        // A colleague with a page of the same state notes the same transfer, with another word.
        let theirs = [("amount", "1"), ("version", "1"), ("reference", "TX 1")];
        let late = desk.post(&path("pay"), &theirs).await.expect(409);
        late.shows("Somebody changed this order meanwhile");
        late.shows("name=\"version\" value=\"2\"");
        assert_eq!(desk.order(order.id).paid(), 100);
        // The same form twice is one wish still.
        desk.post(&path("pay"), &part).await.expect(303);
        assert_eq!(desk.order(order.id).paid(), 100);
        // What does not rest on amounts is not held up by a colleague's note.
        desk.post(&path("notes"), &[("text", "called"), ("version", "2")]).await.expect(303);
        desk.post(&path("ship"), &[("version", "2"), ("carrier", "DHL")]).await.expect(303);
    }

    #[actix_web::test]
    async fn a_form_that_comes_again_says_it_is_done_only_while_it_is() {
        let desk = Desk::open().await;
        let order = desk.place(wish("anna@example.com", "Mug"));
        let path = |step: &str| format!("/admin/orders/{}/{step}", order.id);
        let hold = [("note", "look"), ("version", "1")];
        desk.post(&path("hold"), &hold).await.expect(303);
        desk.post(&path("release"), &[("version", "2")]).await.expect(303);
        desk.post(&path("hold"), &hold).await.expect(409).shows("Somebody changed this order meanwhile");
        assert_eq!(desk.order(order.id).hold, None);
        let pay = [("amount", "1"), ("version", "3")];
        desk.post(&path("pay"), &pay).await.expect(303);
        desk.post(&path("unpay"), &[("version", "4")]).await.expect(303);
        desk.post(&path("pay"), &pay).await.expect(409);
        assert_eq!(desk.order(order.id).paid(), 0);
        // A colleague's note in between makes no second parcel of one form.
        let ship = [("version", "5"), ("tracking", "00340001"), ("carrier", "DHL"), ("more_follows", "1")];
        desk.post(&path("ship"), &ship).await.expect(303);
        desk.post(&path("notes"), &[("version", "6"), ("text", "called")]).await.expect(303);
        desk.post(&path("ship"), &ship).await.expect(409);
        assert_eq!(desk.order(order.id).parcels.len(), 1);
    }
}
