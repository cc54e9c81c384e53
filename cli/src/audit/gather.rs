//! Reads the log, the ledgers and inventory's state.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use inventory::domain::{Fact, Level, levels};
use orderflow::{
    events::{
        DeadLetterDiscarded, InventoryReleased, InventoryReserved, InventoryShipped, InventoryShortage,
        OrderPlaced, Record as _, StockAdjusted, StockAdjustmentRefused, StockAdjustmentRequested,
    },
    servers::Cluster,
    state::State,
    topics,
};
use rdkafka::ClientConfig;
use redis::AsyncCommands;
use simulators::{carrier, gateway};
use uuid::Uuid;

use super::{Evidence, Record, Stock, evidence::Placed};
use crate::{
    connection::Connection,
    environment::Environment,
    log::{Decoder, Entry, Place, read},
};

/// Everything there is to check about an environment at rest. `accepted` are the orders whose callers were told 202.
///
/// # Errors
/// When a server does not answer, or a ledger cannot be read.
pub async fn gather(environment: &Environment, accepted: BTreeSet<Uuid>) -> Result<Evidence> {
    let ledgers = Ledgers { gateway: environment.gateway_ledger(), carrier: environment.carrier_ledger() };
    gather_from(environment.connection(), &ledgers, accepted).await
}

/// The files that say what was done outside.
#[derive(Debug, Clone)]
pub struct Ledgers {
    /// What was charged and refunded.
    pub gateway: PathBuf,
    /// What was shipped.
    pub carrier: PathBuf,
}

/// The same of an environment that runs somewhere.
///
/// # Errors
/// As [`gather`].
pub async fn gather_from(
    connection: &Connection,
    ledgers: &Ledgers,
    accepted: BTreeSet<Uuid>,
) -> Result<Evidence> {
    let entries = read(&connection.kafka_config(), &connection.names(), &topics::ALL, true).await?;
    let decoder = Decoder::new(connection.registry()?);
    decoder.learn(&entries).await?;
    let (entries, damaged): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| !decoder.is_damaged(entry));
    let damaged = damaged.iter().map(Entry::spot).collect();
    let mut evidence = Evidence { accepted, damaged, ..Evidence::default() };
    for entry in &entries {
        take(&mut evidence, entry, &decoder)?;
    }
    evidence.stock = stock(connection, &entries, &decoder).await?;
    charges(&mut evidence, &ledgers.gateway)?;
    labels(&mut evidence, &ledgers.carrier)?;
    Ok(evidence)
}

fn take(evidence: &mut Evidence, entry: &Entry, decoder: &Decoder) -> Result<()> {
    if let Place::DeadLetters(_) = entry.place {
        let code = entry.fault.as_ref().map_or("unknown", |(code, _)| code.as_str());
        *evidence.dead_letters.entry(code.to_owned()).or_default() += 1;
    } else if let Place::Topic(_) = entry.place {
        let (kind, key) = (entry.envelope.kind.clone(), entry.key.clone());
        evidence.records.push(Record { id: entry.envelope.id, kind, key, value: entry.value.clone() });
    }
    if let Place::Topic(topics::AUDIT) = entry.place {
        let given_up = decoder.decode::<DeadLetterDiscarded>(entry)?;
        evidence.discarded.extend(given_up.map(|told| (told.service, told.event_id)));
    }
    let Some(order_id) = entry.order_id() else { return Ok(()) };
    let order = evidence.orders.entry(order_id).or_default();
    decoder.tell(entry, &mut order.facts);
    if let Place::Topic(topics::FRAUD) = entry.place {
        order.judged.hear(entry, decoder)?;
    }
    if let Place::Topic(topics::INVENTORY) = entry.place {
        let kind = &entry.envelope.kind;
        order.stock.reserved |= InventoryReserved::is_named(kind);
        order.stock.released |= InventoryReleased::is_named(kind);
        order.stock.shipped |= InventoryShipped::is_named(kind);
    }
    // A dead letter may be one that nobody can read.
    if let Place::Topic(topics::ORDERS) = entry.place
        && let Some(placed) = decoder.decode::<OrderPlaced>(entry)?
    {
        let lines =
            placed.order.lines.iter().map(|line| (line.sku.clone(), i64::from(line.quantity))).collect();
        let (total, currency) = (placed.order.total, placed.order.currency.clone());
        order.placed = Some(Placed { total, currency, lines });
    }
    Ok(())
}

