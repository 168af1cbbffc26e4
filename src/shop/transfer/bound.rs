//! A mapping tied to the columns of a file, and the rows of that file seen through it.

pub use crate::shop::transfer::fault::Fault;

use crate::base::email;
use crate::base::error::Result;
use crate::base::time::Zone;
use crate::shop::transfer::cell;
use crate::shop::transfer::date::{self, Moment};
use crate::shop::transfer::date_order::DateStyle;
use crate::shop::transfer::fields::{Field, Shape};
use crate::shop::transfer::item_cells;
use crate::shop::transfer::join::Lookup;
use crate::shop::transfer::keys::{Begun, KeyColumns};
use crate::shop::transfer::mapping::Mapping;
use crate::shop::transfer::number;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{RawRow, Refused};
use crate::shop::transfer::records::Record;
use crate::shop::transfer::sheet::Sheet;
use crate::shop::transfer::signs::Sign;
use crate::shop::transfer::survey::{Survey, Wanted, survey};
use crate::shop::transfer::tie::{Tie, is_of_dump, is_secret, own_columns, spare_columns};
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The name in mappings for the number of the row.
pub const ROW: &str = "#row";

/// The name in mappings for the record above: a row without a key goes on with it.
pub const ABOVE: &str = "#above";

/// One row, kept.
#[derive(Clone, Debug)]
pub struct Row {
    pub record: Record,
    /// Which of the bound files it is from.
    pub file: usize,
    /// How often the header stands again before it: a file may be several that were put together.
    pub block: u64,
    /// Number of the row in its file, from 1, without the header.
    pub ordinal: u64,
}

/// Where a value is found.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Own(usize),
    Ordinal,
    /// A cell of another file: the key in this row, the file, the wanted column there.
    Joined {
        by: Vec<Slot>,
        lookup: usize,
        column: usize,
    },
}

/// A file with what the mapping finds in it.
#[derive(Debug)]
pub struct Bound {
    pub sheet: Sheet,
    pub survey: Survey,
    /// `None` for the first kind of file.
    pub role: Option<String>,
    pub key: KeyColumns,
    /// Where the keys of the part before it end.
    pub begun: Begun,
    /// It may go on with the last order of the file before: both are parts of one export.
    pub is_next_part: bool,
    /// Columns of e-mail addresses.
    emails: Vec<usize>,
    slots: Vec<Vec<Slot>>,
    /// Where the keys of further files stand in these rows.
    by: HashMap<String, Vec<Slot>>,
    /// Columns that become metadata, with their names.
    pub kept: Vec<(usize, String)>,
    /// Columns that are second choices of every field that knows them, with those fields.
    spare: Vec<(usize, Vec<Field>)>,
    pub unknown: Vec<usize>,
    /// Columns that are known and left out.
    pub ignored: Vec<usize>,
    null: Vec<String>,
    /// Columns that are filled where an order begins.
    begins: Vec<usize>,
    /// What is the order's own stands in its first row only.
    pub is_said_once: bool,
}

/// How much of a role's columns a header has: found and wanted. `None` without the column of its key.
pub fn likeness(mapping: &Mapping, role: Option<&str>, sheet: &Sheet) -> Option<(usize, usize)> {
    let key: &[String] = match role {
        Some(role) => &mapping.files.get(role)?.key,
        None if mapping.kind == crate::shop::transfer::mapping::Kind::Customers => &[],
        None => mapping.columns(Field::OrderKey),
    };
    if !key.is_empty() && !key.iter().any(|k| k == ROW || sheet.column(k).is_some()) {
        return None;
    }
    let is_foreign = |n: &String| n.split_once('.').is_some_and(|(role, _)| mapping.files.contains_key(role));
    let names = |field: &Field| -> Vec<String> {
        mapping.columns(*field).iter().filter(|n| !is_foreign(n)).cloned().collect()
    };
    let mut wanted: Vec<Vec<String>> = Field::ALL
        .iter()
        .filter(|f| mapping.file_of(f.section()) == role)
        .map(names)
        .filter(|n| !n.is_empty())
        .collect();
    if let Some(role) = role {
        wanted.extend(foreign_names(mapping, role).into_iter().map(|n| vec![n]));
    }
    let found = wanted.iter().filter(|names| names.iter().any(|n| sheet.column(n).is_some())).count();
    Some((found, wanted.len()))
}

