//! Writes what changed: the event and the state it leads to, both or neither.

use std::sync::Arc;

use anyhow::Result;
use orderflow::{
    catalogue::OPERATOR,
    envelope::ids,
    events::{
        ModelPromoted, ModelPublished, ModelRolledBack, ModelState, ModelSwitched, ModelTrialled, Record,
    },
    runtime::{Prepared, Root, Together, TogetherError, contract},
    topics::{MODELS, MODELS_STATE},
    trace::TraceContext,
};
use orderflow_letters::Access;
use uuid::Uuid;

use crate::{MODEL, change::Event};

/// The right to write the model's next change. What is read after it was opened is the newest there is, unless another
/// is opened: then this one cannot write any more.
pub struct Ledger {
    together: Together,
}

impl Ledger {
    /// Takes the right from whoever has it.
    ///
    /// # Errors
    /// When Kafka or the registry does not answer.
    pub async fn open(access: &Access) -> Result<Self> {
        let events = [
            ModelPublished::NAME,
            ModelTrialled::NAME,
            ModelPromoted::NAME,
            ModelRolledBack::NAME,
            ModelSwitched::NAME,
        ];
        let mut writes: Vec<_> = events.map(|name| (MODELS, name.to_owned())).to_vec();
        writes.push((MODELS_STATE, ModelState::NAME.to_owned()));
        let codec = contract::resolve(&access.registry, &access.names, &[], &writes).await?;
        let together = Together::open(
            access.config.clone(),
            Arc::new(codec),
            access.names.clone(),
            &format!("models-{MODEL}"),
        )
        .await?;
        Ok(Self { together })
    }

    /// Tells that a version was published. No state changes.
    ///
    /// # Errors
    /// When it was not, or that is not known: what to do then.
    pub async fn publish(&self, published: &ModelPublished) -> Result<()> {
        let version = &published.version;
        let id = ids::from_parts(&[MODEL, "published", &version.version, &version.manifest_sha256]);
        self.write(&[self.together.prepare(published, root(id))?]).await
    }

    /// Tells what was changed, and the state it has led to; the id of the event.
    ///
    /// # Errors
    /// When it was not, or that is not known: what to do then.
    pub async fn change(&self, event: &Event, state: &ModelState) -> Result<Uuid> {
        let revision = state.revision.to_string();
        let id = |what| ids::from_parts(&[MODEL, what, &revision, &state.changed_at.to_string()]);
        let event_id = id("changed");
        let told = root(event_id);
        let event = match event {
            Event::Trialled(event) => self.together.prepare(event, told)?,
            Event::Promoted(event) => self.together.prepare(event, told)?,
            Event::RolledBack(event) => self.together.prepare(event, told)?,
            Event::Switched(event) => self.together.prepare(event, told)?,
        };
        self.write(&[event, self.together.prepare(state, root(id("state")))?]).await?;
        Ok(event_id)
    }

    async fn write(&self, records: &[Prepared]) -> Result<()> {
        self.together.publish(records).await.map_err(|error| {
            let what_to_do = match error {
                TogetherError::Fenced => {
                    "nothing was changed: see `orderflow models list`, and try again if it is still right"
                }
                TogetherError::Unknown(_) => "`orderflow models list` says whether anything was changed",
                TogetherError::Refused(_) | TogetherError::Record(_) => "nothing was changed: try again",
            };
            anyhow::Error::new(error).context(what_to_do)
        })
    }
}

fn root(id: Uuid) -> Root {
    let (source, correlation_id) = (OPERATOR.to_owned(), id.to_string());
    Root { id, source, correlation_id, trace: TraceContext::root() }
}
