//! The loop that checks and writes imports, one at a time, oldest first. What a killed program left in the middle is
//! taken up again: every record is known by its outside id, so nothing is written twice.

use super::model::{Asked, Import, ImportId, Outcome, SentFile, State};
use super::ops;
use crate::access::Shop;
use crate::base::error::{Error, Kind as Refusal, Result};
use crate::base::id::{Id, uuid_v7};
use crate::base::money::Currency;
use crate::base::time::{DAY_MS, Timestamp};
use crate::search::Search;
use crate::shop::transfer::input::Input;
use crate::shop::transfer::intake::{self, Source};
use crate::shop::transfer::landing::{Landed, Landing, OnError};
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::own_kind;
use crate::shop::transfer::resumed::{self, Run};
use crate::shop::transfer::sheet::Sheet;
use crate::shop::transfer::workbook_in::{self, Unpacked};
use crate::store::{Actor, ActorKind, Store};
use crate::web::upload::UploadedFile;
use std::fs::{self, File};
use std::io::BufWriter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is said where a mapping was given, and not what the files hold.
pub(super) const KIND_NEEDED: &str =
    "Choose what the files hold: the mapping was taken, and does not say it.";
/// The loop looks for work at least so often, and so long after a fault of the store.
const LOOK: Duration = Duration::from_secs(60);
const AFTER_A_FAULT: Duration = Duration::from_secs(1);
/// Uploaded files and the list entry of an import that rests so long are removed.
const KEPT_MS: i64 = 30 * DAY_MS;
/// Imports removed at one look.
const EXPIRE_MAX: usize = 4;
/// More imports than anybody looks through.
const LISTED_MAX: usize = 500;
const REFUSED: &str = "refused.csv";

/// Where the import is that is being worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read, of all that have to be read.
    pub done: u64,
    pub all: u64,
    pub landed: Landed,
}

/// The imports of this shop: their folders and their loop. Cheap to clone.
#[derive(Clone)]
pub struct Imports(Arc<Inner>);

struct Inner {
    store: Store,
    search: Search,
    shop: Arc<Shop>,
    /// A folder for each import, named by its id.
    folder: PathBuf,
    /// Where uploads are until they are whole.
    arrivals: PathBuf,
    /// Bytes of all files of one import together.
    upload_max: u64,
    now: Mutex<Now>,
    changed: Condvar,
}

#[derive(Default)]
struct Now {
    at: Option<(ImportId, Progress)>,
    has_work: bool,
    is_closed: bool,
}

/// The answer of an import whose loop was told to end: it goes on at the next start.
const INTERRUPTED: &str = "interrupted";

