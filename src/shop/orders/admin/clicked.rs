//! The pages as people click through them: in process, with a real store and index, signed in.

use super::samples;
use crate::access::password::Password;
use crate::access::staff::NewStaff;
use crate::access::staff::{self, Granter};
use crate::access::{self, Access, Role, Shop, shells};
use crate::base::error::Result;
use crate::base::id::Id;
use crate::base::money::{Currency, Price};
use crate::base::time::{Clock, Timestamp};
use crate::search::{self, Change, Doc, Search, Source};
use crate::shop::customers::{self, CustomerId, NewCustomer};
use crate::shop::orders::{
    self, NewLine, NewOrder, NewOrderCustomer, Order, OrderId, Payment, Status, Step, StepInput,
};
use crate::store::{Actor, Store, TableInfo, events};
use crate::web::query::encode;
use crate::web::{Metrics, Web};
use actix_web::dev::Service as _;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::web;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

static ALL_TABLES: LazyLock<Vec<TableInfo>> = LazyLock::new(|| {
    let mut all = access::TABLES.concat();
    all.extend(customers::TABLES.iter().chain(orders::TABLES).copied());
    all
});

const PASSWORD: &str = "violet-harbour-tuesday-47";

/// Orders and customers, as the index reads them.
struct Records(Store);

impl Source for Records {
    fn doc(&self, kind: &str, id: &[u8; 16]) -> Result<Option<Doc>> {
        self.0.read(|s| match kind {
            "order" => orders::doc(s, OrderId::from_bytes(*id)),
            "customer" => customers::doc(s, CustomerId::from_bytes(*id)),
            _ => Ok(None),
        })
    }
    fn ids(&self, kind: &str, after: Option<[u8; 16]>, limit: usize) -> Result<Vec<[u8; 16]>> {
        self.0.read(|s| {
            let ids = if kind == "order" { orders::ids(s, after.map(OrderId), limit)? } else { Vec::new() };
            Ok(ids.iter().map(Id::bytes).collect())
        })
    }
    fn changes(&self, after_seq: u64, limit: usize) -> Result<Vec<Change>> {
        let batch = self.0.read(|s| events::after(s, after_seq, limit))?;
        let changes =
            batch.iter().flat_map(|e| e.subjects().map(|s| Change { seq: e.seq, kind: s.kind, id: s.id }));
        Ok(changes.collect())
    }
    fn last_seq(&self) -> u64 {
        self.0.last_seq()
    }
    fn epoch(&self) -> [u8; 16] {
        self.0.epoch()
    }
}

/// What came back.
pub(super) struct Reply {
    status: u16,
    pub(super) location: String,
    cookies: Vec<String>,
    pub(super) body: String,
}

impl Reply {
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} {}", self.location, self.body);
        self
    }
    #[track_caller]
    pub(super) fn shows(&self, text: &str) {
        assert!(self.body.contains(text), "{text} is missing: {}", self.body);
    }
    #[track_caller]
    pub(super) fn hides(&self, text: &str) {
        assert!(!self.body.contains(text), "{text} is there: {}", self.body);
    }
}

type Answering = Pin<Box<dyn Future<Output = Reply>>>;

/// A shop with its order pages and somebody at the desk.
pub(super) struct Desk {
    pub(super) store: Store,
    clock: Clock,
    cookie: String,
    serve: Box<dyn Fn(actix_http::Request) -> Answering>,
    _dir: tempfile::TempDir,
}

impl Desk {
    pub(super) async fn open() -> Self {
        Self::with(Role::Owner).await
    }

