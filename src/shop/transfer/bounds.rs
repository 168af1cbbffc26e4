//! Cells that are read and have bounds: no discount takes off more than all, and no order is from the future.

use crate::base::time::DAY_MS;
use crate::shop::transfer::bound::{Fault, Slot, View};
use crate::shop::transfer::cell;
use crate::shop::transfer::date::Moment;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::rates;
use rust_decimal::Decimal;

impl View<'_> {
    /// The share that is taken off a line.
    ///
    /// # Errors
    /// `invalid_number`.
    pub fn discount_rate(&self) -> Result<Option<Decimal>, Fault> {
        let field = Field::LineDiscountRate;
        let Some((text, slot)) = self.found(field) else { return Ok(None) };
        let style = self.bound.survey.style(if let Slot::Own(column) = slot { *column } else { usize::MAX });
        match rates::parse(&text, style.sign, style.is_percentage) {
            Some(rate) => Ok(Some(rate)),
            None if cell::is_null_word(&text) => Ok(None),
            None => {
                let reason = "This is no rate of a discount. A tenth is 0.1, or 10%; in a column that has only percentages also 10.";
                Err(self.fault(field, "invalid_number", reason))
            }
        }
    }
    /// When an order was placed: at most a day ahead, because it may be tomorrow where the file comes from, and in no
    /// year in which nobody had a web shop.
    ///
    /// # Errors
    /// `invalid_date`.
    pub fn placed_at(&self, options: &Options) -> Result<Option<Moment>, Fault> {
        let (field, zone) = (Field::PlacedAt, &options.zone);
        let found = self.date(field, zone)?;
        let Some(moment) = found else { return Ok(None) };
        let year = moment.at.in_zone(zone).year();
        let is_ahead = options.now.is_some_and(|now| moment.at > now.plus_ms(DAY_MS));
        let reason = match year {
            2500..=2600 => format!(
                "The year {year} is one of the Thai calendar. Write it as one of the common calendar, which is {}.",
                year - 543
            ),
            ..1970 => format!("No order was placed in {year}. Orders are taken from 1970 on."),
            _ if is_ahead => "An order lies in the past; this day is still to come.".to_owned(),
            _ => return Ok(found),
        };
        Err(self.fault(field, "invalid_date", &reason))
    }
}
