//! Builds again when a template or an asset was added or changed: they are embedded. Gives the program that is linked with
//! musl faster ways to copy and compare bytes.

fn main() {
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=static/bytes.c");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_ENV", "musl") && is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        cc::Build::new()
            .file("static/bytes.c")
            .opt_level(2)
            // A loop that copies must not become a call of what it is part of.
            .flag("-fno-builtin")
            .flag_if_supported("-fno-tree-loop-distribute-patterns")
            .cargo_metadata(false)
            .compile("backroom_bytes");
        if let Ok(place) = std::env::var("OUT_DIR") {
            println!("cargo::rustc-link-search=native={place}");
        }
        // Whole, so that it is there before anybody asks the C library.
        println!("cargo::rustc-link-lib=static:+whole-archive,-bundle=backroom_bytes");
    }
}
