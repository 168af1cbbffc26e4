//! Mail against a server that delivers, refuses, puts off, hangs, hangs up, and wants TLS: one mail for one fact, in the
//! words and the language of its reader, held, cancelled, looked at again, never lost, and never for what an import brought.

use crate::harness::{Answer, OWNER, PASSWORD, Shop, encoded, least_order, succeed, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A mail that came.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) to: String,
    pub(crate) data: String,
}

impl Got {
    /// The head without the folds of long lines.
    pub(crate) fn header(&self, name: &str) -> String {
        let (head, _) = self.data.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let start = format!("{}:", name.to_lowercase());
        let line = head.lines().find(|line| line.to_lowercase().starts_with(&start));
        line.unwrap_or_else(|| panic!("no {name}: {head}"))[start.len()..].trim().to_owned()
    }
    pub(crate) fn id(&self) -> String {
        self.header("message-id")
    }
    /// The subject without its encoding.
    pub(crate) fn subject(&self) -> String {
        use base64::Engine as _;
        let (raw, mut out) = (self.header("subject").replace("?= =?", "?==?"), String::new());
        let mut rest = raw.as_str();
        while let Some((before, after)) = rest.split_once("=?utf-8?b?") {
            let (word, behind) = after.split_once("?=").unwrap();
            out.push_str(before);
            out.push_str(&String::from_utf8(base64::prelude::BASE64_STANDARD.decode(word).unwrap()).unwrap());
            rest = behind;
        }
        out + rest
    }
    /// The parts, read as a mail program would: quoted-printable and base64 undone.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for part in self.data.split("--part-") {
            let Some((head, body)) = part.split_once("\r\n\r\n") else { continue };
            let head = head.to_lowercase();
            if head.contains("base64") {
                use base64::Engine as _;
                let plain: String = body.chars().filter(|c| !c.is_whitespace()).collect();
                let bytes = base64::prelude::BASE64_STANDARD.decode(plain).unwrap_or_default();
                text.push_str(&String::from_utf8_lossy(&bytes));
            } else if head.contains("quoted-printable") {
                text.push_str(&quoted(body));
            } else {
                text.push_str(body);
            }
        }
        text
    }
}

fn quoted(body: &str) -> String {
    let body = body.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), body.as_str());
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.push(b'='),
        }
        rest = after.get(2..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The other side. What it does is said by the address it is to deliver to.
pub(crate) struct Server {
    pub(crate) port: u16,
    seen: Arc<Seen>,
}

/// How the other side is spoken to.
#[derive(Clone)]
pub(crate) enum Way {
    Open,
    /// In the open until it is asked to encrypt.
    Starttls(Arc<rustls::ServerConfig>),
    /// Encrypted from the first byte.
    Tls(Arc<rustls::ServerConfig>),
}

/// What the other side has seen.
#[derive(Default)]
struct Seen {
    got: Mutex<Vec<Got>>,
    /// How often each address was asked for.
    asked: Mutex<BTreeMap<String, usize>>,
    /// Takes everything from now on.
    mended: Mutex<bool>,
    /// Who signed in, as it was sent.
    logins: Mutex<Vec<String>>,
    /// Where mails are to come back to, as each was announced.
    senders: Mutex<Vec<String>>,
}

impl Server {
    pub(crate) fn open() -> Self {
        Self::open_with(Way::Open)
    }
    pub(crate) fn open_with(way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, seen: Arc::default() };
        let seen = Arc::clone(&server.seen);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (seen, way) = (Arc::clone(&seen), way.clone());
                std::thread::spawn(move || {
                    let encrypted = |config: Arc<rustls::ServerConfig>, socket: TcpStream| {
                        rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), socket)
                    };
                    match way {
                        Way::Open => drop(talk(socket, &seen, true, false)),
                        Way::Starttls(config) => {
                            let Some(socket) = talk(socket, &seen, true, true) else { return };
                            talk(encrypted(config, socket), &seen, false, false);
                        }
                        Way::Tls(config) => drop(talk(encrypted(config, socket), &seen, true, false)),
                    }
                });
            }
        });
        server
    }
    /// Who signed in, as it was sent.
    pub(crate) fn logins(&self) -> Vec<String> {
        self.seen.logins.lock().unwrap().clone()
    }
    /// Where mails are to come back to.
    pub(crate) fn senders(&self) -> Vec<String> {
        self.seen.senders.lock().unwrap().clone()
    }
    pub(crate) fn got(&self) -> Vec<Got> {
        self.seen.got.lock().unwrap().clone()
    }
    pub(crate) fn to(&self, address: &str) -> Vec<Got> {
        self.got().into_iter().filter(|got| got.to == address).collect()
    }
    pub(crate) fn asked(&self, address: &str) -> usize {
        self.seen.asked.lock().unwrap().get(address).copied().unwrap_or(0)
    }
    pub(crate) fn mend(&self) {
        *self.seen.mended.lock().unwrap() = true;
    }
}

impl Seen {
    /// What is to be done with an address: its first part, while nothing was mended.
    fn name(&self, to: &str) -> String {
        if *self.mended.lock().unwrap() { String::new() } else { to.split('@').next().unwrap().to_owned() }
    }
}

