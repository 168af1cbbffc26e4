//! What the codes in a report mean: whether an address is no good, or the mail only did not arrive this time.

/// What a report says of one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing sent there will ever arrive.
    Hard,
    /// It did not arrive, which says nothing of the next one.
    Soft,
    /// The reader does not want it.
    Complaint,
}

impl Verdict {
    /// The word of the rule.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Complaint => "complaint",
        }
    }
}

/// By RFC 3463: class, subject, detail.
type Code = (u8, u16, u16);

/// The verdict on a mail that was given up. `status` is the field of the report, `words` are what the last server said; a
/// code that says something comes before one that says no more than "permanent".
pub(super) fn of_failed(status: &str, words: &str) -> Verdict {
    let general = status.split_whitespace().next().and_then(code);
    let special =
        general.into_iter().chain(codes(words)).find(|(_, subject, detail)| (*subject, *detail) != (0, 0));
    let reply = replies(words).next();
    match (special, reply, general) {
        (Some(code), _, _) => of_code(code),
        // 552 is a mailbox that is full, or a mail that is too large.
        (None, Some(552), _) => Verdict::Soft,
        (None, Some(reply), _) => {
            if reply >= 500 {
                Verdict::Hard
            } else {
                Verdict::Soft
            }
        }
        (None, None, Some(code)) => of_code(code),
        (None, None, None) => Verdict::Soft,
    }
}

/// Whether a text names a code at all.
pub(super) fn has_code(words: &str) -> bool {
    codes(words).next().is_some() || replies(words).next().is_some()
}

fn of_code((class, subject, detail): Code) -> Verdict {
    // A full mailbox, a mail that is too large, and every policy are no fault of the address.
    let is_passing = matches!((subject, detail), (2, 2 | 3) | (3, 4) | (7, _));
    if class == 5 && !is_passing { Verdict::Hard } else { Verdict::Soft }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "()[]<>#;:,-\"'".contains(c))
        .map(|word| word.trim_end_matches('.'))
}

fn codes(text: &str) -> impl Iterator<Item = Code> {
    words_of(text).filter_map(code)
}

/// `5.1.1`; never an address of a machine, which has four numbers.
fn code(word: &str) -> Option<Code> {
    let mut numbers = word.split('.');
    let (class, subject, detail) = (numbers.next()?, numbers.next()?, numbers.next()?);
    if numbers.next().is_some() || !matches!(class, "2" | "4" | "5") {
        return None;
    }
    let number = |text: &str| text.parse::<u16>().ok().filter(|n| *n < 1_000);
    Some((class.parse().ok()?, number(subject)?, number(detail)?))
}

/// `550`
fn replies(text: &str) -> impl Iterator<Item = u16> {
    let number = |word: &str| (word.len() == 3).then(|| word.parse::<u16>().ok()).flatten();
    words_of(text).filter_map(number).filter(|n| (400..=459).contains(n) || (500..=559).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_whether_the_address_is_no_good() {
        use Verdict::{Hard, Soft};
        for (status, words, verdict) in [
            ("5.1.1", "smtp; 550 5.1.1 <anna@example.com>: Recipient address rejected", Hard),
            ("5.1.10", "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound", Hard),
            ("5.2.1", "", Hard),
            ("5.0.0", "smtp; 550 no such user here", Hard),
            ("5.0.0", "", Hard),
            ("5.0.0", "smtp; 552 mailbox full", Soft),
            ("5.0.0", "smtp; 550-5.7.1 [192.0.2.1] Our system has detected", Soft),
            ("5.2.2", "smtp; 552-5.2.2 The email account is over quota", Soft),
            ("5.3.4", "smtp; 552 5.3.4 Message size exceeds fixed limit", Soft),
            ("5.7.1", "smtp; 550 Blocked", Soft),
            ("4.4.7", "smtp; 451 4.4.1 timeout", Soft),
            ("4.0.0", "smtp; 550 5.1.1 gone", Hard),
            ("", "Remote host said: 550 sorry, no mailbox here by that name (#5.1.1)", Hard),
            ("", "452 4.2.2 full", Soft),
            ("", "connected to 5.6.7.8 but it hung up", Soft),
            ("nonsense", "", Soft),
        ] {
            assert_eq!(of_failed(status, words), verdict, "{status} {words}");
        }
        assert!(!has_code("host 192.0.2.1 on port 25, 600 times, in 2026"));
    }
}
