//! Templates that staff write: run with the values they are given and nothing else, strictly, and not for long.
//!
//! They know `if` and `for` and some filters. What could take the memory of the machine (`set`, `macro`, multiplication,
//! files) is refused by name, and what runs on is stopped by fuel and by the length of what comes out.

use crate::base::error::{Error, Result};
use crate::base::nearest::nearest;
use crate::base::unseen::shown;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, filters};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io;

/// Steps of one template: some hundred times what the longest order takes.
const FUEL: u64 = 400_000;
/// Bytes that come out at most; mail programs cut off what is longer than 100 KB.
const LENGTH_MAX: usize = 400 << 10;
const RECURSION_MAX: usize = 50;
/// The statements there are.
const STATEMENTS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor", "raw", "endraw"];
/// The name of the one template in its environment.
const NAME: &str = "letter";

/// What a template makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makes {
    /// Values are written as they are.
    Text,
    /// Values are escaped.
    Html,
}

/// The text that a template makes of values.
///
/// # Errors
/// `invalid_template` with the line and what is wrong there.
pub fn render(source: &str, makes: Makes, values: &Value) -> Result<String> {
    refuse_statements(source)?;
    let environment = compiled(source, makes)?;
    let template = environment.get_template(NAME).map_err(|e| wrong(source, &e, values))?;
    let mut out = Bounded(Vec::new());
    template.render_captured_to(Serde(values), &mut out).map_err(|e| wrong(source, &e, values))?;
    String::from_utf8(out.0).map_err(Error::internal)
}

/// Holds a template against the values it will be run with: every name it asks for has to be among them, also where no
/// sample leads. `samples` are run, so that at least one of them should have something in every list.
///
/// # Errors
/// `invalid_template`, `unknown_variable` with the name and the nearest one there is.
pub fn check(source: &str, makes: Makes, samples: &[Value]) -> Result<()> {
    refuse_statements(source)?;
    let environment = compiled(source, makes)?;
    let known: Vec<String> = names(samples);
    let template = environment.get_template(NAME).map_err(Error::internal)?;
    let mut asked: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    asked.sort();
    for name in asked {
        if !known.contains(&name) {
            return Err(unknown(&name, &known));
        }
    }
    samples.iter().try_for_each(|sample| render(source, makes, sample).map(drop))
}

/// The names that a template may use, such as `order.number`; a list has the names of its parts behind it, as `order.lines.title`.
pub fn names(samples: &[Value]) -> Vec<String> {
    fn walk(prefix: &str, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    found.insert(name.clone());
                    walk(&name, value, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(prefix, item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    samples.iter().for_each(|sample| walk("", sample, &mut found));
    found.into_iter().collect()
}

fn compiled(source: &str, makes: Makes) -> Result<Environment<'static>> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(move |_| match makes {
        Makes::Text => AutoEscape::None,
        Makes::Html => AutoEscape::Html,
    });
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(Error::internal)?);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION_MAX);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("default", filters::default);
    environment.add_filter("length", filters::length);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_template_owned(NAME, source.to_owned()).map_err(|e| wrong(source, &e, &Value::Null))?;
    Ok(environment)
}

fn refused(text: String) -> Error {
    Error::invalid("invalid_template", text)
}

/// What stands between `{%` and `%}` or `{{` and `}}` and is not for templates of people.
fn refuse_statements(source: &str) -> Result<()> {
    let mut rest = source;
    let mut line = 1;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        line += before.matches('\n').count();
        let end = match from.get(..2) {
            Some("{%") => "%}",
            Some("{{") => "}}",
            Some("{#") => "#}",
            _ => {
                rest = from.get(1..).unwrap_or_default();
                continue;
            }
        };
        let inside = from.get(2..).unwrap_or_default();
        let inside = end_of(inside, end).and_then(|at| inside.get(..at)).unwrap_or(inside);
        if end == "%}" {
            let word = inside.trim_start_matches(['-', '+']).split_whitespace().next().unwrap_or_default();
            if !STATEMENTS.contains(&word) {
                let shown = shown(word, 40);
                return Err(refused(format!("Line {line}: “{shown}” is not possible here; if and for are.")));
            }
        }
        if end != "#}" && inside.contains('*') {
            return Err(refused(format!("Line {line}: multiplying is not possible here.")));
        }
        let is_raw = end == "%}" && inside.trim_matches(['-', '+', ' ', '\n', '\t', '\r']) == "raw";
        line += inside.matches('\n').count();
        rest = from.get(2 + inside.len()..).unwrap_or_default();
        if is_raw {
            // Nothing up to its end is a statement, and none of it begins one.
            let raw = behind_raw(rest);
            line += rest.get(..rest.len() - raw.len()).unwrap_or_default().matches('\n').count();
            rest = raw;
        }
    }
    Ok(())
}

