//! Rows that an import does not take: in the file, in the text of the command and on the page, and in again once mended.

use crate::harness::{Shop, backroom, backroom_with_input, succeed};
use serde_json::Value;
use std::path::{Path, PathBuf};

const CUSTOMERS: &str = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Total Spent,Total Orders,Note,Tax Exempt\n\
'1,Anna,Berg,anna@example.com,yes,+49 30 1,120.00,3,=note,no\n\
'2,,,,no,,0.00,0,,no\n\
'3,Bo,Li,bo@example.com,no,,0.00,0,,no\n";

struct Desk {
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
    fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }
    fn data(&self) -> String {
        self.path("shop").to_str().unwrap().to_owned()
    }
    fn import(&self, args: &[&str]) -> (String, String) {
        let data = self.data();
        let all: Vec<&str> = ["import"].iter().chain(args).copied().chain(["--data", &data]).collect();
        let output = backroom(&all);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    }
    fn json(&self, args: &[&str]) -> Value {
        let all: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let (out, err) = self.import(&all);
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"))
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_row_that_is_left_out_is_told_and_given_back() {
    let desk = Desk::new();
    let file = desk.file("customers.csv", CUSTOMERS);
    let rejected = desk.path("refused.csv");
    let (out, err) =
        desk.import(&["customers", "--from", "shopify", &file, "--rejected", rejected.to_str().unwrap()]);
    assert!(out.contains("  2 customers added\n  1 left out\n"), "{out}{err}");
    assert!(
        out.contains("  left out customers.csv line 3: The row names nobody. It was left out.\n"),
        "{out}"
    );
    let rows = read(&rejected);
    assert!(
        rows.contains("\r\n'2,,,,no,,0.00,0,,no,customers.csv,3,,,customer_empty,The row names nobody."),
        "{rows}"
    );
    // With a name it comes in.
    let mended = desk.file("mended.csv", &rows.replace("'2,,,,no", "'2,Cy,,,no"));
    let report = desk.json(&["customers", "--from", "shopify", &mended]);
    assert_eq!((&report["landed"]["customers_added"], &report["landed"]["left_out"]), (&1.into(), &0.into()));
    assert!(succeed(&["check", "--data", &desk.data()]).contains("no problem"));
}

#[test]
fn what_a_file_says_of_orders_is_held_against_those_that_are_here() {
    let desk = Desk::new();
    let file = desk.file("customers.csv", CUSTOMERS);
    let (out, _) = desk.import(&["customers", "--from", "shopify", &file, "--dry-run"]);
    let told = "customers.csv line 2: anna@example.com: 3 orders in the file, 0 here; 120 spent in the file, nothing here\n";
    assert!(out.contains("warning claims_differ") && out.contains("(once)") && out.contains(told), "{out}");
    let orders = "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price\n\
#1,anna@example.com,paid,EUR,40.00,40.00,2026-01-01 10:00:00 +0100,1,Pan,40.00\n\
#2,anna@example.com,paid,EUR,40.00,40.00,2026-01-02 10:00:00 +0100,1,Pan,40.00\n\
#3,anna@example.com,paid,EUR,40.00,40.00,2026-01-03 10:00:00 +0100,1,Pan,40.00\n";
    let orders = desk.file("orders.csv", orders);
    desk.json(&["orders", "--from", "shopify", &orders]);
    let report = desk.json(&["customers", "--from", "shopify", &file]);
    assert_eq!(report["warnings"]["claims_differ"], Value::Null, "{report}");
    let other = desk.file("other.csv", &CUSTOMERS.replace("120.00,3", "125.50,3"));
    let report = desk.json(&["customers", "--from", "shopify", &other]);
    let example = report["warnings"]["claims_differ"]["examples"][0]["value"].as_str().unwrap();
    assert_eq!(example, "anna@example.com: 125.5 spent in the file, €120.00 here");
    assert_eq!(report["landed"]["refused"], 0);
}

#[test]
fn refused_lines_of_json_are_mended_and_imported() {
    let desk = Desk::new();
    let line = |number: u64, status: &str| {
        format!(
            "{{\"number\":{number},\"placed_at\":\"2026-01-02T03:04:05Z\",\"source\":{{\"source\":\"old\",\"id\":\"{number}\"}},\"currency\":\"EUR\",\"total\":100,\"status\":\"{status}\",\"payment\":\"paid\",\"fulfilment\":\"fulfilled\",\"lines\":[{{\"title\":\"Cup, \\\"=1\\\"\",\"quantity\":1,\"unit_price\":\"1\",\"total\":100}}]}}\n"
        )
    };
    let file = desk
        .file("orders.jsonl", &(line(1, "open") + &line(2, "opened") + &line(3, "open") + &line(4, "shut")));
    let rejected = desk.path("refused.csv");
    let report =
        desk.json(&["orders", "--from", "backroom", &file, "--rejected", rejected.to_str().unwrap()]);
    assert_eq!((&report["landed"]["orders_added"], &report["landed"]["refused"]), (&2.into(), &2.into()));
    let rows = read(&rejected);
    let lines: Vec<&str> = rows.lines().filter_map(|l| l.split("orders.jsonl,").nth(1)).collect();
    assert!(lines[0].starts_with("2,") && lines[1].starts_with("4,"), "{rows}");
    let mended = desk.file(
        "mended.csv",
        &rows.replacen("\"\"opened\"\"", "\"\"open\"\"", 1).replacen("\"\"shut\"\"", "\"\"completed\"\"", 1),
    );
    let report = desk.json(&["orders", "--from", "backroom", &mended]);
    assert_eq!((&report["landed"]["orders_added"], &report["landed"]["refused"]), (&2.into(), &0.into()));
    // What somebody has made lines of JSON of again comes in too.
    let (out, err) = desk.import(&["orders", "--from", "backroom", &file]);
    assert!(out.contains("2 orders unchanged"), "{out}{err}");
    assert!(succeed(&["check", "--data", &desk.data()]).contains("no problem"));
}

#[test]
fn a_time_that_was_read_in_the_wrong_zone_is_corrected_and_then_stays() {
    let desk = Desk::new();
    let text = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
600001,A,Thing,2,2011-12-01 10:00:00,5.00,11111,United Kingdom\nC600002,A,Thing,-2,2011-12-02 10:00:00,5.00,11111,United Kingdom\n";
    let file = desk.file("day.csv", text);
    let import = |more: &[&str]| {
        let all: Vec<&str> =
            ["orders", "--from", "online-retail", &file].iter().chain(more).copied().collect();
        let landed = desk.json(&all)["landed"].take();
        let count = |word: &str| landed[word].as_u64().unwrap();
        assert_eq!(count("refused"), 0, "{landed}");
        (
            count("orders_added") + count("credit_notes_added"),
            count("orders_changed") + count("credit_notes_changed"),
            count("orders_unchanged") + count("credit_notes_unchanged"),
        )
    };
    assert_eq!(import(&[]), (2, 0, 0));
    assert_eq!(import(&["--zone", "America/New_York", "--dry-run"]), (0, 2, 0));
    assert_eq!(import(&["--zone", "America/New_York"]), (0, 2, 0));
    for more in [&["--zone", "America/New_York"][..], &[]] {
        assert_eq!(import(more), (0, 0, 2), "{more:?}");
    }
    let orders = succeed(&["export", "orders", "--format", "jsonl", "--data", &desk.data()]);
    assert!(orders.contains("\"placed_at\":\"2011-12-01T15:00:00Z\""), "{orders}");
    let (_, err) = desk.import(&["orders", "--from", "online-retail", &file, "--zone", "Mars/Olympus"]);
    assert!(err.contains("Enter a time zone such as Europe/Berlin."), "{err}");
    // A newer file changes a credit note as it does an order.
    desk.file("day.csv", &text.replace(",-2,", ",-1,"));
    assert_eq!(import(&["--dry-run"]), (0, 1, 1));
    assert_eq!(import(&[]), (0, 1, 1));
    let notes = succeed(&["export", "credit-notes", "--format", "jsonl", "--data", &desk.data()]);
    assert!(notes.contains("\"total\":500"), "{notes}");
    assert!(succeed(&["check", "--data", &desk.data()]).contains("no problem"));
}

#[test]
fn a_command_for_the_running_shop_is_silent_about_its_progress_where_a_program_reads_it() {
    let shop = Shop::open();
    let desk = Desk::new();
    let file = desk.file("customers.csv", CUSTOMERS);
    for more in [&["--json"][..], &["--quiet"]] {
        let all: Vec<&str> = ["import", "customers", "--from", "shopify", &file, "--data", shop.data()]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let output = backroom(&all);
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn refused_rows_never_go_where_the_import_reads() {
    let desk = Desk::new();
    let file = desk.file("customers.csv", CUSTOMERS);
    std::fs::hard_link(desk.path("customers.csv"), desk.path("other.csv")).unwrap();
    let other = desk.path("other.csv").to_str().unwrap().to_owned();
    for rejected in [&file, &other] {
        let (_, err) = desk.import(&["customers", "--from", "shopify", &file, "--rejected", rejected]);
        assert!(err.contains("which this import reads"), "{err}");
        assert_eq!(read(&desk.path("customers.csv")), CUSTOMERS);
    }
}

#[test]
fn an_import_that_ends_early_leaves_the_refused_rows_of_an_older_one() {
    let desk = Desk::new();
    let dates = "Name,Email,Currency,Total,Created at\n#1,a@example.com,EUR,1.00,03/04/2026\n#2,b@example.com,EUR,1.00,05/02/2026\n#3,b@example.com,EUR,1.00,06/01/2026\n#4,b@example.com,EUR,1.00,01/07/2026\n";
    let orders = desk.file("orders.csv", dates);
    let rejected = desk.file("refused.csv", "the older rows");
    let args = ["orders", "--from", "shopify", &orders, "--rejected", &rejected];
    let (_, err) = desk.import(&args);
    assert!(err.contains("Say which"), "{err}");
    assert_eq!(read(&desk.path("refused.csv")), "the older rows");
    desk.import(&[&args[..], &["--dates", "dmy"]].concat());
    assert_eq!(read(&desk.path("refused.csv")), "", "all rows came in");
}

#[test]
fn refused_rows_are_printed_where_they_are_wanted_so() {
    let desk = Desk::new();
    let file = desk.file("customers.csv", CUSTOMERS);
    let (out, err) = desk.import(&["customers", "--from", "shopify", &file, "--rejected", "/dev/stdout"]);
    assert!(
        out.contains(",customers.csv,3,,,customer_empty,") && out.contains("2 customers added"),
        "{out}{err}"
    );
}

#[test]
fn a_file_comes_through_a_pipe() {
    let desk = Desk::new();
    let (data, args) =
        (desk.data(), ["import", "customers", "--from", "shopify", "/dev/stdin", "--json", "--data"]);
    let output = backroom_with_input(&[&args[..], &[&data]].concat(), CUSTOMERS);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["landed"]["customers_added"], 2);
    // The server that does the work has another standard input.
    let shop = Shop::open();
    let output = backroom_with_input(&[&args[..], &[shop.data()]].concat(), CUSTOMERS);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("Give a file"), "{told}");
}
