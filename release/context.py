"""What a command of the release tool works with, each part behind a small interface."""

import datetime
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from release.errors import Refused
from release.pulumi_engine.targets import Change, Target
from release.state import ReleaseFile, Snapshot, rendered
from settings import Settings
from settings.releases import Releases, ServiceRelease
from settings.rules import check
from settings.values import Slot

Result = Literal["started", "succeeded", "failed", "rolled_back"]


class Engine(Protocol):
    """The engine; `release.pulumi_engine.PulumiEngine` is one."""

    def preview(self, text: str, targets: Sequence[Target]) -> list[Change]:
        """What an update would change; refused when that is more than the targets."""
        ...

    def update(self, text: str, changes: Sequence[Change], *, go_on: bool = False) -> list[Change]:
        """Make it."""
        ...

    def records(self) -> Mapping[str, tuple[str, ...]]:
        """Addresses by full name, as the engine wrote them last."""
        ...

    def revision(self) -> int | None:
        """The latest revision of the release file that the stack has seen."""
        ...


class Names(Protocol):
    """The name servers."""

    def standing(self, fqdn: str, *, primary_only: bool = False) -> Mapping[str, tuple[str, ...]]:
        """Addresses of a name by name server, the primary first."""
        ...

    def swap(self, fqdn: str, old: str, new: str) -> bool:
        """Lead a name over; False when somebody did already."""
        ...

    def wait(self, fqdn: str, expected: str) -> None:
        """Until every name server answers it; raises LedElsewhereError when somebody leads the name on meanwhile."""
        ...


class Gateways(Protocol):
    """The way in."""

    def wait_loaded(self, settings: Settings, slots: Sequence[Slot]) -> None:
        """Until every gateway of the slots works by the routing that these settings ask for."""
        ...

    def smoke(self, settings: Settings, service: str, slot: Slot, rounds: int) -> None:
        """Ask a slot under its own name; raises when it is not healthy."""
        ...


class Notifier(Protocol):
    """Writes audit rows and tells people. A release goes on even if nobody can be told."""

    def record(self, what: str, service: str, slot: Slot, image: str, result: Result, **details: Any) -> None:
        """Write down a step."""
        ...

    def deployed(self, service: str, slot: Slot, image: str) -> None:
        """Announce that a slot became live."""
        ...

    def rolled_back(self, service: str, slot: Slot, previous: str, reason: str) -> None:
        """Announce that a slot was taken back."""
        ...


class History(Protocol):
    """The repository that the release file is in."""

    def commit(self, subject: str) -> None:
        """Commit the release file, and nothing else."""
        ...

    def publish(self, subject: str) -> None:
        """Before the stack is changed by it: see that it is not lost with this checkout; raises when it may be."""
        ...

    def earlier(self, service: str) -> list[ServiceRelease]:
        """What ran before, the latest first."""
        ...


@dataclass
class Context:
    """One stack and what a command needs to release on it; the command holds the stack's lock."""

    stack: str
    settings: Settings
    file: ReleaseFile
    engine: Engine
    names: Names
    gateways: Gateways
    notifier: Notifier
    history: History
    clock: Callable[[], datetime.datetime]
    say: Callable[[str], None]
    look: Callable[[str], None]
    """Notes in the journal what is about to be looked at or waited for; nothing is changed by it."""
    step: Callable[[str], None]
    """Notes in the journal what is about to be done."""
    dry_run: bool = False
    snapshot: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.snapshot = self.file.read()
        self.settings = self.settings.model_copy(update={"releases": self.snapshot.releases})

    @property
    def releases(self) -> Releases:
        """The release file as this run left it."""
        return self.snapshot.releases

    def address(self, service: str, slot: Slot) -> str:
        """Address that leads users of a service to a slot."""
        return self.settings.public_address(service, slot)

    def public(self, service: str) -> str:
        """Public name of a service."""
        return self.settings.service_fqdn(service)

    def known(self, service: str) -> None:
        """See that there is such a service.

        Raises:
            Refused: When there is none; names those there are.
        """
        if service not in self.settings.services:
            raise Refused(
                f"{service} is not a service of stack {self.stack}; services: {', '.join(self.settings.services)}"
            )

    def advance(
        self,
        new: Releases,
        targets: Sequence[Target],
        what: str,
        *,
        go_on: bool = False,
        first: Callable[[], None] | None = None,
    ) -> list[Change]:
        """One step: see what it would change, write the release file, then make it.

        A step that was made before changes nothing, so that whoever was interrupted goes through all of them again.

        Args:
            new: The release file after it.
            targets: What it is about.
            what: For the journal and the operator.
            go_on: Whether the failure of one resource is no reason to leave the others.
            first: Done when nothing was refused and the file is written, before the engine makes it.
        """
        self.look(f"checking what {what} would change")
        settings = self._ruled(new)
        before = self.snapshot
        text = before.text if new == before.releases else rendered(before.text, new)
        changes = self.engine.preview(text, targets)
        if self.dry_run:
            self._show(before.text, text, changes, what)
            self.snapshot = Snapshot(text, new)
        else:
            self.write(new, what)
            if first is not None:
                first()
            if changes:
                self.step(what)
                self.say(f"{what}: {', '.join(map(str, changes))}")
            self.engine.update(text, changes, go_on=go_on)
        self.settings = settings
        return changes

    def write(self, new: Releases, what: str) -> None:
        """Write the release file, when it has to be another one."""
        if new != self.releases:
            self._ruled(new)
            if self.dry_run:
                text = rendered(self.snapshot.text, new)
                self._show(self.snapshot.text, text, [], what)
                self.snapshot = Snapshot(text, new)
            else:
                self.step(f"writing revision {new.revision} of the release file for {what}")
                self.snapshot = self.file.write(self.snapshot, new)
            self.settings = self.settings.model_copy(update={"releases": new})
        if not self.dry_run:
            self.history.publish(what)

    def loaded(self, slots: Sequence[Slot]) -> None:
        """Wait until the gateways work by what was written."""
        named = " and ".join(slots)
        if self.dry_run:
            self.say(f"would wait until gateway {named} has loaded its routing")
            return
        self.look(f"waiting for gateway {named}")
        self.gateways.wait_loaded(self.settings, slots)

    def _ruled(self, new: Releases) -> Settings:
        settings = self.settings.model_copy(update={"releases": new})
        problems = check(settings, self.stack, partial=False)
        if problems:
            raise Refused(f"releases/{self.stack}.yaml would not be valid: {'; '.join(map(str, problems))}")
        return settings

    def _show(self, old: str, new: str, changes: Sequence[Change], what: str) -> None:
        self.say(f"{what} would change:")
        name = f"releases/{self.stack}.yaml"
        lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), name, name, lineterm="", n=1))
        for line in [*lines[2:], *(f"engine: {change}" for change in changes)] or ["nothing"]:
            self.say(f"  {line}")
