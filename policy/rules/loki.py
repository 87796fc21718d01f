"""Loki keeps logs as long as the requirement says, and its bucket's lifecycle never deletes earlier (LOG-2, LOG-6)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import yaml

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .buckets import LOKI, class_of

DEFAULT_HOURS = 30 * 24
"""LOG-2: what has no class of its own is kept 30 days."""
SHORTEST_HOURS = 14 * 24
"""LOG-1: the shortest of all, access logs."""
TENANT_HOURS = {"audit": 90 * 24}
"""LOG-2: the audit tenant."""

_HOURS = {"h": 1.0, "d": 24.0, "w": 168.0, "y": 8760.0, "m": 1 / 60, "s": 1 / 3600}


@dataclass(frozen=True, slots=True)
class Kept:
    """One retention period in a Loki document."""

    where: str
    hours: float
    least: int


def hours_of(text: str) -> float | None:
    """Prometheus' way of writing durations (`30d`, `1d12h`) in hours; None when it is none."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[hdwyms])", text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return sum(float(number) * _HOURS.get(unit, 0.0) for number, unit in parts)


def _object(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _periods(document: object) -> Iterator[Kept]:
    """Every retention period that a loki.yaml, or its file of overrides, speaks of."""
    root = _object(document)
    yield from _limits(_object(root.get("limits_config")), "limits_config", DEFAULT_HOURS)
    for tenant, limits in _object(root.get("overrides")).items():
        yield from _limits(_object(limits), f"overrides.{tenant}", TENANT_HOURS.get(tenant, DEFAULT_HOURS))


def _limits(limits: dict[str, object], where: str, least: int) -> Iterator[Kept]:
    if "retention_period" in limits:
        yield Kept(f"{where}.retention_period", _given(limits["retention_period"]), least)
    streams = limits.get("retention_stream")
    for index, stream in enumerate(cast("list[object]", streams) if isinstance(streams, list) else []):
        yield Kept(f"{where}.retention_stream[{index}].period", _given(_object(stream).get("period")), SHORTEST_HOURS)


def _given(text: object) -> float:
    hours = hours_of(str(text))
    # 0 is Loki's word for "for ever".
    return float("inf") if hours == 0 or str(text) == "0" else hours or 0.0


def _documents(resource: Resource) -> Iterator[tuple[Value, list[Kept]]]:
    """The Loki documents in a ConfigMap whose name says that it is Loki's."""
    if "loki" not in resource.name and "loki" not in resource.props.at("metadata", "name").text:
        return
    for key, value in resource.props.at("data").entries():
        if key.endswith((".yaml", ".yml")):
            try:
                yield value, list(_periods(yaml.load(value.text, yaml.CSafeLoader)))
            except yaml.YAMLError:
                yield value, [Kept("the document (it is not YAML)", 0.0, DEFAULT_HOURS)]


@resource_rule(
    "loki-retention",
    requirements=("LOG-1", "LOG-2"),
    types=(kinds.CONFIG_MAP,),
)
def loki_retention(resource: Resource) -> Iterator[Finding]:
    """Loki keeps logs 30 days, the audit tenant's 90, and no class shorter than 14."""
    for document, periods in _documents(resource):
        for kept in periods:
            if kept.hours < kept.least:
                yield document.wrong(f"keeps {kept.where} shorter than {kept.least}h", f"give at least {kept.least}h")


@stack_rule(
    "loki-lifecycle-covers-retention",
    requirements=("LOG-6",),
    types=(kinds.CONFIG_MAP, kinds.BUCKET_LIFECYCLE),
    severity=Severity.CRITICAL,
)
def loki_lifecycle_covers_retention(stack: Stack) -> Iterator[Finding]:
    """The lifecycle of Loki's bucket is never shorter than Loki's longest retention."""
    kept = [
        (period.hours, period.where)
        for config in stack.of(kinds.CONFIG_MAP)
        for _, periods in _documents(config)
        for period in periods
    ]
    if not kept:
        return
    longest, where = max(kept)
    for lifecycle in stack.of(kinds.BUCKET_LIFECYCLE):
        if class_of(kinds.bucket_of(lifecycle).text) != LOKI:
            continue
        for rule in lifecycle.props.at("rules").items():
            expiration = rule.at("expiration")
            hours = hours_of(expiration.text)
            if hours is not None and hours < longest:
                wanted = f"{longest / 24:g} days" if longest != float("inf") else "no expiration"
                yield expiration.wrong(f"is {expiration.text}", f"Loki's {where} needs {wanted}")


RULES = (loki_retention, loki_lifecycle_covers_retention)
