//! What a command writes: its answer to standard output, complaints to standard error.

use crate::base::error::{Error, Kind, Result};
use crate::cli::exit::{CLOSED_PIPE, Exit};
use crate::cli::progress::Progress;
use crate::cli::reach;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Read, Stderr, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// The answer of a command. A reader that closes the pipe early ends the command, not as a failure.
pub struct Answer {
    out: BufWriter<Box<dyn Write>>,
    is_quiet: bool,
    verbosity: u8,
    has_colours: bool,
    /// Where relative file names are meant from.
    directory: PathBuf,
    /// What was on the standard input of a command that is run for another process.
    input: Option<String>,
    /// The process that a command is run for.
    asker: Option<UnixStream>,
}

impl Answer {
    pub(super) fn new(is_quiet: bool, verbosity: u8) -> Self {
        Self {
            out: BufWriter::new(Box::new(io::stdout())),
            is_quiet,
            verbosity,
            has_colours: has_colours(io::stdout().is_terminal()),
            directory: PathBuf::new(),
            input: None,
            asker: None,
        }
    }
    /// The answer of a command that is run for another process.
    pub(super) fn for_another(out: impl Write + 'static, directory: PathBuf, input: String) -> Self {
        Self {
            out: BufWriter::new(Box::new(out)),
            is_quiet: false,
            verbosity: 0,
            has_colours: false,
            directory,
            input: Some(input),
            asker: None,
        }
    }
    /// The same, with the process that is told how far the command is.
    #[must_use]
    pub(super) fn asked_by(self, asker: Option<UnixStream>) -> Self {
        Self { asker, ..self }
    }
    /// Tells how far a long command is, beside its answer; `is_silent` where a program reads it.
    pub(super) fn progress(&self, is_silent: bool) -> Progress {
        match (&self.asker, &self.input) {
            _ if is_silent => Progress::nowhere(),
            (Some(asker), _) => asker
                .try_clone()
                .map_or_else(|_| Progress::nowhere(), |asker| Progress::handed_to(reach::Steps(asker))),
            (None, Some(_)) => Progress::nowhere(),
            (None, None) => Progress::here(self.is_quiet),
        }
    }
    /// A file as the caller of the command means it.
    ///
    /// # Errors
    /// `stream_of_caller` for a stream of the caller where another process does the work: its own would be meant.
    pub fn file(&self, name: &Path) -> Result<PathBuf> {
        if is_stream(name) && self.input.is_some() {
            let text = format!(
                "{} is a stream of this command, and the running server, which does the work, does not see it. Give a file.",
                name.display()
            );
            return Err(Error::invalid("stream_of_caller", text));
        }
        Ok(self.directory.join(name))
    }
    /// What is on the caller's standard input, up to `most` bytes; nothing when that is a terminal and nobody was asked.
    ///
    /// # Errors
    /// `input_failed` when it cannot be read or is no text.
    pub fn input_text(&self, most: u64) -> Result<String> {
        if let Some(input) = &self.input {
            return Ok(input.clone());
        }
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Ok(String::new());
        }
        let mut text = String::new();
        stdin.lock().take(most).read_to_string(&mut text).map_err(|e| {
            Error::invalid("input_failed", "The standard input could not be read as text.").because(e)
        })?;
        Ok(text)
    }
    /// One that writes elsewhere, without colours.
    #[cfg(test)]
    pub(super) fn to(out: impl Write + 'static) -> Self {
        Self::for_another(out, PathBuf::new(), String::new())
    }
    /// The level of the log that `--quiet` or `--verbose` ask for; `None` when the configuration decides.
    pub fn log_level(&self) -> Option<&'static str> {
        match (self.is_quiet, self.verbosity) {
            (true, _) => Some("error"),
            (false, 0) => None,
            (false, 1) => Some("info,backroom=debug"),
            (false, _) => Some("trace"),
        }
    }
    /// One line.
    ///
    /// # Errors
    /// `closed_pipe` when nobody reads any more, `internal` when it cannot be written.
    pub fn line(&mut self, text: impl Display) -> Result<()> {
        writeln!(self.out, "{text}").map_err(|e| failed(&e))
    }
    /// One line that `--quiet` leaves out.
    ///
    /// # Errors
    /// As [`Answer::line`].
    pub fn remark(&mut self, text: impl Display) -> Result<()> {
        if self.is_quiet { Ok(()) } else { self.line(text) }
    }
    /// One line of JSON.
    ///
    /// # Errors
    /// As [`Answer::line`].
    pub fn json(&mut self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value).map_err(Error::internal)?;
        self.line(text)
    }
    /// Bytes as they are, for files and exports.
    ///
    /// # Errors
    /// As [`Answer::line`].
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|e| failed(&e))
    }
    /// Rows below each other, columns as wide as their widest cell, the last one open.
    ///
    /// # Errors
    /// As [`Answer::line`].
    pub fn table<const N: usize>(&mut self, rows: &[[String; N]]) -> Result<()> {
        let mut widths = [0; N];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', (width + 2).saturating_sub(cell.chars().count())));
            }
            self.line(line.trim_end())?;
        }
        Ok(())
    }
    /// The text in faint letters where the terminal has them.
    pub fn faint(&self, text: impl Display) -> String {
        if self.has_colours { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_string() }
    }
    /// Hands over what is still held back: before waiting, and at the end.
    ///
    /// # Errors
    /// As [`Answer::line`].
    pub fn finish(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| failed(&e))
    }
}

