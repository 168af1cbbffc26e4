//! Imports from the pages: files are uploaded, read in a dry run, and written when somebody says so; all behind, so
//! that nobody waits, and resumed after a kill.

pub mod admin;
mod model;
mod ops;
mod table;
mod view;
mod work;

pub use model::{Asked, Import, ImportId, Outcome, State};
pub use ops::EVENTS;
pub use table::TABLES;
pub use work::{Imports, Progress};

#[cfg(test)]
mod testing {
    //! An import as tests of the pages show it.

    use super::model::{Asked, Import, ImportId, Noted, Outcome, Read, Refusal, SentFile, State, Total};
    use crate::base::id::Id as _;
    use crate::base::money::Currency;
    use crate::base::time::Timestamp;
    use crate::shop::transfer::landing::Landed;

    pub(super) fn id() -> ImportId {
        ImportId::from_bytes([7; 16])
    }

    pub(super) fn import(state: State) -> Import {
        let evil = "<script>alert(1)</script>".to_owned();
        let outcome = Outcome {
            rows: 12,
            lines: 11,
            orders: 7,
            customers: 5,
            landed: Landed { orders_added: 7, refused: 1, ..Landed::default() },
            totals: vec![Total { amount: 12_345, currency: Currency::EUR }],
            warnings: vec![Noted { sentence: "Odd cells.".into(), count: 2, examples: vec![evil.clone()] }],
            refusals: vec![Refusal {
                file: "orders.csv".into(),
                line: 9,
                column: "Total".into(),
                value: evil.clone(),
                reason: "Enter an amount such as 59.00.".into(),
            }],
            files: vec![Read {
                name: "orders.csv".into(),
                role: "records".into(),
                encoding: "UTF-8".into(),
                delimiter: "comma".into(),
                rows: 12,
                unknown_columns: vec![evil.clone()],
                ignored_columns: vec!["Risk".into()],
                decisions: vec!["Total: 1,234 is 1234".into()],
                samples: vec!["Müller".into()],
                passed_over: vec!["2 blank rows".into()],
            }],
            assumptions: vec!["Amounts without a currency are in EUR.".into()],
            left_out: vec![Refusal {
                file: "orders.csv".into(),
                line: 10,
                column: String::new(),
                value: String::new(),
                reason: "The row names nobody.".into(),
            }],
        };
        Import {
            state,
            created_at: Timestamp(1_790_000_000_000),
            created_by: evil,
            changed_at: Timestamp(1_790_000_000_000),
            asked: Asked { what: "orders".into(), from: "shopify".into(), ..Asked::default() },
            files: vec![SentFile { name: "orders.csv".into(), bytes: 1_234 }],
            stop_on_error: false,
            check: Some(outcome.clone()),
            result: (state == State::Done).then_some(outcome),
            problem: None,
            recognised: true,
            checked_at_event: 0,
            starts_after_check: false,
        }
    }
}
