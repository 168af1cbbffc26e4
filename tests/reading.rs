//! How files are read whose letters, amounts and dates leave something open, through the real program: asked about,
//! refused by name, or read as they are meant.

use crate::harness::backroom;
use serde_json::Value;
use std::path::PathBuf;

const MAPPING: &str = "source = \"old\"\n[order]\nkey = \"Order\"\nplaced_at = \"Date\"\ntotal = \"Total\"\nemail = \"Email\"\n[customer]\nname = \"Name\"\nemail = \"Email\"\n[line]\nsku = \"SKU\"\nquantity = \"Qty\"\n";

struct Desk {
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { home: tempfile::tempdir().unwrap() };
        desk.file("map.toml", MAPPING.as_bytes());
        desk
    }
    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
    fn file(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }
    fn run(&self, what: &str, mapping: &str, name: &str, more: &[&str]) -> Result<Value, String> {
        let path = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let (file, mapping, data) = (path(name), path(mapping), path("shop"));
        let args = ["import", what, "--from", "csv", "--mapping", &mapping, &file, "--json", "--data", &data];
        let output = backroom(&[&args[..], more].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        serde_json::from_slice(&output.stdout).map_err(|_no_report| text(&output.stderr))
    }
    /// The report of a file of orders, or what was complained of.
    fn import(&self, bytes: impl AsRef<[u8]>, more: &[&str]) -> Result<Value, String> {
        self.file("orders.csv", bytes.as_ref());
        self.run("orders", "map.toml", "orders.csv", &[more, &["--dry-run"]].concat())
    }
    /// Orders taken and the totals by currency, in minor units.
    fn totals(&self, text: &str, more: &[&str]) -> (u64, Vec<(String, i64)>) {
        let report = self.import(text, more).unwrap();
        let sums = report["sums"].as_object().unwrap().iter();
        let sums = sums.map(|(currency, of)| (currency.clone(), of["total"].as_i64().unwrap()));
        (report["orders"].as_u64().unwrap(), sums.collect())
    }
}

fn one(currency: &str, total: i64) -> Vec<(String, i64)> {
    vec![(currency.to_owned(), total)]
}

#[test]
fn amounts_are_what_they_are_written_to_be_or_refused() {
    let desk = Desk::new();
    let of = |total: &str, more: &[&str]| {
        let text = format!("Order;Date;Total;Email\n1;2026-01-05;{total};a@example.com\n");
        desk.totals(&text, more)
    };
    for (total, currency, minor) in [
        ("12,-", "EUR", 1_200),
        ("€ 99,-", "EUR", 9_900),
        ("CHF 12.-", "CHF", 1_200),
        ("Fr.50", "CHF", 5_000),
        ("12.00-", "EUR", -1_200),
        ("US$5.00", "USD", 500),
        ("12.50 GBP", "GBP", 1_250),
    ] {
        assert_eq!(of(total, &[]), (1, one(currency, minor)), "{total}");
    }
    assert_eq!(of("Rs.500", &["--currency", "INR"]), (1, one("INR", 50_000)));
    for total in ["50¢", "1.2k", "1M", "1o", "l00", "12.00 CR", "Rs.500", "100 kr"] {
        assert_eq!(of(total, &[]), (0, vec![]), "{total}");
    }
    let report =
        desk.import("Order,Date,Email,SKU,Qty,Total\n1,2026-01-05,a@example.com,A,500g,1\n", &[]).unwrap();
    assert_eq!(report["landed"]["refused"], 1);
}

#[test]
fn letters_are_told_by_the_file_or_asked_about() {
    let desk = Desk::new();
    let text = "Order,Date,Total,Email,Name\n1,2026-01-05,1,a@example.com,Ångström\n2,2026-01-05,1,b@example.com,Jörg Größe\n";
    // A bad byte stays one, and the rest is what it was.
    let damaged = [text.as_bytes(), b"3,2026-01-05,1,c@example.com,M\xfcller\n"].concat();
    let report = desk.import(&damaged, &[]).unwrap();
    assert_eq!((&report["orders"], &report["files"][0]["encoding"]), (&3.into(), &"UTF-8".into()));
    assert_eq!(report["warnings"]["replaced_letters"]["examples"][0]["value"], "1");
    let dos = b"Order,Date,Total,Email,Name\n1,2026-01-05,1,a@example.com,\x8fngstr\x94m\n";
    let told = desk.import(dos, &[]).unwrap_err();
    assert!(
        told.contains("orders.csv") && told.contains("--encoding") && told.contains("windows-1251"),
        "{told}"
    );
    let report = desk.import(dos, &["--encoding", "windows-1252"]).unwrap();
    assert_eq!(report["orders"], 1);
}

