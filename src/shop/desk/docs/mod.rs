//! The documentation of the JSON API: one OpenAPI document, which a test makes from the code that answers, and the same to
//! read.

mod amounts;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod bounds;
mod codes;
mod example;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod made;
mod pages;
#[cfg(test)]
mod patches;
mod reading;

pub use codes::{CODES, Code};
pub use pages::routes;

use crate::base::error::Result;
use crate::base::packed;

/// `openapi.json`, packed when the program was built.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.deflate"));
/// The address in the document as it is kept: paths are relative to where it was read.
const ANY_SERVER: &str = "/";

/// The whole API as OpenAPI 3.1, a line a value. `server` is the address it is reached at; without it paths are relative.
///
/// # Errors
/// `Internal` when the document inside the program cannot be read.
pub fn document(server: Option<&str>) -> Result<String> {
    let text = packed::text(PACKED)?;
    let url = |server: &str| format!("\"url\": {}", serde_json::Value::from(server));
    Ok(match server {
        Some(server) => text.replacen(&url(ANY_SERVER), &url(server), 1),
        None => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::orders;
    use serde_json::Value;

    fn json() -> Value {
        serde_json::from_str(&document(Some("https://shop.example")).unwrap()).unwrap()
    }

    #[test]
    fn the_document_is_openapi_3_1_with_the_key_and_the_address() {
        let api = json();
        assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
        assert_eq!(api["servers"][0]["url"], "https://shop.example");
        assert_eq!(api["components"]["securitySchemes"]["key"]["scheme"], "bearer");
        for path in
            ["/api/v1/orders", "/api/v1/orders/{id}", "/api/v1/customers", "/api/v1/events", "/api/v1/search"]
        {
            assert!(api["paths"].get(path).is_some(), "{path}");
        }
        assert!(api["components"]["schemas"].get("Problem").is_some());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(node: &Value, found: &mut Vec<String>) {
            match node {
                Value::Object(fields) => fields.iter().for_each(|(key, value)| match (key.as_str(), value) {
                    ("$ref", Value::String(to)) => found.push(to.clone()),
                    _ => walk(value, found),
                }),
                Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
                _ => {}
            }
        }
        let api = json();
        let mut references = Vec::new();
        walk(&api, &mut references);
        assert!(references.len() > 20);
        for to in references {
            assert!(api.pointer(to.trim_start_matches('#')).is_some(), "{to}");
        }
    }

    #[test]
    fn every_operation_says_what_it_does_needs_and_answers() {
        let api = json();
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let what = format!("{method} {path}");
                assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{what}");
                assert!(operation["security"].as_array().is_some_and(|s| !s.is_empty()), "{what}");
                for faults in ["4XX", "5XX"] {
                    assert!(operation["responses"].get(faults).is_some(), "{what}: {faults}");
                }
                assert!(
                    names.insert(operation["operationId"].as_str().unwrap().to_owned()),
                    "{what} has a name of its own"
                );
                for place in path.split('/').filter_map(|p| p.strip_prefix('{')) {
                    let name = place.trim_end_matches('}');
                    let params = operation["parameters"].as_array().unwrap();
                    assert!(params.iter().any(|p| p["name"] == name && p["in"] == "path"), "{what}: {name}");
                }
            }
        }
        assert!(names.len() >= 17);
    }

    #[test]
    fn answers_say_their_headers() {
        let api = json();
        let headers = |pointer: &str| api.pointer(pointer).and_then(|a| a["headers"].as_object()).cloned();
        let placed = headers("/paths/~1api~1v1~1orders/post/responses/201").unwrap();
        for name in ["ETag", "Location", "Idempotent-Replayed", "RateLimit", "X-Request-Id"] {
            assert!(placed.contains_key(name), "{name}");
        }
        let listed = headers("/paths/~1api~1v1~1orders/get/responses/200").unwrap();
        assert!(listed.contains_key("Link") && !listed.contains_key("ETag"));
        assert!(headers("/components/responses/ProblemOut").unwrap().contains_key("Retry-After"));
        let step = &api["paths"]["/api/v1/orders/{id}/{step}"]["post"];
        let word = step["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "step").unwrap();
        assert_eq!(word["schema"]["enum"].as_array().unwrap().len(), orders::Step::ALL.len());
        assert_eq!(api["components"]["schemas"]["Fulfilment"]["enum"][0], "unfulfilled");
    }

    #[test]
    fn scopes_are_permissions_that_exist() {
        let api = json();
        for item in api["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                for need in operation["security"].as_array().unwrap() {
                    for scope in need["key"].as_array().into_iter().flatten() {
                        let scope = scope.as_str().unwrap();
                        assert!(crate::access::PERMISSIONS.iter().any(|p| p.word == scope), "{scope}");
                    }
                }
            }
        }
    }
}
