"""The servicer answers as the SDK's own does, by the name of the stack, and from what was declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import pytest
from google.protobuf import json_format
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy import policy as sdk

from policy.exemptions import EXEMPTIONS
from policy.judging import Declared, Rule
from policy.rules import kinds
from policy.serving import Servicer, policies
from policy.table import RULES

from .spec import UNKNOWN, Case, Spec, declared, urn
from .specs import SPECS

_SIGNED = {"keyName": "luxima", "keyAlgorithm": "hmac-sha256"}
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def _servicer(kind: Any, stack: str, rules: Sequence[Rule] = RULES) -> Any:
    if issubclass(kind, Servicer):
        kind = type("Tried", (kind,), {"rules": rules})
    return kind("luxima", "0.0.1", policies(rules, stack), EnforcementLevel.ADVISORY)


def _request(each: Declared) -> proto.AnalyzeRequest:
    request = proto.AnalyzeRequest(type=each.subject.type, name=each.subject.name, urn=each.subject.urn)
    json_format.ParseDict(dict(each.props), request.properties)
    request.options.protect = each.protect
    return request


def _stack_request(case: Case) -> proto.AnalyzeStackRequest:
    request = proto.AnalyzeStackRequest()
    for each in case:
        resource = request.resources.add()
        resource.type, resource.name, resource.urn = each.subject.type, each.subject.name, each.subject.urn
        json_format.ParseDict(dict(each.props), resource.properties)
        for name, urns in each.refers.items():
            resource.propertyDependencies[name].urns.extend(urns)
    return request


def _said(response: proto.AnalyzeResponse) -> list[tuple[str, str, int]]:
    return [(each.policyName, each.message, each.enforcementLevel) for each in response.diagnostics]


def _cases(spec: Spec) -> Iterator[Case]:
    yield spec.passes[0]
    yield spec.fails[0].case
    for trial in spec.unknown[:1]:
        yield trial.case


def _compare(rules: Sequence[Rule], cases: Iterable[Case]) -> int:
    """Ask both servicers the same; the number of findings, which are the same."""
    own, theirs = (_servicer(kind, "prod", rules) for kind in (Servicer, sdk._PolicyAnalyzerServicer))  # pyright: ignore[reportPrivateUsage]
    said = 0
    for case in cases:
        for each in case:
            expected = _said(theirs.Analyze(_request(each), None))
            assert _said(own.Analyze(_request(each), None)) == expected
            said += len(expected)
        expected = _said(theirs.AnalyzeStack(_stack_request(case), None))
        assert _said(own.AnalyzeStack(_stack_request(case), None)) == expected
        said += len(expected)
    return said


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.rule)
def test_it_says_what_the_sdk_s_servicer_says(spec: Spec) -> None:
    rule = next(rule for rule in RULES if rule.name == spec.rule)
    assert _compare([rule], _cases(spec)) > 0


def test_all_rules_together_say_what_they_say_in_the_sdk_s_servicer() -> None:
    assert _compare(RULES, (spec.fails[0].case for spec in SPECS[::20])) > 20


@pytest.mark.parametrize("stack", ["dev", "staging", "prod", "", "another"])
def test_the_stack_s_name_from_the_engine_decides(stack: str) -> None:
    servicer = _servicer(Servicer, "dev")
    servicer.ConfigureStack(proto.AnalyzerStackConfigureRequest(stack=stack), None)
    words = {proto.ADVISORY: "advisory", proto.MANDATORY: "mandatory", proto.DISABLED: "off"}
    info = servicer.GetAnalyzerInfo(None, None)
    levels = {each.name: words[each.enforcementLevel] for each in info.policies}
    assert levels == {rule.name: rule.level(stack).value for rule in RULES}


def test_without_a_name_everything_that_is_mandatory_in_prod_is() -> None:
    servicer = _servicer(Servicer, "")
    response = servicer.Analyze(_request(declared(kinds.BUCKET, {"bucket": "b", "forceDestroy": True})), None)
    assert [
        (each.policyName, each.enforcementLevel) for each in response.diagnostics if "force" in each.policyName
    ] == [("bucket-force-destroy", proto.MANDATORY)]


def test_a_rule_that_is_off_is_not_asked() -> None:
    bucket = _request(declared(kinds.BUCKET, {"bucket": "luxima-media"}))
    asked = {
        stack: [each.policyName for each in _servicer(Servicer, stack).Analyze(bucket, None).diagnostics]
        for stack in ("dev", "prod")
    }
    assert asked == {"dev": [], "prod": ["bucket-protected"]}


def test_rules_on_the_stack_judge_what_was_declared_not_outputs_that_a_preview_lacks() -> None:
    servicer = _servicer(Servicer, "prod")
    bucket = declared(kinds.BUCKET, {"bucket": "luxima-loki"}, "loki")
    others = (
        declared(kinds.BUCKET_ENCRYPTION, {"bucket": "luxima-loki", "encryptionType": "aws:kms", "kmsKeyId": "k"}),
        declared(
            kinds.BUCKET_LIFECYCLE, {"bucket": "luxima-loki", "rules": [{"filter": "fake/", "expiration": "90d"}]}
        ),
    )
    for each in (bucket, *others):
        servicer.Analyze(_request(each), None)
    bare = tuple(declared(each.subject.type, {}, each.subject.name) for each in (bucket, *others))
    assert _said(servicer.AnalyzeStack(_stack_request(bare), None)) == []
    # A resource that is no longer in the stack does not count, whatever was declared before.
    assert [name for name, _, _ in _said(servicer.AnalyzeStack(_stack_request(bare[:1]), None))] == [
        "bucket-encrypted",
        "bucket-lifecycle",
    ]


def test_what_was_not_declared_in_this_run_is_judged_by_what_it_is_known_to_be() -> None:
    known = (declared(kinds.BUCKET, {"bucket": "luxima-loki"}),)
    assert {name for name, _, _ in _said(_servicer(Servicer, "prod").AnalyzeStack(_stack_request(known), None))} == {
        "bucket-encrypted",
        "bucket-lifecycle",
    }


def test_a_secret_is_judged_by_its_value_and_never_said() -> None:
    container = {"env": [{"name": "DB_PASSWORD", "value": {**_SECRET, "value": "hunter22"}}]}
    deployment = declared(kinds.DEPLOYMENT, {"spec": {"template": {"spec": {"containers": [container]}}}})
    said = _said(_servicer(Servicer, "prod").Analyze(_request(deployment), None))
    assert "container-env-secrets" in [name for name, _, _ in said]
    assert "hunter22" not in str(said)


def test_an_unknown_value_is_as_mandatory_as_the_rule() -> None:
    record = declared(kinds.DNS_RECORD, {**_SIGNED, "type": "A", "ttl": UNKNOWN})
    assert [(name, level) for name, _, level in _said(_servicer(Servicer, "dev").Analyze(_request(record), None))] == [
        ("record-ttl", proto.MANDATORY)
    ]


def test_a_finding_on_the_stack_names_its_resource() -> None:
    case = (declared(kinds.BUCKET, {"bucket": "luxima-media"}, "media"),)
    response = _servicer(Servicer, "prod").AnalyzeStack(_stack_request(case), None)
    assert {each.urn for each in response.diagnostics} == {urn(kinds.BUCKET, "media")}


def test_a_level_that_the_user_configured_wins() -> None:
    servicer = _servicer(Servicer, "prod")
    request = proto.ConfigureAnalyzerRequest()
    request.policyConfig["record-ttl"].enforcementLevel = cast("Any", proto.ADVISORY)
    servicer.Configure(request, None)
    record = declared(kinds.DNS_RECORD, {**_SIGNED, "type": "A", "ttl": 3600.0})
    assert [level for _, _, level in _said(servicer.Analyze(_request(record), None))] == [proto.ADVISORY]


def test_nothing_is_remediated() -> None:
    request = _request(declared(kinds.BUCKET, {"bucket": "b", "forceDestroy": True}))
    assert list(_servicer(Servicer, "prod").Remediate(request, None).remediations) == []


def test_the_exemptions_of_the_pack_are_in_force() -> None:
    assert Servicer.exemptions is EXEMPTIONS
    provider = declared(kinds.KUBERNETES_PROVIDER, {"kubeconfig": UNKNOWN}, "kubernetes")
    assert _said(_servicer(Servicer, "prod").Analyze(_request(provider), None)) == []
