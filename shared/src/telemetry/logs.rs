//! Lines for machines or for people, and their level, which operators change while the process runs.

use tracing_subscriber::{EnvFilter, Registry, layer::SubscriberExt, reload, util::SubscriberInitExt};

use crate::config::LogFormat;

/// Which lines are logged. Clones speak of the same log.
#[derive(Clone)]
pub struct Levels(reload::Handle<EnvFilter, Registry>);

impl Levels {
    /// As directives, such as `info,payment=debug`.
    #[must_use]
    pub fn get(&self) -> String {
        self.0.with_current(EnvFilter::to_string).unwrap_or_default()
    }

    /// Takes these directives from now on.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn set(&self, directives: &str) -> Result<(), String> {
        let filter = EnvFilter::try_new(directives).map_err(|error| error.to_string())?;
        self.0.reload(filter).map_err(|error| error.to_string())
    }
}

/// Starts logging: level by `RUST_LOG`, default info.
pub(super) fn start(format: LogFormat) -> anyhow::Result<Levels> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let (filter, handle) = reload::Layer::new(filter);
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Json => {
            registry.with(tracing_subscriber::fmt::layer().json().flatten_event(true)).try_init()?
        }
        LogFormat::Text => registry.with(tracing_subscriber::fmt::layer()).try_init()?,
    }
    Ok(Levels(handle))
}
