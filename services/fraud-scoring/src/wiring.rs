//! The steps, wired.

use anyhow::Result;
use orderflow::{
    clock::Clock,
    runtime::{Service, Steps},
    state::State,
};

use crate::{
    at_review_deadline::AtReviewDeadline,
    config::Settings,
    labels::Labels,
    on_fraud_labelled::OnFraudLabelled,
    on_order_cancel_requested::OnOrderCancelRequested,
    on_order_placed::OnOrderPlaced,
    on_review_decided::OnReviewDecided,
    profiles::Profiles,
    rebuild::FraudFold,
    reviews::Reviews,
    rules::{Limits, Rules},
    scorer::Scorer,
    start,
};

/// Wires the service; `limits` are those of the settings.
///
/// # Errors
/// Those of [`start::serve`].
pub async fn wire(settings: &Settings, limits: Limits, service: Service) -> Result<Service> {
    let scorer = start::serve(&service, settings, Rules::new(limits)).await?;
    let (state, clock) = (service.state(), service.clock());
    let deadline = AtReviewDeadline::new(Reviews::new(service.state()), settings.review_reject_above);
    let service = steps(service, settings, &state, scorer, &clock);
    Ok(service.tick(deadline).fold(FraudFold::new(clock)))
}

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
