//! The change feed: gap-free pages, filters, and the stream that goes on where it was.

use crate::harness::{OWNER, PASSWORD, Shop, least_order, request, succeed, until};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

#[test]
fn the_feed_has_every_event_in_order_without_gaps() {
    let shop = Shop::open();
    for i in 0..7 {
        let id =
            shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201).json()
                ["id"]
                .clone();
        shop.send("POST", &format!("/api/v1/orders/{}/pay", id.as_str().unwrap()), &json!({}), &[])
            .expect(200);
    }
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let page = shop.get(&format!("/api/v1/events?after={after}&limit=4")).expect(200).json();
        for event in page["data"].as_array().unwrap() {
            seen.push((event["seq"].as_u64().unwrap(), event["kind"].as_str().unwrap().to_owned()));
        }
        after = page["next_after"].as_u64().unwrap();
        if page["has_more"] == false {
            break;
        }
    }
    assert!(seen.iter().enumerate().all(|(i, (seq, _))| *seq == i as u64 + 1), "{seen:?}");
    assert_eq!(seen.iter().filter(|(_, kind)| kind == "order.placed").count(), 7);
    let paid = shop.get("/api/v1/events?kind=order.paid&limit=1000").json();
    assert_eq!(paid["data"].as_array().unwrap().len(), 7);
    let event = &paid["data"][0];
    assert_eq!(event["data"]["changes"]["payment"], json!(["unpaid", "paid"]));
    assert_eq!(event["actor"]["kind"], "key");
    let subject = event["subject"].as_str().unwrap();
    let about = shop.get(&format!("/api/v1/events?subject={subject}")).json();
    assert_eq!(about["data"].as_array().unwrap().len(), 2);
}

/// A shop that begins with orders of ten days ago.
fn old_shop(dir: &std::path::Path) {
    use backroom::base::money::{Currency, Price};
    use backroom::base::time::{Clock, DAY_MS};
    use backroom::shop::orders::{NewLine, NewOrder, place};
    let settings = backroom::store::Settings { reserve_mb: 0, ballast_mb: 0, ..Default::default() };
    let clock = Clock::manual(Clock::system().now().plus_ms(-10 * DAY_MS));
    let store = backroom::store::Store::open(dir, &settings, clock, backroom::registry::tables()).unwrap();
    for _ in 0..5 {
        let placed = store.write_blocking(backroom::store::Actor::cli(), |tx| {
            let unit_price = Price::from_minor(100, Currency::EUR)?;
            let line = NewLine { title: "Mug".to_owned(), quantity: 1, unit_price, ..NewLine::default() };
            place(tx, &NewOrder { lines: vec![line], ..NewOrder::new(Currency::EUR) }).map(drop)
        });
        placed.unwrap();
    }
}

