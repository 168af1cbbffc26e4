//! Folding: the one form in which two ways to write a letter are the same letter.
//!
//! Case, accents, width, ligatures and the marks of Arabic and Hebrew go; `ü` becomes `u` and also `ue`.
//! Scripts without blanks between words are told apart, because they are found by their characters.

use std::str::Chars;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a character is to the one who cuts text into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A letter or digit.
    Word,
    /// A character of a script written without blanks: Han, kana, hangul, Thai and their like.
    Dense,
    /// An apostrophe, hyphen, point, slash: it separates, and what it separates is joined as well.
    Joiner,
    /// Everything else between words.
    Gap,
    /// Not seen by the reader: zero-width marks, soft hyphens, marks that were folded away.
    Nothing,
}

/// A character with the marks that belong to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cluster {
    pub(crate) class: Class,
    /// Bytes of the source.
    pub(crate) len: usize,
}

/// Folds the first cluster of `text`, adding its folded form to `plain` and its long form (`ü` → `ue`) to `long`.
pub(crate) fn next_cluster(text: &str, plain: &mut String, long: &mut String) -> Option<Cluster> {
    let mut chars = text.chars();
    let first = chars.next()?;
    let next_is_ascii = text.as_bytes().get(first.len_utf8()).is_none_or(u8::is_ascii);
    if first.is_ascii() && next_is_ascii {
        let class = ascii_class(first);
        if class == Class::Word {
            plain.push(first.to_ascii_lowercase());
            long.push(first.to_ascii_lowercase());
        }
        return Some(Cluster { class, len: 1 });
    }
    let len = cluster_len(first, &mut chars);
    let cluster = text.get(..len).unwrap_or(text);
    Some(Cluster { class: fold_cluster(first, cluster, plain, long), len })
}

/// Folds all of a text into letters and digits with single blanks between words: how keywords are compared.
pub(crate) fn fold_key(text: &str) -> String {
    let (mut plain, mut long) = (String::with_capacity(text.len()), String::new());
    let mut at = 0;
    let mut gap = false;
    while let Some(rest) = text.get(at..) {
        let before = plain.len();
        if gap && !plain.is_empty() {
            plain.push(' ');
        }
        let start = plain.len();
        let Some(cluster) = next_cluster(rest, &mut plain, &mut long) else {
            plain.truncate(before);
            break;
        };
        at += cluster.len;
        if plain.len() == start {
            plain.truncate(before);
            gap |= matches!(cluster.class, Class::Gap | Class::Joiner);
        } else {
            gap = false;
        }
    }
    // Jamo that came from two clusters, such as a bracketed one and a vowel, are one syllable all the same.
    if plain.chars().any(|c| matches!(c, '\u{1100}'..='\u{11ff}')) { plain.nfc().collect() } else { plain }
}

fn ascii_class(c: char) -> Class {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => Class::Word,
        '\'' | '-' | '.' | '_' | '/' | '&' | '+' | '`' => Class::Joiner,
        _ => Class::Gap,
    }
}

/// The bytes of a character and the marks after it.
fn cluster_len(first: char, rest: &mut Chars<'_>) -> usize {
    // Conjoining jamo make one syllable of up to three, however they were typed.
    let jamo = matches!(conjoining(first), '\u{1100}'..='\u{115f}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7a3}');
    let mut len = first.len_utf8();
    // A text of nothing but marks must not make one endless cluster.
    for c in rest.take(16) {
        let belongs = is_combining_mark(c)
            || matches!(c, '\u{ff9e}' | '\u{ff9f}')
            || (jamo && matches!(conjoining(c), '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}'));
        if !belongs {
            break;
        }
        len += c.len_utf8();
    }
    len
}

/// Jamo of keyboards and of half width as the ones that join into syllables; every other character as it is.
fn conjoining(c: char) -> char {
    match c {
        '\u{3131}'..='\u{318e}' | '\u{ffa0}'..='\u{ffdc}' => std::iter::once(c).nfkc().next().unwrap_or(c),
        _ => c,
    }
}

