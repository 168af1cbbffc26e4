//! Kills and power cuts at any call to the disk: nothing acknowledged is lost, nothing is kept in part.

use super::disk::Bytes;
use super::*;
use crate::base::error::Result;
use crate::store::engine::redb::{Medium, RedbOpener};
use crate::store::{Direction, Span, counter};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redb::StorageBackend;
use std::io;
use std::sync::Mutex;

#[derive(Clone, Debug)]
enum Call {
    Write(usize, Vec<u8>),
    SetLen(usize),
    Sync,
}

/// Bytes in memory with a list of every call that changed them.
#[derive(Clone, Debug, Default)]
struct Recorder {
    bytes: Bytes,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Recorder {
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
enum Cut {
    /// The process is killed: the kernel keeps what was written.
    Kill,
    /// The power goes: any sector of what was not synced may be there or not.
    Power,
    /// The power goes, and the disk had lied about some syncs: the control that the test has teeth.
    PowerAndLies,
}

/// The bytes after the first `k` calls and a cut.
fn image(before: &[u8], calls: &[Call], k: usize, cut: Cut, rng: &mut StdRng) -> Vec<u8> {
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

fn over(medium: impl Medium + 'static) -> Result<Store> {
    Store::start(Parts {
        clock: clock(),
        registry: Arc::new(registry(TABLES).unwrap()),
        opener: Box::new(RedbOpener { medium, cache_bytes: 1 << 20 }),
        formats: Formats::OURS,
        space: Guard::new(Box::new(|| Ok(u64::MAX)), 0, "/nonexistent".into(), 0),
        scan_time: std::time::Duration::from_secs(10),
    })
}

/// One change that touches everything: record, indexes, counter, sequence, event, remembered answer; every third
/// one takes a record away instead.
fn change(store: &Store, n: u8) {
    store
        .write_blocking(actor(), move |tx| {
            let number = tx.next("change")?;
            if n.is_multiple_of(3) {
                assert!(THINGS.delete(tx, &id(n - 1))?);
                tx.count("things", -1)?;
            } else {
                let text = "x".repeat(usize::from(n) * 37 % 1_500);
                THINGS.put(tx, &id(n), &thing(&format!("{n} {text}"), "red", i64::from(n)))?;
                tx.count("things", 1)?;
            }
            tx.remember("crash", &n.to_string(), &[n; 32], 201, b"{}")?;
            tx.publish(Subject::of(&id(n)), &Made { name: number.to_string() })
        })
        .unwrap();
}

/// What is wrong with a store that had acknowledged `acknowledged` changes and may have kept one more.
fn wrong(bytes: Bytes, acknowledged: u64) -> Option<String> {
    let store = match over(bytes) {
        Ok(store) => store,
        Err(error) => return Some(format!("opening: {} {}", error.code, error.cause_chain())),
    };
    let all = || -> Result<(u64, u64, i64, u64)> {
        let findings = store.check(&[])?;
        if !findings.is_empty() {
            return Ok((u64::MAX, 0, 0, 0));
        }
        store.read(|s| {
            let things = THINGS.list(s, &Span::all(), Direction::Forward, 999)?.len();
            Ok((crate::store::sequence(s, "change")?, store.last_seq(), counter(s, "things")?, things as u64))
        })
    };
    let found = match all() {
        Ok((changes, events, counted, things)) => {
            let kept = changes - changes / 3 - changes / 3;
            let whole = changes == events && counted.cast_unsigned() == things && things == kept;
            let right = whole && (changes == acknowledged || changes == acknowledged + 1);
            (!right)
                .then(|| format!("{changes} changes, {events} events, {counted} counted, {things} things"))
        }
        Err(error) => Some(format!("{} {}", error.code, error.cause_chain())),
    };
    // Work goes on.
    let goes_on =
        make(&store, 250, thing("after", "blue", 1)).err().map(|e| format!("{} afterwards", e.code));
    drop(store.close());
    found.or(goes_on)
}

/// Cuts at `points` random places, half of them with a second cut while the first is being repaired.
fn play(cut: Cut, points: u32, seed: u64) -> Vec<String> {
    let recorder = Recorder::default();
    let store = over(recorder.clone()).unwrap();
    let mut acknowledged = vec![recorder.calls.lock().unwrap().len()];
    for n in 1..=120 {
        change(&store, n);
        acknowledged.push(recorder.calls.lock().unwrap().len());
    }
    let calls = recorder.calls.lock().unwrap().clone();
    store.close().unwrap();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut all_wrong = Vec::new();
    for point in 0..points {
        let k = rng.random_range(acknowledged[0]..=calls.len());
        let known = acknowledged.iter().filter(|at| **at <= k).count() as u64 - 1;
        let mut bytes = image(&[], &calls, k, cut, &mut rng);
        if rng.random_bool(0.5) {
            let second = Recorder::default();
            *second.bytes.0.lock().unwrap() = bytes.clone();
            if let Ok(store) = over(second.clone()) {
                drop(store.close());
            }
            let calls = second.calls.lock().unwrap().clone();
            let k = rng.random_range(0..=calls.len());
            bytes = image(&bytes, &calls, k, cut, &mut rng);
        }
        let after = Bytes::default();
        *after.0.lock().unwrap() = bytes;
        if let Some(what) = wrong(after, known) {
            all_wrong.push(format!("seed {seed}, point {point}, call {k}, {known} acknowledged: {what}"));
        }
    }
    all_wrong
}

#[test]
fn a_kill_at_any_call_loses_nothing() {
    assert_eq!(play(Cut::Kill, 150, 1), Vec::<String>::new());
}

#[test]
fn a_power_cut_at_any_call_loses_nothing() {
    assert_eq!(play(Cut::Power, 250, 2), Vec::<String>::new());
}

#[test]
fn a_disk_that_lies_is_noticed() {
    let found = play(Cut::PowerAndLies, 60, 3);
    assert!(found.len() > 15, "{} of 60", found.len());
}
