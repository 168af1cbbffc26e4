//! The page of a credit note.

use super::sheet::{LineRow, line_row};
use crate::access::{Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id;
use crate::base::money::Money;
use crate::base::time::Timestamp;
use crate::shop::customers;
use crate::shop::orders::{CreditKind, CreditNote, CreditNoteId, get_credit_note, sees_prices};
use crate::store::{Read, Store};
use crate::web::parts::{Link, Pair};
use crate::web::routing;
use crate::web::{Page, Pages, Shell};
use actix_web::{HttpResponse, web};
use serde::Serialize;

/// The page as its template shows it.
#[derive(Debug, Serialize)]
pub(super) struct CreditNotePage {
    title: String,
    back: Link,
    issued_at: Timestamp,
    /// Why it is there, in a sentence.
    what: &'static str,
    customer: Option<Link>,
    lines: Vec<LineRow>,
    total: Money,
    facts: Vec<Pair>,
}

impl Page for CreditNotePage {
    const TEMPLATE: &'static str = "orders/credit_note.html";
    #[cfg(test)]
    fn sample() -> Self {
        super::samples::credit_note_page()
    }
}

impl CreditNotePage {
    pub(super) fn of(r: &impl Read, note: &CreditNote, may_see_customers: bool) -> Result<Self> {
        let name = match note.customer {
            Some(id) => customers::find(r, id)?.map(|c| c.name()),
            None => None,
        };
        let link = |(id, name)| {
            Link::new(name, if may_see_customers { format!("/admin/customers/{id}") } else { String::new() })
        };
        Ok(Self::new(note, note.customer.zip(name).map(link)))
    }

    pub(super) fn new(note: &CreditNote, customer: Option<Link>) -> Self {
        let (title, what) = match note.kind {
            CreditKind::Credit => ("Credit note", "Money given back for what came back or was credited."),
            CreditKind::Adjustment => {
                ("Adjustment", "A manual entry of the ledger, such as written-off debt.")
            }
        };
        let country = Some(note.country.as_str()).filter(|c| !c.is_empty()).map(crate::base::country::name);
        let facts = [
            ("Country", country),
            ("Source", note.source.as_ref().map(|s| s.source.clone())),
            ("Id there", note.source.as_ref().map(|s| s.id.clone())),
            ("Id", Some(note.id.to_string())),
        ];
        let pair =
            |(label, value): (&str, Option<String>)| Some(Pair { label: label.to_owned(), value: value? });
        Self {
            title: format!("{title} {}", note.number),
            back: Link::new("Orders", "/admin/orders"),
            issued_at: note.issued_at,
            what,
            customer,
            lines: note.lines.iter().map(|l| line_row(l, note.currency)).collect(),
            total: Money::new(note.total, note.currency),
            facts: facts.into_iter().filter_map(pair).collect(),
        }
    }
}

/// `GET /admin/credit-notes/{id}`
pub(super) async fn show(
    staff: Staff<may::ViewOrders>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    id: routing::Path<String>,
) -> Result<HttpResponse> {
    if !sees_prices(|word| staff.may(word)) {
        let text =
            "Credit notes are about money: you need the permission “Edit orders” (orders:edit) to see them.";
        return Err(Error::refuse(Kind::Forbidden, "missing_permission", text));
    }
    let id = CreditNoteId::parse(&id)?;
    let may_see_customers = staff.may("customers:view");
    let page = store.read(|s| CreditNotePage::of(s, &get_credit_note(s, id)?, may_see_customers))?;
    pages.show(&shell, &page)
}
