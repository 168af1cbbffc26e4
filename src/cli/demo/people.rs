//! The customers of the demo shop: each is a function of the seed and a number, so that none has to be kept.

use crate::base::error::Result;
use crate::base::time::Timestamp;
use crate::cli::demo::dice::Dice;
use crate::cli::demo::places::{Market, Town, markets};
use crate::shop::customers::{Address, NewCustomer};

/// As many neighbouring numbers hold every market as often as its table says.
const SLOTS: u64 = 200;
/// The step from one pair of names to the next; a prime larger than any list of names.
const NAME_STEP: u64 = 7_919;
/// The lowest number that stands behind a name in an e-mail address.
const FIRST_SUFFIX: u64 = 10;

/// Where a slot leads: a market, and the how-manieth of its slots this is.
#[derive(Clone, Copy, Debug)]
struct Slot {
    market: usize,
    rank: u64,
}

/// All customers there could be.
#[derive(Debug)]
pub(super) struct People {
    markets: Vec<Market>,
    slots: Vec<Slot>,
    seed: u64,
}

/// One customer, before they become a [`NewCustomer`].
#[derive(Debug)]
pub(super) struct Person<'a> {
    pub(super) market: &'a Market,
    pub(super) first: &'static str,
    pub(super) last: String,
    pub(super) email: String,
    /// Empty for those who gave none.
    pub(super) phone: String,
    pub(super) address: Address,
    /// Where they have presents sent to, if they have.
    pub(super) other_address: Option<Address>,
    /// A firm orders more and longer.
    pub(super) is_company: bool,
    number: u64,
}

impl People {
    /// # Errors
    /// Only when the tables in this program are wrong, which a test excludes.
    pub(super) fn new(seed: u64) -> Result<Self> {
        let markets = markets()?;
        let mut slots: Vec<Slot> = markets
            .iter()
            .enumerate()
            .flat_map(|(market, m)| (0..m.table.slots as u64).map(move |rank| Slot { market, rank }))
            .collect();
        let mut dice = Dice::of(seed, 31, 0);
        for at in (1..slots.len()).rev() {
            slots.swap(at, dice.below(at as u64 + 1) as usize);
        }
        Ok(Self { markets, slots, seed })
    }
    /// Customer `number`; `None` only without any markets.
    pub(super) fn person(&self, number: u64) -> Option<Person<'_>> {
        let slot = self.slots.get((number % SLOTS) as usize)?;
        let market = self.markets.get(slot.market)?;
        let rank = number / SLOTS * market.table.slots as u64 + slot.rank;
        let mut dice = Dice::of(self.seed, 32, number);
        let names = &market.names;
        let pairs = names.firsts() * names.lasts();
        // The first customers have the names nobody else has, so their address needs no number.
        let early = rank < pairs / 8;
        let (first, last) = if early {
            let pair = (rank * NAME_STEP + self.seed % pairs.max(1)) % pairs.max(1);
            (pair % names.firsts(), pair / names.firsts())
        } else if names.made() > 0 && dice.chance(350) {
            (dice.below(names.firsts()), names.lasts() + dice.low_below(names.made()))
        } else {
            (dice.below(names.firsts()), dice.low_below(names.lasts()))
        };
        let chosen = names.choose(first, last);
        let email =
            email(&mut dice, market, &chosen.latin_first, &chosen.latin_last, (!early).then_some(rank));
        let is_company = dice.chance(60);
        let mut name = String::with_capacity(chosen.first.len() + chosen.last.len() + 1);
        if names.family_first {
            name.push_str(&chosen.last);
            name.push_str(chosen.first);
        } else {
            name.push_str(chosen.first);
            name.push(' ');
            name.push_str(&chosen.last);
        }
        let company =
            if is_company { dice.word(&market.companies).replace('$', &chosen.last) } else { String::new() };
        let mut phone = String::new();
        if dice.chance(850) {
            dice.fill(dice.clone().word(&market.phones), &mut phone);
        }
        let address = address(&mut dice, market, name, company);
        let other_address = dice.chance(120).then(|| {
            let friend = names.choose(dice.below(names.firsts()), last);
            address_of_friend(&mut dice, market, friend.first, &friend.last, names.family_first)
        });
        Some(Person {
            market,
            first: chosen.first,
            last: chosen.last,
            email,
            phone,
            address,
            other_address,
            is_company,
            number,
        })
    }
    /// The same as the shop's records have it, since `created_at`.
    pub(super) fn record(&self, person: &Person<'_>, created_at: Timestamp) -> NewCustomer {
        let mut dice = Dice::of(self.seed, 33, person.number);
        let table = person.market.table;
        let mut customer = NewCustomer {
            email: Some(person.email.clone()),
            first_name: person.first.to_owned(),
            last_name: person.last.clone(),
            company: person.address.company.clone(),
            phone: person.phone.clone(),
            language: table.language.to_owned(),
            accepts_marketing: Some(dice.chance(420)),
            created_at: Some(created_at),
            ..NewCustomer::default()
        };
        customer.addresses.push(person.address.clone());
        customer.addresses.extend(person.other_address.clone());
        if person.is_company && dice.chance(700) {
            dice.fill(table.vat_id, &mut customer.vat_id);
            customer.tax_exempt =
                Some(table.country != "DE" && !customer.vat_id.is_empty() && dice.chance(300));
        }
        if dice.chance(80) {
            dice.fill("19", &mut customer.birthday);
            let (year, month, day) = (dice.between(48, 99), dice.between(1, 12), dice.between(1, 28));
            customer.birthday.push_str(&format!("{year:02}-{month:02}-{day:02}"));
        }
        if dice.chance(40) {
            customer.tags.push(dice.word(&["VIP", "wholesale", "press", "friend of the house"]).to_owned());
        }
        if dice.chance(25) {
            customer.note = dice
                .word(&[
                    "Always pays late, but always pays.",
                    "Prefers a call to an e-mail.",
                    "Allergic to nuts: no chocolates in the parcel.",
                    "Met at the fair, wants the wholesale list.",
                    "Complained about the packaging in spring; sent flowers.",
                ])
                .to_owned();
        }
        customer
    }
}

