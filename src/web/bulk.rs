//! One action for the ticked rows of a list: each is done or refused by itself, in one transaction, and a page says
//! which. What was done can be taken back, row by row.

use crate::base::error::{Error, Kind, Result};
use crate::base::id::{Id, from_text, to_text};
use crate::store::{Actor, Snapshot, Store, Tx, remembered};
use crate::web::again::SameForm;
use crate::web::flash::local_path;
use crate::web::form::Fields;
use crate::web::pages::Page;
use crate::web::parts::{FormErrors, Link};
use crate::web::shell::Shell;
use actix_web::http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Records of one action; a page of a list has at most 200.
pub const RECORDS_MAX: usize = 500;
/// What the title of an undone action begins with.
const UNDO: &str = "Undo: ";
/// Results are kept in the store as answers to a form, one per person and key.
const HASH: [u8; 32] = [0; 32];

/// What can be done with each record of a list.
pub trait Action: Clone + Serialize + DeserializeOwned + Send + 'static {
    type Id: Id + Serialize + DeserializeOwned;
    /// One and several: `order`, `orders`.
    const NOUNS: (&'static str, &'static str);
    /// The list's address, such as `/admin/orders`; actions are sent to `/bulk` below it.
    const LIST: &'static str;
    /// `Mark shipped`, `Add tag gift`.
    fn title(&self) -> String;
    /// The permission it needs.
    fn permission(&self) -> &'static str;
    /// What a record is called, such as `#10482`; `None` when there is none.
    ///
    /// # Errors
    /// Faults of the store only.
    fn name(tx: &Tx<'_>, id: Self::Id) -> Result<Option<String>>;
    /// The version of a record; `None` when there is none.
    ///
    /// # Errors
    /// Faults of the store only.
    fn version(tx: &Tx<'_>, id: Self::Id) -> Result<Option<u64>>;
    /// Whether it is right only for the record as it was seen: a tag is taken away whatever else has changed.
    fn heeds_changes(&self) -> bool;
    /// Does it with one record and gives what takes it back; `None` when the record was so before.
    ///
    /// # Errors
    /// What keeps it from being done with this record.
    fn run(&self, tx: &mut Tx<'_>, id: Self::Id) -> Result<Option<Self>>;
    /// What nobody is to overlook of a record this was done with, such as that it is not paid.
    ///
    /// # Errors
    /// Faults of the store only.
    fn remark(&self, _tx: &Tx<'_>, _id: Self::Id) -> Result<Option<&'static str>> {
        Ok(None)
    }
    /// What a record is after it, such as `shipped`.
    fn done(&self) -> String;
    /// What is said where there was nothing to do.
    fn unchanged(&self) -> String;
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome<A: Action> {
    title: String,
    rows: Vec<Row>,
    /// What takes it back, for each record that was changed, and the version that it has to have still, where it has to.
    #[serde(bound = "")]
    undo: Vec<(A::Id, Option<u64>, A)>,
    back: String,
}

/// What came of one record.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    name: String,
    /// Its page, where there is such a record.
    href: Option<String>,
    result: RowResult,
    /// What it is now, or why not.
    text: String,
    /// What is not to be overlooked of it.
    #[serde(default)]
    remark: Option<String>,
}

/// How it went with one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RowResult {
    Done,
    /// It was so before.
    Unchanged,
    Refused,
}

/// The result as its template shows it.
#[derive(Debug, Serialize)]
pub struct ResultPage {
    title: String,
    back: Link,
    /// One and several of what was ticked.
    nouns: (&'static str, &'static str),
    /// Where undoing is sent.
    action: String,
    done: usize,
    unchanged: usize,
    refused: usize,
    /// How many of those done have a remark.
    remarked: usize,
    rows: Vec<Row>,
    /// The key of the result, where something can be taken back.
    undo: Option<String>,
}

impl Page for ResultPage {
    const TEMPLATE: &'static str = "bulk.html";
    #[cfg(test)]
    fn sample() -> Self {
        let row = |name: &str, result, text: &str| Row {
            name: name.into(),
            href: Some("/admin/orders/ord_1".into()),
            result,
            text: text.into(),
            remark: (result == RowResult::Done).then(|| "Not paid".to_owned()),
        };
        Self {
            title: "Mark shipped".into(),
            back: Link::new("Orders", "/admin/orders?q=status:open"),
            nouns: ("order", "orders"),
            action: "/admin/orders/bulk".into(),
            done: 1,
            unchanged: 0,
            refused: 1,
            remarked: 1,
            rows: vec![
                row("#10482", RowResult::Done, "Shipped"),
                row("#10481", RowResult::Refused, "<script>alert(1)</script>"),
            ],
            undo: Some("01jd3m".into()),
        }
    }
}

impl ResultPage {
    fn of<A: Action>(outcome: Outcome<A>, key: &str) -> Self {
        let count = |wanted| outcome.rows.iter().filter(|row| row.result == wanted).count();
        let (first, rest) = A::NOUNS.1.split_at_checked(1).unwrap_or_default();
        Self {
            done: count(RowResult::Done),
            unchanged: count(RowResult::Unchanged),
            refused: count(RowResult::Refused),
            remarked: outcome.rows.iter().filter(|row| row.remark.is_some()).count(),
            title: outcome.title,
            back: Link::new(format!("{}{rest}", first.to_uppercase()), outcome.back),
            nouns: A::NOUNS,
            action: format!("{}/bulk", A::LIST),
            undo: (!outcome.undo.is_empty()).then(|| key.to_owned()),
            rows: outcome.rows,
        }
    }
}

/// What one form asks for.
#[derive(Debug)]
pub struct Wish<A: Action> {
    title: String,
    /// With the version that a record has to have, where it has to have one.
    each: Vec<(A::Id, Option<u64>, A)>,
    back: String,
}

impl<A: Action> Wish<A> {
    /// One action for the ticked records; or, where the form names an earlier result, what takes that back.
    /// `read` makes the action out of the form.
    ///
    /// # Errors
    /// Of kind `Invalid` for what the form has wrong; `not_found` for a result that is not kept any more.
    pub fn read(
        store: &Store,
        actor: &str,
        fields: &Fields,
        read: impl FnOnce(&Fields) -> Result<A>,
    ) -> Result<Self> {
        if let Some(key) = fields.get("undo") {
            return Ok(Self::undoing(store.read(|s| kept(s, actor, key))?));
        }
        let action = read(fields)?;
        let each = chosen::<A>(fields)?.into_iter().map(|id| (id, None, action.clone())).collect();
        Ok(Self { title: action.title(), each, back: list_of::<A>(fields) })
    }
    /// What takes an earlier result back.
    fn undoing(earlier: Outcome<A>) -> Self {
        let title =
            earlier.title.strip_prefix(UNDO).map_or(format!("{UNDO}{}", earlier.title), str::to_owned);
        Self { title, each: earlier.undo, back: earlier.back }
    }
    /// The permissions it needs.
    pub fn permissions(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.each.iter().map(|(_, _, action)| action.permission())
    }
    /// Does it, once however often the form comes, and gives the address of the page that says what came of it.
    ///
    /// # Errors
    /// Faults of the store only.
    pub async fn run(self, store: &Store, actor: Actor, fields: &Fields) -> Result<String> {
        let same = SameForm::new(&actor.id, format!("bulk{}", A::LIST), &fields.0);
        let op = move |tx: &mut Tx<'_>| {
            same.run(tx, |tx| {
                let mut random = [0; 16];
                tx.random(&mut random);
                let key = to_text(&random);
                let outcome = self.all(tx)?;
                let body = serde_json::to_vec(&outcome).map_err(Error::internal)?;
                let scope = scope(&tx.actor().id);
                tx.remember(&scope, &key, &HASH, 200, &body)?;
                Ok(key)
            })
        };
        let key: String = store.write(actor, op).await?;
        Ok(format!("{}/bulk/{key}", A::LIST))
    }
    /// Every record by itself: what is refused leaves the others as they are.
    fn all(&self, tx: &mut Tx<'_>) -> Result<Outcome<A>> {
        let mut rows = Vec::with_capacity(self.each.len());
        let mut undo = Vec::new();
        for (id, seen, action) in &self.each {
            let name = A::name(tx, *id)?;
            let mut remark = None;
            let ran = tx.attempt(|tx| {
                require_unchanged::<A>(tx, *id, *seen)?;
                action.run(tx, *id)
            });
            let (result, text) = match ran {
                Ok(Some(back)) => {
                    let made = if back.heeds_changes() { A::version(tx, *id)? } else { None };
                    undo.push((*id, made, back));
                    remark = action.remark(tx, *id)?.map(str::to_owned);
                    (RowResult::Done, action.done())
                }
                Ok(None) => (RowResult::Unchanged, action.unchanged()),
                Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict | Kind::NotFound) => {
                    (RowResult::Refused, error.message.into_owned())
                }
                Err(fault) => return Err(fault),
            };
            let id = format!("{}_{}", A::Id::PREFIX, to_text(&id.bytes()));
            let href = name.as_ref().map(|_| format!("{}/{id}", A::LIST));
            rows.push(Row { name: name.unwrap_or(id), href, result, text, remark });
        }
        Ok(Outcome { title: self.title.clone(), rows, undo, back: self.back.clone() })
    }
}

