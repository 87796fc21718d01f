"""The rules that an alert needs: promtool evaluates every rule of its files at every step of every case."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from components.observability.rules.model import Alert, Group, Links, Recording
from components.text import to_yaml
from tests.documents.rules import expressions

_OF_ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_OF_NOTHING = ("absent", "vector(")
"""What gives something of no series at all."""


def narrowed(groups: Sequence[Group], alerts: Collection[str], given: Iterable[str]) -> list[Group]:
    """These alerts and what records what they read, in their order.

    Where one reads other alerts, these are all that the given series can make true.
    """
    rules = [rule for group in groups for rule in group.rules]
    wanted = [rule for rule in rules if isinstance(rule, Alert) and rule.name in alerts]
    if any(_OF_ALERTS & expressions.metrics(rule.expr) for rule in wanted):
        wanted += _fed(rules, {series.partition("{")[0] for series in given})
    needed, read = set[int](), set[str]()
    while wanted:
        needed |= {id(rule) for rule in wanted}
        read |= {name for rule in wanted for name in expressions.metrics(rule.expr)}
        wanted = [
            rule for rule in rules if isinstance(rule, Recording) and rule.record in read and id(rule) not in needed
        ]
    kept = (replace(group, rules=[rule for rule in group.rules if id(rule) in needed]) for group in groups)
    return [group for group in kept if group.rules]


def _fed(rules: Sequence[Alert | Recording], there: set[str]) -> list[Alert | Recording]:
    """The alerts that can be true where only these metrics are there: those of what is absent, too."""

    def fed(rule: Alert | Recording) -> bool:
        return bool(expressions.metrics(rule.expr) & there) or any(word in rule.expr for word in _OF_NOTHING)

    while more := {rule.record for rule in rules if isinstance(rule, Recording) and fed(rule)} - there:
        there |= more
    return [rule for rule in rules if isinstance(rule, Alert) and fed(rule)]


def write(groups: Sequence[Group], links: Links, evaluation: str, tests: Iterable[Any], folder: Path, name: str) -> str:
    """Write cases with the rules that they are of; gives the name of promtool's document."""
    rules, cases = f"{name}.rules.yml", f"{name}.test"
    (folder / rules).write_text(to_yaml({"groups": [group.document(links) for group in groups]}), encoding="utf-8")
    document = {
        "rule_files": [rules],
        "evaluation_interval": evaluation,
        "group_eval_order": [group.name for group in groups],
        "tests": list(tests),
    }
    (folder / cases).write_text(to_yaml(document), encoding="utf-8")
    return cases
