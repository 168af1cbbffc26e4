//! Secrets in the form people and programs carry them: session and device tokens, API keys, one-time links.

use sha2::{Digest, Sha256};

/// SHA-256 of a token; the store keeps this and never the token.
pub type TokenHash = [u8; 32];

/// What every secret API key begins with; scanners for leaked keys know the form.
pub const KEY_PREFIX: &str = "sk_live_";
/// What a key begins with that stands in pages for everybody to read.
pub const PUBLISHABLE_PREFIX: &str = "pk_live_";
/// 32 bytes in base 62.
const BODY_LEN: usize = 43;
/// 4 bytes in base 62.
const SUM_LEN: usize = 6;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new token of 256 bits from the system's generator, as 43 letters and digits.
pub fn new_token() -> String {
    base62(&rand::random::<[u8; 32]>(), BODY_LEN)
}

/// A new token of 128 bits for a link, as 26 digits and lower-case letters.
pub fn new_link_token() -> String {
    crate::base::id::to_text(&rand::random::<[u8; 16]>())
}

/// A new secret API key: prefix, 43 random letters and digits, 6 of a checksum.
pub fn new_key() -> String {
    key_with(KEY_PREFIX)
}

/// A new publishable key, of the same form.
pub fn new_publishable_key() -> String {
    key_with(PUBLISHABLE_PREFIX)
}

fn key_with(prefix: &str) -> String {
    let body = new_token();
    let sum = checksum(&body);
    format!("{prefix}{body}{sum}")
}

/// Whether a text has the form and the checksum of an API key, secret or publishable: a mistyped one is known without a
/// look into the store.
pub fn is_key(text: &str) -> bool {
    random_part(text)
        .and_then(|rest| rest.split_at_checked(BODY_LEN))
        .is_some_and(|(body, sum)| checksum(body) == sum)
}

/// The same without the checksum.
pub(super) fn has_form(text: &str) -> bool {
    random_part(text).is_some()
}

fn random_part(text: &str) -> Option<&str> {
    text.strip_prefix(KEY_PREFIX)
        .or_else(|| text.strip_prefix(PUBLISHABLE_PREFIX))
        .filter(|rest| rest.len() == BODY_LEN + SUM_LEN && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// How a key is recognised in lists without showing it: `sk_live_…9f2c`.
pub fn hint(key: &str) -> String {
    let tail: String = key.chars().skip(key.chars().count().saturating_sub(4)).collect();
    let prefix = if key.starts_with(PUBLISHABLE_PREFIX) { PUBLISHABLE_PREFIX } else { KEY_PREFIX };
    format!("{prefix}…{tail}")
}

/// A password that a person can read out: four groups of five, no look-alikes, 98 bits.
pub fn new_password() -> String {
    let text = new_link_token();
    let letters: Vec<char> = text.chars().skip(6).collect();
    letters.chunks(5).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What the store keeps of a token.
pub fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

fn checksum(body: &str) -> String {
    let [a, b, c, d, ..] = hash(body);
    base62(&[a, b, c, d], SUM_LEN)
}

/// A big-endian number in base 62, with zeros in front up to `len` digits.
fn base62(bytes: &[u8], len: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = Vec::with_capacity(len);
    for _ in 0..len {
        let mut rest: u32 = 0;
        for byte in &mut number {
            let value = rest << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        let digit = usize::try_from(rest).ok().and_then(|place| DIGITS.get(place)).copied();
        digits.push(char::from(digit.unwrap_or(b'0')));
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_in_base_62_are_right() {
        assert_eq!(base62(&[0, 0, 0, 61], 6), "00000z");
        assert_eq!(base62(&[0, 0, 1, 0], 6), "000048");
        assert_eq!(base62(&[255; 4], 6), "4gfFC3");
        assert!(!base62(&[255; 32], BODY_LEN).starts_with('0'), "32 bytes need all 43 digits");
    }

    #[test]
    fn a_key_proves_its_form_and_a_mistyped_one_is_known() {
        let key = new_key();
        assert!(is_key(&key) && key.len() == 57, "{key}");
        for place in [8, 20, 50, 56] {
            let mut wrong = key.clone().into_bytes();
            wrong[place] = if wrong[place] == b'A' { b'B' } else { b'A' };
            assert!(!is_key(&String::from_utf8(wrong).unwrap()), "{place}");
        }
        assert!(!is_key("") && !is_key("sk_live_") && !is_key(&key[..56]) && !is_key(&format!("{key}0")));
        assert_eq!(hint(&key), format!("sk_live_…{}", &key[53..]));
        let open = new_publishable_key();
        assert!(is_key(&open) && hint(&open).starts_with("pk_live_…"), "{open}");
    }

    #[test]
    fn no_two_tokens_are_alike() {
        let tokens: std::collections::BTreeSet<String> = (0..1_000).map(|_| new_token()).collect();
        assert_eq!(tokens.len(), 1_000);
        assert!(tokens.iter().all(|t| t.len() == BODY_LEN && t.bytes().all(|b| b.is_ascii_alphanumeric())));
        assert_eq!(new_link_token().len(), 26);
        let password = new_password();
        assert_eq!((password.len(), password.matches('-').count()), (23, 3), "{password}");
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_or_not(text: String) {
            prop_assert!(!is_key(&text));
            let prefixed = format!("{KEY_PREFIX}{text}");
            prop_assert!(!is_key(&prefixed) || text.len() == BODY_LEN + SUM_LEN);
        }
    }
}
