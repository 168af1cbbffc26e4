//! What the shop says of its mails: who sends them, which moments are on, how many a day, in which language.

use super::events::SettingsChanged;
use super::moments::{Audience, LANGUAGES, Moment};
use super::ops;
use crate::base::email;
use crate::base::error::{Checks, Error, Result};
use crate::base::unseen::shown;
use crate::store::{Read, Record, Subject, Table, Tx};
use crate::work::subscriptions;
use minicbor::{Decode, Encode};

pub(super) const SETTINGS: Table<u8, Settings> = Table::new("mail_settings/1");
/// There is one.
const ONLY: u8 = 0;
/// The name of the subscription, and of the lane of its jobs.
pub(super) const LANE: &str = "mail";
/// The mails of this shop, as the subject of their events.
pub(super) const SUBJECT: Subject = Subject { kind: "mail", id: [0; 16] };
const NAME_MAX: usize = 80;
/// Mails a day at most that can be set.
const DAILY_MOST: u32 = 100_000;

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Settings {
    /// The name of the sender; the shop's, when empty.
    #[n(0)]
    pub(super) name: String,
    /// The address of the sender.
    #[n(1)]
    pub(super) address: String,
    /// Where answers go; to the sender, when empty.
    #[n(2)]
    pub(super) reply_to: String,
    /// Where the shop itself is written to.
    #[n(3)]
    pub(super) notices_to: String,
    /// The words of the moments that are on.
    #[n(4)]
    pub(super) on: Vec<String>,
    #[n(5)]
    pub(super) daily_limit: u32,
    /// For whom no language is known, or none there are templates in.
    #[n(6)]
    pub(super) language: String,
    /// Rises with every change.
    #[n(7)]
    pub(super) version: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: String::new(),
            address: String::new(),
            reply_to: String::new(),
            notices_to: String::new(),
            on: Vec::new(),
            daily_limit: 1_000,
            language: "en".to_owned(),
            version: 0,
        }
    }
}

impl Record for Settings {
    type Key = u8;
}

