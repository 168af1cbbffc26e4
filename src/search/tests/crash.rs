//! Kills and power cuts between any two calls to the files of the index: after each the index holds what the store holds,
//! every record in its last version, and nothing else.

use super::*;
use crate::search::crashing::{self, Call, Cut, Fault, Image, Recorder};
use crate::search::index::{Disk, real_disk};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Records of the history; facets give so many values back.
const RECORDS: u8 = 40;
const ROUNDS: u32 = 48;
/// Records that become segments of their own: two of three rounds change as many.
const MANY_FROM: usize = 2;
const ONE_BY_ONE: usize = usize::MAX;

/// A change of a record: its new version, or none when it goes.
type Step = (u8, Option<u64>);

/// What was done, and how many calls had been made when it was in the store.
struct History {
    calls: Vec<Call>,
    /// Before this one the index was not made yet.
    first: usize,
    steps: Vec<(usize, Step)>,
    /// Segments that were written whole.
    whole: usize,
}

/// A directory whose syncs cost nothing, where there is one: what a sync would keep is told by the record.
fn room() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_no_such_place| tempfile::tempdir().unwrap())
}

fn document(n: u8, version: u64) -> Doc {
    order(n).text("name", format!("berg v{version}")).text("colour", format!("{n} v{version}"))
}

/// The store after these steps.
fn store_of(steps: &[Step]) -> Arc<Shop> {
    let shop = Shop::default();
    for step in steps {
        take(&shop, *step);
    }
    Arc::new(shop)
}

fn take(shop: &Shop, (n, version): Step) -> Change {
    match version {
        Some(version) => shop.put(document(n, version)),
        None => shop.delete("order", id(n)),
    }
}

fn over(dir: &std::path::Path, shop: &Arc<Shop>, disk: Disk, many_from: usize) -> Result<Search> {
    let source: Arc<dyn Source> = Arc::<Shop>::clone(shop);
    Search::over(dir, schema(), source, Settings { arena_mb: 15, many_from, ..Settings::default() }, disk)
}

/// Changes, steps of the indexer, commits, merges with what they delete, and one rebuild beside the present index.
fn history(fault: Fault, seed: u64, many_from: usize) -> History {
    let mut rng = StdRng::seed_from_u64(seed);
    let recorder = Recorder::new(fault);
    let (shop, dir) = (Arc::new(Shop::default()), room());
    let search = over(dir.path(), &shop, recorder.disk(), many_from).unwrap();
    search.flush().unwrap();
    let first = recorder.count();
    let mut steps = Vec::new();
    for round in 0..ROUNDS {
        for _ in 0..rng.random_range(1..4) {
            let n = rng.random_range(0..RECORDS);
            let step = (n, rng.random_bool(0.8).then_some(steps.len() as u64));
            let change = take(&shop, step);
            steps.push((recorder.count(), step));
            search.note(&[change]);
        }
        search.tick().unwrap();
        match round % 12 {
            11 => search.settle().unwrap(),
            5 => {}
            _ => search.flush().unwrap(),
        }
        if round == ROUNDS / 2 {
            search.reindex();
        }
    }
    search.settle().unwrap();
    History { calls: recorder.calls(), first, steps, whole: recorder.whole() }
}

/// What is found: ids in their order, and every record's version where an index says it.
fn seen(search: &Search) -> (bool, Vec<u8>, BTreeMap<String, u64>) {
    let request = Request {
        limit: usize::from(RECORDS) + 9,
        facets: vec!["colour"],
        ..Request::new(parse(search.schema(), "berg").query)
    };
    let answer = search.find(&request).unwrap();
    let values = answer.facets.iter().flat_map(|facet| facet.values.clone());
    (answer.degraded, answer.hits.iter().map(|hit| hit.id[15]).collect(), values.collect())
}

/// The records of a store and what their facets say.
fn expected(shop: &Shop) -> (Vec<u8>, BTreeMap<String, u64>) {
    let docs = shop.all();
    let versions = docs.iter().map(|doc| (doc.texts_of("colour").next().unwrap().to_owned(), 1));
    (docs.iter().map(|doc| doc.id[15]).collect(), versions.collect())
}

