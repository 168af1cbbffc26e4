//! What comes back, read from a mailbox on a real IMAP server: noted once, believed only of the shop's own mails, a part at a
//! time, and with every failure where staff see it.

use crate::harness::imap::{Mailbox, USER, WORD};
use crate::harness::tls::Authority;
use crate::harness::{OWNER, PASSWORD, Shop, succeed, until};
use crate::mail::{Got, Server, of, place, switch_on};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const SCHEDULE: &str = "/admin/schedules/bounces";

/// A shop that sends over one server and reads from the other, with somebody signed in.
struct House {
    shop: Shop,
    smtp: Server,
    cookie: String,
    _home: tempfile::TempDir,
}

/// How the mailbox is got at: port, way, password, folder.
#[derive(Clone, Copy)]
struct Door<'d> {
    port: u16,
    way: &'d str,
    word: &'d str,
    folder: &'d str,
}

fn door(mailbox: &Mailbox) -> Door<'static> {
    Door { port: mailbox.tls, way: "tls", word: WORD, folder: "INBOX" }
}

fn house(authority: &Authority, door: Door<'_>) -> House {
    let smtp = Server::open();
    let home = tempfile::tempdir().unwrap();
    let (config, ca) = (home.path().join("backroom.toml"), home.path().join("ca.pem"));
    authority.save(&ca);
    let Door { port, way, word, folder } = door;
    let text = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\ntimeout_seconds = 5\nhold_seconds = 0\nca_file = {:?}\n\
         [mail.bounces]\naddress = \"bounces@example.com\"\nhost = \"localhost\"\nport = {port}\ntls = \"{way}\"\n\
         user = \"{USER}\"\npassword = {word:?}\nfolder = \"{folder}\"\n",
        smtp.port,
        ca.to_str().unwrap(),
    );
    std::fs::write(&config, text).unwrap();
    let shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    switch_on(&shop, &cookie, &["order_placed"], &[]).expect(303);
    House { shop, smtp, cookie, _home: home }
}

impl House {
    /// Nothing is read but when it is asked for, so that what came of a round is the same every time.
    fn quiet(self) -> Self {
        self.shop.form(&format!("{SCHEDULE}/pause"), "", &self.cookie).expect(303);
        let is_open = |job: &Value| ["waiting", "running"].iter().any(|word| job["status"] == *word);
        let rounds = || self.shop.get("/api/v1/jobs?kind=read_bounces&limit=50").expect(200).json();
        until("the first round is over", || !rounds()["data"].as_array().unwrap().iter().any(is_open));
        self
    }
    /// A mail that was sent, as the other side has it.
    fn sent(&self, to: &str) -> Got {
        place(&self.shop, to, to);
        until("it arrived", || !self.smtp.to(to).is_empty() && of(&self.shop, to)["state"] == "sent");
        self.smtp.to(to).remove(0)
    }
    /// Has the mailbox read now; gives the job when its try is over.
    fn round(&self) -> Value {
        let ran = self.shop.form(&format!("{SCHEDULE}/run"), "", &self.cookie).expect(303);
        let id = ran.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
        let job = || self.shop.get(&format!("/api/v1/jobs/{id}")).expect(200).json();
        until("a round is over", || job()["status"] == "done" || !job()["error"].is_null());
        job()
    }
    fn page(&self, path: &str) -> String {
        let body = self.shop.page(path, &self.cookie).expect(200).body;
        body.replace('\u{a0}', " ").replace("&#x2f;", "/").replace("&#x27;", "'").replace("&quot;", "\"")
    }
    fn suppressed(&self) -> Vec<String> {
        let all = self.shop.get("/api/v1/mail/suppressed").expect(200).json();
        all["data"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap().to_owned()).collect()
    }
    fn events(&self, kind: &str) -> usize {
        let all = self.shop.get(&format!("/api/v1/events?kind={kind}&limit=100")).expect(200).json();
        all["data"].as_array().unwrap().len()
    }
}

/// What a server writes of a mail that it could not deliver.
fn report(of: &Got, recipient: &str, status: &str, words: &str) -> String {
    let (head, _) = of.data.split_once("\r\n\r\n").unwrap();
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@relay.example (Mail Delivery System)\nTo: bounces@example.com\n\
         Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"4T1/relay\"\n\n\
         --4T1/relay\nContent-Type: text/plain\n\nI'm sorry to have to inform you that your message could not be delivered.\n\n\
         --4T1/relay\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example\n\n\
         Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n\n\
         --4T1/relay\nContent-Type: text/rfc822-headers\n\n{head}\n\n--4T1/relay--\n"
    )
}

