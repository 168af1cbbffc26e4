//! From text to terms: our own reader, because a general query parser can be made to overflow the stack.

use super::ast::{All, Any, FieldValue, Item, Op, Scalar, What};
use super::{CHARS_MAX, DEPTH_MAX, LIST_MAX, Problem, TERMS_MAX, nearest};
use crate::search::fold;
use crate::search::schema::Schema;

const KEYWORDS: [&str; 3] = ["OR", "AND", "NOT"];

/// Reads a text; what is not understood is left out and reported.
pub(crate) fn read(text: &str, schema: &Schema, problems: &mut Vec<Problem>) -> All {
    let mut chars: Vec<char> = text.chars().take(CHARS_MAX + 1).collect();
    if chars.len() > CHARS_MAX {
        chars.truncate(CHARS_MAX);
        problems.push(Problem {
            code: "too_long",
            text: chars.iter().skip(CHARS_MAX - 20).collect(),
            message: format!("Only the first {CHARS_MAX} characters are searched."),
            suggestion: None,
        });
    }
    let mut reader = Reader { chars, at: 0, terms: 0, schema, problems, too_deep: false };
    let all = reader.all(0);
    // Signs alone ask for nothing; that everything is listed for them would look like an answer.
    if all.0.is_empty() && reader.problems.is_empty() && !text.trim().is_empty() {
        let shown = text.trim().to_owned();
        reader.problems.push(Problem {
            code: "incomplete",
            message: format!("There is nothing to search for in “{shown}”. Type a word or a number."),
            text: shown,
            suggestion: None,
        });
    }
    if reader.terms > TERMS_MAX {
        problems.push(Problem {
            code: "too_many_terms",
            text: String::new(),
            message: format!("Only the first {TERMS_MAX} terms are searched."),
            suggestion: None,
        });
    }
    all
}