fn fold_cluster(first: char, cluster: &str, plain: &mut String, long: &mut String) -> Class {
    if is_apostrophe(first) || is_hyphen(first) {
        return Class::Joiner;
    }
    let (from, long_from) = (plain.len(), long.len());
    let mut class = Class::Gap;
    for c in cluster.nfkc() {
        // A mark belongs to the letter before it; alone it is nothing.
        let alone = is_combining_mark(c) && plain.len() == from;
        // One that a letter such as ŉ was made of is no letter, as one that was typed is none.
        if is_unseen(c) || alone || is_apostrophe(c) {
            if class == Class::Gap && plain.len() == from {
                class = Class::Nothing;
            }
        } else if is_dense(c) {
            class = Class::Dense;
            plain.push(kana(c));
            long.push(kana(c));
        } else if let Some((short, wide)) = special(c) {
            class = Class::Word;
            plain.push_str(short);
            long.push_str(wide);
        } else {
            fold_char(c, plain, long);
        }
    }
    if plain.len() == from {
        long.truncate(long_from);
        return if is_combining_mark(first) { Class::Nothing } else { class };
    }
    if class == Class::Dense { Class::Dense } else { Class::Word }
}

/// Lower case without accents; nothing for what is neither letter nor digit.
fn fold_char(c: char, plain: &mut String, long: &mut String) {
    if let Some(digit) = digit(c) {
        plain.push(digit);
        long.push(digit);
        return;
    }
    for lower in c.to_lowercase() {
        for part in std::iter::once(lower).nfd() {
            if is_accent(part) {
                continue;
            }
            let part = twin(part);
            if part.is_alphanumeric() || is_combining_mark(part) {
                plain.push(part);
                long.push(part);
            }
        }
    }
}

/// Letters that no decomposition takes apart, and those with two habits of writing them plainly.
fn special(c: char) -> Option<(&'static str, &'static str)> {
    Some(match c {
        'ä' | 'Ä' => ("a", "ae"),
        'ö' | 'Ö' => ("o", "oe"),
        'ü' | 'Ü' => ("u", "ue"),
        'å' | 'Å' => ("a", "aa"),
        'ø' | 'Ø' | 'ǿ' | 'Ǿ' => ("o", "oe"),
        'ß' | 'ẞ' => ("ss", "ss"),
        'æ' | 'Æ' | 'ǽ' | 'Ǽ' => ("ae", "ae"),
        'œ' | 'Œ' => ("oe", "oe"),
        'đ' | 'Đ' | 'ð' | 'Ð' | 'ɖ' | 'Ɖ' => ("d", "d"),
        'þ' | 'Þ' => ("th", "th"),
        'ł' | 'Ł' => ("l", "l"),
        'ħ' | 'Ħ' => ("h", "h"),
        'ŧ' | 'Ŧ' => ("t", "t"),
        'ŋ' | 'Ŋ' => ("n", "ng"),
        'ı' | 'İ' => ("i", "i"),
        'ə' | 'Ə' => ("e", "e"),
        'ĸ' => ("k", "k"),
        _ => return None,
    })
}

/// Letters of one sound that keyboards of neighbouring countries write differently.
fn twin(c: char) -> char {
    match c {
        'ς' => 'σ',
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        'ة' => 'ه',
        'ґ' => 'г',
        _ => c,
    }
}

/// Katakana are read as hiragana.
fn kana(c: char) -> char {
    match c {
        '\u{30a1}'..='\u{30f6}' => char::from_u32(u32::from(c) - 0x60).unwrap_or(c),
        _ => c,
    }
}

/// Marks that are dropped: they are spelling in Latin, Greek, Cyrillic, Arabic and Hebrew, not letters.
/// The vowel signs of other scripts stay.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6ed}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{640}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\u{b4}' | '\u{2b9}'..='\u{2bf}' | '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{2035}'
        | '\u{ff07}' | '\u{ff40}' | '\u{55a}' | '\u{5f3}' | '\u{a78c}')
}

fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '\u{2010}'
            ..='\u{2015}'
                | '\u{2212}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
                | '\u{58a}'
                | '\u{5be}'
                | '\u{b7}'
                | '\u{ff0e}'
                | '\u{ff0f}'
                | '\u{ff3f}'
                | '\u{ff06}'
                | '\u{ff0b}'
    )
}

/// Scripts written without blanks between words.
fn is_dense(c: char) -> bool {
    matches!(c,
        '\u{e01}'..='\u{e4e}' | '\u{e81}'..='\u{ecd}' | '\u{1000}'..='\u{104f}' | '\u{1780}'..='\u{17d3}'
        | '\u{1100}'..='\u{11ff}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{3131}'..='\u{318e}' | '\u{31a0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{1b000}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}')
}

