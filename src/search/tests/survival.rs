//! What the index survives: restarts, loss, damage, a restored store; and that nothing is missing meanwhile.

use super::*;
use std::path::PathBuf;

fn small() -> Desk {
    let desk = Desk::new();
    for n in 1..=20 {
        desk.put(order(n).text("name", format!("Berg{n}")).text("number", format!("100{n:02}")));
    }
    desk
}

fn index_dirs(desk: &Desk) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> =
        std::fs::read_dir(desk.dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    dirs.sort();
    dirs
}

fn everything() -> Vec<u8> {
    (1..=20).collect()
}

#[test]
fn what_was_noted_is_found_by_the_next_search() {
    let desk = small();
    assert_eq!(desk.found("berg7"), [7]);
    desk.put(order(7).text("name", "Renamed"));
    assert_eq!((desk.found("berg7"), desk.found("renamed")), (vec![], vec![7]));
    desk.search.flush().unwrap();
    assert_eq!((desk.found("berg7"), desk.found("renamed")), (vec![], vec![7]));
    desk.delete("order", id(7));
    assert_eq!(desk.found("renamed"), Vec::<u8>::new());
    desk.search.flush().unwrap();
    assert_eq!(desk.found("renamed"), Vec::<u8>::new());
    desk.put(order(7).text("name", "Renamed again"));
    assert_eq!(desk.found("renamed"), [7]);
}

#[test]
fn a_commit_that_nobody_noted_is_found_too() {
    let desk = small();
    desk.shop.put(order(21).text("name", "Unheard"));
    assert_eq!(desk.found("unheard"), [21]);
    desk.search.flush().unwrap();
    assert_eq!((desk.found("unheard"), desk.search.health().lag), (vec![21], 0));
}

#[test]
fn a_restart_finds_everything_committed_or_not() {
    let desk = small();
    desk.search.flush().unwrap();
    desk.put(order(3).text("name", "Late"));
    let desk = desk.reopened();
    assert!(!desk.answer("").degraded);
    assert_eq!(desk.found("late"), [3]);
    assert_eq!(desk.found("").len(), 20);
    assert_eq!(desk.search.pending_len(), 1);
}

#[test]
fn settling_merges_and_loses_nothing() {
    let desk = Desk::new();
    for n in 1..=20 {
        desk.put(order(n).text("name", format!("Berg{n}")));
        desk.search.flush().unwrap();
    }
    desk.put(order(3).text("name", "Late"));
    // Given to the writer and not committed.
    desk.search.tick().unwrap();
    desk.search.settle().unwrap();
    assert!(desk.search.health().segments <= 8, "{:?}", desk.search.health());
    assert_eq!((desk.found("late"), desk.found("").len()), (vec![3], 20));
    desk.search.flush().unwrap();
    assert_eq!((desk.found("late"), desk.found("").len()), (vec![3], 20));
    assert_eq!(desk.search.pending_len(), 0);
}

#[test]
fn without_an_index_the_newest_are_found_and_it_is_said() {
    let desk = small();
    desk.search.flush().unwrap();
    let dir = index_dirs(&desk).remove(0);
    std::fs::remove_dir_all(dir).unwrap();
    let desk = desk.reopened();
    let answer = desk.answer("");
    assert!(answer.degraded && !desk.search.health().ready);
    assert_eq!(desk.found(""), everything());
    assert_eq!(desk.found("berg7"), [7]);
    desk.put(order(30).text("name", "Meanwhile"));
    assert_eq!(desk.found("meanwhile"), [30]);
    let request = Request { limit: 3, ..Request::new(desk.query("")) };
    let first = desk.search.find(&request).unwrap();
    let second = desk.search.find(&Request { after: first.next, ..request.clone() }).unwrap();
    assert_eq!(second.hits.iter().map(|h| h.id[15]).collect::<Vec<_>>(), [4, 5, 6]);
    desk.search.flush().unwrap();
    assert!(!desk.answer("").degraded && desk.search.health().ready);
    assert_eq!(desk.found("meanwhile"), [30]);
    assert_eq!(desk.found("").len(), 21);
}

