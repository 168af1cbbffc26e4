//! Every number of the day equals the list behind its link.

use super::*;
use crate::shop::desk::trial::Trial;
use crate::shop::orders::Step;
use crate::web::pages::testing::renders;

/// The query of a link to the order list.
fn query_of(href: &str) -> String {
    let (_, query) = href.split_once('?').unwrap();
    crate::web::query::pairs(query).into_iter().find(|(name, _)| name == "q").unwrap().1
}

fn figures(shop: &Trial) -> Vec<Figure> {
    let days = Days { now: shop.clock.now(), zone: &shop.zone };
    shop.store.read(|s| figures::today(s, &shop.search, &days, &currencies(s)?, Currency::EUR)).unwrap()
}

#[test]
fn numbers_of_today_equal_their_lists() {
    let shop = Trial::open();
    let at = |text: &str| Some(Timestamp::parse(text).unwrap());
    // Last Friday before and after this time of day, yesterday, and just after midnight on the clocks of the shop.
    for (n, placed) in
        ["2026-11-13T09:00:00Z", "2026-11-13T18:00:00Z", "2026-11-19T22:59:59Z", "2026-11-19T23:00:00Z"]
            .into_iter()
            .enumerate()
    {
        shop.place(&format!("old{n}@example.com"), "Old", 10_000, |new| new.placed_at = at(placed));
    }
    shop.place("anna@example.com", "Anna", 5_900, |_| {});
    shop.place("anna@example.com", "Anna", 4_100, |_| {});
    shop.place("jane@example.com", "Jane", 700, |new| new.currency = Currency::GBP);
    let gone = shop.place("x@example.com", "X", 99_900, |_| {});
    shop.step(gone.id, Step::Cancel);

    let shown = figures(&shop);
    let value = |label: &str| shown.iter().find(|f| f.label == label).unwrap();
    assert_eq!(value("Sales today").value, "€200.00");
    assert_eq!(value("Orders today").value, "4");
    assert_eq!(value("Average order").value, "€66.67");
    assert_eq!(value("New customers").value, "3");
    assert_eq!(value("New customers").note, "75 % of orders");
    // €100.00 by the same time last Friday.
    assert_eq!(value("Sales today").change, Some(figures::Change { text: "100 %".into(), direction: "up" }));
    for label in ["Orders today", "New customers"] {
        let figure = value(label);
        assert_eq!(figure.value, shop.count(&query_of(&figure.href)).to_string(), "{label}");
    }
    assert_eq!(shop.count(&query_of(&value("Sales today").href)), 3);

    shop.step(gone.id, Step::Reopen);
    assert_eq!(figures(&shop).iter().find(|f| f.label == "Orders today").unwrap().value, "5");
    assert!(shop.store.check(&[orders::check]).unwrap().is_empty());
}

#[test]
fn work_to_do_equals_its_lists_and_empty_views_are_left_out() {
    let shop = Trial::open();
    for n in 0..5 {
        let order = shop.place(&format!("p{n}@example.com"), "P", 100, |_| {});
        if n < 3 {
            shop.step(order.id, Step::Pay);
        }
    }
    let todo = shop.store.read(todo).unwrap();
    assert_eq!(
        todo.iter().map(|t| (t.label, t.count)).collect::<Vec<_>>(),
        [("orders to ship", 3), ("open orders not paid", 2)]
    );
    for entry in &todo {
        assert_eq!(
            shop.count(&query_of(&entry.href)),
            u64::try_from(entry.count).unwrap(),
            "{}",
            entry.label
        );
    }
}

#[test]
fn money_of_cancelled_orders_is_work_and_one_is_one() {
    let shop = Trial::open();
    let days = Days { now: shop.clock.now(), zone: &shop.zone };
    let to_do = || send_back(&shop.search, &days).unwrap().map(|todo| (todo.count, todo.label, todo.href));
    for n in 0..3 {
        let order = shop.place(&format!("p{n}@example.com"), "P", 100, |_| {});
        if n > 0 {
            shop.step(order.id, Step::Pay);
        }
        if n == 1 {
            assert_eq!(shop.store.read(todo).unwrap()[0].label, "order to ship");
        }
        shop.step(order.id, Step::Cancel);
        match n {
            0 => assert_eq!(to_do(), None, "nobody has paid for it"),
            1 => assert_eq!(to_do().unwrap().1, "cancelled order with money to send back"),
            _ => {
                let (count, label, href) = to_do().unwrap();
                assert_eq!((count, label), (2, "cancelled orders with money to send back"));
                assert_eq!(shop.count(&query_of(&href)), 2);
                shop.step(order.id, Step::Refund);
                assert_eq!(to_do().unwrap().0, 1);
            }
        }
    }
}

#[test]
fn the_chart_has_every_day_once_and_its_sum_is_the_sum_of_the_orders() {
    let shop = Trial::open();
    for day in 0..60 {
        shop.place("anna@example.com", "Anna", 1_000 + day, |new| {
            new.placed_at = Some(Timestamp::parse("2026-11-20T10:00:00Z").unwrap().plus_ms(-day * DAY_MS));
        });
    }
    let days = Days { now: shop.clock.now(), zone: &shop.zone };
    let chart = shop.store.read(|s| sales::chart(s, &days, Currency::EUR, 30)).unwrap();
    assert_eq!(chart.points.len(), 30);
    let now: i64 = (0..30).map(|d| 1_000 + d).sum();
    let before: i64 = (30..60).map(|d| 1_000 + d).sum();
    let words = |amount| Money::new(amount, Currency::EUR).shown();
    assert_eq!(
        chart.description,
        format!("{} in the last 30 days, {} in the 30 days before.", words(now), words(before))
    );
    assert_eq!(chart.points.last().unwrap().label, "20 Nov");
    assert_eq!(shop.store.read(|s| sales::chart(s, &days, Currency::EUR, 364)).unwrap().points.len(), 52);
}

#[test]
fn the_main_currency_is_the_shop_s_own_or_the_one_most_is_sold_in() {
    let shop = Trial::open();
    let main = |shop: &Trial| {
        let days = Days { now: shop.clock.now(), zone: &shop.zone };
        shop.store.read(|s| main_currency(s, &days, &currencies(s)?, Currency::EUR)).unwrap()
    };
    assert_eq!(main(&shop), Currency::EUR);
    shop.place("a@example.com", "A", 100, |new| new.currency = Currency::USD);
    assert_eq!(main(&shop), Currency::USD);
    shop.place("a@example.com", "A", 100, |_| {});
    assert_eq!(main(&shop), Currency::EUR);
    assert_eq!(shop.store.read(currencies).unwrap(), [Currency::EUR, Currency::USD]);
}

#[test]
fn the_page_renders_and_escapes() {
    let html = renders::<HomePage>().replace("&#x2f;", "/");
    assert!(html.contains("€1,284.50") && html.contains("/admin/orders?q=status:open"), "{html}");
}

#[test]
fn sizes_read_as_people_write_them() {
    assert_eq!(
        (bytes(900), bytes(1536), bytes(5_000_000_000)),
        ("900 B".into(), "1.5 KB".into(), "4.6 GB".into())
    );
}

#[test]
fn a_choice_is_the_address() {
    assert_eq!(place(30, None), "/admin");
    assert_eq!(place(7, Some(Currency::USD)), "/admin?days=7&currency=USD");
}
