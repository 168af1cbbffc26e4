//! Sites for the command line: by the rules of pages and API, named by id or address, and with a wait for what is seen.

use super::api::SiteOut;
use super::desk::{Sites, Wish};
use super::model::SiteId;
use super::ops;
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::unseen::shown;
use crate::outbound::certificates::Address;
use crate::store::Actor;

/// Read at once.
const AT_ONCE: usize = 200;

impl Sites {
    /// All sites, the most urgent first.
    ///
    /// # Errors
    /// Faults of the store only.
    pub fn all(&self) -> Result<Vec<SiteOut>> {
        let now = self.store().clock().now();
        self.store().read(|s| {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let page = ops::page(s, None, after, AT_ONCE)?;
                after = page.items.last().map(|(id, _)| *id);
                all.extend(page.items.into_iter().map(|(id, site)| SiteOut::new(id, site, now)));
                if !page.more {
                    return Ok(all);
                }
            }
        })
    }

    /// Watches one more address from now on.
    ///
    /// # Errors
    /// `validation`, `site_exists`, `too_many_sites`.
    pub fn watch(&self, actor: Actor, address: &str, note: &str) -> Result<SiteOut> {
        let wish = Wish { address: address.to_owned(), note: note.to_owned(), ..Wish::default() };
        let new = self.checked(&wish)?;
        let id = self.store().write_blocking(actor, move |tx| ops::add(tx, &new))?;
        self.one(id)
    }

    /// Looks at a site at once, whether the loop of jobs runs or not, and notes what was seen.
    ///
    /// # Errors
    /// `not_found`.
    pub fn look_now(&self, actor: Actor, name: &str) -> Result<SiteOut> {
        let id = self.named(name)?;
        let site = self.store().read(|s| ops::get(s, id))?;
        let seen = self.prober().look(&site.address(), site.is_own, self.store().clock().now());
        let recheck_ms = self.recheck_ms();
        self.store().write_blocking(actor, move |tx| ops::note(tx, id, &seen, recheck_ms))?;
        self.one(id)
    }

    /// Watches a site no longer; gives what it was.
    ///
    /// # Errors
    /// `not_found`, `site_is_own`.
    pub fn forget(&self, actor: Actor, name: &str) -> Result<SiteOut> {
        let id = self.named(name)?;
        let was = self.one(id)?;
        self.store().write_blocking(actor, move |tx| ops::remove(tx, id))?;
        Ok(was)
    }

    fn one(&self, id: SiteId) -> Result<SiteOut> {
        let now = self.store().clock().now();
        Ok(SiteOut::new(id, self.store().read(|s| ops::get(s, id))?, now))
    }

    /// The site of an id or an address.
    fn named(&self, name: &str) -> Result<SiteId> {
        if let Ok(id) = SiteId::parse(name) {
            return Ok(id);
        }
        let address = Address::read(name, self.prober().guard())?;
        let found = self.store().read(|s| ops::at(s, &address))?;
        let shown = shown(name, 80);
        found.map(|(id, _)| id).ok_or_else(|| Error::not_found("site", shown))
    }
}
