//! The figures of imports.md section 4, met through these parsers. Skipped, saying so, without the shared data.

use crate::base::error::Result;
use crate::base::money::Currency;
use crate::shop::customers::NewCustomer;
use crate::shop::orders::{NewCreditNote, NewOrder};
use crate::shop::transfer::input::Input;
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::mapping::Mapping;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::outcome::{Item, Place, Refused, Report, Sink};
use crate::shop::transfer::presets::{Format, preset};
use crate::shop::transfer::run::run;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The shared files, or a word that they are missed; an error where they are required.
pub(super) fn shared() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = std::env::var_os("BACKROOM_SHARED").map(PathBuf::from);
    let places = given.into_iter().chain([here.join("../shared/data"), here.join("../../shared/data")]);
    let found = places.into_iter().find(|p| p.join("facts.json").exists());
    if found.is_none() {
        let is_required = std::env::var("BACKROOM_REAL_PARTS").is_ok_and(|v| v == "required");
        assert!(!is_required, "the shared data is required and not there");
        std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no shared data\n").unwrap();
    }
    found
}

#[derive(Default)]
pub(super) struct Kept {
    pub(super) orders: Vec<NewOrder>,
    pub(super) notes: Vec<NewCreditNote>,
    pub(super) customers: Vec<NewCustomer>,
    pub(super) refused: Vec<Refused>,
    pub(super) places: Vec<Place>,
}

impl Sink for Kept {
    fn item(&mut self, item: Item, place: &Place) -> Result<ControlFlow<()>> {
        match item {
            Item::Order(order) => self.orders.push(*order),
            Item::CreditNote(note) => self.notes.push(*note),
            Item::Customer(customer) => self.customers.push(*customer),
        }
        self.places.push(place.clone());
        Ok(ControlFlow::Continue(()))
    }
    fn refused(&mut self, row: &Refused) -> Result<()> {
        self.refused.push(row.clone());
        Ok(())
    }
}

pub(super) fn inputs(names: &[&str]) -> Option<Vec<Input>> {
    let shared = shared()?;
    Some(names.iter().map(|n| Input::path(&shared.join(n))).collect())
}

fn read_with(mapping: &Mapping, names: &[&str], options: &Options) -> Option<(Kept, Report)> {
    let mut kept = Kept::default();
    let report = run(mapping, &inputs(names)?, options, &mut kept).unwrap();
    Some((kept, report))
}
fn read(format: Format, kind: Kind, names: &[&str]) -> Option<(Kept, Report)> {
    read_with(&preset(format, kind).unwrap(), names, &Options::default())
}
fn decimal(text: &str) -> rust_decimal::Decimal {
    text.parse().unwrap()
}

mod online_retail {
    use super::*;
    use crate::shop::orders::{CreditKind, NewOrderCustomer, Payment, Status};
    use std::collections::{BTreeMap, BTreeSet};

    fn total(order: &NewOrder) -> i64 {
        order
            .lines
            .iter()
            .map(|l| l.stated_total.unwrap_or_else(|| l.unit_price.times(l.quantity, Currency::GBP).unwrap()))
            .sum()
    }
    fn customer(customer: &NewOrderCustomer) -> Option<&str> {
        match customer {
            NewOrderCustomer::Described(person) => Some(person.external[0].id.as_str()),
            _ => None,
        }
    }

    #[test]
    fn the_whole_file_gives_its_figures() {
        let Some((kept, report)) =
            read(Format::OnlineRetail, Kind::Orders, &["online-retail/online_retail.csv.zst"])
        else {
            return;
        };
        let t = &report.tallies;
        assert_eq!((t.rows, t.lines, t.refused_rows), (541_909, 541_909, 0));
        assert_eq!((t.orders, t.credit_notes, t.adjustments, t.customers), (22_061, 3_836, 3, 4_372));
        let sums = &t.sums[&Currency::GBP];
        assert_eq!(sums.total.exact, decimal("10655622.484"));
        assert_eq!(sums.goods.exact, decimal("10655622.484"));
        assert_eq!(sums.credited.exact, decimal("896812.49"));
        assert_eq!(sums.adjusted.exact, decimal("11062.06"));
        assert_eq!(sums.total.rounded - sums.credited.rounded - sums.adjusted.rounded, 974_774_793);
        assert_eq!(kept.orders.iter().filter(|o| total(o) > 0).count(), 19_959);
        assert_eq!(report.files[0].trimmed_cells, 113_452);
        assert_eq!(t.guests, 3_710);
        let guest_lines: usize = kept
            .orders
            .iter()
            .filter(|o| customer(&o.customer).is_none())
            .map(|o| o.lines.len())
            .sum::<usize>()
            + kept
                .notes
                .iter()
                .filter(|n| customer(&n.customer).is_none())
                .map(|n| n.lines.len())
                .sum::<usize>();
        assert_eq!(guest_lines, 135_080);
        customers_and_codes(&kept);
        documents(&kept);
        months_and_countries(&kept);
    }

