//! The job of an action on many orders: finds and freezes them, checks them, changes them, a block at a time.

use super::model::{Block, Bulk, BulkId, Item, Stage, Tally, Went};
use super::ops::{self, BLOCK};
use crate::access::Shop;
use crate::base::error::{Error, Kind, Result};
use crate::base::id::Id as _;
use crate::search::query::exact;
use crate::search::{Count, Request, Search};
use crate::shop::orders::{OrderId, seen_by};
use crate::store::{Actor, Store};
use crate::web::listing::{self, grouped};
use crate::work::jobs::{self, About, Beat, Ended, Job, JobId, Report, Rows, Worker};
use std::sync::Arc;

/// The kind and the lane of the jobs.
pub(super) const KIND: &str = "orders_bulk";
/// Orders of one action at most: their ids are held in memory while they are frozen.
const ORDERS_MAX: usize = 1_000_000;
/// Ids asked of the index at once, and blocks written in one transaction.
const PORTION: usize = 2_000;
const BLOCKS_AT_ONCE: usize = PORTION / BLOCK;

/// Does them.
pub struct BulkWork {
    store: Store,
    search: Search,
    shop: Arc<Shop>,
}

impl BulkWork {
    pub fn new(store: Store, search: Search, shop: Arc<Shop>) -> Self {
        Self { store, search, shop }
    }

