//! The bytes of a part: the records of the journal from one number to another, as they lie beside the backups.
//!
//! ```text
//! part  "BRSHIPPD"  version u32  length u32  head  sha256 of all before
//!       length u32  body  sha256 of (the sum before, all since)
//! body  records, packed, and sealed where there is a key:  number u64  time i64  length u32  write set
//! ```
//!
//! Numbers are big-endian. A head has a digest over all records of the row before the part and one that ends with it, so
//! parts that were written by two copies of one store do not fit behind each other.

use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::store::backup::format::{HEADER_MAX, SUM, Sum, io, length, take_number};
use crate::store::backup::seal::{Seal, key_missing, stir};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use std::io::{Read, Write as _};
use std::path::Path;

const MAGIC: &[u8; 8] = b"BRSHIPPD";
const VERSION: u32 = 1;
/// A part holds about a megabyte, and at most what the largest group wrote.
const PLAIN_MAX: u64 = u32::MAX as u64;

/// Number, time and length in front of a write set.
const RECORD_HEAD: usize = 20;

/// What stands in front of a part.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Head {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub life: [u8; 16],
    /// The numbers of its records.
    #[n(1)]
    pub first: u64,
    #[n(2)]
    pub last: u64,
    /// The earliest time of a record in it, and the latest: a clock may have been set back.
    #[n(3)]
    pub from: Timestamp,
    #[n(4)]
    pub to: Timestamp,
    /// Digest of the records of the row before it; zeros where the row begins.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub(super) before: Sum,
    #[cbor(n(6), with = "minicbor::bytes")]
    pub(super) after: Sum,
    /// Length of the records.
    #[n(7)]
    plain: u64,
    /// There when it is encrypted: what the key is stirred with, and what makes the key of this writing its own.
    #[cbor(n(8), with = "minicbor::bytes")]
    salt: Option<[u8; 16]>,
    #[cbor(n(9), with = "minicbor::bytes")]
    own: Option<[u8; 16]>,
}

/// A record in a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::backup) struct Shipped<'p> {
    pub(in crate::store::backup) number: u64,
    pub(in crate::store::backup) at: Timestamp,
    pub(in crate::store::backup) set: &'p [u8],
}

/// Keys that were stirred already: that takes a while.
#[derive(Default)]
pub(in crate::store::backup) struct Keys {
    key: Option<String>,
    stirred: Vec<([u8; 16], [u8; 32])>,
}

impl Keys {
    pub(in crate::store::backup) fn new(key: Option<&str>) -> Self {
        Self { key: key.map(str::to_owned), stirred: Vec::new() }
    }
    fn stirred(&mut self, salt: [u8; 16]) -> Result<[u8; 32]> {
        if let Some((_, bytes)) = self.stirred.iter().find(|(known, _)| *known == salt) {
            return Ok(*bytes);
        }
        let bytes = stir(self.key.as_deref().ok_or_else(key_missing)?, &salt)?;
        self.stirred.push((salt, bytes));
        Ok(bytes)
    }
    /// A salt to write with, the same for all parts of this process.
    fn salt(&mut self) -> Option<[u8; 16]> {
        self.key.as_ref()?;
        Some(self.stirred.first().map_or_else(rand::random, |(salt, _)| *salt))
    }
    fn seal(&mut self, head: &Head) -> Result<Seal> {
        let Some((salt, own)) = head.salt.zip(head.own) else { return Ok(Seal::none()) };
        let mut sha = Sha256::new();
        sha.update(b"part of the journal");
        sha.update(self.stirred(salt)?);
        sha.update(own);
        Ok(Seal::with(&sha.finalize().into()))
    }
}

/// The records of a part that is being filled.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) life: [u8; 16],
    pub(super) first: u64,
    pub(super) last: u64,
    from: Timestamp,
    pub(super) to: Timestamp,
    before: Sum,
    pub(super) plain: Vec<u8>,
}

