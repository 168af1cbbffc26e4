//! `/dev/parts`: every part of the pages in every state, for the eye and for the tests of look and accessibility.

use crate::base::error::{Checks, Result};
use crate::base::money::{Currency, Money};
use crate::base::time::{HOUR_MS, MINUTE_MS, Timestamp};
use crate::web::chart::{Chart, Datum};
use crate::web::parts::{
    Badge, Change, Chip, Choice, Entry, Facet, FacetValue, Fill, FormErrors, Link, Pager, Pair, Sum, Tab,
    Tone, Total,
};
use crate::web::{Page, Pages, Query, Shell};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// `?show=list|record|home|form`; nothing shows the parts.
#[derive(Debug, Deserialize)]
pub struct Which {
    show: Option<String>,
}

/// `GET /dev/parts`. Not for real shops: the app adds the route for demos and tests only.
///
/// # Errors
/// Those of a broken template.
pub async fn parts(
    Query(which): Query<Which>,
    shell: Shell,
    pages: web::Data<Pages>,
) -> Result<HttpResponse> {
    match which.show.as_deref() {
        Some("list") => pages.show(&shell, &ListSample(sample(shell.now))),
        Some("record") => pages.show(&shell, &RecordSample(sample(shell.now))),
        Some("home") => pages.show(&shell, &HomeSample(sample(shell.now))),
        Some("form") => pages.show(&shell, &FormSample(sample(shell.now))),
        _ => pages.show(&shell, &PartsSample(sample(shell.now))),
    }
}

macro_rules! samples {
    ($($name:ident $template:literal;)*) => {$(
        #[derive(Debug, Serialize)]
        #[serde(transparent)]
        struct $name(Sample);
        impl Page for $name {
            const TEMPLATE: &'static str = $template;
            #[cfg(test)]
            fn sample() -> Self {
                Self(sample(Timestamp(1_795_170_120_000)))
            }
        }
    )*};
}
samples! {
    PartsSample "dev/parts.html";
    ListSample "dev/list.html";
    RecordSample "dev/record.html";
    HomeSample "dev/home.html";
    FormSample "dev/form.html";
}

/// Life-like contents for all of them.
#[derive(Debug, Serialize)]
struct Sample {
    q: String,
    tabs: Vec<Tab>,
    chips: Vec<Chip>,
    facets: Vec<Facet>,
    orders: Vec<Row>,
    pager: Pager,
    badges: Vec<Badge>,
    returning: Badge,
    items: Vec<Item>,
    sums: Vec<Sum>,
    timeline: Vec<Entry>,
    details: Vec<Pair>,
    changes: Vec<Change>,
    errors: FormErrors,
    choices: Vec<Choice>,
    sales: Chart,
    hours: Chart,
    spark: Chart,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    number: u32,
    at: Timestamp,
    customer: &'static str,
    standing: Badge,
    total: Money,
    payment: Badge,
    shipment: Badge,
    ship_by: &'static str,
    late: bool,
    items: u32,
    categories: &'static str,
    sizes: &'static str,
    colour: &'static str,
    barcode: &'static str,
}

#[derive(Debug, Serialize)]
struct Item {
    title: &'static str,
    options: &'static str,
    sku: &'static str,
    barcode: &'static str,
    price: Money,
    quantity: u32,
    total: Money,
}

fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn sample(now: Timestamp) -> Sample {
    Sample {
        q: "payment:paid total:>100".to_owned(),
        tabs: tabs(),
        chips: vec![Chip { label: "Payment is Paid".into(), without: "?q=total:>100".into() }],
        facets: facets(),
        orders: (0..24).filter_map(|n| row(n, now)).collect(),
        pager: Pager {
            newer: None,
            older: Some("?after=x".into()),
            shown: 50,
            total: Some(Total { count: 10_482, exact: true }),
        },
        badges: badges(),
        returning: Badge::new("Returning · 6", Tone::Still, Fill::Bare),
        items: vec![
            item("Rain jacket", "M · navy", "RJ-M-NVY", "4012345678901", 5_900),
            item("Enamel mug", "0.3 l · white", "EM-03-WHT", "4012345678918", 6_000),
        ],
        sums: sums(),
        timeline: timeline(now),
        details: details(),
        changes: vec![
            Change { field: "City".into(), before: Some("Berlin".into()), after: Some("Potsdam".into()) },
            Change { field: "Company".into(), before: None, after: Some("Berg & Söhne".into()) },
        ],
        errors: errors(),
        choices: vec![
            Choice::new("19", "19 %, standard"),
            Choice::new("7", "7 %, reduced"),
            Choice::new("0", "None"),
        ],
        sales: Chart::line(
            "Sales, last 30 days",
            "Day",
            "€28,310.00 in 30 days, €21,977.00 in the 30 before.",
            &sales(),
        ),
        hours: Chart::bars("Orders by hour", "Hour", "31 orders today.", &hours()),
        spark: Chart::spark(&[2.0, 3.0, 2.5, 4.0, 2.0, 1.5, 2.0, 6.0, 2.0, 2.2]),
    }
}

fn tabs() -> Vec<Tab> {
    let tab = |label: &str, count: Option<u64>| Tab {
        label: label.to_owned(),
        href: format!("?view={}", label.len()),
        count,
        current: label == "All",
        changed: label == "Unpaid",
    };
    vec![
        tab("All", Some(10_482)),
        tab("To ship", Some(42)),
        tab("Cut-off today", Some(9)),
        tab("Unpaid", Some(7)),
        tab("On hold", None),
        tab("Returns", Some(3)),
        tab("Archived", None),
    ]
}

fn facets() -> Vec<Facet> {
    let value = |label: &str, count: u64, on: bool| FacetValue {
        label: label.to_owned(),
        href: "?q=x".to_owned(),
        count: Some(count),
        on,
    };
    ["Shipment", "Ship by", "Category", "Country"]
        .into_iter()
        .map(|label| Facet {
            label: label.to_owned(),
            values: vec![
                value("Unshipped", 42, true),
                value("Part shipped", 9, false),
                value("Shipped", 10_431, false),
            ],
        })
        .collect()
}

