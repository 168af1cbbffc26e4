//! Every list of the program in one place: tables, checks, doors of the navigation, kinds of events.

use crate::access;
use crate::shop::{customers, desk, mail, messages, orders, outreach, sites, transfer};
use crate::store::{Checker, TableInfo};
use crate::web::{Group, Nav};
use crate::work;
use std::sync::LazyLock;

/// Every table. One that is missing here cannot be opened, so none is forgotten in checks and backups.
pub fn tables() -> &'static [TableInfo] {
    static ALL: LazyLock<Vec<TableInfo>> = LazyLock::new(|| {
        let features = [
            customers::TABLES,
            orders::TABLES,
            orders::bulk::TABLES,
            transfer::TABLES,
            outreach::TABLES,
            sites::TABLES,
            mail::TABLES,
            messages::TABLES,
            desk::retention::TABLES,
        ];
        access::TABLES
            .iter()
            .chain(work::TABLES)
            .chain(&features)
            .flat_map(|tables| tables.iter().copied())
            .collect()
    });
    &ALL
}

/// What `backroom check` proves beyond the store's own invariants.
pub const CHECKS: &[Checker] = &[
    orders::check,
    orders::bulk::check,
    sites::check,
    messages::check,
    mail::check,
    work::jobs::check,
    work::subscriptions::check,
];

const fn door(label: &'static str, href: &'static str, icon: &'static str, key: &'static str) -> Nav {
    Nav { label, href, icon, key: Some(key), permission: None, group: Group::Sell, phone: true }
}

/// The doors of the navigation, in their order.
pub fn doors() -> &'static [Nav] {
    static ALL: LazyLock<Vec<Nav>> = LazyLock::new(|| {
        let mut doors = vec![
            door("Home", "/admin", "house", "h"),
            Nav { permission: Some("orders:view"), ..door("Orders", "/admin/orders", "shopping-cart", "o") },
            Nav { permission: Some("customers:view"), ..door("Customers", "/admin/customers", "users", "u") },
            Nav {
                permission: Some("messages:view"),
                ..door("Messages", "/admin/messages", "message-square", "e")
            },
            Nav { permission: Some("mail:view"), phone: false, ..door("Mail", "/admin/mail", "mail", "m") },
            Nav {
                permission: Some("backups:manage"),
                group: Group::System,
                phone: false,
                ..door("Backups", "/admin/backups", "save", "b")
            },
            Nav {
                permission: Some("webhooks:manage"),
                group: Group::System,
                phone: false,
                ..door("Webhooks", "/admin/webhooks", "webhook", "w")
            },
            Nav {
                permission: Some("sites:view"),
                group: Group::System,
                phone: false,
                ..door("Sites", "/admin/sites", "globe", "s")
            },
            Nav {
                permission: Some("system:view"),
                group: Group::System,
                phone: false,
                ..door("Jobs", "/admin/jobs", "activity", "j")
            },
            Nav {
                permission: Some("system:view"),
                group: Group::System,
                phone: false,
                ..door("Schedules", "/admin/schedules", "clock", "t")
            },
            Nav {
                permission: Some("system:view"),
                group: Group::System,
                phone: false,
                ..door("Subscriptions", "/admin/subscriptions", "layers", "l")
            },
            Nav {
                permission: Some("imports:run"),
                group: Group::System,
                phone: false,
                ..door("Import, export", "/admin/transfer", "upload", "i")
            },
        ];
        doors.extend_from_slice(access::DOORS);
        doors
    });
    &ALL
}

/// How the features tell of their forms when one is shown again after a session had ended.
pub fn tellers() -> access::parked::Tellers {
    access::parked::Tellers(vec![orders::admin::told, customers::admin::told])
}

/// The cards that other features put on the page of an order.
pub fn asides() -> orders::admin::Asides {
    orders::admin::Asides(vec![desk::inbox::of_order, mail::of_order])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Backup;
    use std::collections::BTreeSet;

    #[test]
    fn tables_have_one_name_each() {
        let names: BTreeSet<_> = tables()
            .iter()
            .flat_map(|t| std::iter::once(t.name).chain(t.indexes.iter().map(|i| i.name)))
            .collect();
        let count: usize = tables().iter().map(|t| 1 + t.indexes.len()).sum();
        assert_eq!(names.len(), count);
    }

    /// Left out of backups on purpose: what is worth nothing in a restored shop, or would be a danger there.
    const LEFT_OUT: &[&str] = &[
        "device/1",
        "import/1",
        "import_group/1",
        "parked_form/1",
        "session/1",
        "setup_link/1",
        "sign_in_budget/1",
        "webhook_attempt/1",
    ];

    fn left_out(tables: &[TableInfo]) -> Vec<&'static str> {
        let mut names: Vec<_> = tables.iter().filter(|t| t.backup == Backup::Skip).map(|t| t.name).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn backups_have_every_table_but_these_and_one_that_is_forgotten_is_noticed() {
        assert_eq!(left_out(tables()), LEFT_OUT);
        for place in 0..tables().len() {
            let mut planted = tables().to_vec();
            if planted[place].backup == Backup::Keep {
                planted[place] = planted[place].not_backed_up();
                assert_ne!(left_out(&planted), LEFT_OUT, "{}", planted[place].name);
            }
        }
    }

    #[test]
    fn keys_of_the_navigation_are_used_once_and_permissions_exist() {
        let keys: Vec<_> = doors().iter().filter_map(|d| d.key).collect();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        for word in doors().iter().filter_map(|d| d.permission) {
            assert!(access::PERMISSIONS.iter().any(|p| p.word == word), "{word}");
        }
    }
}
