"""What is outside of the release tool in a world that is made up; every step may be the last."""

import datetime
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from components.routing.document import version
from release.errors import Interrupted
from release.state import ReleaseFile
from settings import Settings
from settings.releases import Releases, ServiceRelease
from settings.values import Slot

SERVICE = "storefront"
NOW = datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.UTC)
SLOTS: tuple[Slot, Slot] = ("blue", "green")
_VERSIONS: dict[tuple[str, str, str], str] = {}
"""Of routing documents; writing one down takes a while."""


def image(number: int) -> str:
    return f"registry.luxima.id/aceh/storefront@sha256:{number:064x}"


class Cut(Interrupted):
    """The run was cut short."""


@dataclass
class Outside:
    """Everything outside the release tool."""

    root: Path
    settings: Settings
    records: dict[str, str] = field(default_factory=dict[str, str])
    """The name servers' records of public names."""
    made: dict[str, str] = field(default_factory=dict[str, str])
    """The same in the engine's state."""
    pods: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """Image by service and slot (or track)."""
    routing: dict[Slot, Releases] = field(default_factory=dict[Slot, Releases])
    """What each gateway routes by."""
    seen: int = 0
    """Revision in the ledger."""
    well: set[str] = field(default_factory=set[str])
    """Images that passed a smoke test."""
    ill: set[str] = field(default_factory=set[str])
    """Images that fail theirs."""
    stuck: set[str] = field(default_factory=set[str])
    """Images whose pods never become ready."""
    deaf: set[Slot] = field(default_factory=set[Slot])
    """Gateways that do not answer."""
    now: datetime.datetime = NOW
    broken: bool = False
    """Whether the engine can do nothing."""
    silent: bool = False
    """Whether a secondary name server does not answer."""
    impatient: bool = False
    """Whether a guard takes a switch back before the name servers are asked."""
    versions: list[tuple[str, Releases]] = field(default_factory=list[tuple[str, Releases]])
    """Commits: subject and content, the latest last."""
    published: Releases | None = None
    """What the repository's remote has."""
    rows: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    told: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])
    steps: list[str] = field(default_factory=list[str])
    cut_after: int | None = None
    """Number of the step after which the run is cut short."""
    cut_before: str = ""
    """Words of the journal's entry before whose step the run is cut short."""
    unseen: set[str] = field(default_factory=set[str])
    """Images that users saw and nobody had tested."""

    def copied(self, folder: Path) -> Self:
        """The same world in another folder; what happens in one of them is not seen in the other."""
        shutil.copytree(self.root, folder)
        return replace(self, root=folder, **{name: value.copy() for name, value in vars(self).items() if _grows(value)})

    def happened(self, what: str) -> None:
        """One step that changed something, or was waited for."""
        self.steps.append(what)
        self.unseen |= {seen for seen in self.users() if seen not in self.well}
        if self.cut_after is not None and len(self.steps) > self.cut_after:
            self.cut_after = None
            raise Cut(f"cut short after {what}")

    def begins(self, what: str) -> None:
        """One step that is about to be made."""
        if self.cut_before and self.cut_before in what:
            self.cut_before = ""
            raise Cut(f"cut short before {what}")

    def users(self) -> Iterator[str]:
        """Images that users of the service get: by the record, and at either gateway with an address of yesterday."""
        if SERVICE in self.settings.releases.services:
            for gateway in SLOTS:
                yield self.pods[SERVICE, self.routing[gateway].services[SERVICE].slot_of(gateway)]

    def file(self) -> Releases:
        return ReleaseFile(self.root, "prod").read().releases

    def release(self) -> ServiceRelease:
        return self.file().services[SERVICE]

    def live(self) -> Slot:
        """The slot that the record leads to."""
        return next(slot for slot in SLOTS if self.address(slot) == self.records[self.settings.service_fqdn(SERVICE)])

    def address(self, slot: Slot) -> str:
        return self.settings.public_address(SERVICE, slot)

    def lead(self, slot: Slot) -> None:
        """What a guard or somebody else does to the record."""
        self.records[self.settings.service_fqdn(SERVICE)] = self.address(slot)

    def version(self, slot: Slot, releases: Releases) -> str:
        """Of the routing document of a gateway, by the component's own function."""
        key = (slot, self.settings.services[SERVICE].strategy, repr(releases.services))
        if key not in _VERSIONS:
            _VERSIONS[key] = version(self.settings.model_copy(update={"releases": releases}), slot)
        return _VERSIONS[key]

    def condition(self) -> object:
        """Everything but how it came about."""
        releases = self.file()
        return (
            {name: release.model_dump() for name, release in releases.services.items()},
            self.records,
            self.made,
            self.pods,
            {slot: self.version(slot, self.routing[slot]) for slot in SLOTS},
            self.seen == releases.revision,
        )


def _grows(value: object) -> bool:
    return isinstance(value, dict | list | set)