const GONE: &str = "550 5.1.1 User unknown";

#[test]
fn what_comes_back_ends_the_sending_to_an_address_once() {
    let authority = Authority::new();
    let Some(mailbox) = Mailbox::open(&authority) else { return };
    let house = house(&authority, door(&mailbox)).quiet();
    let sent = house.sent("anna@example.com");
    // Servers send what they cannot deliver there; people see who wrote.
    assert_eq!(house.smtp.senders(), ["bounces@example.com"]);
    assert_eq!(sent.header("from"), "Lumo <shop@example.com>");
    assert!(house.page("/admin/mail/settings").contains("bounces at localhost"));

    mailbox.deliver(&report(&sent, "anna@example.com", "5.1.1", GONE));
    let job = house.round();
    assert_eq!(job["result"], "1 message was read: 1 mail came back.", "{job}");
    let mail = of(&house.shop, "anna@example.com");
    assert_eq!(
        (&mail["state"], &mail["reason"]),
        (&"failed".into(), &format!("It came back: {GONE}").into())
    );
    assert_eq!(house.suppressed(), ["anna@example.com"]);
    assert_eq!(mailbox.seen(), (1, 1));
    for (path, words) in [
        ("/admin/mail", "It came back: 550 5.1.1 User unknown"),
        ("/admin/mail/addresses", "anna@example.com"),
        ("/admin/mail/settings", "1 message was read: 1 mail came back."),
        (SCHEDULE, "1 message was read: 1 mail came back."),
    ] {
        assert!(house.page(path).contains(words), "{path}");
    }
    // The next mail is not sent.
    place(&house.shop, "second", "anna@example.com");
    until("it was dropped", || of(&house.shop, "anna@example.com")["state"] == "dropped");
    assert_eq!(house.smtp.to("anna@example.com").len(), 1);

    // The same once more: after a kill before it was marked, and as a second copy.
    let events = || (house.events("mail.failed"), house.events("mail.address_suppressed"));
    let before = events();
    mailbox.forget();
    mailbox.deliver(&report(&sent, "Anna@Example.com", "5.1.1", GONE));
    assert_eq!(house.round()["result"], "2 messages were read: 2 without news.");
    assert_eq!((events(), mailbox.seen()), (before, (2, 2)));
    assert_eq!(house.round()["result"], "Nothing new.");
    // Of the rounds that come to nothing those of people stay; a round that said something always does.
    let rounds = house.shop.get("/api/v1/jobs?kind=read_bounces&limit=50").expect(200).json();
    assert!(
        rounds["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|job| job["result"] == "2 messages were read: 2 without news.")
    );
}

#[test]
fn soft_ones_and_complaints_are_noted_and_other_letters_are_left_to_people() {
    let authority = Authority::new();
    let Some(mailbox) = Mailbox::open(&authority) else { return };
    let house = house(&authority, Door { port: mailbox.open, way: "starttls", ..door(&mailbox) }).quiet();
    let (full, late) = (house.sent("full@example.com"), house.sent("late@example.com"));
    let (angry, old) = (house.sent("angry@example.com"), house.sent("old@example.com"));
    mailbox.deliver(&report(&full, "full@example.com", "5.2.2", "552 5.2.2 Mailbox full"));
    mailbox.deliver(
        &report(&late, "late@example.com", "4.4.1", "451 later").replace("Action: failed", "Action: delayed"),
    );
    let (head, _) = angry.data.split_once("\r\n\r\n").unwrap();
    mailbox.deliver(&format!(
        "Return-Path: <>\nFrom: complaints@email-abuse.example\nContent-Type: multipart/report; report-type=feedback-report; boundary=f\n\n\
         --f\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n--f\nContent-Type: message/feedback-report\n\n\
         Feedback-Type: abuse\nUser-Agent: Example/1.0\nVersion: 1\nOriginal-Rcpt-To: angry@example.com\n\n\
         --f\nContent-Type: message/rfc822\n\n{head}\n\nThank you.\n--f--\n"
    ));
    mailbox.deliver(&format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.example.\n\n\
         <old@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n{}",
        old.data
    ));
    mailbox.deliver("From: otto@example.com\nSubject: When do you open?\n\nGood morning!\n");
    let result = house.round()["result"].as_str().unwrap().to_owned();
    assert_eq!(
        result,
        "5 messages were read: 2 mails came back, 1 complaint, 1 without news, 1 not understood."
    );
    let mut ended = house.suppressed();
    ended.sort();
    assert_eq!(ended, ["angry@example.com", "old@example.com"]);
    let states = ["full", "late", "angry", "old"]
        .map(|who| of(&house.shop, &format!("{who}@example.com"))["state"].clone());
    assert_eq!(states, ["failed", "sent", "failed", "failed"]);
    assert_eq!(mailbox.seen(), (5, 5), "nothing is deleted");
}

