//! What happens as a shop grows: the same work with more and more orders, as a table and as `docs/growth.svg`.

use crate::client::{Client, get};
use crate::figure::{Amount, Figure};
use crate::running::{Demo, command};
use crate::serving::walk;
use crate::{Size, p50_p99};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Shops that are measured where nobody says which.
const SIZES: &[u64] = &[10_000, 100_000, 1_000_000, 5_000_000];
const WORDS: &[&str] = &["ann", "mül", "sor", "lon", "can", "017", "mar", "pet", "tea", "car"];

/// A panel of the picture: what is measured, its unit, and its lines.
struct Panel {
    title: &'static str,
    unit: &'static str,
    lines: &'static [&'static str],
}

const PANELS: &[Panel] = &[
    Panel { title: "Search as you type", unit: "ms", lines: &["median", "99 of 100"] },
    Panel { title: "A page of the order list", unit: "ms", lines: &["median", "99 of 100"] },
    Panel { title: "Placing an order", unit: "ms", lines: &["median", "99 of 100"] },
    Panel { title: "Start to the first answer", unit: "ms", lines: &["start"] },
    Panel {
        title: "Memory, and files on disk",
        unit: "MB",
        lines: &["memory", "with pages of files", "files"],
    },
    Panel { title: "The search index built anew", unit: "s", lines: &["rebuild"] },
];

/// Values of all lines of all panels, by the number of orders.
type Table = BTreeMap<u64, Vec<f64>>;

/// Measures and draws. What was measured of other sizes before stays: a size of millions takes an hour of its own. The short
/// form keeps and draws nothing.
pub(crate) fn run(sizes: Option<&str>, size: &Size) {
    let sizes: Vec<u64> = match sizes {
        Some(text) => text.split(',').map(|n| n.trim().parse().unwrap()).collect(),
        None if size.is_short => vec![300, 600],
        None => SIZES.to_vec(),
    };
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut table = match std::fs::read_to_string(docs.join("growth.csv")) {
        Ok(kept) if !size.is_short => read(&kept),
        _ => Table::new(),
    };
    for orders in &sizes {
        let amounts = measured(*orders, if size.is_short { 20 } else { 400 });
        let lines = PANELS.iter().flat_map(|panel| panel.lines.iter().map(move |line| (panel, line)));
        let mut values = Vec::new();
        for ((panel, line), amount) in lines.zip(amounts) {
            println!("{}", Figure::alone(&format!("{orders} orders: {}, {line}", panel.title), amount));
            values.push(in_unit(amount, panel.unit));
        }
        table.insert(*orders, values);
        let picture = draw(&table);
        // After each size: who stops it keeps what is done.
        if !size.is_short {
            std::fs::write(docs.join("growth.csv"), write(&table)).unwrap();
            std::fs::write(docs.join("growth.svg"), picture).unwrap();
        }
    }
}

/// A table as it is kept: a line of heads, then a line a size.
fn read(kept: &str) -> Table {
    let row = |line: &str| {
        let (orders, values) = line.split_once(',').unwrap();
        (orders.parse().unwrap(), values.split(',').map(|value| value.parse().unwrap()).collect())
    };
    kept.lines().skip(1).map(row).collect()
}

fn write(table: &Table) -> String {
    let mut out = "orders".to_owned();
    for panel in PANELS {
        for line in panel.lines {
            write!(out, ",{}: {line} ({})", panel.title.replace(',', ""), panel.unit).unwrap();
        }
    }
    for (orders, values) in table {
        write!(out, "\n{orders}").unwrap();
        values.iter().for_each(|value| write!(out, ",{value:.3}").unwrap());
    }
    out + "\n"
}

fn in_unit(amount: Amount, unit: &str) -> f64 {
    match amount {
        Amount::Time(time) if unit == "s" => time.as_secs_f64(),
        Amount::Time(time) => time.as_secs_f64() * 1_000.0,
        Amount::Bytes(bytes) => bytes as f64 / (1 << 20) as f64,
        Amount::PerSecond(rate) => rate,
    }
}

/// What every line of every panel is for a shop of so many orders.
fn measured(orders: u64, rounds: usize) -> Vec<Amount> {
    let demo = Demo::of(orders);
    let shop = demo.serve(true);
    let started = shop.started_in;
    let headers = [("cookie", demo.keys.cookie.as_str()), ("accept", "text/html"), ("hx-request", "true")];
    let mut client = Client::to(&shop.address);
    let mut searches: Vec<Duration> = WORDS
        .iter()
        .cycle()
        .take(rounds)
        .map(|word| {
            let word: String = word.bytes().map(|byte| format!("%{byte:02x}")).collect();
            timed(&mut client, &get(&format!("/admin/search/suggest?q={word}"), &headers), 200)
        })
        .collect();
    let mut pages = walk(&demo, &shop, "/admin/orders?sort=-placed", rounds);
    let mut places: Vec<Duration> =
        (0..rounds).map(|n| timed(&mut client, &order(&demo.keys.api_key, n), 201)).collect();
    let memory = [shop.memory("RssAnon"), shop.memory("VmRSS")].map(Amount::Bytes);
    shop.end();
    let files = Amount::Bytes(bytes(&demo.dir));
    let (_, rebuilt) = command(&["reindex", "--data", demo.dir.to_str().unwrap()]);
    let mut amounts = Vec::new();
    for times in [&mut searches, &mut pages, &mut places] {
        let (p50, p99) = p50_p99(times);
        amounts.extend([p50, p99].map(Amount::Time));
    }
    amounts.push(Amount::Time(started));
    amounts.extend(memory);
    amounts.extend([files, Amount::Time(rebuilt)]);
    amounts
}

