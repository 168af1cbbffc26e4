//! The whole floor at once, in process: what every request meets on its way in and every answer on its way out.
#![cfg(test)]

use crate::base::error::{Error, Result};
use crate::base::time::{Clock, Timestamp, Zone};
use crate::web::limits::PerMinute;
use crate::web::routing;
use crate::web::settings::{LogAddress, Network};
use crate::web::{
    Budget, Caller, Fields, Form, Json, Metrics, PathId, Query, Settings, Shell, ShellMaker, Toast, User,
    Web, see_other,
};
use actix_http::BoxedPayloadStream;
use actix_web::body::MessageBody;
use actix_web::cookie::Cookie;
use actix_web::dev::{Payload, Service as _, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body, try_call_service};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

crate::id!(ThingId, "thi");

#[derive(Debug, Deserialize)]
struct Input {
    name: String,
    #[serde(default)]
    count: Option<u32>,
}

async fn read(Query(input): Query<Input>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(serde_json::json!({ "name": input.name, "count": input.count })))
}
async fn write(Json(input): Json<Input>) -> Result<HttpResponse> {
    Ok(HttpResponse::Created().json(serde_json::json!({ "name": input.name })))
}
async fn fill(Form(input): Form<Input>) -> Result<HttpResponse> {
    see_other("/admin/thing", Some(Toast::ok(format!("Saved {}", input.name))))
}
async fn raw(fields: Fields) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(fields.get("name").unwrap_or_default().to_owned()))
}
async fn show(PathId(id): PathId<ThingId>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(id.to_string()))
}
async fn shelled(shell: Shell) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().body(format!(
        "{}|{}",
        shell.request_id,
        shell.toast.map(|t| t.text).unwrap_or_default()
    )))
}
async fn broken() -> Result<HttpResponse> {
    Err(Error::internal(std::io::Error::other("the password is hunter2")))
}
async fn panics() -> Result<HttpResponse> {
    panic!("index 7 of secret hunter2")
}
async fn keyed(request: HttpRequest, web: actix_web::web::Data<Web>) -> Result<HttpResponse> {
    web.limits().take(&request, Budget::Key, Caller::Id([7; 16]))?;
    Ok(HttpResponse::Ok().finish())
}
async fn large() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body("<p>".repeat(4_000))
}

fn web_with(settings: Settings) -> Web {
    let clock = Clock::manual(Timestamp::parse("2026-11-20T10:00:00Z").unwrap());
    Web::new(settings, clock, Metrics::new()).unwrap()
}

fn maker() -> ShellMaker {
    ShellMaker::new(|request| {
        let mut shell = Shell::of(request, "Lumo Shop", &Zone::utc(), Timestamp(0));
        shell.user = Some(User::named("Marit Berg", "Owner"));
        Ok(shell)
    })
}

macro_rules! app {
    ($web:expr) => {
        init_service($web.app(
            maker(),
            &Web::table(|routes| {
                routes
                    .service(
                        routing::resource("/api/v1/things")
                            .route(routing::get().to(read))
                            .route(routing::post().to(write))
                            .route(routing::delete().to(broken)),
                    )
                    .service(routing::resource("/api/v1/things/{id}").route(routing::get().to(show)))
                    .service(routing::resource("/api/v1/keyed").route(routing::get().to(keyed)))
                    .service(routing::resource("/api/v1/panic").route(routing::get().to(panics)))
                    .service(
                        routing::resource("/admin/thing")
                            .route(routing::get().to(shelled))
                            .route(routing::post().to(fill)),
                    )
                    .service(routing::resource("/admin/raw").route(routing::post().to(raw)))
                    .service(routing::resource("/admin/broken").route(routing::get().to(broken)))
                    .service(routing::resource("/admin/panic").route(routing::get().to(panics)))
                    .service(routing::resource("/admin/large").route(routing::get().to(large)))
                    .service(routing::resource("/healthz").route(routing::get().to(|| async { "here" })));
            }),
        ))
        .await
    };
}

async fn json<B: MessageBody>(response: ServiceResponse<B>) -> serde_json::Value {
    serde_json::from_slice(&read_body(response).await).unwrap()
}
async fn text<B: MessageBody>(response: ServiceResponse<B>) -> String {
    String::from_utf8(read_body(response).await.to_vec()).unwrap()
}
fn header<'a, B>(response: &'a ServiceResponse<B>, name: &str) -> &'a str {
    response.headers().get(name).map(|v| v.to_str().unwrap()).unwrap_or_default()
}

