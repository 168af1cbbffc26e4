//! Every parser that strangers reach, as a function of bytes: `fuzz/` throws noise at them for hours, the tests below for
//! seconds (promises: P23).
#![cfg(any(test, fuzzing))]

use crate::access::cookies;
use crate::base::error::Result;
use crate::base::money::Currency;
use crate::base::time::{Timestamp, Zone};
use crate::outbound::webhooks::Guard;
use crate::outbound::{certificates, mailbox};
use crate::search::{Cursor, Schema, query as language};
use crate::shop::desk::index::schema;
use crate::shop::mail;
use crate::shop::messages;
use crate::shop::orders::{OrderId, PlaceOrder};
use crate::shop::transfer::input::Input;
use crate::shop::transfer::intake::{self, Source};
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{Item, Place, Refused, Sink};
use crate::shop::transfer::presets::Format;
use crate::shop::transfer::{backroom, workbook_in};
use crate::store::{backup, journal};
use crate::web::settings::Network;
use crate::web::{Client, Fields, Upload, client, json, query};
use actix_web::FromRequest as _;
use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use std::ops::ControlFlow;
use std::sync::LazyLock;

/// A parser by its name, which is its target's and its corpus's.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("address", address),
    ("backup", backup::fuzzed::backup),
    ("bounce", mail::fuzzed_bounce),
    ("certificate", certificates::fuzzed),
    ("cookies", cookie_header),
    ("csv", csv),
    ("cursor", cursor),
    ("forms", forms),
    ("forwarded", forwarded),
    ("imap", mailbox::fuzzed),
    ("journal", journal::fuzzed::segment),
    ("json_lines", json_lines),
    ("message_body", messages::fuzzed),
    ("multipart", multipart),
    ("order_body", order_body),
    ("search", search),
    ("workbook", workbook),
];

const NOW: Timestamp = Timestamp(1_790_000_000_000);

static SCHEMA: LazyLock<Option<Schema>> = LazyLock::new(|| schema().ok());

/// Where a webhook goes, and a site that is watched.
fn address(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let guard = Guard::new(Vec::new());
    let _refused = (guard.read(&text), certificates::Address::read(&text, &guard));
}

/// What is typed into the box.
fn search(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(schema) = &*SCHEMA {
        let _parsed = language::parse(&text, schema, NOW, &Zone::utc(), Some("stf_1"));
    }
}

/// The place in a list, and the address it stands in.
fn cursor(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _refused = Cursor::parse(&text);
    let _pairs = query::pairs(&text);
    let _refused = query::parse::<serde_json::Value>(&text);
}

fn request(name: &'static str, value: &[u8]) -> Option<TestRequest> {
    let value = HeaderValue::from_bytes(value).ok()?;
    Some(TestRequest::get().peer_addr(([10, 0, 0, 1], 1).into()).append_header((name, value)))
}

fn cookie_header(bytes: &[u8]) {
    if let Some(request) = request("cookie", bytes) {
        let request = request.to_http_request();
        for https in [true, false] {
            let _token = (cookies::session(&request, https), cookies::device(&request, https));
        }
        let _toast = crate::web::Shell::of(&request, "Shop", &Zone::utc(), NOW);
    }
}

/// What proxies, and who pretends to be one, say about a request.
fn forwarded(bytes: &[u8]) {
    let trusted: Vec<Network> = "10.0.0.0/8".parse().map(Network).into_iter().collect();
    for name in ["x-forwarded-for", "forwarded", "x-forwarded-proto"] {
        if let Some(request) = request(name, bytes) {
            let request = request.to_srv_request();
            let _address = (Client::find(&request, &trusted), client::came_plain(&request, &trusted));
        }
    }
}

/// Runs what asks for a runtime.
fn wait<T>(work: impl Future<Output = T>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    Some(runtime.block_on(work))
}

fn forms(bytes: &[u8]) {
    let (request, mut payload) = TestRequest::post()
        .append_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(bytes.to_vec())
        .to_http_parts();
    let read = wait(async { Fields::from_request(&request, &mut payload).await });
    if let Some(Ok(fields)) = read {
        let _refused = fields.parse::<serde_json::Value>();
        let _refused = fields.parse::<PlaceOrder>();
    }
}

fn multipart(bytes: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let sent = || {
        TestRequest::post()
            .append_header(("content-type", "multipart/form-data; boundary=XX"))
            .set_payload(bytes.to_vec())
            .to_http_parts()
    };
    let _refused = wait(async {
        let (request, mut payload) = sent();
        let taken = actix_web::web::Payload::from_request(&request, &mut payload).await;
        let Ok(payload) = taken else { return };
        let _refused = Upload::read(&request, payload, folder.path(), 1 << 16).await;
        let (request, mut payload) = sent();
        if let Ok(payload) = actix_web::web::Payload::from_request(&request, &mut payload).await {
            let _refused = Upload::named(&request, payload).await;
        }
    });
}

/// An order as a program sends it.
fn order_body(bytes: &[u8]) {
    let Ok(body) = json::parse::<PlaceOrder>(bytes) else { return };
    let new = body.into_new("api");
    let _refused = new.checked(OrderId([1; 16]), NOW);
    let _refused = new.total();
}

/// Takes what an import reads and keeps nothing.
struct Nothing;

impl Sink for Nothing {
    fn item(&mut self, _: Item, _: &Place) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }
    fn refused(&mut self, _: &Refused) -> Result<()> {
        Ok(())
    }
    fn left_out(&mut self, _: &Refused) -> Result<()> {
        Ok(())
    }
}

