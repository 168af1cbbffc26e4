//! The documentation over HTTP: the document itself, the page to read, and a page for each error code.

use super::amounts::Amounts;
use super::codes::{CODES, Code};
use super::document;
use super::reading::{Reading, read};
use crate::access::permission::{PermissionInfo, shown_by};
use crate::access::{PERMISSIONS, Public};
use crate::base::error::{Error, Result};
use crate::base::unseen::shown;
use crate::shop::desk::feed::kinds;
use crate::web::routing;
use crate::web::{Page, Pages, Shell, Web, limits};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource("/api/openapi.json").route(routing::get().to(openapi)))
        .service(routing::resource("/api/docs").route(routing::get().to(docs)))
        .service(routing::resource("/api/docs/errors/{code}").route(routing::get().to(error)));
}

/// The address to write down: `public_url` when it is set, else the one it was reached by, where no stranger can have
/// made it up.
fn server_of(web: &Web, request: &HttpRequest) -> String {
    let known = web.absolute("");
    if !known.is_empty() {
        return known;
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    format!("http://{}", host.filter(|host| web.vouches_for(host)).unwrap_or("localhost:8080"))
}

/// `GET /api/openapi.json`
pub(super) async fn openapi(
    _anybody: Public,
    web: web::Data<Web>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let document = document(Some(&server_of(&web, &request)))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .content_type(header::ContentType::json())
        .body(document.lines().map(str::trim_start).collect::<String>()))
}

/// The page to read.
#[derive(Debug, Serialize)]
pub(super) struct DocsPage {
    server: String,
    reading: Reading,
    scopes: Vec<Scope>,
    events: Vec<(&'static str, &'static str)>,
    codes: Vec<CodeRow>,
    amounts: Amounts,
    /// `RateLimit-Policy` and `RateLimit` as they may come together.
    limits: [String; 2],
}

/// A scope of a key.
#[derive(Debug, Serialize)]
struct Scope {
    word: &'static str,
    sentence: &'static str,
    /// The scopes that come with it.
    includes: Vec<&'static str>,
}

/// An error code.
#[derive(Clone, Debug, Serialize)]
struct CodeRow {
    word: &'static str,
    status: u16,
    means: &'static str,
    remedy: &'static str,
}

impl From<&Code> for CodeRow {
    fn from(code: &Code) -> Self {
        Self { word: code.word, status: code.status(), means: code.means, remedy: code.remedy }
    }
}

impl Scope {
    fn of(permission: &PermissionInfo) -> Self {
        let PermissionInfo { word, sentence, .. } = *permission;
        Self { word, sentence, includes: shown_by(word).collect() }
    }
}

impl DocsPage {
    fn new(server: String) -> Result<Self> {
        let api = serde_json::from_str(&document(Some(&server))?).map_err(Error::internal)?;
        Ok(Self {
            reading: read(&api, &server),
            server,
            scopes: PERMISSIONS.iter().map(Scope::of).collect(),
            events: kinds(),
            codes: CODES.iter().filter(|code| code.in_api).map(CodeRow::from).collect(),
            amounts: Amounts::EXAMPLE,
            limits: limits::example(),
        })
    }
}

impl Page for DocsPage {
    const TEMPLATE: &'static str = "docs/api.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self::new("https://shop.example".into()).unwrap()
    }
}

/// `GET /api/docs`
pub(super) async fn docs(
    _anybody: Public,
    shell: Shell,
    pages: web::Data<Pages>,
    web: web::Data<Web>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    pages.show(&shell, &DocsPage::new(server_of(&web, &request))?)
}

/// What an error code means.
#[derive(Debug, Serialize)]
pub(super) struct ErrorPage {
    code: CodeRow,
    title: &'static str,
    example: String,
}

impl ErrorPage {
    fn new(code: &Code) -> Self {
        let row = CodeRow::from(code);
        let title = crate::web::error::title(code.http());
        let problem = serde_json::json!({
            "type": format!("/api/docs/errors/{}", code.word),
            "title": title,
            "status": row.status,
            "detail": code.means,
            "instance": "/api/v1/…",
            "code": code.word,
            "request_id": "01kaj3m7q9f8",
        });
        Self { title, example: serde_json::to_string_pretty(&problem).unwrap_or_default(), code: row }
    }
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "docs/error.html";
    #[cfg(test)]
    fn sample() -> Self {
        Self::new(CODES.first().unwrap())
    }
}

/// `GET /api/docs/errors/{code}`
pub(super) async fn error(
    _anybody: Public,
    shell: Shell,
    pages: web::Data<Pages>,
    code: routing::Path<String>,
) -> Result<HttpResponse> {
    let shown = shown(&code, 60);
    let code = CODES
        .iter()
        .find(|known| known.word == *code)
        .ok_or_else(|| Error::not_found("error code", shown))?;
    pages.show(&shell, &ErrorPage::new(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_pages_render() {
        let html = renders::<DocsPage>().replace("&#x2f;", "/");
        for text in [
            "Places an order",
            "orders:create",
            "https://shop.example/api/v1/orders",
            "idempotency_key_missing",
            "order.placed",
            "RateLimit",
        ] {
            assert!(html.contains(text), "{text}");
        }
        // A scope that comes with another one says so.
        let scopes = html.split("id=\"scopes\"").nth(1).unwrap();
        for (word, includes) in [("orders:ship", true), ("orders:edit", true), ("orders:create", false)] {
            let row = scopes.split(&format!("<dt><code>{word}</code></dt>")).nth(1).unwrap();
            let row = row.split("</dd>").next().unwrap();
            assert_eq!(row.contains("Includes <code>orders:view</code>"), includes, "{row}");
        }
        for text in ["per API key", "r=572;t=2", "12200 − 1000 + 490 + 2318", "14008", "before, after"] {
            assert!(html.contains(text), "{text}");
        }
        assert!(!html.contains("EventSource sends"), "a browser cannot send the key");
        assert!(renders::<ErrorPage>().contains("application/problem+json"));
    }
}
