//! Bodies of HTML forms, strictly, and the id in a path.

use crate::base::error::{Error, Result};
use crate::base::id::Id;
use crate::web::body;
use crate::web::faults;
use crate::web::query;
use crate::web::routing;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use std::future::{Future, Ready, ready};
use std::pin::Pin;

/// Largest form in bytes; files go by another way.
pub const LIMIT: usize = 64 * 1024;

/// The fields of a form. Unknown fields and wrong types are refused (422) with pointers; an empty field is an
/// absent one for `Option`, a repeated one a list for `Vec`.
#[derive(Debug)]
pub struct Form<T>(pub T);

/// The fields of a form as they came, for forms whose fields are not known beforehand or that are shown again.
#[derive(Clone, Debug)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The fields of a body.
    ///
    /// # Errors
    /// `unreadable` for what is no UTF-8.
    pub fn of(bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes)
            .map_err(|e| Error::invalid("unreadable", "The form is not UTF-8.").because(e))?;
        if !query::is_text(text) {
            return Err(Error::invalid("unreadable", "The form has bytes that are no UTF-8, such as %FF."));
        }
        Ok(Self(query::pairs(text)))
    }
    /// Takes a field out, with the first of its values.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let value = self.get(name).map(str::to_owned);
        self.0.retain(|(key, _)| key != name);
        value
    }
    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
    /// All values of a field, such as the chosen rows of a list.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
    /// The fields as a type, with the refusals of `Form`.
    ///
    /// # Errors
    /// `unknown_field`, `required`, `wrong_type` … with pointers.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        let tree = query::tree(self.0.clone())?;
        faults::read(tree, "The form needs a change.").map_err(|mut error| {
            if error.code == "duplicate_parameter" {
                error.code = "duplicate_field";
            }
            error
        })
    }
}

impl FromRequest for Fields {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let accepted = body::expect_type(request, &["application/x-www-form-urlencoded"]);
        let length = body::length(request);
        let taken = payload.take();
        Box::pin(async move {
            accepted?;
            Self::of(&body::read(taken, length, LIMIT).await?)
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let fields = Fields::from_request(request, payload);
        Box::pin(async move { fields.await?.parse().map(Self) })
    }
}

/// The id in the path, from the segment `{id}`. Anything that is no id of this kind is 404.
#[derive(Clone, Copy, Debug)]
pub struct PathId<I>(pub I);

impl<I: Id> FromRequest for PathId<I> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(I::parse(routing::raw_value(request, "id")).map(Self))
    }
}
