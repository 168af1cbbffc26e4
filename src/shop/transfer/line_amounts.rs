//! What a line costs where its row says it in part: rates of discount, quantities and prices that are not there.

use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::Mapping;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::Report;
use crate::shop::transfer::real_data::Kept;
use crate::shop::transfer::run::run;

const COLUMNS: &str = "source = \"old\"\n[constants]\ncurrency = \"EUR\"\n[order]\nkey = \"Order\"\nplaced_at = \"Date\"\ntotal = \"Total\"\n[line]\nsku = \"SKU\"\nquantity = \"Qty\"\nprice = \"Price\"\ndiscount_rate = \"Disc\"\n";

/// Rows of quantity, price, rate and total, one an order.
fn read(rows: &[&str]) -> (Kept, Report) {
    let rows: String = (1..).zip(rows).map(|(n, row)| format!("{n},2024-03-15,S,{row}\n")).collect();
    let text = format!("Order,Date,SKU,Qty,Price,Disc,Total\n{rows}");
    let mut kept = Kept::default();
    let mapping = Mapping::parse(COLUMNS).unwrap();
    let file = Input::bytes("x.csv", text.as_bytes());
    let report = run(&mapping, &[file], &Options::default(), &mut kept).unwrap();
    (kept, report)
}
fn discounts(kept: &Kept) -> Vec<i64> {
    kept.orders.iter().map(|o| o.lines[0].discount).collect()
}

#[test]
fn a_rate_of_discount_takes_off_no_more_than_all() {
    let (kept, report) = read(&["1,10.00,10,", "1,10.00,0,", "2,10.00,12.5,"]);
    assert_eq!(discounts(&kept), [100, 0, 250]);
    assert_eq!(report.files[0].decisions, ["Disc: 10 is read as 10 percent."]);
    let (kept, report) = read(&["1,10.00,10%,", "1,10.00,0.1,"]);
    assert_eq!((discounts(&kept), report.files[0].decisions.len()), (vec![100, 100], 0));
    let (kept, _) = read(&["1,10.00,10,", "1,10.00,0.1,"]);
    assert_eq!(discounts(&kept), [100]);
    let refused = &kept.refused[0];
    assert_eq!(
        (refused.code, refused.column.as_str(), refused.value.as_str()),
        ("invalid_number", "Disc", "10")
    );
}

#[test]
fn what_no_row_says_is_not_free() {
    let (kept, _) = read(&[",,,", "2,,,", "1,0,,", "1,10.00,,"]);
    assert_eq!(
        kept.refused.iter().map(|r| (r.line, r.code)).collect::<Vec<_>>(),
        [(2, "order_without_amounts"), (3, "order_without_amounts")]
    );
    assert_eq!(kept.orders.len(), 2);
    // What the order says of its total says it of its lines.
    let (kept, report) = read(&["1,,,10.00"]);
    assert_eq!((kept.orders.len(), report.warnings.count("line_without_price")), (1, 0));
}

#[test]
fn one_line_without_a_price_among_others_is_warned_of() {
    let text = "Order,Date,SKU,Qty,Price,Disc,Total\n1,2024-03-15,S,1,10.00,,\n1,2024-03-15,T,1,,,\n";
    let mut kept = Kept::default();
    let file = Input::bytes("x.csv", text.as_bytes());
    let report = run(&Mapping::parse(COLUMNS).unwrap(), &[file], &Options::default(), &mut kept).unwrap();
    assert_eq!((kept.orders.len(), report.warnings.count("line_without_price")), (1, 1));
}

/// One row, by a mapping of these columns.
fn read_by(mapping: &str, text: &str) -> (Kept, Report) {
    let mapping = format!("source = \"old\"\n[constants]\ncurrency = \"EUR\"\n{mapping}");
    let mut kept = Kept::default();
    let file = Input::bytes("x.csv", text.as_bytes());
    let report = run(&Mapping::parse(&mapping).unwrap(), &[file], &Options::default(), &mut kept).unwrap();
    (kept, report)
}

#[test]
fn the_price_of_a_line_is_what_it_was_before_the_discount() {
    let columns = "[order]\nkey = \"No\"\nplaced_at = \"Date\"\n[line]\nsku = \"SKU\"\nquantity = \"Qty\"\ntotal = \"Total\"\n";
    for (more, cell) in [("discount = \"Disc\"\n", "2.00"), ("discount_rate = \"Disc\"\n", "10%")] {
        let text = format!("No,Date,SKU,Qty,Total,Disc\n1,2024-03-05,A,2,18.00,{cell}\n");
        let (kept, _) = read_by(&format!("{columns}{more}"), &text);
        let line = &kept.orders[0].lines[0];
        assert_eq!(
            (line.unit_price, line.discount, line.stated_total),
            (crate::base::money::Price(100_000), 200, None)
        );
    }
}

#[test]
fn a_row_of_sums_over_the_items_of_an_order_is_no_item() {
    let columns = "[order]\nkey = \"No\"\nplaced_at = \"Date\"\n[line]\nsku = \"SKU\"\nquantity = \"Qty\"\nprice = \"Price\"\n";
    for (sum, count) in [("3,32.00", 2), ("3,31.00", 3), ("2,32.00", 3)] {
        let text = format!(
            "No,Date,SKU,Qty,Price\n1,2024-03-05,,{sum}\n1,2024-03-05,A,2,11.00\n1,2024-03-05,B,1,10.00\n"
        );
        let (kept, report) = read_by(columns, &text);
        let told = u64::from(count == 2);
        assert_eq!(
            (kept.orders[0].lines.len(), report.warnings.count("row_of_sums")),
            (count, told),
            "{sum}"
        );
    }
}

#[test]
fn fees_beside_a_subtotal_are_no_discount() {
    let columns = "[order]\nkey = \"No\"\nplaced_at = \"Date\"\nsubtotal = \"Sub\"\nfees = \"Fees\"\ndiscount = \"Disc\"\ntotal = \"Total\"\n[line]\nsku = \"SKU\"\nprice = \"Price\"\n";
    for (sub, disc, total, wanted) in [
        ("20.00", "", "22.00", 0),
        ("18.00", "2.00", "20.00", 200),
        ("22.00", "", "22.00", 0),
        // A subtotal that has the fees and the discount in it.
        ("17.00", "5.00", "17.00", 500),
    ] {
        let text = format!(
            "No,Date,Sub,Fees,Disc,Total,SKU,Price\n1,2024-03-05,{sub},2.00,{disc},{total},A,20.00\n"
        );
        let (kept, report) = read_by(columns, &text);
        assert_eq!((kept.orders[0].discount, report.warnings.0.len()), (wanted, 0), "{text}");
    }
}

#[test]
fn a_quantity_that_is_not_there_is_told_as_assumed() {
    let told = |rows: &[&str]| read(rows).1.assumptions.iter().any(|a| a.contains("is one piece"));
    assert!(told(&[",12.00,,24.00"]) && !told(&["2,12.00,,24.00"]));
}
