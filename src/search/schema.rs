//! The declaration of what can be found: kinds of records and their fields, said once by each feature.

use crate::base::error::{Error, Result};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// A kind of record that is found: an order, a customer, a product.
#[derive(Clone, Copy, Debug)]
pub struct KindDef {
    /// The word in requests and hits, such as `order`.
    pub name: &'static str,
    /// The prefix of its ids in text form, such as `ord`.
    pub prefix: &'static str,
    /// The word on pages.
    pub label: &'static str,
}

/// What a field holds and how it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One of a closed list of words; another word is reported with a suggestion.
    Word { values: &'static [&'static str] },
    /// The whole value, folded; `*` at the end makes it a prefix.
    Keyword,
    /// Words in any order, with `*` the last one a beginning; a quoted value is a phrase.
    Text,
    /// A phone number in any format: all of it, with `*` its beginning, or four digits and more of its end.
    Phone,
    /// An e-mail address: all of it, local part, domain, `@domain` or the words in it, with `*` their beginning.
    Email,
    /// SKU, barcode, tracking or order number: all of it or with `*` its beginning, with or without separators, `#` and zeros.
    Code,
    /// A whole number.
    Number,
    /// An amount: ten-thousandths of a major unit inside, typed in major units.
    Money,
    /// A moment in milliseconds, typed as a date in the reader's zone.
    Date,
    /// The moment by which documents are ordered (`Doc::time_ms`): ranges over it cost nothing.
    Time,
}

impl Shape {
    /// Whether what is typed last of a value is taken as its beginning. A keyword would be found before it is typed.
    fn has_beginnings(self) -> bool {
        matches!(self, Self::Text | Self::Phone | Self::Email | Self::Code)
    }
}

/// What people call the values of a field, such as the English names of countries.
#[derive(Clone, Copy, Debug)]
pub struct Naming {
    /// The value that a name stands for.
    pub find: fn(&str) -> Option<&'static str>,
    /// The name of a value.
    pub name: fn(&str) -> String,
}

/// A field of one or more kinds.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    /// The word before the colon.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// The word on pages.
    pub label: &'static str,
    /// One sentence for the help page.
    pub help: &'static str,
    /// A term that works, such as `total:>100`.
    pub example: &'static str,
    /// The kinds that have it.
    pub kinds: &'static [&'static str],
    pub shape: Shape,
    /// Whether the plain box searches it too; of money an amount with its decimals or a currency sign, such as `59.90`.
    pub boxed: bool,
    /// Whether its values are counted for filters.
    pub facet: bool,
    /// Whether lists can be sorted by it. Of several values a number counts with its lowest, a text with the one given
    /// first.
    pub sortable: bool,
    /// Whether some readers do not see it: for them the box finds nothing by it. What else they may not ask for a
    /// [`Hidden`] says.
    pub private: bool,
    /// What its values are called too.
    pub naming: Option<Naming>,
    /// The value that `none` stands for, of a field that always has one; empty of others.
    pub none: &'static str,
}

impl FieldDef {
    /// A field with the usual settings; what is special about it is set where it is declared.
    pub const fn plain(
        name: &'static str,
        label: &'static str,
        kinds: &'static [&'static str],
        shape: Shape,
    ) -> Self {
        Self {
            name,
            aliases: &[],
            label,
            help: "",
            example: "",
            kinds,
            shape,
            boxed: false,
            facet: false,
            sortable: false,
            private: false,
            naming: None,
            none: "",
        }
    }
}

/// The number of kinds that fit the one letter they have in a term.
const KINDS_MAX: usize = 64;
pub(crate) const FIELDS_MAX: usize = 400;

/// All kinds and fields. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    inner: Arc<Inner>,
    hidden: Hidden,
}

/// Whether a reader may not ask for a field; of one with a closed list, for any of these values of it, which are those
/// that a term was understood as and never what was typed. Without values it is about the field at all.
pub type Hidden = fn(field: &str, values: &[&str]) -> bool;

struct Inner {
    kinds: Vec<KindDef>,
    fields: Vec<FieldDef>,
    /// Names and aliases.
    by_name: HashMap<&'static str, usize, BuildHasherDefault<Fnv>>,
}

