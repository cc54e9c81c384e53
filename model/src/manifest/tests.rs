//! Manifests and golden rows that are not what they must be.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use super::{Manifest, Thresholds};
use crate::golden::Golden;

const FILE: &str = include_str!("../../tests/fixtures/v1/manifest.json");
const README: &str = include_str!("../../README.md");
const GOLDEN: &[u8] = include_bytes!("../../tests/fixtures/v1/golden.json");

#[test]
fn a_manifest_is_read_field_by_field() {
    let manifest = Manifest::read(FILE.as_bytes()).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("fixture", "1"));
    assert_eq!(manifest.created_at.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!((manifest.features.definition, manifest.features.names.len()), (1, 5));
    assert_eq!(manifest.thresholds, Some(Thresholds { refuse: 0.85, hold: 0.3 }));
    let reference = manifest.reference.unwrap();
    assert_eq!((reference.features[4].name.as_str(), reference.score.edges), ("hour", vec![0.3, 0.85]));
    assert_eq!(manifest.training["trees"], 90);
}

#[test]
fn the_readme_shows_a_manifest_and_golden_rows_that_are_read() {
    let examples: Vec<_> =
        README.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [manifest, golden] = examples[..] else { panic!("{} examples", examples.len()) };
    let manifest = Manifest::read(manifest.as_bytes()).unwrap();
    Golden::read(golden.as_bytes(), manifest.features.names.len()).unwrap();
}

#[test]
fn what_only_ranks_needs_no_thresholds_and_what_missed_nothing_no_share_of_it() {
    let mut manifest: Value = serde_json::from_str(FILE).unwrap();
    manifest.as_object_mut().unwrap().remove("thresholds");
    manifest["reference"]["features"][0]["shares"] = json!([0.25, 0.5, 0.25]);
    let manifest = Manifest::read(&serde_json::to_vec(&manifest).unwrap()).unwrap();
    assert_eq!(manifest.thresholds, None);
}

#[test]
fn a_manifest_without_a_reference_is_read() {
    let mut manifest: Value = serde_json::from_str(FILE).unwrap();
    manifest.as_object_mut().unwrap().remove("reference");
    assert!(Manifest::read(&serde_json::to_vec(&manifest).unwrap()).unwrap().reference.is_none());
}

#[test]
fn a_defect_is_named_with_its_field() {
    for (field, value, said) in [
        ("/name", json!("../fraud"), "name: must be 1 to 64 letters"),
        ("/name", json!(""), "name: must be"),
        ("/version", json!(7), "at version: invalid type"),
        ("/version", json!("v".repeat(65)), "version: must be"),
        ("/created_at", json!("yesterday"), "at created_at: "),
        ("/file", json!("../model.onnx"), "file: must be"),
        ("/file", json!(".model.onnx"), "file: must be"),
        ("/golden/file", json!("/etc/passwd"), "golden.file: must be"),
        ("/sha256", json!("abc"), "at sha256: not a SHA-256"),
        ("/sha256", json!("A".repeat(64)), "at sha256: not a SHA-256"),
        ("/features/definition", json!(-1), "at features.definition: "),
        ("/features/names", json!([]), "features.names: must be 1 to 512"),
        ("/features/names", json!(vec!["x"; 513]), "features.names: must be 1 to 512"),
        ("/features/names/1", json!("amount"), "features.names: one stands twice"),
        ("/features/names/1", json!("a,b"), "features.names: each must be"),
        ("/features/names/3", json!(null), "at features.names[3]: "),
        ("/features/other", json!(1), "unknown field `other`"),
        ("/thresholds/hold", json!(0.9), "thresholds: must be 0 <= hold <= refuse <= 1"),
        ("/thresholds/refuse", json!(1.1), "thresholds: must be"),
        ("/thresholds/hold", json!(-0.1), "thresholds: must be"),
        ("/reference/features/0/name", json!("hour"), "reference.features: must have the features' names"),
        ("/reference/features", json!([]), "reference.features: must have the features' names"),
        (
            "/reference/features/0/edges",
            json!([1.0, 1.0]),
            "reference.features: has edges that do not ascend",
        ),
        (
            "/reference/features/2/shares",
            json!([0.5, 0.5]),
            "reference.features: must have a share for each bin",
        ),
        ("/reference/features/2/shares", json!([0.5, 0.3, 0.1]), "reference.features: has shares that"),
        ("/reference/score/shares", json!([1.5, -0.5, 0.0]), "reference.score: has shares that"),
        ("/reference/score/shares", json!([0.25, 0.25, 0.25, 0.25]), "reference.score: must have a share"),
        (
            "/reference/score/edges",
            json!((0..257).collect::<Vec<_>>()),
            "reference.score: has more than 256 edges",
        ),
        ("/training", json!(1), "at training: "),
    ] {
        let mut manifest: Value = serde_json::from_str(FILE).unwrap();
        let (parent, name) = field.rsplit_once('/').unwrap();
        match manifest.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
            object => object[name] = value,
        }
        let error = Manifest::read(&serde_json::to_vec(&manifest).unwrap()).unwrap_err().to_string();
        assert!(error.contains(said), "{said:?} is not in {error:?}");
    }
}

#[test]
fn a_manifest_ends_where_it_ends() {
    let error = Manifest::read(format!("{FILE}{{}}").as_bytes()).unwrap_err().to_string();
    assert!(error.contains("trailing characters"), "{error}");
    assert!(Manifest::read(&FILE.as_bytes()[..FILE.len() / 2]).is_err());
    // Deeper than anybody writes.
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = FILE.replace("\"seed\": 1", &format!("\"seed\": {deep}"));
    assert!(Manifest::read(deep.as_bytes()).unwrap_err().to_string().contains("recursion limit"));
}

#[test]
fn golden_rows_must_fit_the_model_and_each_other() {
    Golden::read(GOLDEN, 5).unwrap();
    for (file, said) in [
        (json!({"rows": [], "scores": []}), "0 rows and 0 scores"),
        (json!({"rows": [[1.0]], "scores": [0.1, 0.2]}), "1 rows and 2 scores"),
        (json!({"rows": vec![[1.0]; 10_001], "scores": vec![0.1; 10_001]}), "10001 rows"),
        (json!({"rows": [[1.0], [1.0, null]], "scores": [0.1, 0.1]}), "row 1: has not as many values"),
        (json!({"rows": [[1e39]], "scores": [0.1]}), "at rows[0][0]: number out of range"),
        (json!({"rows": [[null]], "scores": [1.1]}), "row 0: its score is not from 0 to 1"),
        (json!({"rows": [["NaN"]], "scores": [0.1]}), "at rows[0][0]: "),
        (json!({"rows": [[null]], "scores": [null]}), "at scores[0]: "),
        (json!({"rows": [[null]], "scores": [0.1], "more": 1}), "unknown field `more`"),
    ] {
        let error = Golden::read(&serde_json::to_vec(&file).unwrap(), 1).unwrap_err().to_string();
        assert!(error.contains(said), "{said:?} is not in {error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn no_change_of_bytes_makes_a_reader_panic(changes in vec((any::<Index>(), any::<u8>()), 1..6)) {
        let (mut manifest, mut golden) = (FILE.as_bytes().to_vec(), GOLDEN.to_vec());
        for (place, byte) in changes {
            *place.get_mut(&mut manifest) = byte;
            *place.get_mut(&mut golden) = byte;
        }
        if let Ok(manifest) = Manifest::read(&manifest) {
            prop_assert!(!manifest.file.contains('/') && !manifest.golden.file.contains('/'));
        }
        let _ = Golden::read(&golden, 5);
    }
}
