//! Packs what the program carries and reads once in a while, and gives the program that is linked with musl faster ways to
//! copy and compare bytes. Builds again when a file of it, a template or an asset was added or changed: they are embedded.
#![expect(clippy::unwrap_used, reason = "a build that cannot go on has to stop")]

use flate2::{Compression, write::DeflateEncoder};
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

const OPENAPI: &str = "src/shop/desk/docs/openapi.json";
const BYTES: &str = "native/bytes.c";

fn main() {
    for watched in ["templates", "assets", OPENAPI, BYTES] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    // `base::packed` reads it.
    let packed = fs::File::create(out.join("openapi.json.deflate")).unwrap();
    let mut packed = DeflateEncoder::new(packed, Compression::best());
    packed.write_all(&fs::read(OPENAPI).unwrap()).unwrap();
    packed.finish().unwrap();
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
