//! Records that come again: at once, late, or many.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use async_trait::async_trait;
use orderflow::topics::{self, Topic};
use orderflow_letters::reading::read_topic;
use rdkafka::{
    Message,
    message::OwnedMessage,
    producer::{FutureProducer, FutureRecord},
};

use super::{Fault, Lane, Strike};
use crate::chaos::{
    dice::Dice,
    evidence::{Injected, InjectedKind},
    ground::Ground,
};

const ASK: Duration = Duration::from_secs(20);
/// Longer than any broker stays away.
const PATIENCE: Duration = Duration::from_mins(3);
const AGAIN: Duration = Duration::from_secs(1);
/// The topics on an order's way, and the requests to change stock.
pub(super) const INPUTS: [Topic; 7] = [
    topics::ORDERS,
    topics::REVIEWS,
    topics::FRAUD,
    topics::INVENTORY,
    topics::INVENTORY_STOCK,
    topics::PAYMENTS,
    topics::SHIPPING,
];

/// The newest records of a topic once more.
pub(super) struct Duplicates;

/// Old records of a topic behind newer ones.
pub(super) struct Reordered;

/// Everything that is on a topic once more, in its order.
pub(super) struct Replay;

#[async_trait]
impl Fault for Duplicates {
    fn name(&self) -> &'static str {
        "duplicates"
    }

    fn about(&self) -> &'static str {
        "5 to 20 of the newest records of a topic are there once more, bytes and headers"
    }

    fn lane(&self) -> Lane {
        Lane::Records
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let (topic, records) = some_topic(ground, dice).await?;
        let newest = records.len().saturating_sub(usize::try_from(dice.between(5, 20))?);
        again(ground, topic, &records[newest..], |of| InjectedKind::Duplicate { of }).await
    }
}

#[async_trait]
impl Fault for Reordered {
    fn name(&self) -> &'static str {
        "reordered"
    }

    fn about(&self) -> &'static str {
        "5 to 20 records of a topic, from anywhere on it and backwards, come behind the newest ones"
    }

    fn lane(&self) -> Lane {
        Lane::Records
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let (topic, records) = some_topic(ground, dice).await?;
        let wanted = usize::try_from(dice.between(5, 20))?;
        let begin = usize::try_from(dice.between(0, records.len().saturating_sub(wanted) as u64))?;
        let mut some = records[begin..(begin + wanted).min(records.len())].to_vec();
        some.reverse();
        again(ground, topic, &some, |of| InjectedKind::Reordered { of }).await
    }
}

#[async_trait]
impl Fault for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn about(&self) -> &'static str {
        "the first 50 to 200 records of a topic are there once more, in their order"
    }

    fn lane(&self) -> Lane {
        Lane::Records
    }

    async fn inject(&self, ground: &Ground, dice: &mut Dice) -> Result<Strike> {
        let (topic, records) = some_topic(ground, dice).await?;
        let wanted = usize::try_from(dice.between(50, 200))?.min(records.len());
        again(ground, topic, &records[..wanted], |of| InjectedKind::Duplicate { of }).await
    }
}

/// What is on one of the topics, in the order of time.
pub(super) async fn some_topic(ground: &Ground, dice: &mut Dice) -> Result<(Topic, Vec<OwnedMessage>)> {
    let topic = dice.one(&INPUTS).copied().unwrap_or(topics::ORDERS);
    let mut records = read(ground, topic).await?;
    // Poison stays what it is: there is enough of it.
    let own = ground.injected();
    let place = |injected: &Injected| (injected.topic.clone(), injected.partition, injected.offset);
    let own: HashSet<_> = own.iter().map(place).collect();
    records.retain(|record| !own.contains(&(record.topic().to_owned(), record.partition(), record.offset())));
    records.sort_by_key(|record| record.timestamp().to_millis());
    Ok((topic, records))
}

/// A broker that is down meanwhile is asked until it answers.
async fn read(ground: &Ground, topic: Topic) -> Result<Vec<OwnedMessage>> {
    let (config, names) = (ground.environment.kafka_config(), ground.environment.names());
    let deadline = Instant::now() + PATIENCE;
    loop {
        match read_topic(&config, &names, topic).await {
            Err(_) if Instant::now() < deadline => tokio::time::sleep(AGAIN).await,
            read => return read,
        }
    }
}

async fn again(
    ground: &Ground,
    topic: Topic,
    records: &[OwnedMessage],
    kind: impl Fn((String, i32, i64)) -> InjectedKind,
) -> Result<Strike> {
    let producer = producer(ground)?;
    for record in records {
        let of = (record.topic().to_owned(), record.partition(), record.offset());
        append(ground, &producer, record, record.payload(), kind(of)).await?;
    }
    let count = records.len() as u64;
    Ok(Strike { count, ..Strike::once(format!("{count} of {topic}")) })
}

/// Writes past the proxies.
pub(super) fn producer(ground: &Ground) -> Result<FutureProducer> {
    let mut config = ground.environment.kafka_config();
    config.set("partitioner", "murmur2_random").set("linger.ms", "0").set("enable.idempotence", "true");
    config.create().context("cannot make a Kafka producer")
}

/// Appends a record like another with this value to its topic and partition, and notes it.
pub(super) async fn append(
    ground: &Ground,
    producer: &FutureProducer,
    like: &OwnedMessage,
    value: Option<&[u8]>,
    what: InjectedKind,
) -> Result<()> {
    let topic = like.topic();
    let mut record: FutureRecord<'_, [u8], [u8]> = FutureRecord::to(topic).partition(like.partition());
    record.key = like.key();
    record.payload = value;
    record.headers = like.headers().cloned();
    let sent = producer.send(record, ASK).await;
    let placed = sent.map_err(|(error, _)| error).context("appending a record")?;
    let (partition, offset) = (placed.partition, placed.offset);
    ground.note(Injected { topic: topic.to_owned(), partition, offset, what });
    Ok(())
}
