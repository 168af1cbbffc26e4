//! API keys: how programs come in. Shown once; only a hash is kept.
//!
//! A secret key has scopes and opens the back office. A publishable one stands in the pages of the shop for everybody to
//! read: it opens the storefront alone, and only for pages of the origins it names.

use crate::access::events::{KeyCreated, KeyOriginsChanged, KeyRevoked};
use crate::access::permission::Rights;
use crate::access::staff::Granter;
use crate::access::token::{self, TokenHash};
use crate::base::error::{Checks, Error, Result};
use crate::base::origin;
use crate::base::time::{DAY_MS, MINUTE_MS, Timestamp};
use crate::store::{
    Direction, Index, IndexInfo, IndexRow, Read, Record, Span, Subject, Table, TableInfo, Tx,
};
use minicbor::{Decode, Encode};

crate::id!(
    /// An API key: `key_…`. It names it in lists; only the secret opens the door.
    KeyId, "key"
);

/// How long a key works when nothing else is said.
pub const DEFAULT_DAYS: u32 = 365;
/// So long before it ends the home page says so, and so long after it has.
const ENDS_SOON_MS: i64 = 30 * DAY_MS;
const ENDED_MS: i64 = 14 * DAY_MS;
/// Keys at most, revoked ones included.
const COUNT_MAX: usize = 1_000;
const NAME_LEN_MAX: usize = 120;
/// Origins of one key at most: the shop, its languages, a copy to try things with.
const ORIGINS_MAX: usize = 20;
/// The use of a key is written down at most so often.
const TOUCH_MS: i64 = MINUTE_MS;

/// An API key as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ApiKey {
    #[n(0)]
    pub id: KeyId,
    /// What uses it, such as `Web shop`.
    #[n(1)]
    pub name: String,
    /// Words of permissions, or `all`.
    #[n(2)]
    pub scopes: Vec<String>,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub hash: TokenHash,
    /// `sk_live_…9f2c`.
    #[n(4)]
    pub hint: String,
    #[n(5)]
    pub created_at: Timestamp,
    /// Name of who made it.
    #[n(6)]
    pub created_by: String,
    /// To the minute.
    #[n(7)]
    pub last_used_at: Option<Timestamp>,
    /// The network of the last use.
    #[n(8)]
    pub last_used_from: String,
    #[n(9)]
    pub expires_at: Option<Timestamp>,
    #[n(10)]
    pub revoked_at: Option<Timestamp>,
    /// Where the pages are that may use it; there are some with a publishable key alone.
    #[n(11)]
    pub origins: Option<Vec<String>>,
}

impl ApiKey {
    /// Whether it stands in pages, and opens the storefront and nothing else.
    pub fn is_publishable(&self) -> bool {
        self.origins.is_some()
    }
    /// The origins whose pages may use it.
    pub fn origins(&self) -> &[String] {
        self.origins.as_deref().unwrap_or_default()
    }
    /// Whether pages of this origin may use it: the same letters, nothing less.
    pub fn is_for(&self, origin: &str) -> bool {
        self.origins().iter().any(|own| own == origin)
    }
    /// What it may do. A word that the program no longer knows allows nothing.
    pub fn rights(&self) -> Rights {
        if self.scopes.iter().any(|s| s == crate::access::permission::ALL_WORD) {
            return Rights::all();
        }
        Rights::of(|word| self.scopes.iter().any(|s| s == word)).with_views()
    }
    /// Why it does not open the door at `now`; `None` when it does.
    pub fn refusal(&self, now: Timestamp) -> Option<&'static str> {
        if self.revoked_at.is_some() {
            return Some("This API key was revoked.");
        }
        self.expires_at.filter(|end| now >= *end).map(|_| "This API key has expired.")
    }
    /// Whether its use has to be written down.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|used| now.since_ms(used).abs() >= TOUCH_MS)
    }
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    pub name: String,
    pub scopes: Vec<String>,
    /// Days it works; `None` is for ever.
    pub days: Option<u32>,
    /// Of a publishable key, which has no scopes.
    pub origins: Option<Vec<String>>,
}

