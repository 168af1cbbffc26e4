//! The lists of the pages as files: one row a record, every column of the list in words and numbers. For people and
//! spreadsheets; what comes in again unchanged is the whole record (`export`).

use crate::base::country;
use crate::base::error::Result;
use crate::base::money::{Currency, Money};
use crate::base::time::Zone;
use crate::shop::customers::{Address, Customer, Spent, Totals, average_spend, main_spend};
use crate::shop::orders::admin::{goods_of, state_of};
use crate::shop::orders::{Different, Facts, Order, Standing};
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::put::{Flag, Moment, Put, Shown};
use crate::shop::transfer::writer::Rows;

/// An order with what its list says about it.
pub struct ListedOrder<'a> {
    pub order: &'a Order,
    /// Who it is for, as the list names them.
    pub person: String,
    pub standing: Standing,
    pub facts: Facts<'a>,
    pub zone: &'a Zone,
}

/// A customer with what their list says about them.
pub struct ListedCustomer<'a> {
    pub customer: &'a Customer,
    pub totals: Totals,
    /// The currency the list is about; `None` is each customer's own.
    pub spent_in: Option<Currency>,
    pub zone: &'a Zone,
}

impl ListedCustomer<'_> {
    /// What the list says they spent.
    fn spent(&self) -> Option<Money> {
        let Some(currency) = self.spent_in else { return main_spend(&self.totals) };
        let of_it = self.totals.spent.iter().find(|s| s.currency == currency);
        of_it.map(|s| Money::new(s.amount, currency))
    }
    /// `GBP 12.00; SEK 4.00`
    fn spent_elsewhere(&self) -> String {
        let shown = self.spent().map(|m| m.currency);
        let others = self.totals.spent.iter().filter(|s| Some(s.currency) != shown);
        let one = |s: &Spent| format!("{} {}", s.currency, Money::new(s.amount, s.currency).decimal());
        others.map(one).collect::<Vec<_>>().join("; ")
    }
}

/// `S; 2×M`: a semicolon, because a size may have a comma.
fn every(values: &Different<'_>) -> String {
    values.counted().join("; ")
}
/// The different texts that are not empty.
fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for text in texts.filter(|t| !t.is_empty()) {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept.join("; ")
}
fn names(values: &Different<'_>) -> String {
    joined(values.0.iter().map(|(value, _)| *value))
}
fn destination(order: &Order, of: fn(&Address) -> &String) -> Option<&str> {
    order.shipping_address.as_ref().or(order.billing.as_ref()).map(|a| of(a).as_str())
}
fn phones(order: &Order) -> String {
    let of_addresses =
        [&order.shipping_address, &order.billing].into_iter().flatten().map(|a| a.phone.as_str());
    joined(std::iter::once(order.phone.as_str()).chain(of_addresses))
}

macro_rules! list_columns {
    ($(#[$doc:meta])* $name:ident: $column:ident of $record:ident {
        $($kind:ident $of:literal $title:literal => |$r:ident| $value:expr,)+
    }) => {
        /// A column of the file.
        pub struct $column {
            /// The column of the list that it belongs to; several may make up one.
            pub of: &'static str,
            pub title: &'static str,
            /// Text of people, which is guarded against spreadsheets.
            is_text: bool,
            value: for<'a> fn(&'a $record<'a>, &'a mut String) -> &'a str,
        }
        $(#[$doc])*
        pub const $name: &[$column] = &[$($column {
            of: $of,
            title: $title,
            is_text: list_columns!(@ $kind),
            value: |$r, room| Put::put($value, room),
        },)+];
        impl $column {
            /// The columns that belong to these columns of the list, in their own order; all for none.
            pub fn chosen(words: &[&str]) -> Vec<&'static Self> {
                $name.iter().filter(|c| words.is_empty() || words.contains(&c.of)).collect()
            }
        }
    };
    (@ text) => { true };
    (@ plain) => { false };
}

