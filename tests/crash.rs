//! The process is killed while it works: every acknowledged order is there again, found, and there once.

use crate::harness::{Shop, least_order, request, succeed};
use crate::orders::total;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Kills in one run; `BACKROOM_KILLS` asks for more.
fn kills() -> u32 {
    std::env::var("BACKROOM_KILLS").ok().and_then(|k| k.parse().ok()).unwrap_or(4)
}

#[test]
fn a_killed_process_comes_back_with_every_acknowledged_order_searchable() {
    let mut shop = Shop::open();
    let acknowledged = Mutex::new(Vec::<(String, String)>::new());
    for round in 0..kills() {
        let stop = AtomicBool::new(false);
        let done = AtomicU32::new(0);
        let (url, key) = (shop.url.clone(), shop.key.clone());
        std::thread::scope(|scope| {
            for t in 0..4 {
                let (stop, done, url, key, acknowledged) = (&stop, &done, &url, &key, &acknowledged);
                scope.spawn(move || {
                    let mut i = 0;
                    while !stop.load(Ordering::SeqCst) {
                        let name = format!("r{round}t{t}i{i}");
                        i += 1;
                        let body = least_order(&format!("{name}@example.com"), 100).to_string();
                        let sent = std::panic::catch_unwind(|| {
                            request(
                                &format!("{url}/api/v1/orders"),
                                "POST",
                                &[
                                    ("authorization", &format!("Bearer {key}")),
                                    ("content-type", "application/json"),
                                    ("idempotency-key", &name),
                                ],
                                Some(body.as_bytes()),
                            )
                        });
                        match sent {
                            Ok(answer) if answer.status == 201 => {
                                let id = answer.json()["id"].as_str().unwrap().to_owned();
                                acknowledged.lock().unwrap().push((name, id));
                                done.fetch_add(1, Ordering::SeqCst);
                            }
                            // The process is gone, or going: nothing was promised.
                            _ => return,
                        }
                    }
                });
            }
            while done.load(Ordering::SeqCst) < 25 {
                std::thread::park_timeout(Duration::from_millis(1));
            }
            shop.kill();
            stop.store(true, Ordering::SeqCst);
        });
        shop.start();
        for (name, id) in acknowledged.lock().unwrap().iter() {
            assert_eq!(shop.get(&format!("/api/v1/orders/{id}")).status, 200, "{name} is lost");
        }
        let newest: Vec<_> = acknowledged.lock().unwrap().iter().rev().take(30).cloned().collect();
        for (name, _) in newest {
            assert_eq!(total(&shop, &format!("email:{name}@example.com")), 1, "{name} is not found");
        }
    }
    let kept = total(&shop, "");
    assert!(kept >= acknowledged.lock().unwrap().len() as u64);
    assert_eq!(shop.stop(), Some(0));
    let found = succeed(&["check", "--data", shop.data()]);
    assert!(found.contains("no problem"), "{found}");
}

#[test]
fn a_lost_index_costs_nothing() {
    let mut shop = Shop::open();
    for i in 0..30 {
        shop.place(&format!("k{i}"), &least_order(&format!("c{i}@example.com"), 100)).expect(201);
    }
    shop.kill();
    std::fs::remove_dir_all(shop.dir.join("index")).unwrap();
    shop.start();
    shop.place("new", &least_order("late@example.com", 100)).expect(201);
    assert_eq!(total(&shop, "email:late@example.com"), 1);
    crate::harness::until("the index is rebuilt", || total(&shop, "") == 31);
    shop.kill();
    // Damage instead of loss: the index is set aside and made again.
    for entry in std::fs::read_dir(shop.dir.join("index")).unwrap() {
        let dir = entry.unwrap().path();
        if dir.is_dir() {
            for file in std::fs::read_dir(&dir).unwrap() {
                let file = file.unwrap().path();
                if file.is_file() {
                    std::fs::write(&file, b"not an index").unwrap();
                }
            }
        }
    }
    shop.start();
    crate::harness::until("the index is rebuilt", || total(&shop, "") == 31);
}

#[test]
fn a_second_program_on_the_same_directory_goes_away() {
    let shop = Shop::open();
    let second = crate::harness::backroom(&["serve", "--listen", "127.0.0.1:0", "--data", shop.data()]);
    assert_eq!(second.status.code(), Some(75), "{}", String::from_utf8_lossy(&second.stderr));
    shop.place("k", &least_order("anna@example.com", 100)).expect(201);
}
