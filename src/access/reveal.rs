//! Secrets that are shown once: kept in memory between the change and the page that shows them, never on disk.

use crate::access::session::SessionId;
use crate::access::token;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Secrets that wait to be shown at most; the oldest goes first.
const COUNT_MAX: usize = 64;

/// Secrets that wait to be shown.
#[derive(Default)]
pub(super) struct Reveals(Mutex<VecDeque<Reveal>>);

struct Reveal {
    ticket: String,
    /// Who may see it: the session that asked for it.
    session: SessionId,
    secret: String,
}

impl Reveals {
    /// Keeps a secret and gives the ticket for the address of the page.
    pub(super) fn keep(&self, session: SessionId, secret: String) -> String {
        let ticket = token::new_link_token();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.len() >= COUNT_MAX {
            kept.pop_front();
        }
        kept.push_back(Reveal { ticket: ticket.clone(), session, secret });
        ticket
    }
    /// The secret of a ticket, once.
    pub(super) fn take(&self, session: SessionId, ticket: &str) -> Option<String> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|r| r.ticket == ticket && r.session == session)?;
        kept.remove(place).map(|reveal| reveal.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_once_and_only_to_the_session_that_asked() {
        let (reveals, mine, other) = (Reveals::default(), SessionId([1; 16]), SessionId([2; 16]));
        let ticket = reveals.keep(mine, "secret".to_owned());
        assert_eq!(reveals.take(other, &ticket), None);
        assert_eq!(reveals.take(mine, &ticket).as_deref(), Some("secret"));
        assert_eq!(reveals.take(mine, &ticket), None);
    }

    #[test]
    fn no_flood_of_secrets_is_kept() {
        let (reveals, session) = (Reveals::default(), SessionId([1; 16]));
        let first = reveals.keep(session, "first".to_owned());
        (0..COUNT_MAX).for_each(|n| drop(reveals.keep(session, n.to_string())));
        assert_eq!(reveals.take(session, &first), None);
    }
}
