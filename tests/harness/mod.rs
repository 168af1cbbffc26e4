//! Starts the real program on a free port with a directory of its own, and talks to it as a client would.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub(crate) mod imap;
pub(crate) mod shared;
pub(crate) mod tls;

/// How long a started program may take to answer; only a hang reaches it.
const START_MAX: Duration = Duration::from_secs(60);
pub(crate) const OWNER: &str = "owner@example.com";
pub(crate) const PASSWORD: &str = "violet-harbour-tuesday-47";

/// A running shop. Killed and removed when dropped.
pub(crate) struct Shop {
    child: Option<Child>,
    pub url: String,
    pub dir: PathBuf,
    /// An API key with every scope.
    pub key: String,
    more: Vec<String>,
    /// Where its log goes.
    log: Option<PathBuf>,
    /// Searches in the box that somebody has a minute, at the next start.
    pub searches: &'static str,
    _home: tempfile::TempDir,
}

/// What the shop answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.body))
    }
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
    /// The answer, when it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
    /// The code word of a problem.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// The program under test: the one that was built with the tests, or another one, such as the one to be published.
pub(crate) fn program() -> String {
    std::env::var("BACKROOM_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_backroom").to_owned())
}

/// The program itself, to run a verb.
pub(crate) fn backroom(args: &[&str]) -> Output {
    backroom_with_input(args, "")
}

/// Runs a verb with text on its standard input.
pub(crate) fn backroom_with_input(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(program())
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A verb that reads nothing may be gone already: then nobody misses the text.
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Standard output of a verb that has to succeed.
#[track_caller]
pub(crate) fn succeed(args: &[&str]) -> String {
    let output = backroom(args);
    assert!(
        output.status.success(),
        "{args:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

impl Shop {
    /// An empty shop with an owner and an API key.
    pub(crate) fn open() -> Self {
        Self::open_with(&[])
    }

    /// The same, served with more arguments.
    pub(crate) fn open_with(more: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("data");
        Self::open_at(home, dir, more)
    }

    /// The same, whose log goes to the end of a file.
    pub(crate) fn open_logging(more: &[&str], log: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("data");
        Self::open_in(home, dir, more, Some(log.to_owned()))
    }

    /// The same in a directory that the caller chooses; `home` is removed at the end.
    pub(crate) fn open_at(home: tempfile::TempDir, dir: PathBuf, more: &[&str]) -> Self {
        Self::open_in(home, dir, more, None)
    }

    fn open_in(home: tempfile::TempDir, dir: PathBuf, more: &[&str], log: Option<PathBuf>) -> Self {
        let data = dir.to_str().unwrap().to_owned();
        // What is true for the disk is true for the first commands too.
        let at = more.iter().position(|argument| *argument == "--config");
        let config = at.and_then(|at| more.get(at..at + 2)).unwrap_or_default();
        let mut add = vec![
            "staff",
            "add",
            "--data",
            &data,
            "--email",
            OWNER,
            "--name",
            "Olga Owner",
            "--role",
            "owner",
        ];
        add.extend(config);
        let added = backroom_with_input(&add, &format!("{PASSWORD}\n"));
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let key = create_key(&data, &["all"], config);
        let mut shop = Self {
            child: None,
            url: String::new(),
            dir,
            key,
            more: more.iter().map(|m| (*m).to_owned()).collect(),
            log,
            searches: "1000000",
            _home: home,
        };
        shop.start();
        shop
    }

    /// A directory where nothing has happened yet; `start` serves it.
    pub(crate) fn nothing() -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("data");
        Self {
            child: None,
            url: String::new(),
            dir,
            key: String::new(),
            more: Vec::new(),
            log: None,
            searches: "1000000",
            _home: home,
        }
    }

    pub(crate) fn data(&self) -> &str {
        self.dir.to_str().unwrap()
    }

    /// Serves the directory; gives what was printed until the address was known.
    pub(crate) fn start(&mut self) -> String {
        assert!(self.child.is_none(), "runs already");
        let mut child = Command::new(program())
            .args(["serve", "--listen", "127.0.0.1:0", "--data", self.dir.to_str().unwrap()])
            .args(&self.more)
            // A test is a busier client than any; the limits have tests of their own.
            .env("BACKROOM_SERVER__LIMITS__KEY", "1000000")
            .env("BACKROOM_SERVER__LIMITS__ADDRESS", "1000000")
            .env("BACKROOM_SERVER__LIMITS__SEARCH", self.searches)
            .env("BACKROOM_SERVER__LIMITS__SIGN_IN", "1000000")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(self.log())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let mut printed = String::new();
        let end = Instant::now() + START_MAX;
        while self.url_from(&printed).is_none() {
            let line = lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
                .unwrap_or_else(|e| panic!("serve printed no address ({e}): {printed}"));
            printed.push_str(&line);
            printed.push('\n');
        }
        // What follows the address in the same breath, such as the set-up link, belongs to it.
        while let Ok(line) = lines.recv_timeout(Duration::from_millis(200)) {
            printed.push_str(&line);
            printed.push('\n');
        }
        self.url = self.url_from(&printed).unwrap();
        self.child = Some(child);
        printed
    }

    fn log(&self) -> Stdio {
        let file = |path| std::fs::File::options().append(true).create(true).open(path).unwrap();
        match &self.log {
            Some(path) => file(path).into(),
            None if std::env::var_os("BACKROOM_TEST_LOG").is_some() => Stdio::inherit(),
            None => Stdio::null(),
        }
    }

    fn url_from(&self, printed: &str) -> Option<String> {
        let at = printed.find("http://127.0.0.1:")?;
        let rest = &printed[at..];
        let end = rest[17..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |e| e + 17);
        (end > 17).then(|| rest[..end].to_owned())
    }

    /// Memory of the running program that is in use, in MB.
    pub(crate) fn memory_mb(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.as_ref().unwrap().id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Files and sockets that the running program has open.
    pub(crate) fn open_files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.as_ref().unwrap().id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// Its threads.
    pub(crate) fn threads(&self) -> usize {
        let folder = format!("/proc/{}/task", self.child.as_ref().unwrap().id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// Ends the program as a power cut of the process would: SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ends the program as a supervisor would: SIGTERM; gives its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        succeed_system("kill", &["-TERM", &child.id().to_string()]);
        child.wait().unwrap().code()
    }

    /// A key with these scopes, made through the running program.
    /// An account beside the owner's, with the usual password.
    pub(crate) fn add_staff(&self, email: &str, name: &str, role: &str) {
        let args = ["staff", "add", "--data", self.data(), "--email", email, "--name", name, "--role", role];
        let added = backroom_with_input(&args, &format!("{PASSWORD}\n"));
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }

    pub(crate) fn key_with(&self, scopes: &[&str]) -> String {
        create_key(self.data(), scopes, &[])
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        request(&format!("{}{path}", self.url), method, headers, body)
    }

    /// With the key of every scope.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[("authorization", &format!("Bearer {}", self.key))], None)
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        all.extend(headers);
        self.request(method, path, &all, Some(body.to_string().as_bytes()))
    }

    /// Places an order with an idempotency key.
    pub(crate) fn place(&self, idempotency_key: &str, order: &Value) -> Answer {
        self.send("POST", "/api/v1/orders", order, &[("idempotency-key", idempotency_key)])
    }

    /// The cookie header of a signed-in member of staff.
    pub(crate) fn sign_in(&self, email: &str, password: &str) -> String {
        let form = format!("email={}&password={}", encoded(email), encoded(password));
        let answer = self.form("/admin/sign-in", &form, "").expect(303);
        cookies(&answer)
    }

    /// Posts a form as a page of the shop would.
    pub(crate) fn form(&self, path: &str, form: &str, cookie: &str) -> Answer {
        self.request(
            "POST",
            path,
            &[
                ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "same-origin"),
                ("cookie", cookie),
            ],
            Some(form.as_bytes()),
        )
    }

    /// A page as a signed-in browser sees it.
    pub(crate) fn page(&self, path: &str, cookie: &str) -> Answer {
        self.request("GET", path, &[("cookie", cookie), ("accept", "text/html")], None)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }
}

fn create_key(data: &str, scopes: &[&str], more: &[&str]) -> String {
    let mut args = vec!["key", "create", "--data", data, "--name", "test", "--json"];
    args.extend(more);
    for scope in scopes {
        args.extend(["--scope", scope]);
    }
    let printed: Value = serde_json::from_str(succeed(&args).trim()).unwrap();
    printed["key"].as_str().unwrap().to_owned()
}

fn lines_of(out: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                // Keep reading, so that the program never meets a full pipe.
                continue;
            }
        }
    });
    receiver
}