impl Schema {
    /// # Errors
    /// Internal, when two fields or kinds share a name, or a field names a kind that is not there.
    pub fn new(kinds: Vec<KindDef>, fields: Vec<FieldDef>) -> Result<Self> {
        let wrong = |what: String| Err(Error::internal(what));
        if kinds.len() > KINDS_MAX || fields.len() > FIELDS_MAX {
            return wrong("too many kinds or fields".to_owned());
        }
        for (i, kind) in kinds.iter().enumerate() {
            if kinds.iter().skip(i + 1).any(|k| k.name == kind.name || k.prefix == kind.prefix) {
                return wrong(format!("two kinds are called {}", kind.name));
            }
        }
        let mut by_name = HashMap::default();
        for (i, field) in fields.iter().enumerate() {
            for name in std::iter::once(&field.name).chain(field.aliases) {
                if by_name.insert(*name, i).is_some() {
                    return wrong(format!("two fields are called {name}"));
                }
            }
            if let Some(kind) = field.kinds.iter().find(|k| !kinds.iter().any(|d| d.name == **k)) {
                return wrong(format!("field {} names the unknown kind {kind}", field.name));
            }
        }
        Ok(Self { inner: Arc::new(Inner { kinds, fields, by_name }), hidden: |_, _| false })
    }
    /// The same for a reader who may not ask for everything: terms and orders of lists are refused.
    #[must_use]
    pub fn hiding(&self, hidden: Hidden) -> Self {
        Self { hidden, ..self.clone() }
    }
    /// Whether the reader may ask for a field.
    pub fn shows(&self, field: &FieldDef) -> bool {
        !(self.hidden)(field.name, &[])
    }
    /// The fields of the box whose texts the reader does not see, and those they do, of a kind.
    pub(crate) fn boxed(&self, kind: u8) -> (Vec<u16>, Vec<u16>) {
        let kind = self.kind_at(kind).map_or("", |def| def.name);
        let fields = self.inner.fields.iter().zip(0_u16..);
        let has_texts = |def: &FieldDef| def.boxed && def.shape != Shape::Money;
        let boxed = fields.filter(|(def, _)| has_texts(def) && def.kinds.contains(&kind));
        let (hidden, open): (Vec<_>, Vec<_>) = boxed.partition(|(def, _)| def.private && !self.shows(def));
        let places = |fields: Vec<(&FieldDef, u16)>| fields.into_iter().map(|(_, place)| place).collect();
        (places(hidden), places(open))
    }
    /// The amounts of the box that the reader sees.
    pub(crate) fn boxed_amounts(&self) -> impl Iterator<Item = u16> {
        let is_one = |def: &FieldDef| def.boxed && def.shape == Shape::Money && self.shows(def);
        self.inner.fields.iter().zip(0_u16..).filter(move |(def, _)| is_one(def)).map(|(_, place)| place)
    }
    /// Whether the reader may ask for any of these values of a field's closed list.
    pub(crate) fn shows_values(&self, field: &FieldDef, values: &[&str]) -> bool {
        !(self.hidden)(field.name, values)
    }
    pub fn kinds(&self) -> &[KindDef] {
        &self.inner.kinds
    }
    pub fn fields(&self) -> &[FieldDef] {
        &self.inner.fields
    }
    /// The field of a name or alias, in any case.
    pub fn field(&self, name: &str) -> Option<&FieldDef> {
        self.field_at(self.field_place(name)?)
    }
    /// The kind of a name, such as `order`, or id prefix, such as `ord`.
    pub fn kind(&self, name: &str) -> Option<&KindDef> {
        self.kind_place(name).and_then(|k| self.inner.kinds.get(usize::from(k)))
    }
    /// The rows of the help page for some kinds; of all fields when none is given.
    pub fn help(&self, kinds: &[&str]) -> Vec<&FieldDef> {
        let concerns =
            |f: &&FieldDef| self.shows(f) && (kinds.is_empty() || kinds.iter().any(|k| f.kinds.contains(k)));
        self.inner.fields.iter().filter(concerns).collect()
    }

    /// Whether what is typed last of a value of this field is taken as its beginning.
    pub(crate) fn has_beginnings(&self, field: u16) -> bool {
        self.field_at(field).is_some_and(|def| def.shape.has_beginnings())
    }
    pub(crate) fn field_at(&self, place: u16) -> Option<&FieldDef> {
        self.inner.fields.get(usize::from(place))
    }
    pub(crate) fn field_place(&self, name: &str) -> Option<u16> {
        let place =
            self.inner.by_name.get(name).or_else(|| self.inner.by_name.get(name.to_lowercase().as_str()));
        place.and_then(|p| u16::try_from(*p).ok())
    }
    pub(crate) fn kind_place(&self, name: &str) -> Option<u8> {
        let at = self.inner.kinds.iter().position(|k| k.name == name || k.prefix == name)?;
        u8::try_from(at).ok()
    }
    pub(crate) fn kind_at(&self, place: u8) -> Option<&KindDef> {
        self.inner.kinds.get(usize::from(place))
    }
    /// Names the directory of an index: it changes whenever what a term means may have changed.
    pub(crate) fn hash(&self) -> u32 {
        let mut hash = Fnv::default();
        for kind in &self.inner.kinds {
            hash.add(kind.name);
        }
        for field in &self.inner.fields {
            hash.add(field.name);
            let has = (field.boxed, field.facet, field.sortable, field.private);
            hash.add(&format!("{:?}{has:?}{:?}", field.shape, field.kinds));
        }
        let wide = hash.finish();
        #[expect(clippy::cast_possible_truncation, reason = "both halves are folded into 32 bits")]
        let narrow = (wide ^ (wide >> 32)) as u32;
        narrow
    }
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Schema({} kinds, {} fields)", self.inner.kinds.len(), self.inner.fields.len())
    }
}

/// FNV-1a: a hash that is the same in every build of the program. Names of fields, which are few and ours, are looked up by it
/// for every value of a document.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, text: &str) {
        self.write(text.as_bytes());
        self.write(&[0]);
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    fn finish(&self) -> u64 {
        self.0
    }
}
