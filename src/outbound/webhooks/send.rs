//! Posts a message and tells what came of it. The address is looked up once for a connection, judged, and that very one
//! connected to; redirects are not followed; what comes back is read up to a limit.

use super::guard::{Address, Guard};
use super::sign::{Secret, sign};
use crate::base::time::{HOUR_MS, SECOND_MS, Timestamp};
use std::io::{self, Read as _};
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::{HeaderMap, Uri};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// For all of it, and of that to look the name up and to connect.
const WHOLE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(5);
/// What is kept of an answer.
const BODY_MAX: u64 = 16 << 10;
const HEADERS_MAX: usize = 40;
const VALUE_MAX: usize = 300;
const NOT_FOUND: &str = "The name of the address was not found.";
/// A receiver that asks for a longer pause gets this one.
const RETRY_AFTER_MAX_MS: i64 = 24 * HOUR_MS;

/// What is sent.
#[derive(Debug)]
pub struct Message<'m> {
    /// The same whenever it is sent again.
    pub id: &'m str,
    /// When it is sent this time.
    pub at: Timestamp,
    /// JSON.
    pub body: &'m [u8],
    /// All that are valid now, the newest first.
    pub secrets: &'m [Secret],
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The headers that were sent and have to do with the message.
    pub sent: Vec<(String, String)>,
    /// None when nothing came back.
    pub status: Option<u16>,
    pub headers: Vec<(String, String)>,
    /// Its beginning, as text.
    pub body: String,
    /// Why nothing came back, in a sentence.
    pub error: Option<String>,
    pub took_ms: u64,
    /// The pause that the receiver asks for.
    pub retry_after_ms: Option<i64>,
}

impl Answer {
    /// Whether the receiver has it.
    pub fn is_good(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Sends messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    agent: ureq::Agent,
    guard: Guard,
}

impl Sender {
    pub fn new(guard: Guard) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(WHOLE))
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .max_redirects(0)
            // Through a proxy the address that is connected to would be somebody else's choice.
            .proxy(None)
            .http_status_as_error(false)
            .user_agent(concat!("Backroom/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = Judging { below: DefaultResolver::default(), guard: guard.clone() };
        Self { agent: ureq::Agent::with_parts(config, DefaultConnector::default(), resolver), guard }
    }

    /// Who says where messages may go.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Posts a message; waits at most some twenty seconds.
    pub fn post(&self, to: &Address, message: &Message<'_>) -> Answer {
        let begun = Instant::now();
        let seconds = message.at.0.div_euclid(SECOND_MS);
        let sent = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("webhook-id".to_owned(), message.id.to_owned()),
            ("webhook-timestamp".to_owned(), seconds.to_string()),
            ("webhook-signature".to_owned(), sign(message.secrets, message.id, seconds, message.body)),
        ];
        let mut request = self.agent.post(to.text());
        for (name, value) in &sent {
            request = request.header(name, value);
        }
        let mut answer = match request.send(message.body) {
            Ok(mut response) => {
                let mut body = Vec::new();
                // A receiver that says 2xx has it, also when the rest of its answer is lost.
                let _cut = response.body_mut().as_reader().take(BODY_MAX).read_to_end(&mut body).is_err();
                Answer {
                    status: Some(response.status().as_u16()),
                    retry_after_ms: retry_after(response.headers(), message.at),
                    headers: shown(response.headers()),
                    body: String::from_utf8_lossy(&body).into_owned(),
                    ..Answer::default()
                }
            }
            Err(error) => Answer { error: Some(in_words(&error)), ..Answer::default() },
        };
        answer.sent = sent;
        answer.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        answer
    }
}

/// Looks a name up and lets only those addresses through that may be sent to. The connection goes to one of them.
#[derive(Debug)]
struct Judging {
    below: DefaultResolver,
    guard: Guard,
}

impl Resolver for Judging {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.below.resolve(uri, config, timeout)?;
        let mut admitted = self.empty();
        for address in found.iter().filter(|address| self.guard.admits(address.ip())) {
            admitted.push(*address);
        }
        if admitted.is_empty() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, NotPublic).into());
        }
        Ok(admitted)
    }
}

/// None of the addresses of a name may be sent to. A kind of its own: a firewall that refuses a connection is also said to
/// be a permission that is missing.
#[derive(Debug)]
struct NotPublic;

impl std::fmt::Display for NotPublic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name leads into a network that is not public")
    }
}

impl std::error::Error for NotPublic {}

fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(e) if e.get_ref().is_some_and(|cause| cause.is::<NotPublic>()) => {
            "The name leads into a network that is not public. The setting webhooks.private_networks can allow it."
                .to_owned()
        }
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
            "The connection was refused: nothing listens there.".to_owned()
        }
        // The library that looks names up has no kind for this.
        ureq::Error::Io(e) if e.to_string().contains("lookup") => NOT_FOUND.to_owned(),
        ureq::Error::Timeout(_) => "There was no answer in time.".to_owned(),
        ureq::Error::HostNotFound => NOT_FOUND.to_owned(),
        other => format!("The connection failed: {other}."),
    }
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).chars().take(VALUE_MAX).collect();
    headers.iter().take(HEADERS_MAX).map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    let ms = match text.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(SECOND_MS)?,
        Err(_no_number) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?;
            Timestamp(date.timestamp().as_millisecond()).since_ms(now)
        }
    };
    (ms > 0).then_some(ms.min(RETRY_AFTER_MAX_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_until_a_date() {
        let now = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        let pause = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(pause("120"), Some(120_000));
        assert_eq!(pause("Fri, 20 Nov 2026 10:01:00 GMT"), Some(60_000));
        assert_eq!(pause("99999999999"), Some(RETRY_AFTER_MAX_MS));
        for nothing in ["", "0", "-5", "soon", "Fri, 20 Nov 2026 09:00:00 GMT"] {
            assert_eq!(pause(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_connection_that_a_firewall_refuses_is_not_told_as_a_network_of_one_s_own() {
        let said = |error: io::Error| in_words(&error.into());
        let own = io::Error::new(io::ErrorKind::PermissionDenied, NotPublic);
        assert!(said(own).contains("not public"));
        let refused = said(io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(refused.starts_with("The connection failed: "), "{refused}");
    }

    #[test]
    fn a_name_that_leads_home_is_not_connected_to() {
        // The name is judged by where it leads, not by how it looks.
        let home = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Guard::new(vec!["127.0.0.1/32".parse().unwrap()])
            .read(&format!("http://localhost:{}/", home.local_addr().unwrap().port()))
            .unwrap();
        let message = Message { id: "evt_1", at: Timestamp(0), body: b"{}", secrets: &[] };
        let answer = Sender::new(Guard::default()).post(&address, &message);
        assert_eq!(answer.status, None);
        assert!(answer.error.unwrap().contains("not public"));
        home.set_nonblocking(true).unwrap();
        assert_eq!(home.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody came");
    }
}