/// An address nobody else has: without a number only for those whose pair of names is theirs alone.
fn email(dice: &mut Dice, market: &Market, first: &str, last: &str, suffix: Option<u64>) -> String {
    let mut out = String::with_capacity(first.len() + last.len() + 32);
    let form = dice.below(3);
    // The form of the name goes with the domain, so that two forms cannot meet.
    let top = match form {
        0 => {
            out.extend([first, ".", last]);
            "com"
        }
        1 => {
            out.extend([last, ".", first]);
            "net"
        }
        _ => {
            out.extend([first, "_", last]);
            "org"
        }
    };
    if let Some(number) = suffix {
        push_number(&mut out, FIRST_SUFFIX + number);
    }
    out.push('@');
    if !market.table.mail.is_empty() {
        out.extend([market.table.mail, "."]);
    }
    out.extend(["example.", top]);
    out
}

/// Adds the decimal digits of a number.
pub(super) fn push_number(out: &mut String, number: u64) {
    let mut place = 1;
    while number / place >= 10 {
        place *= 10;
    }
    while place > 0 {
        out.push(char::from(b'0' + (number / place % 10) as u8));
        place /= 10;
    }
}

fn address(dice: &mut Dice, market: &Market, name: String, company: String) -> Address {
    let table = market.table;
    let town = dice.pick_low(&market.towns).copied().unwrap_or(Town { name: "", postcode: "", region: "" });
    let mut address = Address {
        name,
        company,
        city: town.name.to_owned(),
        region: town.region.to_owned(),
        country: table.country.to_owned(),
        ..Address::default()
    };
    let street = dice.word(&market.streets);
    let (before, after) = table.street_form.split_once('$').unwrap_or_default();
    dice.fill(before, &mut address.line1);
    address.line1.push_str(street);
    dice.fill(after, &mut address.line1);
    dice.fill(town.postcode, &mut address.postcode);
    match table.country {
        "DE" | "AT" | "CH" if dice.chance(60) => address.line1.push(if dice.chance(500) { 'a' } else { 'b' }),
        "DE" if dice.chance(25) => dice.fill("Packstation 1%#", &mut address.line2),
        "US" if dice.chance(200) => dice.fill("Apt %@", &mut address.line2),
        "GB" if dice.chance(120) => dice.fill("Flat %", &mut address.line2),
        "FR" if dice.chance(100) => dice.fill("Bât. @, appt %#", &mut address.line2),
        _ => (),
    }
    address
}

fn address_of_friend(
    dice: &mut Dice,
    market: &Market,
    first: &str,
    last: &str,
    family_first: bool,
) -> Address {
    let name = if family_first { [last, first].concat() } else { [first, " ", last].concat() };
    address(dice, market, name, String::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    #[test]
    fn no_two_customers_share_an_address() {
        let people = People::new(1).unwrap();
        let mut seen = HashSet::new();
        for number in 0..60_000 {
            let person = people.person(number).unwrap();
            assert!(seen.insert(person.email.clone()), "{} twice", person.email);
        }
    }

    #[test]
    fn every_customer_passes_the_rules_and_keeps_what_was_written() {
        let people = People::new(2).unwrap();
        for number in 0..3_000 {
            let record = people.record(&people.person(number).unwrap(), Timestamp(0));
            let checked = record.checked().unwrap_or_else(|e| panic!("{e}: {record:?}"));
            assert_eq!(checked, record);
        }
    }

    #[test]
    fn many_scripts_are_written() {
        let people = People::new(1).unwrap();
        let text: String = (0..2_000)
            .map(|n| people.person(n).unwrap().address)
            .map(|a| a.name + &a.city + &a.line1)
            .collect();
        let script = |range: std::ops::RangeInclusive<char>| text.chars().any(|c| range.contains(&c));
        for (name, range) in [
            ("Latin-1", 'À'..='ÿ'),
            ("Latin extended", 'Ā'..='ž'),
            ("Greek", 'Α'..='ω'),
            ("Cyrillic", 'А'..='я'),
            ("Hebrew", 'א'..='ת'),
            ("Arabic", 'ا'..='ي'),
            ("Devanagari", 'अ'..='ह'),
            ("Thai", 'ก'..='ฮ'),
            ("Han", '一'..='龥'),
            ("Kana", 'ァ'..='ヶ'),
            ("Hangul", '가'..='힣'),
            ("Vietnamese", 'Ạ'..='ỹ'),
        ] {
            assert!(script(range), "no {name}");
        }
        assert!(text.contains("O'") && text.contains('-'));
    }

    #[test]
    fn first_letters_of_surnames_are_spread() {
        let people = People::new(1).unwrap();
        let mut prefixes: HashMap<String, u32> = HashMap::new();
        for number in 0..5_000 {
            let email = people.person(number).unwrap().email;
            *prefixes.entry(email.chars().take(2).collect()).or_default() += 1;
        }
        assert!(prefixes.len() > 120, "{}", prefixes.len());
    }
}
