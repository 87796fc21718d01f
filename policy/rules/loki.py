"""Loki keeps logs as long as the requirement says, and its bucket's lifecycle never deletes earlier (LOG-2, LOG-6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .buckets import LOKI, class_of
from .documents import LOKI as LOKI_FILE
from .documents import OVERRIDES, contents

DEFAULT_HOURS = 30 * 24
"""LOG-2: what has no class of its own is kept 30 days."""
SHORTEST_HOURS = 14 * 24
"""LOG-1: the shortest of all, access logs."""
TENANT_HOURS = {"audit": 90 * 24}
"""LOG-2: the audit tenant."""
CLASSES: Mapping[str, int] = {
    "api": 30 * 24,
    "edge_functions": 30 * 24,
    "docker": 15 * 24,
    "syslog": 30 * 24,
    "access": 14 * 24,
    "security": 60 * 24,
}
"""LOG-1, in hours."""

_HOURS = {"h": 1.0, "d": 24.0, "w": 168.0, "y": 8760.0, "m": 1 / 60, "s": 1 / 3600}


def hours_of(text: str) -> float | None:
    """Prometheus' way of writing durations (`30d`, `1d12h`) in hours; None when it is none."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[hdwyms])", text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return sum(float(number) * _HOURS.get(unit, 0.0) for number, unit in parts)


def _kept(resource: Resource) -> Iterator[tuple[Value, float, int]]:
    """Each retention period of which a document of Loki's speaks, in hours, and the least that it may be."""
    for content in contents(resource, LOKI_FILE):
        yield from _limits(content.at("limits_config"), DEFAULT_HOURS)
    for content in contents(resource, OVERRIDES):
        for tenant, limits in content.at("overrides").entries():
            yield from _limits(limits, TENANT_HOURS.get(tenant, DEFAULT_HOURS))


def _limits(limits: Value, least: int) -> Iterator[tuple[Value, float, int]]:
    period = limits.at("retention_period")
    if period.present:
        yield period, _given(period.text), least
    for stream in limits.at("retention_stream").items():
        named = re.fullmatch(r'\{class="([a-z_]+)"\}', stream.at("selector").text.replace(" ", ""))
        yield (
            stream.at("period"),
            _given(stream.at("period").text),
            CLASSES.get(named[1] if named else "", SHORTEST_HOURS),
        )


def _given(text: str) -> float:
    hours = hours_of(text)
    # 0 is Loki's word for "for ever".
    return float("inf") if hours == 0 or text == "0" else hours or 0.0


@resource_rule("loki-retention", requirements=("LOG-1", "LOG-2"), types=(kinds.CONFIG_MAP,))
def loki_retention(resource: Resource) -> Iterator[Finding]:
    """Loki keeps logs 30 days, the audit tenant's 90, each class as long as it is to be, and none shorter than 14."""
    for place, hours, least in _kept(resource):
        if hours < least:
            yield place.wrong(f"is {place.text or 'missing'}", f"give at least {least}h")


@stack_rule(
    "loki-lifecycle-covers-retention",
    requirements=("LOG-6",),
    types=(kinds.CONFIG_MAP, kinds.BUCKET_LIFECYCLE),
    severity=Severity.CRITICAL,
)
def loki_lifecycle_covers_retention(stack: Stack) -> Iterator[Finding]:
    """The lifecycle of Loki's bucket is never shorter than Loki's longest retention."""
    kept = [each for config in stack.of(kinds.CONFIG_MAP) for each in _kept(config)]
    if not kept:
        return
    place, longest, _ = max(kept, key=lambda each: each[1])
    for lifecycle in stack.of(kinds.BUCKET_LIFECYCLE):
        if class_of(kinds.bucket_of(lifecycle).text) != LOKI:
            continue
        for rule in lifecycle.props.at("rules").items():
            expiration = rule.at("expiration")
            hours = hours_of(expiration.text)
            if hours is not None and hours < longest:
                wanted = f"{longest / 24:g} days" if longest != float("inf") else "no expiration"
                yield expiration.wrong(f"is {expiration.text}", f"Loki's {place.path} needs {wanted}")