fn row(n: u32, now: Timestamp) -> Option<Row> {
    let pick = |list: &[&'static str]| list.get(usize::try_from(n).ok()? % list.len()).copied();
    let payment = match n % 5 {
        0 | 3 => Badge::new("Paid", Tone::Ok, Fill::Full),
        1 => Badge::new("Part refunded", Tone::Info, Fill::Half),
        2 => Badge::new("Unpaid", Tone::Warn, Fill::Empty),
        _ => Badge::new("Failed", Tone::Bad, Fill::Empty),
    };
    let shipment = match n % 4 {
        0 => Badge::new("Unshipped", Tone::Warn, Fill::Empty),
        1 => Badge::new("Part shipped", Tone::Warn, Fill::Half),
        _ => Badge::new("Shipped", Tone::Ok, Fill::Full),
    };
    let standing = match n % 3 {
        0 => Badge::new("New", Tone::Info, Fill::Bare),
        _ => Badge::new(format!("Returning · {}", n % 9 + 1), Tone::Still, Fill::Bare),
    };
    Some(Row {
        id: format!("ord_{n}"),
        number: 10_482 - n,
        at: now.plus_ms(-i64::from(n) * 47 * MINUTE_MS),
        customer: pick(&["Anna Okafor", "Søren Singh", "Tom Berg", "Jürgen Müller-Lüdenscheidt", "Li Na"])?,
        standing,
        total: euro(3_594 + i64::from(n) * 1_733),
        payment,
        shipment,
        ship_by: pick(&["2 h", "Today 15:00", "–", "Mon 23 Nov"])?,
        late: n.is_multiple_of(4),
        items: n % 4 + 1,
        categories: pick(&["Rain jackets", "Socks, Mugs", "Rain jackets, Outdoor trousers", "Hats"])?,
        sizes: pick(&["S", "M, L", "S, 2×M", "–"])?,
        colour: pick(&["navy", "forest green", "white"])?,
        barcode: pick(&["4010467259341", "4010945221273 +2", "4010407070874"])?,
    })
}

fn item(
    title: &'static str,
    options: &'static str,
    sku: &'static str,
    barcode: &'static str,
    minor: i64,
) -> Item {
    Item { title, options, sku, barcode, price: euro(minor), quantity: 1, total: euro(minor) }
}

fn badges() -> Vec<Badge> {
    vec![
        Badge::new("Part refunded", Tone::Info, Fill::Half),
        Badge::new("Part shipped", Tone::Warn, Fill::Half),
        Badge::new("Customs cut-off in 2 h 14 min", Tone::Bad, Fill::Full),
        Badge::new("Paid", Tone::Ok, Fill::Full),
        Badge::new("Open", Tone::Still, Fill::Empty),
    ]
}

fn sums() -> Vec<Sum> {
    let sum =
        |label: &str, minor: i64, total: bool| Sum { label: label.to_owned(), amount: euro(minor), total };
    vec![
        sum("Subtotal", 11_900, false),
        sum("Shipping", 490, false),
        sum("VAT 19 % in it", 1_978, false),
        sum("Total", 12_390, true),
        sum("Paid", 12_390, false),
        sum("Refunded", -1_200, false),
    ]
}

fn timeline(now: Timestamp) -> Vec<Entry> {
    let entry = |icon, tone, text: &str, by: &str, hours: i64| Entry {
        icon,
        tone,
        text: text.to_owned(),
        by: by.to_owned(),
        at: now.plus_ms(-hours * HOUR_MS),
        note: None,
        link: None,
    };
    let tracking = Link::new("00340434161094000000", "?tracking");
    vec![
        Entry {
            link: Some(tracking),
            ..entry("truck", Tone::Ok, "Parcel 1 handed to DHL, tracking", "Jonas", 1)
        },
        entry("mail", Tone::Still, "Dispatch e-mail delivered to anna@example.com", "System", 1),
        entry("undo-2", Tone::Warn, "Refunded €12.00 for 1 × Wool socks. Reason: wrong size", "Marit", 2),
        Entry {
            note: Some("Customer asks for neutral packaging.\nPlease no invoice in the parcel.".to_owned()),
            ..entry("message-square", Tone::Info, "Note", "Marit", 3)
        },
        entry("circle-x", Tone::Bad, "Payment of €84.90 failed: card declined", "System", 5),
        entry("shopping-cart", Tone::Still, "Order placed from the web shop", "Anna Berg", 6),
    ]
}

fn details() -> Vec<Pair> {
    let pair = |label: &str, value: &str| Pair { label: label.to_owned(), value: value.to_owned() };
    vec![
        pair("Source", "Web shop"),
        pair("Language", "German"),
        pair("Voucher", "SPRING, −10 %"),
        pair("Tags", "gift, press"),
        pair("Parcel locker", "Packstation 145"),
    ]
}

fn errors() -> FormErrors {
    let mut checks = Checks::default();
    checks.wrong("/price", "invalid_amount", "Price: enter an amount such as 59.00.");
    checks.wrong("/sku", "duplicate", "SKU: RJ-M is already used by “Rain jacket, old”.");
    checks.finish().err().map(|error| FormErrors::of(&error)).unwrap_or_default()
}

fn sales() -> Vec<Datum> {
    let value = |day: u32| f64::from(600 + (day * 7_919) % 700) + f64::from(day) * 9.0;
    let shown = |value: f64| format!("€{value:.2}");
    (1..=30)
        .map(|day| Datum {
            label: format!("{day} Nov"),
            value: value(day),
            shown: shown(value(day)),
            before: Some((value(day + 11) * 0.78, shown(value(day + 11) * 0.78))),
        })
        .collect()
}

fn hours() -> Vec<Datum> {
    (6..=22)
        .map(|hour: u32| {
            let count = (hour * 13) % 9;
            Datum {
                label: format!("{hour}:00"),
                value: f64::from(count),
                shown: count.to_string(),
                before: None,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn every_part_renders_in_every_state() {
        for html in [
            renders::<PartsSample>(),
            renders::<ListSample>(),
            renders::<RecordSample>(),
            renders::<HomeSample>(),
            renders::<FormSample>(),
        ] {
            assert!(
                !html.contains(" style=") && !html.contains("<script>"),
                "the policy forbids inline code"
            );
            assert!(!html.contains("onclick") && html.matches("<h1").count() >= 1);
        }
    }
}
