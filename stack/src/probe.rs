//! Asking a server, in its own protocol, whether it serves.

use std::net::SocketAddr;
use std::sync::LazyLock;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
