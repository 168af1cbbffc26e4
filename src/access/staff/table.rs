//! Where staff are kept: records, keys, secondary indexes.

use super::model::{Credential, StaffId, StaffMember};
use crate::base::email;
use crate::store::{Index, IndexInfo, IndexRow, Record, Table, TableInfo};

pub(super) const STAFF: Table<StaffId, StaffMember> = Table::new("staff/1");
/// The password of each; apart from the person, so that it is read only to be compared.
pub(super) const CREDENTIALS: Table<StaffId, Credential> = Table::new("staff_credential/1");
/// `email::key` → person.
pub(super) const BY_EMAIL: Index<String, StaffId> = Index::unique("staff_by_email/1");

impl Record for StaffMember {
    type Key = StaffId;
    const INDEXES: &'static [IndexInfo] = &[BY_EMAIL.info()];
    fn index_keys(&self, id: &StaffId) -> Vec<IndexRow> {
        vec![BY_EMAIL.row(&email::key(&self.email), id)]
    }
}

impl Record for Credential {
    type Key = StaffId;
}

/// The tables of staff.
pub const TABLES: &[TableInfo] = &[STAFF.info("access"), CREDENTIALS.info("access")];
