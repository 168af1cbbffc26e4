//! The moments at which a mail goes out, as one table: what happened, who is told, whether it is still true.

use crate::shop::orders::{Order, Parcel, Payment, Status};
use crate::shop::sites::Warning;
use crate::store::StoredEvent;

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    Customer,
    Shop,
    Staff,
}

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matter {
    Order,
    Message,
    Site,
    Staff,
    Job,
    Schedule,
}

/// Declares the moments: the word on disk, in the API and in addresses; the label; the sentence; the event; who is told.
macro_rules! moments {
    ($($name:ident $word:tt $label:literal $sentence:literal $event:literal $audience:ident,)+) => {
        /// A moment at which a mail goes out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Moment {
            $($name,)+
        }
        impl Moment {
            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)+];
            /// The word on disk, in the API and in addresses.
            pub(super) fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
            pub(super) fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }
            /// When it goes out, and to whom.
            pub(super) fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)+ }
            }
            /// The kind of event that it follows before all.
            pub(super) fn event(self) -> &'static str {
                match self { $(Self::$name => $event,)+ }
            }
            pub(super) fn audience(self) -> Audience {
                match self { $(Self::$name => Audience::$audience,)+ }
            }
        }
    };
}

moments! {
    OrderPlaced "order_placed" "Order placed" "To the customer, when an order is placed." "order.placed" Customer,
    OrderPaid "order_paid" "Order paid" "To the customer, when an order is marked paid in full." "order.paid" Customer,
    OrderShipped "order_shipped" "Order shipped" "To the customer, when an order or a part of it is marked shipped, with the tracking number." "order.shipped" Customer,
    OrderCancelled "order_cancelled" "Order cancelled" "To the customer, when an order is cancelled." "order.cancelled" Customer,
    OrderRefunded "order_refunded" "Order refunded" "To the customer, when a refund of an order is noted, with its amount." "order.refunded" Customer,
    MessageReply "message_reply" "Answer to a message" "To who wrote to the shop, when somebody answers." "message.replied" Customer,
    NewMessage "new_message" "New message, to the shop" "To the shop's own address, when somebody writes through the contact form. Answers go to who wrote." "message.received" Shop,
    NewOrder "new_order" "New order, to the shop" "To the shop's own address, when an order is placed." "order.placed" Shop,
    StaffAdded "staff_added" "New account" "To a new member of staff, without the password." "staff.added" Staff,
    PasswordReset "password_reset" "Password reset" "To a member of staff whose password somebody else has set." "staff.password_changed" Staff,
    JobEnded "job_ended" "Long job over" "To who started a job that ran for more than a minute, when it is over." "job.ended" Staff,
    ScheduleFailed "schedule_failed" "Schedule failed" "To the shop's own address, when a schedule failed for good, or its time went by while the program did not run." "schedule.failed" Shop,
    CertificateExpiring "certificate_expiring" "Certificate ends soon" "To the shop's own address, 21, 14, 7, 3 and 1 days before the certificate of a site ends." "certificate.expiring" Shop,
    CertificateFailed "certificate_failed" "Certificate failed" "To the shop's own address, when something is wrong with the certificate of a site or it is not reached, at two looks." "certificate.failed" Shop,
    CertificateRecovered "certificate_recovered" "Certificate in order again" "To the shop's own address, when what was warned of is in order again." "certificate.recovered" Shop,
}

