//! A shop that does all a shop does for as long as it is told to: memory, threads, open files and everything on the disk
//! stay as they were, nothing is lost and nothing sent twice (promises: P16).

mod receiver;
mod work;

use crate::harness::{OWNER, PASSWORD, Shop, succeed, until};
use crate::mail;
use receiver::Receiver;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use work::{KINDS, Work, is_quiet, kept};

/// Looks at the shop in one run.
const LOOKS: usize = 24;
/// What memory may grow by from the second quarter to the last, in per cent and MB: segments of the index come and go.
const MEMORY_MAX: (u64, u64) = (10, 16);
/// Files and sockets that may be open more than in the second quarter, and threads.
const FILES_MAX: u64 = 16;
const THREADS_MAX: u64 = 8;
/// Journal and what waits to be shipped, at any time.
const JOURNAL_MAX: u64 = 64 << 20;
/// What lies in passing: uploads, and what a backup becomes on trial, which is as large as the shop.
const PASSING_MAX: u64 = 64 << 20;

/// What was seen at one look.
struct Seen {
    memory_mb: u64,
    files: u64,
    threads: u64,
    /// Bytes of the database, the index, the journal, and what lies in passing.
    store: u64,
    index: u64,
    journal: u64,
    passing: u64,
    backups: u64,
}

fn bytes_below(path: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return std::fs::metadata(path).map_or(0, |m| m.len()) };
    entries.flatten().map(|entry| bytes_below(&entry.path())).sum()
}

/// Says that it is over when it goes: also when the test fails, or its threads would go on for ever.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// How the shop is now, printed for who watches.
fn look(shop: &Shop, work: &Work, since: Duration) -> Seen {
    let at = |name: &str| bytes_below(&shop.dir.join(name));
    let done = work.so_far();
    let now = Seen {
        memory_mb: shop.memory_mb(),
        files: shop.open_files() as u64,
        threads: shop.threads() as u64,
        store: at("store.redb"),
        index: at("index"),
        journal: at("journal") + at("shipping"),
        passing: at("tmp") + at("files"),
        backups: at("backups"),
    };
    let done: Vec<String> = KINDS.iter().zip(done).map(|(kind, n)| format!("{n} {kind}")).collect();
    eprintln!(
        "{:>5} s  {} MB, {} files open, {} threads; KB: store {}, index {}, journal {}, passing {}, backups {}; slowest \
         order {} ms; {}",
        since.as_secs(),
        now.memory_mb,
        now.files,
        now.threads,
        now.store >> 10,
        now.index >> 10,
        now.journal >> 10,
        now.passing >> 10,
        now.backups >> 10,
        work.slowest(),
        done.join(", ")
    );
    now
}

fn most(seen: &[Seen], of: impl Fn(&Seen) -> u64) -> u64 {
    seen.iter().map(of).max().unwrap()
}

