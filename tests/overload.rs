//! Too much at once: callers that send nothing, little or never read do not keep others from placing orders.

use crate::harness::{Shop, least_order};
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What 1,500 slow and deaf connections may cost, in MB (promises: P24).
const HOSTILE_MAX: u64 = 100;
/// What 10,000 idle ones may cost in a build for tests, in MB; in a release build it is two thirds of that.
const IDLE_MAX: u64 = 160;

fn open(address: SocketAddr, send: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(20)).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    // The server may have turned away this one already; that is its right.
    let _turned_away = stream.write_all(send);
    stream
}

/// Files that this process may open, as many as the system allows it.
fn files_max() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = if setrlimit(Resource::Nofile, most).is_ok() { limit.maximum } else { limit.current };
    now.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX)
}

#[test]
fn silent_slow_and_deaf_callers_do_not_keep_an_order_out() {
    let shop = Shop::open();
    let address: SocketAddr = shop.url.trim_start_matches("http://").parse().unwrap();
    for i in 0..40 {
        shop.place(&format!("q{i}"), &least_order("quiet@example.com", 100)).expect(201);
    }
    let before = shop.memory_mb();
    let bearer = format!("Host: {address}\r\nAuthorization: Bearer {}\r\n", shop.key);
    let slow_body = format!(
        "POST /api/v1/orders HTTP/1.1\r\n{bearer}Content-Type: application/json\r\nIdempotency-Key: slow\r\n\
         Content-Length: 60000\r\n\r\n{{"
    );
    let deaf = format!("GET /api/v1/orders?limit=100 HTTP/1.1\r\n{bearer}\r\n").repeat(20);
    // The test's own limit of open files bounds the crowd: other tests run beside it.
    let room = files_max();
    let few = 500.min(room / 8);
    let idle = 10_000.min(room.saturating_sub(3_000));
    if idle < 10_000 {
        eprintln!("skipped: {idle} idle connections in place of 10,000, this process may open no more files");
    }
    let mut crowd = Vec::new();
    for (count, send, most) in [
        (few, slow_body.as_str(), HOSTILE_MAX),
        (few, &deaf, HOSTILE_MAX),
        (few, "GET /healthz HTTP/1.1\r\nHo", HOSTILE_MAX),
        (idle, "", HOSTILE_MAX + IDLE_MAX),
    ] {
        crowd.extend((0..count).map(|_| open(address, send.as_bytes())));
        shop.place(&format!("during{}", crowd.len()), &least_order("anna@example.com", 100)).expect(201);
        let grown = shop.memory_mb().saturating_sub(before);
        assert!(grown <= most, "{grown} MB more beside {} connections", crowd.len());
    }
    assert!(crate::orders::total(&shop, "anna") >= 1);
    drop(crowd);
    shop.get("/api/v1/orders?limit=1").expect(200);
}
