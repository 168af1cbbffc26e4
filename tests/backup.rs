//! Backups through the real program: made while the shop serves, proved, restored after a loss.

use crate::harness::{Shop, backroom, least_order, succeed, until};
use crate::orders::total;
use serde_json::Value;
use std::path::PathBuf;

/// The lines of an answer as JSON.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn create(shop: &Shop) -> (PathBuf, u64) {
    let made = lines(&succeed(&["backup", "create", "--json", "--data", shop.data()])).remove(0);
    (PathBuf::from(made["file"].as_str().unwrap()), made["seq"].as_u64().unwrap())
}

fn place(shop: &Shop, from: i64, to: i64) {
    for i in from..to {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100 + i)).expect(201);
    }
}

fn text(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_lost_shop_comes_back_as_it_was_when_the_backup_was_made() {
    let mut shop = Shop::open();
    let data = shop.data().to_owned();
    place(&shop, 0, 30);
    let first = shop.place("k3", &least_order("c3@example.com", 103));
    let (file, seq) = create(&shop);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let listed = lines(&succeed(&["backup", "list", "--json", "--data", &data]));
    assert_eq!(
        (listed.len(), &listed[0]["file"], &listed[0]["seq"]),
        (1, &name.as_str().into(), &seq.into())
    );
    assert!(listed[0]["verified_at"].is_null());

    // Proved while the shop serves; in a process of its own, with nothing left of it.
    let good = succeed(&["backup", "verify", &name, "--data", &data]);
    assert!(good.contains("good: "), "{good}");
    assert!(succeed(&["backup", "list", "--data", &data]).contains("verified 20"));
    assert_eq!(
        std::fs::read_dir(shop.dir.join("tmp"))
            .unwrap()
            .filter(|e| { e.as_ref().unwrap().file_name().to_string_lossy().starts_with("verify-") })
            .count(),
        0
    );

    place(&shop, 30, 40);
    assert_eq!(total(&shop, ""), 40);
    let refused = backroom(&["backup", "restore", &name, "--data", &data]);
    assert_eq!(refused.status.code(), Some(75), "{}", text(&refused));
    assert!(text(&refused).contains("A server runs"), "{}", text(&refused));
    assert_eq!(total(&shop, ""), 40);

    shop.kill();
    let restored = succeed(&["backup", "restore", &name, "--json", "--data", &data]);
    let restored = lines(&restored).remove(0);
    assert_eq!(restored["seq"], seq);
    assert!(PathBuf::from(restored["before"].as_str().unwrap()).is_file());
    assert!(succeed(&["check", "--data", &data]).contains("no problem"));
    shop.start();
    until("the index is there", || total(&shop, "") == 30);
    assert_eq!((total(&shop, "email:c7@example.com"), total(&shop, "email:c33@example.com")), (1, 0));
    // A client that repeats an order from before the backup gets the same answer, not a second order.
    let again = shop.place("k3", &least_order("c3@example.com", 103));
    assert_eq!((again.status, again.json()["id"].clone()), (first.status, first.json()["id"].clone()));
    place(&shop, 30, 33);
    assert_eq!(total(&shop, ""), 33);
    assert_eq!(shop.stop(), Some(0));
    assert!(succeed(&["check", "--data", &data]).contains("no problem"));

    // Into an empty directory, and the state before the restore is still there.
    let other = tempfile::tempdir().unwrap();
    let other_data = other.path().join("shop").to_str().unwrap().to_owned();
    succeed(&["backup", "restore", file.to_str().unwrap(), "--data", &other_data]);
    assert_eq!(succeed(&["export", "orders", "--data", &other_data]).lines().count(), 31);
    std::fs::copy(restored["before"].as_str().unwrap(), other.path().join("shop/store.redb")).unwrap();
    assert_eq!(
        succeed(&["export", "orders", "--format", "jsonl", "--data", &other_data]).lines().count(),
        40
    );
}

#[test]
fn a_damaged_backup_is_refused_and_nothing_changes() {
    let mut shop = Shop::open();
    let data = shop.data().to_owned();
    place(&shop, 0, 10);
    let (file, _) = create(&shop);
    assert_eq!(shop.stop(), Some(0));
    succeed(&["backup", "verify", file.to_str().unwrap(), "--data", &data]);
    let good = std::fs::read(&file).unwrap();
    let store = std::fs::read(shop.dir.join("store.redb")).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 0x10;
    let bad: [(&[u8], &str); 4] = [
        (&flipped, "does not match its checksum"),
        (&good[..good.len() - 1], "cut off"),
        (&[good.as_slice(), b"x"].concat(), "something follows its end"),
        (b"PK\x03\x04 is a zip file, which is another thing", "no backup"),
    ];
    for (bytes, why) in bad {
        std::fs::write(&file, bytes).unwrap();
        for verb in ["verify", "restore"] {
            let refused = backroom(&["backup", verb, file.to_str().unwrap(), "--data", &data]);
            assert_eq!(refused.status.code(), Some(5), "{verb}: {}", text(&refused));
            assert!(text(&refused).contains(why), "{verb}: {}", text(&refused));
        }
        // It was good once; it is not said to be any more.
        assert!(lines(&succeed(&["backup", "list", "--json", "--data", &data]))[0]["verified_at"].is_null());
        assert!(std::fs::read(shop.dir.join("store.redb")).unwrap() == store);
        assert!(shop.dir.join("index").is_dir());
    }
    let none = backroom(&["backup", "verify", "backroom-1.brb", "--data", &data]);
    assert!(none.status.code() == Some(1) && text(&none).contains("There is no backup"), "{}", text(&none));
    shop.start();
    assert_eq!(total(&shop, ""), 10);
}

/// The older one and the journal behind it are the same moment.
#[test]
fn a_damaged_newest_backup_is_passed_over() {
    for damaged in ["head", "middle", "all"] {
        let mut shop = Shop::open();
        let data = shop.data().to_owned();
        place(&shop, 0, 5);
        let (first, _) = create(&shop);
        place(&shop, 5, 10);
        let (newest, _) = create(&shop);
        place(&shop, 10, 12);
        shop.kill();
        let flip = |file: &PathBuf, at: usize| {
            let mut bytes = std::fs::read(file).unwrap();
            bytes[at] ^= 0x10;
            std::fs::write(file, bytes).unwrap();
        };
        let middle = std::fs::metadata(&newest).unwrap().len() as usize / 2;
        flip(&newest, if damaged == "head" { 40 } else { middle });
        let name = newest.file_name().unwrap().to_str().unwrap();
        if damaged == "all" {
            flip(&first, middle);
            let refused = backroom(&["backup", "restore", "--data", &data]);
            assert!(!refused.status.success() && text(&refused).contains("No backup"), "{}", text(&refused));
            assert_eq!(succeed(&["export", "orders", "--data", &data]).lines().count(), 13);
            continue;
        }
        let done = backroom(&["backup", "restore", "--data", &data]);
        assert!(done.status.success(), "{damaged}: {}", text(&done));
        assert!(
            text(&done).contains(&format!("{name} is damaged"))
                && text(&done).contains("an older backup is taken"),
            "{}",
            text(&done)
        );
        shop.start();
        until("the index is there", || total(&shop, "") == 12);
    }
}

/// Without the journal an older one is another moment, and that is no answer to what was asked.
#[test]
fn a_damaged_newest_backup_is_not_passed_over_for_an_earlier_moment() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("backroom.toml");
    std::fs::write(&config, "[backup]\njournal = false\ndelay_seconds = 3600\n").unwrap();
    let config = config.to_str().unwrap();
    let mut shop = Shop::open_with(&["--config", config]);
    place(&shop, 0, 5);
    let (first, _) = create(&shop);
    place(&shop, 5, 10);
    let (newest, _) = create(&shop);
    shop.kill();
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(&newest, bytes).unwrap();
    // The backups alone, as they are on another machine.
    let (copies, new) = (home.path().join("copies"), home.path().join("new"));
    std::fs::create_dir(&copies).unwrap();
    for file in [&first, &newest] {
        std::fs::copy(file, copies.join(file.file_name().unwrap())).unwrap();
    }
    let (copies, new) = (copies.to_str().unwrap(), new.to_str().unwrap());
    let restore = |more: &[&str]| {
        backroom(
            &[&["backup", "restore", "--from", copies, "--data", new, "--config", config], more].concat(),
        )
    };
    let refused = restore(&[]);
    let (said, name) = (text(&refused), first.file_name().unwrap().to_str().unwrap());
    assert!(!refused.status.success() && said.contains("is damaged") && said.contains(name), "{said}");
    assert!(said.contains("Nothing was changed."), "{said}");
    let done = restore(&[name]);
    assert!(
        done.status.success() && text(&done).contains("Mails and webhooks stand still"),
        "{}",
        text(&done)
    );
    assert_eq!(succeed(&["export", "orders", "--data", new]).lines().count(), 6);
}

