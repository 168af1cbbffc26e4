//! How the index is doing.

/// A look at the index for the health page and the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// Whether answers come from a complete index.
    pub ready: bool,
    /// Documents in the index.
    pub docs: u64,
    pub segments: u64,
    /// Records committed to the store and not yet to the index; they are found all the same.
    pub pending: u64,
    /// Events the index is behind the store.
    pub lag: u64,
    /// A rebuild is under way.
    pub rebuilding: bool,
    /// One is wanted, and waits until the disk has room for it.
    pub waits_for_room: bool,
    /// Documents the rebuild has read so far.
    pub rebuilt_docs: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// The last thing that went wrong, for the log and the health page; empty when all is well.
    pub last_error: String,
}
