//! Editing an order: contact, addresses, tags, custom fields. Two people who edit at once lose nothing.

use super::act::order_path;
use super::draft::{ADDRESSES, Clash, Draft, META, PARTS, WAS, label, merge, shown};
use crate::access::{Staff, may};
use crate::base::country;
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id;
use crate::base::time::Timestamp;
use crate::shop::orders::{Order, OrderId, change, get};
use crate::store::{Read, Store, Subject, Tx, events};
use crate::web::parts::{FormErrors, Link};
use crate::web::routing;
use crate::web::{Fields, Page, Pages, Query, Shell, Toast, see_other};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Empty rows for new custom fields.
const NEW_ROWS: usize = 2;

/// Where to go back to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FromQuery {
    pub from: Option<String>,
}

/// A text field.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    pub name: String,
    pub label: String,
    pub value: String,
}

/// A group of fields: an address.
#[derive(Debug, Serialize)]
pub(super) struct Block {
    pub label: &'static str,
    pub fields: Vec<Field>,
}

/// The form as its template shows it.
#[derive(Debug, Serialize)]
pub(super) struct EditPage {
    pub number: u64,
    pub id: String,
    pub version: u64,
    pub from: String,
    pub back: Link,
    pub email: String,
    pub phone: String,
    pub note: String,
    pub tags: String,
    pub addresses: Vec<Block>,
    pub metadata: Vec<Field>,
    /// Name and value of custom fields that are being added.
    pub added: Vec<(String, String)>,
    /// Name and text of every field as the order had it.
    pub was: Vec<(String, String)>,
    pub countries: Vec<&'static str>,
    pub errors: Option<FormErrors>,
}

impl Page for EditPage {
    const TEMPLATE: &'static str = "orders/edit.html";
    #[cfg(test)]
    fn sample() -> Self {
        let order = super::samples::hostile("<script>alert(1)</script>");
        Self::of(&order, &Draft::of(&order), &Draft::of(&order), String::new())
    }
}

impl EditPage {
    /// The form with `typed` in its fields; `was` is what the order had when typing began.
    pub(super) fn of(order: &Order, typed: &Draft, was: &Draft, from: String) -> Self {
        let field = |name: String, label: &str| Field {
            value: typed.get(&name).to_owned(),
            label: label.to_owned(),
            name,
        };
        let block = |(address, label): &(&str, &'static str)| Block {
            label,
            fields: PARTS.iter().map(|(part, label)| field(format!("{address}.{part}"), label)).collect(),
        };
        Self {
            number: order.number,
            id: order.id.to_string(),
            version: order.version,
            back: Link::new(format!("Order #{}", order.number), order_path(order.id, Some(&from))),
            from,
            email: typed.get("email").to_owned(),
            phone: typed.get("phone").to_owned(),
            note: typed.get("note").to_owned(),
            tags: typed.get("tags").to_owned(),
            addresses: ADDRESSES.iter().map(block).collect(),
            metadata: typed.metadata().map(|(key, _)| field(format!("{META}{key}"), key)).collect(),
            added: vec![(String::new(), String::new()); NEW_ROWS],
            was: was.all().map(|(name, text)| (format!("{WAS}{name}"), text.to_owned())).collect(),
            countries: country::names().collect(),
            errors: None,
        }
    }
}

/// One clash as the page asks about it: two values to choose from.
#[derive(Debug, Serialize)]
pub(super) struct Question {
    pub name: String,
    pub label: String,
    pub theirs: String,
    pub mine: String,
    pub theirs_shown: String,
    pub mine_shown: String,
    pub who: String,
    pub at: Option<Timestamp>,
}

/// The page that asks which of two edits holds.
#[derive(Debug, Serialize)]
pub(super) struct ClashPage {
    pub number: u64,
    pub id: String,
    pub back: Link,
    pub questions: Vec<Question>,
    /// Every other field of the form, as it is to be sent again.
    pub hidden: Vec<(String, String)>,
}

impl Page for ClashPage {
    const TEMPLATE: &'static str = "orders/clash.html";
    #[cfg(test)]
    fn sample() -> Self {
        let order = super::samples::order();
        let clash =
            Clash { name: "phone".into(), theirs: "030 1".into(), mine: "<script>alert(1)</script>".into() };
        let asked = question(&clash, Some(("Jonas".to_owned(), order.updated_at)));
        Self::of(&order, vec![asked], &Draft::of(&order), "")
    }
}

impl ClashPage {
    fn of(order: &Order, questions: Vec<Question>, merged: &Draft, from: &str) -> Self {
        let is_asked = |name: &str| questions.iter().any(|q| q.name == name);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut hidden = vec![pair("version", &order.version.to_string()), pair("from", from)];
        hidden.extend(merged.all().filter(|(name, _)| !is_asked(name)).map(|(n, v)| pair(n, v)));
        hidden.extend(Draft::of(order).all().map(|(n, v)| pair(&format!("{WAS}{n}"), v)));
        Self {
            number: order.number,
            id: order.id.to_string(),
            back: Link::new(format!("Order #{}", order.number), order_path(order.id, Some(from))),
            questions,
            hidden,
        }
    }
}