impl Imports {
    /// `folder` and `arrivals` are on the same file system; what a killed program left in `arrivals` is removed.
    ///
    /// # Errors
    /// `Internal` when the folders cannot be made.
    pub fn new(
        store: Store,
        search: Search,
        shop: Arc<Shop>,
        folder: PathBuf,
        arrivals: PathBuf,
        upload_max: u64,
    ) -> Result<Self> {
        if arrivals.exists() {
            fs::remove_dir_all(&arrivals).map_err(Error::internal)?;
        }
        for path in [&folder, &arrivals] {
            fs::create_dir_all(path).map_err(Error::internal)?;
        }
        let inner = Inner {
            store,
            search,
            shop,
            folder,
            arrivals,
            upload_max,
            now: Mutex::new(Now { has_work: true, ..Now::default() }),
            changed: Condvar::new(),
        };
        Ok(Self(Arc::new(inner)))
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        // Everything in it is valid at any moment, also after a panic of somebody else.
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// There is something new to do.
    pub fn wake(&self) {
        self.now().has_work = true;
        self.0.changed.notify_all();
    }
    /// Ends the loop; an import in the middle goes on at the next start.
    pub fn close(&self) {
        self.now().is_closed = true;
        self.0.changed.notify_all();
    }
    /// What amounts are in where files name no currency.
    pub fn currency(&self) -> Currency {
        self.0.shop.profile().currency
    }
    /// Bytes of all files of one import together, as `server.max_upload` says.
    pub fn upload_max(&self) -> u64 {
        self.0.upload_max
    }
    /// Where uploads are put while they arrive, and workbooks while they are read; emptied at the start.
    pub fn arrivals(&self) -> &Path {
        &self.0.arrivals
    }
    /// How far the import is, while it is being worked on.
    pub fn progress(&self, id: ImportId) -> Option<Progress> {
        self.now().at.filter(|(at, _)| *at == id).map(|(_, progress)| progress)
    }

    /// Moves uploaded files into the folder of a new import.
    ///
    /// # Errors
    /// `Internal` when they cannot be moved; nothing is left then.
    pub fn take_in(&self, now: Timestamp, files: Vec<UploadedFile>) -> Result<(ImportId, Vec<SentFile>)> {
        let id = ImportId::from_bytes(uuid_v7(now.0, &rand::random()));
        let folder = self.folder_of(id);
        let moved = fs::create_dir(&folder).map_err(Error::internal).and_then(|()| {
            let mut sent = Vec::with_capacity(files.len());
            for (place, file) in files.into_iter().enumerate() {
                file.path.persist(folder.join(place.to_string())).map_err(Error::internal)?;
                sent.push(SentFile { name: file.name, bytes: file.bytes });
            }
            Ok(sent)
        });
        if moved.is_err() {
            self.forget_files(id);
        }
        Ok((id, moved?))
    }
    /// Deletes the files of an import.
    pub fn forget_files(&self, id: ImportId) {
        if let Err(error) = fs::remove_dir_all(self.folder_of(id))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%id, %error, "the files of an import could not be removed");
        }
    }
    fn folder_of(&self, id: ImportId) -> PathBuf {
        self.0.folder.join(id.to_string())
    }
    /// The file of refused rows; `None` before there is one.
    pub fn refused_rows(&self, id: ImportId) -> Option<PathBuf> {
        Some(self.folder_of(id).join(REFUSED)).filter(|path| path.is_file())
    }

    /// The loop. Ends when it is closed.
    pub fn run(&self) {
        self.sweep();
        while let Some(wait) = self.step() {
            let now = self.now();
            let idle = |now: &mut Now| !now.is_closed && !now.has_work;
            drop(self.0.changed.wait_timeout_while(now, wait, idle));
        }
    }

    /// Works on one import; gives how long to wait for the next, `None` when the loop is closed.
    fn step(&self) -> Option<Duration> {
        {
            let mut now = self.now();
            if now.is_closed {
                return None;
            }
            now.has_work = false;
        }
        let next = self.0.store.read(ops::next);
        let wait = match next {
            Ok(None) => {
                self.expire();
                return Some(LOOK);
            }
            Ok(Some((id, import))) => match self.work_on(id, &import) {
                Ok(()) => Duration::ZERO,
                Err(error) if error.code == INTERRUPTED => return None,
                Err(error) => {
                    tracing::error!(%id, error = %error.cause_chain(), "an import could not be worked on");
                    AFTER_A_FAULT
                }
            },
            Err(error) => {
                tracing::error!(error = %error.cause_chain(), "the imports could not be read");
                AFTER_A_FAULT
            }
        };
        self.now().at = None;
        Some(wait)
    }

    fn work_on(&self, id: ImportId, import: &Import) -> Result<()> {
        self.now().at = Some((id, Progress::default()));
        let work = || match import.state {
            State::Checking => self.check(id, import),
            _ => self.land(id, import),
        };
        // A file that finds a fault of ours ends its import and not the loop.
        let worked = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_said| {
            Err(Error::invalid(
                "import_failed",
                "The import met a fault of the program, which is in the log.",
            ))
        });
        match worked {
            // What the files or the rules refuse is an outcome; faults of the store are tried again.
            Err(error) if matches!(error.kind, Refusal::Invalid | Refusal::Conflict | Refusal::NotFound) => {
                let why =
                    error.fields.first().map_or_else(|| error.message.to_string(), |f| f.detail.clone());
                self.write(move |tx| ops::failed(tx, id, &why))
            }
            other => other,
        }
    }

    fn write(&self, op: impl Fn(&mut crate::store::Tx<'_>) -> Result<()> + Send + 'static) -> Result<()> {
        self.0.store.write_blocking(Actor::system("imports"), op)
    }

    /// The files as they are read.
    fn files(&self, id: ImportId, import: &Import) -> Result<Unpacked> {
        let folder = self.folder_of(id);
        let input = |(place, file): (usize, &SentFile)| {
            Input::path_named(&folder.join(place.to_string()), &file.name)
        };
        workbook_in::unpacked(import.files.iter().enumerate().map(input).collect(), self.arrivals())
    }

    fn check(&self, id: ImportId, import: &Import) -> Result<()> {
        let at_event = self.0.store.last_seq();
        let files = self.files(id, import)?;
        let (asked, recognised) = self.understood(&files.files, &import.asked)?;
        let (outcome, _) = self.read(id, &asked, &files, State::Checking, (OnError::Skip, None))?;
        self.write(move |tx| ops::checked(tx, id, &asked, recognised, (&outcome, at_event)))
    }

    fn land(&self, id: ImportId, import: &Import) -> Result<()> {
        let on_error = if import.stop_on_error { OnError::Stop } else { OnError::Skip };
        let files = self.files(id, import)?;
        // Since it was started nothing was written to it; what is older is of a start before.
        let run = Run { key: id.bytes(), since: import.changed_at };
        let how = (on_error, Some(run));
        let (outcome, stopped) = self.read(id, &import.asked, &files, State::Running, how)?;
        self.0.search.flush()?;
        self.write(move |tx| ops::ended(tx, id, &outcome, stopped.clone()))?;
        resumed::forget(&self.0.store, &Actor::system("imports"), run.key)
    }

    /// The choices with what the files say where nobody has chosen.
    fn understood(&self, files: &[Input], asked: &Asked) -> Result<(Asked, bool)> {
        let (mut kind, mut source) = (asked.kind()?, asked.source()?);
        let recognised = source.is_none();
        if kind.is_none() && matches!(source, Some(Source::Mapped(_))) {
            // Of a mapping nothing tells whether it reads orders or customers.
            return Err(Error::invalid("kind_needed", KIND_NEEDED).on("/what"));
        }
        if source.is_none() || kind.is_none() {
            let options = asked.choices().options(self.0.shop.zone(), self.0.shop.profile().currency)?;
            own_kind::refuse_lists(files, &options)?;
            let found = intake::recognise(files, &options, source.as_ref(), kind);
            if found.is_none() {
                // A file that cannot be opened, or is empty, says more than that it is not recognised.
                files.iter().try_for_each(|file| Sheet::open(file, &options)?.settled())?;
            }
            let unknown = || {
                let text = "These columns are like none of the formats. Choose where the files come from; for other CSV files give a mapping.";
                Error::invalid("format_unrecognised", text)
            };
            let (format, found_kind) = found.ok_or_else(unknown)?;
            kind = kind.or(Some(found_kind));
            source = source.or(Some(Source::Known(format)));
        }
        let mut asked = asked.clone();
        asked.what = kind.map_or("", Kind::word).to_owned();
        if let Some(Source::Known(format)) = source {
            asked.from = format.word().to_owned();
        }
        Ok((asked, recognised))
    }

    /// Reads all files and writes what they hold, or in the dry run says what it would write.
    fn read(
        &self,
        id: ImportId,
        asked: &Asked,
        files: &Unpacked,
        state: State,
        (on_error, run): (OnError, Option<Run>),
    ) -> Result<(Outcome, Option<String>)> {
        let inner = &self.0;
        let missing =
            || Error::invalid("format_unrecognised", "Choose what the files hold and where they come from.");
        let (kind, source) = (asked.kind()?.ok_or_else(missing)?, asked.source()?.ok_or_else(missing)?);
        let options = Options {
            now: Some(inner.store.clock().now()),
            ..asked.choices().options(inner.shop.zone(), inner.shop.profile().currency)?
        };
        let rows = refused_file(&self.folder_of(id))?;
        // A program that ends waits for nothing: the import goes no further than its next step.
        let has_room = || Ok(self.now().is_closed || inner.search.has_room()?);
        let mut goes_on =
            |done, all, landed: &Landed| self.goes_on(id, state, Progress { done, all, landed: *landed });
        let name = files.files.first().map_or("", Input::name);
        let actor = Actor::new(ActorKind::Import, id.to_string(), name);
        let mut landing = Landing::new(&inner.store, actor, &has_room, &mut goes_on)
            .dry(state == State::Checking)
            .on_error(on_error)
            .refused_to(Box::new(rows), self.arrivals());
        if let Some(run) = run {
            landing = landing.going_on(run);
        }
        let mut report = intake::read(kind, &source, &files.files, &options, &mut landing)?;
        report.assumptions.extend(files.left_out.iter().cloned());
        let ended = landing.finish()?;
        report.warnings.join(&ended.warnings);
        if self.now().is_closed {
            return Err(Error::unavailable(
                INTERRUPTED,
                "The program is ending; the import goes on at its next start.",
                60,
            ));
        }
        Ok((Outcome::of(&report, &ended), ended.stopped))
    }

    /// Notes how far it is; false when it is to end: the loop is closed, or somebody has stopped this import.
    fn goes_on(&self, id: ImportId, state: State, progress: Progress) -> bool {
        {
            let mut now = self.now();
            now.at = Some((id, progress));
            if now.is_closed {
                return false;
            }
        }
        // While the store cannot be read the import waits for its next write, which says what is wrong.
        self.0
            .store
            .read(|s| ops::get(s, id))
            .map_or_else(|e| e.kind != Refusal::NotFound, |i| i.state == state)
    }

    /// Removes what has rested long.
    fn expire(&self) {
        let now = self.0.store.clock().now();
        let runs = self.0.store.read(|s| resumed::rested(s, now.plus_ms(-resumed::RESTS_MS)));
        for run in runs.unwrap_or_default() {
            if let Err(error) = resumed::forget(&self.0.store, &Actor::system("imports"), run) {
                tracing::warn!(error = %error.cause_chain(), "what an import has done could not be forgotten");
            }
        }
        let old = |import: &Import| !import.state.is_open() && now.since_ms(import.changed_at) > KEPT_MS;
        let Ok(all) = self.0.store.read(|s| ops::oldest(s, LISTED_MAX)) else { return };
        // A clock that jumps ahead makes all of them old, and must not remove them in one go.
        for (id, _) in all.into_iter().filter(|(_, import)| old(import)).take(EXPIRE_MAX) {
            if self.write(move |tx| ops::remove(tx, id)).is_ok() {
                self.forget_files(id);
            }
        }
    }

    /// Removes folders without an import: those of an upload that a power cut ended.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.0.folder) else { return };
        for entry in entries.flatten() {
            let known = entry.file_name().to_str().and_then(|name| ImportId::parse(name).ok());
            let is_kept = known.is_none_or(|id| match self.0.store.read(|s| ops::get(s, id)) {
                Ok(_) => true,
                Err(error) => error.kind != Refusal::NotFound,
            });
            if let Some(id) = known.filter(|_| !is_kept) {
                self.forget_files(id);
            }
        }
    }
}

fn refused_file(folder: &Path) -> Result<BufWriter<File>> {
    File::create(folder.join(REFUSED)).map(BufWriter::new).map_err(Error::internal)
}