/// Refuses a record that has another version than the one that was seen, where one was.
///
/// # Errors
/// `changed_since`; faults of the store.
pub fn require_unchanged<A: Action>(tx: &Tx<'_>, id: A::Id, seen: Option<u64>) -> Result<()> {
    let is_changed = match seen {
        Some(seen) => A::version(tx, id)?.is_some_and(|now| now != seen),
        None => false,
    };
    if is_changed {
        let text = "It was changed since; it stays as it is.";
        return Err(Error::conflict("changed_since", text));
    }
    Ok(())
}

/// What came of an action, for the one who asked for it.
///
/// # Errors
/// `not_found` for a result that is not kept any more.
pub fn result<A: Action>(store: &Store, actor: &str, key: &str) -> Result<ResultPage> {
    Ok(ResultPage::of(store.read(|s| kept::<A>(s, actor, key))?, key))
}

/// A result that is kept for the one who asked for it.
fn kept<A: Action>(s: &Snapshot, actor: &str, key: &str) -> Result<Outcome<A>> {
    let unknown = || Error::refuse(Kind::NotFound, "not_found", "This result is not kept any more.");
    let wanted = from_text(key).map(|bytes| to_text(&bytes)).ok_or_else(unknown)?;
    let kept = remembered(s, &scope(actor), &wanted, &HASH)?.ok_or_else(unknown)?;
    // One that an earlier version wrote in another way is as good as forgotten.
    let outcome: Outcome<A> = serde_json::from_slice(&kept.body).map_err(|_other_shape| unknown())?;
    if outcome.back.starts_with(A::LIST) { Ok(outcome) } else { Err(unknown()) }
}

