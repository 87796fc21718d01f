"""The rules that an alert needs: promtool evaluates every rule of its files at every step of every case."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from components.observability.rules.model import Alert, Group, Links, Recording
from components.text import to_yaml
from tests.documents.rules import expressions

_OF_ALERTS = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


def narrowed(groups: Sequence[Group], alerts: Collection[str]) -> list[Group]:
    """These alerts and what records what they read, in their order; everything, where one reads other alerts."""
    rules = [rule for group in groups for rule in group.rules]
    wanted = [rule for rule in rules if isinstance(rule, Alert) and rule.name in alerts]
    needed, read = set[int](), set[str]()
    while wanted:
        needed |= {id(rule) for rule in wanted}
        read |= {name for rule in wanted for name in expressions.metrics(rule.expr)}
        wanted = [
            rule for rule in rules if isinstance(rule, Recording) and rule.record in read and id(rule) not in needed
        ]
    if read & _OF_ALERTS:
        return list(groups)
    kept = (replace(group, rules=[rule for rule in group.rules if id(rule) in needed]) for group in groups)
    return [group for group in kept if group.rules]


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
