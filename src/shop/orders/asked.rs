//! What the API takes: orders to place, fields to change, steps, notes.

use super::change::{OrderChange, StepInput};
use super::incoming::{NewLine, NewOrder, NewOrderCustomer};
use super::model::{Order, Parcel};
use super::parcels::ParcelChange;
use super::state::{CancelReason, Step};
use crate::base::error::{Checks, Error, Result};
use crate::base::money::{Currency, Money, Price};
use crate::base::time::Timestamp;
use crate::shop::customers::{Address, CustomerId, ExternalRef, one_line, patched};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An order to place. Prices, discounts and taxes are in the order's currency. The total is computed: the lines less the
/// discount plus the shipping, and plus the tax unless `tax_included`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
    /// A known customer; else one is found or made by the e-mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub customer: Option<CustomerId>,
    #[schema(example = "EUR")]
    pub currency: String,
    pub lines: Vec<PlaceLine>,
    #[serde(default)]
    pub billing: Option<Address>,
    #[serde(default)]
    pub shipping_address: Option<Address>,
    /// Taken off the whole order, beyond what is taken off its lines; not negative.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub discount: Option<Amount>,
    #[serde(default)]
    pub discount_code: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub shipping: Option<Amount>,
    #[serde(default)]
    pub shipping_method: Option<String>,
    /// Of the whole order, its shipping included; the sum of the lines' taxes if absent. It is added to the total only where `tax_included` is
    /// false.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub tax: Option<Amount>,
    /// Prices contain the tax. True if absent.
    #[serde(default)]
    pub tax_included: Option<bool>,
    #[serde(default)]
    pub note: Option<String>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Where it comes in; `api` if absent.
    #[serde(default)]
    pub channel: Option<String>,
    /// Your own id of the order; the same one is placed once.
    #[serde(default)]
    pub source: Option<ExternalRef>,
    /// Now, if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub placed_at: Option<Timestamp>,
}

/// A line to place. A title or a SKU is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceLine {
    #[serde(default)]
    pub sku: Option<String>,
    #[serde(default)]
    pub barcode: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub category: Option<String>,
    #[serde(default)]
    pub size: Option<String>,
    #[serde(default)]
    pub colour: Option<String>,
    #[serde(default)]
    pub vendor: Option<String>,
    /// 1 to 1,000,000.
    pub quantity: i64,
    /// Of one piece.
    #[schema(value_type = Money)]
    pub unit_price: Amount,
    /// Taken off the whole line, not off each piece; not negative, and not more than the line comes to.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub discount: Option<Amount>,
    /// Of the whole line.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub tax: Option<Amount>,
}

/// An amount as it came: its currency is looked at with everything else, so that a wrong one hides no other fault.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    pub amount: i64,
    pub currency: String,
}

impl PlaceOrder {
    /// The order for the rules; `channel` is the door's own word. What is wrong with its currencies is said by the rules,
    /// with all else.
    pub fn into_new(self, channel: &str) -> NewOrder {
        let mut checks = Checks::default();
        let currency = checks.keep("/currency", Currency::parse(&self.currency));
        let mut amount =
            |pointer: &str, money: Option<Amount>| in_currency(currency, pointer, money, &mut checks);
        let discount = amount("/discount", self.discount);
        let shipping = amount("/shipping", self.shipping);
        let tax = self.tax.map(|t| amount("/tax", Some(t)));
        let mut lines = Vec::with_capacity(self.lines.len());
        for (i, line) in self.lines.into_iter().enumerate() {
            lines.push(line.into_new(i, currency, &mut checks));
        }
        NewOrder {
            source: self.source,
            placed_at: self.placed_at,
            channel: self.channel.unwrap_or_else(|| channel.to_owned()),
            customer: self.customer.map_or(NewOrderCustomer::Guest, NewOrderCustomer::Known),
            email: self.email,
            phone: self.phone.unwrap_or_default(),
            lines,
            billing: self.billing,
            shipping_address: self.shipping_address,
            discount,
            discount_code: self.discount_code.unwrap_or_default(),
            shipping,
            shipping_method: self.shipping_method.unwrap_or_default(),
            tax,
            tax_included: self.tax_included.unwrap_or(true),
            note: self.note.unwrap_or_default(),
            tags: self.tags,
            metadata: self.metadata,
            wrong: checks.into_fields(),
            ..NewOrder::new(currency.unwrap_or(Currency::EUR))
        }
    }
}

impl PlaceLine {
    fn into_new(self, index: usize, currency: Option<Currency>, checks: &mut Checks) -> NewLine {
        let at = |field: &str| format!("/lines/{index}/{field}");
        let price = in_currency(currency, &at("unit_price"), Some(self.unit_price), checks);
        let in_minor = Price::from_minor(price, currency.unwrap_or(Currency::EUR));
        let unit_price = checks.keep(&at("unit_price"), in_minor).unwrap_or_default();
        NewLine {
            sku: self.sku.unwrap_or_default(),
            barcode: self.barcode.unwrap_or_default(),
            title: self.title.unwrap_or_default(),
            category: self.category.unwrap_or_default(),
            size: self.size.unwrap_or_default(),
            colour: self.colour.unwrap_or_default(),
            vendor: self.vendor.unwrap_or_default(),
            quantity: self.quantity,
            unit_price,
            discount: in_currency(currency, &at("discount"), self.discount, checks),
            tax: in_currency(currency, &at("tax"), self.tax, checks),
            stated_total: None,
        }
    }
}

