//! Passwords: which are accepted, in which form they are hashed, and what is kept of them.

use crate::base::error::{Error, Result};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;

/// Fewest characters of a new password of somebody who works in the shop, owner or staff.
pub const LEN_MIN: usize = 15;
/// Most bytes of any password. All of them count: nothing is cut off.
pub const BYTES_MAX: usize = 1_024;
/// From this score of zxcvbn on a password is accepted: "safely unguessable", at least 10⁸ guesses.
const SCORE_MIN: zxcvbn::Score = zxcvbn::Score::Three;
/// zxcvbn has a dictionary of common words, but knows nothing of shops.
const OWN_WORDS: &[&str] = &["backroom", "shop", "store", "admin", "owner", "webshop"];

/// The cost of one hash (OWASP's floor for argon2id): KiB of memory, passes, lanes.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_LEN: usize = 32;
const SALT_LEN: usize = 16;
/// A stored hash that wants more than this is damaged or planted.
const MEMORY_KIB_MAX: u32 = 65_536;

/// A password on its way to the hasher: never shown, not even by mistake.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Takes a password as it was typed. Two ways to write one letter (é as one sign or two) become one, since
    /// keyboards differ in that; nothing else is changed and nothing cut off. Any character is allowed, NUL too.
    ///
    /// # Errors
    /// `password_too_long` over 1,024 bytes.
    pub fn new(typed: &str) -> Result<Self> {
        let password: String = typed.nfc().collect();
        if typed.len() > BYTES_MAX || password.len() > BYTES_MAX {
            let text = format!("Use a password of at most {BYTES_MAX} bytes.");
            return Err(Error::invalid("password_too_long", text).on("/password"));
        }
        Ok(Self(password))
    }

    /// Whether it is good enough to be set. `words` are what a guesser tries first: the shop's name, the person's
    /// name and e-mail address. There are no rules on kinds of characters: they make passwords worse.
    ///
    /// # Errors
    /// `password_too_short` or `password_too_weak`, with a hint.
    pub fn check(&self, words: &[&str]) -> Result<()> {
        let count = self.0.chars().count();
        if count < LEN_MIN {
            let text = format!("Use at least {LEN_MIN} characters; this has {count}.");
            return Err(Error::invalid("password_too_short", text).on("/password"));
        }
        let pieces: Vec<String> = words.iter().flat_map(|text| pieces(text)).collect();
        let inputs: Vec<&str> = pieces.iter().map(String::as_str).chain(OWN_WORDS.iter().copied()).collect();
        // The words of a name with signs between them are that name: both spellings have to be good.
        let squeezed: String = self.0.chars().filter(|c| c.is_alphanumeric()).collect();
        let as_typed = zxcvbn::zxcvbn(&self.0, &inputs);
        let without_signs = zxcvbn::zxcvbn(&squeezed, &inputs);
        let entropy = if without_signs.score() < as_typed.score() { without_signs } else { as_typed };
        if entropy.score() >= SCORE_MIN {
            return Ok(());
        }
        let why = entropy.feedback().and_then(|f| f.warning()).map_or(String::new(), |w| format!(" {w}"));
        let text =
            format!("This password is easy to guess.{why} Three or four unrelated words are a good one.");
        Err(Error::invalid("password_too_weak", text).on("/password"))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A text and its words of three letters and more: `anna@berg-shop.de` also gives `anna`, `berg`, `shop`.
fn pieces(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() >= 3);
    let mut all: Vec<String> = words.map(str::to_owned).collect();
    all.push(lower.chars().filter(|c| c.is_alphanumeric()).collect());
    all.push(lower);
    all.retain(|word| !word.is_empty());
    all
}

/// The working memory of argon2, kept between hashes by the one thread that hashes.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// glibc gives memory back to the system at once only for pieces over 32 MB; more than that is asked for, and
    /// what is not touched is never there.
    const CAPACITY: usize = 33_000;

    fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.capacity() == 0 {
            self.0.reserve_exact(Self::CAPACITY.max(count));
        }
        if self.0.len() < count {
            self.0.resize_with(count, Block::new);
        }
        self.0.get_mut(..count).unwrap_or_default()
    }
    /// Gives the memory back until the next hash.
    pub(super) fn release(&mut self) {
        self.0 = Vec::new();
    }
    pub(super) fn is_held(&self) -> bool {
        self.0.capacity() > 0
    }
}

/// What came of comparing a password with a stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub right: bool,
    /// The stored hash was made at another cost than today's: make a new one.
    pub stale: bool,
}

/// The hash of a password in PHC form, with a new salt.
pub(super) fn hash(password: &Password, memory: &mut Memory) -> Result<String> {
    let salt: [u8; SALT_LEN] = rand::random();
    let params = params()?;
    let out = digest(password, &salt, params.clone(), memory)?;
    let fail = |e: argon2::password_hash::phc::Error| Error::internal(e.to_string());
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|e| Error::internal(e.to_string()))?,
        salt: Some(Salt::new(&salt).map_err(fail)?),
        hash: Some(Output::new(&out).map_err(fail)?),
    };
    Ok(hash.to_string())
}

