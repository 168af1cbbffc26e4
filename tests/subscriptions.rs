//! The subscriptions of a shop on their page and for programs: seen, paused, set going, set back; nothing is missed, nothing
//! is made twice, and what has a page of its own is looked after there.

use crate::harness::tls::{Authority, Server};
use crate::harness::{OWNER, PASSWORD, Shop, until};
use crate::mail;
use serde_json::{Value, json};

fn plain(html: &str) -> String {
    html.replace("&#x2f;", "/")
}

fn read(shop: &Shop, name: &str) -> Value {
    shop.get(&format!("/api/v1/subscriptions/{name}")).expect(200).json()
}

fn act(shop: &Shop, name: &str, step: &str, body: &Value) -> crate::harness::Answer {
    shop.send("POST", &format!("/api/v1/subscriptions/{name}/{step}"), body, &[])
}

/// A shop that may look at this machine.
fn shop(authority: &Authority) -> (Shop, tempfile::TempDir, tempfile::TempDir) {
    let ca = tempfile::tempdir().unwrap();
    let file = ca.path().join("ca.pem");
    authority.save(&file);
    let more = format!(
        "[webhooks]\nprivate_networks = [\"127.0.0.0/8\"]\n[sites]\nca_file = {:?}\ntimeout_seconds = 1\n",
        file.to_str().unwrap()
    );
    let (shop, home) = mail::shop_with(1, 0, &more);
    (shop, home, ca)
}

