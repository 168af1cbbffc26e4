//! The orders of the demo shop: each is a function of the seed and its number, so that a million need no memory.

use crate::base::error::Result;
use crate::base::money::{Currency, Price};
use crate::base::time::{HOUR_MS, MINUTE_MS, Timestamp, Zone};
use crate::cli::demo::calendar::Calendar;
use crate::cli::demo::catalogue::{Catalogue, Product, Variant};
use crate::cli::demo::dice::Dice;
use crate::cli::demo::fates::{Fate, fate};
use crate::cli::demo::papers::{parcels, payments, refunded};
use crate::cli::demo::people::{People, Person, push_number};
use crate::cli::demo::places::Market;
use crate::cli::demo::prices::{local_price, tax_within};
use crate::cli::demo::remarks;
use crate::shop::customers::NewCustomer;
use crate::shop::orders::{
    Fulfilment, NewCreditNote, NewLine, NewOrder, NewOrderCustomer, Order, Status, total_of,
};

/// In each block of so many orders two come from new customers: one customer for three orders.
const BLOCK: u64 = 6;
const NEW_IN_BLOCK: u64 = 2;
/// A line of more pieces than this is for a firm.
const FIRM_QUANTITIES: [u64; 4] = [6, 10, 12, 24];

/// What makes one demo shop differ from another. The same values give the same orders, byte for byte.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// How many orders there are.
    pub orders: u64,
    /// The moment of the last order: now, or a fixed one for tests and figures.
    pub end: Timestamp,
    /// Where the shop is; its days and evenings are this zone's.
    pub zone: Zone,
}

/// A demo shop that is computed rather than kept.
#[derive(Debug)]
pub struct Demo {
    plan: Plan,
    calendar: Calendar,
    catalogue: Catalogue,
    people: People,
}

/// Who placed an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Buyer {
    /// A customer by number.
    Known(u64),
    /// Somebody without an account, by a number beyond all customers'.
    Guest(u64),
}