    fn customers_and_codes(kept: &Kept) {
        let mut codes: BTreeMap<&str, i64> = BTreeMap::new();
        for line in kept.orders.iter().flat_map(|o| &o.lines) {
            *codes.entry(&line.sku).or_default() += line.quantity;
        }
        for line in kept.notes.iter().filter(|n| n.kind == CreditKind::Credit).flat_map(|o| &o.lines) {
            *codes.entry(&line.sku).or_default() -= line.quantity;
        }
        for line in kept.notes.iter().filter(|n| n.kind == CreditKind::Adjustment).flat_map(|o| &o.lines) {
            *codes.entry(&line.sku).or_default() += line.quantity;
        }
        assert_eq!(codes.len(), 4_070);
        assert_eq!(codes.keys().map(|c| c.to_lowercase()).collect::<BTreeSet<_>>().len(), 3_958);
        for (code, pieces) in
            [("22197", 56_450), ("84077", 53_847), ("85099B", 47_363), ("85123A", 38_830), ("84879", 36_221)]
        {
            assert_eq!(codes[code], pieces, "{code}");
        }
        let mut net: BTreeMap<&str, (u32, u32, i64)> = BTreeMap::new();
        for order in &kept.orders {
            let Some(id) = customer(&order.customer) else { continue };
            let of = net.entry(id).or_default();
            (of.0, of.2) = (of.0 + 1, of.2 + total(order));
        }
        for note in &kept.notes {
            let Some(id) = customer(&note.customer) else { continue };
            let of = net.entry(id).or_default();
            (of.0, of.1, of.2) = (of.0 + 1, of.1 + 1, of.2 - note.total);
        }
        assert_eq!(net.len(), 4_372);
        for (id, wanted) in [
            ("14646", (77, 3, 27_948_902)),
            ("14911", (248, 47, 13_257_262)),
            ("12347", (7, 0, 431_000)),
            ("17850", (35, 1, 528_863)),
            ("12748", (224, 14, 2_907_210)),
        ] {
            assert_eq!(net[id], wanted, "{id}");
        }
        assert_eq!((net["18102"].2, net["17450"].2), (25_643_849, 18_748_217));
        assert_eq!(net.values().filter(|n| n.2 < 0).count(), 41);
    }

    fn documents(kept: &Kept) {
        let first = kept.orders.iter().find(|o| o.wished_number == Some(536_365)).unwrap();
        assert_eq!((total(first), first.lines.len()), (13_912, 7));
        assert_eq!((first.status, first.payment, first.is_import), (Status::Completed, Payment::Paid, true));
        assert_eq!(customer(&first.customer), Some("17850"));
        assert_eq!(first.shipping_address.as_ref().unwrap().country, "GB");
        assert_eq!(first.source.as_ref().unwrap().id, "536365");
        assert_eq!(first.source_name, "");
        let long = kept.orders.iter().find(|o| o.wished_number == Some(573_585)).unwrap();
        assert_eq!(long.lines.len(), 1_114);
        assert!(
            kept.notes
                .iter()
                .filter(|n| n.kind == CreditKind::Credit)
                .all(|n| n.total >= 0 && n.number.starts_with('C'))
        );
        assert!(kept.notes.iter().flat_map(|n| &n.lines).all(|l| l.quantity > 0));
        for note in &kept.notes {
            let parts: i64 =
                note.lines.iter().map(|l| l.unit_price.times(l.quantity, Currency::GBP).unwrap()).sum();
            assert_eq!(parts, note.total, "{}", note.number);
        }
    }

