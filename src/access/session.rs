//! Sessions: who is signed in where. Looked up with every request, so that an end is an end at once.

use crate::access::settings::Settings;
use crate::access::staff::StaffId;
use crate::access::token::TokenHash;
use crate::base::error::Result;
use crate::base::time::{DAY_MS, MINUTE_MS, Timestamp};
use crate::store::{Direction, Index, IndexInfo, IndexRow, Read, Record, Span, Table, TableInfo, Tx};
use minicbor::{Decode, Encode};

crate::id!(
    /// A session: `ses_…`. It names it in lists; only the token opens it.
    SessionId, "ses"
);

/// Sessions a person has at most; with one more the oldest ends.
const LIVE_MAX: usize = 50;
/// Dead sessions removed with each sign-in at most: their number falls as long as there are some, and while a clock is
/// years ahead not all of them are lost.
const TRIM_MAX: usize = 4;
/// The use of a session is written down at most so often.
const TOUCH_MS: i64 = MINUTE_MS;
/// An ended session is remembered so long: a form that was being written belongs to its account.
const REMEMBERED_MS: i64 = DAY_MS;
/// How long after its sign-in a session can still be remembered.
pub fn remembered_ms(settings: &Settings) -> i64 {
    settings.absolute_ms().saturating_add(settings.idle_ms()).saturating_add(REMEMBERED_MS)
}
/// Browsers of one person that are remembered.
const DEVICES_MAX: usize = 20;
/// How long a browser is remembered without a sign-in.
pub const DEVICE_MS: i64 = 400 * DAY_MS;

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Ending {
    #[n(0)]
    SignedOut,
    /// Ended from the list of sessions, by the person or by who manages staff.
    #[n(1)]
    Ended,
    #[n(2)]
    PasswordChanged,
    #[n(3)]
    RoleChanged,
    #[n(4)]
    Deactivated,
    /// The same browser signed in anew.
    #[n(5)]
    Replaced,
}

/// A session as the store keeps it, under the hash of its token.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Session {
    #[n(0)]
    pub id: SessionId,
    #[n(1)]
    pub staff: StaffId,
    #[n(2)]
    pub created_at: Timestamp,
    /// To the minute.
    #[n(3)]
    pub last_seen_at: Timestamp,
    /// What the browser calls itself, in short.
    #[n(4)]
    pub device: String,
    /// The network it was opened from.
    #[n(5)]
    pub network: String,
    #[n(6)]
    pub ended: Option<Ended>,
}

/// When and why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Ended {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub why: Ending,
}

impl Session {
    /// Whether it opens the door at `now`. A clock that was set back ends no session.
    pub fn is_live(&self, now: Timestamp, settings: &Settings) -> bool {
        self.ended.is_none()
            && now.since_ms(self.last_seen_at) < settings.idle_ms()
            && now.since_ms(self.created_at) < settings.absolute_ms()
    }
    /// Whether it has been dead for so long that nobody comes back to it.
    fn is_forgotten(&self, now: Timestamp, settings: &Settings) -> bool {
        let died = self.ended.map_or(self.last_seen_at.plus_ms(settings.idle_ms()), |ended| ended.at);
        !self.is_live(now, settings) && now.since_ms(died) >= REMEMBERED_MS
    }
    /// Whether its use has to be written down. What a clock says that was set back is not: when it is right again, the
    /// session would seem not to have been used since.
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.since_ms(self.last_seen_at) >= TOUCH_MS
    }
}

/// A browser that somebody has signed in from, under (hash of its token, person).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Device {
    #[n(0)]
    pub used_at: Timestamp,
}

const SESSIONS: Table<TokenHash, Session> = Table::new("session/1");
const BY_STAFF: Index<(StaffId, SessionId), TokenHash> = Index::new("session_by_staff/1");
const BY_AGE: Index<Timestamp, TokenHash> = Index::new("session_by_age/1");
const DEVICES: Table<(TokenHash, StaffId), Device> = Table::new("device/1");
const DEVICES_BY_STAFF: Index<(StaffId, Timestamp), (TokenHash, StaffId)> = Index::new("device_by_staff/1");

impl Record for Session {
    type Key = TokenHash;
    const INDEXES: &'static [IndexInfo] = &[BY_STAFF.info(), BY_AGE.info()];
    fn index_keys(&self, hash: &TokenHash) -> Vec<IndexRow> {
        vec![BY_STAFF.row(&(self.staff, self.id), hash), BY_AGE.row(&self.created_at, hash)]
    }
}

