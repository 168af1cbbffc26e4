//! Whose request it is: the address of the socket, or what trusted proxies say about it.

use crate::web::settings::Network;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Most hops that are looked at, from the right.
const HOPS_MAX: usize = 32;

/// The address of the client. Never taken from `ConnectionInfo`, which believes anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub IpAddr);

impl FromRequest for Client {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

impl Client {
    /// The address the outermost middleware found; without it the socket's.
    pub fn of(request: &HttpRequest) -> Self {
        let noted = request.extensions().get::<Self>().copied();
        noted.unwrap_or_else(|| Self(peer(request.peer_addr())))
    }

    /// Finds the address of a request that comes in.
    pub(crate) fn find(request: &ServiceRequest, trusted: &[Network]) -> Self {
        Self(behind_proxies(peer(request.peer_addr()), request.headers(), trusted))
    }

    /// What the limits count by: an IPv4 address, or the 64 bits of an IPv6 network.
    pub fn network(self) -> u128 {
        match self.0 {
            // Apart from every IPv6 network, as ::ffff:0:0/96 is.
            IpAddr::V4(v4) => 0xffff_0000_0000 | u128::from(v4.to_bits()),
            IpAddr::V6(v6) => v6.to_bits() & !u128::from(u64::MAX),
        }
    }

    /// The 48 bits one customer of a network usually has, for IPv6 only.
    pub fn wide_network(self) -> Option<u128> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => Some(v6.to_bits() & !((1_u128 << 80) - 1)),
        }
    }

    /// The address for the log without its last part.
    pub fn shortened(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & !0xff)),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !((1_u128 << 80) - 1))),
        }
    }
}

/// Whether a trusted proxy says that the request came to it without TLS.
pub(crate) fn came_plain(request: &ServiceRequest, trusted: &[Network]) -> bool {
    let peer = peer(request.peer_addr());
    let name = HeaderName::from_static("x-forwarded-proto");
    let said = request.headers().get_all(name).last().and_then(|value| value.to_str().ok());
    let nearest = said.and_then(|line| line.rsplit(',').next()).unwrap_or_default();
    trusted.iter().any(|network| network.0.contains(&peer)) && nearest.trim().eq_ignore_ascii_case("http")
}

/// A request without a socket (a Unix socket, a test) is from this machine.
fn peer(address: Option<SocketAddr>) -> IpAddr {
    address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |a| a.ip().to_canonical())
}

