//! One action for many orders: each is done or refused by itself, in one transaction, and the page says which.

use super::again::SameForm;
use super::facets::PATH;
use super::list::{ListParts, Refused};
use super::words;
use crate::access::{Shop, Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::base::id::{Id, from_text, to_text};
use crate::search::Search;
use crate::shop::orders::{
    CancelReason, OrderId, Step, StepInput, get, retag, step_named, take, taken_back_by,
};
use crate::store::{Store, Tx, remembered};
use crate::web::flash::local_path;
use crate::web::parts::{FormErrors, Link};
use crate::web::{Fields, Page, Pages, Shell, Web, see_other};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// Orders of one action; a page of the list has at most 200.
const ORDERS_MAX: usize = 500;
/// What the title of an undone action begins with.
const UNDO: &str = "Undo: ";
/// Results are kept in the store as answers to a form, one per person and key.
const HASH: [u8; 32] = [0; 32];

/// What is to be done with an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Step(Step, StepInput),
    Tag(String),
    Untag(String),
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// `Mark shipped`, `Add tag gift`.
    title: String,
    rows: Vec<Row>,
    /// What takes it back, for each order that was changed.
    undo: Vec<(OrderId, Action)>,
    back: String,
}

/// What came of one order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Row {
    id: String,
    number: u64,
    result: RowResult,
    /// What it is now, or why not.
    text: String,
}

/// How it went with one order.
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
pub(super) struct BulkPage {
    title: String,
    back: Link,
    done: usize,
    unchanged: usize,
    refused: usize,
    rows: Vec<Row>,
    /// The key of the result, where something can be taken back.
    undo: Option<String>,
}

impl Page for BulkPage {
    const TEMPLATE: &'static str = "orders/bulk.html";
    #[cfg(test)]
    fn sample() -> Self {
        let row = |number, result, text: &str| Row { id: "ord_1".into(), number, result, text: text.into() };
        let outcome = Outcome {
            title: "Mark shipped".into(),
            rows: vec![
                row(10_482, RowResult::Done, "Shipped"),
                row(10_481, RowResult::Refused, "<script>alert(1)</script>"),
            ],
            undo: vec![(OrderId::from_bytes([1; 16]), Action::Tag("gift".into()))],
            back: "/admin/orders?q=status:open".into(),
        };
        Self::of(outcome, "01jd3m")
    }
}

impl BulkPage {
    fn of(outcome: Outcome, key: &str) -> Self {
        let count = |wanted| outcome.rows.iter().filter(|row| row.result == wanted).count();
        Self {
            done: count(RowResult::Done),
            unchanged: count(RowResult::Unchanged),
            refused: count(RowResult::Refused),
            title: outcome.title,
            back: Link::new("Orders", outcome.back),
            undo: (!outcome.undo.is_empty()).then(|| key.to_owned()),
            rows: outcome.rows,
        }
    }
}

/// What one form asks for.
struct Wish {
    title: String,
    each: Vec<(OrderId, Action)>,
    back: String,
}

impl Wish {
    /// One action for the ticked orders.
    fn read(fields: &Fields) -> Result<Self> {
        let back = fields.get("from").map(local_path).filter(|path| path != "/");
        let action = Action::read(fields)?;
        let each = chosen(fields)?.into_iter().map(|id| (id, action.clone())).collect();
        Ok(Self { title: action.title(), each, back: back.unwrap_or_else(|| PATH.to_owned()) })
    }
    /// What takes an earlier result back.
    fn undoing(earlier: Outcome) -> Self {
        let title =
            earlier.title.strip_prefix(UNDO).map_or(format!("{UNDO}{}", earlier.title), str::to_owned);
        Self { title, each: earlier.undo, back: earlier.back }
    }
}

