//! The facts that messages publish: a public contract. Never an address or a text, which stand with the message.

crate::events! {
    /// A message came in through the storefront; `suspected` says why where it was taken for spam.
    Received "message.received" { suspected: Option<String>, }
    /// A message was answered by mail; `reply` is the number of the answer.
    Replied "message.replied" { reply: u32, }
    /// An answer was not sent after all; `reply` is its number, `reason` is `cancelled` or `failed`.
    ReplyNotSent "message.reply_not_sent" { reply: u32, reason: &'static str, }
    /// Somebody else minds a message, or nobody.
    Assigned "message.assigned" { before: Option<String>, after: Option<String>, }
    /// A message needs nothing more.
    Closed "message.closed" {}
    /// A closed message is open again.
    Reopened "message.reopened" {}
    /// Somebody took a message for spam.
    MarkedSpam "message.marked_spam" {}
    /// Somebody saw that a message is no spam.
    MarkedNotSpam "message.marked_not_spam" {}
}
