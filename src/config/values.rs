//! Values on their way between TOML, text and the settings.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Text with commas, or a list as TOML writes it.
pub(super) fn list(text: &str) -> Value {
    let written = format!("list = {text}");
    let parsed = toml::from_str::<Map<String, Value>>(&written).ok().and_then(|mut m| m.remove("list"));
    match parsed {
        Some(Value::Array(list)) => Value::Array(list),
        _ => text.split(',').map(str::trim).filter(|t| !t.is_empty()).collect(),
    }
}

/// A value of the file.
pub(super) fn json(value: &toml::de::DeValue<'_>) -> Value {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::from(number.as_str()), Value::from),
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(truth) => Value::from(*truth),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(list) => list.iter().map(|v| json(v.get_ref())).collect(),
        DeValue::Table(table) => {
            Value::Object(table.iter().map(|(k, v)| (k.get_ref().to_string(), json(v.get_ref()))).collect())
        }
    }
}

/// All values that are no objects, by their path.
pub(super) fn flatten(prefix: &str, value: &Value, out: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, v)| flatten(&join(prefix, key), v, out)),
        other => {
            out.insert(prefix.to_owned(), other.clone());
        }
    }
}

/// Puts a value where its path says.
pub(super) fn insert(whole: &mut Value, path: &str, value: Value) {
    let mut at = whole;
    let mut keys = path.split('.').peekable();
    while let Some(key) = keys.next() {
        let Value::Object(members) = at else { return };
        if keys.peek().is_none() {
            members.insert(key.to_owned(), value);
            return;
        }
        at = members.entry(key).or_insert_with(|| Value::Object(Map::new()));
    }
}

/// `prefix.key`
pub(super) fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}
