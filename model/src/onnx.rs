//! Reading an ONNX file that holds one forest: TreeEnsembleRegressor (`ai.onnx.ml` 1) and Sigmoid, one float input
//! `[N, features]`, one float output `[N, 1]`. Anything else is refused, by name.

mod attributes;
mod error;
mod graph;
mod proto;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;

pub use error::OnnxError;

use crate::forest::Forest;

/// The largest file that is read, in bytes: some 200,000 nodes.
pub const MAX_BYTES: usize = 8 << 20;
/// The most inputs a model may have.
pub const MAX_FEATURES: usize = 512;
/// The most entries of metadata.
const MAX_METADATA: usize = 64;
/// What the oldest ONNX Runtime we load (1.17) reads; 3 is the first with opsets.
const IR_VERSIONS: std::ops::RangeInclusive<i64> = 3..=9;
/// Sigmoid has been the same since 6; 20 is the last that ONNX Runtime 1.17 knows.
const OPSETS: std::ops::RangeInclusive<i64> = 6..=20;
/// The trees' operator as every runtime has it.
const ML_OPSET: i64 = 1;
const ML_DOMAIN: &str = "ai.onnx.ml";

/// What a file holds.
#[derive(Clone, Debug)]
pub struct OnnxModel {
    /// The input's name.
    pub input: String,
    /// The output's name.
    pub output: String,
    /// The file's own notes, such as `features`.
    pub metadata: BTreeMap<String, String>,
    /// The trees.
    pub forest: Forest,
}

impl OnnxModel {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// When it is not ONNX, has anything beside one forest and its Sigmoid, or exceeds a limit.
    pub fn read(content: &[u8]) -> Result<Self, OnnxError> {
        if content.len() > MAX_BYTES {
            return Err(OnnxError::TooMany { what: "bytes", limit: MAX_BYTES });
        }
        let model = proto::Model::decode(Bytes::copy_from_slice(content))?;
        check_versions(&model)?;
        for (what, found) in [("functions", &model.functions), ("training", &model.training_info)] {
            if !found.is_empty() {
                return Err(OnnxError::Unsupported { what });
            }
        }
        let metadata = metadata(&model)?;
        let graph = graph::Signature::of(model.graph.ok_or(OnnxError::Missing { what: "graph" })?)?;
        let forest = Forest::build(&graph.trees)?;
        Ok(Self { input: graph.input, output: graph.output, metadata, forest })
    }
}

fn check_versions(model: &proto::Model) -> Result<(), OnnxError> {
    let of = |domain: &'static str, allowed: &std::ops::RangeInclusive<i64>| {
        // The empty name and this one are the same domain.
        let fits =
            |set: &&proto::OperatorSet| set.domain == domain || domain.is_empty() && set.domain == "ai.onnx";
        let mut versions = model.opset_import.iter().filter(fits).map(|set| set.version);
        match (versions.next(), versions.next()) {
            (Some(version), None) if allowed.contains(&version) => Ok(()),
            (version, _) => Err(OnnxError::Opset { domain, found: version }),
        }
    };
    if !IR_VERSIONS.contains(&model.ir_version) {
        return Err(OnnxError::IrVersion { found: model.ir_version });
    }
    of("", &OPSETS)?;
    of(ML_DOMAIN, &(ML_OPSET..=ML_OPSET))?;
    if model.opset_import.len() > 2 {
        return Err(OnnxError::Unsupported { what: "an operator set beside ai.onnx and ai.onnx.ml" });
    }
    Ok(())
}

fn metadata(model: &proto::Model) -> Result<BTreeMap<String, String>, OnnxError> {
    if model.metadata_props.len() > MAX_METADATA {
        return Err(OnnxError::TooMany { what: "entries of metadata", limit: MAX_METADATA });
    }
    let mut metadata = BTreeMap::new();
    for entry in &model.metadata_props {
        if metadata.insert(entry.key.clone(), entry.value.clone()).is_some() {
            return Err(OnnxError::Twice { what: format!("metadata {}", entry.key.escape_debug()) });
        }
    }
    Ok(metadata)
}
