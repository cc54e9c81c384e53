//! What the runtime does around a step, without Kafka: `cargo bench -p bench --bench runtime`. See `bench/README.md`.

use std::{hint::black_box, time::Instant};

use anyhow::{Result, bail, ensure};
use bench::{Report, Timing, records};
use jiff::Timestamp;
use orderflow::{
    codec::Codec,
    events::{OrderPlaced, Record},
    fault::Fault,
    runtime::{Alone, Polled, Said},
    step::{Origin, Outcome, Received, Step, Verdicts},
    topics::ORDERS,
};
use rdkafka::message::OwnedMessage;
use uuid::Uuid;

/// Records a batch.
const BATCHES: [u32; 4] = [1, 16, 64, 256];
/// Records of one size of batch, all batches together.
const RECORDS: u32 = 65_536;

/// A step that says again what it has heard.
struct Echo;

impl Step for Echo {
    const NAME: &'static str = "bench.on_order_placed";
    type In = OrderPlaced;
    type Out = OrderPlaced;

    async fn handle(&self, batch: &[Received<OrderPlaced>]) -> Verdicts<OrderPlaced> {
        Ok(batch.iter().map(|received| Ok(Outcome::event(received.event.clone()))).collect())
    }
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let placed: OrderPlaced = records::example()?;
    let codec = records::codec::<OrderPlaced>()?;
    let alone = Alone::new(Echo, records::codec::<OrderPlaced>()?);
    let mut report = Report::new("an order");
    for batch in BATCHES {
        let orders: Vec<OrderPlaced> = (0..batch).map(|nth| numbered(&placed, nth)).collect();
        let records = || orders.iter().zip(0..).map(|(order, offset)| record(order, offset, &codec));
        let polled = Polled::new(records().collect::<Result<Vec<_>>>()?);
        check(&alone.handle(&polled).await, &orders, &codec)?;
        let bench = Bench { alone: &alone, polled, orders: &orders, codec: &codec };
        bench.turns(RECORDS / batch / 8).await?; // until caches are full
        let (around, inside) = bench.turns(RECORDS / batch).await?;
        report.row("read, echoed and written by the runtime", batch, &around, around.per_second());
        report.row("of that: Avro, there and back", batch, &inside, inside.per_second());
    }
    println!("{report}");
    Ok(())
}

/// A batch, and who handles it.
struct Bench<'b> {
    alone: &'b Alone,
    polled: Polled,
    orders: &'b [OrderPlaced],
    codec: &'b Codec,
}

impl Bench<'_> {
    /// How long the runtime takes for the batch, and Avro by itself, in turns.
    async fn turns(&self, turns: u32) -> Result<(Timing, Timing)> {
        let (mut around, mut inside) = (Timing::default(), Timing::default());
        for _ in 0..turns {
            let began = Instant::now();
            let answers = self.alone.handle(&self.polled).await;
            for said in answers.iter().flatten().flatten() {
                drop(black_box(said.envelope.to_headers()));
            }
            around.took(self.orders.len(), began.elapsed());
            drop(black_box(answers));
            inside.of(self.orders.len(), || recode(self.orders, self.codec))?;
        }
        Ok((around, inside))
    }
}

/// The same order under another id.
fn numbered(placed: &OrderPlaced, number: u32) -> OrderPlaced {
    let mut order = (*placed.order).clone();
    order.order_id = Uuid::from_u128(order.order_id.as_u128() + u128::from(number));
    OrderPlaced { order: order.into(), ..placed.clone() }
}

/// As it comes off the topic.
fn record(placed: &OrderPlaced, offset: i64, codec: &Codec) -> Result<(Origin, OwnedMessage)> {
    let place = Origin { topic: ORDERS, partition: 0, offset, timestamp: Timestamp::UNIX_EPOCH };
    let message = OwnedMessage::new(
        Some(codec.encode(placed)?),
        Some(placed.key().into_bytes()),
        ORDERS.name().to_owned(),
        rdkafka::Timestamp::NotAvailable,
        place.partition,
        offset,
        Some(bench::envelope(placed).to_headers()),
    );
    Ok((place, message))
}

/// What Avro costs alone: each order written, and read again.
fn recode(orders: &[OrderPlaced], codec: &Codec) -> Result<()> {
    orders.iter().try_for_each(|order| {
        drop(black_box(codec.decode::<OrderPlaced>(&codec.encode(order)?)?));
        Ok(())
    })
}

/// Each order must come out as it went in.
fn check(answers: &[Result<Vec<Said>, Fault>], orders: &[OrderPlaced], codec: &Codec) -> Result<()> {
    ensure!(answers.len() == orders.len(), "{} answers to {} orders", answers.len(), orders.len());
    for (answer, order) in answers.iter().zip(orders) {
        let Ok([said]) = answer.as_deref() else { bail!("an order was not answered once: {answer:?}") };
        ensure!(codec.decode::<OrderPlaced>(&said.value)? == *order, "an order was changed");
        ensure!(
            said.envelope.causation_id == Some(bench::envelope(order).id),
            "an answer has lost its cause"
        );
    }
    Ok(())
}
