//! A restore that is killed or whose power is cut at any call: what is there then is the old shop or the restored one,
//! whole, and the old one is never lost.
#![cfg(test)]

use super::shipping::{Ask, Moment, Packer, plan};
use super::tests::{Dump, TABLES, add, back_up, dump};
use super::{How, Shelf, pack_what_waits, restore};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::store::Store;
use crate::store::crashing::{Cut, points, seed};
use crate::store::engine::Opener as _;
use crate::store::engine::redb::{FileMedium, RedbOpener};
use crate::store::tests::{clock, settings};
use crate::store::traced::{self, Call, ROOT, Traced, Tree, left};
use crate::store::write_set::WriteSet;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::path::{Path, PathBuf};

const CHILD: &str = "store::backup::cuts::restores_when_it_is_told_to";
const DATA: &str = "data";

fn open(dir: &Path) -> Result<Store> {
    Store::open_shipping(dir, &settings(), clock(), TABLES)
}

fn second(n: u64) -> Timestamp {
    Timestamp::parse("2026-11-20T10:00:00Z").unwrap().plus_ms(i64::try_from(n).unwrap() * 1_000)
}

/// What is restored, as the command line would say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Backup,
    Newest,
    Second(u64),
}

/// Restores as `backroom backup restore` does.
fn bring(what: What, backups: &Path, data: &Path) -> Result<u64> {
    let shelf = Shelf::at(backups);
    if what == What::Backup {
        let file = shelf.find(Path::new(&shelf.list()?[0].file))?;
        let how = How { key: None, checks: &[], plan: None, even_unsound: false };
        return restore(&file, data, TABLES, &how).map(|done| done.seq);
    }
    let is_own = backups.starts_with(data);
    if is_own {
        pack_what_waits(data, TABLES, 0, None)?;
    }
    let moment = if let What::Second(n) = what { Moment::At(second(n)) } else { Moment::Newest };
    let plan = plan(
        &shelf,
        &Ask { moment, now: Timestamp(i64::MAX / 2), known_bad: &[], journal: None, key: None },
    )?;
    let how = How { key: None, checks: &[], plan: Some(&plan), even_unsound: false };
    restore(&plan.backup, data, TABLES, &how).map(|done| done.seq)
}

/// The process that is traced.
#[test]
#[ignore = "a part of the others"]
fn restores_when_it_is_told_to() {
    let Ok(data) = std::env::var("TRACED_DATA") else { return };
    let what = match std::env::var("TRACED_WHAT").unwrap().as_str() {
        "backup" => What::Backup,
        "newest" => What::Newest,
        number => What::Second(number.parse().unwrap()),
    };
    bring(what, Path::new(&std::env::var("TRACED_BACKUPS").unwrap()), Path::new(&data)).unwrap();
}

/// Where files are written that are looked at once: in memory where there is such a place.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Everything of a shop but its epoch, and that.
type State = (Dump, [u8; 16]);

fn state(store: &Store) -> State {
    let mut rows = dump(store);
    rows.retain(|(table, key), _| !(*table == "meta/1" && key.starts_with(b"epoch")) && *table != "visit/1");
    (rows, store.epoch())
}

/// A restore that was traced, and what there may be after a cut.
struct Case {
    name: &'static str,
    what: What,
    /// In the directory that is traced, or elsewhere.
    backups: PathBuf,
    traced: Traced,
    old: Option<State>,
    new: Dump,
    /// The file of either state.
    picture: Option<(&'static [u8], &'static [u8])>,
    _dirs: Vec<tempfile::TempDir>,
}

