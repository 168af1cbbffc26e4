//! The mails of an order, for the page of the order.

use super::model::{Mail, MailId, State};
use super::ops;
use super::view::{self, badge};
use crate::access::Rights;
use crate::base::error::Result;
use crate::shop::orders::OrderId;
use crate::store::Snapshot;
use crate::web::parts::{Link, Slip, Slips};

/// Rows of the card.
const ROWS: usize = 8;

/// The card, for whoever may see mails; none while there are none.
///
/// # Errors
/// Faults of the store only.
pub fn of_order(s: &Snapshot, order: OrderId, rights: Rights) -> Result<Option<Slips>> {
    if !rights.may("mail:view") {
        return Ok(None);
    }
    let mails = ops::about(s, order, ROWS)?;
    if mails.items.is_empty() {
        return Ok(None);
    }
    let rows = mails.items.into_iter().map(|(id, mail)| {
        let state = ops::state(s, &mail)?;
        Ok(slip(id, &mail, state, rights))
    });
    Ok(Some(Slips {
        title: "Mails",
        word: "mails",
        rows: rows.collect::<Result<_>>()?,
        all: mails.more.then(|| Link::new("All mails", "/admin/mail")),
    }))
}

fn slip(id: MailId, mail: &Mail, state: State, rights: Rights) -> Slip {
    let act = match state {
        State::Queued if rights.may("mail:send") => {
            Some(Link::new("Cancel sending", format!("/admin/mail/{id}/cancel")))
        }
        _ => None,
    };
    Slip {
        link: Link::new(view::label(&mail.moment), format!("/admin/mail/{id}")),
        badge: badge(state, !mail.attempts.is_empty()),
        at: if state.is_open() { mail.due_at } else { mail.since },
        note: if state == State::Sent { String::new() } else { mail.reason.clone() },
        act,
    }
}
