//! With which values a template of mail is shown: those of an order, a message or a site of the shop, else made-up ones.

use super::PATH;
use crate::access::{profile, staff};
use crate::base::error::{Error, Result};
use crate::shop::mail::moments::{Matter, Moment};
use crate::shop::mail::scene::{self, Writer};
use crate::shop::mail::settings;
use crate::shop::mail::templates;
use crate::shop::messages;
use crate::shop::orders;
use crate::shop::sites;
use crate::store::Snapshot;
use crate::web::letter::names;
use crate::web::parts::Pair;
use serde_json::Value;

/// Characters of a value in the table of names.
const VALUE_MAX: usize = 60;

/// What the page is about.
pub(super) struct Place {
    pub(super) moment: Moment,
    pub(super) language: &'static str,
}

impl Place {
    pub(super) fn of(path: &(String, String)) -> Result<Self> {
        let moment = Moment::from_word(&path.0).ok_or_else(|| Error::not_found("template", &path.0))?;
        Ok(Self { moment, language: templates::known_language(&path.1)? })
    }
    pub(super) fn draft(&self) -> String {
        format!("template-{}-{}", self.moment.word(), self.language)
    }
    pub(super) fn home(&self) -> String {
        format!("{PATH}/templates/{}/{}", self.moment.word(), self.language)
    }
}

/// The values of the shop's own site, else the sample; and whose they are.
fn of_site(place: &Place, s: &Snapshot, writer: &Writer<'_>) -> Result<(Value, String, String)> {
    let Some((id, site)) = sites::of_the_shop(s)? else {
        return Ok((sample(place)?, "a made-up site".to_owned(), String::new()));
    };
    let name = site.address().text();
    let seen_at = site.latest.as_ref().map_or(site.created_at, |check| check.at);
    Ok((writer.of_site(id, &site, seen_at)?, name, String::new()))
}

/// The values of an order by its number, of the newest one without, else the sample; and whose they are.
pub(super) fn values(
    place: &Place,
    s: &Snapshot,
    number: &str,
    base: &str,
    me: &str,
) -> Result<(Value, String, String)> {
    let (settings, profile) = (settings::get(s)?, profile::get(s)?);
    let writer = Writer { settings: &settings, profile: &profile, language: place.language, base };
    if place.moment.matter() == Matter::Message {
        return of_message(place, s, &writer);
    }
    if place.moment.matter() == Matter::Site {
        return of_site(place, s, &writer);
    }
    if place.moment.matter() == Matter::Job {
        return Ok((sample(place)?, "a made-up job".to_owned(), String::new()));
    }
    if place.moment.matter() == Matter::Schedule {
        return Ok((sample(place)?, "a made-up schedule".to_owned(), String::new()));
    }
    if place.moment.matter() == Matter::Staff {
        return match staff::find_by_email(s, me)? {
            Some(person) => Ok((writer.of_staff(&person)?, "your own account".to_owned(), String::new())),
            None => Ok((sample(place)?, "a made-up account".to_owned(), String::new())),
        };
    }
    let number = number.trim().trim_start_matches('#');
    let id = if number.is_empty() {
        orders::recent(s, None, 1)?.pop()
    } else {
        let missing = || Error::invalid("no_such_order", "There is no order with this number.").on("/number");
        let id = number.parse().ok().map(|number: u64| orders::find_by_number(s, number)).transpose()?;
        Some(id.flatten().ok_or_else(missing)?)
    };
    match id {
        Some(id) => {
            let order = orders::get(s, id)?;
            let number = order.number.to_string();
            let mut values = writer.of_order(s, &order, None)?;
            if place.moment == Moment::OrderRefunded {
                as_if_refunded(&mut values);
            }
            Ok((values, format!("order #{number}"), number))
        }
        None => Ok((sample(place)?, "a made-up order".to_owned(), String::new())),
    }
}

/// Which refund a mail would tell of is said by its event; the preview shows the sum of them, and of an order without any
/// its total.
fn as_if_refunded(values: &mut Value) {
    let Some(order) = values.get_mut("order").and_then(Value::as_object_mut) else { return };
    let of = |name: &str| order.get(name).cloned().unwrap_or_default();
    let shown = if of("refunded") == "" { of("total") } else { of("refunded") };
    order.insert("refund".to_owned(), shown.clone());
    order.insert("refunded".to_owned(), shown);
}

/// The newest message, with its answer where there is one.
fn of_message(place: &Place, s: &Snapshot, writer: &Writer<'_>) -> Result<(Value, String, String)> {
    let newest = messages::page(s, messages::Folder::All, None, 1)?.items.pop();
    let Some(message) = newest.filter(|message| message.replies > 0 || !place.moment.is_by_hand()) else {
        return Ok((sample(place)?, "a made-up message".to_owned(), String::new()));
    };
    let number = Some(message.replies).filter(|_| place.moment.is_by_hand());
    let reply = number.map(|number| messages::reply(s, message.id, number)).transpose()?;
    Ok((writer.of_message(&message, reply.as_ref())?, "the newest message".to_owned(), String::new()))
}

fn sample(place: &Place) -> Result<Value> {
    scene::samples(place.moment).map(|[full, _bare]| full)
}

/// The names with their values: of a list those of its first item.
pub(super) fn named(place: &Place, values: &Value) -> Result<Vec<Pair>> {
    let value = |name: &str| {
        let mut at = values;
        for part in name.split('.') {
            at = at.as_array().and_then(|items| items.first()).unwrap_or(at);
            at = at.get(part)?;
        }
        let shown = match at {
            Value::String(text) => text.clone(),
            Value::Array(items) => format!("a list of {}", items.len()),
            Value::Object(_) => return None,
            other => other.to_string(),
        };
        Some(shown.chars().take(VALUE_MAX).collect::<String>())
    };
    let all = names(&scene::samples(place.moment)?);
    let groups = ["shop", "customer", "order", "staff", "message", "reply", "site", "job", "schedule"];
    let pairs = all.into_iter().filter(|name| !groups.contains(&name.as_str()));
    Ok(pairs.map(|name| Pair { value: value(&name).unwrap_or_default(), label: name }).collect())
}