/// A shop that was busy for half a minute, with a backup in the tenth second and parts of the journal; what it was then.
fn busy(data: &Path, is_killed: bool, backups: Option<&Path>) -> Vec<State> {
    let living = scratch();
    let home = if is_killed { living.path() } else { data };
    let store = open(home).unwrap();
    std::fs::create_dir_all(home.join("files/ab")).unwrap();
    std::fs::write(home.join("files/ab/cd"), "a picture").unwrap();
    let mut packer = Packer::new(&store, home, 0, None);
    let mut then = vec![state(&store)];
    for n in 1..=30 {
        store.clock().set(second(n));
        add(&store, n);
        if n == 10 {
            drop(back_up(&store, home, None));
        }
        if n.is_multiple_of(8) {
            packer.pack(&store, n == 16).unwrap();
        }
        then.push(state(&store));
    }
    drop(packer);
    if is_killed {
        // As it is while the shop is open.
        Tree::read(home).write(data);
    }
    store.close().unwrap();
    std::fs::write(data.join("files/ab/cd"), "another picture").unwrap();
    std::fs::create_dir_all(data.join("index")).unwrap();
    std::fs::write(data.join("index/segment"), "of the old one").unwrap();
    if let Some(elsewhere) = backups {
        Tree::read(&data.join("backups")).write(elsewhere);
    }
    then
}

/// Traces a restore in a directory as it is.
fn trace(root: &Path, what: What, backups: &Path) -> Traced {
    let text = match what {
        What::Backup => "backup".to_owned(),
        What::Newest => "newest".to_owned(),
        What::Second(n) => n.to_string(),
    };
    let (data, backups) = (root.join(DATA), backups.to_str().unwrap());
    let with = [("TRACED_DATA", data.to_str().unwrap()), ("TRACED_WHAT", &text), ("TRACED_BACKUPS", backups)];
    traced::trace(root, CHILD, &with)
}

fn into_nothing() -> Case {
    let (shop, elsewhere, root) = (scratch(), scratch(), scratch());
    let then = busy(shop.path(), false, Some(elsewhere.path()));
    let traced = trace(root.path(), What::Second(24), elsewhere.path());
    Case {
        name: "into an empty directory",
        what: What::Second(24),
        backups: elsewhere.path().to_owned(),
        traced,
        old: None,
        new: then[24].0.clone(),
        picture: None,
        _dirs: vec![shop, elsewhere, root],
    }
}

fn over(name: &'static str, what: What, is_killed: bool) -> Case {
    let root = scratch();
    let data = root.path().join(DATA);
    let then = busy(&data, is_killed, None);
    let traced = trace(root.path(), what, &data.join("backups"));
    let new = match what {
        What::Backup => 10,
        What::Newest => 30,
        What::Second(n) => usize::try_from(n).unwrap(),
    };
    Case {
        name,
        what,
        backups: PathBuf::from("backups"),
        traced,
        old: Some(then[30].clone()),
        new: then[new].0.clone(),
        picture: Some((b"another picture", b"a picture")),
        _dirs: vec![root],
    }
}

/// One that finds what another left that was cut off right before its last step.
fn again() -> Case {
    let mut case = over("again after a cut", What::Backup, false);
    let swap = place_of_swap(&case.traced);
    let halfway = left(&case.traced, swap, Cut::Kill, &mut StdRng::seed_from_u64(0));
    let root = scratch();
    halfway.write(root.path());
    case.traced = trace(root.path(), What::Backup, &root.path().join(DATA).join("backups"));
    case._dirs.push(root);
    case
}

/// The call that decides.
fn place_of_swap(traced: &Traced) -> usize {
    let is_swap = |call: &Call| matches!(call, Call::Rename { to, .. } if to.1 == "store.redb");
    traced.calls.iter().rposition(is_swap).unwrap()
}

/// The old shop, under one of the names that it was given.
fn is_aside(data: &Path, old: &State) -> bool {
    std::fs::read_dir(data).unwrap().map(|e| e.unwrap().path()).any(|path| {
        let is_before = path.file_name().unwrap().to_str().unwrap().starts_with("store.redb.before-");
        let place = scratch();
        is_before && {
            std::fs::copy(&path, place.path().join("store.redb")).unwrap();
            Store::open(place.path(), &settings(), clock(), TABLES).is_ok_and(|store| state(&store) == *old)
        }
    })
}

