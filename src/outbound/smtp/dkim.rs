//! The signature by which a receiver knows that a message is of this domain and unchanged: DKIM (RFC 6376), by an RSA or an
//! Ed25519 key (RFC 8463). What is signed are the very bytes that are sent, at the time of the message, so that the same
//! message is signed alike however often it is sent.

use crate::base::error::{Error, Result};
use crate::base::time::{SECOND_MS, Timestamp};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

/// What messages are signed with.
#[derive(Clone, Copy, Debug)]
pub struct Dkim<'d> {
    pub domain: &'d str,
    pub selector: &'d str,
    /// An RSA key as PEM, or an Ed25519 key as PEM or as 32 bytes in base64.
    pub key: &'d str,
}

/// What a reader sees or answers to. Not the `Message-ID`, which some servers put their own in place of.
const SIGNED: &[&str] =
    &["from", "reply-to", "subject", "date", "to", "in-reply-to", "references", "content-type"];
/// Characters of a line of the signature.
const LINE: usize = 72;

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

/// Signs for one domain.
pub(super) struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

impl Signer {
    /// # Errors
    /// `invalid_setting` with the key of the configuration and what would be right.
    pub(super) fn new(dkim: &Dkim<'_>) -> Result<Self> {
        let is_name = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        };
        let wrong = |text: &'static str| Err(Error::invalid("invalid_setting", text));
        if !is_name(dkim.domain) {
            return wrong("mail.dkim_domain: give the domain of the sender, such as example.com");
        }
        if !is_name(dkim.selector) {
            return wrong("mail.dkim_selector: give the name under which the key stands in the DNS");
        }
        let Some(key) = Key::read(dkim.key.trim()) else {
            return wrong(
                "mail.dkim_key: give an RSA key of at least 2048 bits as PEM, or an Ed25519 key as PEM or as 32 bytes in base64",
            );
        };
        Ok(Self { domain: dkim.domain.to_owned(), selector: dkim.selector.to_owned(), key })
    }

    /// The message with its signature before it.
    ///
    /// # Errors
    /// Internal; none in practice.
    pub(super) fn sign(&self, message: &[u8], at: Timestamp) -> Result<Vec<u8>> {
        let (head, body) = halves(message);
        let fields = fields(head);
        let mut named: Vec<&str> = Vec::new();
        let mut signed = Vec::new();
        for name in SIGNED {
            // The last one first; and once more than there are, so that nobody adds another.
            let own = fields.iter().rev().filter(|field| name_of(field).eq_ignore_ascii_case(name));
            for field in own {
                named.push(name);
                signed.extend(relaxed_field(field));
                signed.extend(b"\r\n");
            }
            named.push(name);
        }
        let head = format!(
            "DKIM-Signature: v=1; a={}; c=relaxed/relaxed; d={}; s={};\r\n t={}; h={};\r\n bh={};\r\n b=",
            self.key.algorithm(),
            self.domain,
            self.selector,
            at.0.div_euclid(SECOND_MS),
            named.join(":"),
            BASE64_STANDARD.encode(Sha256::digest(relaxed_body(body))),
        );
        signed.extend(relaxed_field(head.as_bytes()));
        let signature = BASE64_STANDARD.encode(self.key.sign(&signed)?);
        let mut whole = head.into_bytes();
        for (number, line) in signature.as_bytes().chunks(LINE).enumerate() {
            if number > 0 {
                whole.extend(b"\r\n ");
            }
            whole.extend(line);
        }
        whole.extend(b"\r\n");
        whole.extend(message);
        Ok(whole)
    }
}

impl Key {
    fn read(text: &str) -> Option<Self> {
        let ed25519 = |pair: Ed25519KeyPair| Self::Ed25519(Box::new(pair));
        if !text.contains("-----BEGIN") {
            let seed = BASE64_STANDARD.decode(text).ok()?;
            return Ed25519KeyPair::from_seed_unchecked(&seed).ok().map(ed25519);
        }
        match PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()? {
            PrivateKeyDer::Pkcs1(der) => {
                RsaKeyPair::from_der(der.secret_pkcs1_der()).ok().map(|pair| Self::Rsa(Box::new(pair)))
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let rsa = RsaKeyPair::from_pkcs8(der).ok().map(|pair| Self::Rsa(Box::new(pair)));
                rsa.or_else(|| Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(ed25519))
            }
            _ => None,
        }
    }
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }
    fn sign(&self, signed: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature)
                    .map_err(|_unspecified| Error::internal("a message could not be signed"))?;
                Ok(signature)
            }
            // It is the hash that this kind of key signs (RFC 8463, 3).
            Self::Ed25519(pair) => Ok(pair.sign(&Sha256::digest(signed)).as_ref().to_vec()),
        }
    }
}

/// What stands before the first empty line, with the end of its last line, and what behind it.
fn halves(message: &[u8]) -> (&[u8], &[u8]) {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n");
    end.and_then(|end| Some((message.get(..end + 2)?, message.get(end + 4..)?))).unwrap_or((message, &[]))
}

