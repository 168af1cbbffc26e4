//! The machine is lost: killed while it works, its data directory gone. What was copied elsewhere brings back everything
//! that was acknowledged more than ten seconds before.

use crate::backup::Storage;
use crate::harness::{OWNER, PASSWORD, Shop, backroom, least_order, program, request, succeed, until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// What is promised.
const PROMISED: Duration = Duration::from_secs(10);
/// How long orders are placed; `BACKROOM_LEDGER_SECONDS` asks for more.
fn seconds() -> u64 {
    std::env::var("BACKROOM_LEDGER_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(24)
}

/// An acknowledged order.
#[derive(Clone, Debug)]
struct Entry {
    acknowledged: Instant,
    wall: SystemTime,
    id: String,
}

/// A directory for copies beside the shop, with a configuration that names it.
struct Away {
    home: tempfile::TempDir,
    config: String,
}

impl Away {
    fn new(more: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("backroom.toml");
        std::fs::write(&config, format!("[backup]\ndelay_seconds = 0\n{more}")).unwrap();
        Self { config: config.to_str().unwrap().to_owned(), home }
    }
    fn folder() -> Self {
        Self::folder_with("delay_seconds = 0\n")
    }
    fn folder_with(more: &str) -> Self {
        let away = Self::new("");
        let copies = away.copies();
        std::fs::create_dir(&copies).unwrap();
        let text = format!("[backup]\n{more}copy_dir = {:?}\n", copies.to_str().unwrap());
        std::fs::write(&away.config, text).unwrap();
        away
    }
    fn copies(&self) -> PathBuf {
        self.home.path().join("copies")
    }
    fn fresh(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }
}

fn text(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn ready(shop: &Shop) -> Value {
    request(&format!("{}/readyz", shop.url), "GET", &[], None).json()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the moment as the program under test takes it from the system"
)]
fn wall() -> SystemTime {
    SystemTime::now()
}

/// Waits until nothing would be lost with the machine.
fn until_safe(shop: &Shop) {
    until("everything is in the other place", || {
        ready(shop)["shipped_age_seconds"].as_u64().is_some_and(|age| age < 10)
    });
}

/// Places orders until the time is over, then kills the program; gives what was acknowledged and when it was killed.
fn busy(shop: &mut Shop, time: Duration) -> (Vec<Entry>, Instant) {
    let (ledger, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let (url, key) = (shop.url.clone(), shop.key.clone());
    let mut killed = None;
    std::thread::scope(|scope| {
        for t in 0..3 {
            let (ledger, stop, url, key) = (&ledger, &stop, &url, &key);
            scope.spawn(move || {
                let mut i = 0;
                while !stop.load(Ordering::SeqCst) {
                    i += 1;
                    let body = least_order(&format!("t{t}i{i}@example.com"), 100 + i).to_string();
                    let sent = std::panic::catch_unwind(|| {
                        let bearer = format!("Bearer {key}");
                        let name = format!("t{t}i{i}");
                        let headers = [
                            ("authorization", bearer.as_str()),
                            ("content-type", "application/json"),
                            ("idempotency-key", name.as_str()),
                        ];
                        request(&format!("{url}/api/v1/orders"), "POST", &headers, Some(body.as_bytes()))
                    });
                    match sent {
                        Ok(answer) if answer.status == 201 => {
                            let id = answer.json()["id"].as_str().unwrap().to_owned();
                            let entry = Entry { acknowledged: Instant::now(), wall: wall(), id };
                            ledger.lock().unwrap().push(entry);
                        }
                        _ => return,
                    }
                    std::thread::park_timeout(Duration::from_millis(20));
                }
            });
        }
        std::thread::park_timeout(time);
        let end = Instant::now() + time;
        while Instant::now() < end && ledger.lock().unwrap().len() < 50 {
            std::thread::park_timeout(Duration::from_millis(10));
        }
        killed = Some(Instant::now());
        shop.kill();
        stop.store(true, Ordering::SeqCst);
    });
    (ledger.into_inner().unwrap(), killed.unwrap())
}

/// Orders of a shop that does not run, by number, with the moment of placing.
fn orders(data: &str) -> Vec<(String, String)> {
    let lines = succeed(&["export", "orders", "--format", "jsonl", "--data", data]);
    let own = |line: &str| {
        let order: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| order[key].as_str().unwrap().to_owned();
        let number = order["number"].to_string();
        let number: u64 = number.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
        (number, (text("id"), text("placed_at")))
    };
    let mut all: Vec<_> = lines.lines().map(own).collect();
    all.sort();
    all.into_iter().map(|(_, order)| order).collect()
}

/// Holds what came back against the ledger.
fn judge(ledger: &[Entry], killed: Instant, data: &str) {
    let there: BTreeSet<String> = orders(data).into_iter().map(|(id, _)| id).collect();
    let lost: Vec<&Entry> = ledger.iter().filter(|entry| !there.contains(&entry.id)).collect();
    let early: Vec<_> = lost.iter().filter(|e| killed.duration_since(e.acknowledged) > PROMISED).collect();
    assert!(early.is_empty(), "{} of {} are lost too early: {early:?}", early.len(), ledger.len());
    // Nothing is there that was not placed.
    assert!(there.len() <= ledger.len() + 3, "{} of {}", there.len(), ledger.len());
    assert!(succeed(&["check", "--data", data]).contains("no problem"));
}

/// With the usual settings, in which a backup that is due may wait: nothing is shipped before the first.
#[test]
fn a_new_shop_and_a_restored_one_leave_the_machine_at_once() {
    let away = Away::folder_with("");
    let mut shop = Shop::open_with(&["--config", &away.config]);
    let (copies, dir) = (away.copies().to_str().unwrap().to_owned(), shop.dir.to_str().unwrap().to_owned());
    let mut tries = 0;
    let mut until_there = |count: usize| {
        until("all orders come back from the other place", || {
            tries += 1;
            let data = away.fresh(&format!("try{tries}"));
            let restored = backroom(&["backup", "restore", "--from", &copies, "--data", &data]);
            restored.status.success() && orders(&data).len() == count
        });
    };
    shop.place("a", &least_order("a@example.com", 100)).expect(201);
    until_there(1);
    let before = jiff::Timestamp::try_from(wall()).unwrap().to_string();
    shop.place("a2", &least_order("a2@example.com", 100)).expect(201);
    until_there(2);
    assert_eq!(shop.stop(), Some(0));
    succeed(&["backup", "restore", "--data", &dir]);
    shop.start();
    shop.place("b", &least_order("b@example.com", 100)).expect(201);
    until_there(3);
    // The moments before are still to be had, should that have been the wrong one.
    assert_eq!(shop.stop(), Some(0));
    succeed(&["backup", "restore", "--at", &before, "--data", &dir]);
    assert_eq!(orders(&dir).len(), 1);
    let data = away.fresh("before");
    succeed(&["backup", "restore", "--at", &before, "--from", &copies, "--data", &data]);
    assert_eq!(orders(&data).len(), 1);
}

#[test]
fn a_machine_that_burns_loses_at_most_ten_seconds_and_any_moment_comes_back() {
    let away = Away::folder();
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    let (ledger, killed) = busy(&mut shop, Duration::from_secs(seconds()));
    std::fs::remove_dir_all(&shop.dir).unwrap();
    let (copies, data) = (away.copies().to_str().unwrap().to_owned(), away.fresh("new"));
    let done: Value = serde_json::from_str(
        succeed(&["backup", "restore", "--from", &copies, "--json", "--data", &data]).trim(),
    )
    .unwrap();
    assert!(done["changes"].as_u64().unwrap() > 10, "{done}");
    judge(&ledger, killed, &data);

    // Served again it finds what it has, and the search index is made anew.
    let there = orders(&data).len() as u64;
    shop.dir = PathBuf::from(&data);
    shop.start();
    until("the index is there", || crate::orders::total(&shop, "") == there);
    let answer = shop.place("after", &least_order("after@example.com", 100));
    answer.expect(201);
    assert_eq!(shop.stop(), Some(0));

    // An earlier moment has exactly the orders up to then.
    let all = orders(&data);
    let mut moments: Vec<SystemTime> = ledger.iter().map(|entry| entry.wall).collect();
    moments.sort();
    for (n, part) in [4, 2].into_iter().enumerate() {
        let at = moments[moments.len() / part];
        let at = jiff::Timestamp::try_from(at).unwrap();
        let at = jiff::Timestamp::from_millisecond(at.as_millisecond()).unwrap();
        let then = away.fresh(&format!("then{n}"));
        let refused = backroom(&[
            "backup",
            "restore",
            "--from",
            &copies,
            "--at",
            &at.to_string(),
            "--json",
            "--data",
            &then,
        ]);
        assert!(refused.status.success(), "{}", text(&refused));
        let done: Value = serde_json::from_str(String::from_utf8_lossy(&refused.stdout).trim()).unwrap();
        let moment: jiff::Timestamp = done["moment"].as_str().unwrap().parse().unwrap();
        assert!(moment <= at, "{moment} {at}");
        // A group is written after its orders have their time: what was placed before the group that is the last one.
        let had: BTreeSet<_> = orders(&then).into_iter().map(|(id, _)| id).collect();
        for (id, placed) in &all {
            let placed: jiff::Timestamp = placed.parse().unwrap();
            if placed > at {
                assert!(!had.contains(id), "{placed} is after {at}");
            } else if at.as_millisecond() - placed.as_millisecond() > 1_000 {
                assert!(had.contains(id), "{placed} is before {at}");
            }
        }
        // Without a gap: by number they are the first of all.
        assert!(had.len() > 5 && all.iter().take(had.len()).all(|(id, _)| had.contains(id)));
        assert!(succeed(&["check", "--data", &then]).contains("no problem"));
    }
    let late =
        backroom(&["backup", "restore", "--from", &copies, "--at", "2999-01-01T00:00:00Z", "--data", &data]);
    assert!(text(&late).contains("The newest moment that can be restored is"), "{}", text(&late));
    assert_eq!(late.status.code(), Some(1));
}

#[test]
fn the_same_from_a_storage_with_everything_encrypted() {
    let Some(storage) = Storage::start() else { return };
    request(&format!("{}/copies", storage.url), "PUT", &[], Some(b"")).expect(200);
    let away = Away::new(&format!(
        "key = \"a key of the owner alone\"\ns3_endpoint = \"{}\"\ns3_bucket = \"copies\"\ns3_prefix = \"shop/\"\n\
         s3_access_key = \"testing\"\ns3_secret_key = \"canary-7f1e\"\n",
        storage.url
    ));
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    let (ledger, killed) = busy(&mut shop, Duration::from_secs(seconds() / 2));
    std::fs::remove_dir_all(&shop.dir).unwrap();
    let data = away.fresh("new");
    succeed(&["backup", "restore", "--from", "s3", "--config", &away.config, "--data", &data]);
    judge(&ledger, killed, &data);
    // What was fetched for it is gone again.
    let left = std::fs::read_dir(Path::new(&data).join("tmp")).unwrap();
    let left = left.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("fetched-"));
    assert_eq!(left.count(), 0);
}

#[test]
fn a_place_that_is_gone_stops_nothing_and_is_said_and_caught_up_with() {
    let away = Away::folder();
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    until("a backup has left", || files_below(&away.copies()).iter().any(|file| file.ends_with(".brb")));
    let gone = away.fresh("unmounted");
    std::fs::rename(away.copies(), &gone).unwrap();
    for i in 0..20 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201);
    }
    let cookie = shop.sign_in(OWNER, PASSWORD);
    let page = || shop.page("/admin/backups", &cookie).expect(200).body;
    until("it is said", || page().contains("the directory is not there"));
    until("the loss is said", || page().contains("would be lost. The copy to"));
    assert_eq!(ready(&shop)["status"], "ok");
    std::fs::rename(&gone, away.copies()).unwrap();
    until("it catches up", || page().contains("If this machine burnt now, at most the last"));
    shop.kill();
    std::fs::remove_dir_all(&shop.dir).unwrap();
    let data = away.fresh("new");
    succeed(&["backup", "restore", "--from", away.copies().to_str().unwrap(), "--data", &data]);
    assert_eq!(orders(&data).len(), 20);
}

