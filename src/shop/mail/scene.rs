//! What a template may use: shop, order, customer or member of staff, written as people of that language write it.

use super::behind;
use super::moments::{Matter, Moment, parcel_of};
use super::settings::Settings;
use crate::access::Profile;
use crate::access::staff::StaffMember;
use crate::base::error::{Error, Result};
use crate::base::money::{Currency, Money};
use crate::base::time::{DAY_MS, Timestamp, Zone};
use crate::outbound::certificates::Problem;
use crate::shop::customers::{self, Address};
use crate::shop::messages::{Message, Reply};
use crate::shop::orders::{Order, admin::parcel_link};
use crate::shop::sites::{Site, SiteId};
use crate::store::{Read, StoredEvent};
use serde::Serialize;
use serde_json::Value;

const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// The shop.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct ShopValues {
    name: String,
    /// Where answers go.
    email: String,
}

#[derive(Clone, Debug, Default, Serialize)]
struct CustomerValues {
    name: String,
    first_name: String,
    email: String,
}

#[derive(Clone, Debug, Default, Serialize)]
struct LineValues {
    title: String,
    sku: String,
    /// Size and colour.
    details: String,
    quantity: i64,
    total: String,
}

/// An order. What there is none of is an empty text.
#[derive(Clone, Debug, Default, Serialize)]
struct OrderValues {
    number: u64,
    date: String,
    lines: Vec<LineValues>,
    pieces: i64,
    subtotal: String,
    discount: String,
    shipping: String,
    shipping_method: String,
    tax: String,
    tax_included: bool,
    total: String,
    /// What came in this time, in a mail that tells of it.
    payment: String,
    /// What went back this time, in a mail that tells of it.
    refund: String,
    /// What went back in all.
    refunded: String,
    note: String,
    shipping_address: Vec<String>,
    billing_address: Vec<String>,
    carrier: String,
    tracking: String,
    tracking_link: String,
    /// Another parcel follows.
    more_follows: bool,
    /// The page of the order, for staff.
    link: String,
}

#[derive(Clone, Debug, Default, Serialize)]
struct StaffValues {
    name: String,
    email: String,
    role: String,
    /// Where to sign in.
    link: String,
}

/// A site whose certificate is watched.
#[derive(Clone, Debug, Default, Serialize)]
struct SiteValues {
    address: String,
    note: String,
    /// Whose site it is.
    owner: String,
    /// It is the shop's own.
    is_own: bool,
    /// Days that are left of the certificate; 0 once it has ended.
    days: i64,
    /// When the certificate ends.
    expires: String,
    issuer: String,
    /// What is wrong, in sentences.
    problem: String,
    /// Its page, for staff.
    link: String,
}

#[derive(Clone, Debug, Default, Serialize)]
struct OfSite {
    shop: ShopValues,
    site: SiteValues,
}

/// What somebody wrote to the shop.
#[derive(Clone, Debug, Default, Serialize)]
struct MessageValues {
    /// The name, else the address.
    sender: String,
    name: String,
    email: String,
    phone: String,
    /// May be empty.
    subject: String,
    text: String,
    /// The same, line by line.
    lines: Vec<String>,
    date: String,
    /// As it was written.
    order_number: String,
    /// The page it was written on.
    page: String,
    /// The page of the message, for staff.
    link: String,
}

/// What is answered; empty in a notice.
#[derive(Clone, Debug, Default, Serialize)]
struct ReplyValues {
    text: String,
    /// The same, line by line.
    lines: Vec<String>,
    /// Who answers.
    by: String,
}

#[derive(Clone, Debug, Default, Serialize)]
struct OfMessage {
    shop: ShopValues,
    message: MessageValues,
    reply: ReplyValues,
}

#[derive(Clone, Debug, Default, Serialize)]
struct OfOrder {
    shop: ShopValues,
    customer: CustomerValues,
    order: OrderValues,
}

#[derive(Clone, Debug, Default, Serialize)]
struct OfStaff {
    shop: ShopValues,
    staff: StaffValues,
}

/// Who writes, in which language, and where the pages are reached.
pub(super) struct Writer<'w> {
    pub(super) settings: &'w Settings,
    pub(super) profile: &'w Profile,
    pub(super) language: &'w str,
    /// The address of the admin, without a slash at its end; empty when nobody said it.
    pub(super) base: &'w str,
}

