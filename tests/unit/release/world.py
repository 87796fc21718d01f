"""A small world for the release tool: gateways, name servers, an engine; every step of it can be the last one.

Users are looked at after each step, those who honour the record and those who never ask for it again.
"""

import datetime
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

from components.dns_update import DnsError
from components.routing.document import version
from release.context import Context, Result
from release.errors import Interrupted, Refused, ReleaseError
from release.pulumi_engine.stack import LEDGER, RECORD
from release.pulumi_engine.targets import Change, Target, objections
from release.state import ReleaseFile, parse
from settings import Settings
from settings.releases import Releases, ServiceRelease
from settings.values import Slot
from tests.unit.settings.stacks import Checkout

SERVICE = "storefront"
NOW = datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.UTC)
SLOTS: tuple[Slot, Slot] = ("blue", "green")
_FIRST = """\
# What runs in which slot.
revision: 7
services:
  storefront:
    live: blue
    slots:
      blue:
        image: {image}
        standing: verified
      green: null
"""
_VERSIONS: dict[tuple[str, str, str], str] = {}
"""Of routing documents; writing one down takes a while."""
_URN = "urn:pulumi:prod::luxima::"


def image(number: int) -> str:
    return f"registry.luxima.id/aceh/storefront@sha256:{number:064x}"


class Cut(Interrupted):
    """The run was cut short."""


@dataclass
class World:
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
    versions: list[tuple[str, Releases]] = field(default_factory=list[tuple[str, Releases]])
    """Commits: subject and content, the latest last."""
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

    def context(self, *, dry_run: bool = False) -> Context:
        return Context(
            stack="prod",
            settings=self.settings,
            file=ReleaseFile(self.root, "prod"),
            engine=Engine(self),
            names=Names(self),
            gateways=Gateways(self),
            notifier=Notifier(self),
            history=History(self),
            clock=lambda: self.now,
            say=self.said.append,
            look=lambda _look: None,
            step=self.begins,
            dry_run=dry_run,
        )

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


@dataclass
class Engine:
    world: World

    def preview(self, text: str, targets: Sequence[Target]) -> list[Change]:
        if self.world.broken:
            raise ReleaseError("the engine is broken")
        wanted = parse(text, "proposed")
        if wanted.revision < self.world.seen:
            raise ReleaseError("the release file is older than the stack")
        every = list(self._changes(wanted))
        changes = [change for change in every if any(target.means(change) for target in targets)]
        assert all(target.patterns("prod", "luxima") for target in targets)
        beside = objections(changes, targets)
        if beside:
            raise Refused(f"the update would also {', '.join(map(str, beside))}")
        return changes

    def update(self, text: str, changes: Sequence[Change], *, go_on: bool = False) -> list[Change]:  # noqa: ARG002 - the interface
        wanted = parse(text, "proposed")
        for change in changes:
            self._make(wanted, change)
            self.world.happened(str(change))
        return list(changes)

    def records(self) -> Mapping[str, tuple[str, ...]]:
        return {name: (address,) for name, address in self.world.made.items()}

    def revision(self) -> int | None:
        return self.world.seen

    def _changes(self, wanted: Releases) -> Iterator[Change]:
        world = self.world
        if wanted.revision != world.seen:
            yield Change(f"{_URN}{LEDGER}::release-ledger", "update", LEDGER)
        for name, release in wanted.services.items():
            parts = {slot: content.image for slot, content in release.slots.items() if content is not None}
            parts |= {"canary": release.canary.image} if release.canary is not None else {}
            for part, content in parts.items():
                op = "create" if (name, part) not in world.pods else "update"
                if world.pods.get((name, part)) != content:
                    yield Change(f"{_URN}x::service-{name}-{part}-deployment", op, "kubernetes:apps/v1:Deployment")
            for part in ("canary", "shadow"):
                if (name, part) in world.pods and part not in parts:
                    yield Change(
                        f"{_URN}x::service-{name}-{part}-deployment", "delete", "kubernetes:apps/v1:Deployment"
                    )
        for slot in SLOTS:
            if world.version(slot, world.routing[slot]) != world.version(slot, wanted):
                token = "kubernetes:core/v1:ConfigMap"
                yield Change(f"{_URN}{token}::gateway-{slot}-routing", "update", token)
        for name, release in wanted.services.items():
            fqdn = world.settings.service_fqdn(name)
            if world.made.get(fqdn) != world.address(release.live):
                op = "update" if fqdn in world.made else "create"
                yield Change(f"{_URN}{RECORD}::dns-public-service-{name}", op, RECORD, ("records",))

    def _make(self, wanted: Releases, change: Change) -> None:
        world, name = self.world, change.name
        if change.type == LEDGER:
            world.seen = wanted.revision
        elif change.type == RECORD:
            service = name.removeprefix("dns-public-service-")
            fqdn, address = world.settings.service_fqdn(service), world.address(wanted.services[service].live)
            # As the provider: only over what the state knows, or what is right already.
            if world.records.get(fqdn) not in (world.made.get(fqdn), address):
                raise ReleaseError("the record was changed by somebody else")
            world.records[fqdn] = address
            world.happened(f"the name server has {address}")
            world.made[fqdn] = address
        elif name.endswith("-deployment"):
            service, part = name.removeprefix("service-").removesuffix("-deployment").rsplit("-", 1)
            self._roll(wanted.services[service], service, part)
        else:
            slot: Slot = "blue" if "blue" in name else "green"
            world.routing[slot] = wanted

    def _roll(self, release: ServiceRelease, service: str, part: str) -> None:
        content: Any = (
            getattr(release, part)
            if part in ("canary", "shadow")
            else release.slots["blue" if part == "blue" else "green"]
        )
        if content is None:
            del self.world.pods[service, part]
            return
        if content.image in self.world.stuck:
            raise ReleaseError("the pods are not ready after 300 s")
        if part == release.live:
            self.world.well.add(content.image)  # it is in the live slot by the strategy's own gate
        self.world.pods[service, part] = content.image


