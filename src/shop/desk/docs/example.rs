//! Examples from schemas: what a value looks like, for bodies, answers and `curl`.

use serde_json::{Map, Value, json};

/// Objects inside objects that an example shows.
const DEPTH_MAX: u8 = 6;

/// Texts that say more than "text", by the name of the field.
const NAMED: &[(&str, &str)] = &[
    ("email", "anna@example.com"),
    ("name", "Anna Berg"),
    ("first_name", "Anna"),
    ("last_name", "Berg"),
    ("phone", "+49 30 1234567"),
    ("line1", "Torstraße 1"),
    ("postcode", "10119"),
    ("city", "Berlin"),
    ("country", "DE"),
    ("language", "de"),
    ("birthday", "1990-05-17"),
    ("vat_id", "DE123456789"),
    ("currency", "EUR"),
    ("sku", "RJ-M-NVY"),
    ("barcode", "4012345678901"),
    ("title", "Rain jacket"),
    ("category", "Rain jackets"),
    ("size", "M"),
    ("colour", "navy"),
    ("carrier", "DHL"),
    ("tracking", "00340434161094000000"),
    ("method", "card"),
    ("reference", "pi_3QKx"),
    ("shipping_method", "DHL parcel"),
    ("channel", "web"),
    ("discount_code", "SPRING"),
    ("source", "shopify"),
    ("tags", "gift"),
    ("text", "Calls back before noon"),
    ("note", "Please ring twice"),
    ("kind", "order.placed"),
    ("request_id", "01kaj3m7q9f8"),
];

/// An example of a schema of this document. `name` is the field it is the value of.
pub(super) fn example(api: &Value, schema: &Value, name: &str) -> Value {
    of(api, schema, name, 0)
}

fn of(api: &Value, schema: &Value, name: &str, depth: u8) -> Value {
    if let Some(given) = schema.get("example").or_else(|| schema.get("examples").and_then(|e| e.get(0))) {
        return given.clone();
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let found = api.pointer(target.trim_start_matches('#'));
        return found
            .filter(|_| depth < DEPTH_MAX)
            .map_or(Value::Null, |found| of(api, found, name, depth + 1));
    }
    if let Some(first) = schema.get("enum").and_then(|e| e.get(0)) {
        return first.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        let options = schema.get(choice).and_then(Value::as_array);
        if let Some(option) = options.and_then(|o| o.iter().find(|option| kind(option) != "null")) {
            return of(api, option, name, depth);
        }
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let merged = parts.iter().filter_map(|part| of(api, part, name, depth).as_object().cloned());
        return Value::Object(merged.flatten().collect());
    }
    match kind(schema) {
        "object" => object(api, schema, depth),
        "array" => {
            schema.get("items").map_or_else(|| json!([]), |items| json!([of(api, items, name, depth)]))
        }
        "integer" | "number" => number(name),
        "boolean" => json!(false),
        "string" => text(schema, name),
        _ => Value::Null,
    }
}

/// The type of a schema; of several the first that is not null.
pub(super) fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|k| *k != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

fn object(api: &Value, schema: &Value, depth: u8) -> Value {
    let fields = schema.get("properties").and_then(Value::as_object);
    if let Some(fields) = fields.filter(|_| depth < DEPTH_MAX) {
        return Value::Object(
            fields.iter().map(|(name, field)| (name.clone(), of(api, field, name, depth + 1))).collect(),
        );
    }
    let mut map = Map::new();
    if let Some(value) = schema.get("additionalProperties").filter(|v| v.is_object()) {
        map.insert("locker".to_owned(), of(api, value, "value", depth + 1));
    }
    Value::Object(map)
}

fn number(name: &str) -> Value {
    match name {
        "amount" => json!(12_290),
        "number" => json!(10_482),
        "seq" | "next_after" | "last_seq" => json!(4_711),
        _ => json!(1),
    }
}

fn text(schema: &Value, name: &str) -> Value {
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => return json!("2026-11-20T10:15:00Z"),
        Some("date") => return json!("2026-11-20"),
        _ => {}
    }
    NAMED.iter().find(|(field, _)| *field == name).map_or_else(|| json!(""), |(_, text)| json!(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_follow_references_choices_and_names() {
        let api = json!({"components": {"schemas": {
            "Money": {"type": "object", "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}}},
            "Loop": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Loop"}}},
        }}});
        let schema = json!({"type": "object", "properties": {
            "total": {"$ref": "#/components/schemas/Money"},
            "email": {"type": ["string", "null"]},
            "at": {"oneOf": [{"type": "null"}, {"type": "string", "format": "date-time"}]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "state": {"enum": ["open", "closed"]},
        }});
        assert_eq!(
            example(&api, &schema, ""),
            json!({"total": {"amount": 12290, "currency": "EUR"}, "email": "anna@example.com", "at": "2026-11-20T10:15:00Z",
                "tags": ["gift"], "state": "open"})
        );
        let _ends = example(&api, &json!({"$ref": "#/components/schemas/Loop"}), "");
    }
}
