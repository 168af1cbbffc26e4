//! What an import takes for given because the files do not say it, so that somebody sees it before it is written.

use crate::base::money::Currency;
use crate::shop::orders::{Fulfilment, Payment, Status};
use crate::shop::transfer::maker::Maker;

/// One thing that was taken for given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assumed {
    Currency(Currency),
    Status(Status),
    Payment(Payment),
    Fulfilment(Fulfilment),
    TaxIncluded,
    TaxAdded,
    /// A line without a quantity.
    OnePiece,
    /// Times without an offset are in the shop's time zone.
    Zone,
}

/// Everything that was taken for given so far, each once.
#[derive(Clone, Debug, Default)]
pub struct Assumptions(Vec<Assumed>);

impl Assumptions {
    pub fn note(&mut self, what: Assumed) {
        if !self.0.contains(&what) {
            self.0.push(what);
        }
    }
}

impl Maker<'_> {
    /// What was taken for given, a sentence each.
    pub fn assumed(&self) -> Vec<String> {
        let zone = self.options.zone.name();
        let sentence = |what: &Assumed| match what {
            Assumed::Currency(currency) => format!("Amounts without a currency are in {currency}."),
            Assumed::Status(status) => {
                format!("Orders are {} where the files do not say it.", spaced(status.word()))
            }
            Assumed::Payment(payment) => {
                format!("Orders are {} where the files do not say it.", spaced(payment.word()))
            }
            Assumed::Fulfilment(Fulfilment::Fulfilled) => {
                "Orders are shipped where the files do not say it.".to_owned()
            }
            Assumed::Fulfilment(fulfilment) => {
                format!("Orders are {} where the files do not say it.", spaced(fulfilment.word()))
            }
            Assumed::TaxIncluded => "Prices include the tax.".to_owned(),
            Assumed::TaxAdded => "Tax is added to the prices.".to_owned(),
            Assumed::OnePiece => "A line without a quantity is one piece.".to_owned(),
            Assumed::Zone => format!("Times without an offset are in the time zone {zone}."),
        };
        self.assumptions.0.iter().map(sentence).collect()
    }
}

fn spaced(word: &str) -> String {
    word.replace('_', " ")
}