fn scope(actor: &str) -> String {
    format!("bulk/{actor}")
}

/// A form of a list that was refused: the list is shown again with what was wrong, what was typed and what was ticked.
#[derive(Debug)]
pub struct Refused<I> {
    pub errors: Option<FormErrors>,
    pub typed: BTreeMap<String, String>,
    pub ticked: Vec<I>,
}

impl<I> Default for Refused<I> {
    /// Nothing was refused.
    fn default() -> Self {
        Self { errors: None, typed: BTreeMap::new(), ticked: Vec::new() }
    }
}

impl<I: Id> Refused<I> {
    pub fn of(error: &Error, fields: &Fields) -> Self {
        Self {
            errors: Some(FormErrors::of(error)),
            typed: fields.0.iter().cloned().collect(),
            ticked: fields.all("id").filter_map(|text| ticked(text).ok()).collect(),
        }
    }
    /// The status of the list that says so.
    pub fn status(&self) -> StatusCode {
        if self.errors.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
    }
}

/// The page's surroundings at the list that a form was sent from.
pub fn at_list<A: Action>(shell: &Shell, fields: &Fields) -> Shell {
    let list = list_of::<A>(fields);
    let query = list.split_once('?').map_or("", |(_, query)| query).to_owned();
    Shell { path: A::LIST.to_owned(), query, ..shell.clone() }
}

/// The list a form was sent from.
pub fn list_of<A: Action>(fields: &Fields) -> String {
    let from = fields.get("from").map(local_path).filter(|path| path.starts_with(A::LIST));
    from.unwrap_or_else(|| A::LIST.to_owned())
}

/// The record of a box. Boxes carry `id.version`, so that a form that comes twice is known.
///
/// # Errors
/// `not_found` for what is no id.
pub fn ticked<I: Id>(text: &str) -> Result<I> {
    I::parse(text.split_once('.').map_or(text, |(id, _)| id))
}

