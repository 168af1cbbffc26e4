//! How it is spoken: errors to status, pages, forms, strict input, limits, assets, the request log. Knows no feature.

pub mod settings;

pub mod error;

pub mod client;
pub mod cors;
pub mod descriptors;
pub mod dev;
pub mod display;
pub mod edge;
pub mod guard;
mod hosts;
pub mod limits;
pub mod metrics;
mod numbers;
pub mod refusal;
pub mod server;

pub mod assets;
pub mod chart;
pub mod escape;
mod filters;
pub mod flash;
pub mod fragments;
pub mod framed;
pub mod kept;
pub mod letter;
pub mod pages;
pub mod parts;
pub mod shell;

mod access_line;
pub mod again;
pub mod asked;
pub mod body;
pub mod bulk;
pub mod columns;
pub mod conditional;
mod decode;
pub mod download;
mod faults;
pub mod form;
pub mod json;
pub mod listing;
pub mod paging;
pub mod place;
pub mod progress;
pub mod query;
pub mod routing;
pub mod sse;
pub mod told;
pub mod upload;

pub use assets::Assets;
pub use client::Client;
pub use edge::Who;
pub use flash::{Toast, see_other};
pub use form::{Fields, Form, PathId};
pub use json::{Json, JsonBytes, OptionalJson};
pub use limits::{Budget, Caller, Limits};
pub use metrics::Metrics;
pub use pages::{Page, Pages};
pub use query::Query;
pub use server::Web;
pub use settings::Settings;
pub use shell::{Group, Nav, Shell, ShellMaker, User};
pub use told::Told;
pub use upload::Upload;

use actix_web::{HttpMessage as _, HttpRequest};

/// The id of a request, put into its extensions by the outermost middleware.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The id of a request; empty outside of the middleware.
pub fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro for ids makes its type public")]
mod stack_tests;
