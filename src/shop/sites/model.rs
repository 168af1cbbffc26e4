//! A site as the store keeps it: where it is, who added it, what was seen last; its checks, days and warnings.

use crate::base::time::Timestamp;
use crate::outbound::certificates::{Address, Certificate, Problem};
use crate::shop::customers::CustomerId;
use crate::store::{Index, IndexInfo, IndexRow, Record, Table, TableInfo};
use minicbor::{Decode, Encode};

crate::id!(
    /// A site: `sit_…`.
    SiteId, "sit"
);

/// From so many days on an end is soon: the first of the warnings.
pub(super) const SOON_DAYS: i64 = 21;

/// How a site stands, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Something is wrong, and was at a second look.
    Failing,
    /// Something was wrong once, and is looked at again.
    Doubtful,
    /// It is in order, and ends soon.
    Expiring,
    /// Nobody has looked yet.
    Unchecked,
    Good,
}

impl State {
    /// All of them, the most urgent first.
    pub const ALL: &'static [Self] =
        &[Self::Failing, Self::Doubtful, Self::Expiring, Self::Unchecked, Self::Good];
    /// The place in the index.
    pub(super) fn place(self) -> u8 {
        match self {
            Self::Failing => 0,
            Self::Doubtful => 1,
            Self::Expiring => 2,
            Self::Unchecked => 3,
            Self::Good => 4,
        }
    }
    /// The word in the API and in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Doubtful => "doubtful",
            Self::Expiring => "expiring",
            Self::Unchecked => "unchecked",
            Self::Good => "good",
        }
    }
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.word() == word)
    }
}

/// Who agreed to be written to, when and where: the proof of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Consent {
    #[n(0)]
    pub at: Timestamp,
    /// Where it was given, such as `the form of the storefront`.
    #[n(1)]
    pub source: String,
    /// Who wrote it down.
    #[n(2)]
    pub by: String,
}

/// One look.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Check {
    #[n(0)]
    pub at: Timestamp,
    /// What was wrong, the gravest first.
    #[n(1)]
    pub problems: Vec<Problem>,
    /// The look before saw something wrong too.
    #[n(2)]
    pub confirmed: bool,
    #[n(3)]
    pub took_ms: u64,
    #[n(4)]
    pub days_left: Option<i64>,
    #[n(5)]
    pub expires_at: Option<Timestamp>,
    #[n(6)]
    pub fingerprint: Option<String>,
    /// The machine that was connected to.
    #[n(7)]
    pub machine: Option<String>,
    /// Such as `TLS 1.3`.
    #[n(8)]
    pub protocol: Option<String>,
}

/// What a certificate said of itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Shown {
    #[n(0)]
    pub subject: String,
    #[n(1)]
    pub issuer: String,
    #[n(2)]
    pub names: Vec<String>,
    #[n(3)]
    pub not_before: Timestamp,
    #[n(4)]
    pub not_after: Timestamp,
    #[n(5)]
    pub serial: String,
    #[n(6)]
    pub fingerprint: String,
}

impl From<Certificate> for Shown {
    fn from(c: Certificate) -> Self {
        Self {
            subject: c.subject,
            issuer: c.issuer,
            names: c.names,
            not_before: c.not_before,
            not_after: c.not_after,
            serial: c.serial,
            fingerprint: c.fingerprint,
        }
    }
}

/// An address whose certificate is watched.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Site {
    #[n(0)]
    pub host: String,
    #[n(1)]
    pub port: u16,
    /// What it is, in somebody's words.
    #[n(2)]
    pub note: String,
    /// Whose site it is.
    #[n(3)]
    pub email: Option<String>,
    #[n(4)]
    pub consent: Option<Consent>,
    /// The shop's own address, from the configuration.
    #[n(5)]
    pub is_own: bool,
    #[n(6)]
    pub created_at: Timestamp,
    /// Who added it; nobody did where it is only the shop's own.
    #[n(7)]
    pub created_by: String,
    /// Looks so far.
    #[n(8)]
    pub checks: u32,
    #[n(9)]
    pub latest: Option<Check>,
    /// The certificate that was shown last.
    #[n(10)]
    pub shown: Option<Shown>,
    /// Since when something is wrong.
    #[n(11)]
    pub failing_since: Option<Timestamp>,
    /// The customer that the consent was written to. It is written once: what somebody takes back stays taken back.
    #[n(12)]
    pub listed: Option<CustomerId>,
}