@dataclass
class Names:
    world: World

    def standing(self, fqdn: str, *, primary_only: bool = False) -> Mapping[str, tuple[str, ...]]:
        if self.world.silent and not primary_only:
            raise DnsError("a secondary does not answer")
        return {"10.0.0.53:53": (self.world.records[fqdn],)}

    def swap(self, fqdn: str, old: str, new: str) -> bool:
        found = self.world.records[fqdn]
        if found == new:
            return False
        if found != old:
            raise DnsError(f"{fqdn} is {found}")
        self.world.records[fqdn] = new
        self.world.happened(f"swap to {new}")
        return True

    def wait(self, fqdn: str, expected: str) -> None:
        assert self.world.records[fqdn] == expected
        if self.world.silent:
            raise DnsError("a secondary does not answer")
        self.world.happened("name servers answer")


@dataclass
class Gateways:
    world: World

    def wait_loaded(self, settings: Settings, slots: Sequence[Slot]) -> None:
        for slot in slots:
            if slot in self.world.deaf or self.world.version(slot, self.world.routing[slot]) != self.world.version(
                slot, settings.releases
            ):
                raise ReleaseError(f"gateway {slot} works by another routing")
        self.world.happened(f"gateways {slots} loaded")

    def smoke(self, settings: Settings, service: str, slot: Slot, rounds: int) -> None:  # noqa: ARG002 - the interface
        found = self.world.pods[service, slot]
        if found in self.world.ill:
            raise ReleaseError("it answers 500")
        self.world.well.add(found)
        self.world.happened(f"smoke {slot}")


@dataclass
class Notifier:
    world: World

    def record(self, what: str, service: str, slot: Slot, image: str, result: Result, **details: Any) -> None:  # noqa: ARG002 - the interface
        self.world.rows.append((what, result))

    def deployed(self, service: str, slot: Slot, image: str) -> None:  # noqa: ARG002 - the interface
        self.world.told.append(f"deployed {slot}")

    def rolled_back(self, service: str, slot: Slot, previous: str, reason: str) -> None:  # noqa: ARG002 - the interface
        self.world.told.append(f"rolled back {slot}")


@dataclass
class History:
    world: World

    def commit(self, subject: str) -> None:
        self.world.versions.append((subject, self.world.file()))
        self.world.happened("commit")

    def earlier(self, service: str) -> list[ServiceRelease]:
        return [releases.services[service] for _, releases in reversed(self.world.versions)]


@cache
def _settings(strategy: str) -> Settings:
    with tempfile.TemporaryDirectory() as folder:
        return Checkout(Path(folder), "prod").load({f"services.{SERVICE}.strategy": strategy})


def world(folder: Path, strategy: str = "blue_green") -> World:
    """A stack with the storefront's first image in slot blue."""
    file = folder / "releases" / "prod.yaml"
    file.parent.mkdir()
    file.write_text(_FIRST.format(image=image(0)), encoding="utf-8")
    releases = ReleaseFile(folder, "prod").read().releases
    settings = _settings(strategy).model_copy(update={"releases": releases})
    made = World(folder, settings, seen=7, well={image(0)})
    fqdn = settings.service_fqdn(SERVICE)
    made.records[fqdn] = made.made[fqdn] = made.address("blue")
    made.pods[SERVICE, "blue"] = image(0)
    made.routing = dict.fromkeys(SLOTS, releases)
    made.versions.append(("first", releases))
    return made