/// What is wrong with what a cut has left.
fn wrong(case: &Case, tree: &Tree) -> Option<String> {
    let root = scratch();
    tree.write(root.path());
    let data = root.path().join(DATA);
    let is_new = match look(case, &data) {
        Ok(is_new) => is_new,
        Err(what) => return Some(what),
    };
    // Whatever it was, the same command makes the restored shop of it.
    let backups = data.join(&case.backups);
    if let Err(error) = bring(case.what, &backups, &data) {
        return Some(format!("again: {} {error}", error.code));
    }
    match open(&data) {
        Ok(store) => {
            let (rows, epoch) = state(&store);
            if rows != case.new || case.old.as_ref().is_some_and(|old| old.1 == epoch) {
                return Some("again: it is not what was restored".to_owned());
            }
            add(&store, 9_999);
            if !store.check(&[]).is_ok_and(|found| found.is_empty()) {
                return Some("again: the check finds problems".to_owned());
            }
        }
        Err(error) => return Some(format!("opening again: {} {error}", error.code)),
    }
    let is_lost = case.old.as_ref().is_some_and(|old| !is_aside(&data, old));
    is_lost.then(|| format!("the old shop is gone after a second restore, the first was done: {is_new:?}"))
}

/// Opens what is there as the server would, and says whether it is the restored shop; none where it was refused.
fn look(case: &Case, data: &Path) -> std::result::Result<Option<bool>, String> {
    let store = match open(data) {
        Ok(store) => store,
        // In a directory without a shop it may be said that there is none yet.
        Err(error) if case.old.is_none() && error.message.contains("estore") => return Ok(None),
        Err(error) => return Err(format!("opening: {} {error} {}", error.code, error.cause_chain())),
    };
    let now = state(&store);
    let findings = store.check(&[]).map_err(|e| format!("checking: {e}"))?;
    if !findings.is_empty() {
        return Err(format!("the check finds {findings:?}"));
    }
    let is_old = match &case.old {
        Some(old) => now == *old,
        None => store.last_seq() == 0 && now.0.keys().all(|(table, _)| *table != "thing/1"),
    };
    let is_new = now.0 == case.new && case.old.as_ref().is_none_or(|old| old.1 != now.1);
    if !is_old && !is_new {
        let kept = if case.old.as_ref().is_some_and(|old| old.1 == now.1) { "the old" } else { "a new" };
        return Err(format!("it is neither: up to event {}, with {kept} epoch", store.last_seq()));
    }
    if is_new && case.old.as_ref().is_some_and(|old| !is_aside(data, old)) {
        return Err("the old shop is gone".to_owned());
    }
    if let Some((before, after)) = case.picture {
        let found = std::fs::read(data.join("files/ab/cd")).unwrap_or_default();
        if found != if is_new { after } else { before } {
            return Err(format!(
                "restored: {is_new}, and its file holds {:?}",
                String::from_utf8_lossy(&found)
            ));
        }
    }
    Ok(Some(is_new))
}

/// Cuts at every call and kills there, and cuts the power `most` times anywhere.
fn play(case: &Case, kills: bool, most: u32, seed: u64) -> Vec<String> {
    let calls = case.traced.calls.len();
    let kills = (0..=calls).filter(|_| kills).map(|k| (Cut::Kill, Some(k)));
    let cuts: Vec<_> = kills.chain((0..most).map(|_| (Cut::Power, None))).collect();
    let part = &|thread: usize| {
        let mut dice = StdRng::seed_from_u64(seed ^ ((thread as u64) << 32));
        let mut found = Vec::new();
        for (cut, k) in cuts.iter().skip(thread).step_by(2) {
            let k = k.unwrap_or_else(|| dice.random_range(0..=calls));
            let tree = left(&case.traced, k, *cut, &mut dice);
            if let Some(what) = wrong(case, &tree) {
                found.push(format!("{}, seed {seed}, {cut:?} at {k} of {calls}: {what}", case.name));
            }
        }
        found
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..2).map(|thread| scope.spawn(move || part(thread))).collect();
        running.into_iter().flat_map(|r| r.join().unwrap()).collect()
    })
}

