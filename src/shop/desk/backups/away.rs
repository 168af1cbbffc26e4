//! What would be left if this machine burnt now: which backups and how much of the journal are in another place.

use crate::base::time::Timestamp;
use crate::store::Mark;
use crate::store::backup::shipping::Packed;
use std::collections::{BTreeMap, BTreeSet};

/// A loss up to this is what is promised.
pub const PROMISED_MS: i64 = 10_000;
/// Whoever watches is told of what is late by more than this: a line may be slow for a moment.
const LATE_MS: i64 = 60_000;

/// A backup that says where in the journal it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    pub mark: Mark,
    pub at: Timestamp,
    /// The names of the places where there is a copy of it.
    pub places: Vec<String>,
}

/// How far the journal is in another place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    /// The records of one journal that are there.
    pub life: [u8; 16],
    pub from: u64,
    pub last: u64,
    /// Everything written up to this moment is there.
    pub whole_until: Option<Timestamp>,
    /// Why the last attempt did not work.
    pub error: Option<String>,
    /// What is wrong with it though copying works.
    pub warning: Option<String>,
}

/// How the copies elsewhere stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// No journal is copied by itself.
    None,
    Well,
    /// Something is wrong, for a minute at least.
    Behind,
    /// They are up to date, in a place that another shop uses too.
    Shared,
}

/// What leaves this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Away {
    /// Somebody ships.
    pub runs: bool,
    /// How far the journal is beside the backups.
    pub packed: Option<Packed>,
    /// Why packing it did not work.
    pub error: Option<String>,
    /// What the settings have switched off though they name a place for copies.
    pub off: Option<String>,
    pub places: Vec<Place>,
    pub bases: Vec<Base>,
    /// Backups of which it is known whether the present key opens them.
    pub(super) opens: BTreeMap<String, bool>,
    /// Places, and journals of which it is known that nothing of them is there that the shop does not have.
    pub agreed: BTreeSet<(String, [u8; 16])>,
}

impl Away {
    /// The newest backup from which the row of parts goes on.
    pub fn base_of(&self, packed: &Packed) -> Option<&Base> {
        self.bases
            .iter()
            .filter(|base| base.precedes(packed.mark.life, packed.row_begins))
            .max_by_key(|b| b.mark)
    }
    /// Up to which moment a place has everything that is needed; none when it has nothing.
    pub fn safe_at(&self, place: &Place) -> Option<Timestamp> {
        let there = || self.bases.iter().filter(|base| base.places.contains(&place.name));
        let begins = self.packed.map_or(0, |packed| packed.row_begins).max(place.from);
        let is_row = there().any(|base| base.precedes(place.life, begins));
        let newest = there().map(|base| base.at).max();
        place.whole_until.filter(|_| is_row).max(newest)
    }
    /// The newest moment that can be restored without this machine.
    pub fn safe_until(&self) -> Option<Timestamp> {
        self.places.iter().filter_map(|place| self.safe_at(place)).max()
    }
    /// How old that moment is, in milliseconds; while there is none, how old the shop is. None where copies go nowhere.
    pub fn age_ms(&self, now: Timestamp, shop_made: Option<Timestamp>) -> Option<i64> {
        if self.places.is_empty() {
            return None;
        }
        self.safe_until().or(shop_made).map(|at| now.since_ms(at).max(0))
    }
    /// How the copies stand, for those who watch.
    pub fn copies(&self, now: Timestamp, shop_made: Option<Timestamp>) -> Copies {
        match self.age_ms(now, shop_made) {
            None => Copies::None,
            Some(age) if age > LATE_MS => Copies::Behind,
            Some(_) if self.places.iter().any(|place| place.warning.is_some()) => Copies::Shared,
            Some(_) => Copies::Well,
        }
    }
    /// How much would be lost with this machine, in one sentence, and whether that is as it should be.
    pub fn loss(&self, now: Timestamp, told: &dyn Fn(Timestamp) -> String) -> (bool, String) {
        const BEGIN: &str = "If this machine burnt now,";
        if let Some(off) = &self.off {
            return (false, format!("{BEGIN} everything would be lost that is in no copy. {off}"));
        }
        if self.places.is_empty() {
            let text = "everything would be lost but what you have copied elsewhere yourself: set backup.copy_dir or \
                        backup.s3_endpoint.";
            return (false, format!("{BEGIN} {text}"));
        }
        let why = || {
            let errors = self.error.iter().chain(self.places.iter().filter_map(|place| place.error.as_ref()));
            errors.map(|error| format!(" {error}")).next().unwrap_or_default()
        };
        let Some(until) = self.safe_until() else {
            return (false, format!("{BEGIN} everything would be lost: no backup has left it yet.{}", why()));
        };
        let lost = now.since_ms(until).max(0);
        if lost > PROMISED_MS {
            return (false, format!("{BEGIN} everything since {} would be lost.{}", told(until), why()));
        }
        match lost.div_euclid(1_000) + 1 {
            1 => (true, format!("{BEGIN} at most the last second would be lost.")),
            seconds => (true, format!("{BEGIN} at most the last {seconds} seconds would be lost.")),
        }
    }
}

