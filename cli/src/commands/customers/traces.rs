//! What the log knows of a customer.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use orderflow::{
    events::{CustomerErased, LabelDocumentStored, Order, OrderPlaced, Record, ShippingLabelGenerated},
    topics::{AUDIT, CUSTOMER_KEYS, ORDERS, SHIPPING, Topic},
};
use shipping::label_store::Paths;
use uuid::Uuid;

use crate::{
    connection::Connection,
    log::{Decoder, Entry, read},
};

/// Keys, orders, documents and erasures of one customer.
#[derive(Debug, Default)]
pub(super) struct Traces {
    customer: String,
    /// Each data key, and whether it can still be read.
    keys: BTreeMap<Uuid, bool>,
    /// Each order, and the key it was sealed with.
    orders: BTreeMap<Uuid, Uuid>,
    /// The documents of each order's label.
    documents: BTreeMap<Uuid, BTreeSet<String>>,
    /// Earlier erasures, oldest first.
    erasures: Vec<CustomerErased>,
}

/// An erasure that is not on `audit` yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreported {
    /// In ascending order.
    pub keys: Vec<Uuid>,
    /// How many documents there have ever been.
    pub documents: i32,
}

impl Traces {
    /// Reads what there is, up to now.
    ///
    /// # Errors
    /// When Kafka or the registry does not answer.
    pub(super) async fn read(connection: &Connection, decoder: &Decoder, customer: &str) -> Result<Self> {
        let mut traces = Self { customer: customer.to_owned(), ..Self::default() };
        // One topic after the other, so that only one is in memory.
        for topic in [CUSTOMER_KEYS, ORDERS, SHIPPING, AUDIT] {
            traces.add(connection, decoder, topic).await?;
        }
        Ok(traces)
    }

    /// Adds what a topic has now.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) async fn add(
        &mut self,
        connection: &Connection,
        decoder: &Decoder,
        topic: Topic,
    ) -> Result<()> {
        let entries = read(&connection.kafka_config(), &connection.names(), &[topic], false).await?;
        decoder.learn(entries.iter().filter(|entry| !entry.value.is_empty())).await?;
        for entry in &entries {
            if topic == CUSTOMER_KEYS {
                self.key(&entry.key, !entry.value.is_empty());
            } else {
                self.event(entry, decoder);
            }
        }
        Ok(())
    }

    /// A record of `customer.keys`.
    fn key(&mut self, kafka_key: &str, is_live: bool) {
        let Some((customer, key_id)) = kafka_key.rsplit_once('/') else { return };
        if customer == self.customer
            && let Ok(key_id) = Uuid::parse_str(key_id)
        {
            self.keys.insert(key_id, is_live);
        }
    }

    fn event(&mut self, entry: &Entry, decoder: &Decoder) {
        // What does not decode is somebody's poison, and nobody's personal data.
        fn decoded<R: Record>(entry: &Entry, decoder: &Decoder) -> Option<R> {
            decoder.decode::<R>(entry).ok().flatten()
        }
        if let Some(event) = decoded::<OrderPlaced>(entry, decoder) {
            self.order(&event.order);
        } else if let Some(event) = decoded::<ShippingLabelGenerated>(entry, decoder) {
            self.label(&event);
        } else if let Some(event) = decoded::<LabelDocumentStored>(entry, decoder) {
            self.stored(event);
        } else if let Some(event) = decoded::<CustomerErased>(entry, decoder) {
            self.erased(event);
        }
    }

    fn order(&mut self, order: &Order) {
        if order.customer_id == self.customer {
            // A key that is on an order only was removed from its topic long ago.
            self.keys.entry(order.sealed.key_id).or_insert(false);
            self.orders.insert(order.order_id, order.sealed.key_id);
        }
    }

    /// Its documents may be in the store already, although nobody was told yet.
    fn label(&mut self, event: &ShippingLabelGenerated) {
        self.order(&event.order);
        if event.order.customer_id == self.customer {
            let Paths { zpl, pdf } = Paths::of(event.order.order_id, event.generated_at);
            self.documents.entry(event.order.order_id).or_default().extend([zpl, pdf]);
        }
    }

    /// Always behind its label, in one partition.
    fn stored(&mut self, event: LabelDocumentStored) {
        if let Some(documents) = self.documents.get_mut(&event.order_id) {
            documents.extend([event.zpl_path, event.pdf_path]);
        }
    }

    fn erased(&mut self, event: CustomerErased) {
        if event.customer_id == self.customer {
            self.erasures.push(event);
        }
    }

    /// Whether there is or was such a customer.
    pub(super) fn is_known(&self) -> bool {
        !self.keys.is_empty() || !self.erasures.is_empty()
    }

    /// Data keys that can still be read.
    pub(super) fn live_keys(&self) -> Vec<Uuid> {
        self.keys.iter().filter(|(_, is_live)| **is_live).map(|(key_id, _)| *key_id).collect()
    }

    /// Every data key there has been.
    pub(super) fn keys(&self) -> Vec<Uuid> {
        self.keys.keys().copied().collect()
    }

    /// How many orders there are.
    pub(super) fn orders(&self) -> usize {
        self.orders.len()
    }

    /// The paths of all documents there have ever been.
    pub(super) fn documents(&self) -> Vec<String> {
        self.documents.values().flatten().cloned().collect()
    }

    /// The last erasure that is on `audit`.
    pub(super) fn last_erasure(&self) -> Option<&CustomerErased> {
        self.erasures.last()
    }

    /// The Kafka key of a data key.
    pub(super) fn kafka_key(&self, key_id: Uuid) -> String {
        format!("{}/{key_id}", self.customer)
    }

    /// What is sealed with other keys than these is not ours to touch: the customer has come back meanwhile.
    pub(super) fn only(&mut self, keys: &[Uuid]) {
        let Self { keys: known, orders, documents, .. } = self;
        known.retain(|key_id, _| keys.contains(key_id));
        orders.retain(|_, key_id| keys.contains(key_id));
        documents.retain(|order_id, _| orders.contains_key(order_id));
    }

    /// What `audit` does not know yet, once all of it is erased. The same for a repeat, also of a run that was cut off.
    pub(super) fn unreported(&self) -> Option<Unreported> {
        let reported: BTreeSet<Uuid> =
            self.erasures.iter().flat_map(|erasure| &erasure.keys).copied().collect();
        let keys: Vec<Uuid> = self.keys().into_iter().filter(|key_id| !reported.contains(key_id)).collect();
        let documents = i32::try_from(self.documents().len()).unwrap_or(i32::MAX);
        let known = self.erasures.iter().map(|erasure| erasure.documents).max().unwrap_or(0);
        (!keys.is_empty() || documents > known).then_some(Unreported { keys, documents })
    }

    /// Takes up what was read of `audit` anew.
    pub(super) fn clear_erasures(&mut self) {
        self.erasures.clear();
    }
}

#[cfg(test)]
#[path = "traces_tests.rs"]
mod tests;