impl Demo {
    /// # Errors
    /// Only when the tables in this program are wrong, which a test excludes.
    pub fn new(plan: Plan) -> Result<Self> {
        Ok(Self {
            calendar: Calendar::new(plan.seed, plan.orders, plan.end, &plan.zone),
            catalogue: Catalogue::new(plan.seed),
            people: People::new(plan.seed)?,
            plan,
        })
    }
    /// What the shop sells.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
    /// How many orders there are.
    pub fn len(&self) -> u64 {
        self.plan.orders
    }
    pub fn is_empty(&self) -> bool {
        self.plan.orders == 0
    }
    /// How many customers with an account placed them; they are numbered from 0.
    pub fn customers(&self) -> u64 {
        self.new_before(self.plan.orders)
    }
    /// All orders in the order they were placed. Each is made when it is asked for.
    pub fn orders(&self) -> impl ExactSizeIterator<Item = NewOrder> + '_ {
        Orders { demo: self, next: 0 }
    }
    /// The number of the customer who placed order `n`, so that a loader needs to look each up only once;
    /// `None` for guests.
    pub fn customer_of(&self, n: u64) -> Option<u64> {
        match self.buyer(n) {
            Buyer::Known(number) => Some(number),
            Buyer::Guest(_) => None,
        }
    }
    /// The record of customer `number`.
    pub fn customer(&self, number: u64) -> NewCustomer {
        let person = self.people.person(number);
        person.map(|p| self.people.record(&p, self.joined(number))).unwrap_or_default()
    }
    /// Order `n`, numbered from 0 in the order they were placed, with the record of its customer.
    pub fn order(&self, n: u64) -> NewOrder {
        let (mut order, person) = self.order_and_person(n);
        if let (Some(number), Some(person)) = (self.customer_of(n), person) {
            let record = self.people.record(&person, self.joined(number));
            order.customer = NewOrderCustomer::Described(Box::new(record));
        }
        order
    }
    /// The goodwill credited for order `n` once it is placed, if any.
    pub fn credit_of(&self, n: u64, order: &Order) -> Option<NewCreditNote> {
        remarks::credit(self.plan.seed, n, order, self.plan.end)
    }
    /// Order `n` for a loader that knows the customers' ids already: `customer` is theirs.
    pub fn order_of(&self, n: u64, customer: NewOrderCustomer) -> NewOrder {
        NewOrder { customer, ..self.order_and_person(n).0 }
    }

    fn order_and_person(&self, n: u64) -> (NewOrder, Option<Person<'_>>) {
        let mut dice = Dice::of(self.plan.seed, 41, n);
        let (placed_at, month) = self.calendar.placed(n);
        let (Buyer::Known(number) | Buyer::Guest(number)) = self.buyer(n);
        let Some(person) = self.people.person(number) else { return (NewOrder::new(Currency::EUR), None) };
        let mut order = NewOrder::new(person.market.currency);
        order.placed_at = Some(placed_at);
        order.channel = channel(&mut dice).to_owned();
        order.phone.clone_from(&person.phone);
        order.email = Some(person.email.clone());
        order.lines = self.lines(&mut dice, &person, month);
        addresses(&mut dice, &person, &mut order);
        amounts(&mut dice, &person, month, &mut order);
        let method = dice.word(&person.market.methods);
        let is_prepaid = !matches!(method, "invoice" | "cash_on_delivery");
        let age_h = (self.plan.end.since_ms(placed_at) / HOUR_MS).unsigned_abs();
        let fate = fate(&mut dice, age_h, is_prepaid);
        self.settle(&mut dice, &person, fate, method, &mut order);
        words(&mut dice, &person, age_h, &mut order);
        order.staff_notes = remarks::notes(self.plan.seed, n, placed_at, self.plan.end);
        (order, Some(person))
    }

    /// The two places in block `block` at which a new customer orders.
    fn new_places(&self, block: u64) -> (u64, u64) {
        let mut dice = Dice::of(self.plan.seed, 42, block);
        // The very first order has nobody else to come from.
        let first = if block == 0 { 0 } else { dice.below(BLOCK) };
        let second = (first + 1 + dice.below(BLOCK - 1)) % BLOCK;
        (first.min(second), first.max(second))
    }
    /// How many customers placed their first order before order `n`.
    fn new_before(&self, n: u64) -> u64 {
        let (first, second) = self.new_places(n / BLOCK);
        let place = n % BLOCK;
        n / BLOCK * NEW_IN_BLOCK + u64::from(first < place) + u64::from(second < place)
    }
    /// When a customer opened their account: a moment before their first order.
    fn joined(&self, customer: u64) -> Timestamp {
        self.calendar.placed(self.first_order_of(customer)).0.plus_ms(-2 * MINUTE_MS)
    }
    fn first_order_of(&self, customer: u64) -> u64 {
        let (first, second) = self.new_places(customer / NEW_IN_BLOCK);
        customer / NEW_IN_BLOCK * BLOCK + if customer.is_multiple_of(NEW_IN_BLOCK) { first } else { second }
    }
    fn buyer(&self, n: u64) -> Buyer {
        let (first, second) = self.new_places(n / BLOCK);
        let known = self.new_before(n);
        if [first, second].contains(&(n % BLOCK)) || known == 0 {
            return Buyer::Known(known);
        }
        let mut dice = Dice::of(self.plan.seed, 43, n);
        match dice.below(100) {
            0..10 => Buyer::Guest(self.customers() + n),
            // Some have come since the beginning and come most often, others have just begun.
            10..55 => Buyer::Known(dice.low_below(known)),
            _ => Buyer::Known(known - 1 - dice.low_below(known)),
        }
    }

    fn lines(&self, dice: &mut Dice, person: &Person<'_>, month: u8) -> Vec<NewLine> {
        let wanted = match dice.below(1_000) {
            0..470 => 1,
            470..710 => 2,
            710..840 => 3,
            840..910 => 4,
            910..950 => 5,
            950..985 => dice.between(6, 8),
            _ => dice.between(9, 12),
        };
        let mut lines: Vec<NewLine> = Vec::with_capacity(wanted as usize);
        let is_sale = dice.chance(60);
        // A few draws more than lines wanted, because the same thing twice is one line.
        for _ in 0..wanted * 3 {
            if lines.len() as u64 == wanted {
                break;
            }
            let Some((product, variant)) = self.catalogue.draw(dice, month) else { break };
            if lines.iter().any(|l| l.barcode == variant.barcode) {
                continue;
            }
            let mut line = NewLine {
                sku: variant.sku.clone(),
                barcode: variant.barcode.clone(),
                title: product.title.to_owned(),
                category: product.category.to_owned(),
                size: variant.size.to_owned(),
                colour: variant.colour.to_owned(),
                vendor: product.vendor.to_owned(),
                quantity: quantity(dice, person.is_company) as i64,
                ..NewLine::default()
            };
            price(dice, person, (product, variant), is_sale, &mut line);
            lines.push(line);
        }
        lines
    }

    /// Fills in states, payments and parcels; the amounts are known by now.
    fn settle(
        &self,
        dice: &mut Dice,
        person: &Person<'_>,
        fate: Fate,
        method: &'static str,
        order: &mut NewOrder,
    ) {
        let placed_at = order.placed_at.unwrap_or(self.plan.end);
        let fate = fate.of_pieces(order.lines.iter().map(|line| line.quantity).sum());
        let subtotal = order.lines.iter().map(|l| line_total(l, person.market)).sum();
        let total =
            total_of(subtotal, order.discount, order.shipping, 0, order.tax_included).unwrap_or_default();
        order.status = fate.status;
        order.payment = fate.payment;
        order.fulfilment = fate.fulfilment;
        order.hold = fate.hold.map(str::to_owned);
        let span = |dice: &mut Dice, from_h: u64, to_h: u64| {
            let ms = dice.between(from_h * 60, to_h * 60) as i64 * MINUTE_MS;
            placed_at.plus_ms(ms).min(self.plan.end)
        };
        if let Some((reason, note)) = fate.cancelled {
            let at = span(dice, 0, 30);
            order.cancelled = Some((Some(at), reason, note.to_owned()));
        }
        order.payments = payments(dice, fate.payment, method, total, placed_at, self.plan.end);
        order.refunded = refunded(dice, fate, total);
        if fate.fulfilment != Fulfilment::Unfulfilled {
            let shipped_at = span(dice, 5, 60);
            order.parcels = parcels(dice, person.market, order.lines.len(), fate.fulfilment, shipped_at);
        }
        if fate.status == Status::Draft {
            order.channel = "phone".to_owned();
        }
    }
}

