//! The formats this program knows by name. Each is a mapping like those people write themselves.

use crate::base::error::{Error, Result};
use crate::shop::transfer::mapping::{Kind, Mapping};

/// A shop or a data set by the word of `--from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Shopify,
    Woocommerce,
    Magento,
    Prestashop,
    OnlineRetail,
    Olist,
    /// Our own files, CSV and JSON lines.
    Backroom,
}

impl Format {
    pub const ALL: &'static [Self] = &[
        Self::Shopify,
        Self::Woocommerce,
        Self::Magento,
        Self::Prestashop,
        Self::OnlineRetail,
        Self::Olist,
        Self::Backroom,
    ];
    pub fn word(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::Woocommerce => "woocommerce",
            Self::Magento => "magento",
            Self::Prestashop => "prestashop",
            Self::OnlineRetail => "online-retail",
            Self::Olist => "olist",
            Self::Backroom => "backroom",
        }
    }
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|f| f.word() == word)
    }
}

/// The mapping of a format.
///
/// # Errors
/// `format_unknown` where the format has no such kind; [`Format::Backroom`] is no mapping.
pub fn preset(format: Format, kind: Kind) -> Result<Mapping> {
    let text = match (format, kind) {
        (Format::OnlineRetail, Kind::Orders) => include_str!("presets/online-retail.toml"),
        (Format::Shopify, Kind::Orders) => include_str!("presets/shopify-orders.toml"),
        (Format::Shopify, Kind::Customers) => include_str!("presets/shopify-customers.toml"),
        _ => {
            return Err(Error::invalid(
                "format_unknown",
                format!("There is no such file of {}.", format.word()),
            ));
        }
    };
    Mapping::parse(text)
}