struct Reader<'a> {
    chars: Vec<char>,
    at: usize,
    /// Terms read so far; one more than allowed ends the reading.
    terms: usize,
    schema: &'a Schema,
    problems: &'a mut Vec<Problem>,
    too_deep: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }
    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }
    fn slice(&self, from: usize) -> String {
        self.chars.get(from..self.at).unwrap_or_default().iter().collect()
    }
    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
    }
    fn full(&self) -> bool {
        self.terms > TERMS_MAX
    }

    /// Terms up to the end or the closing parenthesis.
    fn all(&mut self, depth: usize) -> All {
        let mut all: Vec<Any> = Vec::new();
        let mut or = false;
        let mut negated = false;
        while !self.full() {
            self.skip_blanks();
            let Some(c) = self.peek() else { break };
            if c == ')' {
                self.at += 1;
                // A parenthesis that closes nothing is a slip of the hand.
                if depth > 0 {
                    break;
                }
                continue;
            }
            match self.keyword() {
                Some("OR") => or = true,
                Some("NOT") => negated = !negated,
                Some(_) => {}
                None => {
                    while self.peek() == Some('-')
                        && self.peek_at(1).is_some_and(|n| !is_blank(n) && n != ')')
                    {
                        self.at += 1;
                        negated = !negated;
                    }
                    if let Some(what) = self.item(depth).filter(|what| !is_keyword(what)) {
                        let item = Item { negated, what };
                        match all.last_mut().filter(|_| or) {
                            Some(any) => any.0.push(item),
                            None => all.push(Any(vec![item])),
                        }
                    }
                    (or, negated) = (false, false);
                }
            }
        }
        All(all)
    }

    /// `OR`, `AND` or `NOT` standing alone.
    fn keyword(&mut self) -> Option<&'static str> {
        for word in KEYWORDS {
            let len = word.len();
            let here = word.chars().enumerate().all(|(i, c)| self.peek_at(i) == Some(c));
            if here && self.peek_at(len).is_none_or(|c| is_blank(c) || matches!(c, '(' | ')')) {
                self.at += len;
                return Some(word);
            }
        }
        None
    }

    fn item(&mut self, depth: usize) -> Option<What> {
        let c = self.peek()?;
        if c == '(' && !self.dialled_parenthesis() {
            return self.group(depth);
        }
        if is_quote(c) {
            let text = self.quoted();
            self.terms += 1;
            return (!text.trim().is_empty() && !self.full()).then_some(What::Text { text, quoted: true });
        }
        if let Some(name) = self.field_name() {
            return self.field(&name);
        }
        let from = self.at;
        self.word_end();
        if self.at == from {
            // Nothing that a word could begin with: step over it, or this would never end.
            self.at += 1;
            return None;
        }
        let text = self.slice(from);
        if !text.chars().any(|c| c.is_alphanumeric() || c == '@') {
            return None;
        }
        self.terms += 1;
        (!self.full()).then_some(What::Text { text, quoted: false })
    }

    fn group(&mut self, depth: usize) -> Option<What> {
        self.at += 1;
        if depth < DEPTH_MAX {
            let all = self.all(depth + 1);
            return (!all.0.is_empty()).then_some(What::Group(all));
        }
        if !self.too_deep {
            self.too_deep = true;
            self.problems.push(Problem {
                code: "too_deep",
                text: "(".to_owned(),
                message: format!("Parentheses are read {DEPTH_MAX} deep; the inner ones are left out."),
                suggestion: None,
            });
        }
        None
    }

    /// Whether a parenthesis holds the digits of a phone number: `(030) 123`, `+49 (0)30 123`.
    fn dialled_parenthesis(&self) -> bool {
        let inside: Vec<char> =
            self.chars.iter().skip(self.at + 1).take(7).copied().take_while(|c| *c != ')').collect();
        let closed = self.peek_at(inside.len() + 1) == Some(')');
        closed
            && (1..=6).contains(&inside.len())
            && inside.iter().all(|c| fold::digit(*c).is_some() || *c == '+')
    }

    /// Moves to the end of a bare word.
    fn word_end(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                '(' if self.dialled_parenthesis() => {
                    while self.peek().is_some_and(|c| c != ')') {
                        self.at += 1;
                    }
                }
                '(' | ')' => break,
                c if is_blank(c) => break,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// The text between quotes; an open one ends with the query, because it is still being typed.
    fn quoted(&mut self) -> String {
        self.at += 1;
        let from = self.at;
        while self.peek().is_some_and(|c| !is_quote(c)) {
            self.at += 1;
        }
        let text = self.slice(from);
        self.at += 1;
        text
    }

    /// The name before a colon, when this is a field term; leaves the position behind the colon.
    fn field_name(&mut self) -> Option<String> {
        let name: String = self
            .chars
            .iter()
            .skip(self.at)
            .copied()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
            .collect();
        let len = name.chars().count();
        let known = self.schema.field_place(&name).is_some();
        let after = self.peek_at(len + 1);
        let looks_like_one = name.chars().any(char::is_alphabetic)
            && name.chars().next().is_some_and(char::is_alphabetic)
            && after.is_some_and(|c| !is_blank(c) && !matches!(c, '/' | ')' | ':'));
        if self.peek_at(len) != Some(':') || !(known || looks_like_one) {
            return None;
        }
        self.at += len + 1;
        Some(name)
    }

    fn field(&mut self, name: &str) -> Option<What> {
        let from = self.at;
        let value = self.value();
        let typed = format!("{name}:{}", self.slice(from));
        self.terms += 1;
        if self.full() {
            return None;
        }
        let Some(field) = self.schema.field_place(name) else {
            let shown = self.schema.fields().iter().filter(|f| self.schema.shows(f));
            let near = nearest(&name.to_lowercase(), shown.map(|f| f.name));
            let hint = near.map_or(String::new(), |n| format!(" Did you mean “{n}”?"));
            self.problems.push(Problem {
                code: "unknown_field",
                message: format!("There is no field “{name}”.{hint}"),
                suggestion: near.map(|n| format!("{n}:{}", typed.get(name.len() + 1..).unwrap_or_default())),
                text: typed,
            });
            return None;
        };
        // Of a field that the reader does not see no example is told: that they do not see it is said of any value.
        let is_shown = self.schema.field_at(field).is_none_or(|def| self.schema.shows(def));
        if is_shown && value.items.iter().all(|s| s.text.is_empty() && !s.quoted) {
            let example = self.schema.field_at(field).map_or("", |f| f.example);
            self.problems.push(Problem {
                code: "incomplete",
                message: format!("Type a value after “{name}:”, such as “{example}”."),
                suggestion: None,
                text: typed,
            });
            return None;
        }
        Some(What::Field { field, value })
    }

    fn value(&mut self) -> FieldValue {
        // A comma before the first value lists nothing; what follows it may still compare.
        while self.peek() == Some(',') {
            self.at += 1;
        }
        let mut op = match (self.peek(), self.peek_at(1)) {
            (Some('>'), Some('=')) => (Op::AtLeast, 2),
            (Some('<'), Some('=')) => (Op::AtMost, 2),
            (Some('≥'), _) => (Op::AtLeast, 1),
            (Some('≤'), _) => (Op::AtMost, 1),
            (Some('>'), _) => (Op::More, 1),
            (Some('<'), _) => (Op::Less, 1),
            _ => (Op::Is, 0),
        };
        self.at += op.1;
        let mut items = Vec::new();
        loop {
            let scalar = self.scalar();
            let range = scalar.text.split_once("..").filter(|_| !scalar.quoted && items.is_empty());
            if let Some((low, high)) = range.filter(|_| op.0 == Op::Is) {
                let bare = |text: &str| Scalar { text: text.trim_matches('.').to_owned(), quoted: false };
                op.0 = Op::Between;
                items = vec![bare(low), bare(high)];
            } else if let Some(high) = items.last_mut().filter(|_| op.0 == Op::Between) {
                // Perhaps thousands: whoever reads the number says so.
                high.text = format!("{},{}", high.text, scalar.text);
            } else if (scalar.quoted || !scalar.text.is_empty()) && items.len() < LIST_MAX {
                items.push(scalar);
            }
            if self.peek() != Some(',') {
                break;
            }
            self.at += 1;
        }
        FieldValue { op: op.0, items }
    }

    fn scalar(&mut self) -> Scalar {
        if self.peek().is_some_and(is_quote) {
            return Scalar { text: self.quoted(), quoted: true };
        }
        let from = self.at;
        while let Some(c) = self.peek() {
            let dialled = c == '(' && self.dialled_parenthesis();
            if is_blank(c) || c == ',' || (c == '(' && !dialled) || (c == ')' && !self.closes_digits(from)) {
                break;
            }
            self.at += 1;
        }
        Scalar { text: self.slice(from), quoted: false }
    }

    /// Whether the parenthesis here closes one that was opened inside this word.
    fn closes_digits(&self, from: usize) -> bool {
        let word = self.chars.get(from..self.at).unwrap_or_default();
        word.iter().filter(|c| **c == '(').count() > word.iter().filter(|c| **c == ')').count()
    }
}

/// A keyword where a word should stand says nothing.
fn is_keyword(what: &What) -> bool {
    matches!(what, What::Text { text, quoted: false } if KEYWORDS.contains(&text.as_str()))
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{ff02}')
}
