//! What comes first in the dates of a column: day, month or year, decided per column and separator, never per cell.

use crate::shop::transfer::cell::shown;
use crate::shop::transfer::clock::{begins_with_digit, digits};
use jiff::civil;
use rust_decimal::Decimal;

/// What comes first in `03/04/2026` and in `24-03-15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum DateOrder {
    #[serde(rename = "dmy")]
    DayFirst,
    #[serde(rename = "mdy")]
    MonthFirst,
    /// Only where the year has two digits; a year of four says itself where it stands.
    #[serde(rename = "ymd")]
    YearFirst,
}

impl DateOrder {
    pub const ALL: [Self; 3] = [Self::DayFirst, Self::MonthFirst, Self::YearFirst];
    fn bit(self) -> usize {
        1 << self as usize
    }
    fn first(self) -> &'static str {
        match self {
            Self::DayFirst => "day",
            Self::MonthFirst => "month",
            Self::YearFirst => "year",
        }
    }
}

/// How the three kinds of `1/2/2026`, `1-2-2026`, `1.2.2026` are read in one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateStyle {
    pub slash: Option<DateOrder>,
    pub dash: Option<DateOrder>,
    pub dot: Option<DateOrder>,
    /// Every cell is the number of a day as spreadsheets count them.
    pub is_serial: bool,
}

impl DateStyle {
    pub(super) fn of(&self, separator: u8) -> Option<DateOrder> {
        match separator {
            b'/' => self.slash,
            b'-' => self.dash,
            _ => self.dot,
        }
    }
}

/// A date of three numbers of which only the column tells what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numeric<'a> {
    parts: [u32; 3],
    pub(super) separator: u8,
    /// The last number has four digits: it is the year.
    pub(super) has_century: bool,
    /// The first number has two digits, as a year has.
    may_begin_with_year: bool,
    /// What follows the date.
    pub(super) rest: &'a str,
}

impl<'a> Numeric<'a> {
    /// `1/2/2026 …`, `24-03-15 …`; `None` for any other text.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let (first, rest) = digits(text, 1, 2)?;
        let separator = *rest.as_bytes().first().filter(|b| matches!(b, b'/' | b'-' | b'.'))?;
        let begins_with_two = text.len() - rest.len() == 2;
        let next = |rest: &'a str| behind(rest, separator);
        let (second, rest) = digits(next(rest)?, 1, 2)?;
        let rest = next(rest)?;
        let long = digits(rest, 4, 4);
        let (third, rest) = long.or_else(|| digits(rest, 2, 2))?;
        let rest = if separator == b'.' { without_last_dot(rest) } else { rest };
        let found = Self {
            parts: [first, second, third],
            separator,
            has_century: long.is_some(),
            may_begin_with_year: begins_with_two && long.is_none(),
            rest,
        };
        let is_date = !begins_with_digit(rest) && (1..=31).contains(&second);
        (is_date && DateOrder::ALL.iter().any(|order| found.is_like(*order))).then_some(found)
    }
    /// Whether its numbers are of the size that this order wants.
    fn is_like(&self, order: DateOrder) -> bool {
        let [first, second, third] = self.parts;
        let day_or_month = 1..=31;
        match order {
            DateOrder::YearFirst => {
                self.may_begin_with_year && day_or_month.contains(&second) && day_or_month.contains(&third)
            }
            _ => day_or_month.contains(&first) && (!self.has_century || third >= 1000),
        }
    }
    /// The day it is in this order.
    pub(super) fn day(&self, order: DateOrder) -> Option<civil::Date> {
        if !self.is_like(order) {
            return None;
        }
        let [first, second, third] = self.parts;
        let (day, month, year) = match order {
            DateOrder::DayFirst => (first, second, third),
            DateOrder::MonthFirst => (second, first, third),
            DateOrder::YearFirst => (third, second, first),
        };
        let year = if self.has_century { year } else { full_year(year) };
        date(year, month, day)
    }
}

/// What follows the separator. A dot may have a blank behind it, as Czechs and Hungarians write their dates.
pub(super) fn behind(rest: &str, separator: u8) -> Option<&str> {
    let rest = rest.strip_prefix(char::from(separator))?;
    Some(if separator == b'.' { rest.trim_start_matches([' ', '\u{a0}']) } else { rest })
}

