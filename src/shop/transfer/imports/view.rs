//! An import as its page shows it: what was sent, what the check found, how far it is, what came of it.

use super::model::{Asked, Import, ImportId, Outcome, SentFile, State};
use super::ops;
use super::work::{Imports, KIND_NEEDED, Progress};
use crate::base::error::Error;
use crate::base::money::Currency;
use crate::base::time::Timestamp;
use crate::shop::transfer::encoding;
use crate::shop::transfer::intake::{EXAMPLE_MAPPING, MAPPED};
use crate::web::Page;
use crate::web::parts::{Badge, Choice, Fill, FormErrors, Tone};
use serde::Serialize;

/// What files hold, by its word.
const WHATS: [(&str, &str); 3] =
    [("orders", "Orders"), ("customers", "Customers"), ("credit-notes", "Credit notes of Backroom")];

/// The words of `--from` with the names people know.
const FORMATS: [(&str, &str); 8] = [
    ("shopify", "Shopify"),
    ("woocommerce", "WooCommerce"),
    ("magento", "Magento"),
    ("prestashop", "PrestaShop"),
    ("online-retail", "Online Retail (data set)"),
    ("olist", "Olist (data set)"),
    ("backroom", "Backroom"),
    (MAPPED, "Other CSV, with a mapping"),
];

/// What can be chosen of a form that says how files are read.
#[derive(Debug, Serialize)]
pub(super) struct Choices {
    whats: Vec<Choice>,
    froms: Vec<Choice>,
    encodings: Vec<Choice>,
    decimals: Vec<Choice>,
    dates: Vec<Choice>,
    /// The shop's own.
    currency: String,
    /// A mapping to begin with.
    example: &'static str,
}

impl Choices {
    pub(super) fn all(currency: Currency) -> Self {
        let froms = FORMATS.map(|(word, label)| Choice::new(word, label));
        Self {
            whats: WHATS.map(|(word, label)| Choice::new(word, label)).into(),
            froms: froms.into(),
            encodings: encoding::CHOICES.iter().map(|label| Choice::new(*label, *label)).collect(),
            decimals: vec![Choice::new(".", "1,234.50"), Choice::new(",", "1.234,50")],
            currency: currency.to_string(),
            example: EXAMPLE_MAPPING,
            dates: vec![
                Choice::new("dmy", "Day before month"),
                Choice::new("mdy", "Month before day"),
                Choice::new("ymd", "Year of two digits first"),
            ],
        }
    }
}

pub(super) fn label_of(labels: &[(&str, &str)], word: &str) -> String {
    labels.iter().find(|(w, _)| *w == word).map_or("Not known yet", |(_, label)| label).to_owned()
}

/// The check has ended and found nothing that an import would write.
fn is_idle(import: &Import) -> bool {
    import.state == State::Checked && import.check.as_ref().is_some_and(|c| !c.landed.has_work())
}

pub(super) fn badge(import: &Import) -> Badge {
    let (label, tone, fill) = match import.state {
        State::Checked if is_idle(import) => ("Nothing to import", Tone::Still, Fill::Empty),
        State::Checking => ("Checking", Tone::Info, Fill::Half),
        State::Checked => ("Checked, not imported yet", Tone::Warn, Fill::Half),
        State::Running => ("Importing", Tone::Info, Fill::Half),
        State::Done => ("Done", Tone::Ok, Fill::Full),
        State::Stopped => ("Stopped", Tone::Still, Fill::Empty),
        State::Failed => ("Failed", Tone::Bad, Fill::Empty),
    };
    Badge::new(label, tone, fill)
}

/// An import.
#[derive(Debug, Serialize)]
pub(super) struct ImportPage {
    id: String,
    title: String,
    badge: Badge,
    /// What is imported from where, in words.
    what: String,
    from: String,
    import: View,
    choices: Choices,
    /// What was refused of other choices.
    errors: Option<FormErrors>,
    /// While it is being worked on: percent of the bytes, and what was counted so far.
    progress: Option<Moving>,
    is_open: bool,
    can_start: bool,
    /// The check found nothing to import.
    is_idle: bool,
    /// It has been started before: starting goes on, and what is there stays.
    is_again: bool,
    has_refused_rows: bool,
}

