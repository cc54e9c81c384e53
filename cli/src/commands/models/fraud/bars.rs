//! What the model is held to, on simulations.

use serde::Serialize;

use super::{
    measured::{MODEL, Measured, Scores},
    numbers::Mean,
};

/// How well the model must do: on what, with the fraud whose labels come late or without it.
const BARS: [Bar; 6] = [
    Bar::new("AUC", |s| s.auc, false, Bound::Least(0.98)),
    Bar::new("average precision", |s| s.average_precision, false, Bound::Least(0.85)),
    Bar::new("precision", |s| s.precision, false, Bound::Least(0.95)),
    Bar::new("average precision", |s| s.average_precision, true, Bound::Least(0.65)),
    Bar::new("calibration error", |s| s.calibration_error, false, Bound::Most(0.05)),
    Bar::new("calibration error", |s| s.calibration_error, true, Bound::Most(0.05)),
];

/// One number the model is held to.
struct Bar {
    name: &'static str,
    of: fn(&Scores) -> f64,
    with_delayed: bool,
    bound: Bound,
}

/// On which side is good, this number included.
#[derive(Debug, Clone, Copy)]
enum Bound {
    Least(f64),
    Most(f64),
}

/// What a bar says.
#[derive(Debug, Serialize)]
pub(super) struct Judgement {
    /// What it is about, for people.
    pub text: String,
    /// Whether the model does so well.
    pub good: bool,
}

/// Every bar, on the mean over the runs.
pub(super) fn judge(runs: &[Measured]) -> Vec<Judgement> {
    BARS.iter().map(|bar| bar.judge(runs)).collect()
}

impl Bar {
    const fn new(name: &'static str, of: fn(&Scores) -> f64, with_delayed: bool, bound: Bound) -> Self {
        Self { name, of, with_delayed, bound }
    }

    fn judge(&self, runs: &[Measured]) -> Judgement {
        let models = runs.iter().filter_map(|run| run.methods.get(MODEL));
        let scores = models.filter_map(|model| model.scores(self.with_delayed));
        let is = Mean::of(scores.map(self.of));
        let (good, bound) = match self.bound {
            Bound::Least(least) => (is.mean >= least, format!("at least {least}")),
            Bound::Most(most) => (is.mean <= most, format!("at most {most}")),
        };
        let text = format!("{} {} leaked cards: {is}, must be {bound}", self.name, with(self.with_delayed));
        Judgement { text, good }
    }
}

/// In words: with or without the fraud of leaked cards.
pub(super) fn with(delayed: bool) -> &'static str {
    if delayed { "with" } else { "without" }
}
