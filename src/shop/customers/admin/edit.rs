//! Adding and editing a customer: a refused form keeps everything, and two people never overwrite each other.

use super::clash::{Clash, Merged, PICK, WAS, merge, picks_theirs, was};
use super::draft::{Draft, FIELDS, landing};
use crate::access::{Staff, may};
use crate::base::country;
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id;
use crate::base::time::Timestamp;
use crate::shop::customers::{Customer, CustomerId, add, change, get};
use crate::store::{Read, Store, StoredEvent, Subject, Tx, events};
use crate::web::parts::{FormErrors, Link};
use crate::web::{Fields, Page, Pages, PathId, Shell, Toast, see_other};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The list of customers.
const LIST: &str = "/admin/customers";

/// A form to add or edit a customer.
#[derive(Debug, Serialize)]
pub(super) struct FormPage {
    title: String,
    back: Link,
    action: String,
    verb: &'static str,
    errors: Option<FormErrors>,
    /// What the browser keeps an unfinished form under.
    draft_name: String,
    draft: Draft,
    /// What the form showed when it was opened: name and value of hidden fields.
    hidden: Vec<(String, String)>,
    countries: Vec<&'static str>,
    /// The field or button where the cursor stands; empty at the top of the page.
    focus: String,
}

impl FormPage {
    /// The form after one of its own buttons.
    fn at(self, button: Option<&str>) -> Self {
        Self { focus: landing(button.unwrap_or_default(), &self.draft), ..self }
    }
    fn adding(shell: &Shell, draft: Draft, once: Option<&str>, errors: Option<FormErrors>) -> Self {
        let once = once.map_or_else(|| shell.request_id.clone(), str::to_owned);
        Self {
            title: "Add a customer".into(),
            back: Link::new("Customers", shell.from.clone().unwrap_or_else(|| LIST.into())),
            action: format!("{LIST}/new"),
            verb: "Add customer",
            errors,
            draft_name: "customer/new".into(),
            draft,
            hidden: vec![("once".into(), once)],
            countries: country::names().collect(),
            focus: String::new(),
        }
    }
    fn editing(
        id: CustomerId,
        name: &str,
        draft: Draft,
        shown: Vec<(String, String)>,
        errors: Option<FormErrors>,
    ) -> Self {
        Self {
            title: format!("Edit {name}"),
            back: Link::new(name, path_of(id)),
            action: format!("{}/edit", path_of(id)),
            verb: "Save",
            errors,
            draft_name: format!("customer/{id}"),
            draft,
            hidden: shown,
            countries: country::names().collect(),
            focus: String::new(),
        }
    }
}

impl Page for FormPage {
    const TEMPLATE: &'static str = "customers/form.html";
    #[cfg(test)]
    fn sample() -> Self {
        let customer = super::samples::customer();
        let draft = Draft::of(&customer);
        let error =
            Error::invalid("invalid_email", "Enter an e-mail address such as anna@example.com.").on("/email");
        let shown = shown_of(&customer, &draft);
        Self::editing(customer.id, "Anna Berg", draft, shown, Some(FormErrors::of(&error)))
    }
}

/// The page that asks which of two values counts.
#[derive(Debug, Serialize)]
pub(super) struct ClashPage {
    name: String,
    back: Link,
    action: String,
    clashes: Vec<Clash>,
    /// Everything that was typed, and the present state as what was seen.
    hidden: Vec<(String, String)>,
    pick: &'static str,
}

impl Page for ClashPage {
    const TEMPLATE: &'static str = "customers/clash.html";
    #[cfg(test)]
    fn sample() -> Self {
        let customer = super::samples::customer();
        let clash =
            Clash { field: "phone", label: "Phone", theirs: "030 1".into(), mine: "030 2".into(), who: None };
        clash_page(&customer, &Draft::of(&customer), vec![clash])
    }
}

fn path_of(id: CustomerId) -> String {
    format!("{LIST}/{id}")
}

