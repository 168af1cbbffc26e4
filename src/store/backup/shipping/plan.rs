//! Which backup and which parts give a moment, or why nothing does.

use crate::base::error::{Error, Kind, Result};
use crate::base::time::Timestamp;
use crate::store::backup::format::Header;
use crate::store::backup::shelf::{APART_MS, Kept, Shelf};
use crate::store::backup::shipping::part::{Head, Keys, read, records};
use crate::store::backup::shipping::roll::{PartFile, Roll, folder_of};
use std::path::PathBuf;

/// What somebody wants back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Everything there is.
    Newest,
    /// What was there at this time.
    At(Timestamp),
}

/// What a plan is made of.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub moment: Moment,
    /// The time it is; see [`Ask::is_ahead`].
    pub now: Timestamp,
    /// Names of backups that are damaged.
    pub known_bad: &'a [String],
    /// Only backups of this journal, where several are in one place.
    pub journal: Option<[u8; 16]>,
    pub key: Option<&'a str>,
}

impl Ask<'_> {
    /// Whether a backup says it is of the future: then its clock was ahead, or this one is behind.
    pub fn is_ahead(&self, made_at: Timestamp) -> bool {
        self.moment == Moment::Newest && made_at > self.now.plus_ms(APART_MS)
    }
}

/// What is to be done for it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub backup: PathBuf,
    /// The parts that are played over it, in order.
    pub(super) parts: Vec<PartFile>,
    /// The last record that is taken.
    pub(super) up_to: u64,
    /// Newer backups that are damaged, by their names.
    pub passed_over: Vec<String>,
}

/// The row of parts behind a backup, without a hole.
struct Row {
    parts: Vec<(PartFile, Head)>,
    /// When the first change behind its end was written, of which there is a part all the same.
    beyond: Option<Timestamp>,
}

/// Finds the newest backup before the moment and the parts from there on. Those that are damaged are passed over where an
/// older one of the same journal gives the same moment.
///
/// # Errors
/// Those of [`base`]; `restore_hole` where something is missing before the moment: the message says up to when it can be done.
pub fn plan(shelf: &Shelf, ask: &Ask<'_>) -> Result<Plan> {
    let Ask { moment, key, .. } = *ask;
    let Base { kept, header, passed_over } = base(shelf, ask)?;
    let backup = shelf.dir().join(&kept.file);
    let Some(mark) = header.journal else {
        if let Some(name) = passed_over.iter().find(|name| held_more(shelf, name, &header)) {
            return Err(older(name, header.at, (&kept.file, false)));
        }
        return alone(Plan { backup, parts: Vec::new(), up_to: 0, passed_over }, &header, moment);
    };
    let row = row(&Roll::of(shelf.dir()), mark.life, mark.number)?;
    let (base_at, base_number, key_of_base) = (header.at, mark.number, kept.file);
    let end = row.parts.last().map_or(header.at, |(_, head)| head.to);
    let (up_to, is_end) = match moment {
        Moment::Newest => (row.parts.last().map_or(mark.number, |(_, head)| head.last), true),
        Moment::At(at) => last_before(&row, mark.number, at, key)?,
    };
    if is_end {
        // Nobody knows what there was between the end of the row and the moment.
        let whole = last_at(&row, key)?.unwrap_or(header.at).max(end);
        match (moment, row.beyond) {
            (Moment::At(at), None) if at > whole => return Err(too_late(at, whole)),
            (Moment::Newest, None) | (Moment::At(_), None) => {}
            (Moment::At(at), Some(_)) if at <= whole => {}
            (_, Some(next)) => return Err(hole(whole, next)),
        }
    }
    // What a damaged one held, and nothing else here does, is not passed over in silence.
    for name in &passed_over {
        let held = shelf.header(name).ok().and_then(|header| header.journal);
        if held.is_some_and(|held| held.life == mark.life && held.number > up_to) {
            let until = row.parts.last().map_or(base_at, |(_, head)| head.to);
            return Err(older(name, until, (&key_of_base, moment == Moment::Newest && up_to > base_number)));
        }
    }
    let needed = row.parts.into_iter().filter(|(_, head)| head.first <= up_to);
    Ok(Plan { backup, parts: needed.map(|(part, _)| part).collect(), up_to, passed_over })
}

/// The backup that a plan begins with.
pub struct Base {
    pub kept: Kept,
    pub header: Header,
    /// Newer ones that are damaged, by their names.
    pub passed_over: Vec<String>,
}

