//! Small files of our own in the formats of other shops: what each column and status becomes.

use crate::base::money::{Currency, Price};
use crate::shop::orders::{CancelReason, Fulfilment, NewOrder, NewOrderCustomer, Payment, Status};
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::Report;
use crate::shop::transfer::own_run;
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::real_data::Kept;
use crate::shop::transfer::run::run;

fn read(format: Format, kind: Kind, texts: &[&str]) -> (Kept, Report) {
    let files: Vec<Input> = texts.iter().map(|t| Input::bytes("sample.csv", t.as_bytes())).collect();
    let options = Options { currency: Some(Currency::EUR), ..Options::default() };
    let mut kept = Kept::default();
    let report = run(&preset(format, kind).unwrap(), &files, &options, &mut kept).unwrap();
    (kept, report)
}
fn axes(order: &NewOrder) -> (Status, Payment, Fulfilment) {
    (order.status, order.payment, order.fulfilment)
}

/// Shopify's full header with one order of two lines, as the admin exports it.
const SHOPIFY: &str = "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Phone\r\n\
#1001-A,anna@example.com,partially_refunded,2025-03-01 10:05:00 +0100,fulfilled,2025-03-02 09:00:00 +0100,yes,EUR,33.00,4.90,6.05,37.90,SPRING,5.00,DHL,2025-03-01 10:00:00 +0100,2,Mug - Blue / L,15.00,18.00,MUG-1,true,true,fulfilled,Anna Berg,\"Main St. 1, Back\",Main St. 1,Back,,Berlin,'01067,BE,DE,+49 30 1,Anna Berg,Main St. 1,Main St. 1,,,Berlin,'01067,BE,DE,,Leave at door,\"gift: yes\ncolour: very: red\",,card,'c123,4.90,Acme,0.00,Eve,,,'7001,\"vip, gift\",Low,web,1.00,VAT 19%,6.05,+49 30 2\r\n\
#1001-A,anna@example.com,,,,,,,,,,,,,,2025-03-01 10:00:00 +0100,1,Mug - Blue / L,9.00,,MUG-1,true,true,fulfilled,,,,,,,,,,,,,,,,,,,,,,,,,,,Acme,,,,,,,,,0.00,,,+49 30 2\r\n";

#[test]
fn a_full_order_of_shopify_keeps_what_it_has() {
    let (kept, report) = read(Format::Shopify, Kind::Orders, &[SHOPIFY]);
    assert_eq!(kept.refused, []);
    let order = &kept.orders[0];
    assert_eq!((kept.orders.len(), order.lines.len()), (1, 2), "the same product twice is two lines");
    assert_eq!(axes(order), (Status::Completed, Payment::PartRefunded, Fulfilment::Fulfilled));
    assert_eq!((order.wished_number, order.source_name.as_str()), (Some(1001), "#1001-A"));
    assert_eq!(order.source.as_ref().unwrap().id, "7001");
    let line = &order.lines[0];
    assert_eq!(
        (line.sku.as_str(), line.quantity, line.unit_price, line.discount),
        ("MUG-1", 2, Price(150_000), 100)
    );
    // 2 x 15 - 1 + 9 = 38 of goods; the subtotal of 33 leaves 5 of discount on the order.
    assert_eq!(
        (order.discount, order.shipping, order.tax, order.stated_total),
        (500, 490, Some(605), Some(3790))
    );
    assert!(order.tax_included && report.tallies.count("tax_included") == 1);
    assert_eq!((order.refunded, order.payments.len(), order.payments[0].amount), (490, 1, 3790));
    assert_eq!(order.payments[0].reference, "c123");
    assert_eq!(order.parcels[0].shipped_at.unwrap().to_string(), "2025-03-02T08:00:00Z");
    let billing = order.billing.as_ref().unwrap();
    assert_eq!(
        (billing.line1.as_str(), billing.line2.as_str(), billing.postcode.as_str()),
        ("Main St. 1", "Back", "01067")
    );
    assert_eq!(order.tags, ["vip", "gift"]);
    let facts =
        ["gift", "colour", "Employee", "Risk Level", "Tax 1 Name"].map(|k| order.metadata[k].as_str());
    assert_eq!(facts, ["yes", "very: red", "Eve", "Low", "VAT 19%"]);
    let NewOrderCustomer::Described(anna) = &order.customer else { panic!("a guest") };
    assert_eq!(
        (anna.first_name.as_str(), anna.last_name.as_str(), anna.accepts_marketing),
        ("Anna", "Berg", Some(true))
    );
    assert_eq!(anna.addresses.len(), 2);
    let file = &report.files[0];
    assert!(file.unknown_columns.contains(&"Risk Level".to_owned()) && !file.ignored_columns.is_empty());
}

