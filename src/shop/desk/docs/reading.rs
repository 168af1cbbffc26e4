//! The OpenAPI document as people read it: operations with what they take and answer, and the shapes of bodies.

use super::example::{answered, kind, of_path, sent};
use serde::Serialize;
use serde_json::Value;

/// The document to read.
#[derive(Debug, Default, Serialize)]
pub(super) struct Reading {
    pub(super) version: String,
    pub(super) groups: Vec<Group>,
    /// Shapes of bodies and answers, by name.
    pub(super) shapes: Vec<Shape>,
}

/// Operations of one part of the shop.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) text: String,
    pub(super) operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Serialize)]
pub(super) struct Operation {
    /// For links into the page.
    pub(super) anchor: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) text: Vec<String>,
    /// Sets of scopes; one of them has to be there.
    pub(super) scopes: Vec<String>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) curl: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// `path`, `query` or `header`.
    pub(super) place: String,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) text: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Body {
    pub(super) content_type: String,
    /// The name of its shape.
    pub(super) shape: Option<String>,
    pub(super) example: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) status: String,
    pub(super) text: String,
    pub(super) shape: Option<String>,
    pub(super) example: String,
}

/// A named object of the API.
#[derive(Debug, Serialize)]
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) fields: Vec<Field>,
    /// For lists of words.
    pub(super) values: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: String,
    /// The shape it is, for a link.
    pub(super) shape: Option<String>,
    pub(super) required: bool,
    pub(super) text: String,
}

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

/// Reads the document; `server` stands before the paths of the examples.
pub(super) fn read(api: &Value, server: &str) -> Reading {
    let mut groups: Vec<Group> = Vec::new();
    let paths = api.get("paths").and_then(Value::as_object).into_iter().flatten();
    for (path, item) in paths {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or("other");
            let read = read_operation(api, server, (method, path), operation);
            match groups.iter_mut().find(|group| group.name == tag) {
                Some(group) => group.operations.push(read),
                None => groups.push(group(api, tag, read)),
            }
        }
    }
    let schemas = api.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    Reading {
        version: text(api.pointer("/info/version")),
        groups,
        shapes: schemas.map(|(name, schema)| shape(name, schema)).collect(),
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

fn group(api: &Value, name: &str, first: Operation) -> Group {
    let tags = api.get("tags").and_then(Value::as_array).into_iter().flatten();
    let about =
        tags.filter(|tag| text(tag.get("name")) == name).map(|tag| text(tag.get("description"))).next();
    let mut letters = name.chars();
    let label = letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect());
    Group {
        name: name.to_owned(),
        label: label.replace('-', " "),
        text: about.unwrap_or_default(),
        operations: vec![first],
    }
}

fn read_operation(api: &Value, server: &str, (method, path): (&str, &str), operation: &Value) -> Operation {
    let list = |name: &str| operation.get(name).and_then(Value::as_array).into_iter().flatten();
    let body = operation.get("requestBody").and_then(|body| read_body(api, body));
    let scopes = list("security")
        .filter_map(|need| need.get("key")?.as_array())
        .map(|words| words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" and "));
    let description = text(operation.get("description"));
    let parameters: Vec<Parameter> = list("parameters").map(parameter).collect();
    Operation {
        anchor: text(operation.get("operationId")),
        curl: curl(server, (method, path), operation, body.as_ref()),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(operation.get("summary")),
        text: description.split("\n\n").map(|p| p.replace('\n', " ")).filter(|p| !p.is_empty()).collect(),
        scopes: scopes.collect(),
        parameters,
        body,
        answers: answers(api, operation),
    }
}

fn parameter(given: &Value) -> Parameter {
    Parameter {
        name: text(given.get("name")),
        place: text(given.get("in")),
        kind: given.get("schema").map(|schema| kind_words(schema).0).unwrap_or_default(),
        required: given.get("required").and_then(Value::as_bool).unwrap_or_default(),
        text: text(given.get("description")),
    }
}

/// The first content of a body or an answer.
fn content(given: &Value) -> Option<(&String, &Value)> {
    given.get("content").and_then(Value::as_object).and_then(|content| content.iter().next())
}

fn read_body(api: &Value, body: &Value) -> Option<Body> {
    let (content_type, media) = content(body)?;
    let schema = media.get("schema")?;
    let shown = media.get("example").cloned().unwrap_or_else(|| sent(api, schema));
    Some(Body { content_type: content_type.clone(), shape: kind_words(schema).1, example: pretty(&shown) })
}

fn answers(api: &Value, operation: &Value) -> Vec<Answer> {
    let answers = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    answers
        .map(|(status, answer)| {
            let answer = match answer.get("$ref").and_then(Value::as_str) {
                Some(target) => api.pointer(target.trim_start_matches('#')).unwrap_or(answer),
                None => answer,
            };
            let schema = content(answer).and_then(|(_, media)| media.get("schema"));
            // Refusals look alike; their page has the example.
            let shown =
                schema.filter(|_| status.starts_with('2')).map(|schema| pretty(&answered(api, schema)));
            Answer {
                status: status.clone(),
                text: text(answer.get("description")),
                shape: schema.and_then(|schema| kind_words(schema).1),
                example: shown.unwrap_or_default(),
            }
        })
        .collect()
}

