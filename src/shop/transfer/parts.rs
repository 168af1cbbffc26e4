//! The parts of a file of refused rows that came from files with different columns: each is read as a file.

use crate::base::error::Result;
use crate::shop::transfer::encoding;
use crate::shop::transfer::input::{Input, Meter};
use crate::shop::transfer::options::Options;
use crate::shop::transfer::records::{Next, Records};
use crate::shop::transfer::refusals::{REFUSED_COLUMNS, own_columns};
use crate::shop::transfer::sheet::Sheet;
use std::io::Read as _;

/// A file of refused rows shows so early that it is one.
const HEAD_BYTES: u64 = 256 * 1024;

/// The files with those of refused rows taken apart; all others as they are.
///
/// # Errors
/// `file_unreadable`.
pub fn of_all(files: Vec<Input>) -> Result<Vec<Input>> {
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        let headers = headers(&file)?;
        if headers.len() < 2 {
            all.push(file);
        } else {
            all.extend(headers.into_iter().map(|line| file.part_from(line)));
        }
    }
    Ok(all)
}

/// The lines of the different headers of a file of refused rows; none for any other file.
fn headers(file: &Input) -> Result<Vec<u64>> {
    // What cannot be opened says why when it is read.
    let Ok(text) = file.open(&Meter::default()) else { return Ok(Vec::new()) };
    let mut head = Vec::new();
    let read = text.take(HEAD_BYTES).read_to_end(&mut head);
    let is_near = read.is_ok() && REFUSED_COLUMNS.iter().all(|c| holds(&head, c));
    let options = Options::default();
    let Some(sheet) = is_near.then(|| Sheet::open(file, &options).ok()).flatten() else {
        return Ok(Vec::new());
    };
    if sheet.own_header.len() == sheet.header.len() {
        return Ok(Vec::new());
    }
    let detected = encoding::detect(file, None)?;
    let mut records = Records::new(encoding::open(file, detected, &Meter::default())?, sheet.delimiter);
    let mut found: Vec<(Vec<String>, u64)> = Vec::new();
    loop {
        match records.advance().map_err(|e| file.unreadable(e))? {
            Next::End => return Ok(found.into_iter().map(|(_, line)| line).collect()),
            Next::Fault { .. } => {}
            Next::Record => {
                let cells: Vec<&str> = records.record().cells().map(str::trim).collect();
                let own = own_columns(cells.iter().copied());
                if own < cells.len() && !found.iter().any(|(titles, _)| *titles == cells) {
                    found.push((cells.into_iter().map(str::to_owned).collect(), records.record().line));
                }
            }
        }
    }
}

fn holds(head: &[u8], word: &str) -> bool {
    head.windows(word.len()).any(|bytes| bytes == word.as_bytes())
}
