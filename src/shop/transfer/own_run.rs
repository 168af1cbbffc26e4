//! A run over our own files, CSV and JSON lines in any mixture.

use crate::base::error::{Error, Result};
use crate::shop::orders::{
    CreditKind, Fulfilment, NewCreditNote, NewOrder, NewOrderCustomer, Payment, Status,
};
use crate::shop::transfer::amounts::{Amount, Amounts};
use crate::shop::transfer::assumed::Assumed;
use crate::shop::transfer::backroom;
use crate::shop::transfer::bound::{Bound, Fault, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::credit_notes::NOTE_COLUMNS;
use crate::shop::transfer::encoding;
use crate::shop::transfer::export::{CUSTOMER_COLUMNS, ORDER_COLUMNS};
use crate::shop::transfer::group::{Grouped, Groups};
use crate::shop::transfer::input::{Input, Meter};
use crate::shop::transfer::maker::Maker;
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{FileReport, Item, Place, RawRow, Refused, Report, Sink};
use crate::shop::transfer::own_kind;
use crate::shop::transfer::records::{CELL_BYTES_MAX, Record};
use crate::shop::transfer::refusals::JSON_COLUMN;
use crate::shop::transfer::run::{file_report, incomplete, refusals};
use crate::shop::transfer::sheet::{Sheet, Step};
use rust_decimal::Decimal;
use std::io::{BufRead, Read};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A longer line of JSON is refused.
const JSON_BYTES_MAX: u64 = 32 * 1024 * 1024;
const PROGRESS_EVERY: u64 = 500;
/// A file with fewer of our columns is none of ours; nor is one with more columns of others.
const OWN_COLUMNS_MIN: usize = 2;

/// Reads our own files and hands everything to the sink.
///
/// # Errors
/// Those of reading, and the sink's own.
pub fn run(kind: Kind, files: &[Input], options: &Options, sink: &mut dyn Sink) -> Result<Report> {
    let mapping = Mapping::parse(match kind {
        Kind::Orders => include_str!("presets/backroom-orders.toml"),
        Kind::Customers => include_str!("presets/backroom-customers.toml"),
        Kind::CreditNotes => include_str!("presets/backroom-credit-notes.toml"),
    })?;
    let options = mapping.options(options)?;
    let mut all = 0;
    for file in files {
        all += file.size()?;
        own_kind::refuse_other(kind, file, &options)?;
    }
    let mut run = OwnRun {
        kind,
        options: &options,
        maker: Maker::new(&mapping, &options),
        report: Report::default(),
        meter: Meter::default(),
        all,
        done: 0,
        sink,
        is_whole: true,
    };
    for file in files {
        let flow = if is_json(file)? { run.json(file)? } else { run.csv(file, &mapping)? };
        if flow.is_break() {
            run.report.is_cut_short = true;
            break;
        }
    }
    run.sink.progress(all, all);
    let OwnRun { maker, mut report, .. } = run;
    let refused = report.tallies.refused_rows;
    report.warnings.join(&maker.warnings);
    report.assumptions = maker.assumed();
    report.tallies = maker.tallies;
    report.tallies.refused_rows = refused;
    report.tallies.rows = report.files.iter().map(|f| f.rows).sum();
    Ok(report)
}

/// JSON lines begin with a brace.
fn is_json(file: &Input) -> Result<bool> {
    let detected = encoding::detect(file, None)?;
    let mut head = Vec::new();
    let text = encoding::open(file, detected, &Meter::default())?;
    text.take(1024).read_to_end(&mut head).map_err(|e| file.unreadable(e))?;
    Ok(head.trim_ascii_start().first() == Some(&b'{'))
}

/// Titles of the columns that are none of ours. A file of somebody else is refused: one column or two may be called the
/// same by chance.
fn foreign_columns(kind: Kind, sheet: &Sheet) -> Result<Vec<String>> {
    let own: Vec<&str> = match kind {
        Kind::Orders => ORDER_COLUMNS.iter().map(|c| c.name).collect(),
        Kind::Customers => CUSTOMER_COLUMNS.iter().map(|c| c.name).collect(),
        Kind::CreditNotes => NOTE_COLUMNS.iter().map(|c| c.name).collect(),
    };
    let ours: Vec<usize> = own.iter().filter_map(|name| sheet.column(name)).collect();
    let titled = sheet.own_header.iter().enumerate().filter(|(_, title)| !title.trim().is_empty());
    let foreign: Vec<String> =
        titled.filter(|(at, _)| !ours.contains(at)).map(|(_, title)| title.clone()).collect();
    if ours.len() >= OWN_COLUMNS_MIN && ours.len() >= foreign.len() {
        return Ok(foreign);
    }
    let has = cell::headings(&sheet.header);
    let message = format!("{} is no file of Backroom’s. It has the columns {has}.", sheet.name);
    Err(Error::invalid("columns_missing", message))
}

/// So much of a line as a cell can hold.
fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(CELL_BYTES_MAX)).unwrap_or_default()
}