/// The drill of somebody who tried the copies out on another machine, with the configuration of the shop.
#[test]
fn a_shop_that_runs_twice_is_said_and_a_restore_asks_which_is_meant() {
    let away = Away::folder();
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    let place = |shop: &Shop, who: &str| {
        shop.place(who, &least_order(&format!("{who}@example.com"), 100)).expect(201);
    };
    let has = || files_below(&away.copies()).iter().filter(|file| file.ends_with(".brb")).count();
    until("a backup has left", || has() == 1);
    place(&shop, "first");
    let copies = away.copies().to_str().unwrap().to_owned();
    let (mut tried, mut second) = (0, String::new());
    until("the order has left", || {
        tried += 1;
        second = away.fresh(&format!("second{tried}"));
        succeed(&["backup", "restore", "--from", &copies, "--data", &second]);
        orders(&second).len() == 1
    });
    let mut drill = std::process::Command::new(program())
        .args(["serve", "--listen", "127.0.0.1:0", "--data", &second, "--config", &away.config])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("the drill has copied a backup of its own", || has() == 2);
    drill.kill().unwrap();
    drill.wait().unwrap();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    until("it is said", || {
        shop.page("/admin/backups", &cookie).expect(200).body.contains("a backup that was not made here")
    });
    assert_eq!(ready(&shop)["checks"]["copies"], "shared");
    assert!(shop.page("/admin", &cookie).expect(200).body.contains("Copies elsewhere"));
    for n in 0..3 {
        place(&shop, &format!("later{n}"));
    }
    assert_eq!(shop.stop(), Some(0));
    let data = away.fresh("new");
    let refused = backroom(&["backup", "restore", "--from", &copies, "--data", &data]);
    let said = text(&refused);
    assert!(!refused.status.success() && said.contains("side by side"), "{said}");
    let is_journal = |word: &&str| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let journals: Vec<String> = said.split([' ', ',']).filter(is_journal).map(str::to_owned).collect();
    assert_eq!(journals.len(), 2, "{said}");
    let mut found: Vec<usize> = Vec::new();
    for (n, journal) in journals.iter().enumerate() {
        let data = away.fresh(&format!("new{n}"));
        succeed(&["backup", "restore", "--from", &copies, "--journal", journal, "--data", &data]);
        found.push(orders(&data).len());
    }
    found.sort_unstable();
    assert!(found[0] <= 1 && found[1] == 4, "{found:?}");
    // A backup of another place by its name, too.
    let file = files_below(&away.copies()).into_iter().find(|file| file.ends_with(".brb")).unwrap();
    let file = Path::new(&file).file_name().unwrap().to_str().unwrap().to_owned();
    succeed(&["backup", "restore", "--from", &copies, &file, "--data", &away.fresh("named")]);
}

