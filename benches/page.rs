//! The box on the page, through the real program: the whole request of the drop-down and of the order list, from the first
//! byte sent to the last one read, beside what SQLite FTS5 alone takes for the same words over the same orders.

use crate::searching::{TYPED, their_search, timed};
use crate::shop::Shop;
use crate::{Figure, Size, p50_p99};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Words with a mistake, a number, a piece of a phone number: what the other side cannot do at all.
const HARDER: &[(&str, &[&str])] = &[
    ("a typing mistake", &["schnider", "jakcet", "beriln", "wolll"]),
    ("a number", &["1234", "017", "2100"]),
];

pub(crate) fn run(shop: &Shop, size: &Size) -> Vec<Figure> {
    let demo = Demo::start(size.orders);
    let mut figures = Vec::new();
    for (what, words) in TYPED.iter().chain(HARDER) {
        let (mut drop_down, mut list, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..size.rounds.max(words.len()) {
            let typed = words[round % words.len()];
            let query: String = typed.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let (page, time) = timed(|| demo.page(&format!("/admin/search/suggest?q={query}")));
            drop_down.push(time);
            list.push(timed(|| demo.page(&format!("/admin/orders?q={query}"))).1);
            let (found, time) = timed(|| their_search(shop, typed));
            theirs.push(time);
            let shows = page.contains("ord_") || page.contains("cus_");
            assert!(found == 0 || shows, "{typed}: {page}");
        }
        let ((their_50, their_99), drop_down, list) =
            (p50_p99(&mut theirs), p50_p99(&mut drop_down), p50_p99(&mut list));
        for (page, (p50, p99)) in [("drop-down", drop_down), ("order list", list)] {
            for (name, ours, theirs) in [("p50", p50, their_50), ("p99", p99, their_99)] {
                figures.push(Figure {
                    what: format!("{page}, {what}, {name}"),
                    ours,
                    theirs,
                    other: "SQLite FTS5, no page",
                });
            }
        }
    }
    figures
}

/// A running demo, and a member of staff signed in.
struct Demo {
    child: Child,
    agent: ureq::Agent,
    url: String,
    cookie: String,
    _dir: tempfile::TempDir,
}

impl Demo {
    fn start(orders: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_backroom"))
            .args(["demo", "--json", "--listen", "127.0.0.1:0", "--orders", &orders.to_string()])
            .arg("--data")
            .arg(dir.path())
            .env("BACKROOM_SERVER__LIMITS__SEARCH", "1000000")
            .env("BACKROOM_SERVER__LIMITS__ADDRESS", "1000000")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        let agent = ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into();
        let mut demo = Self { child, agent, url: text("url"), cookie: String::new(), _dir: dir };
        let form = [("email", text("email")), ("password", text("password"))];
        let answer = demo
            .agent
            .post(format!("{}/admin/sign-in", demo.url))
            .header("sec-fetch-site", "same-origin")
            .send_form(form)
            .unwrap();
        let cookies = answer.headers().get_all("set-cookie").iter();
        let pairs = cookies.map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned());
        demo.cookie = pairs.collect::<Vec<_>>().join("; ");
        let key = text("api_key");
        while demo.is_behind(&key) {
            std::thread::park_timeout(Duration::from_millis(100));
        }
        demo
    }

    /// Whether the index is still being built.
    fn is_behind(&self, key: &str) -> bool {
        let url = format!("{}/api/v1/orders?limit=1", self.url);
        let mut answer = self.agent.get(url).header("authorization", format!("Bearer {key}")).call().unwrap();
        let list: Value = answer.body_mut().read_json().unwrap();
        list["degraded"] == true
    }

    fn page(&self, path: &str) -> String {
        let request = self.agent.get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        let mut answer = request.header("accept", "text/html").call().unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.body_mut().read_to_string().unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
