//! One template: its three parts, what may stand in them, how it looks with a real order, and the versions before.

use super::settings::{add_test, not_set_up};
use super::values::{Place, named, values};
use super::{Manager, PATH, Parts, Show, Viewer};
use crate::access::profile;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::shop::mail::model::Content;
use crate::shop::mail::moments::{LANGUAGES, Matter};
use crate::shop::mail::settings;
use crate::shop::mail::templates::{self, Source, Written};
use crate::web::error::status;
use crate::web::parts::{FormErrors, Pair, Tab};
use crate::web::routing;
use crate::web::{Form, Page, Query, Toast, see_other};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Serialize)]
struct Preview {
    subject: String,
    text: String,
    html: String,
}

#[derive(Debug, Serialize)]
struct Version {
    number: u32,
    at: Timestamp,
    by: String,
    current: bool,
    /// The page with what it said.
    href: String,
}

#[derive(Debug, Serialize)]
pub(super) struct TemplatePage {
    home: String,
    label: &'static str,
    sentence: &'static str,
    languages: Vec<Tab>,
    subject: String,
    text: String,
    html: String,
    /// The version it is to take the place of; 0 for the built-in one.
    version: u32,
    is_own: bool,
    /// The number of an order for the preview.
    number: String,
    is_of_order: bool,
    /// The name of what is typed here and kept by the browser.
    draft: String,
    /// What is saved, as the page's script compares it; absent where just that is shown.
    was: Option<String>,
    /// Names that may be used, with their values.
    names: Vec<Pair>,
    preview: Option<Preview>,
    /// Whose values these are.
    shown_with: String,
    versions: Vec<Version>,
    errors: Option<FormErrors>,
    may_manage: bool,
    /// Said above the form: a mail is on its way, an older version is shown.
    says: Option<String>,
    me: String,
}