struct OwnRun<'a, 'm> {
    kind: Kind,
    options: &'a Options,
    maker: Maker<'m>,
    report: Report,
    meter: Meter,
    all: u64,
    done: u64,
    sink: &'a mut dyn Sink,
    /// The file has every column of an export.
    is_whole: bool,
}

impl OwnRun<'_, '_> {
    fn csv(&mut self, file: &Input, mapping: &Mapping) -> Result<ControlFlow<()>> {
        let sheet = Sheet::open(file, self.options)?;
        if *sheet.own_header == [JSON_COLUMN] {
            return self.refused_json(&sheet);
        }
        let foreign = foreign_columns(self.kind, &sheet)?;
        if self.kind == Kind::Orders {
            self.assume(&sheet);
            self.is_whole = ORDER_COLUMNS.iter().all(|column| sheet.column(column.name).is_some());
        }
        let bound = Bound::new(sheet, None, mapping, &[], self.options, None)?;
        let all = std::slice::from_ref(&bound);
        let mut groups = Groups::new(all, 0, &self.meter, (None, false))?;
        let flow = loop {
            match groups.advance()? {
                Grouped::End => break ControlFlow::Continue(()),
                Grouped::Refused(row) => self.refuse(&row)?,
                Grouped::Rows(key, rows) => {
                    let views = backroom::views(&bound, &rows);
                    let Some(head) = views.first() else { continue };
                    let broken = key.as_ref().and_then(|k| bound.survey.poisoned.get(k));
                    let made = broken.map_or_else(|| self.make(&views), |line| Err(incomplete(*line)));
                    let key = key.unwrap_or_default();
                    let rows = views.iter().map(View::as_it_stands).collect();
                    let (file, line) = (Arc::clone(head.file()), head.line());
                    let place = Place { file, line, key, rows, claim: None };
                    if let Err(fault) = &made {
                        for row in refusals(fault, &place.key, views.iter()) {
                            self.refuse(&row)?;
                        }
                    }
                    let flow = made.ok().map(|item| self.hand(item, &place)).transpose()?;
                    if flow.is_some_and(|f| f.is_break()) {
                        break ControlFlow::Break(());
                    }
                }
            }
        };
        drop(groups);
        self.report.warnings.join(&bound.survey.warnings);
        // Our own columns are read as they were written, without the mapping: nothing but somebody's own is left over.
        let report = file_report(bound);
        self.report.files.push(FileReport {
            unknown_columns: Vec::new(),
            ignored_columns: foreign,
            ..report
        });
        Ok(flow)
    }

    /// Notes what is taken for given where the file lacks a column of ours.
    fn assume(&mut self, sheet: &Sheet) {
        let currency = self.options.currency.or(self.options.usual_currency).map(Assumed::Currency);
        for (column, what) in [
            ("currency", currency),
            ("status", Some(Assumed::Status(Status::Open))),
            ("payment", Some(Assumed::Payment(Payment::Unpaid))),
            ("fulfilment", Some(Assumed::Fulfilment(Fulfilment::Unfulfilled))),
            ("tax_included", Some(Assumed::TaxIncluded)),
        ] {
            if let (None, Some(what)) = (sheet.column(column), what) {
                self.maker.assumptions.note(what);
            }
        }
    }