/// The fields of a head, each with its folds and without the end of its last line.
fn fields(head: &[u8]) -> Vec<Vec<u8>> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in lines(head) {
        match fields.last_mut().filter(|_| line.starts_with(b" ") || line.starts_with(b"\t")) {
            Some(field) => {
                field.extend(b"\r\n");
                field.extend(line);
            }
            None => fields.push(line.to_vec()),
        }
    }
    fields
}

/// Lines without their ends.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
}

fn name_of(field: &[u8]) -> &str {
    let name = field.split(|byte| *byte == b':').next().unwrap_or_default();
    std::str::from_utf8(name).unwrap_or_default().trim()
}

/// A field as it is signed: its name small, its folds undone, one space for every run of blanks (RFC 6376, 3.4.2).
fn relaxed_field(field: &[u8]) -> Vec<u8> {
    let colon = field.iter().position(|byte| *byte == b':').unwrap_or(field.len());
    let (name, value) = field.split_at(colon);
    let mut out = name.trim_ascii().to_ascii_lowercase();
    out.push(b':');
    let unfolded: Vec<u8> =
        value.iter().skip(1).copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    out.extend(one_blank(&unfolded).trim_ascii());
    out
}

/// A body as it is signed: no blanks at the ends of lines, one for every run of them, no empty lines at the end (RFC 6376,
/// 3.4.4).
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut empty = 0;
    for line in lines(body) {
        let line = one_blank(line);
        let line = line.strip_suffix(b" ").unwrap_or(&line);
        if line.is_empty() {
            empty += 1;
            continue;
        }
        out.extend(b"\r\n".repeat(empty));
        empty = 0;
        out.extend(line);
        out.extend(b"\r\n");
    }
    out
}

fn one_blank(text: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b' ' | b'\t' if out.last() == Some(&b' ') => {}
            b' ' | b'\t' => out.push(b' '),
            other => out.push(*other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ED25519, KeyPair as _, UnparsedPublicKey};

    /// The key of RFC 8463, A.2.
    const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    #[test]
    fn the_examples_of_the_specification_come_out() {
        // RFC 6376, 3.4.5.
        let head = b"A: X\r\nB : Y\t\r\n\tZ  \r\n";
        let relaxed: Vec<Vec<u8>> = fields(head).iter().map(|field| relaxed_field(field)).collect();
        assert_eq!(relaxed, [b"a:X".to_vec(), b"b:Y Z".to_vec()]);
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!((relaxed_body(b"\r\n\r\n"), relaxed_body(b"x")), (Vec::new(), b"x\r\n".to_vec()));
        let hash = |body: &[u8]| BASE64_STANDARD.encode(Sha256::digest(relaxed_body(body)));
        assert_eq!(hash(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        // The message of RFC 8463, A.3.
        let body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
        assert_eq!(hash(body), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    }

    #[test]
    fn a_signature_covers_what_a_reader_sees_and_is_the_same_every_time() {
        let signer = Signer::new(&Dkim { domain: "example.com", selector: "s1", key: SEED }).unwrap();
        let at = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        let message = b"From: a@example.com\r\nSubject: Order\r\n 1\r\nTo: b@example.com\r\n\r\nHello\r\n";
        let signed = String::from_utf8(signer.sign(message, at).unwrap()).unwrap();
        assert_eq!(signer.sign(message, at).unwrap(), signed.as_bytes());
        let (head, rest) = signed.split_once("\r\nFrom:").unwrap();
        assert!(rest.ends_with("\r\n\r\nHello\r\n"));
        assert!(head.contains("h=from:from:reply-to:subject:subject:date:to:to:"), "{head}");
        assert!(head.contains(" t=1795168800;"), "{head}");
        // By hand what a receiver does.
        let (unsigned, signature) = head.split_once("\r\n b=").unwrap();
        let mut covered = b"from:a@example.com\r\nsubject:Order 1\r\nto:b@example.com\r\n".to_vec();
        covered.extend(relaxed_field(format!("{unsigned}\r\n b=").as_bytes()));
        let signature = BASE64_STANDARD.decode(signature.replace("\r\n ", "")).unwrap();
        let public = BASE64_STANDARD.decode(PUBLIC).unwrap();
        let key = UnparsedPublicKey::new(&ED25519, public);
        assert!(key.verify(&Sha256::digest(&covered), &signature).is_ok());
        covered[5] = b'x';
        assert!(key.verify(&Sha256::digest(&covered), &signature).is_err());
        let Key::Ed25519(pair) = &signer.key else { panic!("a seed is of this kind") };
        assert_eq!(BASE64_STANDARD.encode(pair.public_key()), PUBLIC);
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_by_its_setting() {
        let said = |domain, selector, key| {
            Signer::new(&Dkim { domain, selector, key }).err().map(|e| e.message.into_owned())
        };
        assert_eq!(said("example.com", "s1", SEED), None);
        assert!(said("exa mple", "s1", SEED).unwrap().starts_with("mail.dkim_domain: "));
        assert!(said("example.com", "", SEED).unwrap().starts_with("mail.dkim_selector: "));
        for key in ["x", "AAEC", "-----BEGIN RSA PRIVATE KEY-----\nAAEC\n-----END RSA PRIVATE KEY-----"] {
            assert!(said("example.com", "s1", key).unwrap().starts_with("mail.dkim_key: "), "{key}");
        }
    }
}
