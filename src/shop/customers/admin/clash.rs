//! Two people change one customer: what can be merged is, and only what clashes is asked. Pure.

use super::draft::{Draft, FIELDS};
use crate::base::time::Timestamp;
use crate::shop::customers::Address;
use crate::web::Fields;
use serde::Serialize;

/// The beginning of the hidden fields that carry what the form showed.
pub(super) const WAS: &str = "was_";
/// The beginning of the radio buttons of the page that asks.
pub(super) const PICK: &str = "pick_";

/// A field that both have changed, to different values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Clash {
    pub(super) field: &'static str,
    pub(super) label: &'static str,
    /// As people read it.
    pub(super) theirs: String,
    pub(super) mine: String,
    /// Who changed it last, and when.
    pub(super) who: Option<(String, Timestamp)>,
}

/// What came of merging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Merged {
    /// Mine where only I changed something, theirs where only they did, mine where both did.
    pub(super) draft: Draft,
    /// Empty when nothing has to be asked.
    pub(super) clashes: Vec<Clash>,
}

/// Merges what was typed into the present state. `was` gives what the form showed of a field.
pub(super) fn merge(mine: &Draft, theirs: &Draft, was: impl Fn(&str) -> Option<String>) -> Merged {
    let mut draft = mine.clone();
    let mut clashes = Vec::new();
    for (field, label) in FIELDS {
        let (my, their) = (mine.text(field), theirs.text(field));
        // A form without the hidden value is not ours: what it says is what is meant.
        let Some(before) = was(field) else { continue };
        if my == their || their == before {
            continue;
        }
        if my == before {
            draft.take(field, theirs);
        } else {
            clashes.push(Clash {
                field,
                label,
                theirs: shown(field, theirs),
                mine: shown(field, mine),
                who: None,
            });
        }
    }
    Merged { draft, clashes }
}

/// What the form showed, from its hidden fields.
pub(super) fn was(fields: &Fields, field: &str) -> Option<String> {
    fields.get(&format!("{WAS}{field}")).map(|text| text.replace("\r\n", "\n"))
}

/// Whether the page that asks was answered with "theirs" for this field.
pub(super) fn picks_theirs(fields: &Fields, field: &str) -> bool {
    fields.get(&format!("{PICK}{field}")) == Some("theirs")
}

/// A value as people read it.
fn shown(field: &str, draft: &Draft) -> String {
    match field {
        "addresses" => draft.addresses.iter().map(one_line).collect::<Vec<_>>().join("\n"),
        "metadata" => draft.metadata.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join("\n"),
        _ => draft.text(field),
    }
}

fn one_line(address: &Address) -> String {
    address.lines().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::customers::admin::samples;

    fn with(field: &str, value: &str) -> Draft {
        let mut draft = Draft::of(&samples::customer());
        draft.take(field, &Draft::read(&Fields(vec![(field.to_owned(), value.to_owned())])));
        draft
    }

    #[test]
    fn changes_of_different_fields_are_both_kept() {
        let base = Draft::of(&samples::customer());
        let merged = merge(&with("phone", "030 1"), &with("note", "Calls back"), |f| Some(base.text(f)));
        assert!(merged.clashes.is_empty());
        assert_eq!(
            (merged.draft.text("phone"), merged.draft.text("note")),
            ("030 1".to_owned(), "Calls back".to_owned())
        );
    }

    #[test]
    fn the_same_field_is_asked_with_both_values() {
        let base = Draft::of(&samples::customer());
        let merged = merge(&with("phone", "030 1"), &with("phone", "030 2"), |f| Some(base.text(f)));
        let [clash] = merged.clashes.as_slice() else { panic!("{:?}", merged.clashes) };
        assert_eq!((clash.field, clash.theirs.as_str(), clash.mine.as_str()), ("phone", "030 2", "030 1"));
        assert_eq!(merged.draft.text("phone"), "030 1");
    }

    #[test]
    fn the_same_change_by_both_is_no_clash() {
        let base = Draft::of(&samples::customer());
        let merged = merge(&with("phone", "030 1"), &with("phone", "030 1"), |f| Some(base.text(f)));
        assert!(merged.clashes.is_empty());
    }
}