list_columns! {
    /// Everything the order list can show.
    ORDER_LIST: OrderListColumn of ListedOrder {
        plain "number" "Order" => |r| r.order.number,
        plain "number" "Status" => |r| r.order.status.label(),
        plain "status" "State" => |r| state_of(r.order).label,
        plain "date" "Placed" => |r| Moment(r.order.placed_at, r.zone),
        text "customer" "Customer" => |r| r.person.as_str(),
        plain "customer" "New or returning" => |r| r.standing.word(),
        text "customer" "Why" => |r| r.standing.reason(),
        plain "total" "Total" => |r| Money::new(r.order.total, r.order.currency),
        plain "total" "Currency" => |r| r.order.currency.code(),
        plain "payment" "Payment" => |r| r.order.payment.label(),
        plain "fulfilment" "Fulfilment" => |r| goods_of(r.order).label,
        text "fulfilment" "On hold" => |r| match r.order.hold.as_deref() {
            Some("") => "no reason given",
            reason => reason.unwrap_or_default(),
        },
        plain "items" "Items" => |r| r.facts.items,
        text "items" "Titles" => |r| every(&r.facts.titles),
        text "items" "SKUs" => |r| names(&r.facts.skus),
        text "categories" "Categories" => |r| names(&r.facts.categories),
        text "sizes" "Sizes" => |r| every(&r.facts.sizes),
        text "colours" "Colours" => |r| every(&r.facts.colours),
        text "barcodes" "Barcodes" => |r| names(&r.facts.barcodes),
        text "email" "E-mail" => |r| r.order.email.as_deref(),
        text "phone" "Phone" => |r| phones(r.order),
        plain "destination" "Country" => |r| destination(r.order, |a| &a.country),
        text "destination" "Postcode" => |r| destination(r.order, |a| &a.postcode),
        text "destination" "City" => |r| destination(r.order, |a| &a.city),
        text "channel" "Channel" => |r| r.order.channel.as_str(),
        text "tags" "Tags" => |r| joined(r.order.tags.iter().map(String::as_str)),
        text "voucher" "Voucher" => |r| r.order.discount_code.as_str(),
        text "method" "Shipping" => |r| r.order.shipping_method.as_str(),
        text "tracking" "Tracking" => |r| joined(r.order.parcels.iter().map(|p| p.tracking.as_str())),
        text "note" "Note" => |r| r.order.note.as_str(),
        text "note" "Notes of staff" => |r| joined(r.order.staff_notes.iter().map(|n| n.text.as_str())),
    }
}

list_columns! {
    /// Everything the customer list shows.
    CUSTOMER_LIST: CustomerListColumn of ListedCustomer {
        text "name" "Name" => |r| r.customer.name(),
        text "company" "Company" => |r| r.customer.company.as_str(),
        text "email" "E-mail" => |r| r.customer.email.as_deref(),
        text "phone" "Phone" => |r| r.customer.phone.as_str(),
        text "country" "Country" => |r| match r.customer.country() {
            "" => String::new(),
            code => country::name(code),
        },
        plain "orders" "Orders" => |r| r.totals.orders,
        plain "spent" "Spent" => |r| r.spent(),
        plain "spent" "Currency" => |r| r.spent().map(|m| Shown(m.currency)),
        plain "spent" "Spent in other currencies" => |r| r.spent_elsewhere(),
        plain "last_order" "Last order" => |r| r.totals.last_order_at.map(|at| Moment(at, r.zone)),
        plain "average" "Average order" => |r| average_spend(&r.totals),
        plain "since" "Since" => |r| Moment(r.customer.created_at, r.zone),
        plain "marketing" "Marketing" => |r| Flag(r.customer.accepts_marketing),
        text "language" "Language" => |r| r.customer.language.as_str(),
        text "tags" "Tags" => |r| joined(r.customer.tags.iter().map(String::as_str)),
        text "note" "Note" => |r| r.customer.note.as_str(),
    }
}

/// Columns that no other shop's file has.
const ORDER_TELLING: &[&str] = &["New or returning", "On hold", "SKUs", "Notes of staff"];
const CUSTOMER_TELLING: &[&str] = &["Last order", "Spent in other currencies"];