/// Whether it is a name for a stream that this process has open, whatever is behind it.
pub(super) fn is_stream(name: &Path) -> bool {
    ["/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/proc/self", "/proc/thread-self"]
        .iter()
        .any(|stream| name.starts_with(stream))
}

fn failed(error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Error::invalid(CLOSED_PIPE, "Nobody reads the answer.");
    }
    Error::invalid("output_failed", format!("The answer could not be written: {error}."))
}

/// Colours belong on terminals whose user has not refused them (<https://no-color.org>).
pub(super) fn has_colours(is_terminal: bool) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    is_terminal && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// Says on standard error what went wrong, with every field or place that needs a change.
pub(super) fn complain(error: &Error) {
    if error.code == CLOSED_PIPE {
        return;
    }
    say(&complaint(error));
}

/// Writes a complaint to standard error.
pub(super) fn say(complaint: &str) {
    let mut text = complaint.to_owned();
    let mut stderr: Stderr = io::stderr();
    if has_colours(stderr.is_terminal()) {
        text = text.replacen("error:", "\u{1b}[31merror:\u{1b}[0m", 1);
    }
    // There is nobody left to tell when standard error is closed.
    let _written = stderr.write_all(text.as_bytes());
}

pub(super) fn complaint(error: &Error) -> String {
    let mut text = format!("error: {}\n", error.message);
    for field in &error.fields {
        if field.detail != error.message {
            text.push_str(&format!("  {}: {}\n", field.pointer, field.detail));
        }
    }
    // A terminal is the owner's own: faults are told where a page would hide them.
    let cause = error.cause_chain();
    if error.kind == Kind::Internal && !cause.is_empty() {
        text.push_str(&format!("  {cause}\n"));
    }
    text
}

/// Answers what clap has refused, or the help that was asked for.
pub(super) fn usage(refused: &clap::Error) -> Exit {
    // A closed pipe is no failure of ours.
    let _written = refused.print();
    if refused.use_stderr() { Exit::Usage } else { Exit::Ok }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::FieldError;

    #[test]
    fn a_complaint_names_every_place() {
        let mut error = Error::invalid("config_invalid", "The configuration has 2 problems.");
        for line in [3, 7] {
            error.fields.push(FieldError {
                pointer: format!("c.toml:{line}"),
                code: "x",
                detail: "no".into(),
            });
        }
        let text = "error: The configuration has 2 problems.\n  c.toml:3: no\n  c.toml:7: no\n";
        assert_eq!(complaint(&error), text);
        let simple = Error::invalid("x", "Enter a name.").on("/name");
        assert_eq!(complaint(&simple), "error: Enter a name.\n");
        let fault = Error::internal(io::Error::other("disk on fire"));
        assert!(complaint(&fault).ends_with("\n  disk on fire\n"));
    }

    #[test]
    fn a_stream_is_the_callers_own() {
        let here = Answer::new(true, 0);
        let there = Answer::to(io::sink());
        for name in ["/dev/fd/63", "/dev/stdin", "/proc/self/fd/0"] {
            assert_eq!(here.file(Path::new(name)).unwrap(), Path::new(name));
            assert_eq!(there.file(Path::new(name)).unwrap_err().code, "stream_of_caller");
        }
        assert_eq!(there.file(Path::new("/dev/null")).unwrap(), Path::new("/dev/null"));
    }

    #[test]
    fn a_reader_that_has_seen_enough_ends_the_answer() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut answer = Answer::to(Closed);
        let error = (0..10_000).find_map(|n| answer.line(n).err()).unwrap();
        assert_eq!((error.code, Exit::of(&error)), (CLOSED_PIPE, Exit::Ok));
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = failed(&io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(Exit::of(&error), Exit::Ok);
        assert_eq!(Exit::of(&failed(&io::Error::other("full"))), Exit::Failed);
    }
}
