//! A segment that is written whole is the one the library would write of the same documents.

use super::equality::{Made, made};
use super::*;
use crate::search::index::{Bulk, Layout, Payload, Place, Ways, Words, Writer, publish, real_disk};
use crate::search::terms::Analyser;
use proptest::prelude::*;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, Index, TERMINATED, postings::Postings};

/// A field, a term, and for each document its number and where it has the term.
type Line = (String, Vec<u8>, Vec<(u32, Vec<u32>)>);

/// The longest step from word to word that the library is told.
const STEP_MAX: u32 = 60;

fn lines(index: &Index) -> Vec<Line> {
    let searcher = index.reader().unwrap().searcher();
    assert_eq!(searcher.segment_readers().len(), 1);
    let segment = searcher.segment_reader(0);
    let mut lines = Vec::new();
    for (field, entry) in index.schema().fields().filter(|(_, entry)| entry.is_indexed()) {
        let inverted = segment.inverted_index(field).unwrap();
        let mut terms = inverted.terms().stream().unwrap();
        while terms.advance() {
            let record = IndexRecordOption::WithFreqsAndPositions;
            let info = terms.value();
            let mut postings = inverted.read_postings_from_terminfo(info, record).unwrap();
            let mut docs = Vec::new();
            while postings.doc() != TERMINATED {
                let mut positions = Vec::new();
                if entry.name() == "words" {
                    postings.positions(&mut positions);
                }
                docs.push((postings.doc(), positions));
                postings.advance();
            }
            assert_eq!(docs.len() as u32, info.doc_freq);
            assert_eq!(inverted.terms().get(terms.key()).unwrap().as_ref(), Some(info));
            lines.push((entry.name().to_owned(), terms.key().to_vec(), docs));
        }
    }
    lines
}

/// Mistyped words are looked for where the dictionary is read node by node: it finds what reading all words finds.
fn check_near(index: &Index, layout: &Layout) {
    let searcher = index.reader().unwrap().searcher();
    let segment = searcher.segment_reader(0);
    let words = Words::open(index, segment.segment_id(), layout.words).unwrap();
    let builder = levenshtein_automata::LevenshteinAutomatonBuilder::new(1, true);
    for typed in ["anna", "mueler", "oneil", "berg", "東京", "rjm", "иванов", "x"] {
        for dfa in [builder.build_dfa(typed), builder.build_prefix_dfa(typed)] {
            let mut ways = Ways::new(&dfa);
            for first in ["!", "\"", "~"] {
                let mut found = Vec::new();
                words.near(
                    first.as_bytes(),
                    &mut ways,
                    |byte| byte == b'@',
                    |word| {
                        found.push(word.to_vec());
                        true
                    },
                );
                let mut all = Vec::new();
                let dictionary = segment.inverted_index(layout.words).unwrap();
                let mut terms = dictionary.terms().stream().unwrap();
                while terms.advance() {
                    let word = std::str::from_utf8(terms.key()).unwrap().strip_prefix(first);
                    let fits = |word: &str| {
                        !word.contains('@')
                            && matches!(dfa.eval(word), levenshtein_automata::Distance::Exact(_))
                    };
                    if word.is_some_and(fits) {
                        all.push(terms.key().to_vec());
                    }
                }
                assert_eq!(found, all, "{typed}");
            }
        }
    }
}

fn columns(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut columns = files.filter(|path| path.extension().is_some_and(|kind| kind == "fast"));
    std::fs::read(columns.next().unwrap()).unwrap()
}