/// Finds the newest backup before the moment that is whole as far as its head tells, and is not known to be damaged.
///
/// # Errors
/// `no_backup`; `restore_hole` where a damaged one was of another journal: what is older is of before a restore then;
/// `restore_unclear` where the newest says it is of the future, and an older one is of another journal, and where another
/// journal went on behind the newest, as that of a shop which was restored elsewhere from the same copies and ran beside this one.
pub fn base(shelf: &Shelf, ask: &Ask<'_>) -> Result<Base> {
    let is_after = |made: Timestamp| matches!(ask.moment, Moment::At(at) if made > at);
    let (mut passed_over, mut whole, mut oldest) = (Vec::new(), Vec::new(), None);
    for kept in shelf.list()? {
        if is_after(kept.at) {
            oldest = Some(kept.at);
            continue;
        }
        let header = shelf.header(&kept.file);
        let is_bad = match &header {
            Ok(header) => !Shelf::is_named(&kept.file, header),
            Err(error) => ["backup_damaged", "not_a_backup"].contains(&error.code),
        };
        if is_bad || ask.known_bad.contains(&kept.file) {
            if whole.is_empty() {
                passed_over.push(kept.file);
            }
            continue;
        }
        // Names have whole seconds.
        let header = header?;
        if ask.journal.is_some_and(|wanted| header.journal.is_none_or(|mark| mark.life != wanted)) {
            continue;
        }
        if is_after(header.at) {
            oldest = Some(header.at);
            continue;
        }
        let is_ahead = ask.is_ahead(header.at);
        whole.push((kept, header));
        if !is_ahead {
            break;
        }
    }
    let life = |header: &Header| header.journal.map(|mark| mark.life);
    let last = whole.last().map(|(kept, header)| (kept.file.clone(), life(header)));
    let Some((kept, header)) = whole.into_iter().next() else {
        return Err(none_there(shelf, ask.moment, oldest, &passed_over));
    };
    if let Some((file, _)) = last.filter(|(_, of_last)| *of_last != life(&header)) {
        let text = format!(
            "{} says it is of {}, which is to come by this machine's clock, and {file} is of another journal: one of the clocks \
             was wrong. Set that of this machine right, or name the backup that is meant.",
            kept.file, header.at
        );
        return Err(Error::conflict("restore_unclear", text));
    }
    for name in &passed_over {
        let is_of_another = match shelf.header(name) {
            Ok(damaged) => life(&damaged) != life(&header),
            Err(_unreadable) => later_of_another(shelf, &header, ask.moment)?.is_some(),
        };
        if is_of_another {
            let text = format!(
                "{name} is damaged, and {} is of before a restore: the shop of that time would come back, without what came after \
                 it. To have that, name {} itself.",
                kept.file, kept.file
            );
            return Err(Error::conflict("restore_hole", text));
        }
    }
    if ask.journal.is_none()
        && let Some(other) = later_of_another(shelf, &header, ask.moment)?
    {
        return Err(side_by_side(shelf, (&kept, &header), &other));
    }
    Ok(Base { kept, header, passed_over })
}

/// The last part before the moment of another journal than that of a backup, which went on after it was made.
fn later_of_another(shelf: &Shelf, header: &Header, moment: Moment) -> Result<Option<Head>> {
    let roll = Roll::of(shelf.dir());
    let is_before = |head: &Head| !matches!(moment, Moment::At(at) if head.from > at);
    let mut latest: Option<Head> = None;
    for life in roll.lives()?.into_iter().filter(|life| header.journal.is_none_or(|mark| mark.life != *life))
    {
        let parts = roll.parts(life)?;
        let last = parts.iter().rev().filter_map(|part| Roll::head(part).ok()).find(is_before);
        let later = last.filter(|head| head.to > header.at);
        latest = latest.into_iter().chain(later).max_by_key(|head| head.to);
    }
    Ok(latest)
}

/// Two journals each have what the other has not.
fn side_by_side(shelf: &Shelf, (kept, header): (&Kept, &Header), other: &Head) -> Error {
    let other_is = format!("{}, which goes on to {}", folder_of(other.life), other.to);
    let text = match header.journal {
        Some(mark) => {
            let parts = Roll::of(shelf.dir()).parts(mark.life).unwrap_or_default();
            let last = parts.iter().rev().find_map(|part| Roll::head(part).ok());
            let until = last.map_or(header.at, |head| head.to.max(header.at));
            format!(
                "Two journals went on side by side here: {}, up to {until}, and {other_is}. Each has changes that the other has \
                 not, as when a shop was restored from these copies and both ran, or two shops have one place. Say which is \
                 meant with --journal.",
                folder_of(mark.life)
            )
        }
        None => format!(
            "The newest backup, {}, is of no journal, and there is the journal {other_is}. Name the backup, or say --journal.",
            kept.file
        ),
    };
    Error::conflict("restore_unclear", text)
}

