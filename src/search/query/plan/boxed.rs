//! Words of the plain box.

use super::fielded::MONEY_SCALE;
use crate::base::id;
use crate::base::money::amount_in;
use crate::search::cut::{Cutter, Part, fold_email};
use crate::search::phone;
use crate::search::query::ast::Op;
use crate::search::query::tree::{Atom, Tree, Typed};
use crate::search::query::values::number_bounds;
use crate::search::schema::Schema;
use crate::search::tokens::{PHONE_MIN, chunks};

/// Letters from which one typing mistake is forgiven, and up to which.
const TYPO_MIN: usize = 5;
const TYPO_MAX: usize = 24;
/// Digits that make pieces side by side a phone number.
const PIECES_MIN: usize = 5;

/// A word as it was typed; `prefix` says that its beginning is enough. What reads as an amount is looked for as one too.
pub(crate) fn word(schema: &Schema, text: &str, prefix: bool) -> Tree {
    let mut any = vec![word_of_text(schema, text, prefix)];
    let amount = amount_in(text).and_then(|amount| number_bounds(Op::Is, &[&amount], MONEY_SCALE));
    if let Some((low, high)) = amount {
        any.extend(schema.boxed_amounts().map(|field| Tree::Is(Atom::Range(field, low, high))));
    }
    Tree::or(any)
}

fn word_of_text(schema: &Schema, text: &str, prefix: bool) -> Tree {
    let starred = text.len() > 1 && text.ends_with('*');
    let prefix = prefix || starred;
    if let Some(tree) = id_of(schema, text) {
        return tree;
    }
    if text.contains(['@', '\u{ff20}']) {
        let address = fold_email(text);
        return match address.as_str() {
            "" | "@" => Tree::All,
            _ => Tree::Is(Atom::Prefix(address)),
        };
    }
    if phone::is_piece(text.trim_start_matches('#')) {
        return digits(text, prefix);
    }
    let mut cutter = Cutter::default();
    let mut groups = Vec::new();
    let mut at = 0;
    while let Some(next) = cutter.next_group(text, at) {
        at = next;
        let is_last = at >= text.trim_end_matches('*').len();
        groups.push(group(&cutter, text, prefix && is_last));
    }
    Tree::and(groups)
}

/// Words in quotes: they follow each other, each of them whole.
pub(crate) fn phrase(text: &str) -> Tree {
    let mut cutter = Cutter::default();
    let mut words = Vec::new();
    let mut joined = None;
    let mut at = 0;
    while let Some(next) = cutter.next_group(text, at) {
        at = next;
        if words.is_empty() {
            joined = cutter.joined().map(|(joined, _)| joined.to_owned());
        } else {
            joined = None;
        }
        sequence(&cutter, &mut words);
    }
    let exact = match words.len() {
        0 => return Tree::All,
        1 => Tree::Is(Atom::Word(words.swap_remove(0))),
        _ => Tree::Is(Atom::Phrase(words)),
    };
    // One word with hyphens may be written without them, and an address is one word.
    let mut any = vec![exact];
    any.extend(joined.map(|joined| Tree::Is(Atom::Word(joined))));
    if chunks(text).count() == 1 && text.contains('@') {
        any.push(Tree::Is(Atom::Word(fold_email(text))));
    }
    Tree::or(any)
}

/// The tokens of a group in the order of their positions.
pub(crate) fn sequence(cutter: &Cutter, words: &mut Vec<String>) {
    for part in cutter.parts() {
        if part.dense {
            words.extend(cutter.pairs(part).map(|(pair, _)| pair.to_owned()));
            words.extend(cutter.characters(part).last().map(|(last, _)| last.to_owned()));
        } else {
            words.push(cutter.plain(part).to_owned());
        }
    }
}

/// `O'Neil`: both parts, or the word without the apostrophe.
fn group(cutter: &Cutter, text: &str, prefix: bool) -> Tree {
    let last = cutter.parts().len().saturating_sub(1);
    let parts: Vec<Tree> =
        cutter
            .parts()
            .iter()
            .enumerate()
            .map(|(i, part)| {
                if part.dense { dense(cutter, part) } else { single(cutter, text, part, prefix && i == last) }
            })
            .collect();
    let apart = Tree::and(parts);
    match cutter.joined() {
        Some((joined, _)) => Tree::or(vec![whole_or_start(joined, prefix), apart]),
        None => apart,
    }
}

