"""Which resources of the stack each step of a release is about; the names are the components' own."""

from collections.abc import Iterable, Sequence
from typing import Final

from release.contents import Kind
from release.pulumi_engine.stack import LEDGER, RECORD
from release.pulumi_engine.targets import Target
from settings import Settings
from settings.values import Slot

_IDLE: Final = frozenset({"create", "update", "replace", "create-replacement", "delete-replaced", "delete"})
"""Nobody is served by it: anything may be done."""
_LIVE: Final = frozenset({"create", "update"})
"""Users are served by it: nothing is taken away."""
_CONFIG_MAP: Final = "kubernetes:core/v1:ConfigMap"


def ledger() -> Target:
    """The stack's memory of the release file, which refuses an older one; it is part of every step."""
    return Target("release-ledger", LEDGER)


def public_record(service: str) -> Target:
    """The public name of a service; a switch changes its address and nothing else of it."""
    return Target(
        f"dns-public-service-{service}", RECORD, operations=frozenset({"update"}), keys=frozenset({"records"})
    )


def guard(settings: Settings, service: str) -> Target:
    """The watch over the probation, in the cluster."""
    foreign = tuple(f"guard-{other}" for other in _alike(settings, service))
    return Target(f"guard-{service}", below=True, operations=_IDLE, foreign=foreign)


def routing(slots: Iterable[Slot]) -> list[Target]:
    """What the gateways do with requests."""
    return [Target(f"gateway-{slot}-routing", _CONFIG_MAP) for slot in slots]


def slot_of(settings: Settings, service: str, slot: Slot, *, live: bool = False) -> list[Target]:
    """The workload of a slot, and the slot's own name."""
    return [
        _below(settings, service, slot, _LIVE if live else _IDLE),
        Target(f"dns-public-service-{service}-{slot}", RECORD),
    ]


def candidate(settings: Settings, service: str, kind: Kind) -> list[Target]:
    """The workload of a canary or a shadow."""
    return [_below(settings, service, kind, _IDLE)]


def whole(settings: Settings, service: str) -> list[Target]:
    """Everything of a service that was not released before."""
    names = [f"dns-public-service-{service}", *(f"dns-public-service-{service}-{slot}" for slot in ("blue", "green"))]
    foreign = tuple(f"service-{other}" for other in _alike(settings, service))
    return [
        Target(f"service-{service}", below=True, foreign=foreign),
        *(Target(name, RECORD, operations=frozenset({"create"})) for name in names),
    ]


def _below(settings: Settings, service: str, part: str, operations: frozenset[str]) -> Target:
    foreign = tuple(f"service-{other}" for other in _alike(settings, service))
    return Target(f"service-{service}-{part}", below=True, operations=operations, foreign=foreign)


def _alike(settings: Settings, service: str) -> Sequence[str]:
    """Services whose names begin with this one's."""
    return [other for other in settings.services if other.startswith(f"{service}-")]
