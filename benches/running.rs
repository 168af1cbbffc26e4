//! The real program, running: a demo shop or a data directory that is served, with somebody signed in.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Nobody is slowed down; the limiter is on all the same.
const WIDE: &str = "1000000";

/// A running program. It is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    /// `127.0.0.1:41234`
    pub(crate) address: String,
    /// From the start to the first answer.
    pub(crate) started_in: Duration,
}

/// Who may ask it for what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    pub(crate) api_key: String,
    pub(crate) cookie: String,
}

/// A demo shop on disk that can be started again and again.
pub(crate) struct Demo {
    pub(crate) dir: PathBuf,
    pub(crate) keys: Keys,
    _folder: tempfile::TempDir,
}

/// A shop without orders that has an owner and a key.
pub(crate) struct Empty {
    dir: PathBuf,
    pub(crate) key: String,
    folder: tempfile::TempDir,
}

/// The program that is measured: the one that was built with the benches, or another one, such as the one to be published.
pub(crate) fn path() -> String {
    std::env::var("BACKROOM_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_backroom").to_owned())
}

fn program(verb: &str, dir: &Path, limit: &str) -> Command {
    let mut command = Command::new(path());
    command.arg(verb).args(["--listen", "127.0.0.1:0"]).arg("--data").arg(dir);
    for budget in ["KEY", "ADDRESS", "SEARCH", "SIGN_IN"] {
        command.env(format!("BACKROOM_SERVER__LIMITS__{budget}"), limit);
    }
    // Ours, and no setting of the program.
    command.env_remove("BACKROOM_BENCH_ONLY");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// A command of the program that runs to its end, with the time it took.
pub(crate) fn command(args: &[&str]) -> (String, Duration) {
    let started = Instant::now();
    let mut command = Command::new(path());
    let done = command.args(args).env_remove("BACKROOM_BENCH_ONLY").output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    (String::from_utf8_lossy(&done.stdout).into_owned(), started.elapsed())
}

/// Runs a command whose answer is read and thrown away; gives its bytes.
pub(crate) fn read(command: &mut Command) -> u64 {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let bytes = std::io::copy(&mut child.stdout.take().unwrap(), &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success(), "{command:?}");
    bytes
}

/// The same with a command of the program; gives the time it took too.
pub(crate) fn read_out(args: &[&str]) -> (u64, Duration) {
    let started = Instant::now();
    let bytes = read(Command::new(path()).args(args).env_remove("BACKROOM_BENCH_ONLY"));
    (bytes, started.elapsed())
}

impl Demo {
    /// Makes the shop, waits until its index is complete, and ends the program in order. With `BACKROOM_BENCH_SHOPS` it
    /// stays in that folder, and is taken again by the next run: one of millions takes half an hour to make.
    pub(crate) fn of(orders: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kept = std::env::var_os("BACKROOM_BENCH_SHOPS");
        let dir = kept.map_or_else(
            || folder.path().join("demo"),
            |shops| Path::new(&shops).join(format!("demo-{orders}")),
        );
        let mut command = program("demo", &dir, WIDE);
        let mut child = command.args(["--json", "--orders", &orders.to_string()]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        let cookie = sign_in(&text("url"), &text("email"), &text("password"));
        let keys = Keys { api_key: text("api_key"), cookie };
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let (url, bearer) = (text("url"), format!("Bearer {}", keys.api_key));
        loop {
            let request = agent.get(format!("{url}/api/v1/orders?limit=1"));
            let mut answer = request.header("authorization", &bearer).call().unwrap();
            let list: Value = answer.body_mut().read_json().unwrap();
            if list["degraded"] != true {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        Running { child, address: String::new(), started_in: Duration::ZERO }.end();
        Self { dir, keys, _folder: folder }
    }
    /// Serves it, with the limiter on or off.
    pub(crate) fn serve(&self, is_limited: bool) -> Running {
        Running::serve(&self.dir, if is_limited { WIDE } else { "0" })
    }
}

const OWNER: &str = "owner@example.com";
const PASSWORD: &str = "violet-harbour-tuesday-47";

impl Empty {
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("data");
        let data = dir.to_str().unwrap();
        let mut add = Command::new(path());
        add.args([
            "staff",
            "add",
            "--data",
            data,
            "--email",
            OWNER,
            "--name",
            "Olga Owner",
            "--role",
            "owner",
        ]);
        let mut child = add.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        assert!(child.wait().unwrap().success());
        let made =
            command(&["key", "create", "--data", data, "--name", "bench", "--json", "--scope", "all"]).0;
        let made: Value = serde_json::from_str(made.trim()).unwrap();
        Self { key: made["key"].as_str().unwrap().to_owned(), dir, folder }
    }
    /// Serves it with these settings.
    pub(crate) fn serve(&self, config: &str) -> Running {
        let file = self.folder.path().join("backroom.toml");
        std::fs::write(&file, config).unwrap();
        Running::begin(program("serve", &self.dir, WIDE).arg("--config").arg(file))
    }
    /// Lets a receiver be told of these kinds of events.
    pub(crate) fn webhook(&self, shop: &Running, url: &str, kinds: &[&str]) {
        let request = ureq::post(format!("http://{}/api/v1/webhooks", shop.address));
        let made = request
            .header("authorization", format!("Bearer {}", self.key))
            .send_json(serde_json::json!({ "url": url, "kinds": kinds }))
            .unwrap();
        assert_eq!(made.status(), 201);
    }
    /// Switches every mail on, as somebody does on the page.
    pub(crate) fn every_mail(&self, shop: &Running) {
        let cookie = sign_in(&format!("http://{}", shop.address), OWNER, PASSWORD);
        let url = format!("http://{}/admin/mail/settings", shop.address);
        let mut answer =
            ureq::get(&url).header("cookie", &cookie).header("accept", "text/html").call().unwrap();
        let page = answer.body_mut().read_to_string().unwrap();
        let of = |field: &str| -> Vec<String> {
            let name = format!("name=\"{field}\" value=\"");
            page.split(&name).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
        };
        let version = of("version").remove(0);
        let mut form = vec![
            ("name", "Lumo".to_owned()),
            ("address", "shop@example.com".to_owned()),
            ("notices_to", "boss@example.com".to_owned()),
            ("daily_limit", "100000".to_owned()),
            ("language", "en".to_owned()),
            ("version", version),
        ];
        let moments = of("on");
        assert!(moments.len() > 5, "{moments:?}");
        form.extend(moments.into_iter().map(|word| ("on", word)));
        let agent: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
        let saved = agent
            .post(&url)
            .header("cookie", &cookie)
            .header("sec-fetch-site", "same-origin")
            .send_form(form);
        assert_eq!(saved.unwrap().status(), 303);
    }
}

/// Signs somebody in; gives the cookies.
fn sign_in(url: &str, email: &str, password: &str) -> String {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into();
    let answer = agent
        .post(format!("{url}/admin/sign-in"))
        .header("sec-fetch-site", "same-origin")
        .send_form([("email", email), ("password", password)])
        .unwrap();
    let cookies = answer.headers().get_all("set-cookie").iter();
    let pairs = cookies.map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned());
    pairs.collect::<Vec<_>>().join("; ")
}

impl Running {
    fn serve(dir: &Path, limit: &str) -> Self {
        Self::begin(&mut program("serve", dir, limit))
    }
    fn begin(command: &mut Command) -> Self {
        let started = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("http://127.0.0.1:")));
        let line = line.unwrap().unwrap();
        let address = line.split_once("http://").unwrap().1.split(['/', ' ']).next().unwrap().to_owned();
        let answer = ureq::get(format!("http://{address}/healthz")).call().unwrap();
        assert_eq!(answer.status(), 200);
        // What it prints later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, started_in: started.elapsed() }
    }
    /// An empty shop.
    pub(crate) fn empty(dir: &Path) -> Self {
        Self::serve(dir, WIDE)
    }
    /// Ends it as an administrator does.
    pub(crate) fn end(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        assert!(self.child.wait().unwrap().success());
    }
    /// A line of `/proc/PID/status`, in bytes: `VmRSS` now, `VmHWM` the most there was.
    pub(crate) fn memory(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let kb = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':')).unwrap();
        kb.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
    }
    /// The processor's time so far.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let ticks = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
        // Linux counts a hundred ticks a second for everybody.
        Duration::from_millis(ticks.map(|t| t.parse::<u64>().unwrap()).sum::<u64>() * 10)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
