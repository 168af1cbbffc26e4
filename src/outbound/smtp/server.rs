//! The mail server of the shop: how it is reached, and sending one message to it.

use super::answer::{Outcome, Step, outcome};
use super::dkim::{Dkim, Signer};
use super::letter::{Letter, address};
use crate::base::error::{Error, Result};
use crate::outbound::dial;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Connections that wait for the next message at most, and how long each does.
const IDLE_MAX: usize = 4;
const IDLE_FOR: Duration = Duration::from_secs(20);

/// How the way to the server is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// The connection begins in the open and is encrypted before anything is said; a server that cannot gets nothing.
    #[default]
    Starttls,
    /// Encrypted from the first byte.
    Tls,
    /// In the open: only to a server on this machine.
    None,
}

impl Tls {
    fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Where the server is and what it wants.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    pub host: &'p str,
    /// The usual one of the way, if absent.
    pub port: Option<u16>,
    pub tls: Tls,
    /// User and password.
    pub login: Option<(&'p str, &'p str)>,
    /// The name this machine gives itself; its own, if absent.
    pub hello: Option<&'p str>,
    /// An authority that is trusted beside the public ones.
    pub authority: Option<&'p Path>,
    /// For connecting, and for each answer.
    pub patience: Duration,
    pub dkim: Option<Dkim<'p>>,
    /// Where mails come back to that cannot be delivered (the envelope's sender); to who sends them, if absent.
    pub returns_to: Option<&'p str>,
}

/// Where it ended, and why.
type Broken = (Step, lettre::transport::smtp::Error);

/// A mail server. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    host: String,
    port: u16,
    way: Tls,
    tls: TlsParameters,
    login: Option<Credentials>,
    hello: ClientId,
    patience: Duration,
    dkim: Option<Signer>,
    returns_to: Option<lettre::Address>,
    idle: Mutex<Vec<(SmtpConnection, Instant)>>,
}

fn setting(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid("invalid_setting", text)
}

impl Server {
    /// A server by its place. Nothing is connected to yet.
    ///
    /// # Errors
    /// `invalid_setting` with the key and what would be right.
    pub fn new(place: &Place<'_>) -> Result<Self> {
        let host = place.host.trim();
        if host.is_empty() || !host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:".contains(c)) {
            return Err(setting("mail.host: give a host name such as smtp.example.com"));
        }
        if place.tls == Tls::None && !is_here(host) {
            return Err(setting("mail.tls: use starttls or tls; none is for a server on this machine alone"));
        }
        let mut tls = TlsParameters::builder(host.to_owned());
        // The library takes a file without any certificate for a good one.
        dial::roots(place.authority, "mail.ca_file")?;
        if let Some(path) = place.authority {
            let certificate = std::fs::read(path)
                .map_err(Error::internal)
                .and_then(|pem| Certificate::from_pem(&pem).map_err(Error::internal));
            let wrong = |e: Error| setting("mail.ca_file: give a file with a certificate as PEM").because(e);
            tls = tls.add_root_certificate(certificate.map_err(wrong)?);
        }
        let hello = match place.hello.map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) if name.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)) => {
                ClientId::Domain(name.to_owned())
            }
            Some(_) => return Err(setting("mail.hello: give a host name such as shop.example.com")),
            None => ClientId::default(),
        };
        let dkim = place.dkim.map(|dkim| Signer::new(&dkim)).transpose()?;
        let returns_to = place.returns_to.map(|text| address(text.trim())).transpose().map_err(|e| {
            setting("mail.bounces.address: give an e-mail address such as bounces@example.com").because(e)
        })?;
        Ok(Self(Arc::new(Inner {
            host: host.to_owned(),
            port: place.port.unwrap_or(place.tls.port()),
            way: place.tls,
            tls: tls.build_rustls().map_err(Error::internal)?,
            login: place.login.map(|(user, word)| Credentials::new(user.to_owned(), word.to_owned())),
            hello,
            patience: place.patience,
            dkim,
            returns_to,
            idle: Mutex::default(),
        })))
    }

    /// Where it is, for people.
    pub fn name(&self) -> String {
        format!("{}:{}", self.0.host, self.0.port)
    }

    /// Sends a message; this waits for the server.
    pub fn send(&self, letter: &Letter<'_>) -> Outcome {
        let refused =
            |error: Error| Outcome::Refused { answer: error.message.into_owned(), is_address: false };
        let (message, to) = match letter.message().and_then(|message| Ok((message, address(letter.to)?))) {
            Ok(both) => both,
            Err(error) => return refused(error),
        };
        let sender = self.0.returns_to.as_ref().or(message.envelope().from()).cloned();
        let bytes = message.formatted();
        let bytes = match &self.0.dkim {
            Some(signer) => match signer.sign(&bytes, letter.at) {
                Ok(signed) => signed,
                Err(error) => return Outcome::Later(error.message.into_owned()),
            },
            None => bytes,
        };
        let mut connection = match self.idle().map_or_else(|| self.connect(), Ok) {
            Ok(connection) => connection,
            Err((step, error)) => return outcome(step, &error),
        };
        let is_plain = sender.as_ref().is_none_or(|sender| sender.to_string().is_ascii());
        let needs_utf8 = !letter.to.is_ascii() || !letter.from.address.is_ascii() || !is_plain;
        if needs_utf8 && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            self.keep(connection);
            let answer = "The server takes no addresses with letters beyond a to z.".to_owned();
            return Outcome::Refused { answer, is_address: false };
        }
        match said(&mut connection, sender, to, &bytes, needs_utf8) {
            Ok(answer) => {
                self.keep(connection);
                Outcome::Taken(answer)
            }
            Err((step, error)) => {
                // What was answered leaves the connection whole; anything else leaves nothing to rely on.
                if error.status().is_some() && connection.command(Rset).is_ok() {
                    self.keep(connection);
                }
                outcome(step, &error)
            }
        }
    }

    fn connect(&self) -> std::result::Result<SmtpConnection, Broken> {
        let own = &self.0;
        let at_once = (own.way == Tls::Tls).then_some(&own.tls);
        let place = (own.host.as_str(), own.port);
        let at = |step: Step| move |error| (step, error);
        let mut connection = SmtpConnection::connect(place, Some(own.patience), &own.hello, at_once, None)
            .map_err(at(Step::Connect))?;
        if own.way == Tls::Starttls {
            connection.starttls(&own.tls, &own.hello).map_err(at(Step::Connect))?;
        }
        if let Some(login) = &own.login {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], login).map_err(at(Step::SignIn))?;
        }
        Ok(connection)
    }

    /// A connection that waited and still is one.
    fn idle(&self) -> Option<SmtpConnection> {
        loop {
            let (mut connection, since) = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if since.elapsed() < IDLE_FOR && connection.test_connected() {
                return Some(connection);
            }
        }
    }

    fn keep(&self, connection: SmtpConnection) {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE_FOR);
        if idle.len() < IDLE_MAX {
            idle.push((connection, Instant::now()));
        }
    }
}

