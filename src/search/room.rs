//! Room on the disk for an index that is built beside the present one: what the shop itself writes comes first.

use crate::base::error::{Error, Kind};
use crate::search::engine::Shared;
use crate::search::index::bytes;
use crate::search::indexer::Indexer;
use crate::store::free_bytes;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Left beside the shop's reserve in any case: what changes meanwhile goes into the present index.
const BESIDE: u64 = 64 << 20;
/// How often it is looked whether there is room.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Why no index is built.
pub fn no_room() -> Error {
    let text =
        "The disk has too little room for a new search index beside what the shop needs (store.reserve_mb).";
    Error::refuse(Kind::Unavailable, "storage_low", text)
}

impl Shared {
    /// Whether there is room to begin: for as much as the present index takes, or the last try that was given up.
    pub(crate) fn may_build(&self, indexer: &mut Indexer) -> bool {
        let waits = self.waits_for_room.load(Ordering::SeqCst);
        if waits && indexer.asked_for_room.is_some_and(|at| at.elapsed() < ASK_EVERY) {
            return false;
        }
        let live = self.live();
        let present = live.as_ref().map_or(0, |live| bytes(&live.dir));
        let needs = present.max(indexer.needs);
        let root = self.place.root();
        let mut may = self.has_room_for(root, needs);
        if !may && live.is_none() {
            // What lies there was not believed, and is in the way now.
            self.place.remove_others(root);
            may = self.has_room_for(root, needs);
        }
        if !may && !waits {
            self.report(&no_room());
        }
        self.waits_for_room.store(!may, Ordering::SeqCst);
        indexer.asked_for_room = (!may).then(Instant::now);
        may
    }

    /// Whether the one that is being built there may grow.
    pub(crate) fn may_grow(&self, dir: &Path) -> bool {
        self.has_room_for(dir, 0)
    }

    fn has_room_for(&self, dir: &Path, needs: u64) -> bool {
        let leaves = self.leaves_free.load(Ordering::SeqCst);
        let wanted = leaves.saturating_add(needs).saturating_add(BESIDE);
        // Where nobody can say it, the writing itself will.
        leaves == 0 || free_bytes(dir).map_or(true, |free| free >= wanted)
    }
}
