//! What each file of an import is: the records themselves, a further file that belongs to them, or of no use.

use crate::base::error::{Error, Result};
use crate::shop::transfer::bound::likeness;
use crate::shop::transfer::cell;
use crate::shop::transfer::fields::Field;
use crate::shop::transfer::mapping::{Kind, Mapping};
use crate::shop::transfer::sheet::Sheet;

/// The role of the files that hold the records themselves.
pub(super) const RECORDS: &str = "records";

/// The role of a file that was given along and is of no use.
pub const UNUSED: &str = "not used";

/// What a file is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The orders or customers themselves.
    Main,
    Further(String),
    /// Given along and of no use here.
    Unused,
}

impl Role {
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Further(name) => Some(name),
            Self::Main | Self::Unused => None,
        }
    }
}

/// So many columns of a list of people make it one, the e-mail address among them.
const COLUMNS_MIN: usize = 3;

fn has_email(mapping: &Mapping, sheet: &Sheet) -> bool {
    mapping.columns(Field::CustomerEmail).iter().any(|name| sheet.column(name).is_some())
}

/// What a file is: the role whose columns it has most of. Of a mapping with several files, a file that has less
/// than half of any role's columns is none of them.
pub(super) fn role_of(mapping: &Mapping, sheet: &Sheet) -> Result<Role> {
    let roles = std::iter::once(None).chain(mapping.files.keys().map(|r| Some(r.as_str())));
    let scored = roles.filter_map(|role| {
        likeness(mapping, role, sheet).map(|(found, all)| (found * 1000 / all.max(1), found, role))
    });
    match scored.max_by_key(|(share, found, _)| (*share, *found)) {
        // A list of people has few of the columns that some other list of them has.
        Some((_, COLUMNS_MIN.., None)) if mapping.kind == Kind::Customers && has_email(mapping, sheet) => {
            Ok(Role::Main)
        }
        Some((share, _, _)) if share < 500 && !mapping.files.is_empty() => Ok(Role::Unused),
        Some((1.., _, None)) => Ok(Role::Main),
        Some((1.., _, Some(role))) => Ok(Role::Further(role.to_owned())),
        _ if !mapping.files.is_empty() => Ok(Role::Unused),
        _ => Err(Error::invalid(
            "columns_missing",
            format!(
                "{} has none of the columns that are looked for. It has {}.",
                sheet.name,
                cell::headings(&sheet.header)
            ),
        )),
    }
}

/// The refusal when files are not there that belong together; `unused` are those that were given and are none of them.
pub(super) fn missing(mapping: &Mapping, roles: &[Option<&str>], unused: &[&Sheet]) -> Error {
    let told = |role: &Option<&str>| {
        let further = role.and_then(|r| mapping.files.get(r));
        let name = further.map_or(mapping.name.as_str(), |f| f.name.as_str());
        let of_role = Field::ALL.iter().filter(|f| mapping.file_of(f.section()) == *role);
        // What is looked up in another file is no column of this one.
        let is_own =
            |name: &&String| !name.split_once('.').is_some_and(|(role, _)| mapping.files.contains_key(role));
        let columns = of_role.filter_map(|f| mapping.columns(*f).iter().find(is_own));
        let mut names: Vec<&str> = Vec::new();
        for name in columns.chain(further.and_then(|f| f.key.first())).map(String::as_str) {
            if !names.contains(&name) && names.len() < 6 {
                names.push(name);
            }
        }
        let columns = names.join(", ");
        if name.is_empty() {
            format!("the one with the columns {columns}")
        } else {
            format!("{name} (with {columns})")
        }
    };
    let files = roles.iter().map(told).collect::<Vec<_>>().join("; ");
    let begin = if roles.len() == 1 { "A file is missing" } else { "Some files are missing" };
    let unlike = unused.iter().map(|sheet| {
        format!(
            " {} is like none of the files that are known here; it has {}.",
            sheet.name,
            cell::headings(&sheet.header)
        )
    });
    let unlike = unlike.collect::<String>();
    Error::invalid("file_missing", format!("{begin}. Give together with the others: {files}.{unlike}"))
}
