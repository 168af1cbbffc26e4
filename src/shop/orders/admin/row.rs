//! A row of the order list, written as HTML here and not in a template: a page of fifty rows has 250 µs.

use super::columns::{Cell, Column};
use super::words;
use crate::base::country;
use crate::base::error::Result;
use crate::base::id::Id as _;
use crate::base::money::Money;
use crate::base::time::{MONTHS, Timestamp, WEEKDAYS, Zone};
use crate::shop::customers;
use crate::shop::orders::{Different, Facts, Order, OrderId, Standing, called_by, facts, find_all, standing};
use crate::store::{Snapshot, Subject};
use crate::web::escape::escape;
use crate::web::fragments::{Fragment, Fragments, New, Way};
use crate::web::parts::Badge;
use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::sync::Arc;

/// Letters that fit into the cells of several values; what does not is "+n", which always shows.
const CATEGORIES_FIT: usize = 13;
const SIZES_FIT: usize = 7;
const COLOURS_FIT: usize = 9;
/// Longest text of a title attribute, in characters.
const TITLE_MAX: usize = 400;

/// What all rows of a page share.
pub(super) struct Sheet<'a> {
    pub columns: &'a [Column],
    pub zone: &'a Zone,
    pub zone_name: &'a str,
    /// The present one in that zone: it goes without saying.
    pub year: i16,
    /// Address of the icon sprite.
    pub sprite: &'a str,
    /// Whether names link to the customer.
    pub links_customers: bool,
    /// Whether rows have a box to tick: there is something to do with many.
    pub picks: bool,
    /// Whether prices and how to reach the customer are the reader's business.
    pub sees_prices: bool,
    /// Orders that were ticked before.
    pub ticked: &'a [OrderId],
}

/// Appends what is written in another way than as a text.
fn put(out: &mut String, shown: impl Display) {
    // A text has room for everything.
    let _written = write!(out, "{shown}");
}

fn cut(text: &str) -> Cow<'_, str> {
    // No character has less than a byte.
    if text.len() <= TITLE_MAX || text.chars().count() <= TITLE_MAX {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().take(TITLE_MAX - 1).chain(['…']).collect())
    }
}