impl Draft {
    /// An empty one whose first record will have the number `first`.
    pub(super) fn new(life: [u8; 16], first: u64, before: Sum) -> Self {
        let (from, to) = (Timestamp(i64::MAX), Timestamp(i64::MIN));
        Self { life, first, last: first - 1, from, to, before, plain: Vec::new() }
    }
    pub(super) fn push(&mut self, record: Shipped<'_>) -> Result<()> {
        self.plain.extend(record.number.to_be_bytes());
        self.plain.extend(record.at.0.to_be_bytes());
        self.plain.extend(length(record.set.len())?);
        self.plain.extend(record.set);
        self.last = record.number;
        self.from = self.from.min(record.at);
        self.to = self.to.max(record.at);
        Ok(())
    }
    /// The digest behind it.
    pub(super) fn after(&self) -> Sum {
        digest(&self.before, &self.plain)
    }
    /// Its bytes. Every writing has a key of its own, so what it grows by is never sealed with the same one again.
    pub(super) fn encode(&self, keys: &mut Keys) -> Result<Vec<u8>> {
        let salt = keys.salt();
        let head = Head {
            life: self.life,
            first: self.first,
            last: self.last,
            from: self.from,
            to: self.to,
            before: self.before,
            after: self.after(),
            plain: self.plain.len() as u64,
            salt,
            own: salt.map(|_| rand::random()),
        };
        let encoded = minicbor::to_vec(&head).map_err(|e| Error::internal(e.to_string()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_be_bytes());
        bytes.extend(length(encoded.len())?);
        bytes.extend(encoded);
        let sum: Sum = Sha256::digest(&bytes).into();
        bytes.extend(sum);
        let mut pack = DeflateEncoder::new(Vec::new(), Compression::fast());
        let packed = pack.write_all(&self.plain).and_then(|()| pack.finish());
        let packed = packed.map_err(|e| io("The journal cannot be packed", e))?;
        let body = keys.seal(&head)?.close(0, &sum, packed)?;
        let size = length(body.len())?;
        bytes.extend(size);
        bytes.extend(&body);
        bytes.extend(body_sum(&sum, &size, &body));
        Ok(bytes)
    }
}

fn digest(before: &Sum, plain: &[u8]) -> Sum {
    let mut sha = Sha256::new();
    sha.update(before);
    sha.update(plain);
    sha.finalize().into()
}

fn body_sum(head: &Sum, size: &[u8; 4], body: &[u8]) -> Sum {
    let mut sha = Sha256::new();
    sha.update(head);
    sha.update(size);
    sha.update(body);
    sha.finalize().into()
}

/// The head at the beginning of `from`, and its sum.
fn read_start(mut from: impl Read) -> Result<(Head, Sum)> {
    let mut start = [0; 16];
    from.read_exact(&mut start).map_err(|_short| damaged("is cut off"))?;
    let mut rest = start.strip_prefix(MAGIC).ok_or_else(|| damaged("does not begin as one"))?;
    let (version, len) =
        take_number(&mut rest).zip(take_number(&mut rest)).ok_or_else(|| damaged("is cut off"))?;
    if len > HEADER_MAX {
        return Err(damaged("has a head of no possible length"));
    }
    let mut encoded = vec![0; len];
    let mut said = [0; SUM];
    let read = from.read_exact(&mut encoded).and_then(|()| from.read_exact(&mut said));
    read.map_err(|_short| damaged("is cut off"))?;
    let sum: Sum = Sha256::new().chain_update(start).chain_update(&encoded).finalize().into();
    if sum != said {
        return Err(damaged("has a head that does not match its checksum"));
    }
    if version > VERSION as usize {
        let text = "A part of the journal has a newer layout than this program reads. Use a newer one.";
        return Err(Error::conflict("backup_format_newer", text));
    }
    let head: Head =
        minicbor::decode(&encoded).map_err(|e| damaged("has an unreadable head").because(e.to_string()))?;
    if head.first == 0 || head.last < head.first {
        return Err(damaged("has impossible numbers"));
    }
    Ok((head, sum))
}

/// The head of the part in a file.
///
/// # Errors
/// `backup_damaged`, `backup_format_newer`, `backup_io`.
pub(in crate::store::backup) fn read_head(file: &Path) -> Result<Head> {
    let opened = std::fs::File::open(file).map_err(|e| io("A part of the journal cannot be read", e))?;
    read_start(opened).map(|(head, _)| head).map_err(|error| named(error, file))
}

/// The head of a part by its bytes.
///
/// # Errors
/// As [`read_head`].
pub fn head_of(bytes: &[u8]) -> Result<Head> {
    read_start(bytes).map(|(head, _)| head)
}

/// Head and records of the part in a file, all proved.
///
/// # Errors
/// As [`read_head`], and those of a key.
pub(in crate::store::backup) fn read(file: &Path, keys: &mut Keys) -> Result<(Head, Vec<u8>)> {
    let bytes = std::fs::read(file).map_err(|e| io("A part of the journal cannot be read", e))?;
    decode(&bytes, keys).map_err(|error| named(error, file))
}

fn named(mut error: Error, file: &Path) -> Error {
    error.message = format!("{} ({})", error.message, file.display()).into();
    error
}

pub(super) fn decode(bytes: &[u8], keys: &mut Keys) -> Result<(Head, Vec<u8>)> {
    let mut from = bytes;
    let (head, sum) = read_start(&mut from)?;
    let cut_off = || damaged("is cut off");
    let (size, rest) = from.split_first_chunk::<4>().ok_or_else(cut_off)?;
    let len = usize::try_from(u32::from_be_bytes(*size)).map_err(Error::internal)?;
    let (body, said) = rest.split_at_checked(len).ok_or_else(cut_off)?;
    if *said != body_sum(&sum, size, body) {
        return Err(damaged("does not match its checksum"));
    }
    let packed = keys.seal(&head)?.open(0, &sum, body.to_vec())?;
    if head.plain > PLAIN_MAX {
        return Err(damaged("has an impossible length"));
    }
    let mut plain = Vec::new();
    DeflateDecoder::new(packed.as_slice())
        .take(head.plain + 1)
        .read_to_end(&mut plain)
        .map_err(|e| damaged("cannot be unpacked").because(e))?;
    let numbers = records(&plain).map(|record| record.map(|r| r.number)).collect::<Result<Vec<_>>>()?;
    let is_whole = plain.len() as u64 == head.plain
        && digest(&head.before, &plain) == head.after
        && numbers.into_iter().eq(head.first..=head.last);
    if is_whole { Ok((head, plain)) } else { Err(damaged("does not hold what it says")) }
}

/// Whether the records of a part begin with those of another one of the same first number.
pub(super) fn begins_with(head: &Head, plain: &[u8], earlier: &Head) -> bool {
    let mut rest = plain;
    for record in records(plain) {
        let Ok(record) = record else { return false };
        rest = rest.get(RECORD_HEAD + record.set.len()..).unwrap_or_default();
        if record.number == earlier.last {
            let same = plain.get(..plain.len() - rest.len()).unwrap_or_default();
            return head.before == earlier.before && digest(&earlier.before, same) == earlier.after;
        }
    }
    false
}

/// The records in a part's plain bytes.
pub(in crate::store::backup) fn records(plain: &[u8]) -> impl Iterator<Item = Result<Shipped<'_>>> {
    let mut rest = plain;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut next = || {
            let (number, tail) = rest.split_first_chunk::<8>()?;
            let (at, tail) = tail.split_first_chunk::<8>()?;
            let (len, tail) = tail.split_first_chunk::<4>()?;
            let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
            let (set, tail) = tail.split_at_checked(len)?;
            rest = tail;
            let at = Timestamp(i64::from_be_bytes(*at));
            Some(Shipped { number: u64::from_be_bytes(*number), at, set })
        };
        let found = next();
        if found.is_none() {
            rest = &[];
        }
        Some(found.ok_or_else(|| damaged("has a record that is cut off")))
    })
}

fn damaged(what: &str) -> Error {
    Error::invalid("backup_damaged", format!("A part of the shipped journal {what}."))
}
