//! Where what a mapping names stands in the columns of a file, and which columns are left over.

use crate::shop::transfer::bound::{ABOVE, ITEMS, ROW, Slot, foreign_names};
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::join::Lookup;
use crate::shop::transfer::keys::KeyColumns;
use crate::shop::transfer::mapping::Mapping;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::records::Record;
use crate::shop::transfer::refusals::is_refused_column;
use crate::shop::transfer::sheet::{Sheet, header_key};
use std::collections::{BTreeMap, BTreeSet};

/// Files joined to files joined to files: so deep and no deeper.
const DEPTH_MAX: usize = 4;

/// A column of passwords, also of their digests: no import keeps them, whatever the file is taken for.
pub(super) fn is_secret(title: &str) -> bool {
    let title = title.to_lowercase();
    ["password", "passwd", "passwort", "user_pass", "mot de passe"].iter().any(|word| title.contains(word))
}

/// Columns that some fields fall back on and that are the first choice of none.
pub(super) fn spare_columns(slots: &[Vec<Slot>]) -> Vec<(usize, Vec<Field>)> {
    let mut firsts = BTreeSet::new();
    let mut seconds: BTreeMap<usize, Vec<Field>> = BTreeMap::new();
    for (field, slots) in Field::ALL.iter().zip(slots) {
        for (place, slot) in slots.iter().enumerate() {
            let Slot::Own(column) = slot else { continue };
            if place == 0 {
                firsts.insert(*column);
            } else {
                seconds.entry(*column).or_default().push(*field);
            }
        }
    }
    seconds.into_iter().filter(|(column, _)| !firsts.contains(column)).collect()
}

/// A row of customers without an e-mail address goes on with the customer above.
pub(super) fn goes_on_above(mapping: &Mapping) -> bool {
    mapping.columns(Field::CustomerEmail).iter().any(|name| name == ABOVE)
}

/// Whether a row is one of a database's dump, which writes `NULL` where nothing is: a person may be called so, but is so
/// in columns of names only.
pub(super) fn is_of_dump(row: &Record, titles: &[String]) -> bool {
    let nulls = row.cells().zip(titles).filter(|(text, _)| *text == "NULL");
    let (count, others) = nulls.fold((0, 0), |(all, others), (_, title)| {
        (all + 1, others + usize::from(!title.to_lowercase().contains("name")))
    });
    count > 1 && others > 0
}

pub(super) fn own_columns(slot: &Slot) -> Vec<usize> {
    match slot {
        Slot::Own(column) => vec![*column],
        Slot::Ordinal => Vec::new(),
        Slot::Joined { by, .. } => by.iter().flat_map(own_columns).collect(),
    }
}

/// What a mapping finds in a sheet.
pub(super) struct Tie<'a> {
    pub(super) sheet: &'a Sheet,
    pub(super) mapping: &'a Mapping,
    pub(super) lookups: &'a [Lookup],
}

