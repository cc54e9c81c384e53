//! Who judged how many orders, and how surely.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Evidence,
    judged::{Ending, Judge, Judged},
};

/// All judgements in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Decisions {
    /// By who scored.
    pub by: Vec<Share>,
    /// Of all, those whose score, or 1 − score, is above the decision's own threshold; none without any decision.
    pub confident: Option<f64>,
}

/// One scorer's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// Whose.
    #[serde(flatten)]
    pub judge: Judge,
    /// What it decided.
    #[serde(flatten)]
    pub count: Count,
}

/// What was decided, each order once. Held ones count as held, however they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Count {
    pub let_through: usize,
    pub held: usize,
    pub refused: usize,
}

impl Count {
    /// Counts a judgement; nothing where there is none yet.
    pub fn add(&mut self, judged: &Judged) {
        match (judged.held, judged.ending) {
            (true, _) => self.held += 1,
            (false, Some(Ending::LetThrough)) => self.let_through += 1,
            (false, Some(Ending::Refused)) => self.refused += 1,
            (false, Some(Ending::TakenBack) | None) => {}
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(self) -> usize {
        self.let_through + self.held + self.refused
    }
}

impl Decisions {
    /// Those that are on the log.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let mut by: BTreeMap<&Judge, Count> = BTreeMap::new();
        let (mut all, mut confident) = (0_usize, 0_usize);
        for order in evidence.orders.values() {
            let Some(decision) = &order.judged.decision else { continue };
            by.entry(&decision.by).or_default().add(&order.judged);
            all += 1;
            confident += usize::from(decision.is_confident());
        }
        let by = by.into_iter().map(|(judge, count)| Share { judge: judge.clone(), count }).collect();
        Self { by, confident: (all > 0).then(|| confident as f64 / all as f64) }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::audit::{Order, judged::Decision};

    fn judged(engine: &str, score: f64, held: bool, ending: Option<Ending>) -> Order {
        let fallback = (engine == "rules").then(|| "model_failed".to_owned());
        let by = Judge {
            scorer: if fallback.is_some() { "rules" } else { "fraud" }.to_owned(),
            version: "1".to_owned(),
            engine: engine.to_owned(),
            fallback,
        };
        let decision = Some(Decision { by, score, threshold: 0.85 });
        Order { judged: Judged { decision, held, ending }, ..Order::default() }
    }

    fn decisions(orders: Vec<Order>) -> Decisions {
        let orders = (0..).map(Uuid::from_u128).zip(orders).collect();
        Decisions::of(&Evidence { orders, ..Evidence::default() })
    }

    #[test]
    fn each_order_counts_once_for_who_scored_it_and_as_held_however_it_ended() {
        let decisions = decisions(vec![
            judged("onnxruntime", 0.01, false, Some(Ending::LetThrough)),
            judged("onnxruntime", 0.5, true, Some(Ending::LetThrough)),
            judged("onnxruntime", 0.5, true, None),
            judged("rules", 0.9, false, Some(Ending::Refused)),
            Order::default(),
        ]);
        let counted: Vec<_> =
            decisions.by.iter().map(|share| (share.judge.engine.as_str(), share.count)).collect();
        let by_model = Count { let_through: 1, held: 2, refused: 0 };
        assert_eq!(counted, [("onnxruntime", by_model), ("rules", Count { refused: 1, ..Count::default() })]);
        assert_eq!(decisions.by[1].judge.fallback.as_deref(), Some("model_failed"));
    }

    #[test]
    fn a_score_is_confident_beyond_its_threshold_on_either_side() {
        let share = |scores: &[f64]| {
            let of = |score: &f64| judged("onnxruntime", *score, false, Some(Ending::LetThrough));
            decisions(scores.iter().map(of).collect()).confident
        };
        assert_eq!(share(&[0.86, 0.14, 0.5, 0.85]), Some(0.5));
        assert_eq!(share(&[]), None);
    }
}
