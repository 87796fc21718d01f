"""Runs in turns, and what is made of their times."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

Run = Mapping[str, float]
"""What one run took: `seconds` by the clock, others beside it."""


class RunError(Exception):
    """A measured command failed; says why.

    Args:
        reason: Why.
        run: What it took, when it did all its work all the same.
    """

    def __init__(self, reason: str, run: Run | None = None) -> None:
        super().__init__(reason)
        self.run = run


@dataclass(frozen=True)
class Row:
    """A measured command and its runs."""

    name: str
    runs: list[Run] = field(default_factory=list[Run])

    def values(self, what: str = "seconds") -> list[float]:
        """One figure of every run; nothing where there is no such figure."""
        return [run[what] for run in self.runs if what in run]


@dataclass
class Report:
    """Everything measured so far."""

    rows: list[Row] = field(default_factory=list[Row])
    ratios: dict[str, float] = field(default_factory=dict[str, float])
    failures: list[str] = field(default_factory=list[str])

    def in_turns(self, cases: Mapping[str, Callable[[], Run]], rounds: int = 1, budget: float = 0) -> list[Row]:
        """Run every case once a round, so that what else the machine does meets all of them alike.

        Args:
            cases: What to run, by name.
            rounds: How often; less after a failure.
            budget: Seconds after which no further round is begun.
        """
        rows = [Row(name) for name in cases]
        self.rows += rows
        started = time.monotonic()
        for number in range(rounds):
            if number and (self.failures or time.monotonic() - started > budget):
                break
            for row, case in zip(rows, cases.values(), strict=True):
                sys.stderr.write(f"  {row.name} ({number + 1} of {rounds})\n")
                try:
                    row.runs.append(case())
                except RunError as error:
                    self.failures.append(f"{row.name}: {error}")
                    if error.run:
                        row.runs.append(error.run)
        return rows

    def compare(self, name: str, row: Row, other: Row, *, base: Row | None = None) -> None:
        """How many times as long the one takes as the other, or as much the one adds to a base as the other does."""
        added = base.values() if base else [0.0] * len(row.runs)
        times = [[a - b for a, b in zip(each.values(), added, strict=False)] for each in (row, other)]
        if all(times):
            self.ratios[name] = median(times[0]) / median(times[1])
