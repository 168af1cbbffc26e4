//! What follows the events of sites, each by a subscription with its own place: the first check, the marketing list, the
//! statistics, the warnings.

use super::events::{Added, Checked};
use super::model::{SITES, SiteId};
use super::{ops, statistics, warnings};
use crate::access::profile;
use crate::base::error::{Error, Result};
use crate::base::time::Zone;
use crate::shop::customers::{self, CustomerChange, NewCustomer};
use crate::store::{Read, StoredEvent, Tx};
use crate::work::subscriptions::{About, Subscriber};

/// The names of the subscriptions; the first is that of the lane of checks too.
pub(super) const CHECKS_NAME: &str = "site_checks";
const MARKETING_NAME: &str = "site_marketing";
const STATISTICS_NAME: &str = "site_statistics";
const WARNINGS_NAME: &str = "site_warnings";

/// Each with the kind of event it follows.
pub(super) const ALL: &[(&str, &str)] = &[
    (CHECKS_NAME, Added::KIND),
    (MARKETING_NAME, Added::KIND),
    (STATISTICS_NAME, Checked::KIND),
    (WARNINGS_NAME, Checked::KIND),
];

fn about(title: &str, sentence: &str) -> Result<About> {
    Ok(About { title: title.to_owned(), sentence: sentence.to_owned(), page: None })
}

/// `site.added` → the first look.
pub(super) struct FirstCheck;

impl Subscriber for FirstCheck {
    fn prefix(&self) -> &'static str {
        CHECKS_NAME
    }
    fn about(&self, _from: &dyn Read, _name: &str) -> Result<About> {
        about("First look at a site", "Has the certificate of a new site looked at.")
    }
    fn take(&self, tx: &mut Tx<'_>, _name: &str, event: &StoredEvent) -> Result<()> {
        let Some(id) = site_of(tx, event)? else { return Ok(()) };
        // An event that is read again makes no second look.
        if ops::get(tx, id)?.checks > 0 {
            return Ok(());
        }
        let now = tx.now();
        ops::enqueue(tx, id, now).map(drop)
    }
}

/// `site.added` with consent → the marketing list, which is what customers themselves have agreed to. Somebody who is no
/// customer yet becomes one with nothing but an address.
pub(super) struct Marketing;

impl Subscriber for Marketing {
    fn prefix(&self) -> &'static str {
        MARKETING_NAME
    }
    fn about(&self, _from: &dyn Read, _name: &str) -> Result<About> {
        about("Marketing list", "Puts who added a site and agreed on the marketing list.")
    }
    fn take(&self, tx: &mut Tx<'_>, _name: &str, event: &StoredEvent) -> Result<()> {
        let Some(id) = site_of(tx, event)? else { return Ok(()) };
        let mut site = ops::get(tx, id)?;
        let Some(email) = site.email.clone().filter(|_| site.consent.is_some() && site.listed.is_none())
        else {
            return Ok(());
        };
        let customer = match customers::find_by_email(tx, &email)? {
            Some(customer) => {
                let agreed = CustomerChange { accepts_marketing: Some(true), ..CustomerChange::default() };
                customers::change(tx, customer, None, &agreed)?.id
            }
            None => {
                let new = NewCustomer {
                    email: Some(email),
                    accepts_marketing: Some(true),
                    ..NewCustomer::default()
                };
                customers::add(tx, &new, "site")?.id
            }
        };
        site.listed = Some(customer);
        ops::put(tx, id, &site)
    }
}

/// `certificate.checked` → the statistics of the day.
pub(super) struct Statistics;

impl Subscriber for Statistics {
    fn prefix(&self) -> &'static str {
        STATISTICS_NAME
    }
    fn about(&self, _from: &dyn Read, _name: &str) -> Result<About> {
        about("Statistics of sites", "Counts the looks at each site, day by day.")
    }
    fn take(&self, tx: &mut Tx<'_>, _name: &str, event: &StoredEvent) -> Result<()> {
        let Some(id) = site_of(tx, event)? else { return Ok(()) };
        let zone = Zone::named(&profile::get(tx)?.zone).unwrap_or_else(|_unknown: Error| Zone::utc());
        statistics::count(tx, id, &checked(event)?, &event.at.in_zone(&zone).date().to_string())
    }
}

/// `certificate.checked` → a warning, where there is something to warn of.
pub(super) struct Warnings;

impl Subscriber for Warnings {
    fn prefix(&self) -> &'static str {
        WARNINGS_NAME
    }
    fn about(&self, _from: &dyn Read, _name: &str) -> Result<About> {
        about("Warnings of sites", "Says that a certificate ends soon, or that something is wrong with it.")
    }
    fn take(&self, tx: &mut Tx<'_>, _name: &str, event: &StoredEvent) -> Result<()> {
        let Some(id) = site_of(tx, event)? else { return Ok(()) };
        warnings::judge(tx, id, &checked(event)?)
    }
}

/// The site of an event; `None` when it is not watched any more.
fn site_of(tx: &Tx<'_>, event: &StoredEvent) -> Result<Option<SiteId>> {
    let id = event.subject.id_as::<SiteId>();
    match id {
        Some(id) if SITES.has(tx, &id)? => Ok(Some(id)),
        _ => Ok(None),
    }
}

fn checked(event: &StoredEvent) -> Result<Checked> {
    serde_json::from_value(event.data.clone()).map_err(Error::internal)
}
