//! Roles of staff members: what each may do, as one table.

use crate::access::permission::Rights;
use crate::base::error::{Error, Result};
use minicbor::{Decode, Encode};

/// The role of a staff member. The numbers stand on disk, the words everywhere else.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[n(0)]
    Owner,
    #[n(1)]
    Manager,
    #[n(2)]
    Support,
    #[n(3)]
    Packer,
    #[n(4)]
    ReadOnly,
}

/// What a role may do.
enum Grant {
    All,
    AllBut(&'static [&'static str]),
    Only(&'static [&'static str]),
    /// Every permission that only looks.
    Views,
}

/// A row of the table of roles.
struct Line {
    role: Role,
    word: &'static str,
    label: &'static str,
    sentence: &'static str,
    grant: Grant,
}

const TABLE: &[Line] = &[
    Line {
        role: Role::Owner,
        word: "owner",
        label: "Owner",
        sentence: "Everything, staff and API keys included. A shop always has one.",
        grant: Grant::All,
    },
    Line {
        role: Role::Manager,
        word: "manager",
        label: "Manager",
        sentence: "Runs the shop: everything but staff, API keys, webhooks and backups.",
        grant: Grant::AllBut(&["staff:manage", "keys:manage", "webhooks:manage", "backups:manage"]),
    },
    Line {
        role: Role::Support,
        word: "support",
        label: "Support",
        sentence: "Helps customers: sees and changes orders and customers, answers messages, and sends mails again.",
        grant: Grant::Only(&[
            "orders:view",
            "orders:create",
            "orders:edit",
            "customers:view",
            "customers:edit",
            "mail:view",
            "mail:send",
            "messages:view",
            "messages:reply",
            "sites:view",
        ]),
    },
    Line {
        role: Role::Packer,
        word: "packer",
        label: "Packer",
        sentence: "Packs and ships orders; does not see the customer list.",
        grant: Grant::Only(&["orders:view", "orders:ship"]),
    },
    Line {
        role: Role::ReadOnly,
        word: "read_only",
        label: "Read only",
        sentence: "Looks at everything and changes nothing.",
        grant: Grant::Views,
    },
];

impl Role {
    /// All roles, the mightiest first.
    pub const ALL: &'static [Self] =
        &[Self::Owner, Self::Manager, Self::Support, Self::Packer, Self::ReadOnly];

    fn line(self) -> Option<&'static Line> {
        TABLE.iter().find(|line| line.role == self)
    }
    /// The word in forms, on the command line and in events.
    pub fn word(self) -> &'static str {
        self.line().map_or("", |line| line.word)
    }
    /// The word on pages.
    pub fn label(self) -> &'static str {
        self.line().map_or("", |line| line.label)
    }
    /// What the role is for, in a sentence.
    pub fn sentence(self) -> &'static str {
        self.line().map_or("", |line| line.sentence)
    }
    /// Everything the role may do.
    pub fn rights(self) -> Rights {
        match self.line().map(|line| &line.grant) {
            Some(Grant::All) => Rights::all(),
            Some(Grant::AllBut(words)) => Rights::of(|word| !words.contains(&word)),
            Some(Grant::Only(words)) => Rights::of(|word| words.contains(&word)),
            Some(Grant::Views) => Rights::of(|word| word.ends_with(":view")),
            None => Rights::default(),
        }
    }
    /// Whether the role has the permission with this word.
    pub fn may(self, word: &str) -> bool {
        self.rights().may(word)
    }
    /// Reads the word of a role.
    ///
    /// # Errors
    /// `unknown_role` with the roles there are.
    pub fn parse(word: &str) -> Result<Self> {
        let known = || Self::ALL.iter().map(|r| r.word()).collect::<Vec<_>>().join(", ");
        Self::ALL
            .iter()
            .copied()
            .find(|role| role.word() == word.trim())
            .ok_or_else(|| Error::invalid("unknown_role", format!("Choose a role: {}.", known())).on("/role"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::permission::PERMISSIONS;

    #[test]
    fn the_table_of_roles_and_permissions_is_as_agreed() {
        let mut table = String::new();
        for p in PERMISSIONS {
            let marks: String = Role::ALL.iter().map(|r| if r.may(p.word) { " x" } else { " ." }).collect();
            table.push_str(&format!("{:<17}{marks}\n", p.word));
        }
        // Owner, Manager, Support, Packer, Read only
        let agreed = "\
orders:view       x x x x x
orders:create     x x x . .
orders:edit       x x x . .
orders:ship       x x . x .
orders:export     x x . . .
customers:view    x x x . x
customers:edit    x x x . .
customers:export  x x . . .
imports:run       x x . . .
events:view       x x . . x
staff:manage      x . . . .
keys:manage       x . . . .
webhooks:manage   x . . . .
mail:view         x x x . x
mail:send         x x x . .
mail:manage       x x . . .
messages:view     x x x . x
messages:reply    x x x . .
sites:view        x x x . x
sites:manage      x x . . .
backups:manage    x . . . .
settings:manage   x x . . .
jobs:manage       x x . . .
system:view       x x . . x
";
        assert_eq!(table, agreed);
    }

    #[test]
    fn every_role_has_its_line_and_reads_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.word()).unwrap(), *role);
            assert!(!role.label().is_empty() && role.sentence().ends_with('.'));
        }
        assert_eq!(Role::parse("admin").unwrap_err().code, "unknown_role");
        assert!(
            TABLE
                .iter()
                .flat_map(|l| match l.grant {
                    Grant::AllBut(words) | Grant::Only(words) => words,
                    _ => &[],
                })
                .all(|word| crate::access::permission::find(word).is_some()),
            "only words that exist"
        );
    }
}