    pub(super) async fn with(role: Role) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(samples::at("2026-11-20T10:00:00Z"));
        let keep =
            crate::store::Settings { reserve_mb: 0, ballast_mb: 0, ..crate::store::Settings::default() };
        let store = Store::open(dir.path(), &keep, clock.clone(), &ALL_TABLES).unwrap();
        let mut kinds = orders::KINDS.to_vec();
        kinds.push(customers::KIND);
        let schema =
            search::Schema::new(kinds, customers::FIELDS.iter().chain(orders::FIELDS).copied().collect());
        let source = Arc::new(Records(store.clone()));
        let settings = search::Settings::default();
        let search = Search::open(&dir.path().join("index"), schema.unwrap(), source, settings).unwrap();
        let noting = search.clone();
        store.on_commit(Box::new(move |committed| {
            let of = |c: &crate::store::Committed| {
                let seq = c.seq;
                c.subjects.clone().into_iter().map(move |s| Change { seq, kind: s.kind, id: s.id })
            };
            noting.note(&committed.iter().flat_map(of).collect::<Vec<_>>());
        }));
        let access = Access::new(store.clone(), access::Settings::default(), false).unwrap();
        let front = Web::new(crate::web::Settings::default(), clock.clone(), Metrics::new()).unwrap();
        let shop = Arc::new(Shop::new(store.clone()));
        let maker = shells(access.clone(), Arc::clone(&shop), &[], |_| None, |_| 0);
        let work = crate::work::Work::new(store.clone(), Vec::new(), Vec::new());
        let table = Web::table(|all| {
            all.configure(access::routes).configure(super::routes);
        });
        let app = front
            .app(maker, &table)
            .app_data(web::Data::new(access.clone()))
            .app_data(web::Data::from(shop))
            .app_data(web::Data::new(store.clone()))
            .app_data(web::Data::new(search))
            .app_data(web::Data::new(super::Asides::default()))
            .app_data(web::Data::new(work));
        let service = std::rc::Rc::new(init_service(app).await);
        let serve = Box::new(move |request| -> Answering {
            let service = std::rc::Rc::clone(&service);
            Box::pin(async move {
                let answer = service.call(request).await.unwrap().map_into_boxed_body();
                let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
                let cookies = answer.headers().get_all("set-cookie").map(|v| v.to_str().unwrap().to_owned());
                let (status, location) = (answer.status().as_u16(), header("location").unwrap_or_default());
                let cookies = cookies.collect();
                Reply {
                    status,
                    location,
                    cookies,
                    // What a browser reads: the template engine writes a slash as an entity.
                    body: String::from_utf8(read_body(answer).await.to_vec()).unwrap().replace("&#x2f;", "/"),
                }
            })
        });
        let new = NewStaff { name: "Olga Owner".into(), email: "olga@example.com".into(), role };
        let hash = access.hasher().hash_blocking(Password::new(PASSWORD).unwrap(), Vec::new()).unwrap();
        store
            .write_blocking(Actor::cli(), move |tx| staff::add(tx, &Granter::console(), &new, &hash, false))
            .unwrap();
        let mut desk = Self { store, clock, cookie: String::new(), serve, _dir: dir };
        let signed_in =
            desk.post("/admin/sign-in", &[("email", "olga@example.com"), ("password", PASSWORD)]).await;
        let cookies = signed_in.expect(303).cookies;
        desk.cookie = cookies.iter().filter_map(|c| c.split(';').next()).collect::<Vec<_>>().join("; ");
        desk
    }

    async fn send(&self, request: TestRequest) -> Reply {
        let request = request
            .peer_addr("203.0.113.7:50000".parse().unwrap())
            .insert_header(("accept", "text/html"))
            .insert_header(("cookie", self.cookie.clone()));
        (self.serve)(request.to_request()).await
    }
    /// The page that an answer leads to, with the message it carries.
    pub(super) async fn follow(&self, reply: &Reply) -> Reply {
        let carried = reply.cookies.iter().filter_map(|c| c.split(';').next());
        let cookies = std::iter::once(self.cookie.as_str()).chain(carried).collect::<Vec<_>>().join("; ");
        let request = TestRequest::get()
            .uri(&reply.location)
            .peer_addr("203.0.113.7:50000".parse().unwrap())
            .insert_header(("accept", "text/html"))
            .insert_header(("cookie", cookies));
        (self.serve)(request.to_request()).await
    }
    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(TestRequest::get().uri(path)).await
    }
    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let request = TestRequest::post()
            .uri(path)
            .insert_header(("sec-fetch-site", "same-origin"))
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload(encode(form));
        self.send(request).await
    }

    pub(super) fn place(&self, new: NewOrder) -> Order {
        self.store.write_blocking(Actor::system("test"), move |tx| orders::place(tx, &new)).unwrap()
    }
    pub(super) fn order(&self, id: OrderId) -> Order {
        self.store.read(|s| orders::get(s, id)).unwrap()
    }
}

/// An order of somebody for a thing.
pub(super) fn wish(email: &str, title: &str) -> NewOrder {
    NewOrder {
        placed_at: Some(Timestamp(samples::at("2026-11-19T10:00:00Z").0)),
        customer: NewOrderCustomer::Described(Box::new(NewCustomer {
            email: Some(email.to_owned()),
            first_name: "Anna".into(),
            last_name: "Berg".into(),
            ..NewCustomer::default()
        })),
        email: Some(email.to_owned()),
        lines: vec![NewLine {
            title: title.to_owned(),
            category: "Mugs".into(),
            quantity: 2,
            unit_price: Price::from_minor(1_250, Currency::EUR).unwrap(),
            ..NewLine::default()
        }],
        ..NewOrder::new(Currency::EUR)
    }
}

