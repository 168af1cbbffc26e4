//! Rules about the source that the compiler cannot state.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Lowest first. A file may use its own rung and those before it, nothing after.
const LADDER: &[&str] = &[
    "base",
    "store",
    "search",
    "work",
    "outbound",
    "web",
    "access",
    "shop::customers",
    "shop::orders",
    "shop::transfer",
    "shop::outreach",
    "shop::messages",
    "shop::sites",
    "shop::mail",
    "shop::desk",
    "shop",
    "registry",
    "config",
    "app",
    "routes",
    "workers",
    "cli",
    "main",
];
/// Lines before the tests of a file begin. A room that needs more is two rooms.
const FILE_LINES_MAX: usize = 500;
const DRAWERS: &[&str] = &["util", "utils", "common", "helpers", "misc", "types"];
/// Papers that are not in this repository.
const ELSEWHERE: &[&str] = &["house.md", "admin.md", "promises.md", "stack.md", "features.md", "parts.md"];
const UNFINISHED: &[&str] = &["TODO", "FIXME", "XXX:", "HACK", "todo!", "unimplemented!", "dbg!"];

fn files(dir: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, ending, found);
            } else if ending.is_empty() || path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), ending, &mut found);
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string()
}

/// `src/shop/orders/api.rs` stands on `shop::orders`.
fn rung(module: &str) -> Option<usize> {
    LADDER.iter().position(|r| module == *r || module.starts_with(&format!("{r}::")))
}

fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

#[test]
fn imports_run_downward() {
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        let name = shown(&path);
        let module = name.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::");
        let Some(own) = rung(module.trim_end_matches("::mod")) else { continue };
        for (number, line) in read(&path).lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            if line.contains("use crate::{") {
                wrong.push(format!("{name}:{}: write `use crate::module::{{…}}`", number + 1));
            }
            // `pub(in crate::shop)` says who may see, not what is used.
            let line = line.replace("pub(in crate::", "pub(in ");
            for (at, _) in line.match_indices("crate::") {
                let used: String = line[at + 7..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':')
                    .collect();
                if let Some(other) = rung(&used)
                    && other > own
                {
                    wrong.push(format!(
                        "{name}:{}: `{}` stands above `{}`",
                        number + 1,
                        LADDER[other],
                        LADDER[own]
                    ));
                }
            }
        }
    }
    none(&wrong, "a file names only its own rung and lower ones");
}

#[test]
fn every_source_file_says_what_it_is_and_stays_one_room() {
    let mut wrong = Vec::new();
    for path in files("src", "rs").into_iter().chain(files("tests", "rs")).chain(files("benches", "rs")) {
        let (name, text) = (shown(&path), read(&path));
        // A file of tests is as long as its cases.
        let is_tests = name.starts_with("tests/")
            || name.contains("/tests/")
            || text.contains("#![cfg(test)]")
            || name.ends_with("/real_data.rs")
            // One list of all error codes, read from top to bottom.
            || name.ends_with("/docs/codes.rs");
        if !text.starts_with("//! ") {
            wrong.push(format!("{name}: begin with one `//!` sentence"));
        }
        let lines = text.lines().take_while(|l| !l.starts_with("#[cfg(test)]")).count();
        if lines > FILE_LINES_MAX && !is_tests {
            wrong.push(format!("{name}: {lines} lines; split it by purpose"));
        }
        if path.file_stem().and_then(|s| s.to_str()).is_some_and(|stem| DRAWERS.contains(&stem)) {
            wrong.push(format!("{name}: a drawer is no room; name it by what is in it"));
        }
    }
    none(&wrong, "a file is a room with one purpose");
}

#[test]
fn nothing_is_left_unfinished() {
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        for (number, line) in read(&path).lines().enumerate() {
            if UNFINISHED.iter().any(|w| line.contains(w)) {
                wrong.push(format!("{}:{}: {}", shown(&path), number + 1, line.trim()));
            }
        }
    }
    none(&wrong, "finish it or leave it out");
}

#[test]
fn nobody_is_sent_to_a_paper_that_is_not_here() {
    let mut wrong = Vec::new();
    for path in files("src", "rs").into_iter().chain(files("tests", "rs")).chain(files("benches", "rs")) {
        let (name, text) = (shown(&path), read(&path));
        let paper = ELSEWHERE.iter().find(|paper| text.contains(**paper) && name != "tests/tidy.rs");
        wrong.extend(paper.map(|paper| format!("{name}: names {paper}")));
    }
    none(&wrong, "a comment says the reason itself");
}

