//! What a certificate says of itself.

use crate::base::time::Timestamp;
use sha2::{Digest, Sha256};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Tag, Tagged};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::time::Time;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const NAMES_MAX: usize = 100;
const TEXT_MAX: usize = 200;

/// What a certificate says of itself; whether it is true is another question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// For whom it is: the first name, or the organisation.
    pub subject: String,
    /// Who vouches for it, such as `Let's Encrypt, R11`.
    pub issuer: String,
    /// The names it is for; the first hundred.
    pub names: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub serial: String,
    /// SHA-256 of all of it: tells two certificates apart.
    pub fingerprint: String,
    /// Who vouches for it is itself.
    pub is_own_issuer: bool,
}

impl Certificate {
    /// Reads one; `None` for what is none.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let read = x509_cert::Certificate::from_der(der).ok()?;
        let body = read.tbs_certificate;
        let names = match body.get::<SubjectAltName>() {
            Ok(Some((_, names))) => names.0.iter().filter_map(alternative).take(NAMES_MAX).collect(),
            _ => Vec::new(),
        };
        let common = part(&body.subject, COMMON_NAME).or_else(|| part(&body.subject, ORGANISATION));
        let issuer: Vec<String> =
            [ORGANISATION, COMMON_NAME].into_iter().filter_map(|kind| part(&body.issuer, kind)).collect();
        Some(Self {
            subject: common.or_else(|| names.first().cloned()).unwrap_or_default(),
            issuer: issuer.join(", "),
            names,
            not_before: moment(body.validity.not_before),
            not_after: moment(body.validity.not_after),
            serial: hex(body.serial_number.as_bytes()),
            fingerprint: hex(&Sha256::digest(der)),
            is_own_issuer: body.issuer == body.subject,
        })
    }

    /// Whole days until it ends; negative behind that.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.not_after.since_ms(now).div_euclid(crate::base::time::DAY_MS)
    }
}

fn moment(time: Time) -> Timestamp {
    Timestamp(i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text of a stranger: nothing that moves a cursor or turns a line round, and not too much of it.
fn plain(text: &str) -> String {
    let is_odd = |c: &char| {
        c.is_control() || ('\u{202a}'..='\u{202e}').contains(c) || ('\u{2066}'..='\u{2069}').contains(c)
    };
    text.chars().filter(|c| !is_odd(c)).take(TEXT_MAX).collect()
}

fn part(name: &Name, kind: ObjectIdentifier) -> Option<String> {
    let all = name.0.iter().flat_map(|set| set.0.iter());
    let text = all.filter(|part| part.oid == kind).map(text_of).next_back()?;
    Some(text).filter(|text| !text.is_empty())
}

fn text_of(part: &AttributeTypeAndValue) -> String {
    let bytes = part.value.value();
    if part.value.tag() == Tag::BmpString {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
        return plain(&String::from_utf16_lossy(&units));
    }
    plain(&String::from_utf8_lossy(bytes))
}

fn alternative(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(plain(name.as_str())),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(|b| std::net::IpAddr::from(b).to_string());
            four.or_else(|_| <[u8; 16]>::try_from(bytes).map(|b| std::net::IpAddr::from(b).to_string())).ok()
        }
        _ => None,
    }
}
