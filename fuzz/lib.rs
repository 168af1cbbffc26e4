//! Finds a parser of the program by its name.

/// Runs it once.
///
/// # Panics
/// When there is none of this name.
pub fn run(name: &str, bytes: &[u8]) {
    let found = backroom::fuzzed::TARGETS.iter().find(|(known, _)| *known == name);
    found.expect("a parser of this name").1(bytes);
}
