//! The threads that read all records and write them into segments of a new index, each its own.

use crate::base::error::{Error, Result};
use crate::base::priority::stand_back;
use crate::search::index::Layout;
use crate::search::memory::for_building;
use crate::search::schema::Schema;
use crate::search::source::Source;
use crate::search::whole::{PAGE, Whole};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tantivy::{Index, SegmentMeta};

/// How far the threads stand back: requests come first.
const NICE: i32 = 10;

/// Threads at work. Dropped before they are done, they are stopped.
pub(crate) struct Gathering {
    work: Arc<Work>,
    threads: Vec<JoinHandle<Result<Vec<SegmentMeta>>>>,
    /// Closed when all threads have ended.
    ended: Receiver<()>,
}

/// What the threads share.
struct Work {
    source: Arc<dyn Source>,
    schema: Schema,
    next: Mutex<Next>,
    stopped: Arc<AtomicBool>,
    /// Documents so far.
    docs: Arc<AtomicU64>,
}

/// A kind and ids of its records.
type Taken = (&'static str, Vec<[u8; 16]>);

/// The records that nobody has taken.
#[derive(Default)]
struct Next {
    kind: u8,
    after: Option<[u8; 16]>,
}

impl Gathering {
    pub(crate) fn begin(
        source: &Arc<dyn Source>,
        schema: &Schema,
        (index, layout): (&Index, &Arc<Layout>),
        docs: &Arc<AtomicU64>,
    ) -> Result<Self> {
        let work = Arc::new(Work {
            source: Arc::clone(source),
            schema: schema.clone(),
            next: Mutex::default(),
            stopped: Arc::default(),
            docs: Arc::clone(docs),
        });
        let (alive, ended) = channel();
        let mut this = Self { work, threads: Vec::new(), ended };
        let (threads, memory) = for_building();
        for number in 1..=threads {
            let whole = Whole::new((index, layout), schema, memory, Arc::clone(&this.work.stopped));
            let (work, alive) = (Arc::clone(&this.work), alive.clone());
            let thread = std::thread::Builder::new()
                .name(format!("reindexer {number}"))
                .spawn(move || work.run(whole, alive))
                .map_err(Error::internal)?;
            this.threads.push(thread);
        }
        Ok(this)
    }

    /// Waits a little; `true` when all records are written.
    pub(crate) fn wait(&self, patience: Duration) -> bool {
        self.ended.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected)
    }

    /// Waits to the end and gives what was written.
    pub(crate) fn segments(mut self) -> Result<Vec<SegmentMeta>> {
        let mut segments = Vec::new();
        for thread in std::mem::take(&mut self.threads) {
            let ended = thread.join();
            segments
                .extend(ended.unwrap_or_else(|_| Err(Error::internal("a thread that indexes has died")))?);
        }
        Ok(segments)
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        self.work.stopped.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            // Its files go with the directory.
            drop(thread.join());
        }
    }
}

impl Work {
    fn run(&self, whole: Whole, alive: Sender<()>) -> Result<Vec<SegmentMeta>> {
        stand_back(NICE);
        let ended = self.gather(whole);
        if ended.is_err() {
            self.stopped.store(true, Ordering::SeqCst);
        }
        drop(alive);
        ended
    }

    fn gather(&self, mut whole: Whole) -> Result<Vec<SegmentMeta>> {
        while let Some((kind, ids)) = self.take()? {
            let count = whole.add(self.source.as_ref(), kind, &ids)?;
            self.docs.fetch_add(count, Ordering::Relaxed);
        }
        whole.finish()
    }

    /// The next records.
    fn take(&self) -> Result<Option<Taken>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.stopped.load(Ordering::SeqCst) {
                return Err(Error::internal("the building of an index was stopped"));
            }
            let Some(kind) = self.schema.kind_at(next.kind) else { return Ok(None) };
            let ids = self.source.ids(kind.name, next.after, PAGE)?;
            match ids.last() {
                Some(last) if ids.len() >= PAGE => next.after = Some(*last),
                _ => *next = Next { kind: next.kind + 1, after: None },
            }
            if !ids.is_empty() {
                return Ok(Some((kind.name, ids)));
            }
        }
    }
}
