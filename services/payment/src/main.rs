//! The payment service as a process.

use std::process::ExitCode;

use clap::Parser;
use payment::{config::Settings, wiring::wire};

fn main() -> ExitCode {
    let settings = Settings::parse();
    orderflow::runtime::run("payment", settings.common.clone(), async move |service| wire(&settings, service))
}