    fn months_and_countries(kept: &Kept) {
        let mut months: BTreeMap<String, u32> = BTreeMap::new();
        let mut countries: BTreeMap<String, (u32, i64)> = BTreeMap::new();
        let mut count = |at: crate::base::time::Timestamp, country: &str, total: i64| {
            *months.entry(at.to_string().chars().take(7).collect()).or_default() += 1;
            let of = countries.entry(country.to_owned()).or_default();
            *of = (of.0 + 1, of.1 + total);
        };
        for order in &kept.orders {
            let address = order.shipping_address.clone().unwrap_or_default();
            count(order.placed_at.unwrap(), &address.country, total(order));
        }
        for note in &kept.notes {
            count(note.issued_at, &note.country, -note.total);
        }
        let wanted =
            [2_025, 1_476, 1_393, 1_983, 1_744, 2_162, 2_012, 1_927, 1_737, 2_327, 2_637, 3_462, 1_015];
        assert_eq!(months.into_values().collect::<Vec<_>>(), wanted);
        for (code, wanted) in [
            ("GB", (23_494, 818_780_636)),
            ("NL", (101, 28_466_154)),
            ("IE", (360, 26_327_682)),
            ("DE", (603, 22_169_821)),
            ("FR", (461, 19_740_390)),
        ] {
            assert_eq!(countries[code], wanted, "{code}");
        }
    }

    #[test]
    fn the_day_files_give_theirs() {
        for (name, lines, invoices, sum) in
            [("2010-12-01", 3_108, 143, "58635.56"), ("2011-12-05", 5_331, 151, "57751.32")]
        {
            let Some((_, report)) =
                read(Format::OnlineRetail, Kind::Orders, &[&format!("online-retail/{name}.csv")])
            else {
                return;
            };
            let t = &report.tallies;
            assert_eq!((t.lines, t.orders + t.credit_notes + t.adjustments), (lines, invoices));
            let sums = &t.sums[&Currency::GBP];
            assert_eq!(sums.total.exact - sums.credited.exact, decimal(sum));
            if name == "2010-12-01" {
                assert_eq!(t.customers, 98);
            }
        }
    }
}

mod shopify {
    use super::*;
    use crate::shop::orders::{NewOrderCustomer, Payment, Status};
    use std::collections::BTreeMap;

    fn orders(name: &str, currency: Option<&str>) -> Option<(Kept, Report)> {
        let options =
            Options { currency: currency.map(|c| Currency::parse(c).unwrap()), ..Options::default() };
        read_with(
            &preset(Format::Shopify, Kind::Orders).unwrap(),
            &[&format!("shopify/{name}.csv")],
            &options,
        )
    }

    #[test]
    fn a_real_shops_orders_give_their_figures() {
        let Some((kept, report)) = orders("orders_export_panalysis", Some("AUD")) else { return };
        let t = &report.tallies;
        assert_eq!((t.orders, t.rows, t.refused_rows), (1_057, 1_057, 0));
        let sums = &t.sums[&Currency::parse("AUD").unwrap()];
        assert_eq!(sums.goods.exact, decimal("53823.55"));
        assert_eq!(sums.shipping.exact, decimal("14559.40"));
        assert_eq!(sums.tax.exact, decimal("6073.50"));
        assert_eq!((sums.total.exact, sums.total.rounded), (decimal("68141.45"), 6_814_145));
        let facts =
            ["tax_included", "tax_included_or_none", "free_shipping", "tax_added", "total_unexplained"];
        // 1,040 with the tax included, one of them without tax, and 17 (not 16) with free shipping: together 1,057.
        assert_eq!(facts.map(|f| t.count(f)), [1_039, 1, 17, 0, 0]);
        assert!(kept.orders.iter().all(|o| o.tax_included));
        let mut regions: BTreeMap<&str, u32> = BTreeMap::new();
        for order in &kept.orders {
            *regions.entry(&order.billing.as_ref().unwrap().region).or_default() += 1;
        }
        for (region, count) in [
            ("NSW", 353),
            ("VIC", 247),
            ("QLD", 197),
            ("WA", 117),
            ("SA", 77),
            ("ACT", 30),
            ("TAS", 19),
            ("NT", 17),
        ] {
            assert_eq!(regions[region], count, "{region}");
        }
        let first = &kept.orders[0];
        assert_eq!((first.wished_number, first.source_name.as_str()), (Some(1030), "#1030"));
        let billing = first.billing.as_ref().unwrap();
        assert_eq!((billing.postcode.as_str(), billing.country.as_str()), ("0812", "AU"));
        assert_eq!(first.placed_at.unwrap().to_string(), "2014-11-25T03:45:53Z");
        assert_eq!(kept.orders.iter().filter(|o| o.placed_offset_min == Some(660)).count(), 687);
        assert_eq!(kept.orders.iter().filter(|o| o.placed_offset_min == Some(600)).count(), 370);
    }

