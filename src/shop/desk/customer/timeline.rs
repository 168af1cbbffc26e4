//! What happened to a customer and their orders, in sentences.

use crate::base::country;
use crate::base::money::{Currency, Money};
use crate::base::time::Timestamp;
use crate::shop::messages::MessageId;
use crate::shop::orders::{CancelReason, CreditNoteId, OrderId, happened_at};
use crate::store::{Actor, ActorKind, StoredEvent};
use crate::web::parts::{Change, Link, Tone};
use serde::Serialize;
use serde_json::Value;

/// Characters of a value that a change shows.
const VALUE_MAX: usize = 200;

/// One entry, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Moment {
    /// Symbol of the icon sprite.
    pub(super) icon: &'static str,
    pub(super) tone: Tone,
    /// Comes before the text: the order it is about.
    pub(super) link: Option<Link>,
    pub(super) text: String,
    pub(super) by: String,
    pub(super) at: Timestamp,
    /// What somebody wrote.
    pub(super) note: Option<String>,
    pub(super) changes: Vec<Change>,
}

/// The entry of an event.
pub(super) fn moment(event: &StoredEvent) -> Moment {
    let (icon, tone, text) = sentence(event);
    let note = ["text", "note"].iter().filter_map(|field| word(event, field)).find(|text| !text.is_empty());
    let is_change = matches!(event.kind.as_str(), "customer.changed" | "order.changed" | "order.reimported");
    Moment {
        icon,
        tone,
        link: subject_link(event),
        text,
        by: who(&event.actor),
        at: happened_at(event),
        note: note.map(str::to_owned),
        changes: if is_change { changes(event) } else { Vec::new() },
    }
}

fn word<'a>(event: &'a StoredEvent, field: &str) -> Option<&'a str> {
    event.data.get(field).and_then(Value::as_str)
}

/// The order, credit note or message an event is about.
fn subject_link(event: &StoredEvent) -> Option<Link> {
    if let Some(id) = event.subject.id_as::<MessageId>() {
        return Some(Link::new("Message", format!("/admin/messages/{id}")));
    }
    let number = event.data.get("number");
    if let Some(id) = event.subject.id_as::<OrderId>() {
        let label = number.and_then(Value::as_u64).map_or_else(|| "Order".to_owned(), |n| format!("#{n}"));
        return Some(Link::new(label, format!("/admin/orders/{id}")));
    }
    let id = event.subject.id_as::<CreditNoteId>()?;
    let label = number.and_then(Value::as_str).unwrap_or("Credit note");
    Some(Link::new(label, format!("/admin/credit-notes/{id}")))
}

fn sentence(event: &StoredEvent) -> (&'static str, Tone, String) {
    let plain = |icon, tone, text: &str| (icon, tone, text.to_owned());
    match event.kind.as_str() {
        "customer.added" => ("user", Tone::Info, added(word(event, "by"))),
        "customer.changed" | "order.changed" => {
            ("pencil", Tone::Still, format!("changed: {}", changed_fields(event)))
        }
        "order.reimported" => {
            ("upload", Tone::Still, format!("changed by an import: {}", changed_fields(event)))
        }
        "order.placed" => ("shopping-cart", Tone::Info, placed(event)),
        "order.parcel_changed" => {
            ("truck", Tone::Still, format!("parcel corrected: {}", changed_fields(event)))
        }
        "order.noted" => plain("message-square", Tone::Still, "noted"),
        "order.cancelled" => ("ban", Tone::Bad, cancelled(word(event, "reason"))),
        "order.confirmed" => plain("check", Tone::Ok, "confirmed"),
        "order.confirmation_taken_back" => plain("undo-2", Tone::Still, "made a draft again"),
        "order.completed" => plain("check", Tone::Ok, "completed"),
        "order.reopened" => plain("rotate-ccw", Tone::Still, "reopened"),
        "order.paid" => plain("banknote", Tone::Ok, "marked paid"),
        "order.part_paid" => plain("banknote", Tone::Ok, "marked paid in part"),
        "order.payment_taken_back" => plain("undo-2", Tone::Still, "payment taken back"),
        "order.shipped" | "order.part_shipped" => ("truck", Tone::Ok, shipped(event)),
        "order.shipment_taken_back" => plain("undo-2", Tone::Still, "shipment taken back"),
        "order.delivered" => plain("package", Tone::Ok, "marked delivered"),
        "order.delivery_taken_back" => plain("undo-2", Tone::Still, "delivery taken back"),
        "order.returned" => plain("archive-restore", Tone::Warn, "returned in full"),
        "order.return_taken_back" => plain("undo-2", Tone::Still, "return taken back"),
        "order.refunded" => ("rotate-ccw", Tone::Warn, refunded(event)),
        "order.refund_taken_back" => plain("undo-2", Tone::Still, "refund taken back"),
        "order.held" => plain("pause", Tone::Warn, "put on hold"),
        "order.released" => plain("play", Tone::Still, "released from hold"),
        "credit_note.reimported" => {
            ("upload", Tone::Still, format!("changed by an import: {}", changed_fields(event)))
        }
        "credit_note.added" => ("receipt-text", Tone::Info, credited(event)),
        "mail.sent" => plain("mail", Tone::Ok, "mail sent"),
        "message.received" => plain("message-square", Tone::Info, "came in"),
        "message.replied" => plain("message-square", Tone::Ok, "answered"),
        "message.reply_not_sent" => plain("message-square", Tone::Warn, "answer not sent"),
        "mail.failed" => plain("mail", Tone::Bad, "mail could not be sent"),
        other => ("info", Tone::Still, other.replace(['.', '_'], " ")),
    }
}

