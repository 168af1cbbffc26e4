//! The pages of sites: the list, a new one, one with what was seen of it.

mod forms;
mod list;
mod show;

use super::desk::Sites;
use crate::access::{Staff, may};
use crate::store::Store;
use crate::web::routing;
use crate::web::{Pages, Shell};
use crate::work::Work;
use actix_web::web;

const PATH: &str = "/admin/sites";

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(
            routing::resource("/admin/sites")
                .route(routing::get().to(list::list))
                .route(routing::post().to(forms::create)),
        )
        .service(routing::resource("/admin/sites/new").route(routing::get().to(forms::new)))
        .service(routing::resource("/admin/sites/check").route(routing::post().to(forms::check_all)))
        .service(routing::resource("/admin/sites/{id}").route(routing::get().to(show::show)))
        .service(routing::resource("/admin/sites/{id}/check").route(routing::post().to(forms::check)))
        .service(routing::resource("/admin/sites/{id}/remove").route(routing::post().to(forms::remove)));
}

/// What the pages need of the app.
type Parts = (web::Data<Store>, web::Data<Sites>, web::Data<Work>);
type Show = (web::Data<Pages>, Shell);
type Viewer = Staff<may::ViewSites>;
type Manager = Staff<may::ManageSites>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render_and_escape() {
        assert!(renders::<list::ListPage>().contains("Ends soon"));
        assert!(
            renders::<forms::FormPage>().contains("invalid_address")
                || !renders::<forms::FormPage>().is_empty()
        );
        let show = renders::<show::ShowPage>();
        assert!(show.contains("<svg class=\"chart large\"") && show.contains("Look again"), "{show}");
    }
}
