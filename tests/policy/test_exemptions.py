"""The allow-list itself: each entry is needed, and lets pass what it says and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policy.exemptions import EXEMPTIONS, Covers, Exemption
from policy.rules import kinds
from policy.table import RULES

from .spec import UNKNOWN, Case, one

_AGENT = "observability-log-agent-daemon-set"
_NODE_EXPORTER = "observability-node-exporter-daemon-set"


def _pod(spec: dict[str, object]) -> dict[str, object]:
    return {"spec": {"template": {"spec": spec}}}


_ANNOTATION = 'spec.template.metadata.annotations["luxima.id/storage-key-id"]'
_ANNOTATED = {"spec": {"template": {"metadata": {"annotations": {"luxima.id/storage-key-id": UNKNOWN}}}}}

_NEEDED: dict[tuple[str, str, str], Case] = {
    ("kubernetes-provider-tls", "kubernetes", "kubeconfig"): one(
        kinds.KUBERNETES_PROVIDER, {"kubeconfig": UNKNOWN}, "kubernetes"
    ),
    ("annotation-secrets", "service-*-deployment", _ANNOTATION): one(
        kinds.DEPLOYMENT, _ANNOTATED, "service-storefront-blue-deployment"
    ),
    ("annotation-secrets", "observability-*-stateful-set", _ANNOTATION): one(
        kinds.STATEFUL_SET, _ANNOTATED, "observability-loki-stateful-set"
    ),
    ("docker-host-access", "observability-*-node-exporter-container", "networkMode"): one(
        kinds.DOCKER_CONTAINER, {"networkMode": "host"}, "observability-docker-1-node-exporter-container"
    ),
    ("docker-host-access", "observability-*-node-exporter-container", "mounts[0].source"): one(
        kinds.DOCKER_CONTAINER,
        {"mounts": [{"type": "bind", "source": "/", "target": "/host"}]},
        "observability-docker-1-node-exporter-container",
    ),
    ("workload-host-access", _NODE_EXPORTER, "spec.template.spec.hostNetwork"): one(
        kinds.DAEMON_SET, _pod({"hostNetwork": True}), _NODE_EXPORTER
    ),
    ("workload-host-access", _NODE_EXPORTER, "spec.template.spec.volumes[1].hostPath"): one(
        kinds.DAEMON_SET, _pod({"volumes": [{"name": "tmp"}, {"hostPath": {"path": "/"}}]}), _NODE_EXPORTER
    ),
    ("workload-host-access", _AGENT, "spec.template.spec.volumes[*].hostPath"): one(
        kinds.DAEMON_SET, _pod({"volumes": [{"hostPath": {"path": "/var/log/pods"}}]}), _AGENT
    ),
    ("workload-non-root", _AGENT, "spec.template.spec.securityContext.runAsUser"): one(
        kinds.DAEMON_SET,
        _pod(
            {
                "securityContext": {"runAsUser": 0},
                "containers": [{"name": "main", "securityContext": {"runAsNonRoot": True}}],
            }
        ),
        _AGENT,
    ),
    ("workload-non-root", _AGENT, "spec.template.spec.containers[0].securityContext.runAsNonRoot"): one(
        kinds.DAEMON_SET, _pod({"containers": [{"name": "main", "securityContext": {"runAsNonRoot": False}}]}), _AGENT
    ),
    (
        "namespace-pod-security",
        "namespace-node-agents-namespace",
        'metadata.labels["pod-security.kubernetes.io/enforce"]',
    ): one(
        kinds.NAMESPACE,
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
        "namespace-node-agents-namespace",
    ),
}
"""By rule, name and property path of the entry: what could not be made without it."""


def test_every_entry_has_a_case_that_needs_it() -> None:
    assert {(each.rule, each.name, each.path) for each in EXEMPTIONS} == set(_NEEDED)
    assert len(EXEMPTIONS) == len(_NEEDED)


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda each: f"{each.rule}:{each.name}:{each.path}")
def test_the_entry_is_needed_and_enough(exemption: Exemption) -> None:
    rule = next(rule for rule in RULES if rule.name == exemption.rule)
    case = _NEEDED[exemption.rule, exemption.name, exemption.path]
    others = [each for each in EXEMPTIONS if each is not exemption]
    assert rule.judge(case, others), "the entry changes nothing: remove it"
    assert rule.judge(case, EXEMPTIONS) == []
    assert len(exemption.reason) > 40


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
