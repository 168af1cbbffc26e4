//! The journal leaves the house: packed beside the backups every two seconds, and from there copied to the other places.
//!
//! One thread packs, and one a place copies, so that a place that does not answer keeps neither the shop nor the other
//! place waiting. Nothing of it holds up a write: what is packed was durable before.

use crate::app::App;
use crate::base::error::{Error, Result};
use crate::base::time::Timestamp;
use crate::outbound::target::Target;
use crate::shop::desk::backups::{Office, Place};
use crate::store::backup::shipping::{Packed, Packer, PartFile, Roll, folder_of, head_of};
use crate::workers::backups::know_bases;
use crate::workers::places;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// At most so much is not yet beside the backups.
const PACK_EVERY: Duration = Duration::from_secs(2);
/// A place is brought up to date so often.
const SEND_EVERY: Duration = Duration::from_millis(500);
/// What is at a place is held against the notes so often; a storage takes money for it.
const COMPARE_FOLDER: Duration = Duration::from_secs(5);
const COMPARE_STORAGE: Duration = Duration::from_secs(300);
/// What is left to be sent when the program ends gets so long.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// Pauses between attempts that fail.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// The threads that ship, while the shop is served. They end when this is dropped, and ship what there is before.
#[derive(Default)]
pub struct Shipping {
    packer: Option<(Bell, JoinHandle<()>)>,
    senders: Vec<(Bell, JoinHandle<()>)>,
}

