//! A line of the log as JSON: one object with time, level, message, fields and target.
//!
//! There is one for every request, so it is written straight into the buffer it is printed from; the form that comes with
//! tracing makes a tree of values on the way.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as lines of JSON.
pub(super) struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let meta = event.metadata();
        out.write_str("{\"timestamp\":\"")?;
        write_now(&mut out)?;
        write!(out, "\",\"level\":\"{}\"", meta.level())?;
        let mut fields = Fields { out: &mut out, done: Ok(()) };
        event.record(&mut fields);
        fields.done?;
        out.write_str(",\"target\":")?;
        write_text(&mut out, meta.target())?;
        out.write_str("}\n")
    }
}

/// The moment to the microsecond. The part up to the second is the same for many lines.
#[expect(
    clippy::disallowed_methods,
    reason = "a line tells when it was written, whatever the shop's clock says"
)]
fn write_now(out: &mut impl Write) -> fmt::Result {
    thread_local! {
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != now.as_secs() {
            *second = now.as_secs();
            let at = i64::try_from(now.as_secs()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
            *text = at.unwrap_or_default().to_string().trim_end_matches('Z').to_owned();
        }
        write!(out, "{text}.{:06}Z", now.subsec_micros())
    })
}

/// The fields of an event, one after the other.
struct Fields<'a, W> {
    out: &'a mut W,
    done: fmt::Result,
}

impl<W: Write> Fields<'_, W> {
    fn add(&mut self, field: &Field, value: impl FnOnce(&mut W) -> fmt::Result) {
        if self.done.is_ok() {
            self.done = write!(self.out, ",\"{}\":", field.name()).and_then(|()| value(self.out));
        }
    }
}

impl<W: Write> Visit for Fields<'_, W> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, |out| write_text(out, value));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, |out| write!(out, "{value}"));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, |out| write!(out, "{value}"));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, |out| write!(out, "{value}"));
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, |out| {
            // Milliseconds to the microsecond, as every request has them; the general way takes ten times as long.
            let thousandths = (value * 1_000.0).round();
            if (0.0..1e9).contains(&value) && (thousandths / 1_000.0 - value).abs() < f64::EPSILON {
                let thousandths = thousandths as u64;
                return write!(out, "{}.{:03}", thousandths / 1_000, thousandths % 1_000);
            }
            // JSON has no infinity and no "not a number".
            if value.is_finite() { write!(out, "{value:?}") } else { out.write_str("null") }
        });
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, |out| {
            out.write_char('"')?;
            write!(Escaped(out), "{value:?}")?;
            out.write_char('"')
        });
    }
}

fn write_text(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    Escaped(out).write_str(text)?;
    out.write_char('"')
}

/// Text inside a string of JSON (RFC 8259, 7).
struct Escaped<'a, W>(&'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|b| b < b' ' || matches!(b, b'"' | b'\\')) {
            let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.0.write_str(plain)?;
            let mut letters = from.chars();
            match letters.next() {
                Some('"') => self.0.write_str("\\\"")?,
                Some('\\') => self.0.write_str("\\\\")?,
                Some('\n') => self.0.write_str("\\n")?,
                Some(control) => write!(self.0, "\\u{:04x}", u32::from(control))?,
                None => {}
            }
            rest = letters.as_str();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! A log that is kept in memory.

    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    pub(in crate::cli) struct Kept(pub(in crate::cli) Arc<Mutex<Vec<u8>>>);
    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Kept;
    use super::*;

    #[test]
    fn a_line_is_an_object_whatever_is_in_it() {
        let kept = Kept::default();
        let own = kept.clone();
        let log = tracing_subscriber::fmt().with_writer(move || own.clone()).event_format(Lines).finish();
        let nasty = "a \"quoted\" \\ line\nand \u{1} \u{7f} ü 😀\t";
        let nobody: Option<&str> = None;
        tracing::subscriber::with_default(log, || {
            tracing::info!(target: "access", %nasty, plain = nasty, status = 200_u16, less = -5, ms = 1.25, tiny = 1e-7, none = f64::NAN,
                yes = true, who = nobody, shown = ?Some("x"), "request {}", nasty);
        });
        let bytes = kept.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        let of = |name: &str| line[name].clone();
        assert_eq!((of("nasty"), of("plain")), (nasty.into(), nasty.into()));
        assert_eq!(of("message"), format!("request {nasty}"));
        assert_eq!((of("status"), of("less"), of("ms")), (200.into(), (-5).into(), 1.25.into()));
        assert_eq!(of("tiny"), 1e-7);
        assert_eq!((of("none"), of("yes"), of("shown")), (().into(), true.into(), "Some(\"x\")".into()));
        assert_eq!((of("target"), of("level")), ("access".into(), "INFO".into()));
        assert!(line.get("who").is_none());
        let at = of("timestamp");
        let at = at.as_str().unwrap();
        assert!(at.len() == 27 && at.ends_with('Z') && at.parse::<jiff::Timestamp>().is_ok(), "{at}");
    }
}
