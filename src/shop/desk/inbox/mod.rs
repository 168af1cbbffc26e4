//! The inbox: messages of the contact form with whose they are, what they are about, and what became of each answer.

mod act;
mod api;
mod card;
mod list;
mod ops;
mod show;
mod view;

pub use api::{ApiDocs, routes as api_routes};
pub use card::{of_addresses, of_order};
pub(super) use view::badge;

use crate::access::{Staff, may};
use crate::shop::mail::Post;
use crate::shop::outreach::Outreach;
use crate::store::Store;
use crate::web::routing;
use crate::web::{Pages, Shell};
use actix_web::web;

const PATH: &str = "/admin/messages";

/// The pages.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/messages").route(routing::get().to(list::list)))
        .service(routing::resource("/admin/messages/{id}").route(routing::get().to(show::show)))
        .service(routing::resource("/admin/messages/{id}/reply").route(routing::post().to(act::reply)))
        .service(routing::resource("/admin/messages/{id}/assign").route(routing::post().to(act::assign)))
        .service(routing::resource("/admin/messages/{id}/{step}").route(routing::post().to(act::step)));
}

/// What the pages need of the app.
type Parts = (web::Data<Store>, web::Data<Post>, web::Data<Outreach>);
type Show = (web::Data<Pages>, Shell);
type Viewer = Staff<may::ViewMessages>;
type Answerer = Staff<may::ReplyMessages>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render_and_escape() {
        assert!(renders::<list::ListPage>().contains("Where is my parcel?"));
        assert!(renders::<show::ShowPage>().contains("Send and close"));
    }
}
