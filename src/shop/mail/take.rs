//! From an event to the mails that follow it, in the transaction that moves the place of the subscription.

use super::model::{Mail, State};
use super::moments::{Audience, Matter, Moment, language};
use super::ops::{self, New};
use super::settings::{self, LANE, Settings};
use crate::access::staff::{self, StaffId};
use crate::base::email;
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::base::time::DAY_MS;
use crate::shop::customers::{self, Customer};
use crate::shop::messages::{self, MessageId};
use crate::shop::orders::{self, Order, OrderId, happened_at};
use crate::shop::sites::{self, SiteId};
use crate::store::{Read, StoredEvent, Tx, events};
use crate::work::subscriptions::{About, Subscriber};

/// What is older tells nobody anything any more.
const STALE_MS: i64 = 3 * DAY_MS;
/// The newest mails of an order that are looked through for one of them.
const LOOKED_AT: usize = 100;
const STALE: &str = "It would have come too late: what it tells of is more than three days old.";

/// Makes mails of events.
pub(super) struct Notices {
    pub(super) hold_ms: i64,
}

impl Subscriber for Notices {
    fn prefix(&self) -> &'static str {
        LANE
    }
    fn about(&self, _from: &dyn Read, _name: &str) -> Result<About> {
        Ok(About {
            title: "Mail".to_owned(),
            sentence: "Makes a mail for each moment that is switched on.".to_owned(),
            page: None,
        })
    }
    fn leave_out(&self, tx: &mut Tx<'_>) -> Result<()> {
        ops::leave_out(tx)
    }
    fn take(&self, tx: &mut Tx<'_>, _name: &str, event: &StoredEvent) -> Result<()> {
        let settings = settings::get(tx)?;
        for moment in Moment::switches().filter(|m| m.follows(&event.kind) && settings.is_on(*m)) {
            self.tell(tx, moment, event, &settings)?;
        }
        Ok(())
    }
}

impl Notices {
    fn tell(&self, tx: &mut Tx<'_>, moment: Moment, event: &StoredEvent, settings: &Settings) -> Result<()> {
        let key = format!("{}/{}/{}", moment.word(), event.subject, event.id);
        let found = match moment.matter() {
            Matter::Order => of_order(tx, moment, event, settings)?,
            Matter::Message => of_message(tx, event, settings)?,
            Matter::Site => of_site(tx, event, settings)?,
            Matter::Staff => of_staff(tx, event, settings)?,
            Matter::Job => of_job(tx, event, settings)?,
            Matter::Schedule => of_schedule(event, settings),
        };
        let Some(new) = found else { return Ok(()) };
        let new = New { moment: moment.word(), key, by: String::new(), ..new };
        let is_stale = tx.now().since_ms(happened_at(event)) > STALE_MS;
        let due_at = tx.now().plus_ms(self.hold_ms);
        let Some(id) = ops::add(tx, new, &settings.address, due_at)? else { return Ok(()) };
        if is_stale {
            ops::end(tx, id, State::Dropped, STALE)?;
        }
        Ok(())
    }
}

/// A mail about an order. Those that an import brought tell nobody anything: they are history, and of another shop.
fn of_order(tx: &Tx<'_>, moment: Moment, event: &StoredEvent, settings: &Settings) -> Result<Option<New>> {
    let Some(id) = event.subject.id_as::<OrderId>() else { return Ok(None) };
    let Some(order) = orders::find(tx, id)?.filter(|order| order.imported.is_none()) else { return Ok(None) };
    let is_again = event.data.get("again").and_then(serde_json::Value::as_bool) == Some(true);
    let event = if is_again {
        match untold(tx, moment, &order)? {
            Some(first) => first,
            // It was told when it was noted first, or is about to be.
            None => return Ok(None),
        }
    } else {
        event.seq
    };
    let customer = customer_of(tx, &order)?;
    let own = customer.as_ref().map(|c| c.language.as_str()).unwrap_or_default();
    let (to, language) = match moment.audience() {
        Audience::Shop => (Some(settings.notices_to.clone()), settings.language.clone()),
        _ => (recipient(&order, customer.as_ref()), language(own, &settings.language).to_owned()),
    };
    let to = to.filter(|to| email::parse(to).is_ok());
    let event = moment.tells_of_one().then_some(event);
    Ok(to.map(|to| New { to, language, order: Some((order.id, order.number)), event, ..New::default() }))
}

