//! The hop: from an order to the decision on it.

use orderflow::{
    clock::Clock,
    events::{OrderFraudDetected, OrderHeldForReview, OrderPlaced, OrderValidatedForFraud},
    fault::Fault,
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{
    domain::{self, Judged, Policy, ReviewTimes},
    features::Features,
    profiles::Profiles,
    scorer::{Score, Scorer, Seen},
};

orderflow::events! {
    /// What becomes of a scored order.
    pub enum FraudEvent { OrderValidatedForFraud, OrderFraudDetected, OrderHeldForReview }
}

/// Decides which orders may go on, and which wait for a person. Reads `orders`, writes `fraud`.
pub struct OnOrderPlaced<S> {
    /// What is remembered of customers, cards, devices, addresses and decisions.
    pub profiles: Profiles,
    /// Who scores.
    pub scorer: S,
    /// How scores become decisions.
    pub policy: Policy,
    /// For `decided_at`; windows and rules use `placed_at`.
    pub clock: Clock,
}

impl<S: Scorer> Step for OnOrderPlaced<S> {
    const NAME: &'static str = "fraud-scoring.on_order_placed";
    type In = OrderPlaced;
    type Out = FraudEvent;

    async fn handle(&self, batch: &[Received<OrderPlaced>]) -> Verdicts<FraudEvent> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let histories = self.profiles.observe(batch).await?;
        let seen: Vec<Seen> = batch
            .iter()
            .zip(&histories)
            .map(|(one, history)| Features::of(&one.event.order, history).into())
            .collect();
        let scores = checked(self.scorer.score(&seen)?, batch.len())?;
        let now = self.clock.now();
        let decide = |(score, seen): (&Score, &Seen)| domain::decide(score, &seen.vector, &self.policy, now);
        let decisions = scores.iter().zip(&seen).map(decide).collect();
        // A repeat gets what was decided first, also under another policy or scorer.
        let kept = self.profiles.keep(batch, decisions).await?;
        Ok(batch.iter().zip(kept).map(|(one, kept)| Ok(Outcome::event(event(&one.event, kept)))).collect())
    }
}

/// The event that tells of what was decided.
fn event(placed: &OrderPlaced, Judged { decision, review }: Judged) -> FraudEvent {
    let order = placed.order.clone();
    match review {
        Some(ReviewTimes { escalate_at, review_by }) => {
            OrderHeldForReview { order, decision, escalate_at, review_by }.into()
        }
        None if domain::refuses(&decision) => OrderFraudDetected { order, decision }.into(),
        None => OrderValidatedForFraud { order, decision }.into(),
    }
}

/// A scorer is exchangeable, so its answer is checked like anything from outside.
fn checked(scores: Vec<Score>, asked: usize) -> Result<Vec<Score>, Fault> {
    if scores.len() != asked {
        let message = format!("the scorer answered {} of {asked} orders", scores.len());
        return Err(Fault::fatal("scorer_answer", message));
    }
    let finite = |score: &Score| {
        score.value.is_finite() && score.reasons.iter().all(|reason| reason.weight.is_finite())
    };
    if scores.iter().all(finite) {
        Ok(scores)
    } else {
        // The batch is repeated record by record: only the one that cannot be scored is set aside.
        Err(Fault::poison("score_not_finite", "the scorer's answer is not a finite number"))
    }
}