fn check(docs: &[Doc]) {
    let (schema, home) = (schema(), tempfile::tempdir().unwrap());
    let layout = Arc::new(Layout::new(&schema));
    let make = |name: &str| {
        std::fs::create_dir(home.path().join(name)).unwrap();
        Place::new(&home.path().join(name), real_disk(), "00", &schema).create(&layout).unwrap()
    };
    let ((ours, our_dir), (theirs, their_dir)) = (make("ours"), make("theirs"));
    let mut bulk = Bulk::new(&ours, Arc::clone(&layout), 1 << 30, Arc::new(AtomicBool::new(false)));
    let mut writer = Writer::for_building(&theirs, Arc::clone(&layout), 256).unwrap();
    let mut analyser = Analyser::new(&schema);
    for doc in docs {
        let terms = analyser.terms(doc).unwrap();
        bulk.add(&terms);
        writer.add(&terms).unwrap();
    }
    let payload = Payload { epoch: "00".to_owned(), seq: 7 };
    let segment = bulk.write().unwrap().unwrap();
    publish(&ours, vec![segment], &payload).unwrap();
    writer.commit(&payload).unwrap();
    writer.finish().unwrap();
    assert_eq!(ours.load_metas().unwrap().payload, theirs.load_metas().unwrap().payload);
    check_near(&ours, &layout);
    check_near(&theirs, &layout);
    let (ours, theirs) = (lines(&ours), lines(&theirs));
    for (our, their) in ours.iter().zip(&theirs) {
        assert_eq!((&our.0, String::from_utf8_lossy(&our.1)), (&their.0, String::from_utf8_lossy(&their.1)));
        let steps = |line: &Line| -> Vec<(u32, usize)> {
            line.2.iter().map(|(doc, positions)| (*doc, positions.len())).collect()
        };
        assert_eq!(steps(our), steps(their), "{}", String::from_utf8_lossy(&our.1));
    }
    assert_eq!(ours.len(), theirs.len());
    // Words that follow each other do so in both: only steps of more than the library is told differ.
    let positions = |lines: &[Line]| -> BTreeMap<u32, Vec<(u32, Vec<u8>)>> {
        let mut places: BTreeMap<u32, Vec<(u32, Vec<u8>)>> = BTreeMap::new();
        for (_, term, docs) in lines {
            for (doc, at) in docs {
                places.entry(*doc).or_default().extend(at.iter().map(|at| (*at, term.clone())));
            }
        }
        for places in places.values_mut() {
            places.sort();
            let mut before = 0;
            for (at, _) in places {
                let step = (*at - before).min(STEP_MAX);
                (before, *at) = (*at, step);
            }
        }
        places
    };
    assert_eq!(positions(&ours), positions(&theirs));
    assert_eq!(columns(&our_dir), columns(&their_dir));
}

/// With times of their own, so that there is one order only.
fn told_apart(made: &[Made]) -> Vec<Doc> {
    let mut docs = Vec::new();
    for (n, made) in (0_u32..).zip(made) {
        let mut doc = made.doc();
        doc.id[..4].copy_from_slice(&n.to_be_bytes());
        doc.time_ms += i64::from(n % 7) * 1_000 + i64::from(n);
        docs.push(doc);
    }
    docs.sort_by_key(|doc| doc.time_ms);
    docs.dedup_by_key(|doc| doc.time_ms);
    docs.sort_by_key(|doc| doc.id);
    docs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_is_written_whole_is_what_the_library_writes(made in prop::collection::vec(made(), 1..80)) {
        check(&told_apart(&made));
    }
}

/// More documents than the blocks of the library have, and words of all kinds.
#[test]
fn terms_of_many_documents_are_written_in_blocks() {
    let docs: Vec<Doc> = (0..3_000_u32)
        .map(|n| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            // Two kinds, and words that several fields of a document have.
            Doc::new(if n % 5 == 0 { "customer" } else { "order" }, id, i64::from(n * 7_919 % 3_001))
                .text("number", format!("#{}", 10_000 + n))
                .text("name", ["Anna Berg", "Иван Иванов", "東京 太郎", "O'Neil-Smith"][n as usize % 4])
                .text("email", format!("anna{}@example.com", n % 300))
                .text("phone", format!("+49 30 {}", 1_000_000 + n * 31 % 500))
                .text("item", "Rain jacket, navy")
                .text("colour", "navy")
                .text("note", "Anna: navy, for a friend")
                .text("tracking", format!("0034{:016}", u64::from(n) * 7))
                .keyword("tag", ["gift", "vip"][n as usize % 2])
                .number("total", i64::from(n))
        })
        .collect();
    check(&docs);
}
