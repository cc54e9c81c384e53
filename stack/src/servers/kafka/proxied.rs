//! A broker's listener behind a proxy: who asks it where the cluster is hears the address of the proxy in front of it, so
//! that everything between the two goes through there.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use super::super::folder::Folder;
use super::node::{Node, setting};
use crate::ports::free_port;

const LISTENER: &str = "PROXIED://";
const LISTENERS: &str = "listeners";
const ADVERTISED: &str = "advertised.listeners";

/// The two ends of a proxy that is the caller's to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proxied {
    /// Where clients are sent; nothing listens there yet.
    pub front: SocketAddr,
    /// Where the broker listens for the proxy.
    pub behind: SocketAddr,
}

/// Settings behind the others: of a setting's lines the last counts.
pub(super) fn properties(node: Node, port: u16, controller: &str) -> Result<String> {
    let (front, behind) = (free_port()?, free_port()?);
    let also = if node.is_first() { format!(",CONTROLLER://{controller}") } else { String::new() };
    Ok(format!(
        "
listeners=PLAINTEXT://127.0.0.1:{port}{also},{LISTENER}127.0.0.1:{behind}
{ADVERTISED}=PLAINTEXT://127.0.0.1:{port},{LISTENER}127.0.0.1:{front}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
"
    ))
}

/// The ends at the broker that runs with these settings: by them, since it may have had to try several ports.
pub(in crate::servers) fn ends(folder: &Folder, node: Node) -> Result<Proxied> {
    let settings = folder.path().join(node.name()).with_extension("properties");
    let end = |key: &str| -> Result<SocketAddr> {
        let listeners = setting(&settings, key)?;
        let (_, address) =
            listeners.split_once(LISTENER).context("the broker has no listener for a proxy")?;
        address.parse().context("a listener is host:port")
    };
    Ok(Proxied { front: end(ADVERTISED)?, behind: end(LISTENERS)? })
}
