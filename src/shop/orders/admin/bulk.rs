//! What can be done with the ticked orders of the list.

use super::facets::PATH;
use super::list::ListParts;
use super::{mass, words};
use crate::access::{Shop, Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::search::Search;
use crate::shop::orders::bulk as many;
use crate::shop::orders::{
    CancelReason, OrderId, Step, StepInput, find, get, retag, seen_by, sees_prices, step_named, take,
    taken_back_by,
};
use crate::store::{Store, Tx};
use crate::web::bulk::{self, Refused, Tagging, Wish};
use crate::web::routing;
use crate::web::{Fields, Pages, Shell, Web, see_other};
use crate::work::Work;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// What is to be done with an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::shop::orders) enum Action {
    Step(Step, StepInput),
    Tag(Tagging),
}

/// What a form of the list asks for.
enum Wished {
    Ticked(Wish<Action>),
    /// Something for every order that the list's query finds.
    All(many::Wish),
}

/// `POST /admin/orders/bulk`
pub(super) async fn run(
    staff: Staff<may::ViewOrders>,
    shell: Shell,
    (pages, front, shop): (web::Data<Pages>, web::Data<Web>, web::Data<Shop>),
    (store, search, work): (web::Data<Store>, web::Data<Search>, web::Data<Work>),
    fields: Fields,
) -> Result<HttpResponse> {
    mass::require_changes(&staff)?;
    let actor = staff.actor();
    let wished = match fields.get("all") {
        Some(query) => mass::wished(query, &fields, (&staff, &search, &shop)).map(Wished::All),
        None => Wish::read(&store, &actor.id, &fields, Action::read).map(Wished::Ticked),
    };
    let wish = match wished {
        Ok(Wished::Ticked(wish)) => wish,
        Ok(Wished::All(wish)) => return mass::begin(&staff, &store, &work, wish, &fields).await,
        // The list again, with what was ticked and typed.
        Err(error) if error.kind == Kind::Invalid => {
            let search = web::Data::new(seen_by(&search, sees_prices(|word| staff.may(word))));
            let parts = ListParts { pages, front, store, search, shop };
            let shell = bulk::at_list::<Action>(&shell, &fields);
            return parts.again(&shell, staff.rights(), Refused::of(&error, &fields));
        }
        Err(fault) => return Err(fault),
    };
    staff.require_all(wish.permissions())?;
    see_other(&wish.run(&store, actor, &fields).await?, None)
}

/// `GET /admin/orders/bulk/{key}`: what came of it, for the one who did it.
pub(super) async fn result(
    staff: Staff<may::ViewOrders>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    key: routing::Path<String>,
) -> Result<HttpResponse> {
    pages.show(&shell, &bulk::result::<Action>(&store, &staff.actor().id, &key)?)
}

