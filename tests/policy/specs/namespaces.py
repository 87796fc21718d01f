"""Specs of policy/rules/namespaces.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds
from policy.rules.namespaces import ENFORCE

from .. import good
from ..spec import DROP, UNKNOWN, Spec, but, declared, one, urn, wrong

_NAMESPACE = declared(kinds.NAMESPACE, good.NAMESPACE, "commerce")
_OF_NAMESPACE = {"metadata": (urn(kinds.NAMESPACE, "commerce"),)}
_DEPLOYMENT = declared(kinds.DEPLOYMENT, good.DEPLOYMENT, "blue")


def _policy(*changes: tuple[str, Any], refers: dict[str, tuple[str, ...]] | None = None) -> Any:
    policy = but(good.DEFAULT_DENY, *changes)
    return declared(kinds.NETWORK_POLICY, policy, f"deny-{'-'.join(policy['spec']['policyTypes'])}", refers=refers)


_PODS = {"podSelector": {"matchLabels": {"app": "gateway"}}}


def _opened(rule: dict[str, Any]) -> Any:
    return but(good.DEFAULT_DENY, ("spec/ingress", [rule]))


def _budget(*changes: tuple[str, Any]) -> Any:
    return declared(kinds.DISRUPTION_BUDGET, but(good.BUDGET, *changes), "budget")


SPECS = (
    Spec(
        "namespace-pod-security",
        passes=(
            one(kinds.NAMESPACE, good.NAMESPACE),
            one(
                kinds.NAMESPACE,
                {"metadata": {"name": "x", "labels": {ENFORCE: "restricted", f"{ENFORCE}-version": "latest"}}},
            ),
        ),
        fails=(
            wrong(
                one(kinds.NAMESPACE, {"metadata": {"name": "agents", "labels": {ENFORCE: "baseline"}}}),
                f'metadata.labels["{ENFORCE}"]',
            ),
            wrong(
                one(kinds.NAMESPACE, {"metadata": {"labels": {ENFORCE: "restricted", f"{ENFORCE}-version": "v1.20"}}}),
                f'metadata.labels["{ENFORCE}-version"]',
            ),
            wrong(
                one(kinds.NAMESPACE, but(good.NAMESPACE, ("metadata/labels", DROP))), f'metadata.labels["{ENFORCE}"]'
            ),
            wrong(
                one(kinds.NAMESPACE, {"metadata": {"name": "x", "labels": {ENFORCE: "privileged"}}}),
                f'metadata.labels["{ENFORCE}"]',
            ),
        ),
        unknown=(wrong(one(kinds.NAMESPACE, but(good.NAMESPACE, ("metadata/labels", UNKNOWN))), "metadata.labels"),),
    ),
    Spec(
        "namespace-default-deny",
        passes=(
            (_NAMESPACE, _policy()),
            (_NAMESPACE, _policy(("metadata/namespace", UNKNOWN), refers=_OF_NAMESPACE)),
            # One for each direction will do.
            (_NAMESPACE, _policy(("spec/policyTypes", ["Ingress"])), _policy(("spec/policyTypes", ["Egress"]))),
            (),
        ),
        fails=(
            wrong((_NAMESPACE,), "metadata.name"),
            wrong((_NAMESPACE, _policy(("metadata/namespace", "edge"))), "metadata.name"),
            wrong((_NAMESPACE, _policy(("spec/policyTypes", ["Ingress"]))), "metadata.name"),
            wrong((_NAMESPACE, _policy(("spec/policyTypes", ["Egress"]))), "metadata.name"),
            wrong(
                (_NAMESPACE, _policy(("spec/podSelector/matchExpressions", [{"key": "a", "operator": "Exists"}]))),
                "metadata.name",
            ),
            wrong((_NAMESPACE, _policy(("spec/podSelector/matchLabels", {"app": "x"}))), "metadata.name"),
            wrong((_NAMESPACE, _policy(("spec/egress", [{}]))), "metadata.name"),
        ),
        unknown=(wrong((_NAMESPACE, _policy(), _policy(("metadata/namespace", UNKNOWN))), "metadata.namespace"),),
    ),
    Spec(
        "network-policy-narrow",
        passes=(
            one(kinds.NETWORK_POLICY, good.DEFAULT_DENY),
            one(kinds.NETWORK_POLICY, _opened({"from": [_PODS], "ports": [{"port": 3000.0}]})),
            # Users come from everywhere, which has to be said.
            one(
                kinds.NETWORK_POLICY,
                _opened({"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 8443.0}]}),
            ),
        ),
        fails=(
            wrong(one(kinds.NETWORK_POLICY, _opened({"ports": [{"port": 3000.0}]})), "spec.ingress[0].from"),
            wrong(
                one(kinds.NETWORK_POLICY, _opened({"from": [], "ports": [{"port": 3000.0}]})), "spec.ingress[0].from"
            ),
            wrong(
                one(kinds.NETWORK_POLICY, _opened({"from": [{"podSelector": {}}], "ports": [{"port": 3000.0}]})),
                "spec.ingress[0].from[0]",
            ),
            wrong(one(kinds.NETWORK_POLICY, _opened({"from": [_PODS]})), "spec.ingress[0].ports"),
            wrong(
                one(kinds.NETWORK_POLICY, _opened({"from": [_PODS], "ports": [{"protocol": "TCP"}]})),
                "spec.ingress[0].ports[0].port",
            ),
            wrong(
                one(kinds.NETWORK_POLICY, but(good.DEFAULT_DENY, ("spec/egress", [{"to": [_PODS]}]))),
                "spec.egress[0].ports",
            ),
        ),
        unknown=(
            wrong(one(kinds.NETWORK_POLICY, _opened({"from": [_PODS], "ports": UNKNOWN})), "spec.ingress[0].ports"),
        ),
    ),
    Spec(
        "disruption-budget",
        passes=(
            (_DEPLOYMENT, _budget()),
            (declared(kinds.DEPLOYMENT, but(good.DEPLOYMENT, ("spec/replicas", 1.0))),),
            (declared(kinds.DEPLOYMENT, but(good.DEPLOYMENT, ("spec/replicas", DROP))),),
            # Both made of the same namespace, whose name a preview does not know yet.
            (
                declared(kinds.DEPLOYMENT, but(good.DEPLOYMENT, ("metadata/namespace", UNKNOWN)), refers=_OF_NAMESPACE),
                declared(
                    kinds.DISRUPTION_BUDGET, but(good.BUDGET, ("metadata/namespace", UNKNOWN)), refers=_OF_NAMESPACE
                ),
            ),
            (_DEPLOYMENT, _budget(("spec/maxUnavailable", DROP), ("spec/minAvailable", "50%"))),
        ),
        fails=(
            wrong((_DEPLOYMENT,), "spec.replicas"),
            wrong((_DEPLOYMENT, _budget(("metadata/namespace", "edge"))), "spec.replicas"),
            wrong((_DEPLOYMENT, _budget(("spec/selector/matchLabels", {"app": "other"}))), "spec.replicas"),
            wrong((_DEPLOYMENT, _budget(("spec/selector/matchLabels", {}))), "spec.replicas"),
            wrong((_DEPLOYMENT, _budget(("spec/maxUnavailable", 0.0))), "spec.maxUnavailable"),
            wrong((_DEPLOYMENT, _budget(("spec/maxUnavailable", "0%"))), "spec.maxUnavailable"),
            wrong(
                (_DEPLOYMENT, _budget(("spec/maxUnavailable", DROP), ("spec/minAvailable", "100%"))),
                "spec.minAvailable",
            ),
            wrong(
                (_DEPLOYMENT, _budget(("spec/maxUnavailable", DROP), ("spec/minAvailable", 2.0))), "spec.minAvailable"
            ),
        ),
        unknown=(
            wrong((declared(kinds.STATEFUL_SET, but(good.DEPLOYMENT, ("spec/replicas", UNKNOWN))),), "spec.replicas"),
            wrong((_DEPLOYMENT, _budget(("spec/maxUnavailable", UNKNOWN))), "spec.maxUnavailable"),
        ),
    ),
)
