//! Every stable error code with what it means and what to do: programs act on the code, people read this.

use crate::base::error::{Error, Kind};
use actix_web::http::StatusCode;

/// A stable word of an error.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    pub word: &'static str,
    pub kind: Kind,
    /// What happened.
    pub means: &'static str,
    /// What helps.
    pub remedy: &'static str,
    /// Callers of the API can meet it; the others are met on pages, in imports and on the command line.
    pub in_api: bool,
}

impl Code {
    /// The status it has over HTTP.
    pub fn http(&self) -> StatusCode {
        crate::web::error::status(&Error::refuse(self.kind, self.word, ""))
    }
    pub fn status(&self) -> u16 {
        self.http().as_u16()
    }
}

const fn api(kind: Kind, word: &'static str, means: &'static str, remedy: &'static str) -> Code {
    Code { word, kind, means, remedy, in_api: true }
}

const fn inside(kind: Kind, word: &'static str, means: &'static str, remedy: &'static str) -> Code {
    Code { word, kind, means, remedy, in_api: false }
}

use Kind::{Conflict, Forbidden, Internal, Invalid, NotFound, TooMany, Unauthenticated, Unavailable};

/// All codes: first those of every request, then by subject.
pub const CODES: &[Code] = &[
    api(
        Invalid,
        "validation",
        "Fields of the body need a change; `errors` names each.",
        "Change what `errors` says and send it again.",
    ),
    api(
        Invalid,
        "unreadable",
        "The request cannot be read: no JSON, doubled keys, nested too deep, not UTF-8.",
        "Send one JSON document in UTF-8.",
    ),
    api(
        Invalid,
        "unknown_field",
        "The body has a field that does not exist here.",
        "Leave it out; the detail names the nearest one.",
    ),
    api(
        Invalid,
        "unknown_parameter",
        "The address has a parameter that does not exist here.",
        "Leave it out; the detail names the nearest one.",
    ),
    api(
        Invalid,
        "duplicate_parameter",
        "A parameter that stands for one value is there twice.",
        "Send it once.",
    ),
    api(Invalid, "duplicate_field", "A field is there twice.", "Send it once."),
    api(Invalid, "required", "A field that has to be there is missing.", "Send it."),
    api(Invalid, "wrong_type", "A value has another type than its field.", "Look the field up on this page."),
    api(
        Invalid,
        "invalid_value",
        "A value cannot be what the field is for.",
        "The detail says what was expected.",
    ),
    api(Invalid, "invalid_length", "A list has too few or too many items.", "The detail says how many."),
    api(
        Invalid,
        "unknown_value",
        "A word is none of those the field knows.",
        "Use one of the words in the detail.",
    ),
    api(Invalid, "invalid", "A value cannot be read.", "The detail says what was expected."),
    api(
        Invalid,
        "invalid_parameter",
        "A parameter has a value that does not exist.",
        "The detail lists those there are.",
    ),
    api(
        Invalid,
        "invalid_last_event_id",
        "`Last-Event-ID` is not the id of an event.",
        "Send it as it came; leave it out to begin at `after`.",
    ),
    api(
        Invalid,
        "sum_too_large",
        "With this amount what the customer spent, or what the shop sold, would no longer fit 64 bits.",
        "Check the amounts: they are minor units.",
    ),
    api(
        Invalid,
        "invalid_limit",
        "`limit` is not a number this list allows.",
        "Use a number within the bounds in the detail.",
    ),
    api(
        Invalid,
        "invalid_cursor",
        "`after` or `before` is no cursor of this list.",
        "Use `next_cursor` or `prev_cursor` of an answer, unchanged.",
    ),
    api(
        Invalid,
        "invalid_query",
        "The query has a field or a value that does not exist.",
        "The detail says which; the fields stand at `/api/docs/search`.",
    ),
    api(
        Invalid,
        "unknown_sort",
        "The list cannot be sorted by this.",
        "Use one of the fields in the detail.",
    ),
    api(
        Invalid,
        "method_not_allowed",
        "The address exists, the method does not.",
        "Use one of the methods in the `Allow` header.",
    ),
    api(
        Invalid,
        "unsupported_media_type",
        "The body is not of a type this address takes.",
        "Send `Content-Type: application/json`.",
    ),
    api(Invalid, "body_too_large", "The body is larger than this address takes.", "Send less at once."),
    api(Invalid, "body_too_slow", "The body took too long to arrive.", "Send it again over a better line."),
    api(
        Invalid,
        "wrong_host",
        "The `Host` header is none of this server's.",
        "Use the public address; the owner can add hosts in the settings.",
    ),
    api(
        Invalid,
        "upgrade_not_supported",
        "The request wants to go on as a WebSocket, which nothing here speaks.",
        "Leave the header `Upgrade` out; `/api/v1/events/stream` sends what happens.",
    ),
    api(
        NotFound,
        "not_found",
        "There is no such record, or nothing at this address.",
        "Check the id. An id of another kind is not found either.",
    ),
    api(
        Unauthenticated,
        "unauthenticated",
        "Nobody is signed in, or no key came with the request.",
        "Send `Authorization: Bearer` and your key.",
    ),
    api(
        Unauthenticated,
        "invalid_key",
        "The key is unknown, revoked or has run out.",
        "Make a new one under System, API keys.",
    ),
    api(
        Unauthenticated,
        "wrong_key_kind",
        "A publishable key came where a secret one is needed, or the other way round.",
        "`/store/` takes `pk_live_…`, `/api/` takes `sk_live_…`. Revoke a secret key that stood in a page.",
    ),
    api(
        Forbidden,
        "origin_not_allowed",
        "The page is of an origin that the publishable key does not name.",
        "Add exactly this origin to the key, under System, API keys.",
    ),
    api(
        Forbidden,
        "origin_missing",
        "The request has no `Origin` header.",
        "Browsers send it by themselves; another program sends an origin of the key.",
    ),
    api(
        Invalid,
        "invalid_return_to",
        "The page to be led to is not of an origin of the key.",
        "Send the whole address of a page of the shop.",
    ),
    inside(
        Invalid,
        "invalid_origin",
        "This is no origin.",
        "Enter scheme and host, such as https://shop.example.com, without a path and without *.",
    ),
    inside(Invalid, "too_many_origins", "A key names too many origins.", "Make another key."),
    inside(
        Invalid,
        "publishable_without_scopes",
        "A publishable key was given scopes.",
        "Leave the scopes out, or make a secret key.",
    ),
    inside(
        Invalid,
        "key_has_no_origins",
        "A secret key was given origins.",
        "Make a publishable key for the pages of the shop.",
    ),
    inside(Conflict, "key_is_revoked", "The key was revoked.", "Make a new one."),
    api(
        Invalid,
        "key_in_address",
        "A key stands in the address, where logs and proxies see it.",
        "Revoke it and send the new one in the `Authorization` header.",
    ),
    api(
        Forbidden,
        "missing_scope",
        "The key lacks the scope this operation needs.",
        "Make a key with the scope that the detail names.",
    ),
    api(
        Forbidden,
        "missing_permission",
        "The signed-in person lacks the permission.",
        "Somebody the detail names can give it.",
    ),
    api(Forbidden, "forbidden", "This is not allowed.", "The detail says why."),
    api(
        Forbidden,
        "forged_origin",
        "A change came from another site.",
        "Send changes from the shop's own pages, or with a key.",
    ),
    api(
        TooMany,
        "too_many_requests",
        "The budget of this minute is used up.",
        "Wait for the seconds in `Retry-After`; `RateLimit` says what is left.",
    ),
    api(
        Invalid,
        "idempotency_key_missing",
        "An order has to come with an `Idempotency-Key`.",
        "Send a new key for every order, and the same one with its retries.",
    ),
    api(
        Invalid,
        "idempotency_key_invalid",
        "The `Idempotency-Key` is not 1 to 255 visible ASCII characters.",
        "Use a UUID.",
    ),
    api(
        Invalid,
        "idempotency_key_reused",
        "The same key came with another request before.",
        "Use a new key for a new request.",
    ),
    api(
        Conflict,
        "version_mismatch",
        "Somebody changed the record after you read it.",
        "Read it again, and repeat your change if it is still right.",
    ),
    api(
        Invalid,
        "precondition_required",
        "This change has to name the version it was made from.",
        "Read the record, and send its ETag as If-Match.",
    ),
    api(
        Invalid,
        "invalid_if_match",
        "`If-Match` is no ETag of an answer.",
        "Send the ETag unchanged, with its quotes.",
    ),
    api(
        Invalid,
        "if_match_not_taken",
        "The request has `If-Match`, and nothing at its address has a version.",
        "Leave the header out.",
    ),
    api(Conflict, "duplicate", "Another record has this value, and only one may.", "Use another value."),
    api(
        Unavailable,
        "busy",
        "Too many changes wait.",
        "Try again after `Retry-After`; with an idempotency key that is safe.",
    ),
    api(
        Unavailable,
        "commit_unknown",
        "Nobody knows yet whether the change was saved.",
        "Send it again with the same idempotency key.",
    ),
    api(
        Unavailable,
        "storage_low",
        "The disk is nearly full, so nothing is written.",
        "Free space on the machine; reading goes on.",
    ),
    api(
        Unavailable,
        "storage_gone",
        "The data directory was moved or removed while the shop ran, so nothing is written.",
        "Put it back, or restore a backup, and start the program again.",
    ),
    api(
        Unavailable,
        "store_fenced",
        "The database is being opened again after a fault; nothing was saved.",
        "Try again after `Retry-After`.",
    ),
    api(Unavailable, "store_closed", "The program is stopping.", "Try again after `Retry-After`."),
    api(Unavailable, "store_io", "The disk answered with an error.", "Look into the log and at the disk."),
    api(Unavailable, "too_slow", "The question took longer than allowed.", "Ask for less."),
    api(Unavailable, "unavailable", "Not available right now.", "Try again after `Retry-After`."),
    api(
        Internal,
        "internal",
        "Something went wrong on our side.",
        "Report the `request_id`; the log has the cause.",
    ),
    // Values.
    api(
        Invalid,
        "too_long",
        "A text is longer than its field takes.",
        "Shorten it; the detail has the length.",
    ),
    api(Invalid, "too_many", "A list is longer than allowed.", "The detail says how many fit."),
    api(
        Invalid,
        "control_character",
        "A text has line breaks or control characters where none may be.",
        "Remove them.",
    ),
    api(Invalid, "invalid_email", "This is no e-mail address.", "Send one such as anna@example.com."),
    api(Invalid, "invalid_birthday", "This is no birthday.", "Send one such as 1990-05-17."),
    api(Invalid, "invalid_language", "This is no language tag.", "Send one such as de or en-GB."),
    api(
        Invalid,
        "invalid_amount",
        "This is no amount of the currency.",
        "Send minor units, such as 5900 for €59.00.",
    ),
    api(
        Invalid,
        "amount_too_large",
        "An amount is larger than any shop has: over 10¹⁴ minor units.",
        "Send a smaller one.",
    ),
    api(Invalid, "invalid_currency", "ISO 4217 has no such currency.", "Send three letters, such as EUR."),
    api(
        Invalid,
        "currency_mismatch",
        "An amount is in another currency than its order.",
        "Send all amounts of an order in one currency.",
    ),
    api(Invalid, "invalid_country", "ISO 3166 has no such country.", "Send two letters, such as DE."),
    api(Invalid, "invalid_time", "This is no time.", "Send RFC 3339, such as 2026-11-20T10:15:00Z."),
    api(Invalid, "invalid_zone", "There is no such time zone.", "Send an IANA name, such as Europe/Berlin."),
    api(
        Invalid,
        "invalid_tag",
        "A tag is too long or has a comma.",
        "Send each tag as one text without commas.",
    ),
    api(Invalid, "too_many_tags", "There are more tags than a record keeps.", "Send at most 50."),
    api(
        Invalid,
        "invalid_metadata",
        "There are too many keys, or one is too long.",
        "Send at most 50 keys of 60 with values of 500 characters.",
    ),
    api(Invalid, "invalid_name", "The name is empty or too long.", "The detail has the length."),
    api(Invalid, "record_too_large", "The whole is too large for one record.", "Send less."),
    // Customers.
    api(
        Invalid,
        "customer_empty",
        "There is nothing to know the customer by.",
        "Send an e-mail address, a name, a company or a phone number.",
    ),
    api(
        Conflict,
        "email_taken",
        "Another one has this e-mail address.",
        "Change that one, or use another address.",
    ),
    // Orders.
    api(Invalid, "lines_missing", "The order has no lines.", "Send at least one."),
    api(Invalid, "too_many_lines", "The order has more lines than allowed.", "Place two orders."),
    api(Invalid, "title_missing", "A line has neither title nor SKU.", "Send one of them."),
    api(Invalid, "invalid_quantity", "A quantity is not at least 1.", "Send a whole number from 1 on."),
    api(
        Invalid,
        "discount_too_large",
        "A discount is larger than what it is taken from.",
        "Send a smaller one.",
    ),
    inside(
        Unavailable,
        "copy_failed",
        "A backup or the journal could not be copied to the other place.",
        "The message has the reason; it is tried again.",
    ),
    inside(
        Conflict,
        "no_backups_now",
        "Nobody makes backups at the moment, or too many are wished for.",
        "Use `backroom backup create` on the command line.",
    ),
    api(Forbidden, "tls_required", "The request came without TLS.", "Use the https address of the shop."),
    api(
        Invalid,
        "tax_too_large",
        "The included tax is more than the order comes to.",
        "Send the tax that is contained in the total, or `tax_included: false`.",
    ),
    api(
        Invalid,
        "tax_below_lines",
        "The tax of the order is less than that of its lines.",
        "Send the tax of lines and shipping together, or leave it out.",
    ),
    api(
        Invalid,
        "invalid_url",
        "Messages cannot be sent to this address.",
        "Give an address that begins with https:// and leads to a public network.",
    ),
    api(
        Conflict,
        "too_many_webhooks",
        "The shop has as many webhooks as it may.",
        "Remove one that is not needed any more.",
    ),
    api(
        Invalid,
        "invalid_address",
        "The address of a site cannot be read, or leads into a network that is not public.",
        "Write a name such as example.com, or an address that begins with https://.",
    ),
    api(
        Conflict,
        "site_exists",
        "The certificate of this address is watched already.",
        "Use the site that the message names.",
    ),
    api(
        Conflict,
        "site_is_own",
        "It is the shop's own address, which is always watched.",
        "Change server.public_url in the configuration.",
    ),
    api(
        Conflict,
        "too_many_sites",
        "The shop watches as many sites as it may.",
        "Remove one that is not needed any more.",
    ),
    api(
        Conflict,
        "webhook_paused",
        "The webhook is paused, so nothing is sent.",
        "Let it go on first: `resume`.",
    ),
    api(
        Conflict,
        "mail_being_sent",
        "The mail is being given to the mail server and cannot be called back.",
        "Read it again in a moment to see what the server said.",
    ),
    api(
        Conflict,
        "mail_over",
        "The mail is over: sent, failed, cancelled or not sent.",
        "Send it again if it is wanted after all.",
    ),
    api(Conflict, "mail_waits", "The mail still waits to be sent.", "Wait for it, or cancel it."),
    api(
        Conflict,
        "mail_without_address",
        "The order has no e-mail address any more.",
        "Add the address to the order.",
    ),
    api(
        Invalid,
        "invalid_page",
        "This is no address of a page.",
        "Send one that begins with https://, or leave it out.",
    ),
    api(
        Conflict,
        "message_state",
        "The message is in a state in which this cannot be done.",
        "Read it again: it may be done already.",
    ),
    api(
        Conflict,
        "message_is_spam",
        "The message is taken for spam, so it is not answered.",
        "Say that it is no spam first.",
    ),
    api(Conflict, "too_many_replies", "The message has as many answers as it may.", "Go on by mail."),
    api(
        Invalid,
        "cannot_assign",
        "This is nobody who may answer messages.",
        "Send the id or the e-mail address of a member of staff with the permission messages:reply.",
    ),
    api(
        Conflict,
        "mail_not_set_up",
        "No mail server is configured, or no sender.",
        "Set mail.host in the configuration and the sender in the settings of mail.",
    ),
    inside(
        Invalid,
        "no_such_order",
        "There is no order with this number.",
        "Enter the number of an order that is here.",
    ),
    inside(
        Invalid,
        "invalid_template",
        "A template of a mail cannot be used; the message says where.",
        "Change what it says. The preview shows what comes out.",
    ),
    inside(
        Invalid,
        "unknown_variable",
        "A template of a mail asks for a name that there is not.",
        "Use one of the names beside the template; the message says the nearest.",
    ),
    api(
        Conflict,
        "job_over",
        "The job was done or cancelled already.",
        "Read the job to see what came of it.",
    ),
    api(Conflict, "job_done", "The job was done already.", "Read the job to see what came of it."),
    api(
        Conflict,
        "has_page",
        "A webhook was to be paused, set going or set back as any subscription.",
        "Do it where webhooks are looked after: below /api/v1/webhooks, or on the page of the webhook.",
    ),
    api(
        NotFound,
        "events_rewound",
        "A consumer of the change feed is further than the log, or has read another one: the shop was restored from a backup.",
        "Read your records anew, then go on from where the detail says. `log` of the feed tells one log from another.",
    ),
    api(
        NotFound,
        "events_gone",
        "A consumer of the change feed was away for longer than the feed goes back.",
        "Read your records anew, then go on from where the detail says. `oldest_seq` of the feed tells how far back it goes.",
    ),
    inside(
        Invalid,
        "invalid_cron",
        "A text that says when a schedule is due cannot be read.",
        "Write minute, hour, day of the month, month, day of the week, such as 30 2 * * *.",
    ),
    api(
        NotFound,
        "result_gone",
        "What came of each row is not kept any more.",
        "It is kept for 7 days after the end; the job itself says how many there were.",
    ),
    inside(
        Conflict,
        "bulk_busy",
        "An action on many orders is being worked on.",
        "Wait for its end, or stop it first.",
    ),
    inside(
        Conflict,
        "bulk_not_checked",
        "An action on many orders is not waiting to be started.",
        "Reload the page to see how far it is.",
    ),
    inside(
        Conflict,
        "bulk_over",
        "An action on many orders came to its end.",
        "Reload the page to see what came of it.",
    ),
    inside(
        Conflict,
        "bulk_not_started",
        "An action on many orders has changed nothing yet.",
        "Reload the page to see how far it is.",
    ),
    inside(Conflict, "bulk_undone", "An action on many orders was taken back already.", "See how that went."),
    inside(
        Conflict,
        "nothing_to_undo",
        "An action on many orders has changed nothing, or is too long ago to be taken back.",
        "What came of each order is kept for 7 days.",
    ),
    inside(
        Conflict,
        "nothing_refused",
        "An action on many orders was refused for none, or is too long ago.",
        "Select the orders in the list once more.",
    ),
    inside(
        Conflict,
        "changed_since",
        "An order was changed by somebody since, so taking the action back leaves it as it is.",
        "Look at the order and change it by hand.",
    ),
    inside(Conflict, "only_checked", "A check was taken back, as it is meant to.", "Nothing is to be done."),
    inside(
        Unavailable,
        "index_rebuilding",
        "The search index is being rebuilt and would not find every record.",
        "Wait until lists are complete again.",
    ),
    api(
        Invalid,
        "unknown_kind",
        "There are no events of that kind.",
        "Use one of the kinds listed on this page, or a beginning with `*`.",
    ),
    api(Invalid, "total_negative", "The order would come to less than nothing.", "Send a smaller discount."),
    api(
        Invalid,
        "no_such_customer",
        "The customer of the order does not exist.",
        "Send the id of one, or an e-mail address.",
    ),
    api(
        Conflict,
        "source_taken",
        "This outside id was placed already.",
        "Read that order; the detail has its id.",
    ),
    api(Invalid, "note_empty", "The note has no text.", "Write something."),
    api(
        Conflict,
        "note_settled",
        "The note was written more than ten minutes ago; colleagues have read it.",
        "Add another note that says what is different.",
    ),
    api(
        Conflict,
        "note_of_another",
        "Somebody else wrote the note, and it stands under their name.",
        "Add another note that says what is different.",
    ),
    api(
        Conflict,
        "too_many_notes",
        "The order has as many notes as it can keep.",
        "Say what is more in the note of the customer.",
    ),
    api(Conflict, "order_cancelled", "The order is cancelled.", "Reopen it first."),
    api(Conflict, "order_completed", "The order is completed.", "Reopen it first."),
    api(Conflict, "order_open", "The order is open already.", "Nothing has to be done."),
    api(Conflict, "order_draft", "The order is a draft.", "Take the step `place` first."),
    api(Conflict, "order_not_draft", "Only a draft can be confirmed.", "Nothing: it is an order already."),
    api(
        Conflict,
        "not_confirmed_here",
        "Only an order that the step `place` made of a draft, and that is neither paid nor shipped, becomes a draft again.",
        "Cancel the order instead.",
    ),
    api(
        Conflict,
        "order_not_open",
        "Only an open order can take this step.",
        "`next_steps` of the order has those it can take.",
    ),
    api(Conflict, "order_on_hold", "The order is on hold.", "Release it first."),
    api(Conflict, "order_not_on_hold", "The order is not on hold.", "Nothing has to be done."),
    api(Conflict, "order_paid", "The order is paid already.", "Nothing has to be done."),
    api(
        Conflict,
        "payment_not_noted_here",
        "The payment was not noted by the step `pay`.",
        "Take it back where it was made.",
    ),
    api(
        Conflict,
        "payment_refunded",
        "Money of the payment that is to be taken back went back already.",
        "Take back the refund first.",
    ),
    api(
        Conflict,
        "nothing_to_refund",
        "Nothing was paid, or everything has gone back.",
        "Look at the payments of the order.",
    ),
    api(
        Conflict,
        "payment_too_high",
        "More is said to have come in than is due.",
        "Send at most what the message says.",
    ),
    api(
        Conflict,
        "refund_too_high",
        "More is to go back than was paid and not refunded yet.",
        "Send at most what the message says.",
    ),
    api(
        Conflict,
        "refund_not_noted_here",
        "No refund was noted by the step `refund`.",
        "Take it back where it was made.",
    ),
    api(Conflict, "order_shipped", "Goods have left the house.", "Take the shipment back first."),
    api(Conflict, "order_not_shipped", "The goods have not left the house.", "Ship first."),
    api(
        Conflict,
        "shipment_not_noted_here",
        "The shipment was not noted by the step `ship`.",
        "Take it back where it was made.",
    ),
    api(Conflict, "order_not_delivered", "The order is not marked delivered.", "Nothing has to be done."),
    api(Conflict, "order_not_returned", "The order is not marked returned.", "Nothing has to be done."),
    // Keys, staff and sign-in.
    api(Invalid, "unknown_scope", "There is no such scope.", "Use those listed on this page, or `all`."),
    api(Forbidden, "cannot_grant", "Nobody can give what they do not have.", "Ask somebody who has it."),
    inside(
        Conflict,
        "too_many_keys",
        "There are as many API keys as can be kept.",
        "Revoke those that are not used.",
    ),
    api(Invalid, "out_of_range", "A number is outside of what is allowed.", "The message has the bounds."),
    inside(Invalid, "unknown_role", "There is no such role.", "Use one of the roles in the message."),
    inside(
        Conflict,
        "too_many_staff",
        "There are as many accounts as can be kept.",
        "Deactivate those that are not used.",
    ),
    inside(Conflict, "last_owner", "A shop needs an owner.", "Make somebody else an owner first."),
    inside(
        Conflict,
        "owner_exists",
        "The shop has an owner already.",
        "Sign in, or reset the password on the command line.",
    ),
    inside(
        Unauthenticated,
        "wrong_sign_in",
        "E-mail address or password is wrong.",
        "Try again, or reset the password on the command line.",
    ),
    inside(Invalid, "wrong_password", "The present password is wrong.", "Type it again."),
    inside(Invalid, "password_missing", "No password was given.", "Type one, or give it on standard input."),
    inside(
        Invalid,
        "password_too_short",
        "The password is too short.",
        "Use a longer one, such as three words.",
    ),
    inside(Invalid, "password_too_long", "The password is too long.", "Use a shorter one."),
    inside(
        Invalid,
        "password_too_weak",
        "The password would be guessed soon.",
        "Use a longer one, such as three words.",
    ),
    inside(
        Forbidden,
        "own_password_first",
        "The password was made by somebody else.",
        "Choose your own under My account.",
    ),
    inside(
        TooMany,
        "too_many_attempts",
        "Too many wrong tries to sign in.",
        "Wait as long as the page says.",
    ),
    inside(Unavailable, "sign_in_busy", "Too many people sign in at once.", "Try again in a moment."),
    // Pages.
    inside(
        Invalid,
        "nothing_chosen",
        "Nothing was ticked, or nothing to do was chosen.",
        "Tick at least one row and press a button.",
    ),
    api(
        Invalid,
        "tag_empty",
        "No tag was written, or one came with an action that takes none.",
        "Write the tag with `tag` and `untag`, and with nothing else.",
    ),
    // Imports and exports.
    inside(Invalid, "file_missing", "No file was given.", "Choose one."),
    inside(Invalid, "file_empty", "The file has no rows.", "Check what was exported."),
    inside(
        Invalid,
        "file_is_json",
        "The file holds JSON, and a CSV file is wanted.",
        "Give JSON lines of Backroom as such, and save others as CSV with a header.",
    ),
    inside(Invalid, "file_unreadable", "The file cannot be read.", "Check its path and rights."),
    inside(
        Invalid,
        "file_unwritable",
        "The file cannot be written.",
        "Check the path, the rights and the space on the disk.",
    ),
    inside(Unavailable, "closed_pipe", "Who was written to reads no more.", "Nothing has to be done."),
    inside(
        Invalid,
        "file_in_data",
        "The file that is to be written lies in the data directory.",
        "Give a file elsewhere.",
    ),
    inside(
        Invalid,
        "rejected_is_input",
        "The file for refused rows is one that the import reads.",
        "Give them a file of their own.",
    ),
    inside(
        Invalid,
        "pipe_too_large",
        "More comes through a pipe than may lie in the shop's folder (`server.max_upload`).",
        "Save it as a file and import that.",
    ),
    inside(
        Invalid,
        "stream_of_caller",
        "A command was given a stream such as /dev/stdin, and the running server, which does the work, does not see it.",
        "Give a file.",
    ),
    inside(
        Invalid,
        "cell_too_long",
        "A text is longer than a cell of a workbook may be.",
        "Export it as CSV or JSON lines.",
    ),
    inside(
        Invalid,
        "format_unrecognised",
        "The columns are like those of no known format.",
        "Choose where the files come from; for other CSV files give a mapping.",
    ),
    inside(
        Conflict,
        "other_order",
        "An import brings an order whose number another order from the same source has.",
        "If the files come from two shops, give one of them a name of its own.",
    ),
    inside(
        Conflict,
        "file_incomplete",
        "A newer file says other amounts of an order, or that it stands otherwise, and lacks columns that the file before had.",
        "Import a file with all columns.",
    ),
    inside(
        Conflict,
        "changed_here",
        "An import brings an order or a customer with other content that was changed here since.",
        "Change it on its page.",
    ),
    inside(
        Conflict,
        "other_credit_note",
        "An import brings a credit note whose number another one from the same source has.",
        "If the files come from two shops, give one of them a name of its own.",
    ),
    inside(
        Invalid,
        "invalid_source_name",
        "The name of the shop that files come from cannot be used.",
        "Use letters, digits, blanks, dots and hyphens; none for files of Backroom.",
    ),
    inside(
        Invalid,
        "file_not_text",
        "A file to import holds bytes that no text has.",
        "Import CSV, JSON lines or an Excel workbook.",
    ),
    inside(
        Invalid,
        "currency_contradicted",
        "An amount has the sign of another currency than the order.",
        "Say the currency of the file, or correct the row.",
    ),
    inside(
        Invalid,
        "file_is_list",
        "A file to import is the list of a page, which is for people to read.",
        "Export “Everything there is”, and import that file.",
    ),
    inside(
        Invalid,
        "file_of_other_kind",
        "A file of Backroom holds another kind of record than what is imported.",
        "Say what it holds: orders, customers or credit notes.",
    ),
    inside(
        Invalid,
        "id_missing",
        "A record of ours has neither its id nor that of its source.",
        "Export it again with all columns.",
    ),
    inside(
        Conflict,
        "import_does_nothing",
        "The check found nothing that the import would write.",
        "Nothing has to be done; refused rows are listed with their reasons.",
    ),
    inside(
        Conflict,
        "import_busy",
        "The import is being read or written.",
        "Wait until it has ended, or stop it.",
    ),
    inside(
        Invalid,
        "import_failed",
        "The import met a fault of the program.",
        "Look into the log, and tell the makers which file it was.",
    ),
    inside(
        Conflict,
        "import_not_checked",
        "The files of the import are not checked yet.",
        "Wait for the check, then start the import.",
    ),
    api(
        Invalid,
        "invalid_choice",
        "A choice has a value that does not exist.",
        "Take one the message names.",
    ),
    inside(
        Invalid,
        "mapping_missing",
        "Other CSV files need a mapping.",
        "Give a file that says which column is what; docs/imports.md has an example.",
    ),
    inside(
        Invalid,
        "mapping_of_other_kind",
        "The mapping reads orders where customers are imported, or the other way round.",
        "Choose the other kind, or change the mapping's line `kind`.",
    ),
    inside(
        Invalid,
        "mapping_too_large",
        "The mapping is larger than 64 KB.",
        "Choose the mapping, not the data.",
    ),
    inside(
        Invalid,
        "file_is_workbook",
        "The file is a zip file or an old kind of workbook.",
        "Save it as .xlsx or as CSV.",
    ),
    inside(
        Invalid,
        "header_unreadable",
        "The first row is not the names of columns.",
        "Export again with a header.",
    ),
    inside(
        Invalid,
        "wrong_width",
        "A row has more or fewer cells than the header.",
        "Check the quotes in the row that the message names.",
    ),
    inside(Invalid, "columns_missing", "Columns that are needed are missing.", "The message names them."),
    inside(Invalid, "format_unknown", "There is no such format.", "Use one of those in the message."),
    inside(
        Invalid,
        "mapping_invalid",
        "The mapping file cannot be used.",
        "The message says what and where.",
    ),
    inside(
        Invalid,
        "unknown_encoding",
        "There is no such character set.",
        "Use one such as utf-8 or windows-1252.",
    ),
    inside(
        Invalid,
        "kind_needed",
        "A mapping was given, and nothing says what the files hold.",
        "Say whether it is orders or customers.",
    ),
    api(
        Invalid,
        "tracking_in_carrier",
        "The carrier of a shipment looks like a tracking number, and there is none.",
        "Put the number where it belongs, and name the carrier.",
    ),
    inside(
        Invalid,
        "encoding_unclear",
        "The letters of a file fit no encoding for sure.",
        "Say its encoding, or save the file as UTF-8.",
    ),
    inside(Invalid, "date_order_unclear", "Days and months cannot be told apart.", "Say the order of dates."),
    inside(
        Invalid,
        "number_style_unclear",
        "Commas and points cannot be told apart.",
        "Say how numbers are written.",
    ),
    inside(
        Invalid,
        "rows_scattered",
        "Rows of one order are far apart in the file.",
        "Sort the file by order.",
    ),
    inside(Invalid, "too_many_rows", "One order has more rows than can be read.", "Split it."),
    inside(
        Invalid,
        "order_too_large",
        "The rows of one order hold more than can be read.",
        "Shorten what stands in each of them, or see whether the column of the order is the right one.",
    ),
    inside(
        Invalid,
        "order_contradicted",
        "The rows of one order name two currencies, totals or states.",
        "Correct the rows, or give each order a number of its own.",
    ),
    inside(
        Invalid,
        "record_incomplete",
        "The file ends in the middle of a record.",
        "Export or copy it again.",
    ),
    inside(Invalid, "row_missing", "A record of the export misses a row.", "Export again."),
    inside(Invalid, "invalid_json", "A line is not the JSON of an export.", "The message names the line."),
    inside(
        Invalid,
        "invalid_line_item",
        "The items of an order cannot be read.",
        "The message shows the cell.",
    ),
    inside(
        Invalid,
        "currency_missing",
        "No currency is known for an order.",
        "Say the currency of the file.",
    ),
    inside(Invalid, "joined_file_too_large", "The second file is too large to be joined.", "Split it."),
    inside(
        Invalid,
        "import_stopped",
        "The import stopped at the first refused row, as was asked.",
        "Correct the row, or let refused rows be skipped.",
    ),
    // The machine and the command line.
    inside(
        Unavailable,
        "store_locked",
        "Another program has the data directory open.",
        "Stop it, or use another directory.",
    ),
    inside(
        Internal,
        "store_damaged",
        "The database cannot be read.",
        "Restore a backup; where only the journal is lost, `backroom recover` says what there is. The log has the cause.",
    ),
    inside(
        Invalid,
        "store_format_newer",
        "A newer program wrote the data.",
        "Use that version or a later one.",
    ),
    inside(
        NotFound,
        "no_backup",
        "There is no such backup.",
        "`backroom backup list` shows those there are.",
    ),
    inside(
        Invalid,
        "not_a_backup",
        "The file is no backup, or its first bytes are damaged.",
        "Use another one.",
    ),
    inside(Invalid, "backup_damaged", "The backup is not what was written.", "Use another one."),
    inside(
        Conflict,
        "backup_format_newer",
        "A newer program wrote the backup.",
        "Use that version or a later one.",
    ),
    inside(
        Conflict,
        "backup_of_another_shop",
        "The backup is of another shop than the one that is there; nothing was changed.",
        "Restore it into an empty directory, or with --force in the place of this shop.",
    ),
    inside(
        Conflict,
        "copies_ahead",
        "The place of copies holds changes of this shop that it does not have: it was set back.",
        "Restore from there, or restore here, which goes on under a journal of its own.",
    ),
    inside(
        Conflict,
        "copy_forbidden",
        "The storage does not allow the key to do that.",
        "Check what the key may do: listing and reading are needed to restore.",
    ),
    inside(
        Conflict,
        "not_a_demo",
        "The shop in the directory was not made by `backroom demo`.",
        "Use `backroom serve`, or another directory.",
    ),
    inside(
        Conflict,
        "restore_unclear",
        "A backup says it is of the future, and another one is of another journal: nobody can tell which is the newest.",
        "Set the clock of the machine right, or name the file.",
    ),
    inside(
        Forbidden,
        "wrong_user",
        "Root works in the directory of a shop that is another user's.",
        "Run the command as that user.",
    ),
    inside(
        Conflict,
        "backup_unsound",
        "The shop in the backup has problems; nothing was changed.",
        "Use another one, or restore it with --force.",
    ),
    inside(
        Conflict,
        "restore_hole",
        "Something is missing before the moment that is to be restored; nothing was changed.",
        "Restore the moment that the message names.",
    ),
    inside(Invalid, "backup_key_missing", "The backup is encrypted.", "Set backup.key to its key."),
    inside(
        Invalid,
        "backup_key_wrong",
        "The backup was encrypted with another key.",
        "Set backup.key to the one it was made with.",
    ),
    inside(
        Unavailable,
        "backup_io",
        "A backup cannot be written or read: the disk is full or failing.",
        "The message has the cause.",
    ),
    inside(
        Internal,
        "backup_trial_failed",
        "A backup could not be tried out.",
        "The message has the cause; verify it again.",
    ),
    inside(
        Invalid,
        "config_invalid",
        "The configuration cannot be used.",
        "The message has line and remedy.",
    ),
    inside(
        Invalid,
        "config_data_dir",
        "No data directory can be made at that path.",
        "Name a directory that the program may write to.",
    ),
    inside(
        Invalid,
        "config_unreadable",
        "The configuration file cannot be read.",
        "Check its path and rights.",
    ),
    inside(Invalid, "invalid_toml", "The configuration file is no TOML.", "The message has the line."),
    inside(
        Invalid,
        "invalid_setting",
        "A setting cannot be what it is.",
        "The message says what would be right.",
    ),
    inside(Invalid, "usage", "The command was not understood.", "Add --help to see how it is used."),
    inside(NotFound, "no_shop", "There is no shop in this directory.", "Check --data."),
    inside(
        Unavailable,
        "server_lost",
        "The running server went away before it answered.",
        "Run the command again.",
    ),
    inside(
        Unavailable,
        "address_taken",
        "The address to listen on cannot be had.",
        "Stop what listens there, or use another port.",
    ),
    inside(Conflict, "log_started", "The log was set up twice.", "Report it."),
    inside(Internal, "input_failed", "Standard input could not be read.", "Run the command again."),
    inside(Internal, "output_failed", "Standard output could not be written.", "Run the command again."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::{Path, PathBuf};

    fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }

    /// The source without comments and tests.
    fn code_of(path: &Path) -> String {
        let text = std::fs::read_to_string(path).unwrap();
        let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
        text[..end].lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
    }

    /// The arguments of a call whose bracket opens before `text`: cut at the commas of its own level.
    fn arguments(text: &str) -> Vec<&str> {
        let (mut depth, mut quoted, mut from, mut found) = (0, false, 0, Vec::new());
        let mut escaped = false;
        for (at, c) in text.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => {}
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => {
                    found.push(text[from..at].trim());
                    return found;
                }
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.push(text[from..at].trim());
                    from = at + 1;
                }
                _ => {}
            }
        }
        found
    }

    fn word(argument: Option<&&str>) -> Option<String> {
        let inner = argument?.strip_prefix('"')?.strip_suffix('"')?;
        let is_word = !inner.is_empty()
            && inner.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        is_word.then(|| inner.to_owned())
    }

    /// Code words given to the constructors of errors, each with the files that do.
    fn used() -> BTreeMap<String, BTreeSet<String>> {
        let (mut files, mut used) = (Vec::new(), BTreeMap::<String, BTreeSet<String>>::new());
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        for path in files {
            let name = path.display().to_string();
            if name.contains("/tests")
                || name.ends_with("tests.rs")
                || name.contains("docs/codes.rs")
                || name.contains("samples.rs")
            {
                continue;
            }
            let text = code_of(&path);
            // (the call, which argument is the code)
            for (call, place) in [
                ("Error::invalid(", 0),
                ("Error::conflict(", 0),
                ("Error::unavailable(", 0),
                ("refuse(", 1),
                ("Trouble::new(", 0),
                ("Self::new(", 0),
                (".wrong(", 1),
                ("condition(", 2),
            ] {
                if call == "Self::new(" && !name.ends_with("web/decode.rs") {
                    continue;
                }
                for (at, _) in text.match_indices(call) {
                    if let Some(code) = word(arguments(&text[at + call.len()..]).get(place)) {
                        used.entry(code).or_default().insert(name.clone());
                    }
                }
            }
        }
        used
    }

    #[test]
    fn every_code_of_the_source_is_explained() {
        let used = used();
        assert!(used.len() > 80, "the rule reads the source");
        let known: BTreeSet<&str> = CODES.iter().map(|c| c.word).collect();
        // A sample of a page is no code.
        let missing: Vec<_> =
            used.iter().filter(|(code, _)| code.len() > 1 && !known.contains(code.as_str())).collect();
        assert!(missing.is_empty(), "explain these in CODES: {missing:#?}");
    }

    /// Files that answer callers of the API, and the modules that these call: beside them, or of the floor of work.
    fn of_the_api() -> BTreeSet<String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (mut files, mut found) = (Vec::new(), BTreeSet::new());
        sources(&source.join("shop"), &mut files);
        files.retain(|file| {
            ["api.rs", "asked.rs", "storefront.rs", "feed.rs"].iter().any(|name| file.ends_with(name))
        });
        for file in files {
            let code = code_of(&file);
            for import in code.split(";\n").filter_map(|line| line.trim_start().strip_prefix("use ")) {
                let (mut place, rest) =
                    match (import.strip_prefix("super::"), import.strip_prefix("crate::work")) {
                        (Some(rest), _) => (file.parent().unwrap().to_owned(), rest),
                        (_, Some(rest)) => (source.join("work"), rest),
                        _ => continue,
                    };
                for word in rest.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()) {
                    let module = place.join(format!("{word}.rs"));
                    if module.exists() {
                        found.insert(module.display().to_string());
                    } else if place.join(word).is_dir() {
                        place.push(word);
                        let mut inner = Vec::new();
                        sources(&place, &mut inner);
                        found.extend(inner.iter().map(|file| file.display().to_string()));
                    }
                }
            }
            found.insert(file.display().to_string());
        }
        found
    }

    /// Codes of those files that only pages and imports meet: the API begins an action at once, has no way back, and takes no
    /// credit notes.
    const ELSEWHERE: &[&str] = &[
        "bulk_busy",
        "bulk_not_checked",
        "bulk_over",
        "bulk_not_started",
        "bulk_undone",
        "nothing_to_undo",
        "nothing_refused",
        "other_credit_note",
    ];

    #[test]
    fn what_the_api_refuses_with_stands_in_its_table() {
        let (used, files) = (used(), of_the_api());
        assert!(files.len() > 30, "the rule reads the imports: {files:#?}");
        let told: BTreeSet<&str> = CODES.iter().filter(|code| code.in_api).map(|code| code.word).collect();
        let of_api = |word: &str| used.get(word).is_some_and(|at| !at.is_disjoint(&files));
        let missing: Vec<_> =
            CODES.iter().map(|code| code.word).filter(|word| of_api(word) && !told.contains(word)).collect();
        assert_eq!(missing, ELSEWHERE, "codes that callers of the API meet are `api`, not `inside`");
        for word in ["tag_empty", "invalid_choice", "job_over"] {
            assert!(told.contains(word) && of_api(word), "{word}");
        }
    }

    #[test]
    fn every_code_stands_once_and_says_what_helps() {
        let words: BTreeSet<&str> = CODES.iter().map(|c| c.word).collect();
        assert_eq!(words.len(), CODES.len());
        for code in CODES {
            assert!(code.means.ends_with('.') && code.remedy.ends_with('.'), "{}", code.word);
        }
    }

    #[test]
    fn a_code_has_the_status_that_is_answered() {
        let status = |word: &str| CODES.iter().find(|c| c.word == word).unwrap().status();
        assert_eq!((status("validation"), status("not_found"), status("version_mismatch")), (422, 404, 412));
        assert_eq!(
            (status("unknown_parameter"), status("too_many_requests"), status("busy")),
            (400, 429, 503)
        );
    }
}
