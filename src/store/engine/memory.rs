//! An engine for tests: rows in memory, and commits that fail when they are told to.
