//! The scripts do what their plain twins do.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use orderflow::events::Order;
use payment::{
    domain::{
        self, Outcome, Phase,
        refund::{self, Refund, Refunded},
        wait::{End, Known, Payment, Teller, Wait},
    },
    states::States,
    waits::Waiter,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use uuid::Uuid;

use crate::support::{order, reserved};
use orderflow_testkit::RedisServer;

const ORDERS: u128 = 4;

/// What may come, for several orders at once, as a batch does.
#[derive(Debug, Clone)]
enum Operation {
    Begin { now: Timestamp, orders: Vec<(Uuid, Timestamp)> },
    Opened(Vec<(Uuid, String)>),
    Cancel(Vec<Uuid>),
    Wait { waits: Vec<(Uuid, Wait)>, is_told: bool },
    Settle(Vec<(Uuid, End)>),
    Due(Timestamp),
    Settled(Uuid),
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

fn wait() -> impl Strategy<Value = Wait> {
    (time(), time(), "pi_[a-z0-9]{1,8}").prop_map(|(required_at, respond_by, intent_id)| Wait {
        required_at,
        respond_by,
        intent_id,
    })
}

fn end() -> impl Strategy<Value = End> {
    let teller = prop_oneof![
        Just(Teller::Reservation),
        Just(Teller::Deadline),
        (0u128..3).prop_map(|event| Teller::Callback(Uuid::from_u128(event))),
    ];
    (outcome(), teller, any::<bool>(), any::<bool>()).prop_map(|(outcome, teller, knows_wait, is_told)| End {
        outcome,
        teller,
        knows_wait,
        is_told,
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        (time(), prop::collection::vec((id(), time()), 1..4))
            .prop_map(|(now, orders)| Operation::Begin { now, orders }),
        prop::collection::vec(id(), 1..4).prop_map(Operation::Cancel),
        prop::collection::vec((id(), "pi_[a-z0-9]{1,8}"), 1..4).prop_map(Operation::Opened),
        (prop::collection::vec((id(), wait()), 1..4), any::<bool>())
            .prop_map(|(waits, is_told)| Operation::Wait { waits, is_told }),
        prop::collection::vec((id(), end()), 1..4).prop_map(Operation::Settle),
        time().prop_map(Operation::Due),
        id().prop_map(Operation::Settled),
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
struct Model(HashMap<Uuid, Payment>, HashMap<Uuid, Refund>);

impl Model {
    fn payment(&mut self, order: Uuid) -> &mut Payment {
        self.0.entry(order).or_default()
    }

    fn begin(&mut self, (order, valid_until): (Uuid, Timestamp), now: Timestamp) -> Option<Known> {
        let payment = self.payment(order);
        payment.phase = Some(domain::begin(payment.phase.take(), now, valid_until));
        payment.known()
    }

    fn opened(&mut self, order: Uuid, intent_id: &str) -> Option<Known> {
        let payment = self.payment(order);
        payment.phase = domain::opened(payment.phase.take(), intent_id);
        payment.known()
    }

    fn cancel(&mut self, order: Uuid) {
        let payment = self.payment(order);
        payment.phase = Some(domain::cancel(payment.phase.take()));
    }

    fn wait(&mut self, order: Uuid, wait: Wait, is_told: bool) -> Option<Known> {
        self.payment(order).wait(wait, is_told);
        self.payment(order).known()
    }

    fn settle(&mut self, order: Uuid, end: End) -> Option<Known> {
        self.payment(order).settle(end);
        self.payment(order).known()
    }

    /// Orders whose time is up, oldest first.
    fn due(&self, now: Timestamp) -> Vec<Uuid> {
        let until =
            |payment: &Payment| payment.wait.as_ref().filter(|_| payment.is_due).map(|w| w.respond_by);
        let due = self.0.iter().filter_map(|(order, payment)| Some((until(payment)?, *order)));
        let mut due: Vec<_> = due.filter(|(until, _)| *until <= now).collect();
        due.sort();
        due.into_iter().map(|(_, order)| order).collect()
    }

    fn begin_refund(&mut self, order: Uuid, reason: &str) -> (Option<Phase>, Refund) {
        let refund = refund::begin(self.1.get(&order).cloned(), reason);
        self.1.insert(order, refund.clone());
        (self.payment(order).phase.clone(), refund)
    }

    fn settle_refund(&mut self, (order, outcome): (Uuid, Refunded)) -> Refunded {
        let held = refund::settle(self.1.get(&order).cloned(), outcome);
        self.1.insert(order, Refund::Refunded(held.clone()));
        held
    }
}

/// An order that waits, all in one partition.
fn waiter(id: Uuid, wait: Wait) -> Waiter {
    let order = Order { order_id: id, ..order("tok_visa") };
    let cause = reserved(order.clone(), SignedDuration::from_hours(1)).envelope;
    Waiter { order: Arc::new(order), wait, cause, partition: 0 }
}

async fn agree(states: &States, operations: Vec<Operation>) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    for operation in operations {
        match operation {
            Operation::BeginRefund { .. } | Operation::SettleRefund(_) => {
                agree_on_refunds(states, &mut model, operation).await?;
            }
            Operation::Wait { .. } | Operation::Due(_) | Operation::Settled(_) => {
                agree_on_waits(states, &mut model, operation).await?;
            }
            Operation::Begin { now, orders } => {
                let held = states.begin(&orders, now).await.unwrap();
                let expected: Vec<_> = orders.into_iter().map(|order| model.begin(order, now)).collect();
                prop_assert_eq!(held.into_iter().map(Some).collect::<Vec<_>>(), expected);
            }
            Operation::Opened(intents) => {
                // The step opens only what it has begun.
                let known = |(order, _): &(Uuid, String)| {
                    model.0.get(order).is_some_and(|payment| payment.phase.is_some())
                };
                let intents: Vec<_> = intents.into_iter().filter(known).collect();
                let asked: Vec<_> = intents.iter().map(|(order, intent)| (*order, intent.as_str())).collect();
                let held = states.opened(&asked).await.unwrap();
                let expected: Vec<_> =
                    intents.iter().map(|(order, intent)| model.opened(*order, intent)).collect();
                prop_assert_eq!(held.into_iter().map(Some).collect::<Vec<_>>(), expected);
            }
            Operation::Settle(ends) => {
                let held = states.settle(ends.clone()).await.unwrap();
                let expected: Vec<_> =
                    ends.into_iter().map(|(order, end)| model.settle(order, end)).collect();
                prop_assert_eq!(held.into_iter().map(Some).collect::<Vec<_>>(), expected);
            }
            // What it did shows in what comes next.
            Operation::Cancel(orders) => {
                states.cancel(&orders).await.unwrap();
                orders.into_iter().for_each(|order| model.cancel(order));
            }
        }
    }
    Ok(())
}

async fn agree_on_waits(
    states: &States,
    model: &mut Model,
    operation: Operation,
) -> Result<(), TestCaseError> {
    match operation {
        Operation::Wait { waits, is_told } => {
            // The step takes down only what it has begun; a fold, anything.
            let known = |(order, _): &(Uuid, Wait)| {
                is_told || model.0.get(order).is_some_and(|payment| payment.phase.is_some())
            };
            let waits: Vec<_> = waits.into_iter().filter(known).collect();
            let waiters: Vec<_> = waits.iter().cloned().map(|(order, wait)| waiter(order, wait)).collect();
            let held = states.wait(&waiters, is_told).await.unwrap();
            let expected: Vec<_> =
                waits.into_iter().map(|(order, wait)| model.wait(order, wait, is_told)).collect();
            prop_assert_eq!(held.into_iter().map(Some).collect::<Vec<_>>(), expected);
        }
        Operation::Due(now) => {
            let due = states.due(now, &[0], 10).await.unwrap();
            let known: Vec<_> = due.iter().map(|due| Some(due.known.clone())).collect();
            let due: Vec<_> = due.iter().map(|due| due.order.order_id).collect();
            prop_assert_eq!(&due, &model.due(now));
            prop_assert_eq!(known, due.iter().map(|order| model.0[order].known()).collect::<Vec<_>>());
        }
        Operation::Settled(order) => {
            states.postpone(&[format!("0 {order}")], None).await.unwrap();
            model.payment(order).is_due = false;
        }
        _ => unreachable!(),
    }
    Ok(())
}

async fn agree_on_refunds(
    states: &States,
    model: &mut Model,
    operation: Operation,
) -> Result<(), TestCaseError> {
    match operation {
        Operation::BeginRefund { reason, orders } => {
            let held = states.begin_refund(&orders, &reason).await.unwrap();
            let expected: Vec<_> =
                orders.into_iter().map(|order| model.begin_refund(order, &reason)).collect();
            prop_assert_eq!(held, expected);
        }
        Operation::SettleRefund(outcomes) => {
            let held = states.settle_refund(outcomes.clone()).await.unwrap();
            let expected: Vec<_> = outcomes.into_iter().map(|outcome| model.settle_refund(outcome)).collect();
            prop_assert_eq!(held, expected);
        }
        _ => unreachable!(),
    }
    Ok(())
}

#[test]
fn scripts_and_plain_functions_decide_alike() {
    let Some(redis) = RedisServer::start() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let operations = prop::collection::vec(operation(), 1..32);
    TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() })
        .run(&operations, |operations| {
            runtime.block_on(async { agree(&States::new(redis.fresh().await), operations).await })
        })
        .unwrap();
}

#[tokio::test]
async fn every_state_outlives_the_longest_redrive_and_ends() {
    let Some(redis) = RedisServer::start() else { return };
    let state = redis.fresh().await;
    let states = States::new(state.clone());
    let [begun, settled, cancelled, refunding, refunded, waiting] = [1, 2, 3, 4, 5, 6].map(Uuid::from_u128);
    let at = Timestamp::UNIX_EPOCH;
    states.begin(&[(begun, at)], at).await.unwrap();
    let wait = Wait { required_at: at, respond_by: at, intent_id: "pi_1".into() };
    states.wait(&[waiter(waiting, wait)], false).await.unwrap();
    let (outcome, teller) = (Outcome::Paid { at, intent_id: "pi_1".into() }, Teller::Deadline);
    let end = End { outcome, teller, knows_wait: true, is_told: false };
    states.settle(vec![(settled, end)]).await.unwrap();
    states.cancel(&[cancelled]).await.unwrap();
    states.begin_refund(&[refunding], "cancelled").await.unwrap();
    let (intent_id, refund_id, reason) = ("pi_1".into(), "re_1".into(), "cancelled".into());
    states.settle_refund(vec![(refunded, Refunded { at, intent_id, refund_id, reason })]).await.unwrap();
    let payments = [begun, settled, cancelled, waiting].map(|order| format!("order:{order}"));
    let refunds = [refunding, refunded].map(|order| format!("refund:{order}"));
    let waits = [settled, waiting].map(|order| format!("wait:{order}"));
    let keys = payments.into_iter().chain(refunds).chain(waits).chain(["due:0".to_owned()]);
    for key in keys {
        let key = state.key(&key);
        let days: i64 =
            redis::cmd("TTL").arg(key).query_async::<i64>(&mut state.redis()).await.unwrap() / 86_400;
        assert!((34..=35).contains(&days), "{days} days");
    }
}

#[tokio::test]
async fn a_state_of_another_version_stops_the_service() {
    let Some(redis) = RedisServer::start() else { return };
    let state = redis.fresh().await;
    let order = Uuid::from_u128(1);
    let key = state.key(&format!("order:{order}"));
    let () = redis::cmd("SET").arg(key).arg("pondering").query_async(&mut state.redis()).await.unwrap();
    let at = Timestamp::UNIX_EPOCH;
    let fault = States::new(state).begin(&[(order, at)], at).await.unwrap_err();
    assert_eq!(fault.code(), "unknown_payment_state");
}
