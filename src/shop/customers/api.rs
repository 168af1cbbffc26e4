//! Customers for programs: list, read, add, change, and who ordered or spent most.

use super::wire::{CustomerFields, CustomerOut};
use super::{CustomerId, add, change, find, get, totals, with_highest_spend, with_most_orders};
use crate::access::{Caller, Once, Shop, may};
use crate::base::error::{Error, Result};
use crate::base::id::Id;
use crate::base::money::Currency;
use crate::search::Search;
use crate::store::{Read, Store};
use crate::web::asked::Asked;
use crate::web::conditional::{IfMatch, record};
use crate::web::listing::{self, ListQuery};
use crate::web::paging::{List, found, limit_of};
use crate::web::routing;
use crate::web::{JsonBytes, Query};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(
            routing::resource("/customers").route(routing::get().to(list)).route(routing::post().to(add_one)),
        )
        .service(routing::resource("/customers/top").route(routing::get().to(top)))
        .service(
            routing::resource("/customers/{id}")
                .route(routing::get().to(show))
                .route(routing::patch().to(patch).if_match()),
        );
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(list, top, add_one, show, patch),
    tags((name = "customers", description = "People and companies, each once."))
)]
pub struct ApiDocs;

fn out(r: &impl Read, id: CustomerId) -> Result<CustomerOut> {
    Ok(CustomerOut::new(&get(r, id)?, &totals(r, id)?))
}

/// Lists customers
///
/// `q` is the query language of the search box, and each of its fields is a parameter too:
/// `country=DE,CH&orders[gte]=2&note[exists]=true`.
#[utoipa::path(get, operation_id = "list_customers", path = "/api/v1/customers", tag = "customers", params(ListQuery),
    responses((status = 200, description = "Customers", body = List<CustomerOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["customers:view"])))]
pub(super) async fn list(
    caller: Caller<may::ViewCustomers>,
    request: HttpRequest,
    store: web::Data<Store>,
    search: web::Data<Search>,
    shop: web::Data<Shop>,
    asked: Asked,
) -> Result<HttpResponse> {
    let answer = listing::strict(&search, &asked, "customer", caller.now(), &shop.zone())?;
    store.read(|s| {
        found(&request, &asked.list, answer, |hit| {
            let id = CustomerId::from_bytes(hit.id);
            let customer = find(s, id)?;
            customer.map(|customer| Ok(CustomerOut::new(&customer, &totals(s, id)?))).transpose()
        })
    })
}

/// Which customers come first.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct TopQuery {
    /// `orders` or `spent`; orders if absent.
    by: Option<String>,
    /// For `spent`: the currency, such as EUR.
    currency: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
}

/// Customers with the most orders or the highest spend
///
/// Answered from an index kept with every order, at once however many customers there are.
#[utoipa::path(get, operation_id = "top_customers", path = "/api/v1/customers/top", tag = "customers", params(TopQuery),
    responses((status = 200, description = "Customers, most first", body = List<CustomerOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["customers:view"])))]
pub(super) async fn top(
    _caller: Caller<may::ViewCustomers>,
    request: HttpRequest,
    store: web::Data<Store>,
    query: Query<TopQuery>,
) -> Result<HttpResponse> {
    let limit = limit_of(query.0.limit)?;
    let spent_in = match (query.0.by.as_deref(), query.0.currency.as_deref()) {
        (None | Some("orders"), None) => None,
        (Some("spent"), Some(code)) => Some(Currency::parse(code)?),
        (Some("spent"), None) => {
            return Err(Error::invalid("invalid_parameter", "currency: say in which currency, such as EUR.")
                .on("/currency"));
        }
        (None | Some("orders"), Some(_)) => {
            let text = "currency: it goes with by=spent alone. Leave it out.";
            return Err(Error::invalid("invalid_parameter", text).on("/currency"));
        }
        _ => {
            return Err(
                Error::invalid("invalid_parameter", "by: use orders, or spent with a currency.").on("/by")
            );
        }
    };
    let rows = store.read(|s| {
        let ids = match spent_in {
            Some(currency) => {
                with_highest_spend(s, currency, None, limit)?.into_iter().map(|rank| rank.id).collect()
            }
            None => with_most_orders(s, limit)?,
        };
        ids.into_iter().map(|id| out(s, id)).collect::<Result<Vec<_>>>()
    })?;
    List::whole(rows).response(&request)
}

/// Adds a customer
#[utoipa::path(post, operation_id = "add_customer", path = "/api/v1/customers", tag = "customers", request_body = CustomerFields,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe")),
    responses((status = 201, description = "Added", body = CustomerOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["customers:edit"])))]
pub(super) async fn add_one(
    caller: Caller<may::EditCustomers>,
    request: HttpRequest,
    store: web::Data<Store>,
    body: JsonBytes<CustomerFields>,
) -> Result<HttpResponse> {
    let once = Once::offered(&caller, &request, &body.bytes)?;
    let new = body.value.into_new();
    let answer = store
        .write(caller.actor(), move |tx| {
            once.run(tx, 201, |tx| {
                let customer = add(tx, &new, "api")?;
                out(tx, customer.id)
            })
        })
        .await?;
    let place = answer.field("id").map(|id| format!("/api/v1/customers/{id}"));
    Ok(answer.response(place))
}

/// Reads a customer
#[utoipa::path(get, operation_id = "read_customer", path = "/api/v1/customers/{id}", tag = "customers", params(("id" = String, Path, description = "`cus_…`"), ("If-None-Match" = Option<String>, Header, description = "ETags you have")),
    responses((status = 200, description = "The customer", body = CustomerOut), (status = 304, description = "You have it as it is"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["customers:view"])))]
pub(super) async fn show(
    _caller: Caller<may::ViewCustomers>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    let customer = store.read(|s| out(s, CustomerId::parse(&id)?))?;
    record(&request, customer.version, &customer)
}

/// Changes fields of a customer
///
/// A JSON merge patch (RFC 7396). With `If-Match` the change is made only from the version you saw.
#[utoipa::path(patch, operation_id = "change_customer", path = "/api/v1/customers/{id}", tag = "customers", request_body(content = CustomerFields, content_type = "application/merge-patch+json"),
    params(("id" = String, Path, description = "`cus_…`"), ("If-Match" = Option<String>, Header, description = "The ETag you saw, or several with commas")),
    responses((status = 200, description = "The customer as it is now", body = CustomerOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["customers:edit"])))]
pub(super) async fn patch(
    caller: Caller<may::EditCustomers>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
    body: JsonBytes<serde_json::Value>,
) -> Result<HttpResponse> {
    let id = CustomerId::parse(&id)?;
    let seen = IfMatch::of(&request)?;
    let customer = store
        .write(caller.actor(), move |tx| {
            let there = get(tx, id)?;
            let fields = CustomerFields::change(&there, &body.value)?;
            change(tx, id, seen.against(there.version), &fields)?;
            out(tx, id)
        })
        .await?;
    record(&request, customer.version, &customer)
}
