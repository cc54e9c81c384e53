//! `orderflow customers erase`.

mod erase;
mod report;
mod traces;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use orderflow::health::Health;
use shipping::label_store::{Address, LabelStore, variables};

use self::{erase::Eraser, report::Report, traces::Traces};
use super::{print, print_json};
use crate::{connection::Connection, log::Decoder};

const EXAMPLES: &str = "\
Examples:
  orderflow customers erase cust-42 --dry-run
  orderflow customers erase cust-42 --by support-7 --reason 'request 2025-118' --label-store /var/lib/labels
  LABEL_STORE=s3://my-shop/labels AWS_REGION=eu-central-1 orderflow customers erase guest-0a1b2c3d… --by support-7 --reason 'asked by mail' --json

First the customer's data keys go: from then on nobody can read name, e-mail and address on any topic. Then their label
documents are deleted, then it is noted on `audit`. Orders that are not shipped yet end as Undeliverable and are
refunded. It can be repeated: a run that was cut off is finished, and one too many finds nothing left. Whoever orders
again afterwards is a new person. A guest's id stands in their order.";

/// Customers, as persons.
#[derive(Debug, Subcommand)]
pub(super) enum Customers {
    /// Erases a person: their data keys and label documents. Exit code 1 when nothing is known of them.
    #[command(after_help = EXAMPLES)]
    Erase(Erase),
}

#[derive(Debug, Args)]
pub(super) struct Erase {
    /// The customer's id, as orders name it; a guest's begins with `guest-`.
    id: String,
    /// Who erases them, for `audit`.
    #[arg(long, required_unless_present = "dry_run", value_parser = NonEmptyStringValueParser::new())]
    by: Option<String>,
    /// Why, for `audit`: nothing personal, since it stays.
    #[arg(long, required_unless_present = "dry_run", value_parser = NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// Where shipping stores label documents: its folder, or `s3://bucket/prefix` with the same `AWS_…` variables. Needed
    /// when there are any.
    #[arg(long, env = "LABEL_STORE", value_name = "FOLDER|s3://BUCKET/PREFIX")]
    label_store: Option<Address>,
    /// Only say what there is to erase.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Customers {
    pub(super) async fn run(self) -> Result<bool> {
        let Self::Erase(asked) = self;
        let report = asked.carry_out().await?;
        if asked.json {
            print_json(&report)?;
        } else {
            print(&report)?;
        }
        Ok(report.is_known)
    }
}

impl Erase {
    async fn carry_out(&self) -> Result<Report> {
        let decoder = Decoder::new(self.connection.registry()?);
        let found = Traces::read(&self.connection, &decoder, &self.id).await?;
        if self.dry_run || !found.is_known() {
            return Ok(Report::found(&self.id, &found));
        }
        // Before the first effect: nobody should have to guess how far this came.
        let store = self.store(&found).await?;
        let eraser = Eraser::new(&self.connection, &decoder, store).await?;
        eraser.erase(self, found).await
    }

    /// The store in which the customer's documents are, if there are any.
    async fn store(&self, found: &Traces) -> Result<Option<LabelStore>> {
        let count = found.documents().len();
        let Some(address) = &self.label_store else {
            ensure!(
                count == 0,
                "customer {} has {count} label documents: say where they are, by --label-store or LABEL_STORE",
                self.id
            );
            return Ok(None);
        };
        if let Address::Folder(folder) = address {
            // Made when missing, it would be an empty one, and the documents somewhere else.
            ensure!(folder.is_dir(), "{} is no folder (--label-store)", folder.display());
        }
        let unusable = "the label store cannot be used; nothing was erased";
        let store = LabelStore::open(address, variables(), &Health::default()).context(unusable)?;
        store.check().await.context(unusable)?;
        Ok(Some(store))
    }
}
