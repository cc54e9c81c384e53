"""What the model is compared with."""

import numpy as np

from .split import Split
from .table import Table

SEEDS_RULE = 500_000
"""Minor units: amounts above 5,000 that go abroad."""
CANDIDATES = (5_000, 8_000, 12_000, 15_000, 20_000, 30_000, 50_000, 80_000, 120_000)


def seeds_rule(table: Table) -> np.ndarray:
    """Amount above 5,000 and foreign delivery."""
    return (table.rows["amount"] > SEEDS_RULE) & (table.rows["delivery_abroad"] > 0)


def tuned_rule(table: Table, split: Split) -> tuple[int, np.ndarray]:
    """The limit, and what it flags: the amount, together with countries that differ, whose F1 was best in training."""
    training, known = split.is_in(table, "train"), split.known(table)
    mismatch = table.rows["mismatch"] > 0

    def flags(limit: int) -> np.ndarray:
        return (table.rows["amount"] > limit) & mismatch

    def f1(limit: int) -> float:
        flagged = flags(limit)[training]
        return 2 * (flagged & known[training]).sum() / max(1, flagged.sum() + known[training].sum())

    best = max(CANDIDATES, key=f1)
    return best, flags(best)