impl Sheet<'_> {
    /// The rows of some orders; those that are gone are left out.
    pub(super) fn rows(&self, s: &Snapshot, ids: &[OrderId], kept: &Fragments) -> Result<Vec<Arc<Fragment>>> {
        let words: Vec<&str> = self.columns.iter().map(|column| column.word).collect();
        let whose = (self.links_customers, self.picks, self.sees_prices);
        let way = Way::of(&("orders", words, self.zone_name, self.year, self.sprite, whose, self.ticked));
        let records: Vec<Subject> = ids.iter().map(Subject::of).collect();
        let (mut rows, moment) = kept.known(s, way, &records)?;
        let missing: Vec<(usize, OrderId)> = ids
            .iter()
            .copied()
            .enumerate()
            .filter(|(at, _)| rows.get(*at).is_some_and(Option::is_none))
            .collect();
        let orders = find_all(s, &missing.iter().map(|(_, id)| *id).collect::<Vec<_>>())?;
        let mut new = Vec::new();
        for ((at, _), order) in missing.iter().zip(orders) {
            let (Some(order), Some(row)) = (order, rows.get_mut(*at)) else { continue };
            // Who ordered it, not whom it is sent to: a present goes to somebody else.
            let customer = match order.customer {
                Some(id) => customers::named(s, id)?,
                None => None,
            };
            let name = called_by(&order, customer.as_ref(), self.sees_prices);
            let fragment = Arc::new(self.row(&order, &standing(s, &order)?, &name));
            *row = Some(Arc::clone(&fragment));
            let shows = order.customer.map(|id| id.bytes());
            new.push(New { id: order.id.bytes(), shows, fragment });
        }
        kept.keep(way, moment, new);
        Ok(rows.into_iter().flatten().collect())
    }

    /// The row of an order. Between its two parts goes what follows the address of the order, so that it knows its list.
    pub(super) fn row(&self, order: &Order, standing: &Standing, name: &str) -> Fragment {
        let facts = facts(order);
        let mut before = String::with_capacity(512);
        before.push_str("<tr>");
        if self.picks {
            self.pick(&mut before, order);
        }
        before.push_str("<th scope=\"row\" class=\"m1\"><a class=\"row\" href=\"/admin/orders/");
        put(&mut before, order.id);
        let mut after = String::with_capacity(2_048);
        self.number(&mut after, order);
        // The first column is always the number.
        for column in self.columns.iter().filter(|column| column.cell != Cell::Order) {
            self.cell(&mut after, column.cell, order, standing, name, &facts);
        }
        after.push_str("</tr>");
        after.shrink_to_fit();
        Fragment { before, after }
    }

    fn pick(&self, out: &mut String, order: &Order) {
        out.push_str("<td class=\"pick\"><label><input type=\"checkbox\" name=\"id\" value=\"");
        put(out, format_args!("{}.{}", order.id, order.version));
        out.push_str("\" aria-label=\"Select order ");
        put(out, order.number);
        out.push_str(if self.ticked.contains(&order.id) {
            "\" checked></label></td>"
        } else {
            "\"></label></td>"
        });
    }

    fn cell(
        &self,
        out: &mut String,
        cell: Cell,
        o: &Order,
        standing: &Standing,
        name: &str,
        facts: &Facts<'_>,
    ) {
        match cell {
            // It stands before all others.
            Cell::Order => {}
            Cell::Date => self.date(out, o.placed_at),
            Cell::Customer => self.customer(out, o, standing, name),
            Cell::Total => {
                let total = Money::new(o.total, o.currency).shown();
                titled(out, "num m1e", &total, &total);
            }
            Cell::Status => state(out, &words::status_of(o), o.status.label()),
            Cell::Payment => state(out, &words::payment_of(o), ""),
            Cell::Fulfilment => state(out, &words::goods_of(o), o.fulfilment.label()),
            Cell::Items => items(out, facts),
            Cell::Categories => several(out, &facts.categories.plain(), CATEGORIES_FIT),
            Cell::Sizes => several(out, &facts.sizes.counted(), SIZES_FIT),
            Cell::Colours => several(out, &facts.colours.plain(), COLOURS_FIT),
            Cell::Barcodes => barcodes(out, &facts.barcodes),
            Cell::Email => titled(
                out,
                "",
                o.email.as_deref().unwrap_or_default(),
                o.email.as_deref().unwrap_or_default(),
            ),
            Cell::Phone => titled(out, "tn", phone(o), phone(o)),
            Cell::Destination => destination(out, o),
            Cell::Channel => plain(out, "", &o.channel),
            Cell::Tags => titled(out, "", &o.tags.join(", "), &o.tags.join(", ")),
            Cell::Voucher => titled(out, "", &o.discount_code, &o.discount_code),
            Cell::Method => titled(out, "", &o.shipping_method, &o.shipping_method),
            Cell::Tracking => tracking(out, o),
            Cell::Note => titled(out, "", &o.note, &o.note),
        }
    }

    /// The rest of the first cell.
    fn number(&self, out: &mut String, o: &Order) {
        out.push_str("\">#");
        put(out, o.number);
        out.push_str("</a>");
        if let Some(reason) = &o.hold {
            let reason = if reason.is_empty() { "no reason given" } else { reason };
            self.mark(out, "pause", "On hold: ", reason, " bad");
        }
        if !o.note.is_empty() {
            self.mark(out, "message-square", "The customer wrote: ", &o.note, "");
        }
        if let Some(note) = o.staff_notes.last() {
            self.mark(out, "paperclip", "Note: ", &note.text, "");
        }
        if !o.tags.is_empty() {
            self.mark(out, "tag", "Tags: ", &o.tags.join(", "), "");
        }
        out.push_str("</th>");
    }

    fn mark(&self, out: &mut String, symbol: &str, what: &str, text: &str, class: &str) {
        out.push_str("<span class=\"mark");
        out.push_str(class);
        out.push_str("\" title=\"");
        out.push_str(what);
        escape(out, &cut(text));
        out.push_str("\"><svg class=\"ico\" role=\"img\" aria-label=\"");
        out.push_str(what.trim_end_matches(": "));
        out.push_str("\"><use href=\"");
        out.push_str(self.sprite);
        out.push('#');
        out.push_str(symbol);
        out.push_str("\"/></svg></span>");
    }

    fn date(&self, out: &mut String, at: Timestamp) {
        let local = at.in_zone(self.zone).datetime();
        let (weekday, month) = (
            WEEKDAYS.get(usize::from(local.weekday().to_sunday_zero_offset().unsigned_abs())),
            MONTHS.get(usize::from(local.month().unsigned_abs()) - 1),
        );
        let (weekday, month) = (weekday.copied().unwrap_or_default(), month.copied().unwrap_or_default());
        let (day, year, hour, minute) = (local.day(), local.year(), local.hour(), local.minute());
        out.push_str("<td class=\"m3\"><time datetime=\"");
        at.write_rfc3339(out);
        let second = local.second();
        put(
            out,
            format_args!("\" title=\"{weekday} {day} {month} {year:04}, {hour:02}:{minute:02}:{second:02} "),
        );
        escape(out, self.zone_name);
        out.push_str("\">");
        let month = month.get(..3).unwrap_or(month);
        if year == self.year {
            put(out, format_args!("{day} {month}, {hour:02}:{minute:02}"));
        } else {
            put(out, format_args!("{day} {month} {year:04}"));
        }
        out.push_str("</time></td>");
    }

    fn customer(&self, out: &mut String, o: &Order, standing: &Standing, name: &str) {
        out.push_str("<td class=\"m1 who\"><div>");
        match o.customer.filter(|_| self.links_customers && !name.is_empty()) {
            Some(id) => {
                out.push_str("<a href=\"/admin/customers/");
                put(out, id);
                out.push_str("\" title=\"");
                escape(out, name);
                out.push_str("\">");
                escape(out, name);
                out.push_str("</a>");
            }
            None => {
                out.push_str("<span title=\"");
                escape(out, name);
                out.push_str("\">");
                escape(out, if name.is_empty() { "–" } else { name });
                out.push_str("</span>");
            }
        }
        badge(out, &words::standing(standing), &standing.reason());
        out.push_str("</div></td>");
    }
}

