//! How a command reaches the shop: it opens the data itself, or asks the program that has it open.
//!
//! A running server listens on `admin.sock` in its data directory, which only its user may enter. A command that
//! finds the directory taken sends its arguments there; the server runs the same verb and sends back what it prints.

use crate::app::App;
use crate::base::error::{Error, Kind, Result};
use crate::base::time::Clock;
use crate::cli::answer::Answer;
use crate::cli::exit::Exit;
use crate::cli::{Place, Verb, verb_of};
use crate::store::{FILE, check_pages, require_store};
use crate::workers;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The socket's name in the data directory.
const SOCKET: &str = "admin.sock";
/// What a command may read from its standard input for the server: a password.
const INPUT_MAX: u64 = 64 * 1024;
const REQUEST_MAX: u64 = 1024 * 1024;

/// A command on its way to the running server.
#[derive(Serialize, Deserialize)]
struct Asked {
    arguments: Vec<String>,
    /// Relative file names are meant from here.
    directory: PathBuf,
    input: String,
}

/// A piece of the answer, one JSON line each.
#[derive(Serialize, Deserialize)]
enum Piece {
    Out(Vec<u8>),
    /// How far it is.
    Step(String),
    /// The end: exit code and complaint, empty when there is none.
    End {
        exit: u8,
        complaint: String,
    },
}

/// Runs a verb on the shop of `place`.
///
/// # Errors
/// `no_shop` where the verb needs one that is there; those of opening and of the verb.
pub(super) fn with_shop(place: &Place, verb: Verb, answer: &mut Answer) -> Result<Exit> {
    let mut settings = place.load_beside()?.settings;
    let dir = settings.data.dir.clone().unwrap_or_default();
    require_owner(&dir)?;
    // What is only tried is tried in a shop that is thrown away, where there is none.
    let mut scratch = None;
    if verb.only_tries() && !dir.join(FILE).exists() && require_store(&dir).is_ok() {
        let made = tempfile::tempdir().map_err(Error::internal)?;
        settings.data.dir = Some(made.path().join("shop"));
        scratch = Some(made);
    }
    let dir = settings.data.dir.clone().unwrap_or_default();
    if !verb.makes_a_shop() && !dir.join(FILE).is_file() {
        require_store(&dir)?;
        let text = format!("There is no shop in {}. Start one with `backroom serve`.", dir.display());
        return Err(Error::refuse(Kind::NotFound, "no_shop", text));
    }
    if matches!(verb, Verb::Check(_)) {
        // While a server has it, nobody can read the pages from below.
        check_pages(&dir).or_else(|error| if error.code == "store_locked" { Ok(()) } else { Err(error) })?;
    }
    match App::open(&settings, Clock::system()) {
        Ok(app) => {
            let behind = workers::start(&app);
            let done = verb.on(&app, answer);
            let closed = behind.close(&app);
            drop(scratch);
            let exit = done?;
            closed.map(|()| exit)
        }
        Err(error) if error.code == "store_locked" => ask(&dir, verb.reads_input(), answer, error),
        Err(error) => Err(error),
    }
}

/// Refuses root where the shop is somebody else's: the files that root makes are root's, and that user could not write them.
/// A running server makes its files itself.
///
/// # Errors
/// `wrong_user`.
pub(super) fn require_owner(dir: &Path) -> Result<()> {
    let owner =
        std::fs::metadata(dir.join(FILE)).or_else(|_| std::fs::metadata(dir)).map_or(0, |about| about.uid());
    if !rustix::process::geteuid().is_root() || owner == 0 || UnixStream::connect(dir.join(SOCKET)).is_ok() {
        return Ok(());
    }
    let text = format!(
        "{} belongs to the user {owner}, who could not use what root makes there. Run this as that user: sudo -u '#{owner}' \
         backroom …, or in a container --user {owner}.",
        dir.display()
    );
    Err(Error::refuse(Kind::Forbidden, "wrong_user", text))
}

/// The words of this command, as they are sent.
fn arguments() -> Result<Vec<String>> {
    let text = |word: OsString| {
        word.into_string().map_err(|word| {
            let text = format!(
                "{} is not valid UTF-8, which the running server could not be told. Give the file another name.",
                word.display()
            );
            Error::invalid("usage", text)
        })
    };
    std::env::args_os().map(text).collect()
}

