//! Both engines, row by row.

use orderflow_model::{Engine, Package, ScoreError};
use proptest::test_runner::TestRunner;
use proptest::{collection::vec, prelude::*};

use crate::fixtures::{EXPECTED, all, built_in, onnxruntime, package};

/// The thresholds of tests/fixtures/make.py, their neighbours, missing values, and anything else that is finite.
fn value() -> impl Strategy<Value = f32> {
    let threshold = prop::sample::select(vec![-1.5f32, -0.0, 0.1, 0.7, 1.0, 12.3, 1e6]);
    prop_oneof![
        4 => threshold.clone(),
        1 => threshold.clone().prop_map(f32::next_up),
        1 => threshold.prop_map(f32::next_down),
        2 => Just(f32::NAN),
        2 => -20.0f32..20.0,
        1 => any::<f32>().prop_filter("infinity is refused before", |value| !value.is_infinite()),
    ]
}

#[test]
fn both_engines_score_any_rows_alike() {
    let Some(engines) = onnxruntime() else { return };
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    for version in ["1", "2"] {
        let (built_in, onnxruntime) = (package(version, &built_in()), package(version, &engines));
        assert_eq!((built_in.engine(), onnxruntime.engine()), (Engine::BuiltIn, Engine::OnnxRuntime));
        // From one row to more than any block.
        let rows = vec(vec(value(), EXPECTED.features.len()), 1..80);
        let check = |rows: Vec<Vec<f32>>| {
            let rows = rows.concat();
            let (ours, theirs) = (built_in.score(&rows).unwrap(), onnxruntime.score(&rows).unwrap());
            prop_assert_eq!(ours.len(), theirs.len());
            for (row, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
                prop_assert!((ours - theirs).abs() <= 1e-6, "row {row}: {ours}, ONNX Runtime says {theirs}");
            }
            Ok(())
        };
        TestRunner::new(config.clone()).run(&rows, check).unwrap();
    }
}

#[test]
fn a_row_scores_the_same_alone_and_in_a_batch() {
    for engines in all() {
        let package = package("1", &engines);
        let rows: Vec<f32> = (0..5 * 40).map(|n| ((n * 37) % 23) as f32 / 2.0 - 3.0).collect();
        let alone: Vec<f32> = rows.chunks(5).flat_map(|row| package.score(row).unwrap()).collect();
        assert_eq!(package.score(&rows).unwrap(), alone, "{}", package.engine());
    }
}

#[test]
fn only_whole_rows_without_infinity_are_scored() {
    for engines in all() {
        let package = package("2", &engines);
        assert!(package.score(&[]).unwrap().is_empty());
        assert_eq!(package.score(&[f32::NAN; 5]).unwrap().len(), 1);
        let error = |rows: &[f32]| package.score(rows).unwrap_err();
        assert!(matches!(error(&[0.0; 7]), ScoreError::Width { values: 7, features: 5 }));
        let mut rows = [0.0; 10];
        rows[7] = f32::NEG_INFINITY;
        assert_eq!(error(&rows).to_string(), "row 1: velocity is infinite");
        assert_eq!(package.explain(&rows[5..]).unwrap_err().to_string(), "row 0: velocity is infinite");
        assert!(matches!(package.explain(&rows), Err(ScoreError::Width { values: 10, features: 5 })));
    }
}

#[test]
fn contributions_add_up_to_the_margin_of_the_score() {
    let check = |package: &Package, row: &[f32]| {
        let explained = package.explain(row).unwrap();
        let margin = explained.base + explained.contributions.iter().sum::<f64>();
        let score = f64::from(package.score(row).unwrap()[0]);
        assert!((1.0 / (1.0 + (-margin).exp()) - score).abs() < 1e-6, "{row:?}: {margin} and {score}");
    };
    for engines in all() {
        for version in ["1", "2"] {
            let package = package(version, &engines);
            check(&package, &[0.1, 1e6, f32::NAN, -1.5, 0.7]);
            check(&package, &[f32::NAN; 5]);
            check(&package, &[-0.0, 3.0, 12.3, 1.0, 23.0]);
        }
    }
}
