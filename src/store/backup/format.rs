//! The bytes of a backup: a head, blocks whose checksums are chained, an end that counts them.
//!
//! ```text
//! head   "BACKROOM"  version u32  length u32  header  sha256 of all before
//! block  kind u8  plain u32  stored u32  bytes  sha256 of (the sum before, all of this block before)
//! ```
//!
//! Numbers are big-endian. The first sum is that of the head, so a block fits only behind the one it was written behind:
//! a changed bit, a missing, doubled or exchanged block breaks the chain. The last block says how much there was, and
//! nothing may follow it. The head's layout is for ever, so that any program can say that a file is newer than itself.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::store::journal::Mark;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

/// The first bytes of every backup.
pub(super) const MAGIC: &[u8; 8] = b"BACKROOM";
/// The version of this layout.
pub(super) const VERSION: u32 = 1;
/// A block is written when it holds this much; one row may make it larger.
pub(super) const BLOCK_BYTES: usize = 256 << 10;
/// No block is larger: the largest record with its key and its place in a block fits.
pub(super) const BLOCK_MAX: usize = crate::store::RECORD_BYTES_MAX + (1 << 20);
/// Names of tables and their numbers.
pub(super) const HEADER_MAX: usize = 1 << 20;
pub(super) const SUM: usize = 32;

pub(super) type Sum = [u8; SUM];

/// What stands in front: which state this is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Header {
    /// The store's format number.
    #[n(0)]
    pub store_format: u32,
    /// Of the store it was made from; a restored store gets its own.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub epoch: [u8; 16],
    /// The last event in it.
    #[n(2)]
    pub seq: u64,
    #[n(3)]
    pub at: Timestamp,
    #[n(4)]
    pub app_version: String,
    #[n(5)]
    pub tables: Vec<TableRows>,
    /// There when the blocks are encrypted: what the key is stirred with.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub salt: Option<[u8; 16]>,
    /// The last record of the journal in it; none in a backup of an earlier program.
    #[n(7)]
    pub journal: Option<Mark>,
}

/// A table and how many rows of it there are.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TableRows {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub rows: u64,
}

impl Header {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// What stands at the end: what there was.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Trailer {
    /// Rows of each table, in the header's order.
    #[n(0)]
    pub(super) rows: Vec<u64>,
    #[n(1)]
    pub(super) files: u64,
    /// Blocks before this one.
    #[n(2)]
    pub(super) blocks: u64,
    /// Over the plain content of all blocks before this one: packing and sealing are proved too.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(super) digest: Sum,
}

/// What is in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Content {
    /// The table's number, then rows of it.
    Rows = 1,
    /// The name of a file that begins here.
    File = 2,
    /// The next bytes of the file.
    Data = 3,
    /// The trailer.
    End = 4,
}

impl Content {
    pub(super) fn of(byte: u8) -> Option<Self> {
        [Self::Rows, Self::File, Self::Data, Self::End].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// The 9 bytes in front of a block's content.
pub(super) fn frame(kind: u8, plain: u32, stored: u32) -> [u8; 9] {
    let mut bytes = [0; 9];
    let parts = std::iter::once(kind).chain(plain.to_be_bytes()).chain(stored.to_be_bytes());
    for (place, byte) in bytes.iter_mut().zip(parts) {
        *place = byte;
    }
    bytes
}

/// The sum of a block behind the sum `before`.
pub(super) fn chained(before: &Sum, frame: &[u8; 9], stored: &[u8]) -> Sum {
    let mut sha = Sha256::new();
    sha.update(before);
    sha.update(frame);
    sha.update(stored);
    sha.finalize().into()
}

/// Adds a block's plain content to the digest over all of it.
pub(super) fn digest_block(digest: &mut Sha256, kind: Content, plain: &[u8]) {
    digest.update([kind as u8]);
    digest.update((plain.len() as u64).to_be_bytes());
    digest.update(plain);
}

/// A length on disk.
pub(super) fn length(len: usize) -> Result<[u8; 4]> {
    u32::try_from(len).map(u32::to_be_bytes).map_err(Error::internal)
}

/// Appends a row to a block.
pub(super) fn push_row(block: &mut Vec<u8>, key: &[u8], value: &[u8]) -> Result<()> {
    block.extend(length(key.len())?);
    block.extend(length(value.len())?);
    block.extend_from_slice(key);
    block.extend_from_slice(value);
    Ok(())
}

/// Takes the first row off a block.
pub(super) fn take_row<'b>(block: &mut &'b [u8]) -> Result<(&'b [u8], &'b [u8])> {
    let read = |block: &mut &'b [u8]| {
        let key = take_number(block)?;
        let value = take_number(block)?;
        Some((block.split_off(..key)?, block.split_off(..value)?))
    };
    read(block).ok_or_else(|| damaged("a row is cut off"))
}

/// Takes a number off a block.
pub(super) fn take_number(block: &mut &[u8]) -> Option<usize> {
    let (number, rest) = block.split_first_chunk::<4>()?;
    *block = rest;
    usize::try_from(u32::from_be_bytes(*number)).ok()
}

/// The file is not what was written.
pub(super) fn damaged(what: impl std::fmt::Display) -> Error {
    Error::invalid("backup_damaged", format!("The backup is damaged: {what}. Use another one."))
}

/// A file, or the disk it is on, does not do what it should.
pub(super) fn io(doing: &'static str, cause: std::io::Error) -> Error {
    Error::refuse(Kind::Unavailable, "backup_io", format!("{doing}: {cause}.")).because(cause)
}
