//! Mail on its way: encrypted from the first byte where that is wanted, and signed so that another implementation takes it.

use crate::harness::tls::{Authority, Papers, self_signed};
use crate::harness::{OWNER, PASSWORD, Shop, part, project, until};
use crate::mail::{Got, Server, Way, of, place, shop_with, switch_on};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A shop that sends over TLS to `localhost` and trusts an authority, and what became of its first mail.
fn told_by(server: &Server, authority: &Authority) -> Value {
    let home = tempfile::tempdir().unwrap();
    let (config, ca) = (home.path().join("backroom.toml"), home.path().join("ca.pem"));
    authority.save(&ca);
    let text = format!(
        "[mail]\nhost = \"localhost\"\nport = {}\ntls = \"tls\"\nuser = \"shop\"\npassword = \"violet\"\nca_file = {:?}\n\
         timeout_seconds = 5\nhold_seconds = 0\n",
        server.port,
        ca.to_str().unwrap()
    );
    std::fs::write(&config, text).unwrap();
    let shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    switch_on(&shop, &cookie, &["order_placed"], &[]).expect(303);
    place(&shop, "a", "anna@example.com");
    until("it was tried", || of(&shop, "anna@example.com")["attempts"][0].is_object());
    of(&shop, "anna@example.com")
}

#[test]
fn a_server_that_speaks_tls_from_the_first_byte_is_spoken_to_and_a_doubtful_one_is_told_nothing() {
    let authority = Authority::new();
    let shows = |papers: Papers| Server::open_with(Way::Tls(papers.config()));
    let good = shows(authority.issue(&["localhost"], -1.0, 30.0));
    let sent = told_by(&good, &authority);
    assert_eq!(sent["state"], "sent", "{sent}");
    assert_eq!((good.got().len(), good.logins().len()), (1, 1));
    for (what, server, says) in [
        ("of another name", shows(authority.issue(&["other.example"], -1.0, 30.0)), "ertificate"),
        ("over", shows(authority.issue(&["localhost"], -60.0, -1.0)), "ertificate"),
        ("of nobody", shows(self_signed(&["localhost"], 30.0)), "ertificate"),
        ("none at all", Server::open(), "cannot be reached"),
    ] {
        let mail = told_by(&server, &authority);
        assert_eq!(mail["state"], "queued", "{what}: {mail}");
        assert!(mail["reason"].as_str().unwrap().contains(says), "{what}: {mail}");
        assert_eq!((server.got().len(), server.logins().len()), (0, 0), "{what}");
    }
}

/// The keys of RFC 8463 and of the fixtures, as the configuration has them, with what the DNS would say of each.
fn keys() -> [(String, String); 2] {
    let read = |name: &str| std::fs::read_to_string(project(&format!("tests/fixtures/dkim/{name}"))).unwrap();
    let seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=".to_owned();
    let public = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned();
    [(read("rsa.pem"), format!("v=DKIM1; k=rsa; p={}", read("rsa.pub").trim())), (seed, public)]
}

/// Behind the section of mail.
fn signing(key: &str) -> String {
    format!("dkim_domain = \"example.com\"\ndkim_selector = \"s1\"\ndkim_key = \"\"\"{key}\"\"\"\n")
}

/// Whether another implementation takes a message; `None` where it is not here.
fn is_taken(message: &str, record: &str) -> Option<bool> {
    let place = project("target/parts/dkimpy");
    if !part("a checker of DKIM (dkimpy)", place.is_dir()) {
        return None;
    }
    let program = "import sys, dkim\n\
        asked = []\n\
        def dns(name, timeout=5):\n    asked.append(name)\n    return sys.argv[1]\n\
        print(dkim.verify(sys.stdin.buffer.read(), dnsfunc=dns), asked)\n";
    let mut child = Command::new("python3")
        .args(["-c", program, record])
        .env("PYTHONPATH", &place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(message.as_bytes()).unwrap();
    let said = child.wait_with_output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("s1._domainkey.example.com"), "it asked for the key: {said}");
    Some(said.starts_with("True"))
}

