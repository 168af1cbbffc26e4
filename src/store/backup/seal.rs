//! Encryption of a backup's blocks to a key that only the shop's owner has.

use crate::base::error::{Error, Result};
use crate::store::backup::format::{Header, Sum};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

/// Shorter keys can be guessed by a patient thief of the file.
pub const KEY_LENGTH_MIN: usize = 16;

/// Seals and opens blocks; without a key they stay as they are.
pub(super) struct Seal(Option<ChaCha20Poly1305>);

impl Seal {
    /// The seal of a backup with this header.
    ///
    /// # Errors
    /// `backup_key_missing` for an encrypted backup without a key.
    pub(super) fn of(header: &Header, key: Option<&str>) -> Result<Self> {
        let Some(salt) = header.salt else { return Ok(Self(None)) };
        let key = key.ok_or_else(key_missing)?;
        Ok(Self::with(&stir(key, &salt)?))
    }
    /// The seal of a key of 32 bytes that is used for nothing else.
    pub(super) fn with(bytes: &[u8; 32]) -> Self {
        Self(Some(ChaCha20Poly1305::new(&(*bytes).into())))
    }
    /// That of what is not encrypted.
    pub(super) fn none() -> Self {
        Self(None)
    }
    /// Seals block `number` behind the sum `before`.
    pub(super) fn close(&self, number: u64, before: &Sum, packed: Vec<u8>) -> Result<Vec<u8>> {
        let Some(cipher) = &self.0 else { return Ok(packed) };
        let payload = Payload { msg: &packed, aad: before };
        cipher.encrypt(&nonce(number), payload).map_err(|e| Error::internal(e.to_string()))
    }
    /// Opens what [`Seal::close`] has sealed. The chain has proved the bytes, so only the key can be wrong.
    ///
    /// # Errors
    /// `backup_key_wrong`.
    pub(super) fn open(&self, number: u64, before: &Sum, stored: Vec<u8>) -> Result<Vec<u8>> {
        let Some(cipher) = &self.0 else { return Ok(stored) };
        let payload = Payload { msg: &stored, aad: before };
        cipher.decrypt(&nonce(number), payload).map_err(|e| {
            Error::invalid("backup_key_wrong", "The backup was encrypted with another key than backup.key.")
                .because(e.to_string())
        })
    }
}

/// Makes 32 bytes of a key. Slow on purpose: a key that people can remember is guessed slowly too.
pub(super) fn stir(key: &str, salt: &[u8; 16]) -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    argon2::Argon2::default()
        .hash_password_into(key.trim().as_bytes(), salt, &mut bytes)
        .map_err(|e| Error::internal(e.to_string()))?;
    Ok(bytes)
}

pub(super) fn key_missing() -> Error {
    let text = "The backup is encrypted. Set backup.key to the key it was made with.";
    Error::invalid("backup_key_missing", text)
}

/// Every backup has a key of its own by its salt, so the number of the block is a nonce that comes once.
fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; 12];
    for (place, byte) in bytes.iter_mut().skip(4).zip(number.to_be_bytes()) {
        *place = byte;
    }
    bytes.into()
}
