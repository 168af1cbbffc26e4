//! The pages of mail: the log, one mail, the templates, the settings, the addresses that are not written to.

mod addresses;
mod list;
mod settings;
mod show;
mod template;
mod templates;

use super::desk::Post;
use crate::access::{Staff, may};
use crate::shop::outreach::Outreach;
use crate::store::Store;
use crate::web::parts::Tab;
use crate::web::{Pages, Shell};
use actix_web::web;

const PATH: &str = "/admin/mail";

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/admin/mail").route(web::get().to(list::list)))
        .service(web::resource("/admin/mail/resume").route(web::post().to(list::resume)))
        .service(
            web::resource("/admin/mail/settings")
                .route(web::get().to(settings::show))
                .route(web::post().to(settings::save)),
        )
        .service(web::resource("/admin/mail/settings/test").route(web::post().to(settings::test)))
        .service(
            web::resource("/admin/mail/addresses")
                .route(web::get().to(addresses::list))
                .route(web::post().to(addresses::add)),
        )
        .service(web::resource("/admin/mail/addresses/release").route(web::post().to(addresses::release)))
        .service(web::resource("/admin/mail/templates").route(web::get().to(templates::list)))
        .service(
            web::resource("/admin/mail/templates/{moment}/{language}")
                .route(web::get().to(template::show))
                .route(web::post().to(template::save)),
        )
        .service(
            web::resource("/admin/mail/templates/{moment}/{language}/preview")
                .route(web::post().to(template::preview)),
        )
        .service(
            web::resource("/admin/mail/templates/{moment}/{language}/send")
                .route(web::post().to(template::send)),
        )
        .service(
            web::resource("/admin/mail/templates/{moment}/{language}/reset")
                .route(web::post().to(template::reset)),
        )
        .service(web::resource("/admin/mail/{id}").route(web::get().to(show::show)))
        .service(web::resource("/admin/mail/{id}/cancel").route(web::post().to(show::cancel)))
        .service(web::resource("/admin/mail/{id}/resend").route(web::post().to(show::resend)));
}

/// What the pages need of the app.
type Parts = (web::Data<Store>, web::Data<Post>, web::Data<Outreach>);
type Show = (web::Data<Pages>, Shell);
type Viewer = Staff<may::ViewMail>;
type Sender = Staff<may::SendMail>;
type Manager = Staff<may::ManageMail>;

/// The pages beside each other.
fn tabs(current: &str) -> Vec<Tab> {
    [
        ("Log", ""),
        ("Templates", "/templates"),
        ("Settings", "/settings"),
        ("Addresses not written to", "/addresses"),
    ]
    .into_iter()
    .map(|(label, place)| Tab {
        label: label.to_owned(),
        href: format!("{PATH}{place}"),
        current: place == current,
        ..Tab::default()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render_and_escape() {
        assert!(renders::<list::ListPage>().contains("Failed"));
        assert!(renders::<show::ShowPage>().contains("srcdoc"));
        assert!(renders::<settings::SettingsPage>().contains("mail.host"));
        assert!(renders::<templates::TemplatesPage>().contains("Deutsch"));
        assert!(renders::<template::TemplatePage>().contains("order.number"));
        assert!(renders::<addresses::AddressesPage>().contains("Write to it again"));
    }
}
