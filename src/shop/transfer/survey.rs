//! The first look over a whole file: how its columns are written, which orders are scattered, what looks damaged.

use crate::base::email;
use crate::base::error::{Error, Result};
use crate::base::money::Currency;
use crate::shop::transfer::cell;
use crate::shop::transfer::date;
use crate::shop::transfer::date_order::{DateStyle, DateVotes, orders_of};
use crate::shop::transfer::decimals::{self, Currencies, Measure, Numbers};
use crate::shop::transfer::input::Meter;
use crate::shop::transfer::item_cells;
use crate::shop::transfer::keys::{Begun, KeyColumns, Keyer, Strays};
use crate::shop::transfer::number::{DecimalSign, NumberVotes};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{Refused, Warnings};
use crate::shop::transfer::rates::RateVotes;
use crate::shop::transfer::records::Record;
use crate::shop::transfer::sheet::{Counts, Sheet, Step};
use crate::shop::transfer::signs::Sign;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

const SAMPLES_MAX: usize = 5;
/// More broken rows than this are not looked at one by one for the order they belong to.
const POISONED_MAX: usize = 100_000;

const GARBLED: (&str, &str) = (
    "garbled_text",
    "The text was damaged before it came here, or the encoding is another one. It is kept as it is.",
);
const DAMAGED: (&str, &str) =
    ("damaged_code", "A spreadsheet has destroyed this number. It is kept as the text it now is.");

const DAMAGED_ID: (&str, &str) = (
    "damaged_id",
    "A spreadsheet has destroyed this id, so nothing is known by it: an order is known by its name, a customer by the e-mail address. Better import the file as it was exported, without a spreadsheet between.",
);
const NO_ADDRESS: (&str, &str) = (
    "no_address",
    "This is no e-mail address, so nobody is known by it. It is kept as a custom field; an order keeps its name and address.",
);

/// What the survey is to look at.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub numbers: Vec<usize>,
    /// Those of them that are no amounts.
    pub counts: Vec<usize>,
    /// And those that are rates of discount.
    pub rates: Vec<usize>,
    /// Columns that name the currency, and the one of rows that name none.
    pub currencies: Vec<usize>,
    pub usual_currency: Option<Currency>,
    /// Columns whose cells hold several amounts each.
    pub cells: Vec<usize>,
    pub dates: Vec<usize>,
    /// Those of them that are birthdays, whose two-digit years may be of the last century.
    pub births: Vec<usize>,
    pub codes: Vec<usize>,
    /// Those of them by which records are known.
    pub ids: Vec<usize>,
    pub emails: Vec<usize>,
    /// The columns that tell which rows belong together.
    pub key: KeyColumns,
    /// Columns that are filled where an order begins.
    pub begins: Vec<usize>,
    /// Columns that say what a line is about.
    pub items: Vec<usize>,
}

/// How the cells of one column are read.
#[derive(Clone, Copy, Debug)]
pub struct ColumnStyle {
    pub sign: DecimalSign,
    pub dates: DateStyle,
    /// Currencies stand beside amounts.
    pub is_signed: bool,
    /// Rates are percentages although no cell says so.
    pub is_percentage: bool,
}

impl ColumnStyle {
    const PLAIN: Self = Self {
        sign: DecimalSign::Dot,
        dates: DateStyle { slash: None, dash: None, dot: None, is_serial: false },
        is_signed: false,
        is_percentage: false,
    };
}

/// What the survey found.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    styles: HashMap<usize, ColumnStyle>,
    /// Of the amounts in cells that hold several.
    pub cells_sign: DecimalSign,
    /// The currencies that headings of numbers name.
    units: HashMap<usize, Sign>,
    /// Something beside amounts says what they are in.
    pub names_currencies: bool,
    /// Keys whose rows do not stand together, with the line of their last row.
    pub scattered: HashMap<String, u64>,
    /// Keys with a row that cannot be read: the record would be incomplete.
    pub poisoned: HashMap<String, u64>,
    /// Keys with a row below that has an item and no key.
    pub keyless: HashMap<String, u64>,
    /// Rows amid those of one order that are blank where an order begins, and those that are filled there again.
    pub blank_again: u64,
    pub filled_again: u64,
    pub counts: Counts,
    pub trimmed_cells: u64,
    pub samples: Vec<String>,
    pub decisions: Vec<String>,
    pub warnings: Warnings,
    /// Columns of codes that were numbers with a fraction once: all that they have ends in `.0`.
    pub floats: BTreeSet<usize>,
    /// Rows that name an order without its id, far from its others.
    pub strays: Arc<Strays>,
    /// Where its keys end, for the part that goes on behind it.
    pub end: Begun,
    /// Columns without a heading that have data.
    pub unnamed: BTreeSet<usize>,
}