/// `POST /admin/orders/bulk`
pub(super) async fn run(
    staff: Staff<may::ViewOrders>,
    shell: Shell,
    (pages, front, shop): (web::Data<Pages>, web::Data<Web>, web::Data<Shop>),
    (store, search): (web::Data<Store>, web::Data<Search>),
    fields: Fields,
) -> Result<HttpResponse> {
    let wish = match fields.get("undo") {
        Some(key) => Ok(Wish::undoing(kept(&store, &staff.actor().id, key)?)),
        None => Wish::read(&fields),
    };
    let wish = match wish {
        Ok(wish) => wish,
        // The list again, with what was ticked and typed.
        Err(error) if error.kind == Kind::Invalid => {
            let back = fields.get("from").map(local_path).filter(|path| path != "/");
            let refused = Refused {
                errors: Some(FormErrors::of(&error)),
                typed: fields.0.iter().cloned().collect(),
                ticked: fields.all("id").filter_map(|text| ticked(text).ok()).collect(),
            };
            let parts = ListParts { pages, front, store, search, shop };
            return parts.again(&shell, staff.rights(), back.as_deref().unwrap_or(PATH), refused);
        }
        Err(fault) => return Err(fault),
    };
    for permission in wish.each.iter().map(|(_, action)| action.permission()) {
        if !staff.may(permission) {
            let text = format!("Your role does not have the permission {permission}. An owner can give it.");
            return Err(Error::refuse(Kind::Forbidden, "forbidden", text));
        }
    }
    let actor = staff.actor();
    let same = SameForm::new(&actor.id, "bulk".to_owned(), &fields.0);
    let op = move |tx: &mut Tx<'_>| {
        same.run(tx, |tx| {
            let mut random = [0; 16];
            tx.random(&mut random);
            let result = to_text(&random);
            let outcome = all(tx, &wish)?;
            let body = serde_json::to_vec(&outcome).map_err(Error::internal)?;
            let scope = scope(&tx.actor().id);
            tx.remember(&scope, &result, &HASH, 200, &body)?;
            Ok(result)
        })
    };
    let result = store.write(actor, op).await?;
    see_other(&format!("/admin/orders/bulk/{result}"), None)
}

/// `GET /admin/orders/bulk/{key}`: what came of it, for the one who did it.
pub(super) async fn result(
    staff: Staff<may::ViewOrders>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    key: web::Path<String>,
) -> Result<HttpResponse> {
    let outcome = kept(&store, &staff.actor().id, &key)?;
    pages.show(&shell, &BulkPage::of(outcome, &key))
}

/// A result that is kept for the one who asked for it.
fn kept(store: &Store, actor: &str, key: &str) -> Result<Outcome> {
    let unknown = || Error::refuse(Kind::NotFound, "not_found", "This result is not kept any more.");
    let wanted = from_text(key).map(|bytes| to_text(&bytes)).ok_or_else(unknown)?;
    let kept = store.read(|s| remembered(s, &scope(actor), &wanted, &HASH))?.ok_or_else(unknown)?;
    // One that an earlier version wrote in another way is as good as forgotten.
    serde_json::from_slice(&kept.body).map_err(|_other_shape| unknown())
}

fn scope(actor: &str) -> String {
    format!("bulk/{actor}")
}

/// The order of a box.
fn ticked(text: &str) -> Result<OrderId> {
    OrderId::parse(text.split_once('.').map_or(text, |(id, _)| id))
}

/// The ticked orders. Their boxes carry `id.version`, so that a form that comes twice is known.
fn chosen(fields: &Fields) -> Result<Vec<OrderId>> {
    let ids: Vec<OrderId> = fields.all("id").map(ticked).collect::<Result<_>>()?;
    match ids.len() {
        0 => Err(Error::invalid("nothing_chosen", "Tick at least one order.").on("/id")),
        1..=ORDERS_MAX => Ok(ids),
        _ => Err(Error::invalid("too_many", format!("Tick at most {ORDERS_MAX} orders.")).on("/id")),
    }
}