/// What is wrong with an index of which `left` is left, over a store that has taken `steps`.
fn wrong(left: &Image, steps: &[Step], cut: Cut) -> Option<String> {
    let (shop, dir) = (store_of(steps), room());
    left.write(dir.path());
    let search = match over(dir.path(), &shop, real_disk(), MANY_FROM) {
        Ok(search) => search,
        Err(error) => return Some(format!("opening: {error} {}", error.cause_chain())),
    };
    let (ids, versions) = expected(&shop);
    let (degraded, found, counted) = seen(&search);
    if degraded && cut == Cut::Kill {
        return Some("an index that was killed is not believed".to_owned());
    }
    if found != ids || (!degraded && counted != versions) {
        return Some(format!("at once, degraded {degraded}: {found:?} {counted:?} for {versions:?}"));
    }
    // And when everything that waits is in it. Work goes on.
    for round in 0..2 {
        if let Err(error) = search.flush() {
            return Some(format!("writing: {error} {}", error.cause_chain()));
        }
        let (ids, versions) = expected(&shop);
        let found = seen(&search);
        if found != (false, ids, versions) || search.pending_len() > 0 || search.health().lag > 0 {
            return Some(format!("afterwards, round {round}: {found:?}"));
        }
        search.note(&[take(&shop, (3, Some(1_000)))]);
    }
    None
}

/// What is wrong while and after the call of this number fails, and how many calls there were.
fn failed(at: usize, many_from: usize, seed: u64) -> (usize, Option<String>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let recorder = Recorder::failing(at);
    let (shop, dir) = (Arc::new(Shop::default()), room());
    let told = |what: String| (recorder.tried(), Some(what));
    let is_right = |search: &Search, when: &str| {
        let (ids, versions) = expected(&shop);
        let (degraded, found, counted) = seen(search);
        let is_right = found == ids && (degraded || counted == versions);
        if is_right {
            None
        } else {
            Some(format!("{when}, degraded {degraded}: {found:?} for {ids:?}, {counted:?}"))
        }
    };
    // Whoever opens it tries again, too.
    let open = || over(dir.path(), &shop, recorder.disk(), many_from);
    let search = match open().or_else(|_| open()) {
        Ok(search) => search,
        Err(error) => return told(format!("opening: {}", error.cause_chain())),
    };
    for round in 0..8 {
        for _ in 0..rng.random_range(2..6) {
            let n = rng.random_range(0..10);
            let version = rng.random_bool(0.8).then(|| rng.random_range(0..1_000));
            search.note(&[take(&shop, (n, version))]);
        }
        // What fails is tried again by the loop.
        let done = if round % 4 == 3 { search.settle() } else { search.flush() };
        if let Some(what) = is_right(&search, "at once") {
            return told(format!("round {round}: {what}"));
        }
        if done.is_err()
            && let Err(error) = search.flush()
        {
            return told(format!("the next try in round {round}: {}", error.cause_chain()));
        }
        if let Some(what) = is_right(&search, "after the next try") {
            return told(format!("round {round}: {what}"));
        }
    }
    let done = search.flush().or_else(|_| search.flush());
    if done.is_err() || search.pending_len() > 0 || seen(&search).0 {
        return told(format!("at the end {done:?}, and {} wait", search.pending_len()));
    }
    if let Some(what) = is_right(&search, "at the end") {
        return told(what);
    }
    drop(search);
    let again = over(dir.path(), &shop, real_disk(), many_from).unwrap();
    let wrong = is_right(&again, "after a restart");
    (recorder.tried(), wrong)
}

/// A disk that refuses a call once: nothing is lost or found twice, neither while it does nor by trying again.
#[test]
fn any_call_may_fail_once_and_the_index_equals_the_store_all_the_time() {
    let seed = crate::store::crashing::seed(5);
    for many_from in [ONE_BY_ONE, MANY_FROM] {
        let (calls, wrong) = failed(usize::MAX, many_from, seed);
        assert_eq!(wrong, None);
        assert!(calls > 200, "{calls}");
        let wrong: Vec<String> = (0..calls)
            .step_by((calls / points(60) as usize).max(1))
            .filter_map(|at| {
                failed(at, many_from, seed).1.map(|what| format!("call {at} of {calls}: {what}"))
            })
            .collect();
        assert_eq!(wrong, Vec::<String>::new(), "seed {seed}");
    }
}

/// Cuts the history at random places, half of them with a second cut while the index is being brought up again.
fn play(fault: Fault, cut: Cut, points: u32, seed: u64) -> Vec<String> {
    const WAYS: [usize; 2] = [ONE_BY_ONE, MANY_FROM];
    const THREADS: u32 = WAYS.len() as u32;
    let part = &|thread: u32| {
        let history = history(fault, seed, WAYS[thread as usize]);
        let mut rng = StdRng::seed_from_u64(seed ^ (u64::from(thread) << 32));
        let mut all_wrong = Vec::new();
        for point in (thread..points).step_by(THREADS as usize) {
            let k = rng.random_range(history.first..=history.calls.len());
            let steps: Vec<Step> =
                history.steps.iter().filter(|(at, _)| *at <= k).map(|(_, step)| *step).collect();
            let mut left = crashing::image(&Image::default(), &history.calls, k, cut, &mut rng);
            if rng.random_bool(0.5) {
                let (shop, dir) = (store_of(&steps), room());
                left.write(dir.path());
                let second = Recorder::new(fault);
                if let Ok(search) = over(dir.path(), &shop, second.disk(), MANY_FROM) {
                    drop(search.flush());
                }
                let calls = second.calls();
                left = crashing::image(&left, &calls, rng.random_range(0..=calls.len()), cut, &mut rng);
            }
            if let Some(what) = wrong(&left, &steps, cut) {
                all_wrong.push(format!("seed {seed}, point {point}, call {k}: {what}"));
            }
        }
        all_wrong
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || part(thread))).collect();
        running.into_iter().flat_map(|r| r.join().unwrap()).collect()
    })
}

