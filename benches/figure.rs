//! A line of the table: what was measured, of us and of another side, and what we want of it.

use std::fmt;
use std::time::Duration;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Amount {
    Time(Duration),
    PerSecond(f64),
    Bytes(u64),
}

/// What we want.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// So many times as good as the other side.
    Ratio(f64),
    AtMost(Amount),
    AtLeast(Amount),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    what: String,
    ours: Amount,
    theirs: Option<(Amount, &'static str)>,
    goal: Option<Goal>,
}

impl Figure {
    /// Times for the same work; the shorter is the better.
    pub(crate) fn times(what: String, ours: Duration, theirs: Duration, other: &'static str) -> Self {
        Self { what, ours: Amount::Time(ours), theirs: Some((Amount::Time(theirs), other)), goal: None }
    }
    /// How often a second; the more the better.
    pub(crate) fn rates(what: &str, ours: f64, theirs: f64, other: &'static str) -> Self {
        let theirs = Some((Amount::PerSecond(theirs), other));
        Self { what: what.to_owned(), ours: Amount::PerSecond(ours), theirs, goal: None }
    }
    /// What has no other side.
    pub(crate) fn alone(what: &str, ours: Amount) -> Self {
        Self { what: what.to_owned(), ours, theirs: None, goal: None }
    }
    pub(crate) fn goal(self, goal: Goal) -> Self {
        Self { goal: Some(goal), ..self }
    }
    /// How many times as good as the other side.
    fn ratio(&self) -> Option<f64> {
        match (self.ours, self.theirs?.0) {
            (Amount::PerSecond(ours), Amount::PerSecond(theirs)) => Some(ours / theirs),
            (ours, theirs) => Some(theirs.number() / ours.number()),
        }
    }
    fn is_met(&self) -> Option<bool> {
        Some(match self.goal? {
            Goal::Ratio(least) => self.ratio()? >= least,
            Goal::AtMost(most) => self.ours.number() <= most.number(),
            Goal::AtLeast(least) => self.ours.number() >= least.number(),
        })
    }
}

impl Amount {
    fn number(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            Self::PerSecond(rate) => rate,
            Self::Bytes(bytes) => bytes as f64,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Time(time) => format!("{time:.3?}"),
            Self::PerSecond(rate) => format!("{rate:.0}/s"),
            Self::Bytes(bytes) if *bytes < 1 << 20 => format!("{:.1} KB", *bytes as f64 / 1024.0),
            Self::Bytes(bytes) => format!("{:.1} MB", *bytes as f64 / (1 << 20) as f64),
        };
        f.pad(&text)
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(least) => f.pad(&format!("≥ {least}×")),
            Self::AtMost(most) => f.pad(&format!("≤ {most}")),
            Self::AtLeast(least) => f.pad(&format!("≥ {least}")),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.ratio().map_or(String::new(), |ratio| format!("{ratio:.2}×"));
        let (theirs, other) =
            self.theirs.map_or((String::new(), ""), |(amount, other)| (amount.to_string(), other));
        let goal = self.goal.map_or(String::new(), |goal| goal.to_string());
        // The short form checks results; its times say nothing.
        let verdict = match self.is_met().filter(|_| !f.alternate()) {
            None => "",
            Some(true) => "met",
            Some(false) => "missed",
        };
        write!(
            f,
            "{:<46} {:>11} {theirs:>11} {ratio:>9}  {goal:<12} {verdict:<7} {other}",
            self.what, self.ours
        )
    }
}

/// The heads of the columns.
pub(crate) fn heads() -> String {
    let (what, ours, theirs, ratio, goal) = ("figure", "ours", "theirs", "ratio", "goal");
    format!("{what:<46} {ours:>11} {theirs:>11} {ratio:>9}  {goal:<20} other side")
}
