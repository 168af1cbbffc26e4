//! The signature of a message: HMAC-SHA256 over its id, the time of sending and the body.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// What both sides know. Its text is `whsec_…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    pub fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }
    /// As the receiver is given it.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", BASE64_STANDARD.encode(self.0))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("whsec_…")
    }
}

/// The header `webhook-signature`: one signature for every secret that is valid now.
pub fn sign(secrets: &[Secret], id: &str, at_seconds: i64, body: &[u8]) -> String {
    let all = secrets.iter().filter_map(|secret| code(&secret.0, id, at_seconds, body));
    all.map(|code| format!("v1,{code}")).collect::<Vec<_>>().join(" ")
}

/// Every length of key is right for this code, so there always is one.
fn code(key: &[u8], id: &str, at_seconds: i64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{at_seconds}.").as_bytes());
    mac.update(body);
    Some(BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_comes_out() {
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = code(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn every_valid_secret_signs_and_none_is_shown() {
        let (old, new) = (Secret::of([1; 32]), Secret::of([2; 32]));
        let both = sign(&[new.clone(), old.clone()], "evt_1", 7, b"{}");
        let one = |secret: &Secret| sign(std::slice::from_ref(secret), "evt_1", 7, b"{}");
        assert_eq!(both, format!("{} {}", one(&new), one(&old)));
        assert_ne!(one(&new), sign(std::slice::from_ref(&new), "evt_1", 8, b"{}"));
        assert!(new.text().starts_with("whsec_AgIC") && !format!("{new:?}").contains("AgIC"));
    }
}
