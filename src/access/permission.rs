//! Permissions: a word each, a type each for handler signatures, and sets of them.

use crate::base::error::{Error, Result};
use crate::base::unseen::shown;

/// A permission as a type, so that a handler that needs it says so in its signature.
pub trait Permission: 'static {
    /// The word of staff roles and API scopes, such as `orders:edit`. Empty: being signed in is enough.
    const WORD: &'static str;
    /// Whether it can be used before a password that somebody else made was replaced by one's own.
    const BEFORE_OWN_PASSWORD: bool = false;
}

/// A permission as lists show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PermissionInfo {
    /// The word, `area:verb`.
    pub word: &'static str,
    /// A few words for tick boxes.
    pub label: &'static str,
    /// What it allows, in a sentence.
    pub sentence: &'static str,
}

/// Declares permission types with word, label and sentence, and the list of them.
#[macro_export]
macro_rules! permissions {
    ($(#[$list_doc:meta])* $list:ident; $($name:ident $word:literal $label:literal $sentence:literal,)+) => {
        $(
            #[doc = $sentence]
            #[derive(Clone, Copy, Debug)]
            pub struct $name;
            impl $crate::access::permission::Permission for $name {
                const WORD: &'static str = $word;
            }
        )+
        $(#[$list_doc])*
        pub const $list: &[$crate::access::permission::PermissionInfo] = &[
            $($crate::access::permission::PermissionInfo { word: $word, label: $label, sentence: $sentence },)+
        ];
    };
}

/// Who may do the first sees what the second lets see.
const CHANGES_SHOW: &[(&str, &str)] = &[
    ("orders:edit", "orders:view"),
    ("orders:ship", "orders:view"),
    ("orders:export", "orders:view"),
    ("customers:edit", "customers:view"),
    ("customers:export", "customers:view"),
    ("mail:send", "mail:view"),
    ("mail:manage", "mail:view"),
    ("messages:reply", "messages:view"),
    ("sites:manage", "sites:view"),
];

/// What the permission with this word lets see beside itself.
pub fn shown_by(word: &str) -> impl Iterator<Item = &'static str> {
    CHANGES_SHOW.iter().filter(move |(change, _)| *change == word).map(|(_, view)| *view)
}

/// The permissions as types: `Staff<may::EditOrders>`.
pub mod may {
    use crate::access::permission::Permission;

    crate::permissions! {
        /// Every permission, in the order in which roles and scopes are shown.
        PERMISSIONS;
        ViewOrders "orders:view" "View orders" "See orders, their lines, addresses and history.",
        CreateOrders "orders:create" "Create orders" "Place orders for customers.",
        EditOrders "orders:edit" "Edit orders" "Change, cancel and annotate orders, and record payments.",
        ShipOrders "orders:ship" "Ship orders" "Pack orders, add parcels and tracking numbers.",
        ExportOrders "orders:export" "Export orders" "Download lists of orders.",
        ViewCustomers "customers:view" "View customers" "See customers with their contact data and orders.",
        EditCustomers "customers:edit" "Edit customers" "Change and add customers.",
        ExportCustomers "customers:export" "Export customers" "Download lists of customers.",
        RunImports "imports:run" "Run imports" "Read orders and customers in from files.",
        ViewEvents "events:view" "View the event log" "See who changed what, and read the change feed.",
        ManageStaff "staff:manage" "Manage staff" "Add and deactivate staff, set roles and passwords.",
        ManageKeys "keys:manage" "Manage API keys" "Create and revoke API keys.",
        ManageWebhooks "webhooks:manage" "Manage webhooks" "Send events, whatever they tell, to addresses of other programs.",
        ViewMail "mail:view" "View mails" "See which mails were sent to whom, with their texts.",
        SendMail "mail:send" "Send mails" "Cancel mails, send them again, and say which addresses are not written to.",
        ManageMail "mail:manage" "Manage mails" "Choose which mails are sent, and change their templates.",
        ViewMessages "messages:view" "View messages" "See what people write to the shop, with their contact data.",
        ReplyMessages "messages:reply" "Answer messages" "Answer messages by mail, assign and close them, and say what is spam.",
        ViewSites "sites:view" "View sites" "See whose certificates are watched, and what was seen.",
        ManageSites "sites:manage" "Manage sites" "Add and remove sites whose certificates are watched, and have them looked at.",
        ManageBackups "backups:manage" "Manage backups" "Make, prove and download backups, which hold everything.",
        ManageSettings "settings:manage" "Change settings" "Change the shop's name, time zone, currency and country.",
        ManageJobs "jobs:manage" "Manage jobs" "Stop and repeat the jobs of others, and change schedules.",
        ViewSystem "system:view" "View the system" "See health, storage, search index and version.",
    }

    /// Being signed in is enough.
    #[derive(Clone, Copy, Debug)]
    pub struct AnyStaff;
    impl Permission for AnyStaff {
        const WORD: &'static str = "";
    }

    /// One's own account: open to everybody who is signed in, even before a handed-out password was replaced.
    #[derive(Clone, Copy, Debug)]
    pub struct OwnAccount;
    impl Permission for OwnAccount {
        const WORD: &'static str = "";
        const BEFORE_OWN_PASSWORD: bool = true;
    }
}

pub use may::PERMISSIONS;

/// The scope word that stands for every permission.
pub const ALL_WORD: &str = "all";

/// The permission with this word.
pub fn find(word: &str) -> Option<&'static PermissionInfo> {
    PERMISSIONS.iter().find(|p| p.word == word)
}

