//! How often: named budgets per address, per key and per purpose, in a map that cannot grow without end.

use crate::base::error::{Error, Kind, Result};
use crate::web::client::Client;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keys kept for one budget. Those beyond share what is left over.
const KEYS_MAX: usize = 65_536;
const SHARDS: usize = 64;
/// Buckets that all further keys share.
const OVERFLOW: usize = 16;
/// Forgotten are keys that were quiet, this often.
const TIDY_S: u64 = 30;
/// An IPv6 customer has 65,536 networks; together they get this many times the budget of one.
const WIDE: u32 = 16;
/// Of what a key has for all addresses together no network takes more than this part.
const OF_ALL: u32 = 4;

/// What is counted. Each has its own allowance, so that search cannot use up sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Requests without a key, per network address.
    Address,
    /// Requests with an API key, per key.
    Key,
    /// Tries to sign in, per address and per account.
    SignIn,
    /// Searches in the box, per person or key.
    Search,
    /// Messages sent to the shop, per address. No network has more than a quarter of what the key has.
    Message,
    /// The same, per key.
    Messages,
}

/// Requests a minute for each budget; 0 switches one off. Section `[server.limits]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerMinute {
    pub address: u32,
    pub key: u32,
    pub sign_in: u32,
    pub search: u32,
    /// Of an address.
    pub message: u32,
    /// Of a key, from all addresses.
    pub messages: u32,
}

impl Default for PerMinute {
    fn default() -> Self {
        Self { address: 1_200, key: 600, sign_in: 10, search: 600, message: 5, messages: 60 }
    }
}

impl Budget {
    const ALL: [Self; 6] =
        [Self::Address, Self::Key, Self::SignIn, Self::Search, Self::Message, Self::Messages];

    /// The name in the `RateLimit` headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Key => "key",
            Self::SignIn => "sign-in",
            Self::Search => "search",
            Self::Message => "message",
            Self::Messages => "messages",
        }
    }
    fn per_minute(self, settings: &PerMinute) -> u32 {
        match self {
            Self::Address => settings.address,
            Self::Key => settings.key,
            Self::SignIn => settings.sign_in,
            Self::Search => settings.search,
            Self::Message => settings.message.min(Self::of_one_network(settings)),
            Self::Messages => settings.messages,
        }
    }
    /// What all networks of one customer have together.
    fn wide(self, settings: &PerMinute) -> u32 {
        let wide = self.per_minute(settings).saturating_mul(WIDE);
        if self == Self::Message { wide.min(Self::of_one_network(settings)) } else { wide }
    }
    /// Nobody shuts the contact form for all others: messages of one network leave most of the key's budget.
    fn of_one_network(settings: &PerMinute) -> u32 {
        if settings.messages == 0 { u32::MAX } else { (settings.messages / OF_ALL).max(1) }
    }
}

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Everybody behind a network address.
    At(Client),
    /// A key, a person, an account: anything with an id.
    Id([u8; 16]),
}

/// All budgets. Cheap to clone.
#[derive(Clone)]
pub struct Limits(Arc<[Option<Pair>; Budget::ALL.len()]>);

struct Pair {
    narrow: Limiter<DefaultClock>,
    wide: Limiter<DefaultClock>,
}

impl Limits {
    pub fn new(settings: &PerMinute) -> Self {
        let pair = |budget: Budget| {
            let quota = NonZeroU32::new(budget.per_minute(settings))?;
            let wide = NonZeroU32::new(budget.wide(settings))?;
            let clock = DefaultClock::default;
            Some(Pair {
                narrow: Limiter::new(budget.name(), quota, clock()),
                wide: Limiter::new(budget.name(), wide, clock()),
            })
        };
        Self(Arc::new(Budget::ALL.map(pair)))
    }

