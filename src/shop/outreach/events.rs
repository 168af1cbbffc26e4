//! The facts that this feature publishes: a public contract. Never a secret in any of them, and of an address the origin
//! alone: receivers have their tokens in what follows it, and more people read the log than may see webhooks.

crate::events! {
    /// Events are sent to a new address.
    Added "webhook.added" { url: String, kinds: Vec<String>, }
    /// Address, kinds or note of a webhook changed.
    Changed "webhook.changed" { changes: Vec<(&'static str, String, String)>, }
    /// A webhook stands still and keeps its events; `reason` says why.
    Paused "webhook.paused" { reason: String, }
    /// A webhook goes on; `skipped` when what came meanwhile is not sent.
    Resumed "webhook.resumed" { skipped: bool, }
    /// A webhook has a new secret; the one before signs for a day beside it.
    SecretRotated "webhook.secret_rotated" {}
    /// A webhook sends everything again that came after this event.
    Replayed "webhook.replayed" { after: u64, }
    /// Nothing is sent to an address any more.
    Removed "webhook.removed" { url: String, }
}
