use clap::Parser;
use rstest::rstest;

use super::*;
use crate::{features::Features, rules::Limits};

const RULES: Limits = Limits { high: 100_000, small: 1_000 };

/// Answers with these scores; every feature has added the same.
struct Says(Result<Vec<f32>, ()>);

impl Model for Says {
    fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError> {
        assert_eq!(rows.len() % LEN, 0);
        self.0.clone().map_err(|()| ScoreError::OnnxRuntime("out of order".into()))
    }

    fn explain(&self, row: &[f32]) -> Result<Vec<f64>, ScoreError> {
        Ok(vec![0.5; row.len()])
    }
}

fn by(says: Result<Vec<f32>, ()>) -> ModelScorer<Says> {
    ModelScorer {
        model: Says(says),
        version: "7".into(),
        engine: "built-in",
        explain_from: 0.3,
        rules: Rules::new(RULES),
    }
}

fn orders() -> Vec<Seen> {
    let hasty = Features { orders_60s: 6, ..Features::default() };
    vec![Features::default().into(), hasty.into()]
}

#[test]
fn a_batch_is_scored_by_the_model_and_suspicion_is_explained() {
    let scores = by(Ok(vec![0.1, 0.5])).score(&orders()).unwrap();
    let told: Vec<(f64, &str, &str, &str, bool)> = scores
        .iter()
        .map(|s| (s.value, s.scorer.as_ref(), s.version.as_ref(), s.engine.as_ref(), s.reasons.is_empty()))
        .collect();
    let tenth = f64::from(0.1_f32);
    assert_eq!(told, [(tenth, "fraud", "7", "built-in", true), (0.5, "fraud", "7", "built-in", false)]);
    assert!(scores.iter().all(|score| score.fallback.is_none()));
}

#[rstest]
#[case::a_failure(Err(()))]
#[case::too_few_answers(Ok(vec![0.5]))]
fn where_the_model_cannot_score_the_rules_do_and_say_so(#[case] says: Result<Vec<f32>, ()>) {
    let scores = by(says).score(&orders()).unwrap();
    let rules = Rules::new(RULES);
    for (score, seen) in scores.iter().zip(orders()) {
        let expected = Score { fallback: Some("model_failed"), ..rules.judge(&seen.features) };
        assert_eq!(*score, expected);
    }
    assert!(scores[1].value > 0.8, "{}", scores[1].value);
}

fn settings(arguments: &[&str]) -> Settings {
    Settings::try_parse_from([&["fraud-scoring"], arguments].concat()).unwrap()
}

fn shipped() -> String {
    format!("--model={}/model/shipped", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn without_a_model_rules_score() {
    let (scorer, thresholds) = chosen(&settings(&[]), Rules::new(RULES)).unwrap();
    assert_eq!(scorer.score(&orders()).unwrap()[0].scorer, "rules");
    assert_eq!(thresholds, rules::THRESHOLDS);
}

#[test]
fn the_shipped_model_scores_and_its_thresholds_yield_to_settings() {
    let settings = settings(&[&shipped(), "--engine=built-in", "--threshold=0.9"]);
    let (scorer, own) = chosen(&settings, Rules::new(RULES)).unwrap();
    let score = scorer.score(&orders()).unwrap().remove(0);
    assert_eq!((score.scorer.as_ref(), score.engine.as_ref(), score.fallback), ("fraud", "built-in", None));
    let policy = settings.policy(own);
    assert_eq!((policy.threshold, policy.hold_threshold), (0.9, own.hold));
}

#[test]
fn a_model_that_cannot_be_trusted_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |settings: &Settings| match chosen(settings, Rules::new(RULES)) {
        Ok(_) => panic!("taken"),
        Err(error) => format!("{error:#}"),
    };
    let model = format!("--model={}", folder.path().display());
    let message = refused(&settings(&[&model, "--engine=built-in"]));
    assert!(message.contains("FRAUD_MODEL") && message.contains("manifest.json"), "{message}");

    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("model/shipped");
    for file in ["manifest.json", "model.onnx", "golden.json"] {
        std::fs::copy(shipped.join(file), folder.path().join(file)).unwrap();
    }
    std::fs::write(folder.path().join("model.onnx"), b"another").unwrap();
    let message = refused(&settings(&[&model, "--engine=built-in"]));
    assert!(message.contains("model.onnx"), "{message}");

    let message = refused(&settings(&[&model, "--engine=onnxruntime", "--onnxruntime=/nowhere/lib.so"]));
    assert!(message.contains("FRAUD_ENGINE") && message.contains("/nowhere/lib.so"), "{message}");
}
