//! From settings to steps.

use orderflow::runtime::Service;

use crate::{
    at_payment_deadline::AtPaymentDeadline,
    calls::Calls,
    charging::Charging,
    config::Settings,
    fold::FromLog,
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
    let gateway = GuardedGateway::new(HttpGateway::new(&settings.gateway)?, service.breaker(GATEWAY));
    let calls = Calls::new(gateway, settings.limits());
    let (states, clock) = (States::new(service.state()), service.clock());
    let refunds = || Refunds::new(states.clone(), calls.clone(), clock.clone());
    let (failed, cancelled) = (OnShippingFailed(refunds()), OnShippingCancelled(refunds()));
    let confirm_within = settings.confirm_within();
    let charging = Charging { calls: calls.clone(), clock: clock.clone(), confirm_within };
    let charge = OnInventoryReserved::new(states.clone(), charging);
    let answered = OnGatewayAnswered { states: states.clone(), calls: calls.clone(), clock: clock.clone() };
    let deadline = AtPaymentDeadline { states: states.clone(), calls, clock: clock.clone() };
    let secrets = settings.webhook.secrets()?;
    let webhook = Webhook::new(Secrets::new(&secrets), service.publisher(), clock);
    let service = service.step(charge).step(OnOrderCancelRequested(states)).step(failed).step(cancelled);
    let service = service.step(answered).tick(deadline).fold(FromLog);
    Ok(if secrets.is_empty() { service } else { service.serve(settings.webhook.listen, webhook.routes()) })
}
