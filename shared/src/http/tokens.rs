//! JSON Web Tokens (RFC 7519): who calls, and what the token allows.

use std::path::Path;

use anyhow::Context as _;
use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::Value;

use super::{Principal, Problem, kind::INVALID_TOKEN};

/// How far the clocks of the token's maker and ours may be apart, in seconds.
const LEEWAY: i64 = 30;

/// Checks tokens against the configured key.
pub struct Tokens {
    key: Option<(DecodingKey, Validation)>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    /// A text (RFC 9068, section 2.2.3). Whatever else an issuer puts there allows nothing, and proves the subject still.
    #[serde(default)]
    scope: Value,
}

/// What a token must say beside its signature.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// `iss`.
    pub issuer: Option<String>,
    /// `aud`.
    pub audience: Option<String>,
}

impl Tokens {
    /// No key: every token is refused, callers without one are anonymous.
    #[must_use]
    pub fn refused() -> Self {
        Self { key: None }
    }

    /// HS256 tokens, under the secret in a file.
    ///
    /// # Errors
    /// When the file cannot be read or the secret is shorter than the hash (RFC 7518, section 3.2).
    pub fn hs256(path: &Path, expected: &Expected) -> anyhow::Result<Self> {
        let secret =
            std::fs::read(path).with_context(|| format!("cannot read the JWT key {}", path.display()))?;
        let secret = secret.trim_ascii();
        anyhow::ensure!(secret.len() >= 32, "the JWT key {} must have at least 32 bytes", path.display());
        Ok(Self::with(DecodingKey::from_secret(secret), Algorithm::HS256, expected))
    }

    /// RS256 or ES256 tokens, under the public key in a PEM file; the key says which.
    ///
    /// # Errors
    /// When the file cannot be read or holds neither.
    pub fn public_key(path: &Path, expected: &Expected) -> anyhow::Result<Self> {
        let pem =
            std::fs::read(path).with_context(|| format!("cannot read the JWT key {}", path.display()))?;
        if let Ok(key) = DecodingKey::from_ec_pem(&pem) {
            return Ok(Self::with(key, Algorithm::ES256, expected));
        }
        let key = DecodingKey::from_rsa_pem(&pem).with_context(|| {
            format!("the JWT key {} is neither an EC nor an RSA public key (PEM)", path.display())
        })?;
        Ok(Self::with(key, Algorithm::RS256, expected))
    }

    fn with(key: DecodingKey, algorithm: Algorithm, expected: &Expected) -> Self {
        // One algorithm per key: the token never chooses how it is checked.
        let mut validation = Validation::new(algorithm);
        // The library asks the system's clock; ours can be moved.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = expected.audience.is_some();
        let mut required = vec!["exp", "sub"];
        if let Some(audience) = &expected.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = &expected.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        Self { key: Some((key, validation)) }
    }

    /// Who sends a request with these headers, at this moment.
    ///
    /// # Errors
    /// 401 for a token that proves nothing: it is never taken for `anonymous`.
    pub fn principal(&self, headers: &HeaderMap, now: Timestamp) -> Result<Principal, Problem> {
        let Some(header) = headers.get(header::AUTHORIZATION) else { return Ok(Principal::anonymous()) };
        let token =
            bearer(header).ok_or_else(|| invalid("the Authorization header is not `Bearer <token>`"))?;
        let Some((key, validation)) = &self.key else {
            return Err(invalid("this service has no key to check tokens with: call without one"));
        };
        // Why a signature fails is not told: it would help whoever tries to forge one.
        let claims = decode::<Claims>(token, key, validation)
            .map_err(|_| invalid("the token is malformed, signed by another key, or lacks exp or sub"))?
            .claims;
        in_time(&claims, now)?;
        subject(claims)
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750).
pub(super) fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn in_time(claims: &Claims, now: Timestamp) -> Result<(), Problem> {
    let now = now.as_second();
    if claims.exp.saturating_add(LEEWAY) <= now {
        return Err(invalid("the token has expired"));
    }
    if claims.nbf.is_some_and(|nbf| nbf.saturating_sub(LEEWAY) > now) {
        return Err(invalid("the token is not valid yet"));
    }
    Ok(())
}

fn subject(Claims { sub, scope, .. }: Claims) -> Result<Principal, Problem> {
    let readable = (1..=255).contains(&sub.len()) && !sub.chars().any(char::is_control);
    if !readable || sub == Principal::ANONYMOUS {
        return Err(invalid("the token's subject must have 1 to 255 characters and not be `anonymous`"));
    }
    Ok(Principal::known(sub, scope.as_str().unwrap_or_default()))
}

fn invalid(detail: &str) -> Problem {
    let challenge = HeaderValue::from_static(r#"Bearer error="invalid_token""#);
    Problem::new(&INVALID_TOKEN, detail).header(header::WWW_AUTHENTICATE, challenge)
}
