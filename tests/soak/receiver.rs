//! Who the shop sends webhooks to: takes them, says no now and then, and counts.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How often each message came, and how often it was refused.
#[derive(Default)]
struct Got(Mutex<BTreeMap<String, (u32, u32)>>);

pub(super) struct Receiver {
    pub(super) url: String,
    got: Arc<Got>,
}

impl Receiver {
    pub(super) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let got: Arc<Got> = Arc::default();
        let receiver = Self { url, got: Arc::clone(&got) };
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let got = Arc::clone(&got);
                std::thread::spawn(move || drop(serve(socket, &got)));
            }
        });
        receiver
    }
    /// Messages that were taken.
    pub(super) fn count(&self) -> usize {
        self.got.0.lock().unwrap().values().filter(|(came, refused)| came > refused).count()
    }
    /// Messages that came again although they had been taken.
    pub(super) fn twice(&self) -> usize {
        self.got.0.lock().unwrap().values().filter(|(came, refused)| came - refused > 1).count()
    }
}

fn serve(socket: TcpStream, got: &Got) -> std::io::Result<()> {
    let (mut reader, mut writer) = (BufReader::new(socket.try_clone()?), socket);
    loop {
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                if line.trim_end().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_lowercase().as_str() {
                "webhook-id" => value.clone_into(&mut id),
                "content-length" => length = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        let is_refused = {
            let mut all = got.0.lock().unwrap();
            let place = all.len();
            let seen = all.entry(id).or_default();
            seen.0 += 1;
            // Now and then the first try fails; it comes again.
            let is_refused = seen.0 == 1 && place % 500 == 499;
            seen.1 += u32::from(is_refused);
            is_refused
        };
        let status = if is_refused { "503 Later" } else { "200 OK" };
        writer.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())?;
    }
}