impl Writer<'_> {
    pub(super) fn shop(&self) -> ShopValues {
        let own = self.settings;
        let email = if own.reply_to.is_empty() { &own.address } else { &own.reply_to };
        ShopValues { name: self.sender().to_owned(), email: email.clone() }
    }
    /// The name of the sender.
    pub(super) fn sender(&self) -> &str {
        if self.settings.name.is_empty() { &self.profile.name } else { &self.settings.name }
    }
    pub(super) fn link(&self, path: &str) -> String {
        if self.base.is_empty() { String::new() } else { format!("{}{path}", self.base) }
    }
    fn day(&self, at: Timestamp) -> String {
        let zone = Zone::named(&self.profile.zone).unwrap_or_else(|_unknown: Error| Zone::utc());
        let date = at.in_zone(&zone).date();
        if self.language == "de" {
            let month = usize::try_from(date.month() - 1).ok().and_then(|n| MONTHS.get(n)).unwrap_or(&"");
            return format!("{}. {month} {}", date.day(), date.year());
        }
        date.strftime("%-d %B %Y").to_string()
    }
    /// `€1,234.50`, `1.234,50 €`.
    fn amount(&self, minor: i64, currency: Currency) -> String {
        let shown = Money::new(minor, currency).shown();
        if self.language != "de" {
            return shown;
        }
        let symbol = currency.symbol();
        let turned = |c: char| match c {
            ',' => '.',
            '.' => ',',
            other => other,
        };
        let digits: String = shown.replacen(&symbol, "", 1).chars().map(turned).collect();
        format!("{digits}\u{a0}{}", symbol.trim())
    }
    /// An amount that is left out where it is nothing.
    fn some(&self, minor: i64, currency: Currency) -> String {
        if minor == 0 { String::new() } else { self.amount(minor, currency) }
    }

    /// The values of an order, and of the event that is told of.
    ///
    /// # Errors
    /// Faults of the store only.
    pub(super) fn of_order(
        &self,
        from: &impl Read,
        order: &Order,
        event: Option<&StoredEvent>,
    ) -> Result<Value> {
        let customer = match order.customer {
            Some(id) => customers::find(from, id)?,
            None => None,
        };
        let first_name = customer.as_ref().map(|c| c.first_name.clone()).unwrap_or_default();
        let name = customer.map(|c| format!("{} {}", c.first_name, c.last_name).trim().to_owned());
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| order.recipient());
        let currency = order.currency;
        let lines = order.lines.iter().map(|line| {
            let details: Vec<&str> =
                [line.size.as_str(), line.colour.as_str()].into_iter().filter(|t| !t.is_empty()).collect();
            LineValues {
                title: if line.title.is_empty() { line.sku.clone() } else { line.title.clone() },
                sku: line.sku.clone(),
                details: details.join(", "),
                quantity: line.quantity,
                total: self.amount(line.total, currency),
            }
        });
        let address = |a: Option<&Address>| a.map(Address::lines).unwrap_or_default();
        // The order may have got another one since.
        let shipped = event.filter(|event| Moment::OrderShipped.follows(&event.kind));
        let parcel = parcel_of(order, shipped);
        let (carrier, tracking) =
            parcel.map_or(("", ""), |parcel| (parcel.carrier.as_str(), parcel.tracking.as_str()));
        let values = OrderValues {
            number: order.number,
            date: self.day(order.placed_at),
            lines: lines.collect(),
            pieces: order.items(),
            subtotal: self.amount(order.subtotal, currency),
            discount: self.some(order.discount, currency),
            shipping: self.some(order.shipping, currency),
            shipping_method: order.shipping_method.clone(),
            tax: self.some(order.tax, currency),
            tax_included: order.tax_included,
            total: self.amount(order.total, currency),
            payment: self.amount(amount_in(event).unwrap_or(order.total), currency),
            refund: self.some(amount_in(event).unwrap_or_default(), currency),
            refunded: self.some(order.refunded, currency),
            note: order.note.clone(),
            shipping_address: address(order.shipping_address.as_ref()),
            billing_address: address(order.billing.as_ref()),
            tracking_link: parcel_link(carrier, tracking).map(|link| link.href).unwrap_or_default(),
            carrier: carrier.to_owned(),
            tracking: tracking.to_owned(),
            more_follows: event.is_some_and(|event| event.kind == "order.part_shipped"),
            link: self.link(&format!("/admin/orders/{}", order.id)),
        };
        let email = order.email.clone().unwrap_or_default();
        let customer = CustomerValues { name, first_name, email };
        serde_json::to_value(OfOrder { shop: self.shop(), customer, order: values }).map_err(Error::internal)
    }

    /// The values of a message and of an answer to it.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn of_message(&self, message: &Message, reply: Option<&Reply>) -> Result<Value> {
        let values = MessageValues {
            sender: message.sender().to_owned(),
            name: message.name.clone(),
            email: message.email.clone(),
            phone: message.phone.clone(),
            subject: message.subject.clone(),
            text: message.body.clone(),
            lines: lines(&message.body),
            date: self.day(message.received_at),
            order_number: message.order_number.clone(),
            page: message.page.clone(),
            link: self.link(&format!("/admin/messages/{}", message.id)),
        };
        let reply = reply.map(|reply| ReplyValues {
            text: reply.text.clone(),
            lines: lines(&reply.text),
            by: reply.by.clone(),
        });
        let all = OfMessage { shop: self.shop(), message: values, reply: reply.unwrap_or_default() };
        serde_json::to_value(all).map_err(Error::internal)
    }

    /// The values of a member of staff.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn of_staff(&self, person: &StaffMember) -> Result<Value> {
        let staff = StaffValues {
            name: person.name.clone(),
            email: person.email.clone(),
            role: person.role.label().to_owned(),
            link: self.link("/admin"),
        };
        serde_json::to_value(OfStaff { shop: self.shop(), staff }).map_err(Error::internal)
    }

    /// The values of a site.
    ///
    /// # Errors
    /// None in practice.
    pub(super) fn of_site(&self, id: SiteId, site: &Site, now: Timestamp) -> Result<Value> {
        let latest = site.latest.as_ref();
        let said = |problem: &Problem| {
            if self.language == "de" { problem.sentence_de() } else { problem.sentence() }
        };
        let problems: Vec<&str> = latest.iter().flat_map(|check| &check.problems).map(said).collect();
        let shown = site.shown.as_ref();
        let ends = latest.and_then(|check| check.expires_at).or(shown.map(|shown| shown.not_after));
        let site = SiteValues {
            address: site.address().text(),
            note: site.note.clone(),
            owner: site.email.clone().unwrap_or_default(),
            is_own: site.is_own,
            days: ends.map_or(0, |ends| ends.since_ms(now).div_euclid(DAY_MS).max(0)),
            expires: ends.map(|ends| self.day(ends)).unwrap_or_default(),
            issuer: shown.map(|shown| shown.issuer.clone()).unwrap_or_default(),
            problem: problems.join(" "),
            link: self.link(&format!("/admin/sites/{id}")),
        };
        serde_json::to_value(OfSite { shop: self.shop(), site }).map_err(Error::internal)
    }
}

