//! What a message in the mailbox says came back: a report as programs make it (RFC 3464, RFC 5965), or the letter of an
//! older server that quotes the mail. Pure: whether it is a mail of this shop is asked elsewhere.

use super::mime::{Head, Part, parts};
use super::verdict::{Verdict, has_code, of_failed};
use crate::base::id::Id as _;
use crate::shop::mail::bounce::REASON_MAX;
use crate::shop::mail::model::MailId;

/// Recipients, and mails, of one message that are looked at.
const RECIPIENTS_MAX: usize = 20;
const IDS_MAX: usize = 10;
/// Lines of a letter that are looked through, and those that belong to an address in it.
const LINES_MAX: usize = 2_000;
const WORDS_MAX: usize = 8;
/// What a complaint is; reports about signatures are of the same form and are none.
const COMPLAINTS: &[&str] = &["abuse", "fraud", "opt-out", "opt-out-list", "complaint"];
/// What is said where a mail was given up, and where it was not.
const GIVEN_UP: &[&str] = &[
    "could not be delivered",
    "couldn't be delivered",
    "able to deliver",
    "undeliver",
    "delivery failed",
    "delivery has failed",
    "failed permanently",
    "permanent error",
    "permanent fatal error",
    "returned to sender",
    "unknown user",
    "user unknown",
    "no such user",
    "not exist",
];
const STILL_TRIED: &[&str] = &[
    "no action is required",
    "will continue to",
    "attempts will continue",
    "need to resend",
    "will be retried",
    "still being retried",
];

/// What a message reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Notice {
    /// The mails it may be about, by their `Message-ID` without brackets.
    pub(super) ids: Vec<String>,
    pub(super) recipients: Vec<Recipient>,
    /// It is a report, whatever it says: some only tell that a mail is late.
    pub(super) is_report: bool,
}

/// One recipient of the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    /// As the mail had it, and as the last server had it.
    pub(super) addresses: Vec<String>,
    pub(super) verdict: Verdict,
    /// One line.
    pub(super) reason: String,
}

/// Reads a message, or the beginning of one; `None` when it reports nothing that came back.
pub(super) fn read(bytes: &[u8]) -> Option<Notice> {
    let (head, parts) = parts(bytes);
    let of_kind = |kinds: &[&str]| parts.iter().find(|part| kinds.contains(&part.head.kind.as_str()));
    let returned = of_kind(&[
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global-headers",
    ])
    .map(|part| Head::read(&part.body).0);
    let mut ids = Vec::new();
    if let Some(returned) = &returned {
        ids_of(returned.get("message-id"), &mut ids);
    }
    let status = of_kind(&["message/delivery-status", "message/global-delivery-status"]);
    let complaint = of_kind(&["message/feedback-report"]);
    let mut notice = match (status, complaint) {
        (Some(part), _) => of_status(part, &mut ids),
        (None, Some(part)) => of_complaint(part, returned.as_ref(), &mut ids),
        (None, None) => return of_letter(&head, &parts, ids),
    };
    for name in ["in-reply-to", "references"] {
        ids_of(head.get(name), &mut ids);
    }
    notice.ids = ids;
    Some(notice)
}

/// The fields of a report: one group for the message, one for each recipient.
fn groups(part: &Part<'_>) -> Vec<Head> {
    let (text, mut groups, mut group) = (part.text(), Vec::new(), String::new());
    for line in text.lines().chain([""]) {
        if !line.trim().is_empty() {
            group.push_str(line);
            group.push('\n');
        } else if !group.is_empty() && groups.len() <= RECIPIENTS_MAX {
            group.push('\n');
            groups.push(Head::read(std::mem::take(&mut group).as_bytes()).0);
        }
    }
    groups
}

fn of_status(part: &Part<'_>, ids: &mut Vec<String>) -> Notice {
    let mut notice = Notice { is_report: true, ..Notice::default() };
    for group in groups(part) {
        ids_of(group.get("original-message-id"), ids);
        let mut addresses = Vec::new();
        for name in ["original-recipient", "final-recipient"] {
            addresses.extend(address_of(group.get(name)));
        }
        if addresses.is_empty() || !group.get("action").to_ascii_lowercase().starts_with("fail") {
            continue;
        }
        let (status, said) = (group.get("status"), group.get("diagnostic-code"));
        let reason = match said.split_once(';').map_or(said, |(_, words)| words).trim() {
            "" => format!("Status {status}"),
            words => words.to_owned(),
        };
        let verdict = of_failed(status, said);
        notice.recipients.push(Recipient { addresses, verdict, reason: line(&reason) });
    }
    notice
}