    #[test]
    fn continuation_rows_belong_to_their_order() {
        let Some((kept, report)) = orders("shopify_orders_sample", None) else { return };
        let t = &report.tallies;
        // 58 different cells in the column Email, one of them empty: 57 people and five guests.
        assert_eq!((t.rows, t.orders, t.customers, t.guests, t.lines), (249, 127, 57, 5, 249));
        let sums = &t.sums[&Currency::USD];
        assert_eq!((sums.total.exact, sums.refunded.exact), (decimal("15063.00"), decimal("423.75")));
        assert!(
            kept.orders
                .iter()
                .all(|o| matches!(o.payment, Payment::Paid | Payment::PartRefunded | Payment::Refunded))
        );
        let Some((kept, report)) = orders("shopify_orders_edge", None) else { return };
        assert_eq!((report.tallies.rows, report.tallies.orders), (9, 8));
        assert_eq!(kept.orders[0].lines.len(), 2);
        assert_eq!(
            (&kept.orders[3].customer, kept.orders[3].email.as_ref()),
            (&NewOrderCustomer::Guest, None)
        );
        assert_eq!((kept.orders[4].stated_total, kept.orders[4].status), (Some(0), Status::Completed));
    }

    #[test]
    fn a_customer_row_that_lacks_a_cell_is_refused_alone() {
        let Some((kept, report)) =
            read(Format::Shopify, Kind::Customers, &["shopify/customers_export_wave.csv"])
        else {
            return;
        };
        assert_eq!((kept.customers.len(), kept.refused.len()), (4, 1));
        assert_eq!((kept.refused[0].line, kept.refused[0].code), (4, "wrong_width"));
        assert_eq!(report.files[0].unknown_columns, ["channel"]);
        assert_eq!(kept.customers[0].last_name, "Meyers");
        assert_eq!(kept.customers[0].addresses[0].line1, "123 Main St.");
    }
}

mod olist {
    use super::*;
    use crate::shop::orders::{CancelReason, Fulfilment, NewOrderCustomer, Status};
    use std::collections::BTreeMap;

    const FILES: [&str; 7] = [
        "olist-sample/product_category_name_translation.csv",
        "olist-sample/olist_order_payments_dataset.csv",
        "olist-sample/olist_products_dataset.csv",
        "olist-sample/olist_orders_dataset.csv",
        "olist-sample/olist_order_reviews_dataset.csv",
        "olist-sample/olist_order_items_dataset.csv",
        "olist-sample/olist_customers_dataset.csv",
    ];

    fn goods(order: &NewOrder) -> i64 {
        order.lines.iter().map(|l| l.unit_price.minor(order.currency).unwrap()).sum()
    }
    fn paid(order: &NewOrder) -> i64 {
        order.payments.iter().map(|p| p.amount).sum()
    }

    #[test]
    fn files_in_any_order_are_joined_and_give_their_figures() {
        let Some((kept, report)) = read(Format::Olist, Kind::Orders, &FILES) else { return };
        let t = &report.tallies;
        assert_eq!((t.orders, t.lines, t.customers, t.refused_rows), (8_135, 8_365, 8_016, 0));
        let sums = &t.sums[&Currency::parse("BRL").unwrap()];
        assert_eq!(sums.goods.exact, decimal("1093264.35"));
        assert_eq!(sums.shipping.exact, decimal("172288.39"));
        assert_eq!((sums.paid.exact, sums.paid.rounded), (decimal("1428602.81"), 142_860_281));
        let mut by: BTreeMap<&str, (u32, usize, i64, i64, i64)> = BTreeMap::new();
        for o in &kept.orders {
            let of = by.entry(&o.metadata["order_status"]).or_default();
            *of = (of.0 + 1, of.1 + o.lines.len(), of.2 + goods(o), of.3 + o.shipping, of.4 + paid(o));
        }
        for (status, wanted) in [
            ("delivered", (5_172, 5_912, 72_311_876, 11_865_449, 84_219_246)),
            ("shipped", (1_107, 1_185, 15_072_744, 2_640_190, 17_721_396)),
            ("canceled", (625, 542, 9_523_527, 1_065_045, 14_325_560)),
            ("unavailable", (609, 7, 200_769, 13_280, 12_647_951)),
            ("invoiced", (314, 359, 6_152_637, 746_238, 6_913_799)),
            ("processing", (301, 357, 6_043_922, 895_489, 6_939_411)),
            ("created", (5, 0, 0, 0, 68_810)),
            ("approved", (2, 3, 20_960, 3_148, 24_108)),
        ] {
            assert_eq!(by[status], wanted, "{status}");
        }
        orders_and_payments(&kept);
        let unused: Vec<_> = report.files.iter().filter(|f| f.role == "not used").map(|f| &*f.name).collect();
        assert_eq!(unused, ["olist_order_reviews_dataset.csv"]);
    }

