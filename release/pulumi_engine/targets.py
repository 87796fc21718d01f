"""Which resources a step of a release may touch, by type and name, and what it may do to them."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from automation.tokens import ENGINES_OWN

QUIET: Final = frozenset({"same", "read", "refresh"})
"""Operations that change nothing."""


@dataclass(frozen=True)
class Change:
    """One operation that the engine plans or did."""

    urn: str
    op: str
    type: str
    keys: tuple[str, ...] = ()
    """Inputs that differ."""

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.split("::", 3)[3]

    def __str__(self) -> str:
        keys = f" ({', '.join(self.keys)})" if self.keys else ""
        return f"{self.op} {self.name}{keys}"


@dataclass(frozen=True)
class Target:
    """Resources that a step is about.

    Attributes:
        name: Logical name; with `below` also every name that begins with it and a hyphen.
        type: Type token; any when empty.
        below: Whether resources of a component are meant with it.
        operations: What may be done to them.
        keys: Inputs that may differ in an update; any when None.
        foreign: Names that begin alike and belong to something else.
    """

    name: str
    type: str = ""
    below: bool = False
    operations: frozenset[str] = frozenset({"create", "update"})
    keys: frozenset[str] | None = None
    foreign: tuple[str, ...] = ()

    def patterns(self, stack: str, project: str) -> list[str]:
        """The target as the engine is told it: `**` is any text."""
        head = f"urn:pulumi:{stack}::{project}::**::"
        return [head + self.name, *([f"{head}{self.name}-**"] if self.below else [])]

    def means(self, change: Change) -> bool:
        """Whether a resource is meant."""
        if self.type and change.type != self.type:
            return False
        if any(_is_below(change.name, other) for other in self.foreign):
            return False
        return _is_below(change.name, self.name) if self.below else change.name == self.name

    def allows(self, change: Change) -> bool:
        """Whether that may be done to it."""
        fits = self.keys is None or change.op != "update" or set(change.keys) <= self.keys
        return change.op in self.operations and fits


def _is_below(name: str, start: str) -> bool:
    return name == start or name.startswith(f"{start}-")


def loud(changes: Sequence[Change]) -> list[Change]:
    """The changes among the operations."""
    return [change for change in changes if change.op not in QUIET and not change.type.startswith(ENGINES_OWN)]


def objections(changes: Sequence[Change], targets: Collection[Target]) -> list[Change]:
    """The changes that no target asks for."""
    return [
        change
        for change in loud(changes)
        if not any(target.means(change) and target.allows(change) for target in targets)
    ]


def short(image: str) -> str:
    """An image as a person tells it from others: its repository's last part and the digest's beginning."""
    match = re.fullmatch(r"(?:.*/)?([^/@]+)@sha256:([0-9a-f]{12})[0-9a-f]*", image)
    return f"{match[1]}@{match[2]}" if match else image
