//! The documentation of the JSON API, made from the code that answers it: one OpenAPI document, and the same to read.

mod answers;
mod codes;
mod example;
mod filters;
mod pages;
mod reading;

pub use codes::{CODES, Code};
pub use pages::routes;

use crate::shop::customers;
use crate::shop::desk::{feed, find, inbox, jobs, subscriptions};
use crate::shop::mail;
use crate::shop::messages;
use crate::shop::orders;
use crate::shop::outreach;
use crate::shop::sites;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, ContactBuilder, Info, OpenApi, PathItem, Server};

const ABOUT: &str = "The back office of the shop for programs.\n\n\
Send your key with every request: `Authorization: Bearer sk_live_…`. Errors are problem documents (RFC 9457) with a \
stable `code`. Unknown fields and parameters are refused, never ignored. Lists are walked by cursor. Amounts are \
integers in minor units with a currency code, times are RFC 3339 in UTC. New fields and new values may be added: \
ignore those you do not know.";

/// Lists whose fields are parameters too, with the kind of their records.
const LISTS: [(&str, &str); 3] =
    [("/api/v1/orders", "order"), ("/api/v1/customers", "customer"), ("/api/v1/credit-notes", "credit_note")];

/// What every refusal looks like.
#[derive(utoipa::OpenApi)]
#[openapi(components(
    responses(crate::web::error::ProblemOut),
    schemas(crate::web::error::ProblemOut, crate::web::error::ProblemField)
))]
struct Problems;

/// The whole API. `server` is the address it is reached at; without it paths are relative.
pub fn document(server: Option<&str>) -> OpenApi {
    let mut api = OpenApi::new(info(), utoipa::openapi::Paths::new());
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("sk_live_…")
        .description(Some("An API key with the scopes that the operation names. Made under System, API keys, or by `backroom key create`."))
        .build();
    let publishable = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("pk_live_…")
        .description(Some("A publishable key, for pages of the origins it names: made under System, API keys, or by `backroom key create --origin`."))
        .build();
    let schemes = ComponentsBuilder::new()
        .security_scheme("key", SecurityScheme::Http(scheme))
        .security_scheme("publishable", SecurityScheme::Http(publishable));
    api.components = Some(schemes.build());
    for part in [
        Problems::openapi(),
        orders::ApiDocs::openapi(),
        orders::bulk::ApiDocs::openapi(),
        customers::ApiDocs::openapi(),
        find::ApiDocs::openapi(),
        feed::ApiDocs::openapi(),
        jobs::ApiDocs::openapi(),
        subscriptions::ApiDocs::openapi(),
        outreach::ApiDocs::openapi(),
        mail::ApiDocs::openapi(),
        inbox::ApiDocs::openapi(),
        messages::ApiDocs::openapi(),
        sites::ApiDocs::openapi(),
    ] {
        api.merge(part);
    }
    api.servers = Some(vec![Server::new(server.unwrap_or("/"))]);
    if let Some(components) = &mut api.components {
        answers::complete_problem(components);
        for (path, item) in &mut api.paths.paths {
            operations(item).for_each(|operation| answers::complete(path, operation, components));
        }
        for (path, kind) in LISTS {
            let list = api.paths.paths.get_mut(path).and_then(|item| item.get.as_mut());
            if let Some(list) = list {
                filters::add(list, kind);
            }
        }
    }
    api
}

fn info() -> Info {
    let mut info = Info::new("Backroom API", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    info.contact = Some(ContactBuilder::new().name(Some("The shop's staff")).build());
    info
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn json() -> Value {
        serde_json::to_value(document(Some("https://shop.example"))).unwrap()
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
