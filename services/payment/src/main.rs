//! The payment service as a process.

use std::process::ExitCode;

use clap::Parser;
use payment::{
    Calls, OnInventoryReserved, OnOrderCancelRequested, OnShippingCancelled, OnShippingFailed, Refunds,
    config::Settings,
    fold::FromLog,
    guarded_gateway::{GATEWAY, GuardedGateway},
    http_gateway::HttpGateway,
    states::States,
};

fn main() -> ExitCode {
    let settings = Settings::parse();
    orderflow::runtime::run("payment", settings.common.clone(), async move |service| {
        let gateway = GuardedGateway::new(HttpGateway::new(&settings.gateway)?, service.breaker(GATEWAY));
        let calls = Calls::new(gateway, settings.limits());
        let (states, clock) = (States::new(service.state()), service.clock());
        let refunds = || Refunds::new(states.clone(), calls.clone(), clock.clone());
        let (failed, cancelled) = (OnShippingFailed(refunds()), OnShippingCancelled(refunds()));
        let charge = OnInventoryReserved::new(states.clone(), calls.clone(), clock.clone());
        let cancel = OnOrderCancelRequested(states);
        Ok(service.step(charge).step(cancel).step(failed).step(cancelled).fold(FromLog))
    })
}
