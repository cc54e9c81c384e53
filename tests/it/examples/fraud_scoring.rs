//! Fraud scoring: an order is judged; one that is held ends by a review, a cancel or its deadline.

use clap::Parser;
use fraud_scoring::{
    at_review_deadline::AtReviewDeadline, config::Settings, labels::Labels,
    on_fraud_labelled::OnFraudLabelled, on_order_cancel_requested::OnOrderCancelRequested,
    on_order_placed::OnOrderPlaced, on_review_decided::OnReviewDecided, profiles::Profiles, reviews::Reviews,
    rules::Rules,
};
use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    events::{OrderPlaced, Record},
    runtime::Tick,
    state::State,
    topics::ORDERS,
};
use uuid::Uuid;

use super::{
    bench::{Bench, before},
    record::{examples, placed, received, standing_at},
    run,
    shown::Shown,
    twice,
};

#[tokio::test]
async fn an_order_is_validated_or_held() {
    run::<OnOrderPlaced<Rules>>("", async |_, bench| judge(&bench.state, bench.clock.clone())).await;
}

#[tokio::test]
async fn a_review_decides_on_a_held_order_and_on_no_other() {
    let step = |bench: &Bench| OnReviewDecided { reviews: Reviews::new(bench.state.clone()) };
    run::<OnReviewDecided>("", async |_, bench| step(bench)).await;
    run::<OnReviewDecided>("held", async |review, bench| {
        hold(bench, review.order_id).await;
        step(bench)
    })
    .await;
}

#[tokio::test]
async fn a_cancel_ends_a_held_order_and_no_other() {
    let step = |bench: &Bench| OnOrderCancelRequested {
        reviews: Reviews::new(bench.state.clone()),
        clock: bench.clock.clone(),
    };
    run::<OnOrderCancelRequested>("", async |_, bench| step(bench)).await;
    run::<OnOrderCancelRequested>("held", async |cancel, bench| {
        hold(bench, cancel.order_id).await;
        step(bench)
    })
    .await;
}

#[tokio::test]
async fn a_label_is_taken_note_of() {
    let step = |bench: &Bench| OnFraudLabelled {
        labels: Labels::new(bench.state.clone()),
        clock: bench.clock.clone(),
    };
    run::<OnFraudLabelled>("", async |_, bench| step(bench)).await;
}

#[tokio::test]
async fn a_held_order_is_reminded_of_at_half_time_and_decided_by_policy_at_the_end() {
    for (name, placed) in examples::<OrderPlaced>() {
        let began = placed.occurred_at() + SignedDuration::from_secs(1);
        let bench = Bench::new("fraud-scoring", began).await;
        let judge = judge(&bench.state, bench.clock.clone());
        before(&judge, received(&name, placed.clone())).await;
        let deadline =
            AtReviewDeadline::new(Reviews::new(bench.state.clone()), settings().review_reject_above);
        for (given, minutes) in [("too_early", 14), ("half_time", 16), ("end", 31)] {
            let now = began + SignedDuration::from_mins(minutes);
            let says = twice::<AtReviewDeadline>(&deadline, &[(ORDERS, 0)], now).await;
            Shown { step: AtReviewDeadline::NAME, example: &name, given, began, input: &placed }
                .snapshot(says);
        }
    }
}

fn settings() -> Settings {
    Settings::parse_from(["fraud-scoring"])
}

fn judge(state: &State, clock: Clock) -> OnOrderPlaced<Rules> {
    let settings = settings();
    let limits = settings.limits().unwrap();
    OnOrderPlaced {
        profiles: Profiles::new(state.clone(), limits.small),
        scorer: Rules::new(limits),
        policy: settings.policy(),
        clock,
    }
}

/// Has this order judged as soon as it was placed: the guest's is held.
async fn hold(bench: &Bench, order_id: Uuid) {
    let placed = placed(order_id);
    let clock = standing_at(placed.occurred_at() + SignedDuration::from_secs(1));
    before(&judge(&bench.state, clock), received("placed", placed)).await;
}
