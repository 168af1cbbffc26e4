//! The list as people ask it: amounts, numbers, words that are not understood, forms that are refused. In process.

use super::clicked::{Desk, path, wish};
use crate::access::Role;
use crate::base::money::{Currency, Price};
use crate::base::time::Timestamp;
use crate::shop::orders::{NewLine, NewOrder, NewOrderCustomer, Payment, Step, StepInput, VIEWS};
use crate::store::Actor;
use crate::web::query::encode;

/// An order of this much.
fn of(email: &str, currency: Currency, minor: i64) -> NewOrder {
    let line = NewLine {
        quantity: 1,
        unit_price: Price::from_minor(minor, currency).unwrap(),
        ..NewLine::default()
    };
    NewOrder { lines: vec![NewLine { title: "Thing".into(), ..line }], currency, ..wish(email, "Thing") }
}

#[actix_web::test]
async fn amounts_are_read_as_people_write_them_or_refused_beside_their_box() {
    let desk = Desk::open().await;
    desk.place(of("anna@example.com", Currency::EUR, 100_050));
    for (typed, read) in
        [("1,000.50", "1000.50"), ("1.000,50", "1000.50"), ("50,5", "50.50"), ("€ 1,000", "1000.00")]
    {
        let query = encode(&[("least", typed), ("sort", "-total")]);
        let settled = desk.get(&format!("/admin/orders?{query}")).await.expect(303).location;
        assert_eq!(settled, format!("/admin/orders?sort=-total&q=total:%3E%3D{read}"), "{typed}");
    }
    let refused = desk.get("/admin/orders?q=anna&least=1.000&most=5").await.expect(422);
    for text in [
        "1.000 can be read in two ways. Write 1000 or 1.00.",
        "value=\"1.000\"",
        "value=\"5\"",
        "href=\"#f-least\"",
        "aria-describedby=\"f-least-e\"",
        "#10001<",
    ] {
        refused.shows(text);
    }
    for link in refused.body.split("href=\"").skip(1) {
        assert!(!link.split('"').next().unwrap().contains("least="), "a link carries the refused amount on");
    }
    desk.get("/admin/orders?most=much").await.expect(422).shows("Enter an amount such as 59.00.");
}

#[actix_web::test]
async fn amounts_of_several_currencies_are_not_compared_without_a_word() {
    let desk = Desk::open().await;
    desk.place(of("anna@example.com", Currency::EUR, 20_000));
    let words = "Totals are compared as numbers.";
    desk.get("/admin/orders?q=total:%3E100").await.expect(200).hides(words);
    desk.place(of("bo@example.com", Currency::USD, 30_000));
    for asked in ["q=total:%3E100", "q=(total:%3E100+OR+anna)", "sort=-total"] {
        let list = desk.get(&format!("/admin/orders?{asked}")).await.expect(200);
        list.shows(words);
        list.shows("currency:usd");
    }
    desk.get("/admin/orders?q=total:%3E100+currency:eur").await.expect(200).hides(words);
    desk.get("/admin/orders").await.expect(200).hides(words);
}

#[actix_web::test]
async fn the_order_that_was_named_comes_first() {
    let desk = Desk::open().await;
    let named = desk.place(wish("anna@example.com", "Enamel mug"));
    let at = |n: i64| Some(Timestamp(named.placed_at.0 + n * 1_000));
    // Newer ones that are found by the same digits.
    for n in 1..4 {
        let note = format!("Send it together with {}", named.number);
        desk.place(NewOrder { note, placed_at: at(n), ..wish(&format!("c{n}@example.com"), "Enamel mug") });
    }
    let shown = |body: &str| -> Vec<String> {
        let pieces = body.split("Select order ").skip(1);
        pieces.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect()).collect()
    };
    for asked in ["10001", "%2310001", "10001+mug"] {
        let list = desk.get(&format!("/admin/orders?q={asked}")).await.expect(200);
        assert_eq!(shown(&list.body), ["10001", "10004", "10003", "10002"], "{asked}");
    }
    for (n, number) in [(4, 1001), (5, 10_011), (6, 10_012)] {
        let new = NewOrder { wished_number: Some(number), placed_at: at(n), ..wish("d@example.com", "Mug") };
        desk.place(new);
    }
    let begin_so = desk.get("/admin/orders?q=number:1001").await.expect(200);
    assert_eq!(shown(&begin_so.body), ["1001", "10012", "10011"]);
    // What does not fit the rest of the query is not put in front of it, and a sorted list keeps its order.
    let rest = desk.get("/admin/orders?q=10001+note:any").await.expect(200);
    assert_eq!(shown(&rest.body), ["10004", "10003", "10002"]);
    let sorted = desk.get("/admin/orders?q=10001&sort=-placed").await.expect(200);
    assert_eq!(shown(&sorted.body), ["10004", "10003", "10002", "10001"]);
}

