"""What a case for a rule is."""

import re
from dataclasses import dataclass, field
from typing import Any

from settings.rules import Rule

EXISTING = {"kubernetes.mode": "existing"}
_REAL = object()


@dataclass(frozen=True)
class Case:
    """`bad` edits of a real stack make `rule` report a setting with `words`; `good` ones, close by, do not."""

    rule: Rule
    bad: dict[str, Any]
    words: str
    good: dict[str, Any] = field(default_factory=dict[str, Any])
    at: str = ""
    """The setting, where it is not the last that is edited."""
    stack: str = "dev"

    @property
    def place(self) -> str:
        """The setting as the report names it."""
        return self.at or re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", [*self.bad][-1])


def prod(rule: Rule, bad: dict[str, Any], words: str, good: dict[str, Any] | None = None, *, at: str = "") -> Case:
    return Case(rule, bad, words, good or {}, at, "prod")


def value(rule: Rule, at: str, bad: object, words: str, good: object = _REAL, *, stack: str = "dev") -> Case:
    """One setting that has a bad value, and a good one; the stack's own is good in any case."""
    return Case(rule, {at: bad}, words, {} if good is _REAL else {at: good}, stack=stack)
