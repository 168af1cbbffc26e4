//! The page of backups: which there are, which of them were restored on trial, how old the newest proved one is;
//! make one now, prove one now, take one home.

mod away;
mod office;
mod schedule;

pub use away::{Away, Base, Copies, PROMISED_MS, Place};
pub use office::{Call, Office, State, Told, Wish};
pub use schedule::{BackupWork, plan};

use crate::access::{Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::base::time::{DAY_MS, HOUR_MS, Timestamp};
use crate::store::backup::Kept;
use crate::store::{Actor, Event, Store, Subject};
use crate::web::download::{attachment, streamed};
use crate::web::edge::is_head;
use crate::web::parts::{Badge, Fill, Tone};
use crate::web::routing;
use crate::web::{Fields, Page, Pages, Shell, Toast, see_other};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use std::io::Write as _;
use std::path::Path;

const PATH: &str = "/admin/backups";
/// Without a proved backup of this age something is wrong: one is due every day.
const OLD_MS: i64 = 26 * HOUR_MS;
/// The same for supervisors, who are not to be woken by one bad night.
const STALE_MS: i64 = 8 * DAY_MS;

crate::id!(
    /// A backup that was taken home: `bak_…`.
    BackupId, "bak"
);

/// Every kind of event of this part with a sentence for the documentation.
pub const EVENTS: &[(&str, &str)] =
    &[("backup.downloaded", "A backup, which holds everything, left the house: which, by whom.")];

/// The routes.
pub fn routes(config: &mut routing::Routes) {
    config
        .service(routing::resource(PATH).route(routing::get().to(list)).route(routing::post().to(make)))
        .service(routing::resource("/admin/backups/{file}").route(routing::get().to(download)))
        .service(routing::resource("/admin/backups/{file}/verify").route(routing::post().to(verify)));
}

/// How fresh the newest proved backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Since the newest backup that is known to be good was made; since the shop was, where there is none.
    pub age_ms: i64,
    pub is_any: bool,
    pub is_old: bool,
    pub is_stale: bool,
}

/// # Errors
/// Faults of the store only.
pub fn freshness(office: &Office, store: &Store, now: Timestamp) -> Result<Freshness> {
    let newest = office.shelf().last_verified(now);
    let since = newest.map_or_else(|| store.created_at(), Ok)?;
    let age_ms = now.since_ms(since).max(0);
    Ok(Freshness { age_ms, is_any: newest.is_some(), is_old: age_ms > OLD_MS, is_stale: age_ms > STALE_MS })
}

/// The page.
#[derive(Debug, Serialize)]
struct ListPage {
    rows: Vec<Row>,
    state: State,
    /// What is being done, in words.
    doing: Option<String>,
    /// How long ago the newest proved one was made.
    proved_at: Option<Timestamp>,
    is_old: bool,
    /// How much would be lost with this machine.
    is_safe: bool,
    loss: String,
    /// The journal that is kept beside the backups: up to which change, written when.
    journal: Option<Journal>,
    folder: String,
    /// They are copied to another place by themselves.
    is_copied: bool,
}

/// How far the journal is.
#[derive(Debug, Serialize)]
struct Journal {
    change: u64,
    at: Timestamp,
    places: Vec<Sent>,
    error: Option<String>,
}

/// How far it is in another place.
#[derive(Debug, Serialize)]
struct Sent {
    name: String,
    until: Option<Timestamp>,
    error: Option<String>,
    warning: Option<String>,
}

impl Journal {
    fn of(away: &Away) -> Option<Self> {
        let packed = away.packed.filter(|_| away.runs)?;
        let sent = |place: &Place| Sent {
            name: place.name.clone(),
            until: away.safe_at(place),
            error: place.error.clone(),
            warning: place.warning.clone(),
        };
        Some(Self {
            change: packed.mark.number,
            at: packed.at,
            places: away.places.iter().map(sent).collect(),
            error: away.error.clone(),
        })
    }
}

/// A backup.
#[derive(Debug, Serialize)]
struct Row {
    kept: Kept,
    badge: Badge,
}

impl Row {
    fn of(kept: Kept) -> Self {
        let badge = match kept.verified_at {
            Some(_) => Badge::new("Restored on trial", Tone::Ok, Fill::Full),
            None => Badge::new("Not tried yet", Tone::Still, Fill::Empty),
        };
        Self { kept, badge }
    }
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "desk/backups.html";
    #[cfg(test)]
    fn sample() -> Self {
        let kept = Kept {
            file: "backroom-20261127T193000Z-000123.brb".into(),
            bytes: 14_200_000,
            at: Timestamp(1_790_000_000_000),
            seq: 123,
            verified_at: Some(Timestamp(1_790_000_100_000)),
            copied: None,
            filed: None,
        };
        let said = Told { at: Timestamp(0), is_good: false, text: "<script>alert(1)</script>".into() };
        Self {
            rows: vec![Row::of(kept.clone()), Row::of(Kept { verified_at: None, ..kept })],
            state: State { runs: true, said: Some(said), ..State::default() },
            doing: Some("A backup is being made.".into()),
            proved_at: Some(Timestamp(1_790_000_100_000)),
            is_old: true,
            is_safe: false,
            loss: "If this machine burnt now, everything would be lost.".into(),
            journal: Some(Journal {
                change: 4_711,
                at: Timestamp(1_790_000_100_000),
                places: vec![Sent {
                    name: "/mnt/backups".into(),
                    until: Some(Timestamp(1_790_000_100_000)),
                    error: Some("The copy to /mnt/backups failed.".into()),
                    warning: Some("/mnt/backups holds a backup that was not made here.".into()),
                }],
                error: None,
            }),
            folder: "/var/lib/backroom/backups".into(),
            is_copied: true,
        }
    }
}