    /// Takes one request from a budget and notes on the request what is left, for the answer's headers.
    ///
    /// # Errors
    /// `too_many_requests` (429) with the seconds to wait.
    pub fn take(&self, request: &HttpRequest, budget: Budget, caller: Caller) -> Result<()> {
        let place = Budget::ALL.iter().position(|known| *known == budget);
        let Some(Some(pair)) = place.and_then(|at| self.0.get(at)) else {
            request.extensions_mut().insert(Unlimited);
            return Ok(());
        };
        // The wide one first: whoever has used that up adds no further keys.
        if let Caller::At(client) = caller
            && let Some(network) = client.wide_network()
        {
            pair.wide.take(network).0?;
        }
        let key = match caller {
            Caller::At(client) => client.network(),
            Caller::Id(id) => u128::from_be_bytes(id),
        };
        let (outcome, state) = pair.narrow.take(key);
        request.extensions_mut().insert(state);
        outcome
    }
}

/// A budget that is switched off was asked.
struct Unlimited;

/// Whether the request was taken from any budget.
pub(super) fn is_counted(request: &HttpRequest) -> bool {
    let noted = request.extensions();
    noted.contains::<RateState>() || noted.contains::<Unlimited>()
}

/// What is left of a budget, for the headers of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateState {
    name: &'static str,
    /// The same for every answer.
    policy: HeaderValue,
    remaining: u32,
    reset_s: u64,
}

/// Both headers as they may come together, for the documentation.
pub fn example() -> [String; 2] {
    let (name, quota) = (Budget::Key.name(), PerMinute::default().key);
    let remaining = quota.saturating_sub(28);
    [policy(name, quota), left(name, remaining, reset_s(quota, remaining))]
}

fn policy(name: &str, quota: u32) -> String {
    format!("\"{name}\";q={quota};w={}", WINDOW.as_secs())
}
fn left(name: &str, remaining: u32, reset_s: u64) -> String {
    format!("\"{name}\";r={remaining};t={reset_s}")
}
/// Seconds until all of a budget is back.
fn reset_s(quota: u32, remaining: u32) -> u64 {
    u64::from(quota.saturating_sub(remaining)) * WINDOW.as_secs() / u64::from(quota.max(1))
}

impl RateState {
    /// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers).
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let Self { name, policy, remaining, reset_s } = self;
        headers.insert(POLICY.clone(), policy.clone());
        if let Ok(left) = HeaderValue::try_from(left(name, *remaining, *reset_s)) {
            headers.insert(LEFT.clone(), left);
        }
    }
}

/// One budget for many keys, by governor's algorithm over a bounded map.
struct Limiter<C: Clock> {
    name: &'static str,
    quota: u32,
    policy: HeaderValue,
    limiter: RateLimiter<u128, Bounded, C, StateInformationMiddleware>,
    clock: C,
    born: Instant,
    tidied_s: AtomicU64,
}

const WINDOW: Duration = Duration::from_secs(60);
static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static LEFT: HeaderName = HeaderName::from_static("ratelimit");

impl<C: Clock + Clone> Limiter<C> {
    fn new(name: &'static str, quota: NonZeroU32, clock: C) -> Self {
        let limiter = RateLimiter::new(Quota::per_minute(quota), Bounded::new(KEYS_MAX), clock.clone());
        let quota = quota.get();
        let policy = HeaderValue::try_from(policy(name, quota));
        let policy = policy.unwrap_or_else(|_no_text| HeaderValue::from_static(""));
        Self { name, quota, policy, limiter, clock, born: Instant::now(), tidied_s: AtomicU64::new(0) }
    }

