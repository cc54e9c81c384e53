//! Signs webhooks as Standard Webhooks has it (<https://www.standardwebhooks.com>): HMAC-SHA256 of id, time and body under
//! a secret that only the two of us know.

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use orderflow::fault::Fault;
use secrecy::zeroize::Zeroizing;

/// Bytes of a new secret; the specification wants 24 to 64.
const LENGTH: usize = 32;

/// A signing secret. `Debug` shows nothing.
pub struct Secret(Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// `Fatal` when the system has no randomness to give.
    pub fn new() -> Result<Self, Fault> {
        let mut bytes = Zeroizing::new(vec![0; LENGTH]);
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| Fault::fatal("seal_failed", "there is no randomness for a secret"))?;
        Ok(Self(bytes))
    }

    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As its receiver is told it, once.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("whsec_{}", STANDARD.encode(&self.0)))
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed)))
    }
}

/// The header `webhook-signature`: one signature for each secret that counts. `timestamp`: seconds since 1970.
#[must_use]
pub fn header(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::of(Zeroizing::new(STANDARD.decode(text).unwrap()))
    }

    /// The vector of the specification's own libraries.
    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let secrets = [secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
        let body = br#"{"test": 2432232314}"#;
        let signed = header(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let both = [secret("AAAA"), secret("BBBB")];
        let signed = header(&both, "id", 1, b"{}");
        let alone: Vec<String> = both.iter().map(|one| one.sign("id", 1, b"{}")).collect();
        assert_eq!(signed.split(' ').collect::<Vec<_>>(), alone);
        assert_ne!(alone[0], alone[1]);
    }

    #[test]
    fn a_new_secret_is_told_as_the_specification_says_and_never_by_debug() {
        let new = Secret::new().unwrap();
        let text = new.text();
        let bytes = STANDARD.decode(text.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(bytes.len(), LENGTH);
        assert!(bytes == new.bytes() && bytes != Secret::new().unwrap().bytes());
        assert_eq!(format!("{new:?}"), "Secret(…)");
    }

    proptest! {
        #[test]
        fn another_body_time_or_id_has_another_signature(
            body in proptest::collection::vec(any::<u8>(), 0..64),
            at in 0..i64::MAX / 2,
            change in 0..3usize,
        ) {
            let secret = secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
            let mut other = (body.clone(), at, "id");
            match change {
                0 => other.0.push(0),
                1 => other.1 += 1,
                _ => other.2 = "di",
            }
            prop_assert_ne!(secret.sign("id", at, &body), secret.sign(other.2, other.1, &other.0));
        }
    }
}
