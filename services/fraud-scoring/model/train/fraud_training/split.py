"""Which orders train, which calibrate, which test. The future never trains the past."""

import dataclasses

import numpy as np

from .table import DAY, Table

GAP = 7
"""Days before the test whose labels are mostly unknown when the model is trained: left out."""


@dataclasses.dataclass(frozen=True)
class Split:
    """When windows begin, in the table's microseconds: each ends where the next begins; the gap lies before the test."""

    start: int
    train: int
    validation: int
    gap: int
    test: int
    end: int
    known_at: int
    """What has been reported by then is what is known when the model is trained."""

    def windows(self) -> dict[str, tuple[int, int]]:
        """From when on, up to when, the last excluded."""
        return {
            "warm_up": (self.start, self.train),
            "train": (self.train, self.validation),
            "validation": (self.validation, self.gap),
            "gap": (self.gap, self.test),
            "test": (self.test, self.end),
        }

    def is_in(self, table: Table, window: str) -> np.ndarray:
        """Which orders lie in a window."""
        begins, ends = self.windows()[window]
        placed = table.rows["placed_at"]
        return (placed >= begins) & (placed < ends)

    def known(self, table: Table) -> np.ndarray:
        """What is known of fraud when the model is trained."""
        return table.rows["reported_at"] < self.known_at


def split(table: Table) -> Split:
    """As the table says. Where it says nothing, which is where it was simulated, an eighth of the days fills the
    histories, the last fifth tests, three twentieths before the gap calibrate; known is what is known when the test begins.
    """
    if table.split is not None:
        return Split(**table.split)
    end = table.settings["days"]
    test = end - end // 5
    gap = test - GAP
    days = {"train": end // 8, "validation": gap - end * 3 // 20, "gap": gap, "test": test, "end": end}
    times = {name: table.start + day * DAY for name, day in days.items()}
    return Split(start=table.start, known_at=times["test"], **times)