/// Every order by itself: what is refused leaves the others as they are.
fn all(tx: &mut Tx<'_>, wish: &Wish) -> Result<Outcome> {
    let mut rows = Vec::with_capacity(wish.each.len());
    let mut undo = Vec::new();
    for (id, action) in &wish.each {
        let number = get(tx, *id).map(|o| o.number).unwrap_or_default();
        let (result, text) = match tx.attempt(|tx| action.run(tx, *id)) {
            Ok(Some(back)) => {
                undo.push((*id, back));
                (RowResult::Done, action.done())
            }
            Ok(None) => (RowResult::Unchanged, action.unchanged()),
            Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict | Kind::NotFound) => {
                (RowResult::Refused, error.message.into_owned())
            }
            Err(fault) => return Err(fault),
        };
        rows.push(Row { id: id.to_string(), number, result, text });
    }
    Ok(Outcome { title: wish.title.clone(), rows, undo, back: wish.back.clone() })
}

impl Action {
    fn read(fields: &Fields) -> Result<Self> {
        let text = |name: &str| fields.get(name).unwrap_or_default().trim().to_owned();
        let tag = || {
            let tag = text("tag");
            let empty = || Error::invalid("tag_empty", "Write the tag first.").on("/tag");
            if tag.is_empty() { Err(empty()) } else { Ok(tag) }
        };
        match text("action").as_str() {
            // Enter in a field presses the form's first button, which means nothing by itself.
            "enter" if !text("tag").is_empty() => tag().map(Self::Tag),
            "enter" => {
                Err(Error::invalid("nothing_chosen", "Choose what to do with one of the buttons.")
                    .on("/action"))
            }
            "tag" => tag().map(Self::Tag),
            "untag" => tag().map(Self::Untag),
            word => {
                let reason = fields.get("reason").and_then(CancelReason::from_word);
                let step = step_named(word)?;
                let is_cancel = step == Step::Cancel;
                let note = if is_cancel { text("note") } else { text("hold_note") };
                Ok(Self::Step(
                    step,
                    StepInput { reason, note, carrier: text("carrier"), ..StepInput::default() },
                ))
            }
        }
    }

