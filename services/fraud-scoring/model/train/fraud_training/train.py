"""Trains, exports, checks, and writes the model's folder."""

import datetime
import json
import pathlib

from . import card, evaluate, golden, manifest, onnx_file, table as tables, thresholds, trees, trial
from .metrics import round6
from .progress import say
from .table import DAY, Table
from .trial import Trained


def run(folder: pathlib.Path, seed: int, out: pathlib.Path, version: str, created_at: str) -> dict:
    """Writes model, golden rows, manifest and model card. Returns what stands in the manifest about the training."""
    table = tables.read(folder)
    trained = trial.train(table, seed)
    scores = trained.scores(table.x)
    grown = trees.grown(trained.booster, trained.calibration)
    model = onnx_file.content(grown, trained.calibration.shift, table.features, table.definition)
    test = trained.split.is_in(table, "test")
    checked = golden.sample(grown, table.x[test], scores[test], golden.CHECKED, seed)
    difference = golden.check(trained, model, checked, golden.EXPORTED)
    say(f"{len(checked):,} rows on and off the thresholds: ONNX Runtime equals LightGBM to {difference:.1e}")
    kept = golden.sample(grown, table.x[test], scores[test], golden.ROWS, seed)
    golden.check(trained, model, kept, golden.SERVED)
    rows = golden.text(trained, kept).encode()
    about = training(table, trained, seed, grown)
    about["metrics"] = evaluate.measure(table, trained.split, scores, trained.thresholds)
    made = manifest.manifest(table, trained, model, rows, version, created_at, about)
    out.mkdir(parents=True, exist_ok=True)
    (out / manifest.MODEL).write_bytes(model)
    (out / manifest.GOLDEN).write_bytes(rows)
    (out / "manifest.json").write_text(json.dumps(made, indent=1) + "\n")
    (out / "CARD.md").write_text(card.text(made))
    return made


def training(table: Table, trained: Trained, seed: int, grown: list[trees.Tree]) -> dict:
    """Windows, counts and numbers of the training."""
    windows, known = trained.split, trained.split.known(table)
    validation = windows.is_in(table, "validation")
    scores = trained.scores(table.x[validation])
    chosen = trained.thresholds

    def window(name: str) -> dict:
        rows = windows.is_in(table, name)
        return span(table, windows.windows()[name]) | {
            "orders": int(rows.sum()),
            "fraud": int(table.fraud[rows].sum()),
            "known_fraud": int((known & rows).sum()),
        }

    return (
        {"data": table.data, "seed": seed}
        | origin(table)
        | {
            "windows": {name: window(name) for name in windows.windows()},
            "trees": len(grown),
            "nodes": sum(len(tree) for tree in grown),
            "calibration": {
                "scale": round6(trained.calibration.scale),
                "shift": round6(trained.calibration.shift),
                "known_share": round6(trained.calibration.known),
            },
            "costs": thresholds.COSTS,
            "validation": {
                "known_precision": round6(thresholds.precision(scores, known[validation], chosen.refuse)),
                "cost_per_thousand": round6(thresholds.cost(scores, known[validation], chosen)),
            },
        }
    )


def origin(table: Table) -> dict:
    """Where the orders come from."""
    return {"settings": table.settings} if table.source is None else {"source": table.source}


def span(table: Table, window: tuple[int, int]) -> dict:
    """From when to when: days of a simulation, else times."""
    if table.source is None:
        return {"days": [(time - table.start) // DAY for time in window]}
    begins, ends = (datetime.datetime.fromtimestamp(time / 1e6, datetime.UTC) for time in window)
    return {"from": begins.isoformat(timespec="seconds"), "until": ends.isoformat(timespec="seconds")}