/// The event of a fact that is true again and of which nobody was told: its mail came to its turn while it was taken back.
fn untold(tx: &Tx<'_>, moment: Moment, order: &Order) -> Result<Option<u64>> {
    let mails = ops::about(tx, order.id, LOOKED_AT)?.items;
    let of_this = || mails.iter().map(|(_, mail)| mail).filter(|mail| mail.moment == moment.word());
    for seq in of_this().filter(|mail| mail.state == State::Dropped).filter_map(|mail| mail.event) {
        let is_told = of_this().any(|mail| mail.event == Some(seq) && mail.state != State::Dropped);
        let first = events::get(tx, seq)?;
        if !is_told && first.is_some() && moment.passed(order, first.as_ref()).is_none() {
            return Ok(Some(seq));
        }
    }
    Ok(None)
}

fn customer_of(from: &impl Read, order: &Order) -> Result<Option<Customer>> {
    match order.customer {
        Some(id) => customers::find(from, id),
        None => Ok(None),
    }
}

/// The address that an order is told of at: its own, else that of whose it is.
fn recipient(order: &Order, customer: Option<&Customer>) -> Option<String> {
    order.email.clone().or_else(|| customer?.email.clone())
}

/// Where a mail about an order goes as things are now: an address may be corrected while the mail waits. `None` where nothing is
/// to be looked at: the mail is not to the customer, somebody chose its address, or it was tried already.
///
/// # Errors
/// Faults of the store only.
pub(super) fn readdressed(tx: &Tx<'_>, moment: Moment, mail: &Mail) -> Result<Option<String>> {
    let is_fixed = !mail.by.is_empty() || !mail.attempts.is_empty() || mail.state != State::Queued;
    let Some(id) = mail.order.filter(|_| !is_fixed && moment.audience() == Audience::Customer) else {
        return Ok(None);
    };
    let Some(order) = orders::find(tx, id)? else { return Ok(None) };
    let to = recipient(&order, customer_of(tx, &order)?.as_ref());
    Ok(to.filter(|to| *to != mail.to && email::parse(to).is_ok()))
}

/// A notice to the shop of a message. What is taken for spam is told to nobody.
fn of_message(tx: &Tx<'_>, event: &StoredEvent, settings: &Settings) -> Result<Option<New>> {
    let Some(id) = event.subject.id_as::<MessageId>() else { return Ok(None) };
    let suspected = event.data.get("suspected").is_some_and(|why| !why.is_null());
    if suspected || messages::find(tx, id)?.is_none() || email::parse(&settings.notices_to).is_err() {
        return Ok(None);
    }
    let (to, language) = (settings.notices_to.clone(), settings.language.clone());
    Ok(Some(New { to, language, message: Some((id, None)), ..New::default() }))
}

fn of_staff(tx: &Tx<'_>, event: &StoredEvent, settings: &Settings) -> Result<Option<New>> {
    // Who changes the own password knows of it.
    if event.data.get("by_self").and_then(serde_json::Value::as_bool) == Some(true) {
        return Ok(None);
    }
    let Some(id) = event.subject.id_as::<StaffId>() else { return Ok(None) };
    let person = staff::find(tx, id)?.filter(|person| person.active);
    Ok(person.map(|person| New { to: person.email, language: settings.language.clone(), ..New::default() }))
}

/// A job that is over, to who started it and still works here.
fn of_job(tx: &Tx<'_>, event: &StoredEvent, settings: &Settings) -> Result<Option<New>> {
    let by = event.data.get("by").and_then(serde_json::Value::as_str).unwrap_or_default();
    let Ok(id) = StaffId::parse(by) else { return Ok(None) };
    let person = staff::find(tx, id)?.filter(|person| person.active);
    let (language, event) = (settings.language.clone(), Some(event.seq));
    Ok(person.map(|person| New { to: person.email, language, event, ..New::default() }))
}

/// A schedule that failed, to the shop.
fn of_schedule(event: &StoredEvent, settings: &Settings) -> Option<New> {
    email::parse(&settings.notices_to).ok()?;
    let (to, language) = (settings.notices_to.clone(), settings.language.clone());
    Some(New { to, language, event: Some(event.seq), ..New::default() })
}

/// A warning about a site, to the shop.
fn of_site(tx: &Tx<'_>, event: &StoredEvent, settings: &Settings) -> Result<Option<New>> {
    let Some(id) = event.subject.id_as::<SiteId>() else { return Ok(None) };
    if sites::find(tx, id)?.is_none() || email::parse(&settings.notices_to).is_err() {
        return Ok(None);
    }
    let (to, language) = (settings.notices_to.clone(), settings.language.clone());
    Ok(Some(New { to, language, site: Some(id), ..New::default() }))
}