#[test]
fn a_report_that_is_made_up_ends_the_sending_to_nobody() {
    let authority = Authority::new();
    let Some(mailbox) = Mailbox::open(&authority) else { return };
    let house = house(&authority, door(&mailbox)).quiet();
    let (anna, otto) = (house.sent("anna@example.com"), house.sent("otto@example.com"));
    let id = anna.id();
    let with_id = |id: &str| Got { to: String::new(), data: anna.data.replace(&anna.id(), id) };
    // Of a mail that went to somebody else; of one that there never was; of the right one at another shop; without any.
    for (got, recipient) in [
        (otto.clone(), "anna@example.com"),
        (with_id("<mal_01jd3m0000e0080000000000g1@example.com>"), "anna@example.com"),
        (with_id(&id.replace("@example.com", "@other.example")), "anna@example.com"),
        (with_id("<1@example.com>"), "anna@example.com"),
        (anna.clone(), "boss@example.com"),
    ] {
        mailbox.deliver(&report(&got, recipient, "5.1.1", GONE));
    }
    // Somebody who answers and quotes.
    mailbox.deliver(&format!(
        "From: x@example.com\n\n550 5.1.1 anna@example.com could not be delivered\n\n{}",
        anna.data
    ));
    assert_eq!(house.round()["result"], "6 messages were read: 6 not understood.");
    assert_eq!(house.suppressed(), Vec::<String>::new());
    for who in ["anna@example.com", "otto@example.com"] {
        assert_eq!(of(&house.shop, who)["state"], "sent", "{who}");
    }
    assert_eq!(mailbox.seen(), (6, 6));
}

#[test]
fn a_mailbox_that_cannot_be_read_is_seen_by_staff_and_its_password_is_not() {
    let authority = Authority::new();
    let Some(mailbox) = Mailbox::open(&authority) else { return };
    let good = door(&mailbox);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let wrong = "not-this-one-81";
    for (door, authority, says) in [
        (
            Door { word: wrong, ..good },
            &authority,
            "The server refuses user and password: Authentication failed.",
        ),
        (Door { folder: "Returned", ..good }, &authority, "The folder “Returned” cannot be opened: "),
        (Door { port: nobody, ..good }, &authority, "cannot be reached: it refuses connections."),
        (good, &Authority::new(), "No encrypted connection with localhost:"),
    ] {
        let house = house(authority, door);
        let job = house.round();
        assert_eq!(job["status"], "waiting", "it is tried again: {job}");
        assert!(job["error"].as_str().unwrap().contains(says), "{says}: {job}");
        let id = job["id"].as_str().unwrap();
        // A round of the schedule itself may be on its way, and shows the same in a moment.
        for path in [SCHEDULE, &format!("/admin/jobs/{id}"), "/admin/mail/settings"] {
            until(&format!("{says} on {path}"), || house.page(path).contains(says));
            let page = house.page(path);
            assert!(!page.contains(wrong) && !page.contains("violet-sea"), "{path}");
        }
        until("the list says so", || house.page("/admin/schedules").contains("Failed last time"));
        let events = house.shop.get("/api/v1/events?limit=200").expect(200).body;
        assert!(!events.contains(wrong) && !job.to_string().contains(wrong));
    }
}

#[test]
fn a_large_mailbox_is_read_in_rounds_the_oldest_first() {
    let authority = Authority::new();
    let Some(mailbox) = Mailbox::open(&authority) else { return };
    let house = house(&authority, door(&mailbox)).quiet();
    let sent = house.sent("anna@example.com");
    for n in 0..130 {
        mailbox.deliver(&format!("From: otto@example.com\nSubject: {n}\n\n{}\n", "Good morning! ".repeat(n)));
    }
    // Larger than what is looked at of any message; the report stands at its beginning.
    mailbox.deliver(&format!(
        "{}\n{}",
        report(&sent, "anna@example.com", "5.1.1", GONE),
        "x".repeat(70).repeat(20_000)
    ));
    let first = house.round();
    assert_eq!(first["result"], "100 messages were read: 100 not understood. More wait for the next round.");
    assert_eq!(mailbox.seen(), (131, 100));
    assert_eq!(house.suppressed(), Vec::<String>::new(), "the newest comes last");
    assert_eq!(house.round()["result"], "31 messages were read: 1 mail came back, 30 not understood.");
    assert_eq!(mailbox.seen(), (131, 131));
    assert_eq!(house.suppressed(), ["anna@example.com"]);
}

