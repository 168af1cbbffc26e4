//! The facts that this floor publishes: a public contract. Never a secret in any of them.

use crate::access::role::Role;
use crate::base::time::Timestamp;
use crate::store::Event;
use serde::Serialize;

/// Declares events: a struct with its kind.
macro_rules! events {
    ($(#[doc = $doc:literal] $name:ident $kind:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })+) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, Serialize)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
            }
            impl Event for $name {
                fn kind(&self) -> &'static str {
                    $kind
                }
            }
        )+
        /// Every kind of event of this floor, with a sentence.
        pub const EVENTS: &[(&str, &str)] = &[$(($kind, $doc),)+];
    };
}

events! {
    /// Somebody may sign in from now on.
    StaffAdded "staff.added" { name: String, email: String, role: Role, }
    /// Name, e-mail address or preferences changed; only the changed ones are named.
    StaffChanged "staff.changed" { changes: Vec<Changed>, }
    /// What somebody may do changed.
    RoleChanged "staff.role_changed" { before: Role, after: Role, }
    /// Somebody may not sign in any more.
    StaffDeactivated "staff.deactivated" { sessions_ended: u32, }
    /// Somebody may sign in again.
    StaffActivated "staff.activated" {}
    /// A password was set; `by_self` is false for a reset by somebody else.
    PasswordChanged "staff.password_changed" { by_self: bool, sessions_ended: u32, }
    /// Sessions were ended before their time.
    SessionsEnded "staff.sessions_ended" { sessions_ended: u32, }
    /// Somebody signed in.
    SignedIn "staff.signed_in" { device: String, network: String, }
    /// Somebody signed out.
    SignedOut "staff.signed_out" { device: String, }
    /// A wrong password for an account that exists.
    SignInFailed "staff.sign_in_failed" { device: String, network: String, }
    /// A program may call the API from now on.
    KeyCreated "key.created" {
        name: String,
        scopes: Vec<String>,
        /// Of a publishable key.
        origins: Vec<String>,
        expires_at: Option<Timestamp>,
    }
    /// Pages of other origins may use a publishable key.
    KeyOriginsChanged "key.origins_changed" { name: String, before: Vec<String>, after: Vec<String>, }
    /// A key does not work any more.
    KeyRevoked "key.revoked" { name: String, }
}

/// One changed field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub field: &'static str,
    pub before: String,
    pub after: String,
}
