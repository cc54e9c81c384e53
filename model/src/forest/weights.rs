//! What the leaves say, and how often training came by.

use super::{Ensemble, ForestError, History, Node, Test};

/// More rows than this came by no node. Below 1e9, products of shares of covers stay far from zero.
const MAX_COVER: f32 = 1e9;
/// How far, of a node's cover, the sum of its children's may be off: covers are rounded to 32 bits.
const COVER_TOLERANCE: f64 = 1e-4;

impl Ensemble {
    /// Gives every leaf its weight, once.
    pub(super) fn give_weights(&self, roots: &[u32], nodes: &mut [Node]) -> Result<(), ForestError> {
        for (entry, weight) in self.leaf_weights.iter().enumerate() {
            let wrong = |problem| Err(ForestError::Weight { entry, problem });
            let tree = usize::try_from(self.leaf_tree_ids[entry]).ok();
            let end = |tree: usize| roots.get(tree + 1).map_or(nodes.len(), |next| *next as usize);
            let place = tree.and_then(|tree| {
                let start = *roots.get(tree)? as usize;
                let place = start.checked_add(usize::try_from(self.leaf_node_ids[entry]).ok()?)?;
                (place < end(tree)).then_some(place)
            });
            match place.map(|place| &mut nodes[place]) {
                Some(node) if node.test == Test::Leaf && node.value.is_nan() => node.value = *weight,
                Some(_) => return wrong("its node is no leaf, or has a weight already"),
                None => return wrong("there is no such node"),
            }
            if !weight.is_finite() {
                return wrong("not a finite number");
            }
            if self.leaf_targets[entry] != 0 {
                return wrong("there is one target, 0");
            }
        }
        match nodes.iter().position(|node| node.value.is_nan()) {
            Some(node) => Err(ForestError::Node { node, problem: "a leaf without a weight" }),
            None => Ok(()),
        }
    }

    /// Covers, checked, and means, from the leaves up.
    pub(super) fn history(&self, roots: &[u32], nodes: &[Node]) -> Result<Vec<History>, ForestError> {
        let mut history: Vec<_> =
            self.covers.iter().map(|cover| History { cover: f64::from(*cover), mean: 0.0 }).collect();
        for (index, node) in nodes.iter().enumerate().rev() {
            let wrong = |problem| Err(ForestError::Node { node: index, problem });
            let alone = node.test == Test::Leaf && roots.binary_search(&(index as u32)).is_ok();
            // A tree that is one leaf explains nothing, and LightGBM does not count for it.
            if !alone && !(1.0..=MAX_COVER).contains(&self.covers[index]) {
                return wrong("its cover (nodes_hitrates) is not from 1 to a billion rows");
            }
            if node.test == Test::Leaf {
                history[index].mean = f64::from(node.value);
                continue;
            }
            let (left, right) = (history[node.if_true as usize], history[node.if_false as usize]);
            let sum = left.cover + right.cover;
            if (sum - history[index].cover).abs() > COVER_TOLERANCE * sum {
                return wrong("its cover (nodes_hitrates) is not the sum of its children's");
            }
            history[index].mean = (left.mean * left.cover + right.mean * right.cover) / sum;
        }
        Ok(history)
    }
}