/// A decimal digit of any script as the ASCII one.
pub(crate) fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 20] = [
        0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50,
        0xed0, 0xf20, 0x1040, 0x17e0, 0x1810, 0xff10,
    ];
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// A Cyrillic or Greek word in Latin letters; nothing for other scripts.
pub(crate) fn in_latin(folded: &str, out: &mut String) -> bool {
    let from = out.len();
    let known = folded.chars().all(|c| {
        let latin = match c {
            '0'..='9' => return push_ascii(out, c),
            'а' | 'α' => "a",
            'б' => "b",
            'в' | 'β' => "v",
            'г' | 'γ' => "g",
            'д' | 'δ' => "d",
            'е' | 'э' | 'є' | 'ε' => "e",
            'ж' => "zh",
            'з' | 'ζ' => "z",
            'и' | 'і' | 'η' | 'ι' => "i",
            'ј' => "j",
            'к' | 'κ' => "k",
            'л' | 'λ' => "l",
            'м' | 'μ' => "m",
            'н' | 'ν' => "n",
            'о' | 'ο' | 'ω' => "o",
            'п' | 'π' => "p",
            'р' | 'ρ' => "r",
            'с' | 'σ' => "s",
            'т' | 'τ' => "t",
            'у' => "u",
            'υ' | 'ы' => "y",
            'ф' | 'φ' => "f",
            'х' => "kh",
            'χ' => "ch",
            'ц' => "ts",
            'ч' => "ch",
            'ш' => "sh",
            'щ' => "shch",
            'ъ' | 'ь' => "",
            'ю' => "yu",
            'я' => "ya",
            'θ' => "th",
            'ξ' => "x",
            'ψ' => "ps",
            'ђ' => "dj",
            'љ' => "lj",
            'њ' => "nj",
            'ћ' => "c",
            'џ' => "dz",
            _ => return false,
        };
        out.push_str(latin);
        true
    });
    let useful = known && out.len() > from && !folded.is_ascii();
    if !useful {
        out.truncate(from);
    }
    useful
}

fn push_ascii(out: &mut String, c: char) -> bool {
    out.push(c);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_lose_case_accents_width_and_ligatures() {
        for (text, folded) in [
            ("MÜLLER", "muller"),
            ("Mu\u{308}ller", "muller"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("Ærø", "aero"),
            ("Łódź", "lodz"),
            ("Đorđe", "dorde"),
            ("İstanbul ılık", "istanbul ilik"),
            ("Ｗｉｄｅ１２", "wide12"),
            ("ﬁn", "fin"),
            ("Ångström", "angstrom"),
            ("Œuvre", "oeuvre"),
            ("מְנֹרָה", "מנורה".replace('ו', "").as_str()),
            ("مُحَمَّد", "محمد"),
            ("Ἀθῆναι", "αθηναι"),
            ("Ёлка", "елка"),
            ("٠١٢", "012"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("ｶﾞﾀｶﾅ", "がたかな"),
            ("\u{1112}\u{1161}\u{11ab}글", "한글"),
            ("ㅎㅏ글", "하글"),
            ("한글", "한글"),
            ("O’Neil–Smith  Ltd.", "o neil smith ltd"),
            ("हिन्दी", "हिन्दी"),
        ] {
            assert_eq!(fold_key(text), folded, "{text}");
        }
    }

    #[test]
    fn umlauts_have_a_long_form_too() {
        let (mut plain, mut long) = (String::new(), String::new());
        let mut rest = "Müßåø";
        while let Some(cluster) = next_cluster(rest, &mut plain, &mut long) {
            rest = rest.get(cluster.len..).unwrap();
        }
        assert_eq!((plain.as_str(), long.as_str()), ("mussao", "muessaaoe"));
    }

    #[test]
    fn cyrillic_and_greek_are_written_in_latin_too() {
        for (text, latin) in [("иванов", "ivanov"), ("щукин", "shchukin"), ("παπαδοπουλοσ", "papadopoylos")]
        {
            let mut out = String::new();
            assert!(in_latin(text, &mut out));
            assert_eq!(out, latin);
        }
        assert!(!in_latin("anna", &mut String::new()) && !in_latin("محمد", &mut String::new()));
    }

    #[test]
    fn jamo_of_two_clusters_are_one_syllable() {
        assert_eq!(fold_key("㈀ￊ"), fold_key(&fold_key("㈀ￊ")));
    }

    proptest! {
        #[test]
        fn folding_is_stable_and_ends(text: String) {
            prop_assert_eq!(fold_key("ŉ"), "n");
            let once = fold_key(&text);
            prop_assert_eq!(fold_key(&once), once);
        }
    }
}
