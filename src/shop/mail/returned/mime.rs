//! The outside of a message: its head, and its parts one beside the other. Messages inside of messages stay bytes, so that
//! nothing a stranger nests is walked into; the grammar of heads and the encodings are those of `mail-parser`.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::parsers::MessageStream;
use mail_parser::{HeaderName, HeaderValue, MessageParser};
use std::borrow::Cow;

/// Multiparts in multiparts: some gateways put a report into one of their own.
const DEPTH_MAX: usize = 3;
const PARTS_MAX: usize = 40;
const FIELDS_MAX: usize = 300;
const BOUNDARY_MAX: usize = 200;

/// The head of a message, of a part, or of one recipient in a report.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// Names in small letters, values on one line each.
    fields: Vec<(String, String)>,
    /// Such as `text/plain`, in small letters; empty where it is not said.
    pub(super) kind: String,
    boundary: Option<String>,
}

impl Head {
    /// A head, and where its body begins.
    pub(super) fn read(bytes: &[u8]) -> (Self, usize) {
        let rules = MessageParser::new().header_content_type(HeaderName::ContentType).default_header_raw();
        let (mut stream, mut found) = (MessageStream::new(bytes), Vec::new());
        stream.parse_headers(&rules, &mut found);
        let mut head = Self::default();
        for header in found.into_iter().take(FIELDS_MAX) {
            match header.value {
                HeaderValue::ContentType(kind) if head.kind.is_empty() => {
                    head.kind = kind.ctype().to_ascii_lowercase();
                    if let Some(inner) = kind.subtype() {
                        head.kind = format!("{}/{}", head.kind, inner.to_ascii_lowercase());
                    }
                    head.boundary = kind.attribute("boundary").map(str::to_owned);
                }
                HeaderValue::Text(text) => {
                    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    head.fields.push((header.name.as_str().to_ascii_lowercase(), line));
                }
                _ => {}
            }
        }
        (head, stream.offset())
    }

    /// The first field of a name in small letters; empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }
    pub(super) fn all<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h str> {
        self.fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

/// A part that is no multipart.
#[derive(Clone, Debug)]
pub(super) struct Part<'m> {
    pub(super) head: Head,
    /// Without the encoding of the way.
    pub(super) body: Cow<'m, [u8]>,
}

impl Part<'_> {
    pub(super) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// The head of a message and its parts in their order.
pub(super) fn parts(bytes: &[u8]) -> (Head, Vec<Part<'_>>) {
    let (head, at) = Head::read(bytes);
    let mut parts = Vec::new();
    collect(head.clone(), bytes.get(at..).unwrap_or_default(), 0, &mut parts);
    (head, parts)
}

fn collect<'m>(head: Head, body: &'m [u8], depth: usize, into: &mut Vec<Part<'m>>) {
    let boundary = head.boundary.as_deref().filter(|b| !b.is_empty() && b.len() <= BOUNDARY_MAX);
    match boundary.filter(|_| head.kind.starts_with("multipart/") && depth < DEPTH_MAX) {
        Some(boundary) => {
            for piece in pieces(body, boundary) {
                if into.len() >= PARTS_MAX {
                    return;
                }
                let (head, at) = Head::read(piece);
                collect(head, piece.get(at..).unwrap_or_default(), depth + 1, into);
            }
        }
        None => {
            let body = decoded(&head, body);
            into.push(Part { head, body });
        }
    }
}

/// What stands between the lines of a boundary. The last piece may be cut off.
fn pieces<'m>(body: &'m [u8], boundary: &str) -> Vec<&'m [u8]> {
    let (mut pieces, mut begun, mut at) = (Vec::new(), None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let after = line.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary.as_bytes()));
        let after = after.map(<[u8]>::trim_ascii_end);
        let is_last = after == Some(b"--");
        if is_last || after == Some(b"") {
            pieces.extend(begun.and_then(|begun: usize| body.get(begun..at)));
            begun = (!is_last).then_some(at + line.len());
            if is_last || pieces.len() >= PARTS_MAX {
                return pieces;
            }
        }
        at += line.len();
    }
    pieces.extend(begun.and_then(|begun| body.get(begun..)));
    pieces
}

/// The bytes as they were before they were made fit for the way; as they came where that cannot be undone.
fn decoded<'m>(head: &Head, body: &'m [u8]) -> Cow<'m, [u8]> {
    let plain = match head.get("content-transfer-encoding").to_ascii_lowercase().as_str() {
        "base64" => base64_decode(body.trim_ascii_end()),
        "quoted-printable" => quoted_printable_decode(body),
        _ => None,
    };
    plain.map_or(Cow::Borrowed(body), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_with_its_folds_and_whatever_case() {
        let bytes = b"Subject: a\r\n b\r\nCONTENT-type: Multipart/Report; report-type=delivery-status;\r\n\tboundary=\"x y\"\r\nX: 1\r\nX: 2\r\n\r\nbody";
        let (head, at) = Head::read(bytes);
        assert_eq!((head.get("subject"), head.kind.as_str()), ("a b", "multipart/report"));
        assert_eq!(head.all("x").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((head.boundary.as_deref(), head.get("y"), &bytes[at..]), (Some("x y"), "", &b"body"[..]));
    }

    #[test]
    fn parts_are_found_cut_off_nested_and_encoded() {
        let text = "Content-Type: multipart/mixed; boundary=a\n\npreamble\n--a\nContent-Type: multipart/report; boundary=b\n\n\
            --b\n\none\n--b  \nContent-Transfer-Encoding: base64\n\ndHdv\nCg==\n--b--\nepilogue\n--a\n\
            Content-Transfer-Encoding: quoted-printable\n\nth=72ee=\n\n--a-\nstill\n";
        let (_, all) = parts(text.as_bytes());
        let texts: Vec<_> = all.iter().map(|part| part.text().trim().to_owned()).collect();
        assert_eq!(texts, ["one", "two", "three\n--a-\nstill"]);
    }

    #[test]
    fn what_is_nested_without_end_is_not_walked_into() {
        let deep: String = (0..5_000).fold(String::new(), |text, n| {
            format!("{text}Content-Type: multipart/x; boundary={n}\n\n--{n}\n")
        });
        assert_eq!(parts(deep.as_bytes()).1.len(), 1);
        let inside = "Content-Type: message/rfc822\n\n".repeat(10_000);
        assert_eq!(parts(inside.as_bytes()).1.len(), 1);
        let many = format!("Content-Type: multipart/x; boundary=b\n\n{}", "--b\n\n".repeat(10_000));
        assert_eq!(parts(many.as_bytes()).1.len(), PARTS_MAX);
    }
}
