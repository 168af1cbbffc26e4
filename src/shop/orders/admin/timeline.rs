//! What happened to an order, in sentences: each event of the log as people would say it.

use super::carriers;
use super::words;
use crate::base::money::{Currency, Money};
use crate::base::time::Timestamp;
use crate::shop::customers::Address;
use crate::shop::orders::model::StaffNote;
use crate::shop::orders::{CancelReason, Order, OrderId, Step, happened_at, may_edit_note};
use crate::store::{Actor, ActorKind, StoredEvent};
use crate::web::parts::{Change, Link, Tone};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What an entry is about: the timeline can show one part alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    Notes,
    Money,
    Parcels,
    #[default]
    Other,
}

impl Part {
    pub(super) const ALL: &[Self] = &[Self::Notes, Self::Money, Self::Parcels, Self::Other];

    /// The word in addresses and on the page.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Notes => ("notes", "Notes"),
            Self::Money => ("money", "Money"),
            Self::Parcels => ("parcels", "Parcels"),
            Self::Other => ("other", "Other"),
        }
    }
    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|part| part.words().0 == word)
    }
    /// The part that a step belongs to.
    fn of(step: Step) -> Self {
        match step {
            Step::Pay | Step::Unpay | Step::Refund | Step::Unrefund => Self::Money,
            Step::Ship | Step::Unship | Step::Deliver | Step::Undeliver | Step::Return | Step::Unreturn => {
                Self::Parcels
            }
            Step::Cancel
            | Step::Place
            | Step::Unplace
            | Step::Complete
            | Step::Reopen
            | Step::Hold
            | Step::Release => Self::Other,
        }
    }
}

/// One entry of the timeline.
#[derive(Debug, Default, Serialize)]
pub(super) struct Moment {
    /// Symbol of the icon sprite.
    pub icon: &'static str,
    pub tone: Tone,
    pub text: String,
    pub by: String,
    pub at: Option<Timestamp>,
    /// What somebody wrote, with its line breaks.
    pub note: Option<String>,
    pub link: Option<Link>,
    pub changes: Vec<Change>,
    /// The staff note that can be edited here.
    pub edit: Option<Editable>,
    #[serde(skip)]
    pub part: Part,
}

/// Changes that concern whoever packs.
const OF_PARCELS: &[&str] =
    &["shipping_address", "shipping_method", "note", "tags", "metadata", "carrier", "tracking"];

impl Moment {
    /// Takes out what only those see who see prices; whether anything of it is left.
    pub(super) fn hide_prices(&mut self) -> bool {
        let had = !self.changes.is_empty();
        self.changes.retain(|change| {
            OF_PARCELS.iter().any(|field| change.field == label(field)) || change.field == "Note"
        });
        if had && self.changes.is_empty() {
            return false;
        }
        if had && self.icon == "pencil" && self.text.starts_with("Changed ") {
            let names: Vec<String> = self.changes.iter().map(|c| c.field.to_lowercase()).collect();
            self.text = format!("Changed {}", listed(&names));
        }
        self.part != Part::Money
    }
}

/// A staff note as its form shows it.
#[derive(Debug, Serialize)]
pub(super) struct Editable {
    pub number: u32,
    pub text: String,
    /// It is young enough to be rewritten, and the reader's own.
    pub open: bool,
    pub edited_at: Option<Timestamp>,
    /// Who edited it last, where the entries that are read say so.
    pub edited_by: Option<String>,
}

/// The entries of events, newest first. Notes that an import brought along have no event of their own: they stand
/// after the order's beginning.
pub(super) fn moments<'e>(
    events: impl Iterator<Item = &'e StoredEvent>,
    order: &Order,
    (reader, now): (&Actor, Timestamp),
) -> Vec<Moment> {
    let (mut entries, mut editors) = (Vec::new(), BTreeMap::new());
    for event in events {
        if event.kind == "order.placed" && event.subject.id_as::<OrderId>() == Some(order.id) {
            let mut brought: Vec<_> = order.staff_notes.iter().filter(|n| n.at < event.at).collect();
            brought.sort_by_key(|n| std::cmp::Reverse((n.at, n.number)));
            entries.extend(brought.into_iter().map(|n| Moment {
                by: n.by.clone(),
                at: Some(n.at),
                ..note_moment(n)
            }));
        }
        entries.push(moment(event, order));
        // Newest first: who edited a note comes before the note.
        if let Some((number, editor)) = edited(event) {
            editors.entry(number).or_insert(editor);
        }
    }
    for edit in entries.iter_mut().filter_map(|entry| entry.edit.as_mut()) {
        edit.edited_by = editors.get(&u64::from(edit.number)).cloned();
        let mut notes = order.staff_notes.iter();
        edit.open = notes.any(|note| note.number == edit.number && may_edit_note(note, reader, now));
    }
    entries
}

