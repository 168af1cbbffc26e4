//! The layouts of WooCommerce's export plugins: items in one cell, a row each, or in columns of their own. And Magento's
//! tables of two currencies.

use crate::base::money::Currency;
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::Report;
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::real_data::Kept;
use crate::shop::transfer::run::run;

fn read(text: &str) -> (Kept, Report) {
    read_of(Format::Woocommerce, text)
}
fn read_of(format: Format, text: &str) -> (Kept, Report) {
    let options = Options { usual_currency: Some(Currency::EUR), ..Options::default() };
    let mapping = preset(format, Kind::Orders).unwrap();
    let mut kept = Kept::default();
    let report = run(&mapping, &[Input::bytes("x.csv", text.as_bytes())], &options, &mut kept).unwrap();
    (kept, report)
}
/// Title, SKU, pieces and total of every line, order by order.
fn lines(kept: &Kept) -> Vec<(&str, &str, i64, i64)> {
    let lines = kept.orders.iter().flat_map(|o| o.lines.iter().map(|l| (l, o.currency)));
    lines
        .map(|(l, currency)| {
            let computed = l.unit_price.times(l.quantity, currency).unwrap() - l.discount;
            (l.title.as_str(), l.sku.as_str(), l.quantity, l.stated_total.unwrap_or(computed))
        })
        .collect()
}

#[test]
fn items_and_refunds_in_one_cell_are_read() {
    let header = "order_id,order_number,date,status,shipping_total,shipping_tax_total,tax_total,order_total,refunded_total,order_currency,billing_email,line_items,refunds\n";
    let items = "id:1|name:Mug|product_id:4|sku:MUG|quantity:2|subtotal:20.00|total:20.00|total_tax:4.00;id:2|name:Cup|product_id:5|sku:CUP|quantity:1|subtotal:4.00|total:3.00|total_tax:0.60";
    let row = |refunded: &str, refunds: &str| {
        format!(
            "5001,5001,2024-05-01 10:00:00,completed,4.20,0.80,5.40,32.60,{refunded},EUR,a@x.de,{items},{refunds}\n"
        )
    };
    for (refunded, refunds) in [("5.00", ""), ("", "id:9|amount:5.00|reason:x"), ("0.00", "amount:-5.00")] {
        let (kept, report) = read(&[header, &row(refunded, refunds)].concat());
        assert!(kept.refused.is_empty(), "{:?}", kept.refused);
        assert_eq!(lines(&kept), [("Mug", "MUG", 2, 2000), ("Cup", "CUP", 1, 300)]);
        assert_eq!((kept.orders[0].refunded, kept.orders[0].stated_total), (500, Some(3260)));
        assert!(report.files[0].unknown_columns.is_empty(), "{:?}", report.files[0].unknown_columns);
        assert!(report.warnings.0.is_empty(), "{:?}", report.warnings);
    }
    let (kept, _) = read(
        &[
            header,
            &row("", "amount:5,00,0|reason:x")
                .replace("amount", "\"amount")
                .replace("reason:x", "reason:x\""),
        ]
        .concat(),
    );
    let refused = &kept.refused[0];
    assert_eq!((kept.orders.len(), refused.code, refused.column.as_str()), (0, "invalid_number", "refunds"));
    assert!(refused.reason.contains("“5,00,0” has to be an amount such as 1234.50"), "{}", refused.reason);
}

#[test]
fn a_row_for_each_item_is_read() {
    let header = "order_id,order_number,date,status,shipping_total,tax_total,discount_total,order_total,refunded_total,order_currency,billing_email,item_id,item_product_id,item_name,item_sku,item_quantity,item_subtotal,item_subtotal_tax,item_total,item_total_tax,item_refunded,item_refunded_qty,item_meta,item_price\n";
    let of = "5001,5001,2024-05-01 10:00:00,completed,4.20,4.80,0.00,29.00,2.00,EUR,a@x.de";
    let (kept, report) = read(&format!(
        "{header}{of},1,4,Mug,MUG,2,20.00,4.00,20.00,4.00,0,0,,10.00\n{of},2,5,Cup,CUP,1,0.00,0,0.00,0,0,0,,0\n"
    ));
    assert!(kept.refused.is_empty(), "{:?}", kept.refused);
    assert_eq!(lines(&kept), [("Mug", "MUG", 2, 2000), ("Cup", "CUP", 1, 0)]);
    assert_eq!((kept.orders.len(), kept.orders[0].refunded), (1, 200));
    assert!(report.files[0].unknown_columns.is_empty(), "{:?}", report.files[0].unknown_columns);
}

#[test]
fn items_that_stand_in_rows_and_in_one_cell_are_taken_once() {
    let header = "order_id,order_number,date,status,shipping_total,tax_total,order_total,order_currency,billing_email,item_name,item_sku,item_quantity,item_total,line_items\n";
    let cell = "id:11|name:Mug|sku:A1|quantity:2|total:25.00;id:12|name:Tee|sku:B1|quantity:1|total:25.00";
    let of = "801,801,2019-02-03 10:00:00,completed,5.00,3.00,58.00,USD,a@x.de";
    let (kept, report) = read(&format!("{header}{of},Mug,A1,2,25.00,{cell}\n{of},Tee,B1,1,25.00,{cell}\n"));
    assert_eq!(lines(&kept), [("Mug", "A1", 2, 2500), ("Tee", "B1", 1, 2500)]);
    assert!(report.warnings.0.is_empty(), "{:?}", report.warnings);
    // A cell that says something else is told of, and where the rows say nothing the cell counts, once.
    let other = cell.replace("25.00", "26.00");
    let (kept, report) = read(&format!("{header}{of},Mug,A1,2,25.00,{other}\n{of},Tee,B1,1,25.00,{other}\n"));
    assert_eq!((lines(&kept).len(), report.warnings.count("items_differ")), (2, 1));
    let (kept, _) = read(&format!("{header}{of},Mug,A1,2,,{cell}\n{of},Tee,B1,1,,{cell}\n"));
    assert_eq!(lines(&kept), [("Mug", "A1", 2, 2500), ("Tee", "B1", 1, 2500)]);
}

