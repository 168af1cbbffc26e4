//! A run over the files of an import: roles by header, further files first, then record by record to the sink.

use crate::base::error::Result;
use crate::shop::transfer::bound::{Bound, Fault, Row, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::group::{Grouped, Groups, Open};
use crate::shop::transfer::ids::Ids;
use crate::shop::transfer::input::{Input, Meter};
use crate::shop::transfer::join::{Details, Lookup};
use crate::shop::transfer::keys::name_in;
use crate::shop::transfer::maker::Maker;
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::order::{Group, Made};
use crate::shop::transfer::outcome::{FileReport, Place, Refused, Report, Sink, Warnings};
pub use crate::shop::transfer::roles::UNUSED;
use crate::shop::transfer::roles::{RECORDS, Role, missing, role_of};
use crate::shop::transfer::sheet::Sheet;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The sink hears of progress after this many records.
const PROGRESS_EVERY: u64 = 500;
const UNJOINED: (&str, &str) =
    ("row_without_record", "The row belongs to no order or customer of the files. It was left out.");
const NO_ORDER: &str = "no_order";
const NO_LINES: (&str, &str) = (
    "lines_not_read",
    "No order of the file has a line, and these columns, which look like some, are kept as custom fields. Say which column is what in a mapping (--from csv).",
);
/// What the names of columns of lines have in them.
const OF_LINES: [&str; 12] = [
    "item", "sku", "quantity", "qty", "product", "article", "artikel", "menge", "anzahl", "produit",
    "quantit", "producto",
];

/// Reads the files through the mapping and hands everything to the sink.
///
/// # Errors
/// `file_missing`, `columns_missing` before anything is handed out, those of reading, and the sink's own.
pub fn run(mapping: &Mapping, files: &[Input], options: &Options, sink: &mut dyn Sink) -> Result<Report> {
    let options = mapping.options(options)?;
    let mut run = Run::prepare(mapping, files, &options)?;
    run.hand_out_early_refusals(sink)?;
    let mut maker = Maker::new(mapping, &options);
    let mut is_cut_short = false;
    let mains: Vec<usize> = run.positions(None);
    let has_own_ids = mains.iter().filter_map(|file| run.bound.get(*file)).any(Bound::has_own_ids);
    maker.ids = Ids::new(mains.len() > 1 || has_own_ids);
    let mut open = None;
    for (place, file) in mains.iter().enumerate() {
        let next = mains.get(place + 1).and_then(|next| run.bound.get(*next));
        let goes_on = mapping.kind != Kind::Customers && next.is_some_and(|next| next.is_next_part);
        if run.read(*file, &mut open, goes_on, &mut maker, sink)?.is_break() {
            is_cut_short = true;
            break;
        }
    }
    if !is_cut_short {
        run.leave_out_unjoined(&mut maker, sink)?;
    }
    sink.progress(run.all, run.all);
    Ok(run.report(maker, is_cut_short))
}

struct Run<'a> {
    mapping: &'a Mapping,
    bound: Vec<Bound>,
    lookups: Vec<Lookup>,
    details: BTreeMap<String, Details>,
    /// Reports of the lookups' files, which are not bound.
    reports: Vec<FileReport>,
    warnings: Warnings,
    early: Vec<Refused>,
    /// Rows of the lookups' files that nothing can be joined to.
    keyless: Vec<Refused>,
    meter: Meter,
    /// Bytes of all files.
    all: u64,
    refused: u64,
    done: u64,
}

