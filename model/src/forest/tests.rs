//! The trees against what they are defined to be.

use proptest::{collection::vec, prelude::*};
use rstest::rstest;

use super::sample::{FEATURES, Tree, tree, value};
use super::{Ensemble, Forest, ForestError, Test};

fn leaf(weight: f32, cover: u16) -> Box<Tree> {
    Box::new(Tree::Leaf { weight, cover })
}

fn stump(mode: &'static str, missing_to_true: bool) -> Tree {
    let children = [leaf(1.0, 3), leaf(-1.0, 1)];
    Tree::Branch { feature: 2, threshold: 0.1, mode, missing_to_true, children }
}

fn row(value: f32) -> [f32; FEATURES] {
    let mut row = [7.0; FEATURES];
    row[2] = value;
    row
}

#[rstest]
#[case("BRANCH_LEQ", false, 0.1, 1.0)]
#[case("BRANCH_LEQ", false, 0.1f32.next_up(), -1.0)]
#[case("BRANCH_LT", false, 0.1, -1.0)]
#[case("BRANCH_LT", false, 0.1f32.next_down(), 1.0)]
#[case("BRANCH_LEQ", false, f32::NAN, -1.0)]
#[case("BRANCH_LEQ", true, f32::NAN, 1.0)]
#[case("BRANCH_LT", true, f32::NAN, 1.0)]
#[case("BRANCH_LT", true, 0.2, -1.0)]
fn a_value_on_the_threshold_or_missing_goes_where_the_node_says(
    #[case] mode: &'static str,
    #[case] missing_to_true: bool,
    #[case] value: f32,
    #[case] margin: f32,
) {
    let forest = Forest::of(0.0, &[stump(mode, missing_to_true)]);
    assert_eq!(forest.margins(&row(value)), [margin]);
}

#[test]
fn a_score_is_the_logistic_function_of_base_and_leaves() {
    let forest = Forest::of(0.5, &[stump("BRANCH_LEQ", false), stump("BRANCH_LT", true)]);
    assert_eq!(forest.margins(&row(0.1)), [0.5 + 1.0 - 1.0]);
    // 1 / (1 + exp(-0.5))
    assert!((forest.scores(&row(0.1))[0] - 0.622_459_35).abs() < 1e-7);
    assert_eq!((forest.features(), forest.trees()), (FEATURES, 2));
}

/// The margin that is expected when only some features are known (a bit each): the others go both ways, by covers.
fn expected(forest: &Forest, node: u32, row: &[f32], known: u32) -> f64 {
    let one = &forest.nodes[node as usize];
    if one.test == Test::Leaf {
        return f64::from(one.value);
    }
    if known >> one.feature & 1 == 1 {
        return expected(forest, one.next(row), row, known);
    }
    let cover = |node: u32| forest.history[node as usize].cover;
    let part = |child: u32| cover(child) * expected(forest, child, row, known);
    (part(one.if_true) + part(one.if_false)) / (cover(one.if_true) + cover(one.if_false))
}