/// How much came in or went back, of an event that tells so.
fn amount_in(event: Option<&StoredEvent>) -> Option<i64> {
    event?.data.get("amount")?.get("amount")?.as_i64()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Two scenes that a template of a moment has to fit: one with everything, one with nothing.
///
/// # Errors
/// None in practice.
pub(super) fn samples(moment: Moment) -> Result<[Value; 2]> {
    let text = |text: &str| text.to_owned();
    let shop = ShopValues { name: text("Lumo Shop"), email: text("help@example.com") };
    if matches!(moment.matter(), Matter::Job | Matter::Schedule) {
        return behind::samples(moment, shop);
    }
    if moment.matter() == Matter::Message {
        return samples_of_message(moment, shop);
    }
    if moment.matter() == Matter::Site {
        let site = SiteValues {
            address: text("shop.example.com"),
            note: text("The web shop"),
            owner: text("anna@example.com"),
            is_own: true,
            days: 14,
            expires: text("20 November 2026"),
            issuer: text("Let's Encrypt, R11"),
            problem: text("The certificate has expired."),
            link: text("https://shop.example.com/admin/sites/sit_1"),
        };
        let value = |of: &OfSite| serde_json::to_value(of).map_err(Error::internal);
        return Ok([value(&OfSite { shop, site })?, value(&OfSite::default())?]);
    }
    if moment.matter() == Matter::Staff {
        let staff = StaffValues {
            name: text("Sam Support"),
            email: text("sam@example.com"),
            role: text("Support"),
            link: text("https://shop.example.com/admin"),
        };
        let value = |of: &OfStaff| serde_json::to_value(of).map_err(Error::internal);
        return Ok([value(&OfStaff { shop, staff })?, value(&OfStaff::default())?]);
    }
    let line = |title: &str, quantity: i64, total: &str| LineValues {
        title: text(title),
        sku: text("RJ-M"),
        details: text("M, navy"),
        quantity,
        total: text(total),
    };
    let address: Vec<String> = ["Anna Berg", "Torstraße 1", "10119 Berlin", "Germany"].map(text).to_vec();
    let order = OrderValues {
        number: 10_001,
        date: text("20 November 2026"),
        lines: vec![line("Rain jacket", 2, "€118.00"), line("Wool hat", 1, "€19.00")],
        pieces: 3,
        subtotal: text("€137.00"),
        discount: text("€10.00"),
        shipping: text("€4.90"),
        shipping_method: text("Post"),
        tax: text("€21.06"),
        tax_included: true,
        total: text("€131.90"),
        payment: text("€131.90"),
        refund: text("€12.00"),
        refunded: text("€12.00"),
        note: text("Ring twice"),
        shipping_address: address.clone(),
        billing_address: address,
        carrier: text("DHL"),
        tracking: text("00340434161094042557"),
        more_follows: true,
        tracking_link: text(
            "https://www.dhl.com/global-en/home/tracking.html?tracking-id=00340434161094042557",
        ),
        link: text("https://shop.example.com/admin/orders/ord_1"),
    };
    let customer =
        CustomerValues { name: text("Anna Berg"), first_name: text("Anna"), email: text("anna@example.com") };
    let value = |of: &OfOrder| serde_json::to_value(of).map_err(Error::internal);
    Ok([value(&OfOrder { shop, customer, order })?, value(&OfOrder::default())?])
}

fn samples_of_message(moment: Moment, shop: ShopValues) -> Result<[Value; 2]> {
    let text = |text: &str| text.to_owned();
    let message = MessageValues {
        sender: text("Anna Berg"),
        name: text("Anna Berg"),
        email: text("anna@example.com"),
        phone: text("+49 30 1234567"),
        subject: text("Where is my parcel?"),
        text: text("It was to come on Monday.\nIs it on its way?"),
        lines: lines("It was to come on Monday.\nIs it on its way?"),
        date: text("20 November 2026"),
        order_number: text("10001"),
        page: text("https://shop.example.com/contact"),
        link: text("https://shop.example.com/admin/messages/msg_1"),
    };
    let said = "It is.\nIt comes tomorrow.";
    let reply = ReplyValues { text: text(said), lines: lines(said), by: text("Sam Support") };
    let reply = if moment.is_by_hand() { reply } else { ReplyValues::default() };
    let value = |of: &OfMessage| serde_json::to_value(of).map_err(Error::internal);
    Ok([value(&OfMessage { shop, message, reply })?, value(&OfMessage::default())?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_days_are_written_as_the_language_does() {
        let (settings, profile) = (Settings::default(), Profile::default());
        let writer = |language| Writer { settings: &settings, profile: &profile, language, base: "" };
        let at = Timestamp::parse("2026-03-05T23:30:00Z").unwrap();
        assert_eq!(
            (writer("en").day(at), writer("de").day(at)),
            ("5 March 2026".into(), "5. März 2026".into())
        );
        let eur = Currency::EUR;
        assert_eq!(writer("en").amount(123_450, eur), "€1,234.50");
        assert_eq!(writer("de").amount(123_450, eur), "1.234,50\u{a0}€");
        assert_eq!(writer("de").amount(500, Currency::parse("CHF").unwrap()), "5,00\u{a0}CHF");
        assert_eq!(writer("de").some(0, eur), "");
    }
}
