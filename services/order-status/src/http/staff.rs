//! Who may see other people's orders and decide reviews: whoever shows a valid token or the operator's, and, where no
//! operator's token is set, whoever calls from this very machine.

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, header},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{
    kind::Kind,
    principal::{Principal, Tokens, bearer},
    problem::Problem,
};

/// Headers that say that somebody else's request is passed on: the connection then proves nothing.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The subject of a valid token.
    Known(Principal),
    /// Whoever operates this service; may name a reviewer.
    Operator,
    /// Anybody else.
    Anonymous,
}

impl Caller {
    /// As it goes on the log.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(principal) => principal.as_str(),
            Self::Operator => "operator",
            Self::Anonymous => Principal::ANONYMOUS,
        }
    }

    /// Lets staff pass.
    ///
    /// # Errors
    /// 403.
    pub fn require_staff(self) -> Result<Self, Problem> {
        let how = "send a token (Authorization: Bearer …), or call from the machine itself where no OPERATOR_TOKEN \
                   is set";
        if self == Self::Anonymous { Err(Problem::new(Kind::StaffOnly, how)) } else { Ok(self) }
    }
}

/// Tells callers apart.
pub struct Callers {
    tokens: Tokens,
    operator_token: Option<SecretString>,
}

impl Callers {
    /// With the key that checks tokens, and the operator's token, where one is set.
    pub fn new(tokens: Tokens, operator_token: Option<SecretString>) -> Self {
        Self { tokens, operator_token }
    }

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
        if self.operator_token.as_ref().is_some_and(|token| carries(headers, token)) {
            return Ok(Caller::Operator);
        }
        let principal = self.tokens.principal(headers, now)?;
        Ok(match principal {
            known if !known.is_anonymous() => Caller::Known(known),
            _ if self.operator_token.is_none() && is_local(headers, extensions) => Caller::Operator,
            _ => Caller::Anonymous,
        })
    }
}

fn carries(headers: &HeaderMap, token: &SecretString) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(bearer).unwrap_or_default();
    // In constant time: how long a comparison takes must not tell how much of a guess was right.
    verify_slices_are_equal(sent.as_bytes(), token.expose_secret().as_bytes()).is_ok()
}

fn is_local(headers: &HeaderMap, extensions: &Extensions) -> bool {
    let connection = extensions.get::<ConnectInfo<SocketAddr>>();
    let peer: Option<IpAddr> = connection.map(|ConnectInfo(address)| address.ip().to_canonical());
    let direct = !FORWARDED.iter().any(|name| headers.contains_key(*name));
    direct && peer.is_some_and(|address| address.is_loopback())
}
