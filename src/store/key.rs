//! Keys as bytes that sort the way the values do, so that a range of bytes is a range of values.

use crate::base::id::Id;
use crate::base::money::Currency;
use crate::base::time::Timestamp;
use std::cmp::Reverse;

/// A value that can stand in a key. Comparing the bytes gives the same order as comparing the values.
pub trait Key {
    /// Appends the bytes of this value. No value's bytes are the beginning of another value's bytes, so
    /// several values can follow each other in one key.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes one value from the front; `None` when the bytes are not of this kind.
    fn read(bytes: &mut &[u8]) -> Option<Self>
    where
        Self: Sized;
}

/// The bytes of one key.
pub fn key_bytes<K: Key + ?Sized>(key: &K) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    key.write(&mut out);
    out
}

/// Takes `N` bytes from the front.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

macro_rules! unsigned_keys {
    ($($number:ty),+) => {$(
        impl Key for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                take(bytes).map(Self::from_be_bytes)
            }
        }
    )+};
}
unsigned_keys!(u8, u16, u32, u64);

/// The sign bit is turned over, so that negative numbers come first.
impl Key for i64 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.cast_unsigned() ^ (1 << 63)).to_be_bytes());
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes).map(|b| (u64::from_be_bytes(b) ^ (1 << 63)).cast_signed())
    }
}

impl Key for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        match take(bytes)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Key for [u8; N] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes)
    }
}

impl<I: Id> Key for I {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        take(bytes).map(Self::from_bytes)
    }
}

impl Key for Timestamp {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        i64::read(bytes).map(Self)
    }
}

impl Key for Currency {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let code: [u8; 3] = take(bytes)?;
        std::str::from_utf8(&code).ok().and_then(|code| Self::parse(code).ok())
    }
}

/// Ends a text. Inside a text 0 is written as 1 1 and 1 as 1 2, which keeps the order.
const END: u8 = 0;
const ESCAPE: u8 = 1;

/// Appends text bytes without their end: what all longer texts begin with too.
pub(super) fn write_open_text(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if *byte <= ESCAPE {
            out.extend_from_slice(&[ESCAPE, byte + 1]);
        } else {
            out.push(*byte);
        }
    }
}

fn read_text(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        match take(bytes)? {
            [END] => return Some(text),
            [ESCAPE] => match take(bytes)? {
                [escaped @ (1 | 2)] => text.push(escaped - 1),
                _ => return None,
            },
            [byte] => text.push(byte),
        }
    }
}

impl Key for str {
    fn write(&self, out: &mut Vec<u8>) {
        write_open_text(self.as_bytes(), out);
        out.push(END);
    }
}

impl Key for String {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(read_text(bytes)?).ok()
    }
}

impl Key for Vec<u8> {
    fn write(&self, out: &mut Vec<u8>) {
        write_open_text(self, out);
        out.push(END);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        read_text(bytes)
    }
}

/// Nothing sorts before something.
impl<K: Key> Key for Option<K> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(key) => {
                out.push(1);
                key.write(out);
            }
        }
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        match take(bytes)? {
            [0] => Some(None),
            [1] => K::read(bytes).map(Some),
            _ => None,
        }
    }
}

/// The key of a table with one row.
impl Key for () {
    fn write(&self, _: &mut Vec<u8>) {}
    fn read(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read(bytes)?, B::read(bytes)?))
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read(bytes)?, B::read(bytes)?, C::read(bytes)?))
    }
}

/// Largest first: every byte is turned over.
impl<K: Key> Key for Reverse<K> {
    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        self.0.write(out);
        for byte in out.iter_mut().skip(start) {
            *byte = !*byte;
        }
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let turned: Vec<u8> = bytes.iter().map(|b| !b).collect();
        let mut rest = turned.as_slice();
        let key = K::read(&mut rest)?;
        let used = turned.len().checked_sub(rest.len())?;
        *bytes = bytes.get(used..)?;
        Some(Self(key))
    }
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

    fn same<K: Key + Ord + Clone + std::fmt::Debug>(a: &K, b: &K) {
        let (bytes_a, bytes_b) = (key_bytes(a), key_bytes(b));
        assert_eq!(bytes_a.cmp(&bytes_b), a.cmp(b), "{a:?} {b:?}");
        let mut rest = bytes_a.as_slice();
        assert_eq!(K::read(&mut rest).as_ref(), Some(a));
        assert!(rest.is_empty());
        // Something follows in a longer key.
        let mut long = bytes_a.clone();
        long.extend_from_slice(&[0xff, 0, 1]);
        let mut rest = long.as_slice();
        assert_eq!(K::read(&mut rest).as_ref(), Some(a));
        assert_eq!(rest, [0xff, 0, 1]);
    }

    proptest! {
        #[test]
        fn keys_sort_as_their_values_and_read_back(
            a: (u64, i64, String), b: (u64, i64, String), c: Vec<u8>, d: Vec<u8>, e: [u8; 16], f: [u8; 16],
        ) {
            same(&a, &b);
            same(&(a.2.clone(), a.1), &(b.2.clone(), b.1));
            same(&(c.clone(), a.0), &(d.clone(), b.0));
            same(&Reverse((a.2.clone(), a.1)), &Reverse((b.2.clone(), b.1)));
            same(&(Reverse(a.1), TestId(e)), &(Reverse(b.1), TestId(f)));
            same(&(Timestamp(a.1), e), &(Timestamp(b.1), f));
            same(&Some(a.1), &Some(b.1));
            same(&None, &Some(b.1));
            same(&a.0.is_multiple_of(2), &b.0.is_multiple_of(2));
        }
        #[test]
        fn texts_with_control_bytes_sort_too(a in "[\u{0}-\u{3}a]{0,4}", b in "[\u{0}-\u{3}a]{0,4}", n: u8, m: u8) {
            same(&(a, n), &(b, m));
        }
        #[test]
        fn any_bytes_are_a_key_or_none(bytes: Vec<u8>) {
            let _read = <(String, Reverse<Option<i64>>, Currency)>::read(&mut bytes.as_slice());
        }
    }

    #[test]
    fn a_currency_is_its_code() {
        same(&Currency::EUR, &Currency::USD);
        assert!(Currency::read(&mut b"???".as_slice()).is_none());
    }
}
