"""The rules as policies of the SDK, and the servicer that asks them.

The SDK's own servicer unpacks every resource once for every policy, and tells the stack's name to a pack only by the
environment, which the official command line does not set. The servicer here unpacks a resource once, asks only the
rules of its type, remembers what was declared for the rules on the stack (a preview has no outputs of what is not made
yet), and takes the stack's name from the engine. The policies themselves also work under the SDK's own servicer, and a
test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import proto
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
    proxy,
)
from pulumi_policy import Severity as SdkSeverity
from pulumi_policy import policy as sdk
from pulumi_policy.deserialize import deserialize_properties

from .exempting import Exemption
from .exemptions import EXEMPTIONS
from .judging import Declared, Level, Rule, Subject
from .values import Finding

DOCUMENTATION = "docs/reference/policies.md"
_LEVELS = {
    Level.MANDATORY: EnforcementLevel.MANDATORY,
    Level.ADVISORY: EnforcementLevel.ADVISORY,
    Level.OFF: EnforcementLevel.DISABLED,
}


def policies(rules: Sequence[Rule], stack: str, exemptions: Sequence[Exemption] = EXEMPTIONS) -> list[Policy]:
    """One policy of the SDK for each rule, enforced as the table says for this stack."""
    return [_policy(rule, stack, exemptions) for rule in rules]


def _policy(rule: Rule, stack: str, exemptions: Sequence[Exemption]) -> Policy:
    common: dict[str, Any] = {
        "name": rule.name,
        "description": rule.says,
        "enforcement_level": _LEVELS[rule.level(stack)],
        "severity": SdkSeverity(rule.severity.value),
        "tags": list(rule.requirements),
        "url": DOCUMENTATION,
    }
    if rule.check_stack is not None:

        def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
            _report(rule, rule.judge([_from_sdk(resource) for resource in args.resources], exemptions), report)

        return StackValidationPolicy(validate=validate_stack, **common)

    def validate_resource(args: ResourceValidationArgs, report: ReportViolation) -> None:
        _report(rule, rule.judge([_from_sdk(args)], exemptions), report)

    return ResourceValidationPolicy(validate=validate_resource, **common)


def _report(rule: Rule, findings: Sequence[Finding], report: Callable[[str, str | None], None]) -> None:
    for finding in findings:
        report(rule.message(finding), finding.subject.urn or None)


def _from_sdk(given: ResourceValidationArgs | PolicyResource) -> Declared:
    refers: dict[str, tuple[str, ...]] = {}
    if isinstance(given, PolicyResource):
        refers = {
            name: tuple(source.urn for source in sources) for name, sources in given.property_dependencies.items()
        }
    props = cast("dict[str, object]", _without_proxies(given.props))
    return Declared(Subject(given.resource_type, given.name, given.urn), props, given.opts.protect, refers)


def _without_proxies(value: Any) -> object:
    """The plain data behind the SDK's proxies, which would raise on an unknown value wherever it is."""
    if isinstance(value, proxy._DictProxy | proxy._ListProxy):  # pyright: ignore[reportPrivateUsage] - no other way
        value = cast("Any", value)["__target"]
    if isinstance(value, dict):
        return {key: _without_proxies(entry) for key, entry in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_without_proxies(entry) for entry in cast("list[Any]", value)]
    return value


def _plain(properties: struct_pb2.Struct) -> dict[str, object]:
    """The properties as plain data, secrets unwrapped."""
    return cast("dict[str, object]", deserialize_properties(json_format.MessageToDict(properties)))


class Servicer(sdk._PolicyAnalyzerServicer):  # pyright: ignore[reportPrivateUsage] - the SDK offers no other seam
    """Answers the engine for this pack; see the module's text for why it is not the SDK's own."""

    exemptions: Sequence[Exemption] = EXEMPTIONS
    rules: Sequence[Rule] = ()

    def __init__(self, name: str, version: str, policies: list[Policy], *rest: Any) -> None:
        super().__init__(name, version, policies, *rest)
        by_name = {policy.name: policy for policy in policies}
        self._pairs = [(rule, by_name[rule.name]) for rule in self.rules]
        self._on_type: dict[str, list[tuple[Rule, Policy]]] = {}
        for rule, policy in self._pairs:
            if rule.check_stack is None:
                for type_ in rule.types:
                    self._on_type.setdefault(type_, []).append((rule, policy))
        self._on_stack = [pair for pair in self._pairs if pair[0].check_stack is not None]
        self._types_on_stack = frozenset(type_ for rule, _ in self._on_stack for type_ in rule.types)
        self._declared: dict[str, Mapping[str, object]] = {}

    def ConfigureStack(  # noqa: N802 - the protocol's name
        self, request: proto.AnalyzerStackConfigureRequest, context: Any
    ) -> proto.AnalyzerStackConfigureResponse:
        """Take the stack's name from the engine and enforce as the table says for it."""
        for rule, policy in self._pairs:
            policy.enforcement_level = _LEVELS[rule.level(request.stack)]
        return super().ConfigureStack(request, context)  # pyright: ignore[reportUnknownMemberType] - the SDK's is untyped

    def Analyze(self, request: proto.AnalyzeRequest, context: Any) -> proto.AnalyzeResponse:  # noqa: ARG002, N802
        """Judge one resource by the rules of its type, and remember it for the rules on the stack."""
        response = proto.AnalyzeResponse()
        pairs = self._on_type.get(request.type, ())
        is_watched = request.type in self._types_on_stack
        if pairs or is_watched:
            props = _plain(request.properties)
            if is_watched:
                self._declared[request.urn] = props
            subject = Subject(request.type, request.name, request.urn)
            declared = [Declared(subject, props, request.options.protect)]
            for rule, policy in pairs:
                self._ask(rule, policy, declared, response)
        return response

    def AnalyzeStack(self, request: proto.AnalyzeStackRequest, context: Any) -> proto.AnalyzeResponse:  # noqa: ARG002, N802
        """Judge the stack: by what was declared for a resource in this run, else by what it is known to be."""
        response = proto.AnalyzeResponse()
        by_type: dict[str, list[Declared]] = {}
        for each in request.resources:
            if each.type in self._types_on_stack:
                refers = {name: tuple(sources.urns) for name, sources in each.propertyDependencies.items()}
                props = self._declared.get(each.urn)
                by_type.setdefault(each.type, []).append(
                    Declared(
                        Subject(each.type, each.name, each.urn),
                        _plain(each.properties) if props is None else props,
                        each.options.protect,
                        refers,
                    )
                )
        for rule, policy in self._on_stack:
            self._ask(rule, policy, [one for type_ in rule.types for one in by_type.get(type_, ())], response)
        return response

    def Remediate(self, request: proto.AnalyzeRequest, context: Any) -> proto.RemediateResponse:  # noqa: ARG002, N802
        """No rule changes what was declared."""
        return proto.RemediateResponse()

    def _ask(self, rule: Rule, policy: Policy, declared: Sequence[Declared], response: proto.AnalyzeResponse) -> None:
        level = self._get_enforcement_level(policy)
        if level is EnforcementLevel.DISABLED:
            return
        if level is EnforcementLevel.REMEDIATE:
            level = EnforcementLevel.MANDATORY
        findings = rule.judge(declared, self.exemptions)
        if findings:
            report = self._create_report_violation(response, policy.name, policy.description, level, policy.severity)
            _report(rule, findings, report)
