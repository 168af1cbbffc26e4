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
mod slips;
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

use crate::web::routing;

/// The routes of the pages.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/orders").route(routing::get().to(list::list)))
        .service(routing::resource("/admin/orders/bulk").route(routing::post().to(bulk::run)))
        .service(routing::resource("/admin/orders/bulk/{key}").route(routing::get().to(bulk::result)))
        .service(routing::resource("/admin/orders/bulk/all/{id}").route(routing::get().to(mass::show)))
        .service(
            routing::resource("/admin/orders/bulk/all/{id}/start").route(routing::post().to(mass::start)),
        )
        .service(routing::resource("/admin/orders/bulk/all/{id}/stop").route(routing::post().to(mass::stop)))
        .service(
            routing::resource("/admin/orders/bulk/all/{id}/resume").route(routing::post().to(mass::resume)),
        )
        .service(
            routing::resource("/admin/orders/bulk/all/{id}/discard").route(routing::post().to(mass::discard)),
        )
        .service(routing::resource("/admin/orders/bulk/all/{id}/undo").route(routing::post().to(mass::undo)))
        .service(
            routing::resource("/admin/orders/bulk/all/{id}/again").route(routing::post().to(mass::again)),
        )
        .service(
            routing::resource("/admin/orders/slips")
                .route(routing::get().to(slips::show))
                .route(routing::post().to(slips::ticked)),
        )
        .service(routing::resource("/admin/orders/{id}").route(routing::get().to(show::show)))
        .service(
            routing::resource("/admin/orders/{id}/edit")
                .route(routing::get().to(edit::form))
                .route(routing::post().to(edit::save)),
        )
        .service(routing::resource("/admin/orders/{id}/notes").route(routing::post().to(act::note)))
        .service(
            routing::resource("/admin/orders/{id}/notes/{number}").route(routing::post().to(act::renote)),
        )
        .service(
            routing::resource("/admin/orders/{id}/parcels/{number}").route(routing::post().to(act::parcel)),
        )
        .service(
            routing::resource("/admin/orders/{id}/{step:ship|unship|deliver|undeliver}")
                .route(routing::post().to(act::move_goods)),
        )
        .service(routing::resource("/admin/orders/{id}/{step}").route(routing::post().to(act::step)))
        .service(routing::resource("/admin/credit-notes/{id}").route(routing::get().to(credit::show)));
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
        assert!(mass.contains("3\u{a0}orders are not paid</strong>, such as #8"), "{mass}");
        let slips = renders::<super::slips::SlipsPage>();
        assert!(slips.contains("Order #10482") && slips.contains("Not to be sent now: #10482"));
        let note = renders::<super::credit::CreditNotePage>();
        assert!(note.contains("Credit note C536379"));
    }
}