/// Columns of a further file that are named as `role.column` anywhere in the mapping.
pub fn foreign_names(mapping: &Mapping, role: &str) -> Vec<String> {
    let all =
        Field::ALL.iter().flat_map(|f| mapping.columns(*f)).chain(mapping.files.values().flat_map(|f| &f.by));
    let prefix = format!("{role}.");
    let names: BTreeSet<&str> = all.filter_map(|n| n.strip_prefix(&prefix)).collect();
    names.into_iter().map(str::to_owned).collect()
}

impl Bound {
    /// Ties the mapping to a sheet and looks over the file. `before` is the file of the same kind before it.
    ///
    /// # Errors
    /// As [`survey`].
    pub fn new(
        sheet: Sheet,
        role: Option<&str>,
        mapping: &Mapping,
        lookups: &[Lookup],
        options: &Options,
        before: Option<&Self>,
    ) -> Result<Self> {
        let tie = Tie { sheet: &sheet, mapping, lookups };
        let of_role = |f: &Field| mapping.file_of(f.section()) == role;
        let slots: Vec<Vec<Slot>> = Field::ALL
            .iter()
            .map(|f| if of_role(f) { tie.slots(mapping.columns(*f)) } else { Vec::new() })
            .collect();
        let key = tie.key(role);
        let mut used: BTreeSet<usize> = slots.iter().flatten().flat_map(own_columns).collect();
        used.extend(key.columns.iter().chain(key.split.iter()));
        used.extend(mapping.files.values().flat_map(|f| tie.slots(&f.by)).flat_map(|s| own_columns(&s)));
        let shaped = |shape: Shape| -> Vec<usize> {
            let own = Field::ALL.iter().zip(&slots).filter(|(f, _)| f.shape() == shape).flat_map(|(_, s)| s);
            own.filter_map(|s| if let Slot::Own(column) = s { Some(*column) } else { None })
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect()
        };
        let (numbers, dates, codes) = (shaped(Shape::Number), shaped(Shape::Date), shaped(Shape::Code));
        let own = |field: Field| {
            slots.get(field.index()).into_iter().flatten().flat_map(own_columns).collect::<Vec<_>>()
        };
        let begins: Vec<usize> = BEGINS.iter().map(|f| own(*f)).find(|c| !c.is_empty()).unwrap_or_default();
        let items = ITEMS.iter().flat_map(|f| own(*f)).collect();
        let all_of = |fields: &[Field]| fields.iter().flat_map(|f| own(*f)).collect::<BTreeSet<_>>();
        let emails: Vec<usize> = all_of(&EMAILS).into_iter().collect();
        let ids = all_of(&IDS).into_iter().collect();
        let births = own(Field::CustomerBirthday);
        let wanted = Wanted {
            numbers,
            counts: COUNTS.iter().flat_map(|f| own(*f)).collect(),
            rates: own(Field::LineDiscountRate),
            currencies: own(Field::OrderCurrency),
            cells: mapping
                .rules
                .lines
                .map(|kind| item_cells::all_columns(&sheet.header, kind))
                .unwrap_or_default(),
            usual_currency: options.currency.or(mapping.constants.currency).or(options.usual_currency),
            dates,
            births,
            codes,
            ids,
            emails: emails.clone(),
            key: key.clone(),
            begins: begins.clone(),
            items,
        };
        let before = before.filter(|before| before.sheet.own_header == sheet.own_header);
        let begun = before.map(|before| before.survey.end.clone()).unwrap_or_default();
        let survey = survey(&sheet, &wanted, options, &begun)?;
        // A file whose writer says it once leaves it out in the rows below; one of few orders with one line each shows nothing.
        let is_said_once = survey.blank_again > if mapping.rules.once { 0 } else { survey.filled_again };
        let by = mapping.files.iter().map(|(role, file)| (role.clone(), tie.slots(&file.by))).collect();
        let (kept, unknown) = tie.rest(&used, role, options, &survey.unnamed);
        let spare = spare_columns(&slots);
        let ignored = mapping.rules.ignore.iter().filter_map(|n| sheet.column(n));
        let secrets = (0..sheet.header.len()).filter(|c| is_secret(sheet.title(*c)));
        // What the mapping calls of no use may be used where a better column is not there.
        let ignored = ignored.chain(secrets).filter(|c| !used.contains(c));
        let ignored = ignored.collect::<BTreeSet<_>>().into_iter().collect();
        Ok(Self {
            survey,
            role: role.map(str::to_owned),
            key,
            begun,
            is_next_part: before.is_some(),
            emails,
            slots,
            by,
            kept,
            spare,
            unknown,
            ignored,
            null: mapping.rules.null.clone(),
            begins,
            is_said_once,
            sheet,
        })
    }
    pub fn has(&self, field: Field) -> bool {
        self.slots.get(field.index()).is_some_and(|s| !s.is_empty())
    }
    /// Whether orders have an id beside what keeps their rows together, so that two of them may have the same.
    pub fn has_own_ids(&self) -> bool {
        let is_key = |slot: &Slot| matches!(slot, Slot::Own(column) if self.key.columns.contains(column));
        self.slots.get(Field::OrderId.index()).is_some_and(|slots| !slots.iter().all(is_key))
    }
}