/// The rest without the dot that ends some dates: `2024. 03. 15.`
pub(super) fn without_last_dot(rest: &str) -> &str {
    rest.strip_prefix('.').filter(|rest| !begins_with_digit(rest)).unwrap_or(rest)
}

/// A year of two digits: `68` is in this century and `69` in the last.
pub(super) fn full_year(short: u32) -> u32 {
    if short <= 68 { 2000 + short } else { 1900 + short }
}

pub(super) fn date(year: u32, month: u32, day: u32) -> Option<civil::Date> {
    civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// No shop of the web is older, and smaller numbers may be anything.
const SERIAL_FROM: i16 = 1990;

/// `45678.5`, the day and the time that spreadsheets count from the end of 1899 on, to the second.
pub(super) fn serial(text: &str) -> Option<civil::DateTime> {
    let (days, rest) = digits(text, 5, 5)?;
    let fraction = match rest.strip_prefix(['.', ',']) {
        Some(digits) if digits.len() <= 20 => format!("0.{digits}0").parse::<Decimal>().ok()?,
        None if rest.is_empty() => Decimal::ZERO,
        _ => return None,
    };
    let seconds = i64::try_from(fraction.checked_mul(Decimal::from(86_400))?.round()).ok()?;
    let first = civil::date(1899, 12, 30).at(0, 0, 0, 0);
    first.checked_add(jiff::Span::new().days(i64::from(days)).seconds(seconds)).ok()
}

/// What the cells of a column say about its order.
#[derive(Clone, Debug, Default)]
pub struct DateVotes {
    slash: Votes,
    dash: Votes,
    dot: Votes,
    /// No date of the column lies behind this day.
    latest: Option<civil::Date>,
    /// The first cell that a spreadsheet has counted, and whether there are others.
    serial: Option<String>,
    has_others: bool,
}

#[derive(Clone, Debug, Default)]
struct Votes {
    /// The first cell of each set of orders that it can be read in.
    examples: [Option<String>; 8],
    /// Whether the column is sorted, read in each order.
    runs: [Run; 3],
}

/// Whether the column is sorted when read one way.
#[derive(Clone, Debug, Default)]
struct Run {
    last: Option<civil::Date>,
    rises: u64,
    falls: u64,
}

impl Run {
    fn see(&mut self, date: civil::Date) {
        match self.last.replace(date) {
            Some(last) if last < date => self.rises += 1,
            Some(last) if last > date => self.falls += 1,
            _ => {}
        }
    }
    fn is_sorted(&self) -> bool {
        (self.rises == 0) != (self.falls == 0)
    }
}

impl DateVotes {
    /// For a column whose dates do not lie behind this day.
    pub fn until(latest: Option<civil::Date>) -> Self {
        Self { latest, ..Self::default() }
    }
    /// Takes one cell into account.
    pub fn see(&mut self, text: &str) {
        match serial(text.trim()) {
            Some(at) if at.year() >= SERIAL_FROM && self.latest.is_none_or(|latest| at.date() <= latest) => {
                self.serial.get_or_insert_with(|| text.to_owned());
            }
            _ => self.has_others = true,
        }
        let Some(numeric) = Numeric::of(text.trim()) else { return };
        let votes = match numeric.separator {
            b'/' => &mut self.slash,
            b'-' => &mut self.dash,
            _ => &mut self.dot,
        };
        let latest = self.latest;
        let days = DateOrder::ALL
            .map(|order| numeric.day(order).filter(|day| latest.is_none_or(|latest| *day <= latest)));
        let mut found = days.iter().flatten();
        let Some(first) = found.next() else { return };
        for (run, day) in votes.runs.iter_mut().zip(&days) {
            day.iter().for_each(|day| run.see(*day));
        }
        let is_one_day_either_way = days.iter().flatten().count() > 1 && found.all(|day| day == first);
        if is_one_day_either_way {
            return;
        }
        let orders = DateOrder::ALL.iter().zip(&days).filter(|(_, day)| day.is_some());
        let set = orders.fold(0, |set, (order, _)| set | order.bit());
        if let Some(example) = votes.examples.get_mut(set) {
            example.get_or_insert_with(|| text.to_owned());
        }
    }
    /// How to read the column, with what somebody has chosen for what no cell decides, and with the orders that the columns
    /// of the file leave open.
    ///
    /// # Errors
    /// Why that cannot be known.
    pub fn decide(&self, chosen: Option<DateOrder>, orders: Orders) -> Result<Decided, Unclear> {
        let mut taken = Vec::new();
        let mut of = |votes: &Votes, open| votes.decide(chosen, open, &mut taken);
        let (slash, dash, dot) =
            (of(&self.slash, orders[0])?, of(&self.dash, orders[1])?, of(&self.dot, orders[2])?);
        let counted = self.serial.as_deref().filter(|_| !self.has_others);
        if let Some((text, at)) = counted.and_then(|text| Some((text, serial(text.trim())?))) {
            taken.push(format!("{} is read as the day {at} of a spreadsheet.", shown(text)));
        }
        Ok(Decided { style: DateStyle { slash, dash, dot, is_serial: counted.is_some() }, taken })
    }
}

/// A set of orders for slashes, dashes and dots.
pub type Orders = [usize; 3];

/// Where nothing is known of other columns.
pub const ANY_ORDER: Orders = [7; 3];

/// The orders in which all columns of a file can be read: a file has one writer.
pub fn orders_of(columns: &[DateVotes]) -> Orders {
    columns.iter().fold(ANY_ORDER, |[slash, dash, dot], votes| {
        [slash & votes.slash.open(), dash & votes.dash.open(), dot & votes.dot.open()]
    })
}

/// How a column is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub style: DateStyle,
    /// What no cell decides, as a sentence each.
    pub taken: Vec<String>,
}