#[test]
fn only_the_engine_knows_redb_and_only_search_knows_tantivy() {
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        let (name, text) = (shown(&path), read(&path));
        // The disks that tests play stand in for a backend of the database.
        let plays_disk = ["src/store/crashing.rs", "src/store/tests/disk.rs"].contains(&name.as_str());
        for (crate_name, home) in
            [("redb", "src/store/engine/"), ("tantivy", "src/search/"), ("minijinja", "src/web/")]
        {
            let path = format!("{crate_name}::");
            let uses = text.lines().any(|l| {
                let code = l.split("//").next().unwrap_or_default();
                // A module of ours has its floor in front.
                let own = |at: usize| !code.get(..at).unwrap_or_default().ends_with("::");
                code.match_indices(&path).any(|(at, _)| own(at))
                    || code.contains(&format!("use {crate_name}"))
            });
            if uses && !name.starts_with(home) && !(plays_disk && crate_name == "redb") {
                wrong.push(format!("{name}: names {crate_name}, whose home is {home}"));
            }
        }
    }
    none(&wrong, "an engine has one home");
}

#[test]
fn tables_stay_inside_their_feature_and_have_one_name_each() {
    let (mut wrong, mut names) = (Vec::new(), BTreeSet::new());
    for path in files("src/shop", "rs").into_iter().chain(files("src/access", "rs")) {
        let (name, text) = (shown(&path), read(&path));
        for line in text.lines().filter(|l| {
            l.contains("Table::new(\"") || l.contains("Index::new(\"") || l.contains("Index::unique(\"")
        }) {
            let table = line.split('"').nth(1).unwrap_or_default().to_owned();
            if line.trim_start().starts_with("pub const") || line.trim_start().starts_with("pub(crate)") {
                wrong.push(format!("{name}: {table} is visible outside its feature"));
            }
            if !names.insert(table.clone()) {
                wrong.push(format!("{name}: {table} is declared twice"));
            }
            let versioned = table.rsplit_once('/').is_some_and(|(_, v)| v.parse::<u32>().is_ok());
            if !versioned {
                wrong.push(format!("{name}: {table} carries no version"));
            }
        }
    }
    assert!(names.len() > 5, "the rule reads the source");
    none(&wrong, "one write path per table");
}

#[test]
fn every_template_and_asset_is_used() {
    let sources: String = files("src", "rs")
        .into_iter()
        .chain(files("templates", ""))
        .chain(files("assets", "css"))
        .chain(files("assets", "js"))
        .map(|p| String::from_utf8_lossy(&std::fs::read(p).unwrap()).into_owned())
        .collect();
    let mut wrong = Vec::new();
    for path in files("templates", "") {
        let name = shown(&path).trim_start_matches("templates/").to_owned();
        if !sources.contains(&format!("\"{name}\"")) && !sources.contains(&format!("'{name}'")) {
            wrong.push(format!("templates/{name}"));
        }
    }
    for path in files("assets", "") {
        let name = shown(&path).trim_start_matches("assets/").to_owned();
        if !name.ends_with(".toml") && !name.contains("licenses/") && !sources.contains(&name) {
            wrong.push(format!("assets/{name}"));
        }
    }
    none(&wrong, "used by nothing");
}

#[test]
fn no_template_switches_escaping_off() {
    let mut wrong = Vec::new();
    for path in files("templates", "") {
        // The one exception: the order list, whose rows and filters are written by `orders/admin/row.rs` and
        // `orders/admin/facets.rs`, which escape and are tested.
        let text = read(&path).replace("{{ page.rows|safe }}", "").replace("{{ g.html|safe }}", "");
        for word in
            ["|safe", "| safe", "autoescape false", "<script>", " onclick=", " style=\"", "javascript:"]
        {
            if text.contains(word) {
                wrong.push(format!("{}: {word}", shown(&path)));
            }
        }
    }
    none(&wrong, "everything is escaped and nothing runs inline");
}

#[test]
fn the_map_names_every_room() {
    let map = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md"));
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        let name = shown(&path);
        let room = Path::new(&name).parent().unwrap();
        if room.ends_with("tests") {
            continue;
        }
        let room = room.display().to_string();
        let room = format!("{}/", room.trim_start_matches("src").trim_start_matches('/'));
        if room != "/" && !map.contains(&room) {
            wrong.push(room);
        }
    }
    wrong.dedup();
    none(&wrong, "ARCHITECTURE.md does not name");
}

#[test]
fn vendored_files_are_what_they_say() {
    use sha2::{Digest, Sha256};
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let list: toml::Table = read(&root.join("vendor/VENDOR.toml")).parse().unwrap();
    let files = list["file"].as_array().unwrap();
    assert!(!files.is_empty());
    for file in files {
        let text = |key: &str| file[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {file}"));
        let got: String = Sha256::digest(std::fs::read(root.join(text("path"))).unwrap())
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(got, text("sha256"), "{}", text("path"));
        assert!(
            root.join(text("licence_file")).is_file()
                && !text("licence").is_empty()
                && !text("version").is_empty()
        );
    }
}
