//! Folders that are not what they should be: each is refused by what is wrong with it, with every engine.

use orderflow_model::{Expected, Package, PackageError};
use serde_json::{Value, json};

use crate::fixtures::{Copy, EXPECTED, all, built_in, folder, onnxruntime};

/// A way to spoil a folder, and what is said about it.
type Defect = (fn(&Copy), &'static str);

const DEFECTS: [Defect; 19] = [
    (|c| std::fs::remove_file(c.path("manifest.json")).unwrap(), "manifest.json: No such file"),
    (|c| c.write("manifest.json", b""), "manifest.json: at .: EOF"),
    (|c| c.write("manifest.json", &vec![b' '; (1 << 20) + 1]), "manifest.json: larger than 1048576 bytes"),
    // Renamed.
    (|c| std::fs::rename(c.path("model.onnx"), c.path("other.onnx")).unwrap(), "model.onnx: No such file"),
    (|c| c.edit("manifest.json", |m| m["file"] = json!("../model.onnx")), "file: must be"),
    (|c| c.edit("manifest.json", |m| m["file"] = json!("golden.json")), "golden.json: its SHA-256 is"),
    // Another file than the manifest speaks of.
    (|c| flip(c, "model.onnx"), "model.onnx: its SHA-256 is"),
    (|c| flip(c, "golden.json"), "golden.json: its SHA-256 is"),
    (|c| c.write("model.onnx", &vec![0; (8 << 20) + 1]), "model.onnx: larger than 8388608 bytes"),
    // The one it speaks of, but no model.
    (|c| rewrite(c, "model.onnx", |b| b.truncate(20_000)), "the model's file: not an ONNX file"),
    (|c| rewrite(c, "model.onnx", Vec::clear), "the model's file: the file's format (ir_version) is 0"),
    (|c| rewrite(c, "model.onnx", |b| replace(b, b"Sigmoid", b"Softmax")), "the graph must be"),
    // For other features.
    (
        |c| c.edit("manifest.json", |m| m["features"]["definition"] = json!(2)),
        "the definition of the features is 2",
    ),
    (|c| c.edit("manifest.json", rename_feature), "the list of features is amount,account_age,speed,"),
    (
        |c| rewrite(c, "model.onnx", |b| replace(b, b"amount,", b"weight,")),
        "the list of features in the model's file is weight,",
    ),
    (
        |c| c.edit("manifest.json", |m| m["name"] = json!("other")),
        "the model's name is other, expected was fixture",
    ),
    // A model that does not score what it should.
    (
        |c| edit_golden(c, |g| g["scores"][3] = json!(0.5)),
        "golden rows: row 3 must score 0.5, and built-in says 0.98",
    ),
    (|c| edit_golden(c, |g| g["rows"][1] = json!([1.0])), "golden rows: row 1: has not as many values"),
    (|c| edit_golden(c, |g| *g = json!({"rows": [], "scores": []})), "golden rows: 0 rows"),
];

#[test]
fn a_folder_is_refused_by_what_is_wrong_with_it() {
    for engines in all() {
        for (spoil, said) in DEFECTS {
            let copy = Copy::new();
            spoil(&copy);
            let error = copy.open(&engines).unwrap_err().to_string();
            assert!(error.contains(said), "{said:?} is not in {error:?}");
        }
    }
}

#[test]
fn what_is_as_it_should_be_opens_with_every_engine() {
    for engines in all() {
        let copy = Copy::new();
        copy.hash_anew();
        let package = copy.open(&engines).unwrap();
        assert_eq!(package.engine(), engines.serving());
        assert_eq!((package.manifest().version.as_str(), package.forest().trees()), ("1", 90));
    }
}

#[test]
fn a_folder_that_changes_later_changes_nothing() {
    for engines in all() {
        let copy = Copy::new();
        let package = copy.open(&engines).unwrap();
        let before = package.score(&[0.5; 5]).unwrap();
        copy.write("model.onnx", &std::fs::read(folder("2").join("model.onnx")).unwrap());
        std::fs::remove_file(copy.path("manifest.json")).unwrap();
        assert_eq!(package.score(&[0.5; 5]).unwrap(), before);
        assert!(copy.open(&engines).is_err());
    }
}

#[test]
fn a_service_with_other_features_refuses_a_sound_model() {
    let reordered = ["account_age", "amount", "velocity", "distance", "hour"];
    let fewer = &EXPECTED.features[..4];
    for features in [&reordered[..], fewer] {
        let expected = Expected { features, ..EXPECTED };
        let error = Package::open(&folder("1"), &expected, &built_in()).unwrap_err().to_string();
        assert!(error.starts_with("the list of features is amount,account_age,"), "{error}");
    }
}

#[test]
fn what_onnxruntime_cannot_open_is_refused_although_the_built_in_engine_scores_it() {
    // A note in the graph, of no use to our reader: what comes out of the trees be of 64-bit integers.
    let note = b"\x3a\x10\x6a\x0e\x0a\x06margin\x12\x04\x0a\x02\x08\x07";
    let copy = Copy::new();
    copy.write("model.onnx", &[&copy.read("model.onnx")[..], note].concat());
    copy.hash_anew();
    copy.open(&built_in()).unwrap();
    let Some(engines) = onnxruntime() else { return };
    let error = copy.open(&engines).unwrap_err();
    assert!(matches!(error, PackageError::Sessions(_)), "{error}");
}

fn flip(copy: &Copy, file: &str) {
    let mut content = copy.read(file);
    let middle = content.len() / 2;
    content[middle] ^= 1;
    copy.write(file, &content);
}

/// Changes a file and the hash that stands for it.
fn rewrite(copy: &Copy, file: &str, change: fn(&mut Vec<u8>)) {
    let mut content = copy.read(file);
    change(&mut content);
    copy.write(file, &content);
    copy.hash_anew();
}

fn replace(content: &mut [u8], from: &[u8], to: &[u8]) {
    let place = content.windows(from.len()).position(|window| window == from).unwrap();
    content[place..place + to.len()].copy_from_slice(to);
}

fn edit_golden(copy: &Copy, change: fn(&mut Value)) {
    copy.edit("golden.json", change);
    copy.hash_anew();
}

fn rename_feature(manifest: &mut Value) {
    manifest["features"]["names"][2] = json!("speed");
    manifest["reference"]["features"][2]["name"] = json!("speed");
}