fn pretty(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

fn shape(name: &str, schema: &Value) -> Shape {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    Shape {
        name: name.to_owned(),
        text: text(schema.get("description")).replace('\n', " "),
        values: values.filter_map(Value::as_str).map(str::to_owned).collect(),
        fields: fields
            .map(|(field, schema)| {
                let (kind, shape) = kind_words(schema);
                Field {
                    required: required.contains(&field.as_str()),
                    text: about(schema).replace('\n', " "),
                    name: field.clone(),
                    kind,
                    shape,
                }
            })
            .collect(),
    }
}

/// What is said of a value: of itself, or of what it is where it is not null.
fn about(schema: &Value) -> String {
    let options = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let said = std::iter::once(schema).chain(options).map(|schema| text(schema.get("description")));
    said.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

/// What a value is, in words, and the shape it is.
fn kind_words(schema: &Value) -> (String, Option<String>) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let name = target.rsplit('/').next().unwrap_or_default().to_owned();
        return (name.clone(), Some(name));
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        let options = schema.get(choice).and_then(Value::as_array);
        if let Some(option) = options.and_then(|o| o.iter().find(|option| kind(option) != "null")) {
            let (words, shape) = kind_words(option);
            return (format!("{words} or null"), shape);
        }
    }
    let nullable =
        schema.get("type").and_then(Value::as_array).is_some_and(|kinds| kinds.iter().any(|k| k == "null"));
    let (words, shape) = match kind(schema) {
        "array" => {
            let (words, shape) = schema.get("items").map(kind_words).unwrap_or_default();
            (format!("list of {words}"), shape)
        }
        "string" => (text(schema.get("format")).replace("date-time", "time").replace("date", "day"), None),
        "object" => match schema.get("additionalProperties").filter(|v| v.is_object()) {
            Some(values) => (format!("map of {}", kind_words(values).0), None),
            None => ("object".to_owned(), None),
        },
        "" => ("any".to_owned(), None),
        other => (other.to_owned(), None),
    };
    let words = if words.is_empty() { "text".to_owned() } else { words };
    (if nullable { format!("{words} or null") } else { words }, shape)
}

/// The call as one types it.
fn curl(server: &str, (method, path): (&str, &str), operation: &Value, body: Option<&Body>) -> String {
    let parameters = || operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let named = |name: &str| parameters().find(|parameter| text(parameter.get("name")) == name);
    let is_public = operation.pointer("/security/0/publishable").is_some();
    let key = if is_public { "PUBLISHABLE_KEY" } else { "KEY" };
    let mut lines = vec![match method {
        "get" => "curl".to_owned(),
        method => format!("curl -X {}", method.to_uppercase()),
    }];
    let in_path = parameters().filter(|parameter| text(parameter.get("in")) == "path");
    let filled = in_path.fold(path.to_owned(), |path, parameter| {
        path.replace(&format!("{{{}}}", text(parameter.get("name"))), &of_path(parameter))
    });
    let query = if named("q").is_some() { "?q=anna" } else { "" };
    lines.push(format!("'{server}{filled}{query}'"));
    lines.push(format!("-H \"Authorization: Bearer ${key}\""));
    if named("Origin").is_some() {
        lines.push("-H 'Origin: https://shop.example.com'".to_owned());
    }
    if named("Idempotency-Key").is_some_and(|key| key.get("required") == Some(&Value::Bool(true))) {
        lines.push("-H 'Idempotency-Key: cart-4711'".to_owned());
    }
    if let Some(body) = body {
        lines.push(format!("-H 'Content-Type: {}'", body.content_type));
        let plain: Value = serde_json::from_str(&body.example).unwrap_or_default();
        lines.push(format!("-d '{}'", plain.to_string().replace('\'', "'\\''")));
    }
    lines.join(" \\\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_are_said_in_words() {
        let words = |schema: Value| kind_words(&schema).0;
        assert_eq!(words(json!({"type": ["string", "null"], "format": "date-time"})), "time or null");
        assert_eq!(
            words(json!({"type": "array", "items": {"$ref": "#/components/schemas/Line"}})),
            "list of Line"
        );
        assert_eq!(
            words(json!({"type": "object", "additionalProperties": {"type": "string"}})),
            "map of text"
        );
        assert_eq!(words(json!({"oneOf": [{"type": "null"}, {"$ref": "#/x/Address"}]})), "Address or null");
        assert_eq!(words(json!({})), "any");
        let discount =
            json!({"oneOf": [{"type": "null"}, {"$ref": "#/x/Money", "description": "Of the line."}]});
        assert_eq!(about(&discount), "Of the line.");
    }

    #[test]
    fn the_whole_document_can_be_read() {
        let api = serde_json::from_str(&crate::shop::desk::docs::document(None).unwrap()).unwrap();
        let reading = read(&api, "https://shop.example");
        let place = reading
            .groups
            .iter()
            .flat_map(|g| &g.operations)
            .find(|o| o.method == "POST" && o.path == "/api/v1/orders")
            .unwrap();
        assert!(
            place.curl.contains("Idempotency-Key")
                && place.curl.contains("https://shop.example/api/v1/orders"),
            "{}",
            place.curl
        );
        assert_eq!(place.scopes, ["orders:create"]);
        // Every part of an address is of its own kind: no id of another one, and nothing that is left open.
        for operation in reading.groups.iter().flat_map(|group| &group.operations) {
            let address = operation.curl.split('\'').nth(1).unwrap_or_default();
            assert!(!address.contains(['{', '`', '…']) && !address.contains("//api"), "{address}");
            let is_of_credit_notes = operation.path.contains("/credit-notes/");
            assert_eq!(address.contains("crn_"), is_of_credit_notes, "{address}");
            let is_public = operation.path.starts_with("/store/");
            assert_eq!(operation.curl.contains("$PUBLISHABLE_KEY"), is_public, "{}", operation.curl);
        }
        assert!(place.body.as_ref().unwrap().example.contains("\"sku\""));
        assert!(
            reading
                .shapes
                .iter()
                .any(|s| s.name == "Order" && s.fields.iter().any(|f| f.name == "next_steps"))
        );
    }
}