impl Record for Device {
    type Key = (TokenHash, StaffId);
    const INDEXES: &'static [IndexInfo] = &[DEVICES_BY_STAFF.info()];
    fn index_keys(&self, key: &(TokenHash, StaffId)) -> Vec<IndexRow> {
        vec![DEVICES_BY_STAFF.row(&(key.1, self.used_at), key)]
    }
}

/// The tables of sessions. A restored shop does better without the sessions of its past.
pub const TABLES: &[TableInfo] =
    &[SESSIONS.info("access").not_backed_up(), DEVICES.info("access").not_backed_up()];

/// The session of a token, live or not.
///
/// # Errors
/// Faults of the store only.
pub fn find(r: &impl Read, hash: &TokenHash) -> Result<Option<Session>> {
    SESSIONS.get(r, hash)
}

/// The live sessions of somebody with the hashes of their tokens, the last used first.
///
/// # Errors
/// Faults of the store only.
pub fn list(
    r: &impl Read,
    staff: StaffId,
    now: Timestamp,
    settings: &Settings,
) -> Result<Vec<(TokenHash, Session)>> {
    let mut live: Vec<(TokenHash, Session)> =
        of_staff(r, staff)?.into_iter().filter(|(_, s)| s.is_live(now, settings)).collect();
    live.sort_by_key(|(_, session)| std::cmp::Reverse(session.last_seen_at));
    Ok(live)
}

/// Oldest first.
fn of_staff(r: &impl Read, staff: StaffId) -> Result<Vec<(TokenHash, Session)>> {
    let rows = BY_STAFF.list(r, &Span::of(&staff), Direction::Forward, usize::MAX)?;
    rows.into_iter()
        .filter_map(|(_, hash)| SESSIONS.get(r, &hash).map(|s| s.map(|s| (hash, s))).transpose())
        .collect()
}

/// Opens a session for a new token, and removes some that are long dead.
///
/// # Errors
/// Faults of the store only.
pub fn start(
    tx: &mut Tx<'_>,
    staff: StaffId,
    hash: &TokenHash,
    device: &str,
    network: &str,
    settings: &Settings,
) -> Result<Session> {
    let now = tx.now();
    trim(tx, settings)?;
    let (live, dead): (Vec<_>, Vec<_>) =
        of_staff(tx, staff)?.into_iter().partition(|(_, s)| s.is_live(now, settings));
    for (old, _) in dead.iter().filter(|(_, s)| s.is_forgotten(now, settings)).take(TRIM_MAX) {
        SESSIONS.delete(tx, old)?;
    }
    let over = (live.len() + 1).saturating_sub(LIVE_MAX);
    for (old, session) in live.into_iter().take(over) {
        put_ended(tx, &old, session, Ending::Replaced)?;
    }
    let session = Session {
        id: tx.new_id(),
        staff,
        created_at: now,
        last_seen_at: now,
        device: device.to_owned(),
        network: network.to_owned(),
        ended: None,
    };
    SESSIONS.put(tx, hash, &session)?;
    Ok(session)
}

/// Removes some of the sessions that were opened so long ago that none of them can be live or remembered.
fn trim(tx: &mut Tx<'_>, settings: &Settings) -> Result<()> {
    let end = tx.now().plus_ms(remembered_ms(settings).saturating_neg());
    for (_, hash) in BY_AGE.list(tx, &Span::until(&end), Direction::Forward, TRIM_MAX)? {
        SESSIONS.delete(tx, &hash)?;
    }
    Ok(())
}

/// Writes down that a live session is in use.
///
/// # Errors
/// Faults of the store only.
pub fn touch(tx: &mut Tx<'_>, hash: &TokenHash) -> Result<()> {
    let now = tx.now();
    match SESSIONS.get(tx, hash)? {
        Some(session) if session.ended.is_none() && session.is_due(now) => {
            SESSIONS.put(tx, hash, &Session { last_seen_at: now, ..session })
        }
        _ => Ok(()),
    }
}

/// Gives a session another token; the old one opens nothing any more.
///
/// # Errors
/// Faults of the store only.
pub fn renew(tx: &mut Tx<'_>, old: &TokenHash, new: &TokenHash) -> Result<()> {
    if let Some(session) = SESSIONS.get(tx, old)? {
        SESSIONS.delete(tx, old)?;
        SESSIONS.put(tx, new, &session)?;
    }
    Ok(())
}

/// Ends the session of a token; `None` when there was no live one.
///
/// # Errors
/// Faults of the store only.
pub fn end(tx: &mut Tx<'_>, hash: &TokenHash, why: Ending) -> Result<Option<Session>> {
    match SESSIONS.get(tx, hash)? {
        Some(session) if session.ended.is_none() => {
            put_ended(tx, hash, session.clone(), why)?;
            Ok(Some(session))
        }
        _ => Ok(None),
    }
}