/// What answers nothing: connections are taken, and that is all.
#[test]
fn a_place_that_hangs_fails_the_schedule_and_does_not_hold_up_the_end() {
    let hung = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", hung.local_addr().unwrap());
    let away = Away::new(&format!(
        "s3_endpoint = \"{endpoint}\"\ns3_bucket = \"copies\"\ns3_access_key = \"a\"\ns3_secret_key = \"b\"\n"
    ));
    let mut shop = Shop::open_with(&["--config", &away.config]);
    shop.place("k", &least_order("anna@example.com", 100)).expect(201);
    // It is held on to until the end, which comes all the same.
    assert_eq!(shop.stop(), Some(0));
    drop(hung);
    shop.start();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    until("the place is found out", || {
        shop.page("/admin/backups", &cookie).expect(200).body.contains("The S3 storage did not do")
    });
    shop.form("/admin/schedules/backup/run", "", &cookie).expect(303);
    until("that is no success", || ready(&shop)["checks"]["schedules"] == "failing");
    assert_eq!(shop.stop(), Some(0));
}

/// A line that was lost in the configuration is no wish to send everything in plain.
#[test]
fn what_was_encrypted_is_not_sent_in_plain() {
    let away = Away::folder_with("delay_seconds = 0\nkey = \"correct horse battery staple\"\n");
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    assert_eq!(shop.stop(), Some(0));
    let before = files_below(&away.copies());
    let text = std::fs::read_to_string(&away.config).unwrap().replace("key = ", "# key = ");
    std::fs::write(&away.config, text).unwrap();
    shop.start();
    shop.place("k", &least_order("anna@example.com", 100)).expect(201);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    until("it is said", || {
        shop.page("/admin/backups", &cookie).expect(200).body.contains("backup.key is not set now")
    });
    assert_eq!(shop.stop(), Some(0));
    assert_eq!(files_below(&away.copies()), before);
}