/// The note that an event tells of as edited, and who edited it.
fn edited(event: &StoredEvent) -> Option<(u64, String)> {
    event.data.get("before").filter(|before| event.kind == "order.noted" && before.is_string())?;
    Some((event.data.get("note")?.as_u64()?, who(&event.actor)))
}

/// The entry of an event in the timeline of an order.
fn moment(event: &StoredEvent, order: &Order) -> Moment {
    let own = event.subject.id_as::<OrderId>() == Some(order.id);
    let mut entry = match mailed(event) {
        Some(entry) => entry,
        None if own => own_moment(event, order),
        None => other_moment(event),
    };
    entry.by = who(&event.actor);
    entry.at = Some(if own { happened_at(event) } else { event.at });
    entry
}

/// Who did it, so that people and programs are told apart.
pub(super) fn who(actor: &Actor) -> String {
    match actor.kind {
        ActorKind::Staff | ActorKind::Cli => actor.name.clone(),
        ActorKind::Key => format!("{} (API key)", actor.name),
        ActorKind::Import => format!("Import {}", actor.name).trim().to_owned(),
        ActorKind::System => "Backroom".to_owned(),
        ActorKind::Customer => format!("{} (customer)", actor.name),
    }
}

/// Somebody was written to about the order, or was not. Whom, and what the server said, stands with the mail.
fn mailed(event: &StoredEvent) -> Option<Moment> {
    let text = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default();
    let (tone, what) = match event.kind.as_str() {
        "mail.sent" => (Tone::Ok, "was sent"),
        "mail.failed" => (Tone::Bad, "could not be sent"),
        "mail.cancelled" => (Tone::Still, "was cancelled before it was sent"),
        "mail.dropped" => (Tone::Still, "was not sent"),
        "message.received" | "message.replied" | "message.reply_not_sent" => {
            let (tone, says) = match (event.kind.as_str(), text("reason")) {
                ("message.received", _) => (Tone::Info, "The customer wrote to the shop"),
                ("message.replied", _) => (Tone::Ok, "The customer was answered"),
                (_, "cancelled") => {
                    (Tone::Still, "The answer to the customer was cancelled before it was sent")
                }
                _ => (Tone::Bad, "The answer to the customer could not be sent"),
            };
            return Some(Moment { icon: "message-square", tone, text: says.to_owned(), ..Moment::default() });
        }
        _ => return None,
    };
    let which = text("moment").replace('_', " ");
    let note = Some(text("reason").to_owned()).filter(|_| event.kind == "mail.dropped");
    Some(Moment { icon: "mail", tone, text: format!("Mail “{which}” {what}"), note, ..Moment::default() })
}

/// Another order of the customer began or ceased to count, which may have turned new into returning here.
fn other_moment(event: &StoredEvent) -> Moment {
    let number = event.data.get("number").and_then(Value::as_u64);
    let which = number.map_or_else(|| "Another order".to_owned(), |n| format!("Order #{n}"));
    let what = step_of(&event.kind).map_or("was placed or imported", |step| words::done(step));
    let was = if step_of(&event.kind).is_some() { "was " } else { "" };
    Moment {
        icon: "users",
        text: format!("{which} {was}{what}; whether the customer is new here was worked out again"),
        link: event.subject.id_as::<OrderId>().map(|id| Link::new("Open", format!("/admin/orders/{id}"))),
        ..Moment::default()
    }
}

