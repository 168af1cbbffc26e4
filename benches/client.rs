//! A plain HTTP client that costs little beside what it measures: one connection, one request after the other.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// One connection that stays open.
pub(crate) struct Client(BufReader<TcpStream>);

/// An answer: its status and its body as it came over the line.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A request for a path with more headers.
pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> String {
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{more}\r\n")
}

impl Client {
    pub(crate) fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }
    pub(crate) fn ask(&mut self, request: &str) -> Got {
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut line, mut length, mut is_chunked) = (String::new(), 0, false);
        self.0.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            let head = line.trim().to_ascii_lowercase();
            if head.is_empty() {
                break;
            }
            if let Some(value) = head.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            is_chunked |= head == "transfer-encoding: chunked";
        }
        let mut body = Vec::new();
        if !is_chunked {
            body.resize(length, 0);
            self.0.read_exact(&mut body).unwrap();
        }
        while is_chunked {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            let size = usize::from_str_radix(line.trim(), 16).unwrap();
            let from = body.len();
            body.resize(from + size, 0);
            self.0.read_exact(&mut body[from..]).unwrap();
            self.0.read_exact(&mut [0; 2]).unwrap();
            is_chunked = size > 0;
        }
        Got { status, body }
    }
}

/// The same request by several clients at once: how many a second, and how long each took.
pub(crate) fn load(address: &str, request: &str, clients: usize, each: usize) -> (f64, Vec<Duration>) {
    let started = Instant::now();
    let times = std::thread::scope(|scope| {
        let client = || {
            let mut client = Client::to(address);
            let one = |_| {
                let begun = Instant::now();
                let got = client.ask(request);
                assert_eq!(got.status, 200, "{}", String::from_utf8_lossy(&got.body));
                begun.elapsed()
            };
            (0..each).map(one).collect::<Vec<_>>()
        };
        let all: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        all.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    (times.len() as f64 / started.elapsed().as_secs_f64(), times)
}
