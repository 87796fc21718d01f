"""The table of all rules; documentation, pack and tests are made from it."""

from __future__ import annotations

from .judging import Rule
from .rules import (
    compute,
    containers,
    coverage,
    dns,
    encryption,
    exposure,
    https,
    images,
    loki,
    namespaces,
    retention,
    routes,
    secrets,
    workloads,
)

SUBJECTS: dict[str, tuple[Rule, ...]] = {
    "HTTPS": https.RULES,
    "Encryption": encryption.RULES,
    "Retention": retention.RULES,
    "Loki": loki.RULES,
    "Secrets in plain text": secrets.RULES,
    "Workloads": workloads.RULES,
    "Images and charts": images.RULES,
    "Namespaces": namespaces.RULES,
    "Docker containers": containers.RULES,
    "Public exposure": exposure.RULES,
    "Routes": routes.RULES,
    "Compute": compute.RULES,
    "DNS": dns.RULES,
    "Coverage": coverage.RULES,
}
RULES: tuple[Rule, ...] = tuple(rule for rules in SUBJECTS.values() for rule in rules)
