//! Which of our own files a file is, by what only ours have.

use crate::base::error::{Error, Result};
use crate::shop::transfer::input::{Input, Meter};
use crate::shop::transfer::list_sheet;
use crate::shop::transfer::mapping::Kind;
use crate::shop::transfer::options::Options;
use crate::shop::transfer::refusals::JSON_COLUMN;
use crate::shop::transfer::sheet::Sheet;
use std::io::Read as _;

/// Columns that only our own files have.
const TELLING: [(&str, Kind); 3] =
    [("placed_offset_min", Kind::Orders), ("issued_at", Kind::CreditNotes), ("old_emails", Kind::Customers)];

/// What a file of ours holds; `None` for a file of somebody else, and for one that cannot be opened.
pub fn held(file: &Input, options: &Options) -> Option<Kind> {
    of_json(file).or_else(|| {
        let sheet = Sheet::open(file, options).ok()?;
        TELLING.iter().find(|(column, _)| sheet.column(column).is_some()).map(|(_, kind)| *kind)
    })
}

/// What a file of JSON lines of ours holds.
fn of_json(file: &Input) -> Option<Kind> {
    let mut head = Vec::new();
    file.open(&Meter::default()).ok()?.take(64 * 1024).read_to_end(&mut head).ok()?;
    let text = String::from_utf8_lossy(&head).replace("\"\"", "\"");
    let first = text.trim_start_matches('\u{feff}').trim_start();
    // Or a file of such lines that were refused.
    let first = first.strip_prefix(JSON_COLUMN).map_or(first, |rows| rows.lines().nth(1).unwrap_or_default());
    let line = first.lines().next().filter(|l| l.trim_start_matches('"').starts_with('{'))?;
    Some(if line.contains("\"issued_at\"") {
        Kind::CreditNotes
    } else if line.contains("\"lines\"") {
        Kind::Orders
    } else {
        Kind::Customers
    })
}

/// Refuses a file of ours that holds something else than what is imported.
///
/// # Errors
/// `file_of_other_kind`.
pub fn refuse_other(kind: Kind, file: &Input, options: &Options) -> Result<()> {
    match held(file, options) {
        Some(other) if other != kind => {
            let text = format!(
                "{} holds {}. Import it as such, not as {}.",
                file.name(),
                other.label(),
                kind.label()
            );
            Err(Error::invalid("file_of_other_kind", text).on("/what"))
        }
        _ => Ok(()),
    }
}

/// Refuses the lists of our pages as files: they are for people, and say too little to be imported.
///
/// # Errors
/// `file_is_list`.
pub fn refuse_lists(files: &[Input], options: &Options) -> Result<()> {
    for file in files {
        let Ok(sheet) = Sheet::open(file, options) else { continue };
        if let Some(kind) = list_sheet::list_of(&sheet.own_header) {
            let text = format!(
                "{} is the list of {} as its page shows it, which is for people to read. Export “Everything there is” and import that file.",
                file.name(),
                kind.label()
            );
            return Err(Error::invalid("file_is_list", text).on("/file"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::transfer::list_sheet::{CUSTOMER_LIST, ORDER_LIST};

    fn is_list(header: &str) -> bool {
        let input = Input::bytes("x.csv", format!("{header}\r\n").into_bytes());
        refuse_lists(&[input], &Options::default()).is_err()
    }

    #[test]
    fn lists_of_ours_are_refused_and_no_other_file_is() {
        let orders = ORDER_LIST.iter().map(|c| c.title).collect::<Vec<_>>().join(",");
        let customers = CUSTOMER_LIST.iter().map(|c| c.title).collect::<Vec<_>>().join(";");
        for header in
            [&orders, &customers, "Order;Status;Total;Currency", "Order,Status,Placed,Total,Currency"]
        {
            assert!(is_list(header), "{header}");
        }
        for header in [
            "Name,Company,E-mail,Phone,Country",
            "Order,Total,Status,Placed",
            "number,id,placed_offset_min",
            "Name,Email,Phone",
            "Order,Status",
        ] {
            assert!(!is_list(header), "{header}");
        }
    }
}
