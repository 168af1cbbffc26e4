//! How messages are shown: the words of their states, their folders, and who minds them.

use crate::access::staff::{self, StaffId, StaffMember};
use crate::base::error::{Error, Result};
use crate::shop::messages::{Folder, Message, State};
use crate::store::Read;
use crate::web::parts::{Badge, Fill, Tone};

/// The views of the list: word, label.
pub(super) const VIEWS: &[(&str, &str)] = &[
    ("open", "Open"),
    ("mine", "Mine"),
    ("unassigned", "Unassigned"),
    ("closed", "Closed"),
    ("spam", "Spam"),
];

/// The folder of a word; `me` is who looks.
///
/// # Errors
/// `invalid_parameter`.
pub(super) fn folder(word: &str, me: Option<StaffId>) -> Result<Folder> {
    Ok(match (word, me) {
        ("" | "open", _) => Folder::Open,
        ("mine", Some(me)) => Folder::Of(me),
        ("mine", None) => {
            let text = "view: a key is nobody who minds messages. Use open, unassigned, closed, spam or all.";
            return Err(Error::invalid("invalid_parameter", text).on("/view"));
        }
        ("unassigned", _) => Folder::Unassigned,
        ("closed", _) => Folder::Closed,
        ("spam", _) => Folder::Spam,
        ("all", _) => Folder::All,
        _ => {
            let text = "view: use open, mine, unassigned, closed, spam or all.";
            return Err(Error::invalid("invalid_parameter", text).on("/view"));
        }
    })
}

/// The state as word, colour and shape.
pub(in crate::shop::desk) fn badge(message: &Message) -> Badge {
    match message.state {
        State::Open if message.has_failed => Badge::new("Not sent", Tone::Bad, Fill::Empty),
        State::Open if !message.is_answered() => Badge::new("New", Tone::Warn, Fill::Empty),
        State::Open => Badge::new("Answered", Tone::Info, Fill::Half),
        State::Closed => Badge::new(State::Closed.label(), Tone::Ok, Fill::Full),
        State::Spam => Badge::new(State::Spam.label(), Tone::Still, Fill::Empty),
    }
}

/// The members of staff, to name who minds a message.
#[derive(Default)]
pub(super) struct People(Vec<StaffMember>);

impl People {
    /// # Errors
    /// Faults of the store only.
    pub(super) fn of(r: &impl Read) -> Result<Self> {
        staff::list(r).map(Self)
    }
    pub(super) fn name(&self, id: StaffId) -> String {
        let found = self.0.iter().find(|person| person.id == id);
        found.map_or_else(|| "Somebody who left".to_owned(), |person| person.name.clone())
    }
    /// Those who may mind messages.
    pub(super) fn who_may(&self) -> impl Iterator<Item = &StaffMember> {
        self.0.iter().filter(|person| person.active && person.role.may("messages:reply"))
    }
}
