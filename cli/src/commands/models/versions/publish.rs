//! `orderflow models publish`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use fraud_scoring::vector;
use orderflow::{
    clock::Clock,
    events::{ModelFile, ModelPublished, ModelVersion},
};
use orderflow_model::{Choice, Engines, Expected, Package, store::Stored};
use orderflow_storage::Address;
use orderflow_versions::{Known, Ledger, MODEL, known::published_json};

use super::{Operator, store};
use crate::{
    commands::{print, print_json},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow models publish fraud-2 --model-store /srv/models --by ada --reason 'trained on the orders of November'
  MODEL_STORE=s3://my-shop/models AWS_REGION=eu-central-1 orderflow models publish fraud-2 --by ada --reason monthly

Verifies the folder as fraud-scoring does: hashes, features of this build, golden rows on every engine there is. Then
stores it as <name>/<version>, and tells of it on `models`. It serves nobody before it is tried or promoted. A version
is never changed: the same files again change nothing, others are refused.";

/// Verifies a trained model and puts it into the model store.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Publish {
    /// The model's folder: manifest.json, the model, its golden rows, and CARD.md if there is one.
    folder: PathBuf,
    /// Where published models are kept: a folder that every instance of fraud-scoring sees, or `s3://bucket/prefix` with
    /// the `AWS_…` variables.
    #[arg(long, env = "MODEL_STORE", value_name = "FOLDER|s3://BUCKET/PREFIX")]
    model_store: Address,
    /// The file of ONNX Runtime's library; without it the usual places are looked at.
    #[arg(long, env = "ORT_DYLIB_PATH", value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Publish {
    pub(super) async fn run(self) -> Result<bool> {
        let (folder, library) = (self.folder.clone(), self.onnxruntime.clone());
        let verified = tokio::task::spawn_blocking(move || verify(&folder, library.as_deref())).await?;
        verified.with_context(|| format!("{} was not published", self.folder.display()))?;
        // Before the first effect: without schemas nobody could be told.
        let ledger = Ledger::open(&self.connection.access()?).await?;
        let stored = store(&self.model_store)?.put(&self.folder).await?;
        let known = Known::read(&self.connection.access()?).await?;
        let before = known.published.iter().find(|one| one.version.version == stored.version);
        let published = match before {
            Some(before) => {
                let same = before.version.manifest_sha256 == stored.manifest_sha256.to_string();
                ensure!(
                    same,
                    "version {} was published with other files, to another store: publish this one under another \
                     version",
                    stored.version
                );
                eprintln!("version {} was published before: nothing has changed", stored.version);
                before.clone()
            }
            None => {
                let published = self.published(stored);
                ledger.publish(&published).await?;
                published
            }
        };
        let does = known.does(&published.version);
        if self.json {
            print_json(&published_json(&published, &does))?;
        } else {
            let version = &published.version.version;
            print(format!("version {version} is {does}: `orderflow models shadow {version}` tries it"))?;
        }
        Ok(true)
    }

    fn published(&self, stored: Stored) -> ModelPublished {
        let files = stored.files.into_iter().map(|file| ModelFile {
            name: file.name,
            sha256: file.sha256.to_string(),
            bytes: i64::try_from(file.bytes).unwrap_or(i64::MAX),
        });
        ModelPublished {
            model: MODEL.to_owned(),
            version: ModelVersion {
                version: stored.version,
                folder: stored.folder,
                manifest_sha256: stored.manifest_sha256.to_string(),
            },
            files: files.collect(),
            features_definition: i32::try_from(vector::DEFINITION).unwrap_or(i32::MAX),
            published_by: self.operator.by.clone(),
            reason: self.operator.reason.clone(),
            published_at: Clock::system().now(),
        }
    }
}

/// What fraud-scoring will ask of it before it lets it score.
fn verify(folder: &Path, library: Option<&Path>) -> Result<()> {
    let engines = Engines::find(Choice::Auto, library)?;
    if let Some(why) = engines.missing() {
        eprintln!("verified on the built-in engine alone, for there is no ONNX Runtime: {why}");
    }
    let names = vector::names();
    let expected = Expected { name: MODEL, definition: vector::DEFINITION, features: &names };
    let package = Package::open(folder, &expected, &engines)?;
    ensure!(package.manifest().thresholds.is_some(), "manifest.json: it has no thresholds");
    Ok(())
}
