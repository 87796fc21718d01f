"""What a snapshot is called, which guests are snapshots, and which of them go. Every function is pure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from settings.releases import Releases

KIND: Final = "deployment-snapshot"
"""Tag of every snapshot."""
_MOMENT: Final = "%Y%m%dt%H%M%Sz"
_KEPT_VERSIONS: Final = 2
"""The live one and the one before, whatever their age."""


@dataclass(frozen=True)
class Guest:
    """A VM, as the cluster lists it."""

    id: int
    node: str
    name: str
    running: bool
    template: bool
    lock: str
    """Why nothing may be done to it now; empty when something may."""
    tags: frozenset[str]


@dataclass(frozen=True)
class Snapshot:
    """A template of a Docker host."""

    id: int
    node: str
    host: str
    revision: int
    """Of the release file."""
    version: str
    made: datetime

    def __str__(self) -> str:
        return f"{self.id} ({self.host}, revision {self.revision}, {self.made:%Y-%m-%d %H:%M} UTC)"

    def name(self, stack: str) -> str:
        """Its name in Proxmox."""
        return f"{stack}-{self.host}-r{self.revision}-{self.made.strftime(_MOMENT)}"

    def tags(self, stack: str) -> frozenset[str]:
        """Its tags in Proxmox."""
        return frozenset(
            (
                *("luxima", stack, KIND, f"host-{self.host}", f"revision-{self.revision}", f"version-{self.version}"),
                f"made-{self.made.strftime(_MOMENT)}",
            )
        )


def version(releases: Releases) -> str:
    """What users see of all services, in ten digits: two release files with the same live images have the same."""
    content = {name: release.slots[release.live] for name, release in releases.services.items()}
    images = {name: slot.image for name, slot in content.items() if slot is not None}
    return hashlib.sha256(json.dumps(images, sort_keys=True).encode()).hexdigest()[:10]


def read(guest: Guest, stack: str, ids: range) -> Snapshot | None:
    """The snapshot that a guest is; None for any guest that this tool did not finish making for this stack."""
    found = {key: value for key, _, value in (tag.partition("-") for tag in guest.tags)}
    try:
        made = datetime.strptime(found["made"], _MOMENT).replace(tzinfo=UTC)
        snapshot = Snapshot(guest.id, guest.node, found["host"], int(found["revision"]), found["version"], made)
    except (KeyError, ValueError):
        return None
    same = guest.name == snapshot.name(stack) and guest.tags == snapshot.tags(stack)
    return snapshot if same and guest.template and guest.id in ids else None


def removable(snapshots: Iterable[Snapshot], live: str, days: int, now: datetime) -> Sequence[Snapshot]:
    """Snapshots past their time; of each host the last of the live version and the last before it stay.

    Args:
        snapshots: All that there are.
        live: The version that users see.
        days: How long each is kept.
        now: The time, with its zone.
    """
    newest = sorted(snapshots, key=lambda each: (each.made, each.id), reverse=True)
    kept = set[Snapshot]()
    for host in {each.host for each in newest}:
        last: dict[str, Snapshot] = {}
        for each in newest:
            if each.host == host:
                last.setdefault(each.version, each)
        # The live version may be an old one that came back.
        ordered = sorted(last.values(), key=lambda each: each.version != live)
        kept |= set(ordered[:_KEPT_VERSIONS])
    return [each for each in newest if each not in kept and each.made < now - timedelta(days=days)]
