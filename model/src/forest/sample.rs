//! Random trees and rows for the tests.

use bytes::Bytes;
use proptest::prelude::*;

use super::{Ensemble, Forest};

pub(super) const FEATURES: usize = 5;
/// Few, so that rows meet them.
const THRESHOLDS: [f32; 6] = [-2.5, -0.0, 0.1, 1.0, 3.3, 1e6];

/// A tree as it grows.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Leaf {
        weight: f32,
        cover: u16,
    },
    Branch {
        feature: usize,
        threshold: f32,
        mode: &'static str,
        missing_to_true: bool,
        children: [Box<Tree>; 2],
    },
}

/// Up to six tests deep; features come back on the way down, and covers are uneven.
pub(super) fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (-2.0f32..2.0, 1u16..200).prop_map(|(weight, cover)| Tree::Leaf { weight, cover });
    leaf.prop_recursive(6, 40, 2, |inner| {
        let mode = prop::sample::select(vec!["BRANCH_LEQ", "BRANCH_LT"]);
        let threshold = prop::sample::select(THRESHOLDS.to_vec());
        (0..FEATURES, threshold, mode, any::<bool>(), inner.clone(), inner).prop_map(
            |(feature, threshold, mode, missing_to_true, left, right)| Tree::Branch {
                feature,
                threshold,
                mode,
                missing_to_true,
                children: [Box::new(left), Box::new(right)],
            },
        )
    })
}

/// A value on a threshold, beside one, missing, or anywhere.
pub(super) fn value() -> impl Strategy<Value = f32> {
    let threshold = prop::sample::select(THRESHOLDS.to_vec());
    prop_oneof![
        3 => threshold.clone(),
        1 => threshold.clone().prop_map(f32::next_up),
        1 => threshold.prop_map(f32::next_down),
        2 => Just(f32::NAN),
        3 => -5.0f32..5.0,
        1 => any::<f32>().prop_filter("infinity is refused before", |value| !value.is_infinite()),
    ]
}

impl Forest {
    pub(super) fn of(base: f32, trees: &[Tree]) -> Self {
        Self::build(&Ensemble::of(base, trees)).unwrap()
    }
}

impl Ensemble {
    pub(super) fn of(base: f32, trees: &[Tree]) -> Self {
        let mut lists = Self {
            features: FEATURES,
            base,
            tree_ids: vec![],
            node_ids: vec![],
            feature_ids: vec![],
            thresholds: vec![],
            modes: vec![],
            true_ids: vec![],
            false_ids: vec![],
            missing_to_true: vec![],
            covers: vec![],
            leaf_tree_ids: vec![],
            leaf_node_ids: vec![],
            leaf_targets: vec![],
            leaf_weights: vec![],
        };
        for (id, tree) in trees.iter().enumerate() {
            lists.add(id as i64, &mut 0, tree);
        }
        lists
    }

    /// In preorder; answers the node's id and cover.
    fn add(&mut self, tree: i64, next: &mut i64, node: &Tree) -> (i64, f32) {
        let (id, place) = (*next, self.tree_ids.len());
        *next += 1;
        self.tree_ids.push(tree);
        self.node_ids.push(id);
        for list in
            [&mut self.feature_ids, &mut self.true_ids, &mut self.false_ids, &mut self.missing_to_true]
        {
            list.push(0);
        }
        self.thresholds.push(0.0);
        self.modes.push(Bytes::from_static(b"LEAF"));
        self.covers.push(0.0);
        match node {
            Tree::Leaf { weight, cover } => {
                self.leaf_tree_ids.push(tree);
                self.leaf_node_ids.push(id);
                self.leaf_targets.push(0);
                self.leaf_weights.push(*weight);
                self.covers[place] = f32::from(*cover);
            }
            Tree::Branch { feature, threshold, mode, missing_to_true, children } => {
                self.feature_ids[place] = *feature as i64;
                self.thresholds[place] = *threshold;
                self.modes[place] = Bytes::from_static(mode.as_bytes());
                self.missing_to_true[place] = i64::from(*missing_to_true);
                let (left, left_cover) = self.add(tree, next, &children[0]);
                let (right, right_cover) = self.add(tree, next, &children[1]);
                (self.true_ids[place], self.false_ids[place]) = (left, right);
                self.covers[place] = left_cover + right_cover;
            }
        }
        (id, self.covers[place])
    }
}
