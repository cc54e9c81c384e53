//! The fraud-scoring service.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, error::ErrorKind};
use fraud_scoring::{
    at_review_deadline::AtReviewDeadline, config::Settings, rebuild::FraudFold, reviews::Reviews,
    rules::Rules, start, wiring::steps,
};
use orderflow::runtime;

fn main() -> ExitCode {
    let settings = Settings::parse();
    let limits = settings
        .limits()
        .unwrap_or_else(|message| Settings::command().error(ErrorKind::ValueValidation, message).exit());
    runtime::run("fraud-scoring", settings.common.clone(), async move |service| {
        let scorer = start::serve(&service, &settings, Rules::new(limits)).await?;
        let (state, clock) = (service.state(), service.clock());
        let deadline = AtReviewDeadline::new(Reviews::new(service.state()), settings.review_reject_above);
        let service = steps(service, &settings, &state, scorer, &clock);
        Ok(service.tick(deadline).fold(FraudFold::new(clock)))
    })
}
