//! Starting, memory, many sign-ins at once, and the size of the program.

use crate::Size;
use crate::client::{Client, get, load};
use crate::figure::{Amount, Figure, Goal};
use crate::running::{Demo, Running};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Attempts that arrive at once.
const FLOOD: usize = 64;
/// The pause of whoever was told that many sign in just now.
const AGAIN: Duration = Duration::from_secs(1);
const MB: u64 = 1 << 20;

pub(crate) fn run(demo: &Demo, size: &Size) -> Vec<Figure> {
    let folder = tempfile::tempdir().unwrap();
    let most = |bytes| Goal::AtMost(Amount::Bytes(bytes));
    let start = |what: &str, took| {
        Figure::alone(what, Amount::Time(took)).goal(Goal::AtMost(Amount::Time(Duration::from_millis(50))))
    };
    // The first start makes the shop; the second is what is measured.
    Running::empty(folder.path()).end();
    let empty = Running::empty(folder.path());
    let mut figures = vec![
        start("start to the first answer, empty shop", empty.started_in),
        Figure::alone("memory, empty and idle", Amount::Bytes(empty.memory("VmRSS"))).goal(most(16 * MB)),
    ];
    figures.extend(flood(&empty, size));
    empty.end();

    let shop = demo.serve(true);
    figures.push(start("start to the first answer, full shop", shop.started_in));
    figures.push(
        Figure::alone("memory, full and idle", Amount::Bytes(shop.memory("VmRSS"))).goal(most(24 * MB)),
    );
    let page = get("/admin/orders?q=an", &[("cookie", &demo.keys.cookie), ("accept", "text/html")]);
    load(&shop.address, &page, 8, if size.is_short { 5 } else { 500 });
    figures.push(
        Figure::alone("memory, full and busy", Amount::Bytes(shop.memory("VmHWM"))).goal(most(150 * MB)),
    );
    // Dropped is killed.
    drop(shop);
    let shop = demo.serve(true);
    figures.push(start("start to the first answer after a kill", shop.started_in));
    shop.end();
    let program = std::fs::metadata(crate::running::path()).unwrap().len();
    figures.push(Figure::alone("the program", Amount::Bytes(program)).goal(most(24 * MB)));
    figures
}

/// What others are answered while many try to sign in, beside a quiet moment.
fn flood(shop: &Running, size: &Size) -> Vec<Figure> {
    // Long enough that the first look at 64 accounts and as many new connections do not decide it.
    let each = if size.is_short { 5 } else { 40_000 };
    let hello = get("/healthz", &[]);
    let quiet = load(&shop.address, &hello, 2, each).0;
    let before = shop.memory("VmRSS");
    let body = "email=anna%40example.com&password=not-the-right-one-at-all";
    let attempt = format!(
        "POST /admin/sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\nsec-fetch-site: same-origin\r\ncontent-type: \
         application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let over = AtomicBool::new(false);
    let loud = std::thread::scope(|scope| {
        let tries = || {
            let mut client = Client::to(&shop.address);
            loop {
                let status = client.ask(&attempt).status;
                assert!(matches!(status, 401 | 429 | 503), "{status}");
                if over.load(Ordering::SeqCst) {
                    return;
                }
                // Who is told to come back later does, as a browser with a person before it.
                if status != 401 {
                    std::thread::park_timeout(AGAIN);
                }
            }
        };
        let all: Vec<_> = (0..FLOOD).map(|_| scope.spawn(tries)).collect();
        let loud = load(&shop.address, &hello, 2, each).0;
        over.store(true, Ordering::SeqCst);
        all.into_iter().for_each(|tries| tries.join().unwrap());
        loud
    });
    let grown = shop.memory("VmHWM").saturating_sub(before);
    vec![
        Figure::rates("others during 64 sign-ins at once", loud, quiet, "a quiet moment")
            .goal(Goal::Ratio(0.5)),
        Figure::alone("memory that these take", Amount::Bytes(grown))
            .goal(Goal::AtMost(Amount::Bytes(32 * MB))),
    ]
}