/// One HTTP request without following redirects or judging the status.
pub(crate) fn request(url: &str, method: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into();
    let mut builder = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers.iter().filter(|(_, v)| !v.is_empty()) {
        builder = builder.header(*name, *value);
    }
    let request = builder.body(body.unwrap_or_default().to_vec()).unwrap();
    let mut response = agent.run(request).unwrap_or_else(|e| panic!("{method} {url}: {e}"));
    let headers = response
        .headers()
        .iter()
        .map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
        .collect();
    let body = response.body_mut().with_config().limit(200 << 20).read_to_vec().unwrap();
    let answer = Answer {
        status: response.status().as_u16(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        bytes: body,
    };
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("application/problem+json")) {
        is_explained(url, &answer.json());
    }
    answer
}

/// Whatever the API refuses with, the table of its documentation has the code.
fn is_explained(url: &str, problem: &Value) {
    if !["/api/v1/", "/store/v1/"].iter().any(|door| url.contains(door)) {
        return;
    }
    let fields = problem["errors"].as_array().into_iter().flatten();
    for code in std::iter::once(problem).chain(fields).map(|fault| fault["code"].as_str().unwrap()) {
        let is_told =
            backroom::shop::desk::docs::CODES.iter().any(|known| known.in_api && known.word == code);
        assert!(
            is_told,
            "{url} refuses with {code}, which the table of codes in the API's documentation lacks"
        );
    }
}

/// The `cookie` header that a browser would send after this answer.
pub(crate) fn cookies(answer: &Answer) -> String {
    answer
        .headers
        .iter()
        .filter(|(n, _)| n.eq_ignore_ascii_case("set-cookie"))
        .filter_map(|(_, v)| v.split(';').next())
        .collect::<Vec<_>>()
        .join("; ")
}

/// Percent-encoding for a form.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Waits for a condition, not for a time.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + START_MAX;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The least order a trusted key may place.
pub(crate) fn least_order(email: &str, cents: i64) -> Value {
    serde_json::json!({
        "email": email, "currency": "EUR",
        "lines": [{"sku": "BAR-1", "title": "Test", "quantity": 1, "unit_price": {"amount": cents, "currency": "EUR"}}],
    })
}

pub(crate) fn succeed_system(program: &str, args: &[&str]) {
    assert!(Command::new(program).args(args).status().unwrap().success(), "{program} {args:?}");
}

/// Whether a part that this machine may lack is here; says so when it is not, and fails where it is required.
pub(crate) fn part(name: &str, here: bool) -> bool {
    if !here {
        assert!(
            std::env::var("BACKROOM_REAL_PARTS").as_deref() != Ok("required"),
            "{name} is required and not here"
        );
        eprintln!("skipped: {name} is not here");
    }
    here
}

/// A path below the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
