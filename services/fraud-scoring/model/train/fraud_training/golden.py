"""Rows whose scores are known. Whoever loads the model must get the same ones; the training itself checks many more."""

import json
import math

import numpy as np

from .runtime import Runtime
from .trees import LARGEST, Tree
from .trial import Trained

ROWS = 64
"""A third ordinary orders, a third on thresholds, a third with unknown numbers."""
CHECKED = 6_000
SERVED = 1e-6
"""What a service allows between a golden score and its own. Sums of 32-bit floats differ from those of 64 bits in the
seventh digit."""
EXPORTED = 2e-6
"""What is allowed in a few of very many rows. A wrong branch shows in the third digit."""
NEARLY_ZERO = 1.0000000180025095e-35
"""LightGBM takes numbers up to this for zero."""


def on_thresholds(trees: list[Tree], rows: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """The rows, with several numbers put exactly on a threshold, or next to one on either side. A vector's numbers are
    finite, so nothing lies beyond the largest threshold."""
    inner = [node for tree in trees for node in tree if node.feature is not None]
    rows = rows.copy()
    for row in rows:
        for node in (inner[place] for place in dice.integers(0, len(inner), 8)):
            towards = np.float32((node.threshold, -LARGEST, LARGEST)[dice.integers(0, 3)])
            row[node.feature] = np.nextafter(np.float32(node.threshold), towards)
    # A vector's numbers have four decimals.
    rows[np.abs(rows) <= NEARLY_ZERO] = 0.0
    return rows


def with_unknown(rows: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """The rows, with some numbers unknown; one row knows nothing."""
    rows = rows.copy()
    rows[dice.random(rows.shape) < 0.2] = np.nan
    rows[0] = np.nan
    return rows


def sample(trees: list[Tree], x: np.ndarray, scores: np.ndarray, count: int, seed: int) -> np.ndarray:
    """So many rows of all three kinds; half of the orders in them are the suspicious ones."""
    dice = np.random.default_rng(seed)
    third = count // 3
    suspicious = np.flatnonzero(scores >= 0.1)
    if len(suspicious) == 0:
        suspicious = np.argsort(scores)[-ROWS:]  # as suspicious as they get

    def orders(wanted: int) -> np.ndarray:
        any_order = dice.integers(0, len(x), wanted - wanted // 2)
        return x[np.concatenate([any_order, dice.choice(suspicious, wanted // 2)])]

    plain = orders(count - 2 * third)
    return np.concatenate([plain, on_thresholds(trees, orders(third), dice), with_unknown(orders(third), dice)])


def check(trained: Trained, content: bytes, rows: np.ndarray, allowed: float) -> float:
    """The largest difference between the file's scores and LightGBM's with calibration. Ends the training where that is
    too large."""
    difference = float(np.abs(Runtime(content).scores(rows) - trained.scores(rows)).max())
    if not difference <= allowed:
        raise SystemExit(f"ONNX Runtime and LightGBM differ by {difference:.2e}: the exporter is wrong")
    return difference


def text(trained: Trained, rows: np.ndarray) -> str:
    """The file: numbers as 64-bit floats, which hold 32-bit ones exactly; unknown is null."""
    plain = [[None if math.isnan(number) else float(number) for number in row] for row in rows]
    return json.dumps({"rows": plain, "scores": [float(score) for score in trained.scores(rows)]}) + "\n"
