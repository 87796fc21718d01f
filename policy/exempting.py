"""What an exemption from a rule is, whom it covers, and when it ends."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache

from .values import Finding


class Covers(Enum):
    """What an exemption lets pass: only that the value is not known yet, or also a value that breaks the rule."""

    UNKNOWN = "an unknown value"
    VIOLATION = "a value that breaks the rule"


@dataclass(frozen=True, slots=True)
class Exemption:
    """One entry: `*` in `name` and `path` stands for any text."""

    rule: str
    type: str
    name: str
    path: str
    covers_what: Covers
    reason: str
    owner: str = "devops"
    """The team that answers for it."""
    ends: date = date(2027, 6, 30)
    """The last day on which it counts; by then it is needed no longer, or was looked at anew."""

    def covers(self, finding: Finding, today: date | None = None) -> bool:
        """Whether this entry lets the finding pass (the rule's name is compared by the caller)."""
        return (
            self.type == finding.subject.type
            and (today or datetime.now(UTC).date()) <= self.ends
            and finding.unknown == (self.covers_what is Covers.UNKNOWN)
            and _pattern(self.name).fullmatch(finding.subject.name) is not None
            and _pattern(self.path).fullmatch(finding.path) is not None
        )


WARNED_DAYS = 30
"""How long before its end an exemption is spoken of."""


def ending(exemptions: Iterable[Exemption], today: date) -> tuple[list[Exemption], list[Exemption]]:
    """Those that have ended, and those that end soon."""
    ended = [each for each in exemptions if each.ends < today]
    soon = [each for each in exemptions if today <= each.ends <= today + timedelta(days=WARNED_DAYS)]
    return ended, soon


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in glob.split("*")), re.DOTALL)