fn own_moment(event: &StoredEvent, order: &Order) -> Moment {
    let text = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let written = |name: &str| Some(text(name)).filter(|t| !t.is_empty());
    match (event.kind.as_str(), step_of(&event.kind)) {
        ("order.placed", _) => placed(event, order),
        ("order.changed", _) => changed(event),
        ("order.reimported", _) => {
            let moment = changed(event);
            Moment { icon: "upload", text: format!("{} by an import", moment.text), ..moment }
        }
        ("order.noted", _) => noted(event, order),
        ("order.parcel_changed", _) => {
            let place = event.data.get("parcel").and_then(Value::as_u64).unwrap_or_default();
            let part = Part::of(Step::Ship);
            Moment { icon: "truck", text: format!("Corrected parcel {place}"), part, ..changed(event) }
        }
        (_, Some(step)) => Moment {
            icon: words::icon(step),
            tone: tone(step),
            text: sentence(step, event, order.currency),
            part: Part::of(step),
            note: written("note"),
            link: carriers::link(&text("carrier"), &text("tracking")),
            ..Moment::default()
        },
        (kind, None) => Moment { icon: "info", text: kind.replace(['.', '_'], " "), ..Moment::default() },
    }
}

/// The step that an event tells of.
fn step_of(kind: &str) -> Option<Step> {
    Some(match kind {
        "order.cancelled" => Step::Cancel,
        "order.confirmed" => Step::Place,
        "order.confirmation_taken_back" => Step::Unplace,
        "order.completed" => Step::Complete,
        "order.reopened" => Step::Reopen,
        "order.paid" | "order.part_paid" => Step::Pay,
        "order.payment_taken_back" => Step::Unpay,
        "order.shipped" | "order.part_shipped" => Step::Ship,
        "order.shipment_taken_back" => Step::Unship,
        "order.delivered" => Step::Deliver,
        "order.delivery_taken_back" => Step::Undeliver,
        "order.returned" => Step::Return,
        "order.return_taken_back" => Step::Unreturn,
        "order.held" => Step::Hold,
        "order.released" => Step::Release,
        "order.refunded" => Step::Refund,
        "order.refund_taken_back" => Step::Unrefund,
        _ => return None,
    })
}

fn tone(step: Step) -> Tone {
    match step {
        Step::Place | Step::Pay | Step::Ship | Step::Deliver | Step::Complete => Tone::Ok,
        Step::Cancel => Tone::Bad,
        Step::Hold | Step::Return | Step::Refund => Tone::Warn,
        _ => Tone::Still,
    }
}

fn sentence(step: Step, event: &StoredEvent, currency: Currency) -> String {
    let text = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default();
    match step {
        Step::Cancel => {
            let reason = CancelReason::from_word(text("reason")).unwrap_or(CancelReason::Other);
            format!("Order cancelled: {}", reason.label().to_lowercase())
        }
        Step::Ship => {
            let done =
                if event.kind == "order.part_shipped" { "Marked shipped in part" } else { "Marked shipped" };
            match (text("carrier"), text("tracking")) {
                ("", "") => done.to_owned(),
                (carrier, "") => format!("{done} with {carrier}"),
                ("", tracking) => format!("{done}, tracking {tracking}"),
                (carrier, tracking) => format!("{done} with {carrier}, tracking {tracking}"),
            }
        }
        Step::Pay => {
            let done = if event.kind == "order.part_paid" { "Marked paid in part" } else { "Marked paid" };
            match paid_by(event) {
                Some(amount) if amount > 0 => format!("{done}, {}", Money::new(amount, currency).shown()),
                _ => done.to_owned(),
            }
        }
        Step::Unpay => "Payment taken back".to_owned(),
        Step::Unship => "Shipment taken back".to_owned(),
        Step::Undeliver => "Delivery taken back".to_owned(),
        Step::Unreturn => "Return taken back".to_owned(),
        Step::Place => "Draft confirmed".to_owned(),
        Step::Unplace => "Made a draft again".to_owned(),
        Step::Complete => "Order completed".to_owned(),
        Step::Reopen => "Order reopened".to_owned(),
        Step::Deliver => "Marked delivered".to_owned(),
        Step::Return => "Marked returned".to_owned(),
        Step::Hold => "Put on hold".to_owned(),
        Step::Release => "Released from hold".to_owned(),
        Step::Refund => match event.data.get("amount").and_then(|of| of.get("amount")?.as_i64()) {
            Some(amount) => format!("Refunded {}", Money::new(amount, currency).shown()),
            None => "Marked refunded".to_owned(),
        },
        Step::Unrefund => "Refund taken back".to_owned(),
    }
}

