//! What people have written to the demo shop, and what became of it: about orders that there are, in the languages of those
//! who placed them, some answered, some spam. The same every time.

use crate::access::key::{self, ApiKey, NewKey};
use crate::access::staff::Granter;
use crate::access::token;
use crate::base::error::Result;
use crate::base::time::{Clock, HOUR_MS, MINUTE_MS, Timestamp};
use crate::shop::customers;
use crate::shop::messages::{self, NewMessage, Step};
use crate::shop::orders::{self, Order};
use crate::store::{Actor, ActorKind, Read, Store, Tx};
use std::collections::BTreeSet;

/// Where the pages of the demo shop would be.
const ORIGIN: &str = "https://lumo.example.com";
/// Orders that somebody may ask about: the newest.
const LOOKED_AT: usize = 400;

/// A letter.
struct Letter {
    /// Hours before the end.
    ago_h: i64,
    language: &'static str,
    subject: &'static str,
    body: &'static str,
    /// It says which order it is about.
    is_about_order: bool,
    /// Who answered, what, and how many hours later.
    answer: Option<(&'static str, &'static str, i64)>,
    is_closed: bool,
}

const fn letter(ago_h: i64, language: &'static str, subject: &'static str, body: &'static str) -> Letter {
    Letter { ago_h, language, subject, body, is_about_order: true, answer: None, is_closed: false }
}

/// The oldest first.
const LETTERS: &[Letter] = &[
    Letter {
        answer: Some((
            "Marit Lund",
            "Hallo,\n\ngern: eine neue Rechnung mit Ihrer Firmenanschrift ist angehängt.\n\nViele Grüße\nMarit Lund",
            3,
        )),
        is_closed: true,
        ..letter(
            470,
            "de",
            "Rechnung auf die Firma",
            "Guten Tag,\n\nkönnen Sie die Rechnung bitte auf unsere Firma ausstellen? Die Anschrift ist dieselbe.\n\nMit freundlichen Grüßen",
        )
    },
    Letter {
        answer: Some((
            "Jonas Weber",
            "Hello,\n\nsorry about that. A new one leaves today, and you need not send the broken one back.\n\nBest wishes\nJonas Weber",
            2,
        )),
        is_closed: true,
        ..letter(
            392,
            "en",
            "One mug arrived broken",
            "Hi,\n\nthe parcel came today and the handle of one mug is off. The box itself looked fine. Can you send me another one?\n\nThanks a lot",
        )
    },
    Letter {
        answer: Some((
            "Priya Nair",
            "Bonjour,\n\nl'échange est possible pendant 30 jours. L'étiquette de retour est dans le colis.\n\nCordialement\nPriya Nair",
            20,
        )),
        is_closed: true,
        ..letter(
            305,
            "fr",
            "Échange de taille",
            "Bonjour,\n\nle pull est trop petit. Est-il possible de l'échanger contre la taille au-dessus ?\n\nMerci d'avance",
        )
    },
    Letter {
        is_about_order: false,
        answer: Some((
            "Marit Lund",
            "Hi,\n\nyes, for ten pieces and more there is a price for firms. Tell us what you have in mind and we will make an offer.\n\nBest wishes\nMarit Lund",
            26,
        )),
        ..letter(
            214,
            "en",
            "Do you sell to companies?",
            "Hello,\n\nwe would like to give lamps to our team of 25 at the end of the year. Do you have prices for larger quantities, and could you deliver to three offices?",
        )
    },
    Letter {
        answer: Some((
            "Tomás Vidal",
            "Buenas tardes:\n\nya está cambiado. El paquete sale mañana a la nueva dirección.\n\nUn saludo\nTomás Vidal",
            1,
        )),
        is_closed: true,
        ..letter(
            188,
            "es",
            "Cambio de dirección",
            "Hola:\n\n¿podrían enviar el pedido a la oficina en vez de a casa? Estoy fuera hasta el viernes.\n\nGracias",
        )
    },
    letter(
        141,
        "nl",
        "Cadeauverpakking",
        "Goedemiddag,\n\nkan de bestelling als cadeau worden ingepakt, zonder factuur in de doos? Het is voor mijn zus.\n\nAlvast bedankt",
    ),
    Letter {
        answer: Some((
            "Priya Nair",
            "Buongiorno,\n\nla lampada è adatta anche al bagno, ma non dentro la doccia (IP44).\n\nCordiali saluti\nPriya Nair",
            5,
        )),
        ..letter(
            97,
            "it",
            "Domanda sulla lampada",
            "Buongiorno,\n\nla lampada che ho ordinato si può montare anche in bagno?\n\nGrazie mille",
        )
    },
    letter(
        74,
        "pl",
        "Kiedy dotrze przesyłka?",
        "Dzień dobry,\n\nkiedy mogę spodziewać się przesyłki? Będę w domu tylko do czwartku.\n\nPozdrawiam",
    ),
    Letter {
        is_about_order: false,
        ..letter(
            52,
            "de",
            "Regenjacke wieder in Rot?",
            "Hallo,\n\nkommt die Regenjacke noch einmal in Rot, Größe M? Ich würde gleich zwei nehmen.\n\nLiebe Grüße",
        )
    },
    letter(
        31,
        "en",
        "Where is my parcel?",
        "Hello,\n\nthe tracking page has said “in transit” since Monday. Could you ask the carrier where my parcel is?\n\nThank you",
    ),
    letter(
        19,
        "sv",
        "Retur",
        "Hej!\n\nTröjan passade tyvärr inte. Hur gör jag för att skicka tillbaka den?\n\nHälsningar",
    ),
    letter(
        6,
        "de",
        "",
        "Guten Morgen, ich habe aus Versehen zweimal bestellt. Können Sie eine der beiden Bestellungen stornieren?\n\nDanke und viele Grüße",
    ),
    letter(
        2,
        "fr",
        "Code promo",
        "Bonjour,\n\nj'ai oublié de saisir mon code BIENVENUE10. Pouvez-vous l'appliquer après coup ?\n\nBien à vous",
    ),
];

