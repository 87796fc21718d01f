"""What the release tool talks to in a world that is made up: the engine, name servers, gateways, who is told, git."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.dns_update import DnsError, LedElsewhereError
from release.contents import other
from release.context import Result
from release.errors import Refused, ReleaseError
from release.pulumi_engine.stack import LEDGER, RECORD
from release.pulumi_engine.targets import Change, Target, objections
from release.state import parse
from settings import Settings
from settings.releases import Releases, ServiceRelease
from settings.values import Slot
from tests.unit.release.outside import SLOTS, Outside

_URN = "urn:pulumi:prod::luxima::"


@dataclass
class Engine:
    world: Outside

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
        assert wanted == self.world.published, "the stack is changed by what could be lost"
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
    world: Outside

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
        if self.world.impatient:
            self.world.lead(other(self.world.live()))
        if (found := self.world.records[fqdn]) != expected:
            raise LedElsewhereError(f"{fqdn} leads to {found} now")
        if self.world.silent:
            raise DnsError("a secondary does not answer")
        self.world.happened("name servers answer")


@dataclass
class Gateways:
    world: Outside

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
    world: Outside

    def record(self, what: str, service: str, slot: Slot, image: str, result: Result, **details: Any) -> None:  # noqa: ARG002 - the interface
        self.world.rows.append((what, result))

    def deployed(self, service: str, slot: Slot, image: str) -> None:  # noqa: ARG002 - the interface
        self.world.told.append(f"deployed {slot}")

    def rolled_back(self, service: str, slot: Slot, previous: str, reason: str) -> None:  # noqa: ARG002 - the interface
        self.world.told.append(f"rolled back {slot}")


@dataclass
class History:
    world: Outside

    def commit(self, subject: str) -> None:
        self.world.versions.append((subject, self.world.file()))
        self.world.happened("commit")

    def publish(self, subject: str) -> None:  # noqa: ARG002 - the interface
        self.world.published = self.world.file()

    def earlier(self, service: str) -> list[ServiceRelease]:
        return [releases.services[service] for _, releases in reversed(self.world.versions)]
