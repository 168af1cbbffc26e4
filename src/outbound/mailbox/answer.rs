//! What an answer of the server says, as far as it matters here.

use super::wire::Fault;
use std::borrow::Cow;

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
    Over { tag: String, end: End, is_read_only: bool, text: String },
    /// Something that nobody asked for.
    Aside,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Ok,
    /// It could not be done; other commands can.
    No,
    /// It was not understood.
    Bad,
}

impl Said {
    /// Reads a whole answer. Servers have news of their own that nobody asked for; a message that cannot be read is none of
    /// them.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        if bytes.starts_with(b"+") {
            return Ok(Self::GoOn);
        }
        let (line, _) = cut(bytes, |byte| byte == b'\r');
        let line = String::from_utf8_lossy(line);
        let (tag, rest) = line.split_once(' ').ok_or(Fault::Strange)?;
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        if tag != "*" {
            return Self::over(tag, word, rest).ok_or(Fault::Strange);
        }
        let numbers = || rest.split_whitespace().map_while(|number| number.parse().ok());
        Ok(match (word.to_ascii_uppercase().as_str(), rest.split_whitespace().next()) {
            ("OK", _) => Self::Greets { is_in: false },
            ("PREAUTH", _) => Self::Greets { is_in: true },
            ("BYE", _) => Self::Bye(text_of(rest)),
            ("CAPABILITY", _) => {
                Self::Capabilities(rest.split_whitespace().map(str::to_ascii_uppercase).collect())
            }
            ("SEARCH", _) => Self::Found(numbers().collect()),
            (count, Some("EXISTS")) => count.parse().map_or(Self::Aside, Self::Exists),
            (_, Some(what)) if what.eq_ignore_ascii_case("FETCH") => {
                let (_, attributes) = cut(bytes, |byte| byte == b'(');
                return message(attributes.get(1..).unwrap_or_default()).ok_or(Fault::Strange);
            }
            _ => Self::Aside,
        })
    }

    fn over(tag: &str, word: &str, rest: &str) -> Option<Self> {
        let end = match word.to_ascii_uppercase().as_str() {
            "OK" => End::Ok,
            "NO" => End::No,
            "BAD" => End::Bad,
            _ => return None,
        };
        let is_read_only = rest.to_ascii_uppercase().starts_with("[READ-ONLY]");
        Some(Self::Over { tag: tag.to_owned(), end, is_read_only, text: text_of(rest) })
    }
}

/// The words for people, behind a code in brackets for programs.
fn text_of(rest: &str) -> String {
    let code = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    code.map_or(rest, |(_, words)| words).trim().to_owned()
}

/// What stands before the first byte of a kind, and the rest with it.
fn cut(bytes: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|byte| ends(*byte)).unwrap_or(bytes.len());
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

/// The attributes of a message behind their bracket, up to the one that closes it: names and values in turn.
fn message(mut rest: &[u8]) -> Option<Said> {
    let (mut uid, mut body) = (None, None);
    loop {
        rest = rest.trim_ascii_start();
        if rest.starts_with(b")") {
            // Flags that somebody else has changed come the same way.
            return Some(body.map_or(Said::Aside, |bytes| Said::Message { uid, bytes }));
        }
        let name;
        (name, rest) = cut(rest, |byte| byte == b' ');
        let value;
        (value, rest) = self::value(rest.strip_prefix(b" ")?)?;
        let name = name.to_ascii_uppercase();
        if name == b"UID" {
            uid = std::str::from_utf8(&value).ok()?.parse().ok();
        } else if name == b"BODY[]" || name.starts_with(b"BODY[]<") {
            body = Some(value.into_owned());
        }
    }
}

/// One value, and what stands behind it: in quotes, a literal, in brackets (which are passed over), or a word.
fn value(bytes: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let (mut rest, mut nested) = (bytes, 0_usize);
    loop {
        let (first, behind) = rest.split_first()?;
        let found;
        (found, rest) = match first {
            b'"' => quoted(behind)?,
            b'{' => literal(behind)?,
            b'(' => {
                nested += 1;
                (Cow::default(), behind)
            }
            b')' if nested > 0 => {
                nested -= 1;
                (Cow::default(), behind)
            }
            b' ' if nested > 0 => (Cow::default(), behind),
            b' ' | b')' | b'\r' | b'\n' => return None,
            _ => {
                let (word, behind) = cut(rest, |byte| b" ()\"\r\n".contains(&byte));
                (if word.eq_ignore_ascii_case(b"NIL") { Cow::default() } else { Cow::Borrowed(word) }, behind)
            }
        };
        if nested == 0 {
            return Some((found, rest));
        }
    }
}

fn quoted(bytes: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let (mut out, mut rest) = (Vec::new(), bytes);
    loop {
        let (plain, behind) = cut(rest, |byte| byte == b'"' || byte == b'\\');
        out.extend_from_slice(plain);
        let (mark, behind) = behind.split_first()?;
        if *mark == b'"' {
            return Some((Cow::Owned(out), behind));
        }
        let (byte, behind) = behind.split_first()?;
        out.push(*byte);
        rest = behind;
    }
}

fn literal(bytes: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let (size, rest) = cut(bytes, |byte| byte == b'}');
    let size: usize = std::str::from_utf8(size).ok()?.parse().ok()?;
    let (found, behind) = rest.strip_prefix(b"}\r\n")?.split_at_checked(size)?;
    Some((Cow::Borrowed(found), behind))
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
        let all = "* 12 fetch (FLAGS (\\Seen ($x)) X {2}\r\n)( ENVELOPE (NIL \"a)\" {1}\r\n() INTERNALDATE NIL BODY[] \"a \\\"b\" UID 7)\r\n";
        assert_eq!(read(all), Said::Message { uid: Some(7), bytes: b"a \"b".to_vec() });
        assert_eq!(read("* 12 FETCH (FLAGS (\\Seen))\r\n"), Said::Aside);
        let deep = format!("* 1 FETCH (X {}{} UID 1)\r\n", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(read(&deep), Said::Aside);
        assert_eq!(read("* BYE [X]über\r\n"), Said::Bye("über".to_owned()));
        assert_eq!(read("* XNEWS of its own\r\n"), Said::Aside);
        assert_eq!(read("+ \r\n"), Said::GoOn);
        assert!(matches!(
            read("a3 NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"),
            Said::Over { end: End::No, text, .. } if text == "Authentication failed."
        ));
        assert!(matches!(
            read("a4 OK [READ-ONLY] Examine completed.\r\n"),
            Said::Over { end: End::Ok, is_read_only: true, .. }
        ));
        assert!(matches!(read("* BYE Too many connections\r\n"), Said::Bye(_)));
        assert!(Said::read(b"HTTP/1.1 400 Bad Request\r\n").is_err());
        assert!(Said::read(b"* 12 FETCH (UID 7 BODY[]<0> {3}\r\nabc\r\n").is_err());
    }
}