fn charges(evidence: &mut Evidence, ledger: &Path) -> Result<()> {
    let lines = gateway::read_ledger(ledger).context("the gateway's ledger")?;
    let mut currencies: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.entry.kind == gateway::Kind::Charge) {
        currencies.entry(&line.entry.order_id).or_default().insert(line.entry.currency.clone());
    }
    for (order, moved) in gateway::moved_by_order(&lines) {
        let currencies = currencies.get(order).cloned().unwrap_or_default();
        evidence.charges.insert(order.to_owned(), (moved, currencies));
    }
    Ok(())
}

fn labels(evidence: &mut Evidence, ledger: &Path) -> Result<()> {
    let lines = carrier::read_ledger(ledger).context("the carrier's ledger")?;
    for line in lines {
        match line.entry {
            carrier::Entry::Label(label) => *evidence.labels.entry(label.order_id).or_default() += 1,
            carrier::Entry::Void(label) => {
                let count = evidence.labels.entry(label.order_id).or_default();
                *count = count.saturating_sub(1);
            }
            // A void before any label, or a pickup, changes no count.
            carrier::Entry::OrderVoid(_) | carrier::Entry::Pickup(_) => {}
        }
    }
    Ok(())
}

async fn stock(connection: &Connection, entries: &[Entry], decoder: &Decoder) -> Result<Stock> {
    let (mut delivered, mut facts) = (BTreeMap::new(), Vec::new());
    let (mut asked, mut refused) = (HashSet::new(), HashSet::new());
    // What was refused is known only after its request: refusals first.
    for entry in entries.iter().filter(|entry| matches!(entry.place, Place::Topic(_))) {
        if let Some(fact) = fact(entry, decoder)? {
            if let Fact::StockAdjustmentRefused(_) = fact {
                refused.extend(entry.envelope.causation_id);
            }
            facts.push((entry.envelope.id, fact));
        }
    }
    for entry in entries.iter().filter(|entry| entry.place == Place::Topic(topics::INVENTORY_STOCK)) {
        let id = entry.envelope.id;
        if let Some(request) = decoder.decode::<StockAdjustmentRequested>(entry)?
            && !refused.contains(&id)
            && asked.insert(id)
        {
            *delivered.entry(request.sku).or_default() += request.delta;
        }
    }
    let log = levels(facts.iter().map(|(id, fact)| (*id, fact)));
    let state = in_state(connection, log.keys()).await?;
    Ok(Stock { delivered, log, state })
}

fn fact(entry: &Entry, decoder: &Decoder) -> Result<Option<Fact>> {
    Ok(if let Some(event) = decoder.decode::<InventoryReserved>(entry)? {
        Some(event.into())
    } else if let Some(event) = decoder.decode::<InventoryReleased>(entry)? {
        Some(event.into())
    } else if let Some(event) = decoder.decode::<InventoryShipped>(entry)? {
        Some(event.into())
    } else if let Some(event) = decoder.decode::<InventoryShortage>(entry)? {
        Some(event.into())
    } else if let Some(event) = decoder.decode::<StockAdjusted>(entry)? {
        Some(event.into())
    } else {
        decoder.decode::<StockAdjustmentRefused>(entry)?.map(Into::into)
    })
}

/// Inventory's own levels in Redis.
async fn in_state(
    connection: &Connection,
    skus: impl Iterator<Item = &String>,
) -> Result<BTreeMap<String, Level>> {
    let server = &connection.servers.redis;
    let connected = redis::aio::ConnectionManager::new(server.client()).await;
    let redis = connected.map_err(|error| server.explain(error).context("inventory's state in Redis"))?;
    let state = State::new(redis.clone(), connection.names().keys("inventory"));
    state.adopt(&cluster(connection.kafka_config()).await?).await.map_err(|fault| anyhow!("{fault}"))?;
    let mut redis = redis;
    let mut levels = BTreeMap::new();
    for sku in skus {
        let key = state.key(&format!("stock:{sku}"));
        let (on_hand, reserved): (Option<i64>, Option<i64>) =
            redis.hmget(key, &["on_hand", "reserved"]).await?;
        let level = Level { on_hand: on_hand.unwrap_or_default(), reserved: reserved.unwrap_or_default() };
        levels.insert(sku.clone(), level);
    }
    Ok(levels)
}

async fn cluster(config: ClientConfig) -> Result<String> {
    let ask = move || Cluster::look(&config, std::time::Duration::from_secs(10));
    Ok(tokio::task::spawn_blocking(ask).await??.id)
}