#[actix_web::test]
async fn every_error_of_the_api_is_a_problem_with_the_request_s_id() {
    let app = app!(web_with(Settings::default()));
    let cases = [
        (TestRequest::get().uri("/api/v1/nothing"), 404, "not_found"),
        (TestRequest::patch().uri("/api/v1/things"), 405, "method_not_allowed"),
        (TestRequest::get().uri("/api/v1/things?nmae=x"), 400, "unknown_parameter"),
        (TestRequest::get().uri("/api/v1/things?name=x&count=y"), 422, "wrong_type"),
        (TestRequest::get().uri("/api/v1/things"), 422, "required"),
        (TestRequest::post().uri("/api/v1/things").set_payload("{}"), 415, "unsupported_media_type"),
        (TestRequest::delete().uri("/api/v1/things"), 500, "internal"),
        (TestRequest::get().uri("/api/v1/things/..%2f..%2fetc"), 404, "not_found"),
        (TestRequest::get().uri("/api/v1/things/thi_%00"), 404, "not_found"),
    ];
    for (request, status, code) in cases {
        let request = request.insert_header(("x-request-id", "given-1")).to_request();
        let uri = request.uri().clone();
        let response = call_service(&app, request).await;
        assert_eq!(response.status().as_u16(), status, "{uri}");
        assert_eq!(header(&response, "content-type"), "application/problem+json", "{uri}");
        assert_eq!(header(&response, "x-request-id"), "given-1");
        let problem = json(response).await;
        assert_eq!((&problem["code"], &problem["request_id"]), (&code.into(), &"given-1".into()), "{uri}");
        assert_eq!(problem["instance"], uri.path());
        assert_eq!(problem["type"], format!("/api/docs/errors/{code}"));
        assert!(!problem.to_string().contains("hunter2"));
    }
}

#[actix_web::test]
async fn a_method_not_taken_says_which_are() {
    let app = app!(web_with(Settings::default()));
    let response = call_service(&app, TestRequest::put().uri("/api/v1/things").to_request()).await;
    let allow = header(&response, "allow");
    assert!(allow.contains("GET") && allow.contains("POST") && allow.contains("DELETE"), "{allow}");
}

#[actix_web::test]
async fn people_get_a_page_programs_a_problem_and_htmx_a_message() {
    let app = app!(web_with(Settings::default()));
    let page = call_service(&app, TestRequest::get().uri("/admin/broken").to_request()).await;
    assert_eq!((page.status().as_u16(), header(&page, "content-type")), (500, "text/html; charset=utf-8"));
    let id = header(&page, "x-request-id").to_owned();
    let html = text(page).await;
    assert!(html.contains(&id) && html.contains("Lumo Shop") && html.contains("action=\"/admin/search\""));
    assert!(!html.contains("hunter2"));
    let problem = TestRequest::get().uri("/admin/broken").insert_header(("accept", "application/json"));
    let problem = call_service(&app, problem.to_request()).await;
    assert_eq!(header(&problem, "content-type"), "application/problem+json");
    let part = TestRequest::get().uri("/admin/broken").insert_header(("hx-request", "true"));
    let part = call_service(&app, part.to_request()).await;
    assert_eq!((header(&part, "hx-retarget"), header(&part, "hx-reswap")), ("#toasts", "beforeend"));
    let html = text(part).await;
    assert!(html.contains("class=\"toast error\"") && !html.contains("<html"));
    let lost = call_service(&app, TestRequest::get().uri("/admin/lost").to_request()).await;
    assert_eq!((lost.status(), header(&lost, "cache-control")), (StatusCode::NOT_FOUND, "no-store"));
}

#[actix_web::test]
async fn a_panic_is_a_500_with_an_id_and_the_next_request_is_served() {
    let app = app!(web_with(Settings::default()));
    for (uri, kind) in
        [("/api/v1/panic", "application/problem+json"), ("/admin/panic", "text/html; charset=utf-8")]
    {
        let error = try_call_service(&app, TestRequest::get().uri(uri).to_request()).await.err().unwrap();
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers().get("content-type").unwrap(), kind);
        assert!(response.headers().contains_key("x-request-id"));
        assert!(response.headers().contains_key("content-security-policy"));
        let body = response.into_body().try_into_bytes().ok().unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2") && !body.is_empty());
    }
    let fine = call_service(&app, TestRequest::get().uri("/healthz").to_request()).await;
    assert!(fine.status().is_success());
}

