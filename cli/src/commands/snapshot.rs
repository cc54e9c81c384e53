//! `orderflow snapshot`: what the stock has come to, kept, so that old records of inventory may be removed.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use inventory::snapshot::take;
use orderflow::{
    catalogue::OPERATOR,
    clock::Clock,
    envelope::ids,
    events::{Record, StockSnapshot},
    runtime::{Root, Together, contract},
    topics::{INVENTORY_SNAPSHOTS, Names},
    trace::TraceContext,
};
use serde_json::json;

use super::{print, print_json, table::table, verify::watched};
use crate::{
    connection::Connection,
    log::{Decoder, read},
    recovery::Folds,
};

const TAKE: &str = "\
Examples:
  orderflow snapshot take
  orderflow snapshot take --json > snapshot.json

Folds the log as inventory does when it rebuilds, and writes what it comes to, SKU by SKU, in one transaction. Services go
on meanwhile. From then on records before the places it prints may be removed; keep those of the last 35 days all the same,
since from them repeats are answered.";
const SHOW: &str = "\
Example:
  orderflow snapshot show

Up to where the newest snapshot includes each partition, as kafka-delete-records.sh takes it with --json.";

/// The service whose stock it is, and the name under which only one snapshot is taken at a time.
const INVENTORY: &str = "inventory";
const TAKING: &str = "inventory-snapshots";

/// Snapshots of the stock.
#[derive(Debug, Subcommand)]
pub(super) enum Snapshot {
    /// Takes one.
    #[command(after_help = TAKE)]
    Take(Take),
    /// What the newest one includes.
    #[command(after_help = SHOW)]
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct Take {
    #[command(flatten)]
    folds: Folds,
    #[command(flatten)]
    show: Show,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    connection: Connection,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Snapshot {
    pub(super) async fn run(self) -> Result<bool> {
        match self {
            Self::Take(asked) => asked.run().await,
            Self::Show(asked) => asked.run().await,
        }
    }
}

impl Take {
    async fn run(self) -> Result<bool> {
        let connection = &self.show.connection;
        let names = connection.names();
        let writes = [(INVENTORY_SNAPSHOTS, StockSnapshot::NAME.to_owned())];
        let codec = contract::resolve(&connection.registry()?, &names, &[], &writes).await?;
        // Before the log is read: whoever has read less of it cannot write any more.
        let together =
            Together::open(connection.kafka_config(), Arc::new(codec), names.clone(), TAKING).await?;
        let mut refold = self.folds.begin(&connection.servers, &names, INVENTORY).await?;
        let now = Clock::system().now();
        let progress = refold.progress();
        watched(INVENTORY, &progress, refold.go_on(now)).await?;
        let records = take(refold.beside().state(), refold.places(), now).await?;
        refold.end().await?;
        ensure!(!records.is_empty(), "inventory has never had any stock: there is nothing to keep");
        let prepared = records.iter().map(|record| {
            let id = ids::from_parts(&[TAKING, &record.number.to_string(), &record.sku]);
            let (source, correlation_id) = (OPERATOR.to_owned(), id.to_string());
            together.prepare(record, Root { id, source, correlation_id, trace: TraceContext::root() })
        });
        let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
        together.publish(&prepared).await.context("no snapshot was taken: try again")?;
        self.show.tell(&names, &records)
    }
}

impl Show {
    async fn run(self) -> Result<bool> {
        let names = self.connection.names();
        let entries = read(&self.connection.kafka_config(), &names, &[INVENTORY_SNAPSHOTS], false).await?;
        let decoder = Decoder::new(self.connection.registry()?);
        decoder.learn(&entries).await?;
        let mut newest = BTreeMap::<i64, Vec<StockSnapshot>>::new();
        for entry in &entries {
            if let Some(record) = decoder.decode::<StockSnapshot>(entry)? {
                newest.entry(record.number).or_default().push(record);
            }
        }
        let (_, records) = newest.pop_last().context("there is no snapshot: `orderflow snapshot take`")?;
        self.tell(&names, &records)
    }

    /// Prints what a snapshot is.
    fn tell(&self, names: &Names, records: &[StockSnapshot]) -> Result<bool> {
        let Some(first) = records.first() else { return Ok(false) };
        let on_broker = |topic: &str| Names::default().logical(topic).map(|topic| names.topic(topic));
        let places = first.includes.iter().filter_map(|place| Some((on_broker(&place.topic)?, place)));
        let open: usize = records.iter().map(|record| record.open.len()).sum();
        if self.json {
            let partitions = places.map(
                |(topic, place)| json!({ "topic": topic, "partition": place.partition, "offset": place.next_offset }),
            );
            let partitions: Vec<_> = partitions.collect();
            let told = json!({
                "number": first.number, "taken_at": first.taken_at, "skus": first.skus, "open_reservations": open,
                "version": 1, "partitions": partitions,
            });
            return print_json(&told).map(|()| true);
        }
        let mut table = table(["partition", "includes up to offset"]);
        for (topic, place) in places {
            table.add_row([format!("{topic}/{}", place.partition), place.next_offset.to_string()]);
        }
        let (number, at, skus) = (first.number, first.taken_at, first.skus);
        print(format!("snapshot {number} of {at}: {skus} SKUs, {open} open reservations\n{table}"))
            .map(|()| true)
    }
}
