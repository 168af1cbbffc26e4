//! What an import says: items with their place, refused rows, warnings counted with examples, and tallies.

use crate::base::error::Result;
use crate::base::money::Currency;
use crate::shop::customers::NewCustomer;
use crate::shop::orders::{NewCreditNote, NewOrder};
use crate::shop::transfer::cell;
use crate::shop::transfer::records::Record;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Examples kept of each kind of warning.
const EXAMPLES_MAX: usize = 5;

/// Something to write to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Order(Box<NewOrder>),
    Customer(Box<NewCustomer>),
    CreditNote(Box<NewCreditNote>),
}

/// Where an item stands in the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: Arc<str>,
    /// Physical line of its first row, from 1.
    pub line: u64,
    /// What the file calls it: order number, e-mail address.
    pub key: String,
    /// Its rows, so that a refusal can give them back.
    pub rows: Vec<RawRow>,
    /// What the file says that a customer has ordered.
    pub claim: Option<Claim>,
}

/// What a file of customers says about orders and money: ours are computed, so it is compared only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    pub orders: Option<u64>,
    pub spent: Option<Decimal>,
}

/// A row as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRow {
    pub file: Arc<str>,
    /// The columns of its file; none for a line of JSON.
    pub header: Arc<[String]>,
    pub record: Record,
}

impl Place {
    /// The rows of what was read well and the rules refuse: the first says why, the others point to it.
    pub fn refused(&self, column: &str, code: &'static str, reason: &str) -> Vec<Refused> {
        let key = cell::shown(&self.key);
        let refuse = |(place, row): (usize, &RawRow)| Refused {
            file: Arc::clone(&row.file),
            line: row.record.line,
            column: if place == 0 { column.to_owned() } else { String::new() },
            value: if place == 0 { key.clone() } else { String::new() },
            code,
            reason: match place {
                0 => reason.to_owned(),
                _ => format!("{key} is refused because of line {}: {reason}", self.line),
            },
            header: Arc::clone(&row.header),
            cells: row.record.cells().map(str::to_owned).collect(),
        };
        self.rows.iter().enumerate().map(refuse).collect()
    }
}

/// A row that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub file: Arc<str>,
    /// Physical line, from 1.
    pub line: u64,
    /// The column at fault, or empty when it is the row.
    pub column: String,
    /// The cell at fault.
    pub value: String,
    /// Stable code word.
    pub code: &'static str,
    /// What was wrong and what would be right.
    pub reason: String,
    /// The columns of its file; none for a line of JSON.
    pub header: Arc<[String]>,
    /// The row as it stands; a row that cannot be taken apart is one cell.
    pub cells: Vec<String>,
}

impl Refused {
    /// Where and why, without the row.
    #[must_use]
    pub fn told(&self) -> Self {
        Self { header: Arc::from([]), cells: Vec::new(), ..self.clone() }
    }
}

/// Takes what an import finds, in the order of the files.
pub trait Sink {
    /// `Break` ends the import early; the report then covers what was read.
    ///
    /// # Errors
    /// Any error ends the import with it.
    fn item(&mut self, item: Item, place: &Place) -> Result<ControlFlow<()>>;
    /// # Errors
    /// Any error ends the import with it.
    fn refused(&mut self, row: &Refused) -> Result<()>;
    /// A row that is right and holds nothing to write, such as one that names nobody.
    ///
    /// # Errors
    /// Any error ends the import with it.
    fn left_out(&mut self, row: &Refused) -> Result<()>;
    /// Called now and then with the bytes of the files that were read, of all; every file is read more than once.
    fn progress(&mut self, _done: u64, _all: u64) {}
}

/// A cell as an example of a warning.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Example {
    pub file: String,
    pub line: u64,
    pub column: String,
    pub value: String,
}

/// One kind of warning: how often, and the first cells.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// What it means for the import.
    pub sentence: &'static str,
    pub count: u64,
    pub examples: Vec<Example>,
}

/// All warnings by their stable code word.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Warnings(pub BTreeMap<&'static str, Warning>);

const REPLACED: (&str, &str) = (
    "replaced_letters",
    "The file has bytes that its encoding does not know, this many; they became U+FFFD.",
);

const OTHER_LETTERS: (&str, &str) = (
    "other_letters",
    "The letters of the file look more like those of another encoding, which is named here. If names look wrong, choose that one (--encoding, Encoding on the page).",
);

