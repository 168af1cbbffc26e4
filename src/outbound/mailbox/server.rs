//! Where a mailbox is and how it is got into.

use super::session::{Said as Result, Session};
use super::socket::{Line, Socket};
use super::wire::Wire;
use crate::base::error::{Error, Result as Checked};
use crate::outbound::dial;
use crate::outbound::smtp::{Tls, is_here};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Everything that is done over one connection, together.
const ROUND: Duration = Duration::from_secs(240);

/// Where the mailbox is and what it wants.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    pub host: &'p str,
    /// The usual one of the way, if absent.
    pub port: Option<u16>,
    pub tls: Tls,
    /// User and password.
    pub login: (&'p str, &'p str),
    pub folder: &'p str,
    /// An authority that is trusted beside the public ones, and the setting that names it.
    pub authority: Option<(&'p Path, &'p str)>,
    /// For connecting, and for each answer.
    pub patience: Duration,
}

/// A mailbox. Cheap to clone.
#[derive(Clone)]
pub struct Mailbox(Arc<Inner>);

struct Inner {
    host: String,
    port: u16,
    way: Tls,
    tls: Arc<ClientConfig>,
    user: String,
    password: String,
    folder: String,
    patience: Duration,
}

fn setting(text: &'static str) -> Error {
    Error::invalid("invalid_setting", text)
}

impl Mailbox {
    /// A mailbox by its place. Nothing is connected to yet.
    ///
    /// # Errors
    /// `invalid_setting` with the key and what would be right.
    pub fn new(place: &Place<'_>) -> Checked<Self> {
        let host = place.host.trim();
        if host.is_empty() || !host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:".contains(c)) {
            return Err(setting("mail.bounces.host: give a host name such as imap.example.com"));
        }
        if place.tls == Tls::None && !is_here(host) {
            return Err(setting(
                "mail.bounces.tls: use tls or starttls; none is for a server on this machine alone",
            ));
        }
        let folder = place.folder.trim();
        if folder.is_empty() || !folder.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            return Err(setting(
                "mail.bounces.folder: give the name of a folder as the server has it, such as INBOX",
            ));
        }
        let (user, password) = place.login;
        if user.is_empty() || user.chars().any(char::is_control) {
            return Err(setting(
                "mail.bounces.user: give the name that signs in, such as bounces@example.com",
            ));
        }
        if password.is_empty() || password.chars().any(char::is_control) {
            return Err(setting("mail.bounces.password: give the password of mail.bounces.user"));
        }
        let (file, key) = place.authority.unzip();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?
            .with_root_certificates(dial::roots(file, key.unwrap_or_default())?)
            .with_no_client_auth();
        Ok(Self(Arc::new(Inner {
            host: host.to_owned(),
            port: place.port.unwrap_or(if place.tls == Tls::Tls { 993 } else { 143 }),
            way: place.tls,
            tls: Arc::new(tls),
            user: user.to_owned(),
            password: password.to_owned(),
            folder: folder.to_owned(),
            patience: place.patience,
        })))
    }

    /// Where it is, for people: `bounces@example.com at imap.example.com:993`.
    pub fn name(&self) -> String {
        format!("{} at {}:{}", self.0.user, self.0.host, self.0.port)
    }
    pub fn folder(&self) -> &str {
        &self.0.folder
    }

    /// Connects, signs in and opens the folder.
    ///
    /// # Errors
    /// What went wrong, as a sentence for people; never the password.
    pub fn open(&self) -> Result<Session> {
        let own = &self.0;
        let until = Instant::now() + ROUND;
        let unreachable = |error: &io::Error| {
            let why = match error.kind() {
                ErrorKind::NotFound => "its name is not known".to_owned(),
                ErrorKind::TimedOut | ErrorKind::WouldBlock => "it did not answer in time".to_owned(),
                ErrorKind::ConnectionRefused => "it refuses connections".to_owned(),
                _ => error.to_string(),
            };
            format!("The server {}:{} cannot be reached: {why}.", own.host, own.port)
        };
        let machines = dial::machines(&own.host, own.port, own.patience).map_err(|e| unreachable(&e))?;
        let (stream, _) = dial::connect(&machines, own.patience).map_err(|e| unreachable(&e))?;
        let socket = Socket::new(stream, own.patience, until);
        let line = match own.way {
            Tls::Tls => self.sealed(socket)?,
            Tls::Starttls | Tls::None => Line::Open(socket),
        };
        let mut session = Session::new(Wire::new(line), &own.user, &own.password);
        let mut is_in = session.greeting()?;
        if own.way == Tls::Starttls {
            // Who is let in before the encryption was let in by anybody.
            let socket = session.starttls()?;
            session = Session::new(Wire::new(self.sealed(socket)?), &own.user, &own.password);
            is_in = false;
        }
        if !is_in {
            session.sign_in(&own.user, &own.password)?;
        }
        session.select(&own.folder)?;
        Ok(session)
    }

    /// The same connection, encrypted; the certificate is judged before anything is said.
    fn sealed(&self, mut socket: Socket) -> Result<Line> {
        let own = &self.0;
        let unsafe_because = |why: String| {
            format!("No encrypted connection with {}:{} came about: {why}.", own.host, own.port)
        };
        let name = ServerName::try_from(own.host.clone()).map_err(|e| unsafe_because(e.to_string()))?;
        let mut session =
            ClientConnection::new(Arc::clone(&own.tls), name).map_err(|e| unsafe_because(e.to_string()))?;
        while session.is_handshaking() {
            let step = session.complete_io(&mut socket);
            step.map_err(|error| match error.kind() {
                ErrorKind::TimedOut | ErrorKind::WouldBlock => {
                    unsafe_because("it did not answer in time".to_owned())
                }
                ErrorKind::UnexpectedEof => unsafe_because("it hung up".to_owned()),
                _ => unsafe_because(error.to_string()),
            })?;
        }
        Ok(Line::Sealed(Box::new(StreamOwned::new(session, socket))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_cannot_work_is_refused_by_its_key() {
        let good = Place {
            host: "imap.example.com",
            port: None,
            tls: Tls::Tls,
            login: ("bounces@example.com", "violet"),
            folder: "INBOX",
            authority: None,
            patience: Duration::from_secs(1),
        };
        assert_eq!(Mailbox::new(&good).unwrap().name(), "bounces@example.com at imap.example.com:993");
        let said = |place: Place<'_>| Mailbox::new(&place).err().unwrap().message.into_owned();
        assert!(said(Place { host: "imap example", ..good }).starts_with("mail.bounces.host: "));
        assert!(said(Place { tls: Tls::None, ..good }).starts_with("mail.bounces.tls: "));
        assert!(said(Place { folder: "In\r\nBox", ..good }).starts_with("mail.bounces.folder: "));
        assert!(said(Place { login: ("", "x"), ..good }).starts_with("mail.bounces.user: "));
        assert!(said(Place { login: ("a", "x\r\ny"), ..good }).starts_with("mail.bounces.password: "));
        assert!(Mailbox::new(&Place { host: "127.0.0.1", tls: Tls::None, ..good }).is_ok());
    }
}
