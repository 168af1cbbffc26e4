//! The address of a site as people write it: a name or a whole address, with or without a port.

use crate::base::error::{Error, Result};
use crate::outbound::webhooks::Guard;
use url::Url;

const LENGTH_MAX: usize = 2_000;
const PORT: u16 = 443;

/// A host, by name or in figures, and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Reads what somebody wrote: `example.com`, `example.com:8443`, `https://example.com/shop`. Names are not looked up:
    /// where they lead is judged when they are gone to.
    ///
    /// # Errors
    /// `invalid_address`, with what would be right.
    pub fn read(text: &str, guard: &Guard) -> Result<Self> {
        let address = Self::parse(text)?;
        match guard.admits_host(&address.host) {
            Some(true) => Ok(address),
            Some(false) => Err(wrong(
                "This address is in a network that is not public. The setting webhooks.private_networks can allow it.",
            )),
            None => Err(wrong(WHOLE)),
        }
    }

    /// The same of what the configuration says: it may lead anywhere.
    ///
    /// # Errors
    /// `invalid_address`.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::invalid("required", "Enter the address of a site, such as example.com.")
                .on("/address"));
        }
        if text.len() > LENGTH_MAX {
            return Err(wrong("Use an address of at most 2,000 characters."));
        }
        if text.contains('\\') || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(wrong(WHOLE));
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let is_plain = match scheme.to_ascii_lowercase().as_str() {
            "https" => false,
            "http" => true,
            _ => return Err(wrong("Use a name, or an address that begins with https://.")),
        };
        // The library reads figures in disguise and names of other letters as browsers do.
        let url = Url::parse(&format!("https://{rest}")).map_err(|e| wrong(WHOLE).because(e))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("Leave user name and password out of the address."));
        }
        let port = url.port().unwrap_or(PORT);
        if port == 0 || (is_plain && port != PORT) {
            return Err(wrong("Give the address that answers over https://."));
        }
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_owned();
        if host.is_empty() {
            return Err(wrong(WHOLE));
        }
        Ok(Self { host, port })
    }

    /// One that was read before.
    pub fn of(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }
    /// The name, in the letters of the network, or the figures; those of the newer kind in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }
    pub fn port(&self) -> u16 {
        self.port
    }
    /// `example.com`, `example.com:8443`.
    pub fn text(&self) -> String {
        if self.port == PORT { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

const WHOLE: &str = "Write the address of a site, such as example.com or https://example.com.";

fn wrong(right: &'static str) -> Error {
    Error::invalid("invalid_address", right).on("/address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_write_it() {
        let guard = Guard::default();
        for (text, is) in [
            ("example.com", "example.com"),
            (" https://Example.COM/shop?x=1#top ", "example.com"),
            ("http://example.com/", "example.com"),
            ("example.com:8443", "example.com:8443"),
            ("https://example.com:443", "example.com"),
            ("www.müller.de", "www.xn--mller-kva.de"),
            ("example.com.", "example.com"),
            ("93.184.216.34", "93.184.216.34"),
            ("https://[2606:2800:220:1::1]/", "[2606:2800:220:1::1]"),
        ] {
            let read = Address::read(text, &guard).map(|address| address.text());
            assert_eq!(read.ok().as_deref(), Some(is), "{text}");
        }
    }

    #[test]
    fn what_is_none_and_what_leads_home_is_refused_with_the_field() {
        let guard = Guard::default();
        let long = "x".repeat(3_000);
        for text in [
            "",
            "shop",
            "ftp://example.com",
            "mailto:a@example.com",
            "exa mple.com",
            "a:b@example.com",
            "example.com\\@127.0.0.1",
            "http://example.com:8080",
            "example.com:0",
            "example.com:99999",
            "https://",
            "localhost",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "10.0.0.1:8443",
            "169.254.169.254",
            "printer.local",
            long.as_str(),
        ] {
            let error = Address::read(text, &guard).unwrap_err();
            assert_eq!(error.fields[0].pointer, "/address", "{text}: {error:?}");
        }
        let home = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        assert_eq!(Address::read("localhost:8443", &home).unwrap().text(), "localhost:8443");
    }
}