/// A badge whose title says why.
fn badge(out: &mut String, shown: &Badge, why: &str) {
    out.push_str("<span class=\"badge ");
    out.push_str(words::class_of(shown.tone));
    out.push(' ');
    out.push_str(words::shape_of(shown.fill));
    out.push_str("\" title=\"");
    escape(out, why);
    out.push_str("\">");
    escape(out, &shown.label);
    out.push_str("</span>");
}

/// A badge in a cell of its own; `long` says more than it, where there is more to say.
fn state(out: &mut String, shown: &Badge, long: &str) {
    out.push_str("<td class=\"m2\"");
    if !long.is_empty() && long != shown.label {
        out.push_str(" title=\"");
        escape(out, &shown.label);
        out.push_str(", ");
        escape(out, &long.to_lowercase());
        out.push('"');
    }
    out.push_str("><span class=\"badge ");
    out.push_str(words::class_of(shown.tone));
    out.push(' ');
    out.push_str(words::shape_of(shown.fill));
    out.push_str("\">");
    escape(out, &shown.label);
    out.push_str("</span></td>");
}

fn plain(out: &mut String, class: &str, text: &str) {
    titled(out, class, text, "");
}

/// A cell; the title is left out where it would only repeat a short text.
fn titled(out: &mut String, class: &str, text: &str, title: &str) {
    out.push_str("<td");
    if !class.is_empty() {
        out.push_str(" class=\"");
        out.push_str(class);
        out.push('"');
    }
    if title != text || title.chars().count() > 7 {
        out.push_str(if title.is_empty() { "" } else { " title=\"" });
        escape(out, &cut(title));
        out.push_str(if title.is_empty() { "" } else { "\"" });
    }
    out.push('>');
    escape(out, text);
    out.push_str("</td>");
}

fn items(out: &mut String, facts: &Facts<'_>) {
    out.push_str("<td class=\"num m3\" title=\"");
    escape(out, &cut(&facts.titles.all()));
    out.push_str("\">");
    put(out, facts.items);
    out.push_str(if facts.items == 1 {
        "<span class=\"unit\"> item</span></td>"
    } else {
        "<span class=\"unit\"> items</span></td>"
    });
}

