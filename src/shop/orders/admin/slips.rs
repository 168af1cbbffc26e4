//! Packing slips of the ticked orders, one a sheet of paper: what goes into each parcel, and where it goes. No price.

use super::facets::PATH;
use super::list::ListParts;
use super::sheet::{self, LineRow};
use super::{bulk::Action, mass, words};
use crate::access::{Shop, Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id as _;
use crate::base::time::Timestamp;
use crate::search::Search;
use crate::shop::orders::{Order, OrderId, find_all, seen_by, sees_prices};
use crate::store::Store;
use crate::web::bulk::{self, Refused};
use crate::web::flash::local_path;
use crate::web::parts::{Badge, Link};
use crate::web::{Fields, Page, Pages, Query, Shell, Web, see_other};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Slips at once; a page of the list has as many rows, and an address may be so long.
const SLIPS_MAX: usize = 200;

/// The parameters of the page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SlipsQuery {
    /// Ids of orders, with commas.
    pub ids: String,
    /// The list they were ticked in.
    pub from: Option<String>,
}

/// The page as its template shows it.
#[derive(Debug, Serialize)]
pub(super) struct SlipsPage {
    pub back: Link,
    pub slips: Vec<Slip>,
    /// Numbers of those that are not to be sent now.
    pub waiting: Vec<u64>,
    /// Orders that were asked for and are not there.
    pub gone: usize,
}

impl Page for SlipsPage {
    const TEMPLATE: &'static str = "orders/slips.html";
    #[cfg(test)]
    fn sample() -> Self {
        super::samples::slips_page()
    }
}

/// What lies in one parcel.
#[derive(Debug, Serialize)]
pub(super) struct Slip {
    pub id: OrderId,
    pub number: u64,
    pub placed_at: Timestamp,
    /// Why it is not to be packed now.
    pub stops: Option<Badge>,
    pub shipping: Vec<String>,
    pub method: String,
    pub items: i64,
    pub lines: Vec<LineRow>,
    /// What the customer wrote.
    pub note: String,
}

impl Slip {
    pub(super) fn of(order: &Order) -> Self {
        let stopped = order.hold.is_some() || order.cancelled.is_some();
        let lines = order.lines.iter().map(|line| {
            let mut row = sheet::line_row(line, order.currency);
            row.hide_prices();
            row
        });
        Self {
            id: order.id,
            number: order.number,
            placed_at: order.placed_at,
            stops: stopped.then(|| words::status_of(order)),
            shipping: sheet::address(order.shipping_address.as_ref()),
            method: order.shipping_method.clone(),
            items: order.items(),
            lines: lines.collect(),
            note: order.note.clone(),
        }
    }
}

/// `POST /admin/orders/slips`: those that are ticked in the list.
pub(super) async fn ticked(
    staff: Staff<may::ViewOrders>,
    shell: Shell,
    (pages, front, shop): (web::Data<Pages>, web::Data<Web>, web::Data<Shop>),
    (store, search): (web::Data<Store>, web::Data<Search>),
    fields: Fields,
) -> Result<HttpResponse> {
    // Boxes are ticked by who has something to do with orders.
    mass::require_changes(&staff)?;
    match chosen(&fields) {
        Ok(ids) => {
            let from = bulk::list_of::<Action>(&fields);
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let query = crate::web::query::encode(&[("ids", ids.join(",")), ("from", from)]);
            see_other(&format!("{PATH}/slips?{query}"), None)
        }
        // The list again, with what was ticked and typed.
        Err(error) if error.kind == Kind::Invalid => {
            let search = web::Data::new(seen_by(&search, sees_prices(|word| staff.may(word))));
            let parts = ListParts { pages, front, store, search, shop };
            let shell = bulk::at_list::<Action>(&shell, &fields);
            parts.again(&shell, staff.rights(), Refused::of(&error, &fields))
        }
        Err(fault) => Err(fault),
    }
}

fn chosen(fields: &Fields) -> Result<Vec<OrderId>> {
    if fields.get("all").is_some() {
        let text = format!(
            "Packing slips are made of the rows that are ticked, up to {SLIPS_MAX} at once: tick those of this page."
        );
        return Err(Error::invalid("too_many", text).on("/all"));
    }
    few(fields.all("id").map(bulk::ticked).collect::<Result<_>>()?)
}

