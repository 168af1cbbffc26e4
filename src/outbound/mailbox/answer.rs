//! What an answer of the server says, as far as it matters here.

use super::wire::Fault;
use imap_proto::{AttributeValue, Capability, MailboxDatum, Response, ResponseCode, Status};

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Capabilities in capital letters, such as `AUTH=PLAIN`.
    Capabilities(Vec<String>),
    /// Messages in the folder.
    Exists(u32),
    /// Numbers of messages that were searched for.
    Found(Vec<u32>),
    /// A message, or a part of it.
    Message { uid: Option<u32>, bytes: Vec<u8> },
    /// It waits for the rest of a command.
    GoOn,
    /// It greets, or says something on the way; `is_in` when nobody has to sign in.
    Greets { is_in: bool },
    /// It hangs up.
    Bye(String),
    /// A command is over.
    Over { tag: String, is_ok: bool, is_read_only: bool, text: String },
    /// Something that nobody asked for.
    Aside,
}

impl Said {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        match Response::parse(bytes) {
            Ok(([], response)) => Ok(Self::of(response)),
            // Servers have news of their own that no grammar knows; a message that cannot be read is none of them.
            _ if bytes.starts_with(b"* ") && !is_message(bytes) => Ok(Self::Aside),
            _ => Err(Fault::Strange),
        }
    }

    fn of(response: Response<'_>) -> Self {
        let text = |information: Option<std::borrow::Cow<'_, str>>| {
            information.unwrap_or_default().trim().to_owned()
        };
        match response {
            Response::Capabilities(all) => Self::Capabilities(all.iter().map(word).collect()),
            Response::Continue(_) => Self::GoOn,
            Response::Done { tag, status, outcome } => Self::Over {
                tag: tag.0,
                is_ok: status == Status::Ok,
                is_read_only: outcome.code == Some(ResponseCode::ReadOnly),
                text: text(outcome.information),
            },
            Response::Data { status: Status::Bye, outcome } => Self::Bye(text(outcome.information)),
            Response::Data { status: Status::PreAuth, .. } => Self::Greets { is_in: true },
            Response::Data { status: Status::Ok, .. } => Self::Greets { is_in: false },
            Response::MailboxData(MailboxDatum::Exists(count)) => Self::Exists(count),
            Response::MailboxData(MailboxDatum::Search(all)) => Self::Found(all),
            Response::Fetch(_, attributes) => Self::message(attributes),
            _ => Self::Aside,
        }
    }

    fn message(attributes: Vec<AttributeValue<'_>>) -> Self {
        let (mut uid, mut bytes) = (None, None);
        for attribute in attributes {
            match attribute {
                AttributeValue::Uid(number) => uid = Some(number),
                AttributeValue::BodySection { section: None, data, .. } => {
                    bytes = Some(data.unwrap_or_default().into_owned());
                }
                _ => {}
            }
        }
        // Flags that somebody else has changed come the same way.
        bytes.map_or(Self::Aside, |bytes| Self::Message { uid, bytes })
    }
}

fn is_message(bytes: &[u8]) -> bool {
    let start: Vec<u8> = bytes.iter().take(40).map(u8::to_ascii_uppercase).collect();
    start.windows(7).any(|window| window == b" FETCH ")
}

fn word(capability: &Capability<'_>) -> String {
    match capability {
        Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
        Capability::Auth(way) => format!("AUTH={}", way.to_ascii_uppercase()),
        Capability::Atom(word) => word.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Said {
        Said::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_servers_say_is_understood() {
        let capabilities =
            "* CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN\r\n";
        assert!(
            matches!(read(capabilities), Said::Capabilities(all) if all.contains(&"AUTH=PLAIN".to_owned()))
        );
        let greeting = "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot (Debian) ready.\r\n";
        assert_eq!(read(greeting), Said::Greets { is_in: false });
        assert_eq!(read("* 23 EXISTS\r\n"), Said::Exists(23));
        assert_eq!(read("* SEARCH\r\n"), Said::Found(vec![]));
        assert_eq!(read("* SEARCH 2 84 882\r\n"), Said::Found(vec![2, 84, 882]));
        assert_eq!(
            read("* 12 FETCH (UID 7 BODY[]<0> {3}\r\nabc)\r\n"),
            Said::Message { uid: Some(7), bytes: b"abc".to_vec() }
        );
        assert_eq!(read("* 12 FETCH (FLAGS (\\Seen))\r\n"), Said::Aside);
        assert_eq!(read("* XNEWS of its own\r\n"), Said::Aside);
        assert_eq!(read("+ \r\n"), Said::GoOn);
        assert!(matches!(
            read("a3 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"),
            Said::Over { is_ok: false, text, .. } if text.contains("Authentication failed.")
        ));
        assert!(matches!(
            read("a4 OK [READ-ONLY] Examine completed.\r\n"),
            Said::Over { is_ok: true, is_read_only: true, .. }
        ));
        assert!(matches!(read("* BYE Too many connections\r\n"), Said::Bye(_)));
        assert!(Said::read(b"HTTP/1.1 400 Bad Request\r\n").is_err());
        assert!(Said::read(b"* 12 FETCH (UID 7 BODY[]<0> {3}\r\nabc\r\n").is_err());
    }
}
