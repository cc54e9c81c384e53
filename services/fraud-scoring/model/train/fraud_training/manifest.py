"""The manifest: what a model is, what belongs to it, and what it was made from."""

import hashlib

from . import reference
from .table import Table
from .trial import Trained

MODEL, GOLDEN = "model.onnx", "golden.json"


def manifest(
    table: Table, trained: Trained, model: bytes, golden: bytes, version: str, created_at: str, training: dict
) -> dict:
    """What is written beside the model. Only `created_at` differs between two trainings from the same seed."""
    windows = trained.split
    rows = table.x[windows.is_in(table, "train")]
    validation = table.x[windows.is_in(table, "validation")]
    return {
        "name": "fraud",
        "version": version,
        "created_at": created_at,
        "file": MODEL,
        "sha256": hashlib.sha256(model).hexdigest(),
        "features": {"definition": table.definition, "names": table.features},
        "thresholds": {"refuse": trained.thresholds.refuse, "hold": trained.thresholds.hold},
        "golden": {"file": GOLDEN, "sha256": hashlib.sha256(golden).hexdigest()},
        "reference": {
            "features": [
                reference.feature(name, rows[:, column]) for column, name in enumerate(table.features)
            ],
            # Of orders that did not train the trees: those score more surely than any new ones.
            "score": reference.score(trained.scores(validation)),
        },
        "training": training,
    }
