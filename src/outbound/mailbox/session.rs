//! A conversation with the server: signed in, one folder open.

use super::answer::{End, Said as Answer};
use super::socket::{Line, Socket};
use super::wire::{Fault, Wire};
use crate::base::unseen::shown;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::io::ErrorKind;

/// What came of a step; what went wrong is a sentence for people.
pub(super) type Said<T> = Result<T, String>;

/// Why a message was not given or not marked; a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server says no to this message; others it may give.
    Refused(String),
    /// Nothing more comes over this connection.
    Over(String),
}

impl Trouble {
    pub fn into_text(self) -> String {
        match self {
            Self::Refused(text) | Self::Over(text) => text,
        }
    }
}

impl From<Trouble> for String {
    fn from(trouble: Trouble) -> Self {
        trouble.into_text()
    }
}

/// Of a message only its beginning is fetched: the report and the head of what came back stand there.
pub(super) const MESSAGE_MAX: usize = 256 << 10;
/// Messages that are searched through at a time: the answer stays short in a folder of any size.
const WINDOW: u32 = 5_000;
/// Answers to one command.
const ANSWERS_MAX: usize = 10_000;
/// Of what a server says so much is shown.
const SHOWN_MAX: usize = 200;

/// The messages that nobody has seen yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Their numbers in this folder, the oldest first.
    pub uids: Vec<u32>,
    /// There are more.
    pub more: bool,
}

/// A connection that is signed in.
pub struct Session {
    wire: Wire<Line>,
    /// The number of the last command.
    last: u32,
    /// Messages in the folder.
    exists: u32,
    /// Never to be shown, whatever the server says.
    secrets: [String; 2],
}

impl Session {
    pub(super) fn new(wire: Wire<Line>, user: &str, password: &str) -> Self {
        Self { wire, last: 0, exists: 0, secrets: [password.to_owned(), in_one(user, password)] }
    }

    /// True when nobody has to sign in.
    pub(super) fn greeting(&mut self) -> Said<bool> {
        match self.next(0)? {
            Answer::Greets { is_in } => Ok(is_in),
            Answer::Bye(text) => Err(self.told("The server does not want to be spoken to", &text)),
            _ => Err(broken(&Fault::Strange)),
        }
    }

    /// Gives the connection back when the server is ready for the encryption.
    pub(super) fn starttls(mut self) -> Said<Socket> {
        self.command("STARTTLS", "The server does not encrypt", 0, |_| {})?;
        match self.wire.into_stream().map_err(|fault| broken(&fault))? {
            Line::Open(socket) => Ok(socket),
            Line::Sealed(_) => Err(broken(&Fault::Strange)),
        }
    }

    pub(super) fn sign_in(&mut self, user: &str, password: &str) -> Said<()> {
        let mut can = Vec::new();
        self.command("CAPABILITY", "The server refuses", 0, |said| {
            if let Answer::Capabilities(all) = said {
                can = all;
            }
        })?;
        let refused = "The server refuses user and password";
        if can.iter().any(|word| word == "AUTH=PLAIN") {
            let tag = self.send("AUTHENTICATE PLAIN")?;
            match self.next(0)? {
                Answer::GoOn => {
                    let both = in_one(user, password);
                    self.wire.send(&both).map_err(|fault| broken(&fault))?;
                    return Ok(self.end(&tag, refused, 0, |_| {}).map(drop)?);
                }
                Answer::Over { text, .. } => return Err(self.told(refused, &text)),
                _ => return Err(broken(&Fault::Strange)),
            }
        }
        if can.iter().any(|word| word == "LOGINDISABLED") {
            return Err("The server has no way of signing in that is known here.".to_owned());
        }
        if !user.is_ascii() || !password.is_ascii() {
            return Err("The server takes user and password in the letters a to z alone.".to_owned());
        }
        let line = format!("LOGIN {} {}", quoted(user), quoted(password));
        Ok(self.command(&line, refused, 0, |_| {}).map(drop)?)
    }

    pub(super) fn select(&mut self, folder: &str) -> Said<()> {
        let mut exists = 0;
        let refused = format!("The folder “{folder}” cannot be opened");
        let is_read_only = self.command(&format!("SELECT {}", quoted(folder)), &refused, 0, |said| {
            if let Answer::Exists(count) = said {
                exists = count;
            }
        })?;
        if is_read_only {
            return Err(format!(
                "The folder “{folder}” can only be read: nothing can be marked as seen there."
            ));
        }
        self.exists = exists;
        Ok(())
    }

