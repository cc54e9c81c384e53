//! Who may do what only operators do: whoever has the operator's token, or, where none is set, whoever calls from this
//! very machine.

use std::net::IpAddr;

use axum::http::HeaderMap;
use orderflow::http::{
    Problem,
    operator::{has_token, is_local},
};
use secrecy::SecretString;

use crate::problem_kind::OPERATOR_ONLY;

/// Checks operators.
pub struct Operators {
    token: Option<SecretString>,
}

impl Operators {
    /// With the operator's token, where one is set.
    pub fn new(token: Option<SecretString>) -> Self {
        Self { token }
    }

    /// Lets an operator pass. `peer` is the other end of the connection, where known.
    ///
    /// # Errors
    /// 403.
    pub fn require(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<(), Problem> {
        let (allowed, how) = match &self.token {
            Some(token) => (has_token(headers, token), "send the operator's token: Authorization: Bearer …"),
            None => {
                (is_local(headers, peer), "call from the machine itself, or set OPERATOR_TOKEN and send it")
            }
        };
        if allowed { Ok(()) } else { Err(Problem::new(&OPERATOR_ONLY, how)) }
    }
}
