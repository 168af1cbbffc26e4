//! One import as it is asked for: what the files hold, which program wrote them, and how to read what they leave open.
//! The command and the page both come through here.

use crate::base::error::{Error, Result};
use crate::base::money::Currency;
use crate::base::time::Zone;
use crate::shop::transfer::bound::likeness;
use crate::shop::transfer::date_order::DateOrder;
use crate::shop::transfer::encoding;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::number::DecimalSign;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{Report, Sink};
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::run::UNUSED;
use crate::shop::transfer::sheet::Sheet;
use crate::shop::transfer::{other_kind, own_kind, own_run, run};
use std::sync::Arc;

/// The word for files that no program of ours knows, read by a mapping.
pub const MAPPED: &str = "csv";
/// A mapping to begin with, as the page and `docs/imports.md` show it.
pub const EXAMPLE_MAPPING: &str = include_str!("presets/example.toml");
/// A format is recognised by so many of its columns at least.
const COLUMNS_MIN: usize = 3;

const NO_ROWS: (&str, &str) = ("no_rows", "A file has a header and no rows.");

/// Where the files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Known(Format),
    /// Any CSV file, with the text of a mapping.
    Mapped(String),
}

impl Source {
    /// Reads the word of `--from`; `csv` needs a mapping.
    ///
    /// # Errors
    /// `format_unknown` with the words there are, `mapping_missing`.
    pub fn parse(word: &str, mapping: Option<&str>) -> Result<Self> {
        if word == MAPPED {
            let missing = || {
                Error::invalid(
                    "mapping_missing",
                    "Other CSV files need a mapping, which says what their columns are.",
                )
                .on("/mapping")
            };
            return mapping
                .filter(|m| !m.trim().is_empty())
                .map(|m| Self::Mapped(m.to_owned()))
                .ok_or_else(missing);
        }
        Format::from_word(word).map(Self::Known).ok_or_else(|| {
            let text = format!("There is no format “{word}”. There are {}.", words().join(", "));
            Error::invalid("format_unknown", text).on("/from")
        })
    }
}

/// The words of `--from`, in their order.
pub fn words() -> Vec<&'static str> {
    Format::ALL.iter().map(|f| f.word()).chain([MAPPED]).collect()
}

/// How to read what a file leaves open; empty words let the file decide.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// A label such as `windows-1251`.
    pub encoding: String,
    /// `.` or `,`, for columns of numbers that could be read both ways.
    pub decimal: String,
    /// `dmy`, `mdy` or `ymd`, for columns of dates that could be read both ways.
    pub dates: String,
    /// A time zone such as `Europe/Berlin`, of times without an offset; the shop's own without it.
    pub zone: String,
    /// A currency's code, for files that name none; the shop's own without it.
    pub currency: String,
    /// Keeps the orders of two shops apart whose files have one format.
    pub source_name: String,
}

/// Characters of a shop's name in the keys of its orders.
const SOURCE_NAME_MAX: usize = 40;

/// The name of a shop as the first half of its orders' keys; none for an empty one.
fn source_name(text: &str) -> Result<Option<String>> {
    let name = text.trim().to_lowercase();
    let is_good = name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.'))
        && name.chars().count() <= SOURCE_NAME_MAX;
    match name.as_str() {
        "" => Ok(None),
        "backroom" => Err(Error::invalid(
            "invalid_source_name",
            "This name is that of Backroom’s own files. Choose another.",
        )
        .on("/source_name")),
        _ if is_good => Ok(Some(name)),
        _ => Err(Error::invalid(
            "invalid_source_name",
            format!("Use at most {SOURCE_NAME_MAX} letters, digits, blanks, dots and hyphens, such as shop-berlin."),
        )
        .on("/source_name")),
    }
}

impl Choices {
    /// The options of a run in this shop.
    ///
    /// # Errors
    /// `encoding_unknown`, `invalid_choice`, `invalid_zone`.
    pub fn options(&self, zone: Zone, own: Currency) -> Result<Options> {
        let wrong = |field: &str, right: &str| {
            Error::invalid("invalid_choice", format!("Choose {right}.")).on(format!("/{field}"))
        };
        Ok(Options {
            encoding: match self.encoding.trim() {
                "" => None,
                label => Some(encoding::named(label).map_err(|e| e.on("/encoding"))?),
            },
            decimal: match self.decimal.as_str() {
                "" => None,
                "." => Some(DecimalSign::Dot),
                "," => Some(DecimalSign::Comma),
                _ => return Err(wrong("decimal", "a dot or a comma")),
            },
            dates: match self.dates.as_str() {
                "" => None,
                "dmy" => Some(DateOrder::DayFirst),
                "mdy" => Some(DateOrder::MonthFirst),
                "ymd" => Some(DateOrder::YearFirst),
                _ => return Err(wrong("dates", "dmy, mdy or ymd")),
            },
            zone: match self.zone.trim() {
                "" => zone,
                name => Zone::named(name).map_err(|e| e.on("/zone"))?,
            },
            zone_is_said: !self.zone.trim().is_empty(),
            currency: match self.currency.trim() {
                "" => None,
                code => Some(Currency::parse(code).map_err(|e| e.on("/currency"))?),
            },
            usual_currency: Some(own),
            source_name: source_name(&self.source_name)?,
            ..Options::default()
        })
    }
}