#[test]
fn who_was_away_too_long_is_told_where_to_go_on_and_nothing_is_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let (dir, config) = (home.path().join("data"), home.path().join("backroom.toml"));
    old_shop(&dir);
    std::fs::write(&config, "[events]\nfeed_days = 1\n").unwrap();
    let config = config.to_str().unwrap().to_owned();
    let shop = Shop::open_at(home, dir, &["--config", &config]);
    let whole = shop.get("/api/v1/events?after=0&limit=3").expect(200).json();
    assert_eq!((&whole["oldest_seq"], &whole["data"][0]["seq"]), (&json!(1), &json!(1)));
    let last = whole["last_seq"].as_u64().unwrap();
    let old = shop.get("/api/v1/events?kind=order.placed&limit=1000").json();
    let old = old["data"].as_array().unwrap().last().unwrap()["seq"].as_u64().unwrap();
    assert!(old < last, "the owner and the key are of today");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let run = shop.form("/admin/schedules/feed/run", "", &cookie).expect(303);
    let job = run.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
    let job = || shop.get(&format!("/api/v1/jobs/{job}")).expect(200).json();
    until("it was done", || job()["status"] == "done");
    for after in [0, 1, old - 1] {
        let gone = shop.get(&format!("/api/v1/events?after={after}")).expect(410);
        assert_eq!(gone.code(), "events_gone");
        let says = gone.json()["detail"].as_str().unwrap().to_owned();
        assert!(says.contains(&format!("go on with after={old}")), "{says}");
        let stream = shop.get(&format!("/api/v1/events/stream?after={after}")).expect(410);
        assert_eq!(stream.code(), "events_gone");
    }
    let bearer = format!("Bearer {}", shop.key);
    let headers = [("authorization", bearer.as_str()), ("last-event-id", "1")];
    assert_eq!(
        shop.request("GET", "/api/v1/events/stream", &headers, None).expect(410).code(),
        "events_gone"
    );
    // As it says one goes on, page by page, and misses nothing of what is left.
    let (mut after, mut seen) = (old, Vec::new());
    loop {
        let page = shop.get(&format!("/api/v1/events?after={after}&limit=2")).expect(200).json();
        assert_eq!(page["oldest_seq"], json!(old + 1), "on every page");
        seen.extend(page["data"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()));
        after = page["next_after"].as_u64().unwrap();
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(seen, (old + 1..=after).collect::<Vec<u64>>());
    assert_eq!(seen.last().map(|seq| *seq >= last), Some(true));
    // Who says nothing begins at the oldest there is, in the stream too; the timeline of a record is whole.
    let first = shop.get("/api/v1/events?limit=1").expect(200).json();
    assert_eq!(first["data"][0]["seq"], json!(old + 1));
    let id = stream(&shop, &shop.key, "", "").find(|line| line.starts_with("id:")).unwrap();
    assert_eq!(id["id:".len()..].trim(), (old + 1).to_string());
    let order = shop.get("/api/v1/orders?limit=1").json()["data"][0]["id"].as_str().unwrap().to_owned();
    let page = shop.page(&format!("/admin/orders/{order}"), &cookie).expect(200).body;
    assert!(page.contains("placed"), "{page}");
}

/// The lines of a stream; `last` is its `Last-Event-ID`, if any.
fn stream(shop: &Shop, key: &str, query: &str, last: &str) -> impl Iterator<Item = String> + use<> {
    let address = shop.url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).unwrap();
    let last = if last.is_empty() { String::new() } else { format!("last-event-id: {last}\r\n") };
    write!(
        socket,
        "GET /api/v1/events/stream?{query} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n{last}\r\n"
    )
    .unwrap();
    BufReader::new(socket).lines().map_while(Result::ok)
}

#[test]
fn the_stream_goes_on_where_a_client_left_it() {
    let shop = Shop::open();
    shop.place("a", &least_order("a@example.com", 100)).expect(201);
    let stream = |last: &str| stream(&shop, &shop.key, "kind=order.placed", last);
    let mut first = stream("");
    assert!(first.next().unwrap().contains("200"));
    // Without `after` it begins at the beginning, as the feed does.
    let old = first.find(|l| l.starts_with("data:")).unwrap();
    assert!(old.contains("order.placed"), "{old}");
    shop.place("b", &least_order("b@example.com", 100)).expect(201);
    let id = first.find(|l| l.starts_with("id:")).unwrap();
    let seq: u64 = id["id:".len()..].trim().parse().unwrap();
    drop(first);
    shop.place("c", &least_order("c@example.com", 100)).expect(201);
    let mut second = stream(&seq.to_string());
    let data = second.find(|l| l.starts_with("data:")).unwrap();
    let event: serde_json::Value = serde_json::from_str(data["data:".len()..].trim()).unwrap();
    assert!(event["seq"].as_u64().unwrap() > seq);
    assert_eq!(event["kind"], "order.placed");
}

#[test]
fn a_stream_ends_when_its_key_is_revoked() {
    let shop = Shop::open();
    shop.place("a", &least_order("a@example.com", 100)).expect(201);
    let scope = ["key", "create", "--name", "follower", "--scope", "events:view"];
    let made = succeed(&[&scope[..], &["--json", "--data", shop.data()]].concat());
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    let mut lines = stream(&shop, made["key"].as_str().unwrap(), "kind=order.placed", "");
    lines.find(|l| l.starts_with("id:")).unwrap();
    succeed(&["key", "revoke", made["id"].as_str().unwrap(), "--data", shop.data()]);
    shop.place("b", &least_order("b@example.com", 100)).expect(201);
    // What was sent before ends with the event of the first order; nothing comes after it.
    let rest: Vec<String> = lines.filter(|l| l.starts_with("id:")).collect();
    assert_eq!(rest, Vec::<String>::new());
}