impl Survey {
    /// The currency that the heading of a column names.
    pub fn unit(&self, column: usize) -> Option<&Sign> {
        self.units.get(&column)
    }
    /// The line of a row that makes the record incomplete, by its whole key or by its name alone.
    pub fn broken(&self, key: &str) -> Option<u64> {
        let name = key.split('\u{1f}').next().unwrap_or(key);
        self.poisoned.get(key).or_else(|| self.poisoned.get(name)).copied()
    }
    pub fn style(&self, column: usize) -> ColumnStyle {
        self.styles.get(&column).copied().unwrap_or(ColumnStyle::PLAIN)
    }
}

/// Looks over the file.
///
/// # Errors
/// `file_unreadable`; `number_style_unclear`, `date_order_unclear` where a column can be read both ways.
pub fn survey(sheet: &Sheet, wanted: &Wanted, options: &Options, begun: &Begun) -> Result<Survey> {
    let looking = look_over(sheet, wanted, options, begun, Arc::default())?;
    if looking.strays.is_empty() || !looking.keyer.has_parts() {
        return looking.finish(options);
    }
    // Whose they are is known when the whole file was read, and with it the keys of all rows.
    let strays = Strays::find(sheet, &wanted.key, &looking.strays)?;
    look_over(sheet, wanted, options, begun, Arc::new(strays))?.finish(options)
}

fn look_over<'a>(
    sheet: &'a Sheet,
    wanted: &'a Wanted,
    options: &Options,
    begun: &Begun,
    strays: Arc<Strays>,
) -> Result<Looking<'a>> {
    // A day ahead, because the file may come from where it is tomorrow.
    let latest = options.now.and_then(|now| now.in_zone(&options.zone).date().tomorrow().ok());
    let numbers = |column: usize| Numbers {
        title: cell::shown(sheet.title(column)),
        measure: if wanted.counts.contains(&column) { Measure::Count } else { Measure::Money },
        votes: NumberVotes::default(),
    };
    let mut looking = Looking {
        sheet,
        wanted,
        numbers: wanted.numbers.iter().map(|c| numbers(*c)).collect(),
        cells: Numbers {
            title: wanted.cells.first().map(|c| cell::shown(sheet.title(*c))).unwrap_or_default(),
            ..Numbers::default()
        },
        currencies: Currencies::default(),
        rates: vec![RateVotes::default(); wanted.rates.len()],
        currency: String::new(),
        dates: wanted
            .dates
            .iter()
            .map(|c| DateVotes::until(latest.filter(|_| !wanted.births.contains(c))))
            .collect(),
        keyer: Keyer::begun(&wanted.key, begun, Arc::clone(&strays)),
        strays: HashMap::new(),
        floats: wanted.codes.iter().map(|_| None).collect(),
        seen: HashSet::new(),
        run: None,
        is_begun: false,
        unnamed: (0..sheet.own_header.len()).filter(|c| sheet.title(*c).is_empty()).collect(),
        broken: Vec::new(),
        found: Survey { strays, ..Survey::default() },
    };
    let mut rows = sheet.rows(&Meter::default())?;
    loop {
        match rows.advance()? {
            Step::Row => looking.row(rows.row()),
            Step::Refused(refused) => looking.refused(&refused),
            Step::End => break,
        }
    }
    looking.found.counts = rows.counts();
    looking.found.warnings.replaced(&sheet.name, rows.replaced());
    looking.found.warnings.other_letters(&sheet.name, sheet.looks_like());
    Ok(looking)
}