fn few(ids: Vec<OrderId>) -> Result<Vec<OrderId>> {
    match ids.len() {
        0 => Err(Error::invalid("nothing_chosen", "Tick at least one order.").on("/id")),
        1..=SLIPS_MAX => Ok(ids),
        _ => Err(Error::invalid("too_many", format!("Tick at most {SLIPS_MAX} orders.")).on("/id")),
    }
}

/// `GET /admin/orders/slips`
pub(super) async fn show(
    _staff: Staff<may::ViewOrders>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    query: Query<SlipsQuery>,
) -> Result<HttpResponse> {
    let mut seen = HashSet::new();
    let mut ids = few(query.0.ids.split(',').map(OrderId::parse).collect::<Result<_>>()?)?;
    ids.retain(|id| seen.insert(*id));
    let orders = store.read(|s| find_all(s, &ids))?;
    let slips: Vec<Slip> = orders.iter().flatten().map(Slip::of).collect();
    let from = query.0.from.as_deref().map(local_path).filter(|path| path.starts_with(PATH));
    let page = SlipsPage {
        back: Link::new("Orders", from.unwrap_or_else(|| PATH.to_owned())),
        waiting: slips.iter().filter(|slip| slip.stops.is_some()).map(|slip| slip.number).collect(),
        gone: ids.len() - slips.len(),
        slips,
    };
    pages.show(&shell, &page)
}

#[cfg(test)]
mod tests {
    use super::super::clicked::{Desk, wish};
    use crate::shop::customers::Address;
    use crate::shop::orders::NewOrder;

    #[actix_web::test]
    async fn the_ticked_orders_are_slips_in_their_order_and_name_no_price() {
        let desk = Desk::open().await;
        let address = Address { name: "Anna Berg".into(), city: "Ulm".into(), ..Address::default() };
        let mug = desk.place(NewOrder {
            shipping_address: Some(address),
            note: "Ring twice".into(),
            ..wish("a@example.com", "Mug")
        });
        let bowl = desk.place(wish("b@example.com", "Bowl"));
        let boxes = [&bowl, &mug].map(|order| format!("{}.{}", order.id, order.version));
        let form = [("id", boxes[0].as_str()), ("id", &boxes[1]), ("from", "/admin/orders?q=status:open")];
        let at = desk.post("/admin/orders/slips", &form).await.expect(303).location;
        let page = desk.get(&at).await.expect(200);
        for said in ["Mug", "Bowl", "Anna Berg", "Ulm", "Ring twice", "/admin/orders?q=status:open"] {
            page.shows(said);
        }
        let place = |number: u64| page.body.find(&format!("Order #{number}")).unwrap();
        assert!(place(bowl.number) < place(mug.number), "as they were ticked");
        for hidden in ["€", "EUR", "a@example.com"] {
            page.hides(hidden);
        }
    }

    #[actix_web::test]
    async fn what_is_not_to_be_packed_says_so() {
        let desk = Desk::open().await;
        let order = desk.place(wish("a@example.com", "Mug"));
        desk.post(&format!("/admin/orders/{}/hold", order.id), &[("note", "wait"), ("version", "1")])
            .await
            .expect(303);
        let page = desk.get(&format!("/admin/orders/slips?ids={0},{0}", order.id)).await.expect(200);
        page.shows(&format!("Not to be sent now: #{}", order.number));
        assert_eq!(page.body.matches("class=\"card packslip\"").count(), 1, "one slip an order");
    }

    #[actix_web::test]
    async fn nothing_ticked_or_everything_that_matches_is_refused_at_the_list() {
        let desk = Desk::open().await;
        desk.place(wish("a@example.com", "Mug"));
        desk.post("/admin/orders/slips", &[]).await.expect(422).shows("Tick at least one order.");
        desk.post("/admin/orders/slips", &[("all", "status:open")])
            .await
            .expect(422)
            .shows("up to 200 at once");
        desk.get("/admin/orders/slips?ids=nonsense").await.expect(404);
        desk.get("/admin/orders/slips").await.expect(404);
    }
}