    fn take(&self, key: u128) -> (Result<()>, RateState) {
        self.tidy();
        let state = |remaining: u32| RateState {
            name: self.name,
            policy: self.policy.clone(),
            remaining,
            reset_s: reset_s(self.quota, remaining),
        };
        match self.limiter.check_key(&key) {
            Ok(snapshot) => (Ok(()), state(snapshot.remaining_burst_capacity())),
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now()).as_millis().div_ceil(1_000).max(1);
                let seconds = u32::try_from(wait).unwrap_or(u32::MAX);
                let message = format!("Too many requests. Try again in {seconds} s.");
                let mut error = Error::refuse(Kind::TooMany, "too_many_requests", message);
                error.retry_after_s = Some(seconds);
                (Err(error), state(0))
            }
        }
    }

    /// Forgets quiet keys twice a minute; governor itself never does.
    fn tidy(&self) {
        let now_s = self.born.elapsed().as_secs();
        let last = self.tidied_s.load(Ordering::Relaxed);
        let due = now_s >= last.saturating_add(TIDY_S);
        if due && self.tidied_s.compare_exchange(last, now_s, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }
}

/// Governor's state for at most so many keys.
struct Bounded {
    shards: Vec<Mutex<HashMap<u128, Nanos>>>,
    overflow: Vec<Mutex<Option<Nanos>>>,
    hasher: RandomState,
    count: AtomicUsize,
    max: usize,
}

impl Bounded {
    fn new(max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            overflow: (0..OVERFLOW).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            count: AtomicUsize::new(0),
            max,
        }
    }
    fn place(&self, key: u128, places: usize) -> usize {
        let hash = self.hasher.hash_one(key);
        usize::try_from(hash % places as u64).unwrap_or(0)
    }
}

impl StateStore for Bounded {
    type Key = u128;

    fn measure_and_replace<T, F, E>(&self, key: &u128, measure: F) -> std::result::Result<T, E>
    where
        F: Fn(Option<Nanos>) -> std::result::Result<(T, Nanos), E>,
    {
        if let Some(shard) = self.shards.get(self.place(*key, SHARDS)) {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(state) = shard.get_mut(key) {
                let (answer, next) = measure(Some(*state))?;
                *state = next;
                return Ok(answer);
            }
            if self.count.load(Ordering::Relaxed) < self.max {
                let (answer, next) = measure(None)?;
                shard.insert(*key, next);
                self.count.fetch_add(1, Ordering::Relaxed);
                return Ok(answer);
            }
        }
        let Some(cell) = self.overflow.get(self.place(*key, OVERFLOW)) else {
            return measure(None).map(|(answer, _)| answer);
        };
        let mut cell = cell.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, next) = measure(*cell)?;
        *cell = Some(next);
        Ok(answer)
    }
}

