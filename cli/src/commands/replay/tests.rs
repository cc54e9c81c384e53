use fraud_scoring::{
    domain::{Judged, ReviewTimes},
    model::{Model, Version},
    replay::Replay as Again,
    vector::{DEFINITION, LEN},
};
use orderflow::{
    events::{FeatureVector, OrderHeldForReview, Reason, Record},
    schemas,
};
use orderflow_model::{ScoreError, Sha256, manifest::Thresholds};
use uuid::Uuid;

use super::{candidate, past, past::Past};

/// Scores an order by its first feature.
struct First;

impl Model for First {
    fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError> {
        Ok(rows.chunks(LEN).map(|row| row[0]).collect())
    }

    fn explain(&self, row: &[f32]) -> Result<Vec<f64>, ScoreError> {
        Ok(vec![1.0; row.len()])
    }
}

fn version() -> Version {
    let thresholds = Thresholds { refuse: 0.8, hold: 0.5 };
    let (name, engine, fingerprint) = ("2".to_owned(), "built-in", Sha256::of(b"2"));
    Version {
        model: Box::new(First),
        name,
        engine,
        thresholds,
        explain_from: 0.5,
        fingerprint,
        reference: None,
        published: None,
    }
}

/// An order that was held for a score of 0.6, with this as its first feature.
fn held(id: u128, first: f32) -> Past {
    let examples = schemas::examples(OrderHeldForReview::TOPIC.name(), OrderHeldForReview::NAME);
    let mut event: OrderHeldForReview = serde_json::from_str(examples[0].1).unwrap();
    let mut order = (*event.order).clone();
    (order.order_id, order.customer_id) = (Uuid::from_u128(id), format!("customer-{id}"));
    let decision = &mut event.decision;
    (decision.score, decision.threshold, decision.hold_threshold) = (0.6, 0.8, 0.5);
    let mut features = vec![0.0; LEN];
    features[0] = first;
    (decision.features, decision.features_definition) = (FeatureVector(features), DEFINITION.cast_signed());
    decision.reasons.clear();
    let review = Some(ReviewTimes { escalate_at: event.escalate_at, review_by: event.review_by });
    let judged = Judged { decision: event.decision, review, shadow: None };
    Past { order: order.into(), event: Uuid::from_u128(id), judged }
}

#[test]
fn the_decisions_that_would_have_been_others_are_told_and_what_moved_furthest_first() {
    let history = [held(1, 0.55), held(2, 0.3), held(3, 0.95), held(4, 0.0)];
    let scored = candidate::score(&version(), &history).unwrap();
    let changed = candidate::changed(&scored);
    let told: Vec<_> =
        changed.iter().map(|one| (one.order_id.as_u128(), &*one.decided, one.would_be)).collect();
    assert_eq!(told, [(4, "held", "validated"), (3, "held", "refused"), (2, "held", "validated")]);
    assert!(changed[0].reasons.is_empty() && !changed[1].reasons.is_empty());
}

#[test]
fn an_order_that_labels_have_raised_is_no_word_of_the_model() {
    let mut one = held(1, 0.1);
    assert!(!one.is_raised());
    let reason = |code: &str| Reason { code: code.into(), text: String::new(), weight: 0.1 };
    one.judged.decision.reasons = vec![reason("card_pace"), reason("known_fraud_card")];
    assert!(one.is_raised());
}

#[test]
fn features_of_another_definition_are_made_again_from_all_orders_before() {
    let mut history = [held(1, 0.2), held(2, 0.4)];
    assert_eq!(past::renew(&mut history, 1_000), 0, "those of today are left as they decided");
    assert_eq!(history[1].judged.decision.features.0[0].to_bits(), 0.4f32.to_bits());

    history[1].judged.decision.features_definition -= 1;
    assert_eq!(past::renew(&mut history, 1_000), 1);
    let mut again = Again::new(1_000);
    again.vector(history[0].event, &history[0].order);
    let expected = again.vector(history[1].event, &history[1].order).map(f32::to_bits);
    let made = &history[1].judged.decision.features.0;
    assert_eq!(made.iter().map(|feature| feature.to_bits()).collect::<Vec<_>>(), expected);
    assert_eq!(history[0].judged.decision.features.0[0].to_bits(), 0.2f32.to_bits());
}
