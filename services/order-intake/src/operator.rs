//! Who may do what only operators do: whoever has the operator's token, or, where none is set, whoever calls from this
//! very machine.

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};

use crate::{principal::bearer, problem::Problem, problem_kind::Kind};

/// What the log calls an operator. No token's subject goes there yet.
pub const OPERATOR: &str = "operator";

/// Headers that say that somebody else's request is passed on: the connection then proves nothing.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

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
        if allowed { Ok(()) } else { Err(Problem::new(Kind::OperatorOnly, how)) }
    }
}

fn has_token(headers: &HeaderMap, token: &SecretString) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(bearer).unwrap_or_default();
    // In constant time: how long a comparison takes must not tell how much of a guess was right.
    verify_slices_are_equal(sent.as_bytes(), token.expose_secret().as_bytes()).is_ok()
}

fn is_local(headers: &HeaderMap, peer: Option<IpAddr>) -> bool {
    let direct = !FORWARDED.iter().any(|name| headers.contains_key(*name));
    direct && peer.is_some_and(|address| address.to_canonical().is_loopback())
}