/// Ends one session of somebody by its id; false when there was no live one.
///
/// # Errors
/// Faults of the store only.
pub fn end_one(tx: &mut Tx<'_>, staff: StaffId, id: SessionId) -> Result<bool> {
    match BY_STAFF.first(tx, &(staff, id))? {
        Some(hash) => Ok(end(tx, &hash, Ending::Ended)?.is_some()),
        None => Ok(false),
    }
}

/// Ends every session of somebody but the one with the hash `keep`, and says how many that were.
///
/// # Errors
/// Faults of the store only.
pub fn end_all(tx: &mut Tx<'_>, staff: StaffId, keep: Option<&TokenHash>, why: Ending) -> Result<u32> {
    let mut count = 0;
    for (hash, session) in of_staff(tx, staff)? {
        if session.ended.is_none() && keep != Some(&hash) {
            put_ended(tx, &hash, session, why)?;
            count += 1;
        }
    }
    Ok(count)
}

fn put_ended(tx: &mut Tx<'_>, hash: &TokenHash, session: Session, why: Ending) -> Result<()> {
    let ended = Some(Ended { at: tx.now(), why });
    SESSIONS.put(tx, hash, &Session { ended, ..session })
}

/// Whether somebody has signed in from the browser with this token.
///
/// # Errors
/// Faults of the store only.
pub fn knows_device(r: &impl Read, hash: &TokenHash, staff: StaffId, now: Timestamp) -> Result<bool> {
    Ok(DEVICES.get(r, &(*hash, staff))?.is_some_and(|d| now.since_ms(d.used_at) < DEVICE_MS))
}

/// Remembers a browser under a new token. Whom the old token was known for, the new one is known for; the old one is
/// worth nothing from then on, so that nobody gains by planting one.
///
/// # Errors
/// Faults of the store only.
pub fn remember_device(
    tx: &mut Tx<'_>,
    old: Option<&TokenHash>,
    new: &TokenHash,
    staff: StaffId,
) -> Result<()> {
    if let Some(old) = old {
        for ((hash, person), device) in DEVICES.list(tx, &Span::of(old), Direction::Forward, usize::MAX)? {
            DEVICES.delete(tx, &(hash, person))?;
            DEVICES.put(tx, &(*new, person), &device)?;
        }
    }
    let now = tx.now();
    DEVICES.put(tx, &(*new, staff), &Device { used_at: now })?;
    let mine = DEVICES_BY_STAFF.list(tx, &Span::of(&staff), Direction::Backward, usize::MAX)?;
    for (_, key) in mine.into_iter().skip(DEVICES_MAX) {
        DEVICES.delete(tx, &key)?;
    }
    Ok(())
}

/// Every browser of somebody counts as a stranger's again.
///
/// # Errors
/// Faults of the store only.
pub fn forget_devices(tx: &mut Tx<'_>, staff: StaffId) -> Result<()> {
    for (_, key) in DEVICES_BY_STAFF.list(tx, &Span::of(&staff), Direction::Forward, usize::MAX)? {
        DEVICES.delete(tx, &key)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Id as _;
    use crate::base::time::Clock;
    use crate::store::{Actor, Store};

    #[test]
    fn a_session_is_there_as_long_as_its_cookie() {
        let dir = tempfile::tempdir().unwrap();
        let keep =
            crate::store::Settings { reserve_mb: 0, ballast_mb: 0, ..crate::store::Settings::default() };
        let (clock, begun) = (Clock::manual(Timestamp(1_790_000_000_000)), Timestamp(1_790_000_000_000));
        let store = Store::open(dir.path(), &keep, clock.clone(), TABLES).unwrap();
        let settings = Settings { session_idle_minutes: 600, session_days: 1 };
        let start = |staff: u8, hash: u8| {
            let settings = settings.clone();
            let op = move |tx: &mut Tx<'_>| {
                start(tx, StaffId::from_bytes([staff; 16]), &[hash; 32], "", "", &settings)
            };
            store.write_blocking(Actor::system("test"), op).unwrap()
        };
        start(1, 1);
        // Used to its last moment: then it is remembered for a day behind its end, as its cookie is.
        let last = begun.plus_ms(settings.absolute_ms() - 1);
        clock.set(last);
        store.write_blocking(Actor::system("test"), |tx| touch(tx, &[1; 32])).unwrap();
        let is_there = || store.read(|s| find(s, &[1; 32])).unwrap().is_some();
        clock.set(begun.plus_ms(remembered_ms(&settings) - 1));
        start(2, 2);
        assert!(is_there(), "its cookie is still there");
        clock.set(begun.plus_ms(remembered_ms(&settings) + 1));
        start(2, 3);
        assert!(!is_there());
    }
}