fn of_complaint(part: &Part<'_>, returned: Option<&Head>, ids: &mut Vec<String>) -> Notice {
    let mut notice = Notice { is_report: true, ..Notice::default() };
    let fields = groups(part).into_iter().next().unwrap_or_default();
    ids_of(fields.get("original-message-id"), ids);
    let kind = fields.get("feedback-type").to_ascii_lowercase();
    if !COMPLAINTS.contains(&kind.as_str()) {
        return notice;
    }
    let names = ["original-rcpt-to", "removal-recipient"];
    let mut addresses: Vec<String> =
        names.iter().flat_map(|name| fields.all(name)).filter_map(address_of).take(RECIPIENTS_MAX).collect();
    // Many providers leave out who it was; the head of the mail still says so.
    if addresses.is_empty() {
        addresses
            .extend(returned.into_iter().flat_map(|head| addresses_in(head.get("to"))).take(RECIPIENTS_MAX));
    }
    let by = fields.get("user-agent").split(['/', ';']).next().unwrap_or_default().trim();
    let reason = if by.is_empty() { kind } else { format!("{kind}, told by {by}") };
    if !addresses.is_empty() {
        let reason = line(&reason);
        notice.recipients.push(Recipient { addresses, verdict: Verdict::Complaint, reason });
    }
    notice
}

/// The letter of a server that makes no reports: words about an address, then the mail, or its head.
fn of_letter(head: &Head, parts: &[Part<'_>], mut ids: Vec<String>) -> Option<Notice> {
    if !is_by_machine(head) {
        return None;
    }
    let is_text = |part: &&Part<'_>| ["", "text", "text/plain"].contains(&part.head.kind.as_str());
    let texts: Vec<_> = parts.iter().filter(is_text).map(Part::text).collect();
    let lines: Vec<&str> = texts.iter().flat_map(|text| text.lines()).take(LINES_MAX).collect();
    let mut said = lines.as_slice();
    if ids.is_empty() {
        let at = lines.iter().position(|line| {
            let is_named =
                line.trim_start_matches(['>', ' ']).to_ascii_lowercase().starts_with("message-id:");
            is_named && {
                ids_of(line, &mut ids);
                !ids.is_empty()
            }
        })?;
        // The copy begins with the first line of its head: addresses in it are nobody's complaint.
        let before = lines.get(..at)?;
        let copied = before.iter().rev().take_while(|line| is_of_head(line)).count();
        said = before.get(..at - copied)?;
    }
    let whole = said.join(" ").to_lowercase();
    if ids.is_empty() || STILL_TRIED.iter().any(|words| whole.contains(words)) {
        return None;
    }
    let given_up = head.has("x-failed-recipients") || GIVEN_UP.iter().any(|words| whole.contains(words));
    let mut recipients: Vec<Recipient> = Vec::new();
    for (at, own) in said.iter().enumerate() {
        for address in addresses_in(own) {
            let is_known = recipients.iter().any(|r| r.addresses.contains(&address));
            if is_known || recipients.len() >= RECIPIENTS_MAX {
                continue;
            }
            let words = beside(said.get(at..).unwrap_or_default());
            if given_up || has_code(&words) {
                let (verdict, reason) = (of_failed("", &words), line(&words));
                recipients.push(Recipient { addresses: vec![address], verdict, reason });
            }
        }
    }
    (!recipients.is_empty()).then_some(Notice { ids, recipients, is_report: false })
}

/// Programs say so in one of several ways; what a person answers, with the mail quoted, is no report.
fn is_by_machine(head: &Head) -> bool {
    let from = head.get("from").to_ascii_lowercase();
    let automatic = head.get("auto-submitted").to_ascii_lowercase();
    head.get("return-path") == "<>"
        || head.has("x-failed-recipients")
        || (!automatic.is_empty() && automatic != "no")
        || ["mailer-daemon", "postmaster", "mail delivery"].iter().any(|word| from.contains(word))
}

fn is_of_head(line: &str) -> bool {
    let bare = line.trim_start_matches("> ");
    let name = bare.split(':').next().unwrap_or_default();
    let is_field =
        bare.contains(':') && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_field || (bare.starts_with([' ', '\t']) && !bare.trim().is_empty())
}

/// The line of an address and those that belong to it: up to an empty one, or, where it stands alone, the next ones.
fn beside(lines: &[&str]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for (n, own) in lines.iter().map(|own| own.trim()).enumerate() {
        if own.is_empty() && words.len() > 1 || words.len() >= WORDS_MAX {
            break;
        }
        // The next address has words of its own.
        if n > 0 && own.starts_with('<') && own.contains('@') {
            break;
        }
        words.extend(Some(own).filter(|own| !own.is_empty()));
    }
    words.join(" ")
}

/// `rfc822; anna@example.com`
fn address_of(field: &str) -> Option<String> {
    addresses_in(field.rsplit(';').next().unwrap_or_default()).next()
}

fn addresses_in(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c));
    let is_one = |word: &&str| {
        word.len() <= 254 && word.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'))
    };
    words.map(|word| word.trim_end_matches('.')).filter(is_one).map(str::to_owned)
}

