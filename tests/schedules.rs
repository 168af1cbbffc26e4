//! Schedules on their pages: when next, done now, paused, changed; the daily backup as one of them.

use crate::harness::{OWNER, PASSWORD, Shop, succeed, until};
use serde_json::{Value, json};

fn plain(html: &str) -> String {
    html.replace('\u{a0}', " ").replace("&#x2f;", "/")
}

fn job(shop: &Shop, kind: &str) -> Value {
    shop.get(&format!("/api/v1/jobs?kind={kind}&limit=1")).expect(200).json()["data"][0].clone()
}

#[test]
fn a_schedule_is_run_now_paused_changed_and_says_when_it_is_due() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let list = plain(&shop.page("/admin/schedules", &cookie).expect(200).body);
    for words in ["Every day at 03:00, UTC", "Every day at 04:30, UTC", "Every day at 04:45, UTC", "not yet"]
    {
        assert!(list.contains(words), "{words}: {list}");
    }
    let ran = shop.form("/admin/schedules/tidy-up/run", "", &cookie).expect(303);
    assert!(ran.header("location").unwrap().starts_with("/admin/jobs/job_"));
    until("it was done", || job(&shop, "tidy_up")["status"] == "done");
    let done = job(&shop, "tidy_up");
    assert_eq!(
        (&done["result"], &done["started_by"]),
        (&json!("0 jobs were forgotten."), &json!("Olga Owner"))
    );
    let list = plain(&shop.page("/admin/schedules", &cookie).body);
    assert!(list.contains("0 jobs were forgotten."), "{list}");

    let page = "/admin/schedules/tidy-up";
    let refused = shop.form(page, "cron=30+25+*+*+*&missed=skip", &cookie).expect(422).body;
    assert!(
        refused.contains("hour: “25” is no number from 0 to 23.") && refused.contains("30 25 * * *"),
        "{refused}"
    );
    assert_eq!(shop.form(page, "cron=30+2+*+*+*&missed=never", &cookie).status, 422);
    // By the clocks of the shop: in Berlin half past two does not exist once a year, and comes twice once.
    let settings = shop.page("/admin/settings", &cookie).expect(200).body;
    let version = settings.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = format!("shop=Lumo&zone=Europe/Berlin&currency=EUR&country=DE&version={version}");
    shop.form("/admin/settings", &form, &cookie).expect(303);
    shop.form(page, "cron=30+2+*+*+*&missed=skip", &cookie).expect(303);
    let shown = plain(&shop.page(page, &cookie).expect(200).body);
    for words in [
        "Every day at 02:30, Europe/Berlin",
        "02:30 does not exist; it is due at 03:00.",
        "comes twice",
        "30 4 * * *",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(shown.matches(", 02:30").count(), 3, "the next three times: {shown}");
    let changed = shop.get("/api/v1/events?kind=schedule.changed").json()["data"][0].clone();
    assert_eq!(changed["data"]["before"]["cron"], "30 4 * * *");
    assert_eq!(changed["data"]["after"], json!({"cron": "30 2 * * *", "missed": "skip", "paused": false}));
    shop.form(&format!("{page}/pause"), "", &cookie).expect(303);
    let home = plain(&shop.page("/admin", &cookie).expect(200).body);
    assert!(home.contains("Tidy up is paused") && home.contains("badge warn half\">Paused"), "{home}");
    assert!(shop.page("/admin/schedules", &cookie).body.contains("Paused"));
    shop.form(&format!("{page}/resume"), "", &cookie).expect(303);
    assert!(!shop.page("/admin/schedules", &cookie).body.contains("Paused"));
    assert_eq!(shop.page("/admin/schedules/nothing", &cookie).status, 404);
    // Who looks at the system sees them and changes nothing.
    shop.add_staff("r@example.com", "R", "read_only");
    let reader = shop.sign_in("r@example.com", PASSWORD);
    assert!(!shop.page("/admin/schedules", &reader).expect(200).body.contains("/run\""));
    assert_eq!(shop.form(&format!("{page}/run"), "", &reader).status, 403);
}