impl Settings {
    pub(super) fn is_on(&self, moment: Moment) -> bool {
        self.on.iter().any(|word| word == moment.word())
    }
    /// The kinds of events that matter. With a sender there are some, whatever is switched off: mails written by hand wait
    /// in the same lane, which has to stand still in a restored shop.
    fn kinds(&self) -> Vec<String> {
        let by_hand = Moment::ALL.iter().filter(|m| m.is_by_hand() && !self.address.is_empty()).copied();
        let on = Moment::switches().filter(|m| self.is_on(*m));
        let mut kinds: Vec<String> = on.chain(by_hand).flat_map(Moment::events).map(str::to_owned).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

/// # Errors
/// Faults of the store only.
pub(super) fn get(from: &(impl Read + ?Sized)) -> Result<Settings> {
    Ok(SETTINGS.get(from, &ONLY)?.unwrap_or_default())
}

/// Holds settings against the rules. `has_server`: a mail server is configured.
///
/// # Errors
/// `validation` with the fields; `mail_not_set_up`.
pub(super) fn checked(wish: &Settings, has_server: bool) -> Result<Settings> {
    let mut checks = Checks::default();
    let name = wish.name.trim().to_owned();
    if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        checks.wrong("/name", "invalid_name", format!("Use at most {NAME_MAX} characters."));
    }
    let mut address = |field: &str, text: &str| match text.trim() {
        "" => String::new(),
        text => checks.keep(field, email::parse(text)).unwrap_or_default(),
    };
    let new = Settings {
        address: address("/address", &wish.address),
        reply_to: address("/reply_to", &wish.reply_to),
        notices_to: address("/notices_to", &wish.notices_to),
        name,
        on: Moment::switches()
            .map(|moment| moment.word().to_owned())
            .filter(|word| wish.on.contains(word))
            .collect(),
        ..wish.clone()
    };
    if let Some(strange) = wish.on.iter().find(|word| !Moment::switches().any(|m| m.word() == **word)) {
        let shown = shown(strange, 40);
        checks.wrong("/on", "invalid_choice", format!("There is no moment “{shown}”."));
    }
    if !new.on.is_empty() && wish.address.trim().is_empty() {
        checks.wrong("/address", "required", "Enter the address that mails come from.");
    }
    let tells_shop = Moment::switches().any(|m| m.audience() == Audience::Shop && new.is_on(m));
    if tells_shop && wish.notices_to.trim().is_empty() {
        checks.wrong(
            "/notices_to",
            "required",
            "Enter the address where the shop is told of new orders and messages.",
        );
    }
    if !(1..=DAILY_MOST).contains(&wish.daily_limit) {
        checks.wrong("/daily_limit", "out_of_range", "Enter a number from 1 to 100000.");
    }
    if !LANGUAGES.iter().any(|(word, _)| *word == wish.language) {
        let all: Vec<&str> = LANGUAGES.iter().map(|(word, _)| *word).collect();
        checks.wrong("/language", "invalid_choice", format!("Choose one of {}.", all.join(", ")));
    }
    checks.finish()?;
    if !new.on.is_empty() && !has_server {
        let text = "No mail server is configured, so no mail can be switched on. Set mail.host in the configuration.";
        return Err(Error::conflict("mail_not_set_up", text));
    }
    Ok(new)
}

/// Sets them. What is switched on tells of what happens from now on.
///
/// # Errors
/// `version_mismatch`.
pub(super) fn set(tx: &mut Tx<'_>, new: &Settings, seen: Option<u64>, epoch: [u8; 16]) -> Result<Settings> {
    let before = get(tx)?;
    if seen.is_some_and(|seen| seen != before.version) {
        let text = "The settings were changed in the meantime. Look at what is there now, then save again.";
        return Err(Error::conflict("version_mismatch", text));
    }
    let mut changes = Vec::new();
    let mut note = |field: &'static str, before: String, after: String| {
        if before != after {
            changes.push((field, before, after));
        }
    };
    note("name", before.name.clone(), new.name.clone());
    note("address", before.address.clone(), new.address.clone());
    note("reply_to", before.reply_to.clone(), new.reply_to.clone());
    note("notices_to", before.notices_to.clone(), new.notices_to.clone());
    note("on", before.on.join(", "), new.on.join(", "));
    note("daily_limit", before.daily_limit.to_string(), new.daily_limit.to_string());
    note("language", before.language.clone(), new.language.clone());
    if changes.is_empty() {
        return Ok(before);
    }
    let after = Settings { version: before.version + 1, ..new.clone() };
    SETTINGS.put(tx, &ONLY, &after)?;
    let seq = tx.publish(SUBJECT, &SettingsChanged { changes })?;
    if after.daily_limit > before.daily_limit {
        ops::hasten(tx)?;
    }
    let (kinds, exists) = (after.kinds(), subscriptions::get(tx, LANE).is_ok());
    match (kinds.is_empty(), exists) {
        (true, true) => subscriptions::remove(tx, LANE)?,
        (true, false) => {}
        (false, true) => subscriptions::refilter(tx, LANE, kinds)?,
        (false, false) => subscriptions::add(tx, LANE, kinds, seq, epoch)?,
    }
    Ok(after)
}

/// Before the loops start: a later version may follow more kinds of events for what is switched on.
///
/// # Errors
/// Faults of the store only.
pub(super) fn settle(tx: &mut Tx<'_>) -> Result<()> {
    ops::settle(tx)?;
    let kinds = get(tx)?.kinds();
    match subscriptions::get(tx, LANE) {
        Ok(there) if !kinds.is_empty() && there.kinds != kinds => subscriptions::refilter(tx, LANE, kinds),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_said_field_by_field() {
        let on = Settings {
            on: vec!["order_placed".to_owned()],
            address: "a@example.com".to_owned(),
            ..Settings::default()
        };
        assert_eq!(checked(&on, true).unwrap().on, ["order_placed"]);
        assert_eq!(checked(&on, false).unwrap_err().code, "mail_not_set_up");
        assert!(checked(&Settings::default(), false).is_ok());
        let wrong = Settings {
            on: vec!["new_order".to_owned(), "nonsense".to_owned()],
            daily_limit: 0,
            language: "fr".to_owned(),
            reply_to: "x".to_owned(),
            ..Settings::default()
        };
        let fields: Vec<String> =
            checked(&wrong, true).unwrap_err().fields.into_iter().map(|f| f.pointer).collect();
        assert_eq!(fields, ["/reply_to", "/on", "/address", "/notices_to", "/daily_limit", "/language"]);
    }
}
