"""Whatever is broken, a rule says so; what no rule has to say anything about has its reason in the table."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from policy.exemptions import EXEMPTIONS
from policy.rules import kinds
from policy.table import RULES
from tests.recording import STACKS

from .mutants.__main__ import judged
from .mutants.engine import Judge, Verdict, mutants, platform, rewritten
from .mutants.equivalent import EQUIVALENT
from .mutants.table import KINDS

OF_COOLIFY = frozenset({"environment", "postDeployment", "variables", "networksAdvanced/0/name"})
"""What of Coolify's resources is broken, and what the database's network is kept free of."""


def _survivors(verdicts: Sequence[Verdict]) -> list[str]:
    return [each.mutant.title for each in verdicts if each.outcome == "survived"]


def test_of_a_sample_none_survives() -> None:
    """The first mutant of each row and operator in prod."""
    judge = Judge("prod")
    verdicts = [judge.judge(each) for each in mutants("prod", first_only=True)]
    assert _survivors(verdicts) == []
    assert {each.mutant.kind for each in verdicts if each.outcome == "caught"} == set(KINDS)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_of_all_mutants_of_all_stacks_none_survives() -> None:
    """Seven minutes on two cores; each reason in the table is that of a mutant."""
    verdicts = [(stack, each) for stack in STACKS for each in judged(stack)]
    assert [f"{stack}: {each.mutant.title}" for stack, each in verdicts if each.outcome == "survived"] == []
    given = {each.by for _, each in verdicts if each.outcome == "equivalent"}
    assert sorted({each.reason for each in EQUIVALENT} - given) == []


def test_what_staging_alone_has_is_broken_as_well() -> None:
    judge = Judge("staging")
    made = [each for each in mutants("staging") if each.name.startswith("coolify-") and each.path in OF_COOLIFY]
    assert {(each.path, judge.judge(each).outcome) for each in made} == {(path, "caught") for path in OF_COOLIFY}


def test_writing_a_document_anew_breaks_nothing() -> None:
    """Else a mutant could be caught for how it is written, not for what it says."""
    for each in platform("prod"):
        if each.subject.type in {kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER, kinds.FILE}:
            for made in rewritten(each):
                said = [
                    rule.message(finding)
                    for rule in RULES
                    if rule.check_stack is None and each.subject.type in rule.types
                    for finding in rule.judge([made], EXEMPTIONS)
                ]
                assert said == []


def test_a_reason_says_something() -> None:
    assert all(len(each.reason) > 30 for each in EQUIVALENT)
