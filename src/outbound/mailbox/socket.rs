//! The bytes to the server and back, in the open or encrypted, each step with its time and all of them together with theirs.

use rustls::{ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A connection that ends at a moment, whatever the other side does: a server that sends a byte a second is not waited for.
pub(super) struct Socket {
    stream: TcpStream,
    patience: Duration,
    until: Instant,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, patience: Duration, until: Instant) -> Self {
        Self { stream, patience, until }
    }
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now()).min(self.patience);
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(into)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// How the server is spoken to.
pub(super) enum Line {
    Open(Socket),
    Sealed(Box<StreamOwned<ClientConnection, Socket>>),
}

impl Read for Line {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(socket) => socket.read(into),
            Self::Sealed(stream) => stream.read(into),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(socket) => socket.write(bytes),
            Self::Sealed(stream) => stream.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(socket) => socket.flush(),
            Self::Sealed(stream) => stream.flush(),
        }
    }
}
