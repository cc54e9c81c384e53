//! Asking a server, in its own protocol, whether it serves.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How often a server that is starting is asked.
const POLL: Duration = Duration::from_millis(30);
/// A probe may hang in a process that accepts and then says nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks `probe` until it says yes.
///
/// # Errors
/// At once when `ended` says that there is nobody to ask any more, and how it ended; else after `timeout`.
pub(crate) async fn ready_when<P, F>(
    timeout: Duration,
    ended: impl Fn() -> Option<String>,
    probe: P,
) -> Result<()>
where
    P: Fn() -> F,
    F: Future<Output = bool>,
{
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(how) = ended() {
            bail!("ended while starting ({how})");
        }
        if tokio::time::timeout(PATIENCE, probe()).await.unwrap_or(false) {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("is not ready after {timeout:?}");
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The question a ready server answers.
#[derive(Clone, Debug)]
pub(crate) enum Probe {
    /// Send these bytes, expect an answer that `accepts`.
    Tcp { at: SocketAddr, ask: &'static [u8], accepts: fn(&[u8]) -> bool },
    /// GET this URL.
    Http(String),
}

impl Probe {
    pub(crate) async fn ask(&self) -> bool {
        match self {
            Self::Tcp { at, ask, accepts } => answer(*at, ask).await.is_ok_and(|answer| accepts(&answer)),
            Self::Http(url) => http_ok(url).await,
        }
    }
}

async fn answer(at: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(at).await?;
    stream.write_all(question).await?;
    let mut bytes = vec![0; 64];
    let length = stream.read(&mut bytes).await?;
    bytes.truncate(length);
    Ok(bytes)
}

/// Whether a GET of `url` is answered with a success.
pub(crate) async fn http_ok(url: &str) -> bool {
    // No proxy: these are loopback addresses. No kept connections: they would belong to one tokio runtime.
    static CLIENT: LazyLock<Option<reqwest::Client>> =
        LazyLock::new(|| reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().ok());
    let Some(client) = CLIENT.as_ref() else { return false };
    client.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
}
