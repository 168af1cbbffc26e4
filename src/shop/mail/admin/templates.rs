//! The list of templates: each moment in each language.

use super::{Parts, Show, Viewer, tabs};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::shop::mail::moments::{LANGUAGES, Moment};
use crate::shop::mail::{settings, templates};
use crate::web::Page;
use crate::web::parts::{Badge, Fill, Tab, Tone};
use actix_web::HttpResponse;
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Row {
    moment: &'static str,
    label: &'static str,
    sentence: &'static str,
    on: Badge,
    languages: Vec<Language>,
}

#[derive(Debug, Serialize)]
struct Language {
    word: &'static str,
    name: &'static str,
    /// When staff changed it last; absent for the built-in one.
    changed_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
pub(super) struct TemplatesPage {
    tabs: Vec<Tab>,
    rows: Vec<Row>,
}

impl Page for TemplatesPage {
    const TEMPLATE: &'static str = "mail/templates.html";
    #[cfg(test)]
    fn sample() -> Self {
        let language =
            Language { word: "de", name: "Deutsch", changed_at: Some(Timestamp(1_790_000_000_000)) };
        let moment = Moment::OrderPlaced;
        let row = Row {
            moment: moment.word(),
            label: moment.label(),
            sentence: moment.sentence(),
            on: on(true),
            languages: vec![language],
        };
        Self { tabs: tabs("/templates"), rows: vec![row] }
    }
}

fn by_hand() -> Badge {
    Badge::new("By hand", Tone::Info, Fill::Half)
}

fn on(is_on: bool) -> Badge {
    if is_on { Badge::new("On", Tone::Ok, Fill::Full) } else { Badge::new("Off", Tone::Still, Fill::Empty) }
}

/// `GET /admin/mail/templates`
pub(super) async fn list(
    _me: Viewer,
    (store, _post, _outreach): Parts,
    (pages, shell): Show,
) -> Result<HttpResponse> {
    let rows = store.read(|s| {
        let settings = settings::get(s)?;
        let row = |moment: &Moment| {
            let language = |(word, name): &(&'static str, &'static str)| {
                let changed_at = templates::own(s, *moment, word)?.map(|own| own.at);
                Ok(Language { word, name, changed_at })
            };
            Ok(Row {
                moment: moment.word(),
                label: moment.label(),
                sentence: moment.sentence(),
                on: if moment.is_by_hand() { by_hand() } else { on(settings.is_on(*moment)) },
                languages: LANGUAGES.iter().map(language).collect::<Result<_>>()?,
            })
        };
        Moment::ALL.iter().map(row).collect::<Result<Vec<_>>>()
    })?;
    pages.show(&shell, &TemplatesPage { tabs: tabs("/templates"), rows })
}