/// Reads the files and hands everything to the sink.
///
/// # Errors
/// Those of reading, of the mapping, and the sink's own.
pub fn read(
    kind: Kind,
    source: &Source,
    files: &[Input],
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Report> {
    let mut report = read_all(kind, source, files, options, sink)?;
    let empty = report.files.iter().filter(|f| f.rows == 0 && f.role != UNUSED);
    for name in empty.map(|f| Arc::clone(&f.name)).collect::<Vec<_>>() {
        report.warnings.note(NO_ROWS, &name, 0, "", &name);
    }
    Ok(report)
}

fn read_all(
    kind: Kind,
    source: &Source,
    files: &[Input],
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Report> {
    let named = |mut mapping: Mapping| {
        if let Some(name) = &options.source_name {
            mapping.source.clone_from(name);
        }
        mapping
    };
    if !matches!(source, Source::Mapped(_)) {
        own_kind::refuse_lists(files, options)?;
    }
    match source {
        Source::Known(format) if kind == Kind::CreditNotes && *format != Format::Backroom => Err(no_notes()),
        Source::Mapped(_) if kind == Kind::CreditNotes => Err(no_notes()),
        Source::Known(Format::Backroom) if options.source_name.is_some() => Err(Error::invalid(
            "invalid_source_name",
            "Backroom’s own files say themselves which shop each order is from. Leave the name empty.",
        )
        .on("/source_name")),
        Source::Known(Format::Backroom) => own_run::run(kind, files, options, sink),
        Source::Known(format) => {
            other_kind::refuse(*format, kind, files, options)?;
            run::run(&named(preset(*format, kind)?), files, options, sink)
        }
        Source::Mapped(text) => {
            let mapping = Mapping::parse(text)?;
            if mapping.kind != kind {
                let text = "The mapping is for the other kind of record; its line `kind` says which.";
                return Err(Error::invalid("mapping_of_other_kind", text).on("/mapping"));
            }
            run::run(&named(mapping), files, options, sink)
        }
    }
}

fn no_notes() -> Error {
    let text =
        "Credit notes alone come from Backroom’s own files. Those of other shops are among their orders.";
    Error::invalid("format_unknown", text).on("/what")
}

/// Fields of which every file of orders has one: when, which article, how much. A table of people has ids, addresses
/// and names too, and an article's title may stand under nothing but "name".
const OF_ORDERS: &[Field] = &[Field::PlacedAt, Field::OrderTotal, Field::LineSku, Field::LineTotal];

/// The format that knows most of the files' columns, and what they hold; `None` when they are like none. `source` and
/// `kind` are what is known already.
pub fn recognise(
    files: &[Input],
    options: &Options,
    source: Option<&Source>,
    kind: Option<Kind>,
) -> Option<(Format, Kind)> {
    let fits = |format: Format, k: Kind| {
        kind.is_none_or(|kind| kind == k) && source.is_none_or(|s| *s == Source::Known(format))
    };
    // What cannot be opened says why when it is read.
    let sheets: Vec<Sheet> = files.iter().filter_map(|f| Sheet::open(f, options).ok()).collect();
    let has = |column: &String| sheets.iter().any(|s| s.column(column).is_some());
    let own = files.iter().find_map(|file| own_kind::held(file, options));
    if let Some(kind) = own.filter(|kind| fits(Format::Backroom, *kind)) {
        return Some((Format::Backroom, kind));
    }
    let mut best: Option<(usize, Format, Kind)> = None;
    let all = Format::ALL.iter().flat_map(|f| [(*f, Kind::Orders), (*f, Kind::Customers)]);
    for (format, kind) in all.filter(|(format, kind)| fits(*format, *kind)) {
        let Ok(mapping) = preset(format, kind) else { continue };
        // Whoever says where the files come from needs no proof.
        if source.is_none() && !mapping.telling.is_empty() && !mapping.telling.iter().any(has) {
            continue;
        }
        if kind == Kind::Orders && !OF_ORDERS.iter().any(|f| mapping.columns(*f).iter().any(has)) {
            continue;
        }
        // A mapping that lacks the key of the records cannot read them, however much else it knows.
        let readable =
            sheets.iter().filter(|s| likeness(&mapping, None, s).is_some_and(|(n, _)| n >= COLUMNS_MIN));
        let known = readable.map(|s| s.header.iter().filter(|title| mapping.knows(title)).count()).sum();
        if known > best.map_or(0, |(most, ..)| most) {
            best = Some((known, format, kind));
        }
    }
    best.map(|(_, format, kind)| (format, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(&'static str, Kind)> {
        let found = recognise(&[Input::bytes("x.csv", text.as_bytes())], &Options::default(), None, None);
        found.map(|(format, kind)| (format.word(), kind))
    }

    #[test]
    fn a_file_is_recognised_by_its_columns() {
        let shopify = "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Lineitem quantity,Lineitem name,Lineitem price\n";
        assert_eq!(of(shopify), Some(("shopify", Kind::Orders)));
        let people = "First Name,Last Name,Email,Accepts Email Marketing,Company,Address1,City,Zip,Phone,Accepts SMS Marketing\n";
        assert_eq!(of(people), Some(("shopify", Kind::Customers)));
        let retail = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
        assert_eq!(of(retail), Some(("online-retail", Kind::Orders)));
        assert_eq!(of("number,id,version,placed_at,placed_offset_min\n"), Some(("backroom", Kind::Orders)));
        assert_eq!(of("{\"id\":\"cus_1\",\"email\":null}\n"), Some(("backroom", Kind::Customers)));
        assert_eq!(of("{\"id\":\"ord_1\",\"lines\":[]}\n"), Some(("backroom", Kind::Orders)));
        assert_eq!(
            of("json_line,refused_file\r\n\"{\"\"id\"\":\"\"ord_1\"\",\"\"lines\"\":[]}\",x\n"),
            Some(("backroom", Kind::Orders))
        );
        assert_eq!(of("number,id,kind,issued_at,total\n"), Some(("backroom", Kind::CreditNotes)));
        assert_eq!(
            of("{\"id\":\"crn_1\",\"issued_at\":\"x\",\"lines\":[]}\n"),
            Some(("backroom", Kind::CreditNotes))
        );
        assert_eq!(of("a,b,c\n1,2,3\n"), None);
        // What every shop's file may have tells nothing.
        assert_eq!(of("Name,Company,Phone,Country,Tags,Note,Total Spent\n"), None);
        assert_eq!(of("Order,Status,Placed,Customer,Total,Currency,Phone,Country,Tags,Note\n"), None);
        // A Shopify file of which somebody kept a few columns.
        let few = "Name,Subtotal,Shipping,Taxes,Total,Created at,Billing City,Billing Zip,Billing Province\n";
        assert_eq!(of(few), Some(("shopify", Kind::Orders)));
        // Too few to tell whose they are: whoever brings them says so.
        assert_eq!(of("Name,Email,Subtotal,Shipping,Taxes,Total,Created at\n"), None);
        assert_eq!(of("ID,Name,Email,Date,Total\n"), None);
        // People with ids and addresses are no orders of any shop.
        assert_eq!(of("id,name,email,channel,street,city,province,country,zipcode\n"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn the_files_of_one_shop_are_not_taken_for_those_of_another() {
        let people = "Customer ID;Active (0/1);Titles ID (Mr = 1, Ms = 2, else 0);Email *;Password *;Birthday (yyyy-mm-dd);Last Name *;First Name *;Newsletter (0/1);Opt-in (0/1)\n";
        let places = "Adress ID;Alias*;Active (0/1);Customer e-mail*;Customer ID;Company;Lastname*;Firstname*;Address 1*;Zipcode*;City*;Country*;State\n";
        let files = [Input::bytes("a.csv", people.as_bytes()), Input::bytes("b.csv", places.as_bytes())];
        let found = |files: &[Input], source| recognise(files, &Options::default(), source, None);
        assert_eq!(found(&files, None), Some((Format::Prestashop, Kind::Customers)));
        assert_eq!(found(&files[1..], None), None);
        // Who says where a file comes from needs no proof of it.
        let shopify = Source::Known(Format::Shopify);
        let plain =
            Input::bytes("x.csv", b"Name,Email,Subtotal,Shipping,Taxes,Total,Created at\n".as_slice());
        assert_eq!(found(&[plain], Some(&shopify)), Some((Format::Shopify, Kind::Orders)));
    }

    #[test]
    fn the_example_of_a_mapping_is_right_and_is_the_one_in_the_documents() {
        let source = Source::parse(MAPPED, Some(EXAMPLE_MAPPING)).unwrap();
        let text = "Order no,Date,E-mail,Name,Article,Description,Pieces,Price\nA1,3.2.2026,a@b.de,Kim,X,Cup,2,\"1,50\"\n";
        let options = Choices::default().options(Zone::utc(), Currency::EUR).unwrap();
        let mut kept = crate::shop::transfer::real_data::Kept::default();
        read(Kind::Orders, &source, &[Input::bytes("x.csv", text.as_bytes())], &options, &mut kept).unwrap();
        assert_eq!((kept.orders.len(), kept.refused.len()), (1, 0));
        assert!(include_str!("../../../docs/imports.md").contains(EXAMPLE_MAPPING));
    }

    #[test]
    fn wrong_choices_name_their_field() {
        let choices = Choices { decimal: ";".to_owned(), ..Choices::default() };
        let error = choices.options(Zone::utc(), Currency::EUR).unwrap_err();
        assert_eq!((error.code, error.fields[0].pointer.as_str()), ("invalid_choice", "/decimal"));
        assert_eq!(Source::parse("shopware", None).unwrap_err().code, "format_unknown");
        assert_eq!(Source::parse("csv", None).unwrap_err().code, "mapping_missing");
        assert_eq!(Source::parse("olist", None).unwrap(), Source::Known(Format::Olist));
    }
}