    fn bulk(&self, id: BulkId) -> Result<Option<Bulk>> {
        match self.store.read(|s| ops::get(s, id)) {
            Ok(bulk) => Ok(Some(bulk)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The ids that the query finds, in the order of the list.
    fn found(&self, bulk: &Bulk, beat: &Beat) -> Result<Vec<Item>> {
        let search = seen_by(&self.search, bulk.prices);
        // What is meant by "today" is what it was when somebody asked.
        let parsed = exact(&bulk.query, search.schema(), bulk.created_at, &self.shop.zone());
        if let Some(problem) = parsed.problems.first() {
            return Err(listing::refusal(problem));
        }
        let mut request =
            Request { limit: PORTION, count: Count::None, ..Request::list(parsed.query, "order") };
        let mut items = Vec::new();
        loop {
            let answer = search.find(&request)?;
            if answer.degraded {
                let text = "The search index is being rebuilt; it would not find every order yet.";
                return Err(Error::unavailable("index_rebuilding", text, 15));
            }
            items.extend(answer.hits.iter().map(|hit| Item::new(OrderId::from_bytes(hit.id))));
            if items.len() > ORDERS_MAX {
                let text = format!("One action takes at most {} orders.", grouped(ORDERS_MAX as u64));
                return Err(Error::invalid("too_many", text));
            }
            beat.progress(0, items.len() as u64);
            if answer.next.is_none() || answer.hits.is_empty() || beat.stop().is_some() {
                return Ok(items);
            }
            request.query = answer.query;
            request.after = answer.next;
        }
    }

    /// The orders that an earlier one changed, or was refused for.
    fn taken_over(&self, from: BulkId, takes_back: bool, beat: &Beat) -> Result<Vec<Item>> {
        let (mut items, mut number) = (Vec::new(), 0);
        while let Some(block) = self.store.read(|s| ops::block(s, from, number))? {
            items.extend(ops::taken_over(block, takes_back));
            number += 1;
            beat.progress(0, items.len() as u64);
        }
        Ok(items)
    }

    fn freeze(&self, id: BulkId, bulk: &Bulk, beat: &Beat) -> Result<()> {
        let items = match (bulk.undoes, bulk.again_of) {
            (Some(earlier), _) => self.taken_over(earlier, true, beat)?,
            (None, Some(earlier)) => self.taken_over(earlier, false, beat)?,
            (None, None) => self.found(bulk, beat)?,
        };
        if beat.stop().is_some() {
            return Ok(());
        }
        while !self.store.write_behind(actor(), move |tx| ops::thaw(tx, id))? {}
        let count = items.len() as u64;
        let blocks: Vec<Block> = items.chunks(BLOCK).map(|items| Block { items: items.to_vec() }).collect();
        let all = u32::try_from(blocks.len()).map_err(Error::internal)?;
        let mut first = 0;
        for part in blocks.chunks(BLOCKS_AT_ONCE) {
            let own = part.to_vec();
            self.store.write_behind(actor(), move |tx| ops::freeze(tx, id, first, &own))?;
            first += u32::try_from(part.len()).map_err(Error::internal)?;
            beat.progress(0, count);
        }
        // What begins at once begins in the name of who asked for it.
        self.store.write_behind(bulk.by.clone(), move |tx| ops::frozen(tx, id, all, count))
    }

    /// Goes on until the stage is over or it has to stop.
    fn advance(&self, id: BulkId, beat: &Beat) -> Result<Option<Ended>> {
        loop {
            let Some(bulk) = self.bulk(id)? else { return Ok(Some(Ended::Cancelled)) };
            if bulk.stage == Stage::Freezing {
                self.freeze(id, &bulk, beat)?;
                if let Some(ended) = beat.stop() {
                    return Ok(Some(ended));
                }
                continue;
            }
            let done = (u64::from(bulk.next) * BLOCK as u64).min(bulk.count);
            beat.progress(done, bulk.count);
            if let Some(ended) = beat.stop() {
                return Ok(Some(ended));
            }
            let by = bulk.by;
            if !self.store.write_behind(by, move |tx| ops::advance(tx, id))? {
                return Ok(None);
            }
        }
    }
}

impl Worker for BulkWork {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn about(&self, job: &Job) -> Result<About> {
        let (id, is_done) = read(job)?;
        let Some(bulk) = self.bulk(id)? else {
            return Ok(About { title: "An action on many orders".to_owned(), ..About::default() });
        };
        let title = if is_done { bulk.title.clone() } else { format!("Preview: {}", bulk.title) };
        let mut facts = vec![("Orders", grouped(bulk.count))];
        let which = if bulk.query.trim().is_empty() { "every order".to_owned() } else { bulk.query.clone() };
        facts.insert(0, ("Orders that match", which));
        let Tally { done, unchanged, refused } = bulk.tally;
        let until = ops::rows_until(&bulk).filter(|until| self.store.clock().now() < *until);
        let rows = Rows { done, unchanged, failed: refused, until };
        Ok(About {
            title,
            facts,
            page: Some(("The action and its orders".to_owned(), format!("/admin/orders/bulk/all/{id}"))),
            rows: is_done.then_some(rows),
        })
    }

    fn rows(
        &self,
        job: &Job,
        only_failed: bool,
        take: &mut dyn FnMut([&str; 3]) -> Result<()>,
    ) -> Result<bool> {
        let (id, is_done) = read(job)?;
        let Some(bulk) = self.bulk(id)?.filter(|_| is_done) else { return Ok(false) };
        if ops::rows_until(&bulk).is_none_or(|until| self.store.clock().now() >= until) {
            return Ok(false);
        }
        for number in 0..bulk.blocks {
            let Some(block) = self.store.read(|s| ops::block(s, id, number))? else { return Ok(false) };
            for said in block.items.iter().filter_map(|item| item.said.as_ref()) {
                if only_failed && said.went != Went::Refused {
                    continue;
                }
                let word = match said.went {
                    Went::Done => "changed",
                    Went::Unchanged => "as before",
                    Went::Refused => "refused",
                };
                take([&said.name, word, &said.text])?;
            }
        }
        Ok(true)
    }

    fn run(&self, job_id: JobId, job: &Job, beat: &Beat) -> Result<Report> {
        let (id, is_done) = read(job)?;
        let ended = match self.advance(id, beat) {
            Ok(ended) => ended.unwrap_or(Ended::Done),
            // Trying again changes nothing: somebody has to.
            Err(error) if matches!(error.kind, Kind::Invalid | Kind::Forbidden) => {
                Ended::Failed { why: error.message.into_owned(), again_in_ms: None }
            }
            Err(fault) => return Err(fault),
        };
        let note = move |tx: &mut crate::store::Tx<'_>| {
            let Ok(bulk) = ops::get(tx, id) else { return Ok(()) };
            let Tally { done, unchanged, refused } = bulk.tally;
            let said = match (bulk.stage, is_done) {
                (Stage::Freezing, _) => return Ok(()),
                (_, false) => format!("{} will change, {} cannot.", grouped(done), grouped(refused)),
                (_, true) => in_words(done, unchanged, refused),
            };
            jobs::say(tx, job_id, &said)
        };
        Ok(Report { ended, note: Some(Arc::new(note)) })
    }
}

/// `37 changed, 2 refused.`
fn in_words(done: u64, unchanged: u64, refused: u64) -> String {
    let mut parts = vec![format!("{} changed", grouped(done))];
    if unchanged > 0 {
        parts.push(format!("{} as before", grouped(unchanged)));
    }
    if refused > 0 {
        parts.push(format!("{} refused", grouped(refused)));
    }
    format!("{}.", parts.join(", "))
}

/// What a job is about, and whether it changes orders or only checks them.
fn read(job: &Job) -> Result<(BulkId, bool)> {
    match job.payload.split_last() {
        Some((flag, id)) => {
            let id = <[u8; 16]>::try_from(id).map_err(Error::internal)?;
            Ok((BulkId(id), *flag == 1))
        }
        None => Err(Error::internal("a job of an action names it")),
    }
}

fn actor() -> Actor {
    Actor::system("bulk")
}