/// Whatever is noted of copies, it is the place that counts.
#[test]
fn copies_that_are_gone_are_noticed_and_made_again() {
    let away = Away::folder();
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    shop.place("k1", &least_order("anna@example.com", 100)).expect(201);
    until("something has left", || std::fs::read_dir(away.copies().join("journal")).is_ok());
    std::fs::rename(away.copies(), away.fresh("exchanged")).unwrap();
    std::fs::create_dir(away.copies()).unwrap();
    shop.place("k2", &least_order("bert@example.com", 100)).expect(201);
    let has = |ending: &str| files_below(&away.copies()).iter().any(|file| file.ends_with(ending));
    until("backup and journal are there again", || has(".brb") && has(".brj"));
    assert_eq!(shop.stop(), Some(0));
    // All of it, and not from the newest backup on.
    let parts = |dir: &Path| files_below(dir).iter().filter(|file| file.ends_with(".brj")).count();
    assert_eq!(parts(&away.copies()), parts(&shop.dir.join("backups")));
    std::fs::remove_dir_all(&shop.dir).unwrap();
    let data = away.fresh("new");
    succeed(&["backup", "restore", "--from", away.copies().to_str().unwrap(), "--data", &data]);
    assert_eq!(orders(&data).len(), 2);
}

/// An older copy of the disk goes on under the same numbers: what has left the machine since is not written over.
#[test]
fn a_machine_that_was_set_back_leaves_the_copies_alone() {
    let away = Away::folder();
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    let place = |shop: &Shop, who: &str| {
        shop.place(who, &least_order(&format!("{who}@example.com"), 100)).expect(201);
    };
    place(&shop, "first");
    assert_eq!(shop.stop(), Some(0));
    let old = away.fresh("old");
    copy_all(&shop.dir, Path::new(&old));
    shop.start();
    place(&shop, "second");
    place(&shop, "third");
    // A clean stop ships what there is.
    assert_eq!(shop.stop(), Some(0));
    std::fs::remove_dir_all(&shop.dir).unwrap();
    std::fs::rename(&old, &shop.dir).unwrap();
    shop.start();
    (0..5).for_each(|n| place(&shop, &format!("other{n}")));
    let as_left: Vec<_> =
        files_below(&away.copies()).into_iter().map(|file| (std::fs::read(&file).unwrap(), file)).collect();
    let cookie = shop.sign_in(OWNER, PASSWORD);
    until("it is said", || {
        shop.page("/admin/backups", &cookie)
            .expect(200)
            .body
            .contains("hold changes of this shop that it does not have")
    });
    assert_eq!(shop.stop(), Some(0));
    let data = away.fresh("new");
    let copies = away.copies().to_str().unwrap().to_owned();
    succeed(&["backup", "restore", "--from", &copies, "--data", &data]);
    assert_eq!(orders(&data).len(), 3);
    // A journal of its own leaves again.
    succeed(&["backup", "restore", "--data", shop.data(), "--config", &away.config]);
    shop.start();
    until_safe(&shop);
    assert_eq!(shop.stop(), Some(0));
    for (bytes, file) in as_left {
        assert!(std::fs::read(&file).unwrap() == bytes, "{file} was written over");
    }
}

