//! A token proves who calls, or is refused: it is never quietly taken for nobody's.

use std::io::Write;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Expected, Principal, Tokens};
use crate::clock::Clock;

const SECRET: &[u8] = b"a secret of no less than 32 bytes, for tests";

fn tokens() -> Tokens {
    Tokens::hs256(file(SECRET).path(), &Expected::default()).unwrap()
}

fn now() -> Timestamp {
    Clock::system().now()
}

fn headers(authorization: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::AUTHORIZATION, authorization.parse().unwrap())])
}

fn signed(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> HeaderMap {
    headers(&format!("Bearer {}", encode(&Header::new(algorithm), claims, key).unwrap()))
}

fn hs256(claims: &Value) -> HeaderMap {
    signed(Algorithm::HS256, &EncodingKey::from_secret(SECRET), claims)
}

#[test]
fn without_a_token_a_caller_is_anonymous() {
    let principal = tokens().principal(&HeaderMap::new(), now()).unwrap();
    assert_eq!(principal, Principal::anonymous());
}

#[test]
fn a_good_token_names_its_subject() {
    let claims = json!({"sub": "shop-1", "exp": now().as_second() + 60, "aud": "anybody", "more": [1]});
    assert_eq!(tokens().principal(&hs256(&claims), now()).unwrap().as_str(), "shop-1");
}

#[rstest]
#[case::absent(json!(null), false)]
#[case::empty(json!(""), false)]
#[case::alone(json!("orders:staff"), true)]
#[case::among_others(json!("openid orders:staff profile"), true)]
#[case::another(json!("orders:read"), false)]
#[case::a_longer_one(json!("orders:staffing my-orders:staff"), false)]
#[case::in_capitals(json!("Orders:Staff"), false)]
#[case::by_commas(json!("openid,orders:staff"), false)]
#[case::a_list(json!(["orders:staff"]), false)]
fn a_scope_is_one_of_the_words_of_a_text(#[case] scope: Value, #[case] held: bool) {
    let claims = json!({"sub": "ada", "exp": now().as_second() + 60, "scope": scope});
    let principal = tokens().principal(&hs256(&claims), now()).unwrap();
    assert_eq!((principal.as_str(), principal.holds("orders:staff")), ("ada", held));
    assert!(!principal.holds(""));
}

#[rstest]
#[case::expired(json!({"sub": "a", "exp": -31}))]
#[case::too_early(json!({"sub": "a", "exp": 600, "nbf": 60}))]
#[case::without_end(json!({"sub": "a"}))]
#[case::without_subject(json!({"exp": 60}))]
#[case::empty_subject(json!({"sub": "", "exp": 60}))]
#[case::subject_anonymous(json!({"sub": "anonymous", "exp": 60}))]
#[case::subject_with_control(json!({"sub": "a\nb", "exp": 60}))]
fn a_token_that_does_not_hold_is_refused(#[case] mut claims: Value) {
    for name in ["exp", "nbf"] {
        if let Some(offset) = claims[name].as_i64() {
            claims[name] = json!(now().as_second() + offset);
        }
    }
    let problem = tokens().principal(&hs256(&claims), now()).unwrap_err();
    assert_eq!(problem.status(), 401);
    let (name, value) = &problem.headers()[0];
    assert_eq!(
        (name, value.as_bytes()),
        (&header::WWW_AUTHENTICATE, br#"Bearer error="invalid_token""#.as_slice())
    );
}

#[rstest]
#[case("Bearer")]
#[case("Bearer not.a.token")]
#[case("Basic YTpi")]
#[case("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjo5OTk5OTk5OTk5fQ.")]
fn an_odd_header_is_refused(#[case] authorization: &str) {
    assert_eq!(tokens().principal(&headers(authorization), now()).unwrap_err().status(), 401);
}

#[test]
fn a_token_expires_by_the_given_time() {
    let headers = hs256(&json!({"sub": "a", "exp": now().as_second() + 60}));
    let at = |seconds| tokens().principal(&headers, now() + jiff::SignedDuration::from_secs(seconds));
    assert!(at(0).is_ok() && at(80).is_ok(), "within the leeway");
    assert!(at(100).is_err());
}

#[test]
fn without_a_key_every_token_is_refused() {
    let claims = json!({"sub": "a", "exp": 9_999_999_999_i64});
    assert_eq!(Tokens::refused().principal(&hs256(&claims), now()).unwrap_err().status(), 401);
}

#[test]
fn issuer_and_audience_are_checked_where_set() {
    let expected = Expected { issuer: Some("idp".into()), audience: Some("orders".into()) };
    let tokens = Tokens::hs256(file(SECRET).path(), &expected).unwrap();
    let claims = |iss: &str, aud: &str| json!({"sub": "a", "exp": 9_999_999_999_i64, "iss": iss, "aud": aud});
    assert!(tokens.principal(&hs256(&claims("idp", "orders")), now()).is_ok());
    assert!(tokens.principal(&hs256(&claims("other", "orders")), now()).is_err());
    assert!(tokens.principal(&hs256(&claims("idp", "other")), now()).is_err());
    assert!(tokens.principal(&hs256(&json!({"sub": "a", "exp": 9_999_999_999_i64})), now()).is_err());
}

#[test]
fn public_keys_check_es256_and_rs256_and_nothing_else() {
    let claims = json!({"sub": "a", "exp": 9_999_999_999_i64});
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let ec_pem = pem(AsDer::<PublicKeyX509Der>::as_der(ec.public_key()).unwrap().as_ref());
    let ec_key = EncodingKey::from_ec_der(ec.to_pkcs8v1().unwrap().as_ref());
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa_pem = pem(AsDer::<PublicKeyX509Der>::as_der(rsa.public_key()).unwrap().as_ref());
    let rsa_pkcs8 = pem_of("PRIVATE KEY", AsDer::<Pkcs8V1Der>::as_der(&rsa).unwrap().as_ref());
    let rsa_key = EncodingKey::from_rsa_pem(rsa_pkcs8.as_bytes()).unwrap();

    let tokens = |pem: &str| Tokens::public_key(file(pem.as_bytes()).path(), &Expected::default());
    let (by_ec, by_rsa) = (tokens(&ec_pem).unwrap(), tokens(&rsa_pem).unwrap());
    assert_eq!(by_ec.principal(&signed(Algorithm::ES256, &ec_key, &claims), now()).unwrap().as_str(), "a");
    assert_eq!(by_rsa.principal(&signed(Algorithm::RS256, &rsa_key, &claims), now()).unwrap().as_str(), "a");
    assert!(by_ec.principal(&signed(Algorithm::RS256, &rsa_key, &claims), now()).is_err());
    // The old trick: a public key used as the secret of an HMAC.
    let forged = EncodingKey::from_secret(rsa_pem.as_bytes());
    assert!(by_rsa.principal(&signed(Algorithm::HS256, &forged, &claims), now()).is_err());
    assert!(tokens("neither").is_err());
}

#[test]
fn a_short_secret_is_refused() {
    assert!(Tokens::hs256(file(b"short").path(), &Expected::default()).is_err());
}

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

fn pem(der: &[u8]) -> String {
    pem_of("PUBLIC KEY", der)
}

fn pem_of(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in der.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = char::from(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize]);
            text.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