/// Adds what may be a mail of this shop; others are nothing to ask for.
fn ids_of(text: &str, into: &mut Vec<String>) {
    for id in addresses_in(text) {
        let local = id.split('@').next().unwrap_or_default();
        if into.len() < IDS_MAX && MailId::parse(local).is_ok() && !into.contains(&id) {
            into.push(id);
        }
    }
}

/// On one line, and short.
fn line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.chars().take(REASON_MAX).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The mail that the reports of the corpus are about.
    const ID: &str = "mal_01jd3m0000e0080000000000g1@shop.example";
    const ANNA: &str = "anna@example.com";

    fn file(name: &str) -> String {
        let path = format!("{}/fuzz/corpus/bounce/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    }
    fn of(text: &str) -> Option<Notice> {
        read(text.replace("\r\n", "\n").replace('\n', "\r\n").as_bytes())
    }
    /// The only recipient of a report of the corpus.
    fn only(name: &str) -> (Verdict, String) {
        let notice = of(&file(name)).unwrap_or_else(|| panic!("{name} reports something"));
        assert_eq!(
            (notice.ids.as_slice(), notice.recipients.len()),
            ([ID.to_owned()].as_slice(), 1),
            "{name}"
        );
        let recipient = notice.recipients.into_iter().next().unwrap();
        assert!(recipient.addresses.iter().all(|address| address == ANNA), "{name}: {recipient:?}");
        (recipient.verdict, recipient.reason)
    }

    #[test]
    fn reports_are_read_as_servers_write_them() {
        use Verdict::{Complaint, Hard, Soft};
        for (name, verdict, reason) in [
            (
                "postfix",
                Hard,
                "550 5.1.1 <anna@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
            ),
            ("exim", Hard, "550 No such user here"),
            (
                "exchange",
                Hard,
                "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient anna@example.com not found by SMTP address lookup",
            ),
            (
                "gmail",
                Soft,
                "552-5.2.2 The recipient's inbox is out of storage space. Please direct the recipient to 552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm",
            ),
            ("qmail", Hard, "<anna@example.com>: Sorry, no mailbox here by that name. (#5.1.1)"),
            ("ses_complaint", Complaint, "abuse, told by Amazon SES"),
        ] {
            assert_eq!(only(name), (verdict, reason.to_owned()), "{name}");
        }
    }

    #[test]
    fn what_is_late_or_arrived_is_a_report_that_says_nothing() {
        for action in ["delayed", "delivered", "relayed", "expanded"] {
            let notice =
                of(&file("postfix").replace("Action: failed", &format!("Action: {action}"))).unwrap();
            assert!(notice.is_report && notice.recipients.is_empty(), "{action}");
        }
        let signature = file("ses_complaint").replace("Feedback-Type: abuse", "Feedback-Type: auth-failure");
        assert_eq!(of(&signature).unwrap().recipients, []);
    }

    #[test]
    fn an_address_that_was_forwarded_has_both_its_names() {
        let forwarded = file("postfix").replace(
            "Final-Recipient: rfc822; anna@example.com",
            "Final-Recipient: rfc822; a.b@elsewhere.example",
        );
        let notice = of(&forwarded).unwrap();
        assert_eq!(notice.recipients[0].addresses, [ANNA, "a.b@elsewhere.example"]);
    }

    #[test]
    fn a_complaint_without_an_address_is_about_whom_the_mail_went_to() {
        let redacted = file("ses_complaint").replace("Original-Rcpt-To: <anna@example.com>\r\n", "");
        let notice = of(&redacted).unwrap();
        assert_eq!(notice.recipients[0].addresses, [ANNA]);
    }

    /// An older server that makes no reports.
    fn letter(words: &str) -> String {
        format!(
            "Return-path: <>\nFrom: Mail Delivery System <Mailer-Daemon@relay.example>\nSubject: Mail delivery failed\n\n\
             {words}\n\n------ This is a copy of the message, including all the headers. ------\n\n\
             Return-path: <bounces@shop.example>\nReceived: from shop.example\n\tby relay.example\n\
             Message-ID: <{ID}>\nTo: anna@example.com\n\nThank you.\n"
        )
    }

    #[test]
    fn a_letter_of_an_older_server_counts_by_the_words_beside_the_address() {
        let exim = "This message was created automatically by mail delivery software.\n\n\
            A message that you sent could not be delivered to one or more of its\nrecipients.\n\n  anna@example.com\n    ";
        let verdict = |words: &str| of(&letter(words)).map(|notice| notice.recipients[0].verdict);
        let refused = "SMTP error from remote mail server after RCPT TO:<anna@example.com>:\n    host mx.example.com [192.0.2.25]: ";
        assert_eq!(verdict(&format!("{exim}{refused}550 5.1.1 User unknown")), Some(Verdict::Hard));
        assert_eq!(verdict(&format!("{exim}{refused}552 mailbox full")), Some(Verdict::Soft));
        assert_eq!(verdict(&format!("{exim}retry timeout exceeded")), Some(Verdict::Soft));
        assert_eq!(verdict(&format!("{exim}late. No action is required on your part.")), None);
        assert_eq!(verdict("Something about somebody, anna@example.com, and nothing else."), None);
        assert_eq!(verdict("Nobody is named here, though it could not be delivered."), None);
        // Each address has its own words.
        let two = "could not be delivered\n\n<anna@example.com>:\nfull, 452 4.2.2\n<otto@example.com>:\n550 5.1.1 gone";
        let verdicts: Vec<_> = of(&letter(two)).unwrap().recipients.iter().map(|r| r.verdict).collect();
        assert_eq!(verdicts, [Verdict::Soft, Verdict::Hard]);
    }

    #[test]
    fn what_people_write_is_no_report() {
        let answer = format!(
            "From: Anna <anna@example.com>\nTo: shop@shop.example\nSubject: Re: Order\nIn-Reply-To: <{ID}>\n\n\
             It could not be delivered! anna@example.com 550 5.1.1\n\n> Message-ID: <{ID}>\n> To: anna@example.com\n"
        );
        assert_eq!(of(&answer), None);
        assert_eq!(of(""), None);
        assert_eq!(of("Return-Path: <>\nFrom: MAILER-DAEMON\n\nanna@example.com 550 gone\n"), None);
        // What is no mail of a shop is nothing to ask for.
        let strange = of(&file("postfix").replace("mal_01jd3m0000e0080000000000g1", "20261120.1")).unwrap();
        assert_eq!(strange.ids, [""; 0]);
    }

    #[test]
    fn a_message_that_is_cut_off_behind_the_report_says_the_same() {
        let whole = file("postfix");
        let cut = whole.find("From: Lumo").unwrap();
        assert_eq!(of(&whole[..cut]), of(&whole));
    }

    proptest! {
        #[test]
        fn no_noise_panics_and_what_is_said_fits_on_a_line(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let _nothing = read(&bytes);
        }

        #[test]
        fn reports_with_noise_in_them_keep_their_bounds(at in 0_usize..1_500, noise in "\\PC{0,40}|[\\r\\n\\x00:;<>@ -]{0,40}") {
            for name in ["postfix", "gmail", "qmail", "ses_complaint"] {
                let mut text = file(name);
                let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
                text.insert_str(at, &noise);
                for recipient in read(text.as_bytes()).into_iter().flat_map(|notice| notice.recipients) {
                    prop_assert!(recipient.reason.chars().count() <= REASON_MAX);
                    prop_assert!(!recipient.reason.chars().any(char::is_control));
                }
            }
        }
    }
}
