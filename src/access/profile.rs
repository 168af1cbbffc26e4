//! The shop itself: its name, time zone, currency and country, set at the first start and on the settings page.

use crate::base::country;
use crate::base::error::{Checks, Error, Result};
use crate::base::money::Currency;
use crate::base::time::Zone;
use crate::store::{Event, Read, Record, Store, Subject, Table, TableInfo, Tx};
use minicbor::{Decode, Encode};
use std::sync::RwLock;

const PROFILE: Table<u8, Profile> = Table::new("shop_profile/1");
/// There is one shop.
const ONLY: u8 = 0;
const NAME_LEN_MAX: usize = 80;

/// The tables of this part, for the registry.
pub const TABLES: &[TableInfo] = &[PROFILE.info("access")];

/// What the shop says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize)]
pub struct Profile {
    #[n(0)]
    pub name: String,
    /// IANA name; days of reports and queries begin in it.
    #[n(1)]
    pub zone: String,
    /// What new orders are in, and what figures are shown in.
    #[n(2)]
    pub currency: Currency,
    /// ISO 3166 code.
    #[n(3)]
    pub country: String,
    /// Rises with every change; whoever changes says which one was seen.
    #[cbor(n(4), default)]
    #[serde(skip)]
    pub version: u64,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            name: "My shop".to_owned(),
            zone: "UTC".to_owned(),
            currency: Currency::EUR,
            country: String::new(),
            version: 0,
        }
    }
}

impl Record for Profile {
    type Key = u8;
}

/// Its event, with a sentence.
pub const EVENTS: &[(&str, &str)] = &[(
    "shop.changed",
    "Name, time zone, currency or country of the shop changed; it has all before and after.",
)];

/// `shop.changed`
#[derive(serde::Serialize)]
struct Changed<'a> {
    before: &'a Profile,
    after: &'a Profile,
}
impl Event for Changed<'_> {
    fn kind(&self) -> &'static str {
        "shop.changed"
    }
}

/// The profile; the default before anybody has set it.
///
/// # Errors
/// Faults of the store only.
pub fn get(r: &(impl Read + ?Sized)) -> Result<Profile> {
    Ok(PROFILE.get(r, &ONLY)?.unwrap_or_default())
}

/// The shop, as the subject of its events.
pub const SUBJECT: Subject = Subject { kind: "shop", id: [0; 16] };

/// What the profile is to be, as people type it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    pub zone: &'a str,
    pub currency: &'a str,
    /// Empty for none.
    pub country: &'a str,
    /// The version that was seen; `None` where nobody can have seen one.
    pub seen: Option<u64>,
}

/// Sets the profile. Orders that are there keep the currency they were placed in.
///
/// # Errors
/// `validation` with the fields; `version_mismatch` (409) when it was changed since it was seen.
pub fn set(tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<Profile> {
    let mut checks = Checks::default();
    let name = wanted.name.trim();
    if name.is_empty() || name.chars().count() > NAME_LEN_MAX || name.chars().any(char::is_control) {
        checks.wrong("/shop", "invalid_name", format!("Enter a name of 1 to {NAME_LEN_MAX} characters."));
    }
    let zone = checks.keep("/zone", Zone::named(wanted.zone.trim())).map(|z| z.name()).unwrap_or_default();
    let currency = checks.keep("/currency", Currency::parse(wanted.currency)).unwrap_or(Currency::EUR);
    let country = match wanted.country.trim() {
        "" => String::new(),
        code => checks.keep("/country", country::parse(code)).unwrap_or_default(),
    };
    checks.finish()?;
    let before = get(tx)?;
    let name = name.to_owned();
    let after = Profile { name, zone, currency, country, version: before.version };
    if after == before {
        return Ok(after);
    }
    if wanted.seen.is_some_and(|seen| seen != before.version) {
        let text = "The settings were changed in the meantime. Look at what is there now, then save again.";
        return Err(Error::conflict("version_mismatch", text));
    }
    let after = Profile { version: before.version.saturating_add(1), ..after };
    PROFILE.put(tx, &ONLY, &after)?;
    tx.publish(SUBJECT, &Changed { before: &before, after: &after })?;
    Ok(after)
}

/// The shop's name, zone and currency at hand for every request; reads the store again after a change.
pub struct Shop {
    store: Store,
    known: RwLock<Option<(u64, Profile)>>,
}

impl Shop {
    pub fn new(store: Store) -> Self {
        Self { store, known: RwLock::new(None) }
    }
    /// The profile as of the last committed event.
    pub fn profile(&self) -> Profile {
        let seq = self.store.last_seq();
        if let Ok(known) = self.known.read()
            && let Some((at, profile)) = known.as_ref()
            && *at == seq
        {
            return profile.clone();
        }
        // While the store cannot be read, pages that need no store still show something true enough.
        let profile = self.store.read(get).unwrap_or_default();
        if let Ok(mut known) = self.known.write() {
            *known = Some((seq, profile.clone()));
        }
        profile
    }
    /// The shop's zone.
    pub fn zone(&self) -> Zone {
        Zone::named(&self.profile().zone).unwrap_or_else(|_unknown: Error| Zone::utc())
    }
}
