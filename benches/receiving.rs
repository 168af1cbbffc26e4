//! The other ends of what a shop sends: a receiver of webhooks and a mail server that take everything at once.

use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(300);

/// When each thing arrived first, by what it is about.
#[derive(Default)]
struct Arrived {
    first: Mutex<HashMap<String, Instant>>,
    more: Condvar,
}

impl Arrived {
    fn note(&self, what: String) {
        self.first.lock().unwrap().entry(what).or_insert_with(Instant::now);
        self.more.notify_all();
    }
    fn wait_for(&self, count: usize) -> HashMap<String, Instant> {
        let lacking = |first: &mut HashMap<String, Instant>| first.len() < count;
        let first = self.first.lock().unwrap();
        let (first, waited) = self.more.wait_timeout_while(first, PATIENCE, lacking).unwrap();
        assert!(!waited.timed_out(), "{} of {count} arrived", first.len());
        first.clone()
    }
}

fn open(serve: impl Fn(TcpStream, &Arrived) -> Option<()> + Copy + Send + 'static) -> (u16, Arc<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let arrived = Arc::<Arrived>::default();
    let seen = Arc::clone(&arrived);
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let seen = Arc::clone(&seen);
            socket.set_nodelay(true).unwrap();
            std::thread::spawn(move || serve(socket, &seen));
        }
    });
    (port, arrived)
}

/// Takes every message; knows those that tell of orders.
pub(crate) struct Webhooks {
    pub(crate) url: String,
    arrived: Arc<Arrived>,
}

impl Webhooks {
    /// Answers each message after so long.
    pub(crate) fn open(takes: Duration) -> Self {
        let (port, arrived) = open(move |socket, arrived| take_messages(socket, arrived, takes));
        Self { url: format!("http://127.0.0.1:{port}/"), arrived }
    }
    /// When the webhook of each order came, when so many have come.
    pub(crate) fn wait_for(&self, orders: usize) -> HashMap<String, Instant> {
        self.arrived.wait_for(orders)
    }
}

fn take_messages(mut socket: TcpStream, arrived: &Arrived, takes: Duration) -> Option<()> {
    let mut reader = BufReader::new(socket.try_clone().ok()?);
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let message: Value = serde_json::from_slice(&body).ok()?;
        if message["type"] == "order.placed" {
            arrived.note(message["data"]["subject"].as_str()?.to_owned());
        }
        std::thread::sleep(takes);
        socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}

/// Takes every mail.
pub(crate) struct Mails {
    pub(crate) port: u16,
    arrived: Arc<Arrived>,
}

impl Mails {
    pub(crate) fn open() -> Self {
        let (port, arrived) = open(take_mails);
        Self { port, arrived }
    }
    /// Waits until so many have come.
    pub(crate) fn wait_for(&self, count: usize) {
        self.arrived.wait_for(count);
    }
}

fn take_mails(mut socket: TcpStream, arrived: &Arrived) -> Option<()> {
    let mut reader = BufReader::new(socket.try_clone().ok()?);
    let mut line = String::new();
    socket.write_all(b"220 mail.example ESMTP\r\n").ok()?;
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.get(..4).unwrap_or_default() {
            "DATA" => {
                socket.write_all(b"354 Go on\r\n").ok()?;
                while line != ".\r\n" {
                    line.clear();
                    if reader.read_line(&mut line).ok()? == 0 {
                        return None;
                    }
                    if line.to_ascii_lowercase().starts_with("message-id:") {
                        arrived.note(line.clone());
                    }
                }
                socket.write_all(b"250 Taken\r\n").ok()?;
            }
            "QUIT" => return socket.write_all(b"221 Bye\r\n").ok(),
            _ => socket.write_all(b"250 OK\r\n").ok()?,
        }
    }
}