/// The message, word by word; the step at which the server said no.
fn said(
    connection: &mut SmtpConnection,
    sender: Option<lettre::Address>,
    to: lettre::Address,
    message: &[u8],
    needs_utf8: bool,
) -> std::result::Result<String, Broken> {
    let at = |step: Step| move |error| (step, error);
    let parameters = if needs_utf8 { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
    connection.command(Mail::new(sender, parameters)).map_err(at(Step::Sender))?;
    connection.command(Rcpt::new(to, Vec::new())).map_err(at(Step::Recipient))?;
    connection.command(Data).map_err(at(Step::Content))?;
    let answer = connection.message(message).map_err(at(Step::Content))?;
    let lines: Vec<&str> = answer.message().collect();
    Ok(format!("{} {}", answer.code(), lines.join(" ")).trim().to_owned())
}

pub(in crate::outbound) fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: &str) -> Place<'_> {
        Place {
            host,
            port: None,
            tls: Tls::Starttls,
            login: None,
            hello: None,
            authority: None,
            patience: Duration::from_secs(1),
            dkim: None,
            returns_to: None,
        }
    }

    #[test]
    fn a_place_that_cannot_work_is_refused_by_its_key() {
        assert_eq!(Server::new(&place("smtp.example.com")).unwrap().name(), "smtp.example.com:587");
        let here = Place { tls: Tls::None, ..place("127.0.0.1") };
        assert_eq!(Server::new(&here).unwrap().name(), "127.0.0.1:25");
        let said = |place: &Place<'_>| Server::new(place).err().unwrap().message.into_owned();
        assert!(said(&place("")).starts_with("mail.host: "));
        assert!(said(&place("a b")).starts_with("mail.host: "));
        assert!(said(&Place { tls: Tls::None, ..place("smtp.example.com") }).starts_with("mail.tls: "));
        assert!(said(&Place { hello: Some("a b"), ..place("localhost") }).starts_with("mail.hello: "));
        let file = Some(Path::new("/nonexistent"));
        assert!(said(&Place { authority: file, ..place("localhost") }).starts_with("mail.ca_file: "));
        let dkim = |key| Some(Dkim { domain: "example.com", selector: "s1", key });
        assert!(said(&Place { dkim: dkim("x"), ..place("localhost") }).starts_with("mail.dkim_key: "));
        let seed = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        assert!(Server::new(&Place { dkim: dkim(seed), ..place("localhost") }).is_ok());
    }
}
