//! From settings to steps.

use std::sync::Arc;

use orderflow::{
    clock::Clock,
    runtime::{Service, Steps},
};

use crate::{
    at_payment_deadline::AtPaymentDeadline,
    calls::Calls,
    charging::Charging,
    config::Settings,
    fold::FromLog,
    gateway::Gateway,
    guarded_gateway::{GATEWAY, GuardedGateway},
    http_gateway::HttpGateway,
    on_gateway_answered::OnGatewayAnswered,
    on_inventory_reserved::OnInventoryReserved,
    on_order_cancel_requested::OnOrderCancelRequested,
    on_shipping_cancelled::OnShippingCancelled,
    on_shipping_failed::OnShippingFailed,
    refunds::Refunds,
    signature::Secrets,
    states::States,
    webhook::Webhook,
};

/// Wires the service. Callbacks are taken in only where there is a secret to check them with.
///
/// # Errors
/// `Fatal` when there is no HTTP client, or a file of secrets cannot be read.
pub fn wire(settings: &Settings, service: Service) -> anyhow::Result<Service> {
    wire_to(HttpGateway::new(&settings.gateway)?, settings, service)
}

/// Wires the service to this gateway.
///
/// # Errors
/// `Fatal` when a file of secrets cannot be read.
pub fn wire_to(gateway: impl Gateway, settings: &Settings, service: Service) -> anyhow::Result<Service> {
    let gateway = GuardedGateway::new(gateway, service.breaker(GATEWAY));
    let calls = Calls::new(gateway, settings.limits());
    let (states, clock) = (States::new(service.state()), service.clock());
    let deadline =
        AtPaymentDeadline { states: states.clone(), calls: Arc::clone(&calls), clock: clock.clone() };
    let secrets = settings.webhook.secrets()?;
    let routes = Webhook::new(Secrets::new(&secrets), service.publisher(), clock.clone()).routes();
    let service = steps(service, settings, &states, &calls, &clock).tick(deadline).fold(FromLog);
    Ok(if secrets.is_empty() { service } else { service.serve(settings.webhook.listen, routes) })
}

/// Adds the steps of the service, which keep payments in these states and ask this gateway.
#[must_use]
pub fn steps<T: Steps, G: Gateway>(
    to: T,
    settings: &Settings,
    states: &States,
    calls: &Arc<Calls<G>>,
    clock: &Clock,
) -> T {
    let (states, calls, clock) = (|| states.clone(), || Arc::clone(calls), || clock.clone());
    let refunds = || Refunds::new(states(), calls(), clock());
    let confirm_within = settings.confirm_within();
    let charging = Charging { calls: calls(), clock: clock(), confirm_within };
    to.step(OnInventoryReserved::new(states(), charging))
        .step(OnOrderCancelRequested(states()))
        .step(OnShippingFailed(refunds()))
        .step(OnShippingCancelled(refunds()))
        .step(OnGatewayAnswered { states: states(), calls: calls(), clock: clock() })
}
