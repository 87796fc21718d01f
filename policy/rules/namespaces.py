"""What every namespace and every replicated workload has beside it: pod security, closed doors, disruption budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds

ENFORCE = "pod-security.kubernetes.io/enforce"


@resource_rule("namespace-pod-security", requirements=("SEC-2", "SEC-3"), types=(kinds.NAMESPACE,))
def namespace_pod_security(resource: Resource) -> Iterator[Finding]:
    """Every namespace enforces the pod security standard "restricted" as it is today."""
    enforce = resource.props.at("metadata", "labels", ENFORCE)
    if enforce.text != "restricted":
        yield enforce.wrong(f"is {enforce.text or 'missing'}", "give restricted")
    version = resource.props.at("metadata", "labels", f"{ENFORCE}-version")
    if version.text not in {"", "latest"}:
        yield version.wrong(f"is {version.text}", "give latest")


@stack_rule("namespace-default-deny", requirements=("SEC-3",), types=(kinds.NAMESPACE, kinds.NETWORK_POLICY))
def namespace_default_deny(stack: Stack) -> Iterator[Finding]:
    """In every namespace nothing talks to anything unless a network policy says so."""
    policies = stack.of(kinds.NETWORK_POLICY)
    for namespace in stack.of(kinds.NAMESPACE):
        closed: set[str] = set()
        for policy in policies:
            if _in_namespace(policy, namespace):
                closed.update(_closes(policy.props.at("spec")))
        missing = {"Ingress", "Egress"} - closed
        if missing:
            name = namespace.props.at("metadata", "name")
            yield name.wrong(
                f"has no default-deny network policy for {' and '.join(sorted(missing))}",
                "declare a NetworkPolicy with an empty podSelector, both policyTypes and no rules",
            )


def _in_namespace(resource: Resource, namespace: Resource) -> bool:
    """Whether a resource lies in a namespace; made of the namespace's outputs counts while those are unknown."""
    if namespace.urn in resource.made_of("metadata"):
        return True
    return resource.props.at("metadata", "namespace").text == namespace.props.at("metadata", "name").text


def _closes(spec: Value) -> set[str]:
    """The directions that a network policy closes for all pods."""
    selector = spec.at("podSelector")
    if any(list(selector.at(name).leaves()) for name in ("matchLabels", "matchExpressions")):
        return set()
    types = spec.at("policyTypes").texts()
    return {kind for kind in types if not list(spec.at(kind.lower()).items())}


@resource_rule("network-policy-narrow", requirements=("SEC-6",), types=(kinds.NETWORK_POLICY,))
def network_policy_narrow(resource: Resource) -> Iterator[Finding]:
    """Whatever a network policy lets through has a named peer and a named port."""
    spec = resource.props.at("spec")
    for rules, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec.at(rules).items():
            named = list(rule.at(peers).items())
            if not named:
                yield rule.at(peers).wrong("names nobody, which means everybody", "name pods, a namespace or a network")
            for peer in named:
                if not list(peer.leaves()):
                    yield peer.wrong("selects everybody", "name pods, a namespace or a network")
            ports = list(rule.at("ports").items())
            if not ports:
                yield rule.at("ports").wrong("names no port, which means every port", "name the ports at the pod")
            for port in ports:
                if not port.at("port").text:
                    yield port.at("port").wrong("is missing, which means every port", "name the port at the pod")


@stack_rule(
    "disruption-budget", requirements=("ENV-4",), types=(kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.DISRUPTION_BUDGET)
)
def disruption_budget(stack: Stack) -> Iterator[Finding]:
    """What runs more than once has a disruption budget: one that takes no service down, and lets nodes drain."""
    budgets = [_Budget.of(resource) for resource in stack.of(kinds.DISRUPTION_BUDGET)]
    for workload in stack.of(kinds.DEPLOYMENT, kinds.STATEFUL_SET):
        replicas = workload.props.at("spec", "replicas")
        count = replicas.number
        if count is None or count < 2:
            continue
        labels = {key: value.text for key, value in kinds.pod_template(workload).at("metadata", "labels").entries()}
        found = [budget for budget in budgets if budget.labels.items() <= labels.items() and budget.is_beside(workload)]
        if not found:
            yield replicas.wrong(
                f"is {count:g} and no PodDisruptionBudget selects the pods",
                "declare one in the same namespace whose matchLabels are among the pods' labels",
            )
        for budget in found:
            yield from _lets_drain(budget.resource.props.at("spec"), count)


@dataclass(frozen=True, slots=True)
class _Budget:
    resource: Resource
    labels: dict[str, str]

    @classmethod
    def of(cls, resource: Resource) -> _Budget:
        selected = resource.props.at("spec", "selector", "matchLabels")
        # No labels would select every pod of the namespace, which is nobody's budget in particular.
        return cls(resource, {key: value.text for key, value in selected.entries()} or {"": ""})

    def is_beside(self, workload: Resource) -> bool:
        """Whether both lie in one namespace; made of one namespace's outputs counts while those are unknown."""
        if set(self.resource.made_of("metadata")) & set(workload.made_of("metadata")):
            return True
        return self.resource.props.at("metadata", "namespace").text == workload.props.at("metadata", "namespace").text


def _lets_drain(spec: Value, replicas: float) -> Iterator[Finding]:
    unavailable, available = spec.at("maxUnavailable"), spec.at("minAvailable")
    if not unavailable.present and not available.present:
        yield unavailable.wrong("is missing", "give 1")
    if unavailable.text == "100%" or (unavailable.text.isdigit() and int(unavailable.text) >= replicas):
        yield unavailable.wrong(f"is {unavailable.text} of {replicas:g}: all may go at once", "give 1")
    if unavailable.text in {"0", "0%"}:
        yield unavailable.wrong("is 0: no node could be drained", "give 1")
    least = available.text
    if least == "100%" or (least.isdigit() and int(least) >= replicas):
        yield available.wrong(
            f"is {least} of {replicas:g}: no node could be drained", "give one less than the replicas"
        )
