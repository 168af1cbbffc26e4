//! The facts that this feature publishes: a public contract. Never an address or a text in those about an order, which
//! also those read who pack.

crate::events! {
    /// A mail is to be sent; `moment` says which.
    Queued "mail.queued" { moment: String, }
    /// A mail was taken by the mail server.
    Sent "mail.sent" { moment: String, }
    /// A mail was given up; `reason` says why.
    Failed "mail.failed" { moment: String, reason: String, }
    /// Somebody cancelled the sending of a mail.
    Cancelled "mail.cancelled" { moment: String, }
    /// A mail was not sent; `reason` says why.
    Dropped "mail.dropped" { moment: String, reason: String, }
    /// What the shop says of its mails changed; `changes` has each before and after.
    SettingsChanged "mail.settings_changed" { changes: Vec<(&'static str, String, String)>, }
    /// A template was changed; `version` is the new one.
    TemplateChanged "mail.template_changed" { moment: &'static str, language: String, version: u32, }
    /// A template is the built-in one again.
    TemplateReset "mail.template_reset" { moment: &'static str, language: String, }
    /// Nothing is sent to an address any more.
    AddressSuppressed "mail.address_suppressed" { reason: String, }
    /// An address may be written to again.
    AddressReleased "mail.address_released" { reason: String, }
    /// Mails go on after a restore; `skipped` when what waited is not sent.
    Resumed "mail.resumed" { skipped: bool, }
}
