//! How mails are shown, on pages and in the API: the words of moments and states.

use super::model::State;
use super::moments::Moment;
use super::ops::TEST;
use crate::web::parts::{Badge, Fill, Tone};

/// The words for the moment of a mail.
pub(super) fn label(moment: &str) -> &str {
    match Moment::from_word(moment) {
        Some(moment) => moment.label(),
        None if moment == TEST => "Test",
        None => moment,
    }
}

/// The state as word, colour and shape. `was_tried`: the server said no at least once.
pub(super) fn badge(state: State, was_tried: bool) -> Badge {
    let (label, tone, fill) = match state {
        State::Queued if was_tried => ("Tried again later", Tone::Warn, Fill::Half),
        State::Queued => (state.label(), Tone::Info, Fill::Empty),
        State::Sending => (state.label(), Tone::Info, Fill::Half),
        State::Sent => (state.label(), Tone::Ok, Fill::Full),
        State::Failed => (state.label(), Tone::Bad, Fill::Full),
        State::Cancelled | State::Dropped => (state.label(), Tone::Still, Fill::Empty),
    };
    Badge::new(label, tone, fill)
}
