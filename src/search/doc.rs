//! A search document: what a feature says about one of its records.

use crate::base::money::Money;

/// One value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
    Money(Money),
}

impl Value {
    fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Text(text) if text == wanted)
    }
    /// The number that is compared: of an amount ten-thousandths of a major unit, whatever the currency's digits.
    pub(crate) fn number(&self) -> Option<i64> {
        match self {
            Self::Text(_) => None,
            Self::Number(number) => Some(*number),
            Self::Money(money) => {
                let places = 4_u32.saturating_sub(money.currency.exponent());
                Some(money.amount.saturating_mul(10_i64.pow(places)))
            }
        }
    }
}

/// Values before a text among which the same one is looked for: those of the addresses of an order, and of its lines next
/// to each other.
const LOOKED_BACK: usize = 48;

/// What is found: a kind, an id, the moment it is ordered by, and its fields.
///
/// A field may have several values. Fields the schema does not know are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doc {
    pub kind: &'static str,
    pub id: [u8; 16],
    /// Milliseconds since 1970; lists show the newest first.
    pub time_ms: i64,
    pub(crate) values: Vec<(&'static str, Value)>,
}

impl Doc {
    pub fn new(kind: &'static str, id: [u8; 16], time_ms: i64) -> Self {
        Self { kind, id, time_ms, values: Vec::new() }
    }
    /// Adds a text of any textual shape: text, phone, e-mail, code. An empty one is no value, and one that the field has
    /// already, a little before, is none either: an order that goes to whoever pays for it has most of its texts twice.
    #[must_use]
    pub fn text(mut self, field: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        // The texts first: mostly their lengths differ.
        let is_same = |(name, value): &(&str, Value)| value.is(&text) && *name == field;
        if !text.trim().is_empty() && !self.values.iter().rev().take(LOOKED_BACK).any(is_same) {
            self.values.push((field, Value::Text(text)));
        }
        self
    }
    /// Adds a word of a closed list or a keyword. The same as `text`; it reads better.
    #[must_use]
    pub fn keyword(self, field: &'static str, word: impl Into<String>) -> Self {
        self.text(field, word)
    }
    /// Adds several texts.
    #[must_use]
    pub fn texts<T: Into<String>>(self, field: &'static str, texts: impl IntoIterator<Item = T>) -> Self {
        texts.into_iter().fold(self, |doc, text| doc.text(field, text))
    }
    /// Adds a whole number. For a field of shape Money it is taken as hundredths of a major unit.
    #[must_use]
    pub fn number(mut self, field: &'static str, number: i64) -> Self {
        self.values.push((field, Value::Number(number)));
        self
    }
    /// Adds an amount, compared in major units across currencies.
    #[must_use]
    pub fn money(mut self, field: &'static str, amount: Money) -> Self {
        self.values.push((field, Value::Money(amount)));
        self
    }
    /// Adds a moment in milliseconds since 1970.
    #[must_use]
    pub fn date(self, field: &'static str, at_ms: i64) -> Self {
        self.number(field, at_ms)
    }
    /// Adds a moment where there is one.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn maybe_date(self, field: &'static str, at_ms: Option<i64>) -> Self {
        match at_ms {
            Some(at_ms) => self.date(field, at_ms),
            None => self,
        }
    }
    /// The first number, moment or amount (in ten-thousandths of a major unit) of a field.
    pub fn number_of(&self, field: &str) -> Option<i64> {
        self.values.iter().filter(|(name, _)| *name == field).find_map(|(_, value)| value.number())
    }
    /// The texts of a field, as they were given.
    pub fn texts_of<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(name, _)| *name == field).filter_map(|(_, value)| match value {
            Value::Text(text) => Some(text.as_str()),
            Value::Number(_) | Value::Money(_) => None,
        })
    }
}
