//! One action for every order that matches a query: the ids are frozen first, a check says what will come of it, then a
//! job does it a few orders at a time. Each order is changed by the operations that the forms call, once however often
//! the program ends in the middle, and what was done can be taken back.

mod api;
mod each;
mod model;
mod ops;
mod work;

pub use api::{ApiDocs, routes as api_routes};
pub(in crate::shop::orders) use model::{Bulk, Reason, Stage};
pub use model::{BulkId, TABLES};
pub use ops::{EVENTS, check, prune};
pub(in crate::shop::orders) use ops::{ROWS_KEPT_MS, Wish, again, begin, discard, get, resume, start, undo};
pub use work::BulkWork;

#[cfg(test)]
pub(in crate::shop::orders) mod testing {
    //! An action on many orders as tests of the pages show it.

    use super::model::{Bulk, Reason, Stage, Tally};
    use crate::base::time::Timestamp;
    use crate::store::Actor;

    pub(in crate::shop::orders) fn bulk(stage: Stage) -> Bulk {
        let evil = "<script>alert(1)</script>".to_owned();
        Bulk {
            title: "Mark shipped".into(),
            action: "{}".into(),
            query: evil.clone(),
            by: Actor::cli(),
            created_at: Timestamp(1_790_000_000_000),
            stage,
            since: Timestamp(1_790_000_000_000),
            count: 412,
            tally: Tally { done: 409, unchanged: 1, refused: 2 },
            reasons: vec![Reason { text: evil, count: 2, examples: vec!["#7".into(), "#9".into()] }],
            job: None,
            blocks: 9,
            next: 4,
            undoes: None,
            undone_by: None,
            again_of: None,
            at_once: false,
            prices: true,
            back: "/admin/orders?q=a".into(),
            problem: None,
            remarks: Some(vec![Reason { text: "Not paid".into(), count: 3, examples: vec!["#8".into()] }]),
        }
    }
}
