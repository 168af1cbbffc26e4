//! Texts that the program carries packed, as `build.rs` wrote them.

use crate::base::error::{Error, Result};
use flate2::read::DeflateDecoder;
use std::io::Read as _;

/// One text.
///
/// # Errors
/// `Internal` when it is not what was packed.
pub(crate) fn text(packed: &[u8]) -> Result<String> {
    let mut text = String::new();
    DeflateDecoder::new(packed).read_to_string(&mut text).map_err(Error::internal)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use std::io::Write as _;

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_text_comes_out_as_it_went_in_or_not_at_all() {
        let whole = packed("{\"title\": \"Ähnliches\"}");
        assert_eq!(text(&whole).unwrap(), "{\"title\": \"Ähnliches\"}");
        assert!(text(whole.split_last().unwrap().1).is_err());
        assert!(text(b"no deflate").is_err());
    }
}
