//! The settings of mail: who sends, which moments are on, how many a day; and what to do while there is no server.

use super::{Manager, PATH, Parts, Show, Viewer, tabs};
use crate::access::profile;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::outbound::mailbox::Mailbox;
use crate::shop::mail::desk::Post;
use crate::shop::mail::model::{Content, MailId};
use crate::shop::mail::moments::{LANGUAGES, Moment};
use crate::shop::mail::ops::{self, New, TEST};
use crate::shop::mail::returned;
use crate::shop::mail::settings::{self, Settings};
use crate::store::{Snapshot, Tx};
use crate::web::error::status;
use crate::web::parts::{Badge, Choice, Fill, FormErrors, Tab, Tone};
use crate::web::{Fields, Form, Page, Toast, see_other};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize)]
struct MomentRow {
    word: &'static str,
    label: &'static str,
    sentence: &'static str,
    on: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct SettingsPage {
    tabs: Vec<Tab>,
    /// Where the server is; absent while none is configured.
    server: Option<String>,
    /// The address that a test goes out from; empty where none is saved.
    saved_address: String,
    name: String,
    /// The name of the shop, which stands in for an empty one.
    shop: String,
    address: String,
    reply_to: String,
    notices_to: String,
    daily_limit: String,
    language: String,
    version: u64,
    languages: Vec<Choice>,
    moments: Vec<MomentRow>,
    errors: Option<FormErrors>,
    may_manage: bool,
    /// Whom a test goes to.
    me: String,
    hold_seconds: i64,
    returned: Returned,
}

/// What comes back, and whether a mailbox is read for it.
#[derive(Debug, Serialize)]
struct Returned {
    /// Where it is; absent while none is configured.
    mailbox: Option<String>,
    folder: String,
    /// The word of its schedule, for who may see those.
    schedule: Option<&'static str>,
    /// When it was read last, and what came of it.
    last: Option<LastRound>,
}

#[derive(Debug, Serialize)]
struct LastRound {
    at: Timestamp,
    said: String,
    badge: Badge,
}

impl Returned {
    fn of(s: &Snapshot, mailbox: Option<&Mailbox>, sees_schedules: bool) -> Result<Self> {
        let last = match mailbox {
            Some(_) => returned::last(s)?,
            None => None,
        };
        Ok(Self {
            mailbox: mailbox.map(Mailbox::name),
            folder: mailbox.map(|mailbox| mailbox.folder().to_owned()).unwrap_or_default(),
            schedule: sees_schedules.then_some(returned::NAME),
            last: last.map(|last| LastRound {
                at: last.at,
                said: last.said,
                badge: if last.is_bad {
                    Badge::new("Failed", Tone::Bad, Fill::Full)
                } else {
                    Badge::new("Read", Tone::Ok, Fill::Full)
                },
            }),
        })
    }
}

impl Page for SettingsPage {
    const TEMPLATE: &'static str = "mail/settings.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        Self {
            tabs: tabs("/settings"),
            server: None,
            saved_address: evil.clone(),
            name: evil.clone(),
            shop: evil.clone(),
            address: evil.clone(),
            reply_to: evil.clone(),
            notices_to: evil.clone(),
            daily_limit: evil.clone(),
            language: "de".to_owned(),
            version: 1,
            languages: languages(),
            moments: moments(&["order_placed".to_owned()]),
            errors: Some(FormErrors::of(&Error::conflict("mail_not_set_up", evil.clone()))),
            may_manage: true,
            me: evil.clone(),
            hold_seconds: 10,
            returned: Returned {
                mailbox: Some(evil.clone()),
                folder: evil.clone(),
                schedule: Some(returned::NAME),
                last: Some(LastRound {
                    at: Timestamp(1_790_000_000_000),
                    said: evil,
                    badge: Badge::new("Failed", Tone::Bad, Fill::Full),
                }),
            },
        }
    }
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Typed {
    name: String,
    address: String,
    reply_to: String,
    notices_to: String,
    daily_limit: String,
    language: String,
    on: Vec<String>,
    version: u64,
}

