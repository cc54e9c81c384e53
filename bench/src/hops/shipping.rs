//! Shipping with a carrier that takes every parcel at once: up to the tracking number, or up to the document and the
//! pickup.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, Result};
use async_trait::async_trait;
use clap::Parser;
use orderflow::{
    fault::Fault,
    runtime::{self, Service},
    sealed::{DataKey, MasterKey, OpeningKeys},
};
use shipping::{
    OnOrderCancelRequested, OnPaymentProcessed, OnShippingLabelGenerated, Settings,
    addressees::Addressees,
    bookings::Bookings,
    carrier::{Answer, Carrier, Label, Parcel},
    fold::FromLog,
    guarded_carrier::{CARRIER, GuardedCarrier},
    label_store::{LABEL_STORE, LabelStore, variables},
    papers::Folder,
    pickups::Window,
    states::States,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// The variable that names the file of the one data key, wrapped, as JSON.
pub const DATA_KEY: &str = "BENCH_DATA_KEY";

pub fn run(documents: bool) -> ExitCode {
    let settings = Settings::parse_from(["shipping"]);
    runtime::run("shipping", settings.common.clone(), async move |service| {
        wire(&settings, documents, service)
    })
}

fn wire(settings: &Settings, documents: bool, service: Service) -> Result<Service> {
    let (state, clock) = (service.state(), service.clock());
    let addressees = Addressees::new(Arc::new(OneKey::of(settings)?));
    let carrier: Arc<dyn Carrier> = Arc::new(GuardedCarrier::new(InProcess, service.breaker(CARRIER)));
    let cancel = OnOrderCancelRequested { states: States::new(state.clone()), clock: clock.clone() };
    let buy = OnPaymentProcessed {
        states: States::new(state.clone()),
        addressees: addressees.clone(),
        carrier: carrier.clone(),
        clock: clock.clone(),
        turns: Arc::new(Semaphore::new(settings.carrier.concurrency.into())),
        limits: settings.limits(),
    };
    if !documents {
        return Ok(service.step(cancel).step(buy).fold(FromLog));
    }
    let store = LabelStore::open(&settings.labels.store, variables(), &service.health())?;
    let store = store.guarded(service.breaker(LABEL_STORE));
    let (folder, carrier) = (Folder::new(state), Arc::new(Bookings::new(carrier)));
    let print =
        OnShippingLabelGenerated { folder, addressees, store, carrier, clock, house: settings.house() };
    Ok(service.step(cancel).step(buy).step(print).fold(FromLog))
}

/// Everybody's data is sealed with one key: what is measured opens it for each order, but looks no key up.
struct OneKey(DataKey);

impl OneKey {
    fn of(settings: &Settings) -> Result<Self> {
        let master = MasterKey::from_setting(settings.common.master_key_file.as_deref())?;
        let file = std::env::var(DATA_KEY).with_context(|| format!("{DATA_KEY} is not set"))?;
        let wrapped = std::fs::read(&file).with_context(|| format!("reading {file}"))?;
        Ok(Self(master.unwrap_key(&serde_json::from_slice(&wrapped)?)?))
    }
}

#[async_trait]
impl OpeningKeys for OneKey {
    async fn find(&self, _: &str, _: Uuid) -> Result<Option<DataKey>, Fault> {
        Ok(Some(self.0.clone()))
    }

    async fn catch_up(&self) -> Result<(), Fault> {
        Ok(())
    }
}

/// Remembers nothing and needs not to: the same order has the same label.
struct InProcess;

#[async_trait]
impl Carrier for InProcess {
    async fn buy(&self, parcel: &Parcel<'_>) -> Result<Answer, Fault> {
        Ok(Answer::Label(Label {
            label_id: format!("lbl_{}", parcel.order_id),
            tracking_number: super::tracking_number(parcel.order_id),
            carrier: "in-process".to_owned(),
            service_level: parcel.service_level.to_owned(),
        }))
    }

    async fn find(&self, _: Uuid) -> Result<Option<Label>, Fault> {
        Ok(None)
    }

    async fn void(&self, _: Uuid) -> Result<Option<Label>, Fault> {
        Ok(None)
    }

    async fn book(&self, window: Window, _: &str) -> Result<String, Fault> {
        Ok(format!("pickup_{}", window.start))
    }
}