pub(super) fn path(order: &Order, rest: &str) -> String {
    format!("/admin/orders/{}{rest}", order.id)
}

#[actix_web::test]
async fn the_list_shows_orders_and_what_the_query_asks_for() {
    let desk = Desk::open().await;
    desk.get("/admin/orders").await.expect(200).shows("No orders yet");
    let order = desk.place(wish("anna@example.com", "Enamel mug"));
    desk.place(NewOrder { payment: Payment::Paid, ..wish("bo@example.com", "Rain jacket") });
    let list = desk.get("/admin/orders").await.expect(200);
    for text in
        ["#10001<", "#10002<", "€25.00", "New", "Mugs", "To ship", &path(&order, "?from=/admin/orders")]
    {
        list.shows(text);
    }
    let unpaid = desk.get("/admin/orders?q=payment:unpaid").await.expect(200);
    unpaid.shows("#10001<");
    unpaid.hides("#10002<");
    unpaid.shows("Payment is Unpaid");
    let none = desk.get("/admin/orders?q=colur:navy+nothing").await.expect(200);
    none.shows("No order matches");
    none.shows("colour");
    desk.get("/admin/orders?nonsense=1").await.expect(400);
    let settled = desk.get("/admin/orders?q=a&since=2026-01-01&until=&least=5&most=9").await.expect(303);
    assert_eq!(settled.location, "/admin/orders?q=a%20placed:%3E%3D2026-01-01%20total:5.00..9.00");
}

#[actix_web::test]
async fn what_is_exported_is_what_was_searched() {
    let desk = Desk::open().await;
    desk.place(wish("anna@example.com", "Enamel mug"));
    let list = desk.get("/admin/orders?q=status:open+enmael").await.expect(200);
    list.shows("Showing “Enamel” for “enmael”");
    list.shows("/admin/exports/orders?q=status:open%20Enamel");
}

#[actix_web::test]
async fn a_number_leads_to_the_order_and_an_unknown_one_nowhere() {
    let desk = Desk::open().await;
    let order = desk.place(wish("anna@example.com", "Enamel mug"));
    assert_eq!(desk.get("/admin/orders/10001").await.expect(303).location, path(&order, ""));
    assert_eq!(desk.get("/admin/orders/%2310001").await.expect(303).location, path(&order, ""));
    desk.get("/admin/orders/77").await.expect(404);
    desk.get("/admin/orders/ord_nonsense").await.expect(404);
}

#[actix_web::test]
async fn a_step_is_taken_once_and_can_be_undone() {
    let desk = Desk::open().await;
    let order = desk.place(NewOrder { payment: Payment::Paid, ..wish("anna@example.com", "Enamel mug") });
    let form = [("version", "1"), ("from", "/admin/orders?q=a"), ("carrier", "DHL"), ("tracking", "0034")];
    for _ in 0..2 {
        let answer = desk.post(&path(&order, "/ship"), &form).await.expect(303);
        assert_eq!(answer.location, path(&order, "?from=/admin/orders%3Fq%3Da"));
    }
    let shipped = desk.order(order.id);
    assert_eq!((shipped.version, shipped.parcels.len()), (2, 1), "the second click changed nothing");
    let page = desk.get(&path(&order, "")).await.expect(200);
    page.shows("Marked shipped with DHL, tracking 0034");
    page.shows("https://www.dhl.com/global-en/home/tracking.html?tracking-id=0034");
    desk.post(&path(&order, "/unship"), &[("version", "2")]).await.expect(303);
    assert!(desk.order(order.id).parcels.is_empty());
}

#[actix_web::test]
async fn a_part_that_went_back_is_said_with_its_amount() {
    let desk = Desk::open().await;
    let order = desk.place(NewOrder { payment: Payment::Paid, ..wish("anna@example.com", "Mug") });
    let total = crate::base::money::Money::new(order.total, order.currency);
    let part = crate::base::money::Money::new(100, order.currency);
    for (typed, said) in [
        (part.decimal(), format!("{} of order #{} marked refunded.", part.shown(), order.number)),
        (String::new(), format!("Order #{} marked refunded.", order.number)),
    ] {
        let reply = desk.post(&path(&order, "/refund"), &[("amount", &typed)]).await.expect(303);
        desk.follow(&reply).await.shows(&said);
    }
    assert_eq!(desk.order(order.id).refunded, total.amount);
}

