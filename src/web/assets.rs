//! The style sheets, scripts, icons and pictures inside the program, under names that change with their content.

use crate::base::error::{Error, Result};
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/"]
struct Files;

/// What may be served, by extension. Everything else in `assets/` (licences, lists) stays inside.
const SERVED: &[(&str, &str, bool)] = &[
    ("css", "text/css; charset=utf-8", true),
    ("js", "text/javascript; charset=utf-8", true),
    ("svg", "image/svg+xml", true),
    ("png", "image/png", false),
    ("ico", "image/x-icon", false),
];
/// A changed file has another name, so a year is safe.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// All assets, found by their hashed path. Cheap to clone.
#[derive(Clone)]
pub struct Assets(Arc<Inner>);

struct Inner {
    /// `css/app.css` → `/a/css/app.3f2a….css`
    paths: BTreeMap<String, String>,
    /// The same path without `/a/` → the file
    files: BTreeMap<String, Asset>,
    symbols: BTreeSet<String>,
}

struct Asset {
    content_type: &'static str,
    etag: String,
    body: Bytes,
    compresses: bool,
    gzip: OnceLock<Option<Bytes>>,
}

/// A script of ours as browsers get it: without the lines that only explain, and without what sets lines in.
fn lean(script: &Bytes) -> Bytes {
    let Ok(text) = std::str::from_utf8(script) else { return script.clone() };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.fold(String::with_capacity(text.len()), |text, line| text + line + "\n").into()
}

impl Assets {
    /// Reads and hashes everything embedded.
    pub fn load() -> Self {
        let (mut paths, mut files, mut symbols) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for name in <Files as rust_embed::RustEmbed>::iter() {
            let Some((stem, extension)) = name.rsplit_once('.') else { continue };
            let Some((_, content_type, compresses)) = SERVED.iter().find(|(e, ..)| *e == extension) else {
                continue;
            };
            let Some(file) = <Files as rust_embed::RustEmbed>::get(&name) else { continue };
            let body = match file.data {
                std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
            };
            let body = if name.starts_with("js/") { lean(&body) } else { body };
            if name == "img/icons.svg" {
                symbols = symbol_ids(&body);
            }
            let hash = short_hash(&body);
            let hashed = format!("{stem}.{hash}.{extension}");
            paths.insert(name.to_string(), format!("/a/{hashed}"));
            files.insert(
                hashed,
                Asset {
                    content_type,
                    etag: format!("\"{hash}\""),
                    body,
                    compresses: *compresses,
                    gzip: OnceLock::new(),
                },
            );
        }
        Self(Arc::new(Inner { paths, files, symbols }))
    }

    /// The address of an asset by its name in `assets/`, such as `css/app.css`.
    ///
    /// # Errors
    /// `Internal` when there is no such file: a template names something that is not shipped.
    pub fn path(&self, name: &str) -> Result<&str> {
        let path = self.0.paths.get(name).map(String::as_str);
        path.ok_or_else(|| Error::internal(format!("there is no asset {name}")))
    }

    /// Whether the icon sprite has this symbol.
    pub fn has_icon(&self, symbol: &str) -> bool {
        self.0.symbols.contains(symbol)
    }

    /// The answer to `GET /a/{hashed}`: exact names only.
    pub fn serve(&self, request: &HttpRequest, hashed: &str) -> Result<HttpResponse> {
        let asset = self.0.files.get(hashed).ok_or_else(|| Error::not_found("file", "of this name"))?;
        let known = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
        let mut answer = HttpResponse::Ok();
        answer
            .insert_header((header::CACHE_CONTROL, FOR_EVER))
            .insert_header((header::ETAG, asset.etag.clone()))
            .insert_header((header::VARY, "Accept-Encoding"));
        if known(header::IF_NONE_MATCH).is_some_and(|tags| tags.contains(asset.etag.as_str())) {
            return Ok(answer.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
        }
        answer.content_type(asset.content_type);
        let gzip_ok = known(header::ACCEPT_ENCODING).is_some_and(accepts_gzip);
        match asset.gzip().filter(|_| gzip_ok) {
            Some(small) => {
                answer.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static("gzip")));
                Ok(answer.body(small.clone()))
            }
            None => {
                // Says that it is as it should be, so that nothing compresses it again.
                answer.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static("identity")));
                Ok(answer.body(asset.body.clone()))
            }
        }
    }
}

impl Asset {
    /// The compressed form, made once at the first need, where it is really smaller.
    fn gzip(&self) -> Option<&Bytes> {
        self.gzip
            .get_or_init(|| {
                let small =
                    self.compresses.then(|| compressed(&self.body, Compression::best()).ok()).flatten()?;
                (small.len() + 64 < self.body.len()).then(|| Bytes::from(small))
            })
            .as_ref()
    }
}

/// A body as gzip.
pub(super) fn compressed(body: &[u8], level: Compression) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(body)?;
    encoder.finish()
}

