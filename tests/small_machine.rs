//! The smallest machine that is offered: 256 MB of memory in all, pages of files counted, while people search and orders
//! come in. It needs a group of processes with a limit, which only the administrator of a machine can make.

use crate::harness::{Answer, least_order, request, until};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

const LIMIT: u64 = 256 << 20;
/// Searches that go on beside the orders.
const SEARCHERS: usize = 3;
const WORDS: &[&str] = &["a", "an", "ann", "mül", "london", "candle", "017", "schnider", "paper st", "navy"];

/// A group of processes that have so much memory together; `None` where this process may not make one.
struct Group {
    dir: PathBuf,
    used: &'static str,
}

impl Group {
    fn of(limit: u64) -> Option<Self> {
        let name = format!("backroom-{}-{limit}", std::process::id());
        // The second generation of groups and the first one.
        for (root, limits, used) in [
            ("/sys/fs/cgroup", "memory.max", "memory.current"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
        ] {
            let group = Self { dir: Path::new(root).join(&name), used };
            // The kernel makes the files; elsewhere it is a directory like any other.
            let is_made = std::fs::create_dir(&group.dir).is_ok();
            if is_made
                && group.dir.join(limits).exists()
                && std::fs::write(group.dir.join(limits), limit.to_string()).is_ok()
            {
                return Some(group);
            }
        }
        // No part that could be installed: a machine gives the right or it does not.
        eprintln!("skipped: no memory may be limited here");
        None
    }
    fn used(&self) -> u64 {
        std::fs::read_to_string(self.dir.join(self.used)).unwrap().trim().parse().unwrap()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir(&self.dir);
    }
}

/// A filled shop that runs, outside of any group or inside of one.
struct Demo {
    child: Child,
    url: String,
    key: String,
}

/// A command of the program, outside of any group or inside of one.
fn command(group: Option<&Group>) -> Command {
    let mut command = Command::new("sh");
    match group {
        Some(group) => {
            command.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(group.dir.join("cgroup.procs"));
        }
        None => {
            command.args(["-c", "exec \"$@\"", "sh"]);
        }
    }
    command.arg(crate::harness::program());
    command
}

/// Builds the index anew, in the shop that runs over the directory or by itself.
fn reindex(dir: &Path, group: Option<&Group>) {
    let ended = command(group).args(["reindex", "--data"]).arg(dir).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}

impl Demo {
    fn start(dir: &Path, orders: Option<u32>, group: Option<&Group>) -> Self {
        let mut command = command(group);
        command.args(["demo", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(dir);
        command.args(orders.into_iter().flat_map(|n| ["--orders".to_owned(), n.to_string()]));
        for limit in ["KEY", "ADDRESS", "SEARCH"] {
            command.env(format!("BACKROOM_SERVER__LIMITS__{limit}"), "1000000000");
        }
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { child, url: text("url"), key: format!("Bearer {}", text("api_key")) }
    }
    fn ask(&self, method: &str, path: &str, more: (&str, &str), body: Option<&[u8]>) -> Answer {
        let headers = [("authorization", self.key.as_str()), ("content-type", "application/json"), more];
        request(&format!("{}{path}", self.url), method, &headers, body)
    }
    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, ("", ""), None)
    }
    fn end(mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "it ends in order");
    }
}

/// Searches and orders at once, with so many orders placed.
fn busy(shop: &Demo, placed: u32) -> (u32, u32) {
    let (over, searches) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for n in 0..SEARCHERS {
            let (over, searches) = (&over, &searches);
            scope.spawn(move || {
                for word in WORDS.iter().cycle().skip(n) {
                    let word = crate::harness::encoded(word);
                    shop.get(&format!("/api/v1/search?q={word}&limit=10")).expect(200);
                    shop.get(&format!("/api/v1/orders?q={word}&limit=50")).expect(200);
                    searches.fetch_add(1, Ordering::SeqCst);
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
        for n in 0..placed {
            let order = least_order(&format!("small{n}@example.com"), 100).to_string();
            let key = format!("small-{n}");
            shop.ask("POST", "/api/v1/orders", ("idempotency-key", &key), Some(order.as_bytes())).expect(201);
        }
        over.store(true, Ordering::SeqCst);
    });
    (placed, searches.into_inner())
}

/// Whoever reads the address may end the program at once, and it ends in order.
#[test]
fn a_program_that_has_just_said_hello_ends_in_order() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    for orders in [Some(50), None, None] {
        Demo::start(&dir, orders, None).end();
    }
}

/// With `BACKROOM_SMALL_ORDERS=1000000` of the size that is promised; that takes a while to make.
#[test]
fn a_shop_runs_in_256_mb_while_it_is_searched_and_written() {
    let Some(group) = Group::of(LIMIT) else { return };
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    let asked = std::env::var("BACKROOM_SMALL_ORDERS").ok().and_then(|n| n.parse().ok());
    let orders = asked.unwrap_or(1_500);
    Demo::start(&dir, Some(orders), None).end();

    let mut shop = Demo::start(&dir, None, Some(&group));
    let (placed, searches) = std::thread::scope(|scope| {
        // The index is built anew in the shop that runs, beside searches and orders.
        scope.spawn(|| reindex(&dir, None));
        busy(&shop, if asked.is_some() { 2_000 } else { 60 })
    });
    let used = group.used();
    assert!(used > 1 << 20, "the shop is inside of the limit");
    eprintln!(
        "{orders} orders: {placed} placed and {searches} searches beside them, {} MB in use",
        used >> 20
    );
    until("the last order is found", || {
        let found = shop.get(&format!("/api/v1/orders?q=small{}@example.com", placed - 1));
        found.expect(200).json()["data"].as_array().unwrap().len() == 1
    });
    assert!(shop.child.try_wait().unwrap().is_none(), "it runs still");
    shop.end();

    // And where no shop runs.
    reindex(&dir, Some(&group));
    let shop = Demo::start(&dir, None, Some(&group));
    let found = shop.get(&format!("/api/v1/orders?q=small{}@example.com", placed - 1));
    assert_eq!(found.expect(200).json()["data"].as_array().unwrap().len(), 1);
    shop.end();
}

/// The limit is one: what needs more is ended by the kernel.
#[test]
fn the_limit_of_a_group_holds() {
    let Some(group) = Group::of(8 << 20) else { return };
    let greedy = "echo $$ > \"$0\" && head -c 64m /dev/zero | tail -c 64m > /dev/null";
    let ended = Command::new("sh").args(["-c", greedy]).arg(group.dir.join("cgroup.procs")).output().unwrap();
    let swaps = std::fs::read_to_string("/proc/swaps").unwrap_or_default().lines().count() > 1;
    assert!(swaps || !ended.status.success() || !ended.stderr.is_empty(), "{ended:?}");
}
