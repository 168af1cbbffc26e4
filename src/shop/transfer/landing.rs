//! Where an import lands: items written to the store in groups, each in a transaction of its own inside, so that
//! a refused one leaves no trace and a killed import goes on behind its last group.

use crate::base::error::Result;
use crate::base::money::Currency;
use crate::base::time::Timestamp;
use crate::shop::customers::{self, Outcome};
use crate::shop::transfer::came::{Came, came, land_one, rehearse_one};
use crate::shop::transfer::claims;
use crate::shop::transfer::outcome::{Item, Place, Refused, Sink, Warnings};
use crate::shop::transfer::refusals::RefusedCsv;
use crate::shop::transfer::rehearsal::WouldBe;
use crate::shop::transfer::resumed::{self, Done, Run};
use crate::store::{Actor, Store, Tx};
use crate::web::listing::grouped;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Refusals that are kept to be shown; the file has all of them.
const REFUSALS_KEPT: usize = 100;

const SET_BACK: (&str, &str) = (
    "order_set_back",
    "The file says that less has happened to an order than it says here, as an older file does, and is believed. If it is the older one, import the newer one once more.",
);

/// Items of one commit: enough that the commit costs little, few enough that others wait only milliseconds.
const GROUP: usize = 100;
/// What the rows of a group hold: they wait with it, in case it is refused.
const GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;
/// While it waits, it asks this often whether it is still wanted.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// A group whose outcome is unknown, or that met a database that is being opened again, is written again after this time.
const AGAIN: Duration = Duration::from_millis(200);
/// So often while the database is being opened again: some ten seconds.
const FENCED_MAX: u32 = 50;

/// What an import did, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, Encode, Decode)]
pub struct Landed {
    #[n(0)]
    pub orders_added: u64,
    /// They were here already, by source and outside id, and the file says nothing new.
    #[n(1)]
    pub orders_unchanged: u64,
    #[n(2)]
    pub customers_added: u64,
    #[n(3)]
    pub customers_changed: u64,
    #[n(4)]
    pub customers_unchanged: u64,
    #[n(5)]
    pub credit_notes_added: u64,
    #[n(6)]
    pub credit_notes_unchanged: u64,
    /// Rows that could not be read, and items that the rules refused.
    #[n(7)]
    pub refused: u64,
    /// They were here with other content and were brought up to date.
    #[n(8)]
    #[cbor(default)]
    pub orders_changed: u64,
    /// Rows that are right and hold nothing to write.
    #[n(9)]
    #[cbor(default)]
    pub left_out: u64,
    #[n(10)]
    #[cbor(default)]
    pub credit_notes_changed: u64,
}

impl Landed {
    /// Whether anything is written that was not here.
    pub fn has_work(&self) -> bool {
        let written = [
            self.orders_added,
            self.orders_changed,
            self.customers_added,
            self.customers_changed,
            self.credit_notes_added,
            self.credit_notes_changed,
        ];
        written.iter().any(|count| *count > 0)
    }
    /// Whether something was taken, were it only known already.
    pub fn has_any(&self) -> bool {
        let known = [self.orders_unchanged, self.customers_unchanged, self.credit_notes_unchanged];
        self.has_work() || known.iter().any(|count| *count > 0)
    }
    /// Every count that is not zero, with its words.
    pub fn in_words(&self) -> Vec<(u64, &'static str)> {
        let all = [
            (self.orders_added, "orders added"),
            (self.orders_changed, "orders changed"),
            (self.orders_unchanged, "orders unchanged"),
            (self.customers_added, "customers added"),
            (self.customers_changed, "customers changed"),
            (self.customers_unchanged, "customers unchanged"),
            (self.credit_notes_added, "credit notes and adjustments added"),
            (self.credit_notes_changed, "credit notes and adjustments changed"),
            (self.credit_notes_unchanged, "credit notes and adjustments unchanged"),
            (self.refused, "refused"),
            (self.left_out, "left out"),
        ];
        all.into_iter().filter(|(count, _)| *count > 0).collect()
    }
}

/// A count with its words, such as `1 order added` and `2 orders added`.
pub fn counted(count: u64, what: &str) -> String {
    let one = |what: &str| what.replace("orders", "order").replace("customers", "customer");
    let one = |what: &str| {
        one(what)
            .replace("notes and adjustments", "note or adjustment")
            .replace("rows", "row")
            .replace("lines", "line")
    };
    format!("{} {}", grouped(count), if count == 1 { one(what) } else { what.to_owned() })
}

/// What to do with a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Note it and go on.
    #[default]
    Skip,
    /// End the import; what landed before stays.
    Stop,
}

/// How an import ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub landed: Landed,
    /// What the orders come to that were added or changed, by currency.
    pub totals: BTreeMap<Currency, i64>,
    /// The first refusals, in the order of the files.
    pub refusals: Vec<Refused>,
    /// The first rows that were left out.
    pub left_out: Vec<Refused>,
    /// What differs from the shop.
    pub warnings: Warnings,
    /// Why it went no further, when a refusal was to end it.
    pub stopped: Option<String>,
}

