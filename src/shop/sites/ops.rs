//! What is done to a site in a transaction: added, looked at, removed, found. Each change publishes its event.

pub(super) use super::check::CHECK as KIND;
use super::events::{Added, Checked, Removed};
use super::model::{
    BY_ADDRESS, BY_STATE, CHECKS, Check, Consent, DAYS, Look, OWN, SITES, Shown, Site, SiteId, State, WARNED,
};
use super::take::CHECKS_NAME;
use crate::base::error::{Error, Result};
use crate::base::id::Id as _;
use crate::base::time::Timestamp;
use crate::outbound::certificates::{Address, Seen};
use crate::store::{Direction, Findings, Page, Read, Snapshot, Span, Subject, Tx};
use crate::work::jobs::{self, JobId, New};

/// Sites of a shop at most.
const COUNT_MAX: u64 = 5_000;
/// Looks that are kept of a site; the days tell of the older ones.
pub(super) const CHECKS_KEPT: usize = 400;
const COUNTED_MAX: u64 = 1_000;

/// A site to be watched, held against the rules.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) address: Address,
    pub(super) note: String,
    pub(super) email: Option<String>,
    /// Where the consent to be written to was given, if it was.
    pub(super) consent: Option<String>,
}

/// The site, if there is one.
///
/// # Errors
/// Faults of the store only.
pub fn find(from: &(impl Read + ?Sized), id: SiteId) -> Result<Option<Site>> {
    SITES.get(from, &id)
}

/// # Errors
/// `not_found`.
pub(super) fn get(from: &(impl Read + ?Sized), id: SiteId) -> Result<Site> {
    find(from, id)?.ok_or_else(|| Error::not_found("site", id))
}

/// The shop's own site.
///
/// # Errors
/// Faults of the store only.
pub fn of_the_shop(from: &(impl Read + ?Sized)) -> Result<Option<(SiteId, Site)>> {
    let Some(id) = OWN.first(from, &true)? else { return Ok(None) };
    Ok(find(from, id)?.map(|site| (id, site)))
}

/// The site at an address.
///
/// # Errors
/// Faults of the store only.
pub(super) fn at(from: &(impl Read + ?Sized), address: &Address) -> Result<Option<(SiteId, Site)>> {
    let Some(id) = BY_ADDRESS.first(from, &(address.host().to_owned(), address.port()))? else {
        return Ok(None);
    };
    Ok(find(from, id)?.map(|site| (id, site)))
}

/// How many sites something is wrong with, counted up to a thousand.
///
/// # Errors
/// Faults of the store only.
pub fn failing(from: &(impl Read + ?Sized)) -> Result<u64> {
    count(from, State::Failing)
}

/// How many sites are in a state, counted up to a thousand.
///
/// # Errors
/// Faults of the store only.
pub(super) fn count(from: &(impl Read + ?Sized), state: State) -> Result<u64> {
    BY_STATE.count(from, &Span::of(&state.place()), COUNTED_MAX)
}

/// Watches a site from now on.
///
/// # Errors
/// `site_exists`, `too_many_sites`.
pub(super) fn add(tx: &mut Tx<'_>, new: &Wanted) -> Result<SiteId> {
    let consent = new.consent.as_ref().map(|source| Consent {
        at: tx.now(),
        source: source.clone(),
        by: tx.actor().name.clone(),
    });
    let site = Site {
        host: new.address.host().to_owned(),
        port: new.address.port(),
        note: new.note.clone(),
        email: new.email.clone(),
        consent,
        is_own: false,
        created_at: tx.now(),
        created_by: tx.actor().name.clone(),
        checks: 0,
        latest: None,
        shown: None,
        failing_since: None,
        listed: None,
    };
    insert(tx, &site)
}

/// Writes a new site down with its event.
pub(super) fn insert(tx: &mut Tx<'_>, site: &Site) -> Result<SiteId> {
    if let Some(there) = BY_ADDRESS.first(tx, &(site.host.clone(), site.port))? {
        let text = format!("{} is watched already, as {there}.", site.address().text());
        return Err(Error::conflict("site_exists", text).on("/address"));
    }
    if BY_STATE.count(tx, &Span::all(), COUNT_MAX)? >= COUNT_MAX {
        let text = format!("A shop watches at most {COUNT_MAX} sites.");
        return Err(Error::conflict("too_many_sites", text));
    }
    let id: SiteId = tx.new_id();
    SITES.put(tx, &id, site)?;
    let event = Added { address: site.address().text(), marketing: site.consent.is_some() };
    tx.publish(Subject::of(&id), &event)?;
    Ok(id)
}

