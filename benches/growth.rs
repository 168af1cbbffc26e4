//! What happens as a shop grows: the same work with more and more orders, as a table and as `docs/growth.svg`.

use crate::client::{Client, get};
use crate::figure::{Amount, Figure};
use crate::running::{Demo, command};
use crate::serving::walk;
use crate::{Size, p50_p99};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Shops that are measured where nobody says which.
const SIZES: &[u64] = &[10_000, 100_000, 1_000_000];
const WORDS: &[&str] = &["ann", "mül", "sor", "lon", "can", "017", "mar", "pet", "tea", "car"];

/// One panel of the picture: a unit and lines of one value per size.
struct Panel {
    title: &'static str,
    unit: &'static str,
    lines: Vec<(&'static str, Vec<f64>)>,
}

/// Measures and draws. The short form draws into nothing.
pub(crate) fn run(sizes: Option<&str>, size: &Size) {
    let sizes: Vec<u64> = match sizes {
        Some(text) => text.split(',').map(|n| n.trim().parse().unwrap()).collect(),
        None if size.is_short => vec![300, 600],
        None => SIZES.to_vec(),
    };
    let mut panels = vec![
        panel("Search as you type", "ms", &["median", "99 of 100"]),
        panel("A page of the order list", "ms", &["median", "99 of 100"]),
        panel("Placing an order", "ms", &["median", "99 of 100"]),
        panel("Start to the first answer", "ms", &["start"]),
        panel("Memory, and files on disk", "MB", &["memory", "with pages of files", "files"]),
        panel("The search index built anew", "s", &["rebuild"]),
    ];
    for orders in &sizes {
        let rows = measured(*orders, if size.is_short { 20 } else { 400 });
        for (panel, values) in panels.iter_mut().zip(rows) {
            for ((line, drawn), amount) in panel.lines.iter_mut().zip(values) {
                println!("{}", Figure::alone(&format!("{orders} orders: {}, {line}", panel.title), amount));
                drawn.push(in_unit(amount, panel.unit));
            }
        }
    }
    let picture = draw(&sizes, &panels);
    if !size.is_short {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/growth.svg"), picture).unwrap();
    }
}

fn panel(title: &'static str, unit: &'static str, lines: &[&'static str]) -> Panel {
    Panel { title, unit, lines: lines.iter().map(|line| (*line, Vec::new())).collect() }
}

fn in_unit(amount: Amount, unit: &str) -> f64 {
    match amount {
        Amount::Time(time) if unit == "s" => time.as_secs_f64(),
        Amount::Time(time) => time.as_secs_f64() * 1_000.0,
        Amount::Bytes(bytes) => bytes as f64 / (1 << 20) as f64,
        Amount::PerSecond(rate) => rate,
    }
}

/// The values of all panels for a shop of so many orders.
fn measured(orders: u64, rounds: usize) -> Vec<Vec<Amount>> {
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
    let both = |times: &mut [Duration]| {
        let (p50, p99) = p50_p99(times);
        vec![Amount::Time(p50), Amount::Time(p99)]
    };
    vec![
        both(&mut searches),
        both(&mut pages),
        both(&mut places),
        vec![Amount::Time(started)],
        vec![memory[0], memory[1], files],
        vec![Amount::Time(rebuilt)],
    ]
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

/// Small panels, three in a row: sizes to the right in even steps, each ten times the one before; values upwards from zero.
fn draw(sizes: &[u64], panels: &[Panel]) -> String {
    let rows = panels.len().div_ceil(3) as f64;
    let (width, height) = (PANEL.0 * 3.0, PANEL.1 * rows);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\" fill=\"#1b1f24\"><title>What the same work costs as a shop grows</title>\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    );
    for (n, panel) in panels.iter().enumerate() {
        let (left, top) = ((n % 3) as f64 * PANEL.0, (n / 3) as f64 * PANEL.1);
        let (x0, x1) = (left + AROUND.0, left + PANEL.0 - AROUND.2);
        let (y0, y1) =
            (top + PANEL.1 - AROUND.3, top + AROUND.1 + 14.0 * (panel.lines.len() > 1) as u8 as f64);
        let most = panel.lines.iter().flat_map(|(_, values)| values).fold(1e-9_f64, |a, b| a.max(*b));
        let x = |at: usize| x0 + (x1 - x0) * at as f64 / (sizes.len().max(2) - 1) as f64;
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
        for (at, orders) in sizes.iter().enumerate() {
            let anchor = if at + 1 == sizes.len() { "end" } else { "middle" };
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
        for ((name, values), colour) in panel.lines.iter().zip(COLOURS) {
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
