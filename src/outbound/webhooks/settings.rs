//! What can be set about webhooks in the configuration file.

use crate::base::error::{Error, Result};
use ipnet::IpNet;

/// The section `[webhooks]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Networks that are not public and may be sent to all the same, also without TLS, such as `10.0.0.0/8`.
    pub private_networks: Vec<String>,
}

impl Settings {
    /// # Errors
    /// `invalid_setting`.
    pub fn networks(&self) -> Result<Vec<IpNet>> {
        let network = |text: &String| {
            let one = || text.parse::<std::net::IpAddr>().map(IpNet::from);
            text.parse().or_else(|_no_network: ipnet::AddrParseError| one()).map_err(
                |e: std::net::AddrParseError| {
                    let text = "webhooks.private_networks: write networks such as 10.0.0.0/8 or fd00::/8";
                    Error::invalid("invalid_setting", text).because(e)
                },
            )
        };
        self.private_networks.iter().map(network).collect()
    }
}