/// The hidden fields of a form that shows `draft` of this customer.
fn shown_of(customer: &Customer, draft: &Draft) -> Vec<(String, String)> {
    let mut hidden = vec![("version".to_owned(), customer.version.to_string())];
    hidden.extend(FIELDS.iter().map(|(field, _)| (format!("{WAS}{field}"), draft.text(field))));
    hidden
}

/// `GET /admin/customers/new`
pub(super) async fn new(
    _staff: Staff<may::EditCustomers>,
    shell: Shell,
    pages: web::Data<Pages>,
) -> Result<HttpResponse> {
    pages.show(&shell, &FormPage::adding(&shell, Draft::empty(), None, None))
}

/// `POST /admin/customers/new`
pub(super) async fn add_one(
    staff: Staff<may::EditCustomers>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    fields: Fields,
) -> Result<HttpResponse> {
    let mut draft = Draft::read(&fields);
    let once = fields.get("once");
    if draft.press(fields.get("do").unwrap_or_default()) {
        return pages.show(&shell, &FormPage::adding(&shell, draft, once, None).at(fields.get("do")));
    }
    let new = draft.clone().into_new();
    let actor = staff.actor();
    let resend = Resend::of(&actor.id, &fields);
    let added = store.write(actor, move |tx| resend.once(tx, |tx| Ok(add(tx, &new, "page")?.id))).await;
    match added {
        Ok(id) => {
            let toast = Toast::ok("Customer added.").saved("customer/new");
            see_other(&path_of(id), Some(toast))
        }
        Err(error) => {
            let (status, errors) = refusal(error)?;
            pages.show_as(status, &shell, &FormPage::adding(&shell, draft, once, Some(errors)))
        }
    }
}

/// `GET /admin/customers/{id}/edit`
pub(super) async fn show(
    _staff: Staff<may::EditCustomers>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    id: PathId<CustomerId>,
) -> Result<HttpResponse> {
    let customer = store.read(|s| get(s, id.0))?;
    let draft = Draft::of(&customer);
    let shown = shown_of(&customer, &draft);
    pages.show(&shell, &FormPage::editing(id.0, &customer.name(), draft, shown, None))
}

/// What saving came to.
enum Saved {
    Done { changed: bool },
    Asked(Box<Customer>, Merged),
}

/// `POST /admin/customers/{id}/edit`
pub(super) async fn save(
    staff: Staff<may::EditCustomers>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    id: PathId<CustomerId>,
    fields: Fields,
) -> Result<HttpResponse> {
    let id = id.0;
    let mut draft = Draft::read(&fields);
    let name = store.read(|s| Ok(get(s, id)?.name()))?;
    if draft.press(fields.get("do").unwrap_or_default()) {
        let page = FormPage::editing(id, &name, draft, carried(&fields), None);
        return pages.show(&shell, &page.at(fields.get("do")));
    }
    let (mine, sent) = (draft.clone(), fields.clone());
    match store.write(staff.actor(), move |tx| merged(tx, id, &mine, &sent)).await {
        Ok(Saved::Done { changed }) => {
            let text = if changed { format!("Saved {name}.") } else { "Nothing was changed.".to_owned() };
            see_other(&path_of(id), Some(Toast::ok(text).saved(format!("customer/{id}"))))
        }
        Ok(Saved::Asked(present, merged)) => {
            let page = clash_page(&present, &merged.draft, merged.clashes);
            pages.show_as(StatusCode::CONFLICT, &shell, &page)
        }
        Err(error) => {
            let (status, errors) = refusal(error)?;
            let page = FormPage::editing(id, &name, draft, carried(&fields), Some(errors));
            pages.show_as(status, &shell, &page)
        }
    }
}

