//! The program over HTTP beside the bare framework that says hello world: the same clients, in turns.

use crate::client::{Client, get, load};
use crate::figure::{Amount, Figure, Goal};
use crate::running::{Demo, Running};
use crate::{Size, p50_p99};
use actix_web::{App, HttpServer, web};
use serde_json::Value;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const OTHER: &str = "the bare framework";
const CLIENTS: usize = 8;
const PAGE_GOAL: Duration = Duration::from_micros(250);

pub(crate) fn run(demo: &Demo, size: &Size) -> Vec<Figure> {
    let (turns, each) = if size.is_short { (1, 5) } else { (5, 1_000) };
    let (shop, hello) = (demo.serve(true), hello());
    let bearer = format!("Bearer {}", demo.keys.api_key);
    let key = [("authorization", bearer.as_str()), ("accept", "application/json")];
    let mut client = Client::to(&shop.address);
    let list = client.ask(&get("/api/v1/orders?limit=1", &key));
    let list: Value = serde_json::from_slice(&list.body).unwrap();
    let order = list["data"][0]["id"].as_str().unwrap();

    let (one, search) = (
        get(&format!("/api/v1/orders/{order}"), &key),
        get("/api/v1/search?q=anna&kind=order&limit=10", &key),
    );
    let page = get("/admin/orders", &[("cookie", &demo.keys.cookie), ("accept", "text/html")]);
    let nothing = get("/", &[]);
    let mut figures = Vec::new();

    let both = |ours: &str| {
        let (mut our_rate, mut their_rate, mut times) = (0.0, 0.0, Vec::new());
        for _ in 0..turns {
            let (rate, took) = load(&shop.address, ours, CLIENTS, each);
            our_rate += rate / turns as f64;
            times.extend(took);
            their_rate += load(&hello, &nothing, CLIENTS, each).0 / turns as f64;
        }
        (our_rate, their_rate, p50_p99(&mut times).1)
    };
    let (ours, theirs, p99) = both(&search);
    figures.push(
        Figure::rates("search over HTTP, ten records as JSON", ours, theirs, OTHER).goal(Goal::Ratio(0.15)),
    );
    figures.push(
        Figure::alone("the same, p99 with 8 clients", Amount::Time(p99))
            .goal(Goal::AtMost(Amount::Time(Duration::from_millis(5)))),
    );
    let (ours, theirs, _) = both(&one);
    figures.push(
        Figure::rates("an order as JSON, read again, limiter on", ours, theirs, OTHER).goal(Goal::Ratio(0.6)),
    );
    let (before, mut pages) = (shop.cpu(), 0);
    let mut rate = 0.0;
    for _ in 0..turns {
        let (a_second, times) = load(&shop.address, &page, CLIENTS, each);
        rate += a_second / turns as f64;
        pages += u32::try_from(times.len()).unwrap();
    }
    figures.push(
        Figure::alone("the order list as a page, 50 rows, looked at again", Amount::PerSecond(rate))
            .goal(Goal::AtLeast(Amount::PerSecond(4_000.0))),
    );
    figures.push(
        Figure::alone("the same, processor time of a page", Amount::Time((shop.cpu() - before) / pages))
            .goal(Goal::AtMost(Amount::Time(PAGE_GOAL))),
    );
    for (name, first) in [
        ("processor time of a page nobody has asked for", "/admin/orders?sort=-placed"),
        // Another list of the same orders.
        ("the same of rows that another list has shown", "/admin/orders?q=-status:draft&sort=-placed"),
    ] {
        let before = shop.cpu();
        let made = u32::try_from(walk(demo, &shop, first, each.min(400)).len()).unwrap();
        figures.push(
            Figure::alone(name, Amount::Time((shop.cpu() - before) / made))
                .goal(Goal::AtMost(Amount::Time(PAGE_GOAL))),
        );
    }
    let headers =
        [("cookie", demo.keys.cookie.as_str()), ("accept", "text/html"), ("accept-encoding", "gzip")];
    // The first connection was idle for too long to be open still.
    let packed = Client::to(&shop.address).ask(&get("/admin/orders", &headers)).body;
    assert!(packed.starts_with(&[0x1f, 0x8b]), "the page is packed");
    figures.push(
        Figure::alone("the same, over the line", Amount::Bytes(packed.len() as u64))
            .goal(Goal::AtMost(Amount::Bytes(20 << 10))),
    );
    shop.end();
    figures.push(limiter(demo, &one, each));
    figures
}

/// The times of so many pages of a list of orders, from page to page.
pub(crate) fn walk(demo: &Demo, shop: &Running, first: &str, pages: usize) -> Vec<Duration> {
    let headers = [("cookie", demo.keys.cookie.as_str()), ("accept", "text/html")];
    let mut client = Client::to(&shop.address);
    let (mut next, mut times) = (first.to_owned(), Vec::new());
    while times.len() < pages {
        let begun = Instant::now();
        let got = client.ask(&get(&next, &headers));
        times.push(begun.elapsed());
        assert_eq!(got.status, 200);
        let page = String::from_utf8(got.body).unwrap();
        let Some((_, link)) = page.split_once("rel=\"next\" href=\"") else { break };
        next = link.split('"').next().unwrap().replace("&amp;", "&").replace("&#x2f;", "/");
    }
    times
}

/// The same order read with the limiter and without it.
fn limiter(demo: &Demo, request: &str, each: usize) -> Figure {
    let rate = |is_limited| {
        let shop = demo.serve(is_limited);
        load(&shop.address, request, CLIENTS, each.min(50));
        let rate = load(&shop.address, request, CLIENTS, each).0;
        shop.end();
        rate
    };
    let (mut on, mut off) = (0.0, 0.0);
    for _ in 0..3 {
        on += rate(true);
        off += rate(false);
    }
    Figure::rates("an order as JSON, limiter on against off", on / 3.0, off / 3.0, "ours without limits")
        .goal(Goal::Ratio(0.92))
}

/// The address of a server that does nothing but answer.
fn hello() -> String {
    let (told, hears) = channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = || App::new().route("/", web::get().to(|| async { "Hello world!" }));
            let server = HttpServer::new(app).bind("127.0.0.1:0").unwrap();
            told.send(server.addrs()[0].to_string()).unwrap();
            server.run().await.unwrap();
        });
    });
    hears.recv().unwrap()
}
