//! Orders and credit notes for programs: list, read, place, change, take a step, note.

use super::asked::{NoteBody, OrderFields, ParcelFields, PlaceOrder, StepBody, step_named};
use super::wire::{CreditNoteOut, OrderOut};
use super::{CreditNoteId, Order, OrderId, Step};
use super::{
    Named, add_note, change, correct_parcel, edit_note, find_credit_note, get, get_credit_note, place,
    require_prices, standing, take,
};
use crate::access::{Caller, Once, Permission, Shop, may};
use crate::base::error::{Error, Result};
use crate::base::id::Id;
use crate::search::Search;
use crate::shop::customers;
use crate::store::{Read, Store};
use crate::web::asked::Asked;
use crate::web::conditional::{IfMatch, record};
use crate::web::listing::{self, ListQuery};
use crate::web::paging::{List, found};
use crate::web::routing;
use crate::web::{JsonBytes, OptionalJson, Web};
use actix_web::{HttpRequest, HttpResponse, web};

/// The routes below `/api/v1`.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(
            routing::resource("/orders").route(routing::get().to(list)).route(routing::post().to(place_one)),
        )
        .service(
            routing::resource("/orders/{id}")
                .route(routing::get().to(show))
                .route(routing::patch().to(patch).if_match()),
        )
        .service(routing::resource("/orders/{id}/notes").route(routing::post().to(note).if_match()))
        .service(routing::resource("/orders/{id}/notes/{number}").route(routing::put().to(renote).if_match()))
        .service(
            routing::resource("/orders/{id}/parcels/{number}")
                .route(routing::patch().to(patch_parcel).if_match()),
        )
        .service(
            routing::resource("/orders/{id}/{step:ship|unship|deliver|undeliver}")
                .route(routing::post().to(move_goods).if_match()),
        )
        .service(routing::resource("/orders/{id}/{step}").route(routing::post().to(step).if_match()))
        .service(routing::resource("/credit-notes").route(routing::get().to(list_credit_notes)))
        .service(routing::resource("/credit-notes/{id}").route(routing::get().to(show_credit_note)));
}

/// What this feature tells the API's documentation.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(list, place_one, show, patch, step, note, renote, patch_parcel, list_credit_notes, show_credit_note),
    tags((name = "orders", description = "What was bought by whom, and how far it has come."))
)]
pub struct ApiDocs;

/// The order with its customer's name and standing, as JSON has it.
///
/// # Errors
/// Faults of the store only.
pub(super) fn out(r: &impl Read, order: &Order) -> Result<OrderOut> {
    let name = match order.customer {
        Some(id) => customers::find(r, id)?.map(|c| c.name()).unwrap_or_default(),
        None => String::new(),
    };
    Ok(OrderOut::new(order, &standing(r, order)?, name))
}

/// An order by its id or by its number, as people and programs have either at hand.
fn id_of(r: &impl Read, text: &str) -> Result<OrderId> {
    Named::read(text)?.id(r)
}

