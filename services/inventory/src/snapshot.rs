//! Snapshots of the stock: what the log had come to up to some places. They make up for records that are removed there.

use std::collections::BTreeMap;

use jiff::Timestamp;
use orderflow::{
    events::{LogPlace, OpenReservation, StockSnapshot},
    fault::Fault,
    state::{Args, State},
    step::Origin,
    topics::{INVENTORY, INVENTORY_LEVELS, Topic},
};
use redis::AsyncCommands;
use uuid::Uuid;

use crate::stock::{APPLY, KEPT, OPEN, STAGE, time};

/// SKUs, or orders, in one call.
const PAGE: usize = 500;
/// Where a state keeps which snapshot it began with.
const HEAD: &str = "snapshot";
const STAGED: &str = "snapshot:skus";

/// What of the log the snapshot includes with which a state began.
#[derive(Debug, Clone, Default)]
pub struct Cut {
    /// Its number; 0 without one.
    pub number: i64,
    /// The first offsets that are not included, by `<topic>/<partition>`.
    pub places: BTreeMap<String, i64>,
}

impl Cut {
    /// That of this state.
    ///
    /// # Errors
    /// `Transient` when Redis does not answer.
    pub async fn of(state: &State) -> Result<Self, Fault> {
        let head: BTreeMap<String, String> = state.redis().hgetall(state.key(HEAD)).await?;
        let number = |text: &String| text.parse::<i64>().unwrap_or_default();
        let places =
            head.iter().filter_map(|(name, next)| Some((name.strip_prefix("at:")?.to_owned(), number(next))));
        Ok(Self { number: head.get("number").map(number).unwrap_or_default(), places: places.collect() })
    }

    /// Whether it includes the record that stands there.
    #[must_use]
    pub fn includes(&self, origin: &Origin) -> bool {
        // Without a snapshot no name has to be made.
        !self.places.is_empty() && origin.offset < self.next(origin.topic, origin.partition)
    }

    /// Whether nothing is missing between it and where the partitions of a topic begin now.
    ///
    /// # Errors
    /// `Fatal` (`log_incomplete`) when records are gone that it does not include.
    pub fn reaches(&self, topic: Topic, beginnings: &BTreeMap<i32, i64>) -> Result<(), Fault> {
        for (partition, begins) in beginnings {
            let next = self.next(topic, *partition);
            if next < *begins {
                let snapshot = match self.number {
                    0 => "there is no snapshot".to_owned(),
                    number => format!("snapshot {number} includes it up to {next} only"),
                };
                let message = format!(
                    "log_incomplete: {topic}/{partition} begins at offset {begins}, and {snapshot}: the stock cannot be known"
                );
                return Err(Fault::fatal("log_incomplete", message));
            }
        }
        Ok(())
    }

    fn next(&self, topic: Topic, partition: i32) -> i64 {
        self.places.get(&place(topic, partition)).copied().unwrap_or_default()
    }
}

fn place(topic: impl std::fmt::Display, partition: i32) -> String {
    format!("{topic}/{partition}")
}

/// Lays records of snapshots ready; of several snapshots the newest counts.
///
/// # Errors
/// As [`State::call`].
pub async fn stage(state: &State, records: &[StockSnapshot]) -> Result<(), Fault> {
    if records.is_empty() {
        return Ok(());
    }
    let mut args = Args::new();
    args.push(records.len());
    for record in records {
        let text = serde_json::to_string(record).map_err(|error| unreadable().caused_by(error))?;
        args.push(record.number).push(record.skus).push(&record.sku).push(text).push(record.includes.len());
        for LogPlace { topic, partition, next_offset } in &record.includes {
            args.push(place(topic, *partition)).push(*next_offset);
        }
    }
    state.call(&STAGE, args).await
}

/// Puts the snapshot in place that was laid ready, once.
///
/// # Errors
/// `Transient` (`snapshot_incomplete`) when some of it has not come: it may have been written while it was read.
pub async fn apply(state: &State) -> Result<(), Fault> {
    let mut redis = state.redis();
    type Head = (Option<i64>, Option<usize>, Option<String>);
    let (number, skus, applied): Head = redis.hmget(state.key(HEAD), &["number", "skus", "applied"]).await?;
    if applied.is_some() {
        return Ok(());
    }
    if let (Some(number), Some(skus)) = (number, skus) {
        put_in_place(state, number, skus).await?;
    }
    // Also without one: what is taken from now on comes too late for this state.
    let () = redis.hset(state.key(HEAD), "applied", 1).await?;
    Ok(redis.unlink(state.key(STAGED)).await?)
}

