"""The allow-list itself: each entry is needed, and lets pass what it says and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import reduce

import pytest

from policy.exempting import Covers, Exemption, ending
from policy.exemptions import EXEMPTIONS
from policy.rules import kinds
from policy.table import RULES

from .mutants.engine import platform
from .mutants.operators import places, put
from .spec import UNKNOWN, Case, one


def _pod(spec: dict[str, object]) -> dict[str, object]:
    return {"spec": {"template": {"spec": spec}}}


_CHART = "certificates-cert-manager-chart:*"
_MADE = _CHART.replace("*", "cert-manager/cert-manager")
_OF_CHART: dict[tuple[str, str, str, str], Case] = {
    ("role-narrow", kinds.ROLES[0], _CHART, "rules*"): one(
        kinds.ROLES[0], {"rules": [{"resources": ["secrets"], "verbs": ["get"]}]}, _MADE
    ),
    ("role-narrow", kinds.ROLES[1], _CHART, "rules*"): one(
        kinds.ROLES[1], {"rules": [{"resources": ["secrets"], "verbs": ["create"]}]}, _MADE
    ),
    ("account-token", kinds.SERVICE_ACCOUNT_KUBERNETES, _CHART, "automountServiceAccountToken"): one(
        kinds.SERVICE_ACCOUNT_KUBERNETES, {}, _MADE
    ),
    ("workload-rollout", kinds.DEPLOYMENT, _CHART, "spec.*"): one(kinds.DEPLOYMENT, {"spec": {}}, _MADE),
    ("workload-ends-in-order", kinds.DEPLOYMENT, _CHART, "spec.template.spec.*"): one(
        kinds.DEPLOYMENT, _pod({"containers": [{"name": "main"}]}), _MADE
    ),
    ("workload-spread", kinds.DEPLOYMENT, _CHART, "spec.template.spec.topologySpreadConstraints"): one(
        kinds.DEPLOYMENT, {"spec": {"replicas": 2}}, _MADE
    ),
}
"""By rule, type, name and property path."""


def _cases(exemption: Exemption) -> Iterator[Case]:
    """What the entry is for: its resources in the stacks, with an unknown value where it speaks of one."""
    if exemption.name == _CHART:
        yield _OF_CHART[exemption.rule, exemption.type, exemption.name, exemption.path]
    for stack in ("prod", "staging"):
        declared = platform(stack)
        meant = [
            each
            for each in declared
            if each.subject.type == exemption.type and fnmatchcase(each.subject.name, exemption.name)
        ]
        if meant and exemption.covers_what is Covers.VIOLATION:
            yield declared
            continue
        for each in meant:
            found = [path for path, _ in places(each.props, _pattern(exemption.path))]
            if found:
                yield (replace(each, props=reduce(lambda props, path: put(props, path, UNKNOWN), found, each.props)),)


def _pattern(path: str) -> str:
    """A path of a finding as operators of mutants take it."""
    steps = re.findall(r'\["([^"]+)"\]|\[(\d+|\*)\]|([^.\[\]]+)', path)
    return "/".join("".join(step).replace("/", "~1") for step in steps)


def test_every_entry_of_the_chart_has_a_case() -> None:
    of_chart = {(each.rule, each.type, each.name, each.path) for each in EXEMPTIONS if each.name == _CHART}
    assert of_chart == set(_OF_CHART)


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda each: f"{each.rule}:{each.name}:{each.path}")
def test_the_entry_is_needed_and_enough(exemption: Exemption) -> None:
    rule = next(rule for rule in RULES if rule.name == exemption.rule)
    others = [each for each in EXEMPTIONS if each is not exemption]
    assert any(rule.judge(case, others) for case in _cases(exemption)), "the entry changes nothing: remove it"
    assert [finding for case in _cases(exemption) for finding in rule.judge(case, EXEMPTIONS)] == []
    assert len(exemption.reason) > 40


def test_what_no_update_has_made_yet_is_unknown_to_every_rule_that_asks_for_it() -> None:
    """A rule that begins to read it would refuse the first `up` of each stack."""
    # Of many places, such as a container's files, some are known.
    unknown = [each for each in EXEMPTIONS if each.covers_what is Covers.UNKNOWN and "*" not in each.path]
    said = {
        f"{rule.name}: {finding.subject.name} {finding.path}"
        for case in {each.subject.urn: (each,) for exemption in unknown for (each,) in _cases(exemption)}.values()
        for rule in RULES
        if case[0].subject.type in rule.types
        for finding in rule.judge(case, EXEMPTIONS)
        if finding.problem.startswith("is not known")
    }
    assert said == set()


def test_a_known_value_is_judged_where_only_an_unknown_one_is_exempt() -> None:
    kubeconfig = {"kubeconfig": "insecure-skip-tls-verify: true"}
    rule = next(rule for rule in RULES if rule.name == "kubernetes-provider-tls")
    assert rule.judge(one(kinds.KUBERNETES_PROVIDER, kubeconfig, "kubernetes"), EXEMPTIONS)


def test_a_star_stands_for_any_text_and_nothing_else_is_special() -> None:
    rule = next(rule for rule in RULES if rule.name == "workload-host-access")
    case = one(kinds.DAEMON_SET, {"spec": {"template": {"spec": {"volumes": [{"hostPath": {"path": "/"}}]}}}}, "node-a")
    entry = Exemption(
        rule.name,
        kinds.DAEMON_SET,
        "node-*",
        "spec.template.spec.volumes[*].hostPath",
        Covers.VIOLATION,
        "a node agent",
    )
    assert rule.judge(case, [entry]) == []
    assert rule.judge(case, [replace(entry, path="spec.template.spec.volumes[01].hostPath")])
    assert rule.judge(case, [replace(entry, name="node-.")])


def test_each_has_an_owner_and_ends_within_a_year() -> None:
    today = datetime.now(UTC).date()
    assert all(each.owner and each.ends <= today + timedelta(days=366) for each in EXEMPTIONS)


def test_an_expired_entry_lets_nothing_pass_and_one_that_ends_soon_is_spoken_of() -> None:
    entry = next(each for each in EXEMPTIONS if each.rule == "docker-non-root")
    case = next(_cases(entry))
    rule = next(rule for rule in RULES if rule.name == entry.rule)
    today = datetime.now(UTC).date()
    ended, soon, later = (replace(entry, ends=today + timedelta(days=days)) for days in (-1, 29, 31))
    assert rule.judge(case, [ended])
    assert rule.judge(case, [soon]) == []
    assert ending([ended, soon, later], today) == ([ended], [soon])
