//! The document made from the code that answers: read from it when the tests run, not when the program does, which carries
//! the finished text. Half a megabyte of the program made nothing else.

use super::{answers, bounds, filters, patches};
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
use utoipa::openapi::{ComponentsBuilder, ContactBuilder, Info, OpenApi, PathItem, RefOr, Schema, Server};

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

/// The whole API, at paths of whatever server it is read from.
fn made() -> OpenApi {
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
    api.servers = Some(vec![Server::new(super::ANY_SERVER)]);
    if let Some(components) = &mut api.components {
        answers::complete_problem(components);
        bounds::complete(components);
        components.schemas.values_mut().for_each(required_has_no_default);
        for (path, item) in &mut api.paths.paths {
            operations(item).for_each(|operation| {
                answers::complete(path, operation, components);
                bounds::complete_limit(path, operation);
            });
        }
        for (path, kind) in LISTS {
            let list = api.paths.paths.get_mut(path).and_then(|item| item.get.as_mut());
            if let Some(list) = list {
                filters::add(list, kind);
            }
        }
    }
    patches::complete(&mut api);
    api
}

fn info() -> Info {
    let mut info = Info::new("Backroom API", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    info.contact = Some(ContactBuilder::new().name(Some("The shop's staff")).build());
    info
}

/// A type may have a default for what its rules then miss: who reads the document has none.
fn required_has_no_default(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    for name in &object.required {
        match object.properties.get_mut(name) {
            Some(RefOr::T(Schema::Object(field))) => field.default = None,
            Some(RefOr::T(Schema::Array(list))) => list.default = None,
            _ => {}
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// What `openapi.json` has to be.
fn text() -> String {
    format!("{}\n", serde_json::to_string_pretty(&made()).unwrap())
}

#[test]
fn the_document_says_what_the_code_does() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/shop/desk/docs/openapi.json");
    if std::env::var_os("BACKROOM_WRITE_OPENAPI").is_some() {
        std::fs::write(file, text()).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(file).unwrap();
    let differs = kept.lines().zip(text().lines()).enumerate().find_map(|(n, (kept, made))| {
        (kept != made).then(|| format!("line {}: {kept} has become {made}", n + 1))
    });
    assert!(
        kept == text(),
        "the API has changed: write its document anew with `BACKROOM_WRITE_OPENAPI=1 cargo test --lib the_document_says` \
         and look at the difference: {differs:?}"
    );
}

/// The fields that can be asked for of a list are those of its records, whatever these get.
#[test]
fn every_field_of_a_record_can_be_asked_for() {
    fn names<T: crate::web::paging::Fields + utoipa::PartialSchema>() -> (Vec<String>, Vec<String>) {
        let RefOr::T(Schema::Object(record)) = T::schema() else { panic!("a record is an object") };
        let mut own: Vec<String> = T::NAMES.iter().map(|name| (*name).to_owned()).collect();
        let mut documented: Vec<String> = record.properties.keys().cloned().collect();
        own.sort();
        documented.sort();
        (own, documented)
    }
    for (own, documented) in
        [names::<orders::OrderOut>(), names::<orders::CreditNoteOut>(), names::<customers::CustomerOut>()]
    {
        assert_eq!(own, documented);
    }
}
