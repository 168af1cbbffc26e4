//! How orders and credit notes are kept: records and the indexes that find them.

use super::model::{CreditNote, CreditNoteId, Order, OrderId};
use super::sales::Sold;
use super::standing::Keeping;
use crate::base::money::Currency;
use crate::base::time::Timestamp;
use crate::shop::customers::CustomerId;
use crate::store::{Index, IndexInfo, IndexRow, Record, Table, TableInfo};

/// The sequence of order numbers.
pub(super) const NUMBERS: &str = "order_number";

/// Order by id. Ids carry the time of placing, so the table is in the order of placing.
pub(super) const ORDERS: Table<OrderId, Order> = Table::new("order/1");
/// Credit note by id.
pub(super) const CREDIT_NOTES: Table<CreditNoteId, CreditNote> = Table::new("credit_note/1");
/// (currency, quarter of an hour since 1970) → what was sold in it.
pub(super) const SALES: Table<(Currency, i64), Sold> = Table::new("order_sales/1");

/// Number → order. Unique.
pub(super) const BY_NUMBER: Index<u64, OrderId> = Index::unique("order_by_number/1");
/// (source, outside id) → order. Unique: the same order is imported once.
pub(super) const BY_SOURCE: Index<(String, String), OrderId> = Index::unique("order_by_source/1");
/// (source, what it is called there) → orders whose outside id is another: a file that lacks the ids knows them by that.
pub(super) const BY_SOURCE_NAME: Index<(String, String), OrderId> = Index::new("order_by_source_name/1");
/// Customer and time of placing → orders, with [`Keeping`] beside, so that new or returning needs no record.
pub(super) const BY_CUSTOMER: Index<(CustomerId, Timestamp), OrderId> = Index::new("order_by_customer/1");
/// (source, outside id) → credit note. Unique.
pub(super) const CREDIT_BY_SOURCE: Index<(String, String), CreditNoteId> =
    Index::unique("credit_note_by_source/1");
/// Customer and time → credit notes.
pub(super) const CREDIT_BY_CUSTOMER: Index<(CustomerId, Timestamp), CreditNoteId> =
    Index::new("credit_note_by_customer/1");

/// The tables of this feature, for the registry.
pub const TABLES: &[TableInfo] = &[
    ORDERS.info("shop::orders").numbered(&[(NUMBERS, BY_NUMBER.name())]),
    CREDIT_NOTES.info("shop::orders"),
    SALES.info("shop::orders"),
];

impl Record for Order {
    type Key = OrderId;
    const INDEXES: &'static [IndexInfo] =
        &[BY_NUMBER.info(), BY_SOURCE.info(), BY_SOURCE_NAME.info(), BY_CUSTOMER.info()];

    fn index_keys(&self, id: &OrderId) -> Vec<IndexRow> {
        let mut rows = vec![BY_NUMBER.row(&self.number, id)];
        if let Some(source) = &self.source {
            rows.push(BY_SOURCE.row(&(source.source.clone(), source.id.clone()), id));
            if !self.source_name.is_empty() && self.source_name != source.id {
                let called = (source.source.clone(), self.source_name.clone());
                rows.push(BY_SOURCE_NAME.row(&called, id));
            }
        }
        if let Some(customer) = self.customer {
            rows.push(BY_CUSTOMER.row_with(&(customer, self.placed_at), id, &Keeping::of(self).bytes()));
        }
        rows
    }
}

impl Record for CreditNote {
    type Key = CreditNoteId;
    const INDEXES: &'static [IndexInfo] = &[CREDIT_BY_SOURCE.info(), CREDIT_BY_CUSTOMER.info()];

    fn index_keys(&self, id: &CreditNoteId) -> Vec<IndexRow> {
        let mut rows = Vec::new();
        if let Some(source) = &self.source {
            rows.push(CREDIT_BY_SOURCE.row(&(source.source.clone(), source.id.clone()), id));
        }
        if let Some(customer) = self.customer {
            rows.push(CREDIT_BY_CUSTOMER.row(&(customer, self.issued_at), id));
        }
        rows
    }
}

impl Record for Sold {
    type Key = (Currency, i64);
}