/// Lists orders
///
/// Newest first, or sorted; `q` is the query language of the search box, and each of its fields is a parameter too:
/// `status=open&payment=paid&created_at[gte]=2026-11-01&total[lt]=50&category=socks,mugs`.
#[utoipa::path(get, operation_id = "list_orders", path = "/api/v1/orders", tag = "orders", params(ListQuery),
    responses((status = 200, description = "Orders", body = List<OrderOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:view"])))]
pub(super) async fn list(
    caller: Caller<may::ViewOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    search: web::Data<Search>,
    shop: web::Data<Shop>,
    asked: Asked,
) -> Result<HttpResponse> {
    require_prices(&caller)?;
    let answer = listing::strict(&search, &asked, "order", caller.now(), &shop.zone())?;
    store.read(|s| {
        found(&request, &asked.list, answer, |hit| {
            super::find(s, OrderId::from_bytes(hit.id))?.map(|order| out(s, &order)).transpose()
        })
    })
}

/// Places an order
///
/// Durable when answered. The same `Idempotency-Key` with the same body gets the first answer again, whatever
/// happened in between; with another body it is refused. A key is remembered for 72 hours at least. Without the scope
/// `orders:view` the answer says nothing about the customer.
#[utoipa::path(post, operation_id = "place_order", path = "/api/v1/orders", tag = "orders", request_body(content = PlaceOrder, example = json!({
        "email": "anna@example.com", "currency": "EUR",
        "lines": [{"sku": "RJ-M-NVY", "title": "Rain jacket", "quantity": 1, "unit_price": {"amount": 5900, "currency": "EUR"}}],
        "shipping_address": {"name": "Anna Berg", "line1": "Torstraße 1", "postcode": "10119", "city": "Berlin", "country": "DE"}})),
    params(("Idempotency-Key" = String, Header, description = "1 to 255 characters, new for every order")),
    responses((status = 201, description = "Placed", body = OrderOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:create"])))]
pub(super) async fn place_one(
    caller: Caller<may::CreateOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    body: JsonBytes<PlaceOrder>,
) -> Result<HttpResponse> {
    let once = Once::required(&caller, &request, &body.bytes)?;
    let new = body.value.into_new("api");
    let sees_orders = caller.may("orders:view");
    let answer = store
        .write(caller.actor(), move |tx| {
            once.run(tx, 201, |tx| {
                let order = place(tx, &new)?;
                let placed = out(tx, &order)?;
                // Who only places orders does not learn whose address it is and what else was bought with it.
                Ok(OrderOut { customer: placed.customer.filter(|_| sees_orders), ..placed })
            })
        })
        .await?;
    let place = answer.field("id").map(|id| format!("/api/v1/orders/{id}"));
    Ok(answer.response(place))
}

/// Reads an order
///
/// By its id or its number.
#[utoipa::path(get, operation_id = "read_order", path = "/api/v1/orders/{id}", tag = "orders", params(("id" = String, Path, description = "`ord_…` or the number"), ("If-None-Match" = Option<String>, Header, description = "ETags you have")),
    responses((status = 200, description = "The order", body = OrderOut), (status = 304, description = "You have it as it is"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:view"])))]
pub(super) async fn show(
    caller: Caller<may::ViewOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    front: web::Data<Web>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    require_prices(&caller)?;
    let seq = store.last_seq();
    front.told().answer(&request, ("order", id.into_inner(), seq), |id| {
        let order = store.read(|s| out(s, &get(s, id_of(s, id)?)?))?;
        Ok((order.version, order))
    })
}

/// Changes fields of an order
///
/// A JSON merge patch (RFC 7396). With `If-Match` the change is made only from the version you saw.
#[utoipa::path(patch, operation_id = "change_order", path = "/api/v1/orders/{id}", tag = "orders", request_body(content = OrderFields, content_type = "application/merge-patch+json"),
    params(("id" = String, Path, description = "`ord_…` or the number"), ("If-Match" = Option<String>, Header, description = "The ETag you saw, or several with commas")),
    responses((status = 200, description = "The order as it is now", body = OrderOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:edit"])))]
pub(super) async fn patch(
    caller: Caller<may::EditOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
    body: JsonBytes<serde_json::Value>,
) -> Result<HttpResponse> {
    let seen = IfMatch::of(&request)?;
    let order = store
        .write(caller.actor(), move |tx| {
            let id = id_of(tx, &id)?;
            let there = get(tx, id)?;
            let fields = OrderFields::change(&there, &body.value)?;
            let order = change(tx, id, seen.against(there.version), &fields)?;
            out(tx, &order)
        })
        .await?;
    record(&request, order.version, &order)
}

/// Takes a step
///
/// The order's `next_steps` says which can be taken now; any other is refused with 409 and the reason. `cancel` takes
/// `reason` and `note`, `hold` a `note`, `pay` an `amount`, a `method` and a `reference`, `refund` an `amount` and a
/// `note`, `ship` a `carrier`, a `tracking` and `more_follows`; the rest nothing. An `amount` below what is due makes the
/// order `part_paid`, and `more_follows` makes its `fulfilment` `part`; both steps can be taken again then. `ship`, `unship`, `deliver` and `undeliver` are the steps of those who pack and need
/// `orders:ship`, all others `orders:edit`.
#[utoipa::path(post, operation_id = "take_step", path = "/api/v1/orders/{id}/{step}", tag = "orders", request_body = StepBody,
    params(("id" = String, Path, description = "`ord_…` or the number"), ("step" = String, Path, description = "The step", example = "pay"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe"), ("If-Match" = Option<String>, Header, description = "The ETag you saw, or several with commas")),
    responses((status = 200, description = "The order as it is now", body = OrderOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:edit"]), ("key" = ["orders:ship"])))]
pub(super) async fn step(
    caller: Caller<may::EditOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    path: routing::Path<(String, String)>,
    body: OptionalJson<StepBody>,
) -> Result<HttpResponse> {
    step_of(&caller, &request, &store, path.into_inner(), body).await
}

/// The steps of those who pack; documented with [`step`].
pub(super) async fn move_goods(
    caller: Caller<may::ShipOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    path: routing::Path<(String, String)>,
    body: OptionalJson<StepBody>,
) -> Result<HttpResponse> {
    step_of(&caller, &request, &store, path.into_inner(), body).await
}

async fn step_of<P: Permission>(
    caller: &Caller<P>,
    request: &HttpRequest,
    store: &Store,
    (id, word): (String, String),
    body: OptionalJson<StepBody>,
) -> Result<HttpResponse> {
    // The answer is the whole order.
    require_prices(caller)?;
    let step: Step = step_named(&word)?;
    let seen = IfMatch::of(request)?;
    let once = Once::offered(caller, request, &body.bytes)?;
    let input = body.value.unwrap_or_default().into_input(step)?;
    let answer = store
        .write(caller.actor(), move |tx| {
            once.run(tx, 200, |tx| {
                let id = id_of(tx, &id)?;
                let seen = seen.against(get(tx, id)?.version);
                let order = take(tx, id, seen, step, &input)?;
                out(tx, &order)
            })
        })
        .await?;
    Ok(answer.response(None))
}

/// Adds a staff note
#[utoipa::path(post, operation_id = "add_order_note", path = "/api/v1/orders/{id}/notes", tag = "orders", request_body = NoteBody,
    params(("id" = String, Path, description = "`ord_…` or the number"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe"),
        ("If-Match" = Option<String>, Header, description = "The ETag you saw, or several with commas")),
    responses((status = 201, description = "The order as it is now", body = OrderOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:edit"])))]
pub(super) async fn note(
    caller: Caller<may::EditOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
    body: JsonBytes<NoteBody>,
) -> Result<HttpResponse> {
    let seen = IfMatch::of(&request)?;
    let once = Once::offered(&caller, &request, &body.bytes)?;
    let answer = store
        .write(caller.actor(), move |tx| {
            once.run(tx, 201, |tx| {
                let id = id_of(tx, &id)?;
                let seen = seen.against(get(tx, id)?.version);
                let order = add_note(tx, id, seen, &body.value.text)?;
                out(tx, &order)
            })
        })
        .await?;
    Ok(answer.response(None))
}

/// Edits a staff note
#[utoipa::path(put, operation_id = "edit_order_note", path = "/api/v1/orders/{id}/notes/{number}", tag = "orders", request_body = NoteBody,
    params(("id" = String, Path, description = "`ord_…` or the number"), ("number" = u32, Path, description = "The note's number", example = 1),
        ("If-Match" = Option<String>, Header, description = "The ETag you saw, or several with commas")),
    responses((status = 200, description = "The order as it is now", body = OrderOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:edit"])))]
pub(super) async fn renote(
    caller: Caller<may::EditOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    path: routing::Path<(String, String)>,
    body: JsonBytes<NoteBody>,
) -> Result<HttpResponse> {
    let seen = IfMatch::of(&request)?;
    let (id, number) = path.into_inner();
    let number: u32 = number.parse().map_err(|_cause| Error::not_found("note", number))?;
    let order = store
        .write(caller.actor(), move |tx| {
            let id = id_of(tx, &id)?;
            let seen = seen.against(get(tx, id)?.version);
            let order = edit_note(tx, id, seen, number, &body.value.text)?;
            out(tx, &order)
        })
        .await?;
    record(&request, order.version, &order)
}

/// Corrects a parcel
///
/// A JSON merge patch (RFC 7396) of what `ship` noted. Nobody is written to by it. The number is the place of the parcel
/// in the order's `parcels`, from 1.
#[utoipa::path(patch, operation_id = "change_order_parcel", path = "/api/v1/orders/{id}/parcels/{number}", tag = "orders", request_body(content = ParcelFields, content_type = "application/merge-patch+json"),
    params(("id" = String, Path, description = "`ord_…` or the number"), ("number" = u32, Path, description = "The parcel's place", example = 1),
        ("If-Match" = Option<String>, Header, description = "The ETag you saw, or several with commas")),
    responses((status = 200, description = "The order as it is now", body = OrderOut), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:ship"])))]
pub(super) async fn patch_parcel(
    caller: Caller<may::ShipOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    path: routing::Path<(String, String)>,
    body: JsonBytes<serde_json::Value>,
) -> Result<HttpResponse> {
    // The answer is the whole order.
    require_prices(&caller)?;
    let seen = IfMatch::of(&request)?;
    let (id, number) = path.into_inner();
    let unknown = || Error::not_found("parcel", &number);
    let place: usize = number.parse().map_err(|_cause| unknown())?;
    let order = store
        .write(caller.actor(), move |tx| {
            let id = id_of(tx, &id)?;
            let there = get(tx, id)?;
            let parcel = place.checked_sub(1).and_then(|at| there.parcels.get(at));
            let parcel = parcel.ok_or_else(|| Error::not_found("parcel", place))?;
            let wanted = ParcelFields::change(parcel, &body.value)?;
            let order = correct_parcel(tx, id, seen.against(there.version), place, &wanted)?;
            out(tx, &order)
        })
        .await?;
    record(&request, order.version, &order)
}

/// Lists credit notes
#[utoipa::path(get, operation_id = "list_credit_notes", path = "/api/v1/credit-notes", tag = "orders", params(ListQuery),
    responses((status = 200, description = "Credit notes", body = List<CreditNoteOut>), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:view"])))]
pub(super) async fn list_credit_notes(
    caller: Caller<may::ViewOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    search: web::Data<Search>,
    shop: web::Data<Shop>,
    asked: Asked,
) -> Result<HttpResponse> {
    require_prices(&caller)?;
    let answer = listing::strict(&search, &asked, "credit_note", caller.now(), &shop.zone())?;
    store.read(|s| {
        found(&request, &asked.list, answer, |hit| {
            let note = find_credit_note(s, CreditNoteId::from_bytes(hit.id))?;
            Ok(note.map(|note| CreditNoteOut::new(&note)))
        })
    })
}

/// Reads a credit note
#[utoipa::path(get, operation_id = "read_credit_note", path = "/api/v1/credit-notes/{id}", tag = "orders", params(("id" = String, Path, description = "`crn_…`"), ("If-None-Match" = Option<String>, Header, description = "ETags you have")),
    responses((status = 200, description = "The credit note", body = CreditNoteOut), (status = 304, description = "You have it as it is"), (status = "4XX", response = crate::web::error::ProblemOut)),
    security(("key" = ["orders:view"])))]
pub(super) async fn show_credit_note(
    caller: Caller<may::ViewOrders>,
    request: HttpRequest,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    require_prices(&caller)?;
    let note = store.read(|s| get_credit_note(s, CreditNoteId::parse(&id)?))?;
    record(&request, note.version, &CreditNoteOut::new(&note))
}
