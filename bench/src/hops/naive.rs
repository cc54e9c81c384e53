//! A hop as a first attempt would be: one record at a time, each with its own round trip to Redis, its own
//! acknowledgement, its own commit. Settings are librdkafka's own.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use orderflow::{
    clock::Clock,
    codec::Codec,
    envelope::{Envelope, Tried, ids},
    events::{
        FeatureVector, FraudDecision, InventoryReserved, OrderPlaced, OrderValidatedForFraud,
        PaymentProcessed, Record, ShippingLabelGenerated,
    },
    runtime::contract,
    step::Origin,
    topics::Names,
};
use orderflow_cli::connection::Connection;
use rdkafka::{
    ClientConfig, Message, TopicPartitionList,
    consumer::{CommitMode, Consumer, StreamConsumer},
    message::{BorrowedMessage, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, Producer},
    topic_partition_list::Offset,
};
use redis::aio::MultiplexedConnection;

use super::{Stage, tracking_number};

const WAIT: Duration = Duration::from_secs(30);

/// How a record's outcome becomes durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// A transaction for each record.
    Transactions,
    /// A synchronous offset commit for each record.
    Commits,
}

/// Where the servers are; everything else a service is told is of no use here.
#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    place: Connection,
}

pub fn run(stage: Stage, way: Way) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let ran = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(serve(stage, way)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(stage: Stage, way: Way) -> Result<()> {
    let place = Settings::parse_from([stage.name()]).place;
    let clock = Clock::system();
    match stage {
        Stage::FraudScoring => {
            let judge = |placed: OrderPlaced| OrderValidatedForFraud {
                order: placed.order,
                decision: decision(&clock),
            };
            Hop::connect(&place, stage, way).await?.serve(judge).await
        }
        Stage::Inventory => {
            let reserve = |validated: OrderValidatedForFraud| {
                let reserved_at = clock.now();
                let valid_until = reserved_at + Duration::from_mins(15);
                InventoryReserved { order: validated.order, reserved_at, valid_until }
            };
            Hop::connect(&place, stage, way).await?.serve(reserve).await
        }
        Stage::Payment => {
            let charge = |reserved: InventoryReserved| PaymentProcessed {
                intent_id: format!("pi_{}", reserved.order.order_id),
                amount: reserved.order.total,
                currency: reserved.order.currency.clone(),
                processed_at: clock.now(),
                order: reserved.order,
            };
            Hop::connect(&place, stage, way).await?.serve(charge).await
        }
        Stage::Shipping => {
            let ship = |paid: PaymentProcessed| ShippingLabelGenerated {
                label_id: format!("lbl_{}", paid.order.order_id),
                tracking_number: tracking_number(paid.order.order_id),
                carrier: "in-process".to_owned(),
                service_level: "standard".to_owned(),
                generated_at: clock.now(),
                order: paid.order,
            };
            Hop::connect(&place, stage, way).await?.serve(ship).await
        }
    }
}

/// What needs no history: nothing is suspicious.
fn decision(clock: &Clock) -> FraudDecision {
    FraudDecision {
        score: 0.0,
        threshold: 1.0,
        hold_threshold: 1.0,
        reasons: Vec::new(),
        scorer: "rules".to_owned(),
        scorer_version: "1".to_owned(),
        decided_at: clock.now(),
        reviewer: None,
        review_reason: None,
        features: FeatureVector::default(),
        features_definition: 0,
        engine: "rules".to_owned(),
        fallback: None,
        valid_until: None,
    }
}

/// The clients of a hop.
struct Hop {
    way: Way,
    name: &'static str,
    names: Names,
    codec: Codec,
    consumer: StreamConsumer,
    producer: FutureProducer,
    redis: MultiplexedConnection,
}

impl Hop {
    async fn connect(place: &Connection, stage: Stage, way: Way) -> Result<Self> {
        let (name, names) = (stage.name(), place.names());
        let contract = crate::rivals::contract();
        let codec = contract::resolve(&place.registry()?, &names, &[], &contract).await?;
        let group = format!("{}{name}", place.prefix);
        let consumer = place
            .kafka_config()
            .set("group.id", &group)
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .create()?;
        let producer = producer(place.kafka_config(), way, &group)?;
        let redis = place.servers.redis.client().get_multiplexed_async_connection().await?;
        Ok(Self { way, name, names, codec, consumer, producer, redis })
    }

    async fn serve<I: Record, O: Record>(mut self, work: impl Fn(I) -> O) -> Result<()> {
        self.consumer.subscribe(&[&self.names.topic(I::TOPIC)])?;
        loop {
            let message = self.consumer.recv().await?;
            let value = message.payload().context("a record without a value")?;
            let (_, known) = self.codec.identify(value)?;
            if known.full_name == I::full_name() {
                let event = work(self.codec.decode::<I>(value)?);
                let done = format!("{}{}:done:{}", self.names.topic(I::TOPIC), self.name, event.key());
                let _: Option<String> = redis::cmd("SET")
                    .arg((done, "1", "NX", "EX", 3_600))
                    .query_async(&mut self.redis)
                    .await?;
                self.write(&message, &event).await?;
            }
        }
    }

    async fn write<O: Record>(&self, message: &BorrowedMessage<'_>, event: &O) -> Result<()> {
        let (topic, key, value) = (self.names.topic(O::TOPIC), event.key(), self.codec.encode(event)?);
        let headers = self.headers::<O>(message, event, &key);
        let record = FutureRecord::to(&topic).key(&key).payload(&value).headers(headers);
        match self.way {
            Way::Commits => {
                self.producer.send(record, WAIT).await.map_err(|(error, _)| error)?;
                self.consumer.commit_message(message, CommitMode::Sync)?;
            }
            Way::Transactions => {
                self.producer.begin_transaction()?;
                self.producer.send(record, WAIT).await.map_err(|(error, _)| error)?;
                let mut offsets = TopicPartitionList::new();
                let next = Offset::Offset(message.offset() + 1);
                offsets.add_partition_offset(message.topic(), message.partition(), next)?;
                let group = self.consumer.group_metadata().context("no group")?;
                self.producer.send_offsets_to_transaction(&offsets, &group, WAIT)?;
                self.producer.commit_transaction(WAIT)?;
            }
        }
        Ok(())
    }

    fn headers<O: Record>(&self, message: &BorrowedMessage<'_>, event: &O, key: &str) -> OwnedHeaders {
        let origin = Origin {
            topic: O::TOPIC,
            partition: message.partition(),
            offset: message.offset(),
            timestamp: event.occurred_at(),
        };
        let cause = Envelope::from_headers(message.headers(), &origin, key, "");
        let envelope = Envelope {
            id: ids::of_event(cause.id, self.name, O::NAME, 0),
            source: self.name.to_owned(),
            kind: O::full_name(),
            time: event.occurred_at(),
            subject: key.to_owned(),
            dataschema: None,
            correlation_id: cause.correlation_id,
            causation_id: Some(cause.id),
            trace: cause.trace.child(),
            tried: Tried::default(),
        };
        envelope.to_headers()
    }
}

fn producer(mut config: ClientConfig, way: Way, group: &str) -> Result<FutureProducer> {
    config.set("partitioner", "murmur2_random").set("enable.idempotence", "true");
    if way == Way::Transactions {
        config.set("transactional.id", group);
    }
    let producer: FutureProducer = config.create()?;
    if way == Way::Transactions {
        producer.init_transactions(WAIT)?;
    }
    Ok(producer)
}