#[actix_web::test]
async fn a_word_that_is_not_understood_lists_nothing_by_itself() {
    let desk = Desk::open().await;
    desk.place(wish("anna@example.com", "Enamel mug"));
    let alone = desk.get("/admin/orders?q=colur:navy").await.expect(200);
    alone.shows(
        "There is no field “colur”. Did you mean “colour”? Nothing else was asked, so nothing is listed.",
    );
    alone.shows("No order matches");
    alone.hides("#10001<");
    let beside = desk.get("/admin/orders?q=colur:navy+anna").await.expect(200);
    beside.shows("There is no field “colur”. Did you mean “colour”? The other terms are searched.");
    beside.shows("#10001<");
    desk.get("/admin/orders?q=-is:held").await.expect(200).shows("Is not on hold");
}

#[actix_web::test]
async fn a_refused_wish_for_many_orders_comes_back_with_the_ticks() {
    let desk = Desk::open().await;
    let one = desk.place(wish("anna@example.com", "Enamel mug"));
    let other = desk.place(wish("bo@example.com", "Enamel mug"));
    let row = format!("{}.1", one.id);
    let from = ("from", "/admin/orders?q=mug&sort=-total");
    let form = [("action", "tag"), ("tag", " "), ("id", row.as_str()), ("hold_note", "typed"), from];
    let list = desk.post("/admin/orders/bulk", &form).await.expect(422);
    list.shows("Write the tag first.");
    list.shows(&format!("value=\"{row}\" aria-label=\"Select order {}\" checked>", one.number));
    list.hides(&format!("Select order {}\" checked>", other.number));
    for text in ["href=\"#f-tag\"", "value=\"typed\"", "value=\"mug\"", "/admin/orders?q=mug&amp;sort=-total"]
    {
        list.shows(text);
    }
    let nothing = desk.post("/admin/orders/bulk", &[("action", "ship"), from]).await.expect(422);
    nothing.shows("Tick at least one order.");
    assert_eq!(desk.order(one.id).version, 1);
}

#[actix_web::test]
async fn a_hold_without_a_reason_has_none() {
    let desk = Desk::open().await;
    let order = desk.place(NewOrder { payment: Payment::Paid, ..wish("anna@example.com", "Enamel mug") });
    desk.post(&path(&order, "/hold"), &[("version", "1"), ("note", " ")]).await.expect(303);
    assert_eq!(desk.order(order.id).hold.as_deref(), Some(""));
    let page = desk.get(&path(&order, "")).await.expect(200);
    page.shows("<strong>On hold</strong>. <span class=\"mute\">No reason given.</span>");
    desk.get("/admin/orders?q=is:held").await.expect(200).shows("On hold: no reason given");
    let id = order.id;
    let said = StepInput { note: "waits for the bank".into(), ..StepInput::default() };
    desk.store
        .write_blocking(Actor::system("test"), move |tx| {
            crate::shop::orders::take(tx, id, None, Step::Release, &StepInput::default())?;
            crate::shop::orders::take(tx, id, None, Step::Hold, &said)
        })
        .unwrap();
    desk.get(&path(&order, "")).await.expect(200).shows("<strong>On hold</strong>: waits for the bank");
}

