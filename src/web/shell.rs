//! What surrounds every page: shop, person, navigation, theme, the message of the last change, the request itself.

use crate::base::error::Result;
use crate::base::time::{Timestamp, Zone};
use crate::web::assets::accepts_gzip;
use crate::web::flash::Toast;
use crate::web::request_id;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::future::{Ready, ready};
use std::sync::Arc;

/// The groups of the side navigation, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    Sell,
    Catalogue,
    Look,
    System,
}

impl Group {
    /// All groups as they stand in the navigation.
    pub const ALL: [Self; 4] = [Self::Sell, Self::Catalogue, Self::Look, Self::System];
    /// The heading.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sell => "Sell",
            Self::Catalogue => "Catalogue",
            Self::Look => "Look",
            Self::System => "System",
        }
    }
}

/// A door of the side navigation, declared by the feature behind it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Nav {
    pub label: &'static str,
    pub href: &'static str,
    /// Symbol of the icon sprite.
    pub icon: &'static str,
    /// The letter after `g`, such as `o`.
    pub key: Option<&'static str>,
    /// Permission word without which the entry is not shown.
    pub permission: Option<&'static str>,
    pub group: Group,
    /// Whether it has a place in the bottom bar of a phone.
    pub phone: bool,
}

/// A navigation entry as shown to one person.
#[derive(Clone, Debug)]
pub struct NavEntry {
    pub nav: Nav,
    /// Work to do, not a total.
    pub badge: Option<u64>,
    pub current: bool,
}

/// What the template shows of it, side by side: by hand, because `flatten` takes three times as long.
impl Serialize for NavEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Nav { label, href, icon, key, permission, group, phone } = self.nav;
        let mut entry = serializer.serialize_struct("NavEntry", 9)?;
        entry.serialize_field("label", label)?;
        entry.serialize_field("href", href)?;
        entry.serialize_field("icon", icon)?;
        entry.serialize_field("key", &key)?;
        entry.serialize_field("permission", &permission)?;
        entry.serialize_field("group", &group)?;
        entry.serialize_field("phone", &phone)?;
        entry.serialize_field("badge", &self.badge)?;
        entry.serialize_field("current", &self.current)?;
        entry.end()
    }
}

/// Entries under one heading.
#[derive(Clone, Debug, Serialize)]
pub struct NavGroup {
    pub label: &'static str,
    pub entries: Vec<NavEntry>,
}

/// The signed-in person.
#[derive(Clone, Debug, Default, Serialize)]
pub struct User {
    pub name: String,
    pub initials: String,
    pub role: String,
}

impl User {
    /// With the initials of the first and the last word of the name.
    pub fn named(name: impl Into<String>, role: impl Into<String>) -> Self {
        let name = name.into();
        let mut words = name.split_whitespace();
        let first = words.next().and_then(|w| w.chars().next());
        let last = words.next_back().and_then(|w| w.chars().next());
        let initials = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
        Self { name, initials, role: role.into() }
    }
}

/// Light or dark by choice; absent follows the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    Light,
    Dark,
}

/// Everything `base.html` needs. Handlers take it as a parameter; higher floors fill it through `ShellMaker`.
#[derive(Clone, Debug, Serialize)]
pub struct Shell {
    pub shop: String,
    /// `None` before sign-in: the page has no navigation then.
    pub user: Option<User>,
    pub nav: Vec<NavGroup>,
    pub theme: Option<Theme>,
    /// Rows of 32 instead of 40 pixels.
    pub compact: bool,
    /// Whether single letters act as keys (WCAG 2.1.4 wants a switch).
    pub keys: bool,
    /// Path and query of the request.
    pub path: String,
    pub query: String,
    /// The list this page was opened from, in the state it was left in.
    pub from: Option<String>,
    pub toast: Option<Toast>,
    /// IANA name of the viewer's zone; times are shown in it.
    pub zone: String,
    pub now: Timestamp,
    pub request_id: String,
    /// Jobs that run now and concern the person.
    pub working: u64,
    /// The request came from htmx and wants a part of the page.
    pub fragment: bool,
    #[serde(skip)]
    pub(super) if_none_match: Option<String>,
    /// The browser takes gzip.
    #[serde(skip)]
    pub(super) gzip: bool,
}

