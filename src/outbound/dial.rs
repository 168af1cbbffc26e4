//! The way to another machine: its name looked up, a connection made, and whom certificates are believed from.

use crate::base::error::{Error, Result};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The machines of a name; `NotFound` when there are none, `TimedOut` when nobody said so in time.
pub(super) fn machines(host: &str, port: u16, patience: Duration) -> io::Result<Vec<SocketAddr>> {
    let (sender, found) = mpsc::channel();
    let host = host.to_owned();
    // The system gives no limit of time for this; a thread that it keeps is left alone.
    std::thread::Builder::new().name("name".into()).spawn(move || {
        let all = (host.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        let _nobody_waits = sender.send(all);
    })?;
    match found.recv_timeout(patience) {
        Ok(Ok(all)) if !all.is_empty() => Ok(all),
        Ok(_) => Err(ErrorKind::NotFound.into()),
        Err(_late) => Err(ErrorKind::TimedOut.into()),
    }
}

/// Connects to the first machine that lets itself be connected to; each gets its part of the time.
pub(super) fn connect(machines: &[SocketAddr], patience: Duration) -> io::Result<(TcpStream, SocketAddr)> {
    let until = Instant::now() + patience;
    let mut why = io::Error::from(ErrorKind::TimedOut);
    for (at, machine) in machines.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(machines.len() - at).unwrap_or(1);
        if share.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(machine, share) {
            Ok(socket) => return Ok((socket, *machine)),
            Err(error) => why = error,
        }
    }
    Err(why)
}

/// The public authorities, and those of a file; `setting` is the one that names it.
///
/// # Errors
/// `invalid_setting` when the file cannot be read.
pub(super) fn roots(own: Option<&Path>, setting: &str) -> Result<RootCertStore> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(file) = own else { return Ok(roots) };
    let wrong = |why: &str| {
        let text = format!("{setting}: {} {why}", file.display());
        Error::invalid("invalid_setting", text)
    };
    let mut count = 0;
    let all = CertificateDer::pem_file_iter(file)
        .map_err(|e| wrong("cannot be read; give a file with certificates as PEM").because(e))?;
    for der in all {
        let der = der.map_err(|e| wrong("is not PEM").because(e))?;
        roots.add(der).map_err(|e| wrong("holds a certificate that cannot be trusted").because(e))?;
        count += 1;
    }
    if count == 0 { Err(wrong("holds no certificate")) } else { Ok(roots) }
}
