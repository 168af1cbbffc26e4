//! Where messages may go: to public addresses alone, so that nobody reaches the shop's own network through it.

use crate::base::error::{Error, Result};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ureq::http::Uri;

const LENGTH_MAX: usize = 2_000;

/// Networks that are somebody's own, or no place at all.
const NOT_PUBLIC_4: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];
/// The part of the newer addresses that is given out, and what of it leads elsewhere.
const PUBLIC_6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const NOT_PUBLIC_6: &[(Ipv6Addr, u8)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Which addresses may be sent to.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Vec<IpNet>,
}

/// An address that messages may be posted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Guard {
    /// Public addresses, and these networks beside them.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether this machine may be sent to. Asked for every connection, of the very address that is connected to.
    pub fn admits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.is_allowed(ip) || is_public(ip)
    }
    fn is_allowed(&self, ip: IpAddr) -> bool {
        self.allowed.iter().any(|network| network.contains(&ip))
    }

    /// Whether a host may be gone to, as far as its text tells; `None` for what is no host of the public network. Where a
    /// name leads is judged when it is gone to.
    pub fn admits_host(&self, host: &str) -> Option<bool> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        match ip_of(host, &name) {
            Some(ip) => Some(self.admits(ip)),
            None => is_name(&name).then_some(true),
        }
    }

    /// Reads an address as people write it. Names are not looked up: where they lead is judged when something is sent.
    ///
    /// # Errors
    /// `invalid_url`, with what would be right.
    pub fn read(&self, text: &str) -> Result<Address> {
        let wrong = |right: &str| Error::invalid("invalid_url", right.to_owned()).on("/url");
        let text = text.trim();
        let whole = "Write the whole address, such as https://example.com/hooks/shop.";
        if text.len() > LENGTH_MAX {
            return Err(wrong("Use an address of at most 2,000 characters."));
        }
        if text.contains('#') || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(wrong(whole));
        }
        let uri: Uri = text.parse().map_err(|e: ureq::http::uri::InvalidUri| wrong(whole).because(e))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong(whole));
        };
        if authority.as_str().contains('@') {
            return Err(wrong("Leave user name and password out of the address; messages are signed."));
        }
        // The library takes every number behind the colon, and tells of none that is no port.
        let behind = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let digits = behind.strip_prefix(':').filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
        let port = digits.and_then(|port| port.parse::<u16>().ok());
        if !behind.is_empty() && port.is_none_or(|port| port == 0) {
            return Err(wrong("The port behind the colon is a number from 1 to 65535."));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        let ip = ip_of(host, &name);
        match (scheme, ip) {
            ("https", Some(ip)) if self.admits(ip) => {}
            ("http", Some(ip)) if self.is_allowed(ip) => {}
            ("https", None) if is_name(&name) => {}
            (_, Some(ip)) if !self.admits(ip) => {
                return Err(wrong(
                    "This address is in a network that is not public. The setting webhooks.private_networks can allow it.",
                ));
            }
            ("https", None) => return Err(wrong(whole)),
            _ => return Err(wrong("Use an address that begins with https://.")),
        }
        Ok(Address(text.to_owned()))
    }
}

/// Scheme, host and port of an address: what everybody may see of it. What follows is often a secret of its receiver.
pub fn origin(url: &str) -> String {
    let origin = |uri: &Uri| Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?));
    url.parse::<Uri>().ok().as_ref().and_then(origin).unwrap_or_default()
}

/// The machine that a host is by its text: one in figures, or this one.
fn ip_of(host: &str, name: &str) -> Option<IpAddr> {
    let local = Some(IpAddr::V4(Ipv4Addr::LOCALHOST)).filter(|_| name == "localhost");
    host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical()).or(local)
}

fn is_public(ip: IpAddr) -> bool {
    let within = |network: Option<IpNet>| network.is_some_and(|network| network.contains(&ip));
    let v6 = |(ip, length): (Ipv6Addr, u8)| IpNet::new(IpAddr::V6(ip), length).ok();
    match ip {
        IpAddr::V4(_) => {
            !NOT_PUBLIC_4.iter().any(|(ip, length)| within(IpNet::new(IpAddr::V4(*ip), *length).ok()))
        }
        IpAddr::V6(_) => within(v6(PUBLIC_6)) && !NOT_PUBLIC_6.iter().any(|network| within(v6(*network))),
    }
}

