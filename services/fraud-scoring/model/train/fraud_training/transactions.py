"""Any table of transactions: trains on its first week, scores its last, beside simpler ways.

`orderflow` has written features and days; it reads the scores again, from `scores.bin`: one list after the other.
"""

import pathlib

import lightgbm as lgb
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from . import fit, metrics, table as tables
from .progress import say

STOPPING = 2
"""Days at the end of the training that say how many trees are enough; then they train as well."""


def run(folder: pathlib.Path, seed: int) -> dict:
    """Writes the scores of each method for the rows of the test. Returns the methods, in that sequence."""
    header, rows = tables.read_rows(folder)
    training = rows["day"] < header["training_days"]
    x, y, asked = rows["features"][training], rows["fraud"][training] > 0, rows["features"][~training]
    say(f"training on {len(x):,} transactions, {y.sum():,} of them fraud")
    booster = trees(x, y, rows["day"][training] >= header["training_days"] - STOPPING, seed)
    scores = {
        "model": fit.margins(booster, asked),
        "logistic regression": logistic(x, y, asked),
        "amount": asked[:, header["features"].index("amount")].astype(np.float64),
    }
    np.concatenate(list(scores.values())).astype("<f8").tofile(folder / "scores.bin")
    fraud = rows["fraud"][~training] > 0
    return {
        "trees": booster.current_iteration(),
        "methods": [{"name": name} | metrics.ranking(scored, fraud) for name, scored in scores.items()],
    }


def trees(x: np.ndarray, y: np.ndarray, last: np.ndarray, seed: int) -> lgb.Booster:
    """As many trees as are best for the last days, of all days."""
    rounds = fit.ROUNDS // 4
    if y[last].any() and y[~last].any():
        rounds = fit.fit(x[~last], y[~last], x[last], y[last], seed).current_iteration()
    say(f"{rounds} trees")
    return fit.fit_rounds(x, y, rounds, seed)


def logistic(x: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Log odds by logistic regression on scaled features, as the Handbook's simplest baseline has it."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    return model.fit(x, y).decision_function(asked)
