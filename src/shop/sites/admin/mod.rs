//! The pages of sites: the list, a new one, one with what was seen of it.

mod forms;
mod list;
mod show;

use super::desk::Sites;
use crate::access::{Staff, may};
use crate::store::Store;
use crate::web::{Pages, Shell};
use crate::work::Work;
use actix_web::web;

const PATH: &str = "/admin/sites";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/admin/sites")
                .route(web::get().to(list::list))
                .route(web::post().to(forms::create)),
        )
        .service(web::resource("/admin/sites/new").route(web::get().to(forms::new)))
        .service(web::resource("/admin/sites/check").route(web::post().to(forms::check_all)))
        .service(web::resource("/admin/sites/{id}").route(web::get().to(show::show)))
        .service(web::resource("/admin/sites/{id}/check").route(web::post().to(forms::check)))
        .service(web::resource("/admin/sites/{id}/remove").route(web::post().to(forms::remove)));
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
