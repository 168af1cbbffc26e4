//! What a message is suspected by. Pure: what was there before is told by the caller.

use super::arrival::NewMessage;
use crate::base::origin;
use sha2::{Digest, Sha256};

/// Links to elsewhere in an honest question.
const LINKS_MAX: usize = 3;
/// Letters and digits from which on two people do not write the same.
const OWN_WORDS: usize = 40;

/// The letters and digits of a text, small: what is left when somebody puts in dots, spaces and capitals.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// By what the same text is known again.
pub(super) fn fingerprint(text: &str) -> [u8; 32] {
    Sha256::digest(bare(text).as_bytes()).into()
}

/// Whether a text is long enough that its coming again says something, whoever it comes from.
pub(super) fn is_own_words(text: &str) -> bool {
    bare(text).chars().count() >= OWN_WORDS
}

/// Why a message is taken for spam; `None` when it is not. `own` are the origins of the shop, `again` whether the same text
/// came before.
pub(super) fn suspicion(new: &NewMessage, own: &[String], again: bool) -> Option<String> {
    if !new.trap.is_empty() {
        return Some("A field that people do not see was filled in.".to_owned());
    }
    let links = links(&new.subject, own) + links(&new.body, own) + links(&new.name, own);
    if links > LINKS_MAX {
        return Some(format!("It has {links} links."));
    }
    if new.name.contains("://") {
        return Some("A link stands in place of the name.".to_owned());
    }
    again.then(|| "The same text came before, within a week.".to_owned())
}

/// How many links to elsewhere a text has.
fn links(text: &str, own: &[String]) -> usize {
    let lower = text.to_lowercase();
    let is_word =
        |c: char| !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '\'' | '(' | ')' | '[' | ']' | '=');
    let words = lower.split(|c| !is_word(c));
    words
        .filter(|word| {
            let is_link =
                word.starts_with("http://") || word.starts_with("https://") || word.starts_with("www.");
            let of_shop = origin::of_url(word).is_some_and(|origin| own.contains(&origin));
            is_link && !of_shop
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(body: &str) -> NewMessage {
        NewMessage { email: "anna@example.com".into(), body: body.into(), ..NewMessage::default() }
    }

    #[test]
    fn a_trap_many_links_and_the_same_text_are_suspected() {
        let own = ["https://shop.example".to_owned()];
        let said = |new: &NewMessage, again| suspicion(new, &own, again);
        assert_eq!(said(&new("Where is my parcel?"), false), None);
        assert!(said(&new("Where is my parcel?"), true).unwrap().contains("same text"));
        let trapped = NewMessage { trap: "https://x".into(), ..new("Hello") };
        assert!(said(&trapped, false).unwrap().contains("do not see"));
        let named = NewMessage { name: "Win http://x.example".into(), ..new("Hello") };
        assert!(said(&named, false).is_some());
        let three = "http://a.example <a href=\"https://b.example\">x</a> [url=www.c.example]";
        assert_eq!(said(&new(three), false), None);
        assert_eq!(said(&new(&format!("{three} HTTPS://D.example")), false).unwrap(), "It has 4 links.");
        let products =
            "https://shop.example/a https://shop.example/b https://shop.example/c https://shop.example/d";
        assert_eq!(said(&new(products), false), None, "people ask about what they see in the shop");
    }

    #[test]
    fn dots_and_capitals_make_no_other_text() {
        assert_eq!(fingerprint("Buy NOW, cheap!"), fingerprint("b.u.y now cheap"));
        assert_ne!(fingerprint("Buy now"), fingerprint("Buy later"));
        assert!(!is_own_words("Hello?!") && is_own_words(&"word ".repeat(10)));
    }
}
