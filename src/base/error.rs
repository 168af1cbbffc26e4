//! The one error type of the program: eight kinds a caller can act on, and stable code words.

use crate::base::unseen::shown;
use std::borrow::Cow;
use std::fmt;

/// The result of everything that can be refused or fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What a caller can do about it. The HTTP status and the exit code follow from it, each in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The input is wrong: change it and try again.
    Invalid,
    /// Nobody is signed in, or the key is unknown.
    Unauthenticated,
    /// Signed in, but not allowed.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// It clashes with the present state: look again.
    Conflict,
    /// Too often: wait.
    TooMany,
    /// Not now: try again soon. The outcome may be unknown.
    Unavailable,
    /// Our fault. The cause is logged, never shown.
    Internal,
}

/// One thing wrong with one field of the input.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// JSON pointer of the field, such as `/lines/0/quantity`; for a form the field's name after `/`.
    pub pointer: String,
    /// Stable code word.
    pub code: &'static str,
    /// What was wrong and what would be right.
    pub detail: String,
}

/// An expected refusal (safe to show) or an internal fault (never shown).
#[derive(Debug)]
pub struct Error {
    pub kind: Kind,
    /// Stable machine word, listed in `registry::CODES`.
    pub code: &'static str,
    /// What happened and what to do, for people.
    pub message: Cow<'static, str>,
    /// All fields that need a change.
    pub fields: Vec<FieldError>,
    /// Seconds after which trying again makes sense.
    pub retry_after_s: Option<u32>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Letters of what somebody asked for that a message repeats.
const SHOWN_MAX: usize = 64;

impl Error {
    /// Any refusal; the named constructors below are shorter.
    pub fn refuse(kind: Kind, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, code, message: message.into(), fields: Vec::new(), retry_after_s: None, source: None }
    }
    /// Input that has to be changed.
    pub fn invalid(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::refuse(Kind::Invalid, code, message)
    }
    /// Input with several wrong fields, all said at once.
    pub fn fields(fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [one] => one.detail.clone(),
            many => format!("{} fields need a change.", many.len()),
        };
        Self { fields, ..Self::invalid("validation", message) }
    }
    /// `what` is the noun ("order"), `id` what was asked for.
    pub fn not_found(what: &'static str, id: impl fmt::Display) -> Self {
        let shown = shown(&id.to_string(), SHOWN_MAX);
        Self::refuse(Kind::NotFound, "not_found", format!("There is no {what} {shown}."))
    }
    /// Clashes with the present state.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::refuse(Kind::Conflict, code, message)
    }
    /// Try again soon; the outcome may be unknown.
    pub fn unavailable(
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
        retry_after_s: u32,
    ) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::refuse(Kind::Unavailable, code, message) }
    }
    /// A fault of ours or of the machine; `source` is logged and never shown.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::refuse(Kind::Internal, "internal", "Something went wrong on our side.")
        }
    }
    /// Adds the field an `invalid` refusal is about.
    #[must_use]
    pub fn on(mut self, pointer: impl Into<String>) -> Self {
        self.fields.push(FieldError {
            pointer: pointer.into(),
            code: self.code,
            detail: self.message.clone().into_owned(),
        });
        self
    }
    /// Says after how many seconds trying again makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
    /// The cause and its causes on one line, for the log only.
    pub fn cause_chain(&self) -> String {
        let mut text = String::new();
        let mut next: Option<&dyn std::error::Error> = std::error::Error::source(self);
        while let Some(cause) = next {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| -> &(dyn std::error::Error + 'static) { e })
    }
}

/// Collects what is wrong with an input, so that a form is refused once with everything.
#[derive(Debug, Default)]
pub struct Checks {
    fields: Vec<FieldError>,
}

impl Checks {
    /// Notes one wrong field.
    pub fn wrong(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.fields.push(FieldError { pointer: pointer.into(), code, detail: detail.into() });
    }
    /// Notes the refusal of a parser under `pointer` and gives the value when there is one.
    pub fn keep<T>(&mut self, pointer: &str, parsed: Result<T>) -> Option<T> {
        self.keep_at(|| pointer.to_owned(), parsed)
    }
    /// The same with a pointer that is only written where it is needed: an import checks millions of fields.
    pub fn keep_at<T>(&mut self, pointer: impl FnOnce() -> String, parsed: Result<T>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(pointer(), error.code, error.message.into_owned());
                None
            }
        }
    }
    /// Goes on with what was found before.
    pub fn of(fields: Vec<FieldError>) -> Self {
        Self { fields }
    }
    /// What was found, to go on with later.
    pub fn into_fields(self) -> Vec<FieldError> {
        self.fields
    }
    /// `Err` with all fields when anything was noted.
    pub fn finish(self) -> Result<()> {
        if self.fields.is_empty() { Ok(()) } else { Err(Error::fields(self.fields)) }
    }
    pub fn is_clean(&self) -> bool {
        self.fields.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_fields_are_said_at_once() {
        let mut checks = Checks::default();
        checks.wrong("/email", "invalid_email", "Enter an e-mail address.");
        assert!(checks.keep("/x", Err::<(), _>(Error::invalid("y", "z"))).is_none());
        let error = checks.finish().unwrap_err();
        assert_eq!((error.code, error.fields.len()), ("validation", 2));
    }

    #[test]
    fn a_cause_is_kept_for_the_log_and_not_shown() {
        let error = Error::internal(std::io::Error::other("disk on fire"));
        assert!(!error.to_string().contains("fire"));
        assert_eq!(error.cause_chain(), "disk on fire");
    }
}
