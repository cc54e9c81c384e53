//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): one key, one effect.

use axum::http::HeaderMap;
use orderflow::http::{Principal, Problem};

use crate::{hashes::sha256_hex, problem_kind::KEY_INVALID};

/// Longest key.
const MAX_LENGTH: usize = 255;

/// The key of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header. The draft makes it a quoted string; a bare one, as most clients send it, is the same key.
    ///
    /// # Errors
    /// 400 when it is there more than once, empty, too long, or not visible ASCII.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(invalid("it is there more than once"));
        }
        let text = value.to_str().map_err(|_| invalid("only ASCII is allowed"))?.trim();
        let key = match text.strip_prefix('"') {
            Some(rest) => unquote(rest).ok_or_else(|| invalid("the quotes do not match"))?,
            None => text.to_owned(),
        };
        let visible = key.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if key.is_empty() || key.len() > MAX_LENGTH || !visible {
            return Err(invalid("1 to 255 visible ASCII characters, quoted or not"));
        }
        Ok(Some(Self(key)))
    }

    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its SHA-256 (hex): what the log carries.
    pub fn hash(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }
}

/// The inside of an RFC 8941 string whose opening quote is already gone.
fn unquote(rest: &str) -> Option<String> {
    let mut key = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(key),
            '\\' => key.push(chars.next().filter(|c| matches!(c, '"' | '\\'))?),
            plain => key.push(plain),
        }
    }
}

fn invalid(what: &str) -> Problem {
    Problem::new(&KEY_INVALID, format!("Idempotency-Key: {what}"))
}

/// Which claim a key is: what `<name>` is in the state's `idem:<name>`.
///
/// Anonymous callers share one name space without knowing of each other, so one's key must not block another's order:
/// their request's hash joins the name.
pub fn claim_name(principal: &str, key_hash: &str, request_hash: &str) -> String {
    let request = if principal == Principal::ANONYMOUS { request_hash } else { "" };
    sha256_hex([principal, key_hash, request].join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use rstest::rstest;

    use super::IdempotencyKey;

    #[rstest]
    #[case::bare("abc-1", Some("abc-1"))]
    #[case::quoted("\"abc-1\"", Some("abc-1"))]
    #[case::escaped(r#""a\"b\\""#, Some(r#"a"b\"#))]
    #[case::empty("", None)]
    #[case::empty_quoted("\"\"", None)]
    #[case::unclosed("\"abc", None)]
    #[case::more_after_the_quote("\"abc\"d", None)]
    #[case::bad_escape(r#""a\b""#, None)]
    fn a_quoted_key_is_the_bare_key(#[case] header: &str, #[case] key: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", HeaderValue::from_str(header).unwrap());
        let read = IdempotencyKey::read(&headers).ok().flatten();
        assert_eq!(read.as_ref().map(IdempotencyKey::as_str), key);
    }

    #[test]
    fn a_key_may_have_255_characters() {
        for (length, accepted) in [(255, true), (256, false)] {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", "k".repeat(length).parse().unwrap());
            assert_eq!(IdempotencyKey::read(&headers).is_ok(), accepted);
        }
    }
}
