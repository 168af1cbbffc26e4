//! How far a long command is, on standard error: one line written again and again on a terminal, else one now and then.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// A terminal is written to so often at most, a log or a file so seldom.
const SCREEN_EVERY: Duration = Duration::from_millis(200);
const LINES_EVERY: Duration = Duration::from_secs(10);

/// Goes to the beginning of the line and empties it.
const ANEW: &str = "\r\u{1b}[K";

/// Where it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nowhere,
    /// One line, written again.
    Screen,
    Lines,
    /// To another process, which shows it in its own way.
    Handed,
}

/// The progress of one command.
pub(super) struct Progress {
    shown: Shown,
    out: Box<dyn Write + Send>,
    every: Duration,
    last: Instant,
    /// A line stands on the terminal.
    has_line: bool,
}

impl Progress {
    fn with(shown: Shown, every: Duration, out: Box<dyn Write + Send>) -> Self {
        Self { shown, out, every, last: Instant::now(), has_line: false }
    }
    /// On standard error.
    pub(super) fn here(is_quiet: bool) -> Self {
        let is_screen = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
        match (is_quiet, is_screen) {
            (true, _) => Self::nowhere(),
            (false, true) => Self::with(Shown::Screen, SCREEN_EVERY, Box::new(io::stderr())),
            (false, false) => Self::with(Shown::Lines, LINES_EVERY, Box::new(io::stderr())),
        }
    }
    /// To whoever has asked for the command; `out` takes one text a call.
    pub(super) fn handed_to(out: impl Write + Send + 'static) -> Self {
        Self::with(Shown::Handed, SCREEN_EVERY, Box::new(out))
    }
    pub(super) fn nowhere() -> Self {
        Self::with(Shown::Nowhere, LINES_EVERY, Box::new(io::sink()))
    }

    /// Says how far it is, unless it has just been said.
    pub(super) fn say(&mut self, text: impl FnOnce() -> String) {
        if self.shown == Shown::Nowhere || self.last.elapsed() < self.every {
            return;
        }
        self.last = Instant::now();
        let text = text();
        // Nobody who reads it is no reason to end the command.
        let _written = match self.shown {
            Shown::Nowhere => Ok(()),
            Shown::Screen => write!(self.out, "{ANEW}{text}"),
            Shown::Lines => writeln!(self.out, "{text}"),
            Shown::Handed => self.out.write_all(text.as_bytes()),
        };
        let _flushed = self.out.flush();
        self.has_line = self.shown == Shown::Screen;
    }
    /// Takes the line off the terminal again.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.has_line) {
            let _written = write!(self.out, "{ANEW}");
            let _flushed = self.out.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<u8>>>);

    impl Write for Seen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(shown: Shown, every: Duration) -> String {
        let seen = Seen::default();
        let mut progress = Progress::with(shown, every, Box::new(seen.clone()));
        progress.say(|| "1 %".to_owned());
        progress.say(|| "2 %".to_owned());
        drop(progress);
        let bytes = seen.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_terminal_has_one_line_and_a_log_has_lines() {
        let now = Duration::ZERO;
        assert_eq!(said(Shown::Screen, now), "\r\u{1b}[K1 %\r\u{1b}[K2 %\r\u{1b}[K");
        assert_eq!(said(Shown::Lines, now), "1 %\n2 %\n");
        assert_eq!(said(Shown::Handed, now), "1 %2 %");
        assert_eq!(said(Shown::Nowhere, now), "");
        assert_eq!(said(Shown::Lines, LINES_EVERY), "", "a short command says nothing");
    }
}