/// A server with three unseen messages that does not give the first two: it says no to one, and gives nothing of the other.
struct Stubborn {
    port: u16,
    /// The numbers it was asked to mark.
    marked: Arc<Mutex<Vec<u32>>>,
}

impl Stubborn {
    fn open(good: Arc<Mutex<String>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, marked) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let own = marked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _gone = Self::talk(stream.unwrap(), &good, &own);
            }
        });
        Self { port, marked }
    }
    fn talk(mut stream: TcpStream, good: &Mutex<String>, marked: &Mutex<Vec<u32>>) -> std::io::Result<()> {
        let lines = BufReader::new(stream.try_clone()?).lines();
        stream.write_all(b"* OK ready\r\n")?;
        for line in lines {
            let line = line?;
            let words: Vec<&str> = line.split(' ').collect();
            let (tag, good) = (words[0], good.lock().unwrap().clone());
            let answer = match (words[1], words.get(2).copied(), words.get(3).copied()) {
                ("CAPABILITY", ..) => format!("* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n"),
                ("SELECT", ..) => format!("* 3 EXISTS\r\n{tag} OK [READ-WRITE] done\r\n"),
                // Before there is something to say it has nothing.
                ("UID", Some("SEARCH"), _) if good.is_empty() => format!("* SEARCH\r\n{tag} OK done\r\n"),
                ("UID", Some("SEARCH"), _) => {
                    let marked = marked.lock().unwrap();
                    // The first one cannot be marked either.
                    let left = [7, 8, 9].iter().filter(|n| **n == 7 || !marked.contains(n));
                    let left: Vec<String> = left.map(ToString::to_string).collect();
                    format!("* SEARCH {}\r\n{tag} OK done\r\n", left.join(" "))
                }
                ("UID", Some("FETCH"), Some("7")) => format!("{tag} NO [SERVERBUG] Internal error\r\n"),
                ("UID", Some("FETCH"), Some("9")) => {
                    let size = good.len();
                    format!("* 3 FETCH (UID 9 BODY[]<0> {{{size}}}\r\n{good})\r\n{tag} OK done\r\n")
                }
                ("UID", Some("STORE"), Some(number)) => {
                    marked.lock().unwrap().push(number.parse().unwrap());
                    let word = if number == "7" { "NO" } else { "OK" };
                    format!("{tag} {word} done\r\n")
                }
                _ => format!("{tag} OK done\r\n"),
            };
            stream.write_all(answer.as_bytes())?;
        }
        Ok(())
    }
}

#[test]
fn a_message_that_the_server_does_not_give_keeps_no_other_from_being_read() {
    let good = Arc::new(Mutex::new(String::new()));
    let server = Stubborn::open(good.clone());
    let door = Door { port: server.port, way: "none", word: WORD, folder: "INBOX" };
    let house = house(&Authority::new(), door).quiet();
    let sent = house.sent("anna@example.com");
    *good.lock().unwrap() = report(&sent, "anna@example.com", "5.1.1", GONE);
    let job = house.round();
    assert_eq!(job["result"], "3 messages were read: 1 mail came back, 2 not understood.", "{job}");
    assert_eq!(*server.marked.lock().unwrap(), [7, 8, 9], "each was to be marked");
    assert_eq!(house.suppressed(), ["anna@example.com"]);
}

#[test]
fn a_restored_shop_reads_no_mailbox_until_mails_go_on() {
    let authority = Authority::new();
    let Some(mailbox) = Mailbox::open(&authority) else { return };
    let mut house = house(&authority, door(&mailbox)).quiet();
    let sent = house.sent("anna@example.com");
    succeed(&["backup", "create", "--data", house.shop.data()]);
    assert_eq!(house.shop.stop(), Some(0));
    succeed(&["backup", "restore", "--data", house.shop.data()]);
    // The shop that sent it may go on elsewhere: what is marked as seen here would never reach it.
    mailbox.deliver(&report(&sent, "anna@example.com", "5.1.1", GONE));
    house.shop.start();
    house.cookie = house.shop.sign_in(OWNER, PASSWORD);
    let rests = house.round();
    assert!(rests["result"].to_string().contains("restored"), "{rests}");
    assert_eq!((mailbox.seen(), house.suppressed()), ((1, 0), Vec::new()));
    house.shop.form("/admin/mail/resume", "missed=skip", &house.cookie).expect(303);
    house.round();
    assert_eq!((mailbox.seen(), house.suppressed()), ((1, 1), vec!["anna@example.com".to_owned()]));
}
