//! Writing a backup block by block.

use crate::base::error::{Error, Result};
use crate::base::priority::give_way;
use crate::store::backup::format::{
    BLOCK_BYTES, Content, Header, MAGIC, Sum, Trailer, VERSION, chained, digest_block, frame, io, length,
    push_row,
};
use crate::store::backup::seal::Seal;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use sha2::{Digest, Sha256};
use std::io::Write;

const WRITING: &str = "The backup cannot be written";
/// After so many bytes others go first: packing them takes some hundredths of a millisecond.
const PIECE: usize = 2 << 10;

/// A backup that is being written.
pub(super) struct Writer<W> {
    out: W,
    seal: Seal,
    chain: Sum,
    digest: Sha256,
    blocks: u64,
    /// Rows of each table so far.
    rows: Vec<u64>,
    files: u64,
    /// The table of the rows that wait, and they.
    table: u32,
    waiting: Vec<u8>,
    /// Bytes of rows since others went first.
    since: usize,
}

impl<W: Write> Writer<W> {
    /// Writes the head.
    pub(super) fn begin(mut out: W, header: &Header, key: Option<&str>) -> Result<Self> {
        let seal = Seal::of(header, key)?;
        let encoded = minicbor::to_vec(header).map_err(|e| Error::internal(e.to_string()))?;
        let mut head = MAGIC.to_vec();
        head.extend(VERSION.to_be_bytes());
        head.extend(length(encoded.len())?);
        head.extend(encoded);
        let chain: Sum = Sha256::digest(&head).into();
        head.extend(chain);
        out.write_all(&head).map_err(|e| io(WRITING, e))?;
        Ok(Self {
            out,
            seal,
            chain,
            digest: Sha256::new(),
            blocks: 0,
            rows: vec![0; header.tables.len()],
            files: 0,
            table: 0,
            waiting: Vec::with_capacity(BLOCK_BYTES + 4096),
            since: 0,
        })
    }
    /// Adds a row of the header's table `table`.
    pub(super) fn row(&mut self, table: usize, key: &[u8], value: &[u8]) -> Result<()> {
        let number = u32::try_from(table).map_err(Error::internal)?;
        if number != self.table || self.waiting.len() >= BLOCK_BYTES {
            self.flush_rows()?;
        }
        if self.waiting.is_empty() {
            self.table = number;
            self.waiting.extend(number.to_be_bytes());
        }
        push_row(&mut self.waiting, key, value)?;
        if let Some(count) = self.rows.get_mut(table) {
            *count += 1;
        }
        self.since += key.len() + value.len();
        if self.since >= PIECE {
            self.since = 0;
            give_way();
        }
        Ok(())
    }
    /// Begins a file.
    pub(super) fn file(&mut self, name: &str) -> Result<()> {
        self.flush_rows()?;
        self.files += 1;
        self.block(Content::File, name.as_bytes())
    }
    /// Adds bytes to the file begun last.
    pub(super) fn data(&mut self, bytes: &[u8]) -> Result<()> {
        self.block(Content::Data, bytes)
    }
    /// Writes the end and gives the rows of each table.
    pub(super) fn finish(mut self) -> Result<(W, Vec<u64>)> {
        self.flush_rows()?;
        let trailer = Trailer {
            rows: self.rows.clone(),
            files: self.files,
            blocks: self.blocks,
            digest: self.digest.clone().finalize().into(),
        };
        let encoded = minicbor::to_vec(&trailer).map_err(|e| Error::internal(e.to_string()))?;
        self.block(Content::End, &encoded)?;
        self.out.flush().map_err(|e| io(WRITING, e))?;
        Ok((self.out, self.rows))
    }
    fn flush_rows(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut block = std::mem::take(&mut self.waiting);
        self.block(Content::Rows, &block)?;
        // A block of one large record must not keep its room for good.
        block.clear();
        block.shrink_to(BLOCK_BYTES * 2);
        self.waiting = block;
        Ok(())
    }
    fn block(&mut self, kind: Content, plain: &[u8]) -> Result<()> {
        let mut pack = DeflateEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::fast());
        for piece in plain.chunks(PIECE) {
            pack.write_all(piece).map_err(|e| io(WRITING, e))?;
            give_way();
        }
        let packed = pack.finish().map_err(|e| io(WRITING, e))?;
        let stored = self.seal.close(self.blocks, &self.chain, packed)?;
        let size = |len: usize| u32::try_from(len).map_err(Error::internal);
        let frame = frame(kind as u8, size(plain.len())?, size(stored.len())?);
        self.chain = chained(&self.chain, &frame, &stored);
        for part in [frame.as_slice(), &stored, &self.chain] {
            self.out.write_all(part).map_err(|e| io(WRITING, e))?;
        }
        give_way();
        digest_block(&mut self.digest, kind, plain);
        give_way();
        self.blocks += 1;
        Ok(())
    }
}
