"""One training: trees, calibration, thresholds."""

import dataclasses

import lightgbm as lgb
import numpy as np

from . import calibration, fit, thresholds
from .calibration import Calibration
from .progress import say
from .split import Split, split
from .table import Table
from .thresholds import Thresholds


@dataclasses.dataclass(frozen=True)
class Trained:
    """What came out."""

    split: Split
    booster: lgb.Booster
    calibration: Calibration
    thresholds: Thresholds

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Probabilities of fraud, in 64 bits."""
        return self.calibration.scores(fit.margins(self.booster, x))


def train(table: Table, seed: int) -> Trained:
    """Trains on what is known at the beginning of the test window, and on nothing else."""
    windows = split(table)
    known = windows.known(table)
    training, validation = windows.is_in(table, "train"), windows.is_in(table, "validation")
    say(f"training on {training.sum():,} orders, {known[training].sum():,} of them known as fraud")
    booster = fit.fit(table.x[training], known[training], table.x[validation], known[validation], seed)
    if not any(booster.feature_importance()):
        raise SystemExit("the trees have found nothing that tells these frauds from these honest orders: more are needed")
    margins = fit.margins(booster, table.x[validation])
    calibrated = calibration.calibrate(margins, known[validation])
    chosen = thresholds.choose(calibrated.scores(margins), known[validation], calibrated.known)
    say(f"{booster.current_iteration()} trees; refuses above {chosen.refuse}, holds from {chosen.hold}")
    return Trained(windows, booster, calibrated, chosen)
