//! A service, a bank and a log, moved one happening at a time.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    events::{InventoryReserved, Order, PaymentRefunded},
    state::State,
    step::{Received, Step, Verdicts},
};
use payment::{
    Calls, OnInventoryReserved, OnOrderCancelRequested, OnShippingCancelled, OnShippingFailed, PaymentEvent,
    Refunds,
    domain::refund,
    fold::{self, Said},
    states::States,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::bank::{Books, Fate, Teller, Turn};
use crate::support::{LIMITS, Redis, cancel, order, reserved_at, shipping_cancelled, shipping_failed};

pub const ORDERS: usize = 3;
const TOKENS: [&str; ORDERS] = ["tok_visa", "tok_visa", "tok_lost"];
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Why an order will not be shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    Failed,
    Cancelled,
}

/// A record the service reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Reserved,
    Shipping(Cause),
}

/// What stands on the log, of an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    CancelRequested,
    Said(Input, Saying),
}

/// What the service said to a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Saying {
    Payment(PaymentEvent),
    Refund(Option<PaymentRefunded>),
}

pub(super) type Log = Arc<Mutex<Vec<(usize, Entry)>>>;

pub struct World {
    state: State,
    clock: Clock,
    pub(super) books: Books,
    pub(super) log: Log,
    pub(super) reserved: Vec<Received<InventoryReserved>>,
    /// What was there to be read, and in which order it was read first.
    pub(super) inputs: Vec<(usize, Input)>,
    /// Orders whose cancel was read before their reservation.
    pub(super) in_time: Vec<usize>,
    held: Vec<oneshot::Sender<()>>,
    tasks: JoinSet<()>,
    turns: (mpsc::UnboundedSender<Turn>, mpsc::UnboundedReceiver<Turn>),
}

impl World {
    pub async fn new(redis: &Redis) -> Self {
        let clock = Clock::system();
        let (now, hour) = (clock.now(), SignedDuration::from_hours(1));
        Self {
            state: redis.state().await,
            clock,
            books: Books::default(),
            log: Log::default(),
            reserved: TOKENS.iter().map(|token| reserved_at(order(token), now, now + hour)).collect(),
            inputs: Vec::new(),
            in_time: Vec::new(),
            held: Vec::new(),
            tasks: JoinSet::new(),
            turns: mpsc::unbounded_channel(),
        }
    }

    pub async fn cancel(&mut self, order: usize, read: bool) {
        self.log.lock().unwrap().push((order, Entry::CancelRequested));
        if read {
            if !self.inputs.contains(&(order, Input::Reserved)) {
                self.in_time.push(order);
            }
            self.note(order).await;
        }
    }

    async fn note(&self, order: usize) {
        let step = OnOrderCancelRequested(States::new(self.state.clone()));
        let said = step.handle(&[cancel(&self.reserved[order].event.order)]).await.unwrap().remove(0);
        assert!(said.unwrap().into_events().is_empty());
    }

    /// Has the service read a record, if it can be there: shipping speaks only of what is paid.
    pub async fn read(&mut self, order: usize, input: Input, fate: Fate, crash: bool) {
        if input != Input::Reserved && self.paid(order).is_none() {
            return;
        }
        if !self.inputs.contains(&(order, input)) {
            self.inputs.push((order, input));
        }
        let (turns, log) = (self.turns.0.clone(), self.log.clone());
        let teller =
            Teller { books: self.books.clone(), clock: self.clock.clone(), fate, turns: turns.clone() };
        let calls = Calls::new(teller, LIMITS);
        let (states, clock) = (States::new(self.state.clone()), self.clock.clone());
        let record = self.reserved[order].clone();
        self.tasks.spawn(async move {
            let said = match input {
                Input::Reserved => {
                    let step = OnInventoryReserved::new(states, calls, clock);
                    one(step.handle(&[record]).await).flatten().map(Saying::Payment)
                }
                Input::Shipping(cause) => {
                    let refunds = Refunds::new(states, calls, clock);
                    refunded(refunds, cause, &record.event.order).await.map(Saying::Refund)
                }
            };
            if let Some(said) = said.filter(|_| !crash) {
                log.lock().unwrap().push((order, Entry::Said(input, said)));
            }
            turns.send(Turn::Ended).unwrap();
        });
        self.turn().await;
    }

