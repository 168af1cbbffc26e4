//! Forms that met an ended session: kept for their writer, sent with one click after signing in again.

use crate::access::staff::StaffId;
use crate::base::error::{Error, Result};
use crate::base::id::uuid_v7;
use crate::base::time::{MINUTE_MS, Timestamp};
use crate::store::{Direction, Read, Record, Span, Table, TableInfo, Tx};
use minicbor::{Decode, Encode};

crate::id!(
    /// A parked form: `prk_…`.
    ParkedId, "prk"
);

/// How long a form is kept.
pub const KEPT_MS: i64 = 30 * MINUTE_MS;
/// Forms kept at once, of everybody together. With more the oldest goes: each has up to 64 KB.
const COUNT_MAX: usize = 200;

/// A form as it was sent. It is no more secret than the records it was about to change; forms with passwords are
/// never parked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Parked {
    /// Whose session had ended. Nobody else sees it.
    #[n(0)]
    pub staff: StaffId,
    /// Where it was sent, with its query.
    #[n(1)]
    pub path: String,
    /// The page it was written on.
    #[n(2)]
    pub page: String,
    /// Names and values, in their order.
    #[n(3)]
    pub fields: Vec<(String, String)>,
    #[n(4)]
    pub at: Timestamp,
}

const PARKED: Table<ParkedId, Parked> = Table::new("parked_form/1");

impl Record for Parked {
    type Key = ParkedId;
}

pub const TABLES: &[TableInfo] = &[PARKED.info("access").not_backed_up()];

/// Whether a form may be kept: what people type into a password field is never written down.
pub fn may_park(fields: &[(String, String)]) -> bool {
    !fields.iter().any(|(name, _)| name.to_lowercase().contains("password"))
}

/// Keeps a form; removes what has run out.
///
/// # Errors
/// Faults of the store only.
pub fn park(tx: &mut Tx<'_>, form: &Parked) -> Result<ParkedId> {
    let form = Parked { at: tx.now(), ..form.clone() };
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
    PARKED.put(tx, &id, &form)?;
    Ok(id)
}

/// The form of somebody.
///
/// # Errors
/// `not_found` for one of somebody else, and for one that was sent or has run out.
pub fn get(r: &impl Read, id: ParkedId, staff: StaffId, now: Timestamp) -> Result<Parked> {
    let form = PARKED.get(r, &id)?.filter(|f| f.staff == staff && now.since_ms(f.at) < KEPT_MS);
    form.ok_or_else(|| Error::not_found("kept form", id))
}

/// Takes the form out: it is sent once.
///
/// # Errors
/// As [`get`].
pub fn take(tx: &mut Tx<'_>, id: ParkedId, staff: StaffId) -> Result<Parked> {
    let form = get(tx, id, staff, tx.now())?;
    PARKED.delete(tx, &id)?;
    Ok(form)
}