/// Ids: one that a spreadsheet has destroyed is that of many. A key is refused then, with its rows.
const IDS: [Field; 3] = [Field::OrderId, Field::OrderSplit, Field::CustomerId];
const EMAILS: [Field; 2] = [Field::OrderEmail, Field::CustomerEmail];
/// Fields by which records are known: a word for nothing names none.
const NAMES: [Field; 5] =
    [Field::OrderKey, Field::OrderId, Field::OrderEmail, Field::CustomerId, Field::CustomerEmail];
/// Where an order begins, the first of these that the file has is filled.
const BEGINS: [Field; 5] =
    [Field::OrderTotal, Field::OrderSubtotal, Field::OrderCurrency, Field::OrderPayment, Field::OrderStatus];
/// What a line is about; a row with nothing but sums may stand below a file.
pub(super) const ITEMS: [Field; 3] = [Field::LineSku, Field::LineTitle, Field::LineBarcode];

/// Numbers that are no amounts.
const COUNTS: [Field; 4] =
    [Field::LineQuantity, Field::LineDiscountRate, Field::CustomerOrders, Field::PayInstalments];

const NO_DATE: &str =
    "This is no date as the column writes them. 2024-03-31 and 2024-03-31 14:30 are always understood.";

const SECONDS: &str = "This looks like the seconds since 1970, which are not read. Write the column as dates, such as 2024-03-31 14:30.";

/// One row seen through its binding.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub bound: &'a Bound,
    pub row: &'a Row,
    pub lookups: &'a [Lookup],
}

