//! One server in a container: made, stopped, started again in its place, and gone with whoever made it.

use std::fs::File;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::StreamExt;
use testcontainers::bollard::models::ContainerStateStatusEnum;
use testcontainers::bollard::query_parameters::{
    InspectContainerOptions, KillContainerOptions, LogsOptionsBuilder,
};
use testcontainers::core::IntoContainerPort;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt};
use uuid::Uuid;

use super::engine;
use crate::watchdog::Watchdog;

/// For an image that is not there yet, over a slow line.
const FETCHED_WITHIN: Duration = Duration::from_mins(10);

/// The label that says whose container it is: `docker ps --filter label=orderflow.parent=<process id>`.
const PARENT: &str = "orderflow.parent";

type Made = ContainerAsync<GenericImage>;

/// What to run.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    pub(super) name: &'static str,
    pub(super) tag: &'static str,
    pub(super) args: Vec<&'static str>,
    pub(super) env: Vec<(&'static str, String)>,
    /// Files to put in: their path there and their text.
    pub(super) files: Vec<(&'static str, String)>,
    /// Ports: on this machine's loopback address, and inside.
    pub(super) ports: Vec<(u16, u16)>,
    /// The container whose network this one shares; its ports are published by that one.
    pub(super) beside: Option<String>,
}

/// A container, running or not. Dropping it removes it and its data, and it never outlives this process.
#[derive(Debug)]
pub(super) struct Container {
    name: String,
    log: PathBuf,
    // None once removed.
    made: Option<Arc<Made>>,
    // Last, since fields are dropped in this order: watched until it is gone.
    _watchdog: Watchdog,
}

impl Container {
    /// A name that no other container has.
    pub(super) fn fresh_name(what: &str) -> String {
        let id = Uuid::now_v7().simple().to_string();
        format!("orderflow-{what}-{}", &id[id.len() - 12..])
    }

    /// Makes it and starts it, having fetched its image where that is not there yet. Returns as soon as it runs, ready
    /// or not.
    pub(super) async fn start_new(name: String, image: &Image, log: PathBuf) -> Result<Self> {
        // Watched from before it is there.
        let watchdog = Watchdog::over_container(&name)?;
        let what = format!("starting {}:{} as {name}", image.name, image.tag);
        let request = request(&name, image);
        let made = engine::run(async move { Ok(request.start().await?) }).await.context(what)?;
        let container = Self { name, log, made: Some(made.into()), _watchdog: watchdog };
        container.follow_log()?;
        Ok(container)
    }

    /// Starts it again after its end.
    pub(super) async fn start(&self) -> Result<()> {
        let made = self.made()?;
        engine::run(async move { Ok(made.start().await?) }).await?;
        self.follow_log()
    }

    /// Asks it to end, and ends it after `grace`.
    pub(super) async fn stop(&self, grace: Duration) -> Result<()> {
        let made = self.made()?;
        let grace = i32::try_from(grace.as_secs()).ok();
        engine::run(async move { Ok(made.stop_with_timeout(grace).await?) }).await
    }

    /// Ends it as a crash would.
    pub(super) fn kill(&self) -> Result<()> {
        let name = self.name.clone();
        engine::block_on(async move {
            Ok(engine::client().await?.kill_container(&name, None::<KillContainerOptions>).await?)
        })
    }

    pub(super) fn freeze(&self) -> Result<()> {
        let made = self.made()?;
        engine::block_on(async move { Ok(made.pause().await?) })
    }

    pub(super) fn thaw(&self) -> Result<()> {
        let made = self.made()?;
        engine::block_on(async move { Ok(made.unpause().await?) })
    }

    /// Its first process, as this machine numbers it; `None` while it does not run.
    pub(super) fn pid(&self) -> Option<u32> {
        let name = self.name.clone();
        let state = engine::block_on(async move {
            let found =
                engine::client().await?.inspect_container(&name, None::<InspectContainerOptions>).await?;
            found.state.context("a container without a state")
        });
        let state = state.ok().filter(|state| state.status != Some(ContainerStateStatusEnum::EXITED))?;
        u32::try_from(state.pid?).ok().filter(|pid| *pid > 0)
    }

    /// Writes its log to the file, from its first line on, for as long as it runs.
    fn follow_log(&self) -> Result<()> {
        let file = File::create(&self.log);
        let mut file = file.with_context(|| format!("opening the log {}", self.log.display()))?;
        let name = self.name.clone();
        engine::spawn(async move {
            let Ok(client) = engine::client().await else { return };
            let options = LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).build();
            let mut lines = client.logs(&name, Some(options));
            while let Some(Ok(line)) = lines.next().await {
                let _ = file.write_all(line.as_ref());
            }
        })
    }

    fn made(&self) -> Result<Arc<Made>> {
        self.made.clone().context("the container is removed")
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let made = self.made.take().and_then(Arc::into_inner);
        let _ = engine::block_on(async move {
            match made {
                Some(made) => Ok(made.rm().await?),
                None => Ok(()),
            }
        });
    }
}

fn request(name: &str, image: &Image) -> ContainerRequest<GenericImage> {
    let mut request = GenericImage::new(image.name, image.tag)
        .with_container_name(name)
        .with_label(PARENT, std::process::id().to_string())
        .with_cmd(image.args.iter().copied())
        .with_startup_timeout(FETCHED_WITHIN);
    for (key, value) in &image.env {
        request = request.with_env_var(*key, value);
    }
    for (path, text) in &image.files {
        request = request.with_copy_to(*path, text.clone().into_bytes());
    }
    for (outside, inside) in &image.ports {
        request = request.with_mapped_port(*outside, inside.tcp());
    }
    if let Some(other) = &image.beside {
        request = request.with_network(format!("container:{other}"));
    }
    request.with_host_config_modifier(|host| {
        // For this machine only: neither Kafka nor Redis asks anybody who they are.
        let bindings = host.port_bindings.iter_mut().flat_map(|ports| ports.values_mut()).flatten().flatten();
        bindings.for_each(|binding| binding.host_ip = Some(Ipv4Addr::LOCALHOST.to_string()));
    })
}
