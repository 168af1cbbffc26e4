//! Whether the one who opened a long answer may still have it: meanwhile a key is revoked, a session ends, a role changes.

use crate::access::gate::{Access, Visitor};
use crate::access::key::{self, KeyId};
use crate::access::token::TokenHash;

/// What a caller came in with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Credential {
    Key(KeyId),
    Session(TokenHash),
}

/// The right of one caller to one answer, to be asked again while the answer lasts.
pub struct Standing {
    access: Access,
    credential: Credential,
    word: &'static str,
}

impl Standing {
    pub(super) fn new(access: Access, credential: Credential, word: &'static str) -> Self {
        Self { access, credential, word }
    }

    /// Whether the caller would still be let in. A store that cannot be read lets nobody in.
    pub fn holds(&self) -> bool {
        match self.credential {
            Credential::Key(id) => self
                .access
                .store()
                .read(|s| key::get(s, id))
                .is_ok_and(|k| k.refusal(self.access.now()).is_none() && k.rights().may(self.word)),
            Credential::Session(token) => match self.access.visitor_by(token) {
                Ok(Visitor::Live(live)) => live.rights().may(self.word),
                Ok(Visitor::Ended(_) | Visitor::Nobody) | Err(_) => false,
            },
        }
    }
}