impl Tie<'_> {
    pub(super) fn slots(&self, names: &[String]) -> Vec<Slot> {
        self.slots_within(names, DEPTH_MAX)
    }
    fn slots_within(&self, names: &[String], depth: usize) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::new();
        for name in names {
            match name.as_str() {
                // The row's number stands in only where the file has none of the columns.
                ROW if slots.is_empty() => slots.push(Slot::Ordinal),
                ROW | ABOVE => {}
                name => slots.extend(self.slot(name, depth)),
            }
        }
        slots
    }
    fn slot(&self, name: &str, depth: usize) -> Option<Slot> {
        let depth = depth.checked_sub(1)?;
        let foreign = name.split_once('.').and_then(|(role, column)| {
            let lookup = self.lookups.iter().position(|l| l.role == role)?;
            let file = self.mapping.files.get(role)?;
            let column = self.lookups.get(lookup)?.wanted.iter().position(|w| w == column)?;
            let by = self.slots_within(&file.by, depth);
            (!by.is_empty()).then_some(Slot::Joined { by, lookup, column })
        });
        let own = || self.sheet.column(name).filter(|column| !self.is_another(name, *column));
        foreign.or_else(|| own().map(Slot::Own))
    }
    /// Whether the column is only alike, and the mapping knows it by its whole name, or names another one more fully.
    fn is_another(&self, name: &str, column: usize) -> bool {
        let (title, name) = (header_key(self.sheet.title(column)), header_key(name));
        if title == name {
            return false;
        }
        let rules = &self.mapping.rules;
        let known = Field::ALL.iter().flat_map(|f| self.mapping.columns(*f)).chain(&rules.ignore);
        known.map(|known| header_key(known)).any(|known| {
            known == title || known.split_once('(').is_some_and(|(short, _)| short.trim_end() == name)
        })
    }
    pub(super) fn key(&self, role: Option<&str>) -> KeyColumns {
        use crate::shop::transfer::mapping::Kind;
        let own = |names: &[String]| names.iter().filter_map(|n| self.sheet.column(n)).collect::<Vec<_>>();
        let own_items = || ITEMS.iter().flat_map(|field| own(self.mapping.columns(*field))).collect();
        match (role, self.mapping.kind) {
            (Some(role), _) => {
                let file = self.mapping.files.get(role);
                let columns = file.map(|f| own(&f.key)).unwrap_or_default();
                let emails = if file.is_some_and(|f| f.is_email) { columns.clone() } else { Vec::new() };
                KeyColumns { columns, emails, ..KeyColumns::default() }
            }
            (None, Kind::Orders | Kind::CreditNotes) => KeyColumns {
                columns: own(self.mapping.columns(Field::OrderKey)),
                split: own(self.mapping.columns(Field::OrderSplit)).first().copied(),
                emails: Vec::new(),
                refuses_damaged: true,
                // Without a column of keys every row is a record of its own.
                above: self.mapping.columns(Field::OrderKey).iter().any(|name| name == ABOVE)
                    && !own(self.mapping.columns(Field::OrderKey)).is_empty(),
                above_with: if self.mapping.is_preset { own_items() } else { Vec::new() },
            },
            (None, Kind::Customers) => {
                let emails = own(self.mapping.columns(Field::CustomerEmail));
                let ids = own(self.mapping.columns(Field::CustomerId));
                let columns = emails.iter().copied().chain(ids).collect();
                let above = goes_on_above(self.mapping);
                KeyColumns { columns, emails, above, ..KeyColumns::default() }
            }
        }
    }
    /// Columns for metadata, and those nobody knows.
    pub(super) fn rest(
        &self,
        used: &BTreeSet<usize>,
        role: Option<&str>,
        options: &Options,
        unnamed: &BTreeSet<usize>,
    ) -> (Vec<(usize, String)>, Vec<usize>) {
        let rules = &self.mapping.rules;
        let find =
            |names: &[String]| names.iter().filter_map(|n| self.sheet.column(n)).collect::<BTreeSet<_>>();
        let (keep, ignore) = (find(&rules.keep), find(&rules.ignore));
        let is_line_column = |title: &str| {
            let title = title.to_ascii_lowercase();
            rules.lines.is_some()
                && (title == "line_items"
                    || ["line_item_", "order_item_", "product item "].iter().any(|p| title.starts_with(p)))
        };
        let left: Vec<usize> = (0..self.sheet.header.len())
            .filter(|c| !used.contains(c) && !ignore.contains(c) && !keep.contains(c))
            .filter(|c| !self.sheet.title(*c).is_empty() || unnamed.contains(c))
            .filter(|c| !is_line_column(self.sheet.title(*c)))
            .filter(|c| !is_refused_column(self.sheet.title(*c)) && !is_secret(self.sheet.title(*c)))
            .collect();
        let joined = foreign_names(self.mapping, role.unwrap_or_default());
        let unknown: Vec<usize> =
            left.into_iter().filter(|c| !joined.iter().any(|n| self.sheet.column(n) == Some(*c))).collect();
        let mut kept: BTreeSet<usize> = keep;
        if options.keep_unknown && role.is_none() {
            kept.extend(&unknown);
        }
        (kept.into_iter().map(|c| (c, self.sheet.name_of(c))).collect(), unknown)
    }
}