/// Talks until the other side has had enough; gives the stream back when it is to be encrypted.
fn talk<S: Read + Write>(stream: S, seen: &Seen, greets: bool, can_encrypt: bool) -> Option<S> {
    let mut talk = Talk { stream: BufReader::new(stream), seen, to: String::new() };
    if greets {
        talk.say("220 test ESMTP");
    }
    loop {
        let line = talk.line()?;
        match line.to_uppercase().split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => {
                let more = if can_encrypt { "250-STARTTLS\r\n" } else { "" };
                talk.say(&format!("250-test\r\n{more}250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES"));
            }
            "STARTTLS" => {
                talk.say("220 Go ahead");
                return Some(talk.stream.into_inner());
            }
            "AUTH" => {
                seen.logins.lock().unwrap().push(line);
                talk.say("235 2.7.0 Welcome");
            }
            "MAIL" => {
                let sender = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                seen.senders.lock().unwrap().push(sender);
                talk.say("250 Ok");
            }
            "RCPT" => talk.recipient(&line)?,
            "DATA" => talk.data()?,
            "QUIT" => {
                talk.say("221 Bye");
                return None;
            }
            _ => talk.say("250 Ok"),
        }
    }
}

/// One conversation. What gives nothing ends it.
struct Talk<'s, S> {
    stream: BufReader<S>,
    seen: &'s Seen,
    to: String,
}

impl<S: Read + Write> Talk<'_, S> {
    fn say(&mut self, text: &str) {
        let _gone = self.stream.get_mut().write_all(format!("{text}\r\n").as_bytes());
        let _gone = self.stream.get_mut().flush();
    }
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).unwrap_or(0);
        (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }
    fn recipient(&mut self, line: &str) -> Option<()> {
        self.to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let count = {
            let mut asked = self.seen.asked.lock().unwrap();
            let count = asked.entry(self.to.clone()).or_insert(0);
            *count += 1;
            *count
        };
        match self.seen.name(&self.to).as_str() {
            "nobody" => self.say("550 5.1.1 No such user here"),
            "policy" => self.say("550 5.7.1 Not by you"),
            "grey" if count < 2 => self.say("450 4.7.1 Greylisted, come again"),
            "later" => self.say("451 4.3.0 Not now"),
            "drop" => return None,
            "hang" => {
                // Until the other side gives up.
                let _ended = self.line();
                return None;
            }
            _ => self.say("250 2.1.5 Ok"),
        }
        Some(())
    }
    fn data(&mut self) -> Option<()> {
        self.say("354 Go ahead");
        let mut data = String::new();
        loop {
            let line = self.line()?;
            if line == "." {
                break;
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
            data.push_str("\r\n");
        }
        let name = self.seen.name(&self.to);
        if name == "spam" {
            self.say("554 5.7.1 This looks like spam");
            return Some(());
        }
        self.seen.got.lock().unwrap().push(Got { to: self.to.clone(), data });
        if name == "lost" {
            // It has the mail, and the shop does not hear of it.
            let _ended = self.line();
            return None;
        }
        self.say("250 2.0.0 Queued as 4711");
        Some(())
    }
}

/// A shop whose mail goes to this server after a hold of some seconds.
pub(crate) fn shop_with(port: u16, hold_seconds: u32, more: &str) -> (Shop, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("backroom.toml");
    let text = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\ntimeout_seconds = 2\nhold_seconds = {hold_seconds}\n{more}"
    );
    std::fs::write(&config, text).unwrap();
    (Shop::open_with(&["--config", config.to_str().unwrap()]), home)
}

/// Switches moments on, as the page does.
pub(crate) fn switch_on(shop: &Shop, cookie: &str, moments: &[&str], more: &[(&str, &str)]) -> Answer {
    let page = shop.page("/admin/mail/settings", cookie).expect(200).body;
    let version =
        page.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mut fields = BTreeMap::from([
        ("name", "Lumo"),
        ("address", "shop@example.com"),
        ("reply_to", "help@example.com"),
        ("notices_to", "boss@example.com"),
        ("daily_limit", "1000"),
        ("language", "en"),
        ("version", version.as_str()),
    ]);
    fields.extend(more.iter().copied());
    let mut form: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", encoded(v))).collect();
    form.extend(moments.iter().map(|moment| format!("on={moment}")));
    shop.form("/admin/mail/settings", &form.join("&"), cookie)
}

pub(crate) const OF_ORDERS: &[&str] = &["order_placed", "order_paid", "order_shipped", "order_cancelled"];

fn on(hold_seconds: u32) -> (Shop, tempfile::TempDir, Server, String) {
    let server = Server::open();
    let (shop, home) = shop_with(server.port, hold_seconds, "");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    switch_on(&shop, &cookie, OF_ORDERS, &[]).expect(303);
    (shop, home, server, cookie)
}

pub(crate) fn place(shop: &Shop, key: &str, email: &str) -> String {
    shop.place(key, &least_order(email, 5_900)).expect(201).json()["id"].as_str().unwrap().to_owned()
}

fn step(shop: &Shop, order: &str, step: &str, body: &Value) {
    shop.send("POST", &format!("/api/v1/orders/{order}/{step}"), body, &[]).expect(200);
}

/// The log as the API tells it, the newest first.
fn log(shop: &Shop) -> Vec<Value> {
    shop.get("/api/v1/mail?limit=200").expect(200).json()["data"].as_array().unwrap().clone()
}

pub(crate) fn of(shop: &Shop, to: &str) -> Value {
    log(shop).into_iter().find(|mail| mail["to"] == to).unwrap_or_default()
}