/// A name with a dot whose last part is no number: `0x7f.1` and `2130706433` are machines in disguise.
fn is_name(name: &str) -> bool {
    const OWN: &[&str] = &["localhost", "local", "internal", "intranet", "lan", "home", "arpa"];
    let plain = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let Some((_, last)) = name.rsplit_once('.') else { return false };
    name.len() <= 253
        && name.split('.').all(plain)
        && !last.starts_with(|c: char| c.is_ascii_digit())
        && !OWN.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_taken() {
        let guard = Guard::default();
        for url in [
            "https://example.com/hooks?shop=1",
            "https://sub.xn--mnchen-3ya.de:8443/",
            "https://93.184.216.34/x",
            "https://[2606:2800:220:1::1]/",
            " https://example.com ",
        ] {
            assert_eq!(
                guard.read(url).map(|a| a.text().to_owned()).ok(),
                Some(url.trim().to_owned()),
                "{url}"
            );
        }
    }

    #[test]
    fn a_port_is_one_that_exists() {
        let guard = Guard::new(vec!["::1/128".parse().unwrap()]);
        for port in ["1", "443", "65535"] {
            for host in ["example.com", "93.184.216.34", "[::1]"] {
                assert!(guard.read(&format!("https://{host}:{port}/x")).is_ok(), "{host}:{port}");
            }
        }
        for port in ["0", "99999", "65536", "", "-1", "4a", "00000", "443:443"] {
            for host in ["example.com", "93.184.216.34", "[::1]"] {
                let refused = guard.read(&format!("https://{host}:{port}/x")).unwrap_err();
                assert_eq!((refused.code, refused.fields[0].pointer.as_str()), ("invalid_url", "/url"));
            }
        }
    }

    #[test]
    fn of_an_address_everybody_sees_the_origin_alone() {
        for (url, seen) in [
            ("https://hooks.example.com/T123/secret?token=secret", "https://hooks.example.com"),
            ("https://example.com:8443", "https://example.com:8443"),
            ("http://[::1]:9/secret", "http://[::1]:9"),
            ("secret", ""),
        ] {
            assert_eq!(origin(url), seen);
        }
    }

    #[test]
    fn nobody_reaches_the_own_network_however_it_is_written() {
        let guard = Guard::default();
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0x7f.1",
            "[::1]",
            "0.0.0.0",
            "[::]",
            "169.254.169.254",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "[fc00::1]",
            "[fe80::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[::127.0.0.1]",
            "localhost",
            "localhost.",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
            "intranet",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "[2001:db8::1]",
            "[ff02::1]",
            "a..b",
            "",
        ] {
            for scheme in ["https", "http"] {
                let refused = guard.read(&format!("{scheme}://{host}/x")).unwrap_err();
                assert_eq!(
                    (refused.code, refused.fields[0].pointer.as_str()),
                    ("invalid_url", "/url"),
                    "{host}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("https://example.com/{}", "x".repeat(2_000));
        for url in [
            "",
            "example.com",
            "/x",
            "http://example.com/",
            "ftp://example.com/",
            "https://",
            "https://a:b@example.com/",
            "https://example.com/#part",
            "https://exa mple.com/",
            "javascript:alert(1)",
            "https://example.com\\@127.0.0.1/",
            long.as_str(),
        ] {
            assert_eq!(Guard::default().read(url).map_err(|e| e.code), Err("invalid_url"), "{url}");
        }
    }

    #[test]
    fn a_network_can_be_allowed_also_without_tls() {
        let guard = Guard::new(vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()]);
        for url in
            ["http://10.1.2.3:8080/x", "https://10.1.2.3/", "http://localhost:9/", "http://127.0.0.1:9/"]
        {
            assert!(guard.read(url).is_ok(), "{url}");
        }
        for url in
            ["http://192.168.0.1/", "http://example.com/", "http://127.0.0.2/", "http://93.184.216.34/"]
        {
            assert!(guard.read(url).is_err(), "{url}");
        }
        assert!(
            guard.admits("::ffff:10.0.0.1".parse().unwrap()) && !guard.admits("192.168.0.1".parse().unwrap())
        );
    }
}
