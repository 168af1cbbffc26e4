//! Which handler answers an address: one table for all threads, made once.
//!
//! The framework's own makes its table anew for every thread, with a regular expression for every address: several
//! megabytes each. This one compares the parts of an address, and knows the handler and its pattern from then on.

use crate::base::error::{Error, Kind, Result};
use crate::web::conditional;
use crate::web::error::of_status;
use crate::web::query;
use crate::web::refusal::refuse;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::Allow;
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, Handler, HttpMessage as _, HttpRequest, HttpResponse};
use std::fmt;
use std::future::{Future, Ready, ready};
use std::ops::Deref;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

type Answer = Pin<Box<dyn Future<Output = HttpResponse>>>;

/// A handler with what reads its arguments.
pub struct Route {
    method: Method,
    /// Changes a record from the version that `If-Match` names.
    compares: bool,
    answer: Box<dyn Fn(HttpRequest, Payload) -> Answer + Send + Sync>,
}

/// A method that has no handler yet.
pub struct Unanswered(Method);

pub fn get() -> Unanswered {
    Unanswered(Method::GET)
}
pub fn post() -> Unanswered {
    Unanswered(Method::POST)
}
pub fn put() -> Unanswered {
    Unanswered(Method::PUT)
}
pub fn patch() -> Unanswered {
    Unanswered(Method::PATCH)
}
pub fn delete() -> Unanswered {
    Unanswered(Method::DELETE)
}
pub fn options() -> Unanswered {
    Unanswered(Method::OPTIONS)
}

impl Unanswered {
    /// The handler of this method.
    pub fn to<F, Args>(self, handler: F) -> Route
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + 'static,
        F::Output: Outcome,
    {
        let answer = move |request: HttpRequest, mut payload: Payload| -> Answer {
            let handler = handler.clone();
            Box::pin(async move {
                match Args::from_request(&request, &mut payload).await {
                    Ok(args) => handler.call(args).await.answer(),
                    Err(error) => HttpResponse::from_error(error),
                }
            })
        };
        Route { method: self.0, compares: false, answer: Box::new(answer) }
    }
}

impl Route {
    /// The handler makes its change only from a version that `If-Match` names: it reads [`IfMatch`]. All others refuse the
    /// header, since who sends it relies on it.
    ///
    /// [`IfMatch`]: crate::web::conditional::IfMatch
    #[must_use]
    pub fn if_match(self) -> Self {
        Self { compares: true, ..self }
    }
}

/// What a handler comes to.
pub trait Outcome: 'static {
    fn answer(self) -> HttpResponse;
}

impl Outcome for HttpResponse {
    fn answer(self) -> HttpResponse {
        self
    }
}

impl Outcome for Result<HttpResponse> {
    // Made once, and not inside every handler.
    #[inline(never)]
    fn answer(self) -> HttpResponse {
        self.unwrap_or_else(HttpResponse::from_error)
    }
}

impl Outcome for &'static str {
    fn answer(self) -> HttpResponse {
        HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(self)
    }
}

/// An address and who answers it.
pub struct Resource {
    pattern: &'static str,
    routes: Vec<Route>,
    is_lenient: bool,
}

/// An address. A part is a word, `{name}` for anything, `{name:one|two}` for one of these, and at the end `{name:.*}` for
/// all that comes.
pub fn resource(pattern: &'static str) -> Resource {
    Resource { pattern, routes: Vec::new(), is_lenient: true }
}

impl Resource {
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }
    /// Refuses parameters that its handler does not read.
    #[must_use]
    pub fn without_strangers(self) -> Self {
        Self { is_lenient: false, ..self }
    }
}

/// The addresses of an app, while they are gathered. Where two fit, the first one answers.
#[derive(Default)]
pub struct Routes {
    below: &'static str,
    all: Vec<Resource>,
}

