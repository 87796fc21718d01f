"""A release on probation, and how the watch over it may end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from release.guard.judge import Verdict
from settings.values import Slot

HEALTHY: Final = 0
FAILED: Final = 1
"""The release fails and could not be taken back."""
INCONCLUSIVE: Final = 3
TAKEN_BACK: Final = 4
INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Release:
    """A release on probation."""

    stack: str
    service: str
    slot: Slot
    """The slot that became live."""
    previous: Slot
    """The slot that users are sent back to."""
    image: str
    """What runs in `slot`."""
    since: datetime
    """When it became live; aware."""
    until: datetime
    """When it is trusted; aware."""
    extension: timedelta
    """How much longer it is watched when there is no verdict then."""
    extended: bool = False
    """Whether that has happened already."""


@dataclass(frozen=True)
class Outcome:
    """How a watch ended."""

    code: int
    """Exit code: 0 trusted, 1 could not be taken back, 3 a person decides, 4 taken back, 130 interrupted."""
    verdict: Verdict | None
    """The last one."""
    acted: bool = False
    """Whether it was this watch that took the release back."""
    told: bool = True
    """Whether everybody was told and the audit's rows are written; what was not is kept in the audit's folder."""
