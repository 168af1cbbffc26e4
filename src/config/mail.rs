//! `[mail]`: the server that takes the shop's mails.

use super::sections::Secret;
use crate::base::email;
use crate::base::error::{Error, Result};
use crate::outbound::mailbox::{self, Mailbox};
use crate::outbound::smtp::{Dkim, Place, Server, Tls, is_address};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `[mail]`: nothing is sent while there is no host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The name of the server; mail is off without it.
    pub host: Option<String>,
    /// 587 for STARTTLS, 465 for TLS, 25 for none, if absent.
    pub port: Option<u16>,
    pub tls: Tls,
    /// Who signs in there; nobody, if absent.
    pub user: Option<String>,
    pub password: Option<Secret>,
    /// The name this machine gives itself; its own, if absent.
    pub hello: Option<String>,
    /// A certificate authority of one's own, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Seconds to wait for a connection and for each answer.
    pub timeout_seconds: u32,
    /// Seconds a mail waits in which sending can be cancelled.
    pub hold_seconds: u32,
    /// Seconds from which on a job is told of by mail when it is over.
    pub long_job_seconds: u32,
    /// Signing by DKIM, when all three are set.
    pub dkim_domain: Option<String>,
    pub dkim_selector: Option<String>,
    pub dkim_key: Option<Secret>,
    /// What comes back.
    pub bounces: Bounces,
}

/// `[mail.bounces]`: where mails come back to, and the mailbox that is read there; none is without a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounces {
    /// The sender that servers see; that of the settings of mail, if absent.
    pub address: Option<String>,
    /// The name of the server; nothing is read without it.
    pub host: Option<String>,
    /// 993 for TLS, 143 otherwise, if absent.
    pub port: Option<u16>,
    pub tls: Tls,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub folder: String,
}

impl Default for Bounces {
    fn default() -> Self {
        Self {
            address: None,
            host: None,
            port: None,
            tls: Tls::Tls,
            user: None,
            password: None,
            folder: "INBOX".to_owned(),
        }
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            tls: Tls::Starttls,
            user: None,
            password: None,
            hello: None,
            ca_file: None,
            timeout_seconds: 30,
            hold_seconds: 10,
            long_job_seconds: 60,
            dkim_domain: None,
            dkim_selector: None,
            dkim_key: None,
            bounces: Bounces::default(),
        }
    }
}

impl Mail {
    /// The server; `None` while mail is off.
    ///
    /// # Errors
    /// `invalid_setting` with the key and what would be right.
    pub fn server(&self) -> Result<Option<Server>> {
        self.server_with(self.ca_file.as_deref())
    }

    /// What cannot work, without a look at files.
    ///
    /// # Errors
    /// `invalid_setting` with the key and what would be right.
    pub fn check(&self) -> Result<()> {
        if self.ca_file.as_ref().is_some_and(|file| !file.is_absolute()) {
            let text = "mail.ca_file: give the whole path of a file, such as /etc/ssl/own-ca.pem";
            return Err(Error::invalid("invalid_setting", text));
        }
        self.server_with(None)?;
        self.mailbox_with(None).map(drop)
    }

    /// The mailbox of what comes back; `None` while none is read.
    ///
    /// # Errors
    /// `invalid_setting` with the key and what would be right.
    pub fn mailbox(&self) -> Result<Option<Mailbox>> {
        self.mailbox_with(self.ca_file.as_deref())
    }

