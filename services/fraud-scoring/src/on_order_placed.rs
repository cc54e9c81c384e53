//! The hop: from an order to the decision on it.

use orderflow::{
    clock::Clock,
    events::{OrderFraudDetected, OrderHeldForReview, OrderPlaced, OrderValidatedForFraud, ShadowScored},
    fault::Fault,
    step::{Outcome, Received, Step, Verdicts},
};

use crate::{
    domain::{self, Judged, Policy, ReviewTimes},
    known_fraud,
    profiles::Profiles,
    scorer::{Score, Scorer, Scores, Seen, ShadowRun},
    shadow::Shadow,
};

orderflow::events! {
    /// What becomes of a scored order, and what a version on trial would have made of it.
    pub enum FraudEvent { OrderValidatedForFraud, OrderFraudDetected, OrderHeldForReview, ShadowScored }
}

/// Decides which orders may go on, and which wait for a person. Reads `orders`, writes `fraud`, and `fraud.shadow` while
/// a version is tried there.
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
        let seen: Vec<Seen> =
            batch.iter().zip(&histories).map(|(one, history)| Seen::of(&one.event.order, history)).collect();
        let Scores { deciding, shadow } = checked(self.scorer.score(&seen)?, batch.len())?;
        let now = self.clock.now();
        let raise = |(score, seen): (Score, &Seen)| known_fraud::raised(score, &seen.features, &self.policy);
        let decide = |(score, seen): (Score, &Seen)| {
            domain::decide(&raise((score, seen)), &seen.vector, &self.policy, now)
        };
        let mut decisions: Vec<Judged> = deciding.into_iter().zip(&seen).map(decide).collect();
        if let Some(ShadowRun { scores, micros }) = shadow {
            for (judged, score) in decisions.iter_mut().zip(scores.into_iter().zip(&seen).map(raise)) {
                judged.shadow = Some(Shadow::of(&score, micros, &self.policy));
            }
        }
        // A repeat gets what was decided first, also under another policy or version, and what was said beside it.
        let kept = self.profiles.keep(batch, decisions).await?;
        Ok(batch.iter().zip(kept).map(|(one, kept)| Ok(Outcome::events(events(one, kept)))).collect())
    }
}

/// What is said of a placed order.
fn events(placed: &Received<OrderPlaced>, kept: Judged) -> Vec<FraudEvent> {
    let order_id = placed.event.order.order_id;
    let shadow = kept.shadow.as_ref().map(|shadow| shadow.scored(order_id, placed.envelope.id, &kept));
    let mut events = vec![event(&placed.event, kept)];
    events.extend(shadow.map(FraudEvent::from));
    events
}

/// The event that tells of what was decided.
fn event(placed: &OrderPlaced, Judged { decision, review, .. }: Judged) -> FraudEvent {
    let order = placed.order.clone();
    match review {
        Some(ReviewTimes { escalate_at, review_by }) => {
            OrderHeldForReview { order, decision, escalate_at, review_by }.into()
        }
        None if domain::refuses(&decision) => OrderFraudDetected { order, decision }.into(),
        None => OrderValidatedForFraud { order, decision }.into(),
    }
}

/// A scorer is exchangeable, so its answer is checked like anything from outside. What is said beside the decisions can
/// only be left out.
fn checked(Scores { deciding, shadow }: Scores, asked: usize) -> Result<Scores, Fault> {
    if deciding.len() != asked {
        let message = format!("the scorer answered {} of {asked} orders", deciding.len());
        return Err(Fault::fatal("scorer_answer", message));
    }
    if !deciding.iter().all(is_finite) {
        // The batch is repeated record by record: only the one that cannot be scored is set aside.
        return Err(Fault::poison("score_not_finite", "the scorer's answer is not a finite number"));
    }
    let shadow = shadow.filter(|run| run.scores.len() == asked && run.scores.iter().all(is_finite));
    Ok(Scores { deciding, shadow })
}

fn is_finite(score: &Score) -> bool {
    score.value.is_finite() && score.reasons.iter().all(|reason| reason.weight.is_finite())
}