/// Tells a thread to end.
#[derive(Clone, Default)]
struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    fn ring(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }
    /// Waits; true when it was rung.
    fn wait(&self, time: Duration) -> bool {
        let rung = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(rung, time, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Starts shipping, where the settings say so.
pub fn start(app: &App) -> Shipping {
    let mut shipping = Shipping::default();
    let targets = app.settings.backup.targets().unwrap_or_else(|error| {
        tracing::error!("the journal is copied nowhere: {}", error.message);
        Vec::new()
    });
    if !app.settings.backup.ships() {
        if let Some(target) = targets.first() {
            let off = if app.settings.backup.enabled { "backup.journal" } else { "backup.enabled" };
            let only = if app.settings.backup.enabled { "only whole backups are" } else { "nothing is" };
            let text = format!("{off} is off, so {only} copied to {}.", target.name());
            tracing::warn!("{text}");
            app.office.with_away(|away| away.off = Some(text));
        }
        return shipping;
    }
    app.office.with_away(|away| {
        away.runs = true;
        let place = |target: &Target| Place { name: target.name().to_owned(), ..Place::default() };
        away.places = targets.iter().map(place).collect();
    });
    let (own, bell) = (app.clone(), Bell::default());
    let rung = bell.clone();
    let spawn = std::thread::Builder::new().name("packer".into());
    shipping.packer = spawn.spawn(move || pack(&own, &rung)).ok().map(|thread| (bell, thread));
    for target in targets {
        let (own, bell) = (app.clone(), Bell::default());
        let rung = bell.clone();
        let spawn = std::thread::Builder::new().name("shipper".into());
        let thread = spawn.spawn(move || Sender::new(own, target).run(&rung)).ok();
        shipping.senders.extend(thread.map(|thread| (bell, thread)));
    }
    if shipping.packer.is_none() {
        tracing::error!("the journal cannot be shipped: no thread could be started");
    }
    shipping
}

impl Drop for Shipping {
    fn drop(&mut self) {
        // First what is left is packed, then it is sent.
        if let Some((bell, thread)) = self.packer.take() {
            bell.ring();
            if thread.join().is_err() {
                tracing::error!("a thread that ships the journal ended by a panic");
            }
        }
        let senders = std::mem::take(&mut self.senders);
        senders.iter().for_each(|(bell, _)| bell.ring());
        let until = Instant::now() + GRACE;
        for (_, thread) in senders {
            end_by(thread, until, "a place that the journal is copied to");
        }
    }
}

/// Waits for a thread that talks with another machine, but not for a machine that does not answer: what was not sent is sent
/// after the next start.
pub(super) fn end_by(thread: JoinHandle<()>, until: Instant, what: &str) {
    while !thread.is_finished() {
        if Instant::now() >= until {
            tracing::warn!("{what} does not answer; it is not waited for");
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if thread.join().is_err() {
        tracing::error!("{what}: its thread ended by a panic");
    }
}

fn pack(app: &App, bell: &Bell) {
    let reserve = app.settings.store.reserve();
    let mut packer = Packer::new(&app.store, &app.dir, reserve, app.settings.backup.key());
    let (mut has_failed, mut had_base) = (false, true);
    let (begun, delay) = (Instant::now(), base_may_wait(app));
    loop {
        let is_last = bell.wait(PACK_EVERY);
        let packed = catch_unwind(AssertUnwindSafe(|| packer.pack(&app.store, is_last)));
        let packed = packed.unwrap_or_else(|_| {
            packer = Packer::new(&app.store, &app.dir, reserve, app.settings.backup.key());
            Err(Error::internal("packing the journal panicked"))
        });
        if let Err(error) = &packed
            && !has_failed
        {
            tracing::error!("the journal is not shipped: {} {}", error.message, error.cause_chain());
        }
        has_failed = packed.is_err();
        app.office.with_away(|away| match packed {
            Ok(packed) => (away.packed, away.error) = (packed, None),
            Err(error) => away.error = Some(error.message.into_owned()),
        });
        if is_last {
            return;
        }
        // A row that begins anew is of use from a backup on.
        let has_base = begun.elapsed() < delay || !app.office.needs_base();
        if had_base && !has_base {
            app.office.ring();
        }
        had_base = has_base;
    }
}

/// How long a backup for a new row may wait after the start. Where there is another place nothing leaves the machine before
/// that backup, so a new shop, and one that was restored, makes it at once.
fn base_may_wait(app: &App) -> Duration {
    let is_away = app.office.with_away(|away| !away.places.is_empty());
    if is_away { Duration::ZERO } else { Duration::from_secs(app.settings.backup.delay_seconds.into()) }
}

/// What is at a place, noted beside the parts: so that a restart sends nothing twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    to: String,
    /// First and last record of the row of each journal.
    rows: BTreeMap<String, (u64, u64)>,
}

/// Copies parts to one place.
struct Sender {
    app: App,
    target: Target,
    roll: Roll,
    note: Note,
    file: PathBuf,
    /// How far it was when the place was up to date the last time.
    seen: Option<Packed>,
    /// Earlier journals do not grow any more.
    has_sent_others: bool,
    /// When the place was last held against the notes.
    compared: Option<Instant>,
}

impl Sender {
    fn new(app: App, target: Target) -> Self {
        let roll = Roll::of(app.shelf().dir());
        let kind = if target.is_folder() { "directory" } else { "storage" };
        let file = roll.dir().join(format!("{kind}.sent"));
        let note = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Note>(&bytes).ok());
        let note = note.filter(|note| note.to == target.name());
        let note = note.unwrap_or_else(|| Note { to: target.name().to_owned(), ..Note::default() });
        Self { app, target, roll, note, file, seen: None, has_sent_others: false, compared: None }
    }
    fn run(mut self, bell: &Bell) {
        let mut pause = SEND_EVERY;
        loop {
            let is_last = bell.wait(pause);
            let sent = catch_unwind(AssertUnwindSafe(|| self.send(&|| bell.wait(Duration::ZERO))));
            let sent = sent.unwrap_or_else(|_| Err(Error::internal("shipping the journal panicked")));
            let failed = sent.as_ref().err().map(|error| error.message.clone().into_owned());
            pause = match &failed {
                None => SEND_EVERY,
                Some(_) if pause < RETRY_MIN => RETRY_MIN,
                Some(_) => (pause * 2).min(RETRY_MAX),
            };
            self.tell(|place| {
                if failed.is_some() && place.error.is_none() {
                    tracing::error!("the journal is not shipped: {}", failed.as_deref().unwrap_or_default());
                }
                place.error = failed;
            });
            if is_last {
                return;
            }
        }
    }
    fn tell(&self, change: impl FnOnce(&mut Place)) {
        self.app.office.with_away(|away| {
            if let Some(place) = away.places.iter_mut().find(|place| place.name == self.target.name()) {
                change(place);
            }
        });
    }
    /// Sends all parts that are not there yet. It stops where it is told to, and still sends the newest journal then.
    fn send(&mut self, is_over: &dyn Fn() -> bool) -> Result<()> {
        // Before looking what there is: what is written later is not meant.
        let now = self.app.store.clock().now();
        let mark = self.app.store.journal_mark();
        let office = self.app.office.clone();
        let Some(packed) = office.with_away(|away| away.packed) else { return Ok(()) };
        places::require_mounted(&self.app, &self.target)?;
        places::require_key(&self.app)?;
        self.agree(packed.mark.life)?;
        self.compare(packed.mark.life, &office)?;
        if self.seen != Some(packed) {
            let newest = self.send_row(packed.mark.life, packed.row_begins, &office)?;
            if newest.is_some() && !self.has_sent_others && !is_over() {
                self.send_others(packed.mark.life, &office)?;
                self.has_sent_others = true;
            }
            self.seen = newest.map(|()| packed);
        }
        let Some(&(from, last)) = self.note.rows.get(&folder_of(packed.mark.life)) else { return Ok(()) };
        let is_whole = mark.life == packed.mark.life && last >= mark.number;
        self.tell(|place| {
            (place.life, place.from, place.last) = (packed.mark.life, from, last);
            if is_whole {
                place.whole_until = Some(now);
            }
        });
        Ok(())
    }
    /// Asks once whether the place holds nothing of a journal that this shop does not have; where parts are cut otherwise here
    /// than there, they are sent again from there on.
    fn agree(&mut self, life: [u8; 16]) -> Result<()> {
        let before = self.app.office.with_away(|away| away.agreed.len());
        let again = places::require_agreement(&self.app, &self.target, life)?;
        if self.app.office.with_away(|away| away.agreed.len()) > before {
            // Backups wait for that.
            self.app.office.ring();
        }
        if let Some(first) = again
            && let Some((_, last)) = self.note.rows.get_mut(&folder_of(life))
        {
            *last = (*last).min(first - 1);
            self.seen = None;
        }
        Ok(())
    }
    /// Holds the place against the notes, now and then: what is missing there is sent again.
    fn compare(&mut self, life: [u8; 16], office: &Office) -> Result<()> {
        let every = if self.target.is_folder() { COMPARE_FOLDER } else { COMPARE_STORAGE };
        if self.compared.is_some_and(|at| at.elapsed() < every) {
            return Ok(());
        }
        if let Some(&(from, last)) = self.note.rows.get(&folder_of(life)).filter(|(from, last)| last >= from)
        {
            // A storage may have rules that remove what is old: what the newest backup there needs is in no such rule.
            let needed =
                if self.target.is_folder() { from } else { self.newest_base(life, office).unwrap_or(from) };
            let parts = self.roll.parts(life)?;
            let begins = parts.iter().rposition(|part| part.first <= needed).unwrap_or(0);
            let sent = parts.into_iter().skip(begins).filter(|part| part.first <= last).collect();
            let missing = places::missing(&self.target, life, sent)?;
            if !missing.is_empty() {
                tracing::warn!(
                    count = missing.len(),
                    "{} has lost parts of the journal; they are sent again",
                    self.target.name()
                );
                self.tell(|place| place.whole_until = None);
                for part in missing.iter().rev() {
                    self.send_part(part, 0)?;
                }
                self.seen = None;
            }
        }
        let warning = places::strangers(&self.app, &self.target)?;
        self.tell(|place| {
            if let Some(text) = warning.as_ref().filter(|text| place.warning.as_ref() != Some(*text)) {
                tracing::error!("{text}");
            }
            place.warning = warning;
        });
        if places::forget_missing(&self.app, &self.target)? {
            know_bases(&self.app, office)?;
            office.ring();
        }
        self.compared = Some(Instant::now());
        Ok(())
    }
    /// The change behind the newest backup of a journal that is at the place.
    fn newest_base(&self, life: [u8; 16], office: &Office) -> Option<u64> {
        let name = self.target.name();
        office.with_away(|away| {
            let there = away.bases.iter().filter(|base| base.places.iter().any(|place| place == name));
            there.filter(|base| base.mark.life == life).map(|base| base.mark.number + 1).max()
        })
    }
    /// Sends what is missing of a journal; none when there is no backup yet for which it would be of use.
    fn send_row(&mut self, life: [u8; 16], begins: u64, office: &Office) -> Result<Option<()>> {
        let key = folder_of(life);
        let known = self.note.rows.get(&key).copied().filter(|(_, last)| last + 1 >= begins);
        let base = office.with_away(|away| {
            let of_life = away.bases.iter().filter(|base| base.mark.life == life);
            of_life.map(|base| base.mark.number + 1).filter(|next| *next >= begins).max()
        });
        // Where there is nothing yet, from the newest backup on.
        let Some((from, mut last)) = known.or_else(|| base.map(|next| (next, next - 1))) else {
            return Ok(None);
        };
        let parts = self.roll.parts(life)?;
        let ends: Vec<Option<u64>> =
            (1..=parts.len()).map(|next| parts.get(next).map(|part| part.first)).collect();
        for (part, next) in parts.iter().zip(ends) {
            if next.is_some_and(|next| next <= last + 1) {
                continue;
            }
            let Some((until, at)) = self.send_part(part, last)? else { continue };
            last = until;
            self.note.rows.insert(key.clone(), (from, last));
            if begins > 0 {
                self.tell(|place| {
                    (place.life, place.from, place.last) = (life, from, last);
                    place.whole_until = place.whole_until.max(Some(at));
                });
            }
        }
        self.note.rows.insert(key, (from, last));
        let note = serde_json::to_vec(&self.note).map_err(Error::internal)?;
        std::fs::write(&self.file, note).map_err(Error::internal)?;
        Ok(Some(()))
    }
    /// Sends a part when it goes further than `last`; gives how far, and when its last record was written.
    fn send_part(&self, part: &PartFile, last: u64) -> Result<Option<(u64, Timestamp)>> {
        let bytes = match std::fs::read(&part.path) {
            Ok(bytes) => bytes,
            // Removed meanwhile, with the backup that needed it.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::internal(e)),
        };
        let head = head_of(&bytes)?;
        if head.last <= last {
            return Ok(None);
        }
        self.target.put_bytes(&part.name, &bytes)?;
        Ok(Some((head.last, head.to)))
    }
    /// The ends of earlier journals, where they were not all sent.
    fn send_others(&mut self, current: [u8; 16], office: &Office) -> Result<()> {
        for life in self.roll.lives()?.into_iter().filter(|life| *life != current) {
            match self.agree(life) {
                Ok(()) => drop(self.send_row(life, 0, office)?),
                // What is there of an earlier journal is left to whoever may want it back.
                Err(error) if error.code == "copies_ahead" => tracing::warn!("{}", error.message),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