#[test]
fn a_signed_mail_is_taken_by_another_implementation_and_a_changed_one_is_not() {
    for (key, record) in keys() {
        let server = Server::open();
        let (shop, _home) = shop_with(server.port, 0, &signing(&key));
        let cookie = shop.sign_in(OWNER, PASSWORD);
        // A name that has to be encoded and folded, in a language with letters of its own.
        let name = "Lumo & Söhne, das Café für alles, was leuchtet und läuft";
        switch_on(&shop, &cookie, &["order_placed"], &[("name", name), ("language", "de")]).expect(303);
        let anna = json!({"email": "anna@example.com", "first_name": "Änne", "last_name": "Größe", "language": "de"});
        shop.send("POST", "/api/v1/customers", &anna, &[]).expect(201);
        place(&shop, "a", "anna@example.com");
        until("it arrived", || server.to("anna@example.com").len() == 1);
        let got = server.to("anna@example.com").remove(0);
        assert!(got.text().contains("Änne Größe"), "{}", got.text());
        let Some(taken) = is_taken(&got.data, &record) else { return };
        assert!(taken, "{}", got.data);
        let changed = |from: &str, to: &str| {
            let changed = got.data.replacen(from, to, 1);
            assert_ne!(changed, got.data, "{from}");
            is_taken(&changed, &record).unwrap()
        };
        assert!(!changed("\r\nSubject: ", "\r\nSubject: Re: "));
        assert!(!changed("\r\nReply-To: help@", "\r\nReply-To: thief@"));
        assert!(!changed("\r\nTo: ", "\r\nFrom: Other <other@example.com>\r\nTo: "), "a second sender");
        assert!(!changed("\r\n--part-", "\r\nPay here instead.\r\n--part-"));
        // What servers on the way may do changes nothing.
        assert!(is_taken(&format!("Received: by relay.example\r\n{}\r\n\r\n", got.data), &record).unwrap());
        assert!(changed("\r\nSubject: ", "\r\nSUBJECT:   "));
    }
}

#[test]
fn a_signed_mail_that_has_to_be_sent_again_has_the_same_bytes() {
    for (key, _) in keys() {
        let server = Server::open();
        let (mut shop, _home) = shop_with(server.port, 0, &signing(&key));
        let cookie = shop.sign_in(OWNER, PASSWORD);
        switch_on(&shop, &cookie, &["order_placed"], &[]).expect(303);
        // The server has it, and the shop is killed before it hears of that. A signature of now would differ in a second.
        place(&shop, "a", "lost@example.com");
        until("it is on its way", || !server.to("lost@example.com").is_empty());
        std::thread::park_timeout(std::time::Duration::from_millis(1_100));
        shop.kill();
        server.mend();
        shop.start();
        until("it came again", || server.to("lost@example.com").len() == 2);
        let all: Vec<Got> = server.to("lost@example.com");
        assert!(all[0].data.starts_with("DKIM-Signature: "), "{}", all[0].data);
        assert_eq!(all[0].data, all[1].data);
        // The log has both tries, and says that nobody knows how the first one ended.
        until("it is sent", || of(&shop, "lost@example.com")["state"] == "sent");
        let mail = of(&shop, "lost@example.com");
        let tries = mail["attempts"].as_array().unwrap();
        assert_eq!((tries.len(), &tries[0]["taken"], &tries[1]["taken"]), (2, &json!(false), &json!(true)));
        let says =
            "The program ended while this was being sent; it may have arrived twice under one Message-ID.";
        assert_eq!(tries[0]["answer"], says);
        let cookie = shop.sign_in(OWNER, PASSWORD);
        let page =
            shop.page(&format!("/admin/mail/{}", mail["id"].as_str().unwrap()), &cookie).expect(200).body;
        assert!(page.contains(says) && page.contains("Not known"), "{page}");
    }
}