/// [`Demo::orders`].
struct Orders<'a> {
    demo: &'a Demo,
    next: u64,
}

impl Iterator for Orders<'_> {
    type Item = NewOrder;

    fn next(&mut self) -> Option<NewOrder> {
        (self.next < self.demo.plan.orders).then(|| {
            self.next += 1;
            self.demo.order(self.next - 1)
        })
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.demo.plan.orders - self.next) as usize;
        (left, Some(left))
    }
}
impl ExactSizeIterator for Orders<'_> {}

fn channel(dice: &mut Dice) -> &'static str {
    match dice.below(100) {
        0..86 => "web",
        86..94 => "api",
        _ => "phone",
    }
}

fn quantity(dice: &mut Dice, is_company: bool) -> u64 {
    match dice.below(100) {
        0..25 if is_company => dice.pick(&FIRM_QUANTITIES).copied().unwrap_or(6),
        0..78 => 1,
        78..92 => 2,
        92..97 => 3,
        97..99 => 4,
        _ => dice.pick(&FIRM_QUANTITIES).copied().unwrap_or(6),
    }
}

/// Price times quantity less the line's discount, as the rules will compute it.
fn line_total(line: &NewLine, market: &Market) -> i64 {
    line.unit_price.0 / market.scale * line.quantity - line.discount
}

fn price(
    dice: &mut Dice,
    person: &Person<'_>,
    (product, variant): (&Product, &Variant),
    is_sale: bool,
    line: &mut NewLine,
) {
    let market = person.market;
    let minor = local_price(variant.price, market.currency);
    line.unit_price = Price(minor * market.scale);
    if is_sale && dice.chance(600) {
        line.discount = minor * line.quantity * dice.between(2, 6) as i64 * 5 / 100;
    }
    let (usual, reduced) = market.table.tax;
    line.tax = tax_within(line_total(line, market), if product.is_reduced { reduced } else { usual });
}

/// Billing and shipping address: the same one, or a friend's for a present.
fn addresses(dice: &mut Dice, person: &Person<'_>, order: &mut NewOrder) {
    let mut billing = person.address.clone();
    billing.phone.clone_from(&person.phone);
    match &person.other_address {
        Some(friend) if dice.chance(400) => {
            order.shipping_address = Some(friend.clone());
            order.metadata.insert("gift".to_owned(), "yes".to_owned());
            let message = dice.word(GIFT_WORDS);
            if !message.is_empty() {
                order.metadata.insert("gift_message".to_owned(), message.to_owned());
            }
        }
        _ => order.shipping_address = Some(billing.clone()),
    }
    order.billing = Some(billing);
}

const GIFT_WORDS: &[&str] = &[
    "",
    "Happy birthday! 🎂",
    "Alles Gute zum Geburtstag, liebe Oma!",
    "Joyeux Noël à toute la famille",
    "With love from all of us",
    "Feliz cumpleaños, Begoña",
    "Für dein neues Zuhause",
    "Wszystkiego najlepszego!",
    "お誕生日おめでとう",
    "Congratulations on your new job",
];

