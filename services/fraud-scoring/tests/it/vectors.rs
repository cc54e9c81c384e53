//! The vector that decided stands in the decision, and the log gives it again, byte by byte.

use fraud_scoring::{
    replay::Replay,
    vector::{DEFINITION, LEN, names},
};
use orderflow::events::{FraudDecision, Line, Order};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::support::{
    LIMITS, POLICY, answers, cause, micros,
    orders::{again, at, crowd, order},
    step,
};
use orderflow_testkit::{RedisServer, block_on};

/// As records come: in the sequence of their arrival, up to a day after they were placed, some of them again.
fn arrivals() -> impl Strategy<Value = Vec<Order>> {
    let delay = prop_oneof![Just(0), 0i64..86_400_000_000];
    let extras = (delay, 1i32..4, 0i64..9_000, prop::option::of(Just("NG".to_owned())));
    crowd(140).prop_flat_map(move |orders| {
        let extras = prop::collection::vec(extras.clone(), orders.len());
        let repeats = prop::collection::vec((any::<prop::sample::Index>(), 0i64..86_400_000_000), 0..20);
        (Just(orders), extras, repeats).prop_map(|(orders, extras, repeats)| {
            let mut arrivals: Vec<(i64, Order)> = Vec::new();
            for (order, (delay, quantity, unit_price, ip_country)) in orders.into_iter().zip(extras) {
                let more = Line { sku: "MORE".into(), quantity, unit_price };
                let lines = order.lines.iter().cloned().chain([more]).collect();
                let arrival = order.placed_at.as_microsecond() + delay;
                arrivals.push((arrival, Order { lines, ip_country, ..order }));
            }
            for (index, later) in repeats {
                let (arrival, order) = index.get(&arrivals).clone();
                arrivals.push((arrival + later, order));
            }
            arrivals.sort_by_key(|(arrival, _)| *arrival);
            arrivals.into_iter().map(|(_, order)| order).collect()
        })
    })
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn number(decision: &FraudDecision, name: &str) -> f32 {
    decision.features.0[names().iter().position(|other| *other == name).unwrap()]
}

#[test]
fn the_log_gives_the_vectors_that_decided_byte_by_byte() {
    let Some(server) = RedisServer::start() else { return };
    let mut runner = TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    runner
        .run(&(arrivals(), 1usize..50), |(orders, size)| {
            block_on(async {
                let step = step(&server.fresh().await, POLICY);
                let mut replay = Replay::new(LIMITS.small);
                for orders in orders.chunks(size) {
                    for (order, judged) in answers(&step, orders).await {
                        let replayed = replay.vector(cause(&order), &order);
                        let served = &judged.decision.features.0;
                        prop_assert_eq!(bytes(served), bytes(&replayed), "{:?} {:?}", served, replayed);
                    }
                }
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn a_decision_carries_what_it_was_made_by() {
    let Some(server) = RedisServer::start() else { return };
    let step = step(&server.fresh().await, POLICY);
    let small = |i: u8| again(u128::from(i), "c", i64::from(i) * 600, 500);
    let large = Order { delivery_country: "FR".into(), ..again(9, "c", 2_400, 50_000) };
    let orders: Vec<Order> = (1..4).map(small).chain([large]).collect();
    let (_, judged) = answers(&step, &orders).await.pop().unwrap();

    let decision = judged.decision;
    assert_eq!((decision.features_definition, decision.features.0.len()), (DEFINITION.cast_signed(), LEN));
    assert_eq!((decision.engine.as_str(), decision.fallback.as_deref()), ("rules", None));
    let expected = [
        ("small_charges_1h", 3.0),
        ("customer_orders_60s", 1.0),
        ("customer_orders_1h", 4.0),
        ("card_orders_24h", 4.0),
        ("customer_known_orders", 3.0),
        ("customer_since_last_log", 6.3986), // ln 601
        ("amount_to_largest_24h", 4.6032),   // ln 50001 - ln 501
        ("amount_deviation", 100.0),
        ("country_new", 1.0),
        ("card_new", 0.0),
        ("device_cards_24h", 1.0),
        ("hour_usual_share", 1.0),
        ("delivery_abroad", 1.0),
    ];
    for (name, value) in expected {
        assert_eq!(number(&decision, name), value, "{name}");
    }
}

#[test]
fn a_replay_keeps_no_more_than_redis_does() {
    let mut replay = Replay::new(LIMITS.small);
    let mut most = 0;
    for day in 0..400i32 {
        let order =
            at(i64::from(day) * 86_400, order(u128::from(day.unsigned_abs()), &format!("once {day}")));
        replay.vector(cause(&order), &order);
        most = most.max(replay.remembered());
    }
    // Customers of 92 d; what they share, of 9 d.
    assert_eq!((most, replay.remembered()), (92 + 4 * 9, 92 + 4 * 9));
    let newest = order(1_000, "once 399");
    let late =
        Order { placed_at: micros(newest.placed_at.as_microsecond() + 399 * 86_400_000_000), ..newest };
    let vector = replay.vector(cause(&late), &late);
    assert_eq!(vector[names().iter().position(|name| *name == "customer_known_orders").unwrap()], 1.0);
}
