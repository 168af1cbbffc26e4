//! A mapping: which columns of which files say what about orders or customers. Presets of other shops and the
//! mapping files people write are the same thing, in TOML.

use crate::base::error::{Error, Result};
use crate::base::money::Currency;
use crate::base::time::Zone;
use crate::shop::transfer::date_order::DateOrder;
use crate::shop::transfer::fields::{Field, SECTIONS};
use crate::shop::transfer::number::DecimalSign;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::sheet::header_key;
use crate::shop::transfer::words::{Meaning, word_key};
use std::collections::BTreeMap;

/// What the rows of the first file are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Orders,
    Customers,
    /// Only our own files hold nothing else.
    CreditNotes,
}

impl Kind {
    /// The word in commands, forms and addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Customers => "customers",
            Self::CreditNotes => "credit-notes",
        }
    }
    /// In a sentence.
    pub fn label(self) -> &'static str {
        match self {
            Self::CreditNotes => "credit notes",
            other => other.word(),
        }
    }
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Orders, Self::Customers, Self::CreditNotes].into_iter().find(|kind| kind.word() == word)
    }
}

/// Whether the prices contain the tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxRule {
    #[default]
    Included,
    Added,
    /// What makes the order's total right, order by order.
    Decide,
}

/// Line items that stand in columns of the order's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineColumns {
    /// `line_item_1`, `order_item_1` … as WooCommerce's export plugins write them.
    Woocommerce,
    /// One cell with a JSON object, as in Magento's own samples.
    MagentoJson,
}

/// One or several names of a column; of several the first that is there and not empty counts.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Many(Vec<String>),
}

impl Names {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::Many(names) => names,
        }
    }
}

/// How the files are to be read, where they do not say it.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Read {
    encoding: Option<String>,
    delimiter: Option<char>,
    decimal: Option<DecimalSign>,
    dates: Option<DateOrder>,
    zone: Option<String>,
}

/// What is the same for every row.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Constants {
    pub currency: Option<Currency>,
    pub channel: String,
    /// ISO 3166 code for addresses without a country.
    pub country: String,
    /// Words of ours, such as `completed paid fulfilled`, where the file has no word.
    pub state: String,
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    pub tax: TaxRule,
    /// An order without lines has the total of its payments.
    pub total_from_payments: bool,
    /// Document numbers that begin so are credit notes …
    pub credit_prefix: Option<String>,
    /// … or adjustments.
    pub adjustment_prefix: Option<String>,
    pub lines: Option<LineColumns>,
    /// What is the order's own stands in its first row only: where it stands again, the order begins again.
    pub once: bool,
    /// Columns that become metadata.
    pub keep: Vec<String>,
    /// Columns that are known and left out.
    pub ignore: Vec<String>,
    /// Columns without a field become metadata.
    pub keep_unknown: Option<bool>,
    /// Words that stand for nothing in any cell, such as `NULL`.
    pub null: Vec<String>,
}

/// A further file, joined to rows by a key.
#[derive(Clone, Debug)]
pub struct JoinedFile {
    /// Its column with the key.
    pub key: Vec<String>,
    /// The column of the rows it is joined to.
    pub by: Vec<String>,
    pub is_optional: bool,
    /// E-mail addresses are compared in their key form.
    pub is_email: bool,
    /// What people call it, such as `olist_order_items_dataset.csv`; may be empty.
    pub name: String,
}

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct JoinedText {
    key: Names,
    by: Names,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    email: bool,
    #[serde(default)]
    name: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    source: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    name: String,
    #[serde(default)]
    telling: Vec<String>,
    #[serde(default)]
    read: Read,
    #[serde(default)]
    constants: Constants,
    #[serde(default)]
    rules: Rules,
    #[serde(default)]
    files: BTreeMap<String, JoinedText>,
    #[serde(default)]
    words: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    order: Section,
    #[serde(default)]
    line: Section,
    #[serde(default)]
    billing: Section,
    #[serde(default)]
    shipping: Section,
    #[serde(default)]
    customer: Section,
    #[serde(default)]
    payment: Section,
}

/// Fields and their columns.
type Section = BTreeMap<String, Names>;

/// A mapping that was checked.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The system the records come from: the first half of their key.
    pub source: String,
    pub kind: Kind,
    /// What people call the first file; may be empty.
    pub name: String,
    /// It is one of ours, and says nothing that somebody has chosen.
    pub is_preset: bool,
    /// Columns of which one has to be there for the format to be found out; none where the fields are enough.
    pub telling: Vec<String>,
    pub constants: Constants,
    pub state: Meaning,
    pub rules: Rules,
    /// The further files by their role.
    pub files: BTreeMap<String, JoinedFile>,
    read: Read,
    /// Column names by the place of the field.
    columns: Vec<Vec<String>>,
    /// Sections whose columns are those of a further file.
    from: BTreeMap<&'static str, String>,
    words: BTreeMap<String, BTreeMap<String, Meaning>>,
}

fn wrong(message: String) -> Error {
    Error::invalid("mapping_invalid", message)
}

