//! Settings: what the shop says of itself, as at the first set-up, and who changed it when.

use super::{Result, again, history};
use crate::access::extract::Staff;
use crate::access::gate::Access;
use crate::access::may::ManageSettings;
use crate::access::profile::{self, Profile, Wanted};
use crate::base::country;
use crate::base::error::{Error, Kind};
use crate::store::events;
use crate::web::flash::see_other;
use crate::web::parts::{Choice, Entry, FormErrors};
use crate::web::routing;
use crate::web::{Form, Page, Pages, Shell, Toast};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

const PATH: &str = "/admin/settings";
/// Changes that are shown.
const CHANGES_SHOWN: usize = 20;

pub(super) fn routes(config: &mut routing::Routes) {
    config.service(routing::resource(PATH).route(routing::get().to(show)).route(routing::post().to(save)));
}

/// Every country by name.
pub(super) fn countries() -> Vec<Choice> {
    rust_iso3166::ALL.iter().map(|c| Choice::new(c.alpha2, country::name(c.alpha2))).collect()
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Typed {
    shop: String,
    zone: String,
    currency: String,
    country: String,
    /// The version that was shown.
    version: u64,
}

#[derive(Serialize)]
struct SettingsPage {
    shop: String,
    zone: String,
    currency: String,
    country: String,
    version: u64,
    zones: Vec<Choice>,
    countries: Vec<Choice>,
    /// What somebody else saved in the meantime, by the name of the field.
    theirs: Vec<(&'static str, String)>,
    changes: Vec<Entry>,
    errors: Option<FormErrors>,
}

impl Page for SettingsPage {
    const TEMPLATE: &'static str = "access/settings.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        let typed = Typed { shop: evil.clone(), zone: "Europe/Berlin".to_owned(), ..Typed::default() };
        let error = Error::conflict("version_mismatch", "Changed in the meantime.");
        Self {
            theirs: vec![("Name", evil)],
            ..Self::of(typed, &Profile::default(), Vec::new(), Some(&error))
        }
    }
}

impl Typed {
    fn of(profile: &Profile) -> Self {
        Self {
            shop: profile.name.clone(),
            zone: profile.zone.clone(),
            currency: profile.currency.to_string(),
            country: profile.country.clone(),
            version: profile.version,
        }
    }
}

impl SettingsPage {
    /// The form with what was typed. After a refusal it carries the present version: what the others saved is shown
    /// beside it, and saving again is meant.
    fn of(typed: Typed, present: &Profile, changes: Vec<Entry>, error: Option<&Error>) -> Self {
        let saved = Typed::of(present);
        let theirs = [
            ("Name of the shop", &typed.shop, saved.shop),
            ("Time zone", &typed.zone, saved.zone),
            ("Currency", &typed.currency, saved.currency),
            ("Country", &typed.country, saved.country),
        ];
        let clashes = error.is_some_and(|e| e.code == "version_mismatch");
        let theirs = theirs
            .into_iter()
            .filter(|(_, mine, saved)| clashes && **mine != *saved)
            .map(|(label, _, saved)| (label, if saved.is_empty() { "empty".to_owned() } else { saved }))
            .collect();
        Self {
            theirs,
            shop: typed.shop,
            zone: typed.zone,
            currency: typed.currency,
            country: typed.country,
            version: if clashes { present.version } else { typed.version },
            zones: super::account::zones().into_iter().map(|z| Choice::new(z.clone(), z)).collect(),
            countries: countries(),
            changes,
            errors: error.map(FormErrors::of),
        }
    }
}

fn page(access: &Access, typed: Option<Typed>, error: Option<&Error>) -> Result<SettingsPage> {
    access.store().read(|s| {
        let present = profile::get(s)?;
        let changes = events::of_subject(s, &profile::SUBJECT, None, CHANGES_SHOWN)?;
        let changes = changes.iter().map(history::entry).collect();
        let typed = typed.unwrap_or_else(|| Typed::of(&present));
        Ok(SettingsPage::of(typed, &present, changes, error))
    })
}

async fn show(
    _staff: Staff<ManageSettings>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
) -> Result<HttpResponse> {
    pages.show(&shell, &page(&access, None, None)?)
}

async fn save(
    staff: Staff<ManageSettings>,
    access: web::Data<Access>,
    pages: web::Data<Pages>,
    shell: Shell,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let wanted = typed.clone();
    let saved = access.store().write(staff.actor(), move |tx| {
        let wanted = Wanted {
            name: &wanted.shop,
            zone: &wanted.zone,
            currency: &wanted.currency,
            country: &wanted.country,
            seen: Some(wanted.version),
        };
        profile::set(tx, &wanted)
    });
    match saved.await {
        Ok(_) => see_other(PATH, Some(Toast::ok("Settings saved.").saved("settings"))),
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict) => {
            again(&pages, &shell, &page(&access, Some(typed), Some(&error))?, &error)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_page_renders_and_shows_what_others_saved() {
        let html = renders::<SettingsPage>();
        assert!(html.contains("Change settings") || html.contains("Settings"), "{html}");
        assert!(html.contains("Saved in the meantime"), "{html}");
    }
}
