"""Writes audit rows and tells people of a release.

What cannot be sent is kept and sent later, or printed; it never stops a release.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from release.announce import AnnounceError, Announcer
from release.audit import Audit, Result, Row
from release.contents import moment
from settings.values import Slot


@dataclass(frozen=True)
class Notifications:
    """The audit and the announcements; `release.context.Notifier`."""

    stack: str
    who: str
    audit: Audit
    announcer: Announcer
    clock: Callable[[], datetime.datetime]
    say: Callable[[str], None]

    def record(self, what: str, service: str, slot: Slot, image: str, result: Result, **details: Any) -> None:
        """Write a row of `internal.audit_deploy`; one that cannot be written now is sent with the next."""
        row = Row(
            who=self.who,
            what=what,
            stack=self.stack,
            result=result,
            when=moment(self.clock()),
            slot=slot,
            image=image,
            details={"service": service, **details},
        )
        problem = self.audit.record(row).sentence
        # One sentence at the end of a step is enough.
        if problem is not None and result != "started":
            self.say(problem)

    def deployed(self, service: str, slot: Slot, image: str) -> None:
        """A slot became live."""
        self._tell(lambda: self.announcer.deployed(service, slot, image))

    def rolled_back(self, service: str, slot: Slot, previous: str, reason: str) -> None:
        """A slot was taken back."""
        self._tell(lambda: self.announcer.rolled_back(service, slot, previous, reason))

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            call()
        except AnnounceError as error:
            self.say(str(error))
