//! The readers of backups and of shipped parts, for whoever throws noise at them.
#![cfg(any(test, fuzzing))]

use super::format::{MAGIC, VERSION};
use super::reader::{Nothing, Reader};
use super::shipping::head_of;
use sha2::{Digest, Sha256};

/// Reads bytes as a backup, and as the head of one whose checksum is right.
pub(crate) fn backup(bytes: &[u8]) {
    let whole = |bytes: &[u8]| Reader::open(bytes)?.read(None, &mut Nothing);
    let _refused = whole(bytes);
    let Ok(len) = u32::try_from(bytes.len()) else { return };
    let mut sealed = [MAGIC.as_slice(), &VERSION.to_be_bytes(), &len.to_be_bytes(), bytes].concat();
    sealed.extend(Sha256::digest(&sealed));
    let _refused = whole(&sealed);
    let _refused = head_of(bytes);
}
