//! One message as it goes over the wire: the same bytes whenever it is sent.

use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message};
use std::time::{Duration, UNIX_EPOCH};

/// Who sends or answers.
#[derive(Clone, Copy, Debug)]
pub struct Party<'p> {
    /// May be empty.
    pub name: &'p str,
    pub address: &'p str,
}

/// A message to one recipient.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'l> {
    /// Unique, without the angle brackets.
    pub message_id: &'l str,
    pub at: Timestamp,
    pub from: Party<'l>,
    /// Where answers go, when not to the sender.
    pub reply_to: Option<&'l str>,
    pub to: &'l str,
    pub subject: &'l str,
    pub text: &'l str,
    pub html: &'l str,
    /// The message it goes on from, without the angle brackets.
    pub in_reply_to: Option<&'l str>,
    /// No person wrote it.
    pub is_automatic: bool,
}

/// An address as the protocol has it.
pub(super) fn address(text: &str) -> Result<Address> {
    text.parse().map_err(|e: lettre::address::AddressError| {
        Error::invalid("invalid_email", "Enter an e-mail address such as anna@example.com.").because(e)
    })
}

/// Whether the protocol has this address: some that people have are not in it.
pub fn is_address(text: &str) -> bool {
    address(text).is_ok()
}

impl Letter<'_> {
    /// The message with its headers.
    ///
    /// # Errors
    /// `invalid_email` for an address that the protocol does not have.
    pub(super) fn message(&self) -> Result<Message> {
        // A line end in a header would begin another one.
        let line = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        // The name is the shop's own: one that looks like an encoded word is written so that it is none.
        let name = Some(line(self.from.name).replace("=?", "= ?")).filter(|name| !name.is_empty());
        let sent_at = UNIX_EPOCH + Duration::from_millis(u64::try_from(self.at.0).unwrap_or(0));
        let mut builder = Message::builder()
            .message_id(Some(format!("<{}>", self.message_id)))
            .date(sent_at)
            .from(Mailbox::new(name, address(self.from.address)?))
            .to(Mailbox::new(None, address(self.to)?));
        builder = subject(builder, line(self.subject));
        if self.is_automatic {
            // So that no out-of-office note answers it (RFC 3834).
            let name = HeaderName::new_from_ascii_str("Auto-Submitted");
            builder = builder.raw_header(HeaderValue::new(name, "auto-generated".to_owned()));
        }
        if let Some(before) = self.in_reply_to {
            // Mail programs keep together what goes on from one another (RFC 5322, 3.6.4).
            let before = format!("<{}>", line(before));
            builder = builder.in_reply_to(before.clone()).references(before);
        }
        if let Some(reply_to) = self.reply_to {
            builder = builder.reply_to(Mailbox::new(None, address(reply_to)?));
        }
        let boundary: String = self.message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let parts = MultiPart::alternative()
            .boundary(format!("part-{boundary}"))
            .singlepart(SinglePart::plain(self.text.to_owned()))
            .singlepart(SinglePart::html(self.html.to_owned()));
        builder.multipart(parts).map_err(Error::internal)
    }
}

/// Bytes in an encoded word: with its frame and the header's name a line stays below 76 characters (RFC 2047, 2).
const WORD_BYTES: usize = 39;

/// The subject as it was written. The library encodes only what is not ASCII; text that looks like an encoded word, which
/// a stranger may have written, would be shown as what it says when it is decoded.
fn subject(builder: MessageBuilder, text: String) -> MessageBuilder {
    if !text.contains("=?") {
        return builder.subject(text);
    }
    let mut words = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= WORD_BYTES => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    let words = words.iter().map(|word| format!("=?utf-8?b?{}?=", BASE64_STANDARD.encode(word)));
    let encoded = words.collect::<Vec<_>>().join("\r\n ");
    let name = HeaderName::new_from_ascii_str("Subject");
    builder.raw_header(HeaderValue::dangerous_new_pre_encoded(name, text, encoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter<'l>(subject: &'l str, name: &'l str) -> Letter<'l> {
        Letter {
            message_id: "mal_1@example.com",
            at: Timestamp::parse("2026-11-20T10:00:00Z").unwrap(),
            from: Party { name, address: "shop@example.com" },
            reply_to: Some("help@example.com"),
            to: "anna@example.com",
            subject,
            text: "Grüße",
            html: "<p>Grüße</p>",
            in_reply_to: None,
            is_automatic: true,
        }
    }

    #[test]
    fn the_same_letter_has_the_same_bytes() {
        let bytes = || letter("Order 1", "Lumo").message().unwrap().formatted();
        assert_eq!(bytes(), bytes());
        let text = String::from_utf8(bytes()).unwrap();
        for line in [
            "Message-ID: <mal_1@example.com>",
            "Date: Fri, 20 Nov 2026 10:00:00 +0000",
            "From: Lumo <shop@example.com>",
            "Reply-To: help@example.com",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn an_answer_goes_on_from_the_mail_before_it_and_is_no_machine_s() {
        let by_hand = Letter {
            in_reply_to: Some("mal_0@example.com\r\nBcc: all@example.com"),
            is_automatic: false,
            ..letter("Re: Parcel", "Lumo")
        };
        let text = String::from_utf8(by_hand.message().unwrap().formatted()).unwrap();
        assert!(
            text.contains("In-Reply-To: <mal_0@example.com") && text.contains("References: <mal_0@"),
            "{text}"
        );
        assert!(!text.contains("Auto-Submitted") && !text.contains("\r\nBcc"), "{text}");
    }

    #[test]
    fn a_subject_is_read_as_it_was_written() {
        let long = "a =?utf-8?q?b?= c ".repeat(20);
        for subject in [
            "Order 1",
            "Grüße aus Köln",
            "=?utf-8?q?Your_password_expired?=",
            "Re: =?iso-8859-1?b?SGVsbG8=?= and =?",
            "=?utf-8?b?SGVsbG8=?= =?utf-8?b?SGVsbG8=?=",
            "日本 =?utf-8?q?x?= Grüße",
            long.trim(),
        ] {
            let bytes = letter(subject, "Lumo").message().unwrap().formatted();
            let read = mail_parser::MessageParser::default().parse(&bytes).unwrap();
            assert_eq!(read.subject(), Some(subject));
            let text = String::from_utf8(bytes).unwrap();
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.lines().all(|line| line.len() <= 78), "{head}");
        }
        let bytes = letter("x", "=?utf-8?q?Bank?=").message().unwrap().formatted();
        let read = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(read.from().unwrap().first().unwrap().name(), Some("= ?utf-8?q?Bank?="));
    }

    #[test]
    fn no_text_becomes_a_header() {
        let evil = "Order\r\nBcc: all@example.com\r\n\r\nx";
        let bytes =
            letter(evil, "Lumo\" <x@example.com>\r\nBcc: all@example.com").message().unwrap().formatted();
        let text = String::from_utf8(bytes).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
        assert!(Letter { to: "a@b.example\r\nBcc: x@example.com", ..letter("a", "b") }.message().is_err());
    }
}
