//! Room on the disk for an index that is built beside the present one: what the shop itself writes comes first.

use crate::base::error::{Error, Kind};
use crate::search::engine::Shared;
use crate::search::index::bytes;
use crate::search::indexer::Indexer;
use crate::store::free_bytes;
use std::path::Path;
use std::sync::atomic::Ordering;

/// Left beside the shop's reserve in any case: what changes meanwhile goes into the present index.
const BESIDE: u64 = 64 << 20;

impl Shared {
    /// Whether there is room to begin: for as much as the present index takes, or the last try that was given up.
    pub(crate) fn may_build(&self, indexer: &Indexer) -> bool {
        let present = self.live().map_or(0, |live| bytes(&live.dir));
        let needs = present.max(indexer.needs);
        let may = self.has_room_for(self.place.root(), needs);
        if !may {
            let mb = needs.saturating_add(BESIDE) >> 20;
            let text = format!(
                "The disk has too little room for a new search index: it takes about {mb} MB beside what the shop needs \
                 (store.reserve_mb)."
            );
            self.report(&Error::refuse(Kind::Unavailable, "storage_low", text));
        }
        self.waits_for_room.store(!may, Ordering::SeqCst);
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
