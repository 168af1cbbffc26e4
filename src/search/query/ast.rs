//! The terms of a query as they were typed.

/// Terms that must all match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct All(pub(crate) Vec<Any>);

impl All {
    /// Takes parentheses away that hold one term; true when there were any.
    pub(crate) fn settle(&mut self) -> bool {
        let mut changed = false;
        for item in self.0.iter_mut().flat_map(|any| &mut any.0) {
            let What::Group(inner) = &mut item.what else { continue };
            changed |= inner.settle();
            if let [Any(items)] = inner.0.as_mut_slice()
                && items.len() == 1
                && let Some(only) = items.pop()
            {
                *item = Item { negated: item.negated ^ only.negated, what: only.what };
                changed = true;
            }
        }
        changed
    }
    /// Makes the value that stands last a beginning, where its field has beginnings.
    pub(crate) fn open_last(&mut self, has_beginnings: &impl Fn(u16) -> bool) {
        if let Some(last) = self.last_value(has_beginnings).filter(|last| last.is_whole()) {
            last.text.push('*');
        }
    }
    /// Keeps the value that stands last from being taken for a beginning, where it is none.
    pub(crate) fn close_last(&mut self, has_beginnings: &impl Fn(u16) -> bool) {
        if let Some(last) = self.last_value(has_beginnings).filter(|last| last.is_whole()) {
            last.quoted = true;
        }
    }
    fn last_value(&mut self, has_beginnings: &impl Fn(u16) -> bool) -> Option<&mut Scalar> {
        match self.0.last_mut()?.0.last_mut()? {
            Item { negated: false, what: What::Group(inner) } => inner.last_value(has_beginnings),
            Item { negated: false, what: What::Field { field, value } } => {
                let value = Some(value).filter(|value| value.op == Op::Is && has_beginnings(*field));
                value?.items.last_mut()
            }
            _ => None,
        }
    }
}

/// Terms of which one must match; mostly a single one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Any(pub(crate) Vec<Item>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) negated: bool,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Group(All),
    Text { text: String, quoted: bool },
    Field { field: u16, value: FieldValue },
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Any of the listed values.
    Is,
    More,
    AtLeast,
    Less,
    AtMost,
    /// Between the first and the second value, both included; an empty one is open.
    Between,
}

impl Op {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Is | Self::Between => "",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::AtMost => "<=",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldValue {
    pub(crate) op: Op,
    pub(crate) items: Vec<Scalar>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) quoted: bool,
}

impl Scalar {
    /// Whether it is a value by itself: no beginning, not in quotes, and not that there is one or none.
    fn is_whole(&self) -> bool {
        let is_closed = self.quoted || self.text.is_empty() || self.text.ends_with('*');
        !is_closed && !matches!(self.text.as_str(), "any" | "none")
    }
}
