//! What a form of these pages was about, in words, for the page that shows it again after a session had ended: which
//! orders, what was to be done, and only the fields that belong to it.

use crate::access::parked::Told;
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::shop::orders::{CancelReason, Named, Order, OrderId, Step, find, find_by_number, step_named};
use crate::store::Snapshot;

/// Orders of a bulk action that are named; of more only the number is said.
const NAMED_MAX: usize = 20;

/// What a form says that was sent to `path`; `None` for one of another feature.
///
/// # Errors
/// Faults of the store only.
pub fn told(s: &Snapshot, path: &str, sent: &[(String, String)]) -> Result<Option<Told>> {
    let path = path.split('?').next().unwrap_or_default();
    let Some(rest) = path.strip_prefix("/admin/orders/") else { return Ok(None) };
    if rest == "bulk" {
        return bulk(s, sent).map(Some);
    }
    let Some((order, what)) = rest.split_once('/') else { return Ok(None) };
    let Some(order) = order_of(s, order)? else { return Ok(None) };
    let title = |what: &str| format!("{what}: order #{}", order.number);
    Ok(match what.split('/').next().unwrap_or_default() {
        // Its own page tells what was changed better than a list of all there was.
        "edit" => Some(Told { title: title("Change"), fields: None }),
        "notes" => {
            Some(Told { title: title("Note"), fields: Some(said(sent, &[("text", "Note for staff")])) })
        }
        "parcels" => Some(Told {
            title: title("Parcel"),
            fields: Some(said(sent, &[("carrier", "Carrier"), ("tracking", "Tracking number")])),
        }),
        word => step_named(word)
            .ok()
            .map(|step| Told { title: title(step.label()), fields: Some(of_step(step, sent, "note")) }),
    })
}

fn order_of(s: &Snapshot, text: &str) -> Result<Option<Order>> {
    let id = match Named::read(text) {
        Ok(Named::Id(id)) => Some(id),
        Ok(Named::Number(number)) => find_by_number(s, number)?,
        Err(_) => None,
    };
    id.map_or(Ok(None), |id| find(s, id))
}

fn first<'a>(sent: &'a [(String, String)], name: &str) -> &'a str {
    sent.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
}

/// The fields with these names that say something.
fn said(sent: &[(String, String)], names: &[(&str, &str)]) -> Vec<(String, String)> {
    names
        .iter()
        .map(|(name, label)| ((*label).to_owned(), first(sent, name).to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// What belongs to a step; the reason for a hold has its own name where several steps share a form.
fn of_step(step: Step, sent: &[(String, String)], hold: &str) -> Vec<(String, String)> {
    match step {
        Step::Ship => {
            let mut fields = said(sent, &[("carrier", "Carrier"), ("tracking", "Tracking number")]);
            if !first(sent, "more_follows").is_empty() {
                fields.push(("More follows".to_owned(), "in another parcel".to_owned()));
            }
            fields
        }
        Step::Pay => {
            said(sent, &[("amount", "Amount"), ("method", "How it was paid"), ("reference", "Reference")])
        }
        Step::Refund => said(sent, &[("amount", "Amount"), ("note", "Note for staff")]),
        Step::Hold => said(sent, &[(hold, "Reason for the hold")]),
        Step::Cancel => {
            let why = CancelReason::from_word(first(sent, "reason")).map(|r| r.label().to_owned());
            let why = why.map(|label| ("Why".to_owned(), label));
            why.into_iter().chain(said(sent, &[("note", "Note for staff")])).collect()
        }
        _ => Vec::new(),
    }
}

fn bulk(s: &Snapshot, sent: &[(String, String)]) -> Result<Told> {
    let (what, mut fields) = match first(sent, "action") {
        "tag" | "enter" => ("Add a tag", said(sent, &[("tag", "Tag")])),
        "untag" => ("Remove a tag", said(sent, &[("tag", "Tag")])),
        word => match step_named(word) {
            Ok(step) => (step.label(), of_step(step, sent, "hold_note")),
            Err(_) => ("Change orders", Vec::new()),
        },
    };
    // What was done first is kept for the one who did it, and nobody has signed in here yet.
    if !first(sent, "undo").is_empty() {
        return Ok(Told { title: "Undo a change of several orders".to_owned(), fields: Some(Vec::new()) });
    }
    let ids: Vec<&str> =
        sent.iter().filter(|(name, _)| name == "id").map(|(_, value)| value.as_str()).collect();
    let mut numbers = Vec::new();
    for text in ids.iter().take(NAMED_MAX) {
        let id = text.split('.').next().unwrap_or_default();
        if let Ok(id) = OrderId::parse(id)
            && let Some(order) = find(s, id)?
        {
            numbers.push(format!("#{}", order.number));
        }
    }
    let mut orders = numbers.join(", ");
    if let Some(more) = ids.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        orders.push_str(&format!(" and {more} more"));
    }
    fields.insert(0, (if ids.len() == 1 { "Order" } else { "Orders" }.to_owned(), orders));
    let title = if ids.len() == 1 { what.to_owned() } else { format!("{what}: {} orders", ids.len()) };
    Ok(Told { title, fields: Some(fields) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::orders::admin::clicked::{Desk, wish};

    fn sent(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[actix_web::test]
    async fn a_form_for_many_orders_says_which_and_what_and_nothing_else() {
        let desk = Desk::open().await;
        let order = desk.place(wish("anna@example.com", "Mug"));
        let id = format!("{}.1", order.id);
        let form = |action: &str| {
            sent(&[
                ("action", action),
                ("id", &id),
                ("reason", "customer"),
                ("tag", ""),
                ("hold_note", "bank"),
            ])
        };
        let told = |form: &[(String, String)]| {
            desk.store.read(|s| told(s, "/admin/orders/bulk", form)).unwrap().unwrap()
        };
        let pay = told(&form("pay"));
        assert_eq!(pay.title, Step::Pay.label());
        assert_eq!(pay.fields.unwrap(), [("Order".to_owned(), format!("#{}", order.number))]);
        let hold = told(&form("hold")).fields.unwrap();
        assert_eq!(hold[1], ("Reason for the hold".to_owned(), "bank".to_owned()));
        let cancel = told(&form("cancel")).fields.unwrap();
        assert_eq!(cancel[1].0, "Why");
        let path = format!("/admin/orders/{}/ship?x=1", order.id);
        let ship =
            desk.store.read(|s| super::told(s, &path, &sent(&[("tracking", "JJD1"), ("carrier", "")])));
        let ship = ship.unwrap().unwrap();
        assert_eq!(ship.title, format!("{}: order #{}", Step::Ship.label(), order.number));
        assert_eq!(ship.fields.unwrap(), [("Tracking number".to_owned(), "JJD1".to_owned())]);
        assert!(desk.store.read(|s| super::told(s, "/admin/customers/1/edit", &[])).unwrap().is_none());
        let undo = sent(&[("undo", "01jd3m")]);
        let undo = desk.store.read(|s| super::told(s, "/admin/orders/bulk", &undo)).unwrap().unwrap();
        assert_eq!(undo.title, "Undo a change of several orders");
    }
}
