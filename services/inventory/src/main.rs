//! The inventory service: sets stock aside for orders, frees it or ships it, and answers stock adjustments.

use std::process::ExitCode;

use clap::Parser;
use inventory::{Config, FoldStock, steps};

fn main() -> ExitCode {
    let config = Config::parse();
    orderflow::runtime::run("inventory", config.common, async move |service| {
        let (state, clock) = (service.state(), service.clock());
        let service = steps(service, state, &clock, config.reservation_validity);
        Ok(service.fold(FoldStock { clock }))
    })
}
