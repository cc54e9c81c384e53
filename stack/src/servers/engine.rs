//! The container engine of this machine.
//!
//! All talk with it runs on a runtime of its own: a container outlives the runtime of the test that started it, its log
//! is followed meanwhile, and it is removed in a `drop`, where nothing can be awaited.

use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testcontainers::bollard::Docker;
use testcontainers::core::client::docker_client_instance;
use tokio::runtime::{Builder, Runtime};

use crate::prerequisites::find;

/// An engine of this machine answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).thread_name("engine").enable_all().build()
});

/// Whether an engine of this machine answers. Asked once.
pub(super) fn answers() -> bool {
    static ANSWERS: LazyLock<bool> = LazyLock::new(|| ask().is_ok());
    *ANSWERS
}

/// Its version and where its command is, or why there is none.
///
/// # Errors
/// One line with the way out.
pub(super) fn ask() -> Result<String> {
    let docker = find("docker").context("no container engine: docker is not on the path")?;
    // Ports are published on this machine's loopback address.
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    ensure!(
        host.is_empty() || host.starts_with("unix:"),
        "the container engine of DOCKER_HOST is not this machine's"
    );
    block_on(async move {
        let version = async { anyhow::Ok(client().await?.version().await?) };
        let version = tokio::time::timeout(PATIENCE, version).await;
        let version = version.context("the container engine does not answer")?;
        let version = version.context("no container engine answers (is its daemon running?)")?;
        Ok(format!("engine {} ({})", version.version.unwrap_or_default(), docker.display()))
    })
}

/// A client of it.
///
/// # Errors
/// When there is no engine's socket.
pub(super) async fn client() -> Result<Docker> {
    docker_client_instance().await.context("no client of the container engine")
}

/// Awaits work that is done on the engine's runtime.
///
/// # Errors
/// What the work says.
pub(super) async fn run<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    runtime()?.spawn(work).await?
}

/// The same for whoever cannot await; the engine's answers take milliseconds.
///
/// # Errors
/// What the work says.
pub(super) fn block_on<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let (tell, told) = mpsc::sync_channel(1);
    spawn(async move {
        let _ = tell.send(work.await);
    })?;
    told.recv().context("the work has panicked")?
}

/// Lets work go on beside everything.
///
/// # Errors
/// When there are no threads left.
pub(super) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Result<()> {
    runtime()?.spawn(work);
    Ok(())
}

fn runtime() -> Result<&'static Runtime> {
    RUNTIME.as_ref().map_err(|error| anyhow::anyhow!("no runtime for the container engine: {error}"))
}
