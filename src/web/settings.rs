//! The `[server]` section of the configuration file: where the shop listens and whom it believes.

use crate::base::error::{Error, Result};
use crate::web::limits::PerMinute;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// How the server is reached. Every key has a default, so that it starts without a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: String,
    /// The address people type, such as `https://shop.example.com`. Links in mails and the checks of the
    /// Host and Origin headers use it. Without it a server that listens on this machine alone answers to `localhost`
    /// and to addresses in figures, any other to every name.
    pub public_url: Option<String>,
    /// Further host names this server answers to, besides the one in `public_url`.
    pub allowed_hosts: Vec<String>,
    /// Addresses or networks of reverse proxies; only their `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Largest upload, such as `200 MB`.
    pub max_upload: Size,
    /// Worker threads; one a core when absent.
    pub workers: Option<usize>,
    /// Open connections a worker keeps at most.
    pub max_connections: usize,
    /// How much of a client's address stands in the request log.
    pub log_address: LogAddress,
    /// Requests a minute for each budget.
    pub limits: PerMinute,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            max_upload: Size(200 * 1024 * 1024),
            workers: None,
            max_connections: 8_192,
            log_address: LogAddress::Full,
            limits: PerMinute::default(),
        }
    }
}

/// How much of a client's address is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogAddress {
    /// The whole address.
    Full,
    /// IPv4 without the last number, IPv6 by its first 48 bits.
    Short,
    /// Nothing.
    None,
}

impl Settings {
    /// Says what cannot work before anything is opened.
    ///
    /// # Errors
    /// `invalid_setting` with the key and what would be right.
    pub fn check(&self) -> Result<()> {
        if let Some(url) = &self.public_url
            && origin_of(url).is_none()
        {
            return Err(Error::invalid(
                "invalid_setting",
                "server.public_url: write an address such as https://shop.example.com, without a path.",
            ));
        }
        Ok(())
    }
    /// Whether people reach the shop by HTTPS, as far as is known.
    pub fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
    /// Scheme and host of `public_url` in lower case, without a slash at the end.
    pub fn origin(&self) -> Option<String> {
        self.public_url.as_deref().and_then(origin_of)
    }
    /// Whether only this machine reaches the server, itself or for others as a proxy.
    pub fn is_local(&self) -> bool {
        self.listen.parse::<SocketAddr>().is_ok_and(|listen| listen.ip().is_loopback())
    }
}

/// `https://Shop.example/` → `https://shop.example`; `None` for what is no bare origin.
fn origin_of(url: &str) -> Option<String> {
    let lower = url.trim().trim_end_matches('/').to_lowercase();
    let (scheme, host) = lower.split_once("://")?;
    let plain = !host.is_empty() && !host.contains(|c: char| c == '/' || c == '@' || c.is_whitespace());
    (plain && matches!(scheme, "http" | "https")).then_some(lower)
}

/// A size in bytes, written as `200 MB` (powers of 1024) or as a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let number: String = text.chars().take_while(char::is_ascii_digit).collect();
        let factor = match text.strip_prefix(number.as_str())?.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1_u64 << 30,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl Serialize for Size {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            bytes if bytes > 0 && bytes.is_multiple_of(1 << 20) => {
                s.collect_str(&format_args!("{} MB", bytes >> 20))
            }
            bytes => s.serialize_u64(bytes),
        }
    }
}
impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(d)? {
            Written::Number(bytes) => Ok(Self(bytes)),
            Written::Text(text) => {
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom("write a size such as \"200 MB\""))
            }
        }
    }
}

/// A network, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(pub IpNet);

impl Serialize for Network {
    fn serialize<S: serde::Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}
impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        network
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("write an address or a network such as 10.0.0.0/8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_is_the_default_and_a_wrong_key_an_error() {
        assert_eq!(toml::from_str::<Settings>("").unwrap(), Settings::default());
        assert!(toml::from_str::<Settings>("listn = \"x\"").is_err());
        let written = toml::to_string(&Settings::default()).unwrap();
        assert_eq!(toml::from_str::<Settings>(&written).unwrap(), Settings::default());
    }

    #[test]
    fn sizes_and_networks_are_read_as_people_write_them() {
        let text = "max_upload = \"10 MB\"\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]";
        let settings: Settings = toml::from_str(text).unwrap();
        assert_eq!(settings.max_upload.0, 10 << 20);
        assert_eq!(settings.trusted_proxies.len(), 2);
        assert!(toml::from_str::<Settings>("max_upload = \"ten\"").is_err());
        assert!(toml::from_str::<Settings>("trusted_proxies = [\"proxy\"]").is_err());
    }

    #[test]
    fn a_public_url_is_an_origin() {
        let with = |url: &str| Settings { public_url: Some(url.to_owned()), ..Settings::default() };
        assert_eq!(with("https://Shop.Example/").origin().as_deref(), Some("https://shop.example"));
        assert!(with("https://shop.example").is_https() && with("https://shop.example").check().is_ok());
        for wrong in ["shop.example", "ftp://x", "https://x/path", "https://a@b", "https://"] {
            assert!(with(wrong).check().is_err(), "{wrong}");
        }
    }
}
