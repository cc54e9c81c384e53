//! The scripts do what their plain twins do.

use std::collections::HashMap;

use jiff::Timestamp;
use payment::{
    domain::{self, Outcome, Phase},
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
    Settle(Vec<(Uuid, Outcome)>),
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
        prop::collection::vec((id(), outcome()), 1..4).prop_map(Operation::Settle),
    ]
}

/// The twin's orders.
#[derive(Default)]
struct Model(HashMap<Uuid, Phase>);

impl Model {
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
        }
    }
    Ok(())
}

#[test]
fn scripts_and_plain_functions_decide_alike() {
    let Some(redis) = Redis::start() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let operations = prop::collection::vec(operation(), 1..24);
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
    let (begun, settled) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let at = Timestamp::UNIX_EPOCH;
    states.begin(&[(begun, at)], at).await.unwrap();
    states.settle(vec![(settled, Outcome::Paid { at, intent_id: "pi_1".into() })]).await.unwrap();
    for order in [begun, settled] {
        let key = state.key(&format!("order:{order}"));
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
