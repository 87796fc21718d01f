"""The rules on pod security say of every case of Kubernetes' own what Kubernetes says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from policy.rules import kinds, pod_security
from policy.table import rules_of
from tools import ensure

from .spec import one

_RULES = rules_of(pod_security)
pytestmark = pytest.mark.needs_tools


def _cases(verdict: str) -> list[Path]:
    name = f"pod-security-{verdict}"
    return sorted(ensure(name)[name].glob("*.yaml"))


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_the_verdict_is_that_of_kubernetes(verdict: str) -> None:
    cases = _cases(verdict)
    assert len(cases) > 20
    different: list[str] = []
    for case in cases:
        pod = one(kinds.POD, yaml.load(case.read_text(encoding="utf-8"), yaml.CSafeLoader))
        said = [finding for rule in _RULES for finding in rule.judge(pod, [])]
        if bool(said) != (verdict == "fail"):
            different.append(f"{case.name}: {[finding.path for finding in said]}")
    assert different == []


def test_a_case_fails_by_one_rule_at_least_of_those_that_are_meant() -> None:
    """A rule that no case breaks would be one that Kubernetes does not have."""
    breaking = {rule.name: 0 for rule in _RULES}
    for case in _cases("fail"):
        pod = one(kinds.POD, yaml.load(case.read_text(encoding="utf-8"), yaml.CSafeLoader))
        for rule in _RULES:
            breaking[rule.name] += bool(rule.judge(pod, []))
    assert min(breaking.values()) > 0, breaking
