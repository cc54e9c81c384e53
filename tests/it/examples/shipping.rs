//! Shipping: a paid order gets a label and a label its papers, unless the order is cancelled in time.

use std::sync::Arc;

use clap::Parser;
use orderflow::{
    events::{Order, PaymentProcessed},
    health::Health,
};
use shipping::{
    OnOrderCancelRequested, OnPaymentProcessed, OnShippingLabelGenerated, Settings, addressees::Addressees,
    http_carrier::HttpCarrier, label_store::LabelStore, papers::Folder, states::States,
};
use tokio::sync::Semaphore;

use super::{
    bench::{Bench, Simulator, before},
    keys::{Keys, LONDON, NOWHERE},
    record::{cancel, example, order, received},
    run,
};

#[tokio::test]
async fn a_paid_order_gets_a_label() {
    let carrier = Simulator::carrier().await;
    run::<OnPaymentProcessed>("", async |event, bench| {
        buy(bench, &carrier, sealed(bench, &mut event.order, LONDON))
    })
    .await;
}

#[tokio::test]
async fn a_paid_order_that_was_cancelled_gets_none() {
    let carrier = Simulator::carrier().await;
    run::<OnPaymentProcessed>("cancelled", async |event, bench| {
        before(&note(bench), received("cancel", cancel(event.order.order_id))).await;
        buy(bench, &carrier, sealed(bench, &mut event.order, LONDON))
    })
    .await;
}

#[tokio::test]
async fn a_paid_order_to_nowhere_or_to_a_person_who_was_erased_is_not_shipped() {
    let carrier = Simulator::carrier().await;
    run::<OnPaymentProcessed>("nowhere", async |event, bench| {
        buy(bench, &carrier, sealed(bench, &mut event.order, NOWHERE))
    })
    .await;
    // Nobody has the key of the example as it is.
    run::<OnPaymentProcessed>("erased", async |_, bench| buy(bench, &carrier, Keys::new(&bench.folder)))
        .await;
}

#[tokio::test]
async fn a_cancel_is_noted_in_silence_and_rejected_once_there_is_a_label() {
    run::<OnOrderCancelRequested>("", async |_, bench| note(bench)).await;
    let carrier = Simulator::carrier().await;
    run::<OnOrderCancelRequested>("labelled", async |event, bench| {
        let mut order = order(event.order_id);
        let keys = sealed(bench, &mut order, LONDON);
        let (amount, currency, processed_at) = (order.total, order.currency.clone(), bench.clock.now());
        let paid = PaymentProcessed { order, amount, currency, processed_at, ..example() };
        before(&buy(bench, &carrier, keys), received("paid", paid)).await;
        note(bench)
    })
    .await;
}

#[tokio::test]
async fn a_label_gets_its_papers_and_a_pickup() {
    let carrier = Simulator::carrier().await;
    run::<OnShippingLabelGenerated>("", async |event, bench| {
        let settings = settings(bench, &carrier);
        OnShippingLabelGenerated {
            folder: Folder::new(bench.state.clone()),
            addressees: Addressees::new(sealed(bench, &mut event.order, LONDON)),
            store: LabelStore::open(&settings.labels.store, None, &Health::default()).unwrap(),
            carrier: Arc::new(HttpCarrier::new(&settings.carrier).unwrap()),
            clock: bench.clock.clone(),
            house: settings.house(),
        }
    })
    .await;
}

fn settings(bench: &Bench, carrier: &Simulator) -> Settings {
    let store = bench.folder.path().join("labels");
    Settings::parse_from([
        "shipping",
        "--carrier-url",
        &carrier.url,
        "--label-store",
        store.to_str().unwrap(),
    ])
}

/// Seals a person of this postal code into the order; the key to read it with.
fn sealed(bench: &Bench, order: &mut Arc<Order>, postal_code: &str) -> Arc<Keys> {
    let keys = Keys::new(&bench.folder);
    keys.seal(order, postal_code);
    keys
}

fn note(bench: &Bench) -> OnOrderCancelRequested {
    OnOrderCancelRequested { states: States::new(bench.state.clone()), clock: bench.clock.clone() }
}

fn buy(bench: &Bench, carrier: &Simulator, keys: Arc<Keys>) -> OnPaymentProcessed {
    let settings = settings(bench, carrier);
    OnPaymentProcessed {
        states: States::new(bench.state.clone()),
        addressees: Addressees::new(keys),
        carrier: Arc::new(HttpCarrier::new(&settings.carrier).unwrap()),
        clock: bench.clock.clone(),
        turns: Arc::new(Semaphore::new(4)),
        limits: settings.limits(),
    }
}