/// The ticked records.
fn chosen<A: Action>(fields: &Fields) -> Result<Vec<A::Id>> {
    let ids: Vec<A::Id> = fields.all("id").map(ticked).collect::<Result<_>>()?;
    let (one, several) = A::NOUNS;
    match ids.len() {
        0 => Err(Error::invalid("nothing_chosen", format!("Tick at least one {one}.")).on("/id")),
        1..=RECORDS_MAX => Ok(ids),
        _ => Err(Error::invalid("too_many", format!("Tick at most {RECORDS_MAX} {several}.")).on("/id")),
    }
}

/// A tag that records get or lose: the same for every list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tagging {
    Add(String),
    Remove(String),
}

impl Tagging {
    /// The tagging that a button of this word stands for; `None` for a button of something else.
    ///
    /// # Errors
    /// `tag_empty`.
    pub fn read(word: &str, fields: &Fields) -> Result<Option<Self>> {
        let make = match word {
            "tag" => Self::Add,
            "untag" => Self::Remove,
            _ => return Ok(None),
        };
        match fields.get("tag").map(str::trim) {
            None | Some("") => Err(Error::invalid("tag_empty", "Write the tag first.").on("/tag")),
            Some(tag) => Ok(Some(make(tag.to_owned()))),
        }
    }
    /// The tags to add and those to take away, and what takes it back.
    pub fn parts(&self) -> (&[String], &[String], Self) {
        match self {
            Self::Add(tag) => (std::slice::from_ref(tag), &[], Self::Remove(tag.clone())),
            Self::Remove(tag) => (&[], std::slice::from_ref(tag), Self::Add(tag.clone())),
        }
    }
    pub fn title(&self) -> String {
        match self {
            Self::Add(tag) => format!("Add tag {tag}"),
            Self::Remove(tag) => format!("Remove tag {tag}"),
        }
    }
    pub fn done(&self) -> String {
        match self {
            Self::Add(tag) => format!("tagged {tag}"),
            Self::Remove(tag) => format!("no longer tagged {tag}"),
        }
    }
    pub fn unchanged(&self) -> String {
        match self {
            Self::Add(tag) => format!("has the tag {tag} already"),
            Self::Remove(tag) => format!("does not have the tag {tag}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct ThingId([u8; 16]);

    impl Id for ThingId {
        const PREFIX: &'static str = "thg";
        fn from_bytes(bytes: [u8; 16]) -> Self {
            Self(bytes)
        }
        fn bytes(&self) -> [u8; 16] {
            self.0
        }
    }

    #[derive(Clone, Serialize, Deserialize)]
    struct Nothing;

    impl Action for Nothing {
        type Id = ThingId;
        const NOUNS: (&'static str, &'static str) = ("thing", "things");
        const LIST: &'static str = "/admin/things";
        fn title(&self) -> String {
            "Do nothing".into()
        }
        fn permission(&self) -> &'static str {
            "things:edit"
        }
        fn name(_: &Tx<'_>, _: ThingId) -> Result<Option<String>> {
            Ok(None)
        }
        fn version(_: &Tx<'_>, _: ThingId) -> Result<Option<u64>> {
            Ok(None)
        }
        fn heeds_changes(&self) -> bool {
            false
        }
        fn run(&self, _: &mut Tx<'_>, _: ThingId) -> Result<Option<Self>> {
            Ok(None)
        }
        fn done(&self) -> String {
            String::new()
        }
        fn unchanged(&self) -> String {
            String::new()
        }
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn ticked_rows_carry_their_version() {
        let id = ThingId::from_bytes([1; 16]);
        let text = format!("thg_{}.7", to_text(&id.bytes()));
        assert_eq!(chosen::<Nothing>(&fields(&[("id", &text)])).unwrap(), [id]);
        let none = chosen::<Nothing>(&fields(&[])).unwrap_err();
        assert_eq!((none.code, &*none.message), ("nothing_chosen", "Tick at least one thing."));
        assert!(chosen::<Nothing>(&fields(&[("id", "x")])).is_err());
    }

    #[test]
    fn the_way_back_is_the_list_it_came_from_and_no_other_place() {
        let of = |from: &str| list_of::<Nothing>(&fields(&[("from", from)]));
        assert_eq!(of("/admin/things?q=a"), "/admin/things?q=a");
        assert_eq!(of("/admin/orders"), "/admin/things");
        assert_eq!(of("https://evil.example/admin/things"), "/admin/things");
    }
}