/// Why the order of a column is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// A cell that could be read in these orders, in a column of such cells.
    Open(String, Vec<DateOrder>),
    /// One cell is read in one order for sure, and another one in another.
    Contradicts((String, DateOrder), (String, DateOrder)),
}

impl Unclear {
    /// What is to be said about the column.
    pub fn sentence(&self, title: &str) -> String {
        let title = shown(title);
        match self {
            Self::Open(example, orders) => {
                let firsts: Vec<&str> = orders.iter().map(|order| order.first()).collect();
                let words: Vec<&str> = orders.iter().map(|order| order.word()).collect();
                let ways = if orders.len() == 2 { "two" } else { "three" };
                format!(
                    "The column {title} can be read in {ways} ways: in {} the {} may come first. Say which (--dates {}).",
                    shown(example),
                    firsts.join(" or the "),
                    words.join(" or ")
                )
            }
            Self::Contradicts((one, first), (other, second)) => format!(
                "The column {title} contradicts itself: {} has the {} first, and {} the {}. Say which is meant (--dates {} or {}); rows that cannot be read so are refused then.",
                shown(one),
                first.first(),
                shown(other),
                second.first(),
                first.word(),
                second.word()
            ),
        }
    }
}

impl DateOrder {
    /// The word it is chosen with.
    pub fn word(self) -> &'static str {
        match self {
            Self::DayFirst => "dmy",
            Self::MonthFirst => "mdy",
            Self::YearFirst => "ymd",
        }
    }
}

impl Votes {
    /// The cells, with the set of orders that each can be read in.
    fn cells(&self) -> impl Iterator<Item = (usize, &String)> {
        self.examples.iter().enumerate().filter_map(|(set, example)| Some((set, example.as_ref()?)))
    }
    /// The orders in which every cell can be read.
    fn open(&self) -> usize {
        self.cells().fold(7, |all, (set, _)| all & set)
    }
    fn decide(
        &self,
        chosen: Option<DateOrder>,
        orders: usize,
        taken: &mut Vec<String>,
    ) -> Result<Option<DateOrder>, Unclear> {
        let of = |set: usize| DateOrder::ALL.into_iter().filter(move |order| order.bit() & set != 0);
        let all = self.open();
        let open: Vec<DateOrder> = of(all).collect();
        let mut take = |order: DateOrder, why: &str| {
            let example = self.cells().find(|(set, _)| set & order.bit() != 0).map_or("", |(_, cell)| cell);
            taken.push(format!("{} is read with the {} first{why}.", shown(example), order.first()));
            Ok(Some(order))
        };
        if self.cells().next().is_none() {
            return Ok(Some(DateOrder::DayFirst));
        }
        match open.as_slice() {
            [one] => return Ok(Some(*one)),
            [] => {
                if let Some(order) = chosen {
                    return take(order, "");
                }
                // The cells that leave the least open say best what contradicts what.
                let mut cells: Vec<_> = self.cells().collect();
                cells.sort_by_key(|(set, _)| (set.count_ones(), *set));
                let first = cells.first().copied();
                let other = first.and_then(|(set, _)| {
                    cells.iter().find(|(s, _)| s & set == 0).or_else(|| cells.get(1)).copied()
                });
                let told = |cell: Option<(usize, &String)>| {
                    let (set, text) = cell?;
                    Some((text.clone(), of(set).next()?))
                };
                return match told(first).zip(told(other)) {
                    Some((one, other)) => Err(Unclear::Contradicts(one, other)),
                    None => Ok(None),
                };
            }
            _ => {}
        }
        if let Some(order) = chosen.filter(|order| open.contains(order)) {
            return take(order, "");
        }
        if let [one] = of(all & orders).collect::<Vec<_>>().as_slice() {
            return take(*one, AS_OTHERS);
        }
        let is_sorted = |order: &&DateOrder| self.runs.get(**order as usize).is_some_and(Run::is_sorted);
        let sorted: Vec<_> = open.iter().filter(is_sorted).collect();
        if let [one] = sorted.as_slice() {
            return take(**one, SORTED);
        }
        let example = self.cells().find(|(set, _)| of(set & all).count() > 1).map_or("", |(_, cell)| cell);
        Err(Unclear::Open(example.to_owned(), open))
    }
}

