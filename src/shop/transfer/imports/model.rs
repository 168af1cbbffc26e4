//! An import that was begun on a page: what was asked, which files, how far it is and what came of it. Pure.

use crate::base::error::{Error, Result};
use crate::base::money::Currency;
use crate::base::time::Timestamp;
use crate::shop::transfer::cell;
use crate::shop::transfer::intake::{Choices, Source};
use crate::shop::transfer::landing::{Ended, Landed};
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::outcome::{FileReport, Refused, Report, Warning};
use minicbor::{Decode, Encode};

crate::id!(
    /// An import: `imp_…`.
    ImportId, "imp"
);

/// Characters kept of a cell or a sentence that is only shown.
const SHOWN_MAX: usize = 300;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits for the dry run or is in it.
    #[n(0)]
    Checking,
    /// The dry run has ended; somebody has to say that it is to be done.
    #[n(1)]
    Checked,
    /// Waits to be written or is being written.
    #[n(2)]
    Running,
    #[n(3)]
    Done,
    /// Ended early, by somebody or by the first refusal. What came before it is kept.
    #[n(4)]
    Stopped,
    /// It could not be read or written.
    #[n(5)]
    Failed,
}

impl State {
    /// Whether there is work to do without anybody.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Checking | Self::Running)
    }
}

/// What is imported and how it is read; an empty word is found out from the files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, serde::Serialize)]
pub struct Asked {
    /// `orders` or `customers`.
    #[n(0)]
    pub what: String,
    /// A word of `--from`.
    #[n(1)]
    pub from: String,
    /// The text of a mapping, for `csv`.
    #[n(2)]
    #[serde(skip)]
    pub mapping: Option<String>,
    #[n(3)]
    pub encoding: String,
    #[n(4)]
    pub decimal: String,
    #[n(5)]
    pub dates: String,
    #[n(6)]
    pub currency: String,
    #[n(7)]
    #[cbor(default)]
    pub source_name: String,
    #[n(8)]
    #[cbor(default)]
    pub zone: String,
}

impl Asked {
    /// The kind of record; `None` when the files are to say it.
    ///
    /// # Errors
    /// `invalid_choice`.
    pub fn kind(&self) -> Result<Option<Kind>> {
        match self.what.as_str() {
            "" => Ok(None),
            word => Kind::from_word(word)
                .map(Some)
                .ok_or_else(|| Error::invalid("invalid_choice", "Choose orders or customers.").on("/what")),
        }
    }
    /// The program that wrote the files; `None` when they are to say it.
    ///
    /// # Errors
    /// `format_unknown`, `mapping_missing`.
    pub fn source(&self) -> Result<Option<Source>> {
        match self.from.as_str() {
            "" => Ok(None),
            word => Source::parse(word, self.mapping.as_deref()).map(Some),
        }
    }
    pub fn choices(&self) -> Choices {
        Choices {
            encoding: self.encoding.clone(),
            decimal: self.decimal.clone(),
            dates: self.dates.clone(),
            currency: self.currency.clone(),
            source_name: self.source_name.clone(),
            zone: self.zone.clone(),
        }
    }
}

