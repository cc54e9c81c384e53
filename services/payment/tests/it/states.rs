//! The scripts do what their plain twins do.

use std::collections::HashMap;

use jiff::Timestamp;
use payment::{
    domain::{
        self, Outcome, Phase,
        refund::{self, Refund, Refunded},
    },
    states::States,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use uuid::Uuid;

use crate::support::Redis;

const ORDERS: u128 = 4;

/// What may come, for several orders at once, as a batch does.
#[derive(Debug, Clone)]
enum Operation {
    Begin { now: Timestamp, orders: Vec<(Uuid, Timestamp)> },
    Cancel(Vec<Uuid>),
    Settle(Vec<(Uuid, Outcome)>),
    BeginRefund { reason: String, orders: Vec<Uuid> },
    SettleRefund(Vec<(Uuid, Refunded)>),
}

fn time() -> impl Strategy<Value = Timestamp> {
    // Around a time of today, so that microseconds are as large as they are.
    (-5i64..5).prop_map(|us| Timestamp::from_microsecond(1_800_000_000_000_000 + us).unwrap())
}

fn id() -> impl Strategy<Value = Uuid> {
    (0..ORDERS).prop_map(Uuid::from_u128)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let code = || prop::option::of("[a-z_]{1,12}");
    prop_oneof![
        (time(), "pi_[a-z0-9]{1,8}").prop_map(|(at, intent_id)| Outcome::Paid { at, intent_id }),
        (time(), "[a-z_]{1,12}", code()).prop_map(|(at, reason, code)| Outcome::Failed { at, reason, code }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        (time(), prop::collection::vec((id(), time()), 1..4))
            .prop_map(|(now, orders)| Operation::Begin { now, orders }),
        prop::collection::vec(id(), 1..4).prop_map(Operation::Cancel),
        prop::collection::vec((id(), outcome()), 1..4).prop_map(Operation::Settle),
        ("[ab]", prop::collection::vec(id(), 1..4))
            .prop_map(|(reason, orders)| Operation::BeginRefund { reason, orders }),
        prop::collection::vec((id(), refunded()), 1..4).prop_map(Operation::SettleRefund),
    ]
}

fn refunded() -> impl Strategy<Value = Refunded> {
    let parts = (time(), "pi_[a-z0-9]{1,8}", "re_[a-z0-9]{1,8}", "[ab]");
    parts.prop_map(|(at, intent_id, refund_id, reason)| Refunded { at, intent_id, refund_id, reason })
}

/// The twin's orders.
#[derive(Default)]
struct Model(HashMap<Uuid, Phase>, HashMap<Uuid, Refund>);

impl Model {
    fn cancel(&mut self, order: Uuid) {
        let phase = domain::cancel(self.0.get(&order).cloned());
        self.0.insert(order, phase);
    }

    fn begin_refund(&mut self, order: Uuid, reason: &str) -> (Option<Phase>, Refund) {
        let refund = refund::begin(self.1.get(&order).cloned(), reason);
        self.1.insert(order, refund.clone());
        (self.0.get(&order).cloned(), refund)
    }

    fn settle_refund(&mut self, (order, outcome): (Uuid, Refunded)) -> Refunded {
        let held = refund::settle(self.1.get(&order).cloned(), outcome);
        self.1.insert(order, Refund::Refunded(held.clone()));
        held
    }

    fn begin(&mut self, (order, valid_until): (Uuid, Timestamp), now: Timestamp) -> Phase {
        let phase = domain::begin(self.0.get(&order).cloned(), now, valid_until);
        self.0.insert(order, phase.clone());
        phase
    }

    fn settle(&mut self, (order, outcome): (Uuid, Outcome)) -> Outcome {
        let held = domain::settle(self.0.get(&order).cloned(), outcome);
        self.0.insert(order, Phase::Settled(held.clone()));
        held
    }
}

async fn agree(states: &States, operations: Vec<Operation>) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    for operation in operations {
        match operation {
            Operation::Begin { now, orders } => {
                let held = states.begin(&orders, now).await.unwrap();
                let expected: Vec<_> = orders.into_iter().map(|order| model.begin(order, now)).collect();
                prop_assert_eq!(held, expected);
            }
            Operation::Settle(outcomes) => {
                let held = states.settle(outcomes.clone()).await.unwrap();
                let expected: Vec<_> = outcomes.into_iter().map(|outcome| model.settle(outcome)).collect();
                prop_assert_eq!(held, expected);
            }
            // What it did shows in what comes next.
            Operation::Cancel(orders) => {
                states.cancel(&orders).await.unwrap();
                orders.into_iter().for_each(|order| model.cancel(order));
            }
            Operation::BeginRefund { reason, orders } => {
                let held = states.begin_refund(&orders, &reason).await.unwrap();
                let expected: Vec<_> =
                    orders.into_iter().map(|order| model.begin_refund(order, &reason)).collect();
                prop_assert_eq!(held, expected);
            }
            Operation::SettleRefund(outcomes) => {
                let held = states.settle_refund(outcomes.clone()).await.unwrap();
                let expected: Vec<_> =
                    outcomes.into_iter().map(|outcome| model.settle_refund(outcome)).collect();
                prop_assert_eq!(held, expected);
            }
        }
    }
    Ok(())
}

#[test]
fn scripts_and_plain_functions_decide_alike() {
    let Some(redis) = Redis::start() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let operations = prop::collection::vec(operation(), 1..32);
    TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() })
        .run(&operations, |operations| {
            runtime.block_on(async { agree(&States::new(redis.state().await), operations).await })
        })
        .unwrap();
}

#[tokio::test]
async fn every_state_outlives_the_longest_redrive_and_ends() {
    let Some(redis) = Redis::start() else { return };
    let state = redis.state().await;
    let states = States::new(state.clone());
    let [begun, settled, cancelled, refunding, refunded] = [1, 2, 3, 4, 5].map(Uuid::from_u128);
    let at = Timestamp::UNIX_EPOCH;
    states.begin(&[(begun, at)], at).await.unwrap();
    states.settle(vec![(settled, Outcome::Paid { at, intent_id: "pi_1".into() })]).await.unwrap();
    states.cancel(&[cancelled]).await.unwrap();
    states.begin_refund(&[refunding], "cancelled").await.unwrap();
    let (intent_id, refund_id, reason) = ("pi_1".into(), "re_1".into(), "cancelled".into());
    states.settle_refund(vec![(refunded, Refunded { at, intent_id, refund_id, reason })]).await.unwrap();
    let payments = [begun, settled, cancelled].map(|order| format!("order:{order}"));
    let refunds = [refunding, refunded].map(|order| format!("refund:{order}"));
    for key in payments.into_iter().chain(refunds) {
        let key = state.key(&key);
        let days: i64 =
            redis::cmd("TTL").arg(key).query_async::<i64>(&mut state.redis()).await.unwrap() / 86_400;
        assert!((34..=35).contains(&days), "{days} days");
    }
}

#[tokio::test]
async fn a_state_of_another_version_stops_the_service() {
    let Some(redis) = Redis::start() else { return };
    let state = redis.state().await;
    let order = Uuid::from_u128(1);
    let key = state.key(&format!("order:{order}"));
    let () = redis::cmd("SET").arg(key).arg("waiting").query_async(&mut state.redis()).await.unwrap();
    let at = Timestamp::UNIX_EPOCH;
    let fault = States::new(state).begin(&[(order, at)], at).await.unwrap_err();
    assert_eq!(fault.code(), "unknown_payment_state");
}
