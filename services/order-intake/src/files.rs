//! What the settings' files hold, read before anything else: every mistake is reported at once.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use orderflow::{http::Tokens, sealed::MasterKey};

use crate::{catalogue::Catalogue, config::Settings, hashes::KeyedHashes};

/// The content of the files.
pub struct Files {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) master: MasterKey,
    pub(crate) hashes: KeyedHashes,
    pub(crate) tokens: Tokens,
}

impl Files {
    /// Reads all of them.
    ///
    /// # Errors
    /// All mistakes in them.
    pub fn read(settings: &Settings) -> Result<Self> {
        let master_key_file = settings.common.master_key_file.as_deref();
        let catalogue = Catalogue::load(&settings.catalogue);
        let master = MasterKey::from_setting(master_key_file);
        let tokens = settings.tokens.tokens();
        let mistakes: Vec<String> = [
            catalogue.as_ref().err().map(|error| format!("{error:#}")),
            master.as_ref().err().map(ToString::to_string),
            tokens.as_ref().err().map(|error| format!("{error:#}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !mistakes.is_empty() {
            return Err(anyhow!("{}", mistakes.join("\n")));
        }
        let hashes =
            KeyedHashes::from_master_key_file(master_key_file.context("MASTER_KEY_FILE is not set")?)?;
        Ok(Self { catalogue: Arc::new(catalogue?), master: master?, hashes, tokens: tokens? })
    }
}
