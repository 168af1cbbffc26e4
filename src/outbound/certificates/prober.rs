//! Goes to an address, looks at the certificate there and judges it. The name is looked up once, judged, and the very
//! machine that it gave connected to.

use super::address::Address;
use super::handshake::{self, Broken, Met, Shown};
use super::problem::Problem;
use super::read::Certificate;
use super::settings::Settings;
use crate::base::error::Result;
use crate::base::time::{SECOND_MS, Timestamp};
use crate::outbound::dial;
use crate::outbound::webhooks::Guard;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Machines of a name that are tried at most.
const MACHINES_MAX: usize = 6;

/// What was seen at an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What is wrong, the gravest first; nothing is when this is empty.
    pub problems: Vec<Problem>,
    /// What was shown, also when something is wrong with it.
    pub certificate: Option<Certificate>,
    /// The machine that was connected to.
    pub machine: Option<String>,
    /// Such as `TLS 1.3`.
    pub protocol: Option<&'static str>,
    /// For connecting and agreeing on the encryption; without the time to find the name.
    pub took_ms: u64,
}

/// Looks at certificates. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Prober {
    guard: Guard,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    patience: Duration,
}

impl Prober {
    /// Trusts the public authorities and those of the settings.
    ///
    /// # Errors
    /// `invalid_setting` when a file cannot be read.
    pub fn new(guard: Guard, settings: &Settings) -> Result<Self> {
        settings.check()?;
        let roots = dial::roots(settings.ca_file.as_deref(), "sites.ca_file")?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(Self { guard, roots: Arc::new(roots), provider, patience: settings.patience() })
    }

    /// Who says where may be gone to.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Looks at an address; waits for a connection and for the handshake as long as the settings say. `is_own`: it is the
    /// shop's own, from the configuration, and may lead into a network of its own.
    pub fn look(&self, address: &Address, is_own: bool, now: Timestamp) -> Seen {
        let only = |problem: Problem| Seen { problems: vec![problem], ..Seen::default() };
        let machines = match self.machines(address, is_own) {
            Ok(machines) => machines,
            Err(problem) => return only(problem),
        };
        let begun = Instant::now();
        let (socket, machine) = match dial::connect(&machines, self.patience) {
            Ok(both) => both,
            Err(error) => return only(of_io(&error)),
        };
        let bare = address.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let Ok(name) = ServerName::try_from(bare) else { return only(Problem::NameNotFound) };
        let met = handshake::meet(socket, name.clone(), &self.provider, Instant::now() + self.patience);
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Seen { machine: Some(machine.ip().to_string()), took_ms, ..self.judged(met, &name, now) }
    }

    /// The machines of a name that may be gone to.
    fn machines(&self, address: &Address, is_own: bool) -> std::result::Result<Vec<SocketAddr>, Problem> {
        let host = address.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let all = match dial::machines(&host, address.port(), self.patience) {
            Ok(all) => all,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Problem::NameNotFound),
            Err(error) if error.kind() == ErrorKind::TimedOut => return Err(Problem::TimedOut),
            Err(_no_thread) => return Err(Problem::Unreachable),
        };
        let admitted = all.into_iter().filter(|machine| is_own || self.guard.admits(machine.ip()));
        let admitted: Vec<SocketAddr> = admitted.take(MACHINES_MAX).collect();
        if admitted.is_empty() { Err(Problem::NotPublic) } else { Ok(admitted) }
    }

    fn judged(&self, met: Met, name: &ServerName<'_>, now: Timestamp) -> Seen {
        let mut problems = self.faults(&met.shown, name, now);
        // What came before a certificate is all there is to say; behind one it is said beside what is wrong with that.
        if let Err(broken) = &met.ended {
            problems.insert(0, of_broken(broken));
        }
        let certificate = met.shown.first().and_then(|der| Certificate::read(der));
        Seen { problems, certificate, protocol: met.protocol, ..Seen::default() }
    }

    /// What is wrong with what was shown, the gravest first.
    fn faults(&self, shown: &Shown, name: &ServerName<'_>, now: Timestamp) -> Vec<Problem> {
        let Some((own, between)) = shown.split_first() else { return Vec::new() };
        let (Some(facts), Ok(parsed)) = (Certificate::read(own), ParsedCertificate::try_from(own)) else {
            return vec![Problem::Unreadable];
        };
        let mut faults = Vec::new();
        // The chain of one that is not valid now is looked at as if it were: what else is wrong is worth knowing.
        let mut at = now;
        if now > facts.not_after {
            faults.push(Problem::Expired);
            at = facts.not_after.plus_ms(-SECOND_MS);
        } else if now < facts.not_before {
            faults.push(Problem::NotYetValid);
            at = facts.not_before.plus_ms(SECOND_MS);
        }
        if verify_server_name(&parsed, name).is_err() {
            faults.push(Problem::WrongName);
        }
        let seconds = u64::try_from(at.0.div_euclid(SECOND_MS)).unwrap_or(0);
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let algorithms = self.provider.signature_verification_algorithms.all;
        let chain = verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, between, at, algorithms);
        match chain {
            Ok(()) => {}
            Err(_) if facts.is_own_issuer => faults.push(Problem::SelfSigned),
            Err(rustls::Error::InvalidCertificate(CertificateError::BadEncoding)) => {
                faults.push(Problem::Unreadable);
            }
            Err(_) => faults.push(Problem::Untrusted),
        }
        faults
    }
}

fn of_io(error: &io::Error) -> Problem {
    match error.kind() {
        ErrorKind::ConnectionRefused => Problem::Refused,
        // What a system says of a socket whose time is up.
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Problem::TimedOut,
        _ => Problem::Unreachable,
    }
}

fn of_broken(broken: &Broken) -> Problem {
    match broken {
        Broken::Io(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => {
            Problem::TimedOut
        }
        Broken::Tls(rustls::Error::InvalidMessage(_)) => Problem::NotTls,
        // Also who hangs up in the middle.
        Broken::Io(_) | Broken::Tls(_) => Problem::Handshake,
    }
}