#[test]
fn one_name_with_two_ids_is_two_orders() {
    let text = "Name,Id,Total,Currency,Lineitem name,Created at\n#1,11,5,EUR,a,2025-01-01\n#1,,,,b,2025-01-01\n#1,12,6,EUR,c,2025-01-01\n";
    let (kept, _) = read(Format::Shopify, Kind::Orders, &[text]);
    let ids: Vec<_> =
        kept.orders.iter().map(|o| (o.source.as_ref().unwrap().id.as_str(), o.lines.len())).collect();
    assert_eq!(ids, [("11", 2), ("12", 1)]);
}

#[test]
fn shopifys_words_have_a_place_on_three_axes() {
    let mut text = "Name,Financial Status,Fulfillment Status,Cancelled at,Total,Currency,Lineitem name,Outstanding Balance,Created at\n".to_owned();
    let cases = [
        ("pending,,", Status::Open, Payment::Unpaid, Fulfilment::Unfulfilled),
        ("authorized,unfulfilled,", Status::Open, Payment::Authorised, Fulfilment::Unfulfilled),
        ("partially_paid,partial,", Status::Open, Payment::PartPaid, Fulfilment::Part),
        ("paid,fulfilled,", Status::Completed, Payment::Paid, Fulfilment::Fulfilled),
        ("refunded,restocked,", Status::Completed, Payment::Refunded, Fulfilment::Returned),
        ("voided,,", Status::Cancelled, Payment::Voided, Fulfilment::Unfulfilled),
        ("expired,,", Status::Open, Payment::Unpaid, Fulfilment::Unfulfilled),
        ("paid,,2025-01-02", Status::Cancelled, Payment::Paid, Fulfilment::Unfulfilled),
        (",,", Status::Open, Payment::Unpaid, Fulfilment::Unfulfilled),
        // What nobody knows is not taken for paid.
        ("curious,fulfilled,", Status::Open, Payment::Unpaid, Fulfilment::Fulfilled),
        ("Payment pending,PARTIALLY_FULFILLED,", Status::Open, Payment::Unpaid, Fulfilment::Part),
        ("paid,in_progress,", Status::Open, Payment::Paid, Fulfilment::Unfulfilled),
        ("paid,odd,", Status::Open, Payment::Paid, Fulfilment::Unfulfilled),
    ];
    for (number, (cells, ..)) in cases.iter().enumerate() {
        text.push_str(&format!("#{number},{cells},10,EUR,x,2,2025-01-01\n"));
    }
    let (kept, report) = read(Format::Shopify, Kind::Orders, &[&text]);
    assert_eq!(kept.refused, []);
    for (order, (cells, status, payment, fulfilment)) in kept.orders.iter().zip(cases) {
        assert_eq!(axes(order), (status, payment, fulfilment), "{cells}");
    }
    assert_eq!(report.warnings.count("unknown_status"), 2);
    assert_eq!(kept.orders[9].metadata["payment"], "curious");
    assert_eq!(report.warnings.count("paid_but_outstanding"), 4);
}