    /// Lets one of the calls under way go on.
    pub async fn go_on(&mut self, which: usize) {
        if !self.held.is_empty() {
            let held = self.held.remove(which % self.held.len());
            held.send(()).unwrap();
            self.turn().await;
        }
    }

    /// Waits until the one task that runs is held up or has ended.
    async fn turn(&mut self) {
        let turn = loop {
            tokio::select! {
                turn = self.turns.1.recv() => break turn.unwrap(),
                // A panic of its own must not leave the test waiting.
                Some(ended) = self.tasks.join_next() => ended.unwrap(),
            }
        };
        if let Turn::Held(held) = turn {
            self.held.push(held);
        }
    }

    /// No call takes a day, so all end first.
    pub async fn day(&mut self) {
        self.go_on_to_the_end().await;
        self.clock.set_offset(DAY + self.clock.now().duration_since(Clock::system().now()));
    }

    async fn go_on_to_the_end(&mut self) {
        while !self.held.is_empty() {
            self.go_on(0).await;
        }
    }

    /// What is under way finds its generation gone; the next one follows from the log.
    pub async fn lose(&mut self, redis: &Redis, backwards: bool) {
        let generation = self.state.key("").replace(":g1:", ":generation");
        let gone: i64 = redis::cmd("DEL").arg(generation).query_async(&mut self.state.redis()).await.unwrap();
        assert_eq!(gone, 1);
        self.state = redis.state().await;
        let mut said: Vec<Said> = self.log.lock().unwrap().iter().map(|entry| self.says(entry)).collect();
        if backwards {
            said.reverse();
        }
        for said in said {
            fold::restore(&States::new(self.state.clone()), said).await.unwrap();
        }
    }

    fn says(&self, (order, entry): &(usize, Entry)) -> Said {
        let mut said = Said::default();
        match entry.clone() {
            Entry::CancelRequested => said.cancels.push(self.reserved[*order].event.order.order_id),
            Entry::Said(_, Saying::Payment(PaymentEvent::PaymentProcessed(event))) => {
                said.outcomes.push(fold::paid(event));
            }
            Entry::Said(_, Saying::Payment(PaymentEvent::PaymentFailed(event))) => {
                said.outcomes.push(fold::failed(event));
            }
            Entry::Said(_, Saying::Refund(event)) => said.refunds.extend(event.map(fold::refunded)),
        }
        said
    }

    /// Reads everything there is once more, undisturbed.
    pub async fn end(&mut self) {
        self.go_on_to_the_end().await;
        let requested: Vec<usize> = self.of_all(|entry| matches!(entry, Entry::CancelRequested));
        for order in requested {
            self.note(order).await;
        }
        for (order, input) in self.inputs.clone() {
            self.read(order, input, Fate::Prompt, false).await;
        }
    }

    fn of_all(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<usize> {
        let log = self.log.lock().unwrap();
        log.iter().filter(|(_, entry)| wanted(entry)).map(|(order, _)| *order).collect()
    }

    /// Where the log first says that an order is paid.
    pub(super) fn paid(&self, order: usize) -> Option<usize> {
        let paid = |entry: &Entry| {
            matches!(entry, Entry::Said(_, Saying::Payment(PaymentEvent::PaymentProcessed(_))))
        };
        let log = self.log.lock().unwrap();
        log.iter().position(|(of, entry)| *of == order && paid(entry))
    }
}

/// What a step said to its one record; `None` when it has to read it again.
fn one<T>(verdicts: Verdicts<T>) -> Option<Option<T>> {
    let outcome = verdicts.ok()?.remove(0).ok()?;
    Some(outcome.into_events().pop())
}

async fn refunded(
    refunds: Refunds<Teller>,
    cause: Cause,
    order: &Arc<Order>,
) -> Option<Option<PaymentRefunded>> {
    let (said, expected) = match cause {
        Cause::Failed => (
            one(OnShippingFailed(refunds).handle(&[shipping_failed(order)]).await),
            refund::reason::SHIPPING_FAILED,
        ),
        Cause::Cancelled => {
            let step = OnShippingCancelled(refunds);
            (one(step.handle(&[shipping_cancelled(order)]).await), refund::reason::CANCELLED)
        }
    };
    assert!(said.iter().flatten().all(|event| event.reason == expected));
    said
}
