//! What a member of staff is. Pure: no store, no HTTP, no clock.

use crate::access::permission::Rights;
use crate::access::role::Role;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{Timestamp, Zone};
use minicbor::{Decode, Encode};

crate::id!(
    /// A member of staff: `stf_…`.
    StaffId, "stf"
);

/// Longest name in characters.
pub(super) const NAME_LEN_MAX: usize = 120;

/// Colours by choice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the system of the person has it.
    #[default]
    #[n(0)]
    System,
    #[n(1)]
    Light,
    #[n(2)]
    Dark,
}

impl ThemeChoice {
    /// The word in forms and cookies.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// How somebody wants the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Preferences {
    #[n(0)]
    pub theme: ThemeChoice,
    /// IANA name; `None` is the shop's zone.
    #[n(1)]
    pub zone: Option<String>,
    /// Rows of 32 instead of 40 pixels.
    #[n(2)]
    pub compact: bool,
    /// Single letters do not act as keys.
    #[n(3)]
    pub no_keys: bool,
}

impl Preferences {
    /// # Errors
    /// `invalid_zone` for a zone that there is not.
    pub(super) fn check(&self) -> Result<()> {
        match &self.zone {
            Some(name) => Zone::named(name).map(drop).map_err(|e| e.on("/zone")),
            None => Ok(()),
        }
    }
}

/// A member of staff as the store keeps it. The password is elsewhere, so that nothing that shows or logs a person
/// can show it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StaffMember {
    #[n(0)]
    pub id: StaffId,
    /// Grows with every change but the time of the last sign-in.
    #[n(1)]
    pub version: u64,
    #[n(2)]
    pub created_at: Timestamp,
    #[n(3)]
    pub updated_at: Timestamp,
    #[n(4)]
    pub name: String,
    /// As written; unique by `email::key`.
    #[n(5)]
    pub email: String,
    #[n(6)]
    pub role: Role,
    #[n(7)]
    pub active: bool,
    #[n(8)]
    pub last_sign_in_at: Option<Timestamp>,
    #[n(9)]
    pub preferences: Preferences,
    /// The password was made by somebody else: it must be replaced before anything else is done.
    #[n(10)]
    pub password_is_temporary: bool,
}

/// What a password is recognised by.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Credential {
    /// PHC string of argon2id.
    #[n(0)]
    pub hash: String,
    #[n(1)]
    pub changed_at: Timestamp,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential {{ changed_at: {} }}", self.changed_at)
    }
}

/// Somebody to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStaff {
    pub name: String,
    pub email: String,
    pub role: Role,
}

/// Who manages staff or keys: nobody can give what he does not have.
#[derive(Clone, Copy, Debug)]
pub struct Granter {
    /// The person, when it is one.
    pub staff: Option<StaffId>,
    pub rights: Rights,
}

impl Granter {
    /// The command line, and the program's own first steps: whoever is on the server may do everything.
    pub fn console() -> Self {
        Self { staff: None, rights: Rights::all() }
    }
    /// # Errors
    /// `cannot_grant` (403) when `rights` has a permission that the granter lacks.
    pub fn check(&self, rights: Rights) -> Result<()> {
        match rights.words().find(|word| !self.rights.may(word)) {
            Some(word) => Err(Error::refuse(
                Kind::Forbidden,
                "cannot_grant",
                format!("You cannot give or manage {word}, because you do not have it yourself."),
            )),
            None => Ok(()),
        }
    }
}