fn timed(client: &mut Client, request: &str, status: u16) -> Duration {
    let begun = Instant::now();
    let got = client.ask(request);
    assert_eq!(got.status, status, "{}", String::from_utf8_lossy(&got.body));
    begun.elapsed()
}

/// An order of one line by a customer of its own.
fn order(key: &str, n: usize) -> String {
    let body = format!(
        "{{\"email\":\"growth{n}@example.com\",\"currency\":\"EUR\",\"lines\":[{{\"sku\":\"BAR-1\",\"title\":\"Test\",\
         \"quantity\":1,\"unit_price\":{{\"amount\":100,\"currency\":\"EUR\"}}}}]}}"
    );
    format!(
        "POST /api/v1/orders HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\nidempotency-key: growth-{n}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What a directory takes on disk, without the space that is kept in reserve.
fn bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.file_name() != "ballast")
        .map(
            |entry| {
                if entry.path().is_dir() { bytes(&entry.path()) } else { entry.metadata().unwrap().len() }
            },
        )
        .sum()
}

const PANEL: (f64, f64) = (300.0, 190.0);
/// Room for what is written around a panel: left, above, right, below.
const AROUND: (f64, f64, f64, f64) = (52.0, 34.0, 16.0, 30.0);
const COLOURS: [&str; 3] = ["#1f6feb", "#d2691e", "#3a7d44"];

/// Small panels, three in a row: sizes to the right in even steps, whatever is between them; values upwards from zero.
fn draw(table: &Table) -> String {
    let rows = PANELS.len().div_ceil(3) as f64;
    let mut columns = 0;
    let (width, height) = (PANEL.0 * 3.0, PANEL.1 * rows);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\" fill=\"#1b1f24\"><title>What the same work costs as a shop grows</title>\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    );
    for (n, panel) in PANELS.iter().enumerate() {
        let lines: Vec<Vec<f64>> = (columns..columns + panel.lines.len())
            .map(|column| table.values().map(|values| values[column]).collect())
            .collect();
        columns += panel.lines.len();
        let (left, top) = ((n % 3) as f64 * PANEL.0, (n / 3) as f64 * PANEL.1);
        let (x0, x1) = (left + AROUND.0, left + PANEL.0 - AROUND.2);
        let (y0, y1) =
            (top + PANEL.1 - AROUND.3, top + AROUND.1 + 14.0 * (panel.lines.len() > 1) as u8 as f64);
        let most = lines.iter().flatten().fold(1e-9_f64, |a, b| a.max(*b));
        let x = |at: usize| x0 + (x1 - x0) * at as f64 / (table.len().max(2) - 1) as f64;
        let y = |value: f64| y0 - (y0 - y1) * value / most;
        write!(
            out,
            "<text x=\"{}\" y=\"{}\" font-weight=\"bold\" font-size=\"12\">{}, {}</text>\
             <path d=\"M{x0} {y1}V{y0}H{x1}\" fill=\"none\" stroke=\"#9aa4af\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><text x=\"{}\" y=\"{y0}\" text-anchor=\"end\">0</text>",
            left + 12.0,
            top + 20.0,
            panel.title,
            panel.unit,
            x0 - 6.0,
            y1 + 4.0,
            short(most),
            x0 - 6.0,
        )
        .unwrap();
        for (at, orders) in table.keys().enumerate() {
            let anchor = if at + 1 == table.len() { "end" } else { "middle" };
            write!(
                out,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                x(at),
                y0 + 16.0,
                short(*orders as f64)
            )
            .unwrap();
        }
        let mut legend = left + 12.0;
        for ((name, values), colour) in panel.lines.iter().zip(&lines).zip(COLOURS) {
            let points: Vec<String> =
                values.iter().enumerate().map(|(at, v)| format!("{:.1},{:.1}", x(at), y(*v))).collect();
            write!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                points.join(" ")
            )
            .unwrap();
            for (at, value) in values.iter().enumerate() {
                write!(
                    out,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"><title>{}</title></circle>",
                    x(at),
                    y(*value),
                    short(*value)
                )
                .unwrap();
            }
            if panel.lines.len() > 1 {
                write!(out, "<text x=\"{legend}\" y=\"{}\" fill=\"{colour}\">{name}</text>", top + 36.0)
                    .unwrap();
                legend += 7.0 * name.len() as f64 + 14.0;
            }
        }
    }
    out.push_str("</svg>\n");
    out
}

/// `10k`, `1M`, `3.2`.
fn short(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{}M", v / 1e6),
        v if v >= 1e4 => format!("{}k", (v / 1e3).round()),
        v if v >= 100.0 => format!("{v:.0}"),
        v => format!("{v:.1}"),
    }
}
