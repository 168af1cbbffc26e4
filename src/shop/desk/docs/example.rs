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
    ("value", "17"),
    ("request_id", "01kaj3m7q9f8"),
];

/// What every id of an example ends in.
const ID_TAIL: &str = "01kaj3m7q9f8x2v5n4c6b8d0e2";

/// An example of a schema of this document, as it is answered: with every field.
pub(super) fn answered(api: &Value, schema: &Value) -> Value {
    of(api, schema, "", 0)
}

/// The same as it is sent. What may be absent and has nothing to show is left out: an empty text can be a refusal, or mean
/// more than it shows.
pub(super) fn sent(api: &Value, schema: &Value) -> Value {
    let mut example = of(api, schema, "", 0);
    leave_out_empty(api, schema, &mut example);
    example
}

fn leave_out_empty(api: &Value, schema: &Value, value: &mut Value) {
    let Value::Object(fields) = value else {
        let items = schema.get("items").zip(value.as_array_mut());
        return items.into_iter().for_each(|(schema, items)| {
            items.iter_mut().for_each(|item| leave_out_empty(api, schema, item));
        });
    };
    let schema = object_of(api, schema);
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    if let Some(known) = schema.get("properties") {
        for (name, field) in fields.iter_mut() {
            known.get(name).into_iter().for_each(|schema| leave_out_empty(api, schema, field));
        }
    }
    fields.retain(|name, value| is_required(name) || !is_empty(value));
}

/// The schema of an object behind references and choices.
fn object_of<'a>(api: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return api.pointer(target.trim_start_matches('#')).unwrap_or(schema);
    }
    let options = schema.get("oneOf").and_then(Value::as_array);
    let option = options.and_then(|options| options.iter().find(|option| kind(option) != "null"));
    option.map_or(schema, |option| object_of(api, option))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What stands in an address for one of its parts: its own example, else what its description begins with, such as
/// `` `job_…` ``, with the rest of the id.
pub(super) fn of_path(parameter: &Value) -> String {
    match parameter.get("example") {
        Some(Value::String(given)) => return given.clone(),
        Some(given) => return given.to_string(),
        None => {}
    }
    let about = parameter.get("description").and_then(Value::as_str).unwrap_or_default();
    about.split('`').nth(1).unwrap_or_default().replace('…', ID_TAIL)
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
            answered(&api, &schema),
            json!({"total": {"amount": 12290, "currency": "EUR"}, "email": "anna@example.com", "at": "2026-11-20T10:15:00Z",
                "tags": ["gift"], "state": "open"})
        );
        let _ends = answered(&api, &json!({"$ref": "#/components/schemas/Loop"}));
    }

    #[test]
    fn what_is_sent_has_no_empty_field_that_may_be_absent() {
        let api = json!({"components": {"schemas": {"Place": {"type": "object", "required": ["floor"], "properties": {
            "city": {"type": "string"}, "floor": {"type": "string"}, "door": {"type": "string"}}}}}});
        let place = json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Place"}]});
        let schema = json!({"type": "object", "required": ["q"], "properties": {
            "q": {"type": "string"}, "text": {"type": "string"}, "door": {"type": "string"},
            "doors": {"type": "array", "items": {"type": "string"}}, "is_new": {"type": "boolean"},
            "place": place, "places": {"type": "array", "items": {"$ref": "#/components/schemas/Place"}}}});
        let place = json!({"city": "Berlin", "floor": ""});
        assert_eq!(
            sent(&api, &schema),
            json!({"q": "", "text": "Calls back before noon", "is_new": false, "place": place, "places": [place]})
        );
    }

    #[test]
    fn a_part_of_an_address_is_of_its_own_kind() {
        let of = |parameter: Value| of_path(&parameter);
        assert_eq!(of(json!({"description": "`job_…`"})), format!("job_{ID_TAIL}"));
        assert_eq!(of(json!({"description": "`ord_…` or the number"})), format!("ord_{ID_TAIL}"));
        assert_eq!(of(json!({"description": "`site_statistics`"})), "site_statistics");
        assert_eq!(of(json!({"description": "A step, such as `complete`", "example": "tag"})), "tag");
        assert_eq!(of(json!({"description": "The note's number", "example": 1})), "1");
    }
}
