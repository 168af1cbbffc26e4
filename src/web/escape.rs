//! Text in HTML that is written by the program itself and not by a template, where a page has hundreds of pieces.

/// Appends a text with everything escaped that means something in HTML, exactly as templates do it.
pub fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    let means = |b: u8| matches!(b, b'&' | b'<' | b'>' | b'"' | b'\'' | b'/');
    while let Some(at) = rest.bytes().position(means) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        out.push_str(match from.as_bytes().first() {
            Some(b'&') => "&amp;",
            Some(b'<') => "&lt;",
            Some(b'>') => "&gt;",
            Some(b'"') => "&quot;",
            Some(b'/') => "&#x2f;",
            _ => "&#x27;",
        });
        rest = from.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_is_escaped_as_in_a_template(text in ".{0,20}[<>&\"'/=`]{0,4}.{0,5}") {
            let mut environment = minijinja::Environment::new();
            environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
            let there = environment.render_str("{{ text }}", minijinja::context! { text => text.clone() }).unwrap();
            let mut here = String::new();
            escape(&mut here, &text);
            prop_assert_eq!(here, there);
        }
    }
}
