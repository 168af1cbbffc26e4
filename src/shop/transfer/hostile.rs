//! Hostile files: no text makes an import panic, and no row is lost without a word.

use crate::base::money::Currency;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::input::{Input, Meter};
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::Report;
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::real_data::{Kept, shared};
use crate::shop::transfer::run::run;
use crate::shop::transfer::sheet::{Sheet, Step};
use crate::shop::transfer::writer::{CsvWriter, Rows as _, Style};
use proptest::prelude::*;

fn cell() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "",
        "1",
        "0",
        "-5",
        "1.5",
        "1,234.50",
        "99999999999999999999999999",
        "2025-01-02",
        "0000-00-00",
        "31/12/2025",
        "paid",
        "refunded",
        "cancelled",
        "EUR",
        "ZZZ",
        "a@example.com",
        "@",
        "DE",
        "Atlantis",
        "NULL",
        "'0812",
        "2.14E+09",
        "=1+1",
        "{\"sku\":1}",
        "[]",
        "name:x|quantity:2|total:9",
        "a|1|2",
        "yes",
        "\u{0}",
        "\u{fffd}",
        "C5",
        "line one\nline two",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => ".{0,12}", 1 => "[0-9.,$ -]{0,8}"]
}

/// A file with every column of a preset, each row with a key of its own.
fn file(mapping: &Mapping, rows: &[Vec<String>]) -> String {
    let key = mapping.columns(Field::OrderKey).first().cloned().unwrap_or_default();
    let mut names: Vec<String> =
        Field::ALL.iter().filter_map(|f| mapping.columns(*f).first().cloned()).collect();
    names.sort();
    names.dedup();
    names.retain(|n| *n != key && !n.starts_with('#') && !mapping.columns(Field::OrderSplit).contains(n));
    let mut csv = CsvWriter::new(Vec::new(), Style::default()).unwrap();
    csv.plain(&key).unwrap();
    for name in &names {
        csv.plain(name).unwrap();
    }
    csv.end_row().unwrap();
    for (number, row) in rows.iter().enumerate() {
        csv.plain(&format!("{}", number + 1)).unwrap();
        for place in 0..names.len() {
            csv.plain(&row[place % row.len()]).unwrap();
        }
        csv.end_row().unwrap();
    }
    String::from_utf8(csv.finish().unwrap()).unwrap()
}

fn read(mapping: &Mapping, text: &str) -> Result<(Kept, Report), crate::base::error::Error> {
    let mut kept = Kept::default();
    let options = Options { currency: Some(Currency::EUR), ..Options::default() };
    let report = run(mapping, &[Input::bytes("x.csv", text.as_bytes())], &options, &mut kept)?;
    Ok((kept, report))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn every_row_is_taken_refused_or_counted_as_left_out(rows in prop::collection::vec(prop::collection::vec(cell(), 1..60), 1..6)) {
        for format in [Format::Shopify, Format::Woocommerce, Format::Magento, Format::Prestashop, Format::OnlineRetail] {
            let mapping = preset(format, Kind::Orders).unwrap();
            // Only a column that can be read in two ways may refuse the whole file, and zeros in so many cells that it is no text.
            let text = file(&mapping, &rows);
            let (kept, report) = match read(&mapping, &text) {
                Ok(found) => found,
                Err(error) if error.code == "file_not_text" => {
                    prop_assert!(text.contains('\0'), "{}", error.message);
                    continue;
                }
                Err(error) => {
                    prop_assert!(matches!(error.code, "number_style_unclear" | "date_order_unclear"), "{}", error.message);
                    continue;
                }
            };
            let taken = kept.orders.len() + kept.notes.len() + kept.refused.len();
            prop_assert_eq!(taken as u64 + report.tallies.skipped, rows.len() as u64, "{}", format.word());
            prop_assert_eq!(report.tallies.refused_rows, kept.refused.len() as u64);
        }
    }

    #[test]
    fn customers_of_any_text_are_read_or_refused(rows in prop::collection::vec(prop::collection::vec(cell(), 1..40), 1..6)) {
        for format in [Format::Shopify, Format::Woocommerce, Format::Magento] {
            let mapping = preset(format, Kind::Customers).unwrap();
            if let Ok((kept, report)) = read(&mapping, &file(&mapping, &rows)) {
                let merged = report.warnings.count("customer_merged");
                let all = (kept.customers.len() + kept.refused.len()) as u64 + merged + report.tallies.skipped;
                // Of a refused group the merged rows are refused as well, so they may count twice.
                prop_assert!(all >= rows.len() as u64, "{} {:?}", format.word(), report.warnings);
            }
        }
    }

    #[test]
    fn broken_text_loses_no_good_order(noise in "[a-z\",;\n\r ]{0,40}", at in 0_usize..4) {
        let mapping = preset(Format::OnlineRetail, Kind::Orders).unwrap();
        let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
        let good: Vec<String> = (1..=4).map(|n| format!("{n},A,x,1,2011-01-01 00:00:00,1.5,7,France\n")).collect();
        let (before, after) = good.split_at(at);
        let text = format!("{header}{}{noise}\n{}", before.concat(), after.concat());
        let (kept, _) = read(&mapping, &text).unwrap();
        let numbers: Vec<u64> = kept.orders.iter().filter_map(|o| o.wished_number).collect();
        prop_assert_eq!(numbers, vec![1, 2, 3, 4], "{}", text);
    }
}