/// What a list of ours with this header is about; `None` for any other file. A list has some of the columns, in
/// their order.
pub fn list_of(header: &[String]) -> Option<Kind> {
    let is_part = |titles: Vec<&str>| {
        let mut titles = titles.into_iter();
        header.len() > 2 && header.iter().all(|own| titles.any(|title| title == own))
    };
    let has = |telling: &[&str]| header.iter().any(|own| telling.contains(&own.as_str()));
    let begins = header.iter().take(2).map(String::as_str).eq(["Order", "Status"]);
    if is_part(ORDER_LIST.iter().map(|c| c.title).collect()) && (begins || has(ORDER_TELLING)) {
        Some(Kind::Orders)
    } else if is_part(CUSTOMER_LIST.iter().map(|c| c.title).collect()) && has(CUSTOMER_TELLING) {
        Some(Kind::Customers)
    } else {
        None
    }
}

/// Writes a list row by row.
pub struct ListRows<R: Rows, C: 'static> {
    rows: R,
    columns: Vec<&'static C>,
    cell: String,
}

impl<R: Rows, C> ListRows<R, C> {
    /// The rows, to look at what was written.
    pub fn rows_mut(&mut self) -> &mut R {
        &mut self.rows
    }
}

macro_rules! list_rows {
    ($column:ident, $record:ident) => {
        impl<R: Rows> ListRows<R, $column> {
            /// Writes the header.
            ///
            /// # Errors
            /// `file_unwritable`.
            pub fn new(mut rows: R, columns: Vec<&'static $column>) -> Result<Self> {
                for column in &columns {
                    rows.plain(column.title)?;
                }
                rows.end_row()?;
                Ok(Self { rows, columns, cell: String::new() })
            }
            /// # Errors
            /// `file_unwritable`.
            pub fn write(&mut self, record: &$record<'_>) -> Result<()> {
                for column in &self.columns {
                    let value = (column.value)(record, &mut self.cell);
                    if column.is_text { self.rows.text(value)? } else { self.rows.plain(value)? }
                }
                self.rows.end_row()
            }
            /// Gives the writer back.
            pub fn into_rows(self) -> R {
                self.rows
            }
        }
    };
}
list_rows!(OrderListColumn, ListedOrder);
list_rows!(CustomerListColumn, ListedCustomer);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Id as _;
    use crate::base::time::Timestamp;
    use crate::shop::orders::{NewLine, NewOrder, OrderId, facts};
    use crate::shop::transfer::writer::{CsvWriter, Style};

    #[test]
    fn every_column_of_the_lists_is_in_the_file() {
        for word in crate::shop::orders::admin::column_words() {
            assert!(ORDER_LIST.iter().any(|c| c.of == word), "{word}");
        }
        for word in crate::shop::customers::admin::column_words() {
            assert!(CUSTOMER_LIST.iter().any(|c| c.of == word), "{word}");
        }
    }

    #[test]
    fn a_row_says_what_the_list_says_and_runs_nothing() {
        let line = NewLine { title: "Mug".to_owned(), quantity: 2, ..NewLine::default() };
        let new = NewOrder { lines: vec![line], ..NewOrder::new(Currency::EUR) };
        let mut order = new.checked(OrderId::from_bytes([1; 16]), Timestamp(0)).unwrap();
        (order.number, order.note) = (7, "=1+1".to_owned());
        let zone = Zone::utc();
        let listed = ListedOrder {
            order: &order,
            person: "@anna".to_owned(),
            standing: Standing::New { unkept: 0, last: None },
            facts: facts(&order),
            zone: &zone,
        };
        let columns = OrderListColumn::chosen(&["number", "customer", "note"]);
        let out = CsvWriter::new(Vec::new(), Style::default()).unwrap();
        let mut rows = ListRows::<_, OrderListColumn>::new(out, columns).unwrap();
        rows.write(&listed).unwrap();
        let text = String::from_utf8(rows.into_rows().finish().unwrap()).unwrap();
        let (head, row) = text.split_once("\r\n").unwrap();
        assert_eq!(head, "Order,Status,Customer,New or returning,Why,Note,Notes of staff");
        assert!(row.contains("\"'@anna\",new,") && row.contains("\"'=1+1\""), "{row}");
    }
}
