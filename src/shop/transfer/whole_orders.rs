//! Rows that make an order, and rows that only look as if they did: orders that stand twice, rows that contradict each
//! other, rows without a key, people without a name, columns without one of their own.

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
fn read(format: Format, text: &str) -> (Kept, Report) {
    read_with(&preset(format, Kind::Orders).unwrap(), text)
}
fn mapping(key: &str) -> Mapping {
    let text = format!(
        "source = \"gen\"\n[order]\nkey = {key}\nplaced_at = \"Date\"\ntotal = \"Total\"\ncurrency = \"Currency\"\nstatus = \"Status\"\nshipping = \"Shipping\"\nemail = \"Email\"\nnote = \"Note\"\n[shipping]\nname = \"Name\"\n[line]\nsku = \"SKU\"\nquantity = \"Qty\"\nprice = \"Price\"\n"
    );
    Mapping::parse(&text).unwrap()
}
fn mapped(text: &str) -> (Kept, Report) {
    read_with(&mapping("\"Order\""), text)
}
fn refused(kept: &Kept) -> Vec<(u64, &str)> {
    kept.refused.iter().map(|r| (r.line, r.code)).collect()
}
fn lines(kept: &Kept) -> Vec<(&str, usize)> {
    kept.orders.iter().map(|o| (o.source_name.as_str(), o.lines.len())).collect()
}

const SHOPIFY: &str = "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price\n";
const ONE: &str = "#1,a@x.de,paid,EUR,30,30.00,2025-01-05,1,Mug,10\n#1,a@x.de,,,,,,2,Cup,10\n";
const TWO: &str = "#2,b@x.de,paid,EUR,20,20.00,2025-01-06,1,Pan,20\n";

#[test]
fn an_order_that_stands_twice_and_says_the_same_is_taken_once() {
    for rows in [[ONE, ONE, TWO].concat(), [ONE, TWO, ONE].concat(), [TWO, TWO, ONE].concat()] {
        let (kept, report) = read(Format::Shopify, &format!("{SHOPIFY}{rows}"));
        let mut found = lines(&kept);
        found.sort_unstable();
        assert_eq!((refused(&kept), report.warnings.count("order_repeated")), (vec![], 1), "{rows}");
        assert_eq!(found, [("#1", 2), ("#2", 1)], "{rows}");
        assert!(kept.orders.iter().all(|o| o.discount == 0));
    }
    // A file of orders of one line each shows nothing; the format says it.
    let (kept, report) = read(Format::Shopify, &format!("{SHOPIFY}{TWO}{TWO}"));
    assert_eq!((lines(&kept), report.warnings.count("order_repeated")), (vec![("#2", 1)], 1));
    // Two files put together whose rows all say what the order is.
    let invoice = "1,A,x,1,2011-01-01 08:00,1.00,7,France\n1,A,x,1,2011-01-01 08:00,1.00,7,France\n";
    let other = "2,A,x,1,2011-01-01 08:00,1.00,7,France\n";
    let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
    let (kept, report) = read(Format::OnlineRetail, &format!("{header}\n{invoice}{other}{invoice}{other}"));
    assert_eq!(report.warnings.count("order_repeated"), 2);
    assert_eq!(
        kept.orders.iter().map(|o| o.lines.len()).collect::<Vec<_>>(),
        [2, 1],
        "two pieces of one kind"
    );
    // Told with the line on which it begins again.
    let (_, report) = read(Format::Shopify, &format!("{SHOPIFY}{ONE}{TWO}{ONE}"));
    assert_eq!(report.warnings.0["order_repeated"].examples[0].line, 5);
}

#[test]
fn an_order_that_stands_twice_and_says_something_else_is_refused() {
    for changed in [ONE.replace("30.00", "40.00"), ONE.replace("Cup", "Cap"), ONE.replace("paid", "pending")]
    {
        for rows in [[ONE, &changed, TWO].concat(), [ONE, TWO, &changed].concat()] {
            let (kept, _) = read(Format::Shopify, &format!("{SHOPIFY}{rows}"));
            assert_eq!((lines(&kept), kept.refused.len()), (vec![("#2", 1)], 4), "{rows}");
            let told = kept.refused.iter().find(|r| !r.column.is_empty()).unwrap();
            assert_eq!(told.code, "other_order");
            assert!(told.reason.contains(&format!("line {} on", told.line)), "{}", told.reason);
            assert!(told.reason.contains("line 2 on"), "{}", told.reason);
        }
    }
}

