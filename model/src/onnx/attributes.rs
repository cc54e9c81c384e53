//! The attributes of TreeEnsembleRegressor, version 1: parallel lists, one entry a node or a leaf's weight.
//!
//! <https://github.com/onnx/onnx/blob/main/docs/Changelog-ml.md#aionnxmltreeensembleregressor-1>

use std::collections::BTreeMap;

use prost::Message;

use super::{OnnxError, proto, proto::attribute_type as kind};
use crate::forest::Ensemble;

/// The operator has sixteen.
const MAX_ATTRIBUTES: usize = 32;

/// Takes the attributes out one by one; what is left over nobody knows.
struct Attributes(BTreeMap<String, proto::Attribute>);

/// The trees as the operator has them.
pub(super) fn read(node: &proto::Node, features: usize) -> Result<Ensemble, OnnxError> {
    let mut given = Attributes::of(node)?;
    given.constant("aggregate_function", "SUM")?;
    given.constant("post_transform", "NONE")?;
    let targets = given.take("n_targets", kind::INT)?.ok_or_else(|| missing("n_targets"))?;
    if targets.i != 1 {
        return Err(attribute("n_targets", "must be 1"));
    }
    let base = match given.take("base_values", kind::FLOATS)?.map(|base| base.floats).as_deref() {
        None | Some([]) => 0.0,
        Some([base]) => *base,
        Some(_) => return Err(attribute("base_values", "must be one")),
    };
    let ensemble = Ensemble {
        features,
        base,
        tree_ids: given.ints("nodes_treeids")?,
        node_ids: given.ints("nodes_nodeids")?,
        feature_ids: given.ints("nodes_featureids")?,
        thresholds: given.floats("nodes_values")?,
        modes: given.take("nodes_modes", kind::STRINGS)?.ok_or_else(|| missing("nodes_modes"))?.strings,
        true_ids: given.ints("nodes_truenodeids")?,
        false_ids: given.ints("nodes_falsenodeids")?,
        missing_to_true: given.ints("nodes_missing_value_tracks_true")?,
        covers: given.floats("nodes_hitrates")?,
        leaf_tree_ids: given.ints("target_treeids")?,
        leaf_node_ids: given.ints("target_nodeids")?,
        leaf_targets: given.ints("target_ids")?,
        leaf_weights: given.floats("target_weights")?,
    };
    match given.0.into_keys().next() {
        Some(name) => Err(OnnxError::Attribute { name, problem: "not known" }),
        None => Ok(ensemble),
    }
}

impl Attributes {
    fn of(node: &proto::Node) -> Result<Self, OnnxError> {
        if node.attribute.len() > MAX_ATTRIBUTES {
            return Err(OnnxError::TooMany { what: "attributes", limit: MAX_ATTRIBUTES });
        }
        let mut given = BTreeMap::new();
        for encoded in &node.attribute {
            let one = proto::Attribute::decode(encoded.clone())?;
            if let Some(first) = given.insert(one.name.clone(), one) {
                return Err(OnnxError::Twice { what: format!("attribute {}", first.name.escape_debug()) });
            }
        }
        Ok(Self(given))
    }

    fn take(&mut self, name: &str, of_type: i32) -> Result<Option<proto::Attribute>, OnnxError> {
        match self.0.remove(name) {
            Some(found) if found.r#type != of_type => Err(attribute(name, "has another type")),
            found => Ok(found),
        }
    }

    /// Absent means this value, too.
    fn constant(&mut self, name: &str, value: &str) -> Result<(), OnnxError> {
        match self.take(name, kind::STRING)? {
            Some(found) if found.s != value => {
                Err(attribute(name, "only SUM (aggregate_function) and NONE (post_transform) are supported"))
            }
            _ => Ok(()),
        }
    }

    fn ints(&mut self, name: &str) -> Result<Vec<i64>, OnnxError> {
        Ok(self.take(name, kind::INTS)?.ok_or_else(|| missing(name))?.ints)
    }

    fn floats(&mut self, name: &str) -> Result<Vec<f32>, OnnxError> {
        Ok(self.take(name, kind::FLOATS)?.ok_or_else(|| missing(name))?.floats)
    }
}

fn attribute(name: &str, problem: &'static str) -> OnnxError {
    OnnxError::Attribute { name: name.to_owned(), problem }
}

fn missing(name: &str) -> OnnxError {
    attribute(name, "missing")
}