/// Hours before the end, name, address, subject, text, and whether a field that people do not see was filled in.
const SPAM: &[(i64, &str, &str, &str, &str, bool)] = &[
    (
        330,
        "Webtraffic Boost",
        "growth@example.net",
        "Your website is losing money",
        "Rank first in a week! https://a.example https://b.example https://c.example https://d.example",
        false,
    ),
    (
        160,
        "Olivia",
        "olivia@example.org",
        "Partnership",
        "I visited your site and have a proposal that you will like.",
        true,
    ),
    (
        45,
        "http://win.example",
        "prize@example.net",
        "You have won",
        "Claim your prize today, only a small fee.",
        false,
    ),
];

fn actor(name: &str) -> Actor {
    Actor::new(ActorKind::System, "demo", name)
}

/// What happens at a moment.
enum Event {
    Arrives(NewMessage),
    /// To the message of a place among those that arrived: who, and what.
    Answered(usize, &'static str, &'static str),
    Closed(usize, &'static str),
}

/// Writes them into a shop that has its orders, at the times when they would have come: `clock` is the store's.
///
/// # Errors
/// Faults of the store only.
pub(super) fn write(store: &Store, clock: &Clock, end: Timestamp) -> Result<()> {
    let mut all = store.read(|s| happenings(s, end))?;
    all.sort_by_key(|(at, _)| *at);
    let Some((first, _)) = all.first() else { return Ok(()) };
    clock.set(*first);
    let key = store.write_blocking(actor("Demo"), contact_form)?;
    let mut here = Vec::new();
    for (at, event) in all {
        clock.set(at);
        match event {
            Event::Arrives(new) => {
                let key = key.clone();
                let by = Actor::new(ActorKind::Key, key.id.to_string(), key.name.clone());
                let op = move |tx: &mut Tx<'_>| messages::receive(tx, &new, &key, "203.0.113.0/24");
                here.push(store.write_blocking(by, op)?.id);
            }
            Event::Answered(place, who, text) => {
                let Some(id) = here.get(place).copied() else { continue };
                let op = move |tx: &mut Tx<'_>| messages::add_reply(tx, id, None, text, None).map(drop);
                store.write_blocking(actor(who), op)?;
            }
            Event::Closed(place, who) => {
                let Some(id) = here.get(place).copied() else { continue };
                let op = move |tx: &mut Tx<'_>| messages::take(tx, id, None, Step::Close).map(drop);
                store.write_blocking(actor(who), op)?;
            }
        }
    }
    Ok(())
}

/// The key that the pages of the shop would write with.
fn contact_form(tx: &mut Tx<'_>) -> Result<ApiKey> {
    let new = NewKey {
        name: "Contact form".to_owned(),
        scopes: Vec::new(),
        days: None,
        origins: Some(vec![ORIGIN.to_owned()]),
    };
    key::create(tx, &Granter::console(), &new, &token::new_publishable_key())
}

/// All that happens, each with its moment; messages in the order in which they arrive. A letter that nobody can have
/// written, because nobody of its language has ordered, is left out.
fn happenings(r: &impl Read, end: Timestamp) -> Result<Vec<(Timestamp, Event)>> {
    let mut writers = Writers { orders: orders::recent(r, None, LOOKED_AT)?, taken: BTreeSet::new() };
    let mut arriving: Vec<(i64, NewMessage, Option<&Letter>)> = Vec::new();
    for letter in LETTERS {
        let Some((order, name)) = writers.who(r, letter, end)? else { continue };
        arriving.push((letter.ago_h, letter.by(&order, name), Some(letter)));
    }
    // A shop without customers has no strangers either.
    let spam: &[_] = if arriving.is_empty() { &[] } else { SPAM };
    for (ago_h, name, email, subject, body, is_trapped) in spam {
        let new = NewMessage {
            name: (*name).to_owned(),
            email: (*email).to_owned(),
            subject: (*subject).to_owned(),
            body: (*body).to_owned(),
            page: format!("{ORIGIN}/contact"),
            trap: if *is_trapped { "https://spam.example".to_owned() } else { String::new() },
            ..NewMessage::default()
        };
        arriving.push((*ago_h, new, None));
    }
    arriving.sort_by_key(|(ago_h, ..)| -ago_h);
    let mut all = Vec::new();
    for (place, (ago_h, new, letter)) in arriving.into_iter().enumerate() {
        let minute = i64::try_from(place * 17 % 60).unwrap_or(0);
        let at = end.plus_ms(-ago_h * HOUR_MS + minute * MINUTE_MS);
        all.push((at, Event::Arrives(new)));
        if let Some((who, text, later_h)) = letter.and_then(|letter| letter.answer) {
            let answered = at.plus_ms(later_h * HOUR_MS);
            all.push((answered, Event::Answered(place, who, text)));
            if letter.is_some_and(|letter| letter.is_closed) {
                all.push((answered.plus_ms(MINUTE_MS), Event::Closed(place, who)));
            }
        }
    }
    Ok(all)
}

impl Letter {
    /// The letter as who placed an order sends it.
    fn by(&self, order: &Order, name: String) -> NewMessage {
        NewMessage {
            name,
            email: order.email.clone().unwrap_or_default(),
            subject: self.subject.to_owned(),
            body: self.body.to_owned(),
            order_number: if self.is_about_order { order.number.to_string() } else { String::new() },
            page: format!("{ORIGIN}/contact"),
            language: self.language.to_owned(),
            ..NewMessage::default()
        }
    }
}

/// Who may write, each once.
struct Writers {
    orders: Vec<orders::OrderId>,
    taken: BTreeSet<orders::OrderId>,
}

impl Writers {
    /// An order of somebody who writes in the language of a letter, placed before it was written: the newest; and the name.
    fn who(&mut self, r: &impl Read, letter: &Letter, end: Timestamp) -> Result<Option<(Order, String)>> {
        let before = end.plus_ms(-letter.ago_h * HOUR_MS);
        for id in &self.orders {
            if self.taken.contains(id) {
                continue;
            }
            let order = orders::get(r, *id)?;
            let Some(customer) = order.customer.filter(|_| order.placed_at < before) else { continue };
            let customer = customers::get(r, customer)?;
            if order.email.is_some() && customer.language == letter.language {
                self.taken.insert(*id);
                return Ok(Some((order, customer.name())));
            }
        }
        Ok(None)
    }
}
