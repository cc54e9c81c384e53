//! What becomes of a held order when a person decides, or its customer takes it back.

use fraud_scoring::{domain::Policy, on_order_placed::FraudEvent, on_review_decided::ReviewEvent};
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    events::{FraudDecision, Order},
    fault::Consequence,
    step::Step,
};

use crate::support::{
    POLICY,
    orders::order,
    received,
    shop::{REVIEW_TIME, Shop, after_noon, cancel, only, review},
    step,
};
use orderflow_testkit::RedisServer;

#[tokio::test]
async fn a_held_order_tells_its_deadlines_and_a_repeat_the_same_ones() {
    let Some(server) = RedisServer::start() else { return };
    let shop = Shop::new(&server).await;
    let held = shop.hold(&[order(1, "c")]).await.remove(0);
    let since = |at: Timestamp| at.duration_since(held.decision.decided_at);
    assert_eq!(since(held.escalate_at), SignedDuration::from_mins(15));
    assert_eq!(since(held.review_by), SignedDuration::from_mins(30));

    let mut later = step(&shop.state, Policy { review_time: SignedDuration::from_secs(1), ..POLICY });
    later.clock = Clock::standing(after_noon(3_600, 0));
    let said = later.handle(&[received(&order(1, "c"))]).await.unwrap().remove(0).unwrap();
    let Some(FraudEvent::OrderHeldForReview(repeat)) = only(said) else { panic!("not held") };
    assert_eq!(repeat, held);
}

#[tokio::test]
async fn the_first_decision_counts_and_a_repeat_of_it_is_answered_the_same() {
    let Some(server) = RedisServer::start() else { return };
    let shop = Shop::new(&server).await;
    for (number, word, approved) in [(1, "approve", true), (2, "reject", false)] {
        let order = order(number, "c");
        let held = shop.hold(std::slice::from_ref(&order)).await.remove(0);
        let first = review(&order, "ann", word);
        let (went_on, decision) = shop.decide(&first).await.unwrap();
        assert_eq!(went_on, approved);
        let expected = FraudDecision {
            reviewer: Some("ann".into()),
            review_reason: Some("ann knows".into()),
            decided_at: first.event.decided_at,
            ..held.decision
        };
        assert_eq!(decision, expected);

        for other in ["approve", "reject"] {
            assert_eq!(shop.decide(&review(&order, "ben", other)).await, None, "a second decision");
        }
        assert_eq!(shop.cancel(&cancel(&order), after_noon(70, 0)).await, None);
        assert!(shop.due(REVIEW_TIME, 0).await.is_empty());
        let mut again = first.clone(); // the same id, said in other words
        again.event.reason = "other words".into();
        assert_eq!(shop.decide(&again).await, Some((approved, expected)));
    }
}

#[tokio::test]
async fn a_review_of_an_order_that_was_never_held_says_nothing() {
    let Some(server) = RedisServer::start() else { return };
    let shop = Shop::new(&server).await;
    let approved = order(1, "c");
    step(&shop.state, POLICY).handle(&[received(&approved)]).await.unwrap();
    for order in [approved, order(2, "c")] {
        assert_eq!(shop.decide(&review(&order, "ann", "reject")).await, None);
        assert_eq!(shop.cancel(&cancel(&order), after_noon(70, 0)).await, None);
    }
}

#[tokio::test]
async fn a_word_that_decides_nothing_is_poison_and_its_neighbours_are_answered() {
    let Some(server) = RedisServer::start() else { return };
    let shop = Shop::new(&server).await;
    let orders: Vec<Order> = (1..4).map(|number| order(number, "c")).collect();
    shop.hold(&orders).await;
    let words = ["approve", "Approve", "reject"];
    let batch: Vec<_> = orders.iter().zip(words).map(|(order, word)| review(order, "ann", word)).collect();
    let answers = shop.review(&batch).await;
    assert!(matches!(&answers[0], Ok(Some(ReviewEvent::OrderValidatedForFraud(e))) if *e.order == orders[0]));
    let fault = answers[1].as_ref().unwrap_err();
    assert_eq!((fault.consequence(), fault.code()), (Consequence::Poison, "unknown_review_decision"));
    assert!(matches!(&answers[2], Ok(Some(ReviewEvent::OrderFraudDetected(e))) if *e.order == orders[2]));
    assert!(shop.decide(&review(&orders[1], "ann", "approve")).await.is_some(), "it is still held");
}

#[tokio::test]
async fn a_cancel_closes_a_held_order_and_a_repeat_of_it_says_the_same() {
    let Some(server) = RedisServer::start() else { return };
    let shop = Shop::new(&server).await;
    let order = order(1, "c");
    shop.hold(std::slice::from_ref(&order)).await;
    let first = shop.cancel(&cancel(&order), after_noon(70, 0)).await.unwrap();
    assert_eq!(*first.order, order);
    assert!((0..10).contains(&first.cancelled_at.duration_since(after_noon(70, 0)).as_secs()));

    assert_eq!(shop.decide(&review(&order, "ann", "approve")).await, None);
    assert!(shop.due(REVIEW_TIME, 0).await.is_empty());
    assert_eq!(shop.cancel(&cancel(&order), after_noon(7_000, 0)).await, Some(first));
}
