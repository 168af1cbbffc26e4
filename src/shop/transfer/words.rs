//! What the status words of other shops mean on our three axes.

use crate::shop::orders::{CancelReason, Fulfilment, Payment, Status};
use crate::shop::transfer::sheet::header_key;

/// What one word of a file says. A part that it says nothing about stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    pub status: Option<Status>,
    pub payment: Option<Payment>,
    pub fulfilment: Option<Fulfilment>,
    pub reason: Option<CancelReason>,
    /// The order is open and on hold; the word is the reason.
    pub is_hold: bool,
    /// No order at all, such as a cart.
    pub is_skipped: bool,
}

impl Meaning {
    /// Reads words of ours with blanks between them: `open paid hold`, `cancelled unavailable`. The first that is
    /// none of ours is given back.
    ///
    /// # Errors
    /// The unknown word.
    pub fn parse(text: &str) -> Result<Self, &str> {
        let mut meaning = Self::default();
        for word in text.split_whitespace() {
            if let Some(status) = Status::from_word(word) {
                meaning.status = Some(status);
            } else if let Some(payment) = Payment::from_word(word) {
                meaning.payment = Some(payment);
            } else if let Some(fulfilment) = Fulfilment::from_word(word) {
                meaning.fulfilment = Some(fulfilment);
            } else if let Some(reason) = CancelReason::from_word(word) {
                meaning.reason = Some(reason);
            } else {
                match word {
                    "hold" => meaning.is_hold = true,
                    "skip" => meaning.is_skipped = true,
                    _ => return Err(word),
                }
            }
        }
        Ok(meaning)
    }
    /// What this says wins over what `self` said before.
    pub fn then(&mut self, later: Self) {
        self.status = later.status.or(self.status);
        self.payment = later.payment.or(self.payment);
        self.fulfilment = later.fulfilment.or(self.fulfilment);
        self.reason = later.reason.or(self.reason);
        self.is_hold |= later.is_hold;
        self.is_skipped |= later.is_skipped;
    }
}

/// A status word for comparing: `wc-on-hold`, `On Hold` and `on_hold` are one.
pub fn word_key(text: &str) -> String {
    let key = header_key(&text.replace('-', " "));
    key.strip_prefix("wc ").map(str::to_owned).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_words_are_read_in_any_order() {
        let meaning = Meaning::parse("cancelled unavailable paid").unwrap();
        assert_eq!(
            (meaning.status, meaning.payment, meaning.reason),
            (Some(Status::Cancelled), Some(Payment::Paid), Some(CancelReason::Unavailable))
        );
        assert!(Meaning::parse("open hold").unwrap().is_hold);
        assert_eq!(Meaning::parse("open sesame"), Err("sesame"));
        assert_eq!(Meaning::parse(""), Ok(Meaning::default()));
    }

    #[test]
    fn one_word_in_many_spellings_has_one_key() {
        for text in ["wc-on-hold", "On Hold ", "on_hold"] {
            assert_eq!(word_key(text), "on hold");
        }
    }
}
