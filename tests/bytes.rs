//! The functions that copy and compare bytes in the program that is linked with musl, against loops that leave no doubt.

use crate::harness::{part, project};
use std::process::Command;

#[test]
fn bytes_are_copied_filled_and_compared_as_the_c_library_does() {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let test = folder.path().join("bytes");
    let mut compiler = Command::new("cc");
    // As build.rs has it: a loop must not become a call of what it is compared with.
    compiler.args(["-O2", "-fno-builtin", "-fno-tree-loop-distribute-patterns", "-o"]).arg(&test);
    compiler.args([project("native/bytes.c"), project("native/bytes_test.c")]);
    let made = compiler.output();
    if !part("a C compiler", made.is_ok()) {
        return;
    }
    let made = made.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let ran = Command::new(&test).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.trim() == "ok", "{said}");
}
