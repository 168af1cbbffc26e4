//! By what a record is known, and what only looks as if it were: numbers that a spreadsheet destroyed, words in the place of
//! an e-mail address.

use crate::base::money::Currency;
use crate::shop::orders::{NewOrder, NewOrderCustomer};
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::Report;
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::real_data::Kept;
use crate::shop::transfer::run::run;

fn read_with(mapping: &Mapping, text: &str) -> (Kept, Report) {
    let options = Options { currency: Some(Currency::EUR), ..Options::default() };
    let mut kept = Kept::default();
    let report = run(mapping, &[Input::bytes("x.csv", text.as_bytes())], &options, &mut kept).unwrap();
    (kept, report)
}
fn mapped(text: &str) -> (Kept, Report) {
    let mapping = "source = \"old\"\n[order]\nkey = \"Order\"\nid = [\"Id\", \"Order\"]\nplaced_at = \"Date\"\n[customer]\nemail = \"Email\"\nname = \"Name\"\n[billing]\npostcode = \"Zip\"\nphone = \"Phone\"\n[line]\nsku = \"SKU\"\nquantity = \"Qty\"\nprice = \"Price\"\n";
    read_with(&Mapping::parse(mapping).unwrap(), text)
}
fn id(order: &NewOrder) -> &str {
    order.source.as_ref().map_or("", |source| &source.id)
}

#[test]
fn the_text_in_a_guard_against_excel_is_what_counts() {
    let (kept, _) = mapped("Order,Date,SKU,Qty,Price\n=\"0001\",2026-01-05,\"=\"\"00123\"\"\",1,=\"1.50\"\n");
    assert_eq!((id(&kept.orders[0]), kept.orders[0].lines[0].sku.as_str()), ("0001", "00123"));
    assert_eq!(kept.orders[0].total().unwrap(), 150);
}

const SHOPIFY: &str = "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Id\n";
fn sold(name: &str, id: &str) -> String {
    format!("{name},a@x.de,paid,EUR,20.00,2024-05-01 10:00:00 +0200,1,Mug,20.00,{id}\n")
}
fn shopify(text: &str) -> (Kept, Report) {
    read_with(&preset(Format::Shopify, Kind::Orders).unwrap(), text)
}

#[test]
fn an_id_that_a_spreadsheet_destroyed_is_no_id() {
    let rows =
        [sold("#1001", "3.82386E+12"), sold("#1002", "\"3,82386E+12\""), sold("#1003", "#REF!")].concat();
    let (kept, report) = shopify(&format!("{SHOPIFY}{rows}"));
    assert_eq!(kept.orders.iter().map(id).collect::<Vec<_>>(), ["#1001", "#1002", "#1003"]);
    assert_eq!((report.warnings.count("damaged_id"), report.warnings.count("damaged_code")), (3, 0));

    let people = preset(Format::Shopify, Kind::Customers).unwrap();
    let text = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone\n6.54E+12,Anna,Berg,anna@x.de,yes,\n6.54E+12,Dora,Tal,,no,0301\n6.54E+12,Emil,Hof,,no,0302\n";
    let (kept, report) = read_with(&people, text);
    assert_eq!(kept.customers.len(), 3);
    assert!(kept.customers.iter().all(|person| person.external.is_empty()), "{:?}", kept.customers);
    assert_eq!(report.warnings.count("damaged_id"), 3);
}

#[test]
fn an_order_whose_key_a_spreadsheet_destroyed_is_refused_and_its_neighbours_are_not() {
    let rows =
        "1.0E+05,2026-01-05,A,1,1\n1.0E+05,2026-01-05,B,1,1\n7,2026-01-05,C,1,1\n1.0E+05,2026-01-06,B,1,1\n";
    let (kept, _) = mapped(&format!("Order,Date,SKU,Qty,Price\n{rows}"));
    assert_eq!(kept.orders.iter().map(id).collect::<Vec<_>>(), ["7"]);
    let told: Vec<_> =
        kept.refused.iter().map(|r| (r.line, r.code, r.column.as_str(), r.value.as_str())).collect();
    assert_eq!(told, [2, 3, 5].map(|line| (line, "key_damaged", "Order", "1.0E+05")));
    assert!(kept.refused[0].reason.contains("format of text"), "{}", kept.refused[0].reason);
}

