//! What of orders somebody sees, by what they may do.

use crate::access::{Caller, Permission};
use crate::base::error::{Error, Kind, Result};
use crate::search::Search;
use crate::shop::customers::{Customer, Named};
use crate::shop::orders::Order;

/// Whether somebody sees prices, payments and how to reach the customer. Who packs needs where it goes and nothing
/// of what it cost; who only looks sees what is there to be looked at.
pub fn sees_prices(may: impl Fn(&'static str) -> bool) -> bool {
    may("orders:edit") || !may("orders:ship")
}

/// The payments of what "To ship" lists.
const TO_SHIP: [&str; 2] = ["paid", "part_refunded"];

/// Whether a term tells of prices and payments, or of how to reach the customer. What "To ship" asks does not: it says
/// what is to be packed, as long as its payments are asked for together.
fn is_private(field: &str, values: &[&str]) -> bool {
    match field {
        "payment" => {
            let is_to_ship = TO_SHIP.iter().all(|value| values.contains(value))
                && values.iter().all(|value| TO_SHIP.contains(value));
            !is_to_ship
        }
        "is" => values.contains(&"refunded"),
        "total" | "currency" | "voucher" | "reference" | "method" | "email" | "phone" => true,
        _ => false,
    }
}

/// The search as somebody may ask it: who sees no prices does not find them out by filters and orders of lists either.
pub fn seen_by(search: &Search, sees_prices: bool) -> Search {
    if sees_prices { search.clone() } else { search.hiding(is_private) }
}

/// What somebody reads as the person of an order: who ordered it, and nothing by which they are reached for whom that
/// is no business.
pub fn called(order: &Order, customer: Option<&Customer>, sees_prices: bool) -> String {
    let is_contact = |c: &Customer, name: &str| c.email.as_deref() == Some(name) || c.phone == name;
    let name = customer.map(|c| (c.name(), |name: &str| is_contact(c, name)));
    said(order, name, sees_prices)
}

/// The same of a customer of whom no more is known than what they are called by.
pub fn called_by(order: &Order, customer: Option<&Named>, sees_prices: bool) -> String {
    let name = customer.map(|c| (c.name(), |name: &str| c.is_contact(name)));
    said(order, name, sees_prices)
}

fn said(order: &Order, name: Option<(String, impl Fn(&str) -> bool)>, sees_prices: bool) -> String {
    let name = name.filter(|(name, _)| !name.is_empty());
    if sees_prices {
        return name.map_or_else(|| order.person(), |(name, _)| name);
    }
    name.filter(|(name, is_contact)| !is_contact(name)).map_or_else(|| order.recipient(), |(name, _)| name)
}

/// Whether somebody sees what the shop earns in all: who may take the lists out of the house, or look behind it.
pub fn sees_sales(may: impl Fn(&'static str) -> bool) -> bool {
    sees_prices(&may) && (may("orders:export") || may("system:view"))
}

/// Somebody who packs does not read by the API what the pages do not show; a key sees what its scopes say.
///
/// # Errors
/// `forbidden`.
pub fn require_prices<P: Permission>(caller: &Caller<P>) -> Result<()> {
    if caller.is_person() && !sees_prices(|word| caller.may(word)) {
        let text = "The API tells prices and contact data, which your role does not see. Use the pages.";
        return Err(Error::refuse(Kind::Forbidden, "forbidden", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    /// A field of the box that is hidden and not known to be would be found by its words.
    #[test]
    fn what_is_hidden_is_kept_apart_in_the_box() {
        for field in crate::shop::customers::FIELDS.iter().chain(crate::shop::orders::FIELDS) {
            let is_hidden = is_private(field.name, &[]) && field.boxed;
            let is_money = ["payment", "is"].contains(&field.name);
            // An amount is no word: it is asked for as `total:` is, or not at all.
            let is_amount = field.shape == crate::search::Shape::Money;
            assert_eq!(field.private, is_hidden && !is_money && !is_amount, "{}", field.name);
        }
    }

    /// Each value of the payments alone tells of one payment; the two of what is to be packed only together.
    #[test]
    fn of_payments_only_those_of_what_is_to_be_packed_are_asked_for_together() {
        for (values, is_seen) in [
            (&["paid", "part_refunded"][..], true),
            (&["part_refunded", "paid", "paid"], true),
            (&["paid"], false),
            (&["part_refunded"], false),
            (&["paid", "part_refunded", "unpaid"], false),
            (&[], false),
        ] {
            assert_eq!(!is_private("payment", values), is_seen, "{values:?}");
        }
        assert!(is_private("is", &["held", "refunded"]) && !is_private("is", &["held", "noted"]));
    }

    #[test]
    fn who_sees_what_is_as_the_table_of_roles_says() {
        let seen = |role: Role| (sees_prices(|w| role.may(w)), sees_sales(|w| role.may(w)));
        for (role, sees) in [
            (Role::Owner, (true, true)),
            (Role::Manager, (true, true)),
            (Role::Support, (true, false)),
            (Role::Packer, (false, false)),
            (Role::ReadOnly, (true, true)),
        ] {
            assert_eq!(seen(role), sees, "{}", role.word());
        }
    }
}