fn question(clash: &Clash, by: Option<(String, Timestamp)>) -> Question {
    let (who, at) = by.map_or_else(|| ("Somebody else".to_owned(), None), |(who, at)| (who, Some(at)));
    Question {
        label: label(&clash.name),
        theirs_shown: shown(&clash.name, &clash.theirs),
        mine_shown: shown(&clash.name, &clash.mine),
        name: clash.name.clone(),
        theirs: clash.theirs.clone(),
        mine: clash.mine.clone(),
        who,
        at,
    }
}

/// What came of sending the form.
enum Sent {
    Saved { number: u64, changed: bool },
    Asked(Box<ClashPage>),
}

/// `GET /admin/orders/{id}/edit`
pub(super) async fn form(
    _staff: Staff<may::EditOrders>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    id: routing::Path<String>,
    query: Query<FromQuery>,
) -> Result<HttpResponse> {
    let id = OrderId::parse(&id)?;
    let order = store.read(|s| get(s, id))?;
    let draft = Draft::of(&order);
    pages.show(&shell, &EditPage::of(&order, &draft, &draft, query.0.from.unwrap_or_default()))
}

/// `POST /admin/orders/{id}/edit`
pub(super) async fn save(
    staff: Staff<may::EditOrders>,
    shell: Shell,
    (pages, store): (web::Data<Pages>, web::Data<Store>),
    id: routing::Path<String>,
    fields: Fields,
) -> Result<HttpResponse> {
    let id = OrderId::parse(&id)?;
    let from = fields.get("from").unwrap_or_default().to_owned();
    let sent = fields.clone();
    match store.write(staff.actor(), move |tx| saved(tx, id, &sent)).await {
        Ok(Sent::Saved { number, changed }) => {
            let text =
                if changed { format!("Order #{number} saved.") } else { "Nothing was changed.".to_owned() };
            see_other(&order_path(id, Some(&from)), Some(Toast::ok(text).saved(format!("order-{id}"))))
        }
        Ok(Sent::Asked(page)) => pages.show_as(StatusCode::CONFLICT, &shell, page.as_ref()),
        Err(error) if matches!(error.kind, Kind::Invalid) => {
            let order = store.read(|s| get(s, id))?;
            let page = corrected(&order, &fields, &error, from);
            pages.show_as(StatusCode::UNPROCESSABLE_ENTITY, &shell, &page)
        }
        Err(error) => Err(error),
    }
}

/// The form again with everything that was typed.
fn corrected(order: &Order, fields: &Fields, error: &Error, from: String) -> EditPage {
    let (typed, was) = (Draft::read(fields, ""), Draft::read(fields, WAS));
    let mut page = EditPage::of(order, &typed, &was, from);
    // The version the fields began with, so that a change by somebody else is still noticed.
    page.version = fields.get("version").and_then(|v| v.parse().ok()).unwrap_or(order.version);
    page.errors = Some(FormErrors::of(error));
    page
}

/// Saves what was typed; merges it with what others changed since the form was shown.
fn saved(tx: &mut Tx<'_>, id: OrderId, fields: &Fields) -> Result<Sent> {
    let order = get(tx, id)?;
    let (was, mine) = (Draft::read(fields, WAS), Draft::read(fields, ""));
    let is_current = fields.get("version").and_then(|v| v.parse().ok()) == Some(order.version);
    let (draft, clashes) =
        if is_current { (mine, Vec::new()) } else { merge(&was, &Draft::of(&order), &mine) };
    if clashes.is_empty() {
        let after = change(tx, id, None, &draft.change(&order))?;
        return Ok(Sent::Saved { number: after.number, changed: after.version != order.version });
    }
    let mut questions = Vec::with_capacity(clashes.len());
    for clash in &clashes {
        questions.push(question(clash, last_change(tx, id, &clash.name)?));
    }
    let from = fields.get("from").unwrap_or_default();
    Ok(Sent::Asked(Box::new(ClashPage::of(&order, questions, &draft, from))))
}

/// Who changed a field last, and when.
fn last_change(r: &impl Read, id: OrderId, name: &str) -> Result<Option<(String, Timestamp)>> {
    let field = name.split('.').next().unwrap_or(name);
    let events = events::of_subject(r, &Subject::of(&id), None, 50)?;
    let is_it = |data: &serde_json::Value| data.get("changes").and_then(|c| c.get(field)).is_some();
    Ok(events.into_iter().find(|e| is_it(&e.data)).map(|e| (super::timeline::who(&e.actor), e.at)))
}
