//! The steps, wired.

use orderflow::{clock::Clock, runtime::Steps, state::State};

use crate::{
    config::Settings, labels::Labels, on_fraud_labelled::OnFraudLabelled,
    on_order_cancel_requested::OnOrderCancelRequested, on_order_placed::OnOrderPlaced,
    on_review_decided::OnReviewDecided, profiles::Profiles, reviews::Reviews, scorer::Scorer,
};

/// Adds the steps of the service, which keep what they know in this state and have this scorer score.
#[must_use]
pub fn steps<T: Steps>(to: T, settings: &Settings, state: &State, scorer: impl Scorer, clock: &Clock) -> T {
    let (state, clock) = (|| state.clone(), || clock.clone());
    let profiles = Profiles::new(state(), settings.small_amount);
    let reviews = Reviews::new(state());
    to.step(OnOrderPlaced { profiles, scorer, policy: settings.policy(), clock: clock() })
        .step(OnReviewDecided { reviews: reviews.clone() })
        .step(OnOrderCancelRequested { reviews, clock: clock() })
        .step(OnFraudLabelled { labels: Labels::new(state()), clock: clock() })
}
