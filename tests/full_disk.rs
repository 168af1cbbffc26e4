//! The disk is full: orders are refused before anything is written, everything else goes on, and freed space is enough
//! (promises: P12). It needs a small disk of its own, which only the administrator of a machine can make.

use crate::harness::{OWNER, PASSWORD, Shop, backroom, least_order, program, request, succeed, until};
use crate::orders::total;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const MB: u64 = 1 << 20;
/// After freeing space writes go on within this time.
const RESUME_MAX: Duration = Duration::from_secs(5);
/// Where the error met the database itself, it also has to be opened again.
const REOPEN_MAX: Duration = Duration::from_secs(10);

/// A file system of 96 MB in memory, or `None` where this process may not mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=96m", "tmpfs"])
            .arg(dir.path())
            .output()
            .is_ok_and(|output| output.status.success());
        // No part that could be installed: a machine gives the right to mount or it does not.
        if !mounted {
            eprintln!("skipped: no disk may be mounted here");
        }
        mounted.then_some(Self(dir))
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
    fn free(&self) -> u64 {
        let disk = rustix::fs::statvfs(self.0.path()).unwrap();
        disk.f_bavail * disk.f_frsize
    }
    /// Another program takes all the space but `left` bytes.
    fn fill(&self, left: u64) {
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.path("of another program"))
            .unwrap();
        // Somebody else writes too: what is asked for may be gone already.
        while self.free() > left + 4_096 {
            let (begins, more) = (file.metadata().unwrap().len(), self.free().saturating_sub(left));
            let _less = rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), begins, more);
        }
    }
    fn empty(&self) {
        std::fs::remove_file(self.path("of another program")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// The files of the store and of its journal with what is in them.
fn files(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let journal = std::fs::read_dir(data.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    journal
        .chain([data.join("store.redb")])
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

fn config(dir: &Path, reserve: u32) -> String {
    let path = dir.join(format!("reserve-{reserve}.toml"));
    std::fs::write(
        &path,
        format!("[store]\nreserve_mb = {reserve}\nballast_mb = 4\n[backup]\nenabled = false\n"),
    )
    .unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_full_disk_refuses_orders_and_nothing_else_until_there_is_room() {
    let Some(disk) = SmallDisk::mount() else { return };
    let settings = tempfile::tempdir().unwrap();
    let config = config(settings.path(), 24);
    let shop = Shop::open_at(tempfile::tempdir().unwrap(), disk.path("data"), &["--config", &config]);
    let mut last = String::new();
    for i in 0..20 {
        let placed =
            shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201);
        placed.json()["id"].as_str().unwrap().clone_into(&mut last);
    }
    let cookie = shop.sign_in(OWNER, PASSWORD);
    until("the index has everything", || total(&shop, "") == 20);

    disk.fill(10 * MB);
    // The first refusal gives the ballast up; what the database does in its own time is over then.
    let refused = |key: &str| {
        let answer = shop.place(key, &least_order("late@example.com", 100));
        assert_eq!((answer.status, answer.code().as_str()), (503, "storage_low"), "{}", answer.body);
        assert!(answer.header("retry-after").is_some(), "{:?}", answer.headers);
    };
    refused("late");
    let mut before = files(&shop.dir);
    until("the database is at rest", || {
        std::thread::sleep(Duration::from_millis(1_500));
        let now = files(&shop.dir);
        std::mem::replace(&mut before, now) == before
    });
    for _ in 0..20 {
        refused("late");
    }
    let note = shop.send("PATCH", &format!("/api/v1/orders/{last}"), &json!({"note": "full"}), &[]);
    assert_eq!((note.status, note.code().as_str()), (503, "storage_low"), "{}", note.body);
    assert!(files(&shop.dir) == before, "a refused order wrote something");
    // Everything else goes on.
    assert_eq!(total(&shop, "email:c7@example.com"), 1);
    shop.get(&format!("/api/v1/orders/{last}")).expect(200);
    for page in ["/admin", "/admin/orders", &format!("/admin/orders/{last}"), "/admin/customers"] {
        shop.page(page, &cookie).expect(200);
    }
    let again = shop.sign_in(OWNER, PASSWORD);
    shop.page("/admin/orders", &again).expect(200);
    shop.form("/admin/sign-out", "", &again).expect(303);
    assert_eq!(shop.page("/admin/orders", &again).status, 303);

    disk.empty();
    let freed = Instant::now();
    until("orders are placed again", || {
        shop.place("late", &least_order("late@example.com", 100)).status == 201
    });
    assert!(freed.elapsed() < RESUME_MAX, "{:?}", freed.elapsed());
    assert_eq!(total(&shop, ""), 21);
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_group_loses_nothing() {
    let Some(disk) = SmallDisk::mount() else { return };
    let settings = tempfile::tempdir().unwrap();
    // Without a reserve nothing is refused beforehand: each time the error meets a commit.
    let config = config(settings.path(), 0);
    let mut shop = Shop::open_at(tempfile::tempdir().unwrap(), disk.path("data"), &["--config", &config]);
    let acknowledged = Mutex::new(Vec::<String>::new());
    let mut refusals = 0;
    for round in 0..3 {
        let (stop, refused) = (AtomicBool::new(false), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for t in 0..4 {
                let (shop, stop, refused, acknowledged) = (&shop, &stop, &refused, &acknowledged);
                scope.spawn(move || {
                    for i in 0.. {
                        if stop.load(Ordering::SeqCst) {
                            return;
                        }
                        let key = format!("r{round}t{t}i{i}");
                        let answer = shop.place(&key, &least_order("full@example.com", 100));
                        match answer.status {
                            201 => {
                                let id = answer.json()["id"].as_str().unwrap().to_owned();
                                acknowledged.lock().unwrap().push(id);
                            }
                            503 | 507 => {
                                assert!(answer.header("retry-after").is_some(), "{:?}", answer.headers);
                                refused.fetch_add(1, Ordering::SeqCst);
                            }
                            other => panic!("{other} {}", answer.body),
                        }
                    }
                });
            }
            let placed = acknowledged.lock().unwrap().len();
            until("some orders are placed", || acknowledged.lock().unwrap().len() > placed + 20);
            disk.fill(0);
            until("an order meets the full disk", || {
                disk.fill(0);
                refused.load(Ordering::SeqCst) > 20
            });
            disk.empty();
            let freed = Instant::now();
            let placed = acknowledged.lock().unwrap().len();
            until("orders are placed again", || acknowledged.lock().unwrap().len() > placed + 4);
            assert!(freed.elapsed() < REOPEN_MAX, "{:?}", freed.elapsed());
            stop.store(true, Ordering::SeqCst);
        });
        refusals += refused.load(Ordering::SeqCst);
        for id in acknowledged.lock().unwrap().iter() {
            assert_eq!(shop.get(&format!("/api/v1/orders/{id}")).status, 200, "{id} is lost");
        }
    }
    assert!(refusals > 60);
    request(&format!("{}/readyz", shop.url), "GET", &[], None).expect(200);
    let kept = acknowledged.into_inner().unwrap();
    until("all are found", || total(&shop, "") >= kept.len() as u64);
    assert_eq!(shop.stop(), Some(0));
    let checked = backroom(&["check", "--data", shop.data()]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    // A power cut with the disk full is the same: what was answered is there.
    shop.start();
    disk.fill(0);
    shop.kill();
    disk.empty();
    shop.start();
    assert!(total(&shop, "") >= kept.len() as u64);
    assert_eq!(shop.stop(), Some(0));
    assert!(succeed(&["check", "--data", shop.data()]).contains("no problem"));
}

/// The ballast is used up, and nobody was there to free room before the machine started again.
#[test]
fn a_shop_on_a_full_disk_starts_and_is_read() {
    let Some(disk) = SmallDisk::mount() else { return };
    let settings = tempfile::tempdir().unwrap();
    let config = config(settings.path(), 24);
    let mut shop = Shop::open_at(tempfile::tempdir().unwrap(), disk.path("data"), &["--config", &config]);
    shop.place("k1", &least_order("anna@example.com", 100)).expect(201);
    until("the index has it", || total(&shop, "anna") == 1);
    assert_eq!(shop.stop(), Some(0));
    drop(std::fs::remove_file(shop.dir.join("ballast")));
    disk.fill(0);
    shop.start();
    assert_eq!(total(&shop, "anna"), 1);
    let refused = shop.place("k2", &least_order("bert@example.com", 100));
    assert_eq!((refused.status, refused.code().as_str()), (503, "storage_low"), "{}", refused.body);
    disk.empty();
    until("orders are placed again", || {
        shop.place("k2", &least_order("bert@example.com", 100)).status == 201
    });
}

#[test]
fn a_start_that_nobody_can_be_told_of_is_one() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else {
        return eprintln!("skipped: no /dev/full here");
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (home, address) = (tempfile::tempdir().unwrap(), format!("127.0.0.1:{port}"));
    let mut child = Command::new(program())
        .args(["serve", "--listen", &address, "--data", home.path().join("data").to_str().unwrap()])
        .stdout(full)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until("it listens", || std::net::TcpStream::connect(&address).is_ok());
    request(&format!("http://{address}/healthz"), "GET", &[], None).expect(200);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    // What is written there meets a full disk.
    let full = Path::new("/dev/full");
    if !full.exists() {
        eprintln!("skipped: no /dev/full here");
        return;
    }
    let mut shop = Shop::open_logging(&[], full);
    for n in 0..5 {
        let email = format!("c{n}@example.com");
        shop.place(&format!("k{n}"), &least_order(&email, 100)).expect(201);
        shop.get("/api/v1/orders/ord_none").expect(404);
        assert_eq!(total(&shop, &format!("email:{email}")), 1);
    }
    assert_eq!(shop.stop(), Some(0));
    assert!(succeed(&["check", "--data", shop.data()]).contains("no problem"));
}
