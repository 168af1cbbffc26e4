//! Random numbers that are the same on every machine and in every version: `SplitMix64`, and nothing else.

/// The step of `SplitMix64`: 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers that depends on its seeds only.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The stream of one thing: `kind` keeps things with the same number apart.
    pub(super) fn of(seed: u64, kind: u64, number: u64) -> Self {
        let mut dice = Self(seed ^ kind.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let mixed = dice.next();
        Self(mixed ^ number.wrapping_mul(GOLDEN))
    }
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// 0 to `end - 1`, all alike; 0 when `end` is 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }
    /// 0 to `end - 1`, the small ones more often: of a thousand the first comes up every thirtieth time.
    pub(super) fn low_below(&mut self, end: u64) -> u64 {
        let u = u128::from(self.next());
        ((((u * u) >> 64) * u128::from(end)) >> 64) as u64
    }
    /// `from` to `to`, both included.
    pub(super) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }
    /// True `per_mille` times of a thousand.
    pub(super) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = self.below(list.len() as u64) as usize;
        list.get(at)
    }
    /// Like [`Dice::pick`], those at the front more often.
    pub(super) fn pick_low<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = self.low_below(list.len() as u64) as usize;
        list.get(at)
    }
    /// One of some words.
    pub(super) fn word<'a>(&mut self, list: &[&'a str]) -> &'a str {
        self.pick(list).copied().unwrap_or_default()
    }
    /// One of weighted choices: the weights are summed up each time, so keep the list short.
    pub(super) fn weighted<T: Copy>(&mut self, choices: &[(u64, T)], otherwise: T) -> T {
        let mut left = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *choice,
            }
        }
        otherwise
    }
    /// Adds `pattern` to `out`, with `#` a digit, `%` one that is not 0 and `@` a capital letter.
    pub(super) fn fill(&mut self, pattern: &str, out: &mut String) {
        let mut pool = 0_u64;
        let mut left = 0_u32;
        for c in pattern.chars() {
            let (base, first) = match c {
                '#' => (10, b'0'),
                '%' => (9, b'1'),
                '@' => (26, b'A'),
                other => {
                    out.push(other);
                    continue;
                }
            };
            if left == 0 {
                (pool, left) = (self.next() >> 8, 10);
            }
            out.push(char::from(first + (pool % base) as u8));
            pool /= base;
            left -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_never_change() {
        let mut dice = Dice::of(1, 2, 3);
        let drawn: Vec<u64> = (0..4).map(|_| dice.below(1_000_000)).collect();
        assert_eq!(drawn, [708_809, 163_088, 481_149, 161_585]);
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut dice = Dice::of(7, 7, 7);
        let mut low = 0;
        for _ in 0..10_000 {
            assert!(dice.below(7) < 7 && dice.low_below(9) < 9);
            assert!((3..=5).contains(&dice.between(3, 5)));
            low += u64::from(dice.low_below(1_000) < 10);
        }
        assert!((800..1_200).contains(&low), "{low}");
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn a_pattern_is_filled_with_digits_and_letters() {
        let mut out = String::new();
        Dice::of(1, 1, 1).fill("+49 %## @@", &mut out);
        assert!(out.starts_with("+49 ") && out.len() == 10 && !out.contains(['#', '@', '%']));
    }
}
