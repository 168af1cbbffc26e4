//! The filters and functions of templates: money, times in the viewer's zone, numbers, assets, icons, addresses.

use crate::base::money::{Currency, Money};
use crate::base::time::{Timestamp, Zone};
use crate::web::assets::Assets;
use crate::web::listing::in_threes;
use crate::web::query::{encode, pairs};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind, State};

/// Adds them all.
pub(super) fn add(environment: &mut Environment<'static>, assets: &Assets) {
    environment.add_filter("money", money);
    environment.add_filter("number", |value: Value| number(&value));
    environment.add_filter("percent", |value: f64| format!("{value:.1}\u{202f}%"));
    environment.add_filter("sentence", sentence);
    environment.add_filter("bytes", |value: u64| bytes(value));
    environment
        .add_filter("datetime", |state: &State<'_, '_>, value: Value| moment(state, &value, Form::Both));
    environment.add_filter("day", |state: &State<'_, '_>, value: Value| moment(state, &value, Form::Day));
    environment.add_filter("clock", |state: &State<'_, '_>, value: Value| moment(state, &value, Form::Clock));
    environment.add_filter("plural", |count: i64, one: &str, many: &str| {
        format!("{}\u{a0}{}", grouped(&count.to_string()), if count == 1 { one } else { many })
    });
    environment.add_function("qs", qs);
    environment.add_function("turn", turn);
    environment.add_function("query_pairs", query_pairs);
    environment.add_function("error_for", error_for);
    let known = assets.clone();
    environment.add_function("asset", move |name: &str| {
        known.path(name).map(str::to_owned).map_err(|e| wrong(e.cause_chain()))
    });
    let known = assets.clone();
    environment.add_function("icon", move |name: &str| {
        if !known.has_icon(name) {
            return Err(wrong(format!("the sprite has no icon {name}")));
        }
        let sprite = known.path("img/icons.svg").map_err(|e| wrong(e.cause_chain()))?;
        let svg = format!("<svg class=\"ico\" aria-hidden=\"true\"><use href=\"{sprite}#{name}\"/></svg>");
        Ok(Value::from_safe_string(svg))
    });
}

/// The text with a large first letter; everything else as it is, names in it too.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn wrong(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, text)
}

/// `{amount, currency}` as people write it. `none` is a dash.
fn money(value: Value) -> Result<String, Error> {
    if value.is_none() {
        return Ok("–".to_owned());
    }
    let amount = i64::try_from(value.get_attr("amount")?)?;
    let code = value.get_attr("currency")?;
    let currency = code.as_str().and_then(|c| Currency::parse(c).ok());
    let currency = currency.ok_or_else(|| wrong("money needs a currency"))?;
    Ok(Money::new(amount, currency).shown())
}

/// Digits in groups of three, with the true minus sign.
fn number(value: &Value) -> Result<String, Error> {
    if value.is_none() {
        return Ok("–".to_owned());
    }
    if let Some(whole) = value.as_i64().filter(|_| value.is_integer()) {
        return Ok(grouped(&whole.to_string()));
    }
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    if !whole.trim_start_matches('-').chars().all(|c| c.is_ascii_digit()) {
        return Err(wrong("number needs a number"));
    }
    Ok(match fraction {
        Some(fraction) => format!("{}.{fraction}", grouped(whole)),
        None => grouped(whole),
    })
}

fn grouped(whole: &str) -> String {
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("\u{2212}", digits),
        None => ("", whole),
    };
    format!("{sign}{}", in_threes(digits))
}

