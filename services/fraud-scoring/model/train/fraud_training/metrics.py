"""How good scores are."""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

CALIBRATED_FROM = 0.1
"""Below this nearly every score is right whatever it says, and would hide the others."""
BINS = 9


def round6(value: float) -> float:
    """As it stands in files: six decimals."""
    return round(float(value), 6)


def ranking(scores: np.ndarray, fraud: np.ndarray) -> dict[str, float]:
    """Area under the ROC curve, and average precision."""
    return {
        "auc": round6(roc_auc_score(fraud, scores)),
        "average_precision": round6(average_precision_score(fraud, scores)),
    }


def flagging(flagged: np.ndarray, fraud: np.ndarray) -> dict[str, float]:
    """Precision and recall of what is refused. Precision is 1 where nothing is."""
    caught = float((flagged & fraud).sum())
    return {
        "precision": round6(caught / flagged.sum() if flagged.any() else 1.0),
        "recall": round6(caught / max(1.0, fraud.sum())),
    }


def calibration_error(scores: np.ndarray, fraud: np.ndarray) -> float:
    """Expected calibration error (Naeini, Cooper, Hauskrecht, 2015) over scores of 0.1 and more, in nine equal bins."""
    looked_at = scores >= CALIBRATED_FROM
    scores, fraud = scores[looked_at], fraud[looked_at]
    if len(scores) == 0:
        return 0.0
    width = (1.0 - CALIBRATED_FROM) / BINS
    bins = np.minimum(((scores - CALIBRATED_FROM) / width).astype(int), BINS - 1)
    gaps = [abs(scores[bins == i].sum() - fraud[bins == i].sum()) for i in range(BINS)]
    return round6(sum(gaps) / len(scores))
