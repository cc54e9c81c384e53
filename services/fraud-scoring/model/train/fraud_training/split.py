"""Which days train, which calibrate, which test. The future never trains the past."""

import dataclasses

import numpy as np

from .table import Table

GAP = 7
"""Days before the test whose labels are mostly unknown when the model is trained: left out."""


@dataclasses.dataclass(frozen=True)
class Split:
    """Days of the simulation: each window ends where the next begins; the gap lies before the test."""

    train: int
    validation: int
    gap: int
    test: int
    end: int

    def windows(self) -> dict[str, tuple[int, int]]:
        """From which day on, up to which day, the last excluded."""
        return {
            "warm_up": (0, self.train),
            "train": (self.train, self.validation),
            "validation": (self.validation, self.gap),
            "gap": (self.gap, self.test),
            "test": (self.test, self.end),
        }

    def is_in(self, table: Table, window: str) -> np.ndarray:
        """Which orders lie in a window."""
        begins, ends = self.windows()[window]
        return (table.day >= begins) & (table.day < ends)

    def known(self, table: Table) -> np.ndarray:
        """What is known of fraud when the model is trained: at the beginning of the test."""
        return table.reported_before(self.test)


def split(table: Table) -> Split:
    """An eighth of the days fills the histories, the last fifth tests, three twentieths before the gap calibrate."""
    end = table.settings["days"]
    test = end - end // 5
    gap = test - GAP
    return Split(train=end // 8, validation=gap - end * 3 // 20, gap=gap, test=test, end=end)
