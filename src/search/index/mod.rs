//! The index on disk: what a document becomes in it, writing, reading, and walking through it.

mod bulk;
mod columns;
mod conditions;
mod docsets;
mod entries;
mod layout;
mod lines;
mod near;
mod ordered;
mod place;
mod queued;
mod reader;
mod sums;
mod words;
mod writer;

pub(crate) use bulk::{Bulk, publish};
pub(crate) use conditions::{doc_freq, docs};
pub(crate) use docsets::Docs;
pub(crate) use layout::{Layout, letter};
pub(crate) use ordered::Ordered;
pub(crate) use place::{Disk, Place, bytes, is_damage, real_disk};
pub(crate) use reader::{Generation, Reader, Segment};
pub(crate) use sums::damaged;
pub(crate) use words::Ways;
#[cfg(test)]
pub(crate) use words::Words;
pub(crate) use writer::{Payload, SEGMENTS, SEGMENTS_OF_MANY, Writer, has_to_merge};
