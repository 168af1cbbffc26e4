//! `field:value`.

use super::Context;
use super::boxed::sequence;
use crate::search::cut::{Cutter, fold_email, short};
use crate::search::fold::fold_key;
use crate::search::phone;
use crate::search::query::ast::{FieldValue, Op, Scalar};
use crate::search::query::tree::{Atom, Tree};
use crate::search::query::values::{Bounds, Calendar, number_bounds};
use crate::search::query::write::term;
use crate::search::query::{Problem, nearest};
use crate::search::schema::{FieldDef, Shape};

/// Stored units of one typed unit of money.
pub(super) const MONEY_SCALE: i64 = 10_000;

/// The condition of a field term, or what is wrong with its value.
pub(crate) fn condition(context: &Context<'_>, field: u16, value: &FieldValue) -> Result<Tree, Box<Problem>> {
    let Some(def) = context.schema.field_at(field) else { return Ok(Tree::Nothing) };
    let of = Of { context, field, def };
    if !context.schema.shows_values(def, &of.meant(value)) {
        return Err(of.not_seen(value));
    }
    let numeric = matches!(def.shape, Shape::Number | Shape::Money | Shape::Date | Shape::Time);
    if value.op != Op::Is {
        return if numeric { of.number(value.op, &value.items) } else { Err(of.not_comparable(value)) };
    }
    if numeric && let Some((low, high)) = range_in_thousands(value) {
        return of.number(Op::Between, &[low, high]);
    }
    of.ambiguous(value)?;
    let mut any = Vec::new();
    for scalar in &value.items {
        let named = of.named(scalar);
        let scalar = named.as_ref().unwrap_or(scalar);
        any.push(if let Some(tree) = of.presence(scalar) {
            tree
        } else if numeric {
            of.number(Op::Is, std::slice::from_ref(scalar))?
        } else {
            of.text(scalar)?
        });
    }
    Ok(Tree::or(any))
}

/// `1`, `000.50` as the one number `1000.50`.
fn in_thousands(texts: &[&str]) -> Option<String> {
    let (first, rest) = texts.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let is_group = |text: &&str| {
        let whole = text.split_once('.').map_or(*text, |(whole, _)| whole);
        whole.len() == 3 && whole.bytes().all(|b| b.is_ascii_digit())
    };
    let begins = first.ends_with(|c: char| c.is_ascii_digit()) && !first.contains('.');
    let only_last_has_a_point = rest.iter().rev().skip(1).all(|text| !text.contains('.'));
    (begins && rest.iter().all(is_group) && only_last_has_a_point).then(|| texts.concat())
}

/// `1,000..2,000`, which was read as a list, as its two ends.
fn range_in_thousands(value: &FieldValue) -> Option<(Scalar, Scalar)> {
    let texts: Vec<&str> = value.items.iter().map(|s| s.text.as_str()).collect();
    let whole = texts.join(",");
    let (low, high) = whole.split_once("..").filter(|_| texts.len() > 1)?;
    let end = |text: &str| {
        let parts: Vec<&str> = text.split(',').collect();
        let text = if parts.len() > 1 { in_thousands(&parts)? } else { text.to_owned() };
        Some(Scalar { text, quoted: false })
    };
    Some((end(low)?, end(high)?))
}

/// The text of a value without the star that makes it a beginning, and whether it had one.
fn without_star(scalar: &Scalar) -> (&str, bool) {
    let starred = !scalar.quoted && scalar.text.ends_with('*');
    (if starred { scalar.text.trim_end_matches('*') } else { &scalar.text }, starred)
}

/// The values of a closed list that a text is, or with a star begins.
fn fitting(values: &'static [&'static str], text: &str, starred: bool) -> Vec<&'static str> {
    let wanted = fold_key(text);
    let fits = |value: &&str| {
        let key = fold_key(value);
        if starred { key.starts_with(&wanted) } else { key == wanted }
    };
    values.iter().copied().filter(fits).collect()
}

/// A field in its context.
struct Of<'a> {
    context: &'a Context<'a>,
    field: u16,
    def: &'a FieldDef,
}

