//! What can be done with the ticked customers of the list.

use super::filters::PATH;
use super::list::ListParts;
use crate::access::parked::Told;
use crate::access::{Shop, Staff, may};
use crate::base::error::{Error, Kind, Result};
use crate::search::Search;
use crate::shop::customers::{CustomerId, find, get, retag};
use crate::store::{Snapshot, Store, Tx};
use crate::web::bulk::{self, Refused, Tagging, Wish};
use crate::web::routing;
use crate::web::{Fields, Pages, Shell, see_other};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// What is to be done with a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Action(Tagging);

impl Action {
    fn read(fields: &Fields) -> Result<Self> {
        // Enter in the field presses the form's first button.
        let word = fields.get("action").map_or("", |word| if word == "enter" { "tag" } else { word });
        Tagging::read(word, fields)?.map(Self).ok_or_else(|| {
            Error::invalid("nothing_chosen", "Choose what to do with one of the buttons.").on("/action")
        })
    }
}

impl bulk::Action for Action {
    type Id = CustomerId;
    const NOUNS: (&'static str, &'static str) = ("customer", "customers");
    const LIST: &'static str = PATH;

    fn title(&self) -> String {
        self.0.title()
    }

    fn permission(&self) -> &'static str {
        "customers:edit"
    }

    fn name(tx: &Tx<'_>, id: CustomerId) -> Result<Option<String>> {
        Ok(find(tx, id)?.map(|customer| customer.name()))
    }

    fn version(tx: &Tx<'_>, id: CustomerId) -> Result<Option<u64>> {
        Ok(find(tx, id)?.map(|customer| customer.version))
    }

    fn heeds_changes(&self) -> bool {
        false
    }

    fn run(&self, tx: &mut Tx<'_>, id: CustomerId) -> Result<Option<Self>> {
        let before = get(tx, id)?.version;
        let (add, remove, back) = self.0.parts();
        let after = retag(tx, id, add, remove)?;
        Ok((after.version != before).then_some(Self(back)))
    }

    fn done(&self) -> String {
        self.0.done()
    }

    fn unchanged(&self) -> String {
        self.0.unchanged()
    }
}

/// Customers of an action that are named; of more only the number is said.
const NAMED_MAX: usize = 20;

/// What a form for several customers says, for the page that shows it again after a session had ended.
///
/// # Errors
/// Faults of the store only.
pub fn told(s: &Snapshot, path: &str, sent: &[(String, String)]) -> Result<Option<Told>> {
    if path.split('?').next() != Some("/admin/customers/bulk") {
        return Ok(None);
    }
    let fields = Fields(sent.to_vec());
    if fields.get("undo").is_some() {
        let title = "Undo a change of several customers".to_owned();
        return Ok(Some(Told { title, fields: Some(Vec::new()) }));
    }
    let ids: Vec<CustomerId> = fields.all("id").filter_map(|text| bulk::ticked(text).ok()).collect();
    let mut names = Vec::new();
    for id in ids.iter().take(NAMED_MAX) {
        names.extend(find(s, *id)?.map(|customer| customer.name()));
    }
    let mut customers = names.join(", ");
    if let Some(more) = ids.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        customers.push_str(&format!(" and {more} more"));
    }
    let what = Action::read(&fields)
        .map_or_else(|_| "Change customers".to_owned(), |action| bulk::Action::title(&action));
    Ok(Some(Told { title: what, fields: Some(vec![("Customers".to_owned(), customers)]) }))
}

/// `POST /admin/customers/bulk`
pub(super) async fn run(
    staff: Staff<may::EditCustomers>,
    shell: Shell,
    (pages, shop): (web::Data<Pages>, web::Data<Shop>),
    (store, search): (web::Data<Store>, web::Data<Search>),
    fields: Fields,
) -> Result<HttpResponse> {
    let actor = staff.actor();
    let wish = match Wish::read(&store, &actor.id, &fields, Action::read) {
        Ok(wish) => wish,
        // The list again, with what was ticked and typed.
        Err(error) if error.kind == Kind::Invalid => {
            let parts = ListParts { pages, store, search, shop };
            let shell = bulk::at_list::<Action>(&shell, &fields);
            return parts.again(&shell, staff.rights(), Refused::of(&error, &fields));
        }
        Err(fault) => return Err(fault),
    };
    staff.require_all(wish.permissions())?;
    see_other(&wish.run(&store, actor, &fields).await?, None)
}

/// `GET /admin/customers/bulk/{key}`: what came of it, for the one who did it.
pub(super) async fn result(
    staff: Staff<may::ViewCustomers>,
    shell: Shell,
    pages: web::Data<Pages>,
    store: web::Data<Store>,
    key: routing::Path<String>,
) -> Result<HttpResponse> {
    pages.show(&shell, &bulk::result::<Action>(&store, &staff.actor().id, &key)?)
}
