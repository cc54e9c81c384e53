//! A version beside what decided, in numbers.

use std::collections::BTreeMap;

use orderflow::events::ShadowScored;
use serde::Serialize;
use uuid::Uuid;

use crate::gather::Evidence;

/// What may become of an order by its score.
pub const OUTCOMES: [&str; 3] = ["validated", "held", "refused"];

/// Everything a report says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Numbers {
    /// Orders the version has scored.
    pub orders: usize,
    /// Those of its scores that are no number from 0 to 1. They count in nothing else but `orders`.
    pub no_scores: usize,
    /// Who decided on them, by name and version.
    pub decided_by: BTreeMap<String, usize>,
    /// Orders by what was decided, then by what the version would have.
    pub outcomes: BTreeMap<String, BTreeMap<&'static str, usize>>,
    /// The share of orders with the same outcome; none without orders.
    pub agreement: Option<f64>,
    /// The nine scores between tenths of the orders, from low to high; none without orders.
    pub scores: Option<Scores>,
    /// Orders by reason, the one that has moved most first.
    pub reasons: Vec<Moved>,
    /// How long one order takes the version; none without orders.
    pub micros: Option<Micros>,
    /// How well both did on orders of which it was learned since whether they were fraud; none without labels.
    pub labelled: Option<Labelled>,
}

/// Both, on orders with labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Labelled {
    /// Orders with a label.
    pub orders: usize,
    /// Those that were fraud.
    pub frauds: usize,
    /// What decided.
    pub decided: Caught,
    /// The version.
    pub candidate: Caught,
}

/// Orders that did not pass: held or refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Caught {
    /// How many.
    pub stopped: usize,
    /// Those of them that were fraud.
    pub frauds: usize,
    /// The share of fraud among them; none when nothing was stopped.
    pub precision: Option<f64>,
    /// Their share of all fraud; none when there was none.
    pub recall: Option<f64>,
}

/// Scores between tenths of the orders.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Of what decided.
    pub decided: Vec<f64>,
    /// Of the version.
    pub candidate: Vec<f64>,
}

/// How many orders a reason is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The reason's code.
    pub code: String,
    /// Orders that were decided for it.
    pub decided: usize,
    /// Orders of which the version tells it.
    pub candidate: usize,
}

/// Microseconds an order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Micros {
    /// Half of the orders.
    pub p50: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
}

impl Numbers {
    /// What the evidence says.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let all = evidence.scored.len();
        let scored: Vec<&ShadowScored> =
            evidence.scored.values().filter(|scored| (0.0..=1.0).contains(&scored.score)).collect();
        let (mut decided_by, mut outcomes) = (BTreeMap::new(), BTreeMap::<_, BTreeMap<_, _>>::new());
        let mut same = 0;
        for one in &scored {
            *decided_by.entry(format!("{} {}", one.decided_by, one.decided_version)).or_default() += 1;
            let would_be = outcome(one);
            *outcomes.entry(one.decided_outcome.clone()).or_default().entry(would_be).or_default() += 1;
            same += usize::from(one.decided_outcome == would_be);
        }
        let some = !scored.is_empty();
        Self {
            orders: all,
            no_scores: all - scored.len(),
            decided_by,
            outcomes,
            agreement: some.then(|| same as f64 / scored.len() as f64),
            scores: some.then(|| Scores {
                decided: deciles(scored.iter().map(|one| one.decided_score)),
                candidate: deciles(scored.iter().map(|one| one.score)),
            }),
            reasons: reasons(&scored, evidence),
            micros: some.then(|| micros(&scored)),
            labelled: labelled(&scored, &evidence.labels),
        }
    }
}

fn labelled(scored: &[&ShadowScored], labels: &BTreeMap<Uuid, bool>) -> Option<Labelled> {
    let known: Vec<(&ShadowScored, bool)> =
        scored.iter().filter_map(|one| Some((*one, *labels.get(&one.order_id)?))).collect();
    let frauds = known.iter().filter(|(_, fraud)| *fraud).count();
    let caught = |passes: fn(&ShadowScored) -> bool| {
        let stopped: Vec<bool> =
            known.iter().filter(|(one, _)| !passes(one)).map(|(_, fraud)| *fraud).collect();
        let right = stopped.iter().filter(|fraud| **fraud).count();
        let share = |of: usize| (of > 0).then(|| right as f64 / of as f64);
        Caught {
            stopped: stopped.len(),
            frauds: right,
            precision: share(stopped.len()),
            recall: share(frauds),
        }
    };
    (!known.is_empty()).then(|| Labelled {
        orders: known.len(),
        frauds,
        decided: caught(|one| one.decided_outcome == OUTCOMES[0]),
        candidate: caught(|one| outcome(one) == OUTCOMES[0]),
    })
}

/// What the version would have decided, by its own thresholds.
#[must_use]
pub fn outcome(scored: &ShadowScored) -> &'static str {
    match scored.score {
        score if score > scored.threshold => "refused",
        score if score >= scored.hold_threshold => "held",
        _ => "validated",
    }
}

fn reasons(scored: &[&ShadowScored], evidence: &Evidence) -> Vec<Moved> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for one in scored {
        for code in evidence.decided_for.get(&one.order_id).into_iter().flatten() {
            counts.entry(code).or_default().0 += 1;
        }
        for reason in &one.reasons {
            counts.entry(&reason.code).or_default().1 += 1;
        }
    }
    let moved = |(code, (decided, candidate)): (&str, _)| Moved { code: code.to_owned(), decided, candidate };
    let mut moved: Vec<Moved> = counts.into_iter().map(moved).collect();
    moved.sort_by_key(|one| std::cmp::Reverse(one.decided.abs_diff(one.candidate)));
    moved
}

fn deciles(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let sorted = sorted(values);
    (1..=9).map(|tenth| at(&sorted, f64::from(tenth) / 10.0)).collect()
}

fn micros(scored: &[&ShadowScored]) -> Micros {
    let sorted = sorted(scored.iter().map(|one| one.micros));
    Micros { p50: at(&sorted, 0.5), p95: at(&sorted, 0.95), p99: at(&sorted, 0.99) }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The smallest value that this share of all values does not exceed (nearest rank); 0 of none.
fn at(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}