#[actix_web::test]
async fn a_refused_step_says_why_and_keeps_what_was_typed() {
    let desk = Desk::open().await;
    let order = desk.place(wish("anna@example.com", "Enamel mug"));
    let refused = desk.post(&path(&order, "/deliver"), &[("version", "1")]).await.expect(409);
    refused.shows("Only a shipped order can be delivered.");
    let long = "x".repeat(501);
    let refused =
        desk.post(&path(&order, "/ship"), &[("version", "1"), ("tracking", &long), ("carrier", "DHL")]).await;
    let refused = refused.expect(422);
    // In the form itself, which would cover the list on top of the page.
    refused.shows("aria-invalid=\"true\" aria-describedby=\"f-tracking-e\"");
    refused.shows("id=\"f-tracking-e\"");
    assert!(!refused.body.contains("id=\"errors\""), "{}", refused.body);
    refused.shows("value=\"DHL\"");
    desk.post(&path(&order, "/explode"), &[]).await.expect(404);
    assert_eq!(desk.order(order.id).version, 1);
}

#[actix_web::test]
async fn notes_are_added_edited_and_not_lost_to_somebody_else() {
    let desk = Desk::open().await;
    let order = desk.place(wish("anna@example.com", "Enamel mug"));
    desk.post(&path(&order, "/notes"), &[("version", "1"), ("text", "Neutral\r\npackaging")])
        .await
        .expect(303);
    desk.post(&path(&order, "/notes"), &[("version", "1"), ("text", " ")])
        .await
        .expect(422)
        .shows("Write something first.");
    let was = ("was", "Neutral\r\npackaging");
    desk.post(&path(&order, "/notes/1"), &[("version", "2"), was, ("text", "No logo")]).await.expect(303);
    let clash = desk
        .post(&path(&order, "/notes/1"), &[("version", "2"), was, ("text", "My words")])
        .await
        .expect(409);
    clash.shows("No logo");
    clash.shows("My words");
    let page = desk.get(&path(&order, "")).await;
    page.shows("No logo");
    page.shows("Edited a note");
    assert_eq!(desk.order(order.id).staff_notes.len(), 1);
}

#[actix_web::test]
async fn what_colleagues_have_read_is_not_rewritten() {
    let desk = Desk::open().await;
    let order = desk.place(wish("anna@example.com", "Enamel mug"));
    desk.post(&path(&order, "/notes"), &[("version", "1"), ("text", "Blue")]).await.expect(303);
    let note = path(&order, "/notes/1");
    let form = |text: &'static str| [("version", "2"), ("was", "Blue"), ("text", text)];
    desk.get(&path(&order, "")).await.shows(&format!("action=\"{note}\""));
    desk.clock.set(samples::at("2026-11-20T10:10:01Z"));
    desk.get(&path(&order, "")).await.expect(200).hides(&format!("action=\"{note}\""));
    let refused = desk.post(&note, &form("Red")).await.expect(409);
    refused.shows("Add another one that says what is different.");
    refused.shows("Red</textarea>");
    assert_eq!(desk.order(order.id).staff_notes[0].text, "Blue");
    desk.post(&note, &form("Blue")).await.expect(303);
}

#[actix_web::test]
async fn two_people_edit_and_only_what_clashes_is_asked() {
    let desk = Desk::open().await;
    let order = desk.place(wish("anna@example.com", "Enamel mug"));
    desk.get(&path(&order, "/edit")).await.expect(200).shows("name=\"was_email\" value=\"anna@example.com\"");
    let was = [
        ("version", "1"),
        ("was_email", "anna@example.com"),
        ("was_phone", ""),
        ("was_tags", ""),
        ("was_note", ""),
    ];
    let form = |more: &[(&'static str, &'static str)]| was.iter().chain(more).copied().collect::<Vec<_>>();
    let edit = path(&order, "/edit");
    let theirs = form(&[("email", "anna@example.com"), ("phone", "030 1"), ("tags", "gift"), ("note", "")]);
    desk.post(&edit, &theirs).await.expect(303);
    // Nothing of this clashes: the tags are put together, the phone is theirs, the note mine.
    let mine = form(&[("email", "anna@example.com"), ("phone", ""), ("tags", "vip"), ("note", "Ring twice")]);
    desk.post(&edit, &mine).await.expect(303);
    let merged = desk.order(order.id);
    assert_eq!((merged.phone.as_str(), merged.note.as_str()), ("030 1", "Ring twice"));
    assert_eq!(merged.tags, ["gift", "vip"]);
    // The phone clashes.
    let mine = form(&[("email", "b@example.com"), ("phone", "030 2"), ("tags", ""), ("note", "")]);
    let asked = desk.post(&edit, &mine).await.expect(409);
    asked.shows("value=\"030 2\"");
    asked.shows("value=\"030 1\"");
    asked.shows("Olga Owner");
    asked.shows("name=\"email\" value=\"b@example.com\"");
    assert_eq!(desk.order(order.id).phone, "030 1", "nothing is saved before it was answered");
    // The answer is the same form with one of the two values.
    let version = desk.order(order.id).version.to_string();
    let chosen = [
        ("version", version.as_str()),
        ("was_phone", "030 1"),
        ("phone", "030 2"),
        ("was_email", "anna@example.com"),
        ("email", "b@example.com"),
    ];
    desk.post(&edit, &chosen).await.expect(303);
    assert_eq!(desk.order(order.id).email.as_deref(), Some("b@example.com"));
}

