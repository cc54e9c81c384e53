//! Takes note of what operators do about dead letters.

use orderflow::{
    events::{DeadLetterDiscarded, DeadLetterEdited, DeadLetterParked, DeadLetterRedriven, Nothing},
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{acts::note, changes::Announcer, entry::Note, timelines::Timelines};

orderflow::events! {
    /// Everything an operator does about a dead letter.
    pub enum OperatorAct {
        DeadLetterRedriven, DeadLetterEdited, DeadLetterParked, DeadLetterDiscarded,
    }
}

/// Puts each act on the timeline of the order that the dead letter is about. Reads `audit`, writes nothing.
pub struct OnOperatorAct {
    timelines: Timelines,
    announcer: Announcer,
}

impl OnOperatorAct {
    /// The step.
    pub(crate) fn new(timelines: Timelines, announcer: Announcer) -> Self {
        Self { timelines, announcer }
    }
}

impl Step for OnOperatorAct {
    const NAME: &'static str = "order-status.on_operator_act";
    const GATHERS: bool = true;
    type In = OperatorAct;
    type Out = Nothing;

    async fn handle(&self, batch: &[Received<OperatorAct>]) -> Verdicts<Nothing> {
        let told = batch.iter().filter_map(|act| note(&act.event, &act.envelope, &act.origin));
        let notes: Vec<Note> = told.collect();
        self.timelines.take_note(&notes).await?;
        self.announcer.announce(notes.iter().map(|note| note.order_id));
        Ok(batch.iter().map(|_| Ok(Outcome::nothing())).collect())
    }
}