/// The directory that is left when its disk is not mounted takes nothing, also where copies go below the mount.
#[test]
fn a_disk_that_is_not_mounted_takes_nothing() {
    let away = Away::folder();
    let mount = |dir: &Path| {
        let mut command = std::process::Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"])
            .arg(dir)
            .status()
            .is_ok_and(|ended| ended.success())
    };
    std::fs::create_dir(away.copies().join("shop")).unwrap();
    let text = std::fs::read_to_string(&away.config).unwrap();
    std::fs::write(&away.config, text.replace("copies\"", "copies/shop\"")).unwrap();
    if !mount(&away.copies()) {
        return eprintln!("skipped: nothing can be mounted here");
    }
    std::fs::create_dir(away.copies().join("shop")).unwrap();
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    assert!(std::process::Command::new("umount").arg(away.copies()).status().unwrap().success());
    shop.place("k1", &least_order("anna@example.com", 100)).expect(201);
    let cookie = shop.sign_in(OWNER, PASSWORD);
    until("it is said", || {
        shop.page("/admin/backups", &cookie).expect(200).body.contains("its disk is not mounted")
    });
    assert_eq!(shop.stop(), Some(0));
    assert_eq!(files_below(&away.copies()), Vec::<String>::new());
}

/// Whoever has the new key alone gets everything back.
#[test]
fn another_key_begins_anew_at_once() {
    let away = Away::folder();
    let keyed = |key: &str| {
        let text = std::fs::read_to_string(&away.config).unwrap();
        let rest: Vec<&str> = text.lines().filter(|line| !line.starts_with("key")).collect();
        std::fs::write(&away.config, format!("{}\nkey = \"{key}\"\n", rest.join("\n"))).unwrap();
    };
    keyed("the first key of this shop");
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    shop.place("k1", &least_order("anna@example.com", 100)).expect(201);
    assert_eq!(shop.stop(), Some(0));
    let backups = || files_below(&away.copies()).iter().filter(|file| file.ends_with(".brb")).count();
    let before = backups();
    keyed("another key of this shop");
    shop.start();
    until("there is a backup for this key", || backups() > before);
    until_safe(&shop);
    shop.place("k2", &least_order("bert@example.com", 100)).expect(201);
    assert_eq!(shop.stop(), Some(0));
    let data = away.fresh("new");
    let copies = away.copies().to_str().unwrap().to_owned();
    succeed(&["backup", "restore", "--from", &copies, "--config", &away.config, "--data", &data]);
    assert_eq!(orders(&data).len(), 2);
}

