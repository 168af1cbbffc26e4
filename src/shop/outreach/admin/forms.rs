//! What is sent from the pages of webhooks.

use super::{PATH, Parts};
use crate::access::{Access, Staff, may};
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::time::Timestamp;
use crate::shop::outreach::desk::{Outreach, Wish};
use crate::shop::outreach::model::{AttemptId, EndpointId};
use crate::shop::outreach::ops;
use crate::store::{Store, Tx};
use crate::web::error::status;
use crate::web::parts::FormErrors;
use crate::web::routing;
use crate::web::{Form, Page, Pages, PathId, Shell, Toast, see_other};
use crate::work::jobs::{self, JobId};
use crate::work::subscriptions;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

type Me = Staff<may::ManageWebhooks>;

/// Kinds that begin alike, such as those of orders.
#[derive(Debug, Serialize)]
struct Group {
    /// `order.*`
    all: String,
    name: String,
    checked: bool,
    kinds: Vec<Kind>,
    /// Some of its kinds are ticked.
    is_open: bool,
}

#[derive(Debug, Serialize)]
struct Kind {
    word: &'static str,
    sentence: &'static str,
    checked: bool,
}

/// A new endpoint, or one that is changed.
#[derive(Debug, Serialize)]
pub(super) struct FormPage {
    /// Of the one that is changed.
    id: Option<String>,
    url: String,
    note: String,
    everything: bool,
    groups: Vec<Group>,
    errors: Option<FormErrors>,
}

impl FormPage {
    fn of(outreach: &Outreach, id: Option<EndpointId>, typed: Typed, error: Option<&Error>) -> Self {
        let is_ticked = |word: &str| typed.kinds.iter().any(|kind| kind == word);
        let mut groups: Vec<Group> = Vec::new();
        for (word, sentence) in outreach.kinds() {
            let name = word.split('.').next().unwrap_or(word);
            let kind = Kind { word, sentence, checked: is_ticked(word) };
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.kinds.push(kind),
                None => {
                    let all = format!("{name}.*");
                    let checked = is_ticked(&all);
                    groups.push(Group {
                        all,
                        name: name.to_owned(),
                        checked,
                        kinds: vec![kind],
                        is_open: false,
                    });
                }
            }
        }
        for group in &mut groups {
            group.is_open = group.kinds.iter().any(|kind| kind.checked);
        }
        Self {
            id: id.map(|id| id.to_string()),
            everything: is_ticked("*"),
            groups,
            url: typed.url,
            note: typed.note,
            errors: error.map(FormErrors::of),
        }
    }
}