impl<'a> Run<'a> {
    fn prepare(mapping: &'a Mapping, files: &[Input], options: &Options) -> Result<Self> {
        let mut run = Run {
            mapping,
            bound: Vec::new(),
            lookups: Vec::new(),
            details: BTreeMap::new(),
            reports: Vec::new(),
            warnings: Warnings::default(),
            early: Vec::new(),
            keyless: Vec::new(),
            meter: Meter::default(),
            all: 0,
            refused: 0,
            done: 0,
        };
        let mut sheets = Vec::new();
        for file in files {
            let sheet = Sheet::open(file, options)?;
            // Before its columns are looked for, whose names may have such letters.
            sheet.settled()?;
            run.all += sheet.size()?;
            let role = role_of(mapping, &sheet)?;
            sheets.push((role, sheet));
        }
        let needed =
            mapping.files.iter().filter(|(_, f)| !f.is_optional).map(|(name, _)| Some(name.as_str()));
        let is_given = |role: Option<&str>| {
            sheets.iter().any(|(given, _)| *given != Role::Unused && given.name() == role)
        };
        let absent: Vec<_> = std::iter::once(None).chain(needed).filter(|role| !is_given(*role)).collect();
        if !absent.is_empty() {
            let unused = sheets.iter().filter(|(role, _)| *role == Role::Unused).map(|(_, sheet)| sheet);
            return Err(missing(mapping, &absent, &unused.collect::<Vec<_>>()));
        }
        run.load_lookups(&sheets)?;
        for (role, sheet) in sheets {
            let is_lookup = role.name().is_some_and(|r| run.lookups.iter().any(|l| l.role == r));
            match role {
                Role::Unused => run.reports.push(plain_report(&sheet, UNUSED, 0)),
                role if !is_lookup => {
                    let before = run.bound.iter().rfind(|b| b.role.as_deref() == role.name());
                    let bound = Bound::new(sheet, role.name(), mapping, &run.lookups, options, before)?;
                    run.load_details(bound)?;
                }
                _ => {}
            }
        }
        Ok(run)
    }

    fn load_lookups(&mut self, sheets: &[(Role, Sheet)]) -> Result<()> {
        let is_detail = |role: &str| {
            ["order", "line", "billing", "shipping", "customer", "payment"]
                .iter()
                .any(|s| self.mapping.file_of(s) == Some(role))
        };
        let roles: Vec<String> = self.mapping.files.keys().filter(|r| !is_detail(r)).cloned().collect();
        for role in roles {
            let mut lookup = Lookup::new(&role, self.mapping);
            for (_, sheet) in sheets.iter().filter(|(r, _)| r.name() == Some(&role)) {
                let left = (&mut self.early, &mut self.keyless);
                let (rows, replaced) = lookup.load(sheet, self.mapping, &self.meter, left)?;
                self.warnings.replaced(&sheet.name, replaced);
                self.warnings.other_letters(&sheet.name, sheet.looks_like());
                self.reports.push(plain_report(sheet, &role, rows));
            }
            self.lookups.push(lookup);
        }
        Ok(())
    }

    fn load_details(&mut self, bound: Bound) -> Result<()> {
        let file = self.bound.len();
        if let Some(role) = bound.role.clone() {
            let details = self.details.entry(role).or_default();
            details.load(&bound, file, &self.meter, &mut self.early)?;
        }
        self.bound.push(bound);
        Ok(())
    }

    fn positions(&self, role: Option<&str>) -> Vec<usize> {
        let of = |b: &(usize, &Bound)| b.1.role.as_deref() == role;
        self.bound.iter().enumerate().filter(of).map(|(i, _)| i).collect()
    }

    fn hand_out_early_refusals(&mut self, sink: &mut dyn Sink) -> Result<()> {
        for row in std::mem::take(&mut self.early) {
            self.refused += 1;
            sink.refused(&row)?;
        }
        std::mem::take(&mut self.keyless).iter().try_for_each(|row| sink.left_out(row))
    }

    /// Rows of further files that belong to no record, in the order of their files.
    fn leave_out_unjoined(&mut self, maker: &mut Maker<'_>, sink: &mut dyn Sink) -> Result<()> {
        let details = std::mem::take(&mut self.details);
        let mut left: Vec<Row> = details.into_values().flat_map(Details::into_left).collect();
        left.sort_by_key(|row| (row.file, row.record.line));
        for view in self.views(&left) {
            let key = view.bound.key.columns.iter().find_map(|c| view.row.record.get(*c)).unwrap_or_default();
            maker.warnings.note(UNJOINED, view.file(), view.line(), "", key);
            sink.left_out(&view.refused(UNJOINED.0, UNJOINED.1))?;
        }
        Ok(())
    }

