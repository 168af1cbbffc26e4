//! Countries by their ISO 3166-1 code, and the names real files use for them.

use crate::base::error::{Error, Result};

/// Names that files use and ISO spells otherwise, in capitals: those of its own people, and those that the languages of
/// shops have for the usual countries.
const NAMES: &[(&str, &str)] = &[
    ("AE", "UNITED ARAB EMIRATES|EMIRATS ARABES UNIS|VEREINIGTE ARABISCHE EMIRATE|UAE"),
    ("AT", "ÖSTERREICH|OESTERREICH|AUTRICHE|AUSTRIA"),
    ("AU", "AUSTRALIE|AUSTRALIEN"),
    ("BE", "BELGIQUE|BELGIË|BELGIE|BELGIEN|BÉLGICA|BELGIO"),
    ("BG", "БЪЛГАРИЯ|BULGARIE|BULGARIEN"),
    ("BO", "BOLIVIA, PLURINATIONAL STATE OF"),
    ("BR", "BRASIL|BRÉSIL|BRASILIEN|BRASILE"),
    ("CH", "SCHWEIZ|SUISSE|SVIZZERA|SUIZA|SVIZRA|ZWITSERLAND"),
    ("CN", "CHINE|中国|CINA"),
    ("CY", "ΚΎΠΡΟΣ|CHYPRE|ZYPERN"),
    ("CZ", "CZECH REPUBLIC|ČESKO|ČESKÁ REPUBLIKA|TSCHECHIEN|RÉPUBLIQUE TCHÈQUE|TCHÉQUIE|REPÚBLICA CHECA"),
    ("DE", "DEUTSCHLAND|ALLEMAGNE|ALEMANIA|GERMANIA|DUITSLAND|NIEMCY|ALEMANHA"),
    ("DK", "DANMARK|DANEMARK|DÄNEMARK|DINAMARCA|DANIMARCA"),
    ("EE", "EESTI|ESTONIE|ESTLAND"),
    ("ES", "ESPAÑA|ESPAGNE|SPANIEN|SPAGNA|SPANJE|ESPANHA"),
    ("FI", "SUOMI|FINLANDE|FINNLAND|FINLANDIA"),
    ("FR", "FRANKREICH|FRANCIA|FRANKRIJK|FRANÇA|FRANCJA"),
    (
        "GB",
        "UK|UNITED KINGDOM|GREAT BRITAIN|ENGLAND|SCOTLAND|WALES|NORTHERN IRELAND|ROYAUME-UNI|GROSSBRITANNIEN|VEREINIGTES KÖNIGREICH|REINO UNIDO|REGNO UNITO|UNITED KINGDOM OF GREAT BRITAIN AND NORTHERN IRELAND",
    ),
    ("GR", "ΕΛΛΆΔΑ|ΕΛΛΑΔΑ|GRÈCE|GRIECHENLAND|GRECIA"),
    ("HR", "HRVATSKA|CROATIE|KROATIEN|CROACIA|CROAZIA"),
    ("HU", "MAGYARORSZÁG|HONGRIE|UNGARN|HUNGRÍA|UNGHERIA"),
    ("IE", "EIRE|IRELAND|ÉIRE|IRLANDE|IRLAND|IRLANDA"),
    ("IN", "INDE|INDIEN"),
    ("IR", "IRAN, ISLAMIC REPUBLIC OF"),
    ("IS", "ÍSLAND|ISLANDE|ISLANDIA"),
    ("IT", "ITALIA|ITALIE|ITALIEN|ITALIË|ITÁLIA|WŁOCHY"),
    ("JE", "CHANNEL ISLANDS"),
    ("JP", "JAPON|JAPÓN|日本|GIAPPONE"),
    ("KP", "KOREA, DEMOCRATIC PEOPLE'S REPUBLIC OF"),
    ("KR", "KOREA|SOUTH KOREA|KOREA, REPUBLIC OF|REPUBLIC OF KOREA|대한민국"),
    ("LI", "FÜRSTENTUM LIECHTENSTEIN"),
    ("LT", "LIETUVA|LITUANIE|LITAUEN|LITUANIA"),
    ("LU", "LËTZEBUERG|LUXEMBURG|LUXEMBURGO|LUSSEMBURGO"),
    ("LV", "LATVIJA|LETTONIE|LETTLAND|LETONIA|LETTONIA"),
    ("MD", "MOLDOVA, REPUBLIC OF"),
    ("MT", "MALTE"),
    ("MX", "MÉXICO|MEXIQUE|MEXIKO|MESSICO"),
    (
        "NL",
        "NETHERLANDS|THE NETHERLANDS|HOLLAND|NEDERLAND|PAYS-BAS|NIEDERLANDE|PAÍSES BAJOS|PAESI BASSI|HOLANDA",
    ),
    ("NO", "NORGE|NORVÈGE|NORWEGEN|NORUEGA|NORVEGIA"),
    ("NZ", "NOUVELLE-ZÉLANDE|NEUSEELAND|NUEVA ZELANDA"),
    ("PL", "POLSKA|POLOGNE|POLEN|POLONIA"),
    ("PT", "PORTOGALLO"),
    ("RO", "ROMÂNIA|ROUMANIE|RUMÄNIEN|RUMANÍA"),
    ("RS", "SRBIJA|СРБИЈА|SERBIE|SERBIEN"),
    ("RU", "RUSSIA|RUSSIAN FEDERATION|РОССИЯ|RUSSIE|RUSSLAND|RUSIA"),
    ("SE", "SVERIGE|SUÈDE|SCHWEDEN|SUECIA|SVEZIA"),
    ("SI", "SLOVENIJA|SLOVÉNIE|SLOWENIEN|ESLOVENIA"),
    ("SK", "SLOVENSKO|SLOVAQUIE|SLOWAKEI|ESLOVAQUIA"),
    ("SY", "SYRIAN ARAB REPUBLIC"),
    ("TR", "TURKEY|TÜRKİYE|TÜRKIYE|TURQUIE|TÜRKEI|TURQUÍA"),
    ("TW", "TAIWAN|TAIWAN, PROVINCE OF CHINA"),
    ("TZ", "TANZANIA, UNITED REPUBLIC OF"),
    ("UA", "УКРАЇНА|UKRAINE|UCRANIA|UCRAINA"),
    (
        "US",
        "USA|U.S.A.|UNITED STATES|UNITED STATES OF AMERICA|ÉTATS-UNIS|ETATS-UNIS|ESTADOS UNIDOS|STATI UNITI|VEREINIGTE STAATEN|VERENIGDE STATEN|VEREINIGTE STAATEN VON AMERIKA",
    ),
    ("VE", "VENEZUELA, BOLIVARIAN REPUBLIC OF"),
    ("VN", "VIETNAM|VIET NAM"),
    ("ZA", "RSA|AFRIQUE DU SUD|SÜDAFRIKA|SUDÁFRICA"),
];

/// The code of a country given by code, by its English name, or by one of its usual names in other languages; `None` for what is no country.
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
    let is_here = |(_, names): &&(&'static str, &str)| names.split('|').any(|name| name == upper);
    let alias = NAMES.iter().find(is_here).map(|(code, _)| *code);
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
            ("España", "ES"),
            ("België", "BE"),
            ("Česko", "CZ"),
            ("états-unis", "US"),
            ("The Netherlands", "NL"),
            ("Korea, Republic of", "KR"),
            ("Королевство", ""),
        ] {
            assert_eq!(find(text).unwrap_or_default(), code, "{text}");
        }
        // No name stands for two.
        let mut all: Vec<&str> = NAMES.iter().flat_map(|(_, names)| names.split('|')).collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|two| two[0] != two[1]));
        assert!(NAMES.iter().all(|(code, names)| rust_iso3166::from_alpha2(code).is_some()
            && names.split('|').all(|name| name == name.to_uppercase())));
        assert!(parse("Atlantis").is_err() && parse("").is_err());
    }
}
