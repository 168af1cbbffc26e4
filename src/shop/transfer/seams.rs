//! Where one part of an export ends and the next begins: parts put together in one file, and parts given as several.

use crate::base::money::Currency;
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::Report;
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::real_data::Kept;
use crate::shop::transfer::run::run;

fn read(mapping: &Mapping, texts: &[&str]) -> (Kept, Report) {
    let options = Options { currency: Some(Currency::EUR), ..Options::default() };
    let input = |(place, text): (usize, &&str)| Input::bytes(&format!("{place}.csv"), text.as_bytes());
    let inputs: Vec<Input> = texts.iter().enumerate().map(input).collect();
    let mut kept = Kept::default();
    let report = run(mapping, &inputs, &options, &mut kept).unwrap();
    (kept, report)
}
fn of(format: Format, texts: &[&str]) -> (Kept, Report) {
    read(&preset(format, Kind::Orders).unwrap(), texts)
}
fn refused(kept: &Kept) -> Vec<(&str, u64, &str)> {
    kept.refused.iter().map(|r| (r.file.as_ref(), r.line, r.code)).collect()
}
/// Each order by its name with what its lines are called.
fn orders(kept: &Kept) -> Vec<(String, String)> {
    let skus = |o: &crate::shop::orders::NewOrder| {
        o.lines
            .iter()
            .map(|l| if l.sku.is_empty() { l.title.as_str() } else { &l.sku })
            .collect::<Vec<_>>()
            .join(" ")
    };
    kept.orders.iter().map(|o| (o.source.as_ref().unwrap().id.clone(), skus(o))).collect()
}
fn told(id: &str, lines: &str) -> (String, String) {
    (id.to_owned(), lines.to_owned())
}

const RETAIL: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
fn sold(invoice: &str, sku: &str) -> String {
    format!("{invoice},{sku},x,1,2010-12-09 20:01:00,1.00,7,France\n")
}

#[test]
fn a_byte_order_mark_before_a_header_that_stands_again_is_no_row() {
    for header in [RETAIL.to_owned(), RETAIL.replace("InvoiceNo", "\"InvoiceNo\"")] {
        let text = format!("\u{feff}{header}{}\u{feff}{header}{}", sold("1", "A"), sold("2", "B"));
        let (kept, report) = of(Format::OnlineRetail, &[&text]);
        assert_eq!((refused(&kept), report.files[0].repeated_headers), (vec![], 1));
        assert_eq!(orders(&kept), [told("1", "A"), told("2", "B")]);
    }
}

#[test]
fn a_credit_note_is_one_in_either_case() {
    let (kept, _) =
        of(Format::OnlineRetail, &[&format!("{RETAIL}{}", sold("c489450", "A").replace(",1,2", ",-1,2"))]);
    assert_eq!((kept.orders.len(), kept.notes.len()), (0, 1));
}

#[test]
fn an_order_goes_on_in_the_next_part() {
    let (first, second) = (sold("1", "A"), [sold("1", "B"), sold("2", "C")].concat());
    let (kept, report) =
        of(Format::OnlineRetail, &[&format!("{RETAIL}{first}"), &format!("{RETAIL}{second}")]);
    assert_eq!((refused(&kept), orders(&kept)), (vec![], vec![told("1", "A B"), told("2", "C")]));
    assert_eq!(report.tallies.orders, 2);
    // In one file, with the header in the middle.
    let (kept, _) = of(Format::OnlineRetail, &[&format!("{RETAIL}{first}{RETAIL}{second}")]);
    assert_eq!((refused(&kept), orders(&kept)), (vec![], vec![told("1", "A B"), told("2", "C")]));
    // Over three parts, the middle one of which has nothing else.
    let parts = ["A", "B", "C"].map(|sku| format!("{RETAIL}{}", sold("1", sku)));
    let (kept, _) = of(Format::OnlineRetail, &[&parts[0], &parts[1], &parts[2]]);
    assert_eq!((refused(&kept), orders(&kept)), (vec![], vec![told("1", "A B C")]));
}

const SHOPIFY: &str = "Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Id\n";
fn first_row(name: &str, title: &str, id: &str) -> String {
    format!("{name},a@x.de,paid,EUR,20.00,2024-05-01 10:00:00 +0200,1,{title},20.00,{id}\n")
}
fn line_row(name: &str, title: &str) -> String {
    format!("{name},a@x.de,,,,,1,{title},5.00,\n")
}

#[test]
fn an_order_whose_own_columns_stand_in_its_first_row_goes_on_in_the_next_part() {
    let parts = [
        [SHOPIFY, &first_row("#1", "Mug", "71")].concat(),
        [SHOPIFY, &line_row("#1", "Cup"), &first_row("#2", "Pan", "72")].concat(),
    ];
    let (kept, _) = of(Format::Shopify, &[&parts[0], &parts[1]]);
    assert_eq!((refused(&kept), orders(&kept)), (vec![], vec![told("71", "Mug Cup"), told("72", "Pan")]));
}