    fn orders_and_payments(kept: &Kept) {
        let mut methods: BTreeMap<&str, u32> = BTreeMap::new();
        for payment in kept.orders.iter().flat_map(|o| &o.payments) {
            *methods.entry(&payment.method).or_default() += 1;
        }
        let wanted = [
            ("boleto", 1_580),
            ("credit_card", 6_255),
            ("debit_card", 122),
            ("not_defined", 3),
            ("voucher", 964),
        ];
        assert_eq!(methods.into_iter().collect::<Vec<_>>(), wanted);
        assert_eq!(kept.orders.iter().filter(|o| o.payments.len() > 1).count(), 274);
        assert_eq!(kept.orders.iter().map(|o| o.payments.len()).max(), Some(29));
        let empty: Vec<_> = kept.orders.iter().filter(|o| o.lines.is_empty()).collect();
        assert_eq!(empty.len(), 775);
        assert!(empty.iter().all(|o| o.stated_total == Some(paid(o))));
        let differ = |by: i64| {
            let full = kept.orders.iter().filter(|o| !o.lines.is_empty());
            full.filter(|o| (goods(o) + o.shipping).abs_diff(paid(o)) > by.unsigned_abs()).count()
        };
        assert_eq!((differ(0), differ(5)), (42, 22));
        let count = |of: fn(&NewOrder) -> bool| kept.orders.iter().filter(|o| of(o)).count();
        assert_eq!(count(|o| o.cancelled.as_ref().is_some_and(|c| c.1 == CancelReason::Unavailable)), 609);
        assert_eq!(count(|o| o.fulfilment == Fulfilment::Delivered), 5_172);
        assert_eq!(count(|o| o.status == Status::Open), 314 + 301 + 5 + 2);
        let some = kept
            .orders
            .iter()
            .find(|o| o.source.as_ref().unwrap().id.starts_with("0009792311464db5"))
            .unwrap();
        assert!(!some.lines[0].category.is_empty());
        assert!(matches!(&some.customer, NewOrderCustomer::Described(p) if p.external[0].source == "olist"));
        assert_eq!(some.shipping_address.as_ref().unwrap().country, "BR");
    }

    #[test]
    fn a_person_with_several_orders_is_one_customer() {
        let Some((kept, report)) = read(Format::Olist, Kind::Customers, &[FILES[6]]) else { return };
        assert_eq!(
            (kept.customers.len(), report.tallies.customers, report.tallies.rows),
            (8_016, 8_016, 8_135)
        );
    }

    #[test]
    fn a_file_that_is_missing_is_asked_for() {
        let Some(files) = inputs(&FILES[..4]) else { return };
        let mapping = preset(Format::Olist, Kind::Orders).unwrap();
        let error = run(&mapping, &files, &Options::default(), &mut Kept::default()).unwrap_err();
        assert!(error.code == "file_missing" && error.message.contains("customer_id"), "{}", error.message);
    }
}

mod mapped {
    use super::*;
    use crate::shop::orders::{Fulfilment, NewOrderCustomer};
    use std::collections::{BTreeMap, BTreeSet};

    fn mapping(name: &str) -> Mapping {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mappings").join(name);
        Mapping::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
    }
    fn mapped(name: &str, files: &[&str]) -> Option<(Kept, Report)> {
        read_with(&mapping(name), files, &Options::default())
    }
    fn usd(report: &Report) -> crate::shop::transfer::outcome::Sums {
        report.tallies.sums[&Currency::USD]
    }
    fn year(order: &NewOrder) -> String {
        order.placed_at.unwrap().to_string().chars().take(4).collect()
    }
    fn person(order: &NewOrder) -> &str {
        match &order.customer {
            NewOrderCustomer::Described(p) => &p.external[0].id,
            _ => "",
        }
    }