/// How much more was paid after the event than before.
fn paid_by(event: &StoredEvent) -> Option<i64> {
    let paid = event.data.get("changes")?.get("paid")?;
    paid.get(1)?.as_i64()?.checked_sub(paid.get(0)?.as_i64()?)
}

fn placed(event: &StoredEvent, order: &Order) -> Moment {
    let text = match (event.actor.kind, &order.source) {
        (ActorKind::Import, Some(source)) => format!("Order imported from {}", source.source),
        (ActorKind::Import, None) => "Order imported".to_owned(),
        _ => match order.channel.as_str() {
            "web" => "Order placed in the web shop".to_owned(),
            "api" => "Order placed through the API".to_owned(),
            "phone" => "Order placed by phone".to_owned(),
            "" => "Order placed".to_owned(),
            channel => format!("Order placed, {channel}"),
        },
    };
    Moment { icon: "shopping-cart", tone: Tone::Info, text, ..Moment::default() }
}

fn changed(event: &StoredEvent) -> Moment {
    let changes: Vec<Change> = event
        .data
        .get("changes")
        .and_then(Value::as_object)
        .map(|fields| fields.iter().map(|(field, pair)| change(field, pair)).collect())
        .unwrap_or_default();
    let names: Vec<String> = changes.iter().map(|c| c.field.to_lowercase()).collect();
    Moment { icon: "pencil", text: format!("Changed {}", listed(&names)), changes, ..Moment::default() }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

fn change(field: &str, pair: &Value) -> Change {
    let side = |at: usize| pair.get(at).map(shown).filter(|t| !t.is_empty());
    Change { field: label(field).to_owned(), before: side(0), after: side(1) }
}

/// How a field is called on pages.
pub(super) fn label(field: &str) -> &str {
    match field {
        "email" => "E-mail",
        "phone" => "Phone",
        "billing" => "Billing address",
        "shipping_address" => "Shipping address",
        "discount_code" => "Discount code",
        "shipping_method" => "Shipping method",
        "note" => "Customer's note",
        "tags" => "Tags",
        "metadata" => "Custom fields",
        "carrier" => "Carrier",
        "tracking" => "Tracking number",
        other => other,
    }
}

/// A value of the log in words: texts, lists, addresses, custom fields.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(fields) if fields.contains_key("postcode") => {
            let address: Address = serde_json::from_value(value.clone()).unwrap_or_default();
            let phone = Some(address.phone.clone()).filter(|p| !p.is_empty());
            address.lines().into_iter().chain(phone).collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, v)| format!("{name}: {}", shown(v))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn noted(event: &StoredEvent, order: &Order) -> Moment {
    let text = |name: &str| event.data.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(before) = text("before") {
        let change = Change { field: "Note".to_owned(), before: Some(before), after: text("text") };
        return Moment {
            icon: "pencil",
            text: "Edited a note".to_owned(),
            part: Part::Notes,
            changes: vec![change],
            ..Moment::default()
        };
    }
    let number = event.data.get("note").and_then(Value::as_u64);
    let present = order.staff_notes.iter().find(|n| Some(u64::from(n.number)) == number);
    present.map(note_moment).unwrap_or_else(|| Moment { note: text("text"), ..plain_note() })
}

fn note_moment(note: &StaffNote) -> Moment {
    Moment {
        note: Some(note.text.clone()),
        edit: Some(Editable {
            number: note.number,
            text: note.text.clone(),
            open: false,
            edited_at: note.edited_at,
            edited_by: None,
        }),
        ..plain_note()
    }
}