#[actix_web::test]
async fn every_answer_carries_the_security_headers() {
    let https = Settings { public_url: Some("https://shop.example".into()), ..Settings::default() };
    let app = app!(web_with(https));
    for uri in ["/admin/thing", "/nothing", "/api/v1/things", "/a/nothing.css"] {
        let request = TestRequest::get().uri(uri).insert_header(("host", "shop.example")).to_request();
        let response = call_service(&app, request).await;
        assert!(
            header(&response, "content-security-policy").starts_with("default-src 'none'; script-src 'self'")
        );
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{uri}");
        assert_eq!(header(&response, "cross-origin-opener-policy"), "same-origin");
        assert!(header(&response, "strict-transport-security").contains("max-age=63072000"));
        assert!(header(&response, "cache-control").contains("no-"), "{uri}");
    }
    let app = app!(web_with(Settings::default()));
    let plain = call_service(&app, TestRequest::get().uri("/admin/thing").to_request()).await;
    assert_eq!(header(&plain, "strict-transport-security"), "", "no promise of HTTPS where there is none");
}

#[actix_web::test]
async fn a_forged_change_is_refused_and_an_own_one_is_not() {
    let own = || {
        TestRequest::post().uri("/admin/thing").set_form([("name", "x")]).insert_header(("host", "shop.test"))
    };
    let refused: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://shop.test.evil.example")],
        &[("origin", "http://shop.test@evil.example")],
        &[("referer", "https://evil.example/http://shop.test/")],
        &[("cookie", "sid=1")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://shop.test")],
    ];
    let accepted: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "same-origin")],
        &[("origin", "http://shop.test")],
        &[("origin", "http://SHOP.test"), ("cookie", "sid=1")],
        &[("referer", "http://shop.test/admin/thing?x=1")],
        &[("authorization", "Bearer sk_1"), ("origin", "https://evil.example")],
        &[],
    ];
    let app = app!(web_with(Settings { listen: "0.0.0.0:8080".into(), ..Settings::default() }));
    for (list, status) in [(refused, 403), (accepted, 303)] {
        for headers in list {
            let request = headers.iter().fold(own(), |r, h| r.insert_header(*h)).to_request();
            assert_eq!(call_service(&app, request).await.status().as_u16(), status, "{headers:?}");
        }
    }
    let read = TestRequest::get().uri("/admin/thing").insert_header(("sec-fetch-site", "cross-site"));
    assert!(
        call_service(&app, read.to_request()).await.status().is_success(),
        "a link from elsewhere may be followed"
    );
}

#[actix_web::test]
async fn with_a_public_url_the_origin_must_be_that_one() {
    let settings = Settings {
        public_url: Some("https://shop.example".into()),
        allowed_hosts: vec!["admin.internal:8080".into()],
        ..Settings::default()
    };
    let app = app!(web_with(settings));
    let cases = [
        ("shop.example", "https://shop.example", 303),
        ("shop.example", "https://shop.example:443", 303),
        ("shop.example", "http://shop.example", 403),
        ("shop.example", "https://other.example", 403),
        ("admin.internal:8080", "http://admin.internal:8080", 303),
        ("evil.example", "https://evil.example", 421),
    ];
    for (host, origin, status) in cases {
        let request = TestRequest::post().uri("/admin/thing").set_form([("name", "x")]);
        let request = request.insert_header(("host", host)).insert_header(("origin", origin)).to_request();
        assert_eq!(call_service(&app, request).await.status().as_u16(), status, "{host} {origin}");
    }
}

#[actix_web::test]
async fn a_host_that_is_not_ours_is_misdirected() {
    let settings = Settings { public_url: Some("https://shop.example".into()), ..Settings::default() };
    let app = app!(web_with(settings));
    for (host, status) in [
        ("shop.example", 200),
        ("SHOP.example:443", 200),
        ("evil.example", 421),
        ("", 421),
        ("shop.example.evil.example", 421),
        ("shop.example:8443", 421),
    ] {
        let request = TestRequest::get().uri("/admin/thing").insert_header(("host", host)).to_request();
        assert_eq!(call_service(&app, request).await.status().as_u16(), status, "{host}");
    }
    let health = TestRequest::get().uri("/healthz").insert_header(("host", "10.0.0.7:8080")).to_request();
    assert!(call_service(&app, health).await.status().is_success(), "a load balancer knows only the address");
}

