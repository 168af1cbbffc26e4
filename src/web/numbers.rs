//! Whole numbers as programs write them, and what to say of those that do not fit.

/// What to say of a number that is whole and does not fit into a type of Rust; none for other types.
pub(super) fn in_range(wanted: &str) -> Option<String> {
    let (least, most) = match wanted {
        "i8" => (i8::MIN.into(), i8::MAX.unsigned_abs().into()),
        "i16" => (i16::MIN.into(), i16::MAX.unsigned_abs().into()),
        "i32" => (i32::MIN.into(), i32::MAX.unsigned_abs().into()),
        "i64" => (i64::MIN, i64::MAX.unsigned_abs()),
        "u8" => (0, u8::MAX.into()),
        "u16" => (0, u16::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "u64" => (0, u64::MAX),
        _ => return None,
    };
    Some(format!("Expected a whole number from {least} to {most}."))
}

/// A number written with a point or an exponent that is whole all the same.
pub(super) fn whole(number: &serde_json::Number) -> Option<i64> {
    /// Up to here every whole number has a form of its own.
    const EXACT_MAX: f64 = 9_007_199_254_740_991.0;
    if number.is_i64() || number.is_u64() {
        return None;
    }
    let float = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() <= EXACT_MAX)?;
    // A whole number in this range is one of these.
    Some(float as i64)
}
