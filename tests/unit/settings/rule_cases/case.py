"""What a case for a rule is."""

from dataclasses import dataclass
from typing import Any

from settings.rules import Rule


@dataclass(frozen=True)
class Case:
    """`bad` edits make `rule` report the setting `at` with `words`; `good` ones, close by, do not."""

    rule: Rule
    bad: dict[str, Any]
    at: str
    words: str
    good: dict[str, Any]
    stack: str = "dev"


def prod(rule: Rule, bad: dict[str, Any], at: str, words: str, good: dict[str, Any]) -> Case:
    return Case(rule, bad, at, words, good, "prod")


EXISTING = {"kubernetes.mode": "existing"}