impl Site {
    /// Where it is.
    pub fn address(&self) -> Address {
        Address::of(&self.host, self.port)
    }
    /// How it stands by the last look.
    pub fn state(&self) -> State {
        match &self.latest {
            None => State::Unchecked,
            Some(check) if !check.problems.is_empty() && check.confirmed => State::Failing,
            Some(check) if !check.problems.is_empty() => State::Doubtful,
            Some(check) if check.days_left.is_some_and(|days| days <= SOON_DAYS) => State::Expiring,
            Some(_) => State::Good,
        }
    }
    /// Its place in the list.
    pub(super) fn place(&self) -> (u8, Timestamp) {
        (self.state().place(), self.turn())
    }
    /// Within a state, what ends first comes first; what never showed a certificate before all.
    fn turn(&self) -> Timestamp {
        self.latest.as_ref().and_then(|check| check.expires_at).unwrap_or(Timestamp(0))
    }
}

/// What the looks of a day came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Day {
    #[n(0)]
    pub(super) checks: u32,
    #[n(1)]
    pub(super) good: u32,
    /// Milliseconds of all looks that met a server, and how many those were.
    #[n(2)]
    pub(super) took_ms: u64,
    #[n(3)]
    pub(super) met: u32,
    /// At the last look that saw a certificate.
    #[n(4)]
    pub(super) days_left: Option<i64>,
    /// The number of the last look that counts in it: none counts twice.
    #[n(5)]
    pub(super) number: u32,
}

/// What was warned of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Warned {
    /// Certificates, the one of the last warning last: a site may show several in turn.
    #[n(0)]
    pub(super) ends: Vec<End>,
    /// The problems that were told of since it was last in order.
    #[n(1)]
    pub(super) problems: Vec<String>,
    /// The number of the last look that was judged.
    #[n(2)]
    pub(super) number: u32,
    /// Somebody waits to hear that it is in order again.
    #[n(3)]
    pub(super) is_open: bool,
}

/// The least number of days that was told of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct End {
    #[n(0)]
    pub(super) fingerprint: String,
    #[n(1)]
    pub(super) within_days: i64,
}

pub(super) const SITES: Table<SiteId, Site> = Table::new("site/1");
/// (site, number of the look) → what was seen.
pub(super) const CHECKS: Table<(SiteId, u32), Look> = Table::new("site_check/1");
/// (site, day in the shop's zone) → what its looks came to.
pub(super) const DAYS: Table<(SiteId, String), Day> = Table::new("site_day/1");
pub(super) const WARNED: Table<SiteId, Warned> = Table::new("site_warned/1");
/// Host and port → the site.
pub(super) const BY_ADDRESS: Index<(String, u16), SiteId> = Index::unique("site_by_address/1");
/// (place of the state, when it ends) → site.
pub(super) const BY_STATE: Index<(u8, Timestamp), SiteId> = Index::new("site_by_state/1");
/// The shop's own → site.
pub(super) const OWN: Index<bool, SiteId> = Index::new("site_own/1");

/// The tables of this feature. Backups hold all of them: a restored shop knows what it has warned of.
pub const TABLES: &[TableInfo] = &[
    SITES.info("shop::sites"),
    CHECKS.info("shop::sites"),
    DAYS.info("shop::sites"),
    WARNED.info("shop::sites"),
];

impl Record for Site {
    type Key = SiteId;
    const INDEXES: &'static [IndexInfo] = &[BY_ADDRESS.info(), BY_STATE.info(), OWN.info()];
    fn index_keys(&self, id: &SiteId) -> Vec<IndexRow> {
        let mut rows =
            vec![BY_ADDRESS.row(&(self.host.clone(), self.port), id), BY_STATE.row(&self.place(), id)];
        if self.is_own {
            rows.push(OWN.row(&true, id));
        }
        rows
    }
}

/// A look under its number.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Look(#[n(0)] pub(super) Check);

impl Record for Look {
    type Key = (SiteId, u32);
}

impl Record for Day {
    type Key = (SiteId, String);
}

impl Record for Warned {
    type Key = SiteId;
}
