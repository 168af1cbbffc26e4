//! What every operation answers beside its own body: headers, faults, and the words a step is named by.

use crate::shop::orders::Step;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::{Components, Object, Ref, RefOr, Required, Response, Schema, Type};

/// Of every answer (draft-ietf-httpapi-ratelimit-headers).
const OF_ALL: &[(&str, &str)] = &[
    (
        "RateLimit-Policy",
        "The budget: requests `q` in a window of `w` seconds, such as `\"key\";q=600;w=60`.",
    ),
    ("RateLimit", "What is left: `r` requests, and `t` seconds until all are back."),
    ("X-Request-Id", "Names this request in the log; tell it when you report a problem."),
];
const ETAG: (&str, &str) = (
    "ETag",
    "The version and a digest of all that is told, such as `\"3-1a2b3c4d\"`: send it as `If-Match` with the next change, or as `If-None-Match` when you read again.",
);
/// The two headers that take ETags back: one text for all operations.
const IF_MATCH: &str = "The ETag you saw, or several with commas. Of each the version alone counts (`\"3\"` will do): what is worked out of other records changes without it. Without a match the answer is 412 and nothing has changed.";
const IF_NONE_MATCH: &str =
    "The ETags you have, with commas. The answer is 304 where one of them is what would be told.";
const LOCATION: (&str, &str) = ("Location", "The path of what was made.");
const LINK: (&str, &str) =
    ("Link", "The pages beside this one, `rel=\"next\"` and `rel=\"prev\"` (RFC 8288).");
const REPLAYED: (&str, &str) = (
    "Idempotent-Replayed",
    "`true` when this is the first answer once more; also sent as `Idempotency-Replayed`.",
);
const RETRY_AFTER: (&str, &str) = ("Retry-After", "Seconds to wait before the next try; with 429 and 503.");
/// Whose key an idempotency key is.
const PER_API_KEY: &str =
    "It counts for the API key it came with: with another API key it is another request.";
/// What `fields` makes of the records of a list.
const CUT: &str = "With `fields` each record has only those, whatever its schema requires.";
/// The refusal that all operations share.
pub(super) const PROBLEM: &str = "ProblemOut";

/// Completes one operation; `path` is where it is.
pub(super) fn complete(path: &str, operation: &mut Operation, components: &Components) {
    let takes_key = parameter(operation, "Idempotency-Key").map(|key| {
        key.schema = Some(key_schema());
        let own = key.description.take().unwrap_or_default();
        key.description = Some(format!("{}. {PER_API_KEY}", own.trim_end_matches('.')));
    });
    let takes_key = takes_key.is_some();
    let can_be_cut = parameter(operation, "fields").is_some();
    for (name, text) in [("If-Match", IF_MATCH), ("If-None-Match", IF_NONE_MATCH)] {
        if let Some(tags) = parameter(operation, name) {
            tags.description = Some(text.to_owned());
        }
    }
    if let Some(step) = parameter(operation, "step") {
        step.schema = Some(step_schema());
        // A step may be taken without a word about it.
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.required = Some(Required::False);
        }
    }
    let is_conditional = operation.responses.responses.contains_key("304");
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        if status.starts_with('2') {
            if is_conditional || has_field(answer, "version", components) {
                add(answer, ETAG);
            }
            if has_field(answer, "next_cursor", components) {
                add(answer, LINK);
            }
            if can_be_cut {
                answer.description = format!("{}. {CUT}", answer.description);
            }
            // Who writes to the shop reads nothing back.
            let is_made = status == "201" && !path.contains('{') && !path.starts_with("/store/");
            if is_made || has_field(answer, "job_url", components) {
                add(answer, LOCATION);
            }
            if takes_key {
                add(answer, REPLAYED);
            }
        }
        if status == "304" {
            add(answer, ETAG);
        }
        OF_ALL.iter().for_each(|header| add(answer, *header));
    }
    let fault = RefOr::Ref(Ref::from_response_name(PROBLEM));
    operation.responses.responses.entry("5XX".to_owned()).or_insert(fault);
}

/// Completes the refusal that all operations share.
pub(super) fn complete_problem(components: &mut Components) {
    if let Some(RefOr::T(problem)) = components.responses.get_mut(PROBLEM) {
        OF_ALL.iter().chain([&RETRY_AFTER]).for_each(|header| add(problem, *header));
    }
}

fn parameter<'a>(operation: &'a mut Operation, name: &str) -> Option<&'a mut Parameter> {
    operation.parameters.as_mut()?.iter_mut().find_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.name == name => Some(parameter),
        _ => None,
    })
}

fn add(answer: &mut Response, (name, text): (&str, &str)) {
    let header: Header =
        HeaderBuilder::new().schema(Some(Object::with_type(Type::String))).description(Some(text)).build();
    answer.headers.insert(name.to_owned(), RefOr::T(header));
}

/// Whether the body of an answer has a field.
fn has_field(answer: &Response, field: &str, components: &Components) -> bool {
    answer.content.values().any(|content| {
        let RefOr::T(content) = content else { return false };
        let name = match &content.schema {
            Some(RefOr::Ref(to)) => to.ref_location.rsplit('/').next().unwrap_or_default().to_owned(),
            Some(RefOr::T(schema)) => return names(schema, field),
            None => return false,
        };
        match components.schemas.get(&name) {
            Some(RefOr::T(schema)) => names(schema, field),
            _ => false,
        }
    })
}

fn names(schema: &Schema, field: &str) -> bool {
    matches!(schema, Schema::Object(object) if object.properties.contains_key(field))
}

fn key_schema() -> RefOr<Schema> {
    let key = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
    RefOr::T(Schema::Object(key.build()))
}

fn step_schema() -> RefOr<Schema> {
    let words = Step::ALL.iter().map(|step| step.word());
    RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()))
}
