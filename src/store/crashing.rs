//! What a crash leaves of a store: bytes that record every call, and the images a kill or a power cut may leave of them.

use super::door::registry;
use super::engine::redb::{Medium, RedbOpener};
use super::format::Formats;
use super::shared::Parts;
use super::space::Guard;
use super::{Store, TableInfo};
use crate::base::error::Result;
use crate::base::time::Clock;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex};

/// How many crashes of each model a test plays: `BACKROOM_CRASH_POINTS`, or `usual`.
pub(crate) fn points(usual: u32) -> u32 {
    std::env::var("BACKROOM_CRASH_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Where the dice of a test begin: `BACKROOM_CRASH_SEED`, as a failed run printed it, or `usual`.
pub(crate) fn seed(usual: u64) -> u64 {
    std::env::var("BACKROOM_CRASH_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Bytes in memory that stay when a database over them is closed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bytes(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Medium for Bytes {
    fn backend(&self) -> Result<Box<dyn StorageBackend>> {
        Ok(Box::new(self.clone()))
    }
    fn bytes(&self) -> u64 {
        self.0.lock().unwrap().len() as u64
    }
    fn keep_copy(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

impl StorageBackend for Bytes {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes())
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.0.lock().unwrap()[start..start + out.len()]);
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }
    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        self.0.lock().unwrap()[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Call {
    Write(usize, Vec<u8>),
    SetLen(usize),
    Sync,
}

/// Bytes in memory with a list of every call that changed them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) bytes: Bytes,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Recorder {
    /// The calls so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
    fn note(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }
}

impl Medium for Recorder {
    fn backend(&self) -> Result<Box<dyn StorageBackend>> {
        Ok(Box::new(self.clone()))
    }
    fn bytes(&self) -> u64 {
        self.bytes.bytes()
    }
    fn keep_copy(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

impl StorageBackend for Recorder {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.note(Call::SetLen(usize::try_from(len).unwrap()));
        self.bytes.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.note(Call::Sync);
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.note(Call::Write(usize::try_from(offset).unwrap(), data.to_vec()));
        self.bytes.write(offset, data)
    }
}

/// What a crash leaves of the calls that were not yet synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The process is killed: the kernel keeps what was written.
    Kill,
    /// The power goes: any sector of what was not synced may be there or not.
    Power,
    /// The power goes, and the disk had lied about some syncs: the control that the test has teeth.
    PowerAndLies,
}

/// The bytes after the first `k` calls and a cut.
pub(crate) fn image(before: &[u8], calls: &[Call], k: usize, cut: Cut, rng: &mut StdRng) -> Vec<u8> {
    let done = &calls[..k];
    let mut synced = done.iter().rposition(|c| matches!(c, Call::Sync)).map_or(0, |at| at + 1);
    if cut == Cut::PowerAndLies {
        let syncs: Vec<usize> =
            done.iter().enumerate().filter(|(_, c)| matches!(c, Call::Sync)).map(|(at, _)| at).collect();
        synced = syncs.iter().rev().nth(rng.random_range(0..6)).map_or(0, |at| *at);
    }
    let mut bytes = before.to_vec();
    for call in &done[..synced] {
        match call {
            Call::Write(at, data) => bytes[*at..at + data.len()].copy_from_slice(data),
            Call::SetLen(len) => bytes.resize(*len, 0),
            Call::Sync => {}
        }
    }
    let chance = [0.0, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0][rng.random_range(0..7)];
    let sector = [512, 4_096, 1 << 30][rng.random_range(0..3)];
    for call in &done[synced..] {
        match call {
            Call::Write(at, data) if cut == Cut::Kill => bytes[*at..at + data.len()].copy_from_slice(data),
            Call::Write(at, data) => {
                let mut done = 0;
                while done < data.len() {
                    let here = at + done;
                    let size = (sector - here % sector).min(data.len() - done);
                    if rng.random_bool(chance) && here + size <= bytes.len() {
                        bytes[here..here + size].copy_from_slice(&data[done..done + size]);
                    }
                    done += size;
                }
            }
            Call::SetLen(len) => {
                if cut == Cut::Kill || rng.random_bool(0.5) {
                    bytes.resize(*len, 0);
                }
            }
            Call::Sync => {}
        }
    }
    bytes
}

/// A store over a medium, with all the disk in the world.
#[expect(private_bounds, reason = "callers have the two media of this file")]
pub(crate) fn over(medium: impl Medium + 'static, clock: Clock, tables: &[TableInfo]) -> Result<Store> {
    Store::start(Parts {
        clock,
        registry: Arc::new(registry(tables)?),
        opener: Box::new(RedbOpener { medium, cache_bytes: 1 << 20 }),
        formats: Formats::OURS,
        space: Guard::new(Box::new(|| Ok(u64::MAX)), 0, "/nonexistent".into(), 0),
        scan_time: std::time::Duration::from_secs(10),
    })
}

/// A history of calls, and what was acknowledged after how many of them.
pub(crate) struct History<A> {
    pub(crate) calls: Vec<Call>,
    /// Calls before which no crash is played: the store was not there yet.
    pub(crate) first: usize,
    pub(crate) acknowledged: Vec<(usize, A)>,
}

/// Cuts a history at `points` random places, half of them with a second cut while the first is being repaired, and
/// gives what `wrong` says of what is left. Each finding names its seed.
pub(crate) fn play<A: Sync>(
    history: &History<A>,
    cut: Cut,
    points: u32,
    seed: u64,
    reopen: impl Fn(Recorder) -> Result<Store> + Sync,
    wrong: impl Fn(Bytes, &[&A]) -> Option<String> + Sync,
) -> Vec<String> {
    const THREADS: u32 = 2;
    let part = &|thread: u32| {
        let mut rng = StdRng::seed_from_u64(seed ^ (u64::from(thread) << 32));
        let mut all_wrong = Vec::new();
        for point in (thread..points).step_by(THREADS as usize) {
            let k = rng.random_range(history.first..=history.calls.len());
            let known: Vec<&A> =
                history.acknowledged.iter().filter(|(at, _)| *at <= k).map(|(_, what)| what).collect();
            let mut bytes = image(&[], &history.calls, k, cut, &mut rng);
            if rng.random_bool(0.5) {
                let second = Recorder::default();
                *second.bytes.0.lock().unwrap() = bytes.clone();
                if let Ok(store) = reopen(second.clone()) {
                    drop(store.close());
                }
                let calls = second.calls();
                let again = rng.random_range(0..=calls.len());
                bytes = image(&bytes, &calls, again, cut, &mut rng);
            }
            let after = Bytes::default();
            *after.0.lock().unwrap() = bytes;
            if let Some(what) = wrong(after, &known) {
                let known = known.len();
                all_wrong.push(format!("seed {seed}, point {point}, call {k}, {known} acknowledged: {what}"));
            }
        }
        all_wrong
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || part(thread))).collect();
        running.into_iter().flat_map(|r| r.join().unwrap()).collect()
    })
}
