"""How numbers were spread when the model was trained: what drift is measured against."""

import numpy as np

QUANTILES = np.arange(1, 10) / 10


def feature(name: str, values: np.ndarray) -> dict:
    """Bins of a feature. Bin i holds values above edge i - 1 and up to edge i; the last share is of unknown values."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, QUANTILES, method="lower")) if len(known) else np.array([])
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    shares = [*counts, len(values) - len(known)]
    return {"name": name} | spread(edges, shares, len(values))


def score(values: np.ndarray) -> dict:
    """Bins of the score, which is never unknown."""
    edges = np.unique(np.quantile(values.astype(np.float32), QUANTILES, method="lower"))
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return spread(edges, counts, len(values))


def spread(edges: np.ndarray, counts: list[int] | np.ndarray, total: int) -> dict:
    return {
        "edges": [float(edge) for edge in edges],
        "shares": [round(int(count) / total, 6) for count in counts],
    }
