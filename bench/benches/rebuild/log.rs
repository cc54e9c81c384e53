//! A log with many orders on it.

use std::sync::Arc;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use orderflow::{
    clock::Clock,
    envelope::ids,
    events::{InventoryReserved, Record},
    runtime::{Publisher, Root, contract},
    schemas,
    topics::INVENTORY,
    trace::TraceContext,
};
use orderflow_cli::{
    connection::Connection,
    environment::{Options, prepare},
};
use orderflow_stack::Servers;
use uuid::Uuid;

/// Records under way at a time.
const AT_ONCE: usize = 5_000;
const SKUS: usize = 1_000;

/// How the servers are reached.
pub fn place(servers: &Servers) -> Result<Connection> {
    options().connection(servers)
}

fn options() -> Options {
    Options { prefix: "bench.".to_owned(), ..Options::default() }
}

/// Topics, schemas, and a reservation of each order.
pub async fn write(place: &Connection, orders: usize) -> Result<()> {
    prepare(place, &options()).await?;
    let (mut config, registry, names) = (place.kafka_config(), place.registry()?, place.names());
    let writes = [(INVENTORY, InventoryReserved::NAME.to_owned())];
    let codec = contract::resolve(&registry, &names, &[], &writes).await?;
    config.set("compression.type", "lz4");
    let publisher = Publisher::new(config, Arc::new(codec), names)?;
    let examples = schemas::examples(INVENTORY.name(), InventoryReserved::NAME);
    let (_, example) = examples.first().context("there is no example")?;
    let example: InventoryReserved = serde_json::from_str(example)?;
    let sending = stream::iter((0..orders).map(|number| send(&publisher, &example, number)));
    sending.buffer_unordered(AT_ONCE).try_collect().await
}

async fn send(publisher: &Publisher, example: &InventoryReserved, number: usize) -> Result<()> {
    let mut event = InventoryReserved { reserved_at: Clock::system().now(), ..example.clone() };
    let mut order = (*event.order).clone();
    order.order_id = Uuid::from_u128(1 << 96 | number as u128);
    for (nth, line) in order.lines.iter_mut().enumerate() {
        line.sku = format!("SKU-{}", (number + nth * 7) % SKUS);
    }
    event.order = order.into();
    let id = ids::from_parts(&["bench", &number.to_string()]);
    let (source, correlation_id) = ("bench".to_owned(), number.to_string());
    let prepared =
        publisher.prepare(&event, Root { id, source, correlation_id, trace: TraceContext::root() })?;
    publisher.send(&prepared).await?;
    Ok(())
}
