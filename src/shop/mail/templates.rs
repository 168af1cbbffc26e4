//! The templates of the moments: those that are built in, and those that staff put in their place.

use super::events::{TemplateChanged, TemplateReset};
use super::moments::{LANGUAGES, Moment};
use super::scene;
use super::settings::SUBJECT;
use crate::base::error::{Checks, Error, Result};
use crate::base::time::Timestamp;
use crate::store::{Direction, Read, Record, Span, Table, Tx};
use crate::web::letter::{self, Makes};
use minicbor::{Decode, Encode};
use serde_json::Value;

/// `order_placed.en` → what is in the place of the built-in one.
pub(super) const TEMPLATES: Table<String, Template> = Table::new("mail_template/1");
/// The same with the version → every one there was.
pub(super) const VERSIONS: Table<(String, u32), Kept> = Table::new("mail_template_version/1");
/// Versions of a template that are kept.
const VERSIONS_KEPT: usize = 20;
/// Bytes of a part; a form of all three has to fit into what forms may send.
const PART_MAX: usize = 16 << 10;
const SUBJECT_MAX: usize = 300;

/// A template that staff wrote.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Template {
    #[n(0)]
    pub(super) source: Source,
    #[n(1)]
    pub(super) version: u32,
    #[n(2)]
    pub(super) at: Timestamp,
    #[n(3)]
    pub(super) by: String,
}

/// The three parts of a mail as templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Source {
    #[n(0)]
    pub(super) subject: String,
    #[n(1)]
    pub(super) text: String,
    #[n(2)]
    pub(super) html: String,
}

/// The three parts as they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

impl Record for Template {
    type Key = String;
}

/// The same under a key with its version.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Kept(#[n(0)] Template);

impl Record for Kept {
    type Key = (String, u32);
}

macro_rules! files {
    ($($name:literal,)+) => {
        &[$(($name, include_str!(concat!("../../../templates/", $name))),)+]
    };
}

/// The built-in ones. The first line of a text is the subject.
const FILES: &[(&str, &str)] = files![
    "letters/en/order_placed.txt",
    "letters/en/order_placed.html",
    "letters/en/order_paid.txt",
    "letters/en/order_paid.html",
    "letters/en/order_shipped.txt",
    "letters/en/order_shipped.html",
    "letters/en/order_cancelled.txt",
    "letters/en/order_cancelled.html",
    "letters/en/message_reply.txt",
    "letters/en/message_reply.html",
    "letters/en/new_message.txt",
    "letters/en/new_message.html",
    "letters/en/new_order.txt",
    "letters/en/new_order.html",
    "letters/en/staff_added.txt",
    "letters/en/staff_added.html",
    "letters/en/password_reset.txt",
    "letters/en/password_reset.html",
    "letters/de/order_placed.txt",
    "letters/de/order_placed.html",
    "letters/de/order_paid.txt",
    "letters/de/order_paid.html",
    "letters/de/order_shipped.txt",
    "letters/de/order_shipped.html",
    "letters/de/order_cancelled.txt",
    "letters/de/order_cancelled.html",
    "letters/de/message_reply.txt",
    "letters/de/message_reply.html",
    "letters/de/new_message.txt",
    "letters/de/new_message.html",
    "letters/de/new_order.txt",
    "letters/de/new_order.html",
    "letters/de/staff_added.txt",
    "letters/de/staff_added.html",
    "letters/de/password_reset.txt",
    "letters/de/password_reset.html",
    "letters/en/certificate_expiring.txt",
    "letters/en/certificate_expiring.html",
    "letters/en/certificate_failed.txt",
    "letters/en/certificate_failed.html",
    "letters/en/certificate_recovered.txt",
    "letters/en/certificate_recovered.html",
    "letters/de/certificate_expiring.txt",
    "letters/de/certificate_expiring.html",
    "letters/de/certificate_failed.txt",
    "letters/de/certificate_failed.html",
    "letters/de/certificate_recovered.txt",
    "letters/de/certificate_recovered.html",
    "letters/en/order_refunded.txt",
    "letters/en/order_refunded.html",
    "letters/en/job_ended.txt",
    "letters/en/job_ended.html",
    "letters/en/schedule_failed.txt",
    "letters/en/schedule_failed.html",
    "letters/de/order_refunded.txt",
    "letters/de/order_refunded.html",
    "letters/de/job_ended.txt",
    "letters/de/job_ended.html",
    "letters/de/schedule_failed.txt",
    "letters/de/schedule_failed.html",
];

/// The built-in template.
pub(super) fn built_in(moment: Moment, language: &str) -> Source {
    let file = |ending: &str| {
        let name = format!("letters/{language}/{}.{ending}", moment.word());
        FILES.iter().find(|(file, _)| *file == name).map_or("", |(_, text)| text)
    };
    let (subject, text) = file("txt").split_once("\n\n").unwrap_or_default();
    Source { subject: subject.to_owned(), text: text.to_owned(), html: file("html").to_owned() }
}

fn key(moment: Moment, language: &str) -> String {
    format!("{}.{language}", moment.word())
}

/// A language there are templates in.
///
/// # Errors
/// `not_found`.
pub(super) fn known_language(word: &str) -> Result<&'static str> {
    let known = LANGUAGES.iter().map(|(known, _)| *known).find(|known| *known == word);
    known.ok_or_else(|| Error::not_found("language", word))
}

/// What staff put in the place of the built-in one.
///
/// # Errors
/// Faults of the store only.
pub(super) fn own(from: &(impl Read + ?Sized), moment: Moment, language: &str) -> Result<Option<Template>> {
    TEMPLATES.get(from, &key(moment, language))
}

