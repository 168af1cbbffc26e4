//! What a process did to a directory, call by call as `strace` saw it, and what a kill or a power cut may leave of that: for
//! work whose steps are files and names, and not only bytes in one file.

use super::crashing::Cut;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Every call that may change what a directory holds, and those that say which file a number means.
const WATCHED: &str = "openat,close,write,writev,pwrite64,pwritev,lseek,ftruncate,truncate,fallocate,fsync,fdatasync,\
                       rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,\
                       copy_file_range,sendfile,dup,dup2,dup3";

/// A file or a directory, whatever it is called.
pub(crate) type Node = usize;
pub(crate) const ROOT: Node = 0;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    File(Arc<Vec<u8>>),
    Dir(BTreeMap<String, Node>),
}

/// What a directory holds, with everything below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tree(Vec<Content>);

#[derive(Clone, Debug)]
pub(crate) enum Call {
    Make { dir: Node, name: String, node: Node, is_dir: bool },
    Link { dir: Node, name: String, node: Node },
    Rename { from: (Node, String), to: (Node, String), node: Node },
    Remove { dir: Node, name: String },
    Write { node: Node, at: usize, bytes: Vec<u8> },
    SetLen { node: Node, len: usize },
    Sync(Node),
}

impl Call {
    /// The directory whose names it changes.
    fn names(&self) -> Option<Node> {
        match self {
            Self::Make { dir, .. } | Self::Link { dir, .. } | Self::Remove { dir, .. } => Some(*dir),
            Self::Rename { to, .. } => Some(to.0),
            Self::Write { .. } | Self::SetLen { .. } | Self::Sync(_) => None,
        }
    }
    /// The file whose bytes it changes.
    fn bytes(&self) -> Option<Node> {
        match self {
            Self::Write { node, .. } | Self::SetLen { node, .. } => Some(*node),
            _ => None,
        }
    }
}