#[test]
fn both_generations_of_shopifys_customers_are_read() {
    let new = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags\n\
'7210448301122,Anna,Berg,Anna@example.com,yes,,Main St. 1,,Berlin,BE,DE,'01067,+49 30 1,,no,12.50,3,VIP,no,\"a, b\"\n\
'7210448301123,,,,no,,,,,,,,,,no,0.00,0,,no,\n\
'7210448301124,,,,no,,,,,,,,,+49 40 1,no,0.00,0,,no,\n\
'7210448301125,Anna,Bergmann,anna@EXAMPLE.com,no,,,,,,,,,,no,1.00,1,,yes,\n";
    let (kept, report) = read(Format::Shopify, Kind::Customers, &[new]);
    assert_eq!((kept.refused.len(), kept.customers.len()), (0, 2));
    let anna = kept.customers.iter().find(|c| c.email.is_some()).unwrap();
    assert_eq!(
        (anna.last_name.as_str(), anna.accepts_marketing, anna.tax_exempt),
        ("Bergmann", Some(false), Some(true))
    );
    assert_eq!(
        (anna.phone.as_str(), anna.addresses[0].postcode.as_str(), anna.external.len()),
        ("+49 30 1", "01067", 2)
    );
    assert_eq!(anna.external[0].id, "7210448301122");
    assert_eq!((report.warnings.count("customer_empty"), report.warnings.count("customer_merged")), (1, 1));
    assert_eq!(
        (report.tallies.count("claimed_orders"), report.tallies.claimed_spent.to_string()),
        (4, "13.50".into())
    );
    let old = "First Name,Last Name,Email,Accepts Marketing,Company,Address1,Address2,City,Province,Province Code,Country,Country Code,Zip,Phone,Total Spent,Total Orders,Tags,Note,Tax Exempt\n\
Wei,Li,wei@example.cn,yes,Li Ltd,1 Road,,Shanghai,Shanghai,SH,China,CN,200000,+86 21 1,0,0,,,no\n";
    let (kept, _) = read(Format::Shopify, Kind::Customers, &[old]);
    let wei = &kept.customers[0];
    assert_eq!((wei.addresses[0].region.as_str(), wei.addresses[0].country.as_str()), ("SH", "CN"));
    assert_eq!(
        (wei.company.as_str(), wei.accepts_marketing, wei.phone.as_str()),
        ("Li Ltd", Some(true), "+86 21 1")
    );
}

#[test]
fn woocommerces_orders_are_read_from_both_plugins() {
    let first = "order_id,order_number,order_date,paid_date,status,shipping_total,shipping_tax_total,fee_total,tax_total,order_total,order_currency,payment_method,payment_method_title,transaction_id,customer_id,customer_email,billing_first_name,billing_last_name,billing_email,billing_address_1,billing_postcode,billing_city,billing_country,customer_note,line_item_1,line_item_2\n\
44,1044,2025-01-02 03:04:05,2025-01-02 03:05:00,wc-processing,5.00,0.95,2.00,20.90,130.90,EUR,stripe,Card,ch_1,7,anna@example.com,Anna,Berg,anna@example.com,Main St. 1,10115,Berlin,DE,Hello,name:Mug|product_id:1|sku:M-1|quantity:2|total:95.00|sub_total:100.00,name:Cup|product_id:2|sku:|quantity:1|total:8.00|sub_total:8.00\n\
45,1045,2025-01-03,,checkout-draft,0,0,0,0,0,EUR,,,,0,,,,,,,,,,,\n\
46,1046,2025-01-03,,on-hold,0,0,0,0,8.00,EUR,,,,0,,Bo,,,,,,,,name:Cup|quantity:1|total:8.00,\n\
47,1047,2025-01-03,,failed,0,0,0,0,8.00,EUR,,,,,bo@example.com,Bo,,bo@example.com,,,,,,name:Cup|quantity:1|total:8.00,\n\
48,1048,2025-01-03,,completed,0,0,0,0,8.00,EUR,,,,,bo@example.com,Bo,,bo@example.com,,,,,,name:Cup|quantity:x|total:8.00,\n";
    let (kept, report) = read(Format::Woocommerce, Kind::Orders, &[first]);
    assert_eq!((kept.orders.len(), kept.refused.len(), report.tallies.skipped), (3, 1, 1));
    assert_eq!((kept.refused[0].code, kept.refused[0].column.as_str()), ("invalid_line_item", "line_item_1"));
    let order = &kept.orders[0];
    assert_eq!(axes(order), (Status::Open, Payment::Paid, Fulfilment::Unfulfilled));
    assert_eq!((order.lines.len(), order.lines[0].discount, order.lines[2].title.as_str()), (3, 500, "Fees"));
    // 95 + 8 + 2 of goods and fees, 5 shipping, 20.90 tax: 130.90.
    assert_eq!((order.stated_total, order.tax, order.tax_included), (Some(13_090), Some(2090), false));
    assert!(matches!(&order.customer, NewOrderCustomer::Described(p) if p.external[0].id == "7"));
    assert_eq!(order.payments[0].method, "Card");
    let (held, failed) = (&kept.orders[1], &kept.orders[2]);
    assert_eq!((held.hold.as_deref(), &held.customer), (Some("on-hold"), &NewOrderCustomer::Guest));
    assert_eq!(failed.cancelled.as_ref().unwrap().1, CancelReason::Rejected);

    let older = "order_id,order_number_formatted,order_number,date,status,order_shipping,order_shipping_tax,order_fees,order_tax,order_total,payment_method,customer_user,billing_first_name,billing_email,order_item_1,order_item_2\n\
9,#9,9,2014-05-06,completed,4.00,0.40,0,3.00,37.40,cod,12,Bo,bo@example.com,product_id:4959|1|30|size: Medium,\n";
    let (kept, _) = read(Format::Woocommerce, Kind::Orders, &[older]);
    let order = &kept.orders[0];
    assert_eq!((order.lines[0].size.as_str(), order.tax, order.tax_included), ("Medium", Some(340), false));
    assert_eq!(axes(order), (Status::Completed, Payment::Paid, Fulfilment::Fulfilled));
}