/// A set of permissions: what a role or an API key may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rights(u64);

impl Rights {
    /// Every permission.
    pub fn all() -> Self {
        Self::of(|_| true)
    }
    /// The permissions whose word is taken by `takes`.
    pub fn of(takes: impl Fn(&str) -> bool) -> Self {
        Self(
            PERMISSIONS.iter().enumerate().filter(|(_, p)| takes(p.word)).fold(0, |set, (n, _)| set | 1 << n),
        )
    }
    /// Reads words; `all` means every one.
    ///
    /// # Errors
    /// `unknown_scope` with the words there are, `required` when there is none.
    pub fn parse<W: AsRef<str>>(words: &[W]) -> Result<Self> {
        let mut set = Self::default();
        for word in words.iter().map(|w| w.as_ref().trim()) {
            if word == ALL_WORD {
                set = Self::all();
            } else if find(word).is_some() {
                set.0 |= Self::of(|w| w == word).0;
            } else {
                let shown = shown(word, 40);
                let known = PERMISSIONS.iter().map(|p| p.word).collect::<Vec<_>>().join(", ");
                let text = format!("There is no scope “{shown}”. The scopes are all, {known}.");
                return Err(Error::invalid("unknown_scope", text).on("/scopes"));
            }
        }
        if set == Self::default() {
            return Err(Error::invalid("required", "Choose at least one scope.").on("/scopes"));
        }
        Ok(set.with_views())
    }
    /// The set with what its changes show: every change of a record answers with the record.
    pub fn with_views(self) -> Self {
        let seen = Self::of(|word| self.words().any(|change| shown_by(change).any(|view| view == word)));
        Self(self.0 | seen.0)
    }
    /// Whether the permission with this word is in the set. The empty word always is.
    pub fn may(self, word: &str) -> bool {
        word.is_empty() || self.words().any(|w| w == word)
    }
    /// Whether every permission of `other` is in the set.
    pub fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
    /// The words of the set, in the order of [`PERMISSIONS`].
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        PERMISSIONS.iter().enumerate().filter(move |(n, _)| self.0 >> n & 1 == 1).map(|(_, p)| p.word)
    }
    /// As scopes are written: `all`, or the words.
    pub fn scopes(self) -> Vec<String> {
        if self == Self::all() {
            vec![ALL_WORD.to_owned()]
        } else {
            self.words().map(str::to_owned).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_is_area_and_verb_and_stands_once() {
        let words: BTreeSet<_> = PERMISSIONS.iter().map(|p| p.word).collect();
        assert_eq!(words.len(), PERMISSIONS.len());
        assert!(PERMISSIONS.len() <= 64, "the set has 64 places");
        for p in PERMISSIONS {
            let (area, verb) = p.word.split_once(':').unwrap();
            assert!(!area.is_empty() && !verb.is_empty() && p.sentence.ends_with('.'), "{}", p.word);
        }
    }

    #[test]
    fn words_are_read_strictly() {
        assert_eq!(Rights::parse(&["all"]).unwrap(), Rights::all());
        let some = Rights::parse(&["orders:view", " orders:ship "]).unwrap();
        assert_eq!(some.scopes(), ["orders:view", "orders:ship"]);
        assert!(some.may("orders:ship") && !some.may("orders:edit") && some.may("") && !some.may("all"));
        assert!(!some.may("orders"), "a part of a word is no word");
        for wrong in ["orders:read", "ALL", "", "orders:*"] {
            assert_eq!(Rights::parse(&[wrong]).unwrap_err().code, "unknown_scope", "{wrong}");
        }
        assert_eq!(Rights::parse::<&str>(&[]).unwrap_err().code, "required");
    }

    #[test]
    fn who_may_change_sees_what_is_changed() {
        let ship = Rights::parse(&["orders:ship"]).unwrap();
        assert_eq!(ship.scopes(), ["orders:view", "orders:ship"]);
        assert_eq!(shown_by("orders:ship").collect::<Vec<_>>(), ["orders:view"]);
        assert_eq!(shown_by("orders:view").count(), 0);
    }

    #[test]
    fn a_set_covers_what_it_has() {
        let view = Rights::parse(&["orders:view"]).unwrap();
        assert!(Rights::all().covers(view) && view.covers(view) && !view.covers(Rights::all()));
        assert!(view.covers(Rights::default()) && !Rights::default().covers(view));
    }
}