#[test]
fn rows_that_repeat_what_is_the_orders_own_are_one_order() {
    // Filled down, also in a file of a format that says it once.
    let (kept, report) = read(
        Format::Shopify,
        &format!("{SHOPIFY}{}", ONE.replace(",,,,,,", ",paid,EUR,30,30.00,2025-01-05,")),
    );
    assert_eq!((refused(&kept), lines(&kept)), (vec![], vec![("#1", 2)]));
    assert!(report.warnings.0.is_empty(), "{:?}", report.warnings);
    // The lines of an order scattered among those of others.
    let (one, rest) = ONE.split_at(ONE.find('\n').unwrap() + 1);
    let (kept, _) = read(Format::Shopify, &format!("{SHOPIFY}{one}{TWO}{rest}"));
    assert_eq!((refused(&kept), kept.orders.iter().map(|o| o.lines.len()).sum::<usize>()), (vec![], 3));
}

#[test]
fn lines_over_the_subtotal_are_no_discount_without_a_word() {
    let header = SHOPIFY.replace("Total,", "Total,Discount Amount,");
    let warned = |discount: &str| {
        let rows =
            ONE.replace("EUR,30,30.00", &format!("EUR,25,25.00,{discount}")).replace(",,,,,,2", ",,,,,,,2");
        let (kept, report) = read(Format::Shopify, &format!("{header}{rows}"));
        (kept.orders[0].discount, report.warnings.count("discount_unexplained"))
    };
    assert_eq!(warned("0.00"), (500, 1));
    assert_eq!(warned("5.00"), (500, 0));
    assert_eq!(warned("9.90"), (500, 0), "a part of it is the shipping's");
    assert_eq!(warned(""), (500, 0));
}

const HEADER: &str = "Order,Date,Total,Currency,Email,SKU,Qty,Price,Shipping,Status,Note\n";

#[test]
fn rows_side_by_side_from_two_people_or_times_are_two_orders() {
    let first = "1,2025-01-05 10:00,30.00,EUR,a@x.de,A,1,10.00,,,\n";
    for second in [
        first.replace("a@x.de", "b@x.de"),
        first.replace("01-05", "03-06"),
        first.replace("a@x.de", "b@x.de").replace("01-05", "03-06"),
    ] {
        let (kept, _) = mapped(&format!("{HEADER}{first}{second}"));
        assert_eq!(refused(&kept), [(2, "other_order"), (3, "other_order")], "{second}");
        assert!(kept.refused[1].reason.contains("from line 3 on"), "{}", kept.refused[1].reason);
    }
    for second in [
        first.replace("10:00,", "10:03,"),
        first.replace(" 10:00,", ","),
        first.replace("a@x.de", "A@X.de"),
        first.replace("a@x.de", "-"),
    ] {
        let (kept, _) = mapped(&format!("{HEADER}{first}{second}"));
        assert_eq!((refused(&kept), lines(&kept)), (vec![], vec![("1", 2)]), "{second}");
    }
}

#[test]
fn an_order_that_says_two_things_of_one_is_refused_and_others_are_told() {
    let row = |total: &str, currency: &str, shipping: &str, status: &str, note: &str| {
        format!("1,2025-01-05 10:00,{total},{currency},a@x.de,A,1,10.00,{shipping},{status},{note}\n")
    };
    let first = row("20.00", "EUR", "2.00", "completed", "x");
    for (second, column, value) in [
        (row("25.00", "EUR", "2.00", "completed", "x"), "Total", "25.00"),
        (row("20.00", "USD", "2.00", "completed", "x"), "Currency", "USD"),
        (row("20.00", "EUR", "2.00", "cancelled", "x"), "Status", "cancelled"),
    ] {
        let (kept, _) = mapped(&format!("{HEADER}{first}{second}"));
        assert_eq!(refused(&kept), [(2, "order_contradicted"), (3, "order_contradicted")]);
        let at = &kept.refused[1];
        assert_eq!((at.column.as_str(), at.value.as_str()), (column, value));
        assert!(
            at.reason.contains("Line 2 says") && at.reason.contains(&format!("line 3 says {value}")),
            "{}",
            at.reason
        );
    }
    let (kept, report) = mapped(&format!("{HEADER}{first}{}", row("20.00", "EUR", "3.00", "completed", "y")));
    assert_eq!((kept.orders[0].shipping, kept.orders[0].note.as_str()), (200, "x"));
    let told = &report.warnings.0["rows_differ"];
    let cells: Vec<_> = told.examples.iter().map(|e| (e.line, e.column.as_str(), e.value.as_str())).collect();
    assert_eq!((told.count, cells), (2, vec![(3, "Shipping", "3.00"), (3, "Note", "y")]));
    // The same in another spelling, or nothing at all.
    for second in [
        row("20.0", "eur", "2", "Completed", " x "),
        row("", "", "", "", ""),
        row("NULL", "", "-", "", "n/a"),
    ] {
        let (kept, report) = mapped(&format!("{HEADER}{first}{second}"));
        assert_eq!((refused(&kept), report.warnings.count("rows_differ")), (vec![], 0), "{second}");
    }
}