#[test]
fn two_backups_with_each_others_names_are_noticed() {
    let mut shop = Shop::open();
    let data = shop.data().to_owned();
    place(&shop, 0, 3);
    let (first, _) = create(&shop);
    place(&shop, 3, 6);
    let (second, _) = create(&shop);
    place(&shop, 6, 8);
    let (third, _) = create(&shop);
    shop.kill();
    let aside = first.with_extension("aside");
    for (from, to) in [(&first, &aside), (&third, &first), (&aside, &third)] {
        std::fs::rename(from, to).unwrap();
    }
    for file in [&first, &third] {
        let refused = backroom(&["backup", "verify", file.to_str().unwrap(), "--data", &data]);
        assert_eq!(refused.status.code(), Some(5), "{}", text(&refused));
        assert!(text(&refused).contains("the name of another one"), "{}", text(&refused));
    }
    succeed(&["backup", "verify", second.to_str().unwrap(), "--data", &data]);
    let done = backroom(&["backup", "restore", "--data", &data]);
    assert!(done.status.success() && text(&done).contains("an older backup is taken"), "{}", text(&done));
    assert_eq!(succeed(&["export", "orders", "--data", &data]).lines().count(), 9);
}

/// What a restore that was cut off leaves, or a disk that lost the file's content.
#[test]
fn a_database_without_content_costs_nothing_that_the_journal_holds() {
    let mut shop = Shop::open();
    let data = shop.data().to_owned();
    place(&shop, 0, 5);
    create(&shop);
    place(&shop, 5, 8);
    shop.kill();
    std::fs::write(shop.dir.join("store.redb"), b"").unwrap();
    for command in ["recover", "check"] {
        let refused = backroom(&[command, "--data", &data]);
        assert_eq!(refused.status.code(), Some(5), "{command}: {}", text(&refused));
        assert!(text(&refused).contains("missing or empty"), "{command}: {}", text(&refused));
    }
    succeed(&["backup", "restore", "--data", &data]);
    shop.start();
    until("the index is there", || total(&shop, "") == 8);
}

