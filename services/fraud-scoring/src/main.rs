//! The fraud-scoring service.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, error::ErrorKind};
use fraud_scoring::{config::Settings, wiring::wire};
use orderflow::runtime;

fn main() -> ExitCode {
    let settings = Settings::parse();
    let limits = settings
        .limits()
        .unwrap_or_else(|message| Settings::command().error(ErrorKind::ValueValidation, message).exit());
    runtime::run("fraud-scoring", settings.common.clone(), async move |service| {
        wire(&settings, limits, service).await
    })
}
