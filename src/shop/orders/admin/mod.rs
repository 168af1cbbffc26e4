//! The pages of orders: the list and what can be done with many, an order and its steps, edit, credit notes.

mod act;
mod around;
mod asides;
#[cfg(test)]
mod asked;
mod bulk;
mod carriers;
#[cfg(test)]
mod clicked;
mod columns;
mod credit;
mod draft;
mod edit;
mod facets;
mod list;
mod mass;
mod neighbours;
mod row;
#[cfg(test)]
mod samples;
mod sheet;
mod show;
mod steps;
mod terms;
mod timeline;
mod told;
mod words;

pub use asides::{Aside, Asides};
pub(in crate::shop::orders) use bulk::Action;
pub use carriers::link as parcel_link;
pub use told::told;
pub use words::{badges, goods_of, state_of};

use actix_web::web;

/// The routes of the pages.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/admin/orders").route(web::get().to(list::list)))
        .service(web::resource("/admin/orders/bulk").route(web::post().to(bulk::run)))
        .service(web::resource("/admin/orders/bulk/{key}").route(web::get().to(bulk::result)))
        .service(web::resource("/admin/orders/bulk/all/{id}").route(web::get().to(mass::show)))
        .service(web::resource("/admin/orders/bulk/all/{id}/start").route(web::post().to(mass::start)))
        .service(web::resource("/admin/orders/bulk/all/{id}/stop").route(web::post().to(mass::stop)))
        .service(web::resource("/admin/orders/bulk/all/{id}/resume").route(web::post().to(mass::resume)))
        .service(web::resource("/admin/orders/bulk/all/{id}/discard").route(web::post().to(mass::discard)))
        .service(web::resource("/admin/orders/bulk/all/{id}/undo").route(web::post().to(mass::undo)))
        .service(web::resource("/admin/orders/bulk/all/{id}/again").route(web::post().to(mass::again)))
        .service(web::resource("/admin/orders/{id}").route(web::get().to(show::show)))
        .service(
            web::resource("/admin/orders/{id}/edit")
                .route(web::get().to(edit::form))
                .route(web::post().to(edit::save)),
        )
        .service(web::resource("/admin/orders/{id}/notes").route(web::post().to(act::note)))
        .service(web::resource("/admin/orders/{id}/notes/{number}").route(web::post().to(act::renote)))
        .service(
            web::resource("/admin/orders/{id}/{step:ship|unship|deliver|undeliver}")
                .route(web::post().to(act::move_goods)),
        )
        .service(web::resource("/admin/orders/{id}/{step}").route(web::post().to(act::step)))
        .service(web::resource("/admin/credit-notes/{id}").route(web::get().to(credit::show)));
}

/// The words of the list's columns.
pub fn column_words() -> impl Iterator<Item = &'static str> {
    columns::COLUMNS.iter().map(|column| column.word)
}

#[cfg(test)]
mod tests {
    use crate::web::pages::testing::renders;

    #[test]
    fn every_page_renders_whole_and_in_part_and_escapes() {
        let list = renders::<super::list::ListPage>();
        assert!(list.contains("Anna Berg") && list.contains("Showing “berg” for “bergh”."));
        let order = renders::<super::show::OrderPage>();
        assert!(order.contains("Order #10482") && order.contains("7 orders, 6 kept"));
        let edit = renders::<super::edit::EditPage>();
        assert!(edit.contains("name=\"was_billing.city\""));
        let clash = renders::<super::edit::ClashPage>();
        assert!(clash.contains("type=\"radio\" name=\"phone\""));
        let bulk = renders::<crate::web::bulk::ResultPage>();
        assert!(bulk.contains("Undo 1\u{a0}order"));
        let mass = renders::<super::mass::MassPage>();
        assert!(mass.contains("2\u{a0}orders cannot"), "{mass}");
        let note = renders::<super::credit::CreditNotePage>();
        assert!(note.contains("Credit note C536379"));
    }
}