fn single(cutter: &Cutter, text: &str, part: &Part, prefix: bool) -> Tree {
    let plain = cutter.plain(part);
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        return digit_word(plain, prefix);
    }
    let mut any = vec![whole_or_start(plain, prefix)];
    // Whatever begins with the long form begins with the short one, when that is its beginning.
    any.extend(
        cutter
            .long(part)
            .filter(|long| !(prefix && long.starts_with(plain)))
            .map(|l| whole_or_start(l, prefix)),
    );
    let tree = Tree::or(any);
    let letters = plain.chars().count();
    if !(TYPO_MIN..=TYPO_MAX).contains(&letters) || plain.chars().any(|c| c.is_ascii_digit()) {
        return tree;
    }
    let shown = text.get(part.source.clone()).unwrap_or(plain).to_owned();
    Tree::Typed(Typed { word: plain.to_owned(), shown, prefix, tree: Box::new(tree), instead: Vec::new() })
}

fn whole_or_start(word: &str, prefix: bool) -> Tree {
    Tree::Is(if prefix { Atom::Prefix(word.to_owned()) } else { Atom::Word(word.to_owned()) })
}

/// Characters of a script without blanks: they stand side by side in the text.
fn dense(cutter: &Cutter, part: &Part) -> Tree {
    let mut pairs: Vec<String> = cutter.pairs(part).map(|(pair, _)| pair.to_owned()).collect();
    match pairs.len() {
        0 => Tree::or(cutter.characters(part).map(|(c, _)| Tree::Is(Atom::Word(c.to_owned()))).collect()),
        1 => Tree::Is(Atom::Word(pairs.swap_remove(0))),
        _ => Tree::Is(Atom::Phrase(pairs)),
    }
}

/// Four digits and more are a beginning wherever they stand, or the end of a phone number.
fn digit_word(digits: &str, prefix: bool) -> Tree {
    if digits.is_empty() {
        return Tree::Nothing;
    }
    let bare = digits.trim_start_matches('0');
    let mut any = vec![whole_or_start(digits, prefix || digits.len() >= PHONE_MIN)];
    if bare.len() != digits.len() && !bare.is_empty() {
        any.push(whole_or_start(bare, prefix || bare.len() >= PHONE_MIN));
    }
    Tree::or(any)
}

/// Digits with or without the signs of a phone number.
fn digits(text: &str, prefix: bool) -> Tree {
    let mut cutter = Cutter::default();
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(next) = cutter.next_group(text, at) {
        at = next;
        parts.extend(cutter.parts().iter().map(|p| cutter.plain(p).to_owned()));
    }
    let last = parts.len().saturating_sub(1);
    let apart = Tree::and(
        parts.iter().enumerate().map(|(i, p)| digit_word(p, prefix && i == last)).collect::<Vec<_>>(),
    );
    let Some(number) = phone::read(text) else { return apart };
    let mut any = vec![digit_word(&number.digits, prefix)];
    if number.with_country {
        any.push(digit_word(&number.national, prefix));
    }
    if parts.len() > 1 {
        any.push(apart);
    }
    Tree::or(any)
}

/// Pieces of digits side by side, read as one number.
pub(crate) fn number_in_pieces(pieces: &[String]) -> Option<Tree> {
    let number = phone::read(&pieces.join(" "))?;
    if number.digits.len() < PIECES_MIN {
        return None;
    }
    let mut any = vec![digit_word(&number.digits, true)];
    if number.with_country && number.national.len() >= PHONE_MIN {
        any.push(digit_word(&number.national, true));
    }
    Some(Tree::or(any))
}

/// A whole id, such as `ord_01jd3m…`.
fn id_of(schema: &Schema, text: &str) -> Option<Tree> {
    let (prefix, digits) = text.rsplit_once('_')?;
    let kind = schema.kinds().iter().position(|k| k.prefix == prefix)?;
    let bytes = id::from_text(digits)?;
    Some(Tree::Is(Atom::Id(u8::try_from(kind).ok()?, bytes)))
}
