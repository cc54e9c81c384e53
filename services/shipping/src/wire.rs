//! From settings to steps.

use std::sync::Arc;

use anyhow::Result;
use orderflow::{fault::Consequence, runtime::Service, sealed::ReadingKeys};
use tokio::sync::Semaphore;

use crate::{
    OnOrderCancelRequested, OnPaymentProcessed, OnShippingLabelGenerated, Settings,
    addressees::Addressees,
    bookings::Bookings,
    carrier::Carrier,
    fold::FromLog,
    guarded_carrier::{CARRIER, GuardedCarrier},
    http_carrier::HttpCarrier,
    label_store::{LABEL_STORE, LabelStore, variables},
    papers::Folder,
    states::States,
};

/// Wires the service. A label store that does not work yet stops no order before its label: readiness says so.
///
/// # Errors
/// When the master key cannot be had, or the label store is one that cannot be used.
pub async fn wire(settings: &Settings, service: Service) -> Result<Service> {
    let (state, clock) = (service.state(), service.clock());
    let store = LabelStore::open(&settings.labels.store, variables(), &service.health())?;
    let store = store.guarded(service.breaker(LABEL_STORE));
    match store.check().await {
        Err(fault) if fault.consequence() == Consequence::Fatal => return Err(fault.into()),
        Err(fault) => {
            tracing::warn!(code = fault.code(), error = %fault, "the label store does not work yet")
        }
        Ok(()) => {}
    }
    let carrier = GuardedCarrier::new(HttpCarrier::new(&settings.carrier)?, service.breaker(CARRIER));
    let carrier: Arc<dyn Carrier> = Arc::new(carrier);
    let keys = ReadingKeys::start("shipping", &settings.common, &service)?;
    let addressees = Addressees::new(Arc::new(keys));
    let cancel = OnOrderCancelRequested { states: States::new(state.clone()), clock: clock.clone() };
    let buy = OnPaymentProcessed {
        states: States::new(state.clone()),
        addressees: addressees.clone(),
        carrier: carrier.clone(),
        clock: clock.clone(),
        turns: Arc::new(Semaphore::new(settings.carrier.concurrency.into())),
        limits: settings.limits(),
    };
    let folder = Folder::new(state);
    let carrier = Arc::new(Bookings::new(carrier));
    let print =
        OnShippingLabelGenerated { folder, addressees, store, carrier, clock, house: settings.house() };
    Ok(service.step(cancel).step(buy).step(print).fold(FromLog))
}
