//! Orders: what was bought by whom, at which price, and how far it has come. An order is never lost, doubled
//! or rewritten: its lines keep the text and price of the day, and every later change is a step with an event.

pub mod admin;
mod api;
mod arrival;
mod asked;
mod audit;
pub mod bulk;
mod change;
#[cfg(test)]
mod crashed;
mod credited;
mod events;
mod facts;
#[cfg(test)]
mod given_back;
mod incoming;
mod instants;
mod keep;
mod model;
mod parcels;
mod partial;
mod place;
#[cfg(test)]
mod played;
#[cfg(test)]
mod priced;
mod sales;
mod search;
mod setback;
mod sight;
mod standing;
mod state;
mod table;
#[cfg(test)]
mod told;
mod undo;
mod wire;

pub use api::{ApiDocs, routes as api_routes};
pub use arrival::{Arrival, Brought, Traits, arrival};
pub use asked::{NoteBody, OrderFields, ParcelFields, PlaceOrder, StepBody, step_named};
pub use audit::check;
pub use bulk::BulkWork;
pub use change::{OrderChange, StepInput, add_note, change, edit_note, may_edit_note, retag, take};
pub use credited::{credit_note_after, credit_note_arrival, import_credit_note};
pub use events::{EVENTS, happened_at};
pub use facts::{Different, Facts, facts};
pub use incoming::*;
pub use keep::{
    Named, VIEWS, View, all_of, between, count, credit_note_ids, credit_notes_of, find, find_all,
    find_by_number, find_by_outside_id, find_by_source, find_credit_note, find_credit_note_by_outside_id,
    get, get_credit_note, ids, recent,
};
pub use model::*;
pub use parcels::{ParcelChange, correct_parcel};
pub use partial::{ALL_COLUMNS, AddressPart, LONE_SUBTOTAL, LinePart, Part, STANDING_FROM, Unsaid, settled};
pub use place::{CalledThere, Imported, import, import_over, known, place};
pub use sales::{Sold, currencies, sold_between};
pub use search::{FIELDS, KINDS, credit_note_doc, doc, doc_of};
pub use setback::setback;
pub use sight::{called, called_by, require_prices, seen_by, sees_prices, sees_sales};
pub use standing::{Standing, of_customer, standing};
pub use state::*;
pub use table::TABLES;
pub use undo::taken_back_by;
pub use wire::{CreditNoteOut, OrderOut};
