//! Free ports for servers on the loopback address.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

// Below the range from which Linux (32768 up) and macOS (49152 up) take the ports of outgoing connections. A port
// from that range could be taken by any client while its server restarts, even by a client that reconnects to it:
// TCP lets a socket connect to itself.
const FIRST: u16 = 15_000;
const COUNT: u16 = 16_000;

static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
    // Each process starts somewhere else, so that test binaries running side by side rarely meet.
    let start = RandomState::new().hash_one(std::process::id()) % u64::from(COUNT);
    AtomicU16::new(start as u16)
});

/// A port nothing listens on, not given out before by this process. Another process may still take it before its
/// server binds it, so whoever starts a server tries again with another one.
///
/// # Errors
/// When every port of the range is taken.
pub fn free_port() -> Result<u16> {
    for _ in 0..COUNT {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port from {FIRST} to {}", FIRST + COUNT - 1)
}