#[test]
fn an_address_in_the_first_row_and_an_id_in_all_are_one_person() {
    let by_id = "source = \"own\"\n[order]\nkey = \"Order\"\nplaced_at = \"Date\"\n[customer]\nid = \"Customer\"\nemail = \"Email\"\n[line]\nsku = \"SKU\"\n";
    let by_id = Mapping::parse(by_id).unwrap();
    let rows =
        "Order,Date,Customer,Email,SKU\n1,2025-01-05,7,a@x.de,A\n1,2025-01-05,7,,B\n1,2025-01-05,7,,C\n";
    let (kept, _) = read_with(&by_id, rows);
    assert_eq!((refused(&kept), kept.orders[0].lines.len()), (vec![], 3));
    let (kept, _) = read_with(&by_id, &rows.replace("7,,C", "8,,C"));
    assert_eq!(kept.refused[2].code, "other_order");
}

fn people(orders: &[NewOrder]) -> usize {
    orders.iter().filter(|o| matches!(o.customer, NewOrderCustomer::Described(_))).count()
}

#[test]
fn words_for_nothing_are_nobody() {
    let rows = |column: &str| -> String {
        let words = ["nan", "NULL", "None", "none", "#N/A", "N/A", "-", "0.0", ""];
        let row = |(n, word): (usize, &str)| column.replace("{n}", &(n + 1).to_string()).replace("{}", word);
        words.into_iter().enumerate().map(row).collect()
    };
    let (kept, _) = read(
        Format::OnlineRetail,
        &format!(
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n{}99,A,W,1,2010-12-01,2.55,17850.0,UK\n",
            rows("{n},A,W,1,2010-12-01,2.55,{},UK\n")
        ),
    );
    assert_eq!((kept.orders.len(), people(&kept.orders)), (10, 1));
    let text = rows("{n},2025-01-05,1,{},Ann {n}\n").replace(",0.0,", ",,");
    let (kept, _) = mapped(&format!("Order,Date,Total,Email,Name\n{text}"));
    assert_eq!((kept.orders.len(), people(&kept.orders)), (9, 0));
    assert!(kept.orders.iter().all(|o| o.email.is_none()));
    assert_eq!(kept.orders[1].shipping_address.as_ref().unwrap().name, "Ann 2");
    // Nor are they the number of an order.
    let (kept, _) = mapped("Order,Date,Total,Email\nnan,2025-01-05,1,a@x.de\nnan,2025-01-05,2,a@x.de\n");
    assert_eq!(refused(&kept), [(2, "key_missing"), (3, "key_missing")]);
}

#[test]
fn columns_without_a_name_of_their_own_are_kept() {
    let (kept, report) = mapped(
        "Order,Date,Total,Email,Note x,Note x,Email,,\n1,2025-01-05,10.00,a@x.de,first,second,other@x.de,said in passing,\n",
    );
    let names = ["Note x", "Note x (2)", "Email (2)", "Column 8"];
    assert_eq!(report.files[0].unknown_columns, names, "a column of nothing is none");
    let values: Vec<&str> = names.iter().map(|name| kept.orders[0].metadata[*name].as_str()).collect();
    assert_eq!(values, ["first", "second", "other@x.de", "said in passing"]);
}

#[test]
fn a_column_is_not_taken_for_another_whose_name_it_begins_with() {
    let header = "ID,Purchase Date,Grand Total (Base),Grand Total (Purchased),Status\n";
    let (kept, _) = read(Format::Magento, &format!("{header}1,2025-01-05 10:00:00,35.00,39.00,complete\n"));
    assert_eq!(kept.orders[0].stated_total, Some(3900));
    assert_eq!(kept.orders[0].metadata["Grand Total (Base)"], "35.00");
    let (kept, _) = read(
        Format::Magento,
        "ID,Purchase Date,Grand Total (Base),Status\n1,2025-01-05 10:00:00,35.00,complete\n",
    );
    assert_eq!(kept.orders[0].stated_total, Some(3500), "where nothing better is there");
    let (kept, report) = read(
        Format::Shopify,
        "Name,Email,Created at,Total (excl. tax),Financial Status,Lineitem name,Lineitem price\n#1,a@x.de,2025-01-05,10.00,paid,Mug,11.90\n",
    );
    assert_eq!(kept.orders[0].stated_total, None);
    assert_eq!(report.files[0].unknown_columns, ["Total (excl. tax)"]);
}