/// Shipping, the code that was typed in, and the tax of the whole.
fn amounts(dice: &mut Dice, person: &Person<'_>, month: u8, order: &mut NewOrder) {
    let subtotal: i64 = order.lines.iter().map(|l| line_total(l, person.market)).sum();
    let (fee, free_from) = person.market.table.shipping;
    let is_express = dice.chance(70);
    order.shipping = match (subtotal >= free_from, is_express) {
        (true, false) => 0,
        (_, true) => fee * 2,
        _ => fee,
    };
    order.shipping_method = if dice.chance(20) {
        order.shipping = 0;
        "Collection in the shop"
    } else if is_express {
        "Express"
    } else {
        "Standard"
    }
    .to_owned();
    if dice.chance(130) {
        let (code, percent) = match month {
            11 | 12 if dice.chance(600) => ("XMAS15", 15),
            6..=8 if dice.chance(500) => ("SUMMER20", 20),
            _ => dice.weighted(
                &[
                    (50, ("WELCOME10", 10)),
                    (20, ("NEWSLETTER5", 5)),
                    (15, ("FREESHIP", 0)),
                    (10, ("VIP20", 20)),
                ],
                ("FRIENDS25", 25),
            ),
        };
        order.discount_code = code.to_owned();
        order.discount = subtotal * percent / 100;
        if percent == 0 {
            order.shipping = 0;
        }
    }
    // The discount lowers the tax of all lines alike; shipping is taxed at the usual rate.
    let of_lines: i64 = order.lines.iter().map(|l| l.tax).sum();
    let after_discount = if subtotal > 0 { of_lines * (subtotal - order.discount) / subtotal } else { 0 };
    order.tax = Some(after_discount + tax_within(order.shipping, person.market.table.tax.0));
}