#[test]
fn a_subscription_is_paused_goes_on_and_is_set_back_without_making_anything_twice() {
    let authority = Authority::new();
    let (shop, _home, _ca) = shop(&authority);
    let server = Server::shows(&authority.issue(&["localhost"], -60.0, 80.0));
    let checks = || {
        let sites = shop.get("/api/v1/sites").expect(200).json();
        sites["data"][0]["checks"].as_u64().unwrap_or(0)
    };
    let one = read(&shop, "site_checks");
    assert_eq!(
        (&one["status"], &one["kinds"], &one["failed"]),
        (&json!("running"), &json!(["site.added"]), &json!(0))
    );

    // Paused, it keeps what happens; on the page and for programs alike.
    let cookie = shop.sign_in(OWNER, PASSWORD);
    shop.form("/admin/subscriptions/site_checks/pause", "", &cookie).expect(303);
    let paused = read(&shop, "site_checks");
    assert_eq!(
        (&paused["status"], &paused["paused_reason"]),
        (&json!("paused"), &json!("Olga Owner paused it."))
    );
    assert_eq!(
        act(&shop, "site_checks", "pause", &json!({})).expect(200).json()["paused_reason"],
        paused["paused_reason"]
    );
    shop.send("POST", "/api/v1/sites", &json!({ "address": server.address() }), &[]).expect(201);
    until("it is behind", || read(&shop, "site_checks")["lag"].as_u64().unwrap() > 0);
    let listed = plain(&shop.page("/admin/subscriptions", &cookie).expect(200).body);
    for words in
        ["First look at a site", "Marketing list", "Statistics of sites", "Warnings of sites", "Paused"]
    {
        assert!(listed.contains(words), "{words}: {listed}");
    }
    assert!(listed.contains(r#"Subscriptions<span class="n">1<"#), "the navigation counts it: {listed}");
    let shown = plain(&shop.page("/admin/subscriptions/site_checks", &cookie).expect(200).body);
    assert!(shown.contains("Olga Owner paused it.") && shown.contains("Leave it out"), "{shown}");
    assert_eq!(checks(), 0, "nothing was done meanwhile");

    shop.form("/admin/subscriptions/site_checks/resume", "missed=take", &cookie).expect(303);
    until("what came meanwhile is done", || checks() == 1);
    until("it has read everything", || read(&shop, "site_statistics")["lag"] == 0);

    // Set back to the beginning it reads everything again; what was counted is not counted twice.
    let site = shop.get("/api/v1/sites").json()["data"][0]["id"].as_str().unwrap().to_owned();
    let page = || plain(&shop.page(&format!("/admin/sites/{site}"), &cookie).expect(200).body);
    // Nor is a site looked at again because the event of its first look is.
    act(&shop, "site_checks", "replay", &json!({"after": 0})).expect(200);
    until("it has read everything again", || read(&shop, "site_checks")["lag"] == 0);
    assert_eq!(checks(), 1);
    let before = page();
    act(&shop, "site_statistics", "replay", &json!({"after": 0})).expect(200);
    until("it has read everything again", || read(&shop, "site_statistics")["lag"] == 0);
    let counted = |page: &str| {
        page.split("card").filter(|card| card.contains("<svg")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(counted(&page()), counted(&before));
    let told = shop.get("/api/v1/events?kind=subscription.*").expect(200).json();
    let kinds: Vec<&str> =
        told["data"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["subscription.paused", "subscription.resumed", "subscription.replayed", "subscription.replayed"]
    );
    let shown = plain(&shop.page("/admin/subscriptions/site_statistics", &cookie).expect(200).body);
    assert!(shown.contains("Set back behind event 0"), "{shown}");

    // Left out is left out.
    act(&shop, "site_checks", "pause", &json!({})).expect(200);
    let other = Server::shows(&authority.issue(&["localhost"], -60.0, 80.0));
    shop.send("POST", "/api/v1/sites", &json!({ "address": other.address() }), &[]).expect(201);
    act(&shop, "site_checks", "resume", &json!({"skip": true})).expect(200);
    until("it is at the end", || read(&shop, "site_checks")["lag"] == 0);
    let sites = shop.get("/api/v1/sites").expect(200).json();
    let looks = sites["data"].as_array().unwrap().iter().map(|site| site["checks"].as_u64().unwrap());
    assert_eq!(looks.sum::<u64>(), 1, "{sites}");
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let authority = Authority::new();
    let (shop, _home, _ca) = shop(&authority);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let hook = json!({"url": "http://127.0.0.1:9/", "kinds": ["order.*"]});
    let hook = shop.send("POST", "/api/v1/webhooks", &hook, &[]).expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let listed = shop.get("/api/v1/subscriptions").expect(200).json();
    let rows = listed["data"].as_array().unwrap();
    assert_eq!(rows.len(), 5, "{listed}");
    let last = shop.get("/api/v1/events?limit=1000").json()["data"].as_array().unwrap().len() as u64;
    for (name, step, body, status, code) in [
        ("nothing", "pause", json!({}), 404, "not_found"),
        (hook.as_str(), "pause", json!({}), 409, "has_page"),
        ("site_checks", "replay", json!({}), 422, "required"),
        ("site_checks", "replay", json!({"after": 1, "since": "2026-01-01T00:00:00Z"}), 422, "required"),
        ("site_checks", "replay", json!({"after": 1_000_000}), 422, "out_of_range"),
        ("site_checks", "replay", json!({"after": -1}), 400, ""),
        ("site_checks", "replay", json!({"since": "yesterday"}), 422, "invalid_time"),
        ("site_checks", "resume", json!({"skipped": true}), 400, ""),
    ] {
        let refused = act(&shop, name, step, &body);
        assert!(
            (400..500).contains(&refused.status),
            "{name} {step} {body}: {} {}",
            refused.status,
            refused.body
        );
        if !code.is_empty() {
            assert_eq!(
                (refused.status, refused.code().as_str()),
                (status, code),
                "{name} {step} {body}: {}",
                refused.body
            );
        }
    }
    let page = "/admin/subscriptions/site_checks";
    for form in ["", "after=x", "after=1&since=2026-01-01", "since=31.12.2026", "after=99999999"] {
        let refused = shop.form(&format!("{page}/replay"), form, &cookie).expect(422).body;
        assert!(refused.contains("err"), "{form}: {refused}");
    }
    shop.form(&format!("{page}/resume"), "missed=perhaps", &cookie).expect(422);
    assert_eq!(shop.get("/api/v1/events?limit=1000").json()["data"].as_array().unwrap().len() as u64, last);
    // What has a page of its own is shown there.
    let sent = shop.page(&format!("/admin/subscriptions/{hook}"), &cookie).expect(303);
    assert_eq!(sent.header("location"), Some(format!("/admin/webhooks/{hook}").as_str()));
    let key = shop.key_with(&["system:view"]);
    let bearer = format!("Bearer {key}");
    let look =
        |path: &str, method: &str| shop.request(method, path, &[("authorization", &bearer)], None).status;
    assert_eq!(look("/api/v1/subscriptions", "GET"), 200);
    assert_eq!(look("/api/v1/subscriptions/site_checks/pause", "POST"), 403);
}

#[test]
fn mails_stand_still_go_on_and_are_made_of_events_again_each_once() {
    let server = mail::Server::open();
    let (shop, _home) = mail::shop_with(server.port, 0, "");
    let cookie = shop.sign_in(OWNER, PASSWORD);
    mail::switch_on(&shop, &cookie, mail::OF_ORDERS, &[]).expect(303);
    mail::place(&shop, "a", "anna@example.com");
    until("it arrived", || server.to("anna@example.com").len() == 1);
    shop.form("/admin/subscriptions/mail/pause", "", &cookie).expect(303);
    mail::place(&shop, "b", "ben@example.com");
    // Taken again from the beginning, what was sent stays sent once; paused, nothing is taken at all.
    act(&shop, "mail", "replay", &json!({"after": 0})).expect(200);
    assert_eq!(read(&shop, "mail")["paused_reason"], "Olga Owner paused it.");
    act(&shop, "mail", "resume", &json!({})).expect(200);
    until("it arrived", || server.to("ben@example.com").len() == 1);
    until("it has read everything", || read(&shop, "mail")["lag"] == 0);
    assert_eq!((server.to("anna@example.com").len(), server.to("ben@example.com").len()), (1, 1));
    // What came while they stood still can be left out.
    act(&shop, "mail", "pause", &json!({})).expect(200);
    mail::place(&shop, "c", "cleo@example.com");
    act(&shop, "mail", "resume", &json!({"skip": true})).expect(200);
    mail::place(&shop, "d", "dora@example.com");
    until("it arrived", || server.to("dora@example.com").len() == 1);
    assert!(server.to("cleo@example.com").is_empty());
}