#[actix_web::test]
async fn without_a_public_url_a_shop_of_this_machine_answers_to_no_name_of_a_stranger() {
    let app = app!(web_with(Settings::default()));
    for (host, status) in
        [("127.0.0.1:8080", 200), ("localhost:8080", 200), ("evil.example", 421), ("shop.example", 421)]
    {
        let request = TestRequest::get().uri("/admin/thing").insert_header(("host", host)).to_request();
        let answer = call_service(&app, request).await;
        assert_eq!(answer.status().as_u16(), status, "{host}");
        if status == 421 {
            assert!(text(answer).await.contains("server.public_url"), "it says what to set");
        }
    }
}

#[actix_web::test]
async fn json_bodies_are_taken_only_as_they_should_be() {
    let app = app!(web_with(Settings::default()));
    let post = |kind: &'static str, body: Vec<u8>| {
        TestRequest::post().uri("/api/v1/things").insert_header(("content-type", kind)).set_payload(body)
    };
    let many = format!("{{\"name\":\"{}\"}}", "x".repeat(300 * 1024)).into_bytes();
    let fine = br#"{"name":"a"}"#.to_vec();
    let cases = [
        (post("application/json", fine.clone()), 201),
        (post("application/json; charset=utf-8", fine.clone()), 201),
        (post("application/json; charset=latin1", fine.clone()), 415),
        (post("text/plain", fine.clone()), 415),
        (post("application/x-www-form-urlencoded", fine.clone()), 415),
        (post("application/json", fine.clone()).insert_header(("content-encoding", "gzip")), 415),
        (post("application/json", many), 413),
        (post("application/json", b"{".to_vec()), 400),
        (post("application/json", Vec::new()), 400),
        (post("application/json", br#"{"name":"a","id":"x"}"#.to_vec()), 422),
        (post("application/json", br#"{"name":7}"#.to_vec()), 422),
    ];
    for (place, (request, status)) in cases.into_iter().enumerate() {
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status().as_u16(), status, "case {place}");
    }
}

#[actix_web::test]
async fn a_request_that_wants_to_be_a_websocket_is_refused_and_is_the_last() {
    let app = app!(web_with(Settings::default()));
    for wanted in ["websocket", "WebSocket", "h2c, websocket"] {
        let request = TestRequest::post()
            .uri("/api/v1/things")
            .insert_header(("upgrade", wanted))
            .set_json(serde_json::json!({ "name": "x" }));
        let refused = call_service(&app, request.to_request()).await;
        assert_eq!(refused.status(), 400, "{wanted}");
        assert_eq!(refused.response().head().connection_type(), actix_web::http::ConnectionType::Close);
        assert!(text(refused).await.contains("upgrade_not_supported"), "{wanted}");
    }
    let plain = TestRequest::post()
        .uri("/api/v1/things")
        .insert_header(("upgrade", "h2c"))
        .set_json(serde_json::json!({ "name": "x" }));
    assert_eq!(call_service(&app, plain.to_request()).await.status(), 201);
}

#[actix_web::test]
async fn a_form_with_a_field_nobody_knows_is_refused() {
    let app = app!(web_with(Settings::default()));
    let post = |fields: &[(&str, &str)]| {
        TestRequest::post().uri("/admin/thing").set_form(fields.to_vec()).to_request()
    };
    assert_eq!(call_service(&app, post(&[("name", "x"), ("count", "")])).await.status(), 303);
    for wrong in [
        &[("name", "x"), ("role", "owner")][..],
        &[("name", "x"), ("name", "y")],
        &[("name", "x"), ("count", "-1")],
    ] {
        let response = call_service(&app, post(wrong)).await;
        assert_eq!(response.status(), 422, "{wrong:?}");
    }
    let long = "x".repeat(70 * 1024);
    assert_eq!(call_service(&app, post(&[("name", &long)])).await.status(), 413);
    let raw = TestRequest::post().uri("/admin/raw").set_form([("name", "a&b=ü")]).to_request();
    assert_eq!(text(call_service(&app, raw).await).await, "a&b=ü");
}

#[actix_web::test]
async fn the_message_after_a_change_is_there_once() {
    let app = app!(web_with(Settings::default()));
    let done = TestRequest::post().uri("/admin/thing").set_form([("name", "Müller & Söhne")]).to_request();
    let done = call_service(&app, done).await;
    assert_eq!((done.status().as_u16(), header(&done, "location")), (303, "/admin/thing"));
    let cookie = done.response().cookies().next().unwrap().into_owned();
    let next = TestRequest::get().uri("/admin/thing").cookie(cookie).to_request();
    let shown = call_service(&app, next).await;
    assert!(text(shown).await.ends_with("|Saved Müller & Söhne"));
}

#[actix_web::test]
async fn with_https_the_message_is_bound_to_the_host_and_to_the_session_it_is_for() {
    let settings =
        Settings { public_url: Some("https://shop.example.com".to_owned()), ..Settings::default() };
    let app = app!(web_with(settings));
    let host = |request: TestRequest| {
        request.insert_header(("host", "shop.example.com")).insert_header(("sec-fetch-site", "same-origin"))
    };
    let session = |token: &str| Cookie::new("__Host-sid", token.to_owned());
    let post = TestRequest::post().uri("/admin/thing").set_form([("name", "x")]).cookie(session("mine"));
    let done = call_service(&app, host(post).to_request()).await;
    let cookie = done.response().cookies().next().unwrap().into_owned();
    assert_eq!((cookie.name(), cookie.secure()), ("__Host-flash", Some(true)));
    for (name, token, shows) in
        [("__Host-flash", "mine", true), ("flash", "mine", false), ("__Host-flash", "of-another", false)]
    {
        let carried = Cookie::new(name, cookie.value().to_owned());
        let next = TestRequest::get().uri("/admin/thing").cookie(carried).cookie(session(token));
        let page = text(call_service(&app, host(next).to_request()).await).await;
        assert_eq!(page.ends_with("|Saved x"), shows, "{name} {token}: {page}");
    }
}

#[actix_web::test]
async fn a_caller_s_request_id_is_kept_when_it_is_one() {
    let app = app!(web_with(Settings::default()));
    for (given, kept) in
        [("abc-1.2_3", true), ("a b", false), ("<script>", false), ("", false), (&"x".repeat(65), false)]
    {
        let request =
            TestRequest::get().uri("/admin/thing").insert_header(("x-request-id", given)).to_request();
        let response = call_service(&app, request).await;
        let id = header(&response, "x-request-id").to_owned();
        assert_eq!(id == given, kept, "{given}");
        assert!(kept || id.len() == 26, "{id}");
        assert!(text(response).await.starts_with(&id), "the handler knows it too");
    }
}

#[actix_web::test]
async fn head_is_answered_where_get_is() {
    let app = app!(web_with(Settings::default()));
    let request =
        TestRequest::default().method(actix_web::http::Method::HEAD).uri("/admin/thing").to_request();
    assert!(call_service(&app, request).await.status().is_success());
}

#[actix_web::test]
async fn another_method_is_told_which_there_are() {
    let app = app!(web_with(Settings::default()));
    for method in ["OPTIONS", "TRACE", "DELETE"] {
        let method = actix_web::http::Method::from_bytes(method.as_bytes()).unwrap();
        let answer =
            call_service(&app, TestRequest::default().method(method).uri("/admin/thing").to_request()).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "allow")), (405, "GET, POST, HEAD"));
    }
    // Who opens the address of a form is led to its page.
    let opened = call_service(&app, TestRequest::get().uri("/admin/raw").to_request()).await;
    assert_eq!((opened.status().as_u16(), header(&opened, "location")), (303, "/admin"));
}

