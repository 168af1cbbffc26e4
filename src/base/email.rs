//! E-mail addresses: what is accepted, and the form in which two of them are the same.

use crate::base::error::{Error, Result};
use crate::base::unseen;
use unicode_normalization::UnicodeNormalization;

/// RFC 5321 4.5.3.1: a path of 256 octets less the angle brackets.
pub const LEN_MAX: usize = 254;
const LOCAL_LEN_MAX: usize = 64;

/// Checks an address and gives it trimmed and in Unicode NFC, as the customer wrote it otherwise.
///
/// Accepted is `dot-atom@domain` with internationalised letters; no quoted local parts, comments or
/// address literals, which no customer of a web shop has.
///
/// # Errors
/// `invalid_email` with what would be right.
pub fn parse(text: &str) -> Result<String> {
    let address: String = text.trim().nfc().collect();
    let valid = address.len() <= LEN_MAX
        && address.rsplit_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
    if valid {
        Ok(address)
    } else {
        Err(Error::invalid("invalid_email", "Enter an e-mail address such as anna@example.com."))
    }
}

/// An address of another shop's file, damaged or not, as it is kept: one piece of text of at most 254 characters.
/// What it gives it gives back unchanged, so that our own export comes in as it went out.
#[must_use]
pub fn as_written(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !c.is_control()).collect();
    seen.trim().chars().take(LEN_MAX).collect::<String>().trim_end().to_owned()
}

/// The form for comparing and for keys: NFC, lower case. Dots and plus parts count, as mail servers may use them.
pub fn key(address: &str) -> String {
    address.trim().nfc().collect::<String>().to_lowercase()
}

/// Whether a text of another shop's file is meant as an address, right or damaged. A word such as `guest`, or `unknown@unknown`,
/// stands for none, and two people with it are two.
pub fn is_meant(text: &str) -> bool {
    text.trim().rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.trim_matches(['.', ' ', '>', ';', ',']).contains('.')
    })
}

fn is_local(local: &str) -> bool {
    local.len() <= LOCAL_LEN_MAX
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom.chars().all(|c| {
                    (c.is_alphanumeric() && c != '\u{fffd}')
                        || "!#$%&'*+-/=?^_`{|}~".contains(c)
                        || (!c.is_ascii() && !c.is_control() && !c.is_whitespace() && !unseen::is_hidden(c))
                })
        })
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| {
                    c.is_alphanumeric() || c == '-' || unicode_normalization::char::is_combining_mark(c)
                })
        })
        && domain.rsplit('.').next().is_some_and(|top| top.chars().any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_customers_are_accepted() {
        for text in
            ["anna@example.com", " a_b+c.d@x.de ", "o'neil@example.co.uk", "jörg@münchen.de", "用户@例え.jp"]
        {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_kept_as_written_stays_as_it_is() {
        let long = format!("{} {}", "x".repeat(253), "y".repeat(9));
        for (text, kept) in [("\0 !", "!"), (" a b\r\n", "a b"), ("\0", ""), (&*long, &long[..253])] {
            assert_eq!((as_written(text).as_str(), as_written(kept).as_str()), (kept, kept));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "anna",
            "@example.com",
            "anna@",
            "a b@example.com",
            "a@b",
            "a..b@example.com",
            "a@-b.com",
            "a@example.com\r\nBcc: x@y.z",
            "a\u{200b}@example.com",
            "a@127.0.0.1",
            "a\u{fffd}@example.com",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_word_is_meant_as_no_address() {
        for text in ["a@x.de", "a\u{fffd}@x.de", "a@x.de.", "<a@x.de>", "a b@x.co.uk "] {
            assert!(is_meant(text), "{text}");
        }
        for text in ["", "guest", "no email", "unknown@unknown", "@x.de", "a@.", "a@.x", "anna.berg"] {
            assert!(!is_meant(text), "{text}");
        }
    }

    #[test]
    fn two_ways_to_write_one_address_have_one_key() {
        assert_eq!(key("Jo\u{308}rg@Example.COM"), key("jörg@example.com"));
    }
}