/// An import as its template uses it.
#[derive(Debug, Serialize)]
struct View {
    asked: Asked,
    files: Vec<SentFile>,
    by: String,
    at: Timestamp,
    recognised: bool,
    problem: Option<String>,
    check: Option<Found>,
    result: Option<Found>,
}

#[derive(Debug, Serialize)]
struct Found {
    outcome: Outcome,
    counts: Vec<(u64, &'static str)>,
}

#[derive(Debug, Serialize)]
struct Moving {
    percent: u64,
    counts: Vec<(u64, &'static str)>,
}

impl Moving {
    fn of(progress: Progress) -> Self {
        let percent = (progress.done * 100).checked_div(progress.all).unwrap_or(0).min(100);
        Self { percent, counts: progress.landed.in_words() }
    }
}

impl Page for ImportPage {
    const TEMPLATE: &'static str = "transfer/import.html";
    #[cfg(test)]
    fn sample() -> Self {
        let page = Self::with(
            super::testing::id(),
            super::testing::import(State::Checked),
            Currency::EUR,
            None,
            true,
        );
        Self {
            progress: Some(Moving { percent: 40, counts: vec![(7, "orders added")] }),
            is_open: true,
            ..page
        }
    }
}

/// The field that a problem of the files asks for.
fn pointed(problem: &str) -> Option<Error> {
    if problem == KIND_NEEDED {
        return Some(Error::invalid("kind_needed", KIND_NEEDED).on("/what"));
    }
    // As `encoding_unclear` is written down.
    problem.contains("--encoding LABEL").then(|| {
        let text = match guessed(problem) {
            Some(guess) => format!("{guess} is a guess: check again, and look at the letters."),
            None => "Choose the encoding of the files.".to_owned(),
        };
        Error::invalid("encoding_unclear", text).on("/encoding")
    })
}

/// The encoding that the letters of a file look like, where that is one to choose.
fn guessed(problem: &str) -> Option<&'static str> {
    let (_, rest) = problem.split_once(" They look like ")?;
    let (name, _) = rest.split_once(", which is a guess.")?;
    encoding::CHOICES.iter().copied().find(|choice| *choice == name)
}

impl ImportPage {
    pub(super) fn of(id: ImportId, import: Import, imports: &Imports) -> Self {
        let has_refused_rows = imports.refused_rows(id).is_some();
        Self::with(id, import, imports.currency(), imports.progress(id), has_refused_rows)
    }

    /// The same with choices that were refused, as they were typed.
    pub(super) fn refusing(mut self, typed: Asked, errors: FormErrors) -> Self {
        (self.errors, self.import.asked) = (Some(errors), typed);
        self
    }

    fn with(
        id: ImportId,
        import: Import,
        currency: Currency,
        progress: Option<Progress>,
        has_refused_rows: bool,
    ) -> Self {
        let found = |outcome: Option<Outcome>| {
            outcome.map(|outcome| Found { counts: outcome.landed.in_words(), outcome })
        };
        let is_open = import.state.is_open();
        let mut asked = import.asked.clone();
        if let Some(guess) = import.problem.as_deref().and_then(guessed).filter(|_| asked.encoding.is_empty())
        {
            guess.clone_into(&mut asked.encoding);
        }
        Self {
            id: id.to_string(),
            what: label_of(&WHATS, &import.asked.what),
            from: label_of(&FORMATS, &import.asked.from),
            title: import.files.first().map_or_else(|| "Import".to_owned(), |f| f.name.clone()),
            badge: badge(&import),
            choices: Choices::all(currency),
            errors: ops::check(&import.asked)
                .err()
                .or_else(|| pointed(import.problem.as_deref()?))
                .filter(|_| import.state == State::Failed)
                .map(|e| FormErrors::of(&e)),
            progress: progress.map(Moving::of),
            is_open,
            can_start: match import.state {
                State::Checked => import.check.as_ref().is_some_and(|c| c.landed.has_work()),
                State::Stopped | State::Failed => import.check.is_some(),
                _ => false,
            },
            is_idle: is_idle(&import),
            is_again: matches!(import.state, State::Stopped | State::Failed) && import.check.is_some(),
            has_refused_rows,
            import: View {
                asked,
                files: import.files,
                by: import.created_by,
                at: import.created_at,
                recognised: import.recognised,
                problem: import.problem,
                check: found(import.check),
                result: found(import.result),
            },
        }
    }
}
