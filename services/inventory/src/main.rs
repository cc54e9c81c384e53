//! The inventory service: sets stock aside for orders, frees it or ships it, and answers stock adjustments.

use std::process::ExitCode;

use clap::Parser;
use inventory::{Config, wire};

fn main() -> ExitCode {
    let config = Config::parse();
    orderflow::runtime::run("inventory", config.common.clone(), async move |service| {
        Ok(wire(&config, service))
    })
}