/// Sends this command to the program that has the data open.
fn ask(dir: &Path, reads_input: bool, answer: &mut Answer, locked: Error) -> Result<Exit> {
    let Ok(mut socket) = UnixStream::connect(dir.join(SOCKET)) else { return Err(locked) };
    let asked = Asked {
        arguments: arguments()?,
        directory: std::env::current_dir().map_err(Error::internal)?,
        input: if reads_input { answer.input_text(INPUT_MAX)? } else { String::new() },
    };
    let mut line = serde_json::to_vec(&asked).map_err(Error::internal)?;
    line.push(b'\n');
    socket.write_all(&line).map_err(lost)?;
    let mut progress = answer.progress(false);
    for line in BufReader::new(socket).lines() {
        match serde_json::from_str(&line.map_err(lost)?).map_err(Error::internal)? {
            Piece::Out(bytes) => answer.bytes(&bytes)?,
            Piece::Step(text) => progress.say(|| text),
            Piece::End { exit, complaint } => {
                progress.end();
                answer.finish()?;
                super::answer::say(&complaint);
                return Ok(Exit::from_code(exit));
            }
        }
    }
    Err(lost(std::io::Error::other("the server ended the answer early")))
}

fn lost(error: std::io::Error) -> Error {
    Error::unavailable("server_lost", "The running server did not answer to the end. Try again.", 1)
        .because(error)
}

/// The door of a running server for commands; it closes when dropped.
pub(super) struct Door {
    path: PathBuf,
    is_closed: Arc<AtomicBool>,
}

impl Door {
    /// Opens the socket and answers commands on threads of their own.
    ///
    /// # Errors
    /// `Internal` when the socket cannot be made.
    pub(super) fn open(app: &App) -> Result<Self> {
        let path = app.dir.join(SOCKET);
        if path.exists() {
            // The store's lock is ours, so whoever made it is gone.
            std::fs::remove_file(&path).map_err(Error::internal)?;
        }
        let listener = UnixListener::bind(&path).map_err(Error::internal)?;
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .map_err(Error::internal)?;
        let is_closed = Arc::new(AtomicBool::new(false));
        let (app, closed) = (app.clone(), Arc::clone(&is_closed));
        let accept = move || {
            for socket in listener.incoming() {
                if closed.load(Ordering::SeqCst) {
                    return;
                }
                let app = app.clone();
                if let Ok(socket) = socket {
                    let serve = move || serve(&app, socket);
                    if std::thread::Builder::new().name("command".into()).spawn(serve).is_err() {
                        tracing::error!("no thread for a command");
                    }
                }
            }
        };
        std::thread::Builder::new().name("commands".into()).spawn(accept).map_err(Error::internal)?;
        Ok(Self { path, is_closed })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for commands, so that it lets go of the shop.
        let _woken = UnixStream::connect(&self.path);
        let _gone = std::fs::remove_file(&self.path);
    }
}

fn serve(app: &App, socket: UnixStream) {
    let mut line = String::new();
    let Ok(reading) = socket.try_clone() else { return };
    let asked = BufReader::new(reading.take(REQUEST_MAX)).read_line(&mut line).ok();
    let Some(asked) = asked.and_then(|_| serde_json::from_str::<Asked>(&line).ok()) else { return };
    let Ok(writing) = socket.try_clone() else { return };
    let mut answer =
        Answer::for_another(Pieces(writing), asked.directory, asked.input).asked_by(socket.try_clone().ok());
    let done = match verb_of(asked.arguments) {
        Some(verb) if verb.place().is_ok() => {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| verb.on(app, &mut answer)))
                .unwrap_or_else(|_| Err(Error::internal("a command panicked")))
        }
        _ => Err(Error::invalid("usage", "The running server does not know this command.")),
    };
    let done = done.and_then(|exit| answer.finish().map(|()| exit));
    let end = match done {
        Ok(exit) => Piece::End { exit: exit as u8, complaint: String::new() },
        Err(error) => {
            Piece::End { exit: Exit::of(&error) as u8, complaint: super::answer::complaint(&error) }
        }
    };
    // The asker may be gone; then nobody misses the end.
    let _sent = send(&mut { socket }, &end);
}

fn send(socket: &mut UnixStream, piece: &Piece) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(piece)?;
    line.push(b'\n');
    socket.write_all(&line)
}

/// How far a command is that runs elsewhere, one text a call.
pub(super) struct Steps(pub(super) UnixStream);

impl Write for Steps {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        send(&mut self.0, &Piece::Step(String::from_utf8_lossy(bytes).into_owned()))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Standard output of a command that runs elsewhere.
struct Pieces(UnixStream);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        send(&mut self.0, &Piece::Out(bytes.to_vec()))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