/// The customer's note, and the tags staff have put on it.
fn words(dice: &mut Dice, person: &Person<'_>, age_h: u64, order: &mut NewOrder) {
    if dice.chance(110) {
        order.note = dice.word(&person.market.notes).to_owned();
    }
    if order.metadata.contains_key("gift") && dice.chance(700) {
        order.tags.push("gift".to_owned());
    }
    if person.is_company && dice.chance(300) {
        order.tags.push("B2B".to_owned());
    }
    if order.shipping_method == "Express" && age_h < 96 {
        order.tags.push("urgent".to_owned());
    }
    if dice.chance(40) {
        order
            .tags
            .push(dice.word(&["fragile", "check address", "newsletter", "photo shoot", "repeat"]).to_owned());
    }
    if order.channel == "api" {
        let mut reference = "M-".to_owned();
        push_number(&mut reference, dice.between(100_000, 999_999));
        order.metadata.insert("marketplace_reference".to_owned(), reference);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Id;
    use crate::shop::orders::{CancelReason, OrderId, Payment};
    use std::collections::{HashMap, HashSet};

    fn demo(seed: u64, orders: u64) -> Demo {
        Demo::new(Plan {
            seed,
            orders,
            end: Timestamp::parse("2026-11-20T15:30:00Z").unwrap(),
            zone: Zone::named("Europe/Berlin").unwrap(),
        })
        .unwrap()
    }
    fn checked(new: &NewOrder, n: u64) -> Order {
        let order = new
            .checked(OrderId::from_bytes([1; 16]), Timestamp(1_800_000_000_000))
            .unwrap_or_else(|e| panic!("order {n}: {e} {:?}\n{new:?}", e.fields));
        Order { number: n, ..order }
    }
    /// FNV-1a over everything an order says.
    fn fingerprint(demo: &Demo) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for (n, order) in demo.orders().enumerate() {
            for byte in minicbor::to_vec(checked(&order, n as u64)).unwrap() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        hash
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        // Whoever changes the generator changes this number, and with it every figure measured on the demo shop.
        assert_eq!(fingerprint(&demo(1, 300)), 6_192_797_778_281_909_647);
        assert_ne!(fingerprint(&demo(1, 300)), fingerprint(&demo(2, 300)));
    }

    #[test]
    fn every_order_passes_the_rules_and_adds_up() {
        let demo = demo(1, 5_000);
        for (n, new) in demo.orders().enumerate() {
            let order = checked(&new, n as u64);
            assert!(order.adds_up() && order.adjustment == 0 && order.total >= 0);
            assert!(order.refunded <= order.total && order.paid() <= order.total, "{order:?}");
            if matches!(order.payment, Payment::Paid | Payment::PartRefunded | Payment::Refunded) {
                assert_eq!(order.paid(), order.total, "{order:?}");
            }
            if order.payment == Payment::Refunded {
                assert_eq!(order.refunded, order.total);
            }
            let is_partly = matches!(order.fulfilment, Fulfilment::Part | Fulfilment::PartReturned);
            assert!(!is_partly || order.items() > 1, "{order:?}");
            assert_eq!(order.cancelled.is_some(), order.status == Status::Cancelled);
            assert_eq!(order.parcels.is_empty(), order.fulfilment == Fulfilment::Unfulfilled);
            let end = demo.plan.end;
            let times = order.parcels.iter().filter_map(|p| p.shipped_at);
            let times = times.chain(order.payments.iter().filter_map(|p| p.at));
            assert!(
                times.chain(order.cancelled.iter().map(|c| c.at)).all(|t| order.placed_at <= t && t <= end)
            );
        }
    }

    #[test]
    fn every_state_occurs_in_five_thousand_orders() {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut holds = 0;
        let mut most_lines = 0;
        for order in demo(1, 5_000).orders() {
            seen.extend([order.status.word(), order.payment.word(), order.fulfilment.word()]);
            seen.extend(order.cancelled.as_ref().map(|(_, reason, _)| reason.word()));
            seen.extend(order.tags.iter().any(|t| t == "gift").then_some("tag"));
            seen.extend((order.customer == NewOrderCustomer::Guest).then_some("guest"));
            seen.extend((!order.discount_code.is_empty()).then_some("code"));
            seen.extend((!order.note.is_empty()).then_some("note"));
            holds += i32::from(order.hold.is_some());
            most_lines = most_lines.max(order.lines.len());
        }
        let words = Status::ALL.iter().map(|s| s.word()).chain(Payment::ALL.iter().map(|s| s.word()));
        let words = words.chain(Fulfilment::ALL.iter().map(|s| s.word()));
        for word in
            words.chain(CancelReason::ALL.iter().map(|r| r.word())).chain(["tag", "guest", "code", "note"])
        {
            assert!(seen.contains(word), "no {word}");
        }
        assert!(holds > 0 && most_lines >= 12, "{holds} {most_lines}");
    }

    #[test]
    fn most_old_orders_are_done_and_new_ones_are_not() {
        let demo = demo(1, 5_000);
        let done = |range: std::ops::Range<u64>| {
            range.filter(|n| demo.order(*n).status == Status::Completed).count()
        };
        assert!(done(0..1_000) > 900 && done(4_980..5_000) == 0);
        let currencies: HashSet<_> = demo.orders().map(|o| o.currency.to_string()).collect();
        assert_eq!(currencies.len(), 7);
    }

    #[test]
    fn one_customer_stands_behind_three_orders_and_a_few_behind_many() {
        let demo = demo(1, 6_000);
        let mut count: HashMap<u64, u32> = HashMap::new();
        for n in 0..demo.len() {
            if let Some(customer) = demo.customer_of(n) {
                assert!(customer < demo.customers());
                *count.entry(customer).or_default() += 1;
            }
        }
        assert_eq!((demo.customers(), count.len()), (2_000, 2_000));
        let mut sizes: Vec<u32> = count.values().copied().collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let top: u32 = sizes.iter().take(100).sum();
        assert!(top > 1_000 && sizes[0] > 20 && sizes[0] < 200, "{top} {}", sizes[0]);
        assert!(sizes.iter().filter(|s| **s == 1).count() > 400);
    }

    #[test]
    fn a_customer_exists_from_their_first_order_on() {
        let demo = demo(1, 3_000);
        let mut known = 0;
        for (n, order) in demo.orders().enumerate() {
            let Some(number) = demo.customer_of(n as u64) else { continue };
            assert!(number <= known, "order {n} is from customer {number}, who is not there yet");
            known += u64::from(number == known);
            let NewOrderCustomer::Described(record) = order.customer else { panic!("no record") };
            assert_eq!(*record, demo.customer(number));
            assert!(record.created_at.unwrap() < order.placed_at.unwrap());
        }
        assert_eq!(known, demo.customers());
    }

    #[test]
    fn an_order_of_a_million_is_made_without_the_others() {
        let demo = demo(1, 1_000_000);
        let last = demo.order(999_999);
        assert!(demo.plan.end.since_ms(last.placed_at.unwrap()) < HOUR_MS);
        assert_eq!(demo.orders().len(), 1_000_000);
        assert!(demo.orders().take(10).all(|o| o.placed_at.unwrap() < last.placed_at.unwrap()));
    }
}
