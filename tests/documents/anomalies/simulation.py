"""Series that behave like a platform's signals: a day's and a week's season, noise, and what happens to them."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

STEP_MINUTES = 15
"""Step of the series. The rules run every 5 minutes; at 15 a simulation of weeks takes a sixth of the time. An alarm
then needs two values outside instead of three, so there are rather more false alarms than there would be."""
RATE_SECONDS = 300
"""A value is a rate over this time."""
HOUR = 60 // STEP_MINUTES
DAY = 24 * HOUR
WEEK = 7 * DAY

Event = Callable[[int], float]
"""Factor at a step."""


def season(step: int) -> float:
    """Share of the usual level: quiet nights, a busy afternoon, Saturday and Sunday at 55 %; time 0 is a Thursday."""
    hour = (step % DAY) / HOUR
    day = 1 + 0.6 * math.sin((hour - 9) / 24 * 2 * math.pi) + 0.15 * math.sin((hour - 3) / 12 * 2 * math.pi)
    return day * (0.55 if (step // DAY + 3) % 7 in (5, 6) else 1.0)


@dataclass(frozen=True)
class Traffic:
    """Requests a second: a season, days that are busier than others, slow wander, and the chance of single requests."""

    level: float = 20.0
    """Mean of a working day, requests/s."""
    wander: float = 0.05
    """Standard deviation of a slow walk (hours), as a share of the level."""
    day_to_day: float = 0.05
    """Standard deviation from one day to the next, as a share of the level."""
    seed: int = 1

    def values(self, steps: int, event: Event = lambda _: 1.0) -> list[float]:
        chance = random.Random(self.seed)  # noqa: S311 - a simulation that has to repeat itself
        walk, memory, busy, values = 0.0, 0.91, 0.0, list[float]()
        target = chance.gauss(0, self.day_to_day)
        for step in range(steps):
            if step % DAY == 0:
                target = chance.gauss(0, self.day_to_day)
            busy += (target - busy) / (3 * HOUR)
            walk = memory * walk + math.sqrt(1 - memory**2) * chance.gauss(0, self.wander)
            mean = self.level * season(step) * (1 + walk) * (1 + busy) * event(step)
            count = mean * RATE_SECONDS
            values.append(max(0, round(chance.gauss(count, math.sqrt(count)))) / RATE_SECONDS)
        return values


def notation(values: list[float]) -> str:
    """Values as promtool takes them."""
    return " ".join(f"{value:.5g}" for value in values)