#[test]
fn refused_rows_are_read_as_they_were_written_whatever_their_file_was_in() {
    let desk = Desk::new();
    let mapping = format!(
        "source = \"old\"\n[read]\nencoding = \"windows-1251\"\n{}",
        MAPPING.split_once('\n').unwrap().1
    );
    desk.file("map.toml", mapping.as_bytes());
    // Иван
    desk.file("orders.csv", b"Order,Date,Total,Email,Name\n1,2026-01-05,1o,a@example.com,\xc8\xe2\xe0\xed\n");
    let rejected = desk.path("refused.csv");
    desk.run("orders", "map.toml", "orders.csv", &["--rejected", rejected.to_str().unwrap()]).unwrap();
    let rows = std::fs::read_to_string(&rejected).unwrap();
    assert!(rows.contains("1o,a@example.com,Иван,orders.csv"), "{rows}");
    desk.file("refused.csv", rows.replacen("1o", "10", 1).as_bytes());
    let report = desk.run("orders", "map.toml", "refused.csv", &[]).unwrap();
    let file = &report["files"][0];
    assert_eq!(
        (&report["orders"], &file["encoding"], &file["samples"][0]),
        (&1.into(), &"UTF-8".into(), &"Иван".into())
    );
}

#[test]
fn dates_that_contradict_each_other_are_asked_about_and_what_is_taken_is_told() {
    let desk = Desk::new();
    let of = |dates: &[&str]| {
        let rows = (1..).zip(dates).map(|(n, date)| format!("{n},{date},1,a@example.com\n"));
        format!("Order,Date,Total,Email\n{}", rows.collect::<String>())
    };
    let mixed = of(&["13/01/2025", "14/01/2025", "01/15/2025", "02/03/2025"]);
    let told = desk.import(&mixed, &[]).unwrap_err();
    assert!(told.contains("13/01/2025") && told.contains("01/15/2025") && told.contains("--dates"), "{told}");
    let report = desk.import(&mixed, &["--dates", "dmy"]).unwrap();
    assert_eq!((&report["orders"], &report["landed"]["refused"]), (&3.into(), &1.into()));
    let report = desk.import(of(&["05/01/2025", "03/02/2025", "04/02/2025"]), &[]).unwrap();
    let read_as = report["files"][0]["read_as"][0].as_str().unwrap();
    assert_eq!(read_as, "Date: 05/01/2025 is read with the day first, because the rows are sorted so.");
    let report = desk.import(of(&["5. marraskuuta 2025", "5. marra 2025"]), &[]).unwrap();
    assert_eq!((&report["orders"], &report["landed"]["refused"]), (&1.into(), &1.into()));
}

#[test]
fn birthdays_lie_in_the_past() {
    let desk = Desk::new();
    let mapping = "source = \"old\"\nkind = \"customers\"\n[customer]\nname = \"Name\"\nemail = \"Email\"\nbirthday = \"Born\"\n";
    desk.file("people.toml", mapping.as_bytes());
    desk.file(
        "people.csv",
        b"Name,Email,Born\nAnna,anna@example.com,13/05/55\nBo,bo@example.com,13/05/2955\n",
    );
    let report = desk.run("customers", "people.toml", "people.csv", &[]).unwrap();
    assert_eq!((&report["landed"]["customers_added"], &report["landed"]["refused"]), (&1.into(), &1.into()));
    let data = desk.path("shop");
    let out = backroom(&["export", "customers", "--format", "jsonl", "--data", data.to_str().unwrap()]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("\"birthday\":\"1955-05-13\""), "{text}");
}
