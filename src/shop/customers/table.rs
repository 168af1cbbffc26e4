//! How customers are kept: records, totals and the indexes that find them.

use super::external::ExternalRef;
use super::model::{Customer, CustomerId, Totals};
use super::named::Named;
use crate::base::email;
use crate::base::money::Currency;
use crate::base::phone;
use crate::store::{Index, IndexInfo, IndexRow, Record, Table, TableInfo};
use minicbor::{Decode, Encode};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Customer by id.
pub(super) const CUSTOMERS: Table<CustomerId, Customer> = Table::new("customer/1");
/// The same rows, of which no more is read than what a person is called by.
pub(super) const NAMES: Table<CustomerId, Named> = Table::new(CUSTOMERS.name());
/// What a customer's orders add up to, by the customer's id. Apart, because it changes without the customer.
pub(super) const TOTALS: Table<CustomerId, Totals> = Table::new("customer_totals/1");
/// Whom a file has brought with neither e-mail address nor outside id, by what the row is known by.
pub(super) const BY_ROW: Table<RowKey, Brings> = Table::new("customer_by_row/1");

/// A digest: see `merge::row_key`.
pub type RowKey = [u8; 16];

/// Whom a row has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Brings {
    #[n(0)]
    pub(super) customer: CustomerId,
}

impl Record for Brings {
    type Key = RowKey;
}

/// `email::key` of the address → customer. Unique.
pub(super) const BY_EMAIL: Index<String, CustomerId> = Index::unique("customer_by_email/1");
/// `email::key` of an address they had before → customers.
pub(super) const BY_OLD_EMAIL: Index<String, CustomerId> = Index::new("customer_by_old_email/1");
/// (source, outside id) → customer. Unique.
pub(super) const BY_EXTERNAL: Index<(String, String), CustomerId> = Index::unique("customer_by_external/1");
/// Significant digits of the phone → customers.
pub(super) const BY_PHONE: Index<String, CustomerId> = Index::new("customer_by_phone/1");
/// Number of kept orders, most first → customers.
pub(super) const BY_ORDERS: Index<Reverse<u32>, CustomerId> = Index::new("customer_by_orders/1");
/// Currency and sum spent, most first → customers.
pub(super) const BY_SPENT: Index<(Currency, Reverse<i64>), CustomerId> = Index::new("customer_by_spent/1");

/// The tables of this feature, for the registry.
pub const TABLES: &[TableInfo] =
    &[CUSTOMERS.info("shop::customers"), TOTALS.info("shop::customers"), BY_ROW.info("shop::customers")];

impl Record for Named {
    type Key = CustomerId;
}

impl Record for Customer {
    type Key = CustomerId;
    const INDEXES: &'static [IndexInfo] =
        &[BY_EMAIL.info(), BY_OLD_EMAIL.info(), BY_EXTERNAL.info(), BY_PHONE.info()];

    fn index_keys(&self, id: &CustomerId) -> Vec<IndexRow> {
        let mut rows = Vec::new();
        if let Some(address) = &self.email {
            rows.push(BY_EMAIL.row(&email::key(address), id));
        }
        let old: BTreeSet<String> = self.old_emails.iter().map(|address| email::key(address)).collect();
        rows.extend(old.iter().map(|key| BY_OLD_EMAIL.row(key, id)));
        for ExternalRef { source, id: outside } in &self.external {
            rows.push(BY_EXTERNAL.row(&(source.clone(), outside.clone()), id));
        }
        let digits = phone::significant(&self.phone);
        if !digits.is_empty() {
            rows.push(BY_PHONE.row(&digits, id));
        }
        rows
    }
}

impl Record for Totals {
    type Key = CustomerId;
    const INDEXES: &'static [IndexInfo] = &[BY_ORDERS.info(), BY_SPENT.info()];

    fn index_keys(&self, id: &CustomerId) -> Vec<IndexRow> {
        let mut rows = vec![BY_ORDERS.row(&Reverse(self.orders), id)];
        rows.extend(self.spent.iter().map(|s| BY_SPENT.row(&(s.currency, Reverse(s.amount)), id)));
        rows
    }
}
