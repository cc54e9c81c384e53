//! Tells `audit` what is done, each once.

use std::sync::Arc;

use anyhow::{Context, Result};
use orderflow::{
    catalogue::OPERATOR,
    envelope::ids,
    events::{DeadLetterDiscarded, DeadLetterEdited, DeadLetterParked, DeadLetterRedriven, Record},
    runtime::{Publisher, Root, contract},
    topics::AUDIT,
    trace::TraceContext,
};
use uuid::Uuid;

use super::By;
use crate::{Access, Letter};

/// The way to `audit`. Opened before the first effect: without its schemas nobody could be told.
pub(super) struct Audit {
    publisher: Publisher,
}

impl Audit {
    pub async fn open(access: &Access) -> Result<Self> {
        let writes = [
            DeadLetterParked::NAME,
            DeadLetterRedriven::NAME,
            DeadLetterDiscarded::NAME,
            DeadLetterEdited::NAME,
        ];
        let writes = writes.map(|name| (AUDIT, name.to_owned()));
        let codec = contract::resolve(&access.registry, &access.names, &[], &writes).await?;
        let publisher = Publisher::new(access.config.clone(), Arc::new(codec), access.names.clone())?;
        Ok(Self { publisher })
    }

    pub async fn redriven(&self, letter: &Letter, returns: u32, by: &By) -> Result<()> {
        let event = DeadLetterRedriven {
            service: letter.group.clone(),
            event_id: letter.id,
            event_type: letter.record.clone(),
            event_key: letter.key_text(),
            code: letter.code.clone(),
            letter: letter.spot.to_string(),
            returns: i32::try_from(returns).unwrap_or(i32::MAX),
            redriven_by: by.name.clone(),
            reason: by.reason.clone(),
            redriven_at: by.at,
        };
        self.tell(&event, event_id("redriven", letter, by)).await
    }

    pub async fn discarded(&self, letter: &Letter, by: &By) -> Result<()> {
        let event = DeadLetterDiscarded {
            service: letter.group.clone(),
            event_id: letter.id,
            event_type: letter.record.clone(),
            event_key: letter.key_text(),
            code: letter.code.clone(),
            letter: letter.spot.to_string(),
            discarded_by: by.name.clone(),
            reason: by.reason.clone(),
            discarded_at: by.at,
        };
        self.tell(&event, event_id("discarded", letter, by)).await
    }

    pub async fn edited(&self, letter: &Letter, edited_id: Uuid, fields: Vec<String>, by: &By) -> Result<()> {
        let event = DeadLetterEdited {
            service: letter.group.clone(),
            event_id: letter.id,
            event_type: letter.record.clone(),
            event_key: letter.key_text(),
            code: letter.code.clone(),
            letter: letter.spot.to_string(),
            edited_id,
            fields,
            edited_by: by.name.clone(),
            reason: by.reason.clone(),
            edited_at: by.at,
        };
        self.tell(&event, event_id("edited", letter, by)).await
    }

    pub async fn parked(&self, letter: &Letter, by: &By) -> Result<()> {
        let event = DeadLetterParked {
            service: letter.group.clone(),
            event_id: letter.id,
            event_type: letter.record.clone(),
            event_key: letter.key_text(),
            code: letter.code.clone(),
            parked_by: by.name.clone(),
            reason: by.reason.clone(),
            parked_at: by.at,
        };
        self.tell(&event, event_id("parked", letter, by)).await
    }

    async fn tell<R: Record>(&self, event: &R, id: Uuid) -> Result<()> {
        let root = Root {
            id,
            source: OPERATOR.to_owned(),
            correlation_id: id.to_string(),
            trace: TraceContext::root(),
        };
        let sent = self.publisher.send(&self.publisher.prepare(event, root)?).await;
        sent.map(drop).context("audit could not be told: try again")
    }
}

/// Of what is done, not of this run: the same when it is finished by another.
pub(super) fn event_id(what: &str, letter: &Letter, by: &By) -> Uuid {
    let (event, place) = (letter.id.to_string(), letter.spot.to_string());
    let [name, reason, at] = by.parts();
    ids::from_parts(&[&letter.group, what, &event, &place, &name, &reason, &at])
}
