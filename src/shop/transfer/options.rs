//! What the person who imports can say where a file does not say it.

use crate::base::money::Currency;
use crate::base::time::{Timestamp, Zone};
use crate::shop::transfer::date_order::DateOrder;
use crate::shop::transfer::number::DecimalSign;

/// Choices of an import; every `None` is decided by the file.
#[derive(Clone, Debug)]
pub struct Options {
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// An ASCII character.
    pub delimiter: Option<u8>,
    /// For columns that could be read both ways, and only for those.
    pub decimal: Option<DecimalSign>,
    /// For columns that could be read both ways, and only for those.
    pub dates: Option<DateOrder>,
    /// Of times without an offset: the shop's.
    pub zone: Zone,
    /// Somebody has said the zone; else it is the shop's own, taken for given.
    pub zone_is_said: bool,
    /// When it is done; birthdays lie before.
    pub now: Option<Timestamp>,
    /// Of orders that name none, chosen by somebody.
    pub currency: Option<Currency>,
    /// The shop's own, for files that have no column for it.
    pub usual_currency: Option<Currency>,
    /// Columns without a field become metadata; they are listed in any case.
    pub keep_unknown: bool,
    /// The name of the shop the files come from, where two shops write the same format; the format's own without it.
    pub source_name: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            encoding: None,
            delimiter: None,
            decimal: None,
            dates: None,
            zone: Zone::utc(),
            zone_is_said: false,
            now: None,
            currency: None,
            usual_currency: None,
            keep_unknown: true,
            source_name: None,
        }
    }
}
