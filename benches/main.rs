//! Figures, one file a subject. `cargo bench -- search 200000` runs one of them.

mod search;

fn main() {
    let mut args = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let (subject, size) = (args.next(), args.next().and_then(|n| n.parse().ok()));
    if subject.is_none_or(|s| s == "search") {
        search::run(size.unwrap_or(200_000));
    }
}