/// Why an order was taken that no cell tells.
const AS_OTHERS: &str = ", as the other dates of the file are";
const SORTED: &str = ", because the rows are sorted so";

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(cells: &[&str]) -> DateVotes {
        until(None, cells)
    }
    fn until(latest: Option<civil::Date>, cells: &[&str]) -> DateVotes {
        let mut votes = DateVotes::until(latest);
        cells.iter().for_each(|c| votes.see(c));
        votes
    }
    fn style(cells: &[&str]) -> DateStyle {
        votes(cells).decide(None, ANY_ORDER).unwrap().style
    }

    #[test]
    fn one_cell_over_twelve_decides_for_its_column_and_separator() {
        let style = style(&["03/04/2016", "1/13/2016", "13-01-2016", "02-03-2016"]);
        assert_eq!((style.slash, style.dash), (Some(DateOrder::MonthFirst), Some(DateOrder::DayFirst)));
    }

    #[test]
    fn a_sorted_column_decides_and_says_so_and_otherwise_nothing_is_guessed() {
        let sorted = ["01/02/2016", "02/02/2016", "03/02/2016", "01/03/2016"];
        assert_eq!(style(&sorted).slash, Some(DateOrder::DayFirst));
        let taken = votes(&sorted).decide(None, ANY_ORDER).unwrap().taken;
        assert_eq!(taken, ["01/02/2016 is read with the day first, because the rows are sorted so."]);
        // Whoever says it knows better.
        let chosen = votes(&sorted).decide(Some(DateOrder::MonthFirst), ANY_ORDER).unwrap();
        assert_eq!(chosen.style.slash, Some(DateOrder::MonthFirst));
        assert_eq!(
            style(&["02/01/2016", "02/05/2016", "03/01/2016", "04/01/2016"]).slash,
            Some(DateOrder::MonthFirst)
        );
        let unclear = votes(&["03/04/2016", "05/06/2015", "01/02/2016"]);
        let orders = vec![DateOrder::DayFirst, DateOrder::MonthFirst];
        assert_eq!(unclear.decide(None, ANY_ORDER), Err(Unclear::Open("03/04/2016".into(), orders)));
        assert!(votes(&["04/04/2016", ""]).decide(None, ANY_ORDER).is_ok_and(|d| d.taken.is_empty()));
    }

    #[test]
    fn a_column_that_contradicts_itself_is_asked_about() {
        let mixed = votes(&["13/01/2025", "14/01/2025", "01/15/2025", "02/03/2025"]);
        let unclear = mixed.decide(None, ANY_ORDER).unwrap_err();
        let day = ("13/01/2025".to_owned(), DateOrder::DayFirst);
        assert_eq!(unclear, Unclear::Contradicts(day, ("01/15/2025".into(), DateOrder::MonthFirst)));
        assert!(unclear.sentence("Date").starts_with("The column Date contradicts itself: 13/01/2025 has"));
        let chosen = mixed.decide(Some(DateOrder::MonthFirst), ANY_ORDER).unwrap();
        assert_eq!(chosen.style.slash, Some(DateOrder::MonthFirst));
        assert_eq!(chosen.taken, ["01/15/2025 is read with the month first."]);
    }

    #[test]
    fn a_year_of_two_digits_may_come_first() {
        let today = Some(civil::date(2026, 11, 30));
        let order = |cells: &[&str]| until(today, cells).decide(None, ANY_ORDER).map(|d| d.style);
        // 2015 or 2024: nothing tells.
        for cells in [["24-03-15"], ["24/03/15"], ["15.03.24"]] {
            let unclear = order(&cells).unwrap_err();
            assert_eq!(
                unclear,
                Unclear::Open(cells[0].into(), vec![DateOrder::DayFirst, DateOrder::YearFirst]),
                "{cells:?}"
            );
            assert!(
                unclear
                    .sentence("Date")
                    .ends_with("the day or the year may come first. Say which (--dates dmy or ymd).")
            );
        }
        // What lies in the future is meant otherwise, and no year has a day or a month of more than there are.
        for (cells, wanted) in [
            (&["23.12.31"][..], DateOrder::YearFirst),
            (&["31.12.23"], DateOrder::DayFirst),
            (&["15.03.24", "28.04.24"], DateOrder::DayFirst),
            (&["24.03.15", "24.03.31"], DateOrder::YearFirst),
            (&["75.03.15"], DateOrder::YearFirst),
            (&["15.03.75"], DateOrder::DayFirst),
        ] {
            assert_eq!(order(cells).unwrap().dot, Some(wanted), "{cells:?}");
        }
        assert_eq!(order(&["12/31/23", "01/02/24"]).unwrap().slash, Some(DateOrder::MonthFirst));
        assert_eq!(order(&["24-03-15", "24-03-16", "24-04-01"]).unwrap().dash, Some(DateOrder::YearFirst));
        assert_eq!(order(&["15-03-24", "16-03-24", "01-04-24"]).unwrap().dash, Some(DateOrder::DayFirst));
        let chosen = until(today, &["24-03-15"]).decide(Some(DateOrder::YearFirst), ANY_ORDER).unwrap();
        assert_eq!(chosen.style.dash, Some(DateOrder::YearFirst));
        // With a year of four digits nothing is new.
        assert_eq!(order(&["05/12/2026"]).unwrap().slash, Some(DateOrder::MonthFirst));
        assert!(order(&["05/11/2026"]).is_err());
    }

    #[test]
    fn days_that_a_spreadsheet_has_counted_are_dates_where_every_cell_is_one() {
        let today = Some(civil::date(2026, 11, 30));
        let decided = until(today, &["45678.5", "45679"]).decide(None, ANY_ORDER).unwrap();
        assert!(decided.style.is_serial);
        assert_eq!(decided.taken, ["45678.5 is read as the day 2025-01-21T12:00:00 of a spreadsheet."]);
        for cells in [["45678.5", "2025-01-21"], ["45678", "32000"], ["45678", "52000"], ["45678", "4567"]] {
            assert!(!until(today, &cells).decide(None, ANY_ORDER).unwrap().style.is_serial, "{cells:?}");
        }
        for text in ["45678.x", "456789", "4567", "45678.5.1", "45678 1"] {
            assert_eq!(serial(text), None, "{text}");
        }
    }

    #[test]
    fn one_column_of_a_file_says_how_the_others_are_read() {
        let (sale, shipped) = (votes(&["12/31/23"]), votes(&["01/02/24", "01/04/24"]));
        assert!(shipped.decide(None, ANY_ORDER).is_err());
        let decided = shipped.decide(None, orders_of(&[sale.clone(), shipped.clone()])).unwrap();
        assert_eq!(decided.style.slash, Some(DateOrder::MonthFirst));
        assert_eq!(
            decided.taken,
            ["01/02/24 is read with the month first, as the other dates of the file are."]
        );
        // Those that contradict each other, or write in another way, say nothing.
        let other = votes(&["31/12/2023"]);
        assert!(shipped.decide(None, orders_of(&[sale, shipped.clone(), other])).is_err());
        assert!(shipped.decide(None, orders_of(&[votes(&["12-31-23"]), shipped.clone()])).is_err());
        // Whoever says it knows better.
        let decided = shipped.decide(Some(DateOrder::DayFirst), orders_of(&[votes(&["12/31/23"])])).unwrap();
        assert_eq!(decided.style.slash, Some(DateOrder::DayFirst));
    }
}
