//! Certificates of every kind, against servers that show them.
#![cfg(test)]

use super::*;
use crate::base::time::Clock;
use crate::outbound::webhooks::Guard;
use std::time::{Duration, Instant};
use tls::{Authority, Manner, Server, self_signed};

#[path = "../../../tests/harness/tls.rs"]
mod tls;

struct Here {
    authority: Authority,
    prober: Prober,
    _dir: tempfile::TempDir,
}

fn here() -> Here {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let file = dir.path().join("ca.pem");
    authority.save(&file);
    let settings = Settings { ca_file: Some(file), timeout_seconds: 1, ..Settings::default() };
    let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
    Here { authority, prober: Prober::new(guard, &settings).unwrap(), _dir: dir }
}

impl Here {
    fn look(&self, server: &Server) -> Seen {
        let address = Address::read(&server.address(), self.prober.guard()).unwrap();
        self.prober.look(&address, false, Clock::system().now())
    }
}

#[test]
fn a_good_certificate_is_read_and_nothing_is_wrong_with_it() {
    let here = here();
    let server = Server::shows(&here.authority.issue(&["localhost", "www.example.com"], -10.0, 50.5));
    let seen = here.look(&server);
    assert_eq!(seen.problems, []);
    let certificate = seen.certificate.unwrap();
    assert_eq!(
        (certificate.subject.as_str(), certificate.issuer.as_str()),
        ("localhost", "Test Trust, authority.example")
    );
    assert_eq!(certificate.names, ["localhost", "www.example.com"]);
    assert_eq!(certificate.days_left(Clock::system().now()), 50);
    assert_eq!((certificate.fingerprint.len(), seen.protocol), (64, Some("TLS 1.3")));
    assert_eq!(seen.machine.as_deref(), Some("127.0.0.1"));
}

#[test]
fn what_is_wrong_is_told_with_the_certificate_that_was_shown() {
    let here = here();
    let stranger = Authority::new();
    let of_here = |names: &[&str], from, until| here.authority.issue(names, from, until);
    for (papers, wrong) in [
        (of_here(&["localhost"], -90.0, -1.0), vec![Problem::Expired]),
        (of_here(&["localhost"], 1.0, 90.0), vec![Problem::NotYetValid]),
        (of_here(&["other.example"], -1.0, 90.0), vec![Problem::WrongName]),
        (of_here(&["other.example"], -90.0, -1.0), vec![Problem::Expired, Problem::WrongName]),
        (self_signed(&["localhost"], 90.0), vec![Problem::SelfSigned]),
        (self_signed(&["localhost"], -0.5), vec![Problem::Expired, Problem::SelfSigned]),
        (stranger.issue(&["localhost"], -1.0, 90.0), vec![Problem::Untrusted]),
    ] {
        let seen = here.look(&Server::shows(&papers));
        assert_eq!(seen.problems, wrong);
        assert!(seen.certificate.is_some_and(|c| !c.fingerprint.is_empty()), "{wrong:?}");
    }
}

#[test]
fn who_does_not_speak_is_given_up_in_time() {
    let here = here();
    let server = Server::open(Manner::Hangs);
    for (manner, wrong) in [
        (Manner::Hangs, Problem::TimedOut),
        (Manner::Drips, Problem::TimedOut),
        (Manner::Plain, Problem::NotTls),
        (Manner::HangsUp, Problem::Handshake),
    ] {
        let begun = Instant::now();
        server.change(manner);
        let seen = here.look(&server);
        assert_eq!((seen.problems, seen.certificate), (vec![wrong], None));
        assert!(begun.elapsed() < Duration::from_secs(10), "{wrong:?}");
    }
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let seen = here.prober.look(&Address::of("localhost", gone), false, Clock::system().now());
    assert_eq!(seen.problems, [Problem::Refused]);
    let seen = here.prober.look(&Address::of("nothing.invalid", 443), false, Clock::system().now());
    assert!(
        [Problem::NameNotFound, Problem::TimedOut].contains(&seen.problems[0]),
        "without a resolver it is not answered at all"
    );
}

#[test]
fn a_name_that_leads_home_is_not_connected_to_but_for_the_shops_own() {
    let here = here();
    let server = Server::shows(&here.authority.issue(&["localhost"], -1.0, 50.0));
    let strict = Prober::new(Guard::default(), &Settings::default()).unwrap();
    let address = Address::of("localhost", server.port);
    let now = Clock::system().now();
    assert_eq!(strict.look(&address, false, now).problems, [Problem::NotPublic]);
    assert_eq!(server.came(), 0, "nobody came");
    assert_eq!(strict.look(&address, true, now).problems, [Problem::Untrusted]);
    assert_eq!(server.came(), 1);
}

#[test]
fn a_file_of_authorities_that_cannot_work_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.pem");
    let said = |settings: &Settings| {
        Prober::new(Guard::default(), settings).map(drop).unwrap_err().message.into_owned()
    };
    let with = |file: &std::path::Path| Settings { ca_file: Some(file.to_owned()), ..Settings::default() };
    assert!(said(&with(&file)).contains("cannot be read"));
    std::fs::write(&file, "nothing").unwrap();
    assert!(said(&with(&file)).contains("holds no certificate"));
    assert!(said(&with(std::path::Path::new("x.pem"))).contains("whole path"));
    assert!(said(&Settings { timeout_seconds: 0, ..Settings::default() }).contains("1 to 20"));
}
