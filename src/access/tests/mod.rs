//! The floor as a whole, in process, with a real store: a shop with an owner, browsers and programs that call it.

mod budgets;
mod clocks;
mod console;
mod keys;
mod pages;
mod parking;
mod roles;
mod sessions;
mod setting_up;

use crate::access::staff::{NewStaff, StaffMember};
use crate::access::{
    Access, Caller, DOORS, Public, Role, Settings, Shop, Staff, TABLES, may, routes, shells,
};
use crate::base::error::Result;
use crate::base::time::{Clock, Timestamp};
use crate::store::{Store, TableInfo};
use crate::web::limits::PerMinute;
use crate::web::routing;
use crate::web::{Fields, Metrics, Web, see_other};
use actix_web::dev::Service as _;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{HttpResponse, web};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

static ALL_TABLES: LazyLock<Vec<TableInfo>> = LazyLock::new(|| TABLES.concat());

pub(super) const OWNER: &str = "olga@example.com";
pub(super) const PASSWORD: &str = "violet-harbour-tuesday-47";
/// In the manual clock's units.
pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|v| v.to_str().unwrap()).unwrap_or_default()
    }
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Self {
        let told = self.body.split("<main").nth(1).unwrap_or(&self.body);
        assert_eq!(self.status, status, "{} {told}", self.header("location"));
        self
    }
    pub(super) fn code(&self) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        json["code"].as_str().unwrap().to_owned()
    }
    /// The cookies that are set, with their attributes.
    pub(super) fn cookies(&self) -> Vec<String> {
        self.headers.get_all("set-cookie").map(|v| v.to_str().unwrap().to_owned()).collect()
    }
}

type Answering = Pin<Box<dyn Future<Output = Reply>>>;

/// A shop with its floor, and an owner.
#[derive(Clone)]
pub(super) struct House {
    pub(super) store: Store,
    pub(super) access: Access,
    pub(super) clock: Clock,
    serve: Rc<dyn Fn(actix_http::Request) -> Answering>,
    _dir: Rc<tempfile::TempDir>,
}

/// How a house is set up.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) https: bool,
    pub(super) owner: bool,
    /// Tries to sign in a minute and address, in memory; off where the budgets of this floor are looked at.
    pub(super) sign_ins: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self { https: false, owner: true, sign_ins: 0 }
    }
}

impl House {
    pub(super) async fn open() -> Self {
        Self::with(Plan::default()).await
    }
    pub(super) async fn with(plan: Plan) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::parse("2026-11-20T10:00:00Z").unwrap());
        let keep =
            crate::store::Settings { reserve_mb: 0, ballast_mb: 0, ..crate::store::Settings::default() };
        let store = Store::open(dir.path(), &keep, clock.clone(), &ALL_TABLES).unwrap();
        let access = Access::new(store.clone(), Settings::default(), plan.https).unwrap();
        let limits = PerMinute { sign_in: plan.sign_ins, ..PerMinute::default() };
        let server = crate::web::Settings { limits, ..crate::web::Settings::default() };
        let web = Web::new(server, clock.clone(), Metrics::new()).unwrap();
        let shop = Arc::new(Shop::new(store.clone()));
        let maker = shells(access.clone(), Arc::clone(&shop), DOORS, |_| None, |_| 0);
        let table = Web::table(|all| {
            all.configure(routes).configure(probes);
        });
        let app =
            web.app(maker, &table).app_data(web::Data::new(access.clone())).app_data(web::Data::from(shop));
        let service = Rc::new(init_service(app).await);
        let serve = move |request| -> Answering {
            let service = Rc::clone(&service);
            Box::pin(async move {
                let answer = match service.call(request).await {
                    Ok(answer) => answer.map_into_boxed_body(),
                    Err(error) => panic!("{error}"),
                };
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
                // Templates write the slash so; for the tests it is one.
                Reply { status, headers, body: body.replace("&#x2f;", "/") }
            })
        };
        let house = Self { store, access, clock, serve: Rc::new(serve), _dir: Rc::new(dir) };
        if plan.owner {
            house.hire("Olga Owner", OWNER, Role::Owner);
        }
        house
    }

    /// Adds somebody with the password of all.
    pub(super) fn hire(&self, name: &str, email: &str, role: Role) -> StaffMember {
        let new = NewStaff { name: name.to_owned(), email: email.to_owned(), role };
        console::add_staff(&self.store, self.access.hasher(), &new, PASSWORD).unwrap()
    }
    pub(super) fn pass(&self, ms: i64) {
        self.clock.set(self.clock.now().plus_ms(ms));
    }
    pub(super) async fn call(&self, request: TestRequest) -> Reply {
        (self.serve)(request.to_request()).await
    }
    /// A fresh browser at its own address.
    pub(super) fn browser(&self, last: u8) -> Browser {
        Browser { house: self.clone(), address: format!("203.0.113.{last}:50000"), jar: RefCell::default() }
    }
    /// A browser in which somebody has signed in.
    pub(super) async fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser(7);
        browser.sign_in(email, PASSWORD).await.expect(303);
        browser
    }
    /// The kinds of events so far, oldest first.
    pub(super) fn events(&self) -> Vec<String> {
        let all = self.store.read(|s| crate::store::events::after(s, 0, 10_000)).unwrap();
        all.into_iter().map(|e| e.kind).collect()
    }
    /// Everything is as the store's rules want it.
    pub(super) fn check(&self) {
        assert_eq!(self.store.check(&[]).unwrap(), Vec::new());
    }
}