    fn make(&self, views: &[View<'_>]) -> std::result::Result<Item, Fault> {
        let Some(head) = views.first().copied() else { return Err(incomplete(0)) };
        match self.kind {
            Kind::Orders => {
                let mut order = backroom::order(views, self.options)?;
                if !self.is_whole {
                    order.unsaid = Arc::default();
                }
                self.maker.check_order(&order).map_err(|misfit| {
                    let (line, fault) = *misfit;
                    let view = line.and_then(|l| views.get(l)).unwrap_or(&head);
                    Fault { line: view.line(), ..fault }
                })?;
                Ok(Item::Order(Box::new(order)))
            }
            Kind::Customers => {
                let customer = backroom::customer(head)?;
                customer.checked().map_err(|e| Fault { line: head.line(), ..Fault::of(&e) })?;
                Ok(Item::Customer(Box::new(customer)))
            }
            Kind::CreditNotes => {
                backroom::credit_note(views, self.options).map(|note| Item::CreditNote(Box::new(note)))
            }
        }
    }

    fn json(&mut self, file: &Input) -> Result<ControlFlow<()>> {
        let detected = encoding::detect(file, self.options.encoding)?;
        detected.settled(file)?;
        let mut text = encoding::open(file, detected, &self.meter)?;
        let name: Arc<str> = file.name().into();
        let (mut line, mut rows, mut blank, mut refused) = (0, 0, 0, 0);
        let mut bytes = Vec::new();
        let mut flow = ControlFlow::Continue(());
        loop {
            bytes.clear();
            let read = (&mut text).take(JSON_BYTES_MAX).read_until(b'\n', &mut bytes);
            if read.map_err(|e| file.unreadable(e))? == 0 {
                break;
            }
            line += 1;
            let shown = String::from_utf8_lossy(&bytes);
            let shown = shown.trim();
            if shown.is_empty() {
                blank += 1;
                continue;
            }
            rows += 1;
            match self.json_line(&name, line, shown)? {
                None => refused += 1,
                Some(handed) => flow = handed,
            }
            if flow.is_break() {
                break;
            }
        }
        self.report.warnings.replaced(&name, text.replaced());
        self.report.files.push(FileReport {
            name,
            role: "records".into(),
            encoding: detected.encoding.name(),
            delimiter: '\n',
            rows,
            blank_rows: blank,
            refused_rows: refused,
            ..FileReport::default()
        });
        Ok(flow)
    }

    /// One line of JSON; `None` when it is refused.
    fn json_line(&mut self, name: &Arc<str>, line: u64, text: &str) -> Result<Option<ControlFlow<()>>> {
        let kept = beginning(text);
        match self.made_of_json(text) {
            Ok((item, key)) => {
                let record = Record::of(line, kept);
                let row = RawRow { file: Arc::clone(name), header: Arc::from([]), record };
                let file = Arc::clone(name);
                self.hand(item, &Place { file, line, key, rows: vec![row], claim: None }).map(Some)
            }
            Err(Fault { column, value, code, mut reason, .. }) => {
                if kept.len() < text.len() {
                    reason.push_str(" The line has more than 1 MB; only its beginning stands here.");
                }
                let (file, header, cells) = (Arc::clone(name), Arc::from([]), vec![kept.to_owned()]);
                self.refuse(&Refused { file, line, column, value, code, reason, header, cells })?;
                Ok(None)
            }
        }
    }

    /// Lines of JSON that were refused, each in a cell, with the reason behind it.
    fn refused_json(&mut self, sheet: &Sheet) -> Result<ControlFlow<()>> {
        let mut rows = sheet.rows(&self.meter)?;
        let mut refused = 0;
        let flow = loop {
            match rows.advance()? {
                Step::End => break ControlFlow::Continue(()),
                Step::Refused(row) => {
                    refused += 1;
                    self.refuse(&row)?;
                }
                Step::Row => {
                    let (line, text) = (rows.row().line, rows.row().get(0).unwrap_or_default().trim());
                    match self.json_line(&sheet.name, line, text)? {
                        None => refused += 1,
                        Some(ControlFlow::Break(())) => break ControlFlow::Break(()),
                        Some(ControlFlow::Continue(())) => {}
                    }
                }
            }
        };
        self.report.warnings.replaced(&sheet.name, rows.replaced());
        self.report.warnings.other_letters(&sheet.name, sheet.looks_like());
        self.report.files.push(FileReport {
            name: Arc::clone(&sheet.name),
            role: "records".into(),
            encoding: sheet.encoding(),
            delimiter: char::from(sheet.delimiter),
            rows: rows.counts().rows,
            blank_rows: rows.counts().blank,
            refused_rows: refused,
            ..FileReport::default()
        });
        Ok(flow)
    }

    fn made_of_json(&self, text: &str) -> std::result::Result<(Item, String), Fault> {
        match self.kind {
            Kind::Orders => {
                let order = backroom::order_of_json(text).map_err(|e| Fault::of(&e))?;
                self.maker.check_order(&order).map_err(|misfit| misfit.1)?;
                let key = order.source.as_ref().map(|s| s.id.clone()).unwrap_or_default();
                Ok((Item::Order(Box::new(order)), key))
            }
            Kind::Customers => {
                let customer = backroom::customer_of_json(text).map_err(|e| Fault::of(&e))?;
                customer.checked().map_err(|e| Fault::of(&e))?;
                let key = customer.email.clone().unwrap_or_default();
                Ok((Item::Customer(Box::new(customer)), key))
            }
            Kind::CreditNotes => {
                let note = backroom::credit_note_of_json(text).map_err(|e| Fault::of(&e))?;
                let key = note.number.clone();
                Ok((Item::CreditNote(Box::new(note)), key))
            }
        }
    }

    fn hand(&mut self, item: Item, place: &Place) -> Result<ControlFlow<()>> {
        match &item {
            Item::Order(order) => self.count(order),
            Item::Customer(customer) => self.maker.count_customer(Some(customer)),
            Item::CreditNote(note) => self.count_note(note),
        }
        self.done += 1;
        if self.done.is_multiple_of(PROGRESS_EVERY) {
            self.sink.progress(self.meter.bytes().min(self.all), self.all);
        }
        self.sink.item(item, place)
    }

    fn count(&mut self, order: &NewOrder) {
        self.maker.count_customer(match &order.customer {
            NewOrderCustomer::Described(customer) => Some(customer),
            _ => None,
        });
        let exact = |minor: i64| Amount { exact: Decimal::new(minor, order.currency.exponent()), minor };
        let goods =
            order.lines.iter().fold(0_i64, |sum, l| sum.saturating_add(l.stated_total.unwrap_or_default()));
        let amounts = Amounts {
            goods: exact(goods),
            discount: exact(order.discount),
            shipping: exact(order.shipping),
            tax: exact(order.tax.unwrap_or_default()),
            is_tax_included: order.tax_included,
            stated_total: order.stated_total.map(exact),
            refunded: exact(order.refunded),
            ..Amounts::default()
        };
        self.maker.sum_up(order, &amounts, order.lines.len() as u64);
    }

    fn count_note(&mut self, note: &NewCreditNote) {
        self.maker.count_customer(match &note.customer {
            NewOrderCustomer::Described(customer) => Some(customer),
            _ => None,
        });
        let tallies = &mut self.maker.tallies;
        tallies.lines += note.lines.len() as u64;
        let sums = tallies.sums.entry(note.currency).or_default();
        let exact = Decimal::new(note.total, note.currency.exponent());
        match note.kind {
            CreditKind::Credit => {
                sums.credited.add(exact, note.total);
                tallies.credit_notes += 1;
            }
            CreditKind::Adjustment => {
                sums.adjusted.add(exact, note.total);
                tallies.adjustments += 1;
            }
        }
    }

    fn refuse(&mut self, row: &Refused) -> Result<()> {
        self.report.tallies.refused_rows += 1;
        self.sink.refused(row)
    }
}