fn act(shop: &Shop, mail: &Value, what: &str) -> Answer {
    let path = format!("/api/v1/mail/{}/{what}", mail["id"].as_str().unwrap());
    shop.send("POST", &path, &json!({}), &[])
}

/// The pages of mail, of a shop whose orders are told of, with one mail that came back.
pub(crate) fn pages(shop: &Shop, cookie: &str) -> Vec<String> {
    until("mails are sent", || !shop.get("/api/v1/mail?state=sent").json()["data"][0].is_null());
    let sent = shop.get("/api/v1/mail?state=sent").json()["data"][0].clone();
    let bounce = json!({"email": sent["to"], "message_id": sent["message_id"], "reason": "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table"});
    shop.send("POST", "/api/v1/mail/bounces", &bounce, &[]).expect(200);
    let mail = sent["id"].as_str().unwrap().to_owned();
    shop.page(&format!("/admin/mail/{mail}"), cookie).expect(200);
    [
        "/admin/mail",
        "/admin/mail?state=failed",
        "/admin/mail?state=cancelled",
        &format!("/admin/mail/{mail}"),
        "/admin/mail/settings",
        "/admin/mail/templates",
        "/admin/mail/templates/order_placed/en",
        "/admin/mail/templates/staff_added/de",
        "/admin/mail/addresses",
        &format!("/admin/orders/{}", sent["order"].as_str().unwrap()),
    ]
    .map(str::to_owned)
    .to_vec()
}

#[test]
fn every_parcel_is_told_of_with_its_own_number_and_a_payment_when_all_is_paid() {
    let (shop, _home, server, _cookie) = on(0);
    let order = place(&shop, "a", "anna@example.com");
    let half = json!({"amount": {"amount": 2_000, "currency": "EUR"}});
    step(&shop, &order, "pay", &half);
    step(&shop, &order, "pay", &json!({}));
    let parcel =
        |tracking: &str, more: bool| json!({"carrier": "DHL", "tracking": tracking, "more_follows": more});
    step(&shop, &order, "ship", &parcel("0034A", true));
    step(&shop, &order, "ship", &parcel("0034B", false));
    until("all arrived", || server.to("anna@example.com").len() == 4);
    let all: Vec<String> = server.to("anna@example.com").iter().map(|mail| mail.text()).collect();
    let with =
        |words: &[&str]| all.iter().filter(|text| words.iter().all(|word| text.contains(word))).count();
    assert_eq!(with(&["Payment received", "39.00"]), 1, "{all:?}");
    assert_eq!(with(&["DHL 0034A", "a part of your order", "The rest follows"]), 1, "{all:?}");
    assert_eq!(with(&["DHL 0034B"]), 1, "{all:?}");
    assert_eq!(with(&["The rest follows"]), 1, "{all:?}");
}

/// It is for this that a mail is held: what is noticed within some seconds is not told wrongly.
#[test]
fn a_number_that_is_corrected_while_the_mail_is_held_goes_out_corrected() {
    let (shop, _home, server, _cookie) = on(3);
    let order = place(&shop, "a", "anna@example.com");
    step(&shop, &order, "ship", &json!({"carrier": "DHL", "tracking": "WRONG1"}));
    let path = format!("/api/v1/orders/{order}/parcels/1");
    shop.send("PATCH", &path, &json!({"tracking": "RIGHT2"}), &[]).expect(200);
    until("both arrived", || server.to("anna@example.com").len() == 2);
    let all: Vec<String> = server.to("anna@example.com").iter().map(|mail| mail.text()).collect();
    assert!(all.iter().any(|text| text.contains("DHL RIGHT2")), "{all:?}");
    assert!(!all.iter().any(|text| text.contains("WRONG1")), "{all:?}");
}