impl Moment {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|moment| moment.word() == word)
    }
    /// The kinds of events that it follows: each parcel of an order is told of.
    pub(super) fn events(self) -> impl Iterator<Item = &'static str> {
        let part = (self == Self::OrderShipped).then_some("order.part_shipped");
        std::iter::once(self.event()).chain(part)
    }
    pub(super) fn follows(self, kind: &str) -> bool {
        self.events().any(|own| own == kind)
    }
    /// Whether its event says what the order does not say any more when it is written: which refund, payment,
    /// parcel or cancellation.
    pub(super) fn tells_of_one(self) -> bool {
        matches!(self, Self::OrderPaid | Self::OrderShipped | Self::OrderCancelled | Self::OrderRefunded)
    }
    pub(super) fn matter(self) -> Matter {
        match self {
            Self::MessageReply | Self::NewMessage => Matter::Message,
            Self::StaffAdded | Self::PasswordReset => Matter::Staff,
            Self::JobEnded => Matter::Job,
            Self::ScheduleFailed => Matter::Schedule,
            Self::CertificateExpiring | Self::CertificateFailed | Self::CertificateRecovered => Matter::Site,
            Self::OrderPlaced
            | Self::OrderPaid
            | Self::OrderShipped
            | Self::OrderCancelled
            | Self::OrderRefunded
            | Self::NewOrder => Matter::Order,
        }
    }
    /// What it warns of, of a site.
    pub(super) fn warning(self) -> Option<Warning> {
        match self {
            Self::CertificateExpiring => Some(Warning::Expiring),
            Self::CertificateFailed => Some(Warning::Failed),
            Self::CertificateRecovered => Some(Warning::Recovered),
            _ => None,
        }
    }
    /// Whether somebody writes it by hand: it is queued with what they wrote, and cannot be switched off.
    pub(super) fn is_by_hand(self) -> bool {
        self == Self::MessageReply
    }
    /// Whether anybody on the internet causes it as often as they like.
    pub(super) fn is_by_strangers(self) -> bool {
        self == Self::NewMessage
    }
    /// Those that follow an event where they are switched on.
    pub(super) fn switches() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|moment| !moment.is_by_hand())
    }
    /// Why it is not true any more of an order as it stands now; `None` while it is. `told`: the event it tells of.
    pub(super) fn passed(self, order: &Order, told: Option<&StoredEvent>) -> Option<&'static str> {
        let is_cancelled = order.status == Status::Cancelled;
        match self {
            Self::OrderPlaced | Self::NewOrder | Self::OrderPaid | Self::OrderShipped if is_cancelled => {
                Some("The order was cancelled before it was sent.")
            }
            Self::OrderPaid if !has_payment(order, told) => {
                Some("The payment was taken back before it was sent.")
            }
            Self::OrderShipped if parcel_of(order, told).is_none() => {
                Some("The shipment was taken back before it was sent.")
            }
            Self::OrderRefunded
                if !order.refunds.iter().any(|known| Some(known.number) == refund_of(told)) =>
            {
                Some("The refund was taken back before it was sent.")
            }
            Self::OrderCancelled if !is_cancelled || !has_cancellation(order, told) => {
                Some("The order was reopened before it was sent.")
            }
            _ => None,
        }
    }
}

/// The number of the refund that an event tells of.
fn refund_of(told: Option<&StoredEvent>) -> Option<u64> {
    told?.data.get("refund")?.as_u64()
}

/// The version of the order that an event made, which is the number of what it noted; events of earlier versions name none.
fn version_of(told: Option<&StoredEvent>) -> Option<u64> {
    told?.data.get("version")?.as_u64()
}

/// Whether it is still cancelled as the event says, and not once more.
fn has_cancellation(order: &Order, told: Option<&StoredEvent>) -> bool {
    let made = order.cancelled.as_ref().and_then(|cancelled| cancelled.made);
    version_of(told).is_none_or(|version| made == Some(version))
}

/// Whether the payment that an event tells of is still noted, and nothing is due.
fn has_payment(order: &Order, told: Option<&StoredEvent>) -> bool {
    let is_due =
        matches!(order.payment, Payment::Unpaid | Payment::Authorised | Payment::PartPaid | Payment::Voided);
    let is_noted = |version| order.payments.iter().any(|payment| payment.made == Some(version));
    !is_due && version_of(told).is_none_or(is_noted)
}

/// The parcel that an event tells of, with what was corrected of it since. Earlier versions gave parcels no number: theirs
/// left at the moment of its event; and a mail of theirs may know no event: it is the last one then.
pub(super) fn parcel_of<'o>(order: &'o Order, told: Option<&StoredEvent>) -> Option<&'o Parcel> {
    let Some(event) = told else { return order.parcels.last() };
    let is_it = |parcel: &&Parcel| match version_of(told) {
        Some(version) => parcel.made == Some(version),
        None => parcel.shipped_at == Some(event.at),
    };
    order.parcels.iter().find(is_it)
}

/// The languages there are templates in, with their own names.
pub(super) const LANGUAGES: &[(&str, &str)] = &[("en", "English"), ("de", "Deutsch")];

/// The language for somebody: by the first part of a tag such as `de-AT`, else the shop's.
pub(super) fn language<'l>(tag: &str, shop: &'l str) -> &'l str {
    let first = tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    LANGUAGES.iter().map(|(word, _)| *word).find(|word| *word == first).unwrap_or(shop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_reads_back_and_follows_an_event_that_there_is() {
        let orders = crate::shop::orders::EVENTS.iter().chain(crate::access::events::EVENTS);
        let all = orders.chain(crate::shop::messages::EVENTS).chain(crate::shop::sites::EVENTS);
        let all = all.chain(crate::work::EVENTS);
        let kinds: Vec<&str> = all.map(|(kind, _)| *kind).collect();
        for moment in Moment::ALL {
            assert_eq!(Moment::from_word(moment.word()), Some(*moment));
            assert!(moment.events().all(|kind| kinds.contains(&kind)), "{moment:?}");
        }
    }

    #[test]
    fn somebody_is_written_to_in_the_own_language_or_the_shops() {
        for (tag, is) in
            [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("en-GB", "en"), ("fr", "de"), ("", "de")]
        {
            assert_eq!(language(tag, "de"), is, "{tag}");
        }
    }
}
