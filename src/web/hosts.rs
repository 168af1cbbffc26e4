//! The names this server answers to. A page of a stranger that is led to our address by its own name (DNS rebinding)
//! gets nothing, and no link is made of what a request calls us.

use crate::web::Settings;
use std::net::{IpAddr, SocketAddr};

/// Which names of a request are ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hosts {
    /// From the settings, in lower case, with a port where one was written.
    named: Vec<String>,
    /// Of those the allowed ones without a port: they are ours at every port.
    at_any_port: Vec<String>,
    others: Others,
}

/// What of names that nobody has written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    /// With `public_url` the shop has one address.
    None,
    /// Only what no stranger can own: addresses in figures, and `localhost`.
    Local,
    /// A server that others reach, and that was not told its name yet.
    Any,
}

impl Hosts {
    pub(super) fn of(settings: &Settings) -> Self {
        let origin = settings.origin();
        let own =
            origin.as_deref().and_then(|origin| origin.split_once("://")).map(|(_, host)| host.to_owned());
        let others = match origin {
            Some(_) => Others::None,
            None if settings.is_local() || !settings.allowed_hosts.is_empty() => Others::Local,
            None => Others::Any,
        };
        let allowed: Vec<String> = settings.allowed_hosts.iter().map(|host| host.to_lowercase()).collect();
        let at_any_port =
            allowed.iter().filter(|host| without_port(host) == host.as_str()).cloned().collect();
        Self { named: own.into_iter().chain(allowed).collect(), at_any_port, others }
    }

    /// Whether a name of a request, with or without a port, is one of ours.
    pub(super) fn have(&self, host: &str) -> bool {
        match self.others {
            Others::Any => true,
            Others::Local if is_local(host) => true,
            Others::Local | Others::None => {
                self.named.iter().any(|own| is_same(host, own))
                    || self.at_any_port.contains(&without_port(host).to_ascii_lowercase())
            }
        }
    }
    /// Whether a name may be written into an answer: nobody but us can have it.
    pub(super) fn vouch_for(&self, host: &str) -> bool {
        is_local(host) || self.named.iter().any(|own| is_same(host, own))
    }
    /// Whether a request has to name one.
    pub(super) fn are_required(&self) -> bool {
        self.others == Others::None
    }
    /// What is said to who comes by another name.
    pub(super) fn refusal(&self) -> &'static str {
        match self.others {
            Others::None | Others::Any => "This server does not answer to that host name.",
            Others::Local => {
                "This server does not know that host name. Whoever runs it behind a proxy sets server.public_url to \
                 the address people type, such as https://shop.example.com."
            }
        }
    }
}

/// Whether two hosts are the same; the usual ports need not be written.
pub(super) fn is_same(host: &str, own: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let bare = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(&host);
    own == host || own == bare
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// An address in figures, or `localhost`: no domain that somebody could buy.
fn is_local(host: &str) -> bool {
    let figures = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if host.parse::<SocketAddr>().is_ok() || figures.parse::<IpAddr>().is_ok() {
        return true;
    }
    let name = without_port(host);
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str, public_url: Option<&str>, allowed: &[&str]) -> Hosts {
        Hosts::of(&Settings {
            listen: listen.to_owned(),
            public_url: public_url.map(str::to_owned),
            allowed_hosts: allowed.iter().map(|host| (*host).to_owned()).collect(),
            ..Settings::default()
        })
    }

    #[test]
    fn a_shop_of_this_machine_answers_to_no_name_that_can_be_bought() {
        for listen in ["127.0.0.1:8080", "[::1]:80", "127.0.0.2:0"] {
            let hosts = hosts(listen, None, &[]);
            for own in [
                "127.0.0.1:8080",
                "localhost",
                "LOCALHOST:8080",
                "shop.localhost:1",
                "[::1]:80",
                "::1",
                "192.168.0.7",
                "localhost.:8080",
            ] {
                assert!(hosts.have(own), "{own}");
            }
            for foreign in [
                "evil.example",
                "evil.example:8080",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "",
                "[::1",
                "127.0.0.1:x",
            ] {
                assert!(!hosts.have(foreign), "{foreign}");
            }
        }
    }

    #[test]
    fn a_server_that_others_reach_is_reached_by_any_name_until_it_is_told_its_own() {
        let open = hosts("0.0.0.0:8080", None, &[]);
        assert!(open.have("vps-17.provider.example") && !open.vouch_for("vps-17.provider.example"));
        assert!(open.vouch_for("203.0.113.7:8080"));
        let named = hosts("0.0.0.0:8080", None, &["Shop.lan:8080"]);
        assert!(named.have("shop.LAN:8080") && named.have("10.0.0.7:8080") && !named.have("evil.example"));
        let public = hosts("127.0.0.1:8080", Some("https://shop.example"), &["admin.lan"]);
        assert!(public.have("shop.example:443") && public.have("admin.lan") && public.have("ADMIN.lan:81"));
        assert!(!public.have("shop.example:81") && !public.have("admin.lan.evil:81"));
        assert!(!public.have("127.0.0.1:8080") && !public.have("localhost"));
    }
}
