//! Watching addresses against TLS servers whose certificates are good, old, of another name, signed by themselves, and against
//! ones that hang: seen, told to the owner once, through restarts and kills.

use crate::harness::tls::{Authority, Manner, Server, self_signed};
use crate::harness::{Answer, OWNER, PASSWORD, Shop, encoded, until};
use crate::mail;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const WARNINGS: &[&str] = &["certificate_expiring", "certificate_failed", "certificate_recovered"];

/// A shop that trusts an authority of the test, may look at this machine, and tells its owner by mail.
struct Watch {
    shop: Shop,
    home: tempfile::TempDir,
    post: mail::Server,
    authority: Authority,
    cookie: String,
    _ca: tempfile::TempDir,
}

/// Written behind the section of mail.
fn settings(ca: &tempfile::TempDir) -> String {
    let file = ca.path().join("ca.pem");
    format!(
        "[webhooks]\nprivate_networks = [\"127.0.0.0/8\"]\n[sites]\nca_file = {:?}\ntimeout_seconds = 1\nrecheck_seconds = 1\n",
        file.to_str().unwrap()
    )
}

impl Watch {
    fn open() -> Self {
        let (post, authority, ca) = (mail::Server::open(), Authority::new(), tempfile::tempdir().unwrap());
        authority.save(&ca.path().join("ca.pem"));
        let (shop, home) = mail::shop_with(post.port, 0, &settings(&ca));
        let cookie = shop.sign_in(OWNER, PASSWORD);
        mail::switch_on(&shop, &cookie, WARNINGS, &[]).expect(303);
        Self { shop, home, post, authority, cookie, _ca: ca }
    }
    fn add(&self, address: &str) -> String {
        let added = self.shop.send("POST", "/api/v1/sites", &json!({ "address": address }), &[]).expect(201);
        added.json()["id"].as_str().unwrap().to_owned()
    }
    /// A server whose certificate lasts so many days, and its site.
    fn lasting(&self, days: f64) -> (Server, String) {
        let server = Server::shows(&self.authority.issue(&["localhost"], -60.0, days));
        let site = self.add(&server.address());
        (server, site)
    }
    fn read(&self, site: &str) -> Value {
        self.shop.get(&format!("/api/v1/sites/{site}")).expect(200).json()
    }
    fn check(&self, site: &str) -> Answer {
        self.shop.send("POST", &format!("/api/v1/sites/{site}/check"), &json!({}), &[])
    }
    /// Has a site looked at and waits for what was seen.
    fn look(&self, site: &str) -> Value {
        let before = self.read(site)["checks"].as_u64().unwrap();
        self.check(site).expect(202);
        until("it is looked at", || self.read(site)["checks"].as_u64().unwrap() > before);
        self.read(site)
    }
    fn state(&self, site: &str) -> String {
        self.read(site)["state"].as_str().unwrap().to_owned()
    }
    /// The mails of a site: the word of the moment, as often as it was told.
    fn told(&self, site: &str) -> Vec<String> {
        let log = self.shop.get("/api/v1/mail?limit=200").expect(200).json();
        let of_site = log["data"].as_array().unwrap().iter().filter(|mail| mail["site"] == site);
        of_site.rev().map(|mail| mail["moment"].as_str().unwrap().to_owned()).collect()
    }
    /// The subjects that arrived, in the words of the mail program of the owner.
    fn arrived(&self) -> Vec<String> {
        self.post.got().iter().map(|got| got.subject()).collect()
    }
    /// The events of a kind, about any site.
    fn events(&self, kind: &str) -> Vec<Value> {
        let feed = self.shop.get(&format!("/api/v1/events?limit=1000&kind={kind}")).expect(200).json();
        feed["data"].as_array().unwrap().clone()
    }
    /// All that was judged so far has become mails: nothing is on its way.
    fn settled(&self) {
        let checked = self.events("certificate.checked").len();
        let last = || self.shop.get("/api/v1/events?after=0&limit=1").json()["last_seq"].clone();
        let waits = || !self.shop.get("/api/v1/mail?state=queued").json()["data"][0].is_null();
        until("nothing moves", || {
            let before = last();
            std::thread::park_timeout(std::time::Duration::from_millis(300));
            !waits() && last() == before
        });
        assert!(self.events("certificate.checked").len() >= checked);
    }
}