#[test]
fn an_order_is_told_of_once_in_the_words_and_language_of_the_customer() {
    let (shop, _home, server, cookie) = on(0);
    let anna =
        json!({"email": "anna@example.com", "first_name": "Anna", "last_name": "Berg", "language": "de-AT"});
    shop.send("POST", "/api/v1/customers", &anna, &[]).expect(201);
    let order = place(&shop, "a", "anna@example.com");
    until("it arrived", || server.to("anna@example.com").len() == 1);
    let got = server.to("anna@example.com").remove(0);
    let text = got.text();
    for word in ["Guten Tag Anna Berg", "Vielen Dank", "1 x Test", "59,00", "<!doctype html>", "Lumo"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert_eq!(got.header("from"), "Lumo <shop@example.com>");
    assert_eq!(got.header("reply-to"), "help@example.com");
    assert_eq!(got.header("auto-submitted"), "auto-generated");
    until("it is written down", || of(&shop, "anna@example.com")["state"] == "sent");
    let mail = of(&shop, "anna@example.com");
    assert_eq!(got.id(), format!("<{}>", mail["message_id"].as_str().unwrap()));
    assert_eq!(mail["attempts"][0]["answer"], "250 2.0.0 Queued as 4711");
    assert_eq!(mail["order"], json!(order));
    let whole = shop.get(&format!("/api/v1/mail/{}", mail["id"].as_str().unwrap())).expect(200).json();
    assert!(whole["content"]["text"].as_str().unwrap().contains("Guten Tag Anna Berg"));
    // Paid and shipped follow, in English for whom no language is known.
    let other = place(&shop, "b", "ben@example.com");
    until("placed", || server.to("ben@example.com").len() == 1);
    step(&shop, &other, "pay", &json!({}));
    until("paid", || server.to("ben@example.com").len() == 2);
    step(&shop, &other, "ship", &json!({"carrier": "DHL", "tracking": "00340434161094042557"}));
    until("shipped", || server.to("ben@example.com").len() == 3);
    let shipped = server.to("ben@example.com").remove(2);
    assert!(shipped.text().contains("00340434161094042557") && shipped.text().contains("is on its way"));
    step(&shop, &order, "cancel", &json!({"reason": "customer"}));
    until("cancelled", || server.to("anna@example.com").len() == 2);
    assert!(server.to("anna@example.com").remove(1).text().contains("storniert"));
    // The page of the order and its timeline tell of it.
    let page = shop.page(&format!("/admin/orders/{other}"), &cookie).expect(200).body;
    assert!(page.contains("Order shipped") && page.contains("was sent"), "{page}");
    assert_eq!(server.got().len(), 5, "each once");
}

#[test]
fn each_refund_is_told_once_with_its_amount_and_one_that_was_taken_back_is_not() {
    let server = Server::open();
    let (shop, _home) = shop_with(server.port, 2, "");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    switch_on(&shop, &cookie, &["order_refunded"], &[]).expect(303);
    let anna =
        json!({"email": "anna@example.com", "first_name": "Anna", "last_name": "Berg", "language": "de"});
    shop.send("POST", "/api/v1/customers", &anna, &[]).expect(201);
    let eur = |amount: i64| json!({"amount": {"amount": amount, "currency": "EUR"}});
    let (german, english) = (place(&shop, "a", "anna@example.com"), place(&shop, "b", "ben@example.com"));
    for order in [&german, &english] {
        step(&shop, order, "pay", &json!({}));
        step(&shop, order, "refund", &eur(1_250));
    }
    until("both are told", || server.got().len() == 2);
    let text = server.to("anna@example.com")[0].text();
    assert!(text.contains("12,50\u{a0}€") && text.contains("erstattet"), "{text}");
    assert!(!text.contains("zuvor erstattet"), "the first one is all there is: {text}");
    let text = server.to("ben@example.com")[0].text();
    assert!(text.contains("we have refunded €12.50"), "{text}");
    // A second one tells its own amount, and the sum. One that was a mistake tells nothing.
    step(&shop, &english, "refund", &eur(500));
    step(&shop, &german, "refund", &json!({}));
    step(&shop, &german, "unrefund", &json!({}));
    until("the second is told", || server.to("ben@example.com").len() == 2);
    let text = server.to("ben@example.com")[1].text();
    assert!(text.contains("we have refunded €5.00") && text.contains("that is €17.50"), "{text}");
    until("the other one is over", || of(&shop, "anna@example.com")["state"] == "dropped");
    let reason = of(&shop, "anna@example.com")["reason"].clone();
    assert!(reason.as_str().unwrap().contains("refund was taken back"), "{reason}");
    assert_eq!(server.got().len(), 3);
    // The preview has the newest order; one without a refund is shown as if all of it went back.
    place(&shop, "c", "cora@example.com");
    let preview = shop.page("/admin/mail/templates/order_refunded/de", &cookie).expect(200).body;
    assert!(preview.contains("59,00") && !preview.contains("sind das 59"), "{preview}");
    assert!(!preview.contains("sind das ."), "{preview}");
}

#[test]
fn long_work_that_is_over_is_told_to_who_started_it() {
    let server = Server::open();
    let (shop, _home) = shop_with(server.port, 0, "long_job_seconds = 0\n");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    shop.form("/admin/schedules/tidy-up/run", "", &cookie).expect(303);
    let ended = || shop.get("/api/v1/events?kind=job.ended").json()["data"].as_array().unwrap().clone();
    until("it is over", || ended().len() == 1);
    switch_on(&shop, &cookie, &["job_ended"], &[]).expect(303);
    let run = shop.form("/admin/schedules/tidy-up/run", "", &cookie).expect(303);
    let job = run.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
    until("it is told", || server.got().len() == 1);
    let got = server.to(OWNER).remove(0);
    assert!(got.subject().ends_with(": done"), "{}", got.subject());
    assert!(got.text().contains("0 jobs were forgotten."), "{}", got.text());
    let event = ended().pop().unwrap();
    assert_eq!((&event["subject"], &event["data"]["status"]), (&json!(job), &json!("done")));
    // What nobody started and what is short is told to nobody.
    assert_eq!(ended().len(), 2);
    let (quiet, _home) = shop_with(server.port, 0, "");
    let cookie = quiet.sign_in(OWNER, PASSWORD);
    switch_on(&quiet, &cookie, &["job_ended"], &[]).expect(303);
    quiet.form("/admin/schedules/tidy-up/run", "", &cookie).expect(303);
    until("it is done", || quiet.get("/api/v1/jobs?kind=tidy_up").json()["data"][0]["status"] == "done");
    assert_eq!(quiet.get("/api/v1/events?kind=job.ended").json()["data"], json!([]));
    // The list marks what ended since somebody looked, once.
    let first = quiet.page("/admin/jobs", &cookie).expect(200);
    assert!(first.body.contains("since you looked"), "{}", first.body);
    let looked = format!("{cookie}; {}", crate::harness::cookies(&first));
    assert!(!quiet.page("/admin/jobs", &looked).expect(200).body.contains("since you looked"));
}

#[test]
fn within_the_hold_it_is_cancelled_and_nothing_arrives() {
    let (shop, _home, server, cookie) = on(4);
    let order = place(&shop, "a", "anna@example.com");
    place(&shop, "b", "ben@example.com");
    until("both wait", || log(&shop).len() == 2);
    // By the button on the page of the order.
    let page = shop.page(&format!("/admin/orders/{order}"), &cookie).expect(200).body;
    assert!(page.contains("Cancel sending"), "{page}");
    let mail = of(&shop, "anna@example.com");
    let id = mail["id"].as_str().unwrap();
    shop.form(&format!("/admin/mail/{id}/cancel"), &format!("from=/admin/orders/{order}"), &cookie)
        .expect(303);
    assert_eq!(of(&shop, "anna@example.com")["state"], "cancelled");
    until("the other one arrived", || server.to("ben@example.com").len() == 1);
    until("it is noted", || of(&shop, "ben@example.com")["state"] == "sent");
    assert_eq!(server.asked("anna@example.com"), 0);
    assert_eq!(act(&shop, &mail, "cancel").expect(409).code(), "mail_over");
    // The same by its job, among the jobs: the mail is over too.
    let third = place(&shop, "c", "cleo@example.com");
    until("it waits", || of(&shop, "cleo@example.com")["state"] == "queued");
    let jobs = shop.page("/admin/jobs?of=events&state=waiting", &cookie).expect(200).body;
    let job = jobs.split("/admin/jobs/job_").nth(1).unwrap().split('"').next().unwrap();
    shop.send("POST", &format!("/api/v1/jobs/job_{job}/cancel"), &json!({}), &[]).expect(200);
    let by_state = |state: &str| {
        let all = shop.get(&format!("/api/v1/mail?state={state}&limit=50")).expect(200).json();
        all["data"].as_array().unwrap().iter().filter(|mail| mail["order"] == json!(third)).count()
    };
    assert_eq!((by_state("queued"), by_state("cancelled")), (0, 1));
    let told = shop.get("/api/v1/events?kind=mail.cancelled&limit=50").expect(200).json();
    assert_eq!(told["data"].as_array().unwrap().len(), 2, "{told}");
    // Somebody thinks better of it.
    let next = act(&shop, &mail, "resend").expect(202).json();
    assert_eq!(act(&shop, &mail, "resend").expect(202).json()["id"], next["id"], "asked twice it is one");
    until("now it arrived", || server.to("anna@example.com").len() == 1);
    assert_eq!(of(&shop, "anna@example.com")["id"], next["id"]);
}

#[test]
fn what_is_not_true_any_more_is_not_told() {
    let (shop, _home, server, _cookie) = on(3);
    let cancelled = place(&shop, "a", "anna@example.com");
    step(&shop, &cancelled, "cancel", &json!({"reason": "customer"}));
    let unpaid = place(&shop, "b", "ben@example.com");
    step(&shop, &unpaid, "pay", &json!({}));
    step(&shop, &unpaid, "unpay", &json!({}));
    let reopened = place(&shop, "c", "cora@example.com");
    step(&shop, &reopened, "cancel", &json!({"reason": "customer"}));
    step(&shop, &reopened, "reopen", &json!({}));
    until("all are over", || {
        let all = log(&shop);
        all.len() == 6 && all.iter().all(|mail| mail["state"] == "sent" || mail["state"] == "dropped")
    });
    let told: Vec<(String, String)> = {
        let mut told: Vec<_> = log(&shop)
            .iter()
            .filter(|mail| mail["state"] == "sent")
            .map(|mail| {
                (mail["to"].as_str().unwrap().to_owned(), mail["moment"].as_str().unwrap().to_owned())
            })
            .collect();
        told.sort();
        told
    };
    let told: Vec<(&str, &str)> = told.iter().map(|(to, moment)| (to.as_str(), moment.as_str())).collect();
    assert_eq!(
        told,
        [
            ("anna@example.com", "order_cancelled"),
            ("ben@example.com", "order_placed"),
            ("cora@example.com", "order_placed")
        ]
    );
    assert_eq!(server.got().len(), 3);
    let dropped = shop.get("/api/v1/mail?state=dropped").json()["data"].as_array().unwrap().clone();
    assert!(
        dropped.iter().all(|mail| mail["reason"].as_str().unwrap().contains("before it was sent")),
        "{dropped:?}"
    );
}

#[test]
fn a_server_that_refuses_puts_off_hangs_and_hangs_up_stops_nobody_else() {
    let (shop, _home, server, _cookie) = on(0);
    for name in ["nobody", "hang", "drop", "grey", "spam", "policy", "later", "well"] {
        place(&shop, name, &format!("{name}@example.com"));
    }
    until("the last one has it", || server.to("well@example.com").len() == 1);
    let state = |name: &str| of(&shop, &format!("{name}@example.com"));
    for (name, answer) in [("nobody", "550 5.1.1"), ("spam", "554 5.7.1"), ("policy", "550 5.7.1")] {
        until("it was refused", || state(name)["state"] == "failed");
        assert!(state(name)["reason"].as_str().unwrap().starts_with(answer), "{}", state(name));
        assert_eq!(server.asked(&format!("{name}@example.com")), 1, "given up at once");
    }
    for (name, says) in [("later", "451"), ("hang", "in time"), ("drop", "hung up")] {
        until("it was tried", || state(name)["attempts"][0].is_object());
        let mail = state(name);
        assert!(mail["reason"].as_str().unwrap().contains(says), "{mail}");
        assert!(mail["due_at"].is_string() && mail["state"] == "queued", "{mail}");
    }
    until("greylisting is waited for", || server.to("grey@example.com").len() == 1);
    until("and noted", || state("grey")["state"] == "sent");
    assert_eq!(state("grey")["attempts"].as_array().unwrap().len(), 2);
    // Only the address that does not exist is not written to any more.
    let suppressed = shop.get("/api/v1/mail/suppressed").expect(200).json()["data"].clone();
    assert_eq!(suppressed.as_array().unwrap().len(), 1);
    assert_eq!(suppressed[0]["email"], "nobody@example.com");
    server.mend();
    place(&shop, "again", "nobody@example.com");
    until("it is not sent", || state("nobody")["state"] == "dropped");
    assert_eq!(server.asked("nobody@example.com"), 1);
    // Until somebody knows better.
    let bearer = format!("Bearer {}", shop.key);
    let path = "/api/v1/mail/suppressed/nobody@example.com";
    shop.request("DELETE", path, &[("authorization", &bearer)], None).expect(204);
    act(&shop, &state("nobody"), "resend").expect(202);
    until("it arrived", || server.to("nobody@example.com").len() == 1);
}

#[test]
fn what_came_back_is_told_by_a_program() {
    let (shop, _home, server, _cookie) = on(0);
    place(&shop, "a", "anna@example.com");
    until("it is noted", || of(&shop, "anna@example.com")["state"] == "sent");
    let mail = of(&shop, "anna@example.com");
    let tell = |body: Value| shop.send("POST", "/api/v1/mail/bounces", &body, &[]);
    let soft = tell(json!({"email": "anna@example.com", "kind": "soft"})).expect(200).json();
    assert_eq!(soft["suppressed"], false);
    let hard = json!({"email": "Anna@example.com", "reason": "mailbox gone", "message_id": format!("<{}>", mail["message_id"].as_str().unwrap())});
    let told = tell(hard).expect(200).json();
    assert_eq!((&told["suppressed"], &told["mail"]), (&json!(true), &mail["id"]));
    assert_eq!(of(&shop, "anna@example.com")["state"], "failed");
    assert_eq!(tell(json!({"email": "x", "kind": "odd"})).expect(422).code(), "validation");
    place(&shop, "b", "anna@example.com");
    until("nothing is sent there", || of(&shop, "anna@example.com")["state"] == "dropped");
    assert_eq!(server.got().len(), 1);
}

#[test]
fn a_kill_sends_nothing_twice_but_what_was_lost_on_the_way_under_one_id() {
    let (mut shop, _home, server, _cookie) = on(0);
    for round in 0..3 {
        for n in 0..10 {
            place(&shop, &format!("{round}-{n}"), &format!("c{round}-{n}@example.com"));
        }
        // The server has this one, and the shop is killed before it hears of it.
        place(&shop, &format!("lost-{round}"), &format!("lost@r{round}.example.com"));
        until("it is on its way", || !server.to(&format!("lost@r{round}.example.com")).is_empty());
        shop.kill();
        if round == 2 {
            server.mend();
        }
        shop.start();
    }
    until("all are sent", || {
        let all = log(&shop);
        all.len() == 33 && all.iter().all(|mail| mail["state"] == "sent")
    });
    let mut ids: BTreeMap<String, Vec<Got>> = BTreeMap::new();
    for got in server.got() {
        ids.entry(got.id()).or_default().push(got);
    }
    assert_eq!(ids.len(), 33, "one for each order");
    // Each kill may have caught some in flight: at most as many as are under way at once, and the same bytes.
    for (id, all) in &ids {
        assert!(all.iter().all(|got| got.data == all[0].data), "{id}");
    }
    let twice = ids.values().filter(|all| all.len() > 1 && !all[0].to.starts_with("lost@")).count();
    assert!(twice <= 3 * 8, "{twice}");
}

#[test]
fn what_an_import_brought_tells_nobody_anything() {
    let (shop, _home, server, _cookie) = on(0);
    let file = shop.dir.parent().unwrap().join("orders.csv");
    let rows = "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Id\n\
        #1001,old@example.com,paid,2026-01-02 10:00:00 +0100,unfulfilled,EUR,59.00,0.00,0.00,59.00,2026-01-02 10:00:00 +0100,1,Rain jacket,59.00,RJ-M,9001\n";
    std::fs::write(&file, rows).unwrap();
    succeed(&["import", "orders", "--from", "shopify", file.to_str().unwrap(), "--data", shop.data()]);
    let order = shop.get("/api/v1/orders?q=old@example.com").expect(200).json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    step(&shop, &order, "ship", &json!({}));
    step(&shop, &order, "unship", &json!({}));
    step(&shop, &order, "cancel", &json!({"reason": "customer"}));
    place(&shop, "new", "new@example.com");
    until("the order placed here is told of", || server.got().len() == 1);
    assert_eq!((log(&shop).len(), server.got()[0].to.as_str()), (1, "new@example.com"));
}

#[test]
fn nothing_is_sent_before_it_is_switched_on_and_without_a_server() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let page = shop.page("/admin/mail/settings", &cookie).expect(200).body;
    assert!(page.contains("mail.host") && page.contains("No mail server is configured"), "{page}");
    let refused = switch_on(&shop, &cookie, &["order_placed"], &[]).expect(409);
    assert!(refused.body.contains("No mail server is configured, so no mail can be switched on"));
    place(&shop, "a", "anna@example.com");
    assert!(log(&shop).is_empty());
    let server = Server::open();
    let (shop, _home) = shop_with(server.port, 0, "");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    place(&shop, "before", "before@example.com");
    switch_on(&shop, &cookie, &["order_placed", "new_order"], &[]).expect(303);
    place(&shop, "after", "after@example.com");
    until("both are told", || server.got().len() == 2);
    let mut to: Vec<String> = server.got().into_iter().map(|got| got.to).collect();
    to.sort();
    assert_eq!(to, ["after@example.com", "boss@example.com"]);
    let notice = server.to("boss@example.com").remove(0);
    assert!(notice.text().contains("after@example.com placed order"), "{}", notice.text());
}