/// The amount; `currency` is the order's, where it is one.
fn in_currency(currency: Option<Currency>, pointer: &str, money: Option<Amount>, checks: &mut Checks) -> i64 {
    let Some(money) = money else { return 0 };
    let pointer = format!("{pointer}/currency");
    if let Some(own) = checks.keep(&pointer, Currency::parse(&money.currency))
        && let Some(currency) = currency.filter(|currency| *currency != own)
    {
        let detail = format!("Use the order's currency, {currency}, not {own}.");
        checks.wrong(pointer, "currency_mismatch", detail);
    }
    money.amount
}

/// The fields of an order that can be changed.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrderFields {
    pub email: Option<String>,
    pub phone: String,
    pub billing: Option<Address>,
    pub shipping_address: Option<Address>,
    pub note: String,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
}

impl OrderFields {
    fn of(o: &Order) -> Self {
        Self {
            email: o.email.clone(),
            phone: o.phone.clone(),
            billing: o.billing.clone(),
            shipping_address: o.shipping_address.clone(),
            note: o.note.clone(),
            tags: o.tags.clone(),
            metadata: o.metadata.clone(),
        }
    }
    /// The change that a merge patch makes to an order.
    ///
    /// # Errors
    /// `unknown_field`, `wrong_type` … with the field.
    pub fn change(o: &Order, patch: &serde_json::Value) -> Result<OrderChange> {
        let wanted: Self = patched(&Self::of(o), patch)?;
        Ok(OrderChange {
            email: Some(wanted.email),
            phone: Some(wanted.phone),
            billing: Some(wanted.billing),
            shipping_address: Some(wanted.shipping_address),
            note: Some(wanted.note),
            tags: Some(wanted.tags),
            metadata: Some(wanted.metadata),
        })
    }
}

/// What can be corrected of a parcel.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ParcelFields {
    /// Who carries it.
    pub carrier: String,
    /// The tracking number.
    pub tracking: String,
}

impl ParcelFields {
    /// The change that a merge patch makes to a parcel.
    ///
    /// # Errors
    /// `unknown_field`, `wrong_type` … with the field.
    pub fn change(parcel: &Parcel, patch: &serde_json::Value) -> Result<ParcelChange> {
        let present = Self { carrier: parcel.carrier.clone(), tracking: parcel.tracking.clone() };
        let wanted: Self = patched(&present, patch)?;
        Ok(ParcelChange { carrier: Some(wanted.carrier), tracking: Some(wanted.tracking) })
    }
}

/// What a step may be told; each step reads its own fields.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"method": "card"}))]
pub struct StepBody {
    /// Cancel: `customer`, `rejected`, `unavailable` or `other`.
    pub reason: Option<CancelReason>,
    /// Cancel, hold and refund: words for staff.
    pub note: Option<String>,
    /// Pay: how much came in; all that is due, if absent. Refund: how much went back; all that still can, if absent.
    pub amount: Option<Money>,
    /// Pay: how.
    pub method: Option<String>,
    /// Pay: what the provider or the bank calls the payment.
    pub reference: Option<String>,
    /// Ship: who carries it.
    pub carrier: Option<String>,
    /// Ship: the tracking number.
    pub tracking: Option<String>,
    /// Ship: `true` when another parcel follows; the order is shipped in part until one goes without it.
    pub more_follows: Option<bool>,
}

impl StepBody {
    /// What is given to a step.
    ///
    /// # Errors
    /// `unknown_field` for what belongs to another step: whoever sends a tracking number wants it kept.
    pub fn into_input(self, step: Step) -> Result<StepInput> {
        let taken: &[&str] = match step {
            Step::Cancel => &["reason", "note"],
            Step::Hold => &["note"],
            Step::Refund => &["amount", "note"],
            Step::Pay => &["amount", "method", "reference"],
            Step::Ship => &["carrier", "tracking", "more_follows"],
            _ => &[],
        };
        let mut checks = Checks::default();
        for (name, is_given) in [
            ("reason", self.reason.is_some()),
            ("note", self.note.is_some()),
            ("amount", self.amount.is_some()),
            ("method", self.method.is_some()),
            ("reference", self.reference.is_some()),
            ("carrier", self.carrier.is_some()),
            ("tracking", self.tracking.is_some()),
            ("more_follows", self.more_follows.is_some()),
        ] {
            if is_given && !taken.contains(&name) {
                let known = match taken {
                    [] => "nothing".to_owned(),
                    [one] => (*one).to_owned(),
                    [first @ .., last] => format!("{} and {last}", first.join(", ")),
                };
                let detail = format!("The step {step} takes {known}, not “{name}”.");
                checks.wrong(format!("/{name}"), "unknown_field", detail);
            }
        }
        // What no order can have is said before an action is tried on all of them.
        for (pointer, text) in [
            ("/note", &self.note),
            ("/method", &self.method),
            ("/reference", &self.reference),
            ("/carrier", &self.carrier),
            ("/tracking", &self.tracking),
        ] {
            checks.keep(pointer, one_line(text.as_deref().unwrap_or_default()));
        }
        checks.finish()?;
        Ok(StepInput {
            reason: self.reason,
            note: self.note.unwrap_or_default(),
            amount: self.amount,
            method: self.method.unwrap_or_default(),
            reference: self.reference.unwrap_or_default(),
            carrier: self.carrier.unwrap_or_default(),
            tracking: self.tracking.unwrap_or_default(),
            more_follows: self.more_follows.unwrap_or_default(),
            again: None,
        })
    }
}

/// A staff note to add or its new text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteBody {
    pub text: String,
}

/// The step named in an address.
///
/// # Errors
/// `not_found` for a word that is no step.
pub fn step_named(word: &str) -> Result<Step> {
    Step::from_word(word).ok_or_else(|| Error::not_found("step", word))
}