impl Routes {
    pub fn service(&mut self, resource: Resource) -> &mut Self {
        let pattern = match self.below {
            "" => resource.pattern,
            // It is needed until the program ends: counters and log have it, too.
            below => format!("{below}{}", resource.pattern).leak(),
        };
        let is_lenient = resource.is_lenient && self.below.is_empty();
        self.all.push(Resource { pattern, is_lenient, ..resource });
        self
    }
    pub fn configure(&mut self, add: impl FnOnce(&mut Self)) -> &mut Self {
        add(self);
        self
    }
    /// Addresses that begin with this, none of which takes parameters that its handler does not read.
    pub fn below(&mut self, beginning: &'static str, add: impl FnOnce(&mut Self)) -> &mut Self {
        let before = std::mem::replace(&mut self.below, beginning);
        add(self);
        self.below = before;
        self
    }
    pub(super) fn table(self) -> Table {
        let mut root = Node::default();
        for (at, resource) in self.all.iter().enumerate() {
            root.add(resource.pattern.strip_prefix('/').unwrap_or_default(), at);
        }
        Table(Arc::new(Inner { root, all: self.all }))
    }
}

/// All addresses. Cheap to clone.
#[derive(Clone)]
pub struct Table(Arc<Inner>);

struct Inner {
    root: Node,
    all: Vec<Resource>,
}

impl Table {
    /// Every address with every method that has a handler there.
    pub fn addresses(&self) -> impl Iterator<Item = (&Method, &'static str)> {
        let all = self.0.all.iter();
        all.flat_map(|resource| resource.routes.iter().map(|route| (&route.method, resource.pattern)))
    }
    /// Every address with every method whose handler goes by `If-Match`.
    pub fn comparing(&self) -> impl Iterator<Item = (&Method, &'static str)> {
        let all = self.0.all.iter();
        all.flat_map(|resource| {
            let comparing = resource.routes.iter().filter(|route| route.compares);
            comparing.map(|route| (&route.method, resource.pattern))
        })
    }
    /// The answer of the handler. A path that exists with another method is 405, any other 404.
    pub(super) async fn answer(&self, request: ServiceRequest) -> ServiceResponse {
        let found = self.0.root.find(request.match_info().as_str());
        let Some((at, resource)) = found.and_then(|(at, taken)| {
            let resource = self.0.all.get(at)?;
            request.extensions_mut().insert(Matched { pattern: resource.pattern, taken });
            Some((at, resource))
        }) else {
            let text = "There is nothing at this address.";
            return refuse(request, Error::refuse(Kind::NotFound, "not_found", text));
        };
        let Some(number) = resource.routes.iter().position(|route| route.method == *request.method()) else {
            let mut methods: Vec<Method> = resource.routes.iter().map(|route| route.method.clone()).collect();
            // What can be got can be asked for its head.
            if methods.contains(&Method::GET) {
                methods.push(Method::HEAD);
            }
            let answer = HttpResponse::MethodNotAllowed().insert_header(Allow(methods)).finish();
            return request.into_response(answer);
        };
        let compares = resource.routes.get(number).is_some_and(|route| route.compares);
        if let Some(refused) = conditional::unasked(request.request(), compares) {
            return refuse(request, refused);
        }
        let stranger = if resource.is_lenient { None } else { query::stranger(request.query_string()) };
        match stranger {
            // What writes takes its wishes in the body alone.
            Some(refused) if !request.method().is_safe() => refuse(request, refused),
            Some(refused) => {
                let answer = self.call(at, number, request).await;
                if query::is_taken(answer.request()) || !answer.status().is_success() {
                    return answer;
                }
                ServiceResponse::new(answer.into_parts().0, HttpResponse::from_error(refused))
            }
            None => self.call(at, number, request).await,
        }
    }
    async fn call(&self, at: usize, number: usize, request: ServiceRequest) -> ServiceResponse {
        let (request, payload) = request.into_parts();
        let route = self.0.all.get(at).and_then(|resource| resource.routes.get(number));
        let answer = match route {
            Some(route) => (route.answer)(request.clone(), payload).await,
            None => HttpResponse::NotFound().finish(),
        };
        ServiceResponse::new(request, answer)
    }
}

