//! A headless Chromium, driven over its debugging protocol: real clicks and keys, real pixels.

use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tungstenite::{Message, WebSocket, stream::MaybeTlsStream};

const WAIT_MAX: Duration = Duration::from_secs(30);

/// Where Debian and others put the browser.
pub(super) fn path() -> Option<&'static str> {
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .into_iter()
        .find(|p| Path::new(p).exists())
}

/// One browser with one page.
pub(super) struct Chrome {
    child: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    next: u64,
    /// Errors the console and the security policy reported.
    pub complaints: Vec<String>,
    /// Files that were saved to their end.
    downloads: usize,
    _profile: tempfile::TempDir,
}

impl Chrome {
    pub(super) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let child = Command::new(path().unwrap())
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--mute-audio",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let port_file = profile.path().join("DevToolsActivePort");
        let end = Instant::now() + WAIT_MAX;
        let address = loop {
            if let Ok(text) = std::fs::read_to_string(&port_file)
                && let Some((port, path)) = text.trim().split_once('\n')
            {
                break format!("ws://127.0.0.1:{port}{path}");
            }
            assert!(Instant::now() < end, "the browser did not start");
            std::thread::park_timeout(Duration::from_millis(20));
        };
        let (socket, _) = tungstenite::connect(address).unwrap();
        let mut chrome = Self {
            child,
            socket,
            session: String::new(),
            next: 0,
            complaints: Vec::new(),
            downloads: 0,
            _profile: profile,
        };
        let target = chrome.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached =
            chrome.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        chrome.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            chrome.call(&format!("{domain}.enable"), json!({}));
        }
        chrome
    }

    /// Calls a method of the protocol and gives its result.
    pub(super) fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(message.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == json!(id) {
                // The page that was asked is gone: there is no value, and who waits asks the next one.
                let said = answer["error"]["message"].as_str().unwrap_or_default();
                if method == "Runtime.evaluate" && said.contains("navigated") {
                    return Value::Null;
                }
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.note(&answer);
        }
    }

    fn note(&mut self, event: &Value) {
        let params = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => self.complaints.push(params["exceptionDetails"].to_string()),
            "Log.entryAdded" if params["entry"]["level"] == "error" => {
                let text = params["entry"]["text"].as_str().unwrap_or_default();
                // A refused form is answered with 4xx on purpose; the browser logs it as an error.
                if !text.starts_with("Failed to load resource: the server responded with a status of 4") {
                    self.complaints.push(format!("{text} {}", params["entry"]["url"]));
                }
            }
            "Page.downloadProgress" if params["state"] == "completed" => self.downloads += 1,
            _ => {}
        }
    }

    /// Chooses a file in a file input.
    pub(super) fn choose(&mut self, selector: &str, file: &Path) {
        let document = self.call("DOM.getDocument", json!({}));
        let node = json!({"nodeId": document["root"]["nodeId"], "selector": selector});
        let found = self.call("DOM.querySelector", node);
        self.call("DOM.setFileInputFiles", json!({"nodeId": found["nodeId"], "files": [file]}));
    }

    /// Does something that saves one file, and gives its text when all of it is there: the browser makes an empty file
    /// of that name first.
    pub(super) fn downloads(&mut self, directory: &Path, act: impl FnOnce(&mut Self)) -> String {
        std::fs::create_dir_all(directory).unwrap();
        self.call("Page.setDownloadBehavior", json!({"behavior": "allow", "downloadPath": directory}));
        let before = self.downloads;
        act(self);
        let end = Instant::now() + WAIT_MAX;
        while self.downloads == before {
            assert!(Instant::now() < end, "nothing was saved in {}", directory.display());
            std::thread::park_timeout(Duration::from_millis(20));
            self.eval("0");
        }
        let mut files = std::fs::read_dir(directory).unwrap().map(|f| f.unwrap().path());
        let (Some(file), None) = (files.next(), files.next()) else { panic!("not one file") };
        std::fs::read_to_string(file).unwrap()
    }

    /// Opens an address and waits until it is there.
    pub(super) fn open(&mut self, url: &str) {
        let before = self.eval("performance.timeOrigin");
        self.call("Page.navigate", json!({"url": url}));
        self.wait(&format!("performance.timeOrigin !== {before} && document.readyState === 'complete'"));
    }

    /// Does something that leads to another page, and waits for that page.
    pub(super) fn leads_on(&mut self, act: impl FnOnce(&mut Self)) {
        let before = self.eval("performance.timeOrigin");
        act(self);
        self.wait(&format!("performance.timeOrigin !== {before} && document.readyState === 'complete'"));
    }

    /// The value of an expression in the page.
    pub(super) fn eval(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    pub(super) fn text(&mut self, expression: &str) -> String {
        self.eval(expression).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true; a page that is just changing counts as not yet.
    #[track_caller]
    pub(super) fn wait(&mut self, expression: &str) {
        let end = Instant::now() + WAIT_MAX;
        loop {
            let answer =
                self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
            if answer["result"]["value"] == json!(true) {
                return;
            }
            if Instant::now() > end {
                let url = self.text("location.href");
                let body = self.text("document.body ? document.body.innerText.slice(0, 1500) : ''");
                panic!("never true on {url}: {expression}\n{body}");
            }
            std::thread::park_timeout(Duration::from_millis(15));
        }
    }

    /// Clicks the middle of an element with the mouse.
    #[track_caller]
    pub(super) fn click(&mut self, selector: &str) {
        let quoted = json!(selector);
        // Where the element stands twice in a row, and nothing lies over it: a page still being laid out moves it.
        let place = format!(
            "(() => {{ const e = document.querySelector({quoted}); if (!e) return null; \
             e.scrollIntoView({{block: 'center', behavior: 'instant'}}); const r = e.getBoundingClientRect(); \
             const x = r.x + r.width / 2, y = r.y + r.height / 2, top = document.elementFromPoint(x, y); \
             return r.width && top && (e.contains(top) || top.contains(e)) ? [x, y] : null; }})()"
        );
        let end = Instant::now() + WAIT_MAX;
        let mut before = Value::Null;
        let at = loop {
            let now = self.eval(&place);
            if !now.is_null() && now == before {
                break now;
            }
            assert!(Instant::now() < end, "nothing to click at {selector}");
            before = now;
            std::thread::park_timeout(Duration::from_millis(15));
        };
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1}),
            );
        }
    }

    /// Focuses a field, empties it and types into it.
    #[track_caller]
    pub(super) fn fill(&mut self, selector: &str, text: &str) {
        let quoted = json!(selector);
        self.wait(&format!("!!document.querySelector({quoted})"));
        self.eval(&format!(
            "(() => {{ const e = document.querySelector({quoted}); e.focus(); if (e.select) e.select(); }})()"
        ));
        self.press("Delete");
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Presses one key: a letter or digit, or the name of a special key.
    pub(super) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "Delete" => (46, ""),
            "ArrowDown" => (40, ""),
            "ArrowUp" => (38, ""),
            "Tab" => (9, ""),
            other => (i64::from(other.to_ascii_uppercase().as_bytes()[0]), other),
        };
        let mut down = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
        if !text.is_empty() {
            down["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}),
        );
    }

    /// Width of the window in CSS pixels.
    pub(super) fn width(&mut self, width: u32) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}),
        );
    }

    /// `light` or `dark`.
    pub(super) fn scheme(&mut self, scheme: &str) {
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
    }

    /// Whether anything is reached.
    pub(super) fn connected(&mut self, yes: bool) {
        let free = json!(-1);
        let to = json!({"offline": !yes, "latency": 0, "downloadThroughput": free, "uploadThroughput": free});
        self.call("Network.enable", json!({}));
        self.call("Network.emulateNetworkConditions", to);
    }

    /// Whether pages may run script.
    pub(super) fn script(&mut self, on: bool) {
        self.call("Emulation.setScriptExecutionDisabled", json!({"value": !on}));
    }

    pub(super) fn cookie(&mut self, url: &str, header: &str) {
        for pair in header.split("; ") {
            let (name, value) = pair.split_once('=').unwrap();
            self.call("Network.setCookie", json!({"name": name, "value": value, "url": url}));
        }
    }

    /// What an axe run finds on the page now: rule and element of each violation.
    pub(super) fn axe(&mut self, source: &str) -> Vec<String> {
        self.call("Runtime.evaluate", json!({"expression": source}));
        let found = self.eval(
            "axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})\
             .then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ' ' + (n.failureSummary || '').replace(/\\s+/g, ' '))))",
        );
        found.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
