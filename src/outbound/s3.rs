//! S3-compatible storage: puts files there, says how long one is that is there already, lists and fetches them.
//!
//! Requests are signed in their address (AWS Signature Version 4), so that a body of any size is sent as it is read.

use crate::base::error::{Error, Kind, Result};
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
use std::fs::File;
use std::path::Path;
use std::time::Duration;
use ureq::http::StatusCode;

/// How long a signed address works; a copy may take hours on a slow line, but has to begin at once.
const SIGNED_FOR: Duration = Duration::from_secs(600);
const CONNECT: Duration = Duration::from_secs(10);
/// Until the storage says something after the last byte went out.
const ANSWER: Duration = Duration::from_secs(120);
/// In the middle of a body, however long that takes in all.
const STILL: Duration = Duration::from_secs(60);
/// For all of what is small.
const SMALL: Duration = Duration::from_secs(15);
/// Bytes of a list of a thousand names.
const LIST_MAX: u64 = 16 << 20;

/// Where copies go.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// `https://s3.example.com`; the bucket follows in the path.
    pub endpoint: &'a str,
    pub bucket: &'a str,
    pub region: &'a str,
    /// Put before every name, such as `shop/`.
    pub prefix: &'a str,
    pub access_key: &'a str,
    pub secret_key: &'a str,
}

/// A bucket that can be written to.
pub struct Storage {
    bucket: Bucket,
    credentials: Credentials,
    prefix: String,
    agent: ureq::Agent,
}

impl Storage {
    /// Prepares; nothing is sent.
    ///
    /// # Errors
    /// `invalid_setting` for an endpoint that is no address, or names that cannot be in one.
    pub fn new(place: &Place<'_>) -> Result<Self> {
        let wrong = |path: &str, right: &str| Error::invalid("invalid_setting", format!("{path}: {right}"));
        let endpoint = place.endpoint.parse().map_err(|_no_address| {
            wrong("backup.s3_endpoint", "write scheme and host, such as https://s3.example.com")
        })?;
        let bucket = Bucket::new(endpoint, UrlStyle::Path, place.bucket.to_owned(), place.region.to_owned())
            .map_err(|_no_host| {
                wrong("backup.s3_endpoint", "write scheme and host, such as https://s3.example.com")
            })?;
        let plain = |text: &str| text.split('/').all(|part| !matches!(part, "." | ".."));
        if place.bucket.is_empty() || place.bucket.contains('/') || !plain(place.bucket) {
            return Err(wrong("backup.s3_bucket", "write the name of the bucket"));
        }
        if place.prefix.starts_with('/') || !plain(place.prefix) {
            return Err(wrong("backup.s3_prefix", "write a path such as shop/, without a slash before it"));
        }
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_per_read(Some(STILL))
            .timeout_per_write(Some(STILL))
            .max_redirects(0)
            .http_status_as_error(false);
        Ok(Self {
            bucket,
            credentials: Credentials::new(place.access_key.to_owned(), place.secret_key.to_owned()),
            prefix: place.prefix.to_owned(),
            agent: config.build().into(),
        })
    }

