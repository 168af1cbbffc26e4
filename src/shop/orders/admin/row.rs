//! A row of the order list, written as HTML here and not in a template: a page of fifty rows has 250 µs.

use super::columns::{Cell, Column};
use super::words;
use crate::base::country;
use crate::base::money::Money;
use crate::base::time::{Timestamp, Zone};
use crate::shop::orders::{Different, Facts, Order, OrderId, Standing, facts};
use crate::web::parts::Badge;

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
    pub now: Timestamp,
    /// Address of the icon sprite.
    pub sprite: &'a str,
    /// What follows the address of an order, so that it knows its list: `?from=…`.
    pub from: &'a str,
    /// Whether names link to the customer.
    pub links_customers: bool,
    /// Whether rows have a box to tick: there is something to do with many.
    pub picks: bool,
    /// Orders that were ticked before.
    pub ticked: &'a [OrderId],
}

/// Text with everything escaped that means something in HTML, in text and in attributes alike.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= TITLE_MAX {
        text.to_owned()
    } else {
        text.chars().take(TITLE_MAX - 1).chain(['…']).collect()
    }
}

impl Sheet<'_> {
    /// Appends the row of an order.
    pub(super) fn row(&self, out: &mut String, order: &Order, standing: &Standing, name: &str) {
        let facts = facts(order);
        out.push_str("<tr>");
        if self.picks {
            self.pick(out, order);
        }
        for column in self.columns {
            self.cell(out, column.cell, order, standing, name, &facts);
        }
        out.push_str("</tr>");
    }

    fn pick(&self, out: &mut String, order: &Order) {
        out.push_str("<td class=\"pick\"><label><input type=\"checkbox\" name=\"id\" value=\"");
        out.push_str(&format!("{}.{}", order.id, order.version));
        out.push_str("\" aria-label=\"Select order ");
        out.push_str(&order.number.to_string());
        out.push_str(if self.ticked.contains(&order.id) {
            "\" checked></label></td>"
        } else {
            "\"></label></td>"
        });
    }

    fn cell(&self, out: &mut String, cell: Cell, o: &Order, standing: &Standing, name: &str, facts: &Facts) {
        match cell {
            Cell::Order => self.number(out, o),
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

    fn number(&self, out: &mut String, o: &Order) {
        out.push_str("<th scope=\"row\" class=\"m1\"><a class=\"row\" href=\"/admin/orders/");
        out.push_str(&o.id.to_string());
        escape(out, self.from);
        out.push_str("\">#");
        out.push_str(&o.number.to_string());
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
        let local = at.in_zone(self.zone);
        let same_year = local.year() == self.now.in_zone(self.zone).year();
        out.push_str("<td class=\"m3\"><time datetime=\"");
        out.push_str(&at.to_string());
        out.push_str("\" title=\"");
        escape(out, &local.strftime("%A %-d %B %Y, %H:%M:%S ").to_string());
        escape(out, &self.zone.name());
        out.push_str("\">");
        let pattern = if same_year { "%-d %b, %H:%M" } else { "%-d %b %Y" };
        out.push_str(&local.strftime(pattern).to_string());
        out.push_str("</time></td>");
    }

    fn customer(&self, out: &mut String, o: &Order, standing: &Standing, name: &str) {
        out.push_str("<td class=\"m1 who\"><div>");
        match o.customer.filter(|_| self.links_customers && !name.is_empty()) {
            Some(id) => {
                out.push_str("<a href=\"/admin/customers/");
                out.push_str(&id.to_string());
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

fn items(out: &mut String, facts: &Facts) {
    out.push_str("<td class=\"num m3\" title=\"");
    escape(out, &cut(&facts.titles.all()));
    out.push_str("\">");
    out.push_str(&facts.items.to_string());
    out.push_str(if facts.items == 1 {
        "<span class=\"unit\"> item</span></td>"
    } else {
        "<span class=\"unit\"> items</span></td>"
    });
}

/// As many values as fit, at least the first, and how many more there are; all of them in the title.
fn several(out: &mut String, values: &[String], fit: usize) {
    let Some(first) = values.first() else { return out.push_str("<td class=\"m3\"></td>") };
    let (mut shown, mut text) = (1, first.clone());
    for next in values.iter().skip(1) {
        let rest = if shown + 1 < values.len() { 3 } else { 0 };
        if text.chars().count() + 2 + next.chars().count() + rest > fit {
            break;
        }
        text = format!("{text}, {next}");
        shown += 1;
    }
    out.push_str("<td class=\"m3\" title=\"");
    escape(out, &cut(&values.join(", ")));
    out.push_str("\"><div class=\"with\"><span>");
    escape(out, &text);
    out.push_str("</span>");
    if values.len() > shown {
        out.push_str("<small>+");
        out.push_str(&(values.len() - shown).to_string());
        out.push_str("<span class=\"vh\"> more</span></small>");
    }
    out.push_str("</div></td>");
}

fn barcodes(out: &mut String, codes: &Different) {
    let Some((first, _)) = codes.0.first() else { return out.push_str("<td></td>") };
    let rest = codes.0.len().saturating_sub(1);
    out.push_str("<td class=\"tn codes\" title=\"");
    escape(out, &cut(&codes.all()));
    out.push_str("\"><span>");
    escape(out, first);
    out.push_str("</span>");
    if rest > 0 {
        out.push_str("<small>+");
        out.push_str(&rest.to_string());
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
        let mut html = String::new();
        let zone = Zone::named("Europe/Berlin").unwrap();
        let sheet = Sheet {
            columns: COLUMNS,
            zone: &zone,
            now: order.placed_at,
            sprite: "/a/icons.svg",
            from: "?from=%2Fadmin%2Forders",
            links_customers: true,
            picks: true,
            ticked: &[],
        };
        sheet.row(&mut html, order, &Standing::Returning { earlier: 6, last: 10_301 }, name);
        html
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
            several(&mut html, &values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>(), fit);
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
