//! The trees themselves: scored as ONNX Runtime scores them, and explained exactly.

mod build;
mod error;
#[cfg(test)]
mod sample;
mod shap;
#[cfg(test)]
mod tests;
mod weights;

use std::fmt;

pub(crate) use build::Ensemble;
pub use error::ForestError;
pub use shap::Explanation;

/// Rows scored tree by tree before the next rows are: a tree stays in the cache, and so do the sums.
const BLOCK: usize = 16;

/// A regression forest with a logistic link: the score is `1 / (1 + exp(-margin))`, the margin a base value plus one
/// leaf's weight per tree.
#[derive(Clone)]
pub struct Forest {
    features: usize,
    base: f32,
    roots: Vec<u32>,
    /// Every tree's, one after the other, a parent before its children.
    nodes: Vec<Node>,
    /// Of each node: how many rows came by in training, and the mean of what they got.
    history: Vec<History>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    /// What a value is compared with; the weight, at a leaf.
    value: f32,
    if_true: u32,
    if_false: u32,
    feature: u16,
    test: Test,
    missing_to_true: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Leaf,
    AtMost,
    Below,
}

#[derive(Clone, Copy, Debug)]
struct History {
    cover: f64,
    mean: f64,
}

/// Its size: nobody reads thousands of nodes in a message.
impl fmt::Debug for Forest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Forest of {} trees, {} nodes, {} features",
            self.roots.len(),
            self.nodes.len(),
            self.features
        )
    }
}

impl Node {
    /// As ONNX Runtime's tree_ensemble_common.h has it: the comparison in 32 bits, true for a missing value (NaN)
    /// where the node says so.
    #[inline]
    fn next(&self, row: &[f32]) -> u32 {
        let value = row[usize::from(self.feature)];
        let holds = if self.test == Test::AtMost { value <= self.value } else { value < self.value };
        if holds || (self.missing_to_true && value.is_nan()) { self.if_true } else { self.if_false }
    }
}

impl Forest {
    /// How many values a row has.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    /// How many trees there are.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// The margin of each row, before the logistic link. `rows` are whole rows, one after the other; values that are
    /// left over are ignored.
    #[must_use]
    pub fn margins(&self, rows: &[f32]) -> Vec<f32> {
        let mut margins = vec![0.0; rows.len() / self.features];
        for (rows, sums) in rows.chunks(self.features * BLOCK).zip(margins.chunks_mut(BLOCK)) {
            for root in &self.roots {
                for (row, sum) in rows.chunks_exact(self.features).zip(sums.iter_mut()) {
                    *sum += self.leaf(*root, row);
                }
            }
            // Last, as ONNX Runtime does it: the order of additions shows in the last bit.
            sums.iter_mut().for_each(|sum| *sum += self.base);
        }
        margins
    }

    /// The score of each row, from 0 to 1. `rows` as in [`Forest::margins`].
    #[must_use]
    pub fn scores(&self, rows: &[f32]) -> Vec<f32> {
        let mut scores = self.margins(rows);
        scores.iter_mut().for_each(|score| *score = 1.0 / (1.0 + (-*score).exp()));
        scores
    }

    #[inline]
    fn leaf(&self, root: u32, row: &[f32]) -> f32 {
        let mut node = &self.nodes[root as usize];
        while node.test != Test::Leaf {
            node = &self.nodes[node.next(row) as usize];
        }
        node.value
    }
}
