//! Transfer: orders and customers in from other shops' files, and out as files that come in again unchanged.
//!
//! A file is unpacked (`input`), becomes UTF-8 (`encoding`, `letters`), records (`records`) and rows under a header (`sheet`).
//! A first pass over all of it (`survey`) decides per column how numbers and dates are written, and which orders
//! are scattered or broken; which rows belong together their `keys` say. The second (`group`, `one_order`, `ids`, `run`) makes records of the rows through a mapping (`mapping`,
//! `presets`, `bound`, `maker`) and hands them to a sink together with refusals, warnings and sums (`outcome`).
//! What stands beside amounts (`signs`) says what an order is in (`tender`).
//! Files that hold something else than they were given for are refused first (`other_kind`).
//! `landing` is the sink that writes to the store, `came` what came of each item, `resumed` what it has done before it was killed, `rehearsal` what it
//! would write in a dry run. The way out is `outgoing`, `export`, `put`, `writer`,
//! `document`.

pub mod encoding;
pub mod headers;
pub mod input;
pub mod letters;
pub mod records;
pub mod sheet;

pub mod cell;
pub mod clock;
pub mod date;
pub mod date_order;
pub mod decimals;
pub mod item_cells;
pub mod keys;
pub mod months;
pub mod number;
pub mod rates;
pub mod survey;

pub mod fault;
pub mod fields;
pub mod mapping;
pub mod options;
pub mod presets;
pub mod words;

pub mod amounts;
pub mod assumed;
pub mod bound;
pub mod bounds;
pub mod credit;
pub mod group;
pub mod ids;
pub mod join;
pub mod line_columns;
pub mod lines;
pub mod maker;
pub mod one_order;
pub mod order;
pub mod people;
pub mod roles;
pub mod run;
pub mod signs;
pub mod standing;
pub mod tender;
mod tie;
pub mod unsaid;

mod came;
pub mod claims;
pub mod intake;
pub mod landing;
pub mod outcome;
pub mod parts;
pub mod refusals;
pub mod rehearsal;
pub mod resumed;

pub mod backroom;
pub mod credit_notes;
pub mod document;
mod document_parts;
pub mod export;
pub mod list_sheet;
pub mod other_kind;
pub mod outgoing;
pub mod own_kind;
pub mod own_run;
pub mod put;
pub mod sheet_xml;
pub mod workbook_in;
pub mod workbook_out;
pub mod writer;

pub mod downloads;
pub mod imports;

/// The tables of this feature, for the registry.
pub const TABLES: &[crate::store::TableInfo] = &[imports::TABLES[0], resumed::TABLES[0]];

/// The pages of this feature.
pub fn routes(config: &mut crate::web::routing::Routes) {
    config.configure(imports::admin::routes).configure(downloads::routes);
}

#[cfg(test)]
mod further_exports;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod line_amounts;
#[cfg(test)]
mod nothing_lost;
#[cfg(test)]
mod own_samples;
#[cfg(test)]
mod plugins;
#[cfg(test)]
mod real_data;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod seams;
#[cfg(test)]
mod whole_orders;
