//! Pages: a struct per page, rendered by its template inside the shell, with an ETag so that a reload costs nothing.

use crate::base::error::{Error, Result};
use crate::base::packed;
use crate::web::assets::Assets;
use crate::web::filters;
use crate::web::flash;
use crate::web::fragments::Fragments;
use crate::web::framed::{Frames, Marks, Slots};
use crate::web::kept::{Body, Kept, Key, State};
use crate::web::shell::Shell;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Serialize;
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

// Name and packed source of every template of a page.
include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Only the address of the page may be asked again, and only by the same person.
const PRIVATE: &str = "private, no-cache";
/// Templates of plain text, which must not be escaped for HTML. Nothing else is exempt.
const TEXT_FOLDER: &str = "letters/";
const HTML: &str = "text/html; charset=utf-8";
/// Far more steps than the largest list page takes; stops a template that runs away.
const FUEL: u64 = 20_000_000;

/// A page: its fields are what its template may use as `page.…`.
pub trait Page: Serialize {
    /// File in `templates/`, such as `orders/show.html`.
    const TEMPLATE: &'static str;
    /// A life-like page, so that a test can render every template.
    #[cfg(test)]
    fn sample() -> Self
    where
        Self: Sized;
}

/// All templates, compiled once one is asked for. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    environment: Arc<Environment<'static>>,
    kept: Arc<Kept>,
    frames: Arc<Frames>,
    fragments: Arc<Fragments>,
}

impl Pages {
    /// The embedded templates. That none is broken is what the tests of every page say.
    ///
    /// # Errors
    /// `Internal` where the syntax is none.
    pub fn load(assets: &Assets) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(escape_of);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(Error::internal)?);
        environment.set_fuel(Some(FUEL));
        filters::add(&mut environment, assets);
        // Each when it is first shown: all of them take longer than everything else at a start, and three megabytes.
        environment.set_loader(|name| {
            let Some((_, source)) = TEMPLATES.iter().find(|(own, _)| *own == name) else { return Ok(None) };
            let broken =
                |e| minijinja::Error::new(minijinja::ErrorKind::SyntaxError, "no text").with_source(e);
            packed::text(source).map(Some).map_err(broken)
        });
        Ok(Self {
            environment: Arc::new(environment),
            kept: Arc::default(),
            frames: Arc::default(),
            fragments: Arc::default(),
        })
    }

    /// The page as an answer of 200; for htmx without what surrounds it.
    ///
    /// # Errors
    /// `Internal` when the template uses a field the page does not have.
    pub fn show<P: Page>(&self, shell: &Shell, page: &P) -> Result<HttpResponse> {
        self.show_as(StatusCode::OK, shell, page)
    }

    /// The page with another status, such as 422 for a form to be corrected.
    ///
    /// # Errors
    /// As `show`.
    pub fn show_as<P: Page>(&self, status: StatusCode, shell: &Shell, page: &P) -> Result<HttpResponse> {
        let body = self.render(P::TEMPLATE, shell, page)?;
        Ok(answer(status, shell, body))
    }

    /// The page, or the one that was made before of the same: the same request by somebody with the same rights,
    /// `reader`, in the same `state`, which is looked at before the page is made and again after it.
    ///
    /// # Errors
    /// Those of `make`; as `show`.
    pub fn show_kept<P: Page>(
        &self,
        shell: &Shell,
        reader: &impl Serialize,
        state: impl Fn() -> State,
        make: impl FnOnce() -> Result<P>,
    ) -> Result<HttpResponse> {
        self.show_made(P::TEMPLATE, shell, reader, &state, |_| self.render(P::TEMPLATE, shell, &make()?))
    }

    /// The same of a page whose HTML `make` puts together, such as with [`Pages::framed`]. It is told the state that is
    /// there before anything is read.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn show_made(
        &self,
        template: &'static str,
        shell: &Shell,
        reader: &impl Serialize,
        state: &dyn Fn() -> State,
        make: impl FnOnce(State) -> Result<String>,
    ) -> Result<HttpResponse> {
        let before = state();
        let Some(key) = Key::of(template, shell, reader) else {
            return Ok(answer(StatusCode::OK, shell, make(before)?));
        };
        if let Some(body) = self.kept.get(&key, before) {
            return Ok(again(shell, &body));
        }
        let html = make(before)?;
        let tag = etag(&html);
        let body = Arc::new(Body::new(html, tag));
        if state() == before {
            self.kept.keep(key, before, &body);
        }
        Ok(again(shell, &body))
    }

    /// A page of a list: its rows and cursors in what stands around them, which is made once for all pages of the list in
    /// one state. `depends_on` is everything else that what surrounds the rows shows; `make` gives the page with marks.
    /// The state is the one before anything of the page was read, and how to learn the present one.
    ///
    /// # Errors
    /// Those of `make`; as `show`.
    pub fn framed<P: Page>(
        &self,
        shell: &Shell,
        depends_on: &impl Serialize,
        state: (State, &dyn Fn() -> State),
        slots: &Slots<'_>,
        make: impl FnOnce(&Shell, &Marks) -> Result<P>,
    ) -> Result<String> {
        self.frames.page((P::TEMPLATE, shell), depends_on, state, slots, |shell, marks| {
            self.render(P::TEMPLATE, shell, &make(shell, marks)?)
        })
    }

    /// The rows of lists that are kept.
    pub fn fragments(&self) -> &Fragments {
        &self.fragments
    }

    /// The text of a template with this shell and page.
    ///
    /// # Errors
    /// `Internal` when there is no such template, or it uses a field the page does not have.
    pub fn render(&self, template: &str, shell: &Shell, page: &impl Serialize) -> Result<String> {
        let layout = if shell.fragment { "fragment.html" } else { "base.html" };
        let template = self.environment.get_template(template).map_err(Error::internal)?;
        let context = context! { layout => layout, shell => Serde(shell), page => Serde(page) };
        template.render(context).map_err(Error::internal)
    }

    /// The text of a template that has no shell: mails and printed documents.
    ///
    /// # Errors
    /// As `render`.
    pub fn text(&self, template: &str, page: &impl Serialize) -> Result<String> {
        let template = self.environment.get_template(template).map_err(Error::internal)?;
        template.render(context! { page => Serde(page) }).map_err(Error::internal)
    }
}

