//! Events of this floor as entries of a timeline.

use crate::store::StoredEvent;
use crate::web::parts::{Entry, Tone};
use serde_json::Value;

/// An event about a person or a key, in words.
pub(super) fn entry(event: &StoredEvent) -> Entry {
    let text = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default();
    let role = |name: &str| text(name).replace('_', " ");
    let from = format!("{}, {}", text("device"), text("network"));
    let (icon, tone, says) = match event.kind.as_str() {
        "staff.added" => ("plus", Tone::Info, format!("Added as {}", role("role"))),
        "staff.changed" => ("pencil", Tone::Still, changes(&event.data)),
        "staff.role_changed" => {
            ("shield", Tone::Warn, format!("Role changed from {} to {}", role("before"), role("after")))
        }
        "staff.deactivated" => ("ban", Tone::Bad, "Deactivated".to_owned()),
        "staff.activated" => ("check", Tone::Ok, "Activated again".to_owned()),
        "staff.password_changed" => ("lock", Tone::Info, "Password changed".to_owned()),
        "staff.sessions_ended" => ("log-out", Tone::Still, "Sessions ended".to_owned()),
        "staff.signed_in" => ("key-round", Tone::Ok, format!("Signed in: {from}")),
        "staff.signed_out" => ("log-out", Tone::Still, format!("Signed out: {}", text("device"))),
        "staff.sign_in_failed" => ("triangle-alert", Tone::Warn, format!("Wrong password: {from}")),
        "key.created" => ("plus", Tone::Info, "Created".to_owned()),
        "shop.changed" => ("settings", Tone::Still, sides(&event.data)),
        "key.origins_changed" => ("globe", Tone::Info, origins(&event.data)),
        "key.revoked" => ("ban", Tone::Bad, "Revoked".to_owned()),
        other => ("info", Tone::Still, other.to_owned()),
    };
    Entry { icon, tone, text: says, by: event.actor.name.clone(), at: event.at, note: None, link: None }
}

/// What differs between before and after.
fn sides(data: &Value) -> String {
    let text = |side: &str, field: &str| {
        let value = data.get(side).and_then(|s| s.get(field)).and_then(Value::as_str).unwrap_or_default();
        value.to_owned()
    };
    let fields = [("name", "name"), ("zone", "time zone"), ("currency", "currency"), ("country", "country")];
    let all: Vec<String> = fields
        .iter()
        .map(|(field, label)| (label, text("before", field), text("after", field)))
        .filter(|(_, before, after)| before != after)
        .map(|(label, before, after)| format!("{label} from “{before}” to “{after}”"))
        .collect();
    format!("Changed {}", all.join(", "))
}

/// The origins a key has now.
fn origins(data: &Value) -> String {
    let list = data.get("after").and_then(Value::as_array);
    let all: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
    format!("Origins changed to {}", all.join(", "))
}

fn changes(data: &Value) -> String {
    let list = data.get("changes").and_then(Value::as_array);
    let of = |change: &Value| {
        let text = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        format!("{} from “{}” to “{}”", text("field"), text("before"), text("after"))
    };
    let all: Vec<String> = list.into_iter().flatten().map(of).collect();
    format!("Changed {}", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::events::EVENTS;
    use crate::base::time::Timestamp;
    use crate::store::{Actor, EventId, Subject};

    #[test]
    fn every_event_of_this_floor_has_its_words() {
        for (kind, _) in EVENTS {
            let event = StoredEvent {
                seq: 1,
                id: EventId([1; 16]),
                kind: (*kind).to_owned(),
                subject: Subject { kind: "stf", id: [1; 16] },
                also: Vec::new(),
                at: Timestamp(0),
                actor: Actor::cli(),
                request_id: None,
                data: Value::Null,
            };
            assert_ne!(entry(&event).text, *kind);
        }
    }
}
