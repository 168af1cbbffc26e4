//! What surrounds the pages of a person: name, role, the doors the role opens, the person's own zone.

use crate::access::gate::{Access, Visitor};
use crate::access::profile::Shop;
use crate::base::time::Zone;
use crate::web::{Group, Nav, Shell, ShellMaker, User};
use std::sync::Arc;

/// The doors of this floor in the navigation.
pub const DOORS: &[Nav] = &[
    Nav {
        label: "Staff",
        href: "/admin/staff",
        icon: "users",
        key: None,
        permission: Some("staff:manage"),
        group: Group::System,
        phone: false,
    },
    Nav {
        label: "Settings",
        href: "/admin/settings",
        icon: "settings",
        key: Some(","),
        permission: Some("settings:manage"),
        group: Group::System,
        phone: false,
    },
    Nav {
        label: "API keys",
        href: "/admin/keys",
        icon: "key-round",
        key: None,
        permission: Some("keys:manage"),
        group: Group::System,
        phone: false,
    },
];

/// Makes the shell of every request. `doors` are those of all features; `badge` gives the number of things to do
/// behind one and is asked only for people who may open it; `working` how many jobs of a person run, or of anybody.
pub fn shells(
    access: Access,
    shop: Arc<Shop>,
    doors: &'static [Nav],
    badge: impl Fn(&Nav) -> Option<u64> + Send + Sync + 'static,
    working: impl Fn(Option<&str>) -> u64 + Send + Sync + 'static,
) -> ShellMaker {
    ShellMaker::new(move |request| {
        let profile = shop.profile();
        let visitor = access.visitor(request)?;
        let own_zone = match visitor.as_ref() {
            Visitor::Live(live) => live.person.preferences.zone.as_deref(),
            Visitor::Ended(_) | Visitor::Nobody => None,
        };
        let zone = own_zone.and_then(|name| Zone::named(name).ok()).unwrap_or_else(|| shop.zone());
        let mut shell = Shell::of(request, &profile.name, &zone, access.now());
        if let Visitor::Live(live) = visitor.as_ref() {
            shell.user = Some(User::named(live.person.name.clone(), live.person.role.label()));
            let rights = live.rights();
            shell.navigate(doors, |word| rights.may(word), &badge);
            let own = (!rights.may("system:view")).then(|| live.person.id.to_string());
            shell.working = working(own.as_deref());
        }
        Ok(shell)
    })
}