#[test]
fn an_order_of_an_earlier_part_that_comes_again_is_taken_once_or_refused() {
    let text = |rows: &[String]| format!("{RETAIL}{}", rows.concat());
    let first = text(&[sold("1", "A"), sold("2", "B"), sold("3", "C")]);
    let second = text(&[sold("3", "C"), sold("2", "B"), sold("1", "D")]);
    let (kept, report) = of(Format::OnlineRetail, &[&first, &second]);
    assert_eq!(orders(&kept), [told("1", "A"), told("2", "B"), told("3", "C")]);
    assert_eq!(refused(&kept), [("1.csv", 4, "other_order")]);
    let reason = &kept.refused[0].reason;
    assert!(reason.contains("0.csv line 2") && reason.contains("line 4"), "{reason}");
    assert_eq!((report.warnings.count("order_repeated"), report.tallies.orders), (2, 3));
}

#[test]
fn what_contradicts_itself_in_two_files_is_told_with_both() {
    let header = "order_id,order_date,status,order_total,order_currency,item_name,item_total\n";
    let row = |total: &str, item: &str| format!("1,2024-05-01,completed,{total},EUR,{item},5.00\n");
    let parts = [[header, &row("10.00", "Mug")].concat(), [header, &row("12.00", "Cup")].concat()];
    let (kept, _) = of(Format::Woocommerce, &[&parts[0], &parts[1]]);
    let told = kept.refused.iter().map(|r| r.reason.as_str()).find(|r| r.contains("says 10.00")).unwrap();
    assert!(told.contains("0.csv line 2 says 10.00") && told.contains("1.csv line 2 says 12.00"), "{told}");
}

#[test]
fn the_overlap_of_two_parts_is_taken_once() {
    let both = [sold("1", "A"), sold("1", "B")].concat();
    let (kept, report) = of(Format::OnlineRetail, &[&format!("{RETAIL}{both}{RETAIL}{both}")]);
    assert_eq!((orders(&kept), report.warnings.count("order_repeated")), (vec![told("1", "A B")], 1));
    let (kept, report) = of(Format::OnlineRetail, &[&format!("{RETAIL}{both}"), &format!("{RETAIL}{both}")]);
    assert_eq!((orders(&kept), report.warnings.count("order_repeated")), (vec![told("1", "A B")], 1));
    // A part of it: whether it was bought twice or stands twice nobody can tell.
    let half = [sold("1", "B"), sold("1", "C")].concat();
    let (kept, _) = of(Format::OnlineRetail, &[&format!("{RETAIL}{both}{RETAIL}{half}{}", sold("2", "D"))]);
    assert_eq!(orders(&kept), [told("2", "D")]);
    assert_eq!(kept.refused.len(), 4);
    let reason = &kept.refused.iter().find(|r| r.line == 5).unwrap().reason;
    assert!(reason.contains("Line 5") && reason.contains("line 3"), "{reason}");
}

#[test]
fn two_orders_with_one_outside_id_are_not_one() {
    let mapping = "source = \"old\"\n[order]\nkey = \"Order\"\nid = \"Id\"\nplaced_at = \"Date\"\n[line]\nsku = \"SKU\"\nprice = \"Price\"\n";
    let text = "Order,Id,Date,SKU,Price\n1,77,2026-01-05,A,10\n2,77,2026-01-05,B,12\n3,78,2026-01-05,B,12\n";
    let (kept, report) = read(&Mapping::parse(mapping).unwrap(), &[text]);
    assert_eq!(orders(&kept), [told("77", "A"), told("78", "B")]);
    assert_eq!((refused(&kept), report.tallies.orders), (vec![("0.csv", 3, "other_order")], 2));
    let told = &kept.refused[0];
    assert!(told.reason.contains("line 2") && told.reason.contains("line 3"), "{}", told.reason);
    assert_eq!((told.column.as_str(), told.value.as_str()), ("Id", "77"));
}

#[test]
fn a_line_far_from_its_order_belongs_to_the_only_one_of_that_name() {
    let (one, two, line) =
        (first_row("#1", "Mug", "71"), first_row("#2", "Pan", "72"), line_row("#1", "Cup"));
    for (rows, lines) in [([&one, &two, &line], "Mug Cup"), ([&line, &two, &one], "Cup Mug")] {
        let (kept, _) = of(Format::Shopify, &[&format!("{SHOPIFY}{}{}{}", rows[0], rows[1], rows[2])]);
        let mut found = orders(&kept);
        found.sort_unstable();
        assert_eq!((refused(&kept), found), (vec![], vec![told("71", lines), told("72", "Pan")]));
    }
    // Of two with one name nobody knows whose it is.
    let other = first_row("#1", "Jug", "73").replace("a@", "b@");
    let (kept, _) = of(Format::Shopify, &[&format!("{SHOPIFY}{one}{other}{two}{line}")]);
    assert_eq!(orders(&kept), [told("72", "Pan")]);
    let mut lines: Vec<_> = kept.refused.iter().map(|r| r.line).collect();
    lines.sort_unstable();
    assert_eq!(lines, [2, 3, 5]);
    let reason = &kept.refused[0].reason;
    assert!(
        ["line 5", "line 2", "line 3"].iter().all(|line| reason.to_lowercase().contains(line)),
        "{reason}"
    );
}