    fn mailbox_with(&self, authority: Option<&Path>) -> Result<Option<Mailbox>> {
        let own = &self.bounces;
        if let Some(address) = &own.address
            && (email::parse(address).is_err() || !is_address(address.trim()))
        {
            let text = "mail.bounces.address: give an e-mail address such as bounces@example.com";
            return Err(Error::invalid("invalid_setting", text));
        }
        let Some(host) = &own.host else {
            if own.user.is_some() || own.password.is_some() {
                let text = "mail.bounces.host: give the name of the server, or leave out mail.bounces.user and its password";
                return Err(Error::invalid("invalid_setting", text));
            }
            return Ok(None);
        };
        let (user, password) = (own.user.as_deref(), own.password.as_ref().map(Secret::reveal));
        Mailbox::new(&mailbox::Place {
            host,
            port: own.port,
            tls: own.tls,
            login: (user.unwrap_or_default(), password.unwrap_or_default()),
            folder: &own.folder,
            authority: authority.map(|file| (file, "mail.ca_file")),
            patience: self.patience(),
        })
        .map(Some)
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_seconds))
    }

    fn server_with(&self, authority: Option<&Path>) -> Result<Option<Server>> {
        let wrong = |text: &'static str| Err(Error::invalid("invalid_setting", text));
        if !(1..=300).contains(&self.timeout_seconds) {
            return wrong("mail.timeout_seconds: give a number from 1 to 300");
        }
        if self.hold_seconds > 3_600 {
            return wrong("mail.hold_seconds: give a number from 0 to 3600");
        }
        if self.long_job_seconds > 86_400 {
            return wrong("mail.long_job_seconds: give a number from 0 to 86400");
        }
        let Some(host) = &self.host else {
            if self.user.is_some() || self.password.is_some() {
                return wrong(
                    "mail.host: give the name of the server, or leave out mail.user and its password",
                );
            }
            return Ok(None);
        };
        let login = match (&self.user, &self.password) {
            (Some(user), Some(password)) => Some((user.as_str(), password.reveal())),
            (None, None) => None,
            (Some(_), None) => return wrong("mail.password: give the password of mail.user"),
            (None, Some(_)) => return wrong("mail.user: give the user whose password mail.password is"),
        };
        let dkim = match (&self.dkim_domain, &self.dkim_selector, &self.dkim_key) {
            (Some(domain), Some(selector), Some(key)) => Some(Dkim { domain, selector, key: key.reveal() }),
            (None, None, None) => None,
            _ => return wrong("mail.dkim_key: set dkim_domain, dkim_selector and dkim_key, or none of them"),
        };
        Server::new(&Place {
            host,
            port: self.port,
            tls: self.tls,
            login,
            hello: self.hello.as_deref(),
            authority,
            patience: self.patience(),
            dkim,
            returns_to: self.bounces.address.as_deref(),
        })
        .map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_off_without_a_host_and_half_of_a_pair_is_refused() {
        assert!(Mail::default().server().unwrap().is_none());
        let read = |text: &str| toml::from_str::<Mail>(text).unwrap().server();
        let said = |text: &str| read(text).err().unwrap().message.into_owned();
        assert!(read("host = \"smtp.example.com\"").unwrap().is_some());
        assert!(said("host = \"h\"\nuser = \"u\"").starts_with("mail.password: "));
        assert!(said("host = \"h\"\npassword = \"p\"").starts_with("mail.user: "));
        assert!(said("user = \"u\"").starts_with("mail.host: "));
        assert!(said("host = \"h\"\ndkim_domain = \"d\"").starts_with("mail.dkim_key: "));
        assert!(said("timeout_seconds = 0").starts_with("mail.timeout_seconds: "));
        assert!(said("long_job_seconds = 86401").starts_with("mail.long_job_seconds: "));
        assert!(said("hold_seconds = 7200").starts_with("mail.hold_seconds: "));
    }

    #[test]
    fn no_mailbox_is_read_without_a_host_and_half_of_one_is_refused() {
        let read = |text: &str| toml::from_str::<Mail>(text).unwrap();
        let said = |text: &str| read(&format!("[bounces]\n{text}")).check().unwrap_err().message.into_owned();
        assert!(Mail::default().mailbox().unwrap().is_none());
        assert!(read("[bounces]\naddress = \"bounces@example.com\"").mailbox().unwrap().is_none());
        let whole = "host = \"imap.example.com\"\nuser = \"u\"\npassword = \"p\"";
        let mailbox = read(&format!("[bounces]\n{whole}")).mailbox().unwrap().unwrap();
        assert_eq!((mailbox.name().as_str(), mailbox.folder()), ("u at imap.example.com:993", "INBOX"));
        assert!(said("host = \"h\"").starts_with("mail.bounces.user: "));
        assert!(said("host = \"h\"\nuser = \"u\"").starts_with("mail.bounces.password: "));
        assert!(said(&format!("{whole}\ntls = \"none\"")).starts_with("mail.bounces.tls: "));
        assert!(said("address = \"bounces\"").starts_with("mail.bounces.address: "));
    }
}
