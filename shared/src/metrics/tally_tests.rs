//! The examples of the schemas, and what each adds.

use std::path::Path;

use super::*;
use crate::events::{OrderPlaced, Record, ShippingCancelled};

/// What the example of this record type tells.
fn told<R: Record>(change: impl FnOnce(&mut R)) -> Vec<Tally> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(R::TOPIC.name());
    let text = std::fs::read_to_string(folder.join(format!("examples/{}.json", R::NAME))).unwrap();
    let mut event: R = serde_json::from_str(&text).unwrap();
    change(&mut event);
    Tally::of(&event)
}

/// The final state that it brings about.
fn state(tallies: &[Tally]) -> Option<State> {
    let mut states = tallies.iter().filter_map(|tally| match tally {
        Tally::Finished { state, .. } => Some(*state),
        _ => None,
    });
    let state = states.next();
    assert_eq!(states.next(), None, "an order ends once");
    state
}

#[test]
fn every_final_state_is_counted_by_the_event_that_brings_it_about() {
    let paid = |reason: &'static str| move |event: &mut PaymentFailed| event.reason = reason.to_owned();
    let back = |reason: &'static str| move |event: &mut PaymentRefunded| event.reason = reason.to_owned();
    assert_eq!(state(&told::<OrderFraudDetected>(|_| {})), Some(State::Rejected));
    assert_eq!(state(&told::<OrderReviewCancelled>(|_| {})), Some(State::Cancelled));
    assert_eq!(state(&told::<InventoryShortage>(|_| {})), Some(State::OutOfStock));
    assert_eq!(state(&told::<PaymentFailed>(paid("card_declined"))), Some(State::Declined));
    assert_eq!(state(&told::<PaymentFailed>(paid(CANCELLED))), Some(State::Cancelled));
    assert_eq!(state(&told::<PaymentRefunded>(back("shipping_failed"))), Some(State::Undeliverable));
    assert_eq!(state(&told::<PaymentRefunded>(back(CANCELLED))), Some(State::Cancelled));
    assert_eq!(state(&told::<ShippingLabelGenerated>(|_| {})), Some(State::Fulfilled));
}

#[test]
fn what_only_leads_on_ends_nothing() {
    assert_eq!(told::<OrderPlaced>(|_| {}), []);
    assert_eq!(told::<ShippingCancelled>(|_| {}), [], "the refund ends it");
    assert_eq!(state(&told::<OrderHeldForReview>(|_| {})), None);
    assert_eq!(state(&told::<PaymentProcessed>(|_| {})), None);
}

#[test]
fn money_is_counted_in_minor_units_of_its_currency_where_it_moves() {
    let moved = |metric, minor| Tally::Money { metric, currency: "JPY".to_owned(), minor };
    let captured = told::<PaymentProcessed>(|event| {
        event.amount = 129_900;
        event.currency = "JPY".to_owned();
    });
    assert_eq!(captured, [moved(MONEY_CAPTURED, 129_900)]);
    let refunded = told::<PaymentRefunded>(|event| {
        event.amount = 7;
        event.currency = "JPY".to_owned();
    });
    assert_eq!(refunded[0], moved(MONEY_REFUNDED, 7));
    let nonsense = told::<PaymentProcessed>(|event| {
        event.amount = -1;
        event.currency = "JPY".to_owned();
    });
    assert_eq!(nonsense, [moved(MONEY_CAPTURED, 0)]);
}

#[test]
fn a_decision_is_confident_beyond_its_threshold_on_either_side_and_a_review_is_one_of_its_own() {
    let decision = |score: f64, reviewer: Option<&str>| {
        let told = told::<OrderValidatedForFraud>(|event| {
            event.decision.score = score;
            event.decision.threshold = 0.85;
            event.decision.reviewer = reviewer.map(str::to_owned);
        });
        match &told[..] {
            [Tally::Decided { outcome, confident, .. }] => (*outcome, *confident),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(decision(0.1, None), ("validated", true));
    assert_eq!(decision(0.5, None), ("validated", false));
    assert_eq!(decision(0.9, Some("ada")), ("approved", true));
}
