//! Whether a callback comes from the gateway: Stripe's signature (<https://docs.stripe.com/webhooks#verify-manually>), an
//! HMAC-SHA256 of the time and the body under a secret that only the two of us know.

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

/// How far the time of a signature may be from now: whoever has overheard a callback cannot send it again after that.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

/// The secrets that count. Several while one is replaced by the next.
pub struct Secrets(Vec<hmac::Key>);

/// Why a callback is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disbelief {
    /// It has no signature, or one that says nothing.
    Malformed,
    /// It was not signed with any of our secrets, or is not what was signed.
    Forged,
    /// It was signed too long ago, or will be.
    OutOfTime,
}

impl Secrets {
    /// These secrets.
    #[must_use]
    pub fn new(secrets: &[SecretString]) -> Self {
        let key =
            |secret: &SecretString| hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        Self(secrets.iter().map(key).collect())
    }

    /// Checks the header `Stripe-Signature` of this body.
    ///
    /// # Errors
    /// Why it is not believed. The time is looked at last: a forged one says nothing.
    pub fn check(&self, header: &str, body: &[u8], now: Timestamp) -> Result<(), Disbelief> {
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let (_, at) = parts().find(|(name, _)| *name == "t").ok_or(Disbelief::Malformed)?;
        let seconds: i64 = at.parse().map_err(|_| Disbelief::Malformed)?;
        let signed_at = Timestamp::from_second(seconds).map_err(|_| Disbelief::Malformed)?;
        let signed = [at.as_bytes(), b".", body].concat();
        let mut signatures =
            parts().filter(|(name, _)| *name == "v1").filter_map(|(_, text)| hex::decode(text).ok());
        // `verify` takes as long for a wrong signature as for a right one.
        let is_ours =
            |signature: &Vec<u8>| self.0.iter().any(|key| hmac::verify(key, &signed, signature).is_ok());
        if !signatures.any(|signature| is_ours(&signature)) {
            return Err(Disbelief::Forged);
        }
        if now.duration_since(signed_at).abs() > TOLERANCE {
            return Err(Disbelief::OutOfTime);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const AT: i64 = 1_764_590_460;

    fn secrets(texts: &[&str]) -> Secrets {
        Secrets::new(&texts.iter().map(|text| SecretString::from(*text)).collect::<Vec<_>>())
    }

    fn signature(secret: &str, at: i64, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hex::encode(hmac::sign(&key, &[format!("{at}.").as_bytes(), body].concat()))
    }

    fn check(secrets: &Secrets, header: &str, after: i64) -> Result<(), Disbelief> {
        secrets.check(header, BODY, Timestamp::from_second(AT + after).unwrap())
    }

    /// Made by `printf '1764590460.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test`.
    #[test]
    fn a_signature_made_elsewhere_is_believed() {
        let made = "0c2a97c463a662523af083a989aafc7be1d8ccf5be92511e8a3c74875905495b";
        assert_eq!(check(&secrets(&["whsec_test"]), &format!("t={AT},v1={made}"), 0), Ok(()));
    }

    #[rstest]
    #[case::in_time(300, Ok(()))]
    #[case::of_a_clock_ahead(-300, Ok(()))]
    #[case::too_late(301, Err(Disbelief::OutOfTime))]
    #[case::too_early(-301, Err(Disbelief::OutOfTime))]
    fn a_signature_holds_for_five_minutes(#[case] after: i64, #[case] expected: Result<(), Disbelief>) {
        let header = format!("t={AT},v1={},v0=00", signature("a", AT, BODY));
        assert_eq!(check(&secrets(&["a"]), &header, after), expected);
    }

    #[test]
    fn while_a_secret_is_replaced_either_counts_on_both_sides() {
        let (old, new) = (signature("old", AT, BODY), signature("new", AT, BODY));
        let both = format!("t={AT},v1={old},v1={new}");
        for (ours, header) in [
            (vec!["old", "new"], format!("t={AT},v1={old}")),
            (vec!["old", "new"], format!("t={AT},v1={new}")),
            (vec!["new"], both),
        ] {
            assert_eq!(check(&secrets(&ours), &header, 0), Ok(()));
        }
    }

    #[rstest]
    #[case::other_secret(format!("t={AT},v1={}", signature("b", AT, BODY)), Disbelief::Forged)]
    #[case::other_body(format!("t={AT},v1={}", signature("a", AT, b"{}")), Disbelief::Forged)]
    #[case::other_time(format!("t={},v1={}", AT + 1, signature("a", AT, BODY)), Disbelief::Forged)]
    #[case::other_scheme(format!("t={AT},v0={}", signature("a", AT, BODY)), Disbelief::Forged)]
    #[case::half(format!("t={AT},v1={}", &signature("a", AT, BODY)[..32]), Disbelief::Forged)]
    #[case::empty(format!("t={AT},v1="), Disbelief::Forged)]
    #[case::no_time(format!("v1={}", signature("a", AT, BODY)), Disbelief::Malformed)]
    #[case::no_number("t=now,v1=00".to_owned(), Disbelief::Malformed)]
    #[case::nothing(String::new(), Disbelief::Malformed)]
    fn what_is_not_signed_by_the_gateway_is_not_believed(#[case] header: String, #[case] why: Disbelief) {
        assert_eq!(check(&secrets(&["a"]), &header, 0), Err(why));
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        let header = format!("t={AT},v1={}", signature("", AT, BODY));
        assert_eq!(check(&secrets(&[]), &header, 0), Err(Disbelief::Forged));
    }
}
