//! What shows that an operator calls: the operator's token, or, where none is set, that the call comes from this very
//! machine.

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, header},
};
use secrecy::{ExposeSecret, SecretString};

use super::tokens::bearer;

/// What the log calls an operator.
pub const OPERATOR: &str = "operator";

/// Headers that say that somebody else's request is passed on: the connection then proves nothing.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Whether the request carries the operator's token.
#[must_use]
pub fn has_token(headers: &HeaderMap, token: &SecretString) -> bool {
    let sent = headers.get(header::AUTHORIZATION).and_then(bearer).unwrap_or_default();
    // In constant time: how long a comparison takes must not tell how much of a guess was right.
    verify_slices_are_equal(sent.as_bytes(), token.expose_secret().as_bytes()).is_ok()
}

/// Whether a request over a connection from `peer` comes from this machine, and not through a proxy on it.
#[must_use]
pub fn is_local(headers: &HeaderMap, peer: Option<IpAddr>) -> bool {
    let direct = !FORWARDED.iter().any(|name| headers.contains_key(*name));
    direct && peer.is_some_and(|address| address.is_loopback())
}

/// The other end of the connection, where known; an IPv4 address as such, also over an IPv6 socket.
#[must_use]
pub fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical())
}
