//! A message as it comes in: what it may hold, and what is said of it when it does not fit.

use crate::base::email;
use crate::base::error::{Checks, Error, Result};
use crate::base::origin;
use crate::shop::customers;
use std::collections::BTreeMap;

pub const NAME_LEN_MAX: usize = 120;
pub const SUBJECT_LEN_MAX: usize = 200;
/// Of a phone number and of the number of an order.
pub const WORD_LEN_MAX: usize = 60;
pub const PAGE_LEN_MAX: usize = 500;

/// What somebody wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMessage {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub subject: String,
    pub body: String,
    pub order_number: String,
    pub page: String,
    pub language: String,
    pub metadata: BTreeMap<String, String>,
    /// The field that people do not see and programs fill in.
    pub trap: String,
}

impl NewMessage {
    /// Holds it against the rules.
    ///
    /// # Errors
    /// `validation` with every field that needs a change.
    pub fn checked(&self) -> Result<Self> {
        let mut checks = Checks::default();
        let mut line = |field: &str, text: &str, most: usize| {
            checks.keep(&format!("/{field}"), short(text, most)).unwrap_or_default()
        };
        let (name, subject) =
            (line("name", &self.name, NAME_LEN_MAX), line("subject", &self.subject, SUBJECT_LEN_MAX));
        let phone = line("phone", &self.phone, WORD_LEN_MAX);
        let order_number = line("order_number", &self.order_number, WORD_LEN_MAX);
        let page = line("page", &self.page, PAGE_LEN_MAX);
        if !page.is_empty() && origin::of_url(&page).is_none() {
            checks.wrong(
                "/page",
                "invalid_page",
                "Send the address of a page, such as https://shop.example.com/contact.",
            );
        }
        let email = if self.email.trim().is_empty() {
            checks.wrong("/email", "required", "Enter an e-mail address, so that we can answer.");
            String::new()
        } else {
            checks.keep("/email", email::parse(&self.email)).unwrap_or_default()
        };
        let body = checks.keep("/body", customers::many_lines(&self.body)).unwrap_or_default();
        if body.is_empty() && self.body.trim().is_empty() {
            checks.wrong("/body", "required", "Write a message.");
        }
        let new = Self {
            name,
            email,
            phone,
            subject,
            body,
            order_number,
            page,
            language: checks.keep("/language", customers::language(&self.language)).unwrap_or_default(),
            metadata: checks.keep("/metadata", customers::metadata(&self.metadata)).unwrap_or_default(),
            trap: self.trap.trim().to_owned(),
        };
        checks.finish()?;
        Ok(new)
    }
}

/// One line of at most so many characters.
fn short(text: &str, most: usize) -> Result<String> {
    let text = customers::one_line(text)?;
    if text.chars().count() > most {
        return Err(Error::invalid("too_long", format!("Use at most {most} characters.")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least() -> NewMessage {
        NewMessage {
            email: " anna@example.com ".to_owned(),
            body: "Where is\r\nmy parcel?\r\n".to_owned(),
            ..NewMessage::default()
        }
    }

    #[test]
    fn address_and_text_are_enough() {
        let new = least().checked().unwrap();
        assert_eq!((new.email.as_str(), new.body.as_str()), ("anna@example.com", "Where is\nmy parcel?"));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let wrong = NewMessage {
            name: "x".repeat(121),
            email: "anna".to_owned(),
            phone: "1\r\nBcc: all@example.com".to_owned(),
            subject: "Hello\nBcc: all@example.com".to_owned(),
            body: " \n".to_owned(),
            order_number: "1".repeat(61),
            page: "javascript:alert(1)".to_owned(),
            language: "deutsch und mehr".to_owned(),
            metadata: BTreeMap::from([(String::new(), "x".to_owned())]),
            trap: String::new(),
        };
        let said: Vec<(String, &str)> =
            wrong.checked().unwrap_err().fields.into_iter().map(|f| (f.pointer, f.code)).collect();
        let said: Vec<(&str, &str)> = said.iter().map(|(p, c)| (p.as_str(), *c)).collect();
        assert_eq!(
            said,
            [
                ("/name", "too_long"),
                ("/subject", "control_character"),
                ("/phone", "control_character"),
                ("/order_number", "too_long"),
                ("/page", "invalid_page"),
                ("/email", "invalid_email"),
                ("/body", "required"),
                ("/language", "invalid_language"),
                ("/metadata", "invalid_metadata"),
            ]
        );
        let long = NewMessage { body: "x".repeat(10_001), ..least() };
        assert_eq!(long.checked().unwrap_err().fields[0].code, "too_long");
    }
}