#[test]
fn a_row_without_a_key_goes_on_with_the_order_above_or_refuses_it() {
    let text = "Order,Date,Total,Email,SKU,Qty,Price\nS1,2025-01-05,30.00,a@x.de,A,2,10.00\n,,,,B,1,10.00\n,,,,C,1,0.00\nS2,2025-01-06,10.00,a@x.de,A,1,10.00\n";
    let (kept, _) = mapped(text);
    assert_eq!(lines(&kept), [("S2", 1)]);
    assert_eq!(refused(&kept), [(2, "key_missing"), (3, "key_missing"), (4, "key_missing")]);
    assert!(kept.refused[0].reason.contains("line 3") && kept.refused[0].reason.contains("#above"));
    let (kept, _) = read_with(&mapping("[\"Order\", \"#above\"]"), text);
    assert_eq!((refused(&kept), lines(&kept)), (vec![], vec![("S1", 3), ("S2", 1)]));
    // Sums below the orders are no line of the last one.
    let sums = text.replace(",,,,B,1,10.00\n,,,,C,1,0.00\n", "") + ",,40.00,,,3,20.00\n";
    let (kept, _) = mapped(&sums);
    assert_eq!((lines(&kept), refused(&kept)), (vec![("S1", 1), ("S2", 1)], vec![(4, "key_missing")]));
    // Nothing is above the first row.
    let (kept, _) = read_with(&mapping("[\"Order\", \"#above\"]"), "Order,Date,Total,SKU\n,2025-01-05,1,A\n");
    assert_eq!(refused(&kept), [(2, "key_missing")]);
}

#[test]
fn what_a_file_has_no_column_for_is_known() {
    use crate::shop::orders::{AddressPart, LinePart, Part};
    let unsaid = |kept: &Kept| kept.orders[0].unsaid.clone();
    let (kept, _) = read(
        Format::Shopify,
        "Name,Email,Created at,Total,Financial Status\n#1,a@x.de,2025-01-05,30.00,paid\n",
    );
    let partial = unsaid(&kept);
    for part in [
        Part::Lines,
        Part::Note,
        Part::Fulfilment,
        Part::Status,
        Part::Payments,
        Part::Shipping(AddressPart::City),
    ] {
        assert!(partial.parts.contains(&part), "{part:?}");
    }
    for part in [Part::Email, Part::Total, Part::Payment] {
        assert!(!partial.parts.contains(&part), "{part:?}");
    }
    assert!(partial.metadata.as_ref().unwrap().contains("Total"));
    // What a mapping of one's own says of every order is said, and lines of another file are not of this one.
    let own = "source = \"own\"\n[constants]\nstate = \"completed paid\"\n[order]\nkey = \"Order\"\nplaced_at = \"Date\"\ntotal = \"Total\"\n[line]\nsku = \"SKU\"\n";
    let (kept, _) = read_with(&Mapping::parse(own).unwrap(), "Order,Date,Total,SKU\n1,2025-01-05,1,A\n");
    let own = unsaid(&kept);
    assert!(
        ![Part::Status, Part::Payment, Part::Lines, Part::Line(LinePart::Sku)]
            .iter()
            .any(|p| own.parts.contains(p))
    );
    assert!([Part::Fulfilment, Part::Line(LinePart::Title)].iter().all(|p| own.parts.contains(p)));
    let woo = "order_id,date,status,order_total,order_item_1\n1,2013-03-01 12:00,completed,30,product_id:4959|1|30|size: M\n";
    let (kept, _) = read(Format::Woocommerce, woo);
    assert!(
        !unsaid(&kept)
            .parts
            .iter()
            .any(|p| matches!(p, Part::Lines | Part::Line(_) | Part::Status | Part::Payment))
    );
}

#[test]
fn an_order_was_placed_in_no_future_and_in_no_year_before_there_were_shops() {
    let now = crate::base::time::Timestamp::parse("2026-11-30T12:00:00Z").unwrap();
    let at = |date: &str| {
        let text = format!("Order,Date,Total,Currency,SKU,Qty,Price\n1,{date},10.00,EUR,S,1,10.00\n");
        let options = Options { now: Some(now), ..Options::default() };
        let mut kept = Kept::default();
        let file = Input::bytes("x.csv", text.as_bytes());
        run(&mapping("\"Order\""), &[file], &options, &mut kept).unwrap();
        let told =
            kept.refused.first().map(|r| (r.code, r.column.clone(), r.value.clone(), r.reason.clone()));
        (kept.orders.len(), told)
    };
    for (date, why) in [
        ("15/03/2567", "Thai calendar. Write it as one of the common calendar, which is 2024."),
        ("2204-03-15", "is still to come"),
        ("2026-12-02", "is still to come"),
        ("1024-03-15", "from 1970 on"),
        ("1969-12-31", "from 1970 on"),
    ] {
        let (orders, told) = at(date);
        let (code, column, value, reason) = told.unwrap();
        assert_eq!((orders, code, column.as_str(), value.as_str()), (0, "invalid_date", "Date", date));
        assert!(reason.contains(why), "{reason}");
    }
    for date in ["2026-12-01", "2026-11-30", "1970-01-02", "31/12/2023"] {
        assert_eq!(at(date), (1, None), "{date}");
    }
}