#[test]
fn the_backup_of_another_shop_takes_no_shops_place_unasked() {
    let other = Shop::open();
    place(&other, 0, 2);
    let (file, _) = create(&other);
    let mut shop = Shop::open();
    place(&shop, 0, 5);
    let (own, _) = create(&shop);
    shop.kill();
    let file = file.to_str().unwrap();
    let refused = backroom(&["backup", "restore", file, "--data", shop.data()]);
    assert!(!refused.status.success() && text(&refused).contains("another shop"), "{}", text(&refused));
    succeed(&["backup", "restore", own.to_str().unwrap(), "--data", shop.data()]);
    shop.start();
    until("it is the same shop", || total(&shop, "") == 5);
    shop.kill();
    succeed(&["backup", "restore", "--force", file, "--data", shop.data()]);
    assert_eq!(succeed(&["export", "orders", "--data", shop.data()]).lines().count(), 3);
}

#[test]
fn a_running_shop_makes_proves_and_tidies_its_backups_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    let settings = "[backup]\ndelay_seconds = 0\nkeep_daily = 0\nkeep_weekly = 0\nkeep_monthly = 0\n";
    std::fs::write(&config, format!("{settings}key = \"a key of the owner alone\"\n")).unwrap();
    let config = config.to_str().unwrap().to_owned();
    let mut shop = Shop::open_with(&["--config", &config]);
    let data = shop.data().to_owned();
    let list = || lines(&succeed(&["backup", "list", "--json", "--data", &data]));
    until("a backup is made and verified", || {
        list().first().is_some_and(|kept| !kept["verified_at"].is_null())
    });
    let first = list().remove(0);
    // It is encrypted: without the key it is of no use to anybody.
    let file = first["file"].as_str().unwrap().to_owned();
    let locked = backroom(&["backup", "verify", &file, "--data", &data]);
    assert!(locked.status.code() == Some(1) && text(&locked).contains("backup.key"), "{}", text(&locked));
    succeed(&["backup", "verify", &file, "--data", &data, "--config", &config]);
    // One a day is enough, also after a restart.
    assert_eq!(shop.stop(), Some(0));
    shop.start();
    place(&shop, 0, 3);
    assert_eq!(list().len(), 1);
    // Nothing is to be kept here, but the newest stays, and the newest that is known to be good.
    let made: Vec<u64> = (0..2).map(|_| create(&shop).1).collect();
    assert_eq!(list().len(), 3);
    let gone = succeed(&["backup", "prune", "--dry-run", "--json", "--data", &data, "--config", &config]);
    assert_eq!((lines(&gone).len(), list().len()), (1, 3));
    succeed(&["backup", "prune", "--data", &data, "--config", &config]);
    let left = list();
    assert_eq!((left.len(), left[0]["seq"].as_u64(), &left[1]["file"]), (2, Some(made[1]), &first["file"]));
}