#[test]
fn every_kind_of_certificate_is_seen_and_the_owner_is_told_once() {
    let w = Watch::open();
    let stranger = Authority::new();
    let (_good, good) = w.lasting(60.5);
    let mut bad = Vec::new();
    for (manner, problem, said) in [
        (Manner::Shows(w.authority.issue(&["localhost"], -90.0, -2.0)), "expired", "has expired"),
        (Manner::Shows(w.authority.issue(&["other.example"], -1.0, 60.0)), "wrong_name", "other names"),
        (Manner::Shows(self_signed(&["localhost"], 60.0)), "self_signed", "signed by itself"),
        (Manner::Shows(stranger.issue(&["localhost"], -1.0, 60.0)), "untrusted", "Nobody who is trusted"),
        (Manner::Hangs, "timed_out", "no answer in time"),
        (Manner::Drips, "timed_out", "no answer in time"),
        (Manner::Plain, "no_tls", "does not speak TLS"),
    ] {
        let server = Server::open(manner);
        let site = w.add(&server.address());
        bad.push((server, site, problem, said));
    }
    until("the good one is", || w.state(&good) == "good");
    let seen = w.read(&good);
    assert_eq!((seen["days_left"].as_i64(), seen["problems"].as_array().unwrap().len()), (Some(60), 0));
    assert_eq!(seen["certificate"]["issuer"], "Test Trust, authority.example");
    assert_eq!(seen["certificate"]["names"], json!(["localhost"]));
    for (server, site, problem, said) in &bad {
        until("it fails", || w.state(site) == "failing");
        assert_eq!(w.read(site)["problems"][0], *problem);
        until("it is told", || w.arrived().iter().any(|subject| subject.contains(&server.address())));
        let subject = w.arrived().into_iter().find(|subject| subject.contains(&server.address())).unwrap();
        assert!(subject.contains(said), "{problem}: {subject}");
        let page = w.shop.page(&format!("/admin/sites/{site}"), &w.cookie).expect(200).body;
        assert!(page.contains(said), "{problem}");
    }
    // Looked at again and again it is told no second time.
    for (_, site, ..) in &bad {
        w.look(site);
    }
    w.settled();
    for (_, site, ..) in &bad {
        assert_eq!(w.told(site), ["certificate_failed"]);
    }
    assert_eq!((w.told(&good), w.arrived().len()), (Vec::new(), bad.len()));
    assert!(w.post.got().iter().all(|got| got.to == "boss@example.com"));
    // One is mended.
    let (server, site, ..) = &bad[0];
    server.change(Manner::Shows(w.authority.issue(&["localhost"], -1.0, 80.5)));
    assert_eq!(w.look(site)["state"], "good");
    until("that is told", || w.told(site) == ["certificate_failed", "certificate_recovered"]);
    w.settled();
    // The statistics and the list have all of it.
    let page = w.shop.page(&format!("/admin/sites/{site}"), &w.cookie).expect(200).body;
    assert!(page.contains("looks were good") && page.contains("<svg class=\"chart large\""), "a picture");
    let list = w.shop.get("/api/v1/sites?state=failing").expect(200).json();
    assert_eq!(list["data"].as_array().unwrap().len(), bad.len() - 1);
    let most_urgent = w.shop.get("/api/v1/sites?limit=1").expect(200).json();
    assert_eq!(
        (&most_urgent["data"][0]["state"], &most_urgent["has_more"]),
        (&json!("failing"), &json!(true))
    );
}

#[test]
fn an_end_is_told_at_every_step_and_never_twice_also_through_a_restart() {
    let mut w = Watch::open();
    let mut sites = Vec::new();
    for (days, told) in
        [(22.5, None), (20.5, Some(20)), (13.5, Some(13)), (6.5, Some(6)), (2.5, Some(2)), (0.5, Some(0))]
    {
        let (server, site) = w.lasting(days);
        sites.push((server, site, told));
    }
    let is_quiet = |w: &Watch, told: &Option<i64>, site: &String| {
        let wanted: Vec<&str> = told.iter().map(|_| "certificate_expiring").collect();
        w.told(site) == wanted
    };
    for (server, site, told) in &sites {
        until("it is looked at", || w.read(site)["checks"] == 1);
        assert_eq!(w.state(site), if told.is_some() { "expiring" } else { "good" });
        let Some(days) = told else { continue };
        let when = if *days == 0 { "within a day".to_owned() } else { format!("in {days} day") };
        let subject = format!("The certificate of {} ends {when}", server.address());
        until("it is told", || w.arrived().iter().any(|arrived| arrived.starts_with(&subject)));
    }
    w.settled();
    let count = w.arrived().len();
    assert_eq!(count, 5);
    w.shop.kill();
    w.shop.start();
    for (_, site, _) in &sites {
        w.look(site);
    }
    w.settled();
    assert!(sites.iter().all(|(_, site, told)| is_quiet(&w, told, site)));
    assert_eq!(w.arrived().len(), count, "nothing is doubled");
    // The steps as the log has them.
    let mut steps: Vec<i64> =
        w.events("certificate.expiring").iter().map(|e| e["data"]["within_days"].as_i64().unwrap()).collect();
    steps.sort_unstable();
    assert_eq!(steps, [1, 3, 7, 14, 21]);
    // A new certificate is the end of the warning, and begins its own steps.
    let (server, site, _) = &sites[2];
    server.change(Manner::Shows(w.authority.issue(&["localhost"], -1.0, 90.5)));
    w.look(site);
    until("it is told", || w.told(site) == ["certificate_expiring", "certificate_recovered"]);
    server.change(Manner::Shows(w.authority.issue(&["localhost"], -1.0, 6.5)));
    w.look(site);
    until("it is told", || w.told(site).len() == 3);
    w.settled();
    assert_eq!(w.told(site)[2], "certificate_expiring");
}