fn plain_note() -> Moment {
    Moment {
        icon: "message-square",
        tone: Tone::Info,
        text: "Note".to_owned(),
        part: Part::Notes,
        ..Moment::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Id;
    use crate::shop::orders::EVENTS;
    use crate::shop::orders::admin::samples;
    use crate::store::{EventId, Subject};
    use serde_json::json;

    fn reader() -> Actor {
        Actor::new(ActorKind::Staff, "stf_1", "Jonas")
    }

    fn event(kind: &str, data: Value) -> StoredEvent {
        StoredEvent {
            seq: 7,
            id: EventId::from_bytes([0; 16]),
            kind: kind.to_owned(),
            subject: Subject::of(&samples::order().id),
            also: Vec::new(),
            at: samples::at("2026-11-20T10:42:00Z"),
            actor: Actor::new(ActorKind::Staff, "stf_1", "Jonas"),
            request_id: None,
            data,
        }
    }

    #[test]
    fn notes_that_came_with_an_import_stand_in_the_timeline_once() {
        let mut order = samples::order();
        let placed = event("order.placed", json!({}));
        let note = |number, at: &str, text: &str| StaffNote {
            number,
            at: samples::at(at),
            by: "Ann".to_owned(),
            text: text.to_owned(),
            edited_at: None,
            by_id: None,
        };
        order.staff_notes = vec![
            note(1, "2026-11-18T10:00:00Z", "came first"),
            note(2, "2026-11-19T10:00:00Z", "came second"),
            note(3, "2026-11-21T10:00:00Z", "written here"),
        ];
        let written = event("order.noted", json!({"note": 3, "text": "written here"}));
        let shown = moments([&written, &placed].into_iter(), &order, (&reader(), order.placed_at));
        let notes: Vec<_> = shown.iter().filter_map(|m| m.note.as_deref()).collect();
        assert_eq!(notes, ["written here", "came second", "came first"]);
        assert_eq!((shown.len(), shown[1].by.as_str()), (4, "Ann"));
        assert!(shown.iter().take(3).all(|m| m.edit.is_some()));
    }

    #[test]
    fn every_documented_event_of_an_order_is_a_sentence() {
        for (kind, _) in EVENTS.iter().filter(|(kind, _)| kind.starts_with("order.")) {
            let entry =
                moment(&event(kind, json!({"number": 10482, "note": "", "text": "x"})), &samples::order());
            assert!(
                !entry.text.contains('.') && entry.text != kind.replace('.', " "),
                "{kind}: {}",
                entry.text
            );
            assert_eq!(entry.by, "Jonas");
        }
    }

    #[test]
    fn steps_say_how_much_and_with_whom() {
        let order = samples::order();
        let text = |kind: &str, data| moment(&event(kind, data), &order).text;
        assert_eq!(text("order.paid", json!({"changes": {"paid": [0, 11800]}})), "Marked paid, €118.00");
        let shipped = json!({"carrier": "DHL", "tracking": "0034"});
        assert_eq!(text("order.shipped", shipped), "Marked shipped with DHL, tracking 0034");
        assert_eq!(
            text("order.cancelled", json!({"reason": "rejected"})),
            "Order cancelled: rejected by the shop"
        );
    }

    #[test]
    fn changes_are_shown_before_and_after() {
        let data = json!({"changes": {"email": [null, "a@example.com"], "tags": [["gift"], []],
            "billing": [null, {"name": "Anna", "postcode": "10119", "city": "Berlin", "country": "DE"}]}});
        let entry = moment(&event("order.changed", data), &samples::order());
        assert_eq!(entry.text, "Changed billing address, e-mail and tags");
        assert_eq!(entry.changes[0].after.as_deref(), Some("Anna, 10119 Berlin, Germany"));
        assert_eq!(
            (entry.changes[2].before.as_deref(), entry.changes[2].after.as_deref()),
            (Some("gift"), None)
        );
    }

    #[test]
    fn a_note_shows_its_present_text_and_an_edit_both() {
        let entry = moment(&event("order.noted", json!({"note": 1, "text": "old"})), &samples::order());
        assert_eq!(entry.note.as_deref(), Some("Customer asks for neutral packaging"));
        assert_eq!(entry.edit.map(|e| e.number), Some(1));
        let entry =
            moment(&event("order.noted", json!({"note": 1, "text": "b", "before": "a"})), &samples::order());
        assert_eq!(entry.changes[0].before.as_deref(), Some("a"));
    }

    #[test]
    fn another_order_that_turned_the_standing_is_named() {
        let mut other = event("order.cancelled", json!({"number": 10301}));
        other.subject = Subject::of(&OrderId::from_bytes([9; 16]));
        let text = moment(&other, &samples::order()).text;
        assert_eq!(text, "Order #10301 was cancelled; whether the customer is new here was worked out again");
    }
}