#[test]
fn the_daily_backup_is_a_schedule_and_the_configuration_its_usual_time() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    std::fs::write(&config, "[backup]\nhour = 5\ndelay_seconds = 0\n").unwrap();
    let shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    // The first one is due at once: there is none.
    until("it was made", || job(&shop, "backup")["status"] == "done");
    let made = job(&shop, "backup");
    assert!(made["result"].as_str().unwrap().contains("was restored on trial"), "{made}");
    assert_eq!(made["started_by"], "Schedule: Daily backup");
    let newest = || {
        let kept = succeed(&["backup", "list", "--json", "--data", shop.data()]);
        serde_json::from_str::<Value>(kept.lines().next().unwrap()).unwrap()["file"].clone()
    };
    let first = newest();
    let page = plain(&shop.page("/admin/schedules/backup", &cookie).expect(200).body);
    assert!(page.contains("Every day at 05:00"), "{page}");
    shop.form("/admin/schedules/backup", "cron=0+6+*+*+sun&missed=run", &cookie).expect(303);
    let page = plain(&shop.page("/admin/schedules/backup", &cookie).body);
    assert!(page.contains("Every Sunday at 06:00") && page.contains("0 5 * * *"), "{page}");
    shop.form("/admin/schedules/backup/run", "", &cookie).expect(303);
    until("another was made", || {
        let newest = job(&shop, "backup");
        newest["id"] != made["id"] && newest["status"] == "done"
    });
    assert_ne!(newest(), first);
}

#[test]
fn a_backup_that_is_switched_off_rests_until_somebody_lets_it_run() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    std::fs::write(&config, "[backup]\nenabled = false\ndelay_seconds = 0\n[events]\nfeed_days = 0\n")
        .unwrap();
    let shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let list = plain(&shop.page("/admin/schedules", &cookie).body);
    assert!(list.contains("backup.enabled") && list.contains("events.feed_days"), "{list}");
    assert_eq!(job(&shop, "backup"), Value::Null);
    shop.form("/admin/schedules/backup/resume", "", &cookie).expect(303);
    until("it was made", || job(&shop, "backup")["status"] == "done");
}

#[test]
fn a_schedule_that_failed_says_so_where_it_is_seen_until_it_has_run_well() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    std::fs::write(&config, "[backup]\ndelay_seconds = 3600\n").unwrap();
    let shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let ready =
        || shop.request("GET", "/readyz", &[], None).expect(200).json()["checks"]["schedules"].clone();
    assert_eq!(ready(), "ok");
    let front = plain(&shop.page("/admin", &cookie).expect(200).body);
    assert!(front.contains("<dt>Schedules</dt>") && front.contains("On time"), "{front}");
    // Where backups lie there is a file: none can be made.
    let backups = shop.dir.join("backups");
    if backups.exists() {
        std::fs::remove_dir_all(&backups).unwrap();
    }
    std::fs::write(&backups, "in the way").unwrap();
    shop.form("/admin/schedules/backup/run", "", &cookie).expect(303);
    until("it failed", || job(&shop, "backup")["error"].is_string());
    until("that is seen", || ready() == "failing");
    let front = plain(&shop.page("/admin", &cookie).expect(200).body);
    assert!(front.contains("Daily backup failed last time"), "{front}");
    assert!(front.contains(r#"Schedules<span class="n">1<"#), "the navigation counts it: {front}");
    assert!(plain(&shop.page("/admin/schedules", &cookie).body).contains("Failed last time"));
    std::fs::remove_file(&backups).unwrap();
    let failed = job(&shop, "backup")["id"].as_str().unwrap().to_owned();
    shop.form(&format!("/admin/jobs/{failed}/retry"), "", &cookie).expect(303);
    until("it was made", || job(&shop, "backup")["status"] == "done");
    assert_eq!(ready(), "ok");
    assert!(plain(&shop.page("/admin", &cookie).body).contains("On time"));
}

#[test]
fn the_feed_says_how_far_back_it_goes() {
    let shop = Shop::open();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    assert_eq!(shop.get("/api/v1/events?limit=1").expect(200).json()["oldest_seq"], 1);
    shop.form("/admin/schedules/feed/run", "", &cookie).expect(303);
    until("it was done", || job(&shop, "feed_retention")["status"] == "done");
    assert_eq!(job(&shop, "feed_retention")["result"], "The feed begins at event 1.");
    assert_eq!(shop.get("/api/v1/events?after=0&limit=1").expect(200).json()["oldest_seq"], 1);
}