/// Walks `X-Forwarded-For` from the right while the hops are trusted; the first other one is the client.
/// What cannot be read (`unknown`) ends the walk at the hop that said it.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.0.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let name = HeaderName::from_static("x-forwarded-for");
    let lines: Vec<&str> = headers.get_all(name).map(|v| v.to_str().unwrap_or("unknown")).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut client = peer;
    for hop in hops.take(HOPS_MAX) {
        let Some(address) = parse_hop(hop) else { return client };
        client = address;
        if !is_trusted(&address) {
            return client;
        }
    }
    client
}

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]:4711`, with or without quotes.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|a| a.ip()));
    address.map(|a: IpAddr| a.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn found(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut request = TestRequest::get().peer_addr(peer.parse().unwrap());
        for line in forwarded {
            request = request.append_header(("X-Forwarded-For", *line));
        }
        let trusted: Vec<Network> = trusted.iter().map(|t| Network(t.parse().unwrap())).collect();
        Client::find(&request.to_srv_request(), &trusted).0.to_string()
    }

    #[test]
    fn without_trusted_proxies_only_the_socket_counts() {
        assert_eq!(found("203.0.113.9:1", &["10.0.0.1", "198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(found("203.0.113.9:1", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn the_right_most_hop_that_is_no_proxy_of_ours_is_the_client() {
        let trusted = ["10.0.0.0/8", "2001:db8:aaaa::/48"];
        assert_eq!(found("10.0.0.1:1", &["1.1.1.1, 203.0.113.7, 10.0.0.2"], &trusted), "203.0.113.7");
        assert_eq!(
            found("10.0.0.1:1", &["1.1.1.1", "203.0.113.7", "10.2.0.2, 10.0.0.9"], &trusted),
            "203.0.113.7"
        );
        assert_eq!(found("10.0.0.1:1", &["203.0.113.7:4711"], &trusted), "203.0.113.7");
        assert_eq!(found("10.0.0.1:1", &["[2001:db8::7]:4711"], &trusted), "2001:db8::7");
        assert_eq!(found("10.0.0.1:1", &["\"[2001:db8::7]\""], &trusted), "2001:db8::7");
        assert_eq!(found("10.0.0.1:1", &["2001:db8::7, 2001:db8:aaaa::1"], &trusted), "2001:db8::7");
        assert_eq!(found("[::ffff:10.0.0.1]:1", &["::ffff:203.0.113.7"], &trusted), "203.0.113.7");
    }

    /// What a shop behind a proxy takes for the client, with what the client may say of itself before it.
    fn believed(find: impl Fn(IpAddr, &HeaderMap, &[Network]) -> IpAddr) -> Vec<String> {
        let trusted = [Network("10.0.0.0/8".parse().unwrap())];
        let lies = ["", "127.0.0.1, ", "10.0.0.7, ", "1.1.1.1, 10.0.0.7, ", "unknown, 2001:db8::1, "];
        let wrong = lies.into_iter().filter(|lie| {
            let mut headers = HeaderMap::new();
            let said = format!("{lie}203.0.113.7").parse().unwrap();
            headers.append(HeaderName::from_static("x-forwarded-for"), said);
            find("10.0.0.1".parse().unwrap(), &headers, &trusted).to_string() != "203.0.113.7"
        });
        wrong.map(str::to_owned).collect()
    }

    #[test]
    fn no_client_says_who_it_is_and_a_reader_of_the_first_value_is_noticed() {
        assert_eq!(believed(behind_proxies), Vec::<String>::new());
        // The planted fault: the first value, as `ConnectionInfo` takes it.
        let first = |peer: IpAddr, headers: &HeaderMap, _: &[Network]| {
            let line = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
            line.and_then(|line| parse_hop(line.split(',').next()?)).unwrap_or(peer)
        };
        assert_eq!(believed(first).len(), 4);
    }

    #[test]
    fn what_cannot_be_read_ends_at_the_hop_that_said_it() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(found("10.0.0.1:1", &["1.1.1.1, unknown, 10.0.0.2"], &trusted), "10.0.0.2");
        assert_eq!(found("10.0.0.1:1", &["unknown"], &trusted), "10.0.0.1");
        assert_eq!(found("10.0.0.1:1", &[""], &trusted), "10.0.0.1");
        assert_eq!(found("10.0.0.1:1", &[], &trusted), "10.0.0.1");
        assert_eq!(found("10.0.0.1:1", &["10.0.0.5"], &trusted), "10.0.0.5");
        let long = vec!["10.0.0.3"; 10_000].join(",");
        assert_eq!(found("10.0.0.1:1", &[&long], &trusted), "10.0.0.3");
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let client = |text: &str| Client(text.parse().unwrap());
        assert_eq!(client("2001:db8:1:2::1").network(), client("2001:db8:1:2:ffff::9").network());
        assert_ne!(client("2001:db8:1:2::1").network(), client("2001:db8:1:3::1").network());
        assert_eq!(client("2001:db8:1:2::1").wide_network(), client("2001:db8:1:3::1").wide_network());
        assert_ne!(client("1.2.3.4").network(), client("1.2.3.5").network());
        assert_eq!(client("1.2.3.4").shortened().to_string(), "1.2.3.0");
        assert_eq!(client("2001:db8:1:2::1").shortened().to_string(), "2001:db8:1::");
    }
}
