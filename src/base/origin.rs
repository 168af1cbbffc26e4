//! Origins of web pages: scheme, host and port, written as browsers write them in the header `Origin`.

use crate::base::error::{Error, Result};
use crate::base::unseen::shown;

/// RFC 1035 2.3.4 for the host; the rest is scheme and port.
const HOST_LEN_MAX: usize = 253;

/// Reads an origin as somebody typed it: `https://shop.example.com`, with a port where it is not the usual one. A slash
/// at the end is forgiven, since that is how browsers show an address.
///
/// # Errors
/// `invalid_origin` with what would be right.
pub fn parse(text: &str) -> Result<String> {
    let text = text.trim();
    let bare = text.strip_suffix('/').unwrap_or(text);
    match split(bare) {
        Some((origin, "")) => Ok(origin),
        _ => {
            let shown = shown(text, 80);
            let text = format!(
                "“{shown}” is no origin. Enter scheme and host of the page, without a path and without *, such as https://shop.example.com."
            );
            Err(Error::invalid("invalid_origin", text))
        }
    }
}

/// The origin of an address; `None` for what is no plain address of the web. Strict on purpose: what two programs may
/// read in two ways is none.
pub fn of_url(url: &str) -> Option<String> {
    split(url).map(|(origin, _)| origin)
}

/// The origin of an address and what follows it.
fn split(url: &str) -> Option<(String, &str)> {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '\\';
    if !url.chars().all(plain) {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at_checked(end)?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host = host.to_ascii_lowercase();
    let port = match port {
        None => String::new(),
        Some(port) if is_port(port) => {
            if port == usual {
                String::new()
            } else {
                format!(":{port}")
            }
        }
        Some(_) => return None,
    };
    is_host(&host).then(|| (format!("{scheme}://{host}{port}"), after))
}

fn is_port(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn is_host(host: &str) -> bool {
    if let Some(inside) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return inside.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    host.len() <= HOST_LEN_MAX && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (typed, is) in [
            ("https://shop.example.com", "https://shop.example.com"),
            (" HTTPS://Shop.Example.com/ ", "https://shop.example.com"),
            ("https://shop.example.com:443", "https://shop.example.com"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(parse(typed).unwrap(), is, "{typed}");
        }
        for wrong in [
            "",
            "*",
            "null",
            "shop.example.com",
            "https://*.example.com",
            "https://shop.example.com/contact",
            "https://shop.example.com//",
            "https://a@shop.example.com",
            "https://shop.example.com:0",
            "https://shop.example.com:99999",
            "https://shöp.example",
            "file:///etc",
            "https://",
            "https://a..b",
        ] {
            assert_eq!(parse(wrong).unwrap_err().code, "invalid_origin", "{wrong}");
        }
    }

    #[test]
    fn an_address_that_can_be_read_in_two_ways_has_no_origin() {
        assert_eq!(of_url("https://shop.example/thanks?a=1#b").as_deref(), Some("https://shop.example"));
        assert_eq!(of_url("https://shop.example?x").as_deref(), Some("https://shop.example"));
        for wrong in [
            "https://shop.example\\@evil.example/",
            "https://shop.example@evil.example/",
            "//shop.example/",
            "/thanks",
            "javascript:alert(1)",
            "https://shop.example\t.evil.example",
            "https:/shop.example",
        ] {
            assert_eq!(of_url(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_was_read_reads_the_same_again(text in "(https?://)?[a-zA-Z0-9.:/@\\[\\]-]{0,30}") {
            if let Ok(origin) = parse(&text) {
                prop_assert_eq!(parse(&origin).unwrap(), origin.clone());
                prop_assert_eq!(of_url(&format!("{origin}/x")).unwrap(), origin);
            }
        }
    }
}
