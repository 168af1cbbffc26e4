//! Reads the configuration from its layers and says where each value came from and all that is wrong at once.

use super::sections::{INVALID, Secret, Settings, refusal};
use super::values::{flatten, insert, join, json, list};
use crate::base::error::{Error, FieldError, Result};
use crate::base::nearest::nearest;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The code word of a key nobody knows.
const UNKNOWN: &str = "unknown_setting";
/// Begins every environment variable that is read.
const PREFIX: &str = "BACKROOM_";
/// Names the file; the flag `--config` comes before it.
const CONFIG_VARIABLE: &str = "BACKROOM_CONFIG";
/// What tests and benches are told by; a shop started from the same shell must not stumble over them.
const OF_THE_TESTS: &[&str] = &[
    "BACKROOM_REAL_PARTS",
    "BACKROOM_PROGRAM",
    "BACKROOM_SHARED",
    "BACKROOM_BENCH",
    "BACKROOM_CRASH_POINTS",
    "BACKROOM_CRASH_SEED",
    "BACKROOM_INDEX_CRASH_POINTS",
    "BACKROOM_FUZZ_INPUTS",
    "BACKROOM_SOAK_SECONDS",
    "BACKROOM_KILLS",
    "BACKROOM_LEDGER_SECONDS",
    "BACKROOM_TEST_LOG",
    "BACKROOM_BENCH_ORDERS",
    "BACKROOM_BENCH_ONLY",
    "BACKROOM_BENCH_SIZES",
    "BACKROOM_BENCH_SHOPS",
    "BACKROOM_WRITE_OPENAPI",
    "BACKROOM_SMALL_ORDERS",
];

/// A setting given on the command line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As typed: `--listen`.
    pub name: &'static str,
    /// The setting it stands for: `server.listen`.
    pub path: &'static str,
    pub value: String,
}

/// Everything a configuration is read from, so that tests need no process of their own.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The file named by `--config`.
    pub file: Option<PathBuf>,
    pub flags: Vec<Flag>,
    /// Names and values; values that are no text are given with replacement characters and refused.
    pub environment: Vec<(String, String)>,
    /// A command beside the service may lack secrets that the service alone is given: what needs them is off for it.
    pub is_beside: bool,
}

impl Inputs {
    /// Those of this process.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        let text = |t: std::ffi::OsString| t.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(k, v)| (text(k), text(v))).collect();
        Self { file, flags, environment, is_beside: false }
    }
    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }
    /// The file to read: named ones must exist, the usual places need not.
    fn config_file(&self) -> Option<PathBuf> {
        let named = self.file.clone().or_else(|| self.variable(CONFIG_VARIABLE).map(PathBuf::from));
        named.or_else(|| {
            let directory = self.variable("CONFIGURATION_DIRECTORY").map(PathBuf::from);
            let of_user = self
                .variable("XDG_CONFIG_HOME")
                .map(PathBuf::from)
                .or_else(|| Some(Path::new(self.variable("HOME")?).join(".config")))
                .map(|home| home.join("backroom"));
            [directory, of_user, Some(PathBuf::from("/etc/backroom"))]
                .into_iter()
                .flatten()
                .map(|dir| dir.join("config.toml"))
                .find(|file| file.is_file())
        })
    }
    /// Where data is kept when nobody says where.
    fn data_dir(&self) -> PathBuf {
        if let Some(state) = self.variable("STATE_DIRECTORY") {
            return PathBuf::from(state.split(':').next().unwrap_or(state));
        }
        if let Some(home) = self.variable("XDG_DATA_HOME") {
            return Path::new(home).join("backroom");
        }
        match self.variable("HOME") {
            Some(home) => Path::new(home).join(".local/share/backroom"),
            None => PathBuf::from("backroom-data"),
        }
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "from", content = "where")]
pub enum Origin {
    Default,
    /// File and line.
    File(String),
    /// The name of the variable.
    Environment(String),
    /// The file in the credentials directory.
    Credential(String),
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(at) | Self::Environment(at) | Self::Credential(at) => f.write_str(at),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One setting as it is in force.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Entry {
    /// Such as `server.listen`.
    pub key: String,
    /// `***` for a secret that is set, null for what is not set.
    pub value: Value,
    #[serde(flatten)]
    pub origin: Origin,
}

/// The settings in force and their story.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub settings: Settings,
    /// Every setting, sorted by key.
    pub entries: Vec<Entry>,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Secrets that are missing here and the service may have: what needs them is off.
    pub missing: Vec<&'static str>,
}

/// Reads all layers.
///
/// # Errors
/// `config_invalid` with every problem: where, what was wrong, and what would be right.
pub fn load(inputs: &Inputs) -> Result<Loaded> {
    let mut layers = Layers::new(inputs)?;
    let file = inputs.config_file();
    if let Some(path) = &file {
        layers.read_file(path);
    }
    layers.read_credentials(inputs);
    layers.read_environment(inputs);
    for flag in &inputs.flags {
        layers.set_text(flag.path, &flag.value, Origin::Flag(flag.name));
    }
    layers.finish(file, inputs.is_beside)
}