impl Page for TemplatePage {
    const TEMPLATE: &'static str = "mail/template.html";
    #[cfg(test)]
    fn sample() -> Self {
        let (evil, at) = ("<script>alert(1)</script>".to_owned(), Timestamp(1_790_000_000_000));
        Self {
            home: "/admin/mail/templates/order_placed/en".to_owned(),
            label: "Order placed",
            sentence: "To the customer.",
            languages: Vec::new(),
            subject: evil.clone(),
            text: evil.clone(),
            html: evil.clone(),
            version: 2,
            is_own: true,
            number: "10001".to_owned(),
            is_of_order: true,
            draft: "template-order_placed-en".to_owned(),
            was: Some(format!("[\"{evil}\"]")),
            names: vec![Pair { label: "order.number".to_owned(), value: evil.clone() }],
            preview: Some(Preview { subject: evil.clone(), text: evil.clone(), html: evil.clone() }),
            shown_with: evil.clone(),
            versions: vec![Version {
                number: 1,
                at,
                by: evil.clone(),
                current: false,
                href: "/x".to_owned(),
            }],
            errors: Some(FormErrors::of(&Error::invalid("unknown_variable", evil.clone()).on("/text"))),
            may_manage: true,
            says: Some(evil.clone()),
            me: evil,
        }
    }
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Typed {
    subject: String,
    text: String,
    html: String,
    version: u32,
    number: String,
}

impl Typed {
    /// Browsers send line ends their own way.
    fn source(&self) -> Source {
        let plain = |text: &str| text.replace("\r\n", "\n");
        Source { subject: plain(self.subject.trim()), text: plain(&self.text), html: plain(&self.html) }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ShowQuery {
    /// An older version to look at.
    version: Option<u32>,
    /// The number of an order.
    number: Option<String>,
}

type Path = routing::Path<(String, String)>;

/// What surrounds the form: everything but what was typed.
fn page(
    place: &Place,
    (store, post, _outreach): &Parts,
    me: (&str, bool),
    typed: Typed,
) -> Result<(TemplatePage, Value)> {
    store.read(|s| {
        let (values, shown_with, number) = match values(place, s, &typed.number, post.base(), me.0) {
            Err(error) if error.kind == Kind::Invalid => {
                values(place, s, "", post.base(), me.0).map(|(v, with, _)| (v, with, typed.number.clone()))?
            }
            found => found?,
        };
        let own = templates::own(s, place.moment, place.language)?;
        let present = own.as_ref().map_or(0, |own| own.version);
        let home = place.home();
        let versions = templates::versions(s, place.moment, place.language)?.into_iter().map(|t| Version {
            number: t.version,
            at: t.at,
            by: t.by,
            current: t.version == present,
            href: format!("{home}?version={}", t.version),
        });
        let languages = LANGUAGES.iter().map(|(word, name)| Tab {
            label: (*name).to_owned(),
            href: format!("{PATH}/templates/{}/{word}", place.moment.word()),
            current: *word == place.language,
            ..Tab::default()
        });
        let page = TemplatePage {
            label: place.moment.label(),
            sentence: place.moment.sentence(),
            languages: languages.collect(),
            version: typed.version,
            subject: typed.subject.clone(),
            text: typed.text.clone(),
            html: typed.html.clone(),
            is_own: own.is_some(),
            number,
            is_of_order: place.moment.matter() == Matter::Order,
            draft: place.draft(),
            was: None,
            names: named(place, &values)?,
            preview: None,
            shown_with,
            versions: versions.collect(),
            errors: None,
            may_manage: me.1,
            says: None,
            me: me.0.to_owned(),
            home,
        };
        Ok((page, values))
    })
}

impl TemplatePage {
    fn with(self, written: Written) -> Self {
        let Written { subject, text, html } = written;
        Self { preview: Some(Preview { subject, text, html }), ..self }
    }
}

/// `GET /admin/mail/templates/{moment}/{language}`
pub(super) async fn show(
    me: Viewer,
    parts: Parts,
    (pages, shell): Show,
    path: Path,
    query: Query<ShowQuery>,
) -> Result<HttpResponse> {
    let place = Place::of(&path)?;
    let (own, older) = parts.0.read(|s| {
        let own = templates::own(s, place.moment, place.language)?;
        let versions = templates::versions(s, place.moment, place.language)?;
        let older = query.0.version.map(|wanted| versions.into_iter().find(|t| t.version == wanted));
        Ok((own, older))
    })?;
    let version = own.as_ref().map_or(0, |own| own.version);
    let (source, says) = match older {
        Some(Some(older)) if older.version != version => {
            let says = format!("This is version {}. Save it to use it again.", older.version);
            (older.source, Some(says))
        }
        Some(None) => return Err(Error::not_found("version", query.0.version.unwrap_or(0))),
        _ => (own.map_or_else(|| templates::built_in(place.moment, place.language), |own| own.source), None),
    };
    let number = query.0.number.clone().unwrap_or_default();
    let typed = Typed {
        subject: source.subject.clone(),
        text: source.text.clone(),
        html: source.html.clone(),
        version,
        number,
    };
    let who = (me.person().email.as_str(), me.may("mail:manage"));
    let (page, values) = page(&place, &parts, who, typed)?;
    let page = match templates::write(&source, &values) {
        Ok(written) => page.with(written),
        Err(error) => TemplatePage { errors: Some(FormErrors::of(&error)), ..page },
    };
    pages.show(&shell, &TemplatePage { says, ..page })
}

/// A form of the page with these texts, as its script writes down what stands in it: text that was only looked at, or sent
/// to oneself, is not saved.
fn as_typed(source: &Source, number: Option<&str>) -> Result<String> {
    #[derive(Serialize)]
    struct Fields<'a> {
        subject: [&'a str; 1],
        text: [&'a str; 1],
        html: [&'a str; 1],
        #[serde(skip_serializing_if = "Option::is_none")]
        number: Option<[&'a str; 1]>,
    }
    let number = number.map(|number| [number]);
    let fields = Fields { subject: [&source.subject], text: [&source.text], html: [&source.html], number };
    serde_json::to_string(&fields).map_err(Error::internal)
}

/// The page with what was typed, and how it looks or why it cannot be used.
async fn again(
    me: &Manager,
    parts: &Parts,
    (pages, shell): &Show,
    place: &Place,
    typed: Typed,
    (error, says): (Option<Error>, Option<String>),
) -> Result<HttpResponse> {
    let source = typed.source();
    let (page, values) = page(place, parts, (&me.person().email, true), typed)?;
    let own = parts.0.read(|s| templates::own(s, place.moment, place.language))?;
    let saved = own.map_or_else(|| templates::built_in(place.moment, place.language), |own| own.source);
    let was = Some(as_typed(&saved, page.is_of_order.then_some(page.number.as_str()))?);
    let page = TemplatePage { says, was, ..page };
    let refused = match error {
        Some(error) => Err(error),
        None => templates::checked(place.moment, &source).and_then(|()| templates::write(&source, &values)),
    };
    match refused {
        Ok(written) => pages.show(shell, &page.with(written)),
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict) => {
            let version = page.versions.iter().find(|v| v.current).map_or(0, |v| v.number);
            let version = if error.code == "version_mismatch" { version } else { page.version };
            let page = TemplatePage { errors: Some(FormErrors::of(&error)), version, ..page };
            pages.show_as(status(&error), shell, &page)
        }
        Err(error) => Err(error),
    }
}

/// `POST /admin/mail/templates/{moment}/{language}/preview`
pub(super) async fn preview(
    me: Manager,
    parts: Parts,
    show: Show,
    path: Path,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let place = Place::of(&path)?;
    let base = parts.1.base();
    let found = parts.0.read(|s| values(&place, s, &typed.number, base, &me.person().email));
    again(&me, &parts, &show, &place, typed, (found.err(), None)).await
}

/// `POST /admin/mail/templates/{moment}/{language}`
pub(super) async fn save(
    me: Manager,
    parts: Parts,
    show: Show,
    path: Path,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let place = Place::of(&path)?;
    let (source, seen) = (typed.source(), typed.version);
    let (moment, language) = (place.moment, place.language);
    let saved = match templates::checked(moment, &source) {
        Ok(()) => {
            parts.0.write(me.actor(), move |tx| templates::save(tx, moment, language, &source, seen)).await
        }
        Err(error) => Err(error),
    };
    match saved {
        Ok(()) => see_other(&place.home(), Some(Toast::ok("The template is saved.").saved(place.draft()))),
        Err(error) => again(&me, &parts, &show, &place, typed, (Some(error), None)).await,
    }
}

/// `POST /admin/mail/templates/{moment}/{language}/reset`
pub(super) async fn reset(me: Manager, parts: Parts, path: Path) -> Result<HttpResponse> {
    let place = Place::of(&path)?;
    let (moment, language) = (place.moment, place.language);
    parts.0.write(me.actor(), move |tx| templates::reset(tx, moment, language)).await?;
    see_other(&place.home(), Some(Toast::ok("The built-in template is used again.")))
}

/// `POST /admin/mail/templates/{moment}/{language}/send`
pub(super) async fn send(
    me: Manager,
    parts: Parts,
    show: Show,
    path: Path,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let place = Place::of(&path)?;
    let (source, to) = (typed.source(), me.person().email.clone());
    let sent = match written(&place, &parts, &source, &typed.number, &to) {
        Ok(content) => {
            let to = to.clone();
            parts.0.write(me.actor(), move |tx| add_test(tx, &to, &content)).await
        }
        Err(error) => Err(error),
    };
    parts.2.work.wake();
    match sent {
        Ok(_) => {
            let says = format!("On its way to {to}. The log shows what the server says.");
            again(&me, &parts, &show, &place, typed, (None, Some(says))).await
        }
        Err(error) => again(&me, &parts, &show, &place, typed, (Some(error), None)).await,
    }
}

/// What is sent to try a template out.
fn written(
    place: &Place,
    (store, post, _): &Parts,
    source: &Source,
    number: &str,
    me: &str,
) -> Result<Content> {
    templates::checked(place.moment, source)?;
    let (values, settings, shop) = store.read(|s| {
        let (values, _, _) = values(place, s, number, post.base(), me)?;
        Ok((values, settings::get(s)?, profile::get(s)?.name))
    })?;
    if let Some(text) = not_set_up(post, &settings) {
        return Err(Error::conflict("mail_not_set_up", text));
    }
    let Written { subject, text, html } = templates::write(source, &values)?;
    Ok(Content {
        from_name: if settings.name.is_empty() { shop } else { settings.name },
        from: settings.address,
        reply_to: Some(settings.reply_to).filter(|address| !address.is_empty()),
        subject,
        text,
        html,
        at: Timestamp(0),
        in_reply_to: None,
    })
}
