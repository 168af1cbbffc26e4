//! The pages of mail: the log, one mail, the templates, the settings, the addresses that are not written to.

mod addresses;
mod list;
mod settings;
mod show;
mod template;
mod templates;
mod values;

use super::desk::Post;
use crate::access::{Staff, may};
use crate::shop::outreach::Outreach;
use crate::store::Store;
use crate::web::parts::Tab;
use crate::web::routing;
use crate::web::{Pages, Shell};
use actix_web::web;

const PATH: &str = "/admin/mail";

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/mail").route(routing::get().to(list::list)))
        .service(routing::resource("/admin/mail/resume").route(routing::post().to(list::resume)))
        .service(
            routing::resource("/admin/mail/settings")
                .route(routing::get().to(settings::show))
                .route(routing::post().to(settings::save)),
        )
        .service(routing::resource("/admin/mail/settings/test").route(routing::post().to(settings::test)))
        .service(
            routing::resource("/admin/mail/addresses")
                .route(routing::get().to(addresses::list))
                .route(routing::post().to(addresses::add)),
        )
        .service(
            routing::resource("/admin/mail/addresses/release").route(routing::post().to(addresses::release)),
        )
        .service(routing::resource("/admin/mail/templates").route(routing::get().to(templates::list)))
        .service(
            routing::resource("/admin/mail/templates/{moment}/{language}")
                .route(routing::get().to(template::show))
                .route(routing::post().to(template::save)),
        )
        .service(
            routing::resource("/admin/mail/templates/{moment}/{language}/preview")
                .route(routing::post().to(template::preview)),
        )
        .service(
            routing::resource("/admin/mail/templates/{moment}/{language}/send")
                .route(routing::post().to(template::send)),
        )
        .service(
            routing::resource("/admin/mail/templates/{moment}/{language}/reset")
                .route(routing::post().to(template::reset)),
        )
        .service(routing::resource("/admin/mail/{id}").route(routing::get().to(show::show)))
        .service(routing::resource("/admin/mail/{id}/cancel").route(routing::post().to(show::cancel)))
        .service(routing::resource("/admin/mail/{id}/resend").route(routing::post().to(show::resend)));
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
