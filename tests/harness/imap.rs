//! A mailbox on a real IMAP server (Dovecot), started on free ports with a directory of its own.

use super::tls::Authority;
use super::{part, until};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) const USER: &str = "bounces";
pub(crate) const WORD: &str = "violet-sea-\"47\\";

/// A running server with one user. Ended and removed when dropped.
pub(crate) struct Mailbox {
    child: Child,
    /// Encrypted from the first byte.
    pub(crate) tls: u16,
    /// In the open, until it is asked to encrypt.
    pub(crate) open: u16,
    home: tempfile::TempDir,
    count: AtomicUsize,
}

/// A number and a name of a user from the list of the system.
fn user(name: &str) -> Option<(u32, u32)> {
    let all = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = all.lines().find(|line| line.starts_with(&format!("{name}:")))?;
    let mut fields = line.split(':').skip(2).map(|number| number.parse().ok());
    Some((fields.next()??, fields.next()??))
}

fn name_of(uid: u32) -> String {
    let all = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = all.lines().find(|line| line.split(':').nth(2) == Some(&uid.to_string())).unwrap();
    line.split(':').next().unwrap().to_owned()
}

/// As a file has it.
fn pem(what: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::prelude::BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The server's version, where it is one whose configuration is written below.
fn version() -> Option<String> {
    let said = Command::new("dovecot").arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(&said.stdout).split(' ').next()?.trim().to_owned();
    (said.starts_with("2.3.") || said.starts_with("2.4.")).then_some(said)
}

/// What Dovecot 2.3 is told: where it lives, who owns the mail, who works inside and who lets in, and its two ports.
fn config_2_3(at: &str, [owner, inside, login]: [&str; 3], (tls, open): (u16, u16)) -> String {
    format!(
        "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\nprotocols = imap\nlisten = 127.0.0.1, ::1\n\
         ssl = yes\nssl_cert = <{at}/server.pem\nssl_key = <{at}/server.key\nauth_mechanisms = plain login\n\
         passdb {{\n driver = passwd-file\n args = username_format=%u {at}/users\n}}\n\
         userdb {{\n driver = static\n args = uid={owner} gid={owner} home={at}/home/%u\n}}\n\
         mail_location = maildir:~/Maildir\n{}",
        in_both([inside, login], (tls, open))
    )
}

/// The same as Dovecot 2.4 wants it: the version first, files by name, and a setting for each word.
fn config_2_4(at: &str, [owner, inside, login]: [&str; 3], (tls, open): (u16, u16), version: &str) -> String {
    format!(
        "dovecot_config_version = {version}\ndovecot_storage_version = {version}\n\
         base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\nprotocols = imap\nlisten = 127.0.0.1, ::1\n\
         ssl = yes\nssl_server_cert_file = {at}/server.pem\nssl_server_key_file = {at}/server.key\n\
         auth_mechanisms = plain login\n\
         passdb passwd-file {{\n passwd_file_path = {at}/users\n}}\n\
         userdb static {{\n fields {{\n  uid = {owner}\n  gid = {owner}\n  home = {at}/home/%{{user}}\n }}\n}}\n\
         mail_driver = maildir\nmail_path = ~/Maildir\n{}",
        in_both([inside, login], (tls, open))
    )
}

fn in_both([inside, login]: [&str; 2], (tls, open): (u16, u16)) -> String {
    format!(
        "first_valid_uid = 1\nauth_failure_delay = 0\n\
         default_internal_user = {inside}\ndefault_internal_group = {inside}\ndefault_login_user = {login}\n\
         namespace inbox {{\n inbox = yes\n}}\n\
         service imap-login {{\n chroot =\n inet_listener imap {{\n port = {open}\n }}\n inet_listener imaps {{\n port = {tls}\n ssl = yes\n }}\n}}\n\
         service anvil {{\n chroot =\n}}\n"
    )
}

impl Mailbox {
    /// An empty mailbox whose certificate an authority has issued; `None` after saying that the test is skipped.
    pub(crate) fn open(authority: &Authority) -> Option<Self> {
        let version = version();
        if !part("an IMAP server (dovecot-imapd 2.3 or 2.4)", version.is_some()) {
            return None;
        }
        // Another program may have taken a port between looking and listening.
        (0..5).find_map(|_| Self::tried(authority, version.as_deref().unwrap()))
    }

    fn tried(authority: &Authority, version: &str) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        // The server gives its rights away: to users of its own where it may, else it stays who it is.
        let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(dir).unwrap());
        let is_root = own == 0;
        let me = name_of(own);
        let (inside, login, owner) =
            if is_root { ("dovecot", "dovenull", "mail") } else { (&*me, &*me, &*me) };
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        for folder in ["run", "state", "home", "home/bounces", "home/bounces/Maildir"] {
            std::fs::create_dir(dir.join(folder)).unwrap();
        }
        for folder in ["new", "cur", "tmp"] {
            std::fs::create_dir(dir.join("home/bounces/Maildir").join(folder)).unwrap();
        }
        let papers = authority.issue(&["localhost"], -1.0, 30.0);
        std::fs::write(
            dir.join("server.pem"),
            papers.chain.iter().map(|der| pem("CERTIFICATE", der)).collect::<String>(),
        )
        .unwrap();
        std::fs::write(dir.join("server.key"), pem("PRIVATE KEY", &papers.key)).unwrap();
        std::fs::write(dir.join("users"), format!("{USER}:{{PLAIN}}{WORD}\n")).unwrap();
        let (tls, open) = (free_port(), free_port());
        let at = dir.to_str().unwrap();
        let people = [owner, inside, login];
        let is_old = version.starts_with("2.3.");
        let config = if is_old {
            config_2_3(at, people, (tls, open))
        } else {
            config_2_4(at, people, (tls, open), version)
        };
        std::fs::write(dir.join("dovecot.conf"), config).unwrap();
        let child = Command::new("dovecot")
            .args(["-F", "-c"])
            .arg(dir.join("dovecot.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut mailbox = Self { child, tls, open, home, count: AtomicUsize::new(0) };
        mailbox.own(&mailbox.home.path().join("home"));
        let mut is_over = false;
        until("the IMAP server listens", || {
            is_over = mailbox.child.try_wait().unwrap().is_some();
            is_over || TcpStream::connect(("127.0.0.1", tls)).is_ok()
        });
        (!is_over).then_some(mailbox)
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.home.path().join("home/bounces/Maildir").join(name)
    }

    /// Gives a file or a folder with everything in it to the owner of the mailbox.
    fn own(&self, path: &Path) {
        let is_root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(self.home.path()).unwrap()) == 0;
        let Some((uid, gid)) = user("mail").filter(|_| is_root) else { return };
        chown(path, Some(uid), Some(gid)).unwrap();
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|entry| self.own(&entry.unwrap().path()));
        }
    }

    /// Delivers a message, as the servers of mail do.
    pub(crate) fn deliver(&self, message: &str) {
        let n = self.count.fetch_add(1, Ordering::SeqCst);
        let (name, text) = (format!("{}.M{n}.test", 1_790_000_000 + n), message.replace("\r\n", "\n"));
        let made = self.folder("tmp").join(&name);
        std::fs::write(&made, text).unwrap();
        self.own(&made);
        std::fs::rename(&made, self.folder("new").join(&name)).unwrap();
    }

    /// Messages, and those of them that are marked as seen.
    pub(crate) fn seen(&self) -> (usize, usize) {
        let names = |folder: &str| -> Vec<String> {
            let all = std::fs::read_dir(self.folder(folder)).unwrap();
            all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        let (new, cur) = (names("new"), names("cur"));
        let seen = cur.iter().filter(|name| name.rsplit(',').next().unwrap().contains('S')).count();
        (new.len() + cur.len(), seen)
    }

    /// Everything is unseen again, as after a kill between the note and the mark.
    pub(crate) fn forget(&self) {
        for entry in std::fs::read_dir(self.folder("cur")).unwrap() {
            let path = entry.unwrap().path();
            let text = path.to_str().unwrap();
            let (name, _) = text.split_once(":2,").unwrap();
            std::fs::rename(text, format!("{name}:2,")).unwrap();
        }
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        // Told to end, it ends what it started.
        let _told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _reaped = self.child.wait();
    }
}