#[test]
fn woocommerces_customers_have_two_addresses_and_no_password() {
    let text = "ID,username,user_pass,first_name,last_name,email,date_registered,billing_first_name,billing_company,billing_phone,billing_address_1,billing_postcode,billing_city,billing_country,shipping_first_name,shipping_address_1,shipping_city,shipping_country\n\
5,anna,$P$secret,Anna,Berg,anna@example.com,2020-01-02 03:04:05,Anna,Berg Ltd,030 1,Main St. 1,10115,Berlin,DE,Anna,Dock 2,Hamburg,DE\n";
    let (kept, _) = read(Format::Woocommerce, Kind::Customers, &[text]);
    let anna = &kept.customers[0];
    assert_eq!((anna.addresses.len(), anna.company.as_str()), (2, "Berg Ltd"));
    assert_eq!(anna.created_at.unwrap().to_string(), "2020-01-02T03:04:05Z");
    assert!(!format!("{anna:?}").contains("secret"));
    let report = "Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region,City,Region,Postal Code\nBo Li,bo,2025-01-02,2024-01-02,bo@example.com,3,30.00,10.00,SE,Malmö,Skåne,211 22\n";
    let (kept, report) = read(Format::Woocommerce, Kind::Customers, &[report]);
    assert_eq!((kept.customers[0].last_name.as_str(), report.tallies.count("claimed_orders")), ("Li", 3));
    assert_eq!(kept.customers[0].addresses[0].city, "Malmö");
}

#[test]
fn magentos_grid_and_item_tables_are_read() {
    let grid = "\"ID\",\"Purchase Point\",\"Purchase Date\",\"Bill-to Name\",\"Ship-to Name\",\"Grand Total (Base)\",\"Grand Total (Purchased)\",\"Status\",\"Billing Address\",\"Customer Email\",\"Subtotal\",\"Shipping and Handling\",\"Customer Name\",\"Payment Method\",\"Total Refunded\"\n\
\"000000012\",\"Main\",\"Jan 5, 2025, 10:00:00 AM\",\"A B\",\"A B\",\"41.00\",\"41.00\",\"closed\",\"Road 1,Town\",\"a@example.com\",\"36.00\",\"5.00\",\"A B\",\"checkmo\",\"41.00\"\n";
    let (kept, _) = read(Format::Magento, Kind::Orders, &[&grid.replace("Jan 5", "Janvier 35")]);
    assert_eq!(kept.refused.len(), 1, "what is no date is refused with its column");
    assert_eq!((kept.refused[0].code, kept.refused[0].column.as_str()), ("invalid_date", "Purchase Date"));
    let (kept, _) = read(Format::Magento, Kind::Orders, &[grid]);
    let order = &kept.orders[0];
    assert_eq!(axes(order), (Status::Completed, Payment::Refunded, Fulfilment::Unfulfilled));
    assert_eq!(
        (order.wished_number, order.source_name.as_str(), order.metadata["subtotal"].as_str()),
        (Some(12), "000000012", "36")
    );
    let items = "increment_id,created_at,status,grand_total,subtotal,shipping_amount,tax_amount,discount_amount,customer_email,sku,product_name,qty_ordered,price\n\
100,2025-01-05 10:00:00,holded,27.50,20.00,5.00,2.50,0,a@example.com,S1,Shirt,2,7.50\n\
100,,,,,,,,,S2,Sock,1,5.00\n\
101,2025-01-06 10:00:00,complete,9.00,10.00,0.00,0.00,-1.00,b@example.com,S3,Hat,1,10.00\n";
    let (kept, _) = read(Format::Magento, Kind::Orders, &[items]);
    assert_eq!((kept.orders.len(), kept.orders[0].lines.len()), (2, 2));
    assert_eq!((kept.orders[0].hold.as_deref(), kept.orders[0].tax_included), (Some("holded"), false));
}

