//! Packs what the program carries and reads once a start or once in a while. Builds again when a file of it, a template or an
//! asset was added or changed.
#![expect(clippy::unwrap_used, reason = "a build that cannot go on has to stop")]

use flate2::{Compression, write::DeflateEncoder};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const TEMPLATES: &str = "templates";
const OPENAPI: &str = "src/shop/desk/docs/openapi.json";

fn main() {
    for watched in [TEMPLATES, "assets", OPENAPI] {
        println!("cargo::rerun-if-changed={watched}");
    }
    pack("openapi.json", &fs::read(OPENAPI).unwrap());
    let mut templates = Vec::new();
    for path in files(Path::new(TEMPLATES)) {
        let text = fs::read(&path).unwrap();
        let name = path.strip_prefix(TEMPLATES).unwrap().to_str().unwrap();
        // `base::packed` reads this.
        writeln!(templates, "{name} {}", text.len()).unwrap();
        templates.extend(text);
    }
    pack(TEMPLATES, &templates);
}

/// Everything in a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn pack(name: &str, bytes: &[u8]) {
    let out = Path::new(&std::env::var_os("OUT_DIR").unwrap()).join(format!("{name}.deflate"));
    let mut packed = DeflateEncoder::new(fs::File::create(out).unwrap(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap();
}
