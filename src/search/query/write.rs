//! From terms back to text: the canonical form, and the terms as chips that can be taken away or added.

use super::Query;
use super::ast::{All, Any, FieldValue, Item, Op, Scalar, What};
use crate::search::schema::Schema;

/// One term of a query as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Chip {
    /// The term in the query language.
    pub text: String,
    /// The field's name and label, where the term has one field.
    pub field: Option<&'static str>,
    pub label: Option<&'static str>,
    /// What stands after the colon, or the text.
    pub value: String,
    pub negated: bool,
}

impl Query {
    /// Whether it says anything about a field, also inside parentheses.
    pub fn asks_for(&self, field: &str) -> bool {
        self.schema.field_place(field).is_some_and(|field| mentions(&self.ast, field))
    }
    /// The text of the query; `parse` of it gives the same query, if it was read from a text. A beginning of several
    /// words, which only [`given`](super::given) can ask for, stands in quotes, where it is a phrase.
    pub fn text(&self) -> String {
        all(&self.ast, &self.schema)
    }
    /// The terms that must all match, in their order.
    pub fn chips(&self) -> Vec<Chip> {
        self.ast.0.iter().map(|any| self.chip(any)).collect()
    }
    /// The text without the chip at `place`.
    pub fn without(&self, place: usize) -> String {
        let mut ast = self.ast.clone();
        if place < ast.0.len() {
            ast.0.remove(place);
        }
        self.rest(ast)
    }
    /// What is left of a query as a text: what stands last in it now has been typed.
    fn rest(&self, mut ast: All) -> String {
        ast.close_last(&|field| self.schema.has_beginnings(field));
        all(&ast, &self.schema)
    }
    /// The text without any term of a field.
    pub fn without_field(&self, field: &str) -> String {
        let place = self.schema.field_place(field);
        let mut ast = self.ast.clone();
        ast.0.retain(|any| single_field(any) != place || place.is_none());
        self.rest(ast)
    }
    /// The text with a further term, such as `payment:paid`; what it has already is not repeated.
    pub fn with(&self, term: &str) -> String {
        let text = self.text();
        if self.chips().iter().any(|chip| chip.text == term) {
            return text;
        }
        format!("{text} {term}").trim().to_owned()
    }
    /// The text with `field:value` in place of what was said about the field before.
    pub fn with_field(&self, field: &str, value: &str) -> String {
        let scalar = Scalar { text: value.to_owned(), quoted: !is_bare(value) };
        let mut term = format!("{field}:");
        write_scalar(&mut term, &scalar);
        format!("{} {term}", self.without_field(field)).trim().to_owned()
    }

    fn chip(&self, any: &Any) -> Chip {
        let mut text = String::new();
        write_any(&mut text, any, &self.schema);
        let def = single_field(any).and_then(|f| self.schema.field_at(f));
        let negated = matches!(any.0.as_slice(), [item] if item.negated);
        let bare = text.strip_prefix('-').filter(|_| negated).unwrap_or(&text);
        let value = match def.and_then(|d| bare.get(d.name.len() + 1..)) {
            Some(value) => value.to_owned(),
            None => bare.to_owned(),
        };
        Chip { field: def.map(|d| d.name), label: def.map(|d| d.label), value, negated, text }
    }
}

fn mentions(all: &All, wanted: u16) -> bool {
    all.0.iter().flat_map(|any| &any.0).any(|item| match &item.what {
        What::Group(inner) => mentions(inner, wanted),
        What::Field { field, .. } => *field == wanted,
        What::Text { .. } => false,
    })
}

/// The field of a term that is about one field alone.
fn single_field(any: &Any) -> Option<u16> {
    match any.0.as_slice() {
        [Item { what: What::Field { field, .. }, .. }] => Some(*field),
        _ => None,
    }
}

pub(crate) fn all(all: &All, schema: &Schema) -> String {
    let mut out = String::new();
    write_all(&mut out, all, schema);
    out
}

fn write_all(out: &mut String, all: &All, schema: &Schema) {
    for (i, any) in all.0.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        write_any(out, any, schema);
    }
}

fn write_any(out: &mut String, any: &Any, schema: &Schema) {
    for (i, item) in any.0.iter().enumerate() {
        if i > 0 {
            out.push_str(" OR ");
        }
        if item.negated {
            out.push('-');
        }
        match &item.what {
            What::Group(inner) => {
                out.push('(');
                write_all(out, inner, schema);
                out.push(')');
            }
            What::Text { text, quoted } => write_text(out, text, *quoted),
            What::Field { field, value } => {
                out.push_str(schema.field_at(*field).map_or("", |f| f.name));
                out.push(':');
                write_value(out, value);
            }
        }
    }
}

/// A term of a field as it is typed.
pub(super) fn term(field: &str, value: &FieldValue) -> String {
    let mut out = format!("{field}:");
    write_value(&mut out, value);
    out
}

fn write_text(out: &mut String, text: &str, quoted: bool) {
    if quoted {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(text);
    }
}

fn write_value(out: &mut String, value: &FieldValue) {
    out.push_str(value.op.sign());
    let between = if value.op == Op::Between { ".." } else { "," };
    for (i, scalar) in value.items.iter().enumerate() {
        if i > 0 {
            out.push_str(between);
        }
        write_scalar(out, scalar);
    }
}

fn write_scalar(out: &mut String, scalar: &Scalar) {
    // Only what a program puts in has blanks outside of quotes, or quotes inside; bare, what follows a blank would be a
    // term of its own, and quotes mean nothing to the words.
    let quoted = scalar.quoted || scalar.text.contains(char::is_whitespace);
    let text = if quoted { scalar.text.replace('"', " ") } else { scalar.text.clone() };
    write_text(out, &text, quoted);
}

/// A value as a term has it.
pub(crate) fn quoted(value: &str) -> String {
    let mut text = String::new();
    write_scalar(&mut text, &Scalar { text: value.to_owned(), quoted: !is_bare(value) });
    text
}

/// Whether a value can stand without quotes.
fn is_bare(value: &str) -> bool {
    !value.is_empty()
        && !value.contains("..")
        && !value.starts_with(['<', '>'])
        && value
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '*' | '+' | '/' | '#'))
}
