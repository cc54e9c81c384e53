//! Orders on their topic, as intake writes them.

use std::{
    ops::Range,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bench::envelope;
use orderflow::{
    clock::Clock,
    events::{OrderPlaced, Record},
    topics::ORDERS,
};
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    message::OwnedHeaders,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};

use super::{
    format::Format,
    ground::{Field, Ground},
    orders::{Orders, in_backlog},
};
/// How often to look whether an order is due.
const TICK: Duration = Duration::from_millis(1);
/// How long the broker may take for everything.
const FLUSH: Duration = Duration::from_secs(60);

/// Places orders, numbered from 0 on.
pub struct Load<'f> {
    field: &'f Field,
    format: Format,
    orders: Orders,
    placed: usize,
}

/// An order ready to be sent.
struct Ready {
    key: String,
    value: Vec<u8>,
    headers: OwnedHeaders,
}

/// Orders made, and their numbers.
pub struct Backlog {
    ready: Vec<Ready>,
    numbers: Range<usize>,
}

type Client = ThreadedProducer<DefaultProducerContext>;

impl<'f> Load<'f> {
    pub fn new(ground: &Ground, field: &'f Field, format: Format) -> Self {
        Self { field, format, orders: Orders::new(ground.key.clone(), ground.key_id), placed: 0 }
    }

    /// The orders from now on are those of so many customers.
    pub fn customers(&mut self, customers: u64) {
        self.orders.customers(customers);
    }

    /// All orders placed so far.
    pub fn placed(&self) -> Range<usize> {
        0..self.placed
    }

    /// Makes so many, a backlog until now, and sends none yet.
    pub fn make(&mut self, count: usize) -> Result<Backlog> {
        let now = Clock::system().now();
        let numbers = self.next(count);
        let ready = (0..count).map(|nth| self.ready(numbers.start + nth, in_backlog(nth, count, now)));
        Ok(Backlog { ready: ready.collect::<Result<_>>()?, numbers })
    }

    /// Places what was made, as fast as the broker takes it, and says which orders they are.
    pub fn place(&self, backlog: Backlog) -> Result<Range<usize>> {
        let producer = self.producer("20")?;
        for order in &backlog.ready {
            self.send(&producer, order)?;
        }
        acknowledged(&producer)?;
        Ok(backlog.numbers)
    }

    /// Places orders at a steady rate. Each counts from the moment it was due, however late this loop is, so that a
    /// pause of the pipeline is not left out because it also stopped the load (coordinated omission). Returns when the
    /// first was due, and which orders they are; the sink tells when each had its label.
    pub fn steady(&mut self, per_second: u32, count: usize) -> Result<(Instant, Range<usize>)> {
        let producer = self.producer(if per_second > 1_000 { "5" } else { "0" })?;
        let numbers = self.next(count);
        let start = Instant::now();
        for nth in 0..count {
            let due = start + due(nth, per_second);
            while let Some(early) =
                due.checked_duration_since(Instant::now()).filter(|early| !early.is_zero())
            {
                thread::sleep(early.min(TICK));
            }
            let order = self.ready(numbers.start + nth, Clock::system().now())?;
            self.send(&producer, &order)?;
        }
        acknowledged(&producer)?;
        Ok((start, numbers))
    }

    fn next(&mut self, count: usize) -> Range<usize> {
        let first = self.placed;
        self.placed += count;
        first..self.placed
    }

    fn ready(&mut self, number: usize, placed_at: jiff::Timestamp) -> Result<Ready> {
        let order: OrderPlaced = self.orders.order(number, placed_at)?;
        let headers = envelope(&order).to_headers();
        Ok(Ready { key: order.key(), value: self.format.order(&self.field.codec, &order)?, headers })
    }

    fn producer(&self, linger_ms: &str) -> Result<Client> {
        let mut config = self.field.kafka();
        config.set("enable.idempotence", "true").set("partitioner", "murmur2_random");
        config.set("linger.ms", linger_ms).set("compression.type", "lz4");
        config.set("queue.buffering.max.messages", "1000000");
        config.create().context("no producer for the load")
    }

    fn send(&self, producer: &Client, order: &Ready) -> Result<()> {
        let topic = self.field.topic(ORDERS);
        let mut record =
            BaseRecord::to(&topic).key(&order.key).payload(&order.value).headers(order.headers.clone());
        loop {
            match producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    thread::sleep(TICK);
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }
}

fn acknowledged(producer: &Client) -> Result<()> {
    producer.flush(FLUSH)?;
    ensure!(producer.in_flight_count() == 0, "orders are not acknowledged");
    Ok(())
}

/// How long after the first this order of a steady load is due.
pub fn due(nth: usize, per_second: u32) -> Duration {
    Duration::from_secs(1) * u32::try_from(nth).unwrap_or(u32::MAX) / per_second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_due_at_their_rate() {
        assert_eq!(due(0, 200), Duration::ZERO);
        assert_eq!(due(1, 200), Duration::from_millis(5));
        assert_eq!(due(400_000, 5_000), Duration::from_secs(80));
    }
}
