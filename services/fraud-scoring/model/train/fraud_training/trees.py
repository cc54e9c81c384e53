"""LightGBM's trees as plain nodes, with the calibration in their leaves."""

import dataclasses

import lightgbm as lgb
import numpy as np

from .calibration import Calibration


@dataclasses.dataclass
class Node:
    """A node. One without a feature is a leaf. Children stand behind their parent, by their place in the tree."""

    cover: int
    weight: float = 0.0
    feature: int | None = None
    threshold: float = 0.0
    missing_is_true: bool = False
    true: int = 0
    false: int = 0


Tree = list[Node]
LARGEST = float(np.finfo(np.float32).max)


def rounded_down(threshold: float) -> float:
    """The largest 32-bit float that is not above the threshold.

    LightGBM asks whether `x <= threshold` in 64 bits. For an x of 32 bits the answer stays the same with this
    threshold, and changes for some with the nearest one.
    """
    if threshold >= LARGEST:
        # Every known number goes one way, an unknown one may go the other.
        return LARGEST
    nearest = np.float32(threshold)
    below = float(nearest) <= threshold
    return float(nearest if below else np.nextafter(nearest, np.float32(-np.inf)))


def grown(booster: lgb.Booster, calibration: Calibration) -> list[Tree]:
    """Every tree; leaves are scaled, so that their sum plus the shift is the calibrated log odds."""
    return [
        tree(dumped["tree_structure"], calibration.scale) for dumped in booster.dump_model()["tree_info"]
    ]


def tree(structure: dict, scale: float) -> Tree:
    nodes: Tree = []

    def add(node: dict) -> int:
        place = len(nodes)
        if "leaf_value" in node:
            nodes.append(Node(cover=node.get("leaf_count", 0), weight=node["leaf_value"] * scale))
            return place
        nodes.append(inner(node))
        nodes[place].true = add(node["left_child"])
        nodes[place].false = add(node["right_child"])
        return place

    add(structure)
    return nodes


def inner(node: dict) -> Node:
    kind, missing = node["decision_type"], node["missing_type"]
    if kind != "<=" or missing not in ("None", "NaN"):
        raise SystemExit(f"a node decides by {kind}, missing {missing}: this exporter cannot say that in ONNX")
    # Where training saw no missing value, LightGBM takes one for zero.
    missing_is_true = node["default_left"] if missing == "NaN" else 0.0 <= node["threshold"]
    return Node(
        cover=node["internal_count"],
        feature=node["split_feature"],
        threshold=rounded_down(node["threshold"]),
        missing_is_true=bool(missing_is_true),
    )
