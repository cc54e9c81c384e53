//! Who calls, and who of them is staff: may see what is other people's.

use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{
    Kind, Principal, Problem, Tokens,
    operator::{OPERATOR, has_token, is_local, peer},
};

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Whoever operates this service: has the operator's token, or, where none is set, calls from this very machine
    /// without a token. Staff; may name a reviewer.
    Operator,
    /// The subject of a token that holds the staff's scope.
    Staff(Principal),
    /// The subject of any other token. It proves who calls, and nothing about what they may see.
    Customer(Principal),
    /// Anybody else.
    Anonymous,
}

impl Caller {
    /// As it goes on the log.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Operator => OPERATOR,
            Self::Staff(principal) | Self::Customer(principal) => principal.as_str(),
            Self::Anonymous => Principal::ANONYMOUS,
        }
    }
}

/// Tells callers apart.
pub struct Callers {
    /// Checks tokens.
    pub tokens: Tokens,
    /// The scope of the staff's tokens.
    pub staff_scope: String,
    /// The operator's token, where one is set.
    pub operator_token: Option<SecretString>,
    /// The service's own kind of problem for whoever is not staff, answered with 403.
    pub refusal: &'static Kind,
}

impl Callers {
    /// Who sends a request with these headers, over this connection, at this moment.
    ///
    /// # Errors
    /// 401 for a token that proves nothing: it is never taken for nobody's.
    pub fn caller(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        now: Timestamp,
    ) -> Result<Caller, Problem> {
        if self.operator_token.as_ref().is_some_and(|token| has_token(headers, token)) {
            return Ok(Caller::Operator);
        }
        // A token goes before the place: a shop on this machine that passes its customers' tokens on makes no staff of
        // them.
        let principal = self.tokens.principal(headers, now)?;
        Ok(match principal {
            staff if staff.holds(&self.staff_scope) => Caller::Staff(staff),
            known if !known.is_anonymous() => Caller::Customer(known),
            _ if self.operator_token.is_none() && is_local(headers, peer(extensions)) => Caller::Operator,
            _ => Caller::Anonymous,
        })
    }

    /// As [`Self::caller`], staff only.
    ///
    /// # Errors
    /// 401 for a token that proves nothing, 403 for anybody who is not staff.
    pub fn staff(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        now: Timestamp,
    ) -> Result<Caller, Problem> {
        let caller = self.caller(headers, extensions, now)?;
        self.require_staff(&caller).map(|()| caller)
    }

    /// Lets staff pass.
    ///
    /// # Errors
    /// 403 for anybody else.
    pub fn require_staff(&self, caller: &Caller) -> Result<(), Problem> {
        match caller {
            Caller::Operator | Caller::Staff(_) => Ok(()),
            Caller::Customer(_) | Caller::Anonymous => Err(self.refuse(caller)),
        }
    }

    fn refuse(&self, caller: &Caller) -> Problem {
        let scope = &self.staff_scope;
        let how = format!(
            "send a token with the scope {scope}, or the operator's (Authorization: Bearer …), or call from the machine \
             itself, without a token, where no OPERATOR_TOKEN is set"
        );
        let problem = Problem::new(self.refusal, how);
        // RFC 6750, section 3.1: the token is good, and not good enough.
        let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
        match (caller, HeaderValue::from_str(&challenge)) {
            (Caller::Customer(_), Ok(challenge)) => problem.header(header::WWW_AUTHENTICATE, challenge),
            _ => problem,
        }
    }
}

/// Reads a scope: one word of visible ASCII without quotes and backslashes (RFC 6749, section 3.3).
///
/// # Errors
/// When it is none.
pub fn scope(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    if text.is_empty() || !text.bytes().all(allowed) {
        return Err("a scope is one word, such as orders:staff".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::scope;

    #[test]
    fn a_scope_is_one_word() {
        assert_eq!(scope("orders:staff").as_deref(), Ok("orders:staff"));
        for wrong in ["", " ", "orders:staff ", "a b", "a\"b", "a\\b", "ä"] {
            assert!(scope(wrong).is_err(), "{wrong:?}");
        }
    }
}
