use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use jiff::Timestamp;
use orderflow::envelope::ids;
use orderflow_model::Choice;
use rstest::rstest;

use super::*;
use crate::features::Features;

/// What a model is to answer: one number for every row, or nothing.
pub type Says = Result<f32, ()>;

/// Answers what it is told to; every feature has added the same.
pub struct Parrot {
    says: Mutex<Says>,
    runs: AtomicUsize,
}

impl Parrot {
    /// One that says this.
    pub fn new(says: Says) -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self { says: Mutex::new(says), runs: AtomicUsize::new(0) })
    }

    /// Has it say something else from now on.
    pub fn learn(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    /// How often it was asked for scores.
    pub fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

impl Model for std::sync::Arc<Parrot> {
    fn score(&self, rows: &[f32]) -> Result<Vec<f32>, ScoreError> {
        assert_eq!(rows.len() % LEN, 0);
        self.runs.fetch_add(1, Ordering::SeqCst);
        let says = *self.says.lock().unwrap();
        let value = says.map_err(|()| ScoreError::OnnxRuntime("out of order".into()))?;
        Ok(vec![value; rows.len() / LEN])
    }

    fn explain(&self, row: &[f32]) -> Result<Vec<f64>, ScoreError> {
        Ok(vec![0.5; row.len()])
    }
}

/// A version of this name that is a parrot.
pub fn version(name: &str, parrot: &std::sync::Arc<Parrot>) -> std::sync::Arc<Version> {
    std::sync::Arc::new(named(name, parrot))
}

/// The same, not shared yet.
pub fn named(name: &str, parrot: &std::sync::Arc<Parrot>) -> Version {
    Version {
        model: Box::new(std::sync::Arc::clone(parrot)),
        name: name.into(),
        engine: "built-in",
        thresholds: Thresholds { refuse: 0.8, hold: 0.3 },
        explain_from: 0.3,
        fingerprint: Sha256::of(name.as_bytes()),
        reference: None,
        published: None,
    }
}

/// An order of this customer, of which nothing is known.
pub fn seen(customer: &str) -> Seen {
    let features = Features::default();
    Seen {
        vector: vector::vector(&features),
        features,
        customer_id: customer.into(),
        order_id: ids::from_parts(&[customer]),
        placed_at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_batch_is_scored_in_one_run_and_suspicion_is_explained() {
    let orders = [seen("a"), seen("b")];
    let orders: Vec<&Seen> = orders.iter().collect();
    for (value, explained) in [(0.125, false), (0.5, true)] {
        let parrot = Parrot::new(Ok(value));
        let run = version("7", &parrot).score(&orders).unwrap();
        assert_eq!((run.scores.len(), parrot.runs()), (2, 1));
        for score in run.scores {
            assert_eq!((score.value, score.reasons.is_empty()), (f64::from(value), !explained));
            assert_eq!((score.scorer.as_ref(), score.version.as_ref()), ("fraud", "7"));
            assert_eq!((score.engine.as_ref(), score.fallback), ("built-in", None));
            assert_eq!(score.thresholds, Thresholds { refuse: 0.8, hold: 0.3 });
        }
    }
}

#[rstest]
#[case::a_failure(Err(()))]
#[case::not_a_number(Ok(f32::NAN))]
#[case::more_than_one(Ok(1.5))]
fn what_is_no_score_is_a_failure(#[case] says: Says) {
    assert!(version("7", &Parrot::new(says)).score(&[&seen("a")]).is_err());
}

fn opener() -> Opener {
    Opener { engines: Engines::find(Choice::BuiltIn, None).unwrap(), hold: Some(0.2) }
}

fn shipped() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("model/shipped")
}

#[test]
fn the_shipped_model_opens_and_explains_from_where_orders_are_held() {
    let version = opener().open(&shipped(), None).unwrap();
    assert_eq!((version.engine, version.explain_from), ("built-in", 0.2));
    assert_eq!(version.score(&[&seen("a")]).unwrap().scores[0].version, version.name.as_str());
}

#[test]
fn a_folder_that_cannot_be_trusted_is_refused_by_name() {
    let asked = crate::wanted::tests::published("another");
    let refused = |folder: &Path, asked| match opener().open(folder, asked) {
        Ok(_) => panic!("taken"),
        Err(error) => format!("{error:#}"),
    };
    let message = refused(&shipped(), Some(asked));
    assert!(message.contains("not another"), "{message}");
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(folder.path(), None).contains("manifest.json"));
    for file in ["manifest.json", "model.onnx", "golden.json"] {
        std::fs::copy(shipped().join(file), folder.path().join(file)).unwrap();
    }
    std::fs::write(folder.path().join("model.onnx"), b"another").unwrap();
    assert!(refused(folder.path(), None).contains("model.onnx"));
}