fn import(name: &str, bytes: &[u8], sources: &[(Kind, Format)]) {
    let files = [Input::bytes(name, bytes)];
    let options = Options { currency: Some(Currency::EUR), ..Options::default() };
    let _guess = intake::recognise(&files, &options, None, None);
    for (kind, format) in sources {
        let _refused = intake::read(*kind, &Source::Known(*format), &files, &options, &mut Nothing);
    }
}

fn csv(bytes: &[u8]) {
    let sources = [
        (Kind::Orders, Format::Shopify),
        (Kind::Orders, Format::OnlineRetail),
        (Kind::Customers, Format::Woocommerce),
        (Kind::Orders, Format::Backroom),
    ];
    import("x.csv", bytes, &sources);
}

fn json_lines(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _refused = backroom::order_of_json(&text);
    let _refused = backroom::customer_of_json(&text);
    let _refused = backroom::credit_note_of_json(&text);
    let kinds = [Kind::Orders, Kind::Customers, Kind::CreditNotes];
    import("x.jsonl", bytes, &kinds.map(|kind| (kind, Format::Backroom)));
}

fn workbook(bytes: &[u8]) {
    if let Ok(scratch) = tempfile::tempdir() {
        let _refused = workbook_in::unpacked(vec![Input::bytes("x.xlsx", bytes)], scratch.path());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::path::{Path, PathBuf};
    use std::sync::mpsc;
    use std::time::Duration;

    /// The stack of a thread as threads have it: what needs more would end the shop.
    const STACK: usize = 2 << 20;
    /// What one input may take here, where nothing is optimised and other tests run beside it; only a hang reaches it.
    const TIME: Duration = Duration::from_secs(20);
    /// Changed inputs for each one of a corpus; `BACKROOM_FUZZ_INPUTS` asks for more.
    const INPUTS: usize = 12;
    const TOKENS: &[&str] = &[
        "(",
        "\"",
        "-",
        "NOT ",
        "OR ",
        ":",
        "*",
        "..",
        ">",
        ",",
        "\n",
        "\r\n",
        "\0",
        "\u{feff}",
        "{",
        "[",
        "}",
        "\\u0000",
        "1e400",
        "-0",
        "99999999999999999999",
        "%ff",
        "%00",
        "&",
        "=",
        ";",
        "--XX\r\n",
        "--XX--",
        "\u{202e}",
        "é",
        "null",
    ];

    fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }

    /// One input changed in a few places.
    fn changed(of: &[u8], other: &[u8], rng: &mut StdRng) -> Vec<u8> {
        let mut bytes = of.to_vec();
        for _ in 0..rng.random_range(1..6) {
            let at = rng.random_range(0..=bytes.len());
            let to = (at + rng.random_range(0..40)).min(bytes.len());
            match rng.random_range(0..7) {
                0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
                1 => drop(bytes.drain(at..to)),
                2 => {
                    let piece = bytes[at..to].repeat(rng.random_range(1..20));
                    bytes.splice(at..at, piece);
                }
                3 | 4 => {
                    let token = TOKENS[rng.random_range(0..TOKENS.len())].repeat(rng.random_range(1..30));
                    bytes.splice(at..at, token.into_bytes());
                }
                5 if !other.is_empty() => {
                    let from = rng.random_range(0..other.len());
                    bytes.splice(at..to, other[from..].iter().copied());
                }
                _ => bytes.truncate(to),
            }
        }
        bytes.truncate(1 << 20);
        bytes
    }

    /// Gives inputs to a parser one by one, in a thread with the stack of every thread; a panic or a hang says which.
    fn runs(target: fn(&[u8]), inputs: Vec<(String, Vec<u8>)>) {
        let (said, heard) = mpsc::channel();
        let names: Vec<String> = inputs.iter().map(|(name, _)| name.clone()).collect();
        let work = move || {
            for (_, bytes) in &inputs {
                target(bytes);
                said.send(()).unwrap();
            }
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap();
        for name in names {
            match heard.recv_timeout(TIME) {
                Ok(()) => {}
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name} hangs"),
                Err(mpsc::RecvTimeoutError::Disconnected) => panic!("{name} panics"),
            }
        }
        thread.join().unwrap();
    }

    #[test]
    fn every_corpus_has_a_parser_and_every_parser_a_corpus_and_a_target() {
        let named = |folder: &str, ending: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
            let mut names: Vec<String> =
                entries.map(|name| name.to_str().unwrap().trim_end_matches(ending).to_owned()).collect();
            names.sort();
            names
        };
        let targets: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(named("fuzz/corpus", ""), targets);
        assert_eq!(named("fuzz/targets", ".rs"), targets);
    }

    #[test]
    fn no_input_of_the_corpus_and_none_like_it_ends_the_shop() {
        let most = std::env::var("BACKROOM_FUZZ_INPUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(INPUTS);
        let seed = crate::store::crashing::seed(7);
        for (name, target) in TARGETS {
            let corpus = corpus(name);
            assert!(!corpus.is_empty(), "{name} has no corpus");
            let mut rng = StdRng::seed_from_u64(seed);
            let mut inputs = vec![(format!("{name}: nothing"), Vec::new())];
            for (path, bytes) in &corpus {
                let file = path.file_name().unwrap().to_str().unwrap();
                inputs.push((format!("{name}/{file}"), bytes.clone()));
                for n in 0..most {
                    let other = &corpus[rng.random_range(0..corpus.len())].1;
                    inputs.push((
                        format!("{name}/{file}, change {n} of seed {seed}"),
                        changed(bytes, other, &mut rng),
                    ));
                }
            }
            runs(*target, inputs);
        }
    }

    #[test]
    #[should_panic(expected = "planted panics")]
    fn a_parser_that_panics_is_noticed() {
        runs(|bytes| assert!(bytes.is_empty(), "planted"), vec![("planted".to_owned(), b"x".to_vec())]);
    }
}
