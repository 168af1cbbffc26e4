//! What may stand beside the digits of an amount: the codes, names and signs of currencies. A `£` says more than what is
//! assumed of a file, and what is on no list makes the cell none of an amount.

use crate::base::money::Currency;

/// What stood beside an amount, with the currencies it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    text: String,
    of: Vec<Currency>,
    /// It names its currency as a code does; a plain `£` may come from a program that knows no better.
    is_name: bool,
}

/// Whose the dollar is, the peso too where it is written so.
const DOLLARS: &str = "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU BRL BBD BMD BSD BZD DOP FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD BND CUP CVE NIO TOP WST MOP PHP";
const RUPEES: &str = "INR PKR LKR NPR MUR SCR";

/// Signs that any program may write for want of a better one.
const PLAIN: &[(&str, &str)] = &[
    ("€", "EUR"),
    ("£", "GBP"),
    ("￡", "GBP"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("₺", "TRY"),
    ("₩", "KRW"),
    ("￦", "KRW"),
    ("₫", "VND"),
    ("₴", "UAH"),
    ("₪", "ILS"),
    ("฿", "THB"),
    ("₦", "NGN"),
    ("₱", "PHP"),
    ("₡", "CRC"),
    ("₲", "PYG"),
    ("₸", "KZT"),
    ("₼", "AZN"),
    ("₾", "GEL"),
    ("₮", "MNT"),
    ("₵", "GHS"),
    ("₭", "LAK"),
    ("៛", "KHR"),
    ("৳", "BDT"),
    ("₨", RUPEES),
    ("﷼", "IRR SAR OMR YER QAR"),
    ("¥", "JPY CNY"),
    ("￥", "JPY CNY"),
    ("円", "JPY"),
    ("元", "CNY"),
    ("$", DOLLARS),
    ("＄", DOLLARS),
];

/// Signs of several characters and names, without blanks and dots, in capitals where they have letters.
const NAMES: &[(&str, &str)] = &[
    ("US$", "USD"),
    ("$US", "USD"),
    ("U$S", "USD"),
    ("CA$", "CAD"),
    ("$CA", "CAD"),
    ("CDN$", "CAD"),
    ("C$", "CAD NIO"),
    ("A$", "AUD"),
    ("AU$", "AUD"),
    ("$AU", "AUD"),
    ("NZ$", "NZD"),
    ("$NZ", "NZD"),
    ("HK$", "HKD"),
    ("S$", "SGD"),
    ("SG$", "SGD"),
    ("NT$", "TWD"),
    ("R$", "BRL"),
    ("MX$", "MXN"),
    ("MEX$", "MXN"),
    ("AR$", "ARS"),
    ("CL$", "CLP"),
    ("CO$", "COP"),
    ("COL$", "COP"),
    ("$U", "UYU"),
    ("RD$", "DOP"),
    ("J$", "JMD"),
    ("TT$", "TTD"),
    ("BZ$", "BZD"),
    ("BDS$", "BBD"),
    ("B$", "BND BSD"),
    ("EC$", "XCD"),
    ("FJ$", "FJD"),
    ("N$", "NAD"),
    ("MOP$", "MOP"),
    ("JP¥", "JPY"),
    ("CN¥", "CNY"),
    ("E£", "EGP"),
    ("EURO", "EUR"),
    ("EUROS", "EUR"),
    ("DOLLAR", DOLLARS),
    ("DOLLARS", DOLLARS),
    ("POUND", "GBP EGP"),
    ("POUNDS", "GBP EGP"),
    ("YEN", "JPY"),
    ("RMB", "CNY"),
    ("KR", "SEK NOK DKK ISK"),
    ("FR", "CHF"),
    ("SFR", "CHF"),
    ("FCFA", "XOF XAF"),
    ("CFA", "XOF XAF"),
    ("KČ", "CZK"),
    ("ZŁ", "PLN"),
    ("ZL", "PLN"),
    ("FT", "HUF"),
    ("LEI", "RON MDL"),
    ("ЛВ", "BGN"),
    ("LV", "BGN"),
    ("РУБ", "RUB BYN"),
    ("Р", "RUB"),
    ("р", "RUB"),
    ("RUR", "RUB"),
    ("ГРН", "UAH"),
    ("ДИН", "RSD"),
    ("DIN", "RSD"),
    ("KM", "BAM"),
    ("ТГ", "KZT"),
    ("TL", "TRY"),
    ("RS", RUPEES),
    ("RP", "IDR"),
    ("RM", "MYR"),
    ("TK", "BDT"),
    ("Đ", "VND"),
    ("đ", "VND"),
    ("VNĐ", "VND"),
    ("R", "ZAR"),
    ("KSH", "KES"),
    ("TSH", "TZS"),
    ("USH", "UGX"),
    ("LE", "EGP"),
    ("DH", "AED MAD"),
    ("DHS", "AED MAD"),
    ("SR", "SAR"),
    ("QR", "QAR"),
    ("KD", "KWD"),
    ("BD", "BHD"),
    ("S/", "PEN"),
    ("B/", "PAB"),
    ("BS", "BOB VES"),
    ("GS", "PYG"),
];

/// Codes that are words as well: at the end of a heading they are meant as such.
const WORDS: &[&str] = &["ALL", "TOP", "TRY", "PEN", "CUP", "MAD", "SOS", "SHP"];

impl Sign {
    /// What such a text beside an amount stands for; `None` for what is no currency's.
    pub fn known(text: &str) -> Option<Self> {
        let key: String = text.chars().filter(|c| !c.is_whitespace() && *c != '.').collect();
        let letters = key.chars().filter(|c| c.is_alphabetic()).count();
        // One small letter is a unit, or a digit that was mistaken.
        let key = if letters > 1 { key.to_uppercase() } else { key };
        let listed = |list: &[(&str, &'static str)]| list.iter().find(|(t, _)| *t == key).map(|(_, of)| *of);
        let of = |codes: &str| codes.split(' ').filter_map(|code| Currency::parse(code).ok()).collect();
        let (of, is_name) = if let Some(codes) = listed(PLAIN) {
            (of(codes), false)
        } else if let Some(codes) = listed(NAMES) {
            (of(codes), true)
        } else {
            (coded(&key)?, true)
        };
        Some(Self { text: text.trim().to_owned(), of, is_name })
    }
    /// The currency that the heading of a column of amounts names: `Total (USD)`, `Price in EUR`, `Sum €`.
    pub fn in_heading(title: &str) -> Option<Self> {
        let (rest, inner) = match title.trim_end().strip_suffix([')', ']']) {
            Some(open) => open.rsplit_once(['(', '['])?,
            None => title.trim_end().rsplit_once(char::is_whitespace)?,
        };
        let (inner, is_bracketed) = (inner.trim(), title.trim_end().len() > rest.len() + 1 + inner.len());
        let is_sign = PLAIN.iter().any(|(sign, _)| *sign == inner);
        let is_capital = inner.chars().all(|c| c.is_ascii_uppercase());
        // Two capitals are a country, and one is anything.
        let is_code = is_capital && inner.len() == 3 && !WORDS.contains(&inner);
        let is_name = is_bracketed && !is_capital && inner.chars().count() > 1 && !is_word(inner);
        (is_sign || is_code || is_name).then(|| Self::known(inner)).flatten()
    }
    /// As it stood there.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// Whether amounts of this currency are written with it.
    pub fn is_of(&self, currency: Currency) -> bool {
        self.of.contains(&currency)
    }
    /// The one currency it stands for.
    pub fn currency(&self) -> Option<Currency> {
        if let [one] = self.of.as_slice() { Some(*one) } else { None }
    }
    /// Whether it names its currency, and is no sign that stands for want of a better one.
    pub fn is_name(&self) -> bool {
        self.is_name
    }
    /// What both say; `None` where they contradict.
    pub fn with(&self, other: &Self) -> Option<Self> {
        let of: Vec<_> = self.of.iter().copied().filter(|currency| other.is_of(*currency)).collect();
        let both = || Self { text: self.text.clone(), of, is_name: self.is_name || other.is_name };
        self.of.iter().any(|currency| other.is_of(*currency)).then(both)
    }
}

fn is_word(text: &str) -> bool {
    WORDS.contains(&text.trim().to_uppercase().as_str())
}

/// A code, also with its sign beside it: `CAD`, `CAD$`.
fn coded(key: &str) -> Option<Vec<Currency>> {
    let whole = |code: &str| (code.len() == 3).then(|| Currency::parse(code).ok()).flatten();
    let parted = || {
        let of = |(code, sign): (&str, &str)| {
            let currency = whole(code)?;
            let (_, codes) = PLAIN.iter().find(|(text, _)| *text == sign)?;
            codes.split(' ').any(|known| known == currency.code()).then_some(currency)
        };
        let behind = key.char_indices().nth_back(2).and_then(|(at, _)| key.split_at_checked(at));
        key.split_at_checked(3).and_then(of).or_else(|| behind.and_then(|(sign, code)| of((code, sign))))
    };
    whole(key).or_else(parted).map(|currency| vec![currency])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Option<String> {
        Sign::known(text).map(|s| s.of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn every_sign_is_of_currencies_that_there_are() {
        for (text, of) in PLAIN.iter().chain(NAMES) {
            assert_eq!(codes(text).as_deref(), Some(*of), "{text}");
        }
    }

    #[test]
    fn codes_names_and_signs_stand_for_their_currencies_and_nothing_else_does() {
        for (text, wanted) in [
            ("£", "GBP"),
            ("usd", "USD"),
            ("US$", "USD"),
            ("US $", "USD"),
            ("R$", "BRL"),
            ("NT$", "TWD"),
            ("Rs.", RUPEES),
            ("kr.", "SEK NOK DKK ISK"),
            ("zł", "PLN"),
            ("руб.", "RUB BYN"),
            ("F CFA", "XOF XAF"),
            ("CAD$", "CAD"),
            ("$ CAD", "CAD"),
            ("R", "ZAR"),
            ("р.", "RUB"),
        ] {
            assert_eq!(codes(text).as_deref(), Some(wanted), "{text}");
        }
        for text in [
            "", "k", "M", "万", "o", "l", "L", "r", "g", "pcs", "¢", "CR", "TBD", "NAN", "Tsd", "EUR$", "x",
            "%",
        ] {
            assert_eq!(codes(text), None, "{text}");
        }
        assert_eq!(Sign::known("$").unwrap().currency(), None);
        let both = Sign::known("$").unwrap().with(&Sign::known("CAD").unwrap()).unwrap();
        assert_eq!((both.currency().unwrap().code(), both.text()), ("CAD", "$"));
        assert_eq!(Sign::known("$").unwrap().with(&Sign::known("EUR").unwrap()), None);
    }

    #[test]
    fn a_heading_may_name_the_currency_of_its_column() {
        let named = |title: &str| Sign::in_heading(title).map(|s| s.of[0].to_string());
        for (title, wanted) in [
            ("Total (USD)", "USD"),
            ("Total [€]", "EUR"),
            ("Price in GBP", "GBP"),
            ("Betrag EUR", "EUR"),
            ("Sum €", "EUR"),
            ("Price (Rs.)", "INR"),
            ("Total (US$)", "USD"),
        ] {
            assert_eq!(named(title).as_deref(), Some(wanted), "{title}");
        }
        for title in [
            "Total",
            "",
            "USD",
            "Total (net)",
            "Total ALL",
            "Total (all)",
            "Price (each)",
            "Tax R",
            "Tax LV",
            "Price (FR)",
            "Total (R)",
            "Order Tr",
            "Grand Total Rs",
            ")",
            "a)",
            "( )",
        ] {
            assert_eq!(named(title), None, "{title}");
        }
    }
}
