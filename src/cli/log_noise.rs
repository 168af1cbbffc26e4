//! What strangers can make the log say: connections whose requests cannot be read are counted, and told to who debugs.

use crate::web::metrics::note_unreadable_head;
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Where the library tells of connections that broke.
const TELLS: &str = "actix_http::h1::dispatcher";
/// What it says, as an error, of what is the fault of whoever connected: noise on the port, which scanners of the whole
/// network send every day. Its own faults have other words.
const OF_STRANGERS: &[&str] = &[
    "stream error: request parse error",
    "stream error: request did not complete within the specified timeout",
    "stream error: I/O error",
];

/// Takes such lines out of the log, unless it is to have everything.
pub(super) struct Noise {
    /// Somebody looks for a fault.
    pub(super) shown: bool,
}

impl<S: Subscriber> Layer<S> for Noise {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        if event.metadata().target() != TELLS {
            return true;
        }
        let mut said = Said::default();
        event.record(&mut said);
        let is_noise = OF_STRANGERS.iter().any(|words| said.0.starts_with(words));
        if is_noise {
            note_unreadable_head();
        }
        !is_noise || self.shown
    }
}

/// The message of an event.
#[derive(Default)]
struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::log_line::testing::Kept;
    use tracing_subscriber::layer::SubscriberExt as _;

    #[test]
    fn what_strangers_send_is_no_error_of_ours() {
        let kept = Kept::default();
        let own = kept.clone();
        let log = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_writer(move || own.clone())
            .finish()
            .with(Noise { shown: false });
        tracing::subscriber::with_default(log, || {
            let broken = "request parse error: invalid Header provided";
            tracing::error!(target: TELLS, "stream error: {}", &broken);
            tracing::error!(target: TELLS, "stream error: internal error");
            tracing::error!(target: "backroom", "stream error: request parse error");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("internal error") && !text.contains("invalid Header"), "{text}");
    }
}
