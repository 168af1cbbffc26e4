//! From a mail that is to be sent to the words of it: the template of its moment, filled with the order as it is now.

use super::answers;
use super::desk::Post;
use super::model::{Content, Mail, State};
use super::moments::{Matter, Moment};
use super::scene::Writer;
use super::settings;
use super::templates::{self, Source, Written};
use crate::access::{profile, staff};
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::outbound::smtp;
use crate::shop::messages;
use crate::shop::orders;
use crate::shop::sites;
use crate::store::{Snapshot, events};
use serde_json::Value;

/// What a mail says now; `None` when what it is about is gone.
///
/// # Errors
/// Faults of the store; `invalid_template` only for a built-in one.
pub(super) fn content(post: &Post, s: &Snapshot, mail: &Mail, now: Timestamp) -> Result<Option<Content>> {
    let Some(moment) = Moment::from_word(&mail.moment) else { return Ok(None) };
    let (settings, profile) = (settings::get(s)?, profile::get(s)?);
    let writer =
        Writer { settings: &settings, profile: &profile, language: &mail.language, base: post.base() };
    let mut reply_to = Some(settings.reply_to.clone()).filter(|address| !address.is_empty());
    let event = mail.event.map(|seq| events::get(s, seq)).transpose()?.flatten();
    let values = match (mail.order, mail.message, mail.site) {
        (Some(id), _, _) => match orders::find(s, id)? {
            Some(order) => writer.of_order(s, &order, event.as_ref())?,
            None => return Ok(None),
        },
        (None, Some(id), _) => {
            let Some(message) = messages::find(s, id)? else { return Ok(None) };
            let reply = mail.reply.map(|number| messages::reply(s, id, number)).transpose()?;
            if moment == Moment::NewMessage {
                // Whoever is told answers who wrote, by answering the mail.
                reply_to = Some(message.email.clone()).filter(|address| smtp::is_address(address));
            }
            writer.of_message(&message, reply.as_ref())?
        }
        (None, None, Some(id)) => match sites::find(s, id)? {
            Some(site) => writer.of_site(id, &site, now)?,
            None => return Ok(None),
        },
        (None, None, None) if moment.matter() == Matter::Job => match &event {
            Some(event) => writer.of_job(event)?,
            None => return Ok(None),
        },
        (None, None, None) if moment.matter() == Matter::Schedule => match &event {
            Some(event) => writer.of_schedule(event)?,
            None => return Ok(None),
        },
        (None, None, None) => match staff::find_by_email(s, &mail.to)? {
            Some(person) => writer.of_staff(&person)?,
            None => return Ok(None),
        },
    };
    let own = templates::own(s, moment, &mail.language)?;
    let built_in = templates::built_in(moment, &mail.language);
    let written = written(own.map(|template| template.source), &built_in, &values, mail)?;
    Ok(Some(Content {
        from_name: writer.sender().to_owned(),
        from: settings.address.clone(),
        reply_to,
        subject: written.subject,
        text: written.text,
        html: written.html,
        at: now,
        in_reply_to: before(s, mail)?,
    }))
}

/// The mail that an answer goes on from: the one of the answer before it, if that was sent.
fn before(s: &Snapshot, mail: &Mail) -> Result<Option<String>> {
    let (Some(message), Some(number)) = (mail.message, mail.reply) else { return Ok(None) };
    for earlier in (1..number).rev() {
        if let Some((_, found)) = answers::mail_of(s, message, earlier)?
            && found.state == State::Sent
        {
            return Ok(Some(found.message_id));
        }
    }
    Ok(None)
}

/// By the template of staff; where it cannot take this very order, by the built-in one: a mail that looks otherwise is
/// better than none.
fn written(own: Option<Source>, built_in: &Source, values: &Value, mail: &Mail) -> Result<Written> {
    if let Some(own) = own {
        match templates::write(&own, values) {
            Ok(written) => return Ok(written),
            Err(error) => tracing::warn!(
                moment = mail.moment,
                "a template could not be used, the built-in one was: {}",
                error.message
            ),
        }
    }
    templates::write(built_in, values)
}