/// What was there, the newest first.
///
/// # Errors
/// Faults of the store only.
pub(super) fn versions(from: &(impl Read + ?Sized), moment: Moment, language: &str) -> Result<Vec<Template>> {
    let rows = VERSIONS.list(from, &Span::of(&key(moment, language)), Direction::Backward, VERSIONS_KEPT)?;
    Ok(rows.into_iter().map(|(_, Kept(template))| template).collect())
}

/// Holds a template against the rules and runs it for every case.
///
/// # Errors
/// `validation` with the parts: `required`, `too_long`, `invalid_template`, `unknown_variable`.
pub(super) fn checked(moment: Moment, source: &Source) -> Result<()> {
    let mut checks = Checks::default();
    let samples = scene::samples(moment)?;
    for (field, text, makes, most) in [
        ("/subject", &source.subject, Makes::Text, SUBJECT_MAX),
        ("/text", &source.text, Makes::Text, PART_MAX),
        ("/html", &source.html, Makes::Html, PART_MAX),
    ] {
        if text.trim().is_empty() {
            checks.wrong(field, "required", "Write something.");
        } else if text.len() > most {
            checks.wrong(field, "too_long", format!("Use at most {most} bytes."));
        } else if field == "/subject" && text.trim().lines().count() > 1 {
            checks.wrong(field, "invalid_template", "Write one line.");
        } else {
            checks.keep(field, letter::check(text, makes, &samples));
        }
    }
    checks.finish()
}

/// Writes the three parts with values.
///
/// # Errors
/// `invalid_template`, `unknown_variable`.
pub(super) fn write(source: &Source, values: &Value) -> Result<Written> {
    let subject = letter::render(&source.subject, Makes::Text, values)?;
    let subject: String = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Written {
        subject: subject.chars().take(SUBJECT_MAX).collect(),
        text: letter::render(&source.text, Makes::Text, values)?,
        html: letter::render(&source.html, Makes::Html, values)?,
    })
}

/// Puts a template in the place of the present one; it was held against the rules before. `seen` is the version that was
/// on the page, 0 for the built-in one.
///
/// # Errors
/// `version_mismatch`.
pub(super) fn save(
    tx: &mut Tx<'_>,
    moment: Moment,
    language: &str,
    source: &Source,
    seen: u32,
) -> Result<()> {
    let key = key(moment, language);
    let before = TEMPLATES.get(tx, &key)?;
    let present = before.as_ref().map_or_else(|| built_in(moment, language), |t| t.source.clone());
    if present == *source {
        return Ok(());
    }
    if before.as_ref().map_or(0, |t| t.version) != seen {
        let text = "The template was changed in the meantime. Look at what is there now, then save again.";
        return Err(Error::conflict("version_mismatch", text));
    }
    let last = VERSIONS.list(tx, &Span::of(&key), Direction::Backward, 1)?.pop();
    let version = last.map_or(0, |((_, version), _)| version) + 1;
    let new = Template { source: source.clone(), version, at: tx.now(), by: tx.actor().name.clone() };
    TEMPLATES.put(tx, &key, &new.clone())?;
    VERSIONS.put(tx, &(key.clone(), version), &Kept(new))?;
    for ((key, version), _) in VERSIONS
        .list(tx, &Span::of(&key), Direction::Backward, VERSIONS_KEPT + 1)?
        .into_iter()
        .skip(VERSIONS_KEPT)
    {
        VERSIONS.delete(tx, &(key, version))?;
    }
    let event = TemplateChanged { moment: moment.word(), language: language.to_owned(), version };
    tx.publish(SUBJECT, &event).map(drop)
}

/// Puts the built-in template in its place again. What was there stays among the versions.
///
/// # Errors
/// Faults of the store only.
pub(super) fn reset(tx: &mut Tx<'_>, moment: Moment, language: &str) -> Result<()> {
    if TEMPLATES.delete(tx, &key(moment, language))? {
        let event = TemplateReset { moment: moment.word(), language: language.to_owned() };
        tx.publish(SUBJECT, &event)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_template_fits_its_scenes() {
        for moment in Moment::ALL {
            for (language, _) in LANGUAGES {
                let source = built_in(*moment, language);
                assert!(
                    !source.subject.is_empty() && !source.subject.contains('\n'),
                    "{moment:?} {language}"
                );
                checked(*moment, &source).unwrap_or_else(|e| panic!("{moment:?} {language}: {e:?}"));
                let samples = scene::samples(*moment).unwrap();
                let full = write(&source, &samples[0]).unwrap();
                assert!(
                    full.html.starts_with("<!doctype html>") && full.html.contains("lang="),
                    "{}",
                    full.html
                );
                assert!(!full.text.contains("&amp;") && !full.text.contains('<'), "{}", full.text);
                for part in [&full.text, &full.html] {
                    assert!(part.contains("Lumo Shop"), "{moment:?} {language}: {part}");
                }
            }
        }
    }

    #[test]
    fn a_part_that_does_not_fit_is_named() {
        let source =
            Source { subject: "Order {{ order.nubmer }}".into(), text: String::new(), html: "x".into() };
        let error = checked(Moment::OrderPaid, &source).unwrap_err();
        let said: Vec<_> = error.fields.iter().map(|f| (f.pointer.as_str(), f.code)).collect();
        assert_eq!(said, [("/subject", "unknown_variable"), ("/text", "required")]);
        assert!(error.fields[0].detail.contains("Did you mean order.number?"), "{error:?}");
    }
}
