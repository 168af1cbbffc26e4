//! TLS servers with certificates of every kind: good, old, of another name, signed by themselves; and ones that hang. Used by
//! the tests beside the code and by those through the program.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(86_400);

/// An authority of the tests.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a server shows.
#[derive(Clone)]
pub(crate) struct Papers {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Vec<u8>,
}

impl Papers {
    /// A server that shows these.
    pub(crate) fn config(self) -> Arc<rustls::ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain, PrivateKeyDer::try_from(self.key).unwrap());
        Arc::new(config.unwrap())
    }
}

/// Days from now, as the library wants them.
#[expect(clippy::disallowed_methods, reason = "certificates are judged by the clock of the machine")]
fn days<T: From<SystemTime>>(days: f64) -> T {
    let by = DAY.mul_f64(days.abs());
    let now = SystemTime::now();
    (if days < 0.0 { now - by } else { now + by }).into()
}

fn papers_for(names: &[&str], from: f64, until: f64) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut wish = CertificateParams::new(names.clone()).unwrap();
    wish.distinguished_name = DistinguishedName::new();
    wish.distinguished_name.push(DnType::CommonName, names[0].clone());
    wish.not_before = days(from);
    wish.not_after = days(until);
    wish
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut wish = papers_for(&["authority.example"], -400.0, 400.0);
        wish.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wish.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        wish.distinguished_name.push(DnType::OrganizationName, "Test Trust");
        Self(CertifiedIssuer::self_signed(wish, KeyPair::generate().unwrap()).unwrap())
    }
    /// Its own certificate as a file.
    pub(crate) fn save(&self, file: &Path) {
        std::fs::write(file, self.0.pem()).unwrap();
    }
    /// A certificate from one day to another, counted from now.
    pub(crate) fn issue(&self, names: &[&str], from: f64, until: f64) -> Papers {
        let key = KeyPair::generate().unwrap();
        let own = papers_for(names, from, until).signed_by(&key, &self.0).unwrap();
        Papers { chain: vec![own.der().clone()], key: key.serialize_der() }
    }
}

/// A certificate that vouches for itself.
pub(crate) fn self_signed(names: &[&str], until: f64) -> Papers {
    let key = KeyPair::generate().unwrap();
    let own = papers_for(names, -1.0, until).self_signed(&key).unwrap();
    Papers { chain: vec![own.der().clone()], key: key.serialize_der() }
}

/// What a server does with who comes.
#[derive(Clone)]
pub(crate) enum Manner {
    Shows(Papers),
    /// It takes the connection and says nothing.
    Hangs,
    /// It says a byte now and then, and never comes to an end.
    Drips,
    /// It answers as a web server without encryption does.
    Plain,
    /// It hangs up at once.
    HangsUp,
}

/// A server on a free port of this machine. What it does can be changed while it runs.
pub(crate) struct Server {
    pub(crate) port: u16,
    manner: Arc<Mutex<Manner>>,
    came: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn open(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, manner: Arc::new(Mutex::new(manner)), came: Arc::default() };
        let (manner, came) = (Arc::clone(&server.manner), Arc::clone(&server.came));
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                came.fetch_add(1, Ordering::SeqCst);
                let manner = manner.lock().unwrap().clone();
                std::thread::spawn(move || serve(socket, manner));
            }
        });
        server
    }
    pub(crate) fn shows(papers: &Papers) -> Self {
        Self::open(Manner::Shows(papers.clone()))
    }
    /// From the next connection on.
    pub(crate) fn change(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }
    /// `localhost:4711`
    pub(crate) fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }
    /// How many connections there were.
    pub(crate) fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

fn serve(mut socket: TcpStream, manner: Manner) {
    let mut rest = [0; 1_024];
    match manner {
        Manner::Shows(papers) => {
            let mut session = rustls::ServerConnection::new(papers.config()).unwrap();
            // Who comes looks, and goes.
            while session.complete_io(&mut socket).is_ok_and(|(read, _)| read > 0) {}
        }
        Manner::Hangs => while socket.read(&mut rest).is_ok_and(|read| read > 0) {},
        Manner::Drips => {
            // The head of a record of TLS that is announced and never whole.
            let mut bytes = [0x16, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(0));
            while socket.write_all(&[bytes.next().unwrap()]).is_ok() {
                std::thread::park_timeout(Duration::from_millis(50));
            }
        }
        Manner::Plain => {
            let _gone = socket.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
            while socket.read(&mut rest).is_ok_and(|read| read > 0) {}
        }
        Manner::HangsUp => {}
    }
}
