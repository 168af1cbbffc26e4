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
        (Format::Woocommerce, Kind::Orders) => include_str!("presets/woocommerce-orders.toml"),
        (Format::Woocommerce, Kind::Customers) => include_str!("presets/woocommerce-customers.toml"),
        (Format::Magento, Kind::Orders) => include_str!("presets/magento-orders.toml"),
        (Format::Magento, Kind::Customers) => include_str!("presets/magento-customers.toml"),
        (Format::Prestashop, Kind::Orders) => include_str!("presets/prestashop-orders.toml"),
        (Format::Prestashop, Kind::Customers) => include_str!("presets/prestashop-customers.toml"),
        (Format::Olist, Kind::Orders) => include_str!("presets/olist.toml"),
        (Format::Olist, Kind::Customers) => include_str!("presets/olist-customers.toml"),
        _ => {
            return Err(Error::invalid(
                "format_unknown",
                format!("There is no such file of {}.", format.word()),
            ));
        }
    };
    let mut mapping = Mapping::parse(text)?;
    mapping.is_preset = true;
    Ok(mapping)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_word_and_its_mappings_are_sound() {
        for format in Format::ALL {
            assert_eq!(Format::from_word(format.word()), Some(*format));
            for kind in [Kind::Orders, Kind::Customers] {
                let is_mapping =
                    *format != Format::Backroom && (*format, kind) != (Format::OnlineRetail, Kind::Customers);
                let found = preset(*format, kind);
                assert_eq!(found.is_ok(), is_mapping, "{} {:?}", format.word(), found.err());
            }
        }
    }
}