/// `14.2 MB`, in powers of 1024.
fn bytes(count: u64) -> String {
    let units = ["KB", "MB", "GB", "TB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut scaled = count;
    let mut unit = "";
    for name in units {
        unit = name;
        // Tenths, so that no float is needed.
        if scaled < 1024 * 1024 || name == "TB" {
            let tenths = scaled * 10 / 1024;
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
        scaled /= 1024;
    }
    format!("{scaled} {unit}")
}

#[derive(Clone, Copy)]
enum Form {
    Both,
    Day,
    Clock,
}

/// A `<time>` with the moment on the viewer's clocks; the year only where it is another one.
fn moment(state: &State<'_, '_>, value: &Value, form: Form) -> Result<Value, Error> {
    if value.is_none() {
        return Ok(Value::from("–"));
    }
    let at = match value.as_str() {
        Some(text) => Timestamp::parse(text).map_err(|e| wrong(e.to_string()))?,
        None => Timestamp(i64::try_from(value.clone())?),
    };
    let shell = state.lookup("shell");
    let of_shell = |name: &str| shell.as_ref().and_then(|s| s.get_attr(name).ok());
    let zone = of_shell("zone").and_then(|z| z.as_str().and_then(|z| Zone::named(z).ok()));
    let zone = zone.unwrap_or_else(Zone::utc);
    let now = of_shell("now").and_then(|n| n.as_str().and_then(|n| Timestamp::parse(n).ok()));
    let local = at.in_zone(&zone);
    let same_year = now.is_some_and(|now| now.in_zone(&zone).year() == local.year());
    let pattern = match (form, same_year) {
        (Form::Both, true) => "%-d %b, %H:%M",
        (Form::Both, false) => "%-d %b %Y, %H:%M",
        (Form::Day, true) => "%-d %b",
        (Form::Day, false) => "%-d %b %Y",
        (Form::Clock, _) => "%H:%M",
    };
    let shown = local.strftime(pattern).to_string();
    let full = local.strftime("%A %-d %B %Y, %H:%M:%S").to_string();
    let html = format!("<time datetime=\"{at}\" title=\"{full} {}\">{shown}</time>", zone.name());
    Ok(Value::from_safe_string(html))
}

/// The request's query with some parameters changed: `qs(sort="-total", after=none)` gives `?q=…&sort=-total`.
fn qs(state: &State<'_, '_>, changes: Kwargs) -> Result<String, Error> {
    let mut list = pairs(&query_of(state)?);
    for name in changes.args().map(str::to_owned).collect::<Vec<_>>() {
        let value: Value = changes.get(&name)?;
        change(&mut list, &name, (!value.is_none()).then(|| value.to_string()));
    }
    Ok(address(&list))
}

fn change(list: &mut Vec<(String, String)>, name: &str, value: Option<String>) {
    let place = list.iter().position(|(key, _)| *key == name);
    list.retain(|(key, _)| *key != name);
    if let Some(value) = value {
        let place = place.unwrap_or(list.len()).min(list.len());
        list.insert(place, (name.to_owned(), value));
    }
}

fn address(list: &[(String, String)]) -> String {
    let text = encode(list);
    if text.is_empty() { "?".to_owned() } else { format!("?{text}") }
}

/// The order that a click on a column's head gives: the other way round when the list is in this order already. `up`:
/// first sorted from A to Z.
fn turn(state: &State<'_, '_>, key: &str, up: bool, sort: &str) -> Result<String, Error> {
    let is_down = sort.strip_prefix('-') == Some(key);
    let next = if is_down || (up && sort != key) { key.to_owned() } else { format!("-{key}") };
    let mut list = pairs(&query_of(state)?);
    change(&mut list, "sort", Some(next));
    list.retain(|(key, _)| !matches!(key.as_str(), "after" | "before" | "least" | "most"));
    Ok(address(&list))
}

/// The refusal of one field, from what `FormErrors` serialises to; `none` when there is none.
fn error_for(errors: Value, name: &str) -> Value {
    let found = errors.get_attr("by_name").and_then(|by_name| by_name.get_attr(name));
    found.ok().filter(|text| !text.is_undefined()).unwrap_or_else(|| Value::from(()))
}

/// The request's parameters without some, for the hidden fields of a GET form.
fn query_pairs(state: &State<'_, '_>, without: Vec<String>) -> Result<Vec<Vec<String>>, Error> {
    let list = pairs(&query_of(state)?);
    Ok(list.into_iter().filter(|(key, _)| !without.contains(key)).map(|(k, v)| vec![k, v]).collect())
}

fn query_of(state: &State<'_, '_>) -> Result<String, Error> {
    let shell = state.lookup("shell").ok_or_else(|| wrong("there is no shell here"))?;
    Ok(shell.get_attr("query")?.as_str().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::shell::Shell;
    use minijinja::context;
    use minijinja::value::Serde;

    fn shown(template: &str) -> String {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        add(&mut environment, &Assets::load());
        let money = Money::new(-123_450, Currency::EUR);
        environment
            .render_str(
                template,
                context! { shell => Serde(Shell::sample()), money => Serde(money), none => () },
            )
            .unwrap()
    }

    #[test]
    fn money_and_numbers_read_as_people_write_them() {
        assert_eq!(shown("{{ money|money }}"), "−€1,234.50");
        assert_eq!(shown("{{ 10482|number }} {{ -1234567|number }} {{ 12|number }}"), "10,482 −1,234,567 12");
        assert_eq!(
            shown("{{ 1|plural('order','orders') }}, {{ 1200|plural('order','orders') }}"),
            "1\u{a0}order, 1,200\u{a0}orders"
        );
        assert_eq!(shown("{{ 900|bytes }}, {{ 1536|bytes }}, {{ 5000000|bytes }}"), "900 B, 1.5 KB, 4.7 MB");
    }

    #[test]
    fn a_time_stands_in_the_zone_of_the_one_who_reads() {
        let html = shown("{{ '2026-11-20T10:42:00Z'|datetime }}");
        assert!(
            html.contains("datetime=\"2026-11-20T10:42:00Z\"") && html.contains(">20 Nov, 11:42</time>"),
            "{html}"
        );
        assert!(html.contains("Friday 20 November 2026, 11:42:00 Europe/Berlin"));
        assert!(shown("{{ '2024-02-29T23:30:00Z'|day }}").contains(">1 Mar 2024<"));
        assert!(
            shown("{% macro t(x) %}{{ x|clock }}{% endmacro %}{{ t('2026-11-20T10:42:00Z') }}")
                .contains(">11:42<")
        );
    }

    #[test]
    fn one_parameter_of_the_address_is_changed_and_the_rest_stays() {
        assert_eq!(shown("{{ qs(sort='number') }}"), "?q=paid&amp;sort=number");
        assert_eq!(shown("{{ qs(sort=none, page='a b') }}"), "?q=paid&amp;page=a%20b");
        assert_eq!(shown("{{ qs(sort=none, q=none) }}"), "?");
        assert_eq!(shown("{% for k, v in query_pairs(['sort']) %}{{ k }}={{ v }};{% endfor %}"), "q=paid;");
    }
}
