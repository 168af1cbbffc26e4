//! The handshake: every certificate is let through and written down, so that one that is not valid can be told of too. What
//! is judged is judged behind it; nothing is sent over such a connection.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What a server showed: its own certificate first.
pub(super) type Shown = Vec<CertificateDer<'static>>;

/// How it ended, and what was shown until then.
pub(super) struct Met {
    pub(super) shown: Shown,
    /// Such as `TLS 1.3`.
    pub(super) protocol: Option<&'static str>,
    pub(super) ended: Result<(), Broken>,
}

/// Why it broke off.
#[derive(Debug)]
pub(super) enum Broken {
    Io(io::Error),
    Tls(Error),
}

/// Agrees on the encryption with a server, until a moment at most.
pub(super) fn meet(
    mut socket: TcpStream,
    name: ServerName<'static>,
    provider: &Arc<CryptoProvider>,
    until: Instant,
) -> Met {
    let witness = Arc::new(Witness { provider: Arc::clone(provider), shown: Mutex::default() });
    let mut protocol = None;
    let ended = agree(&mut socket, name, &witness, until, &mut protocol);
    let shown = std::mem::take(&mut *witness.shown.lock().unwrap_or_else(PoisonError::into_inner));
    Met { shown, protocol, ended }
}

fn agree(
    socket: &mut TcpStream,
    name: ServerName<'static>,
    witness: &Arc<Witness>,
    until: Instant,
    protocol: &mut Option<&'static str>,
) -> Result<(), Broken> {
    let config = ClientConfig::builder_with_provider(Arc::clone(&witness.provider))
        .with_safe_default_protocol_versions()
        .map_err(Broken::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(witness) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let mut session = ClientConnection::new(Arc::new(config), name).map_err(Broken::Tls)?;
    // One call a step, each with what is left of the time: a server that sends a byte a second is not waited for.
    while session.is_handshaking() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Broken::Io(ErrorKind::TimedOut.into()));
        }
        socket.set_read_timeout(Some(left)).map_err(Broken::Io)?;
        socket.set_write_timeout(Some(left)).map_err(Broken::Io)?;
        if session.wants_write() {
            session.write_tls(socket).map_err(Broken::Io)?;
            continue;
        }
        if session.read_tls(socket).map_err(Broken::Io)? == 0 {
            return Err(Broken::Io(ErrorKind::UnexpectedEof.into()));
        }
        if let Err(error) = session.process_new_packets() {
            // The other side is told why, where it listens.
            let _told = session.write_tls(socket);
            return Err(Broken::Tls(error));
        }
    }
    *protocol = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => Some("TLS 1.3"),
        Some(rustls::ProtocolVersion::TLSv1_2) => Some("TLS 1.2"),
        _ => None,
    };
    session.send_close_notify();
    let _left = session.write_tls(socket);
    Ok(())
}

/// Writes down what is shown. That the server holds the key of it is still proved.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    shown: Mutex<Shown>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(own).chain(between).map(|der| der.clone().into_owned()).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