async fn put_in_place(state: &State, number: i64, skus: usize) -> Result<(), Fault> {
    let mut redis = state.redis();
    let mut names: Vec<String> = redis.hkeys(state.key(STAGED)).await?;
    if names.len() != skus {
        let message = format!("snapshot {number} has {skus} SKUs, and {} of them were read", names.len());
        return Err(Fault::transient("snapshot_incomplete", message));
    }
    names.sort_unstable(); // as the lines of an order are
    for names in names.chunks(PAGE) {
        let texts: Vec<String> = redis.hmget(state.key(STAGED), names).await?;
        let mut args = Args::new();
        args.push(KEPT).push(texts.len());
        for text in &texts {
            let record: StockSnapshot =
                serde_json::from_str(text).map_err(|error| unreadable().caused_by(error))?;
            args.push(&record.sku).push(record.on_hand).push(record.open.len());
            for open in &record.open {
                args.push(open.order_id.to_string()).push(open.reserved_at.as_microsecond());
                args.push(open.valid_until.as_microsecond()).push(open.units);
            }
        }
        let () = state.call(&APPLY, args).await?;
    }
    Ok(())
}

/// A snapshot of what was folded into this state, which nothing else changes meanwhile. `folded` says up to where.
///
/// # Errors
/// As [`State::call`].
pub async fn take(
    state: &State,
    folded: &BTreeMap<(Topic, i32), i64>,
    now: Timestamp,
) -> Result<Vec<StockSnapshot>, Fault> {
    let cut = Cut::of(state).await?;
    // A partition that has lost all its records was folded by the snapshot before.
    let mut places = cut.places;
    for ((topic, partition), next) in folded {
        if [INVENTORY, INVENTORY_LEVELS].contains(topic) {
            let known = places.entry(place(topic, *partition)).or_default();
            *known = (*known).max(*next);
        }
    }
    let includes: Vec<LogPlace> = places.iter().filter_map(|(name, next)| log_place(name, *next)).collect();
    let (levels, mut open) = (on_hand(state).await?, open(state).await?);
    let skus = i64::try_from(levels.len()).unwrap_or(i64::MAX);
    let snapshot = |(sku, on_hand): (String, i64)| StockSnapshot {
        open: open.remove(&sku).unwrap_or_default(),
        number: cut.number + 1,
        includes: includes.clone(),
        taken_at: now,
        sku,
        on_hand,
        skus,
    };
    Ok(levels.into_iter().map(snapshot).collect())
}

fn log_place(name: &str, next_offset: i64) -> Option<LogPlace> {
    let (topic, partition) = name.rsplit_once('/')?;
    Some(LogPlace { topic: topic.to_owned(), partition: partition.parse().ok()?, next_offset })
}

/// Units on the shelf, by SKU.
async fn on_hand(state: &State) -> Result<BTreeMap<String, i64>, Fault> {
    let (mut redis, mut levels) = (state.redis(), BTreeMap::new());
    for skus in names(state, "stock:").await?.chunks(PAGE) {
        let mut questions = redis::pipe();
        skus.iter().for_each(|sku| {
            questions.hget(state.key(&format!("stock:{sku}")), "on_hand");
        });
        let found: Vec<Option<i64>> = questions.query_async(&mut redis).await?;
        levels.extend(skus.iter().cloned().zip(found.into_iter().map(Option::unwrap_or_default)));
    }
    Ok(levels)
}

/// What is set aside, by SKU, each in the sequence of the orders' ids.
async fn open(state: &State) -> Result<BTreeMap<String, Vec<OpenReservation>>, Fault> {
    type Found = Vec<(String, String, String, Vec<(String, i64)>)>;
    let mut open = BTreeMap::<String, Vec<OpenReservation>>::new();
    for orders in names(state, "order:").await?.chunks(PAGE) {
        let mut args = Args::new();
        args.push(KEPT).push(orders.len());
        for order in orders {
            args.push(order);
        }
        let found: Found = state.call(&OPEN, args).await?;
        for (order_id, at, valid_until, lines) in found {
            let order_id: Uuid =
                order_id.parse().map_err(|error: uuid::Error| unreadable().caused_by(error))?;
            let (reserved_at, valid_until) = (time(&at)?, time(&valid_until)?);
            for (sku, units) in lines {
                open.entry(sku).or_default().push(OpenReservation {
                    order_id,
                    units,
                    reserved_at,
                    valid_until,
                });
            }
        }
    }
    Ok(open)
}

/// What comes behind this in the names of keys, sorted.
async fn names(state: &State, stem: &str) -> Result<Vec<String>, Fault> {
    let (mut redis, stem) = (state.redis(), state.key(stem));
    let (mut cursor, mut names) = (0u64, Vec::new());
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{stem}*")).arg("COUNT").arg(1_000);
        let (next, keys): (u64, Vec<String>) = scan.query_async(&mut redis).await?;
        names.extend(keys.iter().filter_map(|key| key.strip_prefix(&stem)).map(str::to_owned));
        cursor = next;
        if cursor == 0 {
            names.sort_unstable();
            names.dedup();
            return Ok(names);
        }
    }
}

fn unreadable() -> Fault {
    Fault::fatal("state_unreadable", "a snapshot in Redis is not as this version writes it")
}
