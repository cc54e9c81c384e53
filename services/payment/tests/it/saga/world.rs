//! A service, a bank and a log, moved one happening at a time.

use std::sync::Arc;

use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    events::{GatewayAnswered, InventoryReserved, Order, PaymentRefunded},
    runtime::Tick,
    state::State,
    step::{Received, Step, Verdicts},
    topics::INVENTORY,
};
use payment::{
    AtPaymentDeadline, Calls, Charging, OnGatewayAnswered, OnInventoryReserved, OnOrderCancelRequested,
    OnShippingCancelled, OnShippingFailed, PaymentEnded, Refunds,
    domain::refund,
    fold::{self, Said},
    states::States,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{
    bank::{Bank, Books, Fate, Turn},
    log::{Cause, Entry, Input, Log, Saying},
};
use crate::support::{
    CONFIRM_WITHIN, LIMITS, answered, cancel, order, reserved_at, shipping_cancelled, shipping_failed,
};
use orderflow_testkit::RedisServer;

pub const ORDERS: usize = 4;
const TOKENS: [&str; ORDERS] = ["tok_visa", "tok_lost", "tok_asks", "tok_asks"];
const DAY: SignedDuration = SignedDuration::from_hours(24);
const TWENTY_MINUTES: SignedDuration = SignedDuration::from_mins(20);

pub struct World {
    state: State,
    clock: Clock,
    pub(super) books: Books,
    pub(super) log: Log,
    pub(super) reserved: Vec<Received<InventoryReserved>>,
    /// What the bank has called back, twice each.
    pub(super) callbacks: Vec<(usize, Received<GatewayAnswered>)>,
    /// What was there to be read, and in which order it was read first.
    pub(super) inputs: Vec<(usize, Input)>,
    /// Orders whose cancel was read before their reservation.
    pub(super) in_time: Vec<usize>,
    held: Vec<oneshot::Sender<()>>,
    tasks: JoinSet<()>,
    turns: (mpsc::UnboundedSender<Turn>, mpsc::UnboundedReceiver<Turn>),
}

impl World {
    pub async fn new(redis: &RedisServer) -> Self {
        let clock = Clock::system();
        let (now, hour) = (clock.now(), SignedDuration::from_hours(1));
        Self {
            state: redis.fresh().await,
            clock,
            books: Books::default(),
            log: Log::default(),
            reserved: TOKENS.iter().map(|token| reserved_at(order(token), now, now + hour)).collect(),
            callbacks: Vec::new(),
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
        if matches!(input, Input::Shipping(_)) && self.paid(order).is_none() {
            return;
        }
        if !self.inputs.contains(&(order, input)) {
            self.inputs.push((order, input));
        }
        let (turns, log) = (self.turns.0.clone(), self.log.clone());
        let calls = self.calls(fate);
        let (state, clock) = (self.state.clone(), self.clock.clone());
        let states = States::new(state.clone());
        let record = self.reserved[order].clone();
        let callback = match input {
            Input::Callback(which) => Some(self.callbacks[which].1.clone()),
            _ => None,
        };
        self.tasks.spawn(async move {
            let said = match input {
                Input::Reserved => {
                    let charging = Charging { calls, clock, confirm_within: CONFIRM_WITHIN };
                    let step = OnInventoryReserved::new(states, charging);
                    one(step.handle(&[record]).await).map(Saying::Payment)
                }
                Input::Shipping(cause) => {
                    let refunds = Refunds::new(states, calls, clock);
                    refunded(refunds, cause, &record.event.order).await.map(Saying::Refund)
                }
                Input::Callback(_) => {
                    let step = OnGatewayAnswered { states, calls, clock };
                    one(step.handle(&[callback.unwrap()]).await).map(Saying::Ended)
                }
                Input::Deadline => panic!("it reads no record"),
            };
            // As the runtime does: what was said over a state that is gone is not committed.
            if let (Some(said), false, Ok(())) = (said, crash, state.advance(&[]).await) {
                log.lock().unwrap().push((order, Entry::Said(input, said)));
            }
            turns.send(Turn::Ended).unwrap();
        });
        self.turn().await;
    }

    fn calls(&self, fate: Fate) -> Arc<Calls<Bank>> {
        let (books, clock, turns) = (self.books.clone(), self.clock.clone(), self.turns.0.clone());
        Calls::new(Bank { books, clock, fate, turns }, LIMITS)
    }

    /// Has the service read one of the bank's callbacks.
    pub async fn callback(&mut self, which: usize, fate: Fate, crash: bool) {
        if !self.callbacks.is_empty() {
            let which = which % self.callbacks.len();
            self.read(self.callbacks[which].0, Input::Callback(which), fate, crash).await;
        }
    }

    /// A customer who is asked says yes or no.
    pub fn customer(&mut self, order: usize, says_yes: bool) {
        let id = self.reserved[order].event.order.order_id;
        if let Some(account) = self.books.lock().unwrap().get_mut(&id) {
            account.customer(says_yes);
        }
        self.call_back();
    }

    /// Has the bank call back what it has decided.
    fn call_back(&mut self) {
        for (number, record) in self.reserved.iter().enumerate() {
            let order = &record.event.order;
            let mut books = self.books.lock().unwrap();
            let Some(account) = books.get_mut(&order.order_id) else { continue };
            for _ in 0..2 * std::mem::take(&mut account.callbacks) {
                self.callbacks.push((number, answered(order, "payment_intent.succeeded")));
            }
        }
    }

    /// Has the service look at its deadlines.
    pub async fn tick(&mut self, fate: Fate, crash: bool) {
        let (turns, log) = (self.turns.0.clone(), self.log.clone());
        let (state, clock) = (self.state.clone(), self.clock.clone());
        let states = States::new(state.clone());
        let deadline = AtPaymentDeadline { states, calls: self.calls(fate), clock: clock.clone() };
        let orders: Vec<_> = self.reserved.iter().map(|record| record.event.order.order_id).collect();
        self.tasks.spawn(async move {
            let due = deadline.due(clock.now(), &[(INVENTORY, 0)]).await.unwrap_or_default();
            let is_committed = !crash && state.advance(&[]).await.is_ok();
            for due in due.into_iter().filter(|_| is_committed) {
                let order = orders.iter().position(|id| due.entry.ends_with(&id.to_string())).unwrap();
                let said = Saying::Ended(due.outcome.into_events().pop());
                log.lock().unwrap().push((order, Entry::Said(Input::Deadline, said)));
                // State that is lost meanwhile has no deadlines to drop.
                let _ = deadline.settled(&[due.entry]).await;
            }
            turns.send(Turn::Ended).unwrap();
        });
        self.turn().await;
    }

    /// No call takes twenty minutes, so all end first.
    pub async fn twenty_minutes(&mut self) {
        self.pass(TWENTY_MINUTES).await;
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
        self.call_back();
    }

    /// No call takes a day, so all end first.
    pub async fn day(&mut self) {
        self.pass(DAY).await;
    }

    async fn pass(&mut self, time: SignedDuration) {
        self.go_on_to_the_end().await;
        self.clock.set_offset(time + self.clock.now().duration_since(Clock::system().now()));
    }

    async fn go_on_to_the_end(&mut self) {
        while !self.held.is_empty() {
            self.go_on(0).await;
        }
    }

    /// What is under way finds its generation gone; the next one follows from the log.
    pub async fn lose(&mut self, redis: &RedisServer, backwards: bool) {
        let generation = self.state.key("").replace(":g1:", ":generation");
        let gone: i64 = redis::cmd("DEL").arg(generation).query_async(&mut self.state.redis()).await.unwrap();
        assert_eq!(gone, 1);
        self.state = redis.fresh().await;
        let mut said: Vec<Said> = self.log.lock().unwrap().iter().map(|entry| self.says(entry)).collect();
        if backwards {
            said.reverse();
        }
        for said in said {
            fold::restore(&States::new(self.state.clone()), said).await.unwrap();
        }
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
        self.twenty_minutes().await;
        self.tick(Fate::Prompt, false).await;
        // With those that have come meanwhile.
        for which in 0..self.callbacks.len() {
            self.callback(which, Fate::Prompt, false).await;
        }
    }

    fn of_all(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<usize> {
        let log = self.log.lock().unwrap();
        log.iter().filter(|(_, entry)| wanted(entry)).map(|(order, _)| *order).collect()
    }

    /// Where the log first says that an order is paid.
    pub(super) fn paid(&self, order: usize) -> Option<usize> {
        let paid = |entry: &Entry| match entry {
            Entry::Said(_, saying) => matches!(saying.end(), Some(PaymentEnded::PaymentProcessed(_))),
            Entry::CancelRequested => false,
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
    refunds: Refunds<Bank>,
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