#[test]
fn prestashops_order_list_is_read() {
    let text = "ID;Reference;New client;Delivery;Customer;Total;Payment;Status;Date\n\
5;KHWLILZLL;1;United States;J. DOE;$20.90;Bank wire;Awaiting bank wire payment;2025-01-05 10:00:00\n\
4;FFATNOMMJ;0;France;J. DOE;€1,814.90;Payment by check;Payment error;2025-01-04 10:00:00\n\
3;UOYEVOLIX;0;France;J. DOE;$14.90;Payment by check;Delivered;2025-01-03 10:00:00\n";
    let (kept, report) = read(Format::Prestashop, Kind::Orders, &[text]);
    assert_eq!((kept.refused.len(), report.files[0].delimiter), (0, ';'));
    assert_eq!(axes(&kept.orders[0]), (Status::Open, Payment::Unpaid, Fulfilment::Unfulfilled));
    assert_eq!(
        (kept.orders[1].stated_total, kept.orders[1].cancelled.as_ref().unwrap().1),
        (Some(181_490), CancelReason::Rejected)
    );
    assert_eq!(axes(&kept.orders[2]), (Status::Completed, Payment::Paid, Fulfilment::Delivered));
    assert_eq!(kept.orders[0].shipping_address.as_ref().unwrap().country, "US");
}

#[test]
fn an_order_of_which_a_row_is_broken_is_not_taken_without_it() {
    let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
    let text = format!(
        "{header}\n1,A,x,1,2011-01-01,1,7,France\n1,B,y\n2,A,x,1,2011-01-01,1,7,France\n3,A,\"x\"y,1,2011-01-01,1,7,France\n3,B,x,1,2011-01-01,1,7,France\n,A,x,1,2011-01-01,1,7,France\n"
    );
    let (kept, report) = read(Format::OnlineRetail, Kind::Orders, &[&text]);
    assert_eq!(kept.orders.len(), 1);
    let refused: Vec<_> = kept.refused.iter().map(|r| (r.line, r.code)).collect();
    let wanted = [
        (3, "wrong_width"),
        (2, "record_incomplete"),
        (5, "text_after_quote"),
        (6, "record_incomplete"),
        (7, "key_missing"),
    ];
    assert_eq!(refused, wanted);
    assert_eq!((report.tallies.rows, report.tallies.refused_rows), (6, 5));
}

#[test]
fn scattered_orders_are_whole_again() {
    let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
    let row = |invoice: u32, code: &str| format!("{invoice},{code},x,1,2011-01-01,1.00,7,France\n");
    let text =
        format!("{header}\n{}{}{}{}{}", row(1, "A"), row(2, "A"), row(1, "B"), row(3, "A"), row(2, "B"));
    let (kept, _) = read(Format::OnlineRetail, Kind::Orders, &[&text]);
    let orders: Vec<_> = kept.orders.iter().map(|o| (o.wished_number.unwrap(), o.lines.len())).collect();
    assert_eq!(orders, [(1, 2), (3, 1), (2, 2)]);
}

#[test]
fn a_file_without_any_known_column_or_currency_is_refused() {
    let input = [Input::bytes("x.csv", &b"a,b\n1,2\n"[..])];
    let shopify = preset(Format::Shopify, Kind::Orders).unwrap();
    let error = run(&shopify, &input, &Options::default(), &mut Kept::default()).unwrap_err();
    assert_eq!(error.code, "columns_missing");
    let input = [Input::bytes("x.csv", &b"Name,Total\n#1,2\n"[..])];
    let mut kept = Kept::default();
    run(&shopify, &input, &Options::default(), &mut kept).unwrap();
    assert_eq!(kept.refused[0].code, "currency_missing");
}

