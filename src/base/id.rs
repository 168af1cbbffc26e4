//! Ids: `UUIDv7` as 16 bytes inside, `ord_01jd3m…` outside (prefix and Crockford base32, as TypeID does).

use crate::base::error::{Error, Result};

/// Crockford's alphabet in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in five-bit digits.
const TEXT_LEN: usize = 26;

/// The 26 digits of 16 bytes. The first digit holds three bits, so texts sort as bytes do.
pub fn to_text(bytes: &[u8; 16]) -> String {
    String::from_utf8_lossy(&digits(bytes)).into_owned()
}

/// The same as bytes, which are ASCII.
pub fn digits(bytes: &[u8; 16]) -> [u8; TEXT_LEN] {
    let value = u128::from_be_bytes(*bytes);
    // The lower 65 bits are 13 digits, and so is the rest.
    let (mut low, mut high) = ((value & ((1 << 65) - 1)), (value >> 65) as u64);
    let mut text = [b'0'; TEXT_LEN];
    let (first, last) = text.split_at_mut(TEXT_LEN / 2);
    for (a, b) in first.iter_mut().rev().zip(last.iter_mut().rev()) {
        *a = ALPHABET.get((high & 31) as usize).copied().unwrap_or(b'0');
        *b = ALPHABET.get((low & 31) as usize).copied().unwrap_or(b'0');
        (low, high) = (low >> 5, high >> 5);
    }
    text
}

/// The bytes of 26 digits; `None` for anything that `to_text` does not write.
pub fn from_text(text: &str) -> Option<[u8; 16]> {
    if text.len() != TEXT_LEN {
        return None;
    }
    let mut value: u128 = 0;
    for (place, c) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|a| *a == c)?;
        if place == 0 && digit > 7 {
            return None;
        }
        value = (value << 5) | digit as u128;
    }
    Some(value.to_be_bytes())
}

/// A `UUIDv7` from a time in milliseconds and 10 random bytes.
pub fn uuid_v7(at_ms: i64, random: &[u8; 10]) -> [u8; 16] {
    let ms = u64::try_from(at_ms).unwrap_or(0);
    *uuid::Builder::from_unix_timestamp_millis(ms, random).as_uuid().as_bytes()
}

/// The moment an id of ours begins with; `None` for bytes that are no such id.
pub fn time_of(id: &[u8; 16]) -> Option<i64> {
    let [a, b, c, d, e, f, version, ..] = *id;
    let ms = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    if version >> 4 == 7 { i64::try_from(ms).ok() } else { None }
}

/// What every kind of id has, so that tables and events can carry any of them.
pub trait Id: Copy + Ord + Send + Sync + 'static {
    /// The prefix of the text form, without the underscore.
    const PREFIX: &'static str;
    fn from_bytes(bytes: [u8; 16]) -> Self;
    fn bytes(&self) -> [u8; 16];
    /// Reads the text form.
    ///
    /// # Errors
    /// `NotFound` for anything that is no id of this kind: an id is opaque, a wrong one names nothing.
    fn parse(text: &str) -> Result<Self> {
        text.strip_prefix(Self::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .and_then(from_text)
            .map(Self::from_bytes)
            .ok_or_else(|| Error::not_found("record with the id", text))
    }
}

/// Declares an id type with its prefix: `id!(OrderId, "ord")`.
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);
        impl $crate::base::id::Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }
            fn bytes(&self) -> [u8; 16] {
                self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(std::str::from_utf8(&$crate::base::id::digits(&self.0)).unwrap_or_default())
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(d)?;
                <Self as $crate::base::id::Id>::parse(&text).map_err(serde::de::Error::custom)
            }
        }
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> std::result::Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }
        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> std::result::Result<Self, minicbor::decode::Error> {
                <[u8; 16]>::try_from(d.bytes()?)
                    .map(Self)
                    .map_err(|_| minicbor::decode::Error::message("an id has 16 bytes"))
            }
        }
    };
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes its type public")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::id!(
        /// For the tests below.
        TestId, "tst"
    );

    proptest! {
        #[test]
        fn text_and_bytes_are_one_to_one_and_sort_alike(a: [u8; 16], b: [u8; 16]) {
            prop_assert_eq!(from_text(&to_text(&a)), Some(a));
            prop_assert_eq!(a.cmp(&b), to_text(&a).cmp(&to_text(&b)));
        }
        #[test]
        fn any_text_is_an_id_or_not_found(text: String) {
            let _parsed = TestId::parse(&text);
        }
    }

    #[test]
    fn a_foreign_prefix_is_not_found() {
        let id = TestId(uuid_v7(1_790_000_000_000, &[7; 10]));
        assert_eq!(TestId::parse(&id.to_string()).unwrap(), id);
        assert!(TestId::parse(&id.to_string().replace("tst", "ord")).is_err());
        assert!(TestId::parse("tst_zzzzzzzzzzzzzzzzzzzzzzzzzz").is_err());
    }
}