/// Whether a damaged backup without a journal had more events than an older one, by its head or its name.
fn held_more(shelf: &Shelf, name: &str, header: &Header) -> bool {
    let seq = shelf.header(name).map_or_else(|_unreadable| Shelf::seq_of(name), |damaged| Some(damaged.seq));
    seq.is_some_and(|seq| seq > header.seq)
}

/// Without a damaged backup only an earlier moment can be had.
fn older(damaged: &str, until: Timestamp, (file, by_time): (&str, bool)) -> Error {
    let way = if by_time { format!("say --at {until}") } else { format!("name {file}") };
    let text = format!(
        "{damaged} is damaged, and nothing else here has what it held last. What can be restored is of {until}: to have that, {way}."
    );
    Error::conflict("restore_hole", text)
}

fn none_there(shelf: &Shelf, moment: Moment, oldest: Option<Timestamp>, passed_over: &[String]) -> Error {
    let place = shelf.dir().display();
    let text = match (moment, oldest) {
        (Moment::At(at), Some(oldest)) => {
            format!("There is no backup from before {at} in {place}. The oldest is of {oldest}.")
        }
        _ if !passed_over.is_empty() => {
            format!("No backup in {place} can be read: {} is damaged.", passed_over.join(", "))
        }
        _ => format!("There is no backup in {place}."),
    };
    Error::refuse(Kind::NotFound, "no_backup", text)
}

/// A backup that does not say where in the journal it stands.
fn alone(plan: Plan, header: &Header, moment: Moment) -> Result<Plan> {
    match moment {
        Moment::At(at) if at > header.at => Err(too_late(at, header.at)),
        _ => Ok(plan),
    }
}

fn row(roll: &Roll, life: [u8; 16], number: u64) -> Result<Row> {
    let all = roll.parts(life)?;
    let begins = all.iter().rposition(|part| part.first <= number + 1).unwrap_or(0);
    let mut row = Row { parts: Vec::new(), beyond: None };
    for part in all.into_iter().skip(begins) {
        let head = Roll::head(&part);
        let fits = head.as_ref().is_ok_and(|head| match row.parts.last() {
            None => head.first <= number + 1 && head.life == life,
            Some((_, before)) => head.fits_behind(before),
        });
        match head {
            // Behind the backup only.
            Ok(head) if fits && head.last <= number && row.parts.is_empty() => {}
            Ok(head) if fits => row.parts.push((part, head)),
            Ok(head) if head.last <= number => {}
            Ok(head) => {
                row.beyond = Some(head.from);
                break;
            }
            Err(error) if error.code == "backup_damaged" => {
                tracing::warn!("{}", error.message);
                row.beyond = Some(row.parts.last().map_or(Timestamp(0), |(_, head)| head.to));
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(row)
}

/// The last record written at or before a time, and whether it is the last of the row.
fn last_before(row: &Row, number: u64, at: Timestamp, key: Option<&str>) -> Result<(u64, bool)> {
    let mut keys = Keys::new(key);
    let end = row.parts.last().map_or(number, |(_, head)| head.last);
    for (part, _) in row.parts.iter().rev().filter(|(_, head)| head.from <= at) {
        let (_, plain) = read(&part.path, &mut keys)?;
        let mut found = None;
        for record in records(&plain) {
            let record = record?;
            if record.at <= at && record.number > number {
                found = Some(record.number);
            }
        }
        if let Some(found) = found {
            return Ok((found, found == end));
        }
    }
    Ok((number, end == number))
}

/// When the last record of the row was written.
fn last_at(row: &Row, key: Option<&str>) -> Result<Option<Timestamp>> {
    let Some((part, _)) = row.parts.last() else { return Ok(None) };
    let (_, plain) = read(&part.path, &mut Keys::new(key))?;
    let last = records(&plain).last().transpose()?;
    Ok(last.map(|record| record.at))
}

fn too_late(at: Timestamp, newest: Timestamp) -> Error {
    let text = format!(
        "The newest moment that can be restored is {newest}: nothing is known of what was between it and {at}. Restore \
         that moment, or leave --at away."
    );
    Error::conflict("restore_hole", text)
}

fn hole(whole: Timestamp, next: Timestamp) -> Error {
    let behind = if next > whole { format!(" and {next}") } else { String::new() };
    let text = format!(
        "The shipped journal has a hole behind {whole}{behind}: it can be restored up to {whole}, with --at {whole}."
    );
    Error::conflict("restore_hole", text)
}
