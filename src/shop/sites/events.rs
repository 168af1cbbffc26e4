//! The facts that this feature publishes: a public contract. Never an e-mail address in any of them.

use crate::base::time::Timestamp;
use crate::store::Event;
use serde::{Deserialize, Serialize};

/// Declares events: a struct with its kind.
macro_rules! events {
    ($(#[doc = $doc:literal] $name:ident $kind:literal { $($field:ident: $type:ty,)* })+) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, Serialize, Deserialize)]
            pub(super) struct $name {
                $(pub(super) $field: $type,)*
            }
            impl $name {
                pub(super) const KIND: &'static str = $kind;
            }
            impl Event for $name {
                fn kind(&self) -> &'static str {
                    Self::KIND
                }
            }
        )+
        /// Every kind of event of this feature, with a sentence.
        pub const EVENTS: &[(&str, &str)] = &[$(($kind, $doc),)+];
    };
}

events! {
    /// The certificate of a site is watched from now on; `marketing` when who added it agreed to be written to.
    Added "site.added" { address: String, marketing: bool, }
    /// A site is not watched any more.
    Removed "site.removed" { address: String, }
    /// The certificate of a site was looked at; `problem` says what is wrong, `confirmed` that it was so at two looks.
    Checked "certificate.checked" {
        address: String,
        number: u32,
        problem: Option<String>,
        confirmed: bool,
        days_left: Option<i64>,
        expires_at: Option<Timestamp>,
        fingerprint: Option<String>,
        duration_ms: u64,
    }
    /// A certificate ends soon: within 21, 14, 7, 3 or 1 days, each told once.
    Expiring "certificate.expiring" { address: String, days_left: i64, within_days: i64, expires_at: Option<Timestamp>, }
    /// Something is wrong with the certificate of a site, or with the way to it; told when a second look saw it too.
    Failed "certificate.failed" { address: String, problem: String, }
    /// What was warned of is in order again.
    Recovered "certificate.recovered" { address: String, expires_at: Option<Timestamp>, }
}