/// Saves what was typed on top of what is there now, or says what has to be asked; in one transaction.
fn merged(tx: &mut Tx<'_>, id: CustomerId, mine: &Draft, fields: &Fields) -> Result<Saved> {
    let present = get(tx, id)?;
    let theirs = Draft::of(&present);
    let mut mine = mine.clone();
    for (field, _) in FIELDS.iter().filter(|(field, _)| picks_theirs(fields, field)) {
        mine.take(field, &theirs);
    }
    let mut merged = merge(&mine, &theirs, |field| was(fields, field));
    if !merged.clashes.is_empty() {
        for clash in &mut merged.clashes {
            clash.who = last_change(tx, id, clash.field)?;
        }
        return Ok(Saved::Asked(Box::new(present), merged));
    }
    let after = change(tx, id, None, &merged.draft.change_of(&theirs))?;
    Ok(Saved::Done { changed: after.version != present.version })
}

/// Who changed a field last, and when.
fn last_change(r: &impl Read, id: CustomerId, field: &str) -> Result<Option<(String, Timestamp)>> {
    let field = field.split('.').next().unwrap_or(field);
    let events = events::of_subject(r, &Subject::of(&id), None, 50)?;
    let is_it = |e: &StoredEvent| e.data.get("changes").and_then(|c| c.get(field)).is_some();
    Ok(events.into_iter().find(is_it).map(|e| (e.actor.name, e.at)))
}

/// The hidden fields of the form as they came, for showing it again.
fn carried(fields: &Fields) -> Vec<(String, String)> {
    let is_hidden = |name: &str| name == "version" || name.starts_with(WAS);
    fields.0.iter().filter(|(name, _)| is_hidden(name)).cloned().collect()
}

fn clash_page(present: &Customer, mine: &Draft, clashes: Vec<Clash>) -> ClashPage {
    let mut hidden = shown_of(present, &Draft::of(present));
    hidden.extend(mine.pairs());
    ClashPage {
        name: present.name(),
        back: Link::new(present.name(), path_of(present.id)),
        action: format!("{}/edit", path_of(present.id)),
        clashes,
        hidden,
        pick: PICK,
    }
}

/// What a form shows of a refusal; anything else is an error page.
fn refusal(error: Error) -> Result<(StatusCode, FormErrors)> {
    match error.kind {
        Kind::Invalid => Ok((StatusCode::UNPROCESSABLE_ENTITY, FormErrors::of(&error))),
        Kind::Conflict => Ok((StatusCode::CONFLICT, FormErrors::of(&error))),
        _ => Err(error),
    }
}

/// A form that may arrive twice: a double click, a slow line, the back button.
struct Resend {
    scope: String,
    /// The form's own key with what was typed: another person typed into the same form is another customer.
    key: Option<String>,
    hash: [u8; 32],
}

impl Resend {
    fn of(actor: &str, fields: &Fields) -> Self {
        let mut hash = Sha256::new();
        for (name, value) in &fields.0 {
            hash.update(name);
            hash.update([0]);
            hash.update(value);
            hash.update([0]);
        }
        let hash: [u8; 32] = hash.finalize().into();
        let short: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
        let key = fields
            .get("once")
            .filter(|k| !k.is_empty() && k.len() <= 64)
            .map(|once| format!("{once}.{short}"));
        Self { scope: format!("form/customer/{actor}"), key, hash }
    }
    /// Runs `op` the first time; afterwards gives what it gave then.
    fn once(
        &self,
        tx: &mut Tx<'_>,
        op: impl FnOnce(&mut Tx<'_>) -> Result<CustomerId>,
    ) -> Result<CustomerId> {
        let Some(key) = &self.key else { return op(tx) };
        if let Some(first) = tx.replay(&self.scope, key, &self.hash)? {
            return CustomerId::parse(&String::from_utf8_lossy(&first.body));
        }
        let id = op(tx)?;
        tx.remember(&self.scope, key, &self.hash, StatusCode::SEE_OTHER.as_u16(), id.to_string().as_bytes())?;
        Ok(id)
    }
}