#[test]
fn two_orders_with_one_number_are_refused_and_not_merged() {
    let header = "Name,Email,Created at,Currency,Total,Lineitem name,Lineitem quantity,Lineitem price";
    let row = |name: &str, who: &str, at: &str| format!("{name},{who},{at},EUR,1.00,Pen,1,1.00\n");
    let text = format!(
        "{header}\n{}{}{}{}{}{}",
        row("#1", "a@example.com", "2024-03-06 10:00:00"),
        row("#2", "b@example.com", "2024-03-06 10:00:00"),
        row("#1", "other@example.com", "2024-05-06 10:00:00"),
        row("#3", "c@example.com", "2024-03-06 10:00:00"),
        row("#4", "d@example.com", "2024-03-06 10:00:00"),
        row("#3", "C@example.com", "2024-03-06 10:01:00"),
    );
    let (kept, _) = read(Format::Shopify, Kind::Orders, &[&text]);
    let refused: Vec<_> = kept.refused.iter().map(|r| (r.line, r.code)).collect();
    assert_eq!(refused, [(2, "other_order"), (4, "other_order")]);
    assert!(kept.refused[1].reason.contains("Two orders have this number"), "{}", kept.refused[1].reason);
    assert_eq!(kept.orders.iter().map(|o| o.lines.len()).collect::<Vec<_>>(), [1, 1, 2]);
}

#[test]
fn a_sign_beside_an_amount_rules_or_the_row_is_refused() {
    let order = |currency: &str, total: &str, chosen: Option<Currency>| {
        let text =
            format!("Name,Email,Currency,Created at,Total\n#1,a@example.com,{currency},2024-03-01,{total}\n");
        let text = if currency.is_empty() { text.replace("Currency,", "").replace(",,", ",") } else { text };
        let options = Options { currency: chosen, usual_currency: Some(Currency::EUR), ..Options::default() };
        let mut kept = Kept::default();
        let input = [Input::bytes("x.csv", text.as_bytes())];
        run(&preset(Format::Shopify, Kind::Orders).unwrap(), &input, &options, &mut kept).unwrap();
        kept.orders.first().map(|o| o.currency.to_string()).ok_or_else(|| kept.refused[0].code)
    };
    assert_eq!(order("", "£14.90", None), Ok("GBP".to_owned()));
    assert_eq!(order("", "€14.90", None), Ok("EUR".to_owned()));
    assert_eq!(order("", "$14.90", None), Err("currency_contradicted"));
    assert_eq!(order("", "$14.90", Some(Currency::EUR)), Ok("EUR".to_owned()));
    assert_eq!(order("USD", "$14.90", None), Ok("USD".to_owned()));
    assert_eq!(order("USD", "£14.90", None), Err("currency_contradicted"));
    // A code or a sign of its own names the currency as a column does.
    for (total, wanted) in [
        ("USD 12.00", "USD"),
        ("12.50 GBP", "GBP"),
        ("100 zł", "PLN"),
        ("US$5.00", "USD"),
        ("R$ 5.00", "BRL"),
        ("A$10.00", "AUD"),
        ("CA$10.00", "CAD"),
        ("NT$100", "TWD"),
        ("$10 CAD", "CAD"),
    ] {
        assert_eq!(order("", total, None).as_deref(), Ok(wanted), "{total}");
        assert_eq!(order(wanted, total, None).as_deref(), Ok(wanted), "{total}");
        assert_eq!(order("CHF", total, None), Err("currency_contradicted"), "{total}");
        assert_eq!(order("", total, Some(Currency::EUR)).as_deref(), Ok(wanted), "{total}");
    }
    // Of what several have it is the shop's own or none.
    assert_eq!(order("", "100 kr", None), Err("currency_contradicted"));
    assert_eq!(order("", "100 kr", Some(Currency::parse("SEK").unwrap())).as_deref(), Ok("SEK"));
    assert_eq!(order("€", "5.00", None).as_deref(), Ok("EUR"));
    assert_eq!(order("$", "5.00", None), Err("invalid_currency"));
}