/// What comes from the end of a raw part on; nothing where it has none.
fn behind_raw(rest: &str) -> &str {
    let ends = rest.match_indices("{%").find(|(at, _)| {
        let word = rest.get(at + 2..).unwrap_or_default().trim_start_matches(['-', '+']);
        word.trim_start().starts_with("endraw")
    });
    ends.and_then(|(at, _)| rest.get(at..)).unwrap_or_default()
}

/// Where a statement ends. The sign of its end ends nothing inside a text.
fn end_of(inside: &str, end: &str) -> Option<usize> {
    if end == "#}" {
        return inside.find(end);
    }
    let (mut quote, mut open) = (None, 0_usize);
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            // As the engine reads it: inside brackets it is none either.
            None if open == 0 && inside.get(at..).is_some_and(|rest| rest.starts_with(end)) => {
                return Some(at);
            }
            None if matches!(c, '(' | '[' | '{') => open += 1,
            None if matches!(c, ')' | ']' | '}') => open = open.saturating_sub(1),
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(_) if c == '\\' => drop(chars.next()),
            Some(begun) if c == begun => quote = None,
            _ => {}
        }
    }
    None
}

fn unknown(name: &str, known: &[String]) -> Error {
    let all: Vec<&str> = known.iter().map(String::as_str).collect();
    let shown = shown(name, 60);
    let near = nearest(&shown, &all).map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
    Error::invalid("unknown_variable", format!("There is no {shown}.{near}"))
}

/// What the engine says, in words for whoever wrote the template.
fn wrong(source: &str, error: &minijinja::Error, values: &Value) -> Error {
    let place = error.line().map(|line| format!("Line {line}: ")).unwrap_or_default();
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError => {
            let line = error.line().and_then(|line| source.lines().nth(line.saturating_sub(1)));
            strange_part(line.unwrap_or_default(), values).unwrap_or_else(|| {
                Error::invalid("unknown_variable", format!("{place}a name is used here that there is not."))
            })
        }
        ErrorKind::OutOfFuel => refused(format!("{place}it runs for too long; a loop goes round too often.")),
        ErrorKind::WriteFailure => refused("What comes out is too long.".to_owned()),
        ErrorKind::UnknownFilter => {
            refused(format!("{place}there is no such filter: {}.", detail.trim_end_matches('.')))
        }
        _ if detail.is_empty() => refused(format!("{place}{}.", error.kind())),
        _ => refused(format!("{place}{}.", detail.trim_end_matches('.'))),
    }
}

/// The part of a list's item that a line asks for and that there is not: `line.titel`.
fn strange_part(line: &str, values: &Value) -> Option<Error> {
    let known = names(std::slice::from_ref(values));
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let parts: Vec<String> = known.iter().map(|name| last(name)).collect();
    let is_part_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let strange = line
        .split(|c: char| !is_part_of_name(c))
        .filter(|word| word.contains('.') && !word.starts_with("loop."))
        .find(|word| !parts.contains(&last(word)) && !known.iter().any(|name| name == word))?;
    let (owner, _) = strange.rsplit_once('.')?;
    let all: Vec<String> = parts.iter().map(|part| format!("{owner}.{part}")).collect();
    Some(unknown(strange, &all))
}