#[actix_web::test]
async fn large_pages_are_compressed_and_small_answers_are_not() {
    let app = app!(web_with(Settings::default()));
    let get = |uri: &str| TestRequest::get().uri(uri).insert_header(("accept-encoding", "gzip")).to_request();
    let large = call_service(&app, get("/admin/large")).await;
    assert_eq!(header(&large, "content-encoding"), "gzip");
    let varies: Vec<_> = large.headers().get_all("vary").collect();
    assert_eq!(varies, ["Accept-Encoding"]);
    assert!(read_body(large).await.len() < 1_000);
    let small = call_service(&app, get("/admin/thing")).await;
    assert_ne!(header(&small, "content-encoding"), "gzip");
}

#[actix_web::test]
async fn too_many_requests_from_one_address_are_told_when_to_come_back() {
    let limits = PerMinute { address: 3, ..PerMinute::default() };
    let trusted_proxies = vec![Network("10.0.0.0/8".parse().unwrap())];
    let app = app!(web_with(Settings { limits, trusted_proxies, ..Settings::default() }));
    let from = |peer: &str, forwarded: &str| {
        let request = TestRequest::get().uri("/api/v1/things?name=a").peer_addr(peer.parse().unwrap());
        request.insert_header(("x-forwarded-for", forwarded))
    };
    for n in 0..3 {
        let request = from("203.0.113.7:1", &format!("198.51.100.{n}")).to_request();
        let response = call_service(&app, request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "ratelimit-policy"), "\"address\";q=3;w=60");
    }
    let over = call_service(&app, from("203.0.113.7:1", "198.51.100.9").to_request()).await;
    assert_eq!((over.status().as_u16(), header(&over, "retry-after")), (429, "20"));
    assert_eq!(header(&over, "ratelimit"), "\"address\";r=0;t=60");
    assert_eq!(json(over).await["code"], "too_many_requests");
    let other = call_service(&app, from("10.0.0.1:1", "198.51.100.9").to_request()).await;
    assert_eq!(other.status(), 200, "another client behind a trusted proxy");
}