/// The contribution as L. S. Shapley defined it (1953): over all subsets of the other features.
fn shapley(forest: &Forest, row: &[f32], feature: usize) -> f64 {
    let factorial = |n: usize| (1..=n).product::<usize>() as f64;
    let value = |known: u32| forest.roots.iter().map(|root| expected(forest, *root, row, known)).sum::<f64>();
    let others = (0..1u32 << FEATURES).filter(|known| known >> feature & 1 == 0);
    others
        .map(|known| {
            let size = known.count_ones() as usize;
            let weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES);
            weight * (value(known | 1 << feature) - value(known))
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn contributions_are_shapley_values(trees in vec(tree(), 1..4), row in vec(value(), FEATURES)) {
        let forest = Forest::of(-0.3, &trees);
        let explained = forest.explain(&row);
        for (feature, contribution) in explained.contributions.iter().enumerate() {
            let exact = shapley(&forest, &row, feature);
            prop_assert!((contribution - exact).abs() < 1e-9, "feature {feature}: {contribution}, exactly {exact}");
        }
        let nothing: f64 = forest.roots.iter().map(|root| expected(&forest, *root, &row, 0)).sum();
        prop_assert!((explained.base - (nothing - f64::from(0.3f32))).abs() < 1e-9);
        let sum = explained.base + explained.contributions.iter().sum::<f64>();
        prop_assert!((sum - f64::from(forest.margins(&row)[0])).abs() < 1e-5, "they sum up to {sum}");
    }

    #[test]
    fn a_batch_scores_as_its_rows_do(trees in vec(tree(), 1..6), rows in vec(vec(value(), FEATURES), 0..50)) {
        let forest = Forest::of(0.1, &trees);
        let alone: Vec<f32> = rows.iter().flat_map(|row| forest.scores(row)).collect();
        let together = forest.scores(&rows.concat());
        prop_assert_eq!(together, alone);
    }
}

/// A way to spoil a stump, and what is said about it.
type Defect = (fn(&mut Ensemble), &'static str);

const DEFECTS: [Defect; 28] = [
    (|l| l.covers.truncate(1), "nodes_hitrates has 1 entries instead of 3"),
    (|l| l.leaf_weights.push(1.0), "target_weights has 3 entries instead of 2"),
    (|l| *l = Ensemble::of(0.0, &[]), "there is no tree"),
    (|l| l.base = f32::INFINITY, "base_values is not a finite number"),
    (|l| l.tree_ids[0] = 1, "node 0: tree and node ids must count up from 0"),
    (|l| l.tree_ids[2] = i64::MAX, "node 2: tree and node ids must count up from 0"),
    (|l| l.node_ids[1] = 2, "node 1: tree and node ids must count up from 0"),
    (|l| l.modes[0] = "BRANCH_EQ".into(), "node 0: its mode is not LEAF, BRANCH_LEQ or BRANCH_LT"),
    (|l| l.feature_ids[0] = 5, "node 0: there is no such feature"),
    (|l| l.feature_ids[0] = -1, "node 0: there is no such feature"),
    (|l| l.thresholds[0] = f32::NAN, "node 0: its threshold is not a finite number"),
    (|l| l.missing_to_true[0] = 2, "node 0: nodes_missing_value_tracks_true is neither 0 nor 1"),
    (|l| l.true_ids[0] = 0, "node 0: a child is not behind it in its tree"),
    (|l| l.false_ids[0] = 3, "node 0: a child is not behind it in its tree"),
    (|l| l.false_ids[0] = i64::MIN, "node 0: a child is not behind it in its tree"),
    (|l| l.true_ids[0] = 2, "node 0: a child has another parent"),
    (|l| l.modes[0] = "LEAF".into(), "node 1: no node leads to it"),
    (|l| l.leaf_node_ids[0] = 0, "weight 0: its node is no leaf, or has a weight already"),
    (|l| l.leaf_node_ids[1] = 1, "weight 1: its node is no leaf, or has a weight already"),
    (|l| l.leaf_node_ids[0] = i64::MAX, "weight 0: there is no such node"),
    (|l| l.leaf_tree_ids[0] = -1, "weight 0: there is no such node"),
    (|l| l.leaf_tree_ids[0] = 1, "weight 0: there is no such node"),
    (|l| l.leaf_weights[1] = f32::NAN, "weight 1: not a finite number"),
    (|l| l.leaf_targets[0] = 1, "weight 0: there is one target, 0"),
    (drop_weight, "node 2: a leaf without a weight"),
    (|l| l.covers[2] = 0.0, "node 2: its cover (nodes_hitrates) is not from 1 to a billion rows"),
    (|l| l.covers[1] = f32::NAN, "node 1: its cover (nodes_hitrates) is not from 1 to a billion rows"),
    (|l| l.covers[0] = 5.0, "node 0: its cover (nodes_hitrates) is not the sum of its children's"),
];

#[test]
fn a_defect_is_named_with_its_place() {
    let whole = Ensemble::of(0.0, &[stump("BRANCH_LEQ", false)]);
    Forest::build(&whole).unwrap();
    for (spoil, said) in DEFECTS {
        let mut lists = whole.clone();
        spoil(&mut lists);
        let error = Forest::build(&lists).unwrap_err().to_string().replace(" (counted over all trees)", "");
        assert_eq!(error, said);
    }
}

fn drop_weight(lists: &mut Ensemble) {
    for list in [&mut lists.leaf_tree_ids, &mut lists.leaf_node_ids, &mut lists.leaf_targets] {
        list.pop();
    }
    lists.leaf_weights.pop();
}

#[test]
fn a_tree_of_one_leaf_needs_no_cover_and_belongs_to_the_base() {
    let alone = Tree::Leaf { weight: 0.25, cover: 0 };
    let explained = Forest::of(0.5, &[alone]).explain(&row(0.0));
    assert_eq!((explained.base, explained.contributions), (0.75, vec![0.0; FEATURES]));
}

/// Each test's false side is one deeper.
fn chain(tests: usize) -> Tree {
    (0..tests).fold(*leaf(1.0, 1), |inner, _| Tree::Branch {
        feature: 0,
        threshold: 0.1,
        mode: "BRANCH_LEQ",
        missing_to_true: false,
        children: [leaf(0.5, 1), Box::new(inner)],
    })
}

#[test]
fn trees_may_be_64_tests_deep_and_are_explained_at_that_depth() {
    let forest = Forest::of(0.0, &[chain(64)]);
    let explained = forest.explain(&row(0.0));
    let sum = explained.base + explained.contributions.iter().sum::<f64>();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    let deeper = Forest::build(&Ensemble::of(0.0, &[chain(65)])).unwrap_err();
    assert!(deeper.to_string().ends_with("it is more than 64 tests deep"), "{deeper}");
}

#[test]
fn there_is_a_limit_of_trees_and_of_nodes() {
    let leaf = |count| vec![Tree::Leaf { weight: 0.0, cover: 1 }; count];
    let error = |trees: &[Tree]| Forest::build(&Ensemble::of(0.0, trees)).unwrap_err();
    assert_eq!(error(&leaf(4_097)), ForestError::TooMany { what: "trees", limit: 4_096 });
    assert_eq!(error(&leaf(200_001)), ForestError::TooMany { what: "nodes", limit: 200_000 });
}
