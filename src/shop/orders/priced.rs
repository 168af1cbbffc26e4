//! Whose word an amount is (promises: P6). There is no catalogue yet: the price of a piece, a discount, shipping and tax are
//! the word of whoever may place orders. What an order comes to, what was paid and what went back is computed here, from
//! whatever door it comes; a body that says it is refused.
#![cfg(test)]

use super::asked::{OrderFields, PlaceOrder, StepBody};
use super::incoming::NewOrder;
use super::model::OrderId;
use super::standing::Standing;
use super::state::Step;
use super::wire::OrderOut;
use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::web::json;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// How a body becomes an order.
type Read = fn(&Value) -> Result<NewOrder>;

fn ours(body: &Value) -> Result<NewOrder> {
    json::parse::<PlaceOrder>(body.to_string().as_bytes()).map(|order| order.into_new("api"))
}

/// The planted fault: what the body says of the sum is believed.
fn believing(body: &Value) -> Result<NewOrder> {
    let mut body = body.clone();
    let stated = body.as_object_mut().unwrap().remove("total");
    let stated = stated.and_then(|total| total["amount"].as_i64());
    Ok(NewOrder { stated_total: stated, ..ours(&body)? })
}

/// The same of a line.
fn believing_lines(body: &Value) -> Result<NewOrder> {
    let mut body = body.clone();
    let stated = body["lines"][0].as_object_mut().unwrap().remove("total");
    let mut order = ours(&body)?;
    order.lines[0].stated_total = stated.and_then(|total| total["amount"].as_i64());
    Ok(order)
}

fn euros(cents: i64) -> Value {
    json!({"amount": cents, "currency": "EUR"})
}

/// Two mugs of 12.50, a euro off, and two cups of 3.00; five off, 4.90 of shipping.
fn body() -> Value {
    json!({
        "email": "anna@example.com", "currency": "EUR", "discount": euros(500), "shipping": euros(490),
        "lines": [
            {"title": "Mug", "quantity": 2, "unit_price": euros(1_250), "discount": euros(100), "tax": euros(300)},
            {"title": "Cup", "quantity": 2, "unit_price": euros(300), "tax": euros(90)},
        ],
    })
}
const COMES_TO: i64 = 2_400 + 600 - 500 + 490;

fn total_of(read: Read, body: &Value) -> Result<i64> {
    read(body)?.checked(OrderId([1; 16]), NOW).map(|order| order.total)
}

/// An order as the API tells of it: whatever it has a name for, somebody will send.
fn told() -> Map<String, Value> {
    let order = ours(&body()).unwrap().checked(OrderId([1; 16]), NOW).unwrap();
    let out = serde_json::to_value(OrderOut::new(&order, &Standing::Guest, "Anna".to_owned())).unwrap();
    out.as_object().unwrap().clone()
}

/// Names of an answered order, and of its lines, that may be said when one is placed.
fn may_be_said(read: Read) -> BTreeSet<String> {
    let told = told();
    let line = told["lines"][0].as_object().unwrap();
    let mut said = BTreeSet::new();
    for (name, value) in &told {
        let mut with = body();
        with[name] = value.clone();
        // An empty one may be left out, and says nothing of what a full one would do.
        if *value == Value::Null {
            with[name] = euros(1);
        }
        if read(&with).is_ok_and(|order| order.wrong.is_empty()) {
            said.insert(name.clone());
        }
    }
    for (name, value) in line {
        let mut with = body();
        with["lines"][0][name] = value.clone();
        if read(&with).is_ok_and(|order| order.wrong.is_empty()) {
            said.insert(format!("lines/{name}"));
        }
    }
    said
}

fn words(list: &str) -> BTreeSet<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn an_amount_that_the_shop_computes_cannot_be_said_by_a_body() {
    let known = words(
        "channel currency discount discount_code email metadata note phone placed_at shipping shipping_method tags \
         tax tax_included lines/barcode lines/category lines/colour lines/discount lines/quantity lines/size lines/sku \
         lines/tax lines/title lines/unit_price lines/vendor",
    );
    assert_eq!(may_be_said(ours), known);
    for (fault, more) in [(believing as Read, "total"), (believing_lines, "lines/total")] {
        let found: Vec<String> = may_be_said(fault).difference(&known).cloned().collect();
        assert_eq!(found, [more]);
    }
}

#[test]
fn what_an_order_comes_to_is_computed() {
    assert_eq!(total_of(ours, &body()).unwrap(), COMES_TO);
    let mut without = body();
    without["tax_included"] = json!(false);
    assert_eq!(total_of(ours, &without).unwrap(), COMES_TO + 390);
    for lie in [0, 1, COMES_TO, COMES_TO - 1, -1, i64::MAX] {
        let mut of_order = body();
        of_order["total"] = euros(lie);
        let mut of_line = body();
        of_line["lines"][0]["total"] = euros(lie);
        for (said, pointer, fault) in
            [(of_order, "/total", believing as Read), (of_line, "/lines/0/total", believing_lines)]
        {
            let refused = total_of(ours, &said).unwrap_err();
            assert_eq!((refused.code, refused.fields[0].pointer.as_str()), ("unknown_field", pointer));
            assert!(
                total_of(fault, &said).ok() != Some(COMES_TO) || lie == COMES_TO,
                "{lie} was not believed"
            );
        }
    }
    // Nobody is paid for buying.
    for (pointer, value) in [
        ("/lines/0/unit_price/amount", json!(-1)),
        ("/lines/0/discount/amount", json!(2_501)),
        ("/lines/0/discount/amount", json!(-1)),
        ("/lines/0/quantity", json!(-2)),
        ("/lines/0/quantity", json!(0)),
        ("/lines/0/tax/amount", json!(-1)),
        ("/discount/amount", json!(COMES_TO + 501)),
        ("/discount/amount", json!(-1)),
        ("/shipping/amount", json!(-1)),
        ("/lines/0/unit_price/amount", json!(i64::MAX)),
        ("/lines/0/unit_price/currency", json!("JPY")),
    ] {
        let mut wrong = body();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert!(total_of(ours, &wrong).is_err(), "{pointer}");
    }
}

#[test]
fn a_change_and_a_step_set_no_price() {
    let order = ours(&body()).unwrap().checked(OrderId([1; 16]), NOW).unwrap();
    let may = |name: &str, value: &Value| OrderFields::change(&order, &json!({ name: value })).is_ok();
    let changed: BTreeSet<String> =
        told().iter().filter(|(name, value)| may(name, value)).map(|(name, _)| name.clone()).collect();
    assert_eq!(changed, words("billing email metadata note phone shipping_address tags"));
    let mut taken = BTreeSet::new();
    for step in Step::ALL {
        for name in
            ["amount", "total", "paid", "refunded", "unit_price", "price", "discount", "tax", "shipping"]
        {
            let given = json!({ name: euros(1) }).to_string();
            if json::parse::<StepBody>(given.as_bytes()).and_then(|body| body.into_input(*step)).is_ok() {
                taken.insert(format!("{step} {name}"));
            }
        }
    }
    // At most what is due, and at most what was paid and has not gone back: those are rules of the steps.
    assert_eq!(taken, ["pay amount", "refund amount"].map(str::to_owned).into());
}
