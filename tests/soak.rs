//! A shop under orders, changes and searches for as long as it is told to: memory, open files and the growth of the file
//! stay as they were (promises: P16).

use crate::harness::{OWNER, PASSWORD, Shop, least_order, succeed};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Looks at the shop in one run.
const LOOKS: usize = 24;
/// What memory may grow by from the second quarter to the last, in per cent and MB: segments of the index come and go.
const MEMORY_MAX: (u64, u64) = (10, 24);
/// Files and sockets that may be open more than in the second quarter.
const FILES_MAX: usize = 24;

/// What was seen at one look.
struct Seen {
    memory_mb: u64,
    files: usize,
    store_bytes: u64,
    journal_bytes: u64,
    orders: u64,
    changes: u64,
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

/// What keeps the shop busy, and how much of it there was.
#[derive(Default)]
struct Work {
    stop: AtomicBool,
    placed: Mutex<Vec<String>>,
    orders: AtomicU64,
    changes: AtomicU64,
    searches: AtomicU64,
}

impl Work {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::SeqCst)
    }
    fn place(&self, shop: &Shop, thread: u32) {
        for i in (0..).take_while(|_| self.goes_on()) {
            let body = least_order(&format!("s{thread}-{}@example.com", i % 500), 100 + i);
            let answer = shop.place(&format!("s{thread}i{i}"), &body).expect(201);
            self.placed.lock().unwrap().push(answer.json()["id"].as_str().unwrap().to_owned());
            self.orders.fetch_add(1, Ordering::SeqCst);
        }
    }
    fn change(&self, shop: &Shop) {
        for i in (0_usize..).take_while(|_| self.goes_on()) {
            let id = {
                let all = self.placed.lock().unwrap();
                // Some are changed again and again, others once.
                all.get(if i.is_multiple_of(2) { i % 20 } else { all.len().saturating_sub(1) }).cloned()
            };
            let Some(id) = id else { continue };
            let note = json!({"note": format!("change {i}")});
            shop.send("PATCH", &format!("/api/v1/orders/{id}"), &note, &[]).expect(200);
            self.changes.fetch_add(1, Ordering::SeqCst);
        }
    }
    fn search(&self, shop: &Shop, cookie: &str) {
        for i in (0_u64..).take_while(|_| self.goes_on()) {
            match i % 4 {
                0 => shop.get(&format!("/api/v1/orders?q=s0-{}&limit=50", i % 500)).expect(200),
                1 => shop.get(&format!("/api/v1/search?q=chan%20{}", i % 90)).expect(200),
                2 => shop.page("/admin/orders?q=test", cookie).expect(200),
                _ => shop.page("/admin", cookie).expect(200),
            };
            self.searches.fetch_add(1, Ordering::SeqCst);
        }
    }
    /// How the shop is now, printed for who watches.
    fn look(&self, shop: &Shop, since: Duration) -> Seen {
        let now = Seen {
            memory_mb: shop.memory_mb(),
            files: shop.open_files(),
            store_bytes: bytes_below(&shop.dir.join("store.redb")),
            journal_bytes: bytes_below(&shop.dir.join("journal")),
            orders: self.orders.load(Ordering::SeqCst),
            changes: self.changes.load(Ordering::SeqCst),
        };
        eprintln!(
            "{since:>5.0?}  {} MB, {} files open, store {} KB, journal {} KB, index {} KB, {} orders, {} changes, {} \
             searches",
            now.memory_mb,
            now.files,
            now.store_bytes >> 10,
            now.journal_bytes >> 10,
            bytes_below(&shop.dir.join("index")) >> 10,
            now.orders,
            now.changes,
            self.searches.load(Ordering::SeqCst)
        );
        now
    }
}

fn most<T: Ord>(seen: &[Seen], of: impl Fn(&Seen) -> T) -> T {
    seen.iter().map(of).max().unwrap()
}

#[test]
#[ignore = "takes as long as BACKROOM_SOAK_SECONDS says, or a minute"]
fn nothing_grows_but_what_is_kept() {
    let seconds = std::env::var("BACKROOM_SOAK_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(60_u64);
    // A small cache, or it would grow into its room all the time.
    let settings = tempfile::tempdir().unwrap();
    let config = settings.path().join("small.toml");
    std::fs::write(&config, "[store]\ncache_mb = 8\n").unwrap();
    let mut shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    let (work, cookie) = (Work::default(), shop.sign_in(OWNER, PASSWORD));
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let (shop, work, cookie) = (&shop, &work, &cookie);
        let _ending = Ending(&work.stop);
        scope.spawn(|| work.place(shop, 0));
        scope.spawn(|| work.place(shop, 1));
        scope.spawn(|| work.change(shop));
        scope.spawn(|| work.search(shop, cookie));
        let begun = Instant::now();
        let every = Duration::from_secs(seconds) / u32::try_from(LOOKS).unwrap();
        (1..=LOOKS)
            .map(|look| {
                std::thread::sleep((every * u32::try_from(look).unwrap()).saturating_sub(begun.elapsed()));
                work.look(shop, begun.elapsed())
            })
            .collect()
    });
    let (early, late) = (&seen[LOOKS / 4..LOOKS / 2], &seen[LOOKS * 3 / 4..]);
    let (before, after) = (most(early, |s| s.memory_mb), most(late, |s| s.memory_mb));
    assert!(after <= before * (100 + MEMORY_MAX.0) / 100 + MEMORY_MAX.1, "{before} MB became {after} MB");
    let (before, after) = (most(early, |s| s.files), most(late, |s| s.files));
    assert!(after <= before + FILES_MAX, "{before} open files became {after}");
    // The journal is given back as the database takes it over.
    let (before, after) = (most(early, |s| s.journal_bytes), most(late, |s| s.journal_bytes));
    assert!(after <= before * 2 + (16 << 20), "{before} bytes of journal became {after}");
    // What an order and a change take does not become more with their number; the file itself doubles as it grows.
    let each = |seen: &Seen| seen.store_bytes / (seen.orders + seen.changes).max(1);
    let (before, after) = (early.iter().map(each).max().unwrap(), late.iter().map(each).min().unwrap());
    assert!(after * 2 <= before * 5, "{before} bytes a change became {after}");
    assert_eq!(shop.stop(), Some(0));
    assert!(succeed(&["check", "--data", shop.data()]).contains("no problem"));
}