#[actix_web::test]
async fn an_undo_brings_back_what_the_step_took_away() {
    let desk = Desk::open().await;
    let order = desk.place(NewOrder { payment: Payment::Paid, ..wish("anna@example.com", "Enamel mug") });
    desk.post(&path(&order, "/ship"), &[("version", "1"), ("carrier", "DHL"), ("tracking", "0034")])
        .await
        .expect(303);
    let taken = desk.post(&path(&order, "/unship"), &[("version", "2")]).await.expect(303);
    let page = desk.follow(&taken).await.expect(200);
    page.shows("<input type=\"hidden\" name=\"carrier\" value=\"DHL\">");
    page.shows("<input type=\"hidden\" name=\"tracking\" value=\"0034\">");
    desk.post(&path(&order, "/hold"), &[("version", "3"), ("note", "waits for the bank")]).await.expect(303);
    let taken = desk.post(&path(&order, "/release"), &[("version", "4")]).await.expect(303);
    let page = desk.follow(&taken).await.expect(200);
    page.shows("<input type=\"hidden\" name=\"note\" value=\"waits for the bank\">");
}

#[actix_web::test]
async fn who_may_only_look_sees_as_many_cells_as_columns() {
    for (role, has_boxes) in [(Role::ReadOnly, false), (Role::Packer, true)] {
        let desk = Desk::with(role).await;
        desk.place(wish("anna@example.com", "Enamel mug"));
        let list = desk.get("/admin/orders").await.expect(200);
        let (head, body) = list.body.split_once("<tbody>").unwrap();
        let row = body.split_once("</tr>").unwrap().0;
        let cells = row.matches("<td").count() + row.matches("<th").count();
        let columns = head.rsplit_once("<thead>").unwrap().1.matches("<th ").count();
        assert_eq!(cells, columns, "{role:?}");
        assert_eq!(row.contains("type=\"checkbox\""), has_boxes, "{role:?}");
    }
}

#[actix_web::test]
async fn who_packs_reads_no_address_of_a_mailbox_in_place_of_a_name() {
    let nameless = || NewOrder {
        email: Some("kim@example.com".into()),
        customer: NewOrderCustomer::Guest,
        payment: Payment::Paid,
        shipping_address: None,
        billing: None,
        ..wish("kim@example.com", "Enamel mug")
    };
    for (role, reads) in [(Role::Packer, false), (Role::Support, true)] {
        let desk = Desk::with(role).await;
        let order = desk.place(nameless());
        for page in ["/admin/orders", &path(&order, "")] {
            let page = desk.get(page).await.expect(200);
            assert_eq!(page.body.contains("kim@example.com"), reads, "{role:?}");
        }
    }
}

#[actix_web::test]
async fn who_packs_may_ship_and_nothing_else() {
    let desk = Desk::with(Role::Packer).await;
    let order = desk.place(NewOrder { payment: Payment::Paid, ..wish("anna@example.com", "Enamel mug") });
    let page = desk.get(&path(&order, "")).await.expect(200);
    page.shows("Ship 2 items");
    page.hides("/edit");
    page.hides("/admin/customers/");
    desk.post(&path(&order, "/ship"), &[("version", "1")]).await.expect(303);
    desk.post(&path(&order, "/pay"), &[("version", "2")]).await.expect(403);
    desk.get(&path(&order, "/edit")).await.expect(403);
    let row = format!("{}.2", order.id);
    desk.post("/admin/orders/bulk", &[("action", "complete"), ("id", &row)]).await.expect(403);
    desk.post("/admin/orders/bulk", &[("action", "unship"), ("id", &row)]).await.expect(303);
    // What the list does not show is not found out by its filter or its order either.
    let asked = desk.get("/admin/orders?q=total:%3E1").await.expect(200);
    asked.shows("Your role does not see “total:&gt;1”.");
    asked.hides("#10001<");
    for term in [
        "is:refunded",
        "is:Refunded",
        "is:REFUNDED",
        "is:ref*",
        "is:%22Refunded%22",
        "is:held,RE*",
        "is:*",
        "is:any",
        "-is:none",
        "-is:refunded",
        "payment:Paid",
        "payment:p*",
        "payment:any",
        "payment:PART-*",
    ] {
        let asked = desk.get(&format!("/admin/orders?q={term}")).await.expect(200);
        asked.shows("Your role does not see “");
        asked.hides("#10001<");
        let form = [("action", "unship"), ("all", &*term.replace("%22", "\"")), ("id", "")];
        desk.post("/admin/orders/bulk", &form).await.expect(422).shows("Your role does not see “");
    }
    desk.get("/admin/orders?q=is:refundet").await.expect(200).hides("is:refunded");
    let to_ship = VIEWS.iter().find(|view| view.word == "to_ship").unwrap().query;
    desk.place(wish("bo@example.com", "Unpaid mug"));
    let list = desk.get(&format!("/admin/orders?{}", encode(&[("q", to_ship)]))).await.expect(200);
    list.hides("does not see");
    list.shows("#10001<");
    list.hides("#10002<");
    let list = desk.get("/admin/orders?q=fulfilment:unfulfilled&sort=-total").await.expect(200);
    let offered = list.body.split_once("This list can be sorted by ").unwrap().1.split('.').next().unwrap();
    assert!(offered.contains("number") && !offered.contains("total"), "{offered}");
    desk.get("/admin/orders?q=fulfilment:unfulfilled&sort=name").await.expect(200).shows("#10001<");
}