fn guests(kept: &Kept) -> usize {
    kept.orders.iter().filter(|o| o.customer == NewOrderCustomer::Guest && o.email.is_none()).count()
}

#[test]
fn a_word_in_the_place_of_an_address_is_nobody() {
    let words = ["no email", "guest", "keine", "unknown@unknown", "no email", "@x.de", "a@.", "a@x.de"];
    let row = |(n, word): (usize, &&str)| format!("{n},2026-01-05,{word},Person {n},A,1,1\n");
    let rows: String = words.iter().enumerate().map(row).collect();
    let (kept, report) = mapped(&format!("Order,Date,Email,Name,SKU,Qty,Price\n{rows}"));
    assert_eq!((kept.orders.len(), guests(&kept), report.warnings.count("no_address")), (8, 7, 7));
    assert!(kept.refused.is_empty());
    for (n, order) in kept.orders.iter().enumerate() {
        assert_eq!(
            order.billing.as_ref().unwrap().name,
            format!("Person {n}"),
            "the name stays with the order"
        );
    }
    assert_eq!(kept.orders[3].metadata["Email"], "unknown@unknown", "what stands there is kept");

    let people = preset(Format::Shopify, Kind::Customers).unwrap();
    let text = "First Name,Last Name,Email,Accepts Email Marketing,Phone\nAnna,Berg,none yet,yes,1\nDora,Tal,none yet,no,2\n";
    let (kept, report) = read_with(&people, text);
    assert_eq!((kept.customers.len(), report.warnings.count("no_address")), (2, 2));
    assert!(kept.customers.iter().all(|person| person.email.is_none()));
}

#[test]
fn two_people_with_one_address_are_told_and_keep_their_names() {
    let rows = "1,2026-01-05,a@x.de,Anna Berg,A,1,1\n2,2026-01-05,A@x.de,anna  berg,A,1,1\n3,2026-01-05,a@x.de,Dora Tal,A,1,1\n4,2026-01-05,a@x.de,,A,1,1\n";
    let (kept, report) = mapped(&format!("Order,Date,Email,Name,SKU,Qty,Price\n{rows}"));
    let names: Vec<_> =
        kept.orders.iter().map(|o| o.billing.as_ref().map_or("", |b| b.name.as_str())).collect();
    assert_eq!(names, ["Anna Berg", "anna  berg", "Dora Tal", ""]);
    assert_eq!(report.warnings.count("shared_address"), 1);
    assert_eq!(report.warnings.0["shared_address"].examples[0].line, 4);
}

#[test]
fn codes_that_went_through_a_table_of_floats_lose_its_tail() {
    let header = "Order,Date,Email,Zip,Phone,SKU,Qty,Price\n";
    let one = "1,2026-01-05,a@x.de,33311.0,491701234567.0,17.0,1,1\n2,2026-01-05,b@x.de,,,,1,1\n";
    let (kept, _) = mapped(&format!("{header}{one}"));
    let billing = kept.orders[0].billing.as_ref().unwrap();
    assert_eq!((billing.postcode.as_str(), billing.phone.as_str()), ("33311", "491701234567"));
    assert_eq!(kept.orders[0].lines[0].sku, "17");
    // One that has none of it shows that the column was never a number.
    let (kept, _) = mapped(&format!("{header}{one}3,2026-01-05,c@x.de,D-1,1,A-1,1,1\n"));
    let billing = kept.orders[0].billing.as_ref().unwrap();
    assert_eq!((billing.postcode.as_str(), kept.orders[0].lines[0].sku.as_str()), ("33311.0", "17.0"));
}