fn files_below(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let below =
        |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path.display().to_string()] };
    entries.flat_map(|entry| below(entry.path())).collect()
}

#[test]
fn an_undone_afternoon_comes_back_on_the_same_machine() {
    let away = Away::new("");
    let mut shop = Shop::open_with(&["--config", &away.config]);
    let listed = || succeed(&["backup", "list", "--json", "--data", shop.data()]);
    until("there is a backup", || listed().contains("\"verified_at\":\"2"));
    for i in 0..5 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201);
    }
    let at = jiff::Timestamp::try_from(wall()).unwrap();
    std::thread::park_timeout(Duration::from_millis(20));
    for i in 5..9 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201);
    }
    let running = backroom(&["backup", "restore", "--at", &at.to_string(), "--data", shop.data()]);
    assert!(
        running.status.code() == Some(75) && text(&running).contains("A server runs"),
        "{}",
        text(&running)
    );
    // Killed at once: what was not packed yet waits in the journal.
    shop.kill();
    let data = shop.data().to_owned();
    succeed(&["backup", "restore", "--at", &at.to_string(), "--config", &away.config, "--data", &data]);
    assert_eq!(orders(&data).len(), 5);
    // And forward again: nothing of the afternoon is gone.
    succeed(&["backup", "restore", "--config", &away.config, "--data", &data]);
    assert_eq!(orders(&data).len(), 9);
    shop.start();
    shop.place("new", &least_order("new@example.com", 100)).expect(201);
    until("a new backup begins the journal of the restored shop", || {
        let all = succeed(&["backup", "list", "--json", "--data", &data]);
        all.lines().count() >= 2
    });
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Kills of a restore in one run.
const KILLS: u32 = 12;

