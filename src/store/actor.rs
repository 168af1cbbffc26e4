//! Who does a change: kept with every event.

use minicbor::{Decode, Encode};

/// What kind of actor it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ActorKind {
    /// A member of staff, signed in.
    #[n(0)]
    Staff,
    /// An API key.
    #[n(1)]
    Key,
    /// An import run.
    #[n(2)]
    Import,
    /// The command line.
    #[n(3)]
    Cli,
    /// The program itself: jobs, schedules, sign-in. Its writes go on a while when disk space is low.
    #[n(4)]
    System,
    /// A customer in the storefront.
    #[n(5)]
    Customer,
}

impl ActorKind {
    /// The word in the API and in logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Key => "key",
            Self::Import => "import",
            Self::Cli => "cli",
            Self::System => "system",
            Self::Customer => "customer",
        }
    }
}

impl serde::Serialize for ActorKind {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.word())
    }
}

/// Who does a change.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize)]
pub struct Actor {
    #[n(0)]
    pub kind: ActorKind,
    /// Stable id: the text form of a staff or key id, or a word such as `indexer`.
    #[n(1)]
    pub id: String,
    /// The name people know, as it was at that moment.
    #[n(2)]
    pub name: String,
    /// The request that asked for it.
    #[n(3)]
    pub request_id: Option<String>,
}

impl Actor {
    /// An actor without a request.
    pub fn new(kind: ActorKind, id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind, id: id.into(), name: name.into(), request_id: None }
    }
    /// The program itself; `part` says which part of it, such as `mailer`.
    pub fn system(part: &str) -> Self {
        Self::new(ActorKind::System, part, part)
    }
    /// The command line.
    pub fn cli() -> Self {
        Self::new(ActorKind::Cli, "cli", "Command line")
    }
}