/// What comes out, up to its largest length.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LENGTH_MAX {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        let line = json!({"title": "Jacket <b>", "sku": "RJ"});
        json!({"order": {"number": 10_001, "note": "", "lines": [line.clone(), line]}, "shop": {"name": "Lumo & Co"}})
    }
    fn said(source: &str) -> String {
        let error = check(source, Makes::Html, &[sample()]).unwrap_err();
        assert!(["invalid_template", "unknown_variable"].contains(&error.code), "{error:?}");
        error.message.into_owned()
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        let source = "{% for line in order.lines %}{{ line.title }};{% endfor %}";
        assert_eq!(render(source, Makes::Text, &sample()).unwrap(), "Jacket <b>;Jacket <b>;");
        assert_eq!(render(source, Makes::Html, &sample()).unwrap(), "Jacket &lt;b&gt;;Jacket &lt;b&gt;;");
        assert!(check(source, Makes::Html, &[sample()]).is_ok());
        let source = "{{ shop.name|default('}} it\\'s') }} * {# don't #}{{ '%}' }}";
        assert_eq!(render(source, Makes::Text, &sample()).unwrap(), "Lumo & Co * %}");
        assert!(check(source, Makes::Text, &[sample()]).is_ok());
        let source = "{% raw %}{{ it's * {% endraw %} and {{ shop.name }} * 2";
        assert_eq!(render(source, Makes::Text, &sample()).unwrap(), "{{ it's *  and Lumo & Co * 2");
        assert!(check(source, Makes::Text, &[sample()]).is_ok());
    }

    #[test]
    fn a_name_that_there_is_not_is_said_with_the_nearest() {
        assert_eq!(said("{{ order.nubmer }}"), "There is no order.nubmer. Did you mean order.number?");
        assert_eq!(said("{{ ordr }}"), "There is no ordr. Did you mean order?");
        assert_eq!(
            said("Hello\n{% for line in order.lines %}{{ line.titel }}{% endfor %}"),
            "There is no line.titel. Did you mean line.title?"
        );
        assert!(
            said("{% if order.note %}{{ order.nte }}{% endif %}").contains("order.note"),
            "also where no sample leads"
        );
    }

    #[test]
    fn what_runs_on_or_grows_is_refused() {
        let many = (0..200).map(|n| format!("{n},")).collect::<String>();
        let loops = format!(
            "{{% for a in [{many}] %}}{{% for b in [{many}] %}}{{% for c in [{many}] %}}{{% endfor %}}{{% endfor %}}{{% endfor %}}"
        );
        assert!(said(&loops).contains("too long"), "{}", said(&loops));
        let long = format!(
            "{{% for a in [{many}] %}}{{% for b in [{many}] %}}{}{{% endfor %}}{{% endfor %}}",
            "x".repeat(200)
        );
        assert!(said(&long).contains("comes out is too long"), "{}", said(&long));
        for (source, word) in [
            ("{% for i in range(1000000000) %}x{% endfor %}", "range"),
            ("{% set a = 'x' %}", "set"),
            ("{%- include '/etc/passwd' %}", "include"),
            ("{% extends 'base.html' %}", "extends"),
            ("{% macro m() %}{{ m() }}{% endmacro %}", "macro"),
            ("{{ 'x' * 100000000 }}", "multiplying"),
            ("{{ '}}' * 100000000 }}", "multiplying"),
            ("{{ \"'}}\" * 100000000 }}", "multiplying"),
            ("{{ '\\'}}' * 100000000 }}", "multiplying"),
            ("{% for a in ['%}' * 100000000] %}{% endfor %}", "multiplying"),
            ("{{ [{'a':{}}, 'x' * 100000000] }}", "multiplying"),
            ("{% if {'a':{'b':1}} and 'x' * 100000000 %}{% endif %}", "multiplying"),
            ("{% raw %}{# {% endraw %}{{ 'x' * 100000000 }}{# #}", "multiplying"),
            ("{%- raw -%}{{ it's {%- endraw %}{{ 'x' * 100000000 }}", "multiplying"),
            ("{# '#}{{ 'x' * 100000000 }}", "multiplying"),
            ("{{ shop.name|indent(1000000000) }}", "indent"),
            ("{{ shop.name|safe }}", "safe"),
            ("{{ shop.name", "Line 1"),
            ("{% if order.note %}", "end"),
        ] {
            assert!(said(source).contains(word), "{source}: {}", said(source));
        }
    }
}
