"""The table `orderflow` writes: `table.json` says what stands in the rows of `rows.bin`."""

import dataclasses
import json
import pathlib

import numpy as np

DAY = 86_400_000_000
"""One day, in the microseconds of the table."""

DELAYED = "leaked_cards"
"""The scenario whose labels come weeks late, and which looks most like its victims' own orders."""


@dataclasses.dataclass(frozen=True)
class Table:
    """Orders by time."""

    rows: np.ndarray
    features: list[str]
    definition: int
    data: str
    """Where they come from: `simulated` or `topics`."""
    start: int
    scenarios: list[str]
    """Of a simulation, which knows them; else none."""
    settings: dict[str, int]
    """Of a simulation."""
    split: dict[str, int] | None
    """Of orders from topics: see `split.py`."""
    source: dict | None
    """What was taken from the topics, and what was left out."""

    @property
    def x(self) -> np.ndarray:
        """The vectors, one a row."""
        return self.rows["features"]

    @property
    def fraud(self) -> np.ndarray:
        """The truth, which training never sees where it was simulated; else what labels say."""
        return self.rows["scenario"] > 0

    def is_scenario(self, name: str) -> np.ndarray:
        """Which orders are of a scenario."""
        return self.rows["scenario"] == self.scenarios.index(name) + 1


def read(folder: pathlib.Path) -> Table:
    """Reads a table of orders."""
    header, rows = read_rows(folder)
    return Table(
        rows=rows,
        features=header["features"],
        definition=header["definition"],
        data=header["data"],
        start=header["start"],
        scenarios=header.get("scenarios", []),
        settings=header.get("settings", {}),
        split=header.get("split"),
        source=header.get("source"),
    )


def read_rows(folder: pathlib.Path) -> tuple[dict, np.ndarray]:
    """The header of any table, and its rows: those that were written."""
    header = json.loads((folder / "table.json").read_text())
    columns = [(name, kind, () if count == 1 else (count,)) for name, kind, count in header["columns"]]
    rows = np.fromfile(folder / "rows.bin", dtype=np.dtype(columns))
    if len(rows) != header["rows"]:
        raise SystemExit(f"{folder}: {len(rows)} rows where {header['rows']} are announced")
    sums = np.nansum(rows["features"], axis=0, dtype=np.float64)
    same = rows["amount"].sum() == header["amount"] and np.allclose(sums, header["sums"], rtol=1e-9, atol=1e-6)
    if not same:
        raise SystemExit(f"{folder}: the rows are not those that were written")
    return header, rows
