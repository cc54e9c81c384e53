//! A TCP proxy that can withhold, delay and cut. One that knows Kafka's frames tells requests apart by what they ask for,
//! and the answers to them.

mod frames;
mod line;
mod rules;

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

pub use frames::api;
use line::Line;
pub use rules::{Answers, Mishap, Rules};

/// What it knows of what passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// Kafka's protocol.
    Kafka,
    /// Bytes.
    Anything,
}

/// A proxy. Its connections end when it is dropped.
pub struct Proxy {
    front: SocketAddr,
    rules: watch::Sender<Rules>,
    _serving: JoinSet<()>,
}

impl Proxy {
    /// Listens at `front` and leads to `behind`.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn start(front: SocketAddr, behind: SocketAddr, speaks: Speaks) -> Result<Self> {
        let listener = TcpListener::bind(front).await.with_context(|| format!("listening on {front}"))?;
        let front = listener.local_addr()?;
        let (rules, known) = watch::channel(Rules::default());
        let serving = JoinSet::from_iter([serve(listener, behind, speaks, known)]);
        Ok(Self { front, rules, _serving: serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn front(&self) -> SocketAddr {
        self.front
    }

    /// From now on these, also for connections that are open.
    pub fn rule(&self, rules: Rules) {
        self.rules.send_replace(rules);
    }

    /// Lets everything through.
    pub fn heal(&self) {
        self.rule(Rules::default());
    }
}

async fn serve(listener: TcpListener, behind: SocketAddr, speaks: Speaks, rules: watch::Receiver<Rules>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                connections.spawn(connect(client, behind, speaks, rules.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect(client: TcpStream, behind: SocketAddr, speaks: Speaks, rules: watch::Receiver<Rules>) {
    if rules.borrow().down {
        return;
    }
    let Ok(server) = TcpStream::connect(behind).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let line = Line::new(speaks, rules.clone());
    let mut rules = rules;
    // Whichever ends first ends the connection: nobody here half-closes.
    tokio::select! {
        _ = line.requests(from_client, to_server) => {}
        _ = line.answers(from_server, to_client) => {}
        _ = rules.wait_for(|rules| rules.down) => {}
    }
}