const KEYS: Table<KeyId, ApiKey> = Table::new("api_key/1");
const BY_HASH: Index<TokenHash, KeyId> = Index::unique("api_key_by_hash/1");

impl Record for ApiKey {
    type Key = KeyId;
    const INDEXES: &'static [IndexInfo] = &[BY_HASH.info()];
    fn index_keys(&self, id: &KeyId) -> Vec<IndexRow> {
        vec![BY_HASH.row(&self.hash, id)]
    }
}

pub const TABLES: &[TableInfo] = &[KEYS.info("access")];

/// The origins of a publishable key, each once.
fn checked_origins(given: &[String], checks: &mut Checks) -> Vec<String> {
    let mut origins: Vec<String> = Vec::new();
    for text in given.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        match checks.keep("/origins", origin::parse(text)) {
            Some(origin) if !origins.contains(&origin) => origins.push(origin),
            _ => {}
        }
    }
    if origins.len() > ORIGINS_MAX {
        checks.wrong("/origins", "too_many_origins", format!("A key has at most {ORIGINS_MAX} origins."));
    }
    if origins.is_empty() && checks.is_clean() {
        let text = "Enter the origin of the pages that use it, such as https://shop.example.com.";
        checks.wrong("/origins", "required", text);
    }
    origins
}

/// Keeps a new key. `secret` is made by the caller (`token::new_key`, `token::new_publishable_key`) and shown by it, once.
///
/// # Errors
/// `validation` with the fields, `unknown_scope`, `cannot_grant`, `too_many_keys`.
pub fn create(tx: &mut Tx<'_>, by: &Granter, new: &NewKey, secret: &str) -> Result<ApiKey> {
    let name = new.name.trim();
    let mut checks = Checks::default();
    if name.is_empty() {
        checks.wrong("/name", "required", "Enter a name: what will use the key?");
    } else if name.chars().count() > NAME_LEN_MAX || name.chars().any(char::is_control) {
        checks.wrong("/name", "too_long", format!("Use one line of at most {NAME_LEN_MAX} characters."));
    }
    let rights = match new.origins {
        Some(_) => Rights::default(),
        None => checks.keep("/scopes", Rights::parse(&new.scopes)).unwrap_or_default(),
    };
    if new.origins.is_some() && !new.scopes.is_empty() {
        let text = "A publishable key has no scopes: everybody can read it. It opens the storefront alone.";
        checks.wrong("/scopes", "publishable_without_scopes", text);
    }
    let origins = new.origins.as_ref().map(|given| checked_origins(given, &mut checks));
    if new.days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        checks.wrong("/days", "out_of_range", "Choose from 1 to 3650 days.");
    }
    checks.finish()?;
    by.check(rights)?;
    if KEYS.list(tx, &Span::all(), Direction::Forward, COUNT_MAX)?.len() >= COUNT_MAX {
        return Err(Error::conflict("too_many_keys", format!("A shop has at most {COUNT_MAX} API keys.")));
    }
    let key = ApiKey {
        id: tx.new_id(),
        name: name.to_owned(),
        scopes: if origins.is_some() { Vec::new() } else { rights.scopes() },
        hash: token::hash(secret),
        hint: token::hint(secret),
        created_at: tx.now(),
        created_by: tx.actor().name.clone(),
        last_used_at: None,
        last_used_from: String::new(),
        expires_at: new.days.map(|days| tx.now().plus_ms(i64::from(days) * DAY_MS)),
        revoked_at: None,
        origins,
    };
    KEYS.put(tx, &key.id, &key)?;
    let event = KeyCreated {
        name: key.name.clone(),
        scopes: key.scopes.clone(),
        origins: key.origins().to_vec(),
        expires_at: key.expires_at,
    };
    tx.publish(Subject::of(&key.id), &event)?;
    Ok(key)
}

