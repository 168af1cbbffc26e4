//! The columns of a segment while it is gathered: what the library would do with a document, without making one.

use crate::search::index::entries::Cell;
use std::io::{self, Write};
use tantivy::columnar::{ColumnType, ColumnarWriter};
use tantivy::schema::{Field, FieldType, Schema};

/// The columns of documents that come one after the other.
pub(super) struct Columns {
    inner: ColumnarWriter,
    /// The names of the columns by the number of their field; of fields that are none, empty.
    names: Vec<String>,
}

impl Columns {
    pub(super) fn new(schema: &Schema) -> Self {
        let (mut inner, mut names) = (ColumnarWriter::default(), vec![String::new(); schema.num_fields()]);
        for (field, entry) in schema.fields().filter(|(_, entry)| entry.is_fast()) {
            let kind = match entry.field_type() {
                FieldType::I64(_) => ColumnType::I64,
                FieldType::U64(_) => ColumnType::U64,
                FieldType::Str(_) => ColumnType::Str,
                other => {
                    debug_assert!(false, "the layout has a column of another kind: {other:?}");
                    continue;
                }
            };
            // One that no document fills is a column, too.
            inner.record_column_type(entry.name(), kind, false);
            if let Some(name) = names.get_mut(field.field_id() as usize) {
                entry.name().clone_into(name);
            }
        }
        Self { inner, names }
    }
    pub(super) fn add(&mut self, doc: u32, column: Field, cell: Cell<'_>) {
        let Some(name) = self.names.get(column.field_id() as usize) else { return };
        match cell {
            Cell::Signed(number) => self.inner.record_numerical(doc, name, number),
            Cell::Unsigned(number) => self.inner.record_numerical(doc, name, number),
            Cell::Text(text) => self.inner.record_str(doc, name, text),
        }
    }
    pub(super) fn bytes(&self) -> usize {
        self.inner.mem_usage()
    }
    /// Writes all columns; `order` are the documents as they will stand.
    pub(super) fn write(mut self, order: &[u32], out: &mut dyn Write) -> io::Result<()> {
        let mut places = vec![0; order.len()];
        for (place, doc) in (0..).zip(order) {
            if let Some(slot) = places.get_mut(*doc as usize) {
                *slot = place;
            }
        }
        let count = u32::try_from(order.len()).unwrap_or(u32::MAX);
        self.inner.serialize(count, Some(&places), out)
    }
}