    /// The messages that nobody has seen, the oldest ones, so many at most.
    ///
    /// # Errors
    /// What went wrong, as a sentence for people.
    pub fn unseen(&mut self, most: usize) -> Said<Unseen> {
        let (mut uids, mut from) = (Vec::new(), 1);
        let room = most.saturating_add(WINDOW as usize);
        while from <= self.exists && uids.len() <= most {
            let to = from.saturating_add(WINDOW - 1);
            // Messages that go away meanwhile must not leave a range without its end.
            let to = if to >= self.exists { "*".to_owned() } else { to.to_string() };
            let line = format!("UID SEARCH {from}:{to} UNSEEN");
            self.command(&line, "The server does not search", 0, |said| {
                if let Answer::Found(all) = said {
                    let left = room.saturating_sub(uids.len());
                    uids.extend(all.into_iter().take(left));
                }
            })?;
            from = from.saturating_add(WINDOW);
        }
        uids.sort_unstable();
        uids.dedup();
        let more = uids.len() > most;
        uids.truncate(most);
        Ok(Unseen { uids, more })
    }

    /// The beginning of a message; it is not marked by that. `None` when the server gives nothing: it is not there any more,
    /// or cannot be read there.
    ///
    /// # Errors
    /// Whether the server refuses this one or all of them.
    pub fn fetch(&mut self, uid: u32) -> Result<Option<Vec<u8>>, Trouble> {
        let mut found = None;
        let line = format!("UID FETCH {uid} (UID BODY.PEEK[]<0.{MESSAGE_MAX}>)");
        self.command(&line, "The server does not give a message", MESSAGE_MAX, |said| {
            if let Answer::Message { uid: of, bytes } = said
                && of.is_none_or(|of| of == uid)
            {
                found = Some(bytes);
            }
        })?;
        Ok(found)
    }

    /// Marks a message as seen.
    ///
    /// # Errors
    /// Whether the server refuses this one or all of them.
    pub fn mark(&mut self, uid: u32) -> Result<(), Trouble> {
        let line = format!("UID STORE {uid} +FLAGS.SILENT (\\Seen)");
        self.command(&line, "The server does not mark a message as seen", 0, |_| {}).map(drop)
    }

    /// Says good-bye.
    pub fn close(mut self) {
        let _gone = self.send("LOGOUT");
    }

    fn send(&mut self, line: &str) -> Said<String> {
        self.last += 1;
        let tag = format!("a{}", self.last);
        self.wire.send(&format!("{tag} {line}")).map_err(|fault| broken(&fault))?;
        Ok(tag)
    }

    fn next(&mut self, literals_max: usize) -> Said<Answer> {
        let read = self.wire.answer(literals_max).and_then(|bytes| Answer::read(&bytes));
        read.map_err(|fault| broken(&fault))
    }

    /// Sends a command and takes what comes until it is over; true when what was opened can only be read.
    fn command(
        &mut self,
        line: &str,
        refused: &str,
        literals_max: usize,
        take: impl FnMut(Answer),
    ) -> Result<bool, Trouble> {
        let tag = self.send(line).map_err(Trouble::Over)?;
        self.end(&tag, refused, literals_max, take)
    }

    fn end(
        &mut self,
        tag: &str,
        refused: &str,
        literals_max: usize,
        mut take: impl FnMut(Answer),
    ) -> Result<bool, Trouble> {
        for _ in 0..ANSWERS_MAX {
            match self.next(literals_max).map_err(Trouble::Over)? {
                Answer::Over { tag: of, end, is_read_only, text } if of == tag => {
                    return match end {
                        End::Ok => Ok(is_read_only),
                        End::No => Err(Trouble::Refused(self.told(refused, &text))),
                        End::Bad => Err(Trouble::Over(self.told(refused, &text))),
                    };
                }
                Answer::Bye(text) => return Err(Trouble::Over(self.told("The server hung up", &text))),
                Answer::GoOn | Answer::Over { .. } => return Err(Trouble::Over(broken(&Fault::Strange))),
                other => take(other),
            }
        }
        Err(Trouble::Over(broken(&Fault::TooMuch)))
    }

    /// A sentence with what the server said, in which no secret stands even if the server repeats it.
    fn told(&self, what: &str, text: &str) -> String {
        // A code in brackets that the grammar does not know is for programs.
        let words =
            text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(_, words)| words);
        let mut text = words.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), "***");
        }
        let shown = shown(&text, SHOWN_MAX);
        match shown.trim().trim_end_matches('.') {
            "" => format!("{what}."),
            shown => format!("{what}: {shown}."),
        }
    }
}

/// User and password as one word (RFC 4616).
fn in_one(user: &str, password: &str) -> String {
    BASE64_STANDARD.encode(format!("\0{user}\0{password}"))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn broken(fault: &Fault) -> String {
    match fault {
        Fault::Io(error) => match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => "The server did not answer in time.".to_owned(),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => "The server hung up.".to_owned(),
            _ => format!("The connection broke off: {error}."),
        },
        Fault::TooMuch => "The server sent more than was asked for.".to_owned(),
        Fault::Strange => "The server does not speak IMAP as it should.".to_owned(),
    }
}