    #[test]
    fn cdnow_gives_its_figures() {
        let Some((kept, report)) = mapped("cdnow.toml", &["cdnow/CDNOW_master.csv.zst"]) else { return };
        let t = &report.tallies;
        assert_eq!((t.orders, t.customers, t.refused_rows), (69_659, 23_570, 0));
        assert_eq!(
            (usd(&report).total.exact, usd(&report).total.rounded),
            (decimal("2500315.63"), 250_031_563)
        );
        assert_eq!(kept.orders.iter().flat_map(|o| &o.lines).map(|l| l.quantity).sum::<i64>(), 167_881);
        let total = |o: &NewOrder| {
            o.lines
                .iter()
                .map(|l| {
                    l.stated_total.unwrap_or_else(|| l.unit_price.times(l.quantity, Currency::USD).unwrap())
                })
                .sum::<i64>()
        };
        let mut years: BTreeMap<String, (u32, i64)> = BTreeMap::new();
        let mut people: BTreeMap<&str, u32> = BTreeMap::new();
        for order in &kept.orders {
            let of = years.entry(year(order)).or_default();
            *of = (of.0 + 1, of.1 + total(order));
            *people.entry(person(order)).or_default() += 1;
        }
        assert_eq!(years["1997"], (56_902, 202_416_126));
        assert_eq!(years["1998"], (12_757, 47_615_437));
        assert_eq!(kept.orders.iter().filter(|o| total(o) == 0).count(), 80);
        assert_eq!(kept.orders.iter().map(total).max(), Some(128_601));
        assert_eq!(people["14048"], 217);
    }

    #[test]
    fn adventureworks_gives_its_figures() {
        let Some((kept, report)) = mapped("adventureworks.toml", &["adventureworks/sales.csv.zst"]) else {
            return;
        };
        let t = &report.tallies;
        assert_eq!((t.lines, t.orders, t.customers, t.refused_rows), (32_718, 16_459, 12_427, 0));
        let sums = usd(&report);
        assert_eq!((sums.goods.exact, sums.goods.rounded), (decimal("20928022.4307"), 2_092_802_310));
        assert_eq!((sums.tax.exact, sums.tax.rounded), (decimal("1674241.8469"), 167_426_684));
        assert_eq!(sums.goods.difference(Currency::USD), decimal("0.6693"));
        let items: BTreeSet<&str> =
            kept.orders.iter().flat_map(|o| &o.lines).map(|l| l.title.as_str()).collect();
        assert_eq!(items.len(), 130);
        let mut years: BTreeMap<String, (u32, rust_decimal::Decimal)> = BTreeMap::new();
        for order in &kept.orders {
            let of = years.entry(year(order)).or_default();
            of.0 += 1;
            of.1 += order
                .lines
                .iter()
                .map(|l| l.unit_price.decimal() * rust_decimal::Decimal::from(l.quantity))
                .sum::<rust_decimal::Decimal>();
        }
        assert_eq!(years["2019"], (1_201, decimal("3863120.2134")));
        assert_eq!(years["2020"], (2_733, decimal("6372462.1414")));
        assert_eq!(years["2021"], (12_525, decimal("10692440.0759")));
        let damaged: BTreeSet<_> =
            kept.orders.iter().filter_map(|o| o.email.as_ref()).filter(|e| e.contains('\u{fffd}')).collect();
        assert_eq!(damaged.len(), 31);
        assert!(report.warnings.count("invalid_email") >= 31);
        assert_eq!(report.warnings.count("garbled_text"), 205);
        assert!(kept.orders.iter().all(|o| !o.tax_included));
    }

    #[test]
    fn one_address_in_two_rows_is_one_customer() {
        let Some((kept, report)) = mapped("adventureworks-customers.toml", &["adventureworks/customers.csv"])
        else {
            return;
        };
        assert_eq!((report.tallies.rows, kept.customers.len()), (847, 440));
        assert_eq!(report.warnings.count("customer_merged"), 407);
    }