#[test]
fn a_header_of_plain_words_is_read() {
    let header = "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),Company (Billing),Address 1&2 (Billing),City (Billing),State Code (Billing),Postcode (Billing),Country Code (Billing),Email (Billing),Phone (Billing),First Name (Shipping),Last Name (Shipping),Address 1&2 (Shipping),City (Shipping),State Code (Shipping),Postcode (Shipping),Country Code (Shipping),Payment Method Title,Cart Discount Amount,Order Subtotal Amount,Shipping Method Title,Order Shipping Amount,Order Refund Amount,Order Total Amount,Order Total Tax Amount,SKU,Item #,Item Name,Quantity,Item Cost,Coupon Code,Discount Amount,Discount Amount Tax\n";
    let of = "1201,Processing,2024-03-05 11:20,,Anna,Berg,,Main St 1,Bern,BE,3001,CH,anna@example.com,0171,Anna,Berg,Main St 1,Bern,BE,3001,CH,PayPal,0,24.00,Flat,4.20,3.00,28.20,0";
    let (kept, report) = read(&format!("{header}{of},MUG,1,Mug,2,10.00,,0,0\n{of},CUP,2,Cup,1,4.00,,0,0\n"));
    assert!(kept.refused.is_empty(), "{:?}", kept.refused);
    assert_eq!(lines(&kept), [("Mug", "MUG", 2, 2000), ("Cup", "CUP", 1, 400)]);
    let order = &kept.orders[0];
    assert_eq!(
        (order.refunded, order.stated_total, order.email.as_deref()),
        (300, Some(2820), Some("anna@example.com"))
    );
    let billing = order.billing.as_ref().unwrap();
    assert_eq!(
        (billing.name.as_str(), billing.line1.as_str(), billing.country.as_str()),
        ("Anna Berg", "Main St 1", "CH")
    );
    assert!(report.files[0].unknown_columns.is_empty(), "{:?}", report.files[0].unknown_columns);
}

#[test]
fn a_file_whose_lines_stand_under_names_that_are_not_known_is_warned_of() {
    let text = "order_id,order_date,status,order_total,order_currency,billing_email,Product(s),Items sold\n1,2024-05-01,completed,10.00,EUR,a@x.de,Mug × 2,2\n";
    let (kept, report) = read(text);
    assert_eq!(kept.orders.len(), 1);
    let warned: Vec<_> =
        report.warnings.0["lines_not_read"].examples.iter().map(|e| e.value.as_str()).collect();
    assert_eq!(warned, ["Product(s)", "Items sold"]);
}

#[test]
fn cells_of_items_and_refunds_are_read_with_the_sign_of_their_file() {
    let header = "order_id,order_date,status,shipping_total,order_total,order_currency,billing_email,refund_items,line_item_1\n";
    for (currency, shipping, total, refund, item, wanted) in [
        (
            "EUR",
            "50,00",
            "1.250,00",
            "amount:5,00|reason:x",
            "name:Mug|sku:M|quantity:2|total:1.200|sub_total:1.200",
            (120_000, 500),
        ),
        (
            "EUR",
            "5.00",
            "25.00",
            "amount:5,00|reason:x",
            "name:Mug|sku:M|quantity:2|total:20,00|sub_total:20,00",
            (2000, 500),
        ),
        (
            "EUR",
            "5.00",
            "2500.00",
            "amount:1,234.50",
            "name:Mug|sku:M|quantity:2|total:2495.00",
            (249_500, 123_450),
        ),
        (
            "EUR",
            "5.00",
            "2500.00",
            "amount:-1,005.00",
            "name:Mug|sku:M|quantity:2|total:2495.00",
            (249_500, 100_500),
        ),
        ("KWD", "0,500", "1,500", "", "name:Mug|sku:M|quantity:2|total:1,000", (1000, 0)),
    ] {
        let row = format!(
            "1,2024-05-01,completed,\"{shipping}\",\"{total}\",{currency},a@x.de,\"{refund}\",\"{item}\"\n"
        );
        let (kept, _) = read(&[header, &row].concat());
        assert!(kept.refused.is_empty(), "{row}: {:?}", kept.refused);
        let total: i64 = lines(&kept).iter().map(|l| l.3).sum();
        assert_eq!((total, kept.orders[0].refunded), wanted, "{row}");
    }
}

#[test]
fn amounts_are_those_in_the_currency_of_the_order() {
    let text = "increment_id,created_at,status,order_currency_code,base_currency_code,base_grand_total,grand_total,base_subtotal,subtotal,shipping_amount,tax_amount,discount_amount,customer_email,sku,product_name,qty_ordered,price\n\
100000001,2024-03-05 11:20:33,complete,USD,EUR,50.00,60.00,40.00,48.00,5.00,7.00,0.0000,a@example.com,M,Hoodie,1.0000,48.0000\n";
    let (kept, _) = read_of(Format::Magento, text);
    let order = &kept.orders[0];
    assert_eq!(
        (order.currency.to_string().as_str(), order.discount, order.stated_total),
        ("USD", 0, Some(6000))
    );
}
