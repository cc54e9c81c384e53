//! Every interleaving of a payment, a cancel, what the carrier answers, crashes and loss of state ends in one fate.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::SignedDuration;
use orderflow::{
    events::{Order, OrderCancelRequested, PaymentProcessed},
    step::{Received, Step},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use shipping::{ShippingEvent, fold, standing::Said};
use uuid::Uuid;

use crate::setup::{Bench, told};

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Somebody asks to cancel.
    Request,
    /// The cancel is handled; so many of its events reach the log before a crash.
    Cancel(usize),
    /// The payment is handled, by a carrier in this mood; so many of its events reach the log before a crash.
    Pay(Mood, usize),
    /// The customer is erased: nobody can read the address any more.
    Erase,
    /// Redis forgets everything, and is rebuilt from the log.
    Lose,
}

#[derive(Debug, Clone, Copy)]
enum Mood {
    Good,
    Failing,
    /// Does what it is asked for, and does not answer.
    Silent,
}

impl Mood {
    fn faults(self) -> &'static str {
        match self {
            Self::Good => r#"{"latency_ms": {"min": 0, "max": 0}}"#,
            Self::Failing => r#"{"error_rate": 1.0, "latency_ms": {"min": 0, "max": 0}}"#,
            Self::Silent => {
                r#"{"timeout_after_label_rate": 1.0, "hold_ms": 0, "latency_ms": {"min": 0, "max": 0}}"#
            }
        }
    }
}

fn act() -> impl Strategy<Value = Act> {
    let mood = prop_oneof![Just(Mood::Good), Just(Mood::Failing), Just(Mood::Silent)];
    prop_oneof![
        2 => Just(Act::Request),
        3 => (0usize..3).prop_map(Act::Cancel),
        4 => (mood, 0usize..3).prop_map(|(mood, reach)| Act::Pay(mood, reach)),
        1 => Just(Act::Erase),
        2 => Just(Act::Lose),
    ]
}

/// One order's part of the topics.
struct Log {
    order: Arc<Order>,
    paid: Received<PaymentProcessed>,
    cancel: Received<OrderCancelRequested>,
    requested: bool,
    /// The cancel was handled and all that it led to is on the log: it need not come again.
    handled: bool,
    /// Events by the event they answer and their name: all that an id is made of.
    events: BTreeMap<(Uuid, &'static str), ShippingEvent>,
}

impl Log {
    /// So many of these answers to `cause` reach the log. One id must never stand for two contents.
    fn publish(&mut self, cause: Uuid, events: Vec<ShippingEvent>, reach: usize) {
        for event in events.into_iter().take(reach) {
            let first = self.events.entry((cause, name(&event))).or_insert_with(|| event.clone());
            assert_eq!(*first, event, "a repeat says something else");
        }
    }

    fn said(&self) -> Vec<(Uuid, Said)> {
        let said = self.events.iter().map(|((cause, _), event)| match event.clone() {
            ShippingEvent::ShippingLabelGenerated(event) => fold::labelled(event),
            ShippingEvent::ShippingFailed(event) => fold::failed(event),
            ShippingEvent::ShippingCancelled(event) => fold::cancelled(event),
            ShippingEvent::OrderCancelRejected(event) => fold::rejected(event, *cause),
        });
        said.chain(self.requested.then(|| fold::cancel_requested(self.cancel.event.clone()))).collect()
    }

    fn count(&self, wanted: &str) -> usize {
        self.events.keys().filter(|(_, name)| *name == wanted).count()
    }
}

fn name(event: &ShippingEvent) -> &'static str {
    match event {
        ShippingEvent::ShippingLabelGenerated(_) => "labelled",
        ShippingEvent::ShippingFailed(_) => "failed",
        ShippingEvent::ShippingCancelled(_) => "cancelled",
        ShippingEvent::OrderCancelRejected(_) => "rejected",
    }
}

async fn act_on(bench: &Bench, log: &mut Log, act: Act) {
    match act {
        Act::Request => log.requested = true,
        Act::Cancel(_) if !log.requested => {}
        Act::Cancel(reach) => {
            let answer = told(bench.cancel().handle(std::slice::from_ref(&log.cancel)).await).remove(0);
            let events: Vec<_> = answer.unwrap().into_iter().map(ShippingEvent::from).collect();
            log.handled |= reach > events.len();
            log.publish(log.cancel.envelope.id, events, reach);
        }
        Act::Pay(mood, reach) => {
            bench.faults(mood.faults()).await;
            if let Ok(events) = told(bench.buy().handle(std::slice::from_ref(&log.paid)).await).remove(0) {
                log.publish(log.paid.envelope.id, events, reach);
            }
        }
        Act::Erase => bench.keys.erase_all(),
        Act::Lose => bench.lose(&log.said()).await,
    }
}

/// Plays it, then lets everything settle.
async fn play(bench: &Bench, acts: Vec<Act>, line1: &str, hour: &AtomicI64) {
    let order = bench.order("c1", line1);
    let (paid, cancel) = (bench.paid(order.clone()), bench.cancelled(&order));
    let mut log = Log { order, paid, cancel, requested: false, handled: false, events: BTreeMap::new() };
    for act in acts.into_iter().chain([Act::Pay(Mood::Good, 9), Act::Cancel(9)]) {
        if matches!(act, Act::Cancel(9)) && log.handled {
            continue;
        }
        // So that whatever is told anew has another time.
        let hours = hour.fetch_add(1, Ordering::Relaxed) % 1000;
        bench.clock.set_offset(SignedDuration::from_hours(hours));
        act_on(bench, &mut log, act).await;
    }
    let ends = ["labelled", "failed", "cancelled"].map(|end| log.count(end));
    assert_eq!(ends.iter().sum::<usize>(), 1, "one fate: {ends:?}");
    let [labelled, _, cancelled] = ends;
    let rejected = usize::from(log.requested && cancelled == 0);
    assert_eq!(log.count("rejected"), rejected, "a cancel wins, or is rejected once");
    // Nothing can be bought any more for an order that is cancelled, nor for one whose customer is erased.
    let erased = log
        .events
        .values()
        .filter(|event| matches!(event, ShippingEvent::ShippingFailed(failed) if failed.reason == "erased"));
    let id = log.order.order_id.to_string();
    let count = |ids: Vec<String>| ids.into_iter().filter(|other| *other == id).count();
    let (labels, voids) = (count(bench.ledger().0), count(bench.voided()));
    assert_eq!((labels, voids), (labelled, cancelled + erased.count()), "at the carrier");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_interleaving_of_payment_and_cancel_ends_in_one_fate() {
    let Some(bench) = Bench::start().await else { return };
    let runtime = tokio::runtime::Handle::current();
    let (acts, address) =
        (prop::collection::vec(act(), 0..10), prop::sample::select(vec!["1 Way", "1 Way", "UNDELIVERABLE"]));
    let hour = AtomicI64::new(0);
    let check = move |(acts, line1)| {
        runtime.block_on(play(&bench, acts, line1, &hour));
        Ok(())
    };
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let run = move || TestRunner::new(config).run(&(acts, address), check);
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}