/// `gzip` in an Accept-Encoding header, unless with `q=0`.
pub(super) fn accepts_gzip(header: &str) -> bool {
    header.split(',').any(|part| {
        let mut pieces = part.split(';').map(str::trim);
        let name = pieces.next().unwrap_or_default();
        let refused = pieces.any(|p| p.replace(' ', "") == "q=0");
        (name.eq_ignore_ascii_case("gzip") || name == "*") && !refused
    })
}

/// Ten hex digits of SHA-256: 40 bits are plenty among a dozen files.
fn short_hash(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(5).fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    })
}

fn symbol_ids(sprite: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(sprite);
    let pieces = text.split("<symbol id=\"").skip(1);
    pieces.filter_map(|rest| rest.split_once('"').map(|(id, _)| id.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn hashed(assets: &Assets) -> String {
        assets.path("css/app.css").unwrap().strip_prefix("/a/").unwrap().to_owned()
    }

    #[actix_web::test]
    async fn an_asset_is_served_for_ever_and_compressed_for_those_who_can() {
        let assets = Assets::load();
        let request = TestRequest::get().insert_header(("accept-encoding", "br, gzip")).to_http_request();
        let response = assets.serve(&request, &hashed(&assets)).unwrap();
        assert_eq!(response.headers().get("content-encoding").unwrap(), "gzip");
        assert!(response.headers().get("cache-control").unwrap().to_str().unwrap().contains("immutable"));
        let plain = assets.serve(&TestRequest::get().to_http_request(), &hashed(&assets)).unwrap();
        assert_eq!(plain.headers().get("content-type").unwrap(), "text/css; charset=utf-8");
    }

    #[actix_web::test]
    async fn only_exact_names_are_files() {
        let assets = Assets::load();
        let request = TestRequest::get().to_http_request();
        for name in ["css/app.css", "../Cargo.toml", "vendor/VENDOR.toml", "", "css/app.0000000000.css"] {
            assert!(assets.serve(&request, name).is_err(), "{name}");
        }
        assert!(assets.path("css/nothing.css").is_err());
    }

    #[test]
    fn gzip_refused_is_not_sent() {
        assert!(accepts_gzip("gzip") && accepts_gzip("deflate, gzip;q=0.5") && accepts_gzip("*"));
        assert!(!accepts_gzip("gzip;q=0") && !accepts_gzip("br") && !accepts_gzip(""));
    }

    #[derive(serde::Deserialize)]
    struct Vendor {
        file: Vec<Vendored>,
    }
    #[derive(serde::Deserialize)]
    struct Vendored {
        path: String,
        licence_file: String,
        sha256: String,
    }

    #[test]
    fn what_others_wrote_is_what_the_list_says_it_is() {
        let read = |name: &str| <Files as rust_embed::RustEmbed>::get(name).map(|f| f.data.into_owned());
        let list: Vendor =
            toml::from_str(&String::from_utf8(read("vendor/VENDOR.toml").unwrap()).unwrap()).unwrap();
        for file in &list.file {
            let sum = Sha256::digest(read(&file.path).unwrap());
            let hex = sum.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
            assert_eq!(hex, file.sha256, "{} was changed", file.path);
            assert!(read(&file.licence_file).is_some(), "{} has no licence", file.path);
        }
        let listed = |name: &str| list.file.iter().any(|f| f.path == name);
        let vendored = <Files as rust_embed::RustEmbed>::iter()
            .filter(|n| n.starts_with("vendor/") && n.ends_with(".js"));
        assert_eq!(vendored.filter(|name| !listed(name)).count(), 0);
    }

    #[test]
    fn a_script_loses_its_remarks_and_nothing_else() {
        let lean = |text: &'static str| {
            String::from_utf8(lean(&Bytes::from_static(text.as_bytes())).to_vec()).unwrap()
        };
        assert_eq!(lean("// why\n  let a = 'http://x'; // and\n\n"), "let a = 'http://x'; // and\n");
        let own = <Files as rust_embed::RustEmbed>::get("js/app.js").unwrap().data.into_owned();
        assert!(
            !String::from_utf8(own).unwrap().contains('`'),
            "a text over several lines would lose its blanks"
        );
    }

    #[test]
    fn a_cold_page_stays_small() {
        let assets = Assets::load();
        let kb = |name: &str| {
            let hashed = assets.path(name).unwrap().trim_start_matches("/a/").to_owned();
            compressed(&assets.0.files[&hashed].body, Compression::best()).unwrap().len()
        };
        for (name, most) in [
            ("css/app.css", 12 * 1024),
            ("js/app.js", 13 * 512),
            ("img/icons.svg", 6 * 1024),
            ("vendor/htmx.min.js", 14 * 1024),
        ] {
            assert!(kb(name) <= most, "{name}: {} bytes compressed, {most} allowed", kb(name));
        }
    }
}