impl Typed {
    fn of(s: &Settings) -> Self {
        Self {
            name: s.name.clone(),
            address: s.address.clone(),
            reply_to: s.reply_to.clone(),
            notices_to: s.notices_to.clone(),
            daily_limit: s.daily_limit.to_string(),
            language: s.language.clone(),
            on: s.on.clone(),
            version: s.version,
        }
    }
    /// Whether these settings are what was typed.
    fn says(&self, saved: &Settings) -> bool {
        let moments = |on: &[String]| on.iter().cloned().collect::<std::collections::BTreeSet<_>>();
        let texts = |typed: &Self| {
            [
                &typed.name,
                &typed.address,
                &typed.reply_to,
                &typed.notices_to,
                &typed.daily_limit,
                &typed.language,
            ]
            .map(|text| text.trim().to_owned())
        };
        let saved = Self::of(saved);
        texts(self) == texts(&saved) && moments(&self.on) == moments(&saved.on)
    }
    fn wish(&self) -> Settings {
        Settings {
            name: self.name.clone(),
            address: self.address.clone(),
            reply_to: self.reply_to.clone(),
            notices_to: self.notices_to.clone(),
            on: self.on.clone(),
            // What is no number is out of range, and said so.
            daily_limit: self.daily_limit.trim().parse().unwrap_or(0),
            language: self.language.clone(),
            version: self.version,
        }
    }
}

fn languages() -> Vec<Choice> {
    LANGUAGES.iter().map(|(word, name)| Choice::new(*word, *name)).collect()
}

fn moments(on: &[String]) -> Vec<MomentRow> {
    Moment::switches()
        .map(|m| MomentRow {
            word: m.word(),
            label: m.label(),
            sentence: m.sentence(),
            on: on.iter().any(|word| word == m.word()),
        })
        .collect()
}

/// Who looks at the page.
#[derive(Clone, Copy)]
struct Who<'w> {
    email: &'w str,
    may_manage: bool,
    sees_schedules: bool,
}

/// The page with what is there, or with what was typed and refused.
fn page(
    (store, post, _outreach): &Parts,
    me: Who<'_>,
    typed: Option<Typed>,
    error: Option<&Error>,
) -> Result<SettingsPage> {
    let (present, shop, returned) = store.read(|s| {
        Ok((settings::get(s)?, profile::get(s)?.name, Returned::of(s, post.mailbox(), me.sees_schedules)?))
    })?;
    let clashes = error.is_some_and(|e| e.code == "version_mismatch");
    let typed = typed.unwrap_or_else(|| Typed::of(&present));
    Ok(SettingsPage {
        tabs: tabs("/settings"),
        server: post.server().map(crate::outbound::smtp::Server::name),
        saved_address: present.address.clone(),
        shop,
        version: if clashes { present.version } else { typed.version },
        moments: moments(&typed.on),
        name: typed.name,
        address: typed.address,
        reply_to: typed.reply_to,
        notices_to: typed.notices_to,
        daily_limit: typed.daily_limit,
        language: typed.language,
        languages: languages(),
        errors: error.map(FormErrors::of),
        me: me.email.to_owned(),
        may_manage: me.may_manage,
        hold_seconds: post.hold_ms() / 1_000,
        returned,
    })
}

/// `GET /admin/mail/settings`
pub(super) async fn show(me: Viewer, parts: Parts, (pages, shell): Show) -> Result<HttpResponse> {
    let who = Who {
        email: &me.person().email,
        may_manage: me.may("mail:manage"),
        sees_schedules: me.may("system:view"),
    };
    pages.show(&shell, &page(&parts, who, None, None)?)
}

