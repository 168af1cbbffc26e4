//! Countries by their ISO 3166-1 code, and the names real files use for them.

use crate::base::error::{Error, Result};

/// The code of a country given by code or English name; `None` for what is no country.
pub fn find(text: &str) -> Option<&'static str> {
    let wanted = text.trim();
    let upper = wanted.to_uppercase();
    let by_code = match upper.len() {
        2 => rust_iso3166::from_alpha2(&upper),
        3 => rust_iso3166::from_alpha3(&upper),
        _ => None,
    };
    if let Some(country) = by_code {
        return Some(country.alpha2);
    }
    // Names shops' exports use that ISO spells otherwise.
    let alias = match upper.as_str() {
        "UK" | "UNITED KINGDOM" | "GREAT BRITAIN" | "ENGLAND" | "SCOTLAND" | "WALES" => Some("GB"),
        "EIRE" | "IRELAND" => Some("IE"),
        "USA" | "UNITED STATES" | "UNITED STATES OF AMERICA" => Some("US"),
        "NETHERLANDS" | "HOLLAND" => Some("NL"),
        "CHANNEL ISLANDS" => Some("JE"),
        "CZECH REPUBLIC" => Some("CZ"),
        "RSA" => Some("ZA"),
        "KOREA" | "SOUTH KOREA" => Some("KR"),
        "RUSSIA" => Some("RU"),
        "TAIWAN" => Some("TW"),
        "VIETNAM" => Some("VN"),
        "DEUTSCHLAND" => Some("DE"),
        "ÖSTERREICH" => Some("AT"),
        "SCHWEIZ" => Some("CH"),
        "TURKEY" => Some("TR"),
        _ => None,
    };
    let is_named = |c: &&rust_iso3166::CountryCode| {
        c.name.eq_ignore_ascii_case(wanted) || name(c.alpha2).eq_ignore_ascii_case(wanted)
    };
    alias.or_else(|| rust_iso3166::ALL.iter().find(is_named).map(|c| c.alpha2))
}

/// # Errors
/// `invalid_country` when ISO 3166 has no such code or name.
pub fn parse(text: &str) -> Result<String> {
    find(text)
        .map(str::to_owned)
        .ok_or_else(|| Error::invalid("invalid_country", "Enter a country code of two letters, such as DE."))
}

/// The English name of a code; the code itself where there is none.
pub fn name(code: &str) -> String {
    // As people say them; ISO's long forms do not fit a line.
    let short = match code {
        "BO" => "Bolivia",
        "BN" => "Brunei",
        "CD" => "DR Congo",
        "FK" => "Falkland Islands",
        "FM" => "Micronesia",
        "GB" => "United Kingdom",
        "IR" => "Iran",
        "KP" => "North Korea",
        "KR" => "South Korea",
        "LA" => "Laos",
        "MD" => "Moldova",
        "NL" => "Netherlands",
        "PS" => "Palestine",
        "RU" => "Russia",
        "SY" => "Syria",
        "TW" => "Taiwan",
        "TZ" => "Tanzania",
        "US" => "United States",
        "VA" => "Vatican City",
        "VE" => "Venezuela",
        "VN" => "Vietnam",
        _ => "",
    };
    if !short.is_empty() {
        return short.to_owned();
    }
    rust_iso3166::from_alpha2(code).map_or_else(|| code.to_owned(), |c| c.name.to_owned())
}

/// The English names of all countries, for lists to choose from.
pub fn names() -> impl Iterator<Item = &'static str> {
    rust_iso3166::ALL.iter().map(|c| c.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_found_by_code_and_by_the_names_in_real_files() {
        for (text, code) in [
            ("de", "DE"),
            ("United Kingdom", "GB"),
            ("EIRE", "IE"),
            ("USA", "US"),
            ("Norway", "NO"),
            ("Bolivia", "BO"),
            ("NA", "NA"),
        ] {
            assert_eq!(find(text), Some(code), "{text}");
        }
        assert!(parse("Atlantis").is_err() && parse("").is_err());
    }
}
