//! The pages of orders: the list and what can be done with many, an order and its steps, edit, credit notes.

mod act;
mod again;
mod bulk;
mod carriers;
mod columns;
mod credit;
mod draft;
mod edit;
mod facets;
mod list;
mod neighbours;
mod row;
#[cfg(test)]
mod samples;
mod sheet;
mod show;
mod steps;
mod terms;
mod timeline;
mod words;

use crate::access::{Permission as _, may};
use crate::web::{Group, Nav};
use actix_web::web;

/// The door in the side navigation. The number beside it is the view `to_ship`.
pub const DOOR: Nav = Nav {
    label: "Orders",
    href: "/admin/orders",
    icon: "shopping-cart",
    key: Some("o"),
    permission: Some(may::ViewOrders::WORD),
    group: Group::Sell,
    phone: true,
};

/// The routes below `/admin`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/orders").route(web::get().to(list::list)))
        .service(web::resource("/orders/bulk").route(web::post().to(bulk::run)))
        .service(web::resource("/orders/bulk/{id}").route(web::get().to(bulk::result)))
        .service(web::resource("/orders/{id}").route(web::get().to(show::show)))
        .service(
            web::resource("/orders/{id}/edit").route(web::get().to(edit::form)).route(web::post().to(edit::save)),
        )
        .service(web::resource("/orders/{id}/notes").route(web::post().to(act::note)))
        .service(web::resource("/orders/{id}/notes/{number}").route(web::post().to(act::renote)))
        .service(
            web::resource("/orders/{id}/{step:ship|unship|deliver|undeliver}")
                .route(web::post().to(act::move_goods)),
        )
        .service(web::resource("/orders/{id}/{step}").route(web::post().to(act::step)))
        .service(web::resource("/credit-notes/{id}").route(web::get().to(credit::show)));
}
