//! How features and scores were distributed in training: what drift is measured against.

use serde::Deserialize;

use super::ManifestError;

/// The most bins of one distribution.
const MAX_EDGES: usize = 256;
/// How far the shares' sum may be from 1.
const TOLERANCE: f64 = 1e-3;

/// The distributions of training.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Each feature's, in the row's order.
    pub features: Vec<FeatureDistribution>,
    /// The scores'.
    pub score: Distribution,
}

/// A feature's distribution.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureDistribution {
    /// The feature's name.
    pub name: String,
    /// As in [`Distribution`].
    pub edges: Vec<f64>,
    /// One a bin, as in [`Distribution`], and behind them the share of missing values (NaN); it may be left out when
    /// none was missing.
    pub shares: Vec<f64>,
}

/// Shares of values by bin.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// Where bins meet, ascending: a value is in the first bin whose edge is not below it, else in the last one.
    pub edges: Vec<f64>,
    /// One a bin, so one more than edges.
    pub shares: Vec<f64>,
}

impl Reference {
    pub(super) fn check(&self, names: &[String]) -> Result<(), ManifestError> {
        if !self.features.iter().map(|feature| &feature.name).eq(names) {
            let problem = "must have the features' names, in their order";
            return Err(ManifestError::Value { field: "reference.features", problem });
        }
        for feature in &self.features {
            let bins = feature.edges.len() + 1;
            check("reference.features", &feature.edges, &feature.shares, &[bins, bins + 1])?;
        }
        let score = &self.score;
        check("reference.score", &score.edges, &score.shares, &[score.edges.len() + 1])
    }
}

fn check(field: &'static str, edges: &[f64], shares: &[f64], lengths: &[usize]) -> Result<(), ManifestError> {
    let wrong = |problem| Err(ManifestError::Value { field, problem });
    if edges.len() > MAX_EDGES {
        return wrong("has more than 256 edges");
    }
    // JSON has no NaN and no infinity.
    if !edges.windows(2).all(|pair| pair[0] < pair[1]) {
        return wrong("has edges that do not ascend");
    }
    if !lengths.contains(&shares.len()) {
        return wrong(
            "must have a share for each bin: one more than edges (and one for missing values of a feature)",
        );
    }
    let sum: f64 = shares.iter().sum();
    if !shares.iter().all(|share| (0.0..=1.0).contains(share)) || (sum - 1.0).abs() > TOLERANCE {
        return wrong("has shares that are not from 0 to 1, or do not sum up to 1");
    }
    Ok(())
}