/// How many crashes of each model are played: `BACKROOM_INDEX_CRASH_POINTS`, or `usual`.
fn points(usual: u32) -> u32 {
    std::env::var("BACKROOM_INDEX_CRASH_POINTS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[test]
fn the_history_has_everything_that_an_indexer_does() {
    for many_from in [ONE_BY_ONE, MANY_FROM] {
        let history = history(Fault::None, 1, many_from);
        let named = |wanted: &str| {
            history.calls.iter().any(|call| match call {
                Call::Create((_, name), _) | Call::Replace((_, name), _) | Call::Delete((_, name)) => {
                    name.to_str().unwrap().ends_with(wanted)
                }
                _ => false,
            })
        };
        assert!(["meta.json", ".term", ".del", ".fast"].into_iter().all(named));
        let deletes = history.calls.iter().filter(|call| matches!(call, Call::Delete(_))).count();
        assert!(deletes > 40, "{deletes} files were collected: nothing was merged");
        let commits = history
            .calls
            .iter()
            .filter(|call| matches!(call, Call::Replace((_, name), _) if name.ends_with("meta.json")));
        assert!(commits.count() > 40);
        assert_eq!(history.whole > 10, many_from == MANY_FROM, "{} were written whole", history.whole);
    }
}

#[test]
fn a_kill_at_any_call_leaves_an_index_that_equals_the_store() {
    assert_eq!(
        play(Fault::None, Cut::Kill, points(120), crate::store::crashing::seed(1)),
        Vec::<String>::new()
    );
}

#[test]
fn a_power_cut_at_any_call_leaves_an_index_that_equals_the_store() {
    assert_eq!(
        play(Fault::None, Cut::Power, points(120), crate::store::crashing::seed(2)),
        Vec::<String>::new()
    );
}

#[test]
fn a_plain_commit_and_a_cursor_that_is_ahead_are_noticed() {
    for (fault, cut, says) in [
        (Fault::PlainCommit, Cut::Kill, "is not believed"),
        (Fault::CursorAhead, Cut::Kill, "at once"),
        (Fault::CursorAhead, Cut::Power, "at once"),
    ] {
        let found = play(fault, cut, 40, 3);
        assert!(found.len() > 3, "{} of 40 with {fault:?}, {cut:?}", found.len());
        assert!(found.iter().any(|what| what.contains(says)), "{fault:?}: {found:?}");
    }
}

/// Whether an index of a store's earlier life, or one that the log does not reach back to, comes to equal the store.
fn equals(shop: &Arc<Shop>, dir: &std::path::Path) -> bool {
    let search = over(dir, shop, real_disk(), ONE_BY_ONE).unwrap();
    search.flush().unwrap();
    let ids: Vec<u8> = shop.all().iter().map(|doc| doc.id[15]).collect();
    seen(&search).1 == ids
}

#[test]
fn an_index_of_another_life_is_not_taken_and_a_missing_check_of_the_epoch_is_noticed() {
    for (epoch, is_right) in [(1, true), (0, false)] {
        let dir = room();
        let before = store_of(&(0..10).map(|n| (n, Some(0))).collect::<Vec<_>>());
        assert!(equals(&before, dir.path()));
        // A backup was restored, and since then as much has happened as before.
        let after = store_of(&(5..15).map(|n| (n, Some(0))).collect::<Vec<_>>());
        after.set_epoch(epoch);
        assert_eq!(equals(&after, dir.path()), is_right);
    }
}

#[test]
fn a_log_that_is_shorter_than_the_index_needs_is_read_anew_and_an_early_trim_is_noticed() {
    for (admits, is_right) in [(true, true), (false, false)] {
        let dir = room();
        let shop = store_of(&(0..10).map(|n| (n, Some(0))).collect::<Vec<_>>());
        assert!(equals(&shop, dir.path()));
        for n in 10..20 {
            take(&shop, (n, Some(0)));
        }
        // Half of what the index does not have is forgotten.
        shop.trim(15, admits);
        assert_eq!(equals(&shop, dir.path()), is_right);
    }
}