#[test]
fn every_amount_of_an_order_is_in_its_currency() {
    let order = |text: &str, usual: &str| {
        let options = Options { usual_currency: Some(Currency::parse(usual).unwrap()), ..Options::default() };
        let mut kept = Kept::default();
        let input = [Input::bytes("x.csv", text.as_bytes())];
        run(&preset(Format::Shopify, Kind::Orders).unwrap(), &input, &options, &mut kept).unwrap();
        kept.orders
            .first()
            .map(|o| o.currency.to_string())
            .ok_or_else(|| (kept.refused[0].column.clone(), kept.refused[0].reason.clone()))
    };
    let text = "Name,Email,Created at,Shipping,Total\n#1,a@example.com,2024-03-01,£1.00,€14.90\n";
    let (column, reason) = order(text, "EUR").unwrap_err();
    assert!(reason.contains('£') && reason.contains('€'), "{column}: {reason}");
    let text = "Name,Email,Created at,Total (USD)\n#1,a@example.com,2024-03-01,14.90\n";
    assert_eq!(order(text, "EUR").as_deref(), Ok("USD"));
    let text = "Name,Email,Created at,Currency,Total (USD)\n#1,a@example.com,2024-03-01,GBP,14.90\n";
    let (column, reason) = order(text, "EUR").unwrap_err();
    assert_eq!(column, "Total (USD)");
    assert!(reason.contains("USD") && reason.contains("GBP"), "{reason}");
    // A column whose orders name theirs, with one that only its amount does.
    let text = "Name,Email,Created at,Currency,Total\n#1,a@example.com,2024-03-01,,€14.90\n";
    assert_eq!(order(text, "USD").as_deref(), Ok("EUR"));
    let text = "Name,Email,Created at,Total\n#1,a@example.com,2024-03-01,100 kr\n";
    assert_eq!(order(text, "NOK").as_deref(), Ok("NOK"));
}

#[test]
fn a_refund_without_an_amount_is_of_all_of_it() {
    let text = "ID;Reference;New client;Delivery;Customer;Total;Payment;Status;Date\n\
6;XKBKNABJL;0;Germany;C. D;30,00 €;PayPal;Refunded;2024-03-01 13:00:00\n";
    let (kept, _) = read(Format::Prestashop, Kind::Orders, &[text]);
    let new = &kept.orders[0];
    assert_eq!(new.payment, Payment::Refunded);
    let id = crate::base::id::Id::from_bytes([1; 16]);
    let order = new.checked(id, crate::base::time::Timestamp(0)).unwrap();
    assert_eq!((order.total, order.refunded), (3000, 3000));
}

#[test]
fn what_was_paid_and_given_back_in_part_is_read() {
    let shopify = "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Payment Method,Outstanding Balance\n\
#1,a@example.com,partially_paid,EUR,30.00,0,0,30.00,2024-03-06,3,Pen,10.00,,12.00\n\
#2,b@example.com,pending,EUR,30.00,0,0,30.00,2024-03-06,3,Pen,10.00,Bank transfer,\n";
    let (kept, _) = read(Format::Shopify, Kind::Orders, &[shopify]);
    let paid: Vec<i64> = kept.orders[0].payments.iter().map(|p| p.amount).collect();
    assert_eq!(paid, [1800]);
    let open = &kept.orders[1];
    assert_eq!((open.payments.len(), open.metadata["payment_method"].as_str()), (0, "Bank transfer"));

    let woo = "order_id,order_number,order_date,paid_date,status,shipping_total,tax_total,order_total,order_currency,billing_email,refund_items,line_item_1\n\
2,2,2024-05-01 12:00:00,2024-05-01 12:01:00,completed,5.00,0,25.00,EUR,w@example.com,amount:10.00|reason:broken|date:2024-05-03,name:Hoodie|quantity:2|total:20.00|sub_total:20.00\n";
    let (kept, _) = read(Format::Woocommerce, Kind::Orders, &[woo]);
    assert_eq!((kept.orders[0].refunded, kept.orders[0].payment), (1000, Payment::PartRefunded));
}

#[test]
fn columns_that_are_none_of_ours_are_said_and_a_file_of_others_is_refused() {
    let own = |kind, text: &str| {
        let mut kept = Kept::default();
        let files = [Input::bytes("x.csv", text.as_bytes())];
        own_run::run(kind, &files, &Options::default(), &mut kept).map(|report| (kept, report))
    };
    let text = "number,placed_at,currency,email,line_title,line_quantity,line_unit_price,Shoe size,line_unit_prise\n\
                7,2026-11-01T10:00:00Z,EUR,a@example.com,Pen,1,1.00,43,2.00\n";
    let (kept, report) = own(Kind::Orders, text).unwrap();
    assert_eq!(kept.orders.len(), 1);
    assert_eq!(report.files[0].ignored_columns, ["Shoe size", "line_unit_prise"]);
    // `phone` and `country` are called so by others too.
    let text = "customerID,companyName,contactName,city,country,phone,fax\n1,A,Ann,Berlin,DE,030 123,\n";
    assert_eq!(own(Kind::Customers, text).err().map(|e| e.code), Some("columns_missing"));
}
