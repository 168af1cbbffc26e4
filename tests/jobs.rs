//! Work that goes on behind: one action for every order that matches, previewed, done, stopped, taken back, killed in the
//! middle; its list and its page; what a program sees of it.

use crate::harness::{Answer, OWNER, PASSWORD, Shop, encoded, least_order, succeed, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Brings orders in by a file, which is quicker than placing them.
fn fill(shop: &Shop, count: usize) {
    let mut rows =
        String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
    for n in 0..count {
        let (day, number) = (n % 27 + 1, 700_000 + n);
        rows.push_str(&format!(
            "{number},MUG-1,BLUE MUG,6,2010-11-{day:02} 08:26:00,2.50,{},United Kingdom\n",
            90_000 + n % 50
        ));
    }
    let file = shop.dir.parent().unwrap().join("orders.csv");
    std::fs::write(&file, rows).unwrap();
    succeed(&["import", "orders", "--from", "online-retail", file.to_str().unwrap(), "--data", shop.data()]);
    until("all are found", || shop.get("/api/v1/orders?limit=1&count=exact").json()["total"] == count);
}

fn count(shop: &Shop, query: &str) -> u64 {
    shop.get(&format!("/api/v1/orders?limit=1&count=exact&q={}", encoded(query))).expect(200).json()["total"]
        .as_u64()
        .unwrap()
}

fn act(shop: &Shop, action: &str, body: &Value) -> Answer {
    shop.send("POST", &format!("/api/v1/orders/bulk/{action}"), body, &[])
}

fn job(shop: &Shop, id: &str) -> Value {
    shop.get(&format!("/api/v1/jobs/{id}")).expect(200).json()
}

/// Waits until a job is over; gives it.
fn over(shop: &Shop, id: &str) -> Value {
    until("the job is over", || !["waiting", "running"].contains(&job(shop, id)["status"].as_str().unwrap()));
    job(shop, id)
}

/// What came of each row: order, result, words.
fn rows(shop: &Shop, id: &str, only: &str) -> Vec<Vec<String>> {
    let answer = shop.get(&format!("/api/v1/jobs/{id}/rows{only}")).expect(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/csv"));
    let mut reader = csv::Reader::from_reader(answer.body.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The page of the action that a form of the list began, when its check is over.
fn previewed(shop: &Shop, form: &str, cookie: &str) -> String {
    let page =
        shop.form("/admin/orders/bulk", form, cookie).expect(303).header("location").unwrap().to_owned();
    assert!(page.starts_with("/admin/orders/bulk/all/blk_"), "{page}");
    settled(shop, &page, cookie);
    page
}

/// Waits until nothing is being done on the page of an action.
fn settled(shop: &Shop, page: &str, cookie: &str) -> String {
    until("it is settled", || !shop.page(page, cookie).expect(200).body.contains("id=\"bar\""));
    plain(&shop.page(page, cookie).body)
}

fn plain(html: &str) -> String {
    html.replace('\u{a0}', " ").replace("&#x2f;", "/")
}

/// The page of an action on many orders that waits to be started, for the tour of the browser.
pub(crate) fn pages(shop: &Shop, cookie: &str) -> Vec<String> {
    let preview = previewed(shop, "action=pay&all=&from=/admin/orders", cookie);
    let done = previewed(shop, "action=tag&tag=toured&all=&from=/admin/orders", cookie);
    shop.form(&format!("{done}/start"), "", cookie).expect(303);
    settled(shop, &done, cookie);
    let job = shop.get("/api/v1/jobs?limit=1").json()["data"][0]["id"].as_str().unwrap().to_owned();
    let places = [
        "/admin/jobs",
        "/admin/jobs?state=failed",
        "/admin/jobs?of=events&state=waiting",
        "/admin/schedules",
        "/admin/schedules/backup",
        "/admin/subscriptions",
        "/admin/subscriptions/site_checks",
    ];
    let mut pages: Vec<String> = places.map(str::to_owned).to_vec();
    pages.extend([preview, done, format!("/admin/jobs/{job}")]);
    pages
}

#[test]
fn every_order_that_matches_is_previewed_changed_and_taken_back() {
    let shop = Shop::open();
    for n in 0..60 {
        let mut order = least_order(&format!("c{n}@example.com"), 100);
        order["tags"] = if n % 2 == 0 { json!(["even"]) } else { json!(["odd"]) };
        shop.place(&format!("k{n}"), &order).expect(201);
    }
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let list = plain(&shop.page("/admin/orders?limit=50", &cookie).expect(200).body);
    assert!(list.contains("Select all 60 that match"), "offered where there are more than are shown");
    assert!(!shop.page("/admin/orders?q=tag:even", &cookie).body.contains("Select all 3"));
    // Two of them are paid already.
    for order in shop.get("/api/v1/orders?q=tag:even&limit=2").json()["data"].as_array().unwrap() {
        shop.send("POST", &format!("/api/v1/orders/{}/pay", order["id"].as_str().unwrap()), &json!({}), &[])
            .expect(200);
    }
    let page = previewed(&shop, "action=pay&all=tag%3Aeven&from=/admin/orders%3Fq%3Dtag:even", &cookie);
    let text = settled(&shop, &page, &cookie);
    assert!(text.contains("28 orders will change") && text.contains("2 orders cannot"), "{text}");
    assert_eq!(count(&shop, "tag:even payment:paid"), 2, "nothing was changed by looking");
    assert_eq!(shop.get("/api/v1/events?kind=order.paid").json()["data"].as_array().unwrap().len(), 2);
    // What comes meanwhile is not in the list that was looked at.
    let mut late = least_order("late@example.com", 100);
    late["tags"] = json!(["even"]);
    shop.place("late", &late).expect(201);

    assert_eq!(
        shop.form(&format!("{page}/start"), "", &cookie).expect(303).header("location"),
        Some(page.as_str())
    );
    let text = settled(&shop, &page, &cookie);
    assert!(text.contains("Done for 28 orders, refused for 2"), "{text}");
    assert_eq!(count(&shop, "tag:even payment:paid"), 30);
    assert_eq!(count(&shop, "payment:paid"), 30, "and no other");
    shop.form(&format!("{page}/start"), "", &cookie).expect(303);
    assert_eq!(count(&shop, "payment:paid"), 30, "a second click starts nothing");
    // Every change bears the name of who wanted it.
    let paid = shop.get("/api/v1/events?kind=order.paid&limit=1000").json();
    let by_owner =
        paid["data"].as_array().unwrap().iter().filter(|e| e["actor"]["name"] == "Olga Owner").count();
    assert_eq!(by_owner, 28);
    let files: Vec<&str> = text.split('"').filter(|href| href.contains("rows.csv")).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    let refused = shop.page(files[1], &cookie).expect(200).body;
    assert_eq!(refused.lines().count(), 3, "{refused}");
    assert!(refused.contains("refused"), "{refused}");

    // Somebody changes one of them, so it stays; the rest goes back.
    let one = shop.get("/api/v1/orders?q=tag:even%20payment:paid&limit=1").json()["data"][0].clone();
    let number = one["number"].as_u64().unwrap();
    let was_by_hand = paid["data"]
        .as_array()
        .unwrap()
        .iter()
        .any(|e| e["actor"]["name"] != "Olga Owner" && e["subject"] == one["id"]);
    let other = shop.get("/api/v1/orders?q=tag:even%20payment:paid&limit=200").json();
    let touched = other["data"].as_array().unwrap().iter().find(|o| {
        o["number"].as_u64() != Some(number)
            && !paid["data"]
                .as_array()
                .unwrap()
                .iter()
                .any(|e| e["actor"]["name"] != "Olga Owner" && e["subject"] == o["id"])
    });
    let touched = if was_by_hand { touched.unwrap() } else { &one };
    let id = touched["id"].as_str().unwrap();
    shop.send("POST", &format!("/api/v1/orders/{id}/notes"), &json!({"text": "Called"}), &[]).expect(201);
    let undo =
        shop.form(&format!("{page}/undo"), "", &cookie).expect(303).header("location").unwrap().to_owned();
    let text = settled(&shop, &undo, &cookie);
    assert!(text.contains("Done for 27 orders, refused for 1"), "{text}");
    assert!(text.contains("It was changed since"), "{text}");
    assert_eq!(count(&shop, "payment:paid"), 3);
    let first = settled(&shop, &page, &cookie);
    assert!(first.contains("This was taken back") && !first.contains("/undo\""), "{first}");
    assert_eq!(
        shop.form(&format!("{page}/undo"), "", &cookie).expect(303).header("location"),
        Some(page.as_str())
    );
    assert!(!succeed(&["check", "--data", shop.data()]).contains("problem(s)"));
}

#[test]
fn a_preview_that_is_thrown_away_changes_nothing_and_a_query_with_a_mistake_is_refused() {
    let shop = Shop::open();
    shop.place("a", &least_order("a@example.com", 100)).expect(201);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let page = previewed(&shop, "action=tag&tag=x&all=&from=/admin/orders", &cookie);
    let answer = shop.form(&format!("{page}/discard"), "", &cookie).expect(303);
    assert_eq!(answer.header("location"), Some("/admin/orders"));
    assert_eq!(count(&shop, "tag:x"), 0);
    // The same wish a moment later is a new one; sent twice it is still one.
    let wish = "action=tag&tag=x&all=&from=/admin/orders";
    let next = previewed(&shop, wish, &cookie);
    assert_ne!(next, page);
    assert_eq!(previewed(&shop, wish, &cookie), next);
    let refused =
        shop.form("/admin/orders/bulk", "action=tag&tag=x&all=colur%3Anavy&from=/admin/orders", &cookie);
    assert!(refused.expect(422).body.contains("colur"));
    let empty = shop.form("/admin/orders/bulk", "action=tag&tag=&all=&from=/admin/orders", &cookie);
    assert!(empty.expect(422).body.contains("Write the tag first"));
    for wrong in [
        json!({}),
        json!({"q": "colur:navy", "tag": "x"}),
        json!({"q": "", "tag": ""}),
        json!({"q": 7, "tag": "x"}),
    ] {
        let status = act(&shop, "tag", &wrong).status;
        assert!((400..=422).contains(&status), "{wrong}: {status}");
    }
    assert_eq!(act(&shop, "complete", &json!({"q": "", "tag": "x"})).status, 422);
    act(&shop, "explode", &json!({"q": ""})).expect(404);
    assert_eq!(shop.get("/api/v1/jobs").json()["data"].as_array().unwrap().len(), 2, "only the previews");
}

/// A list on a page may show what was meant, because it says so; what acts takes a word as it stands.
#[test]
fn a_mistyped_name_acts_on_nobody_else() {
    let shop = Shop::open();
    for (key, name) in [("a", "Anna Bergmann"), ("b", "Bodo Bergmann")] {
        let mut order = least_order(&format!("{key}@example.com"), 100);
        order["shipping_address"] =
            json!({"name": name, "line1": "Weg 1", "postcode": "10119", "city": "Berlin", "country": "DE"});
        shop.place(key, &order).expect(201);
    }
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let list = plain(&shop.page("/admin/orders?q=Bergmnn&limit=1", &cookie).expect(200).body);
    assert!(list.contains("Showing “Bergmann” for “Bergmnn”") && list.contains("#10002<"), "{list}");
    assert!(!list.contains("that match"), "{list}");
    assert_eq!((count(&shop, "Bergmann"), count(&shop, "Bergmnn")), (2, 0));
    for (action, body) in [
        ("cancel", json!({"q": "Bergmnn", "reason": "other"})),
        ("tag", json!({"q": "status:open Bergmnn", "tag": "x"})),
    ] {
        let begun = act(&shop, action, &body).expect(202).json();
        let done = over(&shop, begun["job"].as_str().unwrap());
        assert_eq!((&done["status"], &done["result"]), (&json!("done"), &json!("0 changed.")), "{done}");
    }
    let page = previewed(&shop, "action=cancel&reason=other&all=Bergmnn&from=/admin/orders", &cookie);
    let text = settled(&shop, &page, &cookie);
    assert!(!text.contains("2 orders will change"), "{text}");
    assert_eq!((count(&shop, "status:cancelled"), count(&shop, "tag:x")), (0, 0));
    let begun = act(&shop, "tag", &json!({"q": "Bergmann", "tag": "x"})).expect(202).json();
    over(&shop, begun["job"].as_str().unwrap());
    assert_eq!(count(&shop, "tag:x"), 2);
}

#[test]
fn a_program_starts_it_and_follows_it_by_its_address() {
    let shop = Shop::open();
    fill(&shop, 120);
    let body = json!({"q": "", "tag": "seen"});
    let begin =
        || shop.send("POST", "/api/v1/orders/bulk/tag", &body, &[("idempotency-key", "once")]).expect(202);
    let answer = begin();
    let place = answer.header("location").unwrap().to_owned();
    assert_eq!(answer.json()["job_url"], json!(place));
    assert_eq!(begin().json(), answer.json(), "the same key is the same job");
    let id = place.rsplit('/').next().unwrap();
    let done = over(&shop, id);
    assert_eq!((&done["status"], &done["result"]), (&json!("done"), &json!("120 changed.")), "{done}");
    assert_eq!(
        (&done["progress"], &done["total"], &done["title"]),
        (&json!(120), &json!(120), &json!("Add tag seen"))
    );
    assert_eq!(done["rows"]["changed"], 120);
    assert!(done["rows"]["url_expires_at"].is_string());
    assert_eq!(rows(&shop, id, "").len(), 120);
    assert_eq!(rows(&shop, id, "?only=failed").len(), 0);
    assert_eq!(shop.get(&format!("/api/v1/jobs/{id}/rows?only=some")).status, 422);
    assert_eq!(count(&shop, "tag:seen"), 120);
    shop.send("POST", &format!("/api/v1/jobs/{id}/retry"), &json!({}), &[]).expect(409);
    shop.send("POST", &format!("/api/v1/jobs/{id}/cancel"), &json!({}), &[]).expect(409);
    // Its events stand under the action's own id, in the name of who asked for it.
    let bulk = answer.json()["bulk"].as_str().unwrap().to_owned();
    let kinds = shop.get(&format!("/api/v1/events?subject={bulk}")).json();
    assert!(kinds["data"].as_array().unwrap().iter().all(|event| event["actor"]["kind"] == "key"), "{kinds}");
    let kinds: Vec<_> = kinds["data"].as_array().unwrap().iter().map(|e| e["kind"].clone()).collect();
    assert_eq!(kinds, ["bulk.started", "bulk.ended"]);

    // A key sees its own jobs, one that looks at the system all.
    let editor = shop.key_with(&["orders:edit"]);
    let get = |key: &str, path: &str| {
        shop.request("GET", path, &[("authorization", &format!("Bearer {key}"))], None)
    };
    get(&editor, &place).expect(404);
    assert_eq!(get(&editor, "/api/v1/jobs").expect(200).json()["data"], json!([]));
    get(&shop.key_with(&["system:view"]), &place).expect(200);
    let cancel = |key: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        shop.request("POST", &format!("{place}/cancel"), &headers, Some(b"{}")).status
    };
    assert_eq!((cancel(&editor), cancel(&shop.key_with(&["system:view"]))), (403, 403));
    assert_eq!(cancel(&shop.key_with(&["system:view", "jobs:manage"])), 409, "it is over");
    // The list goes on where a page ended.
    act(&shop, "untag", &body).expect(202);
    let page = shop.get("/api/v1/jobs?limit=1").json();
    let next = page["next_cursor"].as_str().unwrap();
    let rest = shop.get(&format!("/api/v1/jobs?limit=1&after={next}")).json();
    assert_eq!((&rest["data"][0]["id"], &rest["has_more"]), (&json!(id), &json!(false)));
    assert_eq!(shop.get("/api/v1/jobs?status=strange").status, 422);
    assert_eq!(shop.get("/api/v1/jobs?after=strange").status, 422);
}

/// Tags, or takes the tag away, and kills the program in the middle; false when it was too quick to be caught.
fn killed_in_the_middle(shop: &mut Shop, action: &str, orders: u64) -> bool {
    let started = act(shop, action, &json!({"q": "", "tag": "k"})).expect(202).json();
    let id = started["job"].as_str().unwrap().to_owned();
    let mut seen = 0;
    until("some are done", || {
        let job = job(shop, &id);
        seen = job["rows"]["changed"].as_u64().unwrap();
        seen > 0
    });
    shop.kill();
    shop.start();
    let done = over(shop, &id);
    assert_eq!(done["rows"]["changed"], orders, "{done}");
    assert_eq!(done["result"], format!("{} changed.", grouped(orders)));
    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    for row in rows(shop, &id, "") {
        *told.entry(row[0].clone()).or_default() += 1;
        assert_eq!(row[1], "changed");
    }
    assert_eq!(told.len() as u64, orders, "each is told of");
    assert!(told.values().all(|times| *times == 1), "and once");
    done["tries"].as_u64().unwrap() > 1
}

#[test]
fn killed_in_the_middle_it_goes_on_and_changes_no_order_twice() {
    let mut shop = Shop::open();
    let orders = 1_500;
    fill(&shop, 1_500);
    let mut times = 0;
    let caught = ["tag", "untag", "tag", "untag"].into_iter().any(|action| {
        times += 1;
        killed_in_the_middle(&mut shop, action, orders)
    });
    assert!(caught, "it was never caught in the middle");
    // Every order has as many changes in the log as actions were done, whatever was killed.
    let (mut after, mut changes) = (0, BTreeMap::<String, u32>::new());
    loop {
        let page = shop.get(&format!("/api/v1/events?kind=order.changed&limit=1000&after={after}")).json();
        for event in page["data"].as_array().unwrap() {
            *changes.entry(event["subject"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        after = page["next_after"].as_u64().unwrap();
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(changes.len() as u64, orders);
    assert!(changes.values().all(|count| *count == times), "{times}: {changes:?}");
    shop.stop();
    succeed(&["check", "--data", shop.data()]);
}

#[test]
fn it_can_be_stopped_goes_on_and_ends_when_its_owner_may_not_any_more() {
    let shop = Shop::open();
    fill(&shop, 1_500);
    let add = |email: &str, role: &str| {
        shop.add_staff(email, role, role);
        shop.sign_in(email, PASSWORD)
    };
    let support = add("s@example.com", "support");
    let reader = add("r@example.com", "read_only");
    let page = previewed(&shop, "action=tag&tag=z&all=&from=/admin/orders", &support);
    assert_eq!(shop.form(&format!("{page}/start"), "", &reader).status, 403);
    assert!(
        !shop.page(&page, &reader).expect(200).body.contains("/start\""),
        "who only looks is offered nothing"
    );
    shop.form(&format!("{page}/start"), "", &support).expect(303);
    let done = || count(&shop, "tag:z");
    until("some are done", || done() > 0);
    shop.form(&format!("{page}/stop"), "", &support).expect(303);
    let text = settled(&shop, &page, &support);
    let stopped = done();
    assert!(stopped < 1_500 && text.contains("Stopped"), "{stopped} {text}");
    assert!(text.contains(&format!("{} of 1,500 orders were changed", grouped(stopped))), "{text}");
    // It shows among their own jobs, and no other's.
    let jobs = plain(&shop.page("/admin/jobs", &support).expect(200).body);
    assert!(jobs.contains("Add tag z") && jobs.contains("Preview: Add tag z"), "{jobs}");
    assert!(!shop.page("/admin/jobs", &add("p@example.com", "packer")).body.contains("Add tag z"));
    assert!(shop.page("/admin/jobs", &reader).body.contains("Add tag z"), "who looks at the system sees all");

    shop.form(&format!("{page}/resume"), "", &support).expect(303);
    until("it went on", || done() > stopped);
    succeed(&["staff", "deactivate", "s@example.com", "--data", shop.data()]);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let text = settled(&shop, &page, &cookie);
    let at_end = done();
    if at_end < 1_500 {
        assert!(text.contains("may not do this any more"), "{text}");
        shop.form(&format!("{page}/resume"), "", &cookie).expect(303);
        settled(&shop, &page, &cookie);
    }
    assert_eq!(done(), 1_500);
}

/// There would be no way back from what it did after it was taken back.
#[test]
fn one_that_was_stopped_and_taken_back_does_not_go_on() {
    let shop = Shop::open();
    fill(&shop, 1_500);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let page = previewed(&shop, "action=tag&tag=z&all=&from=/admin/orders", &cookie);
    for early in ["undo", "again"] {
        shop.form(&format!("{page}/{early}"), "", &cookie).expect(303);
    }
    shop.form(&format!("{page}/start"), "", &cookie).expect(303);
    until("some are done", || count(&shop, "tag:z") > 0);
    shop.form(&format!("{page}/stop"), "", &cookie).expect(303);
    settled(&shop, &page, &cookie);
    let undo = shop.form(&format!("{page}/undo"), "", &cookie).expect(303);
    settled(&shop, undo.header("location").unwrap(), &cookie);
    until("it is taken back", || count(&shop, "tag:z") == 0);
    let text = settled(&shop, &page, &cookie);
    assert!(text.contains("This was taken back") && !text.contains("/resume\""), "{text}");
    shop.form(&format!("{page}/resume"), "", &cookie).expect(303);
    settled(&shop, &page, &cookie);
    assert_eq!(count(&shop, "tag:z"), 0);
    assert!(!succeed(&["check", "--data", shop.data()]).contains("problem(s)"));
}

/// `1,500`
fn grouped(n: u64) -> String {
    if n < 1_000 { n.to_string() } else { format!("{},{:03}", n / 1_000, n % 1_000) }
}

#[test]
fn the_stream_of_a_tab_tells_of_progress_and_of_the_end() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let shop = Shop::open();
    fill(&shop, 600);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let address = shop.url.trim_start_matches("http://").to_owned();
    let mut socket = std::net::TcpStream::connect(&address).unwrap();
    write!(socket, "GET /admin/jobs/stream HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nsec-fetch-site: same-origin\r\n\r\n")
        .unwrap();
    let lines = BufReader::new(socket).lines().map_while(Result::ok);
    let mut told = lines.filter_map(|line| {
        line.strip_prefix("data: ").map(|data| serde_json::from_str::<Value>(data).unwrap())
    });
    assert_eq!(told.next().unwrap(), json!({"running": 0, "over": []}));
    act(&shop, "tag", &json!({"q": "", "tag": "s"})).expect(202);
    let end = told.find(|told| told["over"].as_array().is_some_and(|over| !over.is_empty())).unwrap();
    assert_eq!(end["over"], json!([{"text": "Add tag s: 600 changed.", "good": true}]));
}