struct Looking<'a> {
    sheet: &'a Sheet,
    wanted: &'a Wanted,
    numbers: Vec<Numbers>,
    /// All amounts in cells that hold several: one program has written them.
    cells: Numbers,
    currencies: Currencies,
    rates: Vec<RateVotes>,
    /// What the last row named that named one.
    currency: String,
    dates: Vec<DateVotes>,
    keyer: Keyer,
    /// Names that stand in a row without an id, far from their others, and its line.
    strays: HashMap<String, u64>,
    /// Whether all codes of a column end as floats do, as far as it has any.
    floats: Vec<Option<bool>>,
    /// Hashes of the keys that were seen: two keys with one hash are merely thought to be scattered.
    seen: HashSet<u64>,
    run: Option<String>,
    /// The first row of the run is filled where an order begins.
    is_begun: bool,
    /// Columns without a heading, blank so far.
    unnamed: Vec<usize>,
    /// Lines of broken rows since the last good one.
    broken: Vec<u64>,
    found: Survey,
}

impl Looking<'_> {
    fn row(&mut self, row: &Record) {
        for (column, numbers) in self.wanted.numbers.iter().zip(&mut self.numbers) {
            row.get(*column).into_iter().for_each(|c| numbers.votes.see(cell::clean(c, true)));
        }
        for (column, votes) in self.wanted.rates.iter().zip(&mut self.rates) {
            row.get(*column).into_iter().for_each(|c| votes.see(cell::clean(c, true)));
        }
        for column in &self.wanted.cells {
            let amounts = row.get(*column).into_iter().flat_map(item_cells::amounts);
            amounts.for_each(|amount| self.cells.votes.see(amount));
        }
        self.see_currency(row);
        for (column, votes) in self.wanted.dates.iter().zip(&mut self.dates) {
            let text = row.get(*column).map(|c| cell::clean(c, true)).filter(|text| !date::is_null(text));
            text.into_iter().for_each(|text| votes.see(text));
        }
        self.look_at_codes(row);
        let is_blank = |column: &usize| row.get(*column).is_none_or(|text| text.trim().is_empty());
        self.found.unnamed.extend(self.unnamed.extract_if(.., |column| !is_blank(column)));
        self.look(row);
        let key = self.keyer.key(row);
        if let Some(name) = self.keyer.stray().filter(|name| !self.strays.contains_key(*name)) {
            self.strays.insert(name.to_owned(), row.line);
        }
        self.see_shape(key.as_deref(), row);
        self.follow(key, row.line);
    }

    /// What a spreadsheet or a table of floats has made of codes, and words in the place of addresses.
    fn look_at_codes(&mut self, row: &Record) {
        for (column, is_float) in self.wanted.codes.iter().zip(&mut self.floats) {
            let text = cell::clean(row.get(*column).unwrap_or_default(), true);
            if *is_float != Some(false) && !cell::is_nobody(text) {
                *is_float = Some(cell::without_float_tail(text).len() < text.len());
            }
            // An order whose key is destroyed is refused, which tells more.
            if cell::is_damaged(text) && !self.wanted.key.keeps_damaged(*column) {
                let told = if self.wanted.ids.contains(column) { DAMAGED_ID } else { DAMAGED };
                let title = self.sheet.title(*column);
                self.found.warnings.note(told, &self.sheet.name, row.line, title, text);
            }
        }
        for column in &self.wanted.emails {
            let text = cell::clean(row.get(*column).unwrap_or_default(), false);
            if !cell::is_nobody(text) && !email::is_meant(text) {
                let title = self.sheet.title(*column);
                self.found.warnings.note(NO_ADDRESS, &self.sheet.name, row.line, title, text);
            }
        }
    }

    /// What the row says that its amounts are in.
    fn see_currency(&mut self, row: &Record) {
        let said = self.wanted.currencies.iter().filter_map(|c| row.get(*c));
        let said = said.map(|text| cell::clean(text, true)).find(|text| !text.is_empty());
        match (said, self.wanted.usual_currency) {
            (Some(text), _) if self.currency != text => {
                self.currencies.see_text(text);
                text.clone_into(&mut self.currency);
            }
            (None, Some(usual)) => self.currencies.see(usual),
            _ => {}
        }
    }

    /// Whether rows of one order repeat what is the order's own.
    fn see_shape(&mut self, key: Option<&str>, row: &Record) {
        let has =
            |columns: &[usize]| columns.iter().any(|c| row.get(*c).is_some_and(|t| !t.trim().is_empty()));
        let begins = has(&self.wanted.begins);
        match (&self.run, key) {
            (Some(run), Some(key)) if run == key => {
                let count = if begins { &mut self.found.filled_again } else { &mut self.found.blank_again };
                *count += u64::from(self.is_begun);
            }
            (Some(run), None) if has(&self.wanted.items) && self.found.keyless.len() < POISONED_MAX => {
                self.found.keyless.entry(run.clone()).or_insert(row.line);
            }
            _ => self.is_begun = begins,
        }
    }

    /// Letters and blanks of all cells.
    fn look(&mut self, row: &Record) {
        let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | 0xc2 | 0xe2 | b'\r' | b'\n');
        for text in row.cells() {
            let bytes = text.as_bytes();
            if (bytes.first().is_some_and(is_blank) || bytes.last().is_some_and(|b| !(33..127).contains(b)))
                && text.trim().len() != text.len()
            {
                self.found.trimmed_cells += 1;
            }
        }
        if row.text().is_ascii() {
            return;
        }
        if self.found.samples.len() < SAMPLES_MAX {
            let samples = &self.found.samples;
            let new = row.cells().find(|c| !c.is_ascii() && !samples.iter().any(|s| s == c));
            self.found.samples.extend(new.map(str::to_owned));
        }
        if cell::looks_garbled(row.text()) {
            for (column, text) in row.cells().enumerate().filter(|(_, c)| cell::looks_garbled(c)).take(1) {
                self.found.warnings.note(GARBLED, &self.sheet.name, row.line, self.sheet.title(column), text);
            }
        }
    }

    /// Follows the runs of equal keys.
    fn follow(&mut self, key: Option<String>, line: u64) {
        let broken = std::mem::take(&mut self.broken);
        if let (Some(first), true) = (broken.first(), key.is_some() && key == self.run) {
            // Broken rows amid the rows of one order are rows of that order.
            self.poison(key.clone(), *first);
        }
        let Some(key) = key else {
            self.run = None;
            return;
        };
        if self.run.as_ref() == Some(&key) {
            if let Some(last) = self.found.scattered.get_mut(&key) {
                *last = line;
            }
            return;
        }
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            self.found.scattered.insert(key.clone(), line);
        }
        self.run = Some(key);
    }

    fn refused(&mut self, refused: &Refused) {
        self.broken.push(refused.line);
        let raw;
        let cells: Vec<&str> = match refused.cells.as_slice() {
            [one] => {
                raw = one.clone();
                raw.split(char::from(self.sheet.delimiter)).collect()
            }
            many => many.iter().map(String::as_str).collect(),
        };
        let guess =
            self.wanted.key.columns.iter().find_map(|c| cells.get(*c)).map(|c| c.trim().trim_matches('"'));
        let guess = guess.map(|g| cell::without_float_tail(cell::clean(g, true)).to_owned());
        self.poison(guess.filter(|g| !g.is_empty()), refused.line);
    }

    fn poison(&mut self, key: Option<String>, line: u64) {
        if let Some(key) = key.filter(|_| self.found.poisoned.len() < POISONED_MAX) {
            self.found.poisoned.entry(key).or_insert(line);
        }
    }

    fn finish(mut self, options: &Options) -> Result<Survey> {
        let floats =
            self.wanted.codes.iter().zip(&self.floats).filter(|(_, is_float)| **is_float == Some(true));
        self.found.floats = floats.map(|(column, _)| *column).collect();
        self.found.end = self.keyer.state();
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.push(std::mem::take(&mut self.cells));
        let (signs, told) = decimals::decide(&numbers, options.decimal, &self.currencies)?;
        self.found.cells_sign = signs.last().copied().unwrap_or_default();
        self.found.decisions.extend(told);
        for ((column, sign), numbers) in self.wanted.numbers.iter().zip(signs).zip(&numbers) {
            let style = self.style_of(*column);
            (style.sign, style.is_signed) = (sign, numbers.votes.is_signed);
            self.found.names_currencies |= numbers.votes.is_signed;
            let unit = Sign::in_heading(self.sheet.title(*column));
            self.found.names_currencies |= unit.is_some();
            self.found.units.extend(unit.map(|unit| (*column, unit)));
        }
        for (column, votes) in self.wanted.rates.iter().zip(std::mem::take(&mut self.rates)) {
            let Some(example) = votes.percentages() else { continue };
            let (title, example) = (self.sheet.title(*column), cell::shown(example));
            self.found.decisions.push(format!("{title}: {example} is read as {example} percent."));
            self.style_of(*column).is_percentage = true;
        }
        let dates = std::mem::take(&mut self.dates);
        let orders = orders_of(&dates);
        for (column, votes) in self.wanted.dates.iter().zip(&dates) {
            let title = self.sheet.title(*column);
            let decided = votes
                .decide(options.dates, orders)
                .map_err(|unclear| Error::invalid("date_order_unclear", unclear.sentence(title)))?;
            let told = decided.taken.iter().map(|taken| format!("{title}: {taken}"));
            self.found.decisions.extend(told);
            self.style_of(*column).dates = decided.style;
        }
        Ok(self.found)
    }

    fn style_of(&mut self, column: usize) -> &mut ColumnStyle {
        self.found.styles.entry(column).or_insert(ColumnStyle::PLAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::transfer::date_order::DateOrder;
    use crate::shop::transfer::input::Input;

    fn look(text: &str, wanted: Wanted, options: &Options) -> Result<Survey> {
        survey(
            &Sheet::open(&Input::bytes("x.csv", text.as_bytes()), options).unwrap(),
            &wanted,
            options,
            &Begun::default(),
        )
    }
    fn by_first() -> KeyColumns {
        KeyColumns { columns: vec![0], ..KeyColumns::default() }
    }

    #[test]
    fn scattered_and_broken_orders_are_known_before_they_are_read() {
        let text = "no,x\n1,a\n1,a\n2,a\n1,a\n3,a\n3\n3,a\n4,a,b,c\n5,a\n";
        let found = look(text, Wanted { key: by_first(), ..Wanted::default() }, &Options::default()).unwrap();
        assert_eq!(found.scattered.into_iter().collect::<Vec<_>>(), [("1".to_owned(), 5)]);
        let mut poisoned: Vec<_> = found.poisoned.into_iter().collect();
        poisoned.sort();
        assert_eq!(poisoned, [("3".to_owned(), 7), ("4".to_owned(), 9)]);
    }

    #[test]
    fn a_column_that_says_nothing_is_read_as_the_others_or_asked_about() {
        let wanted = Wanted { numbers: vec![0, 1], ..Wanted::default() };
        let found = look("a;b\n1,5;1.234\n", wanted.clone(), &Options::default()).unwrap();
        assert_eq!(found.style(1).sign, DecimalSign::Comma);
        assert_eq!(found.decisions.len(), 1);
        let error = look("a;b\n1;1.234\n", wanted.clone(), &Options::default()).unwrap_err();
        assert_eq!(error.code, "number_style_unclear");
        let options = Options { decimal: Some(DecimalSign::Comma), ..Options::default() };
        assert_eq!(look("a;b\n1;1.234\n", wanted, &options).unwrap().style(1).sign, DecimalSign::Comma);
    }

    #[test]
    fn an_unclear_date_is_asked_about() {
        let wanted = Wanted { dates: vec![0], ..Wanted::default() };
        let text = "d,x\n03/04/2016,\n01/05/2016,\n04/01/2016,\n";
        assert_eq!(look(text, wanted.clone(), &Options::default()).unwrap_err().code, "date_order_unclear");
        let options = Options { dates: Some(DateOrder::MonthFirst), ..Options::default() };
        assert_eq!(look(text, wanted, &options).unwrap().style(0).dates.slash, Some(DateOrder::MonthFirst));
    }

    #[test]
    fn an_order_that_only_the_sorting_tells_is_told() {
        let wanted = Wanted { dates: vec![0], ..Wanted::default() };
        let found = look("d\n05/01/2025\n03/02/2025\n04/02/2025\n", wanted, &Options::default()).unwrap();
        assert_eq!(
            found.decisions,
            ["d: 05/01/2025 is read with the day first, because the rows are sorted so."]
        );
    }

    #[test]
    fn blanks_letters_and_damage_are_counted() {
        let wanted = Wanted { codes: vec![1], ..Wanted::default() };
        let found =
            look("a,b\n x,1\ny ,2.14E+09\nJ\u{fffd}rg\u{a0},3\n", wanted, &Options::default()).unwrap();
        assert_eq!(found.trimmed_cells, 3);
        assert_eq!((found.warnings.count("damaged_code"), found.warnings.count("garbled_text")), (1, 1));
        assert_eq!(found.samples.len(), 1);
    }
}