/// A sink that writes to the store, or in a dry run only says what it would write.
pub struct Landing<'a> {
    store: Store,
    actor: Actor,
    /// Whether the index keeps up; an import waits for it, so that memory stays flat.
    has_room: &'a (dyn Fn() -> Result<bool> + Sync),
    /// Told of bytes read and of all; gives false to end the import.
    progress: &'a mut dyn FnMut(u64, u64, &Landed) -> bool,
    refused_rows: Option<RefusedCsv<Box<dyn Write + Send + 'a>>>,
    dry_run: bool,
    on_error: OnError,
    /// What it is known by when it is run again after a kill.
    run: Option<Run>,
    group: Vec<(Item, Place)>,
    group_bytes: usize,
    /// When it began: what was written since, it has written.
    since: Timestamp,
    /// Groups that were written.
    groups: u64,
    counts: Landed,
    totals: BTreeMap<Currency, i64>,
    /// What a dry run would have written.
    would_be: WouldBe,
    refusals: Vec<Refused>,
    left_out: Vec<Refused>,
    warnings: Warnings,
    is_ended: bool,
    /// Nobody wants it to go on: what is not yet written comes again when it is taken up.
    is_left: bool,
    /// Bytes read and all, as they were told last.
    reached: (u64, u64),
}

impl<'a> Landing<'a> {
    pub fn new(
        store: &Store,
        actor: Actor,
        has_room: &'a (dyn Fn() -> Result<bool> + Sync),
        progress: &'a mut dyn FnMut(u64, u64, &Landed) -> bool,
    ) -> Self {
        Self {
            store: store.clone(),
            actor,
            has_room,
            progress,
            refused_rows: None,
            dry_run: false,
            on_error: OnError::Skip,
            run: None,
            group: Vec::with_capacity(GROUP),
            group_bytes: 0,
            since: store.clock().now(),
            groups: 0,
            counts: Landed::default(),
            totals: BTreeMap::new(),
            would_be: WouldBe::default(),
            refusals: Vec::new(),
            left_out: Vec::new(),
            warnings: Warnings::default(),
            is_ended: false,
            is_left: false,
            reached: (0, 0),
        }
    }
    /// Writes nothing.
    #[must_use]
    pub fn dry(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
    #[must_use]
    pub fn on_error(mut self, on_error: OnError) -> Self {
        self.on_error = on_error;
        self
    }
    /// Goes on where the same run was killed: what it has written before is not written again, and is told as it was.
    #[must_use]
    pub fn going_on(mut self, run: Run) -> Self {
        self.run = Some(run);
        self
    }
    /// Where rows go that are refused or left out: the row as it stands, then where and why, so that it can be mended
    /// and imported. Many of them wait in `scratch` for their place.
    #[must_use]
    pub fn refused_to(mut self, out: Box<dyn Write + Send + 'a>, scratch: &Path) -> Self {
        self.refused_rows = Some(RefusedCsv::new(out, scratch));
        self
    }

    /// Writes what is left and says how it ended.
    ///
    /// # Errors
    /// Those of the store; `file_unwritable`.
    pub fn finish(mut self) -> Result<Ended> {
        // Half a group would be another one than the one that is whole at the next start, and be told as known before.
        if !self.is_left {
            self.land()?;
        }
        if let Some(rows) = self.refused_rows.take() {
            rows.finish()?;
        }
        let first = self.refusals.first().filter(|_| self.on_error == OnError::Stop);
        let stopped =
            first.map(|r| format!("Stopped at the first refusal: {} line {}: {}", r.file, r.line, r.reason));
        let (refusals, left_out, warnings) = (self.refusals, self.left_out, self.warnings);
        Ok(Ended { landed: self.counts, totals: self.totals, refusals, left_out, warnings, stopped })
    }

    fn land(&mut self) -> Result<()> {
        if self.group.is_empty() || !(self.dry_run || self.waits_for_the_index()?) {
            return Ok(());
        }
        let group = Arc::new(std::mem::replace(&mut self.group, Vec::with_capacity(GROUP)));
        let came = if self.dry_run { self.rehearse(&group)? } else { self.write(&group)? };
        self.groups += 1;
        for ((_, place), came) in group.iter().zip(came) {
            if let Came::Order(_, sum, back) = &came {
                if let Some(back) = back {
                    let told = format!("{}: {back}", place.key);
                    self.warnings.note(SET_BACK, &place.file, place.line, "", &told);
                }
                for (currency, amount) in sum {
                    let total = self.totals.entry(*currency).or_default();
                    *total = total.saturating_add(*amount);
                }
            }
            if let (Some(claim), Came::Customer(Some(id), _)) = (place.claim, &came) {
                let here = self.store.read(|s| customers::totals(s, *id))?;
                claims::compare(claim, &here, place, &mut self.warnings);
            }
            self.count(place, came)?;
        }
        Ok(())
    }

    /// Gives true when the index keeps up, and false when nobody wants the import to go on any more: where a lost index is
    /// built anew, that takes minutes.
    fn waits_for_the_index(&mut self) -> Result<bool> {
        let mut asked = Instant::now();
        while !(self.has_room)()? {
            std::thread::sleep(Duration::from_millis(5));
            if asked.elapsed() >= ASK_EVERY {
                let (done, all) = self.reached;
                self.progress(done, all);
                if self.is_left {
                    return Ok(false);
                }
                asked = Instant::now();
            }
        }
        Ok(true)
    }

    fn write(&self, group: &Arc<Vec<(Item, Place)>>) -> Result<Vec<Came>> {
        let mut fenced = 0;
        loop {
            let (items, run, number, since) = (Arc::clone(group), self.run, self.groups, self.since);
            let written = self.store.write_blocking(self.actor.clone(), move |tx| {
                land_group(tx, &items, (run.as_ref(), since), number)
            });
            match written {
                // Every item is known by its outside id, so doing a group again after an unknown outcome is safe.
                Err(error) if error.code == "commit_unknown" => std::thread::sleep(AGAIN),
                // The database is being opened again, or cannot be.
                Err(error) if error.code == "store_fenced" && fenced < FENCED_MAX => {
                    fenced += 1;
                    std::thread::sleep(AGAIN);
                }
                other => return other,
            }
        }
    }

    /// What `write` would do, from the store as it is and what this run would have written.
    fn rehearse(&mut self, group: &[(Item, Place)]) -> Result<Vec<Came>> {
        let (store, would_be) = (self.store.clone(), &mut self.would_be);
        store.read(|s| group.iter().map(|(item, _)| came(rehearse_one(s, item, would_be))).collect())
    }

    fn count(&mut self, place: &Place, came: Came) -> Result<()> {
        let counts = &mut self.counts;
        match came {
            Came::Order(Outcome::Added, ..) => counts.orders_added += 1,
            Came::Order(Outcome::Changed, ..) => counts.orders_changed += 1,
            Came::Order(Outcome::Unchanged, ..) => counts.orders_unchanged += 1,
            Came::Customer(_, Outcome::Added) => counts.customers_added += 1,
            Came::Customer(_, Outcome::Changed) => counts.customers_changed += 1,
            Came::Customer(_, Outcome::Unchanged) => counts.customers_unchanged += 1,
            Came::Note(Outcome::Added) => counts.credit_notes_added += 1,
            Came::Note(Outcome::Changed) => counts.credit_notes_changed += 1,
            Came::Note(Outcome::Unchanged) => counts.credit_notes_unchanged += 1,
            Came::Refused { column, code, reason } => {
                for refused in place.refused(&column, code, &reason) {
                    self.refused(&refused)?;
                }
            }
        }
        Ok(())
    }
}

fn land_group(
    tx: &mut Tx<'_>,
    items: &[(Item, Place)],
    (run, since): (Option<&Run>, Timestamp),
    number: u64,
) -> Result<Vec<Came>> {
    let before = match run {
        Some(run) => resumed::done(tx, run, number, items)?,
        None => vec![None; items.len()],
    };
    let one = |((item, _), done): (&(Item, Place), &Option<Done>)| match done {
        Some(done) => Came::again(item, done),
        None => came(tx.attempt(|tx| land_one(tx, item, since))),
    };
    let came = items.iter().zip(&before).map(one).collect::<Result<Vec<_>>>()?;
    if let Some(run) = run {
        let done = |((_, place), came): (&(Item, Place), &Came)| came.done(place);
        let now: Vec<_> = items.iter().zip(&came).map(done).collect();
        if now != before {
            resumed::note(tx, run, number, items, now)?;
        }
    }
    Ok(came)
}

impl Sink for Landing<'_> {
    fn item(&mut self, item: Item, place: &Place) -> Result<ControlFlow<()>> {
        self.group_bytes += place.rows.iter().map(|row| row.record.text().len()).sum::<usize>();
        self.group.push((item, place.clone()));
        if self.group.len() >= GROUP || self.group_bytes >= GROUP_BYTES_MAX {
            self.group_bytes = 0;
            self.land()?;
        }
        Ok(if self.is_ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn refused(&mut self, row: &Refused) -> Result<()> {
        self.counts.refused += 1;
        if self.refusals.len() < REFUSALS_KEPT {
            self.refusals.push(row.told());
        }
        self.is_ended |= self.on_error == OnError::Stop;
        if let Some(rows) = &mut self.refused_rows {
            rows.write(row)?;
        }
        Ok(())
    }

    fn left_out(&mut self, row: &Refused) -> Result<()> {
        self.counts.left_out += 1;
        if self.left_out.len() < REFUSALS_KEPT {
            self.left_out.push(row.told());
        }
        match &mut self.refused_rows {
            Some(rows) => rows.write(row),
            None => Ok(()),
        }
    }

    fn progress(&mut self, done: u64, all: u64) {
        self.reached = (done, all);
        self.is_left |= !(self.progress)(done, all, &self.counts);
        self.is_ended |= self.is_left;
    }
}