#[actix_web::test]
async fn what_looks_like_a_key_where_none_is_asked_for_is_counted_by_its_address() {
    let limits = PerMinute { address: 4, key: 0, ..PerMinute::default() };
    let app = app!(web_with(Settings { limits, ..Settings::default() }));
    let get = |uri: &str| {
        let request = TestRequest::get().uri(uri).peer_addr("203.0.113.7:1".parse().unwrap());
        request.insert_header(("authorization", "Bearer k")).to_request()
    };
    // A key has a budget of its own, though this one has no end.
    for _ in 0..8 {
        assert_eq!(call_service(&app, get("/api/v1/keyed")).await.status(), 200);
    }
    for uri in ["/admin/thing", "/nothing", "/api/v1/nothing", "/api/v1/things?name=a"] {
        assert_ne!(call_service(&app, get(uri)).await.status(), 429, "{uri}");
    }
    for uri in ["/admin/thing", "/nothing", "/api/v1/nothing", "/api/v1/things?name=a"] {
        let over = call_service(&app, get(uri)).await;
        assert_eq!((over.status().as_u16(), header(&over, "retry-after")), (429, "15"), "{uri}");
    }
    assert_eq!(call_service(&app, get("/api/v1/keyed")).await.status(), 200);
}

#[actix_web::test]
async fn how_somebody_likes_the_pages_is_remembered() {
    let app = app!(web_with(Settings { log_address: LogAddress::Short, ..Settings::default() }));
    let post = |fields: &[(&str, &str)]| {
        TestRequest::post().uri("/admin/display").set_form(fields.to_vec()).to_request()
    };
    let done = call_service(&app, post(&[("theme", "dark"), ("back", "/admin/thing?x=1")])).await;
    assert_eq!((done.status().as_u16(), header(&done, "location")), (303, "/admin/thing?x=1"));
    assert!(header(&done, "set-cookie").starts_with("theme=dark"));
    assert_eq!(call_service(&app, post(&[("theme", "<b>")])).await.status(), 422);
    let away = call_service(&app, post(&[("rows", "compact"), ("back", "//evil")])).await;
    assert_eq!(header(&away, "location"), "/");
}

#[actix_web::test]
async fn requests_are_counted_by_route() {
    let web = web_with(Settings::default());
    let app = app!(web);
    call_service(&app, TestRequest::get().uri("/api/v1/things/thi_1").to_request()).await;
    call_service(&app, TestRequest::get().uri("/x/y/z").to_request()).await;
    let text = web.metrics().text().unwrap();
    assert!(text.contains("route=\"/api/v1/things/{id}\",status=\"404\"} 1"), "{text}");
    assert!(!text.contains("/x/y/z"), "a made-up path must not make a new series");
    assert!(text.contains("backroom_http_requests_running 0"));
}

#[actix_web::test]
async fn a_request_whose_client_has_gone_does_not_run_for_ever() {
    let web = web_with(Settings::default());
    let app = app!(web);
    let request = TestRequest::post().uri("/admin/raw").set_form([("name", "a")]).to_request();
    let never: BoxedPayloadStream = Box::pin(futures_util::stream::pending());
    let (request, _) = request.replace_payload(Payload::Stream { payload: never });
    let running = |n: u8| {
        let text = web.metrics().text().unwrap();
        assert!(text.contains(&format!("backroom_http_requests_running {n}")), "{text}");
    };
    let mut answer = Box::pin(app.call(request));
    assert!(futures_util::poll!(&mut answer).is_pending());
    running(1);
    drop(answer);
    running(0);
}