#[test]
fn any_damage_leads_to_a_rebuild_and_never_to_an_error() {
    type Harm = fn(&std::path::Path);
    fn file(dir: &std::path::Path, end: &str) -> PathBuf {
        let mut files = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
        files.find(|p| p.to_str().unwrap().ends_with(end)).unwrap()
    }
    let harms: &[(&str, Harm)] = &[
        ("no meta", |d| std::fs::remove_file(d.join("meta.json")).unwrap()),
        ("empty meta", |d| std::fs::write(d.join("meta.json"), "").unwrap()),
        ("nonsense", |d| std::fs::write(d.join("meta.json"), "{\"segments\":[]}").unwrap()),
        ("no terms", |d| std::fs::remove_file(file(d, ".term")).unwrap()),
        ("no postings", |d| std::fs::remove_file(file(d, ".idx")).unwrap()),
        ("no columns", |d| std::fs::remove_file(file(d, ".fast")).unwrap()),
        ("cut columns", |d| {
            let path = file(d, ".fast");
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("empty terms", |d| std::fs::write(file(d, ".term"), "").unwrap()),
        ("other payload", |d| {
            let meta = std::fs::read_to_string(d.join("meta.json")).unwrap();
            std::fs::write(d.join("meta.json"), meta.replace("seq", "sex")).unwrap();
        }),
    ];
    for (name, harm) in harms {
        let desk = small();
        desk.search.flush().unwrap();
        let before = index_dirs(&desk).remove(0);
        drop(desk.search);
        harm(&before);
        let search = open(desk.dir.path(), &desk.shop);
        let desk = Desk { search, ..desk };
        assert_eq!(desk.found(""), everything(), "{name}: while damaged");
        assert!(desk.answer("").degraded, "{name}");
        desk.search.flush().unwrap();
        assert_eq!(desk.found(""), everything(), "{name}: rebuilt");
        assert_eq!(desk.found("berg7"), [7], "{name}");
        let dirs = index_dirs(&desk);
        assert_eq!(dirs.len(), 1, "{name}: the damaged one is gone");
        assert_ne!(dirs[0], before);
    }
}

/// A power cut may leave a file shorter than its name in the index promises, wherever it likes.
#[test]
fn a_file_cut_off_anywhere_leads_to_a_rebuild_and_never_to_a_panic() {
    let desk = small();
    desk.search.flush().unwrap();
    let dir = index_dirs(&desk).remove(0);
    desk.search.close();
    let names = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().file_name());
    let files: Vec<_> = names.filter(|n| !n.to_str().unwrap().starts_with('.')).collect();
    let whole: Vec<(std::ffi::OsString, Vec<u8>)> =
        files.into_iter().map(|name| (name.clone(), std::fs::read(dir.join(name)).unwrap())).collect();
    for (name, bytes) in &whole {
        let length = bytes.len();
        for cut in [0, 1, 2, 3, 4, 7, 8, 9, length / 2, length - 9, length - 8, length - 4, length - 1] {
            let home = tempfile::tempdir().unwrap();
            let place = home.path().join(dir.file_name().unwrap());
            std::fs::create_dir(&place).unwrap();
            for (name, bytes) in &whole {
                std::fs::write(place.join(name), bytes).unwrap();
            }
            std::fs::write(place.join(name), &bytes[..cut.min(length)]).unwrap();
            let search = open(home.path(), &desk.shop);
            let copy = Desk { search, shop: Arc::clone(&desk.shop), dir: home };
            assert_eq!(copy.found(""), everything(), "{} cut at {cut} of {length}", name.display());
        }
    }
}

#[test]
fn damage_inside_a_file_is_found_by_the_loop() {
    let (desk, before) = damaged_inside();
    let search = desk.search.clone();
    let thread = std::thread::spawn(move || search.run());
    while index_dirs(&desk).contains(&before) {
        std::thread::yield_now();
    }
    desk.search.close();
    thread.join().unwrap();
    assert_eq!((desk.found(""), desk.answer("").degraded), (everything(), false));
}

/// A small shop whose index opens, though a byte inside a file is another one; and where it is.
fn damaged_inside() -> (Desk, PathBuf) {
    let desk = small();
    desk.search.flush().unwrap();
    let before = index_dirs(&desk).remove(0);
    drop(desk.search);
    let mut files = std::fs::read_dir(&before).unwrap().map(|e| e.unwrap().path());
    let path = files.find(|p| p.extension().is_some_and(|e| e == "pos")).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[3] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
    let search = open(desk.dir.path(), &desk.shop);
    let desk = Desk { search, ..desk };
    assert!(!desk.answer("").degraded, "it opens");
    (desk, before)
}

#[test]
fn a_damaged_index_is_not_believed_again_while_there_is_no_room_for_another() {
    let (desk, _) = damaged_inside();
    desk.search.leave_free(u64::MAX / 2);
    let search = desk.search.clone();
    let thread = std::thread::spawn(move || search.run());
    while !desk.search.health().waits_for_room {
        std::thread::yield_now();
    }
    for _ in 0..3 {
        desk.search.tick().unwrap();
        assert_eq!((desk.found(""), desk.answer("").degraded), (everything(), true));
    }
    desk.search.leave_free(0);
    while desk.answer("").degraded {
        std::thread::yield_now();
    }
    desk.search.close();
    thread.join().unwrap();
    assert_eq!(desk.found(""), everything());
}

#[test]
fn an_index_of_another_life_of_the_store_is_not_believed() {
    let desk = small();
    desk.search.flush().unwrap();
    desk.shop.set_epoch(1);
    let desk = desk.reopened();
    assert!(desk.answer("").degraded);
    desk.search.flush().unwrap();
    assert_eq!((desk.found(""), index_dirs(&desk).len()), (everything(), 1));
    // Nor one that is ahead of the store.
    desk.shop.forget_log_after(5);
    let desk = desk.reopened();
    assert!(desk.answer("").degraded);
    desk.search.flush().unwrap();
    assert!(!desk.answer("").degraded);
}

#[test]
fn a_locked_index_is_not_damaged() {
    let desk = small();
    desk.search.flush().unwrap();
    let before = index_dirs(&desk);
    desk.put(order(21).text("name", "Second"));
    // The first one still holds the writer's lock.
    let second = open(desk.dir.path(), &desk.shop);
    let held = desk.search.tick();
    assert!(held.is_ok());
    let blocked = second.flush();
    assert!(blocked.is_err(), "only one may write");
    let request = Request::new(Query::everything(second.schema()));
    let answer = second.find(&request).unwrap();
    assert_eq!((answer.hits.len(), answer.degraded), (21, false));
    assert_eq!(index_dirs(&desk), before);
}

#[test]
fn records_that_another_writer_has_committed_are_not_added_again() {
    let desk = Desk::many_from(5);
    for n in 1..=20 {
        desk.put(order(n).text("name", "Berg"));
    }
    // Opened before the first one commits, as one is that could not show its own last commit.
    let second = open_with(desk.dir.path(), &desk.shop, Settings { many_from: 5, ..Settings::default() });
    desk.search.flush().unwrap();
    let Desk { search, dir, .. } = desk;
    drop(search);
    second.flush().unwrap();
    let answer = second.find(&Request::new(Query::everything(second.schema()))).unwrap();
    assert_eq!((answer.hits.len(), second.health().docs), (20, 20));
    drop(dir);
}

#[test]
fn what_was_removed_from_an_index_without_segments_may_come_back() {
    let desk = Desk::many_from(6);
    desk.delete("order", id(1));
    desk.search.flush().unwrap();
    for n in 1..=6 {
        desk.put(order(n).text("name", "Anna"));
    }
    desk.search.flush().unwrap();
    desk.put(order(7).text("name", "Nora"));
    desk.search.flush().unwrap();
    assert_eq!(desk.found("anna").len(), 6);
}

#[test]
fn building_anew_goes_on_beside_the_present_index() {
    let desk = small();
    desk.search.flush().unwrap();
    let before = index_dirs(&desk);
    desk.search.reindex();
    let mut steps = 0;
    while desk.search.tick().unwrap() {
        steps += 1;
        desk.put(order(40 + steps).text("name", format!("during{steps}")));
        assert!(!desk.answer("").degraded);
        assert_eq!(desk.found(&format!("during{steps}")), [40 + steps]);
        assert_eq!(desk.found("berg7"), [7]);
    }
    assert!(steps > 0, "there is a moment between the beginning and the swap");
    assert_ne!(index_dirs(&desk), before);
    assert_eq!(index_dirs(&desk).len(), 1);
    desk.search.flush().unwrap();
    assert_eq!(desk.found("").len(), 20 + usize::from(steps));
    let health = desk.search.health();
    assert!(health.ready && !health.rebuilding && health.lag == 0 && health.bytes > 0, "{health:?}");
}

#[test]
fn without_room_on_the_disk_no_index_is_built_and_nothing_is_left_of_one() {
    // So many that the threads that build are not at their end by the next step.
    const MANY: u32 = 10_000;
    let desk = small();
    for n in 0..MANY {
        let mut id = [1; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        desk.put(Doc::new("order", id, now().0).text("name", "Many"));
    }
    desk.search.flush().unwrap();
    let before = index_dirs(&desk);
    let waits = || {
        let health = desk.search.health();
        assert!(health.ready && health.waits_for_room, "{health:?}");
        assert_eq!((index_dirs(&desk), desk.found("berg7")), (before.clone(), vec![7]));
    };
    desk.search.leave_free(u64::MAX / 2);
    desk.search.reindex();
    desk.search.flush().unwrap();
    waits();
    // The room ends while one is under way.
    desk.search.leave_free(0);
    assert!(desk.search.tick().unwrap() && desk.search.health().rebuilding);
    assert_eq!(index_dirs(&desk).len(), 2);
    desk.search.leave_free(u64::MAX / 2);
    desk.search.tick().unwrap();
    desk.put(order(30).text("name", "Meanwhile"));
    desk.search.flush().unwrap();
    waits();
    assert_eq!(desk.found("meanwhile"), [30]);
    desk.search.leave_free(0);
    desk.search.flush().unwrap();
    let health = desk.search.health();
    assert!(health.ready && !health.waits_for_room && health.last_error.is_empty(), "{health:?}");
    assert_ne!(index_dirs(&desk), before);
    assert_eq!(health.docs, u64::from(MANY) + 21);
}

#[test]
fn every_commit_keeps_the_cursor() {
    let desk = small();
    for n in 1..=5 {
        desk.put(order(n).text("name", "Again"));
        desk.search.flush().unwrap();
        let meta = std::fs::read_to_string(index_dirs(&desk)[0].join("meta.json")).unwrap();
        assert!(meta.contains(&format!("\\\"seq\\\":{}", 20 + n)), "{meta}");
    }
}

#[test]
fn the_loop_indexes_what_comes_and_ends_when_told() {
    let desk = small();
    let search = desk.search.clone();
    let thread = std::thread::spawn(move || search.run());
    desk.put(order(30).text("name", "Looped"));
    assert_eq!(desk.found("looped"), [30]);
    desk.search.close();
    thread.join().unwrap();
    assert_eq!((desk.search.pending_len(), desk.search.health().lag), (0, 0));
    assert_eq!(desk.found("looped"), [30]);
}

#[test]
fn readers_never_miss_what_is_moving_into_the_index() {
    let desk = Desk::new();
    let search = desk.search.clone();
    let thread = std::thread::spawn(move || search.run());
    for round in 0..60_u8 {
        desk.put(order(round).text("name", format!("moving{round}")));
        desk.search.flush().unwrap();
        assert_eq!(desk.found(&format!("moving{round}")), [round]);
        assert_eq!(desk.answer("moving*").total, Some(Total::Exact(u64::from(round) + 1)));
    }
    desk.search.close();
    thread.join().unwrap();
}
