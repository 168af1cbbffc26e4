//! What the amounts of an order are in: what the order says, what stands beside them, what was chosen, what is usual.

use crate::base::money::Currency;
use crate::shop::transfer::assumed::Assumed;
use crate::shop::transfer::bound::{Fault, View};
use crate::shop::transfer::fields::{Field, Shape};
use crate::shop::transfer::maker::{Maker, first};
use crate::shop::transfer::order::Group;
use crate::shop::transfer::signs::Sign;

const OTHER: (&str, &str) =
    ("currency_sign", "The amount has the sign of another currency than the one that was chosen.");
const CONTRADICTED: &str = "currency_contradicted";

/// Numbers that are no amounts of the order.
const COUNTS: [Field; 5] = [
    Field::LineQuantity,
    Field::LineDiscountRate,
    Field::PayInstalments,
    Field::CustomerOrders,
    Field::CustomerSpent,
];

/// What stands beside an amount, and where.
struct Beside<'a> {
    view: View<'a>,
    field: Field,
    sign: Sign,
}

impl Beside<'_> {
    fn fault(&self, reason: &str) -> Fault {
        self.view.fault(self.field, CONTRADICTED, reason)
    }
}

/// Everything that stands beside the amounts of these rows.
fn beside<'a>(views: &[View<'a>]) -> Vec<Beside<'a>> {
    let amounts = || Field::ALL.iter().filter(|f| f.shape() == Shape::Number && !COUNTS.contains(f));
    let signed = views.iter().filter(|view| view.bound.survey.names_currencies);
    let of_view = |view: &View<'a>| {
        let view = *view;
        amounts()
            .flat_map(move |field| view.signs(*field).into_iter().map(move |sign| (*field, sign)))
            .map(move |(field, sign)| Beside { view, field, sign })
            .collect::<Vec<_>>()
    };
    signed.flat_map(of_view).collect()
}

impl Maker<'_> {
    /// What the amounts of an order are in.
    ///
    /// # Errors
    /// `currency_missing`, `currency_contradicted`, `invalid_currency`.
    pub fn currency(&mut self, group: Group<'_>) -> Result<Currency, Fault> {
        let beside: Vec<Beside<'_>> =
            [Some(group.rows), group.lines, group.payments].into_iter().flatten().flat_map(beside).collect();
        if let Some(view) = first(group.rows, Field::OrderCurrency) {
            let told = told(&view)?;
            return match beside.iter().find(|b| !b.sign.is_of(told)) {
                None => Ok(told),
                Some(other) => Err(other.fault(&format!(
                    "The amount is in {}, and the order says that it is in {told}. Correct one of them.",
                    other.sign.text()
                ))),
            };
        }
        let chosen = self.options.currency;
        let Some(both) = agreed(&beside)? else { return self.usual(group.rows) };
        match (both.currency(), chosen) {
            (_, Some(chosen)) if both.is_of(chosen) => Ok(chosen),
            // A sign that one currency has is no matter of choice; a grid may mix them.
            (Some(named), _) => Ok(named),
            // Somebody has said what the amounts are in, and may know better than a program that writes signs.
            (None, Some(chosen)) if !both.is_name() => {
                if let Some(b) = beside.first() {
                    self.warn(OTHER, &b.view, b.field, &b.view.text(b.field));
                }
                Ok(chosen)
            }
            (None, _) => {
                let usual = self.usual(group.rows)?;
                let is_it = both.is_of(usual);
                let fault = beside.first().filter(|_| !is_it).map(|b| {
                    b.fault(&format!(
                        "The amount has the sign {}, which is none of {usual}. Say the currency of the file, or correct the row.",
                        b.sign.text()
                    ))
                });
                fault.map_or(Ok(usual), Err)
            }
        }
    }

    /// Whether something beside the amounts names what they are in.
    pub fn is_signed(&self, views: &[View<'_>]) -> bool {
        agreed(&beside(views)).is_ok_and(|both| both.is_some_and(|sign| sign.currency().is_some()))
    }

    /// What is taken for given where nothing names a currency.
    fn usual(&mut self, views: &[View<'_>]) -> Result<Currency, Fault> {
        // Where other orders of the file name theirs, one that does not is no order in the shop's own.
        let has_column = views.first().is_some_and(|v| v.has(Field::OrderCurrency));
        let usual = self.options.usual_currency.filter(|_| !has_column);
        let known = self.options.currency.or(self.mapping.constants.currency).or(usual);
        if let Some(currency) = known {
            self.assumptions.note(Assumed::Currency(currency));
        }
        known.ok_or_else(|| match views.first() {
            Some(view) if has_column => {
                view.fault(Field::OrderCurrency, "currency_missing", "The order names no currency.")
            }
            view => Fault {
                line: view.map_or(0, View::line),
                code: "currency_missing",
                reason: "The file names no currency. Say which one its amounts are in.".into(),
                ..Fault::default()
            },
        })
    }
}

/// The currency that the order's own column names.
fn told(view: &View<'_>) -> Result<Currency, Fault> {
    let text = view.text(Field::OrderCurrency);
    let named = || Sign::known(&text)?.currency();
    Currency::parse(&text)
        .or_else(|e| named().ok_or(e))
        .map_err(|e| view.fault(Field::OrderCurrency, e.code, &e.message))
}

/// What all of them say.
fn agreed(beside: &[Beside<'_>]) -> Result<Option<Sign>, Fault> {
    let mut both: Option<Sign> = None;
    for b in beside {
        both = Some(match both {
            None => b.sign.clone(),
            Some(before) => before.with(&b.sign).ok_or_else(|| {
                b.fault(&format!(
                    "The amount is in {}, and another one of the order in {}. Correct one of them.",
                    b.sign.text(),
                    before.text()
                ))
            })?,
        });
    }
    Ok(both)
}