/// Where the values of a path are in it, at most so many.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    places: [(usize, usize); Self::MAX],
    count: usize,
}

impl Taken {
    const MAX: usize = 4;

    fn with(mut self, from: usize, to: usize) -> Self {
        debug_assert!(self.count < Self::MAX, "an address has at most {} values", Self::MAX);
        if let Some(place) = self.places.get_mut(self.count) {
            *place = (from, to);
            self.count += 1;
        }
        self
    }
}

/// What is known of a request whose address there is.
#[derive(Clone, Copy)]
struct Matched {
    pattern: &'static str,
    taken: Taken,
}

/// The pattern of an address that nobody knows.
pub(super) const NO_PATTERN: &str = "-";

/// The pattern of a request's address.
pub(super) fn pattern(request: &HttpRequest) -> &'static str {
    request.extensions().get::<Matched>().map_or(NO_PATTERN, |matched| matched.pattern)
}

/// A value of the path as it came; empty where there is none.
fn place(request: &HttpRequest, which: impl FnOnce(&Matched) -> Option<usize>) -> &str {
    let place = request.extensions().get::<Matched>().and_then(|matched| {
        let number = which(matched)?;
        matched.taken.places.get(..matched.taken.count)?.get(number).copied()
    });
    place.and_then(|(from, to)| request.match_info().as_str().get(from..to)).unwrap_or_default()
}

/// The value of `{name}` as it came; empty where there is none.
pub fn raw_value<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    place(request, |matched| {
        let mut names = matched.pattern.split('{').skip(1).filter_map(|part| part.split([':', '}']).next());
        names.position(|one| one == name)
    })
}

/// The values of a path as one would read them.
#[derive(Debug)]
pub struct Path<T>(T);

impl<T> Path<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Path<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for Path<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What values of a path are read as.
pub trait FromPath: Sized {
    /// `None` is 404.
    fn of(request: &HttpRequest) -> Option<Self>;
}

impl FromPath for String {
    fn of(request: &HttpRequest) -> Option<Self> {
        value(request, 0)
    }
}

impl<A: FromStr, B: FromStr> FromPath for (A, B) {
    fn of(request: &HttpRequest) -> Option<Self> {
        Some((value(request, 0)?, value(request, 1)?))
    }
}

fn value<T: FromStr>(request: &HttpRequest, number: usize) -> Option<T> {
    query::unescaped(place(request, |_| Some(number))).parse().ok()
}

impl<T: FromPath> FromRequest for Path<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(T::of(request).map(Self).ok_or_else(|| of_status(StatusCode::NOT_FOUND)))
    }
}

/// What may come behind a beginning.
#[derive(Default)]
struct Node {
    /// The address that ends here.
    here: Option<usize>,
    words: Vec<(Box<str>, Self)>,
    choices: Vec<(Vec<Box<str>>, Self)>,
    any: Option<Box<Self>>,
    /// The address that takes all that comes.
    rest: Option<usize>,
}

impl Node {
    fn add(&mut self, pattern: &str, at: usize) {
        let (part, behind) = match pattern.split_once('/') {
            Some((part, behind)) => (part, Some(behind)),
            None => (pattern, None),
        };
        let blank = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let next = match blank.map(|blank| blank.split_once(':')) {
            None => {
                let known = self.words.iter().position(|(word, _)| **word == *part);
                let place = known.unwrap_or_else(|| {
                    self.words.push((part.into(), Self::default()));
                    self.words.len() - 1
                });
                self.words.get_mut(place).map(|(_, node)| node)
            }
            Some(Some((_, ".*"))) => {
                self.rest.get_or_insert(at);
                return;
            }
            Some(Some((_, words))) => {
                self.choices.push((words.split('|').map(Into::into).collect(), Self::default()));
                self.choices.last_mut().map(|(_, node)| node)
            }
            Some(None) => Some(self.any.get_or_insert_default().as_mut()),
        };
        match (next, behind) {
            (Some(next), Some(behind)) => next.add(behind, at),
            (Some(next), None) => {
                next.here.get_or_insert(at);
            }
            (None, _) => {}
        }
    }

