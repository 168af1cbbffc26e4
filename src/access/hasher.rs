//! The one thread that hashes passwords: a flood of sign-ins costs one core and 20 MB, and nobody else's time.

use crate::access::password::{self, Memory, Password, Verdict};
use crate::base::error::{Error, Result};
use crate::base::priority::stand_back;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Passwords that wait or are being hashed, at most. At some 35 ms each the last one waits half a second.
const QUEUE: usize = 16;
/// After this long without work the memory is given back.
const IDLE: Duration = Duration::from_secs(30);

type Work = Box<dyn FnOnce(&mut Memory) + Send>;

/// The way to the hashing thread. Cheap to clone; the thread ends with the last clone.
#[derive(Clone)]
pub struct Hasher {
    work: Sender<Work>,
    places: Arc<Semaphore>,
}

/// A place in the queue, taken before anything else is done for a sign-in.
pub struct Place {
    work: Sender<Work>,
    held: OwnedSemaphorePermit,
}

impl Hasher {
    /// Starts the thread.
    ///
    /// # Errors
    /// `Internal` when the system gives no thread.
    pub fn start() -> Result<Self> {
        let (work, waiting) = channel::<Work>();
        std::thread::Builder::new()
            .name("passwords".to_owned())
            .spawn(move || run(&waiting))
            .map_err(Error::internal)?;
        Ok(Self { work, places: Arc::new(Semaphore::new(QUEUE)) })
    }

    /// Takes a place in the queue.
    ///
    /// # Errors
    /// `sign_in_busy` (503) when sixteen are waiting.
    pub fn place(&self) -> Result<Place> {
        let held = Arc::clone(&self.places).try_acquire_owned().map_err(|e| {
            let text = "Many people are signing in right now. Try again in a moment.";
            Error::unavailable("sign_in_busy", text, 2).because(e)
        })?;
        Ok(Place { work: self.work.clone(), held })
    }

    /// Checks a new password against the policy and hashes it.
    ///
    /// # Errors
    /// As [`Password::check`] and [`Hasher::place`].
    pub async fn hash(&self, password: Password, words: Vec<String>) -> Result<String> {
        receive(self.place()?.send(move |memory| set(&password, &words, memory))?).await
    }
    /// Hashes a password that was accepted before, at today's cost.
    ///
    /// # Errors
    /// As [`Hasher::place`].
    pub async fn rehash(&self, password: Password) -> Result<String> {
        receive(self.place()?.send(move |memory| password::hash(&password, memory))?).await
    }
    /// Like [`Hasher::hash`], from a plain thread such as the command line.
    ///
    /// # Errors
    /// As [`Hasher::hash`].
    pub fn hash_blocking(&self, password: Password, words: Vec<String>) -> Result<String> {
        // Not tokio's: it refuses to wait on threads that also run tasks, as the thread of a test does.
        let (answer, receiver) = sync_channel(1);
        self.place()?.run(move |memory| {
            let _nobody_waits = answer.send(set(&password, &words, memory));
        })?;
        receiver.recv().map_err(Error::internal)?
    }
}

impl Place {
    /// Compares a password with a stored hash, or with none at the same cost.
    ///
    /// # Errors
    /// `Internal` when the stored hash is damaged.
    pub async fn verify(self, password: Password, stored: Option<String>) -> Result<Verdict> {
        receive(self.send(move |memory| password::verify(&password, stored.as_deref(), memory))?).await
    }

    fn send<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Memory) -> Result<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T>>> {
        let (answer, receiver) = oneshot::channel();
        self.run(move |memory| {
            let _nobody_waits = answer.send(work(memory));
        })?;
        Ok(receiver)
    }

    fn run(self, work: impl FnOnce(&mut Memory) + Send + 'static) -> Result<()> {
        let held = self.held;
        let job: Work = Box::new(move |memory| {
            work(memory);
            drop(held);
        });
        self.work.send(job).map_err(|e| Error::internal(format!("the hashing thread has ended: {e}")))
    }
}

async fn receive<T>(answer: oneshot::Receiver<Result<T>>) -> Result<T> {
    answer.await.map_err(Error::internal)?
}

fn set(password: &Password, words: &[String], memory: &mut Memory) -> Result<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    password.check(&words)?;
    password::hash(password, memory)
}

/// How far the thread stands back behind those that answer: a sign-in takes long anyhow, and its attempts come in floods.
const NICE: i32 = 5;

fn run(waiting: &Receiver<Work>) {
    stand_back(NICE);
    let mut memory = Memory::default();
    loop {
        let next = if memory.is_held() {
            waiting.recv_timeout(IDLE)
        } else {
            waiting.recv().map_err(|_cause| RecvTimeoutError::Disconnected)
        };
        match next {
            // A panic inside must not end the thread that everybody signs in through.
            Ok(work) => {
                let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut memory)));
                if ran.is_err() {
                    tracing::error!("hashing a password panicked");
                    memory.release();
                }
            }
            Err(RecvTimeoutError::Timeout) => memory.release(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_hashed_is_recognised_and_nothing_else() {
        let hasher = Hasher::start().unwrap();
        let right = Password::new("blue otter counts tin roofs").unwrap();
        let stored = hasher.hash(right.clone(), Vec::new()).await.unwrap();
        let verify = |p: Password, s: Option<String>| hasher.place().unwrap().verify(p, s);
        assert!(verify(right.clone(), Some(stored.clone())).await.unwrap().right);
        assert!(!verify(Password::new("other").unwrap(), Some(stored)).await.unwrap().right);
        assert!(!verify(right, None).await.unwrap().right);
        let weak = hasher.hash(Password::new("passwordpassword1").unwrap(), Vec::new()).await;
        assert_eq!(weak.unwrap_err().code, "password_too_weak");
    }

    #[tokio::test]
    async fn the_seventeenth_in_the_queue_is_sent_away_and_comes_in_later() {
        let hasher = Hasher::start().unwrap();
        let mut places: Vec<Place> = (0..QUEUE).map(|_| hasher.place().unwrap()).collect();
        let error = hasher.place().err().unwrap();
        assert_eq!((error.code, error.retry_after_s), ("sign_in_busy", Some(2)));
        let one = places.pop().unwrap();
        one.verify(Password::new("x").unwrap(), None).await.unwrap();
        // The place is free once the answer is out; the thread needs a moment for that.
        while hasher.places.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(hasher.place().is_ok());
    }

    #[tokio::test]
    async fn a_panic_does_not_end_the_thread() {
        let hasher = Hasher::start().unwrap();
        let broken = hasher.place().unwrap().send(|_| -> Result<()> { panic!("broken") }).unwrap();
        assert!(receive(broken).await.is_err());
        assert!(hasher.place().unwrap().verify(Password::new("x").unwrap(), None).await.is_ok());
    }
}
