//! Documents on their way to the threads that write the index: so many at once and no more.
//!
//! The library's own queue takes ten thousand, which are a hundred megabytes while an index is built.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tantivy::TantivyDocument;
use tantivy::schema::document::Document;

/// Documents that wait at once.
const WAITING_MAX: usize = 256;
/// Threads that take none for so long are dead, and the next document is refused by the library with their error.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many documents wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<usize>,
    taken: Condvar,
}

impl Queue {
    /// Queues a document, when there is room for it.
    pub(super) fn wait_for(self: &Arc<Self>, doc: TantivyDocument) -> Queued {
        let full = |waiting: &mut usize| *waiting >= WAITING_MAX;
        let waited = self.taken.wait_timeout_while(self.waiting(), PATIENCE, full);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *waiting += 1;
        Queued { doc, _place: Place(Arc::clone(self)) }
    }
    fn waiting(&self) -> MutexGuard<'_, usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, until it is dropped.
#[derive(Debug)]
struct Place(Arc<Queue>);

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        *waiting = waiting.saturating_sub(1);
        self.0.taken.notify_one();
    }
}

/// A document that waits.
#[derive(Debug)]
pub(super) struct Queued {
    doc: TantivyDocument,
    _place: Place,
}

impl Document for Queued {
    type Value<'a> = <TantivyDocument as Document>::Value<'a>;
    type FieldsValuesIter<'a> = <TantivyDocument as Document>::FieldsValuesIter<'a>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        Document::iter_fields_and_values(&self.doc)
    }
    /// Called by the thread that writes it.
    fn into_tantivy_document(self) -> TantivyDocument {
        self.doc
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use tantivy::schema::Field;

    #[test]
    fn a_full_queue_waits_until_a_document_is_taken() {
        let queue = Arc::new(Queue::default());
        let mut docs: Vec<Queued> =
            (0..WAITING_MAX).map(|_| queue.wait_for(TantivyDocument::default())).collect();
        let (told, hears) = channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _one_more = queue.wait_for(TantivyDocument::default());
                told.send(()).unwrap();
            });
            assert!(hears.try_recv().is_err(), "there is no room");
            drop(docs.pop().unwrap().into_tantivy_document());
            hears.recv().unwrap();
        });
        drop(docs);
        assert_eq!(*queue.waiting(), 0);
    }

    #[test]
    fn a_document_comes_out_as_it_went_in() {
        let mut doc = TantivyDocument::default();
        doc.add_u64(Field::from_field_id(3), 7);
        let queued = Arc::new(Queue::default()).wait_for(doc.clone());
        assert_eq!(queued.iter_fields_and_values().count(), 1);
        assert_eq!(queued.into_tantivy_document(), doc);
    }
}
