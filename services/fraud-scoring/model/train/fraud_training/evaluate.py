"""How good the model is on orders it has never seen, beside simpler ways to decide."""

import json
import pathlib

import numpy as np

from . import baselines, metrics, table as tables, trial
from .progress import say
from .runtime import Runtime
from .split import Split, split
from .table import DELAYED, Table
from .thresholds import Thresholds

RULES = Thresholds(refuse=0.85, hold=0.30)
"""What the rules decide by."""


def run(folder: pathlib.Path, seed: int, model: pathlib.Path | None) -> dict:
    """Trains a model on the table, or takes the one there is, and looks at the test window."""
    table = tables.read(folder)
    if model is None:
        trained = trial.train(table, seed)
        return measure(table, trained.split, trained.scores(table.x), trained.thresholds)
    manifest = json.loads((model / "manifest.json").read_text())
    if manifest["features"] != {"definition": table.definition, "names": table.features}:
        raise SystemExit(f"{model}: made for other features than this version's; train it anew")
    say(f"scoring by {manifest['name']} {manifest['version']}")
    scores = Runtime((model / manifest["file"]).read_bytes()).scores(table.x)
    return measure(table, split(table), scores, Thresholds(**manifest["thresholds"]))


def measure(table: Table, windows: Split, scores: np.ndarray, thresholds: Thresholds) -> dict:
    """Every method on the test window."""
    test = windows.is_in(table, "test")
    limit, tuned = baselines.tuned_rule(table, windows)
    rules = table.rows["rules"].astype(np.float64)
    methods = {
        "model": (scores, thresholds),
        "rules": (rules, RULES),
        "tuned_rule": (tuned.astype(np.float64), RULES),
        "seeds_rule": (baselines.seeds_rule(table).astype(np.float64), RULES),
    }
    say(f"testing on {test.sum():,} orders, {table.fraud[test].sum():,} of them fraud")
    return {
        "orders": int(test.sum()),
        "fraud": int(table.fraud[test].sum()),
        "thresholds": {"refuse": thresholds.refuse, "hold": thresholds.hold},
        "tuned_limit": limit,
        "methods": {
            name: method(table, test, scores[test], at) for name, (scores, at) in methods.items()
        },
    }


def method(table: Table, test: np.ndarray, scores: np.ndarray, thresholds: Thresholds) -> dict:
    fraud = table.fraud[test]
    refused = scores > thresholds.refuse
    stopped = scores >= thresholds.hold

    def of(rows: np.ndarray) -> dict[str, float]:
        return (
            metrics.ranking(scores[rows], fraud[rows])
            | metrics.flagging(refused[rows], fraud[rows])
            | {"calibration_error": metrics.calibration_error(scores[rows], fraud[rows])}
        )

    measured = {"with_delayed": of(np.ones(len(scores), bool))}
    if DELAYED in table.scenarios:
        measured["without_delayed"] = of(~table.is_scenario(DELAYED)[test])
    measured["held_share"] = metrics.round6((stopped & ~refused).mean())
    if table.scenarios:
        measured["scenarios"] = {
            name: fate(table.is_scenario(name)[test], refused, stopped) for name in table.scenarios
        }
    return measured


def fate(rows: np.ndarray, refused: np.ndarray, stopped: np.ndarray) -> dict[str, float]:
    """What became of these orders."""
    return {
        "orders": int(rows.sum()),
        "refused": metrics.round6(refused[rows].mean() if rows.any() else 0.0),
        "stopped": metrics.round6(stopped[rows].mean() if rows.any() else 0.0),
    }