/// What a page depends on that the same request has again later; see [`Shell::lasting`].
type Lasting<'a> = (
    (&'a str, &'a Option<User>, &'a [NavGroup]),
    (&'a Option<Theme>, bool, bool, bool),
    (&'a str, &'a str, &'a Option<String>),
    (&'a str, i64, u64),
);

impl Shell {
    /// Everything in it but the moment and the number of this request; `None` with a message, which is shown once. Of
    /// the moment stays the day, or the minute where a text is asked, which may name moments.
    /// `query` stands in place of its own.
    pub(super) fn lasting<'a>(&'a self, query: &'a str) -> Option<Lasting<'a>> {
        // Every field by name, so that a new one has to be thought of here.
        let Self {
            shop,
            user,
            nav,
            theme,
            compact,
            keys,
            path,
            query: _,
            from,
            toast,
            zone,
            now,
            working,
            fragment,
            request_id: _,
            if_none_match: _,
            gzip: _,
        } = self;
        if toast.is_some() {
            return None;
        }
        let moment = if query.is_empty() { self.zone().day_start(*now).0 } else { now.0 / 60_000 };
        Some((
            (shop, user, nav),
            (theme, *compact, *keys, *fragment),
            (path, query, from),
            (zone, moment, *working),
        ))
    }

    /// A shell of what the request itself says: cookies, address, headers.
    pub fn of(request: &HttpRequest, shop: &str, zone: &Zone, now: Timestamp) -> Self {
        let text = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
        let cookie = |name: &str| request.cookie(name).map(|c| c.value().to_owned());
        let query = request.query_string().to_owned();
        Self {
            shop: shop.to_owned(),
            user: None,
            nav: Vec::new(),
            theme: match cookie("theme").as_deref() {
                Some("light") => Some(Theme::Light),
                Some("dark") => Some(Theme::Dark),
                _ => None,
            },
            compact: cookie("rows").as_deref() == Some("compact"),
            keys: cookie("keys").as_deref() != Some("off"),
            from: crate::web::query::pairs(&query)
                .into_iter()
                .find(|(key, _)| key == "from")
                .map(|(_, path)| crate::web::flash::local_path(&path)),
            path: request.path().to_owned(),
            query,
            toast: Toast::read(request),
            zone: zone.name(),
            now,
            request_id: request_id(request),
            working: 0,
            fragment: is_fragment(request),
            if_none_match: text(header::IF_NONE_MATCH.as_str()).map(str::to_owned),
            gzip: text(header::ACCEPT_ENCODING.as_str()).is_some_and(accepts_gzip),
        }
    }

    /// A shell of nothing but a path, for answers made without the request.
    pub(super) fn bare(path: &str, request_id: &str, zone: &Zone, now: Timestamp) -> Self {
        Self {
            shop: "Backroom".to_owned(),
            user: None,
            nav: Vec::new(),
            theme: None,
            compact: false,
            keys: true,
            path: path.to_owned(),
            query: String::new(),
            from: None,
            toast: None,
            zone: zone.name(),
            now,
            request_id: request_id.to_owned(),
            working: 0,
            fragment: false,
            if_none_match: None,
            gzip: false,
        }
    }

    /// Fills the navigation with what the person may open. `badge` gives the number of things to do behind it.
    pub fn navigate(
        &mut self,
        doors: &[Nav],
        may: impl Fn(&'static str) -> bool,
        badge: impl Fn(&Nav) -> Option<u64>,
    ) {
        let shown = |door: &&Nav| door.permission.is_none_or(&may);
        let current = doors
            .iter()
            .filter(|door| is_under(&self.path, door.href))
            // Home is above everything: it is current only where it really is.
            .filter(|door| {
                self.path == door.href
                    || !doors.iter().any(|d| d.href != door.href && is_under(d.href, door.href))
            })
            .max_by_key(|door| door.href.len())
            .map(|door| door.href);
        let entry = |door: &Nav| NavEntry {
            nav: *door,
            badge: badge(door).filter(|n| *n > 0),
            current: current == Some(door.href),
        };
        self.nav = Group::ALL
            .into_iter()
            .map(|group| NavGroup {
                label: group.label(),
                entries: doors.iter().filter(|d| d.group == group).filter(shown).map(entry).collect(),
            })
            .filter(|group| !group.entries.is_empty())
            .collect();
    }

    /// The viewer's zone.
    pub fn zone(&self) -> Zone {
        Zone::named(&self.zone).unwrap_or_else(|_| Zone::utc())
    }
}

/// `/admin/orders` is under `/admin/orders` and `/admin`, `/admin/orderss` only under `/admin`.
fn is_under(path: &str, door: &str) -> bool {
    path.strip_prefix(door).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether htmx asks for a part. A restored history entry needs the whole page.
pub fn is_fragment(request: &HttpRequest) -> bool {
    request.headers().contains_key("HX-Request")
        && !request.headers().contains_key("HX-History-Restore-Request")
}

type Make = dyn Fn(&HttpRequest) -> Result<Shell> + Send + Sync;

/// How the higher floors make the shell of a request; kept in the app's data.
#[derive(Clone)]
pub struct ShellMaker(Arc<Make>);

impl ShellMaker {
    pub fn new(make: impl Fn(&HttpRequest) -> Result<Shell> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }
    /// The shell of a request.
    ///
    /// # Errors
    /// Those of the floors that fill it, such as a store that cannot be read.
    pub fn make(&self, request: &HttpRequest) -> Result<Shell> {
        (self.0)(request)
    }
}

impl FromRequest for Shell {
    type Error = crate::base::error::Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(shell_of(request))
    }
}

/// The shell the app makes for this request; a bare one where no maker is set.
pub(super) fn shell_of(request: &HttpRequest) -> Result<Shell> {
    match request.app_data::<web::Data<ShellMaker>>() {
        Some(maker) => maker.make(request),
        None => Ok(Shell::of(request, "Backroom", &Zone::utc(), Timestamp(0))),
    }
}

#[cfg(test)]
impl Shell {
    /// A signed-in person on a page, for tests of templates.
    pub fn sample() -> Self {
        let request =
            actix_web::test::TestRequest::with_uri("/admin/orders?q=paid&sort=-total").to_http_request();
        let zone = Zone::named("Europe/Berlin").unwrap();
        let now = Timestamp::parse("2026-11-20T10:42:00Z").unwrap();
        let mut shell = Self::of(&request, "Lumo Shop", &zone, now);
        shell.user = Some(User::named("Marit Berg", "Owner"));
        shell.navigate(SAMPLE_DOORS, |_| true, |door| (door.key == Some("o")).then_some(42));
        shell
    }
}

#[cfg(test)]
const SAMPLE_DOORS: &[Nav] = &[
    Nav {
        label: "Home",
        href: "/admin",
        icon: "house",
        key: Some("h"),
        permission: None,
        group: Group::Sell,
        phone: true,
    },
    Nav {
        label: "Orders",
        href: "/admin/orders",
        icon: "shopping-cart",
        key: Some("o"),
        permission: Some("orders.view"),
        group: Group::Sell,
        phone: true,
    },
    Nav {
        label: "Settings",
        href: "/admin/settings",
        icon: "settings",
        key: Some(","),
        permission: Some("settings.view"),
        group: Group::System,
        phone: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_sees_only_the_doors_the_role_opens_and_the_nearest_one_is_current() {
        let mut shell = Shell::sample();
        shell.path = "/admin/orders/ord_1".to_owned();
        shell.navigate(SAMPLE_DOORS, |permission| permission == "orders.view", |_| Some(0));
        let entries: Vec<_> = shell.nav.iter().flat_map(|g| &g.entries).collect();
        assert_eq!(entries.iter().map(|e| e.nav.label).collect::<Vec<_>>(), ["Home", "Orders"]);
        assert_eq!(entries.iter().map(|e| e.current).collect::<Vec<_>>(), [false, true]);
        assert!(entries.iter().all(|e| e.badge.is_none()), "nothing to do shows no number");
    }

    #[test]
    fn a_page_without_a_door_is_not_home() {
        let current = |path: &str| {
            let mut shell = Shell { path: path.to_owned(), ..Shell::sample() };
            shell.navigate(SAMPLE_DOORS, |_| true, |_| None);
            let all = shell.nav.iter().flat_map(|group| &group.entries);
            all.filter(|entry| entry.current).map(|entry| entry.nav.label).collect::<Vec<_>>()
        };
        assert_eq!(current("/admin"), ["Home"]);
        assert!(current("/admin/account").is_empty());
        assert_eq!(current("/admin/orders/ord_1"), ["Orders"]);
    }

    #[test]
    fn initials_are_those_of_the_first_and_last_word() {
        assert_eq!(User::named("Anna Maria Berg", "x").initials, "AB");
        assert_eq!(User::named("Åse", "x").initials, "Å");
        assert_eq!(User::named("", "x").initials, "");
    }

    #[test]
    fn the_link_back_stays_in_the_house() {
        let with = |uri: &str| {
            let request = actix_web::test::TestRequest::with_uri(uri).to_http_request();
            Shell::of(&request, "x", &Zone::utc(), Timestamp(0)).from
        };
        assert_eq!(with("/o?from=%2Fadmin%2Forders%3Fq%3Da").as_deref(), Some("/admin/orders?q=a"));
        assert_eq!(with("/o?from=%2F%2Fevil").as_deref(), Some("/"));
        assert_eq!(with("/o"), None);
    }
}
