//! What the library loses where it merges while documents change, and we do not.

use super::*;
use crate::search::index::{Layout, Payload, Place, Writer, real_disk};
use crate::search::terms::Analyser;

/// A commit that failed, or was killed, has deleted something from a part of the index under a number that the commits after it come to
/// have, too: what those delete from the part is deleted all the same.
#[test]
fn what_a_failed_commit_has_deleted_hides_nothing_that_is_deleted_later() {
    let (schema, home) = (schema(), tempfile::tempdir().unwrap());
    let layout = Arc::new(Layout::new(&schema));
    let mut analyser = Analyser::new(&schema);
    let mut terms = |n: u8| analyser.terms(&order(n).text("name", "berg")).unwrap();
    let payload = Payload { epoch: "00".to_owned(), seq: 1 };
    for behind in 1..10 {
        let room = home.path().join(behind.to_string());
        std::fs::create_dir(&room).unwrap();
        let (index, dir) = Place::new(&room, real_disk(), "00", &schema).create(&layout).unwrap();
        let mut writer = Writer::for_building(&index, Arc::clone(&layout), 15).unwrap();
        for n in 1..=9 {
            writer.add(&terms(n)).unwrap();
        }
        writer.commit(&payload).unwrap();
        let gone = terms(2);
        writer.remove(gone.kind, &gone.id);
        writer.commit(&payload).unwrap();
        writer.finish().unwrap();
        // As if the last commit had not been written down, but the part of the index had.
        let path = dir.join("meta.json");
        let mut meta: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        meta["opstamp"] = (meta["opstamp"].as_u64().unwrap() - behind).into();
        std::fs::write(&path, meta.to_string()).unwrap();

        let mut writer = Writer::for_building(&index, Arc::clone(&layout), 15).unwrap();
        writer.put(&terms(1)).unwrap();
        writer.commit(&payload).unwrap();
        writer.finish().unwrap();
        assert_eq!(index.reader().unwrap().searcher().num_docs(), 8, "{behind} numbers behind");
    }
}

/// The first change of a new writer concerns a part of the index of which something was deleted by the last commit before it,
/// and parts are merged at the same time.
#[test]
fn the_first_change_of_a_writer_replaces_a_record_whatever_is_merged_meanwhile() {
    let (schema, home) = (schema(), tempfile::tempdir().unwrap());
    let layout = Arc::new(Layout::new(&schema));
    let (index, _) = Place::new(home.path(), real_disk(), "00", &schema).create(&layout).unwrap();
    let mut analyser = Analyser::new(&schema);
    let mut terms = |n: u8| analyser.terms(&order(n).text("name", "berg")).unwrap();
    let payload = Payload { epoch: "00".to_owned(), seq: 1 };
    // Nine parts, enough to be merged; of the smallest one the last commit deletes something.
    let mut writer = Writer::for_building(&index, Arc::clone(&layout), 15).unwrap();
    for n in 1..=3 {
        writer.add(&terms(n)).unwrap();
    }
    for part in 1..9 {
        writer.commit(&payload).unwrap();
        for n in 0..4 {
            writer.add(&terms(part * 10 + n)).unwrap();
        }
    }
    let gone = terms(2);
    writer.remove(gone.kind, &gone.id);
    writer.commit(&payload).unwrap();
    writer.finish().unwrap();
    let segments = index.load_metas().unwrap().segments;
    let last = index.load_metas().unwrap().opstamp;
    assert!(segments.iter().any(|segment| segment.delete_opstamp() == Some(last)), "{segments:?}");

    let mut writer = Writer::open(&index, Arc::clone(&layout), 15).unwrap();
    writer.put(&terms(1)).unwrap();
    writer.commit(&payload).unwrap();
    writer.finish().unwrap();
    let searcher = index.reader().unwrap().searcher();
    assert!(searcher.segment_readers().len() < 4, "they were merged");
    assert_eq!(searcher.num_docs(), 2 + 8 * 4);
}

/// A program that was killed while it merged, or a command that built the index and ended, leaves many segments.
#[test]
fn what_was_left_to_be_merged_is_merged_though_nothing_changes() {
    let Desk { shop, search, dir } = Desk::new();
    drop(search);
    for n in 1..=20 {
        shop.put(order(n).text("name", "berg"));
    }
    let (schema, seq) = (schema(), shop.last_seq());
    let layout = Arc::new(Layout::new(&schema));
    let name =
        std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    let place = Place::new(dir.path(), real_disk(), name.split('-').next().unwrap(), &schema);
    let opened = place.open(&layout, &schema, (0, seq)).unwrap().unwrap();
    let payload = Payload { seq, ..opened.payload };
    let mut writer = Writer::for_building(&opened.index, layout, 15).unwrap();
    let mut analyser = Analyser::new(&schema);
    for doc in shop.all() {
        writer.add(&analyser.terms(&doc).unwrap()).unwrap();
        writer.commit(&payload).unwrap();
    }
    writer.finish().unwrap();

    let search = open(dir.path(), &shop);
    assert_eq!((search.health().segments, search.pending_len()), (20, 0));
    // The loop has opened a writer, and found nothing to do.
    search.tick().unwrap();
    search.merge_what_is_left().unwrap();
    search.settle().unwrap();
    assert!(search.health().segments < 8, "{:?}", search.health());
    let desk = Desk { shop, search, dir };
    assert_eq!(desk.found("berg").len(), 20);
}

/// Of an import every batch is a segment: merging them can wait until it is over.
#[test]
fn what_comes_in_batches_is_merged_afterwards() {
    let desk = Desk::many_from(2);
    for n in 1..=40 {
        desk.put(order(n).text("name", "berg"));
        if n % 2 == 0 {
            desk.search.flush().unwrap();
        }
    }
    desk.search.settle().unwrap();
    assert_eq!(desk.search.health().segments, 20);
    assert_eq!(desk.found("berg").len(), 40);
    desk.search.merge_what_is_left().unwrap();
    desk.search.settle().unwrap();
    assert!(desk.search.health().segments < 8, "{:?}", desk.search.health());
    assert_eq!(desk.found("berg").len(), 40);
    // However long it goes on, there are only so many.
    for n in 0..=149 {
        desk.put(order(n).text("name", "stein"));
        desk.put(order(200).text("name", "stein"));
        desk.search.flush().unwrap();
    }
    desk.search.settle().unwrap();
    assert!(desk.search.health().segments <= 110, "{:?}", desk.search.health());
}