impl Mapping {
    /// Whether a column with this title means something to it.
    pub fn knows(&self, title: &str) -> bool {
        let title = header_key(title);
        let rules = [&self.rules.keep, &self.rules.ignore].into_iter().flatten();
        self.columns.iter().flatten().chain(rules).any(|name| {
            let own = name.split_once('.').map_or(name.as_str(), |(file, column)| {
                if self.files.contains_key(file) { column } else { name }
            });
            header_key(own) == title
        })
    }
    /// Reads a mapping file.
    ///
    /// # Errors
    /// `mapping_invalid` with the line or the name that is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let text: Text =
            toml::from_str(text).map_err(|e| wrong(format!("The mapping cannot be read: {e}")))?;
        let mut columns = vec![Vec::new(); Field::ALL.len()];
        let mut from = BTreeMap::new();
        let sections = [text.order, text.line, text.billing, text.shipping, text.customer, text.payment];
        for (known, names) in SECTIONS.iter().copied().zip(sections) {
            for (name, value) in names {
                if name == "from" {
                    let role = value.list().concat();
                    if !text.files.contains_key(&role) {
                        return Err(wrong(format!(
                            "[{known}] names the file {role}: describe it in [files.{role}]."
                        )));
                    }
                    from.insert(known, role);
                    continue;
                }
                let slot = Field::named(known, &name).and_then(|f| columns.get_mut(f.index()));
                let Some(slot) = slot else { return Err(unknown_field(known, &name)) };
                *slot = value.list();
            }
        }
        let files = text.files.into_iter().map(|(role, f)| {
            let joined = JoinedFile {
                key: f.key.list(),
                by: f.by.list(),
                is_optional: f.optional,
                is_email: f.email,
                name: f.name,
            };
            (role, joined)
        });
        let state =
            Meaning::parse(&text.constants.state).map_err(|w| wrong(format!("{w} is no word of ours.")))?;
        Ok(Self {
            source: text.source,
            kind: text.kind,
            name: text.name,
            is_preset: false,
            telling: text.telling,
            constants: text.constants,
            state,
            rules: text.rules,
            files: files.collect(),
            read: text.read,
            columns,
            from,
            words: words(text.words)?,
        })
    }
    /// The columns a field may stand in.
    pub fn columns(&self, field: Field) -> &[String] {
        self.columns.get(field.index()).map_or(&[], Vec::as_slice)
    }
    /// The further file that a section is read from; `None` for the first file.
    pub fn file_of(&self, section: &str) -> Option<&str> {
        self.from.get(section).map(String::as_str)
    }
    /// What a status word means; `kind` is `status`, `payment` or `fulfilment`.
    pub fn meaning(&self, kind: &str, word: &str) -> Option<Meaning> {
        let own = || Meaning::parse(&word.to_lowercase()).ok().filter(|m| *m != Meaning::default());
        self.words.get(kind).and_then(|w| w.get(&word_key(word))).copied().or_else(own)
    }
    /// The options with what the mapping says added where the person said nothing.
    ///
    /// # Errors
    /// `unknown_encoding`, `invalid_zone`.
    pub fn options(&self, given: &Options) -> Result<Options> {
        let mut options = given.clone();
        if let (None, Some(label)) = (options.encoding, &self.read.encoding) {
            options.encoding = Some(crate::shop::transfer::encoding::named(label)?);
        }
        if let (Some(name), false) = (&self.read.zone, options.zone_is_said) {
            (options.zone, options.zone_is_said) = (Zone::named(name)?, !self.is_preset);
        }
        options.delimiter = options.delimiter.or(self.read.delimiter.and_then(|c| u8::try_from(c).ok()));
        options.decimal = options.decimal.or(self.read.decimal);
        options.dates = options.dates.or(self.read.dates);
        options.keep_unknown = self.rules.keep_unknown.unwrap_or(options.keep_unknown);
        Ok(options)
    }
}

fn unknown_field(section: &str, name: &str) -> Error {
    let known = Field::ALL.iter().filter(|f| f.section() == section).map(|f| f.name());
    let known: Vec<_> = known.collect();
    wrong(format!("[{section}] has no field {name}; it has {}.", known.join(", ")))
}

fn words(
    given: BTreeMap<String, BTreeMap<String, String>>,
) -> Result<BTreeMap<String, BTreeMap<String, Meaning>>> {
    let mut words = BTreeMap::new();
    for (kind, list) in given {
        if !matches!(kind.as_str(), "status" | "payment" | "fulfilment") {
            return Err(wrong(format!(
                "There is no section [words.{kind}]; use status, payment, fulfilment."
            )));
        }
        let mut meanings = BTreeMap::new();
        for (word, meaning) in list {
            let meaning = Meaning::parse(&meaning)
                .map_err(|w| wrong(format!("[words.{kind}] {word}: {w} is no word of ours.")))?;
            meanings.insert(word_key(&word), meaning);
        }
        words.insert(kind, meanings);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r##"
        source = "demo"
        [constants]
        currency = "GBP"
        state = "completed paid"
        [rules]
        tax = "added"
        [order]
        key = "No"
        placed_at = ["Date", "Created"]
        [line]
        from = "details"
        sku = "Code"
        [files.details]
        key = "No"
        by = "No"
        [words.status]
        "On Hold" = "open hold"
    "##;

    #[test]
    fn a_mapping_names_columns_files_and_words() {
        let mapping = Mapping::parse(GOOD).unwrap();
        assert_eq!(mapping.columns(Field::PlacedAt), ["Date", "Created"]);
        assert_eq!(mapping.columns(Field::OrderTotal), [""; 0]);
        assert_eq!((mapping.file_of("line"), mapping.file_of("order")), (Some("details"), None));
        assert!(mapping.meaning("status", "on-hold ").unwrap().is_hold);
        assert!(
            mapping.meaning("status", "Completed").is_some() && mapping.meaning("status", "odd").is_none()
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, named) in [
            ("sku", "skew", "skew"),
            ("[line]", "[lines]", "lines"),
            ("\"details\"", "\"detail\"", "[files.detail]"),
            ("open hold", "open sesame", "sesame"),
            ("GBP", "XYZ", "currency"),
            ("key = \"No\"", "key = 5", ""),
        ] {
            let error = Mapping::parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.code == "mapping_invalid" && error.message.contains(named), "{}", error.message);
        }
    }
}