/// `POST /admin/mail/settings`
pub(super) async fn save(
    me: Manager,
    parts: Parts,
    (pages, shell): Show,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let (store, post, outreach) = &parts;
    let epoch = store.epoch();
    let saved = match settings::checked(&typed.wish(), post.server().is_some()) {
        Ok(new) => {
            let seen = Some(typed.version);
            store.write(me.actor(), move |tx| settings::set(tx, &new, seen, epoch)).await
        }
        Err(error) => Err(error),
    };
    match saved {
        Ok(_) => {
            outreach.work.wake();
            let toast = Toast::ok("The settings of mail are saved.").saved("mail-settings");
            see_other(&format!("{PATH}/settings"), Some(toast))
        }
        Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict) => {
            let sees_schedules = me.may("system:view");
            let who = Who { email: &me.person().email, may_manage: true, sees_schedules };
            let page = page(&parts, who, Some(typed), Some(&error))?;
            pages.show_as(status(&error), &shell, &page)
        }
        Err(error) => Err(error),
    }
}

/// A mail with a content of its own, sent at once to a member of staff.
///
/// # Errors
/// Faults of the store only.
pub(super) fn add_test(tx: &mut Tx<'_>, to: &str, content: &Content) -> Result<MailId> {
    let new = New {
        moment: TEST,
        to: to.to_owned(),
        language: String::new(),
        order: None,
        message: None,
        site: None,
        event: None,
        key: format!("test/{}", tx.new_id::<MailId>()),
        by: tx.actor().name.clone(),
    };
    let now = tx.now();
    let id = ops::add(tx, new, &content.from, now)?.ok_or_else(|| Error::internal("a fresh key is taken"))?;
    ops::keep(tx, id, &Content { at: now, ..content.clone() })?;
    Ok(id)
}

/// What is missing before a mail can be sent.
pub(super) fn not_set_up(post: &Post, saved: &Settings) -> Option<&'static str> {
    match (post.server(), saved.address.is_empty()) {
        (None, _) => Some("Write a mail server into the configuration file first; this page says how."),
        (Some(_), true) => Some("Enter the address of the sender in the settings and save it first."),
        (Some(_), false) => None,
    }
}

/// `POST /admin/mail/settings/test`: with what is saved. What is only typed would not be what is tried out, so it is to
/// be saved first.
pub(super) async fn test(
    me: Manager,
    parts: Parts,
    (pages, shell): Show,
    fields: Fields,
) -> Result<HttpResponse> {
    let (store, post, outreach) = &parts;
    let (saved, shop) = store.read(|s| Ok((settings::get(s)?, profile::get(s)?.name)))?;
    let typed: Option<Typed> = if fields.0.is_empty() { None } else { Some(fields.parse()?) };
    let unsaved = typed.filter(|typed| !typed.says(&saved));
    let refusal = match (&unsaved, not_set_up(post, &saved)) {
        (Some(_), _) => Some("Save first: a test goes out with what is saved, and this is not saved yet."),
        (None, missing) => missing,
    };
    if let Some(text) = refusal {
        let error = Error::conflict("mail_not_set_up", text);
        let sees_schedules = me.may("system:view");
        let who = Who { email: &me.person().email, may_manage: true, sees_schedules };
        let page = page(&parts, who, unsaved, Some(&error))?;
        return pages.show_as(status(&error), &shell, &page);
    }
    let text = format!("This is a test of the mail of {shop}. It works.");
    let content = Content {
        from_name: if saved.name.is_empty() { shop.clone() } else { saved.name },
        from: saved.address,
        reply_to: Some(saved.reply_to).filter(|address| !address.is_empty()),
        subject: format!("Test from {shop}"),
        html: format!("<!doctype html>\n<p>{}</p>\n", escaped(&text)),
        text,
        at: me.now(),
        in_reply_to: None,
    };
    let to = me.person().email.clone();
    let says =
        format!("A test is on its way from {} to {to}. What the server says appears here.", content.from);
    let id = store.write(me.actor(), move |tx| add_test(tx, &to, &content)).await?;
    outreach.work.wake();
    see_other(&format!("{PATH}/{id}"), Some(Toast::ok(says)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
