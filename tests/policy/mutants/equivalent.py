"""Changes that no requirement forbids, from a table of one line each: see `equivalent.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from policy.rules import kinds

if TYPE_CHECKING:
    from .engine import Mutant


@dataclass(frozen=True)
class Equivalent:
    """Changes (`*` is any text) that no requirement forbids."""

    type: str
    name: str
    path: str
    operator: str
    reason: str
    stacks: tuple[str, ...]
    shown: str

    def covers(self, mutant: Mutant, stack: str) -> bool:
        """Whether this entry means the mutant."""
        pairs = (
            (mutant.type, self.type),
            (mutant.name, self.name),
            (mutant.path, self.path),
            (mutant.operator, self.operator),
            (mutant.shown, self.shown),
        )
        return stack in self.stacks and all(fnmatchcase(text, pattern) for text, pattern in pairs)


def _each(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _entries(
    reason: str,
    types: str | Sequence[str],
    name: str,
    paths: str | Sequence[str],
    operator: str,
    stacks: Sequence[str] = ("dev", "staging", "prod"),
    shown: str = "*",
) -> Iterator[Equivalent]:
    """What a line says; types are called as in policy/rules/kinds.py."""
    tokens = [token for each in _each(types) for token in _each(getattr(kinds, each))]
    for token, path in product(tokens, _each(paths)):
        yield Equivalent(token, name, path, operator, reason, tuple(stacks), shown)


_TABLE: dict[str, list[Any]] = yaml.load(Path(__file__).with_suffix(".yaml").read_text(), yaml.CSafeLoader)
EQUIVALENT = tuple(each for reason, lines in _TABLE.items() for line in lines for each in _entries(reason, *line))
"""Every reason is needed by a mutant, which a test sees to."""
