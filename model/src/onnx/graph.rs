//! The graph: which operators there are, how they are joined, and what goes in and out.

use bytes::Bytes;
use prost::Message;

use super::{MAX_FEATURES, ML_DOMAIN, OnnxError, attributes, proto};
use crate::forest::Ensemble;

/// What a graph was found to be.
pub(super) struct Signature {
    pub(super) input: String,
    pub(super) output: String,
    pub(super) trees: Ensemble,
}

impl Signature {
    pub(super) fn of(graph: proto::Graph) -> Result<Self, OnnxError> {
        if !graph.initializer.is_empty() || !graph.sparse_initializer.is_empty() {
            return Err(OnnxError::Unsupported { what: "constants in the graph (initializer)" });
        }
        let [trees, sigmoid] = only(graph.node, "operators")?;
        let [input] = only(graph.input, "inputs")?;
        let [output] = only(graph.output, "outputs")?;
        let (trees, sigmoid) = (proto::Node::decode(trees)?, proto::Node::decode(sigmoid)?);
        let (input, output) = (proto::ValueInfo::decode(input)?, proto::ValueInfo::decode(output)?);
        check_joints(&input.name, &trees, &sigmoid, &output.name)?;
        let features = width(&input, "input")?;
        if features > MAX_FEATURES {
            return Err(OnnxError::TooMany { what: "features", limit: MAX_FEATURES });
        }
        if width(&output, "output")? != 1 {
            return Err(OnnxError::Shape { what: "output", found: "it is wider".to_owned() });
        }
        let trees = attributes::read(&trees, features)?;
        Ok(Self { input: input.name, output: output.name, trees })
    }
}

fn only<const N: usize>(found: Vec<Bytes>, what: &str) -> Result<[Bytes; N], OnnxError> {
    found.try_into().map_err(|found: Vec<_>| OnnxError::Graph { found: format!("{} {what}", found.len()) })
}

fn check_joints(
    input: &str,
    trees: &proto::Node,
    sigmoid: &proto::Node,
    output: &str,
) -> Result<(), OnnxError> {
    let operators = trees.op_type == "TreeEnsembleRegressor"
        && trees.domain == ML_DOMAIN
        && sigmoid.op_type == "Sigmoid"
        && ["", "ai.onnx"].contains(&sigmoid.domain.as_str())
        && sigmoid.attribute.is_empty();
    let joined = trees.input == [input]
        && trees.output.len() == 1
        && sigmoid.input == trees.output
        && sigmoid.output == [output];
    // A name stands for one value: one that comes back would make a circle.
    let distinct = !input.is_empty()
        && !output.is_empty()
        && input != output
        && trees
            .output
            .first()
            .is_some_and(|margin| margin != input && margin != output && !margin.is_empty());
    if operators && joined && distinct {
        return Ok(());
    }
    let show = |node: &proto::Node| {
        format!(
            "{}.{} {:?} -> {:?}",
            node.domain.escape_debug(),
            node.op_type.escape_debug(),
            node.input,
            node.output
        )
    };
    let found = format!("{input:?}; {}; {}; {output:?}", show(trees), show(sigmoid));
    Err(OnnxError::Graph { found: found.chars().take(300).collect() })
}

/// The second dimension of a float tensor whose first varies.
fn width(value: &proto::ValueInfo, what: &'static str) -> Result<usize, OnnxError> {
    let tensor = value.r#type.as_ref().and_then(|value| value.tensor.as_ref());
    let found = |found: String| OnnxError::Shape { what, found };
    let tensor = tensor.ok_or_else(|| found("not a tensor".to_owned()))?;
    if tensor.elem_type != proto::FLOAT {
        return Err(found(format!("element type {}", tensor.elem_type)));
    }
    match tensor.shape.as_ref().map_or(&[][..], |shape| &shape.dim) {
        [proto::Dimension { value: None, .. }, proto::Dimension { value: Some(width), .. }] if *width > 0 => {
            usize::try_from(*width).map_err(|_| found(format!("width {width}")))
        }
        dimensions => Err(found(format!("{} dimensions, or sizes that do not fit", dimensions.len()))),
    }
}