/// Lets pages of other origins use a publishable key. `seen` are the origins that were on the page.
///
/// # Errors
/// `not_found`; `validation`, `key_has_no_origins`; `version_mismatch`, `key_is_revoked`.
pub fn set_origins(tx: &mut Tx<'_>, id: KeyId, given: &[String], seen: &[String]) -> Result<ApiKey> {
    let key = get(tx, id)?;
    if !key.is_publishable() {
        let text = "A secret key has no origins: it must never stand in a page.";
        return Err(Error::invalid("key_has_no_origins", text));
    }
    if key.revoked_at.is_some() {
        return Err(Error::conflict("key_is_revoked", "This key was revoked. Make a new one."));
    }
    let mut checks = Checks::default();
    let origins = checked_origins(given, &mut checks);
    checks.finish()?;
    if origins == key.origins() {
        return Ok(key);
    }
    if seen != key.origins() {
        let text = "The origins were changed in the meantime. Look at what is there now, then save again.";
        return Err(Error::conflict("version_mismatch", text));
    }
    let before = key.origins().to_vec();
    let key = ApiKey { origins: Some(origins.clone()), ..key };
    KEYS.put(tx, &id, &key)?;
    tx.publish(Subject::of(&id), &KeyOriginsChanged { name: key.name.clone(), before, after: origins })?;
    Ok(key)
}

/// Whether a publishable key that works names this origin.
///
/// # Errors
/// Faults of the store only.
pub fn is_known_origin(r: &impl Read, origin: &str, now: Timestamp) -> Result<bool> {
    let rows = KEYS.list(r, &Span::all(), Direction::Backward, COUNT_MAX)?;
    Ok(rows.iter().any(|(_, key)| key.is_for(origin) && key.refusal(now).is_none()))
}

/// Takes a key out of use for good. Twice is once.
///
/// # Errors
/// `not_found`, `cannot_grant`.
pub fn revoke(tx: &mut Tx<'_>, by: &Granter, id: KeyId) -> Result<ApiKey> {
    let key = get(tx, id)?;
    by.check(key.rights())?;
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    let key = ApiKey { revoked_at: Some(tx.now()), ..key };
    KEYS.put(tx, &id, &key)?;
    tx.publish(Subject::of(&id), &KeyRevoked { name: key.name.clone() })?;
    Ok(key)
}

/// # Errors
/// `not_found`.
pub fn get(r: &impl Read, id: KeyId) -> Result<ApiKey> {
    KEYS.get(r, &id)?.ok_or_else(|| Error::not_found("API key", id))
}

/// The key with this secret. A mistyped one is recognised without the store.
///
/// # Errors
/// Faults of the store only.
pub fn find_by_secret(r: &impl Read, secret: &str) -> Result<Option<ApiKey>> {
    if !token::is_key(secret) {
        return Ok(None);
    }
    match BY_HASH.first(r, &token::hash(secret))? {
        Some(id) => KEYS.get(r, &id),
        None => Ok(None),
    }
}

/// Every key, those in use first, the newest first.
///
/// # Errors
/// Faults of the store only.
pub fn list(r: &impl Read) -> Result<Vec<ApiKey>> {
    let rows = KEYS.list(r, &Span::all(), Direction::Backward, COUNT_MAX)?;
    let mut keys: Vec<ApiKey> = rows.into_iter().map(|(_, key)| key).collect();
    keys.sort_by_key(|key| key.revoked_at.is_some());
    Ok(keys)
}

/// The keys in use that end soon or have ended lately, the one that ends first in front.
///
/// # Errors
/// Faults of the store only.
pub fn ending(r: &impl Read, now: Timestamp) -> Result<Vec<ApiKey>> {
    let ends_soon = |key: &ApiKey| {
        key.expires_at.is_some_and(|end| end.since_ms(now) <= ENDS_SOON_MS && now.since_ms(end) <= ENDED_MS)
    };
    let mut keys = list(r)?;
    keys.retain(|key| key.revoked_at.is_none() && key.last_used_at.is_some() && ends_soon(key));
    keys.sort_by_key(|key| key.expires_at);
    Ok(keys)
}

/// Writes down that a key is in use.
///
/// # Errors
/// Faults of the store only.
pub fn touch(tx: &mut Tx<'_>, id: KeyId, network: &str) -> Result<()> {
    let now = tx.now();
    match KEYS.get(tx, &id)? {
        Some(key) if key.is_due(now) => {
            let used = ApiKey { last_used_at: Some(now), last_used_from: network.to_owned(), ..key };
            KEYS.put(tx, &id, &used)
        }
        _ => Ok(()),
    }
}