#[test]
fn one_hiccup_warns_nobody() {
    let w = Watch::open();
    let server = Server::open(Manner::HangsUp);
    let site = w.add(&server.address());
    until("it was looked at", || w.read(&site)["checks"] == 1);
    server.change(Manner::Shows(w.authority.issue(&["localhost"], -1.0, 60.0)));
    until("it is looked at again by itself", || w.state(&site) == "good");
    let looks = w.shop.get(&format!("/api/v1/sites/{site}/checks")).expect(200).json();
    let good: Vec<bool> =
        looks["data"].as_array().unwrap().iter().map(|look| look["good"].as_bool().unwrap()).collect();
    assert_eq!((good.first(), good.last()), (Some(&true), Some(&false)), "{good:?}");
    w.settled();
    assert_eq!((w.told(&site), w.arrived().len()), (Vec::new(), 0));
}

#[test]
fn killed_at_any_moment_it_tells_everything_once() {
    let mut w = Watch::open();
    let mut sites = Vec::new();
    for n in 0..4 {
        let server = Server::open(if n % 2 == 0 { Manner::HangsUp } else { Manner::Plain });
        let site = w.add(&server.address());
        sites.push((server, site));
    }
    for n in 0..4 {
        sites.push(w.lasting(5.5 + f64::from(n)));
    }
    for pause in [5, 60, 150, 400, 700, 1_100] {
        std::thread::park_timeout(std::time::Duration::from_millis(pause));
        w.shop.kill();
        w.shop.start();
    }
    for (_, site) in &sites {
        until("it is told", || !w.told(site).is_empty());
        until("it is sent", || {
            let log = w.shop.get("/api/v1/mail?limit=200").json();
            log["data"].as_array().unwrap().iter().all(|mail| mail["state"] == "sent")
        });
    }
    w.settled();
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for got in w.post.got() {
        let ids = ids.entry(got.subject()).or_default();
        // A mail may come once more where the kill fell between the server and the note of it: as the same mail.
        if !ids.contains(&got.id()) {
            ids.push(got.id());
        }
    }
    assert_eq!(ids.len(), sites.len(), "{ids:?}");
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
    for (_, site) in &sites {
        assert_eq!(w.told(site).len(), 1);
    }
    w.shop.stop();
    crate::harness::succeed(&["check", "--data", w.shop.data()]);
}