#[actix_web::test]
async fn a_form_with_mistakes_comes_back_with_everything() {
    let desk = Desk::open().await;
    let order = desk.place(wish("anna@example.com", "Enamel mug"));
    let form = [
        ("version", "1"),
        ("email", "nonsense"),
        ("billing.country", "Atlantis"),
        ("billing.city", "Berlin"),
        ("note", "Ring"),
    ];
    let page = desk.post(&path(&order, "/edit"), &form).await.expect(422);
    for text in
        ["href=\"#f-email\"", "href=\"#f-billing.country\"", "value=\"nonsense\"", "value=\"Berlin\"", "Ring"]
    {
        page.shows(text);
    }
    assert_eq!(desk.order(order.id).version, 1);
}

#[actix_web::test]
async fn many_orders_are_done_or_refused_one_by_one() {
    let desk = Desk::open().await;
    let paid = desk.place(NewOrder { payment: Payment::Paid, ..wish("anna@example.com", "Enamel mug") });
    let gone = desk.place(wish("bo@example.com", "Enamel mug"));
    let cancel = StepInput::default();
    let id = gone.id;
    desk.store
        .write_blocking(Actor::system("test"), move |tx| orders::take(tx, id, None, Step::Cancel, &cancel))
        .unwrap();
    let (a, b) = (format!("{}.1", paid.id), format!("{}.2", gone.id));
    let form = [("action", "ship"), ("id", a.as_str()), ("id", b.as_str()), ("from", "/admin/orders?q=a")];
    let first = desk.post("/admin/orders/bulk", &form).await.expect(303).location;
    assert_eq!(
        desk.post("/admin/orders/bulk", &form).await.expect(303).location,
        first,
        "a second click is the same"
    );
    let page = desk.get(&first).await.expect(200);
    for text in [
        "Done for 1\u{a0}order, refused for 1.",
        "A cancelled order cannot be shipped.",
        "name=\"undo\"",
        "/admin/orders?q=a",
    ] {
        page.shows(text);
    }
    assert_eq!(desk.order(paid.id).parcels.len(), 1);
    assert_eq!(desk.order(gone.id).status, Status::Cancelled);
    let back = format!("{}.2", paid.id);
    desk.post("/admin/orders/bulk", &[("action", "unship"), ("id", &back)]).await.expect(303);
    assert!(desk.order(paid.id).parcels.is_empty());
    desk.post("/admin/orders/bulk", &[("action", "ship")]).await.expect(422);
    desk.post("/admin/orders/bulk", &[("action", "tag"), ("tag", "a,b"), ("id", &back)]).await.expect(303);
    desk.get("/admin/orders/bulk/00000000000000000000000000").await.expect(404);
}

#[actix_web::test]
async fn hostile_words_are_words_on_every_page() {
    let desk = Desk::open().await;
    let evil = "\"><img src=x onerror=alert(1)>'{{7*7}}";
    let order = desk.place(NewOrder {
        note: evil.to_owned(),
        tags: vec![evil.to_owned()],
        discount_code: evil.to_owned(),
        ..wish("anna@example.com", evil)
    });
    desk.post(&path(&order, "/notes"), &[("version", "1"), ("text", evil)]).await.expect(303);
    let query = encode(&[("q", evil), ("cols", "number,tags,note,voucher")]);
    for page in [
        path(&order, ""),
        path(&order, "/edit"),
        "/admin/orders".to_owned(),
        format!("/admin/orders?{query}"),
    ] {
        let page = desk.get(&page).await.expect(200);
        page.hides("<img src=x");
        page.hides(">49");
    }
    desk.get("/admin/orders?cols=number,tags,note,voucher").await.shows("&lt;img src=x");
}