fn added(by: Option<&str>) -> String {
    match by {
        Some("import") => "Imported".to_owned(),
        Some("order") => "Known since their first order".to_owned(),
        Some("site") => "Known since a site of theirs is watched".to_owned(),
        Some("api") => "Added through the API".to_owned(),
        _ => "Added".to_owned(),
    }
}

fn refunded(event: &StoredEvent) -> String {
    money(event, "amount")
        .map_or_else(|| "refunded".to_owned(), |money| format!("refunded {}", money.shown()))
}

fn amount(event: &StoredEvent) -> Option<Money> {
    money(event, "total")
}

fn money(event: &StoredEvent, field: &str) -> Option<Money> {
    let total = event.data.get(field)?;
    let currency = Currency::parse(total.get("currency")?.as_str()?).ok()?;
    Some(Money::new(total.get("amount")?.as_i64()?, currency))
}

fn placed(event: &StoredEvent) -> String {
    let verb = if event.actor.kind == ActorKind::Import { "imported" } else { "placed" };
    amount(event).map_or_else(|| verb.to_owned(), |total| format!("{verb}, {}", total.shown()))
}

fn credited(event: &StoredEvent) -> String {
    amount(event).map_or_else(|| "credited".to_owned(), |total| format!("credited {}", total.shown()))
}

fn cancelled(reason: Option<&str>) -> String {
    let reason = reason.and_then(CancelReason::from_word).unwrap_or(CancelReason::Other);
    format!("cancelled: {}", reason.label().to_lowercase())
}

fn shipped(event: &StoredEvent) -> String {
    let parts: Vec<&str> = ["carrier", "tracking"]
        .iter()
        .filter_map(|field| word(event, field))
        .filter(|t| !t.is_empty())
        .collect();
    let done = if event.kind == "order.part_shipped" { "marked shipped in part" } else { "marked shipped" };
    if parts.is_empty() { done.to_owned() } else { format!("{done}, {}", parts.join(" ")) }
}

fn fields(event: &StoredEvent) -> impl Iterator<Item = (&String, &Value)> {
    event.data.get("changes").and_then(Value::as_object).into_iter().flatten()
}

fn changed_fields(event: &StoredEvent) -> String {
    let names: Vec<String> = fields(event).map(|(field, _)| label(field).to_lowercase()).collect();
    if names.is_empty() { "outside ids".to_owned() } else { names.join(", ") }
}

fn changes(event: &StoredEvent) -> Vec<Change> {
    let side = |pair: &Value, at: usize| pair.get(at).map(shown).filter(|text| !text.is_empty());
    fields(event)
        .map(|(field, pair)| Change { field: label(field), before: side(pair, 0), after: side(pair, 1) })
        .collect()
}

/// How a field is called on pages.
fn label(field: &str) -> String {
    match field {
        "email" => "E-mail".to_owned(),
        "vat_id" => "VAT id".to_owned(),
        "metadata" => "Custom fields".to_owned(),
        "external" => "Outside ids".to_owned(),
        other => {
            let spaced = other.replace('_', " ");
            let mut letters = spaced.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
    }
}

/// A value of a change as people read it.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::Bool(on) => if *on { "yes" } else { "no" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            items.iter().map(shown).filter(|t| !t.is_empty()).collect::<Vec<_>>().join("; ")
        }
        Value::Object(parts) if parts.contains_key("line1") => address(parts),
        Value::Object(parts) => {
            parts.iter().map(|(k, v)| format!("{k}: {}", shown(v))).collect::<Vec<_>>().join(", ")
        }
        Value::Number(number) => number.to_string(),
    };
    match text.char_indices().nth(VALUE_MAX) {
        Some((at, _)) => format!("{} …", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

fn address(parts: &serde_json::Map<String, Value>) -> String {
    let part = |name: &str| parts.get(name).and_then(Value::as_str).unwrap_or_default();
    let place = format!("{} {}", part("postcode"), part("city"));
    let country = if part("country").is_empty() { String::new() } else { country::name(part("country")) };
    [
        part("name"),
        part("company"),
        part("line1"),
        part("line2"),
        place.trim(),
        part("region"),
        country.as_str(),
    ]
    .into_iter()
    .filter(|text| !text.is_empty())
    .collect::<Vec<_>>()
    .join(", ")
}

/// Who did it, so that people and programs are told apart.
fn who(actor: &Actor) -> String {
    match actor.kind {
        ActorKind::Key => format!("{} (API key)", actor.name),
        ActorKind::Import => format!("Import {}", actor.name).trim().to_owned(),
        ActorKind::System => "Backroom".to_owned(),
        _ => actor.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_changes_read_as_words() {
        let berlin = json!([{"name": "Anna Berg", "company": "", "line1": "Torstraße 1", "line2": "", "postcode": "10119", "city": "Berlin", "region": "", "country": "DE", "phone": ""}]);
        assert_eq!(shown(&berlin), "Anna Berg, Torstraße 1, 10119 Berlin, Germany");
        assert_eq!(shown(&json!(["VIP", "gift"])), "VIP; gift");
        assert_eq!((shown(&json!(null)), shown(&json!(true))), (String::new(), "yes".to_owned()));
        assert!(shown(&json!("x".repeat(900))).chars().count() < 210);
        assert_eq!((label("first_name"), label("vat_id")), ("First name".into(), "VAT id".into()));
    }
}
