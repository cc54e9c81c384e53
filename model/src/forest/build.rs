//! From the lists of an ONNX file to trees. What holds for every [`Forest`] is checked here, once: children stand behind
//! their parent, in its tree; every node but a root has one parent; features exist; numbers are finite; covers add up.

use bytes::Bytes;

use super::{Forest, ForestError, Node, Test};

/// Nodes of all trees together.
const MAX_NODES: usize = 200_000;
/// Trees of one forest.
const MAX_TREES: usize = 4_096;
/// Tests on the way to a leaf.
const MAX_DEPTH: u8 = 64;

/// The attributes of TreeEnsembleRegressor, by their meaning. The lists of nodes have one entry a node.
#[derive(Clone, Debug)]
pub(crate) struct Ensemble {
    pub(crate) features: usize,
    pub(crate) base: f32,
    pub(crate) tree_ids: Vec<i64>,
    pub(crate) node_ids: Vec<i64>,
    pub(crate) feature_ids: Vec<i64>,
    pub(crate) thresholds: Vec<f32>,
    pub(crate) modes: Vec<Bytes>,
    pub(crate) true_ids: Vec<i64>,
    pub(crate) false_ids: Vec<i64>,
    pub(crate) missing_to_true: Vec<i64>,
    /// How many rows came by in training (`nodes_hitrates`).
    pub(crate) covers: Vec<f32>,
    pub(crate) leaf_tree_ids: Vec<i64>,
    pub(crate) leaf_node_ids: Vec<i64>,
    pub(crate) leaf_targets: Vec<i64>,
    pub(crate) leaf_weights: Vec<f32>,
}

impl Forest {
    pub(crate) fn build(lists: &Ensemble) -> Result<Self, ForestError> {
        lists.check_lengths()?;
        if !lists.base.is_finite() {
            return Err(ForestError::Base);
        }
        let roots = lists.roots()?;
        let mut nodes = Vec::with_capacity(lists.tree_ids.len());
        for (tree, start) in roots.iter().enumerate() {
            let end = roots.get(tree + 1).map_or(lists.tree_ids.len(), |next| *next as usize);
            for index in *start as usize..end {
                nodes.push(lists.node(index, *start as usize..end)?);
            }
        }
        check_depth(&roots, &nodes)?;
        lists.give_weights(&roots, &mut nodes)?;
        let history = lists.history(&roots, &nodes)?;
        Ok(Self { features: lists.features, base: lists.base, roots, nodes, history })
    }
}

impl Ensemble {
    fn check_lengths(&self) -> Result<(), ForestError> {
        let (nodes, leaves) = (self.tree_ids.len(), self.leaf_tree_ids.len());
        for (list, found, expected) in [
            ("nodes_nodeids", self.node_ids.len(), nodes),
            ("nodes_featureids", self.feature_ids.len(), nodes),
            ("nodes_values", self.thresholds.len(), nodes),
            ("nodes_modes", self.modes.len(), nodes),
            ("nodes_truenodeids", self.true_ids.len(), nodes),
            ("nodes_falsenodeids", self.false_ids.len(), nodes),
            ("nodes_missing_value_tracks_true", self.missing_to_true.len(), nodes),
            ("nodes_hitrates", self.covers.len(), nodes),
            ("target_nodeids", self.leaf_node_ids.len(), leaves),
            ("target_ids", self.leaf_targets.len(), leaves),
            ("target_weights", self.leaf_weights.len(), leaves),
        ] {
            if found != expected {
                return Err(ForestError::Length { list, found, expected });
            }
        }
        if nodes > MAX_NODES {
            return Err(ForestError::TooMany { what: "nodes", limit: MAX_NODES });
        }
        Ok(())
    }

    /// Where each tree begins. Ids count up from zero, as the operator's description demands.
    fn roots(&self) -> Result<Vec<u32>, ForestError> {
        let mut roots: Vec<u32> = Vec::new();
        for (node, (tree, id)) in self.tree_ids.iter().zip(&self.node_ids).enumerate() {
            // Within the limit of nodes.
            let place = node as u32;
            if *tree == roots.len() as i64 {
                roots.push(place);
            }
            match roots.last() {
                Some(root) if *tree == roots.len() as i64 - 1 && *id == i64::from(place - root) => {}
                _ => {
                    return Err(ForestError::Node {
                        node,
                        problem: "tree and node ids must count up from 0",
                    });
                }
            }
        }
        match roots.len() {
            0 => Err(ForestError::Empty),
            trees if trees > MAX_TREES => Err(ForestError::TooMany { what: "trees", limit: MAX_TREES }),
            _ => Ok(roots),
        }
    }

    /// One node of the tree that takes these places; a leaf has no weight yet.
    fn node(&self, node: usize, tree: std::ops::Range<usize>) -> Result<Node, ForestError> {
        let wrong = |problem| Err(ForestError::Node { node, problem });
        let test = match self.modes[node].as_ref() {
            b"LEAF" => Test::Leaf,
            b"BRANCH_LEQ" => Test::AtMost,
            b"BRANCH_LT" => Test::Below,
            _ => return wrong("its mode is not LEAF, BRANCH_LEQ or BRANCH_LT"),
        };
        // NaN marks what has no weight yet.
        let leaf =
            Node { value: f32::NAN, if_true: 0, if_false: 0, feature: 0, test, missing_to_true: false };
        if test == Test::Leaf {
            return Ok(leaf);
        }
        let feature = match u16::try_from(self.feature_ids[node]) {
            Ok(feature) if usize::from(feature) < self.features => feature,
            _ => return wrong("there is no such feature"),
        };
        if !self.thresholds[node].is_finite() {
            return wrong("its threshold is not a finite number");
        }
        let missing_to_true = match self.missing_to_true[node] {
            0 => false,
            1 => true,
            _ => return wrong("nodes_missing_value_tracks_true is neither 0 nor 1"),
        };
        // Behind its parent: so no way leads in a circle.
        let child = |id: i64| {
            let place = usize::try_from(id).ok().and_then(|id| tree.start.checked_add(id));
            place.filter(|place| *place > node && *place < tree.end).map(|place| place as u32)
        };
        let (Some(if_true), Some(if_false)) = (child(self.true_ids[node]), child(self.false_ids[node]))
        else {
            return wrong("a child is not behind it in its tree");
        };
        Ok(Node { value: self.thresholds[node], if_true, if_false, feature, missing_to_true, ..leaf })
    }
}

/// Every node but a root has one parent, and none is too deep.
fn check_depth(roots: &[u32], nodes: &[Node]) -> Result<(), ForestError> {
    let mut depths: Vec<Option<u8>> = vec![None; nodes.len()];
    for root in roots {
        depths[*root as usize] = Some(0);
    }
    for (index, node) in nodes.iter().enumerate() {
        let wrong = |problem| Err(ForestError::Node { node: index, problem });
        // Parents come first, so this one's have been here.
        let Some(depth) = depths[index] else { return wrong("no node leads to it") };
        if depth > MAX_DEPTH {
            return wrong("it is more than 64 tests deep");
        }
        if node.test == Test::Leaf {
            continue;
        }
        for child in [node.if_true, node.if_false] {
            if depths[child as usize].replace(depth + 1).is_some() {
                return wrong("a child has another parent");
            }
        }
    }
    Ok(())
}