impl<'a> View<'a> {
    pub fn has(&self, field: Field) -> bool {
        self.bound.has(field)
    }
    pub fn line(&self) -> u64 {
        self.row.record.line
    }
    pub fn file(&self) -> &'a Arc<str> {
        &self.bound.sheet.name
    }
    /// The row as it stands.
    pub fn as_it_stands(&self) -> RawRow {
        RawRow {
            file: Arc::clone(self.file()),
            header: Arc::clone(&self.bound.sheet.header),
            record: self.row.record.clone(),
        }
    }
    /// The row as it stands with the word and the reason why it is not taken.
    pub fn refused(&self, code: &'static str, reason: &str) -> Refused {
        Refused {
            file: Arc::clone(self.file()),
            line: self.line(),
            column: String::new(),
            value: String::new(),
            code,
            reason: reason.to_owned(),
            header: Arc::clone(&self.bound.sheet.header),
            cells: self.row.record.cells().map(str::to_owned).collect(),
        }
    }
    /// The first of the field's cells that is not empty, cleaned; empty otherwise.
    pub fn text(&self, field: Field) -> Cow<'a, str> {
        self.found(field).map_or(Cow::Borrowed(""), |(text, _)| text)
    }
    pub(super) fn found(&self, field: Field) -> Option<(Cow<'a, str>, &'a Slot)> {
        let is_code = field.shape() != Shape::Text;
        let slots = self.bound.slots.get(field.index())?;
        slots.iter().find_map(|slot| {
            let text = match self.raw(slot)? {
                Cow::Borrowed(raw) => Cow::Borrowed(self.cleaned(slot, cell::clean(raw, is_code))),
                Cow::Owned(raw) => Cow::Owned(cell::clean(&raw, is_code).to_owned()),
            };
            let is_nothing =
                text.is_empty() || (NAMES.contains(&field) && self.names_nobody(field, slot, &text));
            (!is_nothing && !self.is_null(&text, is_code)).then_some((text, slot))
        })
    }
    /// Whether the text stands for nothing: by the mapping, or as databases write it.
    fn is_null(&self, text: &str, is_code: bool) -> bool {
        self.bound.null.iter().any(|n| *n == text)
            || text == "\\N"
            || (text == "NULL" && (is_code || is_of_dump(&self.row.record, &self.bound.sheet.header)))
    }
    /// A code without the tail that a table of floats has given to all of its column.
    fn cleaned<'t>(&self, slot: &Slot, text: &'t str) -> &'t str {
        let is_float = matches!(slot, Slot::Own(column) if self.bound.survey.floats.contains(column));
        if is_float { cell::without_float_tail(text) } else { text }
    }
    /// Whether nobody is known by what stands in a cell of one of [`NAMES`].
    fn names_nobody(&self, field: Field, slot: &Slot, text: &str) -> bool {
        let is_email = |column: &usize| self.bound.emails.contains(column);
        let is_address = EMAILS.contains(&field) || matches!(slot, Slot::Own(column) if is_email(column));
        cell::is_nobody(text)
            || (IDS.contains(&field) && cell::is_damaged(text))
            || (is_address && !email::is_meant(text))
    }
    fn raw(&self, slot: &Slot) -> Option<Cow<'a, str>> {
        match slot {
            Slot::Own(column) => self.row.record.get(*column).map(Cow::Borrowed),
            Slot::Ordinal => Some(Cow::Owned(self.row.ordinal.to_string())),
            Slot::Joined { by, lookup, column } => {
                let key = by.iter().find_map(|s| self.raw(s).filter(|t| !t.trim().is_empty()))?;
                self.lookups.get(*lookup)?.get(&key, *column).map(Cow::Borrowed)
            }
        }
    }
    /// The key by which the rows of a further file belong to this one.
    pub fn key_to(&self, role: &str) -> Option<String> {
        let text =
            self.bound.by.get(role)?.iter().find_map(|s| self.raw(s).filter(|t| !t.trim().is_empty()))?;
        let text = cell::without_float_tail(cell::clean(&text, true)).to_owned();
        if cell::is_damaged(&text) {
            return None;
        }
        Some(if text.contains('@') { email::key(&text) } else { text })
    }
    /// Cells that say something else than the cell that was taken in their place: the second of two phones, an
    /// e-mail address beside that of the account, a word in the place of one.
    pub fn unsaid(&self) -> Vec<(usize, Field, &'a str)> {
        let spare = self.bound.spare.iter().filter_map(|(column, fields)| {
            let text = self.cleaned(&Slot::Own(*column), cell::clean(self.kept(*column), true));
            let first = *fields.first()?;
            let is_said = text.is_empty() || fields.iter().any(|field| self.says(*field, *column, text));
            (!is_said).then_some((*column, first, text))
        });
        let words = self.bound.emails.iter().filter_map(|column| {
            let text = self.kept(*column);
            let is_word = !cell::is_nobody(text) && !email::is_meant(text);
            is_word.then_some((*column, Field::CustomerEmail, text))
        });
        let is_spare = |column: usize| self.bound.spare.iter().any(|(spare, _)| *spare == column);
        spare.chain(words.filter(|(column, ..)| !is_spare(*column))).collect()
    }
    /// Whether the field says what stands in the column.
    fn says(&self, field: Field, column: usize, text: &str) -> bool {
        let Some((taken, slot)) = self.found(field) else { return false };
        if matches!(slot, Slot::Own(own) if *own == column) || taken.to_lowercase() == text.to_lowercase() {
            return true;
        }
        let number = |text: &str, column| number::parse(text, self.bound.survey.style(column).sign);
        match (field.shape(), slot) {
            (Shape::Number, Slot::Own(own)) => {
                number(text, column).is_some_and(|value| number(&taken, *own) == Some(value))
            }
            (Shape::Date, _) => date::is_null(text),
            _ => false,
        }
    }
    /// Whether what is the order's own stands in this row.
    pub fn begins(&self) -> bool {
        self.bound.begins.iter().any(|c| !self.kept(*c).is_empty())
    }
    /// The column of this file that the field is taken from.
    pub fn column_of(&self, field: Field) -> Option<usize> {
        match self.found(field)?.1 {
            Slot::Own(column) => Some(*column),
            Slot::Ordinal | Slot::Joined { .. } => None,
        }
    }
    /// Whether the field's first column says it here, and none that stands in for it.
    pub fn is_first_choice(&self, field: Field) -> bool {
        let first = self.bound.slots.get(field.index()).and_then(|slots| slots.first());
        self.found(field).is_some_and(|(_, slot)| first.is_some_and(|first| std::ptr::eq(first, slot)))
    }
    /// Whether two texts of a column say the same.
    pub fn is_same(&self, field: Field, column: usize, (a, b): (&str, &str)) -> bool {
        let style = self.bound.survey.style(column);
        let both = |x: Option<Decimal>, y: Option<Decimal>| x.is_some() && x == y;
        match field.shape() {
            _ if a.to_lowercase() == b.to_lowercase() => true,
            Shape::Number => both(number::parse(a, style.sign), number::parse(b, style.sign)),
            Shape::Date => {
                let moment = |text| date::parse(text, style.dates, &Zone::utc()).map(|m| m.at);
                moment(a).is_some_and(|at| moment(b) == Some(at))
            }
            Shape::Code => cell::without_float_tail(a) == cell::without_float_tail(b),
            Shape::Text => a.split_whitespace().eq(b.split_whitespace()),
        }
    }
    /// The title of a column.
    pub fn title(&self, column: usize) -> &'a str {
        self.bound.sheet.title(column)
    }
    /// A cell of a column that no field stands for.
    pub fn kept(&self, column: usize) -> &'a str {
        let text = cell::clean(self.row.record.get(column).unwrap_or_default(), false);
        if self.is_null(text, false) { "" } else { text }
    }
    /// # Errors
    /// `invalid_number`.
    pub fn number(&self, field: Field) -> std::result::Result<Option<Decimal>, Fault> {
        let Some((text, slot)) = self.found(field) else { return Ok(None) };
        let column = if let Slot::Own(column) = slot { *column } else { usize::MAX };
        match number::parse(&text, self.bound.survey.style(column).sign) {
            Some(value) => Ok(Some(value)),
            None if cell::is_null_word(&text) => Ok(None),
            None => {
                let right = self.bound.survey.style(column).sign.example();
                let reason = format!("This is no number as the column writes them. {right} is one.");
                Err(self.fault(field, "invalid_number", &reason))
            }
        }
    }
    /// What the cell of an amount and the heading of its column say that it is in.
    pub fn signs(&self, field: Field) -> Vec<Sign> {
        let Some((text, Slot::Own(column))) = self.found(field) else { return Vec::new() };
        let survey = &self.bound.survey;
        let beside = if survey.style(*column).is_signed { number::signs(&text) } else { None };
        let (front, tail) = beside.map_or((None, None), |(front, tail)| (Some(front), tail));
        front.into_iter().chain(tail).chain(survey.unit(*column).cloned()).collect()
    }
    /// # Errors
    /// `invalid_date`.
    pub fn date(&self, field: Field, zone: &Zone) -> std::result::Result<Option<Moment>, Fault> {
        self.date_by(field, |text, style| date::parse(text, style, zone))
    }
    /// A birthday, which lies in no future.
    ///
    /// # Errors
    /// `invalid_date`.
    pub fn birthday(&self, options: &Options) -> std::result::Result<Option<Moment>, Fault> {
        let (field, zone) = (Field::CustomerBirthday, &options.zone);
        let Some(now) = options.now else { return self.date(field, zone) };
        let today = now.in_zone(zone).date();
        let born = self.date_by(field, |text, style| date::parse_birthday(text, style, zone, today))?;
        match born.filter(|born| born.at > now) {
            Some(_) => Err(self.fault(field, "invalid_date", "A birthday lies in the past.")),
            None => Ok(born),
        }
    }
    fn date_by(
        &self,
        field: Field,
        read: impl Fn(&str, DateStyle) -> Option<Moment>,
    ) -> std::result::Result<Option<Moment>, Fault> {
        let Some((text, slot)) = self.found(field) else { return Ok(None) };
        if date::is_null(&text) {
            return Ok(None);
        }
        let column = if let Slot::Own(column) = slot { *column } else { usize::MAX };
        let is_seconds = || matches!(text.len(), 10 | 13) && text.bytes().all(|b| b.is_ascii_digit());
        let wrong = || self.fault(field, "invalid_date", if is_seconds() { SECONDS } else { NO_DATE });
        read(&text, self.bound.survey.style(column).dates).map(Some).ok_or_else(wrong)
    }
    /// A refusal because of this field.
    pub fn fault(&self, field: Field, code: &'static str, reason: &str) -> Fault {
        let (value, slot) =
            self.found(field).map_or((String::new(), None), |(v, s)| (v.into_owned(), Some(s)));
        let slot = slot.or_else(|| self.bound.slots.get(field.index()).and_then(|s| s.first()));
        let column = match slot {
            Some(Slot::Own(column)) => cell::shown(self.bound.sheet.title(*column)),
            _ => field.name().to_owned(),
        };
        let (file, value) = (Some(Arc::clone(self.file())), cell::shown(&value));
        Fault { file, line: self.line(), column, value, code, reason: reason.to_owned() }
    }
    /// A refusal by a rule of records, with the cell that it means where a column of the file has it.
    pub fn named(&self, fault: Fault, section: &'static str) -> Fault {
        match Field::meant(&fault.column, section).filter(|field| self.has(*field)) {
            Some(field) => self.fault(field, fault.code, &fault.reason),
            None => Fault { file: Some(Arc::clone(self.file())), line: self.line(), ..fault },
        }
    }
    /// All cells by the names of their columns.
    pub fn columns(&self) -> HashMap<String, &'a str> {
        let header = self.bound.sheet.header.iter().map(|h| h.to_ascii_lowercase());
        header.zip(self.row.record.cells()).collect()
    }
}