/// A browser: it keeps cookies and says where its forms come from.
pub(super) struct Browser {
    pub(super) house: House,
    pub(super) address: String,
    pub(super) jar: RefCell<BTreeMap<String, String>>,
}

impl Browser {
    async fn send(&self, request: TestRequest) -> Reply {
        let mut request =
            request.peer_addr(self.address.parse().unwrap()).insert_header(("accept", "text/html"));
        let jar: Vec<String> = self.jar.borrow().iter().map(|(n, v)| format!("{n}={v}")).collect();
        if !jar.is_empty() {
            request = request.insert_header(("cookie", jar.join("; ")));
        }
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
        let reply = self.house.call(request.insert_header(("user-agent", agent))).await;
        for cookie in reply.cookies() {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.jar.borrow_mut().remove(name);
            } else {
                self.jar.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }
    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(TestRequest::get().uri(path)).await
    }
    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.send(posted(path, form)).await
    }
    /// A form sent by htmx from a page.
    pub(super) async fn post_part(&self, path: &str, form: &[(&str, &str)], page: &str) -> Reply {
        let request = posted(path, form)
            .insert_header(("hx-request", "true"))
            .insert_header(("hx-current-url", format!("http://localhost{page}")));
        self.send(request).await
    }
    /// A form with a file.
    pub(super) async fn post_file(&self, path: &str, form: &[(&str, &str)], file: (&str, &str)) -> Reply {
        let field = |(name, value): &(&str, &str)| {
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let (input, name) = file;
        let head = format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{input}\"; filename=\"{name}\"\r\n\r\na,b\r\n"
        );
        let body = head + &form.iter().map(field).collect::<String>() + "--XX--\r\n";
        let request = TestRequest::post()
            .uri(path)
            .insert_header(("sec-fetch-site", "same-origin"))
            .insert_header(("content-type", "multipart/form-data; boundary=XX"))
            .set_payload(body);
        self.send(request).await
    }
    pub(super) async fn sign_in(&self, email: &str, password: &str) -> Reply {
        self.post("/admin/sign-in", &[("email", email), ("password", password)]).await
    }
    pub(super) fn cookie(&self, name: &str) -> String {
        self.jar.borrow().get(name).cloned().unwrap_or_default()
    }
    /// A browser that stole the cookies of this one.
    pub(super) fn thief(&self) -> Self {
        Self { house: self.house.clone(), address: "198.51.100.66:1".to_owned(), jar: self.jar.clone() }
    }
    /// Whether a page that needs only a person opens.
    pub(super) async fn is_in(&self) -> bool {
        self.get("/admin/probe/any").await.status == 200
    }
}

fn posted(path: &str, form: &[(&str, &str)]) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header(("sec-fetch-site", "same-origin"))
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(crate::web::query::encode(form))
}

/// A request of a program.
pub(super) fn program(method: TestRequest, path: &str, key: &str) -> TestRequest {
    method
        .uri(path)
        .peer_addr("198.51.100.9:1".parse().unwrap())
        .insert_header(("authorization", format!("Bearer {key}")))
}

/// Handlers that need one permission each, as features have them.
fn probes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/admin/probe/any").route(routing::get().to(any)))
        .service(routing::resource("/admin/probe/view").route(routing::get().to(view)))
        .service(
            routing::resource("/admin/probe/edit")
                .route(routing::get().to(edit_page))
                .route(routing::post().to(edit)),
        )
        .service(routing::resource("/admin/probe/upload").route(routing::post().to(uploaded)))
        .service(routing::resource("/api/v1/probe/view").route(routing::get().to(api_view)))
        .service(routing::resource("/api/v1/probe/edit").route(routing::post().to(api_edit)))
        .service(routing::resource("/api/v1/probe/me").route(routing::get().to(api_me)))
        .service(routing::resource("/open").route(routing::get().to(open)));
}
async fn any(staff: Staff<may::AnyStaff>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(staff.actor().name))
}
async fn view(staff: Staff<may::ViewOrders>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(staff.actor().id))
}
async fn edit_page(_staff: Staff<may::EditOrders>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body("a form"))
}
async fn edit(_staff: Staff<may::EditOrders>, fields: Fields) -> Result<HttpResponse> {
    let got = fields.all("note").collect::<Vec<_>>().join("|");
    see_other(&format!("/admin/probe/any?{}", crate::web::query::encode(&[("got", got)])), None)
}
async fn uploaded(staff: Staff<may::EditOrders>, _body: web::Payload) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(staff.actor().name))
}
async fn api_view(caller: Caller<may::ViewOrders>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(caller.actor().id))
}
async fn api_edit(caller: Caller<may::EditOrders>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(caller.actor().name))
}
async fn api_me(caller: Caller<may::AnyStaff>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(caller.rights().scopes().join(" ")))
}
async fn open(_all: Public) -> HttpResponse {
    HttpResponse::Ok().body("open")
}