/// HTML everywhere; the stock rule goes by the file's extension, which one forgets.
fn escape_of(name: &str) -> AutoEscape {
    let is_text = name.starts_with(TEXT_FOLDER) && name.ends_with(".txt");
    if is_text { AutoEscape::None } else { AutoEscape::Html }
}

/// HTML with its caching rule; 304 when the reader has it already.
pub(super) fn answer(status: StatusCode, shell: &Shell, body: String) -> HttpResponse {
    let tag = etag(&body);
    let mut answer = head(status, &tag);
    let mut answer = match status == StatusCode::OK && is_known(shell, &tag) {
        true => answer.status(StatusCode::NOT_MODIFIED).finish(),
        false => answer.content_type(HTML).body(body),
    };
    if shell.toast.is_some() {
        flash::taken(&mut answer);
    }
    answer
}

/// The same of a page that is kept, already compressed for those who take it so.
fn again(shell: &Shell, body: &Body) -> HttpResponse {
    let mut answer = head(StatusCode::OK, &body.etag);
    if is_known(shell, &body.etag) {
        return answer.status(StatusCode::NOT_MODIFIED).finish();
    }
    answer.content_type(HTML);
    match shell.gzip.then(|| body.gzip()).flatten() {
        Some(small) => {
            answer.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static("gzip")));
            answer.body(small.clone())
        }
        None => answer.body(body.html.clone()),
    }
}

fn head(status: StatusCode, tag: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((header::CACHE_CONTROL, PRIVATE))
        .insert_header((header::VARY, "HX-Request, Accept-Encoding"))
        .insert_header((header::ETAG, tag));
    answer
}

fn is_known(shell: &Shell, tag: &str) -> bool {
    shell.if_none_match.as_deref().is_some_and(|tags| tags.contains(tag))
}

/// A weak tag: the body may be compressed on its way. It need not outlive this version of the program.
fn etag(body: &str) -> String {
    format!("W/\"{:016x}\"", digest(body.as_bytes()))
}

