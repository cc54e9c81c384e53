//! The reader against files that are not what it runs.

use proptest::{collection::vec, prelude::*, sample::Index};
use prost::Message;

use super::{OnnxModel, proto};

const FILE: &[u8] = include_bytes!("../../tests/fixtures/v2/model.onnx");

#[test]
fn a_file_is_read_with_its_names_and_notes() {
    let model = OnnxModel::read(FILE).unwrap();
    assert_eq!((model.input.as_str(), model.output.as_str()), ("features", "score"));
    assert_eq!(model.metadata["features"], "amount,account_age,velocity,distance,hour");
    assert_eq!((model.forest.features(), model.forest.trees()), (5, 8));
}

type Defect = (fn(&mut proto::Model), &'static str);

const DEFECTS: [Defect; 38] = [
    (|m| m.ir_version = 10, "ir_version) is 10"),
    (|m| drop(m.opset_import.pop()), "\"ai.onnx.ml\" is missing"),
    (|m| m.opset_import[1].version = 3, "\"ai.onnx.ml\" is 3"),
    (|m| m.opset_import[0].version = 21, "\"\" is 21"),
    (|m| m.opset_import.push(m.opset_import[1].clone()), "operator set \"ai.onnx.ml\" is 1: "),
    (|m| m.opset_import.push(set("com.example")), "an operator set beside"),
    (|m| m.functions.push("".into()), "functions: not supported"),
    (|m| m.training_info.push("".into()), "training: not supported"),
    (|m| m.metadata_props.push(m.metadata_props[0].clone()), "metadata features stands twice"),
    (|m| m.metadata_props = vec![m.metadata_props[0].clone(); 65], "more than 64 entries"),
    (|m| m.graph = None, "graph is missing"),
    (|m| graph(m, |g| g.initializer.push("".into())), "constants in the graph"),
    (|m| graph(m, |g| g.sparse_initializer.push("".into())), "constants in the graph"),
    (|m| graph(m, |g| g.node.push(g.node[1].clone())), "3 operators"),
    (|m| graph(m, |g| g.node.swap(0, 1)), "the graph must be"),
    (|m| graph(m, |g| g.node = vec!["".into(); 1_000_000]), "1000000 operators"),
    (|m| graph(m, |g| g.input.push(g.input[0].clone())), "2 inputs"),
    (|m| graph(m, |g| g.output.clear()), "0 outputs"),
    (|m| node(m, 0, |n| n.op_type = "TreeEnsembleClassifier".into()), "TreeEnsembleClassifier"),
    (|m| node(m, 0, |n| n.domain = "com.example".into()), "com.example.TreeEnsembleRegressor"),
    (|m| node(m, 0, |n| n.output = vec!["features".into()]), "the graph must be"),
    (|m| node(m, 1, |n| n.op_type = "Softmax".into()), "Softmax"),
    (|m| node(m, 1, |n| n.input = vec!["features".into()]), "the graph must be"),
    (|m| node(m, 0, |n| n.attribute.push(n.attribute[0].clone())), "stands twice"),
    (|m| node(m, 0, |n| n.attribute = vec!["".into(); 33]), "more than 32 attributes"),
    (
        |m| value(m, true, |t| t.elem_type = 11),
        "input must be a float tensor [N, features], N not fixed: element type 11",
    ),
    (|m| value(m, true, |t| dim(t, 1, Some(513))), "more than 512 features"),
    (|m| value(m, true, |t| dim(t, 1, Some(0))), "input must be a float tensor"),
    (|m| value(m, true, |t| dim(t, 0, Some(1))), "input must be a float tensor"),
    (|m| value(m, true, |t| t.shape = None), "0 dimensions"),
    (
        |m| value(m, false, |t| dim(t, 1, Some(2))),
        "output must be a float tensor [N, 1], N not fixed: it is wider",
    ),
    (|m| attribute(m, "n_targets", |a| a.i = 2), "n_targets: must be 1"),
    (|m| attribute(m, "n_targets", |a| a.r#type = 1), "n_targets: has another type"),
    (|m| attribute(m, "aggregate_function", |a| a.s = "MAX".into()), "aggregate_function: only"),
    (|m| attribute(m, "base_values", |a| a.floats.push(1.0)), "base_values: must be one"),
    (|m| attribute(m, "nodes_hitrates", |a| a.name = "nodes_hitrate".into()), "nodes_hitrates: missing"),
    (
        |m| attribute(m, "base_values", |a| a.name = "base_values_as_tensor".into()),
        "base_values_as_tensor: not known",
    ),
    (
        |m| attribute(m, "nodes_modes", |a| a.strings[0] = "BRANCH_GT".into()),
        "node 0 (counted over all trees): its mode",
    ),
];

#[test]
fn a_file_that_is_something_else_is_refused_by_what_it_is() {
    for (spoil, said) in DEFECTS {
        let mut model = proto::Model::decode(FILE).unwrap();
        spoil(&mut model);
        let error = OnnxModel::read(&model.encode_to_vec()).unwrap_err().to_string();
        assert!(error.contains(said), "{said:?} is not in {error:?}");
    }
}

#[test]
fn a_file_beyond_the_limit_is_not_looked_at() {
    let error = OnnxModel::read(&vec![0; super::MAX_BYTES + 1]).unwrap_err().to_string();
    assert_eq!(error, "more than 8388608 bytes");
}

#[test]
fn no_beginning_of_a_file_passes_for_all_of_it() {
    for length in 0..FILE.len() {
        // Cut off exactly between its trees and its notes, a file is a model still: without notes.
        let whole = OnnxModel::read(&FILE[..length]).is_ok_and(|model| !model.metadata.is_empty());
        assert!(!whole, "{length} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_change_of_bytes_makes_the_reader_panic(changes in vec((any::<Index>(), any::<u8>()), 1..6)) {
        let mut content = FILE.to_vec();
        for (place, byte) in changes {
            *place.get_mut(&mut content) = byte;
        }
        // What is still a model also scores and explains.
        if let Ok(model) = OnnxModel::read(&content) {
            let row = vec![0.1; model.forest.features()];
            prop_assert!(model.forest.margins(&row)[0].is_finite());
            prop_assert!(model.forest.explain(&row).contributions.iter().all(|part| part.is_finite()));
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(content in vec(any::<u8>(), 0..300)) {
        prop_assert!(OnnxModel::read(&content).is_err());
    }
}

fn set(domain: &str) -> proto::OperatorSet {
    proto::OperatorSet { domain: domain.to_owned(), version: 1 }
}

fn graph(model: &mut proto::Model, change: fn(&mut proto::Graph)) {
    change(model.graph.as_mut().unwrap());
}

/// Decodes, changes and encodes again.
fn within<M: Message + Default>(encoded: &mut bytes::Bytes, change: impl FnOnce(&mut M)) {
    let mut message = M::decode(encoded.clone()).unwrap();
    change(&mut message);
    *encoded = message.encode_to_vec().into();
}

fn node(model: &mut proto::Model, index: usize, change: fn(&mut proto::Node)) {
    within(&mut model.graph.as_mut().unwrap().node[index], change);
}

fn attribute(model: &mut proto::Model, name: &str, change: fn(&mut proto::Attribute)) {
    within(&mut model.graph.as_mut().unwrap().node[0], |node: &mut proto::Node| {
        let named = |encoded: &&mut bytes::Bytes| {
            proto::Attribute::decode((*encoded).clone()).is_ok_and(|attribute| attribute.name == name)
        };
        within(node.attribute.iter_mut().find(named).unwrap(), change);
    });
}

fn value(model: &mut proto::Model, input: bool, change: fn(&mut proto::TensorType)) {
    let graph = model.graph.as_mut().unwrap();
    let encoded = if input { &mut graph.input[0] } else { &mut graph.output[0] };
    within(encoded, |value: &mut proto::ValueInfo| {
        change(value.r#type.as_mut().unwrap().tensor.as_mut().unwrap());
    });
}

fn dim(tensor: &mut proto::TensorType, index: usize, value: Option<i64>) {
    tensor.shape.as_mut().unwrap().dim[index] = proto::Dimension { value, name: None };
}