    /// The first address that fits a path.
    fn find(&self, path: &str) -> Option<(usize, Taken)> {
        path.starts_with('/').then_some(())?;
        let mut best = None;
        self.seek(path, 1, Taken::default(), &mut best);
        best
    }

    /// Looks from a place in the path on; behind its end every part was taken.
    fn seek(&self, path: &str, from: usize, taken: Taken, best: &mut Option<(usize, Taken)>) {
        let mut consider = |at: Option<usize>, taken: Taken| {
            if let Some(at) = at
                && best.is_none_or(|(known, _)| at < known)
            {
                *best = Some((at, taken));
            }
        };
        let Some(rest) = path.get(from..) else {
            consider(self.here, taken);
            return;
        };
        consider(self.rest, taken.with(from, path.len()));
        let end = rest.find('/').map_or(path.len(), |at| from + at);
        let part = path.get(from..end).unwrap_or_default();
        if let Some((_, node)) = self.words.iter().find(|(word, _)| **word == *part) {
            node.seek(path, end + 1, taken, best);
        }
        if part.is_empty() {
            return;
        }
        for (_, node) in self.choices.iter().filter(|(words, _)| words.iter().any(|word| **word == *part)) {
            node.seek(path, end + 1, taken.with(from, end), best);
        }
        if let Some(node) = &self.any {
            node.seek(path, end + 1, taken.with(from, end), best);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(patterns: &[&'static str]) -> Table {
        let mut routes = Routes::default();
        for pattern in patterns {
            routes.service(resource(pattern).route(get().to(|| async { "here" })));
        }
        routes.table()
    }
    fn found(table: &Table, path: &str) -> String {
        let Some((at, taken)) = table.0.root.find(path) else { return "-".to_owned() };
        let values = taken.places.iter().take(taken.count).filter_map(|(from, to)| path.get(*from..*to));
        format!("{} {}", table.0.all[at].pattern, values.collect::<Vec<_>>().join(","))
    }

    #[test]
    fn the_first_address_that_fits_answers() {
        let table = table(&[
            "/",
            "/a/{name:.*}",
            "/orders",
            "/orders/bulk/{action:ship|deliver}",
            "/orders/bulk/{action}",
            "/orders/{id}",
            "/orders/{id}/{step:ship|deliver}",
            "/orders/{id}/{step}",
            "/orders/never",
            "/mail/{id}/edit",
            "/mail/new/{what}",
        ]);
        for (path, wanted) in [
            ("/", "/ "),
            ("", "-"),
            ("//", "-"),
            ("/orders", "/orders "),
            ("/orders/", "-"),
            ("/orders//", "-"),
            ("/orders//ship", "-"),
            ("/order", "-"),
            ("/orders/7", "/orders/{id} 7"),
            ("/orders/never", "/orders/{id} never"),
            ("/orders/bulk/ship", "/orders/bulk/{action:ship|deliver} ship"),
            ("/orders/bulk/shi", "/orders/bulk/{action} shi"),
            ("/orders/7/ship", "/orders/{id}/{step:ship|deliver} 7,ship"),
            ("/orders/7/pay", "/orders/{id}/{step} 7,pay"),
            ("/orders/7/pay/x", "-"),
            ("/orders/ü 7", "/orders/{id} ü 7"),
            ("/mail/new/edit", "/mail/{id}/edit new"),
            ("/mail/new/x", "/mail/new/{what} x"),
            ("/a/", "/a/{name:.*} "),
            ("/a/css/app.css", "/a/{name:.*} css/app.css"),
            ("/a", "-"),
        ] {
            assert_eq!(found(&table, path), wanted, "{path}");
        }
    }
}