impl Page for FormPage {
    const TEMPLATE: &'static str = "outreach/form.html";
    #[cfg(test)]
    fn sample() -> Self {
        let evil = "<script>alert(1)</script>".to_owned();
        let kind = Kind { word: "order.placed", sentence: "An order was placed.", checked: true };
        Self {
            id: Some("whe_1".to_owned()),
            url: evil.clone(),
            note: evil,
            everything: false,
            groups: vec![Group {
                all: "order.*".to_owned(),
                name: "order".to_owned(),
                checked: false,
                kinds: vec![kind],
                is_open: true,
            }],
            errors: Some(FormErrors::of(
                &Error::invalid("required", "Choose the events to send.").on("/kinds"),
            )),
        }
    }
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Typed {
    url: String,
    note: String,
    kinds: Vec<String>,
}

impl Typed {
    fn wish(&self) -> Wish {
        Wish { url: Some(self.url.clone()), kinds: Some(self.kinds.clone()), note: Some(self.note.clone()) }
    }
}

/// `GET /admin/webhooks/new`
pub(super) async fn new(
    _me: Me,
    outreach: web::Data<Outreach>,
    (pages, shell): (web::Data<Pages>, Shell),
) -> Result<HttpResponse> {
    pages.show(&shell, &FormPage::of(&outreach, None, Typed::default(), None))
}

/// `POST /admin/webhooks`
pub(super) async fn create(
    me: Me,
    (store, outreach): Parts,
    access: web::Data<Access>,
    (pages, shell): (web::Data<Pages>, Shell),
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let epoch = store.epoch();
    let made = match outreach.checked(&typed.wish(), None) {
        Ok(new) => store.write(me.actor(), move |tx| ops::add(tx, &new, epoch)).await,
        Err(error) => Err(error),
    };
    match made {
        Ok((id, secret)) => {
            let ticket = access.reveal_later(me.session().id, secret.text());
            let toast = Toast::ok("The webhook is added.").saved("webhook-new");
            see_other(&format!("{PATH}/{id}?shown={ticket}"), Some(toast))
        }
        Err(error) if Outreach::is_for_the_form(&error) => {
            let page = FormPage::of(&outreach, None, typed, Some(&error));
            pages.show_as(status(&error), &shell, &page)
        }
        Err(error) => Err(error),
    }
}

/// `GET /admin/webhooks/{id}/edit`
pub(super) async fn edit(
    _me: Me,
    (store, outreach): Parts,
    (pages, shell): (web::Data<Pages>, Shell),
    PathId(id): PathId<EndpointId>,
) -> Result<HttpResponse> {
    let whole = store.read(|s| ops::whole(s, id))?;
    let typed = Typed { url: whole.endpoint.url, note: whole.endpoint.note, kinds: whole.subscription.kinds };
    pages.show(&shell, &FormPage::of(&outreach, Some(id), typed, None))
}

/// `POST /admin/webhooks/{id}`
pub(super) async fn save(
    me: Me,
    (store, outreach): Parts,
    (pages, shell): (web::Data<Pages>, Shell),
    PathId(id): PathId<EndpointId>,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let there = store.read(|s| ops::get(s, id))?;
    let saved = match outreach.checked(&typed.wish(), Some(&there)) {
        Ok(new) => store.write(me.actor(), move |tx| ops::change(tx, id, &new)).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(()) => {
            let toast = Toast::ok("The webhook is saved.").saved(format!("webhook-{id}"));
            see_other(&format!("{PATH}/{id}"), Some(toast))
        }
        Err(error) if Outreach::is_for_the_form(&error) => {
            let page = FormPage::of(&outreach, Some(id), typed, Some(&error));
            pages.show_as(status(&error), &shell, &page)
        }
        Err(error) => Err(error),
    }
}

/// Makes a change and shows the endpoint again; a refusal is said there.
async fn done<T: Send + 'static>(
    me: &Me,
    (store, outreach): (&Store, &Outreach),
    id: EndpointId,
    says: &str,
    op: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> Result<HttpResponse> {
    let toast = match store.write(me.actor(), op).await {
        Ok(_) => Toast::ok(says),
        Err(error) if Outreach::is_for_the_form(&error) => Toast::error(error.message.to_string()),
        Err(error) => return Err(error),
    };
    outreach.work.wake();
    see_other(&format!("{PATH}/{id}"), Some(toast))
}

/// `POST /admin/webhooks/{id}/pause`
pub(super) async fn pause(
    me: Me,
    (store, outreach): Parts,
    PathId(id): PathId<EndpointId>,
) -> Result<HttpResponse> {
    let reason = format!("Paused by {}.", me.actor().name);
    let says = "The webhook is paused. Events are kept for it.";
    done(&me, (&store, &outreach), id, says, move |tx| ops::pause(tx, id, &reason)).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ResumeForm {
    /// `send` or `skip`.
    missed: String,
}

/// `POST /admin/webhooks/{id}/resume`
pub(super) async fn resume(
    me: Me,
    (store, outreach): Parts,
    PathId(id): PathId<EndpointId>,
    Form(form): Form<ResumeForm>,
) -> Result<HttpResponse> {
    let (epoch, last) = (store.epoch(), store.last_seq());
    let skip_to = match form.missed.as_str() {
        "skip" => Some(last),
        "" | "send" => None,
        _ => return Err(Error::invalid("invalid_choice", "Choose send or skip.").on("/missed")),
    };
    let op = move |tx: &mut Tx<'_>| ops::resume(tx, id, skip_to, epoch);
    done(&me, (&store, &outreach), id, "The webhook goes on.", op).await
}

/// `POST /admin/webhooks/{id}/rotate`
pub(super) async fn rotate(
    me: Me,
    store: web::Data<Store>,
    access: web::Data<Access>,
    PathId(id): PathId<EndpointId>,
) -> Result<HttpResponse> {
    let secret = store.write(me.actor(), move |tx| ops::rotate(tx, id)).await?;
    let ticket = access.reveal_later(me.session().id, secret.text());
    see_other(&format!("{PATH}/{id}?shown={ticket}"), None)
}

/// `POST /admin/webhooks/{id}/test`
pub(super) async fn test(
    me: Me,
    (store, outreach): Parts,
    PathId(id): PathId<EndpointId>,
) -> Result<HttpResponse> {
    let says = "A test is on its way. What comes back appears under Attempts.";
    done(&me, (&store, &outreach), id, says, move |tx| ops::test(tx, id)).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReplayForm {
    /// A day, in the shop's zone.
    since: String,
    /// Said on the page that tells how many there are.
    sure: String,
}

/// How much is sent again, before it is.
#[derive(Debug, Serialize)]
pub(super) struct ReplayPage {
    hook: String,
    since: String,
    /// Events of every kind since then; the endpoint wants some of them.
    events: u64,
}

impl Page for ReplayPage {
    const TEMPLATE: &'static str = "outreach/replay.html";
    #[cfg(test)]
    fn sample() -> Self {
        let since = "<script>alert(1)</script>".to_owned();
        Self { hook: "whe_1".to_owned(), since, events: 12_034 }
    }
}

/// `POST /admin/webhooks/{id}/replay`: says first how much that is, and does it when that was seen.
pub(super) async fn replay(
    me: Me,
    (store, outreach): Parts,
    shop: web::Data<crate::access::Shop>,
    (pages, shell): (web::Data<Pages>, Shell),
    PathId(id): PathId<EndpointId>,
    Form(form): Form<ReplayForm>,
) -> Result<HttpResponse> {
    let refused = |says: &str| see_other(&format!("{PATH}/{id}"), Some(Toast::error(says)));
    let since = form.since.trim().parse::<jiff::civil::Date>().ok();
    let Some(since): Option<Timestamp> = since.and_then(|day| shop.zone().date_start(day)) else {
        return refused("Choose the day from which everything is sent again.");
    };
    if since > me.now() {
        return refused("That day has not come yet. Choose one that has.");
    }
    let last = store.last_seq();
    let after = store.read(|s| subscriptions::seq_before(s, since, last))?;
    if form.sure.is_empty() {
        store.read(|s| ops::get(s, id))?;
        let (hook, events) = (id.to_string(), last.saturating_sub(after));
        return pages.show(&shell, &ReplayPage { hook, since: form.since.trim().to_owned(), events });
    }
    let says = "Everything since that day is sent again.";
    done(&me, (&store, &outreach), id, says, move |tx| ops::replay(tx, id, after)).await
}

/// `POST /admin/webhooks/{id}/retry-failed`
pub(super) async fn retry_failed(
    me: Me,
    (store, outreach): Parts,
    PathId(id): PathId<EndpointId>,
) -> Result<HttpResponse> {
    let says = "Everything that was given up is sent again.";
    done(&me, (&store, &outreach), id, says, move |tx| ops::again(tx, id)).await
}

/// `POST /admin/webhooks/{id}/remove`
pub(super) async fn remove(
    me: Me,
    store: web::Data<Store>,
    PathId(id): PathId<EndpointId>,
) -> Result<HttpResponse> {
    store.write(me.actor(), move |tx| ops::remove(tx, id)).await?;
    see_other(PATH, Some(Toast::ok("The webhook is removed. Nothing is sent there any more.")))
}

/// `POST /admin/webhooks/{id}/attempts/{attempt}`
pub(super) async fn send_again(
    me: Me,
    (store, outreach): Parts,
    PathId(id): PathId<EndpointId>,
    path: routing::Path<(String, String)>,
) -> Result<HttpResponse> {
    let attempt = AttemptId::parse(&path.1)?;
    let says = "The message is sent again. What comes back appears under Attempts.";
    done(&me, (&store, &outreach), id, says, move |tx| ops::send_again(tx, id, attempt)).await
}

/// `POST /admin/webhooks/{id}/jobs/{job}/cancel`
pub(super) async fn cancel(
    me: Me,
    (store, outreach): Parts,
    PathId(id): PathId<EndpointId>,
    path: routing::Path<(String, String)>,
) -> Result<HttpResponse> {
    let job = JobId::parse(&path.1)?;
    if store.read(|s| jobs::get(s, job))?.lane != id.to_string() {
        return Err(Error::not_found("job", job));
    }
    let toast = match outreach.work.cancel(me.actor(), job).await {
        Ok(()) => Toast::ok("It is not sent any more."),
        Err(error) if Outreach::is_for_the_form(&error) => Toast::error(error.message.to_string()),
        Err(error) => return Err(error),
    };
    see_other(&format!("{PATH}/{id}"), Some(toast))
}