    #[test]
    fn the_sample_that_excel_damaged_loses_no_row() {
        let Some((kept, report)) = mapped("sales-sample.toml", &["sales-sample/sales_data_sample.csv"])
        else {
            return;
        };
        let t = &report.tallies;
        assert_eq!((t.rows, t.lines, t.orders, t.customers, t.refused_rows), (2_823, 2_823, 307, 92, 0));
        assert_eq!(
            (usd(&report).total.exact, usd(&report).total.rounded),
            (decimal("10032628.85"), 1_003_262_885)
        );
        let mut by: BTreeMap<&str, (u32, i64)> = BTreeMap::new();
        for o in &kept.orders {
            let of = by.entry(&o.metadata["STATUS"]).or_default();
            let sum = |l: &crate::shop::orders::NewLine| {
                l.stated_total.unwrap_or_else(|| l.unit_price.times(l.quantity, Currency::USD).unwrap())
            };
            *of = (of.0 + 1, of.1 + o.lines.iter().map(sum).sum::<i64>());
        }
        for (status, wanted) in [
            ("Shipped", (286, 929_150_108)),
            ("Cancelled", (4, 19_448_748)),
            ("On Hold", (4, 17_897_919)),
            ("Resolved", (4, 15_071_828)),
            ("In Process", (6, 14_472_996)),
            ("Disputed", (3, 7_221_286)),
        ] {
            assert_eq!(by[status], wanted, "{status}");
        }
        assert_eq!(kept.orders.iter().filter(|o| o.hold.is_some()).count(), 7);
        assert_eq!(kept.orders.iter().filter(|o| o.cancelled.is_some()).count(), 4);
        assert!(kept.orders.iter().any(|o| o.metadata.get("TERRITORY").is_some_and(|t| t == "NA")));
        let phones: BTreeSet<&str> = kept
            .orders
            .iter()
            .filter_map(|o| o.shipping_address.as_ref())
            .map(|a| a.phone.as_str())
            .collect();
        for phone in ["03 9520 4555", "+61 2 9495 8555", "2125557818"] {
            assert!(phones.contains(phone), "{phone}");
        }
        let first = kept.orders.iter().find(|o| o.wished_number == Some(10_107)).unwrap();
        assert_eq!(first.placed_at.unwrap().to_string(), "2003-02-24T00:00:00Z");
        let Some((_, small)) = mapped("sales-sample.toml", &["sales-sample/sales_sample_excel_damaged.csv"])
        else {
            return;
        };
        assert_eq!((small.tallies.lines, small.tallies.orders), (251, 26));
        assert_eq!(usd(&small).total.exact, decimal("907371.55"));
        assert!(small.warnings.count("damaged_code") > 0);
    }

    #[test]
    fn northwind_gives_its_figures() {
        let files = ["customers", "order_details", "orders", "products", "shippers"]
            .map(|n| format!("northwind/clean/{n}.csv"));
        let Some((kept, report)) = mapped("northwind.toml", &files.each_ref().map(String::as_str)) else {
            return;
        };
        let t = &report.tallies;
        // 91 customers, two of whom never ordered.
        assert_eq!((t.orders, t.lines, t.customers, t.refused_rows), (830, 2_155, 89, 0));
        assert_eq!(usd(&report).goods.exact, decimal("1265793.0395"));
        assert_eq!(usd(&report).shipping.rounded, 6_494_269);
        let gross: rust_decimal::Decimal = kept
            .orders
            .iter()
            .flat_map(|o| &o.lines)
            .map(|l| l.unit_price.decimal() * rust_decimal::Decimal::from(l.quantity))
            .sum();
        assert_eq!(gross, decimal("1354458.59"));
        assert_eq!(
            kept.orders.iter().flat_map(|o| &o.lines).map(|l| &l.sku).collect::<BTreeSet<_>>().len(),
            77
        );
        assert_eq!(kept.orders.iter().filter(|o| o.fulfilment == Fulfilment::Unfulfilled).count(), 21);
        let second = &kept.orders[1];
        assert_eq!(second.shipping_address.as_ref().unwrap().city, "Münster");
        assert_eq!(second.parcels[0].carrier, "Speedy Express");
        assert!(
            matches!(&second.customer, NewOrderCustomer::Described(p) if p.company == "Toms Spezialitäten")
        );
        assert!(!second.lines[0].title.is_empty());
    }
}

mod sheets {
    use super::*;
    use crate::shop::transfer::input::Meter;
    use crate::shop::transfer::sheet::{Sheet, Step};

    /// Rows taken and refused, and whether all lines of refusals are named.
    fn count(name: &str) -> Option<(u64, u64)> {
        let input = inputs(&[name])?.remove(0);
        let sheet = Sheet::open(&input, &Options::default()).unwrap();
        let mut rows = sheet.rows(&Meter::default()).unwrap();
        let mut taken = 0;
        loop {
            match rows.advance().unwrap() {
                Step::Row => taken += 1,
                Step::Refused(refused) => assert!(refused.line > 1 && !refused.cells.is_empty()),
                Step::End => return Some((taken, rows.counts().refused)),
            }
        }
    }

