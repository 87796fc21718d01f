"""Rules on sizes: what observes is as large as the load asks for (MON-1, LOG-1, ENV-4)."""

from collections.abc import Iterator

from settings.capacity import capacity
from settings.report import Problem
from settings.stack import Settings


def sizes(settings: Settings) -> Iterator[Problem]:
    """Every figure of `make capacity` fits what the settings give for it."""
    for row in capacity(settings).rows:
        if row.problem is not None:
            yield Problem(tuple(row.setting.split(".")), row.problem)


RULES = (sizes,)
