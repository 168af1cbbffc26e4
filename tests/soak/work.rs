//! What a shop does all day, at a steady pace, each kind of work on a thread of its own.

use super::receiver::Receiver;
use crate::harness::{OWNER, PASSWORD, Shop, least_order, request, succeed};
use crate::transfer::imported;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What was done, by its kind.
pub(super) const KINDS: [&str; 8] =
    ["orders", "changes", "looks", "events", "imports", "exports", "backups", "hung up"];

/// What keeps the shop busy, and how much of it there was.
#[derive(Default)]
pub(super) struct Work {
    pub(super) stop: AtomicBool,
    placed: Mutex<Vec<String>>,
    done: [AtomicU64; KINDS.len()],
    /// Longest answer to an order since the last look, in milliseconds.
    slowest: AtomicU64,
}

/// Begins a piece of work every so often, and does not catch up with what it missed.
struct Pace<'a>(&'a Work, Duration, Instant);

impl Iterator for Pace<'_> {
    type Item = ();
    fn next(&mut self) -> Option<()> {
        while self.0.goes_on() {
            let left = self.2.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.2 = Instant::now() + self.1;
                return Some(());
            }
            std::thread::sleep(left.min(Duration::from_millis(100)));
        }
        None
    }
}

impl Work {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::SeqCst)
    }
    fn every(&self, ms: u64) -> impl Iterator<Item = u64> {
        Pace(self, Duration::from_millis(ms), Instant::now()).zip(0..).map(|((), n)| n)
    }
    fn count(&self, kind: usize) {
        self.done[kind].fetch_add(1, Ordering::SeqCst);
    }
    pub(super) fn so_far(&self) -> [u64; KINDS.len()] {
        std::array::from_fn(|kind| self.done[kind].load(Ordering::SeqCst))
    }
    pub(super) fn slowest(&self) -> u64 {
        self.slowest.swap(0, Ordering::SeqCst)
    }
    /// Everything that was answered 201.
    pub(super) fn placed(&self) -> Vec<String> {
        self.placed.lock().unwrap().clone()
    }
    fn some(&self, n: u64) -> Option<String> {
        let all = self.placed.lock().unwrap();
        // Some are changed again and again, others once.
        let last = all.len().checked_sub(1)?;
        all.get(if n.is_multiple_of(3) { usize::try_from(n).unwrap() % 20 } else { last }).cloned()
    }

    pub(super) fn place(&self, shop: &Shop, thread: u32) {
        for n in self.every(80) {
            let body =
                least_order(&format!("s{thread}-{}@example.com", n % 500), 100 + i64::try_from(n).unwrap());
            let key = format!("s{thread}n{n}");
            let begun = Instant::now();
            let answer = shop.place(&key, &body).expect(201);
            self.slowest.fetch_max(u64::try_from(begun.elapsed().as_millis()).unwrap(), Ordering::SeqCst);
            let id = answer.json()["id"].as_str().unwrap().to_owned();
            if n.is_multiple_of(50) {
                assert_eq!(shop.place(&key, &body).expect(201).json()["id"], *id);
            }
            self.placed.lock().unwrap().push(id);
            self.count(0);
        }
    }
    /// Notes, and the steps of an order's life.
    pub(super) fn change(&self, shop: &Shop) {
        for n in self.every(60) {
            let Some(id) = self.some(n) else { continue };
            let path = format!("/api/v1/orders/{id}");
            if n.is_multiple_of(3) {
                shop.send("PATCH", &path, &json!({"note": format!("change {n}")}), &[]).expect(200);
            } else {
                let next = shop.get(&path).expect(200).json();
                let known: Vec<&str> =
                    next["next_steps"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                let step = ["pay", "ship", "refund", "cancel"].into_iter().find(|step| known.contains(step));
                let Some(step) = step.filter(|_| n % 7 != 0) else { continue };
                shop.send("POST", &format!("{path}/{step}"), &json!({}), &[]).expect(200);
            }
            self.count(1);
        }
    }
    /// Lists, searches and pages.
    pub(super) fn look(&self, shop: &Shop, cookie: &str) {
        for n in self.every(30) {
            match n % 8 {
                0 => shop.get(&format!("/api/v1/orders?q=s0-{}&limit=50", n % 500)).expect(200),
                1 => shop.get(&format!("/api/v1/search?q=chan%20{}", n % 90)).expect(200),
                2 => shop.page("/admin/orders?q=test", cookie).expect(200),
                3 => shop.page("/admin/customers", cookie).expect(200),
                4 => shop.page("/admin/jobs", cookie).expect(200),
                5 => shop.page("/admin/orders?q=is:held&sort=total", cookie).expect(200),
                6 => match self.some(n) {
                    Some(id) => shop.page(&format!("/admin/orders/{id}"), cookie).expect(200),
                    None => continue,
                },
                _ => shop.page("/admin", cookie).expect(200),
            };
            self.count(2);
        }
    }
    /// Reads the feed as another program would: nothing is passed over.
    pub(super) fn follow(&self, shop: &Shop) {
        let mut after = 0;
        for n in self.every(400) {
            let page = shop.get(&format!("/api/v1/events?after={after}&limit=100")).expect(200).json();
            for event in page["data"].as_array().unwrap() {
                let seq = event["seq"].as_u64().unwrap();
                assert_eq!(seq, after + 1, "the feed passes something over");
                after = seq;
                self.count(3);
            }
            // And one that listens for a moment, then goes without a word.
            if n.is_multiple_of(8) {
                self.listen(shop, after);
            }
        }
    }
    fn listen(&self, shop: &Shop, after: u64) {
        let address = shop.url.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).unwrap();
        let head = format!(
            "GET /api/v1/events/stream?after={after} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\r\n",
            shop.key
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let _some = socket.read(&mut [0; 4_096]);
    }
    /// What the office does beside: files in and out, something for every order that matches, backups, people who come
    /// and go.
    pub(super) fn office(&self, shop: &Shop, cookie: &str) {
        for n in self.every(6_000) {
            let file: String = (0..40)
                .map(|row| {
                    let (order, day) = (700_000 + n * 40 + row, row % 27 + 1);
                    format!(
                        "{order},MUG-1,BLUE MUG,6,2010-11-{day:02} 08:26:00,2.50,{},France\n",
                        90_000 + order % 300
                    )
                })
                .collect();
            let head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
            imported(shop, cookie, &format!("{head}{file}"));
            self.count(4);
            match n % 4 {
                0 => {
                    shop.form("/admin/exports/orders", "shape=list&q=total%3A%3E100", cookie).expect(200);
                    self.count(5);
                }
                1 => {
                    let body = json!({"q": format!("email:s0-{}@example.com", n % 500), "tag": format!("t{}", n % 9)});
                    let answer = shop.send("POST", "/api/v1/orders/bulk/tag", &body, &[]);
                    assert!([202, 422].contains(&answer.status), "{}", answer.body);
                }
                2 => {
                    let another = shop.sign_in(OWNER, PASSWORD);
                    shop.page("/admin/sites", &another).expect(200);
                    shop.form("/admin/sign-out", "", &another).expect(303);
                }
                _ => {}
            }
            if n % 15 == 7 {
                succeed(&["backup", "create", "--data", shop.data()]);
                succeed(&["backup", "prune", "--data", shop.data()]);
                self.count(6);
            }
        }
    }
    /// Connections that end in the middle of something.
    pub(super) fn hang_up(&self, shop: &Shop) {
        let address = shop.url.trim_start_matches("http://").to_owned();
        for n in self.every(700) {
            let Ok(mut socket) = TcpStream::connect(&address) else { continue };
            let body = least_order("never@example.com", 100).to_string();
            let head = format!(
                "POST /api/v1/orders HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nidempotency-key: \
                 never\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                shop.key,
                body.len()
            );
            let whole = format!("{head}{body}");
            // Never the last byte.
            let most = usize::try_from(n * 37).unwrap() % (whole.len() - 1);
            let _sent = socket.write_all(&whole.as_bytes()[..most]);
            self.count(7);
        }
    }
}

/// What is left to do behind: nothing, once everything has followed.
pub(super) fn is_quiet(shop: &Shop, receiver: &Receiver) -> bool {
    let health = request(&format!("{}/readyz", shop.url), "GET", &[], None);
    let waiting = shop.get("/api/v1/jobs?status=waiting&limit=1").expect(200).json();
    let running = shop.get("/api/v1/jobs?status=running&limit=1").expect(200).json();
    let none = |page: &Value| page["data"].as_array().is_some_and(Vec::is_empty);
    let before = receiver.count();
    std::thread::sleep(Duration::from_millis(500));
    health.status == 200 && none(&waiting) && none(&running) && receiver.count() == before
}

/// The ids of the orders that the shop has, by its list.
pub(super) fn kept(shop: &Shop) -> BTreeSet<String> {
    let (mut all, mut after) = (BTreeSet::new(), String::new());
    loop {
        let page = shop.get(&format!("/api/v1/orders?limit=100&fields=id{after}")).expect(200).json();
        all.extend(page["data"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return all,
        }
    }
}