#[actix_web::test]
async fn the_timeline_shows_one_part_alone() {
    let desk = Desk::open().await;
    let order = desk.place(wish("anna@example.com", "Enamel mug"));
    desk.post(&path(&order, "/notes"), &[("version", "1"), ("text", "Call her first")]).await.expect(303);
    desk.post(&path(&order, "/pay"), &[("version", "2")]).await.expect(303);
    desk.post(&path(&order, "/ship"), &[("version", "3")]).await.expect(303);
    let all = ["Call her first</div>", "Marked paid", "Marked shipped", "Order placed"];
    for (part, shown) in [
        ("", &all[..]),
        ("notes", &all[..1]),
        ("money", &all[1..2]),
        ("parcels", &all[2..3]),
        ("other", &all[3..]),
    ] {
        let page = desk.get(&path(&order, &format!("?timeline={part}"))).await.expect(200);
        let timeline =
            page.body.split("class=\"tl\"").nth(1).unwrap().split("</ol>").next().unwrap().to_owned();
        for text in all {
            assert_eq!(timeline.contains(text), shown.contains(&text), "{text} in {part}: {timeline}");
        }
    }
    desk.get(&path(&order, "?timeline=nonsense")).await.expect(422);
}

#[actix_web::test]
async fn the_address_of_a_form_leads_to_its_page() {
    let desk = Desk::open().await;
    let order = desk.place(wish("anna@example.com", "Enamel mug"));
    for (from, to) in [
        ("/admin/orders/bulk".to_owned(), "/admin/orders".to_owned()),
        (path(&order, "/notes"), path(&order, "")),
        (path(&order, "/notes/1"), path(&order, "/notes")),
        ("/admin/display".to_owned(), "/admin".to_owned()),
    ] {
        assert_eq!(desk.get(&from).await.expect(303).location, to, "{from}");
    }
    desk.post("/admin/orders", &[]).await.expect(405);
}

#[actix_web::test]
async fn none_of_what_every_order_has_is_its_first_state_and_fields_of_customers_are_said() {
    let desk = Desk::open().await;
    desk.place(wish("anna@example.com", "Enamel mug"));
    let shown = desk.get("/admin/orders?q=shipment:none+payment:none").await.expect(200);
    shown.shows("class=\"row\"");
    let odd = desk.get("/admin/orders?q=orders:%3E5").await.expect(200);
    odd.shows("“orders” is a field of customers, so it finds nothing among orders.");
    odd.shows("The message above says why.");
}

#[actix_web::test]
async fn a_list_is_shown_when_its_order_is_not_for_its_reader() {
    for (role, sort) in [(Role::Packer, "-total"), (Role::Owner, "height")] {
        let desk = Desk::with(role).await;
        desk.place(wish("anna@example.com", "Enamel mug"));
        let page = desk.get(&format!("/admin/orders?sort={sort}")).await.expect(200);
        page.shows("class=\"row\"");
        page.shows("This list can be sorted by");
    }
}
