//! What can be wrong with an ONNX file.

use thiserror::Error;

use crate::forest::ForestError;

/// Why a file is no model we run.
#[derive(Debug, Error)]
pub enum OnnxError {
    /// Truncated, or not ONNX at all.
    #[error("not an ONNX file: {0}")]
    NotOnnx(#[from] prost::DecodeError),
    /// Beyond a limit.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// Something there must be is not there.
    #[error("{what} is missing")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// Something stands twice.
    #[error("{what} stands twice")]
    Twice {
        /// What.
        what: String,
    },
    /// Something there must not be.
    #[error("{what}: not supported")]
    Unsupported {
        /// What.
        what: &'static str,
    },
    /// A file format older or newer than we read.
    #[error("the file's format (ir_version) is {found}: 3 to 9 are supported")]
    IrVersion {
        /// The file's.
        found: i64,
    },
    /// An operator set that is missing, named twice, or of another version.
    #[error("operator set \"{domain}\" is {}: \"\" must be once, 6 to 20, and ai.onnx.ml once, 1", show(.found))]
    Opset {
        /// Its domain.
        domain: &'static str,
        /// The first version the file names for it.
        found: Option<i64>,
    },
    /// Other operators than the two, or joined in another way.
    #[error("the graph must be input, TreeEnsembleRegressor, Sigmoid, output, and nothing else: {found}")]
    Graph {
        /// What is there.
        found: String,
    },
    /// Another type or shape of the input or output.
    #[error("{what} must be a float tensor [N, {}], N not fixed: {found}", if *.what == "input" { "features" } else { "1" })]
    Shape {
        /// Input or output.
        what: &'static str,
        /// What is there.
        found: String,
    },
    /// An attribute of the trees that is missing, of another type, or has a value we do not run.
    #[error("attribute {name}: {problem}")]
    Attribute {
        /// Which.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The trees themselves.
    #[error(transparent)]
    Forest(#[from] ForestError),
}

fn show(version: &Option<i64>) -> String {
    version.map_or_else(|| "missing".to_owned(), |version| version.to_string())
}