    /// One file of the first kind, behind what the one before it left open; its own last order stays open where another
    /// part follows.
    fn read(
        &mut self,
        file: usize,
        open: &mut Open,
        goes_on: bool,
        maker: &mut Maker<'_>,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>> {
        let mut details = std::mem::take(&mut self.details);
        let mut groups = Groups::new(&self.bound, file, &self.meter, (open.take(), goes_on))?;
        let (mut refused, mut done) = (0, 0);
        let flow = loop {
            match groups.advance()? {
                Grouped::End => break ControlFlow::Continue(()),
                Grouped::Refused(row) => {
                    refused += 1;
                    sink.refused(&row)?;
                }
                Grouped::Rows(key, rows) => {
                    let flow = self.group(key, &rows, &mut details, maker, sink, &mut refused)?;
                    done += 1;
                    if (self.done + done).is_multiple_of(PROGRESS_EVERY) {
                        sink.progress(self.meter.bytes().min(self.all), self.all);
                    }
                    if flow.is_break() {
                        break flow;
                    }
                }
            }
        };
        *open = groups.open.take();
        drop(groups);
        self.details = details;
        self.refused += refused;
        self.done += done;
        Ok(flow)
    }

    fn group(
        &self,
        key: Option<String>,
        rows: &[Row],
        details: &mut BTreeMap<String, Details>,
        maker: &mut Maker<'_>,
        sink: &mut dyn Sink,
        refused: &mut u64,
    ) -> Result<ControlFlow<()>> {
        let views: Vec<View<'_>> = self.views(rows);
        let Some(head) = views.first().copied() else { return Ok(ControlFlow::Continue(())) };
        let mut taken = |section: &str| -> Option<(Vec<Row>, Option<u64>)> {
            let role = self.mapping.file_of(section)?;
            let details = details.get_mut(role)?;
            // What has no key belongs to nobody.
            let key = head.key_to(role);
            Some(key.map_or_else(Default::default, |key| (details.take(&key), details.broken(&key))))
        };
        let (lines, payments, addresses) = (taken("line"), taken("payment"), taken("billing"));
        let broken = [&lines, &payments, &addresses].into_iter().flatten().find_map(|(_, broken)| *broken);
        let at_fault =
            broken.map(incomplete).or_else(|| unfit(key.as_ref()?, &views, self.mapping.is_preset));
        let own = |taken: &Option<(Vec<Row>, Option<u64>)>| {
            taken.as_ref().map(|(rows, _)| rows.clone()).unwrap_or_default()
        };
        let (line_rows, payment_rows, address_rows) = (own(&lines), own(&payments), own(&addresses));
        let line_views = self.views(&line_rows);
        let (payment_views, address_views) = (self.views(&payment_rows), self.views(&address_rows));
        let key = key.unwrap_or_else(|| match self.mapping.kind {
            Kind::Orders | Kind::CreditNotes => head.text(Field::OrderKey).into_owned(),
            Kind::Customers => head.text(Field::CustomerId).into_owned(),
        });
        maker.claim = None;
        let made = match (at_fault, self.mapping.kind) {
            (Some(fault), _) => Err(fault),
            (None, Kind::Orders | Kind::CreditNotes) => {
                let lines = lines.is_some().then_some(line_views.as_slice());
                let payments = payments.is_some().then_some(payment_views.as_slice());
                maker.order(&key, Group { rows: &views, lines, payments })
            }
            (None, Kind::Customers) => {
                maker.customer(&views, &address_views).map(|made| made.map_or(Made::Nothing, Made::Item))
            }
        };
        maker.left_out.drain(..).try_for_each(|row| sink.left_out(&row))?;
        let extra: &[View<'_>] = if lines.is_some() { &line_views } else { &[] };
        let all = views.iter().chain(extra).chain(&payment_views).chain(&address_views);
        match made {
            Ok(Made::Item(item)) => {
                let key = name_in(&key).to_owned();
                let rows = all.map(View::as_it_stands).collect();
                let (file, line, claim) = (Arc::clone(head.file()), head.line(), maker.claim.take());
                return sink.item(item, &Place { file, line, key, rows, claim });
            }
            Ok(Made::Again) => {}
            Ok(Made::Nothing) if self.mapping.kind == Kind::Customers => {}
            Ok(Made::Nothing) => {
                let reason = "This status is that of a cart, a draft or a deleted order. It was left out.";
                let Fault { column, value, .. } = head.fault(Field::OrderStatus, NO_ORDER, reason);
                for view in all {
                    let (column, value) = (column.clone(), value.clone());
                    sink.left_out(&Refused { column, value, ..view.refused(NO_ORDER, reason) })?;
                }
            }
            Err(fault) => {
                for row in refusals(&fault, &key, all) {
                    *refused += 1;
                    sink.refused(&row)?;
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn views<'b>(&'b self, rows: &'b [Row]) -> Vec<View<'b>> {
        let view =
            |row: &'b Row| Some(View { bound: self.bound.get(row.file)?, row, lookups: &self.lookups });
        rows.iter().filter_map(view).collect()
    }

    /// Further files that nobody gave and that are not needed.
    fn not_given(&self) -> Vec<String> {
        let is_given = |role: &str| {
            self.reports.iter().any(|r| r.role == role)
                || self.bound.iter().any(|b| b.role.as_deref() == Some(role))
        };
        let absent = self.mapping.files.iter().filter(|(role, f)| !f.name.is_empty() && !is_given(role));
        absent
            .map(|(_, f)| format!("What {} would say is left out: the file was not given.", f.name))
            .collect()
    }

    fn report(mut self, maker: Maker<'_>, is_cut_short: bool) -> Report {
        // Before the reports of the files are handed on, which tell what was given.
        let not_given = self.not_given();
        let mut report = Report {
            files: std::mem::take(&mut self.reports),
            assumptions: maker.assumed(),
            tallies: maker.tallies,
            warnings: maker.warnings,
            is_cut_short,
        };
        report.assumptions.extend(not_given);
        report.assumptions.extend(absent_columns(self.mapping, &self.bound));
        report.warnings.join(&self.warnings);
        for bound in self.bound {
            report.warnings.join(&bound.survey.warnings);
            report.files.push(file_report(bound));
        }
        if self.mapping.kind == Kind::Orders && report.tallies.orders > 0 && report.tallies.lines == 0 {
            for file in report.files.iter().filter(|file| file.role == RECORDS) {
                let title = |title: &&String| OF_LINES.iter().any(|word| title.to_lowercase().contains(word));
                for title in file.unknown_columns.iter().filter(title) {
                    report.warnings.note(NO_LINES, &file.name, 0, "", title);
                }
            }
        }
        report.tallies.rows = report.files.iter().map(|f| f.rows).sum();
        report.tallies.refused_rows = self.refused;
        report
    }
}

/// What a mapping that somebody has written names and no file has: it may be misspelt.
fn absent_columns(mapping: &Mapping, bound: &[Bound]) -> Option<String> {
    let named = Field::ALL.iter().filter(|f| !mapping.columns(**f).is_empty());
    let absent = named.filter(|f| !bound.iter().any(|bound| bound.has(**f)));
    let names: Vec<String> = absent
        .map(|f| format!("{} ({}.{})", mapping.columns(*f).join(" or "), f.section(), f.name()))
        .collect();
    (!mapping.is_preset && !names.is_empty())
        .then(|| format!("The mapping names columns that no file has: {}.", names.join(", ")))
}

/// How a bound file was read.
pub fn file_report(bound: Bound) -> FileReport {
    let Bound { sheet, survey, role, unknown, ignored, .. } = bound;
    let titles = |columns: Vec<usize>| columns.into_iter().map(|c| sheet.name_of(c)).collect();
    // Of further files only the columns that the mapping names are taken.
    let (unknown, ignored) =
        if role.is_none() { (unknown, ignored) } else { (Vec::new(), [ignored, unknown].concat()) };
    FileReport {
        name: Arc::clone(&sheet.name),
        role: role.unwrap_or_else(|| RECORDS.into()),
        encoding: sheet.encoding(),
        delimiter: char::from(sheet.delimiter),
        rows: survey.counts.rows,
        blank_rows: survey.counts.blank,
        above_header: sheet.above,
        repeated_headers: survey.counts.repeated_headers,
        refused_rows: survey.counts.refused,
        trimmed_cells: survey.trimmed_cells,
        unknown_columns: titles(unknown),
        ignored_columns: titles(ignored),
        samples: survey.samples,
        decisions: survey.decisions,
    }
}

/// How a file was read that no survey was made of.
fn plain_report(sheet: &Sheet, role: &str, rows: u64) -> FileReport {
    FileReport {
        name: Arc::clone(&sheet.name),
        role: role.to_owned(),
        encoding: sheet.encoding(),
        delimiter: char::from(sheet.delimiter),
        rows,
        ..FileReport::default()
    }
}

/// A record of which one row cannot be read is not taken without it.
pub fn incomplete(line: u64) -> Fault {
    Fault {
        line,
        code: "record_incomplete",
        reason: format!("Line {line} belongs to it and cannot be read."),
        ..Fault::default()
    }
}

/// Why the rows of one key cannot be taken, from what was seen of the files they stand in.
fn unfit(key: &str, views: &[View<'_>], is_preset: bool) -> Option<Fault> {
    let files = views.chunk_by(|a, b| a.row.file == b.row.file).filter_map(|rows| rows.first());
    files.into_iter().find_map(|head| {
        let survey = &head.bound.survey;
        let file = Some(Arc::clone(head.file()));
        let unclear = || {
            let (line, first, second) = survey.strays.unclear(name_in(key))?;
            let reason = format!(
                "Line {line} names {} without its id, and two orders are called so: that of line {first} and that of line {second}. Put the row below its order, or write the id into it.",
                cell::shown(name_in(key))
            );
            Some(Fault { line, code: "other_order", reason, ..Fault::default() })
        };
        let broken = survey.broken(key).map(incomplete);
        let keyless = || survey.keyless.get(key).map(|line| Fault { line: *line, ..without_key(is_preset) });
        broken.or_else(keyless).or_else(unclear).map(|fault| Fault { file, ..fault })
    })
}

/// An order with a row below that has an item and no key is not taken without it.
fn without_key(is_preset: bool) -> Fault {
    let reason = if is_preset {
        "The row has an item and no key. Say which order it belongs to."
    } else {
        "The row has an item and no key. If it belongs to the order above, add \"#above\" to the names of the key in the mapping; else say which order it belongs to."
    };
    Fault { code: "key_missing", reason: reason.into(), ..Fault::default() }
}

/// The rows of a refused record: the one at fault says why, the others point to it.
pub fn refusals<'a>(fault: &Fault, key: &str, views: impl Iterator<Item = &'a View<'a>>) -> Vec<Refused> {
    let shown: String = name_in(key).chars().take(80).collect();
    let refuse = |view: &View<'_>| {
        let is_here = fault.file.as_ref().is_none_or(|file| Arc::ptr_eq(file, view.file()));
        let is_it = is_here && view.line() == fault.line;
        let at = fault.file.as_ref().filter(|_| !is_here).map_or_else(String::new, |file| format!("{file} "));
        Refused {
            column: if is_it { fault.column.clone() } else { String::new() },
            value: if is_it { fault.value.clone() } else { String::new() },
            reason: if is_it {
                fault.reason.clone()
            } else {
                format!("{shown} is refused because of {at}line {}: {}", fault.line, fault.reason)
            },
            ..view.refused(fault.code, "")
        }
    };
    views.map(refuse).collect()
}