impl ShrinkableKeyedStateStore<u128> for Bounded {
    fn retain_recent(&self, drop_below: Nanos) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let before = shard.len();
            shard.retain(|_, state| *state > drop_below);
            self.count.fetch_sub(before - shard.len(), Ordering::Relaxed);
        }
    }
    fn shrink_to_fit(&self) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            if shard.capacity() > shard.len().saturating_mul(4).max(64) {
                shard.shrink_to_fit();
            }
        }
    }
    fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use governor::clock::FakeRelativeClock;

    fn limiter(quota: u32) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limiter::new("key", NonZeroU32::new(quota).unwrap(), clock.clone()), clock)
    }

    #[test]
    fn a_budget_is_used_up_and_fills_again() {
        let (limiter, clock) = limiter(3);
        for left in [2, 1, 0] {
            let (taken, state) = limiter.take(1);
            assert_eq!((taken.is_ok(), state.remaining), (true, left));
        }
        let (refused, state) = limiter.take(1);
        let error = refused.unwrap_err();
        assert_eq!(
            (error.kind, error.code, error.retry_after_s),
            (Kind::TooMany, "too_many_requests", Some(20))
        );
        assert_eq!((state.remaining, state.reset_s), (0, 60));
        assert!(limiter.take(2).0.is_ok(), "another key has its own budget");
        clock.advance(Duration::from_secs(21));
        assert!(limiter.take(1).0.is_ok());
    }

    #[test]
    fn a_million_keys_are_held_in_a_bounded_map_and_the_rest_shares() {
        let (limiter, clock) = limiter(2);
        let mut refused = 0_u32;
        for key in 0..200_000_u128 {
            refused += u32::from(limiter.take(key).0.is_err());
        }
        assert_eq!(limiter.limiter.len(), KEYS_MAX);
        assert!(refused > 100_000, "those beyond share {OVERFLOW} buckets: {refused}");
        assert!(limiter.take(1).0.is_ok(), "a known key keeps its own budget");
        clock.advance(Duration::from_secs(120));
        limiter.limiter.retain_recent();
        limiter.limiter.shrink_to_fit();
        assert_eq!(limiter.limiter.len(), 0);
    }

    #[test]
    fn what_is_left_stands_in_the_headers() {
        let limits = Limits::new(&PerMinute { search: 600, ..PerMinute::default() });
        let request = TestRequest::get().to_http_request();
        let client = Client("203.0.113.7".parse().unwrap());
        limits.take(&request, Budget::Search, Caller::At(client)).unwrap();
        let mut headers = HeaderMap::new();
        request.extensions().get::<RateState>().unwrap().write(&mut headers);
        assert_eq!(headers.get("ratelimit-policy").unwrap(), "\"search\";q=600;w=60");
        assert_eq!(headers.get("ratelimit").unwrap(), "\"search\";r=599;t=0");
    }

    #[test]
    fn the_example_is_what_a_budget_says_after_as_many_requests() {
        let quota = PerMinute::default().key;
        let (limiter, _clock) = limiter(quota);
        let (policy, left) = example().into();
        let said = (0..quota).find_map(|_| {
            let (_, state) = limiter.take(1);
            let mut headers = HeaderMap::new();
            state.write(&mut headers);
            (headers.get("ratelimit").unwrap() == left.as_str()).then_some(headers)
        });
        assert_eq!(said.unwrap().get("ratelimit-policy").unwrap(), policy.as_str());
        assert_eq!(left, "\"key\";r=572;t=2");
    }

    #[test]
    fn one_customer_s_many_ipv6_networks_share_a_wide_budget() {
        let limits = Limits::new(&PerMinute { sign_in: 2, ..PerMinute::default() });
        let request = TestRequest::get().to_http_request();
        let refused = (0..100)
            .filter(|n| {
                let client = Client(format!("2001:db8:1:{n:x}::1").parse().unwrap());
                limits.take(&request, Budget::SignIn, Caller::At(client)).is_err()
            })
            .count();
        assert_eq!(refused, 100 - 2 * WIDE as usize);
    }

    #[test]
    fn no_network_uses_up_what_a_key_has_for_all() {
        let request = TestRequest::get().to_http_request();
        let taken = |limits: &Limits, address: &dyn Fn(u32) -> String| {
            let client = |n| Caller::At(Client(address(n).parse().unwrap()));
            (0..500).filter(|n| limits.take(&request, Budget::Message, client(*n)).is_ok()).count()
        };
        let customer = |n: u32| format!("2001:db8:1:{n:x}::1");
        for (message, messages, of_network, of_address) in
            [(5, 60, 15, 5), (5, 8, 2, 2), (100, 60, 15, 15), (5, 2, 1, 1), (5, 0, 80, 5)]
        {
            let limits = Limits::new(&PerMinute { message, messages, ..PerMinute::default() });
            assert_eq!(taken(&limits, &customer), of_network, "{message} {messages}");
            assert_eq!(taken(&limits, &|_| "203.0.113.7".to_owned()), of_address, "{message} {messages}");
        }
    }

    #[test]
    fn a_budget_of_nothing_is_switched_off() {
        let limits = Limits::new(&PerMinute { search: 0, ..PerMinute::default() });
        let request = TestRequest::get().to_http_request();
        for _ in 0..100 {
            limits.take(&request, Budget::Search, Caller::Id([7; 16])).unwrap();
        }
    }
}