/// A shop that sends mails and webhooks to this machine.
fn shop(settings: &std::path::Path, smtp: u16, receiver: &Receiver) -> (Shop, String) {
    let config = settings.join("small.toml");
    // A small cache, or it would grow into its room all the time.
    let text = format!(
        "[store]\ncache_mb = 8\n[webhooks]\nprivate_networks = [\"127.0.0.0/8\"]\n\
         [mail]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\nhold_seconds = 0\n\
         [backup]\nkeep_daily = 1\nkeep_weekly = 1\nkeep_monthly = 1\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut shop = Shop::open_logging(&["--config", config.to_str().unwrap()], &settings.join("log"));
    // From the first backup on the journal is shipped.
    succeed(&["backup", "create", "--data", shop.data()]);
    assert_eq!(shop.stop(), Some(0));
    shop.start();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    mail::switch_on(&shop, &cookie, mail::OF_ORDERS, &[("daily_limit", "100000")]).expect(303);
    let hook = json!({"url": receiver.url, "kinds": ["order.placed"]});
    shop.send("POST", "/api/v1/webhooks", &hook, &[]).expect(201);
    (shop, cookie)
}

#[test]
#[ignore = "takes as long as BACKROOM_SOAK_SECONDS says, or a minute"]
fn nothing_grows_but_what_is_kept() {
    let seconds = std::env::var("BACKROOM_SOAK_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(60_u64);
    let (settings, receiver, smtp) = (tempfile::tempdir().unwrap(), Receiver::open(), mail::Server::open());
    let (mut shop, cookie) = shop(settings.path(), smtp.port, &receiver);
    let work = Work::default();
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let (shop, work, cookie) = (&shop, &work, &cookie);
        let _ending = Ending(&work.stop);
        let running = [
            scope.spawn(|| work.place(shop, 0)),
            scope.spawn(|| work.place(shop, 1)),
            scope.spawn(|| work.change(shop)),
            scope.spawn(|| work.look(shop, cookie)),
            scope.spawn(|| work.follow(shop)),
            scope.spawn(|| work.office(shop, cookie)),
            scope.spawn(|| work.hang_up(shop)),
        ];
        let begun = Instant::now();
        let every = Duration::from_secs(seconds) / u32::try_from(LOOKS).unwrap();
        (1..=LOOKS)
            .map(|n| {
                std::thread::sleep((every * u32::try_from(n).unwrap()).saturating_sub(begun.elapsed()));
                assert!(running.iter().all(|thread| !thread.is_finished()), "a part of the work has failed");
                look(shop, work, begun.elapsed())
            })
            .collect()
    });
    judge(&seen);

    // Everything that follows has followed, and once.
    let placed: BTreeSet<String> = work.placed().into_iter().collect();
    let imports = usize::try_from(work.so_far()[4]).unwrap() * 40;
    let all = placed.len() + imports;
    until("all are listed", || kept(&shop).len() == all);
    assert!(kept(&shop).is_superset(&placed));
    until("everything has followed", || receiver.count() == all && is_quiet(&shop, &receiver));
    assert_eq!(receiver.twice(), 0);
    let mails = smtp.got();
    let ids: BTreeSet<String> = mails.iter().map(mail::Got::id).collect();
    assert_eq!(ids.len(), mails.len(), "a mail was sent twice");
    assert!(ids.len() >= placed.len(), "{} mails of {} orders", ids.len(), placed.len());

    // A kill and a stop in the end: what is there stays, and nothing is sent again.
    shop.kill();
    shop.start();
    until("it is quiet again", || is_quiet(&shop, &receiver));
    assert!(kept(&shop).is_superset(&placed));
    assert_eq!((receiver.count(), receiver.twice(), smtp.got().len()), (all, 0, mails.len()));
    assert_eq!(shop.stop(), Some(0));
    assert!(succeed(&["check", "--data", shop.data()]).contains("no problem"));
    is_no_larger_than_anew(&shop);
    let log = std::fs::read_to_string(settings.path().join("log")).unwrap();
    let loud: Vec<&str> = log.lines().filter(|line| line.contains("\"level\":\"ERROR\"")).take(5).collect();
    assert!(loud.is_empty(), "{}", loud.join("\n"));
}

fn judge(seen: &[Seen]) {
    let (early, late) = (&seen[LOOKS / 4..LOOKS / 2], &seen[LOOKS * 3 / 4..]);
    let stays = |what: &str, of: fn(&Seen) -> u64, may: &dyn Fn(u64) -> u64| {
        let (before, after) = (most(early, of), most(late, of));
        assert!(after <= may(before), "{what}: {before} became {after}");
    };
    stays("memory in MB", |s| s.memory_mb, &|mb| mb * (100 + MEMORY_MAX.0) / 100 + MEMORY_MAX.1);
    stays("open files", |s| s.files, &|files| files + FILES_MAX);
    stays("threads", |s| s.threads, &|threads| threads + THREADS_MAX);
    // The journal is given back as the database takes it over and the parts of it are final.
    assert!(most(seen, |s| s.journal) <= JOURNAL_MAX, "{} bytes of journal", most(seen, |s| s.journal));
    let passing = most(seen, |s| s.passing.saturating_sub(s.store));
    assert!(passing <= PASSING_MAX, "{passing} bytes in passing, more than the shop has");
}

/// Database and index take at most so many times what the same shop takes that is restored from its backup and indexed anew.
/// What a change leaves behind for good would be in the one and not in the other.
fn is_no_larger_than_anew(shop: &Shop) {
    succeed(&["backup", "create", "--data", shop.data()]);
    let home = tempfile::tempdir().unwrap();
    let anew = home.path().join("anew");
    succeed(&[
        "backup",
        "restore",
        "--from",
        &format!("{}/backups", shop.data()),
        "--data",
        anew.to_str().unwrap(),
    ]);
    succeed(&["reindex", "--data", anew.to_str().unwrap()]);
    for name in ["store.redb", "index"] {
        let (here, there) = (bytes_below(&shop.dir.join(name)), bytes_below(&anew.join(name)));
        eprintln!("{name}: {} KB, anew {} KB", here >> 10, there >> 10);
        assert!(here * 2 <= there * 5, "{name}: {here} bytes, and anew {there}");
    }
}