impl Base {
    fn precedes(&self, life: [u8; 16], begins: u64) -> bool {
        self.mark.life == life && self.mark.number + 1 >= begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Away {
        let mark = |number| Mark { life: [1; 16], number };
        let place = Place {
            name: "/mnt".into(),
            life: [1; 16],
            from: 5,
            last: 20,
            whole_until: Some(Timestamp(99_000)),
            ..Place::default()
        };
        Away {
            runs: true,
            packed: Some(Packed { mark: mark(20), row_begins: 3, at: Timestamp(98_000) }),
            places: vec![place],
            bases: vec![Base { mark: mark(10), at: Timestamp(40_000), places: vec!["/mnt".into()] }],
            ..Away::default()
        }
    }

    fn loss(away: &Away) -> (bool, String) {
        let (is_well, text) = away.loss(Timestamp(100_000), &|at| at.0.to_string());
        (is_well, text.replace("If this machine burnt now, ", ""))
    }

    #[test]
    fn the_sentence_is_true_whatever_is_missing() {
        assert_eq!(loss(&away()), (true, "at most the last 2 seconds would be lost.".into()));
        let mut stuck = away();
        stuck.places[0].whole_until = Some(Timestamp(80_000));
        stuck.places[0].error = Some("It is full.".into());
        assert_eq!(loss(&stuck), (false, "everything since 80000 would be lost. It is full.".into()));
        // The row has a hole behind the backup, or the copies begin behind it, or it is of another journal.
        let mut holed = away();
        holed.packed.as_mut().unwrap().row_begins = 15;
        let mut late = away();
        late.places[0].from = 15;
        let mut other = away();
        other.bases[0].mark.life = [2; 16];
        for broken in [holed, late, other] {
            assert_eq!(loss(&broken), (false, "everything since 40000 would be lost.".into()));
            assert_eq!(broken.safe_until(), Some(Timestamp(40_000)));
        }
        // Whoever watches is told of what is late for a minute, or shared with another shop.
        let copies = |away: &Away| away.copies(Timestamp(100_000), Some(Timestamp(0)));
        assert_eq!((copies(&away()), copies(&Away::default())), (Copies::Well, Copies::None));
        let mut late = away();
        late.places[0].whole_until = None;
        let mut shared = away();
        shared.places[0].warning = Some("It is another shop's too.".into());
        late.bases[0].at = Timestamp(30_000);
        assert_eq!((copies(&late), copies(&shared)), (Copies::Behind, Copies::Shared));
        let mut here_only = away();
        here_only.bases[0].places.clear();
        assert!(loss(&here_only).1.starts_with("everything would be lost: no backup has left it"));
        assert!(loss(&Away::default()).1.contains("backup.copy_dir"));
        let off = Away { off: Some("backup.journal is off.".into()), ..Away::default() };
        assert!(loss(&off).1.ends_with("in no copy. backup.journal is off."));
        assert_eq!(copies(&off), Copies::None, "that is a wish");
    }
}
