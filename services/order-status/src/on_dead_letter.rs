//! Takes note of what the services on an order's path could not handle, and of what became of it.

use orderflow::{
    events::Nothing,
    runtime::put_aside::PutAside,
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{changes::Announcer, entry::Note, put_aside::note, timelines::Timelines};

/// Puts each dead letter, and its end, on its order's timeline. Reads what those services' groups have put aside, writes
/// nothing.
pub struct OnDeadLetter {
    timelines: Timelines,
    announcer: Announcer,
}

impl OnDeadLetter {
    /// The step.
    pub(crate) fn new(timelines: Timelines, announcer: Announcer) -> Self {
        Self { timelines, announcer }
    }
}

impl Step for OnDeadLetter {
    const NAME: &'static str = "order-status.on_dead_letter";
    const GATHERS: bool = true;
    type In = PutAside;
    type Out = Nothing;

    async fn handle(&self, batch: &[Received<PutAside>]) -> Verdicts<Nothing> {
        let told = batch.iter().filter_map(|put| note(&put.event, &put.envelope, &put.origin));
        let notes: Vec<Note> = told.collect();
        self.timelines.take_note(&notes).await?;
        self.announcer.announce(notes.iter().map(|note| note.order_id));
        Ok(batch.iter().map(|_| Ok(Outcome::nothing())).collect())
    }
}
