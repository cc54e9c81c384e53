//! What can be wrong with trees.

use thiserror::Error;

/// Why lists of nodes are no forest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ForestError {
    /// Parallel lists of different lengths.
    #[error("{list} has {found} entries instead of {expected}")]
    Length {
        /// The list's attribute.
        list: &'static str,
        /// Its length.
        found: usize,
        /// What it should be.
        expected: usize,
    },
    /// Beyond a limit.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// No tree at all.
    #[error("there is no tree")]
    Empty,
    /// The base value is not a finite number.
    #[error("base_values is not a finite number")]
    Base,
    /// Something is wrong with one node.
    #[error("node {node} (counted over all trees): {problem}")]
    Node {
        /// Its place in the lists.
        node: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// Something is wrong with one leaf's weight.
    #[error("weight {entry}: {problem}")]
    Weight {
        /// Its place in the lists.
        entry: usize,
        /// What is wrong.
        problem: &'static str,
    },
}
