//! Builds again when a template or an asset was added or changed: they are embedded.

fn main() {
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=assets");
}