/// Changes a site without an event of its own: what it follows from has one.
pub(super) fn put(tx: &mut Tx<'_>, id: SiteId, site: &Site) -> Result<()> {
    SITES.put(tx, &id, site)
}

/// Watches a site no longer; what was seen of it is forgotten.
///
/// # Errors
/// `not_found`, `site_is_own`.
pub(super) fn remove(tx: &mut Tx<'_>, id: SiteId) -> Result<()> {
    if get(tx, id)?.is_own {
        let text = "This is the shop's own address, which is always watched. It follows server.public_url.";
        return Err(Error::conflict("site_is_own", text));
    }
    forget(tx, id)
}

/// The same for whatever site.
pub(super) fn forget(tx: &mut Tx<'_>, id: SiteId) -> Result<()> {
    let site = get(tx, id)?;
    SITES.delete(tx, &id)?;
    WARNED.delete(tx, &id)?;
    for (key, _) in CHECKS.list(tx, &Span::of(&id), Direction::Forward, usize::MAX)? {
        CHECKS.delete(tx, &key)?;
    }
    for (key, _) in DAYS.list(tx, &Span::of(&id), Direction::Forward, usize::MAX)? {
        DAYS.delete(tx, &key)?;
    }
    tx.publish(Subject::of(&id), &Removed { address: site.address().text() }).map(drop)
}

/// Has a site looked at: once, however often it is asked.
///
/// # Errors
/// Faults of the store only.
pub(super) fn enqueue(tx: &mut Tx<'_>, id: SiteId, due_at: Timestamp) -> Result<JobId> {
    let payload = id.bytes().to_vec();
    jobs::enqueue(tx, New { kind: KIND, lane: CHECKS_NAME, key: Some(id.to_string()), payload, due_at })
}

/// Has a site looked at now, also when a look is due later.
///
/// # Errors
/// `not_found`.
pub(super) fn ask(tx: &mut Tx<'_>, id: SiteId) -> Result<JobId> {
    get(tx, id)?;
    let now = tx.now();
    let job = enqueue(tx, id, now)?;
    let there = jobs::get(tx, job)?;
    if there.state == jobs::State::Ready && there.due_at > now {
        jobs::retry(tx, job)?;
    }
    Ok(job)
}

/// Writes down what was seen, with its event. What failed once is looked at again after a pause before it counts as
/// failed, so that a hiccup warns nobody.
///
/// # Errors
/// Faults of the store only.
pub(super) fn note(tx: &mut Tx<'_>, id: SiteId, seen: &Seen, recheck_ms: i64) -> Result<()> {
    // Removed while it was looked at.
    let Some(mut site) = find(tx, id)? else { return Ok(()) };
    let now = tx.now();
    let is_bad = !seen.problems.is_empty();
    let confirmed = is_bad && confirms(site.latest.as_ref(), now, recheck_ms);
    let certificate = seen.certificate.as_ref();
    let check = Check {
        at: now,
        problems: seen.problems.clone(),
        confirmed,
        took_ms: seen.took_ms,
        days_left: certificate.map(|c| c.days_left(now)),
        expires_at: certificate.map(|c| c.not_after),
        fingerprint: certificate.map(|c| c.fingerprint.clone()),
        machine: seen.machine.clone(),
        protocol: seen.protocol.map(str::to_owned),
    };
    site.checks += 1;
    site.failing_since = if is_bad { site.failing_since.or(Some(now)) } else { None };
    site.shown = certificate.cloned().map(Shown::from).or(site.shown);
    let event = Checked {
        address: site.address().text(),
        number: site.checks,
        problem: check.problems.first().map(|problem| problem.word().to_owned()),
        confirmed,
        days_left: check.days_left,
        expires_at: check.expires_at,
        fingerprint: check.fingerprint.clone(),
        duration_ms: check.took_ms,
    };
    CHECKS.put(tx, &(id, site.checks), &Look(check.clone()))?;
    // The numbers have no gaps, so one goes for each that comes.
    if let Some(old) = site.checks.checked_sub(u32::try_from(CHECKS_KEPT).unwrap_or(u32::MAX)) {
        CHECKS.delete(tx, &(id, old))?;
    }
    site.latest = Some(check);
    SITES.put(tx, &id, &site)?;
    tx.publish(Subject::of(&id), &event)?;
    if is_bad && !confirmed {
        enqueue(tx, id, now.plus_ms(recheck_ms))?;
    }
    Ok(())
}

