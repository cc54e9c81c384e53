//! Reads committed labels on a thread of its own, and ticks off orders.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use orderflow::{
    codec::schema_id,
    events::{LabelDocumentStored, Record, ShippingLabelGenerated},
    topics::SHIPPING,
};
use rdkafka::{
    Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    topic_partition_list::Offset,
};

use super::{format::Format, ground::Field};

const POLL: Duration = Duration::from_millis(50);
const GLANCE: Duration = Duration::from_millis(2);

/// Labels by their order's number.
#[derive(Default)]
struct Labels {
    /// When each order's first label arrived.
    arrived: Vec<Option<Instant>>,
    last: Option<Instant>,
    /// Labels of orders that had one.
    again: usize,
    /// What the client has complained of last: it goes on by itself, unless labels stop coming.
    complaint: Option<String>,
    /// How many documents were stored, and when the last was.
    documents: (usize, Option<Instant>),
}

/// The reader. Dropping it ends its thread.
pub struct Sink {
    labels: Arc<Mutex<Labels>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    /// Reads from the beginning of the topic.
    pub fn start(field: &Field, format: Format) -> Result<Self> {
        let id = field.codec.writer_id(&ShippingLabelGenerated::full_name())?;
        let document = field.codec.writer_id(&LabelDocumentStored::full_name())?;
        let consumer: BaseConsumer = field
            .kafka()
            .set("group.id", format!("{}sink", field.place.prefix))
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "50")
            .set("fetch.queue.backoff.ms", "5")
            .create()?;
        let mut all = TopicPartitionList::new();
        for partition in 0..field.partitions {
            all.add_partition_offset(&field.topic(SHIPPING), partition, Offset::Beginning)?;
        }
        consumer.assign(&all)?;
        let (labels, end) = (Arc::<Mutex<Labels>>::default(), Arc::<AtomicBool>::default());
        let (told, ends) = (Arc::clone(&labels), Arc::clone(&end));
        let read = move || {
            while !ends.load(Ordering::Relaxed) {
                match consumer.poll(POLL) {
                    Some(Ok(message)) => {
                        tick(&told, format.labelled(id, message.key(), message.payload()));
                        printed(&told, document, message.payload());
                    }
                    Some(Err(error)) => locked(&told).complaint = Some(error.to_string()),
                    None => {}
                }
            }
        };
        let thread = thread::Builder::new().name("sink".to_owned()).spawn(read).context("no sink")?;
        Ok(Self { labels, end, thread: Some(thread) })
    }

    /// Waits until all these orders have their labels; false when none has come for this long.
    pub fn wait(&self, numbers: &Range<usize>, patience: Duration) -> bool {
        let begun = Instant::now();
        // Looking through all of them each time would cost more than the labels do.
        let mut next = numbers.start;
        loop {
            let labels = self.labels();
            while next < numbers.end && labels.arrived.get(next).is_some_and(Option::is_some) {
                next += 1;
            }
            if next == numbers.end {
                return true;
            }
            let quiet_since = labels.last.map_or(begun, |last| last.max(begun));
            drop(labels);
            if quiet_since.elapsed() > patience {
                return false;
            }
            thread::sleep(GLANCE);
        }
    }

    /// How many label documents were stored, and when the last was.
    pub fn documents(&self) -> (usize, Option<Instant>) {
        self.labels().documents
    }

    /// When each of these orders had its label.
    pub fn arrivals(&self, numbers: &Range<usize>) -> Vec<Option<Instant>> {
        let labels = self.labels();
        numbers.clone().map(|number| labels.arrived.get(number).copied().flatten()).collect()
    }

    /// Of all orders up to now, how many have no label, and how many labels came again.
    pub fn wrong(&self, placed: &Range<usize>) -> (usize, usize) {
        let labels = self.labels();
        let missing = placed.clone().filter(|number| labels.arrived.get(*number).is_none_or(Option::is_none));
        (missing.count(), labels.again)
    }

    /// What the client has complained of last, for whoever wonders why labels stop coming.
    pub fn complaint(&self) -> String {
        self.labels().complaint.clone().unwrap_or_else(|| "none".to_owned())
    }

    fn labels(&self) -> MutexGuard<'_, Labels> {
        locked(&self.labels)
    }
}

fn locked(labels: &Mutex<Labels>) -> MutexGuard<'_, Labels> {
    labels.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The order with this number has a label.
fn tick(labels: &Mutex<Labels>, number: Option<usize>) {
    let Some(number) = number else { return };
    let now = Instant::now();
    let mut labels = locked(labels);
    if labels.arrived.len() <= number {
        labels.arrived.resize(number + 1, None);
    }
    if labels.arrived[number].is_some() {
        labels.again += 1;
        return;
    }
    labels.arrived[number] = Some(now);
    labels.last = Some(now);
}

fn printed(labels: &Mutex<Labels>, id: u32, value: Option<&[u8]>) {
    if value.is_some_and(|value| schema_id(value).is_ok_and(|found| found == id)) {
        let (count, last) = &mut locked(labels).documents;
        *count += 1;
        *last = Some(Instant::now());
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink() -> Sink {
        Sink { labels: Arc::default(), end: Arc::default(), thread: None }
    }

    fn label(sink: &Sink, number: usize) {
        tick(&sink.labels, Some(number));
    }

    #[test]
    fn each_order_is_ticked_off_once() {
        let sink = sink();
        label(&sink, 0);
        label(&sink, 2);
        label(&sink, 2);
        assert_eq!(sink.wrong(&(0..3)), (1, 1));
        assert!(sink.wait(&(0..1), Duration::ZERO));
        assert!(!sink.wait(&(0..3), Duration::ZERO));
        assert_eq!(
            sink.arrivals(&(0..3)).iter().map(Option::is_some).collect::<Vec<_>>(),
            [true, false, true]
        );
    }

    #[test]
    fn other_records_are_no_labels() {
        let sink = sink();
        tick(&sink.labels, None);
        assert_eq!(sink.wrong(&(0..1)), (1, 0));
    }
}
