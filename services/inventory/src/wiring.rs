//! The steps, wired.

use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    runtime::{Service, Steps},
    state::State,
};

use crate::{
    Config, FoldStock, OnOrderValidated, OnPaymentFailed, OnPaymentRefunded, OnShippingLabelGenerated,
    OnStockAdjustmentRequested, Stock,
};

/// Wires the service.
#[must_use]
pub fn wire(config: &Config, service: Service) -> Service {
    let (state, clock) = (service.state(), service.clock());
    steps(service, state, &clock, config.reservation_validity).fold(FoldStock { clock })
}

/// Adds the steps of the service, which keep stock in this state; the payment of an order may start for `validity` after
/// its reservation.
#[must_use]
pub fn steps<T: Steps>(to: T, state: State, clock: &Clock, validity: SignedDuration) -> T {
    let (stock, clock) = (Stock::new(state), || clock.clone());
    to.step(OnOrderValidated::new(stock.clone(), clock(), validity))
        .step(OnPaymentFailed::new(stock.clone(), clock()))
        .step(OnPaymentRefunded::new(stock.clone(), clock()))
        .step(OnShippingLabelGenerated::new(stock.clone(), clock()))
        .step(OnStockAdjustmentRequested::new(stock, clock()))
}
