//! Packs what the program carries and reads once in a while, and gives the program that is linked with musl faster ways to
//! copy and compare bytes. Builds again when a file of it, a template or an asset was added or changed: they are embedded.
#![expect(clippy::unwrap_used, reason = "a build that cannot go on has to stop")]

use flate2::{Compression, write::DeflateEncoder};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Those of mails are read as texts by who sends them.
const NOT_OF_PAGES: &str = "templates/letters";
const OPENAPI: &str = "src/shop/desk/docs/openapi.json";
const BYTES: &str = "native/bytes.c";

fn main() {
    for watched in ["templates", "assets", OPENAPI, BYTES] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    pack(Path::new(OPENAPI), &out.join("openapi.json.deflate"));
    pack_templates(&out);
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_ENV", "musl") && is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        cc::Build::new()
            .file(BYTES)
            .opt_level(2)
            // A loop that copies must not become a call of what it is part of.
            .flag("-fno-builtin")
            .flag_if_supported("-fno-tree-loop-distribute-patterns")
            .cargo_metadata(false)
            .compile("backroom_bytes");
        println!("cargo::rustc-link-search=native={}", out.display());
        // Whole, so that it is there before anybody asks the C library.
        println!("cargo::rustc-link-lib=static:+whole-archive,-bundle=backroom_bytes");
    }
}

/// Packs a file; `base::packed` reads it.
fn pack(from: &Path, to: &Path) {
    let mut packed = DeflateEncoder::new(fs::File::create(to).unwrap(), Compression::best());
    packed.write_all(&fs::read(from).unwrap()).unwrap();
    packed.finish().unwrap();
}

/// Packs the templates of pages, each by itself, and writes a table of them.
fn pack_templates(out: &Path) {
    let (mut folders, mut files) = (vec![PathBuf::from("templates")], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.extend(Some(path).filter(|path| path != Path::new(NOT_OF_PAGES)));
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut table = String::from("static TEMPLATES: &[(&str, &[u8])] = &[\n");
    for (number, file) in files.iter().enumerate() {
        let name = format!("template.{number}.deflate");
        pack(file, &out.join(&name));
        let path = file.strip_prefix("templates").unwrap().to_str().unwrap();
        table.push_str(&format!("({path:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))),\n"));
    }
    table.push_str("];\n");
    fs::write(out.join("templates.rs"), table).unwrap();
}
