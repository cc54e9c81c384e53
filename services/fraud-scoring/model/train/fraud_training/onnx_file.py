"""The model as ONNX: one TreeEnsembleRegressor and a Sigmoid, which every runtime since 2018 can run.

Converters round thresholds to the nearest 32-bit float, which sends rows on a boundary down the wrong branch; hence
an exporter of our own. Node covers travel in `nodes_hitrates`: explanations need them.
"""

import onnx
from onnx import TensorProto, helper

from .trees import Tree

OPSETS = [("", 13), ("ai.onnx.ml", 1)]
IR_VERSION = 8


def content(trees: list[Tree], shift: float, features: list[str], definition: int) -> bytes:
    """The bytes of the file; the same for the same trees."""
    graph = helper.make_graph(
        [regressor(trees, shift), helper.make_node("Sigmoid", ["margin"], ["score"])],
        "fraud",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", len(features)])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N", 1])],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="orderflow", ir_version=IR_VERSION)
    helper.set_model_props(model, {"features": ",".join(features), "features_definition": str(definition)})
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def regressor(trees: list[Tree], shift: float) -> onnx.NodeProto:
    nodes = [(tree, place, node) for tree, nodes in enumerate(trees) for place, node in enumerate(nodes)]
    leaves = [(tree, place, node) for tree, place, node in nodes if node.feature is None]
    return helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["margin"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        base_values=[shift],
        nodes_treeids=[tree for tree, _, _ in nodes],
        nodes_nodeids=[place for _, place, _ in nodes],
        nodes_featureids=[node.feature or 0 for _, _, node in nodes],
        nodes_values=[node.threshold for _, _, node in nodes],
        nodes_modes=["LEAF" if node.feature is None else "BRANCH_LEQ" for _, _, node in nodes],
        nodes_truenodeids=[node.true for _, _, node in nodes],
        nodes_falsenodeids=[node.false for _, _, node in nodes],
        nodes_missing_value_tracks_true=[int(node.missing_is_true) for _, _, node in nodes],
        nodes_hitrates=[float(node.cover) for _, _, node in nodes],
        target_treeids=[tree for tree, _, _ in leaves],
        target_nodeids=[place for _, place, _ in leaves],
        target_ids=[0 for _ in leaves],
        target_weights=[node.weight for _, _, node in leaves],
    )