impl Warnings {
    /// Notes that a file may be in another encoding than the one it is read in.
    pub fn other_letters(&mut self, file: &str, looks_like: Option<&'static encoding_rs::Encoding>) {
        if let Some(encoding) = looks_like {
            self.note(OTHER_LETTERS, file, 0, "", &encoding.name().to_lowercase());
        }
    }
    /// Notes how many bytes of a file stood for no letter.
    pub fn replaced(&mut self, file: &str, count: u64) {
        if count > 0 {
            self.note(REPLACED, file, 0, "", &count.to_string());
        }
    }
    pub fn note(
        &mut self,
        (code, sentence): (&'static str, &'static str),
        file: &str,
        line: u64,
        column: &str,
        value: &str,
    ) {
        let warning =
            self.0.entry(code).or_insert_with(|| Warning { sentence, count: 0, examples: Vec::new() });
        warning.count += 1;
        if warning.examples.len() < EXAMPLES_MAX {
            let (column, value) = (cell::shown(column), cell::shown(value));
            warning.examples.push(Example { file: file.to_owned(), line, column, value });
        }
    }
    /// Takes in the warnings of another part of the run.
    pub fn join(&mut self, other: &Self) {
        for (code, warning) in &other.0 {
            let own = self.0.entry(code).or_insert_with(|| Warning {
                count: 0,
                examples: Vec::new(),
                ..warning.clone()
            });
            own.count += warning.count;
            let room = EXAMPLES_MAX.saturating_sub(own.examples.len());
            own.examples.extend(warning.examples.iter().take(room).cloned());
        }
    }
    /// How often this was warned of.
    pub fn count(&self, code: &str) -> u64 {
        self.0.get(code).map_or(0, |w| w.count)
    }
}

/// One amount summed twice: as the file states it, and as it is kept in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Major units with all digits of the file.
    pub exact: Decimal,
    /// Minor units, rounded half up line by line.
    pub rounded: i64,
}

impl Sum {
    pub fn add(&mut self, exact: Decimal, rounded: i64) {
        self.exact = self.exact.saturating_add(exact);
        self.rounded = self.rounded.saturating_add(rounded);
    }
    /// What rounding changed, in major units.
    pub fn difference(&self, currency: Currency) -> Decimal {
        Decimal::new(self.rounded, currency.exponent()).saturating_sub(self.exact)
    }
}

/// The sums of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Lines of orders after their discounts.
    pub goods: Sum,
    pub discount: Sum,
    pub shipping: Sum,
    pub tax: Sum,
    /// Totals of orders.
    pub total: Sum,
    pub paid: Sum,
    pub refunded: Sum,
    /// Credit notes; positive is in favour of the customers.
    pub credited: Sum,
    /// Adjustments; positive is in favour of the customers.
    pub adjusted: Sum,
}

/// What an import has counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// Rows of all files but headers and blank rows.
    pub rows: u64,
    pub refused_rows: u64,
    pub orders: u64,
    /// Lines of orders and credit notes.
    pub lines: u64,
    pub credit_notes: u64,
    pub adjustments: u64,
    /// Different customers: with an order, a credit note, or a row of their own.
    pub customers: u64,
    /// Orders and notes without anybody.
    pub guests: u64,
    /// Rows left out on purpose, such as carts that are no orders.
    pub skipped: u64,
    pub sums: BTreeMap<Currency, Sums>,
    /// What a file of customers says they have spent, for comparing with our own sums.
    pub claimed_spent: Decimal,
    /// Facts worth telling, such as how many orders have their tax included.
    pub facts: BTreeMap<&'static str, u64>,
}

impl Tallies {
    /// Counts a fact.
    pub fn fact(&mut self, name: &'static str) {
        *self.facts.entry(name).or_default() += 1;
    }
    /// How often a fact was counted.
    pub fn count(&self, name: &str) -> u64 {
        self.facts.get(name).copied().unwrap_or(0)
    }
}

/// How one file was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    pub name: Arc<str>,
    /// What it was taken for: `orders`, `lines` …
    pub role: String,
    /// Such as `UTF-8`.
    pub encoding: &'static str,
    pub delimiter: char,
    pub rows: u64,
    pub blank_rows: u64,
    /// Lines above the header, such as a title.
    pub above_header: u64,
    pub repeated_headers: u64,
    pub refused_rows: u64,
    /// Cells with blanks at their ends, which are not kept.
    pub trimmed_cells: u64,
    /// Columns that no field was found for.
    pub unknown_columns: Vec<String>,
    /// Columns that are known and of no use here.
    pub ignored_columns: Vec<String>,
    /// The first cells with other letters than ASCII, to judge the encoding by.
    pub samples: Vec<String>,
    /// How ambiguous columns were read, such as `Total: 1,234 is 1234`.
    pub decisions: Vec<String>,
}

impl FileReport {
    /// The lines that are no rows, in words.
    pub fn passed_over(&self) -> Vec<String> {
        let counts = [
            (self.above_header, "line above the header", "lines above the header"),
            (self.blank_rows, "blank row", "blank rows"),
            (self.repeated_headers, "repeated header", "repeated headers"),
        ];
        let told = counts.into_iter().filter(|(count, ..)| *count > 0);
        told.map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many })).collect()
    }
}

/// The whole outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub files: Vec<FileReport>,
    pub tallies: Tallies,
    pub warnings: Warnings,
    /// What was taken for given because the files do not say it, a sentence each.
    pub assumptions: Vec<String>,
    /// The sink ended it early.
    pub is_cut_short: bool,
}