/// `GET /admin/backups`
async fn list(
    _staff: Staff<may::ManageBackups>,
    shell: Shell,
    pages: web::Data<Pages>,
    (store, office): (web::Data<Store>, web::Data<Office>),
) -> Result<HttpResponse> {
    let state = office.state();
    // What waits is taken up in a moment: to who asked for it, it has begun.
    let doing = state.doing.as_ref().or(state.waiting.front()).map(|wish| match wish {
        Wish::Make => "A backup is being made.".to_owned(),
        Wish::Try(file) => format!("{file} is being restored on trial."),
    });
    let away = office.away();
    let (is_safe, loss) = away.loss(shell.now, &|at| told(at, &shell));
    let page = ListPage {
        is_safe,
        loss,
        journal: Journal::of(&away),
        is_copied: !away.places.is_empty(),
        rows: office.shelf().list()?.into_iter().map(Row::of).collect(),
        doing,
        proved_at: office.shelf().last_verified(shell.now),
        is_old: freshness(&office, &store, shell.now)?.is_old,
        folder: office.shelf().dir().display().to_string(),
        state,
    };
    pages.show(&shell, &page)
}

/// A moment in the viewer's zone, to the second.
fn told(at: Timestamp, shell: &Shell) -> String {
    at.in_zone(&shell.zone()).strftime("%-d %B %Y, %H:%M:%S").to_string()
}

/// `POST /admin/backups`
async fn make(
    _staff: Staff<may::ManageBackups>,
    office: web::Data<Office>,
    _fields: Fields,
) -> Result<HttpResponse> {
    wished(&office, Wish::Make, "The backup is being made.")
}

/// `POST /admin/backups/{file}/verify`: the drill.
async fn verify(
    _staff: Staff<may::ManageBackups>,
    office: web::Data<Office>,
    file: routing::Path<String>,
    _fields: Fields,
) -> Result<HttpResponse> {
    let kept = find(&office, &file)?;
    wished(&office, Wish::Try(kept.file), "The backup is being restored on trial.")
}

fn wished(office: &Office, wish: Wish, text: &str) -> Result<HttpResponse> {
    if office.wish(wish) {
        return see_other(PATH, Some(Toast::ok(text)));
    }
    let text = "This program makes no backups now, or too much of it waits. Use `backroom backup`.";
    Err(Error::refuse(Kind::Conflict, "no_backups_now", text))
}

/// Only what stands on the shelf: a name with a path in it is no name.
fn find(office: &Office, file: &str) -> Result<Kept> {
    let all = office.shelf().list()?;
    all.into_iter()
        .find(|kept| kept.file == file)
        .ok_or_else(|| Error::refuse(Kind::NotFound, "no_backup", "This backup is not there any more."))
}

/// That a backup left the house.
#[derive(Debug, Serialize)]
struct Downloaded<'a> {
    file: &'a str,
    bytes: u64,
}

impl Event for Downloaded<'_> {
    fn kind(&self) -> &'static str {
        "backup.downloaded"
    }
}

/// `GET /admin/backups/{file}`
async fn download(
    staff: Staff<may::ManageBackups>,
    request: HttpRequest,
    (store, office): (web::Data<Store>, web::Data<Office>),
    file: routing::Path<String>,
) -> Result<HttpResponse> {
    let kept = find(&office, &file)?;
    let path = office.shelf().dir().join(Path::new(&kept.file));
    let mut source = std::fs::File::open(&path).map_err(Error::internal)?;
    let mut answer = attachment("application/octet-stream", &kept.file);
    // It is packed already.
    answer.insert_header((header::CONTENT_ENCODING, "identity"));
    if is_head(&request) {
        // Nothing leaves the house.
        return Ok(answer.body(actix_web::body::None::new()));
    }
    note(&store, staff.actor(), &kept).await?;
    let (mut pieces, answer) = streamed(answer);
    let send = move || {
        let mut piece = vec![0; 64 * 1024];
        loop {
            match std::io::Read::read(&mut source, &mut piece) {
                Ok(0) => return,
                Ok(read) => {
                    if pieces.write_all(piece.get(..read).unwrap_or_default()).is_err() {
                        return;
                    }
                }
                Err(_) => return pieces.fail(),
            }
        }
    };
    std::thread::Builder::new().name("download".into()).spawn(send).map_err(Error::internal)?;
    Ok(answer)
}

async fn note(store: &Store, actor: Actor, kept: &Kept) -> Result<()> {
    let (file, bytes) = (kept.file.clone(), kept.bytes);
    store
        .write(actor, move |tx| {
            let id: BackupId = tx.new_id();
            tx.publish(Subject::of(&id), &Downloaded { file: &file, bytes }).map(|_seq| ())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::testing::renders;

    #[test]
    fn the_page_renders_and_escapes() {
        let html = renders::<ListPage>().replace("&#x2f;", "/");
        for text in ["Back up now", "Restored on trial", "/verify", "A backup is being made."] {
            assert!(html.contains(text), "{text}: {html}");
        }
        assert!(!html.contains("<script>alert"));
    }
}
