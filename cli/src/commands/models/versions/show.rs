//! `orderflow models show`.

use anyhow::Result;
use clap::Args;
use orderflow_model::Manifest;
use orderflow_storage::Address;
use orderflow_versions::{Known, known::published_json};
use serde_json::{Value, json};

use super::store;
use crate::{
    commands::{print, print_json, table::table},
    connection::Connection,
};

const EXAMPLES: &str = "\
Examples:
  orderflow models show 2025-12-01 --model-store /srv/models
  orderflow models show 2025-12-01 --json                     what the log knows, without a store

With the store it also shows the manifest and the model's card, with its numbers.";

/// What is known of a version of the fraud model.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Show {
    /// Which version.
    version: String,
    /// Where published models are kept.
    #[arg(long, env = "MODEL_STORE", value_name = "FOLDER|s3://BUCKET/PREFIX")]
    model_store: Option<Address>,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self) -> Result<bool> {
        let known = Known::read(&self.connection.access()?).await?;
        let published = known.version(&self.version)?;
        let mut shown = published_json(published, &known.does(&published.version));
        if let Some(address) = &self.model_store {
            let (store, version) = (store(address)?, &published.version);
            let (manifest, text) = store.manifest(&version.folder, &version.manifest_sha256).await?;
            shown["manifest"] = serde_json::from_slice(&text)?;
            shown["card"] = json!(store.card(&version.folder).await?);
            if !self.json {
                return print(with_manifest(&shown, &manifest)).map(|()| true);
            }
        }
        if self.json {
            print_json(&shown)?
        } else {
            print(facts(&shown))?
        }
        Ok(true)
    }
}

fn facts(shown: &Value) -> String {
    let mut table = table(["version".to_owned(), word(&shown["version"])]);
    for field in ["state", "published_at", "published_by", "reason", "folder", "manifest_sha256"] {
        table.add_row([field.replace('_', " "), word(&shown[field])]);
    }
    for file in shown["files"].as_array().into_iter().flatten() {
        table.add_row([
            word(&file["name"]),
            format!("{} bytes, SHA-256 {}", file["bytes"], word(&file["sha256"])),
        ]);
    }
    table.to_string()
}

fn with_manifest(shown: &Value, manifest: &Manifest) -> String {
    let mut table = table(["manifest", ""]);
    table.add_row(["trained".to_owned(), manifest.created_at.to_string()]);
    let features = &manifest.features;
    table.add_row([
        "features".to_owned(),
        format!("{} of definition {}", features.names.len(), features.definition),
    ]);
    if let Some(thresholds) = manifest.thresholds {
        let text = format!("refused above {}, held from {} on", thresholds.refuse, thresholds.hold);
        table.add_row(["decides".to_owned(), text]);
    }
    // Numbers and words; what has parts of its own is in the card, and in --json.
    for (name, value) in manifest.training.iter().filter(|(_, value)| !value.is_object() && !value.is_array())
    {
        table.add_row([format!("training: {name}"), word(value)]);
    }
    let card = shown["card"].as_str().unwrap_or("it has no card (CARD.md)");
    format!("{}\n\n{table}\n\n{card}", facts(shown))
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