    #[test]
    fn broken_files_refuse_their_broken_rows_only() {
        for (name, wanted) in [
            ("northwind/orders.csv", (654, 176)),
            ("northwind/customers.csv", (67, 24)),
            ("northwind/suppliers.csv", (20, 9)),
            ("prestashop/addresses_import.csv", (16, 0)),
            ("prestashop/manufacturers_import.csv", (4, 0)),
            ("prestashop/customers_import.csv", (9, 0)),
            ("magento2/configurable/products.csv", (1_994, 0)),
            ("olist-sample/olist_order_reviews_dataset.csv", (8_225, 0)),
            ("woocommerce/sample_products.csv", (25, 0)),
            ("shopify/jewelery.csv", (41, 0)),
            ("square/square_example.csv", (4, 0)),
        ] {
            let Some(found) = count(name) else { return };
            assert_eq!(found, wanted, "{name}");
        }
    }

    #[test]
    fn every_file_of_the_spectrum_reads_as_its_json_says() {
        let Some(shared) = shared() else { return };
        let folder = shared.join("bad-input/csv-spectrum");
        let mut count = 0;
        for entry in std::fs::read_dir(folder.join("csvs")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let mut json = std::fs::read_to_string(folder.join(format!("json/{name}.json"))).unwrap();
            if !std::fs::read(&path).unwrap().contains(&b'\r') {
                // The line ends of one file were changed on its way here.
                json = json.replace("\\r\\n", "\\n");
            }
            let wanted: Vec<std::collections::BTreeMap<String, String>> =
                serde_json::from_str(&json).unwrap();
            let sheet = Sheet::open(&Input::path(&path), &Options::default()).unwrap();
            let mut rows = sheet.rows(&Meter::default()).unwrap();
            let mut found = Vec::new();
            while let Step::Row = rows.advance().unwrap() {
                let cells = rows.row().cells().map(str::to_owned);
                found.push(
                    sheet.header.iter().cloned().zip(cells).collect::<std::collections::BTreeMap<_, _>>(),
                );
            }
            assert_eq!(found, wanted, "{name}");
            count += 1;
        }
        assert_eq!(count, 11);
    }
}

mod other_shops {
    use super::*;

    #[test]
    fn prestashops_customers_are_joined_with_their_addresses() {
        let files = ["prestashop/addresses_import.csv", "prestashop/customers_import.csv"];
        let Some((kept, report)) = read(Format::Prestashop, Kind::Customers, &files) else { return };
        assert_eq!((kept.customers.len(), kept.refused.len()), (9, 0));
        let addresses: Vec<usize> = kept.customers.iter().map(|c| c.addresses.len()).collect();
        assert_eq!(addresses, [1, 2, 2, 2, 1, 2, 1, 0, 0]);
        assert_eq!(report.warnings.count("row_without_record"), 5);
        let peter = &kept.customers[0];
        assert_eq!(
            (peter.email.as_deref(), peter.birthday.as_str()),
            (Some("Peter.Pan@prestashop.com"), "1987-04-02")
        );
        assert_eq!(
            (peter.addresses[0].line1.as_str(), peter.addresses[0].country.as_str()),
            ("360W, 42nd Street", "US")
        );
        assert_eq!(kept.customers[3].tags, ["Customer", "Carribean"]);
        assert!(
            kept.customers.iter().all(|c| !format!("{c:?}").contains("123456789")),
            "no password comes along"
        );
    }

    #[test]
    fn magentos_samples_are_read_and_no_password_with_them() {
        let Some((kept, _)) =
            read(Format::Magento, Kind::Customers, &["magento2/customer/customer_profile.csv"])
        else {
            return;
        };
        let roni = &kept.customers[0];
        assert_eq!(
            (roni.first_name.as_str(), roni.addresses[0].line1.as_str()),
            ("Veronica", "6146 Honey Bluff Parkway")
        );
        assert!(!format!("{roni:?}").contains("roni_cost3"));
        let Some((kept, _)) = read(Format::Magento, Kind::Orders, &["magento2/sales/orders.csv"]) else {
            return;
        };
        assert_eq!(kept.orders.len(), 2);
        let line = &kept.orders[0].lines[0];
        assert_eq!((line.sku.as_str(), line.size.as_str(), line.colour.as_str()), ("WS03", "XS", "Red"));
    }
}
