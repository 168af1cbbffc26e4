//! Orders out and in, all of them at once, beside SQLite and PostgreSQL with the same rows.

use crate::Size;
use crate::figure::{Amount, Figure, Goal};
use crate::postgres::Server;
use crate::running::{Demo, command, read, read_out};
use crate::searching::timed;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub(crate) fn run(demo: &Demo, server: Option<&Server>, size: &Size) -> Vec<Figure> {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("orders.csv");
    let (text, dir) = (|path: &Path| path.to_str().unwrap().to_owned(), demo.dir.to_str().unwrap());
    // Both sides write to somebody who reads. The file is for what comes next.
    let (bytes, out) = read_out(&["export", "orders", "--data", dir, "--quiet"]);
    command(&["export", "orders", "--data", dir, "-o", &text(&csv)]);
    assert_eq!(bytes, std::fs::metadata(&csv).unwrap().len(), "the same file");
    let lines = std::fs::read_to_string(&csv).unwrap().matches("\r\n").count() as u64;
    assert!(lines > size.orders, "a line a row");
    let mut figures = Vec::new();
    match sqlite_out(folder.path(), &csv) {
        Some(theirs) => figures.push(
            Figure::times("all orders to CSV".to_owned(), out, theirs, "the sqlite3 shell")
                .goal(Goal::Ratio(2.0)),
        ),
        None => figures.push(Figure::alone("all orders to CSV (no sqlite3 here)", Amount::Time(out))),
    }
    if let Some(server) = server {
        let (copied, bytes) = server.copy_out(&csv);
        assert!(bytes > lines, "the rows come out");
        figures.push(
            Figure::times("all orders to CSV".to_owned(), out, copied, "PostgreSQL COPY")
                .goal(Goal::Ratio(1.4)),
        );
    }
    let other = text(&folder.path().join("other"));
    let (_, took) =
        command(&["import", "orders", "--from", "backroom", &text(&csv), "--data", &other, "--json"]);
    figures.push(
        Figure::alone("lines imported", Amount::PerSecond((lines - 1) as f64 / took.as_secs_f64()))
            .goal(Goal::AtLeast(Amount::PerSecond(50_000.0))),
    );
    figures
}

/// The same rows out of a table of the same columns.
fn sqlite_out(folder: &Path, csv: &Path) -> Option<Duration> {
    let database = folder.join("rows.sqlite");
    let shell = |arguments: &[&str]| Command::new("sqlite3").arg(&database).args(arguments).output().ok();
    let into = format!(".import --csv {} rows", csv.display());
    assert!(shell(&[&into])?.status.success());
    let head = shell(&["-csv", "-header", "SELECT * FROM rows LIMIT 1"])?.stdout;
    assert!(head.starts_with(b"number,") || head.starts_with(b"\"number\""), "the same columns");
    let (bytes, took) = timed(|| {
        let mut all = Command::new("sqlite3");
        read(all.arg(&database).args(["-csv", "-header", "SELECT * FROM rows"]))
    });
    assert!(bytes > head.len() as u64, "the rows come out");
    Some(took)
}
