//! The gateway simulator, and steps that ask it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    events::Order,
    fault::{Consequence, Fault},
    state::State,
    step::{Received, Step},
};
use payment::{
    AtPaymentDeadline, Calls, Charging, OnGatewayAnswered, OnInventoryReserved, OnShippingCancelled,
    OnShippingFailed, Refunds, http_gateway::HttpGateway, states::States,
};
use simulators::{
    desk::{Desk, Options},
    gateway::{Gateway, GatewayFaults, Kind, Moved, moved_by_order, read_ledger, routes},
    server::router,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::support::{CONFIRM_WITHIN, LIMITS, client};

pub const PAID: Moved = Moved { charges: 1, charged: 2_500, refunded: 0 };
pub const UNPAID: Moved = Moved { charges: 0, charged: 0, refunded: 0 };
pub const REFUNDED: Moved = Moved { charges: 1, charged: 2_500, refunded: 2_500 };

/// A gateway simulator of the test's own.
pub struct Simulator {
    url: String,
    /// The simulator's time, and that of the steps that ask it.
    pub clock: Clock,
    desk: Arc<Desk<Gateway>>,
    ledger: PathBuf,
    _folder: TempDir,
    _serving: JoinSet<()>,
}

impl Simulator {
    pub async fn start(faults: serde_json::Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("gateway.jsonl");
        let faults: GatewayFaults = serde_json::from_value(faults).unwrap();
        let (key_life, clock) = (SignedDuration::from_hours(24), Clock::system());
        let time = clock.clone();
        let options = Options { seed: 1, faults, key_life, clock: Arc::new(move || time.now()) };
        let desk = Arc::new(Desk::open(Gateway::default(), &ledger, options).unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = router(desk.clone(), routes());
        let serving = JoinSet::from_iter([async move { axum::serve(listener, router).await.unwrap() }]);
        Self { url, clock, desk, ledger, _folder: folder, _serving: serving }
    }

    pub fn client(&self, timeout: Duration) -> HttpGateway {
        client(&self.url, timeout)
    }

    /// Switches faults while it runs.
    pub fn set_faults(&self, faults: serde_json::Value) {
        self.desk.set_faults(serde_json::from_value(faults).unwrap());
    }

    /// The step that charges, with a client that waits this long.
    pub fn charging(&self, state: &State, timeout: Duration) -> OnInventoryReserved<HttpGateway> {
        let calls = Calls::new(self.client(timeout), LIMITS);
        let charging = Charging { calls, clock: self.clock.clone(), confirm_within: CONFIRM_WITHIN };
        OnInventoryReserved::new(States::new(state.clone()), charging)
    }

    /// The step that hears callbacks.
    pub fn hearing(&self, state: &State) -> OnGatewayAnswered<HttpGateway> {
        let calls = Calls::new(self.client(Duration::from_secs(10)), LIMITS);
        OnGatewayAnswered { states: States::new(state.clone()), calls, clock: self.clock.clone() }
    }

    /// The deadline of payments that wait.
    pub fn deadline(&self, state: &State) -> AtPaymentDeadline<HttpGateway> {
        let calls = Calls::new(self.client(Duration::from_secs(10)), LIMITS);
        AtPaymentDeadline { states: States::new(state.clone()), calls, clock: self.clock.clone() }
    }

    /// What the order's customer does on the page that asks them.
    pub async fn customer(&self, order: &Order, act: &str) {
        let line = read_ledger(&self.ledger).unwrap().into_iter().rev();
        let id = order.order_id.to_string();
        let intent_id = line.map(|line| line.entry).find(|entry| entry.order_id == id).unwrap().intent_id;
        let url = format!("{}/customer/{intent_id}/{act}", self.url);
        let answer = reqwest::Client::new().post(url).send().await.unwrap();
        // A refusal is answered as a decline.
        assert!([200, 402].contains(&answer.status().as_u16()), "{answer:?}");
    }

    /// The steps that refund, with a client that waits this long.
    pub fn refunding(
        &self,
        state: &State,
        timeout: Duration,
    ) -> (OnShippingFailed<HttpGateway>, OnShippingCancelled<HttpGateway>) {
        let calls = Calls::new(self.client(timeout), LIMITS);
        let refunds = || Refunds::new(States::new(state.clone()), calls.clone(), self.clock.clone());
        (OnShippingFailed(refunds()), OnShippingCancelled(refunds()))
    }

    /// What happened to this order.
    pub fn kinds(&self, order: &Order) -> Vec<Kind> {
        let id = order.order_id.to_string();
        let lines = read_ledger(&self.ledger).unwrap().into_iter();
        lines.filter(|line| line.entry.order_id == id).map(|line| line.entry.kind).collect()
    }

    /// What moved for these orders, in their order.
    pub fn moved<'a>(&self, orders: impl IntoIterator<Item = &'a Arc<Order>>) -> Vec<Moved> {
        let lines = read_ledger(&self.ledger).unwrap();
        let moved = moved_by_order(&lines);
        let of = |order: &Arc<Order>| moved.get(order.order_id.to_string().as_str()).cloned();
        orders.into_iter().map(|order| of(order).unwrap_or_default()).collect()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.desk.stop();
    }
}

/// Handles the batch as the runtime does, again and again while there are transient faults. How often, and what it said
/// in the end.
pub async fn settle<S: Step>(step: &S, batch: &[Received<S::In>]) -> (usize, Vec<S::Out>) {
    for repeats in 0..100 {
        let verdicts = step.handle(batch).await.unwrap();
        let transient = |fault: &Fault| fault.consequence() == Consequence::Transient;
        if verdicts.iter().all(Result::is_ok) {
            let events = verdicts.into_iter().flat_map(|verdict| verdict.unwrap().into_events());
            return (repeats, events.collect());
        }
        assert!(verdicts.iter().filter_map(|verdict| verdict.as_ref().err()).all(transient));
    }
    panic!("not settled after 100 repeats");
}
