//! Real data of real shops, where it is at hand: never part of the project.

use super::part;
use std::path::PathBuf;

/// The directory of real data, or `None` after saying that the test is skipped.
pub(crate) fn data() -> Option<PathBuf> {
    let given = std::env::var_os("BACKROOM_SHARED").map(PathBuf::from);
    let found = given
        .into_iter()
        .chain(
            ["../shared/data", "../../shared/data"]
                .map(|p| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(p)),
        )
        .find(|p| p.is_dir());
    if part("the real data", found.is_some()) { found } else { None }
}