/// Files of attack strings and odd text, as cells of a title.
#[test]
fn naughty_strings_come_through_as_they_are_or_are_refused() {
    let Some(shared) = shared() else { return };
    let blns: Vec<String> =
        serde_json::from_slice(&std::fs::read(shared.join("bad-input/blns/blns.json")).unwrap()).unwrap();
    let payloads = [
        "payloads/csv-injection/csv-payload.txt",
        "payloads/fuzzdb/xss/xss-rsnake.txt",
        "bad-input/fuzzdb/unicode/naughty-unicode.txt",
    ];
    let more = payloads.iter().flat_map(|p| {
        let text = String::from_utf8_lossy(&std::fs::read(shared.join(p)).unwrap()).into_owned();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    let all: Vec<String> = blns.into_iter().chain(more).collect();
    let mut csv = CsvWriter::new(Vec::new(), Style::default()).unwrap();
    for title in [
        "InvoiceNo",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
        "Country",
    ] {
        csv.plain(title).unwrap();
    }
    csv.end_row().unwrap();
    for (number, text) in all.iter().enumerate() {
        csv.plain(&(number + 1).to_string()).unwrap();
        csv.plain("A").unwrap();
        csv.text(text).unwrap();
        for cell in ["1", "2011-01-01 00:00:00", "1.5", "7", "France"] {
            csv.plain(cell).unwrap();
        }
        csv.end_row().unwrap();
    }
    let text = String::from_utf8(csv.finish().unwrap()).unwrap();
    let (kept, _) = read(&preset(Format::OnlineRetail, Kind::Orders).unwrap(), &text).unwrap();
    assert_eq!((kept.orders.len(), kept.refused.len()), (all.len(), 0));
    let plain = |t: &str| {
        t.chars().filter(|c| !c.is_control()).collect::<String>().split_whitespace().collect::<String>()
    };
    for (order, text) in kept.orders.iter().zip(&all) {
        let title = &order.lines[0].title;
        assert!(plain(text).starts_with(&plain(title)) && title.chars().count() <= 500, "{text:?} {title:?}");
    }
}

/// A million short lines with a quote each, and one endless line: time and memory stay small.
#[test]
fn files_made_to_hurt_are_read_in_passing() {
    let quotes = "\"\n".repeat(200_000);
    let endless = format!("a,b\n{}", "x".repeat(20_000_000));
    let wide = format!("a,b\n{}\n1,2\n", ",".repeat(1_000_000));
    for (text, taken) in [(format!("a,b\n{quotes}1,2\n"), 1), (endless, 0), (wide, 1)] {
        let sheet = Sheet::open(&Input::bytes("x.csv", text.into_bytes()), &Options::default()).unwrap();
        let mut rows = sheet.rows(&Meter::default()).unwrap();
        let mut found = 0;
        loop {
            match rows.advance().unwrap() {
                Step::Row => found += 1,
                Step::Refused(refused) => {
                    assert!(refused.cells.iter().map(String::len).sum::<usize>() <= 2_000_000)
                }
                Step::End => break,
            }
        }
        assert_eq!(found, taken);
    }
}