#[test]
fn a_restore_that_is_cut_off_at_any_call_leaves_one_shop_or_the_other() {
    if !traced::is_possible() {
        return;
    }
    for case in [
        into_nothing(),
        over("over a shop", What::Backup, false),
        over("over a killed shop", What::Newest, true),
        over("over a killed shop, to an earlier moment", What::Second(12), true),
        again(),
    ] {
        let found = play(&case, true, points(300), seed(11));
        assert!(found.is_empty(), "{} of them:\n{}", found.len(), found[..found.len().min(12)].join("\n"));
    }
}

/// The same calls with one of them missing, or in another order.
fn planted(case: &mut Case, how: &str) {
    let swap = place_of_swap(&case.traced);
    let new = {
        let whole = left(&case.traced, case.traced.calls.len(), Cut::Kill, &mut StdRng::seed_from_u64(0));
        whole.find("data/store.redb").unwrap()
    };
    let data = case.traced.before.find(DATA).unwrap_or(ROOT);
    let calls = &mut case.traced.calls;
    let is_aside =
        |call: &Call| matches!(call, Call::Link { name, .. } if name.starts_with("store.redb.before-"));
    let linked = calls.iter().position(is_aside).unwrap();
    match how {
        "the swap before the bytes are safe" => {
            calls.retain(|c| !matches!(c, Call::Sync(node) if *node == new))
        }
        "the files follow before the swap is safe" => {
            let mut at = 0;
            calls.retain(|c| {
                at += 1;
                !(at > linked && matches!(c, Call::Sync(node) if *node == data))
            });
        }
        "the old one is kept aside too late" => {
            let swapped = calls.remove(swap);
            calls.insert(linked, swapped);
        }
        "the files before the swap" => {
            let swapped = calls.remove(swap);
            calls.push(swapped);
        }
        _ => panic!("{how}"),
    }
}

#[test]
fn a_step_in_the_wrong_order_or_without_its_sync_is_noticed() {
    if !traced::is_possible() {
        return;
    }
    for (how, kills, at_least) in [
        ("the swap before the bytes are safe", false, 3),
        ("the files follow before the swap is safe", false, 1),
        ("the old one is kept aside too late", true, 1),
        ("the files before the swap", true, 1),
    ] {
        let mut case = over(how, What::Backup, false);
        planted(&mut case, how);
        let found = play(&case, kills, 300, 12);
        assert!(found.len() >= at_least, "{} with {how}", found.len());
    }
}

#[test]
fn a_restored_shop_with_the_epoch_of_the_old_one_is_noticed() {
    if !traced::is_possible() {
        return;
    }
    let case = over("without an epoch of its own", What::Backup, false);
    let whole = left(&case.traced, case.traced.calls.len(), Cut::Kill, &mut StdRng::seed_from_u64(0));
    let root = scratch();
    whole.write(root.path());
    let data = root.path().join(DATA);
    assert_eq!(look(&case, &data), Ok(Some(true)));
    let rows = dump(&open(&data).unwrap());
    let key = rows.keys().find(|(table, key)| *table == "meta/1" && key.starts_with(b"epoch")).unwrap();
    let mut set = WriteSet::default();
    set.write("meta/1", &key.1, Some(&case.old.as_ref().unwrap().1));
    set.keep();
    let opener = RedbOpener { medium: FileMedium(data.join("store.redb")), cache_bytes: 1 << 20 };
    let engine = opener.open().unwrap();
    engine.accept().unwrap();
    engine.commit(&set).unwrap();
    drop(engine);
    let said = look(&case, &data).unwrap_err();
    assert!(said.contains("neither") && said.contains("the old epoch"), "{said}");
}
