//! The payment service as a process.

use std::process::ExitCode;

use clap::Parser;
use payment::{
    OnInventoryReserved,
    config::Settings,
    http_gateway::HttpGateway,
    states::{FromPayments, States},
};

fn main() -> ExitCode {
    let settings = Settings::parse();
    orderflow::runtime::run("payment", settings.common.clone(), async move |service| {
        let gateway = HttpGateway::new(&settings.gateway)?;
        let states = States::new(service.state());
        let step = OnInventoryReserved::new(states, gateway, service.clock(), settings.limits());
        Ok(service.step(step).fold(FromPayments))
    })
}
