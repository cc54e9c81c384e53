//! How the state follows from the log: from what this service has published, which carries the orders.

use async_trait::async_trait;
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    envelope::Envelope,
    events::{
        FraudDecision, FraudLabelled, Order, OrderFraudDetected, OrderHeldForReview, OrderReviewCancelled,
        OrderValidatedForFraud, Record, ReviewEscalated,
    },
    fault::Fault,
    state::{
        State,
        rebuild::{Beyond, Fold, Logged, What},
    },
    topics::{self, Topic},
};
use uuid::Uuid;

use crate::{
    domain::{Closing, Ending, Judged, ReviewTimes},
    held::{Held, Past},
    labels::{Label, Labels},
    profiles::{Decided, Profiles},
    reviews::Reviews,
    sighting::Sighting,
};

/// Rebuilds profiles, windows, stored decisions and held orders from `fraud` and `reviews`, and what was learned later from
/// `fraud.labels`: no decision, but facts, of which those are fed that this service has handled. Decides nothing.
///
pub struct FraudFold {
    clock: Clock,
}

orderflow::events! {
    /// What this service has said.
    pub enum Said {
        OrderValidatedForFraud, OrderFraudDetected, OrderHeldForReview, OrderReviewCancelled, ReviewEscalated,
    }
}

/// What a state remembers of what was said.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Orders that were scored.
    pub decided: Vec<Decided>,
    /// Held orders, each event with its age in seconds.
    pub reviews: Vec<(i64, Past)>,
    /// What was learned about orders, each label with its age in seconds.
    pub labels: Vec<(i64, Label)>,
}

impl FraudFold {
    /// A fold that gives keys what is left of their lives by this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// Takes in an event as it stands on its topic, in this partition.
    pub fn take(&self, said: Said, envelope: &Envelope, partition: i32, memory: &mut Memory) {
        // Without a cause there is no input to repeat, but the order still counts in the windows.
        let cause = envelope.causation_id.unwrap_or(envelope.id);
        match said {
            Said::OrderHeldForReview(event) => {
                let held = held(event, Envelope { id: cause, ..envelope.clone() }, partition);
                let judged =
                    Judged { decision: held.decision.clone(), review: Some(held.times), shadow: None };
                memory.decided.push(self.decided(cause, &held.order, judged));
                self.note(held.decision.decided_at, Past::Held(Box::new(held)), memory);
            }
            Said::OrderValidatedForFraud(OrderValidatedForFraud { order, decision }) => {
                self.take_decision(cause, &order, decision, Ending::Approved, memory);
            }
            Said::OrderFraudDetected(OrderFraudDetected { order, decision }) => {
                self.take_decision(cause, &order, decision, Ending::Rejected, memory);
            }
            Said::OrderReviewCancelled(OrderReviewCancelled { order, cancelled_at }) => {
                self.note(
                    cancelled_at,
                    Past::Closed(order.order_id, Closing::cancelled(cause, cancelled_at)),
                    memory,
                );
            }
            Said::ReviewEscalated(event) => {
                self.note(event.escalated_at, Past::Escalated(event.order_id), memory);
            }
        }
    }

    /// Takes in a label that came by this event.
    pub fn learn(&self, event: Uuid, label: &FraudLabelled, memory: &mut Memory) {
        let label = Label::of(event, label);
        memory.labels.push((label.age(self.clock.now().as_second()), label));
    }

    /// A decision of the score, or, where it names a reviewer, of a review: that closes what was held, and the windows
    /// know the order since then.
    fn take_decision(
        &self,
        cause: Uuid,
        order: &Order,
        decision: FraudDecision,
        ending: Ending,
        memory: &mut Memory,
    ) {
        let Some(reviewer) = decision.reviewer.clone() else {
            memory.decided.push(self.decided(cause, order, Judged { decision, review: None, shadow: None }));
            return;
        };
        let (at, reason) = (decision.decided_at, decision.review_reason.unwrap_or_default());
        self.note(
            at,
            Past::Closed(order.order_id, Closing { by: cause, ending, at, reviewer, reason }),
            memory,
        );
    }

    fn note(&self, at: Timestamp, past: Past, memory: &mut Memory) {
        memory.reviews.push((self.age(at), past));
    }

    fn decided(&self, cause: Uuid, order: &Order, judged: Judged) -> Decided {
        Decided { sighting: Sighting::of(cause, order), age: self.age(judged.decision.decided_at), judged }
    }

    /// Seconds since then.
    fn age(&self, then: Timestamp) -> i64 {
        self.clock.now().as_second() - then.as_second()
    }
}

fn held(event: OrderHeldForReview, cause: Envelope, partition: i32) -> Held {
    let OrderHeldForReview { order, decision, escalate_at, review_by } = event;
    Held { order, decision, times: ReviewTimes { escalate_at, review_by }, cause, partition }
}

impl Memory {
    /// Puts it into a state under construction.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn restore(&self, state: &State) -> Result<(), Fault> {
        if !self.decided.is_empty() {
            Profiles::restore(state, &self.decided).await?;
        }
        if !self.labels.is_empty() {
            Labels::new(state.clone()).take_note(&self.labels).await?;
        }
        if self.reviews.is_empty() { Ok(()) } else { Reviews::restore(state, &self.reviews).await }
    }
}

#[async_trait]
impl Fold for FraudFold {
    fn sources(&self) -> Vec<Topic> {
        vec![topics::FRAUD, topics::REVIEWS, topics::FRAUD_LABELS]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let mut memory = Memory::default();
        for logged in batch {
            if let Some(label) = logged.read::<FraudLabelled>()? {
                self.learn(logged.envelope.id, &label, &mut memory);
            } else if let Some(said) = read(logged)? {
                self.take(said, &logged.envelope, logged.origin.partition, &mut memory);
            }
        }
        memory.restore(state).await
    }

    fn beyond_the_log(&self) -> &'static [Beyond] {
        // What a version said that was tried stands beside the decision, on a topic that is not folded.
        &[Beyond { keys: "decision:", what: What::Member("", "shadow") }]
    }

    /// 2: windows are texts; what an order saw is kept no more.
    fn layout(&self) -> u32 {
        2
    }
}

/// What this service has said; nothing where somebody else has: a review that people have decided is input.
fn read(logged: &Logged<'_>) -> Result<Option<Said>, Fault> {
    fn one<R: Record>(logged: &Logged<'_>) -> Result<Option<Said>, Fault>
    where
        Said: From<R>,
    {
        Ok(logged.read::<R>()?.map(Said::from))
    }
    let readers = [
        one::<OrderValidatedForFraud>,
        one::<OrderFraudDetected>,
        one::<OrderHeldForReview>,
        one::<OrderReviewCancelled>,
        one::<ReviewEscalated>,
    ];
    for read in readers {
        if let Some(said) = read(logged)? {
            return Ok(Some(said));
        }
    }
    Ok(None)
}