#[test]
fn a_restore_that_is_killed_at_any_point_leaves_the_old_shop_or_the_new_one() {
    let away = Away::folder();
    let mut shop = Shop::open_with(&["--config", &away.config]);
    until_safe(&shop);
    for i in 0..40 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201);
    }
    // A clean stop ships what there is.
    assert_eq!(shop.stop(), Some(0));
    let copies = away.copies().to_str().unwrap().to_owned();
    let mut old = Shop::open();
    for i in 0..3 {
        old.place(&format!("k{i}"), &least_order(&format!("o{i}@example.com"), 100)).expect(201);
    }
    // Its journal is still to be brought in.
    old.kill();
    // It is another shop, so that nothing of the one can be taken for the other.
    let arguments =
        |data: &str| ["backup", "restore", "--force", "--from", &copies, "--data", data].map(str::to_owned);
    let whole = away.fresh("whole");
    copy_all(&old.dir, Path::new(&whole));
    let begun = Instant::now();
    let done = arguments(&whole);
    succeed(&done.each_ref().map(String::as_str));
    let takes = begun.elapsed();
    assert_eq!(orders(&whole).len(), 40);
    let (mut were_old, mut were_new) = (0, 0);
    for kill in 0..=KILLS {
        let data = away.fresh(&format!("killed{kill}"));
        copy_all(&old.dir, Path::new(&data));
        let mut child = std::process::Command::new(program())
            .args(arguments(&data))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(takes * kill / KILLS);
        drop(child.kill());
        child.wait().unwrap();
        let there = orders(&data).len();
        assert!([3, 40].contains(&there), "{there} orders after a kill at {kill} of {KILLS}");
        if there == 3 {
            were_old += 1
        } else {
            were_new += 1
        }
        assert!(succeed(&["check", "--data", &data]).contains("no problem"));
        let again = arguments(&data);
        succeed(&again.each_ref().map(String::as_str));
        assert_eq!(orders(&data).len(), 40);
        assert!(!Path::new(&data).join("restoring").exists());
    }
    assert!(were_old > 0, "{were_old} old, {were_new} new");
}

#[test]
fn a_shop_without_its_journal_starts_only_when_somebody_knows_it() {
    let mut shop = Shop::open();
    for i in 0..5 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201);
    }
    shop.kill();
    let data = shop.data().to_owned();
    std::fs::remove_dir_all(shop.dir.join("journal")).unwrap();
    let refused = backroom(&["check", "--data", &data]);
    assert!(!refused.status.success() && text(&refused).contains("backroom recover"), "{}", text(&refused));
    let said = backroom(&["recover", "--data", &data]);
    assert_eq!(said.status.code(), Some(5), "{}", text(&said));
    assert!(
        text(&said).contains("a second") && text(&said).contains("Nothing was changed"),
        "{}",
        text(&said)
    );
    assert!(!backroom(&["check", "--data", &data]).status.success());
    succeed(&["recover", "--accept-loss", "--data", &data]);
    assert!(succeed(&["check", "--data", &data]).contains("no problem"));
    let there = orders(&data).len() as u64;
    shop.start();
    until("the index is there", || crate::orders::total(&shop, "") == there);
    assert_eq!(shop.stop(), Some(0));
    let said = backroom(&["recover", "--data", &data]);
    assert!(said.status.success() && text(&said).contains("nothing is missing"), "{}", text(&said));
}