impl Of<'_> {
    /// The value that `none` stands for, of a field that always has one.
    fn named(&self, scalar: &Scalar) -> Option<Scalar> {
        let is_named = !scalar.quoted && scalar.text == "none" && !self.def.none.is_empty();
        is_named.then(|| Scalar { text: self.def.none.to_owned(), quoted: false })
    }

    /// The values of a closed list that a term asks for, however they were typed; nothing of other fields. `any` and
    /// `none` ask for all of them: who knows which records have none knows which have one.
    fn meant(&self, value: &FieldValue) -> Vec<&'static str> {
        let Shape::Word { values } = self.def.shape else { return Vec::new() };
        let of_scalar = |scalar: &Scalar| {
            let named = self.named(scalar);
            let scalar = named.as_ref().unwrap_or(scalar);
            let (bare, starred) = without_star(scalar);
            match self.presence(scalar) {
                Some(_) => values.to_vec(),
                None if bare.trim().is_empty() => {
                    if starred {
                        values.to_vec()
                    } else {
                        Vec::new()
                    }
                }
                None => fitting(values, bare, starred),
            }
        };
        value.items.iter().flat_map(of_scalar).collect()
    }

    /// `none` and `any`, unless they are values of the field.
    fn presence(&self, scalar: &Scalar) -> Option<Tree> {
        let is_value =
            matches!(self.def.shape, Shape::Word { values } if values.contains(&scalar.text.as_str()));
        if scalar.quoted || is_value {
            return None;
        }
        let present = match self.def.shape {
            Shape::Time => Tree::All,
            Shape::Number | Shape::Money | Shape::Date => {
                Tree::Is(Atom::Range(self.field, i64::MIN, i64::MAX))
            }
            _ => Tree::Is(Atom::Has(self.field)),
        };
        match scalar.text.as_str() {
            "any" => Some(self.of_its_kinds(present)),
            // Only what could have a value can lack one.
            "none" => Some(self.of_its_kinds(Tree::not(present))),
            _ => None,
        }
    }

    /// Refuses an amount that some read as thousands and others as a list or as a fraction: the wrong one of the two
    /// would be a list of other records.
    fn ambiguous(&self, value: &FieldValue) -> Result<(), Box<Problem>> {
        if self.def.shape != Shape::Money || value.op != Op::Is {
            return Ok(());
        }
        let texts: Vec<&str> = value.items.iter().map(|s| s.text.as_str()).collect();
        let Some(whole) = in_thousands(&texts) else { return Ok(()) };
        let (name, typed) = (self.def.name, texts.join(","));
        Err(Box::new(Problem {
            code: "wrong_value",
            text: format!("{name}:{typed}"),
            message: format!("“{typed}” can be read in two ways. Write {whole} without the comma."),
            suggestion: Some(format!("{name}:{whole}")),
        }))
    }

    fn of_its_kinds(&self, tree: Tree) -> Tree {
        let kinds: Vec<Tree> = self
            .def
            .kinds
            .iter()
            .filter_map(|k| self.context.schema.kind_place(k))
            .map(|k| Tree::Is(Atom::Kind(k)))
            .collect();
        if kinds.len() == self.context.schema.kinds().len() {
            tree
        } else {
            Tree::and(vec![Tree::or(kinds), tree])
        }
    }

    fn number(&self, op: Op, items: &[Scalar]) -> Result<Tree, Box<Problem>> {
        let mut texts: Vec<&str> = items.iter().map(|s| s.text.as_str()).collect();
        // Nothing is above "this or that": the commas stand between thousands.
        let compares = !matches!(op, Op::Is | Op::Between);
        let whole = in_thousands(&texts).filter(|_| compares);
        if let Some(whole) = &whole {
            texts = vec![whole];
        }
        let ends: Vec<Option<String>> = texts
            .iter()
            .map(|text| in_thousands(&text.split(',').collect::<Vec<_>>()).filter(|_| op == Op::Between))
            .collect();
        for (text, end) in texts.iter_mut().zip(&ends) {
            *text = end.as_deref().unwrap_or(text);
        }
        let calendar = Calendar { now: self.context.now, zone: self.context.zone };
        let bounds: Option<Bounds> = match self.def.shape {
            _ if compares && texts.len() > 1 => None,
            Shape::Date | Shape::Time => calendar.bounds(op, &texts),
            Shape::Money => number_bounds(op, &texts, MONEY_SCALE),
            _ => number_bounds(op, &texts, 1),
        };
        let Some((low, high)) = bounds else {
            let value = texts.join(if op == Op::Between { ".." } else { "," });
            return Err(self.problem("wrong_value", &format!("{}{value}", op.sign()), None));
        };
        if low > high {
            return Ok(Tree::Nothing);
        }
        Ok(match self.def.shape {
            Shape::Time => self.of_its_kinds(Tree::Is(Atom::Time(low, high))),
            _ => Tree::Is(Atom::Range(self.field, low, high)),
        })
    }

    fn text(&self, scalar: &Scalar) -> Result<Tree, Box<Problem>> {
        let (bare, starred) = without_star(scalar);
        if bare.trim().is_empty() {
            return Ok(if starred { Tree::Is(Atom::Has(self.field)) } else { Tree::Nothing });
        }
        match self.def.shape {
            Shape::Word { values } => self.word(values, bare, starred),
            Shape::Keyword => self.keyword(bare, starred, scalar.quoted),
            Shape::Email if bare.contains('@') => Ok(self.key(&fold_email(bare), starred)),
            Shape::Phone => Ok(self.phone(bare, starred)),
            Shape::Code => Ok(self.code(bare, starred)),
            _ => Ok(self.running_text(bare, scalar.quoted, starred)),
        }
    }

    fn key(&self, key: &str, start: bool) -> Tree {
        if key.is_empty() {
            return Tree::Nothing;
        }
        let key = short(key).to_owned();
        Tree::Is(if start { Atom::KeyPrefix(self.field, key) } else { Atom::Key(self.field, key) })
    }

    fn word(&self, values: &'static [&'static str], text: &str, starred: bool) -> Result<Tree, Box<Problem>> {
        let found = fitting(values, text, starred);
        if !found.is_empty() {
            return Ok(Tree::or(found.iter().map(|v| self.key(&fold_key(v), false)).collect()));
        }
        let near = nearest(&text.to_lowercase().replace([' ', '-'], "_"), self.shown(values).into_iter());
        Err(self.problem("unknown_value", text, near))
    }

    fn keyword(&self, text: &str, starred: bool, quoted: bool) -> Result<Tree, Box<Problem>> {
        if text == "me" && !quoted {
            return match self.context.me {
                Some(me) => Ok(self.key(&fold_key(me), false)),
                None => Err(self.problem("unknown_value", text, None)),
            };
        }
        let typed = self.key(&fold_key(text), starred);
        let named = self.def.naming.filter(|_| !starred).and_then(|naming| (naming.find)(text));
        Ok(match named {
            Some(value) if fold_key(value) != fold_key(text) => {
                Tree::or(vec![typed, self.key(&fold_key(value), false)])
            }
            _ => typed,
        })
    }

    fn phone(&self, text: &str, start: bool) -> Tree {
        let Some(number) = phone::read(text) else { return Tree::Nothing };
        let mut any = vec![self.key(&number.digits, start)];
        if number.with_country || number.digits.starts_with('0') {
            any.push(self.key(&number.national, start));
        }
        Tree::or(any)
    }

    fn code(&self, text: &str, start: bool) -> Tree {
        let mut cutter = Cutter::default();
        let (mut joined, mut at) = (String::new(), 0);
        while let Some(next) = cutter.next_group(text, at) {
            at = next;
            for part in cutter.parts() {
                joined.push_str(cutter.plain(part));
            }
        }
        let bare = joined.trim_start_matches('0');
        let mut any = vec![self.key(&joined, start)];
        if bare.len() != joined.len() {
            any.push(self.key(bare, start));
        }
        Tree::or(any)
    }

    /// Bare: words, with a star the last one a beginning. Quoted: words that follow each other.
    fn running_text(&self, text: &str, quoted: bool, start: bool) -> Tree {
        if text.contains('@') && !quoted {
            return self.key(&fold_email(text), start);
        }
        let mut cutter = Cutter::default();
        let (mut words, mut joined, mut at) = (Vec::new(), None, 0);
        while let Some(next) = cutter.next_group(text, at) {
            at = next;
            joined = if words.is_empty() { cutter.joined().map(|(j, _)| j.to_owned()) } else { None };
            sequence(&cutter, &mut words);
        }
        let Some(last) = words.last().cloned() else { return Tree::Nothing };
        let apart = match words.as_slice() {
            [one] => self.key(one, start),
            _ if quoted => self.phrase(&words),
            [earlier @ .., _] => {
                let mut all: Vec<Tree> = earlier.iter().map(|w| self.key(w, false)).collect();
                all.push(self.key(&last, start));
                Tree::and(all)
            }
            [] => Tree::Nothing,
        };
        let mut any = vec![apart];
        any.extend(joined.map(|joined| self.key(&joined, start)));
        Tree::or(any)
    }

    /// Words that follow each other. The positions of words are kept for the box as a whole: there the field has
    /// all of them, and they follow each other in the document.
    fn phrase(&self, words: &[String]) -> Tree {
        if !self.def.boxed {
            return Tree::Is(Atom::KeyPhrase(self.field, words.to_vec()));
        }
        let mut all = vec![Tree::Is(Atom::Phrase(words.to_vec()))];
        all.extend(words.iter().map(|word| self.key(word, false)));
        Tree::and(all)
    }

    /// The values of a closed list that the reader may ask for.
    fn shown(&self, values: &'static [&'static str]) -> Vec<&'static str> {
        let is_shown = |value: &&str| self.context.schema.shows_values(self.def, &[*value]);
        values.iter().copied().filter(is_shown).collect()
    }

    fn not_seen(&self, value: &FieldValue) -> Box<Problem> {
        let text = term(self.def.name, value);
        Box::new(Problem {
            code: "unknown_field",
            message: format!("Your role does not see “{text}”."),
            suggestion: None,
            text,
        })
    }

    fn not_comparable(&self, value: &FieldValue) -> Box<Problem> {
        let sign = if value.op == Op::Between { ".." } else { "," };
        let text = value.items.iter().map(|s| s.text.as_str()).collect::<Vec<_>>().join(sign);
        self.problem("wrong_value", &format!("{}{text}", value.op.sign()), None)
    }

    fn problem(&self, code: &'static str, value: &str, near: Option<&str>) -> Box<Problem> {
        let name = self.def.name;
        let right = match (near, self.def.shape) {
            (Some(near), _) => format!("Did you mean “{near}”?"),
            (None, Shape::Word { values }) if values.len() <= 12 => {
                format!("It is one of: {}.", self.shown(values).join(", "))
            }
            _ => format!("Type for example “{}”.", self.def.example),
        };
        Box::new(Problem {
            code,
            text: format!("{name}:{value}"),
            message: format!("“{value}” is not a value of “{name}”. {right}"),
            suggestion: near.map(|near| format!("{name}:{near}")),
        })
    }
}