/// Whether a look that saw something wrong confirms the one before: that saw something wrong too, and was not only just now.
fn confirms(before: Option<&Check>, now: Timestamp, recheck_ms: i64) -> bool {
    before.is_some_and(|before| {
        !before.problems.is_empty() && (before.confirmed || now.since_ms(before.at) >= recheck_ms / 2)
    })
}

/// Sites in a state or all of them, the most urgent first, from behind one on.
///
/// # Errors
/// `not_found` when the one is gone.
pub(super) fn page(
    from: &(impl Read + ?Sized),
    state: Option<State>,
    after: Option<SiteId>,
    limit: usize,
) -> Result<Page<(SiteId, Site)>> {
    let mut span = match state {
        Some(state) => Span::of(&state.place()),
        None => Span::all(),
    };
    if let Some(after) = after {
        let place = get(from, after)?.place();
        span = span.after(&(place, after), Direction::Forward);
    }
    let rows = BY_STATE.page(from, &span, Direction::Forward, limit)?;
    let read = |id: SiteId| SITES.get(from, &id).transpose().map(|site| site.map(|site| (id, site)));
    let items = rows.items.into_iter().filter_map(|(_, id)| read(id)).collect::<Result<_>>()?;
    Ok(Page { items, more: rows.more })
}

/// The looks at a site, the newest first, from before a number on.
///
/// # Errors
/// Faults of the store only.
pub(super) fn checks(
    from: &(impl Read + ?Sized),
    id: SiteId,
    before: Option<u32>,
    limit: usize,
) -> Result<Page<(u32, Check)>> {
    let mut span = Span::of(&id);
    if let Some(before) = before {
        span = span.after(&(id, before), Direction::Backward);
    }
    let page = CHECKS.page(from, &span, Direction::Backward, limit)?;
    let items = page.items.into_iter().map(|((_, number), Look(check))| (number, check)).collect();
    Ok(Page { items, more: page.more })
}

/// For `backroom check`: what was seen and warned of belongs to a site that there is, and no site is the shop's own beside
/// another.
///
/// # Errors
/// Faults of the store only.
pub fn check(snapshot: &Snapshot, findings: &mut Findings) -> Result<()> {
    let own = OWN.list(snapshot, &Span::all(), Direction::Forward, 2)?;
    if own.len() > 1 {
        findings.add("site/1", "More than one site is the shop's own.".to_owned());
    }
    let mut strange = |table: &'static str, id: SiteId| -> Result<()> {
        if !SITES.has(snapshot, &id)? {
            findings.add(table, format!("{id} is no site."));
        }
        Ok(())
    };
    for ((id, _), _) in CHECKS.list(snapshot, &Span::all(), Direction::Forward, usize::MAX)? {
        strange("site_check/1", id)?;
    }
    for ((id, _), _) in DAYS.list(snapshot, &Span::all(), Direction::Forward, usize::MAX)? {
        strange("site_day/1", id)?;
    }
    for (id, _) in WARNED.list(snapshot, &Span::all(), Direction::Forward, usize::MAX)? {
        strange("site_warned/1", id)?;
    }
    Ok(())
}

/// The sites from one on, by their ids.
///
/// # Errors
/// Faults of the store only.
pub(super) fn ids_after(
    from: &(impl Read + ?Sized),
    after: Option<SiteId>,
    limit: usize,
) -> Result<Vec<SiteId>> {
    let span = match after {
        Some(after) => Span::all().after(&after, Direction::Forward),
        None => Span::all(),
    };
    Ok(SITES.list(from, &span, Direction::Forward, limit)?.into_iter().map(|(id, _)| id).collect())
}
