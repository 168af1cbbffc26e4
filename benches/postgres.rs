//! The other side that a larger shop would rent: a private PostgreSQL, where one is installed, with the same rows.

use crate::shop::Shop;
use postgres::{Client, NoTls};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where distributions put the newest one, beside the path.
const PLACES: &str = "/usr/lib/postgresql";
/// It refuses to run as the administrator of a machine; this account is made with it.
const ACCOUNT: &str = "postgres";
const START: Duration = Duration::from_secs(30);

/// A server of its own on a free port, durable as it comes. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Server {
    /// `None` where there is no PostgreSQL.
    pub(crate) fn start() -> Option<Self> {
        let programs = programs()?;
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let is_root = output(Command::new("id").arg("-u")) == "0";
        if is_root {
            // The path to the data has to be open to the account, too.
            for path in [dir.path(), data.as_path()] {
                output(Command::new("chown").arg(ACCOUNT).arg(path));
            }
        }
        let run = |program: &str| {
            let program = programs.join(program);
            if !is_root {
                return Command::new(program);
            }
            let mut command = Command::new("setpriv");
            command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"]).arg(program);
            command
        };
        let mut init = run("initdb");
        init.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "-D"]);
        let made = init.arg(&data).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(made.success(), "PostgreSQL makes its directory");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut serve = run("postgres");
        serve.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        // What SQLite gets as its cache; everything else as it is installed.
        serve.args(["-c", "shared_buffers=256MB", "-c", "unix_socket_directories="]);
        let child = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { child, port, _dir: dir };
        let begun = std::time::Instant::now();
        while server.connect().is_none() {
            assert!(begun.elapsed() < START, "PostgreSQL answers");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }
    fn connect(&self) -> Option<Client> {
        let parameters = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.port);
        Client::connect(&parameters, NoTls).ok()
    }
    pub(crate) fn client(&self) -> Client {
        self.connect().unwrap()
    }

    /// The texts that are searched, as SQLite has them, with both indexes that people use for it.
    pub(crate) fn fill_found(&self, shop: &Shop) {
        let mut client = self.client();
        client
            .batch_execute("CREATE EXTENSION pg_trgm; CREATE TABLE found(id bigint PRIMARY KEY, text text);")
            .unwrap();
        let mut writer = client.copy_in("COPY found FROM STDIN").unwrap();
        let mut rows = shop.sqlite.prepare("SELECT rowid, text FROM found").unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (id, text): (i64, String) = (row.get(0).unwrap(), row.get(1).unwrap());
            let text = text.replace('\\', "\\\\").replace(['\t', '\n', '\r'], " ");
            writeln!(writer, "{id}\t{text}").unwrap();
        }
        writer.finish().unwrap();
        client
            .batch_execute(
                "CREATE INDEX ON found USING gin (text gin_trgm_ops);
                 CREATE INDEX ON found USING gin (to_tsvector('simple', text)); ANALYZE found;",
            )
            .unwrap();
    }

    /// Loads a CSV file as a table of texts and gives the time to copy it out again, with the bytes.
    pub(crate) fn copy_out(&self, csv: &Path) -> (Duration, u64) {
        let text = std::fs::read_to_string(csv).unwrap();
        let head = text.trim_start_matches('\u{feff}').lines().next().unwrap();
        let columns: Vec<String> =
            head.split(',').map(|name| format!("\"{}\" text", name.trim_matches('"'))).collect();
        let mut client = self.client();
        client.batch_execute(&format!("CREATE TABLE rows({})", columns.join(","))).unwrap();
        let mut writer = client.copy_in("COPY rows FROM STDIN WITH (FORMAT csv, HEADER)").unwrap();
        // One piece of it all would be one message, and those end at a gigabyte.
        for piece in text.trim_start_matches('\u{feff}').as_bytes().chunks(1 << 20) {
            writer.write_all(piece).unwrap();
        }
        writer.finish().unwrap();
        let begun = std::time::Instant::now();
        let mut reader = client.copy_out("COPY rows TO STDOUT WITH (FORMAT csv, HEADER)").unwrap();
        // Thrown away, as ours is.
        let bytes = std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
        (begun.elapsed(), bytes)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT closes the connections and stops; SIGTERM would wait for them.
        output(Command::new("kill").args(["-INT", &self.child.id().to_string()]));
        let _ended = self.child.wait();
    }
}

/// The directory of the newest programs.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(PLACES)
        .ok()?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin)
}

fn output(command: &mut Command) -> String {
    String::from_utf8_lossy(&command.output().unwrap().stdout).trim().to_owned()
}
