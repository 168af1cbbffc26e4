//! The same form sent twice gets the first result: a double click, a reload, a slow line.

use crate::base::error::{Error, Result};
use crate::store::Tx;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// A form that may arrive again. It is known by what it changes: who sent it, which version of which record they
/// saw, and every field. Nothing secret or new has to stand in the page, so a page that is unchanged stays the same.
#[derive(Clone, Debug)]
pub struct SameForm {
    scope: String,
    key: String,
    hash: [u8; 32],
}

impl SameForm {
    /// `actor` is the id of the sender, `key` names record, version and action, `fields` are all that was sent.
    pub fn new(actor: &str, key: String, fields: &[(String, String)]) -> Self {
        let mut hash = Sha256::new();
        for text in fields.iter().flat_map(|(name, value)| [name, value]) {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        }
        Self { scope: format!("form/{actor}"), key, hash: hash.finalize().into() }
    }

    /// The result of `op`, or what it was when this form came before.
    ///
    /// # Errors
    /// Those of `op`, which then is not remembered.
    pub fn run<T: Serialize + DeserializeOwned>(
        &self,
        tx: &mut Tx<'_>,
        op: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        self.run_unless(tx, |_, _| Ok(false), op)
    }

    /// The same, but what came of it before counts only while it is not `over`: then the form is a new wish.
    ///
    /// # Errors
    /// Those of `over` and of `op`, which then is not remembered.
    pub fn run_unless<T: Serialize + DeserializeOwned>(
        &self,
        tx: &mut Tx<'_>,
        over: impl FnOnce(&Tx<'_>, &T) -> Result<bool>,
        op: impl FnOnce(&mut Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let key = format!("{}/{}", self.key, hex(&self.hash));
        if let Some(first) = tx.replay(&self.scope, &key, &self.hash)? {
            let first = serde_json::from_slice(&first.body).map_err(Error::internal)?;
            if !over(tx, &first)? {
                return Ok(first);
            }
        }
        let result = op(tx)?;
        let body = serde_json::to_vec(&result).map_err(Error::internal)?;
        tx.remember(&self.scope, &key, &self.hash, 303, &body)?;
        Ok(result)
    }
}

/// The first eight bytes: enough to tell the forms of one person about one record apart.
fn hex(hash: &[u8; 32]) -> String {
    hash.iter().take(8).map(|b| format!("{b:02x}")).collect()
}