/// A file of an import as its sender called it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize)]
pub struct SentFile {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub bytes: u64,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Import {
    #[n(0)]
    pub state: State,
    #[n(1)]
    pub created_at: Timestamp,
    /// The name of who began it.
    #[n(2)]
    pub created_by: String,
    #[n(3)]
    pub changed_at: Timestamp,
    #[n(4)]
    pub asked: Asked,
    #[n(5)]
    pub files: Vec<SentFile>,
    /// End at the first refusal instead of leaving it out.
    #[n(6)]
    pub stop_on_error: bool,
    /// What the dry run found.
    #[n(7)]
    pub check: Option<Outcome>,
    /// What was done.
    #[n(8)]
    pub result: Option<Outcome>,
    /// Why it failed or stopped, for people.
    #[n(9)]
    pub problem: Option<String>,
    /// Whether format and kind were found out from the files.
    #[n(10)]
    pub recognised: bool,
    /// Where the log of the shop was when the dry run began.
    #[n(11)]
    #[cbor(default)]
    pub checked_at_event: u64,
    /// It is to be written once it is checked again, if it still does the same.
    #[n(12)]
    #[cbor(default)]
    pub starts_after_check: bool,
}

/// What a dry run or an import found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, serde::Serialize)]
pub struct Outcome {
    #[n(0)]
    pub rows: u64,
    #[n(1)]
    pub lines: u64,
    #[n(2)]
    pub orders: u64,
    #[n(3)]
    pub customers: u64,
    #[n(4)]
    pub landed: Landed,
    /// What the orders come to that are added or changed, an amount a currency.
    #[n(5)]
    pub totals: Vec<Total>,
    #[n(6)]
    pub warnings: Vec<Noted>,
    /// The first refusals.
    #[n(7)]
    pub refusals: Vec<Refusal>,
    #[n(8)]
    pub files: Vec<Read>,
    /// What was taken for given because the files do not say it.
    #[n(9)]
    #[cbor(default)]
    pub assumptions: Vec<String>,
    /// The first rows that were left out.
    #[n(10)]
    #[cbor(default)]
    pub left_out: Vec<Refusal>,
}

/// A sum in minor units; its JSON is that of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize)]
pub struct Total {
    #[n(0)]
    pub amount: i64,
    #[n(1)]
    pub currency: Currency,
}

/// A warning with its first cells.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize)]
pub struct Noted {
    #[n(0)]
    pub sentence: String,
    #[n(1)]
    pub count: u64,
    /// Such as `orders.csv line 7, Total: 1.234`.
    #[n(2)]
    pub examples: Vec<String>,
}

/// A refused row.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize)]
pub struct Refusal {
    #[n(0)]
    pub file: String,
    #[n(1)]
    pub line: u64,
    #[n(2)]
    pub column: String,
    #[n(3)]
    pub value: String,
    #[n(4)]
    pub reason: String,
}

/// How a file was read.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize)]
pub struct Read {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub role: String,
    #[n(2)]
    pub encoding: String,
    /// In words.
    #[n(3)]
    pub delimiter: String,
    #[n(4)]
    pub rows: u64,
    /// Columns that became custom fields.
    #[n(5)]
    pub unknown_columns: Vec<String>,
    #[n(6)]
    pub ignored_columns: Vec<String>,
    /// How columns were read that could be read in several ways.
    #[n(7)]
    pub decisions: Vec<String>,
    /// Cells that show whether the encoding is right.
    #[n(8)]
    pub samples: Vec<String>,
    /// Blank rows and headers in the middle, in words.
    #[n(9)]
    #[cbor(default)]
    pub passed_over: Vec<String>,
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}

impl Outcome {
    pub fn of(report: &Report, ended: &Ended) -> Self {
        let t = &report.tallies;
        Self {
            rows: t.rows,
            lines: t.lines,
            orders: t.orders,
            customers: t.customers,
            landed: ended.landed,
            totals: ended.totals.iter().map(|(c, s)| Total { amount: *s, currency: *c }).collect(),
            warnings: report.warnings.0.values().map(Noted::of).collect(),
            refusals: ended.refusals.iter().map(Refusal::of).collect(),
            files: report.files.iter().map(Read::of).collect(),
            assumptions: report.assumptions.clone(),
            left_out: ended.left_out.iter().map(Refusal::of).collect(),
        }
    }
}

impl Noted {
    fn of(warning: &Warning) -> Self {
        let example = |e: &crate::shop::transfer::outcome::Example| {
            let line = if e.line > 0 { format!(" line {}", e.line) } else { String::new() };
            let column = if e.column.is_empty() { String::new() } else { format!(", {}", e.column) };
            shown(&format!("{}{line}{column}: {}", e.file, e.value))
        };
        Self {
            sentence: warning.sentence.to_owned(),
            count: warning.count,
            examples: warning.examples.iter().map(example).collect(),
        }
    }
}

impl Refusal {
    fn of(refused: &Refused) -> Self {
        Self {
            file: refused.file.to_string(),
            line: refused.line,
            column: cell::shown(&refused.column),
            value: cell::shown(&refused.value),
            reason: shown(&refused.reason),
        }
    }
}

impl Read {
    fn of(file: &FileReport) -> Self {
        let delimiter = match file.delimiter {
            '\t' => "tab",
            ';' => "semicolon",
            ',' => "comma",
            '|' => "bar",
            _ => "",
        };
        let all = |texts: &[String]| texts.iter().take(60).map(|t| cell::shown(t)).collect();
        Self {
            name: file.name.to_string(),
            role: file.role.clone(),
            encoding: file.encoding.to_owned(),
            delimiter: delimiter.to_owned(),
            rows: file.rows,
            passed_over: file.passed_over(),
            unknown_columns: all(&file.unknown_columns),
            ignored_columns: all(&file.ignored_columns),
            decisions: all(&file.decisions),
            samples: all(&file.samples),
        }
    }
}
