//! Brings a published version from the model store into this process, verified.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use orderflow::events::ModelVersion;
use orderflow_model::ModelStore;
use tempfile::TempDir;
use tokio::{task::spawn_blocking, time::timeout};

use crate::{
    config::Settings,
    model::{Opener, Version},
};

/// How long a version may take to come, in all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where versions come from.
#[async_trait]
pub trait Loader: Send + Sync + 'static {
    /// Fetches and verifies a version.
    ///
    /// # Errors
    /// When it cannot be had, or is not what it should be; the message says which.
    async fn load(&self, version: &ModelVersion) -> Result<Version>;
}

/// The model store.
pub struct FromStore {
    store: Option<ModelStore>,
    into: PathBuf,
    opener: Arc<Opener>,
    /// Removed with this, where no folder was set.
    _own: Option<TempDir>,
}

impl FromStore {
    /// The store in the settings, if there is one.
    ///
    /// # Errors
    /// When it cannot be used as configured, or no folder can be made for what is fetched.
    pub fn new(settings: &Settings, opener: Arc<Opener>) -> Result<Self> {
        let open = |address| ModelStore::open(address, orderflow_storage::variables());
        let store = settings.model_store.as_ref().map(open).transpose().context("MODEL_STORE")?;
        // Nothing is fetched where there is no store, and so nothing has to be writable.
        let own = match (&store, &settings.model_cache) {
            (Some(_), None) => Some(tempfile::tempdir().context("making a folder for models (MODEL_CACHE)")?),
            _ => None,
        };
        let into = settings.model_cache.clone().or_else(|| Some(own.as_ref()?.path().to_owned()));
        Ok(Self { store, into: into.unwrap_or_default(), opener, _own: own })
    }
}

#[async_trait]
impl Loader for FromStore {
    async fn load(&self, version: &ModelVersion) -> Result<Version> {
        let Some(store) = &self.store else { bail!("MODEL_STORE is not set") };
        let fetching = store.fetch(&version.folder, &version.manifest_sha256, &self.into);
        let fetched = timeout(PATIENCE, fetching).await;
        let folder = fetched.with_context(|| format!("the store takes longer than {PATIENCE:?}"))??;
        let (opener, version) = (Arc::clone(&self.opener), version.clone());
        spawn_blocking(move || opener.open(&folder, Some(version))).await?
    }
}