#[test]
fn the_limit_of_a_day_holds() {
    let server = Server::open();
    let (shop, _home) = shop_with(server.port, 0, "");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    switch_on(&shop, &cookie, &["order_placed"], &[("daily_limit", "2")]).expect(303);
    for n in 0..4 {
        place(&shop, &format!("{n}"), &format!("c{n}@example.com"));
    }
    until("two wait for tomorrow", || {
        let waits = |mail: &&Value| mail["reason"].as_str().is_some_and(|why| why.contains("goes tomorrow"));
        log(&shop).iter().filter(waits).count() == 2
    });
    until("the others arrived", || server.got().len() == 2);
    assert_eq!(shop.get("/api/v1/mail?state=queued").json()["data"].as_array().unwrap().len(), 2);
    // More may be sent: nothing waits for tomorrow any more.
    switch_on(&shop, &cookie, &["order_placed"], &[("daily_limit", "3")]).expect(303);
    until("a third one arrived", || server.got().len() == 3);
    let says = "The 3 mails of the day are sent; this one goes tomorrow.";
    until("the last one waits", || log(&shop).iter().any(|mail| mail["reason"] == says));
}

#[test]
fn a_template_of_staff_is_used_kept_and_refused_where_it_cannot_work() {
    let (shop, _home, server, cookie) = on(0);
    let home = "/admin/mail/templates/order_placed/en";
    let form = |subject: &str, text: &str, html: &str, version: u32| {
        format!(
            "subject={}&text={}&html={}&version={version}&number=",
            encoded(subject),
            encoded(text),
            encoded(html)
        )
    };
    let many = (0..200).map(|n| format!("{n},")).collect::<String>();
    let runs = format!(
        "{{% for a in [{many}] %}}{{% for b in [{many}] %}}{{% for c in [{many}] %}}{{% endfor %}}{{% endfor %}}{{% endfor %}}"
    );
    for (subject, text, html, says) in [
        ("Order {{ order.nubmer }}", "x", "x", "Did you mean order.number?"),
        ("x", "{% for line in order.lines %}{{ line.titel }}{% endfor %}", "x", "Did you mean line.title?"),
        ("x", "x", runs.as_str(), "runs for too long"),
        ("x", "x", "{% include '/etc/passwd' %}", "include"),
        ("x", "", "x", "Write something"),
    ] {
        for place in ["", "/preview"] {
            let refused =
                shop.form(&format!("{home}{place}"), &form(subject, text, html, 0), &cookie).expect(422);
            assert!(refused.body.contains(says), "{says}: {}", refused.body);
        }
    }
    let good = (
        "Hooray {{ order.number }}",
        "Text & <b> for {{ customer.email }}",
        "<p>{{ customer.email }} &amp; you</p>",
    );
    let shown =
        shop.form(&format!("{home}/preview"), &form(good.0, good.1, good.2, 0), &cookie).expect(200).body;
    assert!(shown.contains("Hooray") && shown.contains("sandbox"), "{shown}");
    shop.form(&format!("{home}/send"), &form(good.0, good.1, good.2, 0), &cookie).expect(200);
    until("a try arrived", || server.to(OWNER).len() == 1);
    assert!(server.to(OWNER)[0].header("subject").starts_with("Hooray"));
    shop.form(home, &form(good.0, good.1, good.2, 0), &cookie).expect(303);
    let stale = shop.form(home, &form("Other", good.1, good.2, 0), &cookie).expect(412);
    assert!(stale.body.contains("changed in the meantime"));
    place(&shop, "a", "anna@example.com");
    until("it arrived", || server.to("anna@example.com").len() == 1);
    let text = server.to("anna@example.com")[0].text();
    assert!(
        text.contains("Text & <b> for anna@example.com")
            && text.contains("<p>anna@example.com &amp; you</p>"),
        "{text}"
    );
    // Versions are kept, the built-in one comes back.
    shop.form(home, &form("Second", good.1, good.2, 1), &cookie).expect(303);
    let first = shop.page(&format!("{home}?version=1"), &cookie).expect(200).body;
    assert!(first.contains("Hooray") && first.contains("Version 2"), "{first}");
    shop.form(&format!("{home}/reset"), "", &cookie).expect(303);
    place(&shop, "b", "ben@example.com");
    until("the built-in one arrived", || server.to("ben@example.com").len() == 1);
    assert!(server.to("ben@example.com")[0].header("subject").contains("at Lumo"));
}