/// Compares a password with a stored hash. Without one the same work is done and the answer is no: nobody learns
/// from the time which accounts there are.
pub(super) fn verify(password: &Password, stored: Option<&str>, memory: &mut Memory) -> Result<Verdict> {
    let Some(stored) = stored else {
        let out = digest(password, &[0; SALT_LEN], params()?, memory)?;
        // Compared all the same; the answer stays no.
        let _same: bool = out.ct_eq(&[0; HASH_LEN]).into();
        return Ok(Verdict { right: false, stale: false });
    };
    let damaged = || Error::internal("a stored password hash cannot be read");
    let hash = PasswordHash::new(stored).map_err(|e| damaged().because(e.to_string()))?;
    let params = Params::try_from(&hash).map_err(|e| damaged().because(e.to_string()))?;
    let known = hash.algorithm == Algorithm::Argon2id.ident() && params.m_cost() <= MEMORY_KIB_MAX;
    let (true, Some(salt), Some(expected)) = (known, hash.salt, hash.hash) else { return Err(damaged()) };
    let stale = (params.m_cost(), params.t_cost(), params.p_cost()) != (MEMORY_KIB, PASSES, LANES);
    let out = digest(password, salt.as_ref(), params, memory)?;
    Ok(Verdict { right: out.ct_eq(expected.as_bytes()).into(), stale })
}

fn params() -> Result<Params> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_LEN)).map_err(|e| Error::internal(e.to_string()))
}

fn digest(password: &Password, salt: &[u8], params: Params, memory: &mut Memory) -> Result<[u8; HASH_LEN]> {
    let blocks = memory.blocks(params.block_count());
    let mut out = [0; HASH_LEN];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.0.as_bytes(), salt, &mut out, blocks)
        .map_err(|e| Error::internal(format!("argon2: {e}")))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    #[test]
    fn a_password_is_right_or_wrong_in_its_whole_length() {
        let mut memory = Memory::default();
        let long = "ä".repeat(511);
        let stored = hash(&password(&long), &mut memory).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let mut right = |text: &str| verify(&password(text), Some(&stored), &mut memory).unwrap().right;
        assert!(right(&long));
        assert!(!right(&"ä".repeat(510)) && !right(&format!("{long}x")) && !right(""));
    }

    #[test]
    fn no_character_is_special_and_two_forms_of_one_letter_are_one() {
        let mut memory = Memory::default();
        for (set, typed) in
            [("a\0b\0c, twelve", "a\0b\0c, twelve"), ("é🔑 twelve xx", "e\u{301}🔑 twelve xx")]
        {
            let stored = hash(&password(set), &mut memory).unwrap();
            assert!(verify(&password(typed), Some(&stored), &mut memory).unwrap().right, "{set:?}");
            assert!(!verify(&password("a"), Some(&stored), &mut memory).unwrap().right);
        }
    }

    #[test]
    fn an_unknown_account_costs_the_same_and_is_wrong() {
        let mut memory = Memory::default();
        let verdict = verify(&password("whatever it is"), None, &mut memory).unwrap();
        assert!(!verdict.right && !verdict.stale);
        assert_eq!(memory.0.len(), 19_456, "the full memory was filled");
        memory.release();
        assert!(!memory.is_held());
    }

    #[test]
    fn a_hash_of_another_cost_is_still_read_and_said_to_be_stale() {
        let cheap =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, Some(32)).unwrap());
        let stored = argon2::PasswordHasher::hash_password(&cheap, b"correct horse").unwrap().to_string();
        let verdict = verify(&password("correct horse"), Some(&stored), &mut Memory::default()).unwrap();
        assert_eq!(verdict, Verdict { right: true, stale: true });
        for junk in
            ["", "x", "$argon2id$v=19$m=4000000,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"]
        {
            assert!(verify(&password("x"), Some(junk), &mut Memory::default()).is_err(), "{junk}");
        }
    }

    #[test]
    fn a_password_that_is_guessed_first_is_refused() {
        let words = ["Lumo Shop", "anna.berg@lumoshop.example", "Anna Berg"];
        for weak in [
            "passwordpassword1",
            "passwordpasswordpassword",
            "lumoshoplumoshop",
            "lumo-shop-lumo-shop",
            "annabergannaberg",
            "aaaaaaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(password(weak).check(&words).unwrap_err().code, "password_too_weak", "{weak}");
        }
        assert_eq!(password("K7#qp!9zK7#qx!").check(&words).unwrap_err().code, "password_too_short");
        assert_eq!(password("K7#qp!9z").check(&words).unwrap_err().code, "password_too_short");
        assert_eq!(password("🔑🔑🔑").check(&words).unwrap_err().code, "password_too_short");
        for good in
            ["blue otter counts tin roofs", "korrekt pferd batterie", &super::super::token::new_password()]
        {
            password(good).check(&words).unwrap();
        }
        // Only lower-case letters, or only digits: no rules on kinds of characters.
        password("vbqzwmkxtrjphgd").check(&words).unwrap();
        password("837164920571836").check(&words).unwrap();
    }

    #[test]
    fn length_is_limited_in_bytes_and_nothing_is_cut() {
        assert!(Password::new(&"x".repeat(1_024)).is_ok());
        assert_eq!(Password::new(&"x".repeat(1_025)).unwrap_err().code, "password_too_long");
        assert_eq!(Password::new(&"ä".repeat(513)).unwrap_err().code, "password_too_long");
        assert_eq!(format!("{:?}", password("secret")), "Password(…)");
    }
}
