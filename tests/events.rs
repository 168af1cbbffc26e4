//! The change feed: gap-free pages, filters, and the stream that goes on where it was.

use crate::harness::{Shop, least_order};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
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

#[test]
fn the_stream_goes_on_where_a_client_left_it() {
    let shop = Shop::open();
    shop.place("a", &least_order("a@example.com", 100)).expect(201);
    let stream = |last: &str| {
        let address = shop.url.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).unwrap();
        let last = if last.is_empty() { String::new() } else { format!("last-event-id: {last}\r\n") };
        write!(
            socket,
            "GET /api/v1/events/stream?kind=order.placed HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n{last}\r\n",
            shop.key
        )
        .unwrap();
        BufReader::new(socket).lines().map_while(Result::ok)
    };
    let mut first = stream("");
    assert!(first.next().unwrap().contains("200"));
    // The head is here, so the stream listens: what is placed now has to come.
    first.find(|l| l.trim().is_empty()).unwrap();
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
