//! What is learned later about orders: the newest label counts, at once, and after a rebuild.

use fraud_scoring::{
    labels::{Label, Labelled, Labels, Learned, Tally},
    on_fraud_labelled::OnFraudLabelled,
    profiles::Profiles,
    rebuild::{FraudFold, Memory},
    sighting::Sighting,
    windows::SECOND,
};
use orderflow::{
    clock::Clock,
    events::{FraudLabelled, Order},
    state::State,
    step::{Received, Step},
};
use proptest::{prelude::*, test_runner::TestRunner};
use redis::AsyncCommands;
use uuid::Uuid;

use crate::support::{
    LIMITS, POLICY, answers, as_received, batch, cause, micros,
    orders::{NOON, at, crowd, order},
    step,
};
use orderflow_testkit::{RedisServer, block_on};

const DAY: i64 = 86_400;

/// A label of an order, this many seconds after noon.
fn label(event: u128, order: &Order, fraud: bool, seconds: i64) -> Received<FraudLabelled> {
    let label = FraudLabelled {
        order_id: order.order_id,
        customer_id: order.customer_id.clone(),
        card_hash: order.card_hash.clone(),
        device_hash: order.device_hash.clone(),
        address_hash: order.address_hash.clone(),
        fraud,
        source: "analyst".into(),
        labelled_by: "ann".into(),
        reason: "she knows".into(),
        labelled_at: micros(NOON + seconds * SECOND),
    };
    as_received(Uuid::from_u128(event), label)
}

async fn take_note(state: &State, labels: &[Received<FraudLabelled>]) {
    let step = OnFraudLabelled { labels: Labels::new(state.clone()), clock: Clock::standing(micros(NOON)) };
    assert!(
        step.handle(labels).await.unwrap().into_iter().all(|answer| answer.unwrap().into_events().is_empty())
    );
}

async fn learned(state: &State, orders: &[Order]) -> Vec<Learned> {
    let histories = Profiles::new(state.clone(), LIMITS.small).observe(&batch(orders)).await.unwrap();
    histories.into_iter().map(|history| history.labels).collect()
}

fn of(label: &Received<FraudLabelled>) -> Label {
    Label::of(label.envelope.id, &label.event)
}

/// Labels of orders of the crowd, some of them of the same order, at few times: also equal ones, and about a year ago.
fn labels(most: usize) -> impl Strategy<Value = Vec<Received<FraudLabelled>>> {
    let when = prop::sample::select(vec![0, 1, 60, -364 * DAY, -365 * DAY, -365 * DAY + 1]);
    let one = (1u128..40, when, any::<bool>(), crowd(1)).prop_map(|(number, when, fraud, orders)| {
        label(0, &Order { order_id: Uuid::from_u128(number), ..orders[0].clone() }, fraud, when)
    });
    prop::collection::vec(one, 0..most).prop_map(|mut labels| {
        labels.iter_mut().zip(0..).for_each(|(label, event)| label.envelope.id = Uuid::from_u128(event));
        labels
    })
}