/// As many values as fit, at least the first, and how many more there are; all of them in the title.
fn several(out: &mut String, values: &[Cow<'_, str>], fit: usize) {
    let Some(first) = values.first() else { return out.push_str("<td class=\"m3\"></td>") };
    let (mut shown, mut text) = (1, first.clone().into_owned());
    for next in values.iter().skip(1) {
        let rest = if shown + 1 < values.len() { 3 } else { 0 };
        if text.chars().count() + 2 + next.chars().count() + rest > fit {
            break;
        }
        text.push_str(", ");
        text.push_str(next);
        shown += 1;
    }
    out.push_str("<td class=\"m3\" title=\"");
    escape(out, &cut(&values.join(", ")));
    out.push_str("\"><div class=\"with\"><span>");
    escape(out, &text);
    out.push_str("</span>");
    if values.len() > shown {
        out.push_str("<small>+");
        put(out, values.len() - shown);
        out.push_str("<span class=\"vh\"> more</span></small>");
    }
    out.push_str("</div></td>");
}

fn barcodes(out: &mut String, codes: &Different<'_>) {
    let Some((first, _)) = codes.0.first() else { return out.push_str("<td></td>") };
    let rest = codes.0.len().saturating_sub(1);
    out.push_str("<td class=\"tn codes\" title=\"");
    escape(out, &cut(&codes.all()));
    out.push_str("\"><span>");
    escape(out, first);
    out.push_str("</span>");
    if rest > 0 {
        out.push_str("<small>+");
        put(out, rest);
        out.push_str("<span class=\"vh\"> more</span></small>");
    }
    out.push_str("</td>");
}

fn phone(o: &Order) -> &str {
    let of_addresses = [&o.shipping_address, &o.billing].into_iter().flatten().map(|a| a.phone.as_str());
    std::iter::once(o.phone.as_str()).chain(of_addresses).find(|p| !p.is_empty()).unwrap_or_default()
}

fn destination(out: &mut String, o: &Order) {
    let Some(address) = o.shipping_address.as_ref().or(o.billing.as_ref()) else {
        return out.push_str("<td></td>");
    };
    let code_and_city = [address.country.as_str(), address.city.as_str()];
    let short = code_and_city.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" · ");
    let country = if address.country.is_empty() { String::new() } else { country::name(&address.country) };
    let long = [address.postcode.as_str(), address.city.as_str(), country.as_str()];
    titled(out, "", &short, &long.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", "));
}

fn tracking(out: &mut String, o: &Order) {
    let numbers: Vec<&str> =
        o.parcels.iter().map(|p| p.tracking.as_str()).filter(|t| !t.is_empty()).collect();
    let first = numbers.first().copied().unwrap_or_default();
    let short = if numbers.len() > 1 { format!("{first} +{}", numbers.len() - 1) } else { first.to_owned() };
    titled(out, "tn", &short, &numbers.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::orders::admin::columns::COLUMNS;
    use crate::shop::orders::admin::samples;

    fn row(order: &Order, name: &str) -> String {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let sheet = Sheet {
            columns: COLUMNS,
            zone: &zone,
            zone_name: &zone.name(),
            year: order.placed_at.in_zone(&zone).year(),
            sprite: "/a/icons.svg",
            links_customers: true,
            picks: true,
            sees_prices: true,
            ticked: &[],
        };
        let row = sheet.row(order, &Standing::Returning { earlier: 6, last: 10_301 }, name);
        row.before + "?from=%2Fadmin%2Forders" + &row.after
    }

    #[test]
    fn a_row_says_what_is_in_the_parcel_and_who_gets_it() {
        let html = row(&samples::order(), "Anna Berg");
        for text in [
            "#10482",
            "€118.00",
            "Returning · 6",
            "Rain jackets",
            "4012345678901",
            "+1<span",
            "Part refunded",
        ] {
            assert!(html.contains(text), "{text}: {html}");
        }
        assert!(html.contains("6 earlier orders were kept, the last is #10301."));
    }

    #[test]
    fn a_cell_shows_what_fits_and_says_how_much_does_not() {
        let shown = |values: &[&str], fit: usize| {
            let mut html = String::new();
            several(&mut html, &values.iter().map(|v| Cow::Borrowed(*v)).collect::<Vec<_>>(), fit);
            html
        };
        assert!(shown(&["S", "M"], SIZES_FIT).contains("<span>S, M</span></div>"));
        let more = shown(&["Rain jackets", "Mugs", "Socks"], CATEGORIES_FIT);
        assert!(more.contains("title=\"Rain jackets, Mugs, Socks\""), "{more}");
        assert!(more.contains("<span>Rain jackets</span><small>+2<span class=\"vh\"> more</span>"), "{more}");
    }

    #[test]
    fn what_people_wrote_is_text_in_every_cell() {
        let evil = "\"><script>alert(1)</script>'&";
        let html = row(&samples::hostile(evil), evil);
        assert!(!html.contains("<script") && !html.contains("'&\""), "{html}");
        assert!(html.contains("&quot;&gt;&lt;script&gt;alert(1)"));
    }
}
