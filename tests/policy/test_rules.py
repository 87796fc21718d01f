"""Every rule against its spec: what passes, what fails, what is unknown, and what an exemption lets pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from policy.exempting import Covers, Exemption
from policy.exemptions import EXEMPTIONS
from policy.judging import Rule
from policy.table import RULES

from .spec import Spec, Wrong
from .specs import SPECS

_BY_NAME = {rule.name: rule for rule in RULES}


_EACH_RULE = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.rule)
"""One test for all cases of a rule: a test for each took longer than the cases themselves."""


def _exempting(rule: Rule, trial: Wrong, covers: Covers) -> list[Exemption]:
    subjects = {each.subject for each in trial.case}
    return [
        Exemption(rule.name, subject.type, subject.name, path, covers, "for this test")
        for subject in subjects
        for path in trial.paths
    ]


def test_every_rule_has_one_spec_with_all_four_cases() -> None:
    assert Counter(spec.rule for spec in SPECS) == Counter(rule.name for rule in RULES)
    incomplete = sorted(spec.rule for spec in SPECS if not (spec.passes and spec.fails and spec.unknown))
    assert incomplete == ["judged-type", "text-secrets"], "which read none that could be unknown, or pass over it"


def test_every_rule_says_what_it_wants_and_why() -> None:
    for rule in RULES:
        assert rule.says.endswith("."), rule.name
        assert rule.requirements, rule.name
        assert rule.types, rule.name
        mandatory = rule.dev.value == rule.elsewhere.value == "mandatory"
        assert bool(rule.because) is not mandatory, f"{rule.name}: a reason is given where a rule is not mandatory"


@_EACH_RULE
def test_passes(spec: Spec) -> None:
    rule = _BY_NAME[spec.rule]
    for index, case in enumerate(spec.passes):
        assert [rule.message(finding) for finding in rule.judge(case, EXEMPTIONS)] == [], f"case {index}"


@_EACH_RULE
def test_fails(spec: Spec) -> None:
    rule = _BY_NAME[spec.rule]
    for index, trial in enumerate(spec.fails):
        findings = rule.judge(trial.case, EXEMPTIONS)
        assert {finding.path for finding in findings} == trial.paths, f"case {index}"
        for finding in findings:
            message = rule.message(finding)
            where = f"{finding.path} " if finding.path else ""
            assert message.startswith(f"{finding.subject.name} ({finding.subject.type}): {where}{finding.problem}; ")
            assert message.endswith(f"({', '.join(rule.requirements)})")
            assert not finding.unknown
            assert [each for each in trial.never if each in message] == []


@_EACH_RULE
def test_unknown_is_a_failure_that_names_the_place(spec: Spec) -> None:
    rule = _BY_NAME[spec.rule]
    for index, trial in enumerate(spec.unknown):
        findings = [finding for finding in rule.judge(trial.case, EXEMPTIONS) if finding.unknown]
        assert {finding.path for finding in findings} == trial.paths, f"case {index}"
        assert "is not known before the update" in rule.message(findings[0])


@_EACH_RULE
def test_exempt_violation(spec: Spec) -> None:
    rule = _BY_NAME[spec.rule]
    for index, trial in enumerate(spec.fails):
        exempting = _exempting(rule, trial, Covers.VIOLATION)
        assert rule.judge(trial.case, exempting) == [], f"case {index}"
    # How an entry is compared does not depend on the rule: one case shows that it is compared at all.
    for trial in spec.fails[:1]:
        exempting = _exempting(rule, trial, Covers.VIOLATION)
        for other in ({"rule": "another"}, {"name": "another"}, {"type": "another"}, {"covers_what": Covers.UNKNOWN}):
            assert rule.judge(trial.case, [replace(each, **other) for each in exempting])


@_EACH_RULE
def test_exempt_unknown(spec: Spec) -> None:
    rule = _BY_NAME[spec.rule]
    for index, trial in enumerate(spec.unknown):
        before = rule.judge(trial.case, [])
        exempting = _exempting(rule, trial, Covers.UNKNOWN)
        left = [finding for finding in rule.judge(trial.case, exempting) if finding.unknown]
        assert left == [], f"case {index}"
        other = [replace(each, covers_what=Covers.VIOLATION) for each in exempting]
        assert rule.judge(trial.case, other) == before, f"case {index}"
