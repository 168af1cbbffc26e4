//! Forms that met an ended session: kept for their writer, sent with one click after signing in again.

use crate::access::staff::StaffId;
use crate::access::token;
use crate::base::error::{Error, Result};
use crate::base::id::uuid_v7;
use crate::base::time::{MINUTE_MS, Timestamp};
use crate::store::{Direction, Read, Record, Snapshot, Span, Table, TableInfo, Tx};
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use minicbor::{Decode, Encode};

crate::id!(
    /// A parked form: `prk_…`.
    ParkedId, "prk"
);

/// How long a form is kept.
pub const KEPT_MS: i64 = 30 * MINUTE_MS;
/// Forms kept at once, of everybody together. With more the oldest goes: each has up to 64 KB.
const COUNT_MAX: usize = 200;

/// A form as it was sent. Forms with passwords are never parked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Parked {
    /// Where it was sent, with its query.
    #[n(0)]
    pub path: String,
    /// The page it was written on.
    #[n(1)]
    pub page: String,
    /// Names and values, in their order.
    #[n(2)]
    pub fields: Vec<(String, String)>,
    /// Files that were chosen, each with the name of its input: they are not kept, and have to be chosen again.
    #[cbor(n(3), default)]
    pub files: Vec<(String, String)>,
}

/// A parked form in the words of the feature it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What was to be done.
    pub title: String,
    /// What is to be shown of it, labels and values; `None` leaves that to the form's own names.
    pub fields: Option<Vec<(String, String)>>,
}

/// How features tell of their forms: by the path it was sent to and what was sent. This floor knows none of them.
#[derive(Clone, Default)]
pub struct Tellers(pub Vec<Teller>);

/// One feature's way; `None` for a form that is not its own.
pub type Teller = fn(&Snapshot, &str, &[(String, String)]) -> Result<Option<Told>>;

/// What the store has of a form: whose it is, and the form under a key that only the link to it carries.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Sealed {
    /// Whose session had ended. Nobody else sees it.
    #[n(0)]
    staff: StaffId,
    #[n(1)]
    at: Timestamp,
    #[cbor(n(2), with = "minicbor::bytes")]
    form: Vec<u8>,
}

const PARKED: Table<ParkedId, Sealed> = Table::new("parked_form/1");

impl Record for Sealed {
    type Key = ParkedId;
}

pub const TABLES: &[TableInfo] = &[PARKED.info("access").not_backed_up()];

/// The cipher of the secret in a form's link. A secret seals one form once, so the nonce is always the same.
fn cipher(secret: &str) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&token::hash(secret).into())
}
const NONCE: [u8; 12] = [0; 12];

/// Seals a form for the holder of `secret`, which is new for every form.
///
/// # Errors
/// `Internal` only.
pub fn seal(form: &Parked, secret: &str) -> Result<Vec<u8>> {
    let plain = minicbor::to_vec(form).map_err(|e| Error::internal(e.to_string()))?;
    cipher(secret).encrypt(&NONCE.into(), plain.as_slice()).map_err(|e| Error::internal(e.to_string()))
}

fn open(sealed: &[u8], secret: &str) -> Option<Parked> {
    let plain = cipher(secret).decrypt(&NONCE.into(), sealed).ok()?;
    minicbor::decode(&plain).ok()
}

/// Whether a form may be kept: what people type into a password field is never written down.
pub fn may_park(fields: &[(String, String)]) -> bool {
    !fields.iter().any(|(name, _)| name.to_lowercase().contains("password"))
}

/// Keeps a sealed form; removes what has run out.
///
/// # Errors
/// Faults of the store only.
pub fn park(tx: &mut Tx<'_>, staff: StaffId, form: &[u8]) -> Result<ParkedId> {
    // Ids begin with their time.
    let old = ParkedId(uuid_v7(tx.now().0.saturating_sub(KEPT_MS), &[0; 10]));
    for (id, _) in PARKED.list(tx, &Span::until(&old), Direction::Forward, 50)? {
        PARKED.delete(tx, &id)?;
    }
    let kept = PARKED.list(tx, &Span::all(), Direction::Backward, usize::MAX)?;
    for (id, _) in kept.into_iter().skip(COUNT_MAX - 1) {
        PARKED.delete(tx, &id)?;
    }
    let id = tx.new_id();
    PARKED.put(tx, &id, &Sealed { staff, at: tx.now(), form: form.to_vec() })?;
    Ok(id)
}

/// The form of somebody who has its link.
///
/// # Errors
/// `not_found` for one of somebody else, with another secret, and for one that was sent or has run out.
pub fn get(r: &impl Read, id: ParkedId, secret: &str, staff: StaffId, now: Timestamp) -> Result<Parked> {
    let sealed = PARKED.get(r, &id)?.filter(|f| f.staff == staff && now.since_ms(f.at) < KEPT_MS);
    sealed.and_then(|s| open(&s.form, secret)).ok_or_else(|| Error::not_found("kept form", id))
}

/// Takes the form out: it is sent once.
///
/// # Errors
/// As [`get`].
pub fn take(tx: &mut Tx<'_>, id: ParkedId, secret: &str, staff: StaffId) -> Result<Parked> {
    let form = get(tx, id, secret, staff, tx.now())?;
    PARKED.delete(tx, &id)?;
    Ok(form)
}