#[test]
fn staff_are_told_of_their_account_and_never_a_password() {
    let server = Server::open();
    let (shop, _home) = shop_with(server.port, 0, "");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    switch_on(&shop, &cookie, &["staff_added", "password_reset"], &[("language", "de")]).expect(303);
    shop.add_staff("sam@example.com", "Sam", "support");
    until("it arrived", || server.to("sam@example.com").len() == 1);
    let text = server.to("sam@example.com")[0].text();
    assert!(text.contains("Guten Tag Sam") && text.contains("Support") && !text.contains(PASSWORD), "{text}");
}

#[test]
fn a_restored_shop_writes_to_nobody_until_somebody_says_so() {
    let (mut shop, _home, server, cookie) = on(0);
    succeed(&["backup", "create", "--data", shop.data()]);
    place(&shop, "a", "anna@example.com");
    until("it arrived", || of(&shop, "anna@example.com")["state"] == "sent");
    assert_eq!(shop.stop(), Some(0));
    succeed(&["check", "--data", shop.data()]);
    let file = std::fs::read_dir(shop.dir.join("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "brb"))
        .unwrap();
    succeed(&["backup", "restore", file.to_str().unwrap(), "--data", shop.data()]);
    shop.start();
    place(&shop, "b", "ben@example.com");
    let cookie =
        if shop.page("/admin/mail", &cookie).status == 200 { cookie } else { shop.sign_in(OWNER, PASSWORD) };
    assert!(shop.page("/admin/mail", &cookie).expect(200).body.contains("restored from a backup"));
    shop.form("/admin/mail/resume", "missed=skip", &cookie).expect(303);
    place(&shop, "c", "cora@example.com");
    until("only what came then is sent", || server.to("cora@example.com").len() == 1);
    assert_eq!((server.got().len(), server.to("ben@example.com").len()), (2, 0));
}

#[test]
fn what_is_to_be_encrypted_is_or_is_not_said() {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let file = |name: &str| crate::harness::project(&format!("tests/fixtures/tls/{name}"));
    let chain = vec![CertificateDer::from_pem_file(file("localhost.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(file("localhost.key")).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let (able, unable) = (Server::open_with(Way::Starttls(Arc::new(tls))), Server::open());
    let told = |server: &Server, authority: bool| {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("backroom.toml");
        let own = format!("ca_file = {:?}\n", file("authority.pem").to_str().unwrap());
        let text = format!(
            "[mail]\nhost = \"localhost\"\nport = {}\nuser = \"shop\"\npassword = \"violet\"\ntimeout_seconds = 5\nhold_seconds = 0\n{}",
            server.port,
            if authority { own.as_str() } else { "" }
        );
        std::fs::write(&config, text).unwrap();
        let shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
        let cookie = shop.sign_in(OWNER, PASSWORD);
        switch_on(&shop, &cookie, &["order_placed"], &[]).expect(303);
        place(&shop, "a", "anna@example.com");
        until("it was tried", || of(&shop, "anna@example.com")["attempts"][0].is_object());
        of(&shop, "anna@example.com")
    };
    let sent = told(&able, true);
    assert_eq!(sent["state"], "sent", "{sent}");
    let login = able.seen.logins.lock().unwrap().remove(0);
    let right = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, "\0shop\0violet");
    assert_eq!(login, format!("AUTH PLAIN {right}"));
    // A certificate that nobody vouches for, and a server that cannot: neither password nor mail is said.
    for (server, authority, says) in [(&able, false, "ertificate"), (&unable, true, "STARTTLS")] {
        let mail = told(server, authority);
        assert_eq!(mail["state"], "queued", "{mail}");
        assert!(mail["reason"].as_str().unwrap().contains(says), "{mail}");
        assert!(server.seen.logins.lock().unwrap().is_empty());
    }
    assert_eq!((able.got().len(), unable.got().len()), (1, 0));
}

#[test]
fn a_test_goes_out_with_what_is_saved_and_says_from_where() {
    let (shop, _home, server, cookie) = on(0);
    let form = |address: &str| {
        let on: String = OF_ORDERS.iter().map(|moment| format!("&on={moment}")).collect();
        format!(
            "name=Lumo&address={}&reply_to={}&notices_to={}&daily_limit=1000&language=en&version=1{on}",
            encoded(address),
            encoded("help@example.com"),
            encoded("boss@example.com")
        )
    };
    let page = shop.page("/admin/mail/settings", &cookie).expect(200).body;
    assert!(page.contains("A test goes from shop@example.com to "), "{page}");
    let typed = shop.form("/admin/mail/settings/test", &form("new@example.com"), &cookie).expect(409).body;
    assert!(typed.contains("Save first") && typed.contains("value=\"new@example.com\""), "{typed}");
    assert!(server.to(OWNER).is_empty());
    let sent = shop.form("/admin/mail/settings/test", &form("shop@example.com"), &cookie).expect(303);
    until("it is there", || !server.to(OWNER).is_empty());
    shop.page(sent.header("location").unwrap(), &cookie).expect(200);
}

#[test]
fn a_test_says_what_is_missing() {
    let server = Server::open();
    let (shop, _home) = shop_with(server.port, 0, "");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let page = shop.form("/admin/mail/settings/test", "", &cookie).expect(409).body;
    assert!(
        page.contains("Enter the address of the sender") && !page.contains("mail server first"),
        "{page}"
    );
}
