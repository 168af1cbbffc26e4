//! How imports are kept, and the index that finds those with work to do.

use super::model::{Import, ImportId};
use crate::store::{Index, IndexInfo, IndexRow, Record, Table, TableInfo};

/// Import by id; the newest is the last.
pub(super) const IMPORTS: Table<ImportId, Import> = Table::new("import/1");
/// Those that wait for the loop or are in it → import.
pub(super) const OPEN: Index<u8, ImportId> = Index::new("import_open/1");
/// The only key of [`OPEN`].
pub(super) const WAITS: u8 = 0;

/// The tables of this part, for the registry. Their files are not backed up with them.
pub const TABLES: [TableInfo; 1] = [IMPORTS.info("shop::transfer").not_backed_up()];

impl Record for Import {
    type Key = ImportId;
    const INDEXES: &'static [IndexInfo] = &[OPEN.info()];

    fn index_keys(&self, id: &ImportId) -> Vec<IndexRow> {
        if self.state.is_open() { vec![OPEN.row(&WAITS, id)] } else { Vec::new() }
    }
}