/// The values so far and what was wrong so far.
struct Layers {
    /// Known settings by path, with the default as the example of their shape.
    defaults: BTreeMap<String, Value>,
    values: BTreeMap<String, (Value, Origin)>,
    problems: Vec<FieldError>,
}

impl Layers {
    fn new(inputs: &Inputs) -> Result<Self> {
        let mut defaults = BTreeMap::new();
        let whole = serde_json::to_value(Settings::default()).map_err(Error::internal)?;
        flatten("", &whole, &mut defaults);
        let mut values: BTreeMap<String, (Value, Origin)> =
            defaults.iter().map(|(path, v)| (path.clone(), (v.clone(), Origin::Default))).collect();
        let dir = Value::from(inputs.data_dir().to_string_lossy().into_owned());
        values.insert("data.dir".to_owned(), (dir, Origin::Default));
        Ok(Self { defaults, values, problems: Vec::new() })
    }

    fn wrong(&mut self, place: impl std::fmt::Display, code: &'static str, detail: String) {
        self.problems.push(FieldError { pointer: place.to_string(), code, detail });
    }

    fn read_file(&mut self, path: &Path) {
        let shown = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) => return self.wrong(shown, "config_unreadable", format!("the file cannot be read: {e}")),
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let (tree, faults) = toml::de::DeTable::parse_recoverable(text);
        for fault in &faults {
            let line = fault.span().map_or(1, |span| line_of(text, span.start));
            self.wrong(format_args!("{shown}:{line}"), "invalid_toml", first_line(fault.message()));
        }
        // With broken syntax the rest of the tree means little.
        if faults.is_empty() {
            self.take_table("", tree.get_ref(), &|offset| format!("{shown}:{}", line_of(text, offset)));
        }
    }

    /// Takes over the settings of a table; `place` names the line of an offset.
    fn take_table(&mut self, prefix: &str, table: &toml::de::DeTable<'_>, place: &dyn Fn(usize) -> String) {
        for (key, value) in table {
            let path = join(prefix, key.get_ref());
            let at = place(key.span().start);
            let is_section = self.defaults.keys().any(|known| is_below(known, &path));
            match value.get_ref() {
                toml::de::DeValue::Table(inner) if is_section => self.take_table(&path, inner, place),
                _ if is_section => {
                    self.wrong(
                        at,
                        INVALID,
                        format!("{path} is a section; write [{path}] on a line of its own"),
                    );
                }
                _ if !self.defaults.contains_key(&path) => self.unknown(&at, &path),
                value => self.set(&path, json(value), Origin::File(at)),
            }
        }
    }

    fn unknown(&mut self, at: &str, path: &str) {
        let detail = match self.suggestion(path) {
            Some(known) => format!("there is no setting {path}; did you mean {known}?"),
            None => format!("there is no setting {path}; `backroom config default` lists all"),
        };
        self.wrong(at, UNKNOWN, detail);
    }

    /// The setting or section most like `path`: misspelt, or right in the wrong section.
    fn suggestion(&self, path: &str) -> Option<String> {
        let all: Vec<&str> = self.defaults.keys().map(String::as_str).collect();
        let last = |p: &str| p.rsplit('.').next().unwrap_or_default().to_owned();
        if !path.contains('.') {
            let mut sections: Vec<&str> = all.iter().filter_map(|p| p.split('.').next()).collect();
            sections.dedup();
            if let Some(section) = nearest(path, &sections) {
                return Some(format!("[{section}]"));
            }
        }
        let elsewhere = all.iter().find(|known| last(known) == last(path)).copied();
        elsewhere.or_else(|| nearest(path, &all)).map(str::to_owned)
    }

    fn read_credentials(&mut self, inputs: &Inputs) {
        let Some(directory) = inputs.variable("CREDENTIALS_DIRECTORY") else { return };
        for path in Settings::SECRETS {
            let file = Path::new(directory).join(path.replace('.', "_"));
            if file.is_file() {
                self.set_secret(path, &file, Origin::Credential(file.display().to_string()));
            }
        }
    }

    fn read_environment(&mut self, inputs: &Inputs) {
        let mut from_file = Vec::new();
        for (name, value) in &inputs.environment {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            if name == CONFIG_VARIABLE || OF_THE_TESTS.contains(&name.as_str()) || is_of_kubernetes(rest) {
                continue;
            }
            let path = rest.to_lowercase().replace("__", ".");
            let secret = path.strip_suffix("_file").filter(|p| Settings::SECRETS.contains(p));
            if let Some(path) = secret {
                from_file.push((name, path.to_owned(), value));
            } else if value.contains(char::REPLACEMENT_CHARACTER) {
                self.wrong(name, INVALID, "the value is no valid UTF-8".to_owned());
            } else if self.defaults.contains_key(&path) {
                self.set_text(&path, value, Origin::Environment(name.clone()));
            } else {
                self.unknown_variable(name, &path);
            }
        }
        for (name, path, file) in from_file {
            let is_twice = matches!(self.values.get(&path), Some((_, Origin::Environment(_))));
            if is_twice {
                self.wrong(
                    name,
                    INVALID,
                    format!("{path} is set by another variable too; remove one of them"),
                );
            } else {
                self.set_secret(&path, Path::new(file), Origin::Environment(name.clone()));
            }
        }
    }

    fn unknown_variable(&mut self, name: &str, path: &str) {
        let all: Vec<String> = self.defaults.keys().map(|known| variable_of(known)).collect();
        let known: Vec<&str> = all.iter().map(String::as_str).collect();
        // One underscore instead of two is the usual slip.
        let slip = known.iter().find(|k| k.replace("__", "_") == name.to_uppercase().replace("__", "_"));
        let suggestion = slip
            .map(|k| (*k).to_owned())
            .or_else(|| self.suggestion(path).filter(|s| !s.starts_with('[')).map(|s| variable_of(&s)));
        let detail = match suggestion {
            Some(known) => format!("no setting has this variable; did you mean {known}?"),
            None => "no setting has this variable; `backroom config default` lists all".to_owned(),
        };
        self.wrong(name, UNKNOWN, detail);
    }

    fn set_secret(&mut self, path: &str, file: &Path, origin: Origin) {
        match std::fs::read_to_string(file) {
            Ok(text) => self.set(path, Value::from(text.trim_end_matches(['\n', '\r'])), origin),
            Err(e) => {
                let detail = format!("{path} cannot be read from {}: {e}", file.display());
                self.wrong(origin, "config_unreadable", detail);
            }
        }
    }

    /// A value given as text takes the shape its setting has.
    fn set_text(&mut self, path: &str, text: &str, origin: Origin) {
        let number = || text.trim().parse::<i64>().ok().map(Value::from);
        let truth = || text.trim().parse::<bool>().ok().map(Value::from);
        let value = match self.defaults.get(path) {
            Some(Value::Number(_)) => number(),
            Some(Value::Bool(_)) => truth(),
            Some(Value::Array(_)) => Some(list(text)),
            // Of what is not set by default the shape is not known: try what it may be.
            Some(Value::Null) if text.is_empty() => Some(Value::Null),
            Some(Value::Null) if self.fits(path, Value::from(text)) => None,
            Some(Value::Null) => number().or_else(truth),
            _ => None,
        };
        self.set(path, value.unwrap_or_else(|| Value::from(text)), origin);
    }

    fn set(&mut self, path: &str, value: Value, origin: Origin) {
        match self.tried(path, value.clone()) {
            Ok(()) => {
                self.values.insert(path.to_owned(), (value, origin));
            }
            Err(detail) => self.wrong(origin, INVALID, detail),
        }
    }

    fn fits(&self, path: &str, value: Value) -> bool {
        self.tried(path, value).is_ok()
    }

    /// `Err` says what is wrong with the value and what would be right, without the value of a secret.
    fn tried(&self, path: &str, value: Value) -> std::result::Result<(), String> {
        let mut whole = Value::Object(Map::new());
        insert(&mut whole, path, value.clone());
        let Err(fault) = serde_json::from_value::<Settings>(whole) else { return Ok(()) };
        if Settings::SECRETS.contains(&path) {
            return Err(format!("{path}: give a text"));
        }
        let right = match self.defaults.get(path) {
            Some(Value::Number(n)) => format!("give a whole number such as {n}"),
            Some(Value::Bool(_)) => "give true or false".to_owned(),
            Some(Value::Array(_)) => format!("give a list such as [\"a\", \"b\"] ({fault})"),
            _ => first_line(&fault.to_string()),
        };
        Err(format!("{path} = {value} does not fit; {right}"))
    }

    fn finish(mut self, file: Option<PathBuf>, is_beside: bool) -> Result<Loaded> {
        let mut whole = Value::Object(Map::new());
        for (path, (value, _)) in &self.values {
            insert(&mut whole, path, value.clone());
        }
        let mut settings: Settings = serde_json::from_value(whole).map_err(Error::internal)?;
        let missing = if is_beside { settings.forgo_secrets() } else { Vec::new() };
        for problem in settings.problems() {
            let origin = self.values.get(&problem.pointer).map_or(Origin::Default, |(_, o)| o.clone());
            let detail = format!("{}: {}", problem.pointer, problem.detail);
            self.wrong(origin, problem.code, detail);
        }
        if !self.problems.is_empty() {
            return Err(refusal(self.problems));
        }
        let entries = self
            .values
            .into_iter()
            .map(|(key, (value, origin))| {
                let is_secret = Settings::SECRETS.contains(&key.as_str()) && !value.is_null();
                Entry { value: if is_secret { Value::from(Secret::MASK) } else { value }, key, origin }
            })
            .collect();
        Ok(Loaded { settings, entries, file, missing })
    }
}

/// The environment variable of a setting.
pub(crate) fn variable_of(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "__").to_uppercase())
}

/// What Kubernetes adds to every container when a service is called `backroom`.
fn is_of_kubernetes(rest: &str) -> bool {
    rest == "PORT"
        || rest.starts_with("SERVICE_HOST")
        || rest.starts_with("SERVICE_PORT")
        || rest.strip_prefix("PORT_").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_below(path: &str, section: &str) -> bool {
    path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

/// The number of the line an offset is on, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