#[test]
fn the_shops_own_address_is_watched_from_the_first_start_and_follows_the_configuration() {
    let mut w = Watch::open();
    let none = w.shop.page("/admin/sites", &w.cookie).expect(200).body;
    assert!(none.contains("own address is not watched"), "the page says so");
    assert!(!none.contains("Nobody is told"));
    let config = w.home.path().join("backroom.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    let first = Server::shows(&w.authority.issue(&["localhost"], -1.0, 50.5));
    let second = Server::shows(&w.authority.issue(&["localhost"], -1.0, 12.5));
    let mut found = Vec::new();
    for server in [&first, &second] {
        let public = format!(
            "{before}\n[server]\npublic_url = \"https://{}\"\nallowed_hosts = [\"127.0.0.1\"]\n",
            server.address()
        );
        std::fs::write(&config, public).unwrap();
        w.shop.stop();
        w.shop.start();
        let list = w.shop.get("/api/v1/sites").expect(200).json();
        let own = list["data"][0].clone();
        assert_eq!((list["data"].as_array().unwrap().len(), &own["own"]), (1, &json!(true)));
        assert_eq!(own["address"], server.address());
        let site = own["id"].as_str().unwrap().to_owned();
        until("it is looked at", || w.read(&site)["checks"].as_u64().unwrap() > 0);
        let refused = w.shop.send("DELETE", &format!("/api/v1/sites/{site}"), &json!({}), &[]);
        assert_eq!(refused.expect(409).code(), "site_is_own");
        found.push(site);
    }
    assert_ne!(found[0], found[1]);
    until("it is told", || w.told(&found[1]) == ["certificate_expiring"]);
    let cookie = w.shop.sign_in(OWNER, PASSWORD);
    let home = w.shop.page("/admin", &cookie).expect(200).body;
    assert!(home.contains("<dt>Certificate</dt>") && home.contains("12 days"), "{home}");
    std::fs::write(&config, before).unwrap();
    w.shop.stop();
    w.shop.start();
    assert_eq!(w.shop.get("/api/v1/sites").expect(200).json()["data"], json!([]));
}

#[test]
fn who_agreed_stands_in_the_marketing_list() {
    let w = Watch::open();
    let body = json!({"address": "anna.example.com", "email": "anna@example.com", "marketing_consent": true,
        "consent_source": "form of the storefront", "note": "Anna's shop"});
    let site = w.shop.send("POST", "/api/v1/sites", &body, &[]).expect(201).json();
    assert_eq!(site["marketing_consent"]["source"], "form of the storefront");
    let id = site["id"].as_str().unwrap();
    until("it is written", || !w.read(id)["customer"].is_null());
    let customer = w.read(id)["customer"].as_str().unwrap().to_owned();
    let customer = w.shop.get(&format!("/api/v1/customers/{customer}")).expect(200).json();
    assert_eq!(
        (&customer["email"], &customer["accepts_marketing"]),
        (&json!("anna@example.com"), &json!(true))
    );
    let listed = w.shop.get("/api/v1/customers?q=marketing:yes").expect(200).json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let quiet = json!({"address": "ben.example.com", "email": "ben@example.com"});
    w.shop.send("POST", "/api/v1/sites", &quiet, &[]).expect(201);
    until("it is looked at", || w.shop.get("/api/v1/sites?state=unchecked").json()["data"][0].is_null());
    assert_eq!(w.shop.get("/api/v1/customers").json()["data"].as_array().unwrap().len(), 1);
    let page = w.shop.page(&format!("/admin/sites/{id}"), &w.cookie).expect(200).body;
    assert!(page.contains("form of the storefront") && page.contains("Marketing list"));
}

#[test]
fn bad_input_is_refused_with_its_field_and_changes_nothing() {
    let w = Watch::open();
    let post = |body: &Value| w.shop.send("POST", "/api/v1/sites", body, &[]);
    for (body, field) in [
        (json!({}), "/address"),
        (json!({"address": ""}), "/address"),
        (json!({"address": "shop"}), "/address"),
        (json!({"address": "ftp://example.com"}), "/address"),
        (json!({"address": "10.0.0.1"}), "/address"),
        (json!({"address": "169.254.169.254"}), "/address"),
        (json!({"address": "https://a:b@example.com"}), "/address"),
        (json!({"address": "example.com:99999"}), "/address"),
        (json!({"address": "example.com", "email": "nobody"}), "/email"),
        (json!({"address": "example.com", "marketing_consent": true}), "/email"),
        (json!({"address": "example.com", "note": "x".repeat(201)}), "/note"),
    ] {
        let refused = post(&body).expect(422);
        assert_eq!(refused.json()["errors"][0]["pointer"], field, "{body}: {}", refused.body);
    }
    for body in [json!({"address": 7}), json!({"adress": "example.com"}), json!([])] {
        assert!((400..=422).contains(&post(&body).status), "{body}");
    }
    assert_eq!(w.shop.get("/api/v1/sites").expect(200).json()["data"], json!([]));
    post(&json!({"address": "https://Example.com/shop"})).expect(201);
    assert_eq!(post(&json!({"address": "example.com"})).expect(409).code(), "site_exists");
    for path in ["limit=0", "limit=x", "after=sit_x", "state=gone", "hue=red"] {
        assert!((400..=422).contains(&w.shop.get(&format!("/api/v1/sites?{path}")).status), "{path}");
    }
    for (method, path) in
        [("GET", "sit_x"), ("DELETE", "1"), ("POST", "sit_x/check"), ("GET", "sit_x/checks")]
    {
        w.shop.send(method, &format!("/api/v1/sites/{path}"), &json!({}), &[]).expect(404);
    }
    // The form says the same, beside its field.
    let page = w.shop.form("/admin/sites", &format!("address={}", encoded("10.0.0.1")), &w.cookie);
    assert!(page.expect(422).body.contains("network that is not public"));
}

#[test]
fn all_are_looked_at_in_one_round_and_what_is_removed_is_gone() {
    let w = Watch::open();
    let all: Vec<_> = (0..3).map(|n| w.lasting(40.0 + f64::from(n))).collect();
    for (_, site) in &all {
        until("it is looked at", || w.read(site)["checks"] == 1);
    }
    w.shop.form("/admin/sites/check", "", &w.cookie).expect(303);
    for (server, site) in &all {
        until("it is looked at again", || w.read(site)["checks"] == 2);
        assert_eq!(server.came(), 2);
    }
    mail::switch_on(&w.shop, &w.cookie, &[], &[]).expect(303);
    let page = w.shop.page("/admin/sites", &w.cookie).expect(200).body;
    assert!(page.contains("Nobody is told"), "the page says so");
    let schedules = w.shop.page("/admin/schedules", &w.cookie).expect(200).body;
    assert!(schedules.contains("Check of certificates"));
    let (_, site) = &all[0];
    w.shop.form(&format!("/admin/sites/{site}/remove"), "", &w.cookie).expect(303);
    w.shop.get(&format!("/api/v1/sites/{site}")).expect(404);
    w.check(site).expect(404);
    assert_eq!(w.events("site.removed").len(), 1);
}

#[test]
fn the_command_line_watches_looks_and_says_by_its_exit_code_what_is_wrong() {
    let w = Watch::open();
    let config = w.home.path().join("backroom.toml");
    let run = |args: &[&str]| {
        let place = ["--data", w.shop.data(), "--config", config.to_str().unwrap()];
        let output = crate::harness::backroom(&[&["sites"], &args[..1], &place, &args[1..]].concat());
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let good = Server::shows(&w.authority.issue(&["localhost"], -1.0, 60.5));
    let bad = Server::shows(&self_signed(&["localhost"], 60.0));
    let (code, id) = run(&["add", &good.address(), "--note", "The web shop"]);
    assert_eq!((code, w.read(id.trim())["note"].as_str()), (0, Some("The web shop")));
    assert_eq!(run(&["add", &good.address()]).0, 1, "it is watched already");
    assert_eq!(run(&["add", "10.0.0.1"]).0, 1);
    let (code, said) = run(&["check", &good.address()]);
    assert!(code == 0 && said.contains("60 days left"), "{said}");
    run(&["add", &bad.address()]);
    let (code, said) = run(&["check", &bad.address(), "--json"]);
    let seen: Value = serde_json::from_str(said.trim()).unwrap();
    assert_eq!((code, &seen["problems"][0]), (5, &json!("self_signed")));
    let (code, listed) = run(&["list", "--json"]);
    let rows: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, rows.len()), (0, 2));
    assert_eq!(rows[1]["address"], good.address());
    assert_eq!(run(&["check", "nobody.example.com"]).0, 1);
    assert_eq!(run(&["remove", id.trim()]).0, 0);
    assert_eq!(w.shop.get("/api/v1/sites").json()["data"].as_array().unwrap().len(), 1);
}

/// The pages of sites, of a shop with one that is not found, looked at twice.
pub(crate) fn pages(shop: &Shop, cookie: &str) -> Vec<String> {
    let address = "a-rather-long-name-of-a-shop.and-of-its-department.invalid:8443";
    let body = json!({"address": address, "email": "customer.with-a-long-local-part@mail.department.example.com",
        "marketing_consent": true, "consent_source": "by phone, and in the form of the storefront",
        "note": "The web shop of a customer whose name is long, and whose address is longer"});
    let site = shop.send("POST", "/api/v1/sites", &body, &[]).expect(201).json()["id"].clone();
    let site = site.as_str().unwrap();
    let checks = || shop.get(&format!("/api/v1/sites/{site}")).expect(200).json()["checks"].as_u64().unwrap();
    until("it is looked at", || checks() == 1);
    shop.form(&format!("/admin/sites/{site}/check"), "", cookie).expect(303);
    until("it is looked at again", || checks() >= 2);
    ["", "/new", &format!("/{site}"), "?state=good"].map(|place| format!("/admin/sites{place}")).to_vec()
}
