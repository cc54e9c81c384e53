//! The shipping service as a process.

use std::process::ExitCode;

use clap::Parser;
use shipping::{Settings, wire};

fn main() -> ExitCode {
    let settings = Settings::parse();
    orderflow::runtime::run("shipping", settings.common.clone(), async move |service| {
        wire(&settings, service).await
    })
}