/// Tells a page from its next version. Four sums side by side, because one after the other they would take as long as
/// the page takes to be put together.
fn digest(body: &[u8]) -> u64 {
    const FACTORS: [u64; 4] =
        [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0xff51_afd7_ed55_8ccd];
    let mut sums = FACTORS;
    let (blocks, rest) = body.as_chunks::<32>();
    for block in blocks {
        let words = block.as_chunks::<8>().0;
        for ((sum, factor), word) in sums.iter_mut().zip(FACTORS).zip(words) {
            *sum = (sum.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(factor);
        }
    }
    let mut hasher = DefaultHasher::new();
    sums.iter().for_each(|sum| hasher.write_u64(*sum));
    hasher.write(rest);
    hasher.write_usize(body.len());
    hasher.finish()
}

/// What the tests of the features call for each of their pages.
#[cfg(test)]
pub mod testing {
    use super::*;

    /// All pages of a feature render, whole and as a part, and escape what people have written.
    pub fn renders<P: Page>() -> String {
        let pages = Pages::load(&Assets::load()).unwrap();
        let mut shell = Shell::sample();
        let whole = pages.render(P::TEMPLATE, &shell, &P::sample()).unwrap();
        assert!(!whole.contains("<script>alert"), "{} does not escape", P::TEMPLATE);
        shell.fragment = true;
        pages.render(P::TEMPLATE, &shell, &P::sample()).unwrap();
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Hello {
        name: String,
    }
    impl Page for Hello {
        const TEMPLATE: &'static str = "dev/hello.html";
        fn sample() -> Self {
            Self { name: "<script>alert(1)</script> {{ 7*7 }}".to_owned() }
        }
    }

    fn pages() -> Pages {
        Pages::load(&Assets::load()).unwrap()
    }

    #[test]
    fn what_people_write_is_text_on_the_page() {
        let html = testing::renders::<Hello>();
        assert!(html.contains("&lt;script&gt;alert(1)") && html.contains("{{ 7*7 }}"));
        assert!(html.starts_with("<!doctype html>") && html.contains("Lumo Shop"));
    }

    #[test]
    fn no_template_is_broken() {
        let pages = pages();
        assert!(TEMPLATES.len() > 50);
        for (name, _) in TEMPLATES {
            assert!(pages.environment.get_template(name).is_ok(), "{name}");
        }
        assert!(pages.environment.get_template("nothing.html").is_err());
    }

    #[test]
    fn every_template_escapes_but_text_mails() {
        for name in ["x.html", "x.txt", "x.jinja", "x.html.j2.jinja", "x"] {
            assert_eq!(escape_of(name), AutoEscape::Html, "{name}");
        }
        assert_eq!(escape_of("letters/order/text.txt"), AutoEscape::None);
        assert_eq!(escape_of("letters/order/page.html"), AutoEscape::Html);
    }

    #[test]
    fn a_misspelt_field_is_an_error_and_not_an_empty_place() {
        #[derive(Serialize)]
        struct Wrong {
            nam: String,
        }
        let error =
            pages().render("dev/hello.html", &Shell::sample(), &Wrong { nam: "x".into() }).unwrap_err();
        assert_eq!(error.code, "internal");
    }

    #[test]
    fn a_reload_of_an_unchanged_page_answers_304() {
        let mut shell = Shell::sample();
        let first = pages().show(&shell, &Hello::sample()).unwrap();
        shell.if_none_match = Some(first.headers().get(header::ETAG).unwrap().to_str().unwrap().to_owned());
        let again = pages().show(&shell, &Hello::sample()).unwrap();
        assert_eq!((first.status(), again.status()), (StatusCode::OK, StatusCode::NOT_MODIFIED));
        assert_eq!(first.headers().get(header::CACHE_CONTROL).unwrap(), PRIVATE);
        assert_eq!(again.headers().get(header::VARY).unwrap(), "HX-Request, Accept-Encoding");
    }

    #[test]
    fn every_letter_of_a_page_is_in_its_tag() {
        let body = "a page of some length, with more than one block of bytes and a rest. ".repeat(3);
        let tags: std::collections::HashSet<String> = (0..body.len())
            .map(|at| etag(&format!("{}#{}", body.get(..at).unwrap(), body.get(at + 1..).unwrap())))
            .chain((0..body.len()).map(|len| etag(body.get(..len).unwrap())))
            .collect();
        assert_eq!(tags.len(), 2 * body.len());
        assert_eq!(etag(&body), etag(&body.clone()));
    }

    #[test]
    fn htmx_gets_the_part_without_its_surroundings() {
        let shell = Shell { fragment: true, ..Shell::sample() };
        let html = pages().render(Hello::TEMPLATE, &shell, &Hello::sample()).unwrap();
        assert!(html.contains("<title>") && !html.contains("<html"));
    }
}
