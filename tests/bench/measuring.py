"""Runs in turns, and what is made of their times."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

Run = Mapping[str, float]
"""What one run took: `seconds` by the clock, others beside it."""


class RunError(Exception):
    """A measured command failed; says why."""


def timed(what: Callable[[], object]) -> Run:
    """What it takes."""
    begun = time.monotonic()
    what()
    return {"seconds": time.monotonic() - begun}


@dataclass
class Report:
    """Everything measured so far: runs and ratios by name."""

    runs: dict[str, list[Run]] = field(default_factory=dict[str, list[Run]])
    ratios: dict[str, float] = field(default_factory=dict[str, float])
    failures: list[str] = field(default_factory=list[str])

    def in_turns(
        self, cases: Mapping[str, Callable[[], Run]], rounds: int = 1, budget: float = 0
    ) -> Sequence[Sequence[Run]]:
        """Run every case once a round, so that what else the machine does meets all of them alike.

        Args:
            cases: What to run, by name.
            rounds: How often; less after a failure.
            budget: Seconds after which no further round is begun.
        """
        self.runs |= {name: [] for name in cases}
        started = time.monotonic()
        for number in range(rounds):
            if number and (self.failures or time.monotonic() - started > budget):
                break
            for name, case in cases.items():
                sys.stderr.write(f"  {name} ({number + 1} of {rounds})\n")
                try:
                    self.runs[name].append(case())
                except RunError as error:
                    self.failures.append(f"{name}: {error}")
        return [self.runs[name] for name in cases]

    def each_resource(self, name: str, runs: Sequence[Sequence[Run]]) -> None:
        """Processor time of each case for one resource, in ms, and how many times the first's the last's is."""
        if self.failures:
            return
        times = [median(run["cpu"] / run["resources"] for run in case) for case in runs]
        for case, time_ in zip(runs, times, strict=True):
            self.ratios[f"ms of processor time for each of {case[0]['resources']:,.0f} resources"] = time_ * 1000
        self.ratios[name] = times[-1] / times[0]

    def compare(self, name: str, one: Sequence[Run], other: Sequence[Run], base: Sequence[Run] = ()) -> None:
        """How many times as long the one takes as the other, or as much the one adds to a base as the other does."""
        if self.failures:
            return
        least = [run["seconds"] for run in base] or [0.0] * len(one)
        times = [[run["seconds"] - zero for run, zero in zip(runs, least, strict=True)] for runs in (one, other)]
        self.ratios[name] = median(times[0]) / median(times[1])
