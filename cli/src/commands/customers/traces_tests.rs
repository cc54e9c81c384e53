//! What is made of a customer's records, and that a repeat finds nothing new.

use std::sync::Arc;

use orderflow::{
    events::{Record, WrappedKey},
    schemas,
};
use serde::de::DeserializeOwned;

use super::*;

fn example<R: Record + DeserializeOwned>() -> R {
    let examples = schemas::examples(R::TOPIC.name(), R::NAME);
    serde_json::from_str(examples.iter().find(|(name, _)| name == R::NAME).unwrap().1).unwrap()
}

/// The label of an order of this customer, sealed with this key.
fn label(customer: &str, order_id: u128, key_id: u128) -> ShippingLabelGenerated {
    let mut label: ShippingLabelGenerated = example();
    let order = Arc::make_mut(&mut label.order);
    order.customer_id = customer.to_owned();
    order.order_id = Uuid::from_u128(order_id);
    order.sealed.key_id = Uuid::from_u128(key_id);
    label
}

fn traces_of(customer: &str) -> Traces {
    Traces { customer: customer.to_owned(), ..Traces::default() }
}

/// As `audit` has it after a run that found these traces.
fn reported(traces: &Traces) -> CustomerErased {
    let Unreported { keys, documents } = traces.unreported().unwrap();
    CustomerErased { customer_id: traces.customer.clone(), keys, documents, ..example() }
}

#[test]
fn nothing_is_known_of_a_stranger() {
    let mut traces = traces_of("c1");
    traces.key(&format!("c2/{}", Uuid::nil()), true);
    traces.key("c1", true);
    traces.label(&label("c2", 1, 1));
    traces.erased(example());
    assert!(!traces.is_known());
    assert_eq!(traces.unreported(), None);
}

#[test]
fn a_key_is_readable_until_its_tombstone() {
    let mut key: WrappedKey = example();
    let mut traces = traces_of(&key.customer_id);
    traces.key(&key.key(), true);
    assert_eq!(traces.live_keys(), [key.key_id]);
    assert_eq!(traces.kafka_key(key.key_id), key.key(), "what is removed is what was written");
    traces.key(&key.key(), false);
    assert!(traces.is_known() && traces.live_keys().is_empty());
    assert_eq!(traces.keys(), [key.key_id]);
    key.key_id = Uuid::from_u128(9);
    traces.key(&key.key(), true);
    assert_eq!(traces.live_keys(), [key.key_id], "a customer who came back");
}

#[test]
fn the_documents_of_a_label_are_known_before_anybody_is_told_that_they_are_stored() {
    let mut traces = traces_of("c1");
    let (mine, other) = (label("c1", 1, 7), label("c2", 2, 8));
    traces.label(&mine);
    traces.label(&other);
    let Paths { zpl, pdf } = Paths::of(mine.order.order_id, mine.generated_at);
    let expected = std::collections::BTreeSet::from([zpl, pdf]);
    let documents = |traces: &Traces| std::collections::BTreeSet::from_iter(traces.documents());
    assert_eq!(documents(&traces), expected);
    let mut stored: LabelDocumentStored = example();
    stored.order_id = mine.order.order_id;
    stored.zpl_path = "elsewhere.zpl".to_owned();
    traces.stored(stored.clone());
    assert!(documents(&traces).contains("elsewhere.zpl"), "as an older version may have named it");
    traces.stored(LabelDocumentStored { order_id: other.order.order_id, ..stored });
    assert_eq!(traces.documents().len(), 4);
}

#[test]
fn a_repeat_has_nothing_to_report_until_there_is_more() {
    let mut traces = traces_of("c1");
    traces.label(&label("c1", 1, 7));
    let first = traces.unreported().unwrap();
    assert_eq!(first, Unreported { keys: vec![Uuid::from_u128(7)], documents: 2 });
    assert_eq!(traces.unreported(), Some(first), "cut off before audit, it is the same again");
    let erased = reported(&traces);
    traces.erased(erased);
    assert_eq!(traces.unreported(), None);
    traces.label(&label("c1", 2, 7));
    assert_eq!(traces.unreported(), Some(Unreported { keys: Vec::new(), documents: 4 }), "a late label");
    let erased = reported(&traces);
    traces.erased(erased);
    traces.label(&label("c1", 3, 8));
    let again = Unreported { keys: vec![Uuid::from_u128(8)], documents: 6 };
    assert_eq!(traces.unreported(), Some(again), "a customer who came back");
}

#[test]
fn what_a_customer_who_has_come_back_orders_meanwhile_is_left_alone() {
    let mut traces = traces_of("c1");
    traces.label(&label("c1", 1, 7));
    let keys = traces.keys();
    traces.label(&label("c1", 2, 8));
    traces.only(&keys);
    assert_eq!((traces.keys(), traces.orders(), traces.documents().len()), (keys, 1, 2));
}