#[test]
fn redis_and_the_twin_learn_the_same_in_any_sequence_live_and_rebuilt() {
    let Some(server) = RedisServer::start() else { return };
    let mut runner = TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    let shuffled = labels(90).prop_flat_map(|labels| {
        let places: Vec<usize> = (0..labels.len()).chain(0..labels.len().min(3)).collect(); // some come again
        (Just(labels), Just(places).prop_shuffle(), crowd(30), 1usize..20)
    });
    runner
        .run(&shuffled, |(labels, sequence, orders, size)| {
            block_on(async {
                let (live, rebuilt) = (server.fresh().await, server.fresh().await);
                let mut twin = Labelled::default();
                labels.iter().for_each(|label| twin.take_note(of(label)));
                for labels in labels.chunks(size) {
                    take_note(&live, labels).await;
                }
                let (fold, mut memory) = (FraudFold::new(Clock::standing(micros(NOON))), Memory::default());
                for place in sequence {
                    fold.learn(labels[place].envelope.id, &labels[place].event, &mut memory);
                }
                memory.restore(&rebuilt).await.unwrap();

                let orders: Vec<Order> =
                    orders.into_iter().map(|order| Order { placed_at: micros(NOON), ..order }).collect();
                let expected: Vec<Learned> =
                    orders.iter().map(|order| twin.learned(&Sighting::of(cause(order), order))).collect();
                prop_assert_eq!(&learned(&live, &orders).await, &expected);
                prop_assert_eq!(&learned(&rebuilt, &orders).await, &expected);
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn a_fraud_holds_the_next_order_and_a_correction_lets_it_go() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let said = async |day| answers(&step(&state, POLICY), &[on_day(day)]).await.remove(0).1;
    assert!(said(1).await.review.is_none());
    let chargeback = label(1, &order(1, "c"), true, 60);
    take_note(&state, std::slice::from_ref(&chargeback)).await;

    let held = said(2).await;
    assert!(held.review.is_some(), "{held:?}");
    let reason = &held.decision.reasons[0];
    assert_eq!(reason.code, "known_fraud_customer");
    assert_eq!(reason.text, "earlier orders of this customer that turned out to be fraud: 1");
    // Somebody else with the same card.
    let thief = Order { card_hash: order(1, "c").card_hash, ..at(3 * DAY, order(3, "thief")) };
    let (_, of_the_thief) = answers(&step(&state, POLICY), &[thief]).await.remove(0);
    assert!(of_the_thief.review.is_some());
    assert_eq!(of_the_thief.decision.reasons[0].code, "known_fraud_card");

    take_note(&state, &[label(2, &order(1, "c"), false, 61), chargeback]).await;
    assert!(said(4).await.review.is_none(), "the label before it comes again and changes nothing");
    assert_eq!(said(2).await, held, "what is decided stays decided");
    let honest = Tally { fraud: 0, honest: 1 };
    assert_eq!(learned(&state, &[order(5, "c")]).await[0].customer, honest);
}

/// An order of one customer so many days after noon.
fn on_day(day: u128) -> Order {
    at(i64::try_from(day).unwrap() * DAY, order(day, "c"))
}

#[tokio::test]
async fn a_label_moves_with_what_it_names_and_nobody_stands_in_clear() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    take_note(&state, &[label(1, &order(1, "c"), true, 0), label(2, &order(1, "other"), true, 1)]).await;
    let known = learned(&state, &[order(2, "c"), order(3, "other")]).await;
    assert_eq!((known[0], known[1].customer.fraud), (Learned::default(), 1));
    let mut redis = server.connect().await;
    for key in redis.keys::<_, Vec<String>>(state.key("label*")).await.unwrap() {
        assert!(!key.contains("other"), "{key}");
        assert!(redis.ttl::<_, i64>(&key).await.unwrap() > 0, "{key} has no end");
    }
}

#[tokio::test]
async fn labels_end_when_they_would_have_ended_without_a_rebuild() {
    let Some(server) = RedisServer::start() else { return };
    let (state, mut redis) = (server.fresh().await, server.connect().await);
    let fold = FraudFold::new(Clock::standing(micros(NOON + 399 * DAY * SECOND)));
    let mut memory = Memory::default();
    for (event, seconds) in [(1, 0), (2, -2 * DAY)] {
        let label = label(event, &order(event, &format!("customer {event}")), true, seconds);
        fold.learn(label.envelope.id, &label.event, &mut memory);
    }
    memory.restore(&state).await.unwrap();
    let keys: Vec<String> = redis.keys(state.key("label*")).await.unwrap();
    assert_eq!(keys.len(), 5, "only the first is young enough: {keys:?}");
    for key in keys {
        let left: i64 = redis.ttl(&key).await.unwrap();
        assert!((DAY - 60..=DAY).contains(&left), "{left}");
    }
}
