//! Reads the command line, calls one verb, gives its exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    backroom::cli::run(std::env::args_os()).into()
}