/// A private S3 server on a free port, or `None` where it is not installed.
pub(crate) struct Storage {
    child: std::process::Child,
    pub(crate) url: String,
}

impl Storage {
    pub(crate) fn start() -> Option<Self> {
        let place = crate::harness::project("target/parts/moto");
        if !crate::harness::part("an S3 server (moto)", place.is_dir()) {
            return None;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = std::process::Command::new("python3")
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .env("PYTHONPATH", &place)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let storage = Self { child, url: format!("http://127.0.0.1:{port}") };
        let address = storage.url.trim_start_matches("http://").to_owned();
        until("the S3 server answers", || std::net::TcpStream::connect(&address).is_ok());
        Some(storage)
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_proved_backup_is_copied_to_the_storage_and_comes_back_from_there() {
    let Some(storage) = Storage::start() else { return };
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("backroom.toml");
    let text = format!(
        "[backup]\ndelay_seconds = 1\ns3_endpoint = \"{}\"\ns3_bucket = \"copies\"\ns3_prefix = \"shop/\"\n\
         s3_access_key = \"testing\"\ns3_secret_key = \"canary-7f1e\"\n",
        storage.url
    );
    std::fs::write(&config, text).unwrap();
    crate::harness::request(&format!("{}/copies", storage.url), "PUT", &[], Some(b"")).expect(200);
    let shop = Shop::open_with(&["--config", config.to_str().unwrap()]);
    let copied = || {
        let listed = succeed(&["backup", "list", "--json", "--data", shop.data()]);
        let first: Value = serde_json::from_str(listed.lines().next()?).ok()?;
        first["copied"]["to"].as_str().map(|to| (to.to_owned(), first["file"].as_str().unwrap().to_owned()))
    };
    until("the backup is copied", || copied().is_some());
    let (to, file) = copied().unwrap();
    assert_eq!(to, format!("{}/copies/shop/{file}", storage.url));
    let bucket =
        rusty_s3::Bucket::new(storage.url.parse().unwrap(), rusty_s3::UrlStyle::Path, "copies", "us-east-1")
            .unwrap();
    let keys = rusty_s3::Credentials::new("testing", "canary-7f1e");
    let key = format!("shop/{file}");
    let get = bucket.get_object(Some(&keys), &key);
    let signed = rusty_s3::S3Action::sign(&get, std::time::Duration::from_secs(60));
    let body = ureq::get(signed.as_str()).call().unwrap().body_mut().read_to_vec().unwrap();
    let fetched = home.path().join("fetched.brb");
    std::fs::write(&fetched, &body).unwrap();
    let here = std::path::Path::new(shop.data()).join("backups").join(&file);
    assert_eq!(std::fs::read(here).unwrap(), body);
    let other = home.path().join("other");
    let (fetched, other) = (fetched.to_str().unwrap(), other.to_str().unwrap());
    succeed(&["backup", "restore", fetched, "--data", other]);
    assert!(succeed(&["check", "--data", other]).contains("no problem"));
}
