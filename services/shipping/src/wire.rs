//! From settings to steps.

use std::sync::Arc;

use anyhow::Result;
use orderflow::{runtime::Service, sealed::ReadingKeys};
use tokio::sync::Semaphore;

use crate::{
    OnOrderCancelRequested, OnPaymentProcessed, OnShippingLabelGenerated, Settings,
    addressees::Addressees,
    bookings::Bookings,
    carrier::Carrier,
    fold::FromLog,
    guarded_carrier::{CARRIER, GuardedCarrier},
    http_carrier::HttpCarrier,
    label_store::LabelStore,
    papers::Folder,
    states::States,
};

/// Wires the service.
///
/// # Errors
/// When the master key or the label store cannot be had.
pub fn wire(settings: &Settings, service: Service) -> Result<Service> {
    let (state, clock) = (service.state(), service.clock());
    let store = LabelStore::local(&settings.labels.store)?;
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
