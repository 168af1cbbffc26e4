//! Where carriers let people follow a parcel.

use crate::web::parts::Link;
use crate::web::query::encode;

/// Part of a carrier's name in small letters, the page, the parameter that takes the number.
const CARRIERS: &[(&str, &str, &str)] = &[
    ("deutsche post", "https://www.deutschepost.de/de/s/sendungsverfolgung.html", "piececode"),
    ("dhl", "https://www.dhl.com/global-en/home/tracking.html", "tracking-id"),
    ("dpd", "https://tracking.dpd.de/status/en_US/parcel/", ""),
    ("fedex", "https://www.fedex.com/fedextrack/", "trknbr"),
    ("gls", "https://gls-group.com/track", "match"),
    ("hermes", "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation/", ""),
    ("postnl", "https://jouw.postnl.nl/track-and-trace/", ""),
    ("royal mail", "https://www.royalmail.com/track-your-item", "trackNumber"),
    ("ups", "https://www.ups.com/track", "tracknum"),
    ("usps", "https://tools.usps.com/go/TrackConfirmAction", "tLabels"),
];

/// The carrier's page about a parcel; `None` for a carrier that is not known or without a number.
pub fn link(carrier: &str, tracking: &str) -> Option<Link> {
    let carrier = carrier.to_lowercase();
    let number: String = tracking.chars().filter(|c| !c.is_whitespace()).collect();
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let words: Vec<&str> = carrier.split(|c: char| !c.is_alphanumeric()).collect();
    let is_it = |name: &str| if name.contains(' ') { carrier.contains(name) } else { words.contains(&name) };
    let (_, page, parameter) = CARRIERS.iter().find(|(name, ..)| is_it(name)).filter(|_| is_number)?;
    let href = if parameter.is_empty() {
        format!("{page}{number}")
    } else {
        format!("{page}?{}", encode(&[(parameter, number.as_str())]))
    };
    Some(Link::new("Track", href))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_carriers_and_plain_numbers_are_links() {
        let href = |carrier, tracking| link(carrier, tracking).map(|l| l.href);
        assert_eq!(
            href("UPS Standard", "1Z 999").as_deref(),
            Some("https://www.ups.com/track?tracknum=1Z999")
        );
        assert_eq!(href("DPD", "05").as_deref(), Some("https://tracking.dpd.de/status/en_US/parcel/05"));
        assert_eq!(href("Cups & Co", "1"), None);
        assert_eq!(href("DHL", "\"><script>"), None);
        assert_eq!(href("DHL", ""), None);
    }
}
