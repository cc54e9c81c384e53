//! The fraud-scoring service.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, error::ErrorKind};
use fraud_scoring::{
    config::Settings, on_order_placed::OnOrderPlaced, profiles::Profiles, rebuild::FraudFold, rules::Rules,
};
use orderflow::runtime;

fn main() -> ExitCode {
    let settings = Settings::parse();
    let limits = settings
        .limits()
        .unwrap_or_else(|message| Settings::command().error(ErrorKind::ValueValidation, message).exit());
    let policy = settings.policy();
    runtime::run("fraud-scoring", settings.common, async move |service| {
        let profiles = Profiles::new(service.state(), limits.small);
        let fold = FraudFold::new(service.clock());
        let step = OnOrderPlaced { profiles, scorer: Rules::new(limits), policy, clock: service.clock() };
        Ok(service.step(step).fold(fold))
    })
}