#[test]
fn a_stream_that_cannot_know_where_to_begin_is_refused() {
    let shop = Shop::open();
    for last in ["x", "-1", "1e3"] {
        let answer = request(
            &format!("{}/api/v1/events/stream", shop.url),
            "GET",
            &[("authorization", &format!("Bearer {}", shop.key)), ("last-event-id", last)],
            None,
        );
        assert_eq!((answer.status, answer.code().as_str()), (422, "invalid_last_event_id"), "{last}");
    }
    assert_eq!(shop.get("/api/v1/events/stream?limit=5").code(), "unknown_parameter");
}

/// What a connection is answered when it asks for the head of an address, again and again; it must stay usable.
fn heads(shop: &Shop, path: &str, headers: &str, times: usize) -> Vec<String> {
    let address = shop.url.trim_start_matches("http://");
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
    let mut socket = socket;
    let mut answer = || {
        write!(socket, "HEAD {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n").unwrap();
        let head = lines.by_ref().map(|line| line.unwrap());
        head.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    (0..times).map(|_| answer()).collect()
}

#[test]
fn the_head_of_a_stream_is_headers_alone_and_takes_no_place() {
    let shop = Shop::open();
    shop.place("a", &least_order("a@example.com", 100)).expect(201);
    let mut open = stream(&shop, &shop.key, "kind=order.placed", "");
    open.find(|line| line.starts_with("id:")).unwrap();
    let key = format!("authorization: Bearer {}\r\n", shop.key);
    for head in heads(&shop, "/api/v1/events/stream", &key, 20) {
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
    }
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let cookie = format!("cookie: {cookie}\r\n");
    for head in heads(&shop, "/admin/jobs/stream", &cookie, 20) {
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    }
    // The stream that was open still is.
    shop.place("b", &least_order("b@example.com", 100)).expect(201);
    open.find(|line| line.starts_with("id:")).unwrap();
}

#[test]
fn a_stream_does_not_keep_the_server_from_stopping() {
    let mut shop = Shop::open();
    let key = shop.key.clone();
    let url = shop.url.clone();
    let address = url.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let ask = format!(
        "GET /api/v1/events/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\r\n"
    );
    Write::write_all(&mut stream, ask.as_bytes()).unwrap();
    let mut first = [0; 12];
    Read::read_exact(&mut stream, &mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let begun = std::time::Instant::now();
    assert_eq!(shop.stop(), Some(0));
    // Twenty seconds are for requests that end by themselves.
    assert!(begun.elapsed() < std::time::Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn the_oldest_stream_of_a_key_makes_room_for_a_newer_one_and_kinds_must_exist() {
    let shop = Shop::open();
    let address = shop.url.trim_start_matches("http://").to_owned();
    let ask = format!(
        "GET /api/v1/events/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
        shop.key
    );
    let open = || {
        let mut stream = TcpStream::connect(&address).unwrap();
        Write::write_all(&mut stream, ask.as_bytes()).unwrap();
        let mut first = [0; 12];
        Read::read_exact(&mut stream, &mut first).unwrap();
        (stream, String::from_utf8_lossy(&first).into_owned())
    };
    let mut streams: Vec<_> = (0..17).map(|_| open()).collect();
    assert!(streams.iter().all(|(_, status)| status == "HTTP/1.1 200"));
    // The oldest has made room: it is told so, and when to come back, and it is over.
    let (oldest, _) = streams.remove(0);
    let mut rest = String::new();
    oldest.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    BufReader::new(oldest).read_to_string(&mut rest).unwrap_or_default();
    assert!(rest.contains("a newer stream of this caller") && rest.contains("retry: 30000"), "{rest}");
    // The others go on.
    let seq = shop.place("a", &least_order("a@example.com", 100)).expect(201);
    let id = seq.json()["id"].as_str().unwrap().to_owned();
    for (stream, _) in streams {
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("data:") && line.contains(&id)));
    }
    assert_eq!(shop.get("/api/v1/events?kind=order.placd").expect(422).code(), "unknown_kind");
}