    fn permission(&self) -> &'static str {
        match self {
            Self::Step(step, _) if words::is_about_goods(*step) => "orders:ship",
            _ => "orders:edit",
        }
    }

    /// Does it with one order and gives what takes it back; `None` when the order was so before.
    fn run(&self, tx: &mut Tx<'_>, id: OrderId) -> Result<Option<Self>> {
        let before = get(tx, id)?;
        let (after, back) = match self {
            Self::Step(step, input) => {
                let (back, needs) = taken_back_by(*step, &before);
                (take(tx, id, None, *step, input)?, Self::Step(back, needs))
            }
            Self::Tag(tag) => (retag(tx, id, std::slice::from_ref(tag), &[])?, Self::Untag(tag.clone())),
            Self::Untag(tag) => (retag(tx, id, &[], std::slice::from_ref(tag))?, Self::Tag(tag.clone())),
        };
        Ok((after.version != before.version).then_some(back))
    }

    fn title(&self) -> String {
        match self {
            Self::Step(step, _) => step.label().to_owned(),
            Self::Tag(tag) => format!("Add tag {tag}"),
            Self::Untag(tag) => format!("Remove tag {tag}"),
        }
    }

    fn done(&self) -> String {
        match self {
            Self::Step(step, _) => words::done(*step).to_owned(),
            Self::Tag(tag) => format!("tagged {tag}"),
            Self::Untag(tag) => format!("no longer tagged {tag}"),
        }
    }

    /// What is said where there was nothing to do.
    fn unchanged(&self) -> String {
        match self {
            Self::Step(step, _) => words::done(*step).to_owned(),
            Self::Tag(tag) => format!("has the tag {tag} already"),
            Self::Untag(tag) => format!("does not have the tag {tag}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clicked::{Desk, wish};
    use super::*;
    use crate::shop::orders::{NewOrder, Order, Status};

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn actions_are_read_with_their_fields_and_need_their_permission() {
        let ship = Action::read(&fields(&[("action", "ship"), ("carrier", "DHL"), ("tag", "")])).unwrap();
        assert_eq!((ship.permission(), ship.title().as_str()), ("orders:ship", "Mark shipped"));
        let cancel = Action::read(&fields(&[
            ("action", "cancel"),
            ("reason", "rejected"),
            ("note", "fraud"),
            ("hold_note", "x"),
        ]))
        .unwrap();
        let Action::Step(Step::Cancel, input) = &cancel else { panic!("{cancel:?}") };
        assert_eq!((input.reason, input.note.as_str()), (Some(CancelReason::Rejected), "fraud"));
        let tag = Action::read(&fields(&[("action", "tag"), ("tag", " gift ")])).unwrap();
        assert_eq!((tag.permission(), &tag), ("orders:edit", &Action::Tag("gift".into())));
        assert_eq!(Action::read(&fields(&[("action", "tag")])).unwrap_err().code, "tag_empty");
        assert!(Action::read(&fields(&[("action", "explode")])).is_err());
    }

    #[test]
    fn ticked_rows_carry_their_version() {
        let id = OrderId::from_bytes([1; 16]);
        let text = format!("{id}.7");
        assert_eq!(chosen(&fields(&[("id", &text)])).unwrap(), [id]);
        assert_eq!(chosen(&fields(&[])).unwrap_err().code, "nothing_chosen");
        assert!(chosen(&fields(&[("id", "x")])).is_err());
    }

    /// Presses a button of the list, and gives the key of its result.
    async fn done(desk: &Desk, form: &[(&str, &str)]) -> String {
        let place = desk.post("/admin/orders/bulk", form).await.expect(303).location;
        place.rsplit('/').next().unwrap_or_default().to_owned()
    }

    #[actix_web::test]
    async fn undo_brings_back_what_each_order_was_and_no_more() {
        let desk = Desk::open().await;
        let tagged = desk.place(NewOrder { tags: vec!["gift".into()], ..wish("a@example.com", "Mug") });
        let plain = desk.place(wish("b@example.com", "Mug"));
        let (a, b) = (format!("{}.1", tagged.id), format!("{}.1", plain.id));
        let tags = |order: &Order| desk.order(order.id).tags;

        let key = done(&desk, &[("action", "tag"), ("tag", "gift"), ("id", &a), ("id", &b)]).await;
        let page = desk.get(&format!("/admin/orders/bulk/{key}")).await.expect(200);
        page.shows("Done for 1\u{a0}order, nothing to change in 1.");
        page.shows("Has the tag gift already");
        let undone = done(&desk, &[("undo", &key)]).await;
        assert_eq!((tags(&tagged), tags(&plain)), (vec!["gift".to_owned()], vec![]));
        assert_eq!(done(&desk, &[("undo", &key)]).await, undone, "a second click is the same");
        done(&desk, &[("undo", &undone)]).await;
        assert_eq!(tags(&plain), ["gift"], "and the other way round");

        let key = done(&desk, &[("action", "untag"), ("tag", "none"), ("id", &a)]).await;
        desk.get(&format!("/admin/orders/bulk/{key}")).await.expect(200).hides("name=\"undo\"");
    }

    #[actix_web::test]
    async fn undo_of_a_reopening_cancels_again_with_the_reason() {
        let desk = Desk::open().await;
        let order = desk.place(wish("a@example.com", "Mug"));
        let id = format!("{}.1", order.id);
        let form = [("action", "cancel"), ("reason", "rejected"), ("note", "fraud"), ("id", id.as_str())];
        let cancelled = done(&desk, &form).await;
        let reopened = done(&desk, &[("undo", &cancelled)]).await;
        assert_eq!(desk.order(order.id).status, Status::Open);
        done(&desk, &[("undo", &reopened)]).await;
        let again = desk.order(order.id).cancelled.unwrap();
        assert_eq!((again.reason, again.note.as_str()), (CancelReason::Rejected, "fraud"));
    }
}