impl Action {
    pub(super) fn read(fields: &Fields) -> Result<Self> {
        let text = |name: &str| fields.get(name).unwrap_or_default().trim().to_owned();
        match text("action").as_str() {
            // Enter in a field presses the form's first button, which means nothing by itself.
            "enter" if !text("tag").is_empty() => Ok(Self::Tag(Tagging::Add(text("tag")))),
            "enter" if !text("hold_note").is_empty() => {
                let note = text("hold_note");
                Ok(Self::Step(Step::Hold, StepInput { note, ..StepInput::default() }))
            }
            "enter" => {
                Err(Error::invalid("nothing_chosen", "Choose what to do with one of the buttons.")
                    .on("/action"))
            }
            word => {
                if let Some(tagging) = Tagging::read(word, fields)? {
                    return Ok(Self::Tag(tagging));
                }
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
}

impl bulk::Action for Action {
    type Id = OrderId;
    const NOUNS: (&'static str, &'static str) = ("order", "orders");
    const LIST: &'static str = PATH;

    fn name(tx: &Tx<'_>, id: OrderId) -> Result<Option<String>> {
        Ok(find(tx, id)?.map(|order| format!("#{}", order.number)))
    }

    fn version(tx: &Tx<'_>, id: OrderId) -> Result<Option<u64>> {
        Ok(find(tx, id)?.map(|order| order.version))
    }

    fn heeds_changes(&self) -> bool {
        matches!(self, Self::Step(..))
    }

    fn permission(&self) -> &'static str {
        match self {
            Self::Step(step, _) if step.is_about_goods() => "orders:ship",
            _ => "orders:edit",
        }
    }

    fn run(&self, tx: &mut Tx<'_>, id: OrderId) -> Result<Option<Self>> {
        let before = get(tx, id)?;
        let (after, back) = match self {
            Self::Step(step, input) => {
                let (back, needs) = taken_back_by(*step, &before);
                (take(tx, id, None, *step, input)?, Self::Step(back, needs))
            }
            Self::Tag(tagging) => {
                let (add, remove, back) = tagging.parts();
                (retag(tx, id, add, remove)?, Self::Tag(back))
            }
        };
        Ok((after.version != before.version).then_some(back))
    }

    fn remark(&self, tx: &Tx<'_>, id: OrderId) -> Result<Option<&'static str>> {
        let Self::Step(Step::Ship | Step::Complete, _) = self else { return Ok(None) };
        Ok(words::unpaid(&get(tx, id)?))
    }

    fn title(&self) -> String {
        match self {
            Self::Step(step, _) => step.label().to_owned(),
            Self::Tag(tagging) => tagging.title(),
        }
    }

    fn done(&self) -> String {
        match self {
            Self::Step(step, _) => words::done(*step).to_owned(),
            Self::Tag(tagging) => tagging.done(),
        }
    }

    fn unchanged(&self) -> String {
        match self {
            Self::Step(step, _) => words::done(*step).to_owned(),
            Self::Tag(tagging) => tagging.unchanged(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::clicked::{Desk, wish};
    use super::*;
    use crate::shop::orders::{NewOrder, Order, Status};
    use crate::web::bulk::Action as _;

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
        assert_eq!((tag.permission(), &tag), ("orders:edit", &Action::Tag(Tagging::Add("gift".into()))));
        assert_eq!(Action::read(&fields(&[("action", "tag")])).unwrap_err().code, "tag_empty");
        assert!(Action::read(&fields(&[("action", "explode")])).is_err());
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
    async fn undo_leaves_what_somebody_has_changed_since() {
        let desk = Desk::open().await;
        let [mine, theirs] = ["a@example.com", "b@example.com"].map(|who| desk.place(wish(who, "Mug")));
        let (a, b) = (format!("{}.1", mine.id), format!("{}.1", theirs.id));
        let held = done(&desk, &[("action", "hold"), ("hold_note", "look"), ("id", &a), ("id", &b)]).await;
        let path = format!("/admin/orders/{}", theirs.id);
        desk.post(&format!("{path}/release"), &[("version", "2")]).await.expect(303);
        desk.post(&format!("{path}/hold"), &[("version", "3"), ("note", "FRAUD")]).await.expect(303);
        let undone = done(&desk, &[("undo", &held)]).await;
        let page = desk.get(&format!("/admin/orders/bulk/{undone}")).await.expect(200);
        page.shows("It was changed since; it stays as it is.");
        assert_eq!(desk.order(mine.id).hold, None);
        assert_eq!(desk.order(theirs.id).hold.as_deref(), Some("FRAUD"));
    }

    #[actix_web::test]
    async fn orders_that_are_shipped_and_not_paid_are_named() {
        let desk = Desk::open().await;
        let [paid, unpaid] = ["a@example.com", "b@example.com"].map(|who| desk.place(wish(who, "Mug")));
        let (a, b) = (format!("{}.1", paid.id), format!("{}.1", unpaid.id));
        done(&desk, &[("action", "pay"), ("id", &a)]).await;
        let key = done(&desk, &[("action", "ship"), ("id", &a), ("id", &b)]).await;
        let page = desk.get(&format!("/admin/orders/bulk/{key}")).await.expect(200);
        page.shows("Done for 2\u{a0}orders.");
        page.shows(&format!("#{}</a> not paid</span>", unpaid.number));
        assert_eq!(page.body.matches("Not paid").count(), 1, "{}", page.body);
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