    /// Bytes of the object with this name; `None` when there is none.
    ///
    /// # Errors
    /// `copy_failed`.
    pub fn size_of(&self, name: &str) -> Result<Option<u64>> {
        let key = self.key(name);
        let address = self.bucket.head_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
        let answer = self.agent.head(address.as_str()).call().map_err(failed)?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let length = answer.headers().get("content-length").and_then(|value| value.to_str().ok());
                Ok(length.and_then(|length| length.parse().ok()))
            }
            status => Err(refused(status)),
        }
    }

    /// Puts a file there under this name, over one that is there already.
    ///
    /// # Errors
    /// `copy_failed`, also when the file cannot be read.
    pub fn put(&self, name: &str, file: &Path) -> Result<()> {
        let source = File::open(file).map_err(failed)?;
        let key = self.key(name);
        let address = self.bucket.put_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
        let answer = self.agent.put(address.as_str()).send(&source).map_err(failed)?;
        if answer.status().is_success() { Ok(()) } else { Err(refused(answer.status())) }
    }

    /// The same with bytes, which are few: it is given up after some seconds.
    ///
    /// # Errors
    /// `copy_failed`.
    pub fn put_bytes(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let key = self.key(name);
        let address = self.bucket.put_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
        let request = self.agent.put(address.as_str()).config().timeout_global(Some(SMALL)).build();
        let answer = request.send(bytes).map_err(failed)?;
        if answer.status().is_success() { Ok(()) } else { Err(refused(answer.status())) }
    }

    /// The names that begin with this, in no order.
    ///
    /// # Errors
    /// `copy_forbidden` where the key may not; `copy_failed`.
    pub fn names(&self, begin: &str) -> Result<Vec<String>> {
        let whole = self.key(begin);
        let (mut found, mut more) = (Vec::new(), None);
        loop {
            // The bucket itself, asked for its list.
            let mut list = self.bucket.get_object(Some(&self.credentials), "");
            let query = list.query_mut();
            query.insert("list-type", "2");
            query.insert("prefix", whole.clone());
            if let Some(token) = more.take() {
                query.insert("continuation-token", token);
            }
            let mut answer = self.agent.get(list.sign(SIGNED_FOR).as_str()).call().map_err(failed)?;
            if !answer.status().is_success() {
                return Err(refused(answer.status()));
            }
            let text = answer.body_mut().with_config().limit(LIST_MAX).read_to_string().map_err(failed)?;
            let keys = elements(&text, "Key");
            found.extend(keys.filter_map(|key| key.strip_prefix(&self.prefix).map(str::to_owned)));
            more = elements(&text, "NextContinuationToken").next();
            if more.is_none() {
                return Ok(found);
            }
        }
    }

    /// Fetches the object with this name into a new file.
    ///
    /// # Errors
    /// `copy_forbidden` where the key may not; `copy_failed`, also when the file cannot be written.
    pub fn get(&self, name: &str, file: &Path) -> Result<()> {
        let key = self.key(name);
        let address = self.bucket.get_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
        let mut answer = self.agent.get(address.as_str()).call().map_err(failed)?;
        if !answer.status().is_success() {
            return Err(refused(answer.status()));
        }
        let mut into = File::create_new(file).map_err(failed)?;
        std::io::copy(&mut answer.body_mut().as_reader(), &mut into).map(|_bytes| ()).map_err(failed)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// The texts of all elements of this name in an answer.
fn elements<'t>(text: &'t str, name: &str) -> impl Iterator<Item = String> + use<'t> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, behind) = rest.split_once(&begin)?;
        let (own, behind) = behind.split_once(&end)?;
        rest = behind;
        // The last one last, or it would make others.
        let plain = own.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        Some(plain.replace("&apos;", "'").replace("&#39;", "'").replace("&amp;", "&"))
    })
}

/// Never with the address: it is signed.
fn failed(cause: impl std::fmt::Display) -> Error {
    let text = format!("The S3 storage did not do what it was asked: {cause}.");
    Error::refuse(Kind::Unavailable, "copy_failed", text)
}

fn refused(status: StatusCode) -> Error {
    let remedy = match status.as_u16() {
        403 => " Check the keys and what they may do.",
        404 => " Check the name of the bucket.",
        301 | 307 => " Check the endpoint and the region.",
        _ => "",
    };
    let error = failed(format!("it answered {status}.{remedy}").trim_end_matches('.'));
    match status {
        StatusCode::FORBIDDEN => Error::refuse(Kind::Conflict, "copy_forbidden", error.message),
        // It says the same tomorrow.
        _ if status.is_client_error() => Error::refuse(Kind::Conflict, "copy_failed", error.message),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place {
        endpoint: "https://s3.example.com",
        bucket: "shop",
        region: "eu-central-1",
        prefix: "backups/",
        access_key: "AK",
        secret_key: "canary-7f1e",
    };

    #[test]
    fn what_cannot_be_an_address_is_refused_with_its_setting() {
        let refused = |place: Place<'_>| match Storage::new(&place) {
            Err(error) => error.message.split(':').next().unwrap_or_default().to_owned(),
            Ok(_) => String::new(),
        };
        assert_eq!(refused(PLACE), "");
        assert_eq!(refused(Place { endpoint: "s3.example.com", ..PLACE }), "backup.s3_endpoint");
        for bucket in ["", "a/b", ".."] {
            assert_eq!(refused(Place { bucket, ..PLACE }), "backup.s3_bucket", "{bucket}");
        }
        for prefix in ["/a", "../", "a/./b"] {
            assert_eq!(refused(Place { prefix, ..PLACE }), "backup.s3_prefix", "{prefix}");
        }
    }

    #[test]
    fn names_are_read_out_of_a_list() {
        let text = "<Contents><Key>shop/a&amp;lt;.brb</Key><Size>1</Size></Contents><Contents><Key>b</Key></Contents>";
        assert_eq!(elements(text, "Key").collect::<Vec<_>>(), ["shop/a&lt;.brb", "b"]);
        assert_eq!(elements(text, "NextContinuationToken").count(), 0);
    }

    #[test]
    fn an_error_says_nothing_of_the_keys() {
        let storage = Storage::new(&Place { endpoint: "http://127.0.0.1:1", ..PLACE }).unwrap();
        let error = storage.size_of("x.brb").unwrap_err();
        assert_eq!(error.code, "copy_failed");
        let said = format!("{error:?} {error} {}", error.cause_chain());
        assert!(!said.contains("canary") && !said.contains("X-Amz"), "{said}");
    }
}
