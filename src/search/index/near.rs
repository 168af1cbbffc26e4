//! The values of a counted field in the newest documents of a segment, in memory and side by side: filters count most
//! of what they count there, and a packed column takes ten times as long.

use tantivy::columnar::StrColumn;

/// Documents of a segment whose values are kept so: about 100 KB a field.
const DOCS_MAX: u32 = 32_768;
/// Documents that are read of the column at once.
const BLOCK: u32 = 4_096;

/// The values by document.
pub(crate) struct Near {
    docs: u32,
    values: Box<[u16]>,
    /// Where the values of each document begin, and behind the last one where they end; `None` where each has one.
    starts: Option<Box<[u32]>>,
}

impl Near {
    /// `None` for a column with too many different values.
    pub(crate) fn of(column: &StrColumn, max_doc: u32) -> Option<Self> {
        u16::try_from(column.num_terms()).ok()?;
        let docs = max_doc.min(DOCS_MAX);
        let (mut values, mut starts) = (Vec::new(), Vec::new());
        let (mut of_docs, mut rows, mut found) = (Vec::new(), Vec::new(), Vec::new());
        let mut from = 0;
        while from < docs {
            let block: Vec<u32> = (from..docs.min(from + BLOCK)).collect();
            of_docs.clear();
            rows.clear();
            column.ords().row_ids_for_docs(&block, &mut of_docs, &mut rows);
            found.clear();
            found.resize(rows.len(), 0);
            column.ords().values.get_vals(&rows, &mut found);
            let mut pairs = of_docs.iter().zip(&found).peekable();
            for doc in block {
                starts.push(u32::try_from(values.len()).ok()?);
                while let Some((_, value)) = pairs.next_if(|(of, _)| **of == doc) {
                    values.push(u16::try_from(*value).ok()?);
                }
            }
            from += BLOCK;
        }
        starts.push(u32::try_from(values.len()).ok()?);
        let is_one_each = starts.iter().zip(0..).all(|(start, doc)| *start == doc);
        Some(Self { docs, values: values.into(), starts: (!is_one_each).then(|| starts.into()) })
    }
    /// Counts the values of those of some documents that are here; gives the others, which come behind them.
    pub(crate) fn count<'a>(&self, docs: &'a [u32], counts: &mut [u32]) -> &'a [u32] {
        let (here, beyond) = docs.split_at(docs.partition_point(|doc| *doc < self.docs));
        let mut add = |value: &u16| {
            if let Some(count) = counts.get_mut(usize::from(*value)) {
                *count += 1;
            }
        };
        for doc in here {
            let doc = *doc as usize;
            match &self.starts {
                None => self.values.get(doc).into_iter().for_each(&mut add),
                Some(starts) => {
                    if let Some([from, to]) =
                        starts.get(doc..doc + 2).and_then(|pair| pair.first_chunk::<2>())
                    {
                        let values = self.values.get(*from as usize..*to as usize);
                        values.unwrap_or_default().iter().for_each(&mut add);
                    }
                }
            }
        }
        beyond
    }
}
