//! The fraud-scoring service.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, error::ErrorKind};
use fraud_scoring::{
    at_review_deadline::AtReviewDeadline, config::Settings, labels::Labels,
    on_fraud_labelled::OnFraudLabelled, on_order_cancel_requested::OnOrderCancelRequested,
    on_order_placed::OnOrderPlaced, on_review_decided::OnReviewDecided, profiles::Profiles,
    rebuild::FraudFold, reviews::Reviews, rules::Rules, start,
};
use orderflow::runtime;

fn main() -> ExitCode {
    let settings = Settings::parse();
    let limits = settings
        .limits()
        .unwrap_or_else(|message| Settings::command().error(ErrorKind::ValueValidation, message).exit());
    runtime::run("fraud-scoring", settings.common.clone(), async move |service| {
        let scorer = start::serve(&service, &settings, Rules::new(limits)).await?;
        let policy = settings.policy();
        let profiles = Profiles::new(service.state(), limits.small);
        let reviews = Reviews::new(service.state());
        let placed = OnOrderPlaced { profiles, scorer, policy, clock: service.clock() };
        let reviewed = OnReviewDecided { reviews: reviews.clone() };
        let cancelled = OnOrderCancelRequested { reviews: reviews.clone(), clock: service.clock() };
        let labelled = OnFraudLabelled { labels: Labels::new(service.state()), clock: service.clock() };
        let deadline = AtReviewDeadline::new(reviews, settings.review_reject_above);
        let fold = FraudFold::new(service.clock());
        Ok(service.step(placed).step(reviewed).step(cancelled).step(labelled).tick(deadline).fold(fold))
    })
}
