//! Reading a backup: nothing is handed on before its checksum was right.

use crate::base::error::{Error, Result};
use crate::store::FORMAT;
use crate::store::backup::format::{
    BLOCK_MAX, Content, HEADER_MAX, Header, MAGIC, SUM, Sum, Trailer, VERSION, chained, damaged,
    digest_block, frame, io, take_number, take_row,
};
use crate::store::backup::seal::Seal;
use flate2::read::DeflateDecoder;
use sha2::{Digest, Sha256};
use std::io::{ErrorKind, Read};

const READING: &str = "The backup cannot be read";
/// Room a seal and incompressible bytes take beside the content.
const STORED_MAX: usize = BLOCK_MAX + (1 << 20);

/// What takes the content of a backup, in its order.
pub(super) trait Taker {
    /// A row of the header's table `table`.
    fn row(&mut self, table: usize, key: &[u8], value: &[u8]) -> Result<()>;
    /// A file begins.
    fn file(&mut self, name: &str) -> Result<()>;
    /// The next bytes of that file.
    fn data(&mut self, bytes: &[u8]) -> Result<()>;
}

/// Takes everything and keeps nothing.
pub(super) struct Nothing;

impl Taker for Nothing {
    fn row(&mut self, _: usize, _: &[u8], _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn file(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
    fn data(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// A backup that is being read.
pub(super) struct Reader<R> {
    from: R,
    header: Header,
    chain: Sum,
    digest: Sha256,
    blocks: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// `backup_damaged`, `not_a_backup`, `backup_format_newer` and `store_format_newer`.
    pub(super) fn open(mut from: R) -> Result<Self> {
        let mut head = vec![0; MAGIC.len() + 8];
        fill(&mut from, &mut head)?;
        let mut rest = head.strip_prefix(MAGIC).ok_or_else(|| {
            Error::invalid(
                "not_a_backup",
                "This file is no backup of Backroom, or its first bytes are damaged.",
            )
        })?;
        let (version, len) = take_number(&mut rest).zip(take_number(&mut rest)).ok_or_else(cut_off)?;
        if len > HEADER_MAX {
            return Err(damaged("its head has no possible length"));
        }
        let encoded = take(&mut from, len)?;
        head.extend_from_slice(&encoded);
        let chain: Sum = Sha256::digest(&head).into();
        if take_sum(&mut from)? != chain {
            return Err(damaged("its head does not match its checksum"));
        }
        // Only now the number can be believed.
        if version > VERSION as usize {
            let text = format!(
                "The backup has layout {version}; this program reads up to {VERSION}. Use a newer one."
            );
            return Err(Error::conflict("backup_format_newer", text));
        }
        let header: Header = minicbor::decode(&encoded)
            .map_err(|e| damaged("its head cannot be read").because(e.to_string()))?;
        if header.store_format > FORMAT {
            let text = format!(
                "The backup has store format {}, written by a newer backroom; this one reads up to {FORMAT}: use the \
                 newer program, or a backup made before the upgrade.",
                header.store_format
            );
            return Err(Error::conflict("store_format_newer", text));
        }
        Ok(Self { from, header, chain, digest: Sha256::new(), blocks: 0 })
    }
    pub(super) fn header(&self) -> &Header {
        &self.header
    }
    /// Reads to the end, hands everything on and proves that it was everything; gives the number of files.
    ///
    /// # Errors
    /// `backup_damaged`, `backup_key_missing`, `backup_key_wrong`, and what the taker refuses.
    pub(super) fn read(mut self, key: Option<&str>, taker: &mut dyn Taker) -> Result<u64> {
        let seal = Seal::of(&self.header, key)?;
        let mut rows = vec![0_u64; self.header.tables.len()];
        let mut files = 0;
        loop {
            let digest: Sum = self.digest.clone().finalize().into();
            let (kind, plain) = self.block(&seal)?;
            match kind {
                Content::Rows => hand_rows(&plain, &mut rows, taker)?,
                Content::File => {
                    files += 1;
                    taker.file(
                        str::from_utf8(&plain).map_err(|e| damaged("a file's name is no text").because(e))?,
                    )?;
                }
                Content::Data if files > 0 => taker.data(&plain)?,
                Content::Data => return Err(damaged("content stands where a file's name should")),
                Content::End => {
                    let blocks = self.blocks - 1;
                    let found = Trailer { rows, files, blocks, digest };
                    self.end(&plain, &found)?;
                    return Ok(files);
                }
            }
        }
    }
    /// The next block, proved and unpacked.
    fn block(&mut self, seal: &Seal) -> Result<(Content, Vec<u8>)> {
        let number = self.blocks;
        let wrong = |what: &str| damaged(format!("block {number} {what}"));
        let mut start = [0; 9];
        fill(&mut self.from, &mut start)?;
        let [kind, rest @ ..] = start;
        let mut lengths = rest.as_slice();
        let (plain_len, stored_len) =
            take_number(&mut lengths).zip(take_number(&mut lengths)).ok_or_else(cut_off)?;
        let known = Content::of(kind).filter(|_| plain_len <= BLOCK_MAX && stored_len <= STORED_MAX);
        let known = known.ok_or_else(|| wrong("begins with impossible numbers"))?;
        let stored = take(&mut self.from, stored_len)?;
        let before = self.chain;
        let size = |len: usize| u32::try_from(len).map_err(Error::internal);
        self.chain = chained(&before, &frame(kind, size(plain_len)?, size(stored_len)?), &stored);
        if take_sum(&mut self.from)? != self.chain {
            return Err(wrong("does not match its checksum"));
        }
        let packed = seal.open(number, &before, stored)?;
        let mut plain = Vec::with_capacity(plain_len);
        let most = plain_len as u64 + 1;
        DeflateDecoder::new(packed.as_slice())
            .take(most)
            .read_to_end(&mut plain)
            .map_err(|e| wrong("cannot be unpacked").because(e))?;
        if plain.len() != plain_len {
            return Err(wrong("has another length than it says"));
        }
        if known != Content::End {
            digest_block(&mut self.digest, known, &plain);
        }
        self.blocks += 1;
        Ok((known, plain))
    }
    /// Holds what was found against what the end and the head say.
    fn end(mut self, encoded: &[u8], found: &Trailer) -> Result<()> {
        let said: Trailer = minicbor::decode(encoded)
            .map_err(|e| damaged("its end cannot be read").because(e.to_string()))?;
        let counted = self.header.tables.iter().map(|table| table.rows);
        if said != *found || !counted.eq(found.rows.iter().copied()) {
            return Err(damaged("it does not hold what it says"));
        }
        match self.from.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(damaged("something follows its end")),
            Err(cause) => Err(io(READING, cause)),
        }
    }
}

fn hand_rows(plain: &[u8], counts: &mut [u64], taker: &mut dyn Taker) -> Result<()> {
    let mut rest = plain;
    let table = take_number(&mut rest).ok_or_else(cut_off)?;
    let count = counts.get_mut(table).ok_or_else(|| damaged("rows belong to no table"))?;
    while !rest.is_empty() {
        let (key, value) = take_row(&mut rest)?;
        taker.row(table, key, value)?;
        *count += 1;
    }
    Ok(())
}

/// The sum a backup ends with, from its last bytes: what tells one backup from another.
pub(super) fn last_sum(file: &std::fs::File) -> std::io::Result<Sum> {
    use std::os::unix::fs::FileExt as _;
    let mut sum = [0; SUM];
    let at = file.metadata()?.len().checked_sub(SUM as u64).ok_or(ErrorKind::UnexpectedEof)?;
    file.read_exact_at(&mut sum, at)?;
    Ok(sum)
}

fn cut_off() -> Error {
    damaged("it is cut off")
}

fn fill(from: &mut impl Read, bytes: &mut [u8]) -> Result<()> {
    from.read_exact(bytes).map_err(|cause| {
        if cause.kind() == ErrorKind::UnexpectedEof { cut_off() } else { io(READING, cause) }
    })
}

/// Room is taken as bytes arrive, so a wrong length costs nothing.
fn take(from: &mut impl Read, len: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(len as u64).read_to_end(&mut bytes).map_err(|cause| io(READING, cause))?;
    if bytes.len() == len { Ok(bytes) } else { Err(cut_off()) }
}

fn take_sum(from: &mut impl Read) -> Result<Sum> {
    let mut sum = [0; SUM];
    fill(from, &mut sum)?;
    Ok(sum)
}