impl Tree {
    /// What is there now; one file with two names is one.
    pub(crate) fn read(root: &Path) -> Self {
        fn walk(path: &Path, tree: &mut Tree, known: &mut HashMap<(u64, u64), Node>) -> Node {
            use std::os::unix::fs::MetadataExt as _;
            let about = std::fs::metadata(path).unwrap();
            if let Some(node) = known.get(&(about.dev(), about.ino())) {
                return *node;
            }
            let node = tree.0.len();
            known.insert((about.dev(), about.ino()), node);
            if about.is_file() {
                tree.0.push(Content::File(Arc::new(std::fs::read(path).unwrap())));
                return node;
            }
            tree.0.push(Content::Dir(BTreeMap::new()));
            let mut entries: Vec<_> = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
            entries.sort();
            for entry in entries {
                let below = walk(&entry, tree, known);
                let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
                tree.names(node).unwrap().insert(name, below);
            }
            node
        }
        let mut tree = Self(Vec::new());
        walk(root, &mut tree, &mut HashMap::new());
        tree
    }
    /// Makes it in an empty directory.
    pub(crate) fn write(&self, root: &Path) {
        fn walk(tree: &Tree, node: Node, path: &Path, made: &mut HashMap<Node, PathBuf>) {
            match &tree.0[node] {
                Content::File(_) if made.contains_key(&node) => {
                    std::fs::hard_link(&made[&node], path).unwrap();
                }
                Content::File(bytes) => {
                    std::fs::write(path, bytes.as_slice()).unwrap();
                    made.insert(node, path.to_owned());
                }
                Content::Dir(names) => {
                    std::fs::create_dir_all(path).unwrap();
                    names.iter().for_each(|(name, below)| walk(tree, *below, &path.join(name), made));
                }
            }
        }
        walk(self, ROOT, root, &mut HashMap::new());
    }
    fn names(&mut self, node: Node) -> Option<&mut BTreeMap<String, Node>> {
        match self.0.get_mut(node) {
            Some(Content::Dir(names)) => Some(names),
            _ => None,
        }
    }
    /// What a path leads to.
    pub(crate) fn find(&self, path: &str) -> Option<Node> {
        path.split('/').filter(|name| !name.is_empty()).try_fold(ROOT, |dir, name| match &self.0[dir] {
            Content::Dir(names) => names.get(name).copied(),
            Content::File(_) => None,
        })
    }
    /// As it is found when it is looked at: without what has no name, so that two can be compared.
    pub(crate) fn shown(&self) -> BTreeMap<String, Option<Arc<Vec<u8>>>> {
        fn walk(tree: &Tree, node: Node, path: &str, found: &mut BTreeMap<String, Option<Arc<Vec<u8>>>>) {
            match &tree.0[node] {
                Content::File(bytes) => drop(found.insert(path.to_owned(), Some(Arc::clone(bytes)))),
                Content::Dir(names) => {
                    found.insert(path.to_owned(), None);
                    names
                        .iter()
                        .for_each(|(name, below)| walk(tree, *below, &format!("{path}/{name}"), found));
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(self, ROOT, "", &mut found);
        found
    }
    fn resize(&mut self, node: Node, act: impl FnOnce(&mut Vec<u8>)) {
        if let Some(Content::File(bytes)) = self.0.get_mut(node) {
            act(Arc::make_mut(bytes));
        }
    }
    fn overwrite(&mut self, node: Node, at: usize, data: &[u8]) {
        self.resize(node, |bytes| {
            if bytes.len() < at + data.len() {
                bytes.resize(at + data.len(), 0);
            }
            bytes[at..at + data.len()].copy_from_slice(data);
        });
    }
    /// A call that finds no longer what it was about changes nothing.
    pub(crate) fn play(&mut self, call: &Call) {
        match call {
            Call::Make { dir, name, node, is_dir } => {
                self.make(*node, *is_dir);
                self.names(*dir).map(|names| names.insert(name.clone(), *node));
            }
            Call::Link { dir, name, node } => {
                self.names(*dir).map(|names| names.insert(name.clone(), *node));
            }
            // Also where the name it had is not there: what is moved is the file.
            Call::Rename { from, to, node } => {
                self.names(from.0).map(|names| names.remove(&from.1));
                self.names(to.0).map(|names| names.insert(to.1.clone(), *node));
            }
            Call::Remove { dir, name } => {
                self.names(*dir).map(|names| names.remove(name));
            }
            Call::Write { node, at, bytes } => self.overwrite(*node, *at, bytes),
            Call::SetLen { node, len } => self.resize(*node, |bytes| bytes.resize(*len, 0)),
            Call::Sync(_) => {}
        }
    }
    /// A file or directory that nobody can reach yet.
    fn make(&mut self, node: Node, is_dir: bool) {
        let empty = || if is_dir { Content::Dir(BTreeMap::new()) } else { Content::File(Arc::default()) };
        while self.0.len() <= node {
            self.0.push(empty());
        }
        // Bytes may be there already; what kind it is was not known then.
        if is_dir != matches!(self.0[node], Content::Dir(_)) {
            self.0[node] = empty();
        }
    }
}

/// A directory before, and every call to it.
pub(crate) struct Traced {
    pub(crate) before: Tree,
    pub(crate) calls: Vec<Call>,
}

/// Whether a process can be traced here; says so when not. It fails where the part is required and missing, not where the
/// machine lets nobody be traced.
pub(crate) fn is_possible() -> bool {
    let tried = Command::new("strace").args(["-f", "-e", "trace=close", "-o", "/dev/null", "true"]).output();
    let is_required = std::env::var("BACKROOM_REAL_PARTS").as_deref() == Ok("required");
    assert!(tried.is_ok() || !is_required, "strace is required");
    let is_here = tried.is_ok_and(|done| done.status.success());
    if !is_here {
        std::io::Write::write_all(&mut std::io::stderr(), b"skipped: nothing can be traced here\n").unwrap();
    }
    is_here
}

/// Runs an ignored test of this program in a process of its own and notes what it does to `root`. That nothing was
/// missed is seen at the end: the calls make of what was there what is there.
pub(crate) fn trace(root: &Path, test: &str, with: &[(&str, &str)]) -> Traced {
    let root = root.canonicalize().unwrap();
    let before = Tree::read(&root);
    let notes = tempfile::NamedTempFile::new().unwrap();
    let done = Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-xx", "-s", "67108864", "-e", &format!("trace={WATCHED}"), "-o"])
        .arg(notes.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .envs(with.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
    let mut reading = Reading {
        root: root.clone(),
        tree: before.clone(),
        calls: Vec::new(),
        files: HashMap::new(),
        next: before.0.len(),
    };
    let mut begun: HashMap<String, String> = HashMap::new();
    for line in std::fs::read_to_string(notes.path()).unwrap().lines() {
        let (process, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        if let Some(first) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(process.to_owned(), first.to_owned());
        } else if let Some(second) = rest.strip_prefix("<... ") {
            let second = second.split_once(" resumed>").unwrap().1;
            let first = begun.remove(process).unwrap_or_default();
            reading.line(&format!("{first}{second}"));
        } else {
            reading.line(rest);
        }
    }
    assert!(reading.tree.shown() == Tree::read(&root).shown(), "a call was missed");
    Traced { before, calls: reading.calls }
}

struct Reading {
    root: PathBuf,
    /// As it is at this line.
    tree: Tree,
    calls: Vec<Call>,
    /// What the numbers of open files mean, and where the next byte goes.
    files: HashMap<u64, (Node, usize)>,
    next: Node,
}

/// `"\x2f\x74"` as bytes.
fn bytes(quoted: &str) -> Vec<u8> {
    let inside =
        quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap_or_else(|| panic!("{quoted}"));
    inside.split("\\x").skip(1).map(|hex| u8::from_str_radix(hex, 16).unwrap()).collect()
}

impl Reading {
    fn note(&mut self, call: Call) {
        self.tree.play(&call);
        self.calls.push(call);
    }
    /// The directory and the name that a path ends in; none when it leads elsewhere.
    fn place(&self, dir: Option<&str>, quoted: &str) -> Option<(Node, String)> {
        let path = PathBuf::from(String::from_utf8(bytes(quoted)).unwrap());
        let (mut at, rest) = if path.is_absolute() {
            (ROOT, path.strip_prefix(&self.root).ok()?.to_owned())
        } else {
            (self.files.get(&dir?.parse().ok()?)?.0, path)
        };
        let mut names: Vec<String> = rest
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .map(|part| part.as_os_str().to_str().unwrap().to_owned())
            .collect();
        let last = names.pop().unwrap_or_default();
        for name in names {
            at = self.entry(at, &name)?;
        }
        Some((at, last))
    }
    fn entry(&self, dir: Node, name: &str) -> Option<Node> {
        match self.tree.0.get(dir)? {
            // The directory itself.
            Content::Dir(_) if name.is_empty() => Some(dir),
            Content::Dir(names) => names.get(name).copied(),
            Content::File(_) => None,
        }
    }
    fn open(&mut self, (dir, name): (Node, String), flags: &str, number: u64) {
        let node = match self.entry(dir, &name) {
            Some(node) => node,
            None => {
                assert!(flags.contains("O_CREAT"), "{name} is opened and was never made");
                self.next += 1;
                let node = self.next - 1;
                self.note(Call::Make { dir, name, node, is_dir: false });
                node
            }
        };
        if flags.contains("O_TRUNC") {
            self.note(Call::SetLen { node, len: 0 });
        }
        assert!(!flags.contains("O_APPEND") && !flags.contains("O_TMPFILE"), "{flags}");
        self.files.insert(number, (node, 0));
    }
    fn line(&mut self, line: &str) {
        let Some((name, rest)) = line.split_once('(') else { return };
        let Some((given, result)) = rest.rsplit_once(" = ") else { return };
        let Ok(result) = result.split(' ').next().unwrap_or_default().parse::<u64>() else { return };
        let given = given.trim_end().trim_end_matches(')');
        let given: Vec<&str> = given.split(", ").collect();
        let file = given[0].parse::<u64>().ok().and_then(|n| Some((n, *self.files.get(&n)?)));
        match (name, given.as_slice()) {
            ("openat", [dir, path, flags, ..]) => match self.place(Some(dir), path) {
                Some(place) => self.open(place, flags, result),
                None => drop(self.files.remove(&result)),
            },
            ("close", [number, ..]) => drop(self.files.remove(&number.parse().unwrap())),
            ("mkdir", [path, ..]) => self.make_dir(None, path),
            ("mkdirat", [dir, path, ..]) => self.make_dir(Some(dir), path),
            ("unlink" | "rmdir", [path]) => self.remove(None, path),
            ("unlinkat", [dir, path, ..]) => self.remove(Some(dir), path),
            ("rename", [from, to]) => self.rename((None, from), (None, to)),
            ("renameat" | "renameat2", [a, from, b, to, ..]) => self.rename((Some(a), from), (Some(b), to)),
            ("link", [from, to]) => self.link((None, from), (None, to)),
            ("linkat", [a, from, b, to, ..]) => self.link((Some(a), from), (Some(b), to)),
            _ => {
                let Some((number, (node, at))) = file else { return };
                match (name, given.as_slice()) {
                    ("write", [_, data, _]) => {
                        let mut bytes = bytes(data);
                        bytes.truncate(usize::try_from(result).unwrap());
                        self.files.insert(number, (node, at + bytes.len()));
                        self.note(Call::Write { node, at, bytes });
                    }
                    ("pwrite64", [_, data, _, at]) => {
                        let mut bytes = bytes(data);
                        bytes.truncate(usize::try_from(result).unwrap());
                        self.note(Call::Write { node, at: at.parse().unwrap(), bytes });
                    }
                    ("lseek", _) => {
                        self.files.insert(number, (node, usize::try_from(result).unwrap()));
                    }
                    ("ftruncate", [_, len]) => self.note(Call::SetLen { node, len: len.parse().unwrap() }),
                    ("fsync" | "fdatasync", _) => self.note(Call::Sync(node)),
                    _ => panic!("{name} is not understood: {given:?}"),
                }
            }
        }
    }
    fn make_dir(&mut self, dir: Option<&str>, path: &str) {
        if let Some((dir, name)) = self.place(dir, path) {
            self.next += 1;
            self.note(Call::Make { dir, name, node: self.next - 1, is_dir: true });
        }
    }
    fn remove(&mut self, dir: Option<&str>, path: &str) {
        if let Some((dir, name)) = self.place(dir, path) {
            self.note(Call::Remove { dir, name });
        }
    }
    fn rename(&mut self, from: (Option<&str>, &str), to: (Option<&str>, &str)) {
        if let (Some(from), Some(to)) = (self.place(from.0, from.1), self.place(to.0, to.1)) {
            let node = self.entry(from.0, &from.1).unwrap();
            self.note(Call::Rename { from, to, node });
        }
    }
    fn link(&mut self, from: (Option<&str>, &str), to: (Option<&str>, &str)) {
        if let (Some(from), Some((dir, name))) = (self.place(from.0, from.1), self.place(to.0, to.1)) {
            let node = self.entry(from.0, &from.1).unwrap();
            self.note(Call::Link { dir, name, node });
        }
    }
}

/// What is left after the first `k` calls and a cut. A file's bytes are safe when the file was synced, a name when its
/// directory was; of the rest any sector may be there, and of the names of a directory the first few: file systems keep
/// their order, some of one directory only, some of all.
pub(crate) fn left(traced: &Traced, k: usize, cut: Cut, rng: &mut StdRng) -> Tree {
    let mut tree = traced.before.clone();
    let done = &traced.calls[..k];
    if cut == Cut::Kill {
        done.iter().for_each(|call| tree.play(call));
        return tree;
    }
    let last_sync = |node: Node| done.iter().rposition(|call| matches!(call, Call::Sync(n) if *n == node));
    let is_safe = |at: usize, node: Node| last_sync(node).is_some_and(|sync| sync > at);
    let chance = [0.0, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0][rng.random_range(0..7)];
    let sector = [512, 4_096, 1 << 30][rng.random_range(0..3)];
    let of_all = rng.random_bool(0.5);
    // Behind this call a name that is not safe is lost, for all or for the one directory.
    let mut until: HashMap<Node, usize> = HashMap::new();
    for (at, call) in done.iter().enumerate() {
        if let Some(dir) = call.names() {
            let of = if of_all { ROOT } else { dir };
            let until = *until.entry(of).or_insert_with(|| {
                let belongs = |call: &Call| call.names().is_some_and(|dir| of_all || dir == of);
                let safe = done.iter().enumerate().rposition(|(at, call)| {
                    belongs(call) && call.names().is_some_and(|dir| is_safe(at, dir))
                });
                rng.random_range(safe.map_or(0, |safe| safe + 1)..=k)
            });
            if let Call::Make { node, is_dir, .. } = call {
                tree.make(*node, *is_dir);
            }
            if at < until {
                tree.play(call);
            }
        }
        match (call, call.bytes()) {
            (_, Some(node)) if is_safe(at, node) => tree.play(call),
            (Call::Write { node, at, bytes }, _) => {
                let mut done = 0;
                while done < bytes.len() {
                    let here = at + done;
                    let size = (sector - here % sector).min(bytes.len() - done);
                    if rng.random_bool(chance) {
                        tree.overwrite(*node, here, &bytes[done..done + size]);
                    }
                    done += size;
                }
            }
            (Call::SetLen { .. }, _) if rng.random_bool(0.5) => tree.play(call),
            _ => {}
        }
    }
    tree
}
