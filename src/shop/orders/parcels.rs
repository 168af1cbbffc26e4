//! What is noted of a parcel, and its correction.

use super::change::touch;
use super::events::ParcelChanged;
use super::keep::{get, save};
use super::model::{Order, OrderId, Parcel};
use crate::base::error::{Checks, Error, Result};
use crate::shop::customers::{changes, one_line, require_version};
use crate::store::Tx;

/// What is corrected of a parcel; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParcelChange {
    pub carrier: Option<String>,
    pub tracking: Option<String>,
}

/// Corrects what was noted of a parcel; `place` counts from 1. Nobody is written to by it.
///
/// # Errors
/// `not_found`, `version_mismatch`, `validation`.
pub fn correct_parcel(
    tx: &mut Tx<'_>,
    id: OrderId,
    seen: Option<u64>,
    place: usize,
    change: &ParcelChange,
) -> Result<Order> {
    let before = get(tx, id)?;
    require_version(seen, before.version)?;
    let mut after = before.clone();
    let parcel = place.checked_sub(1).and_then(|at| after.parcels.get_mut(at));
    let parcel = parcel.ok_or_else(|| Error::not_found("parcel", place))?;
    let view = |p: &Parcel| serde_json::json!({"carrier": p.carrier, "tracking": p.tracking});
    let was = view(parcel);
    let mut checks = Checks::default();
    for (pointer, given, field) in [
        ("/carrier", &change.carrier, &mut parcel.carrier),
        ("/tracking", &change.tracking, &mut parcel.tracking),
    ] {
        if let Some(text) = given {
            *field = checks.keep(pointer, one_line(text)).unwrap_or_default();
        }
    }
    checks.finish()?;
    no_code_as_carrier(&parcel.carrier, &parcel.tracking)?;
    let changes = changes(&was, &view(parcel));
    if changes.is_empty() {
        return Ok(before);
    }
    touch(&mut after, tx.now());
    save(tx, Some(&before), &after, &ParcelChanged { number: after.number, parcel: place, changes })?;
    Ok(after)
}

/// A scanned code that fell into the field of the carrier is not told to the customer as one.
pub(super) fn no_code_as_carrier(carrier: &str, tracking: &str) -> Result<()> {
    const LEAST_DIGITS: usize = 6;
    let digits = carrier.chars().filter(char::is_ascii_digit).count();
    if digits >= LEAST_DIGITS && !carrier.contains(char::is_whitespace) && tracking.is_empty() {
        let says =
            "This looks like a tracking number. Put it into that field, and say who carries the parcel.";
        return Err(Error::invalid("tracking_in_carrier", says).on("/carrier"));
    }
    Ok(())
}
