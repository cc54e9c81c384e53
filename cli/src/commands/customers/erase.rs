//! The effects of an erasure, in the one order in which a run that is cut off is finished by the next: keys, documents,
//! audit.

use std::sync::Arc;

use anyhow::{Context, Result};
use orderflow::{
    catalogue::OPERATOR,
    clock::Clock,
    envelope::ids,
    events::{CustomerErased, Record},
    runtime::{Publisher, Root, contract},
    topics::{AUDIT, CUSTOMER_KEYS, ORDERS, SHIPPING},
    trace::TraceContext,
};
use shipping::label_store::LabelStore;
use uuid::Uuid;

use super::{
    Erase,
    report::Report,
    traces::{Traces, Unreported},
};
use crate::{connection::Connection, log::Decoder};

/// Erases.
pub(super) struct Eraser<'c> {
    connection: &'c Connection,
    decoder: &'c Decoder,
    publisher: Publisher,
    store: Option<LabelStore>,
    clock: Clock,
}

impl<'c> Eraser<'c> {
    /// With the schema of what goes on `audit`, and the store in which the documents are.
    ///
    /// # Errors
    /// When the schema is not registered, or no client can be made.
    pub(super) async fn new(
        connection: &'c Connection,
        decoder: &'c Decoder,
        store: Option<LabelStore>,
    ) -> Result<Self> {
        let (registry, names) = (connection.registry()?, connection.names());
        let writes = [(AUDIT, CustomerErased::NAME.to_owned())];
        let codec = contract::resolve(&registry, &names, &[], &writes).await?;
        let publisher = Publisher::new(connection.kafka_config(), Arc::new(codec), names)?;
        Ok(Self { connection, decoder, publisher, store, clock: Clock::system() })
    }

    /// Erases all that was found, and what shipping has written meanwhile.
    ///
    /// # Errors
    /// What did not work; what went before it is done, and a repeat does the rest.
    pub(super) async fn erase(&self, asked: &Erase, mut found: Traces) -> Result<Report> {
        let mut report = Report::found(&asked.id, &found);
        let unfinished = "the erasure is not finished: run it again";
        for key_id in found.live_keys() {
            let removed = self.publisher.remove(CUSTOMER_KEYS, &found.kafka_key(key_id)).await;
            removed.context(unfinished)?;
            report.keys_erased += 1;
        }
        // Only now: from here on shipping finds no key, and deletes by itself what it stores.
        let keys = found.keys();
        for topic in [ORDERS, SHIPPING] {
            found.add(self.connection, self.decoder, topic).await.context(unfinished)?;
        }
        found.only(&keys);
        report.documents = found.documents();
        if let Some(store) = &self.store {
            report.documents_deleted = store.delete(&report.documents).await.context(unfinished)?;
        } else {
            anyhow::ensure!(
                report.documents.is_empty(),
                "{unfinished}, with --label-store: there are labels now"
            );
        }
        found.clear_erasures();
        found.add(self.connection, self.decoder, AUDIT).await.context(unfinished)?;
        if let Some(unreported) = found.unreported() {
            report.event_id = Some(self.note(asked, unreported).await.context(unfinished)?);
        }
        report.tell_of(found.last_erasure());
        report.is_done = true;
        Ok(report)
    }

    /// Notes the erasure on `audit`; returns the event's id.
    async fn note(&self, asked: &Erase, Unreported { keys, documents }: Unreported) -> Result<Uuid> {
        let mut parts = vec![asked.id.clone(), "erased".to_owned(), documents.to_string()];
        parts.extend(keys.iter().map(Uuid::to_string));
        let id = ids::from_parts(&parts.iter().map(String::as_str).collect::<Vec<_>>());
        let event = CustomerErased {
            customer_id: asked.id.clone(),
            erased_by: asked.by.clone().unwrap_or_default(),
            reason: asked.reason.clone().unwrap_or_default(),
            keys,
            documents,
            erased_at: self.clock.now(),
        };
        let root = Root {
            id,
            source: OPERATOR.to_owned(),
            correlation_id: id.to_string(),
            trace: TraceContext::root(),
        };
        self.publisher.send(&self.publisher.prepare(&event, root)?).await?;
        Ok(id)
    }
}
