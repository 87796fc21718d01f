"""The allow-list itself: each entry is needed, and lets pass what it says and no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.exempting import Covers, Exemption, ending
from policy.exemptions import EXEMPTIONS
from policy.rules import kinds
from policy.table import RULES

from .spec import UNKNOWN, Case, one

_AGENT = "observability-log-agent-daemon-set"
_NODE_EXPORTER = "observability-node-exporter-daemon-set"


def _pod(spec: dict[str, object]) -> dict[str, object]:
    return {"spec": {"template": {"spec": spec}}}


_ANNOTATION = 'spec.template.metadata.annotations["luxima.id/storage-key-id"]'
_ANNOTATED = {"spec": {"template": {"metadata": {"annotations": {"luxima.id/storage-key-id": UNKNOWN}}}}}

_ROUTING = (
    "http: {routers: {}, services: {registry-pull: {loadBalancer: {servers: [{url: 'http://10.10.10.41:5050'}]}}}}"
)

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


_NEEDED: dict[tuple[str, str, str], Case] = {
    ("kubernetes-provider-tls", "kubernetes", "kubeconfig"): one(
        kinds.KUBERNETES_PROVIDER, {"kubeconfig": UNKNOWN}, "kubernetes"
    ),
    ("remote-command-host-key", "*", "connection"): one(
        kinds.REMOTE_COMMANDS[0], {"connection": UNKNOWN}, "compute-docker-1-settled"
    ),
    **{
        (rule, "observability-*-agents", "create"): one(
            kinds.REMOTE_COMMANDS[0],
            {"connection": {"host": "10.0.0.1"}, "create": UNKNOWN},
            "observability-ns1-agents",
        )
        for rule in (
            *("command-secrets", "command-verifies", "command-downloads", "command-quiet", "cluster-hardened"),
            *("k3s-supported", "node-registries", "node-manifests", "k3s-told", "machine-updates-known"),
        )
    },
    ("docker-provider-tls", "docker-*", "registryAuth"): one(
        kinds.DOCKER_PROVIDER, {"host": "ssh://a@b", "registryAuth": UNKNOWN}, "docker-docker-1"
    ),
    **{
        (
            "gateway-backends",
            "gateway-*-routing",
            f'data["routing.yaml"].http.services.{name}*.loadBalancer.servers[*].url',
        ): one(
            kinds.CONFIG_MAP,
            {"metadata": {"namespace": "edge"}, "data": {"routing.yaml": _ROUTING.replace("registry-pull", example)}},
            "gateway-blue-routing",
        )
        for name, example in (("registry-", "registry-pull"), ("coolify", "coolify-webhook"))
    },
    **{
        (rule, "database-gateway-run-luxima-container", "uploads[*].content"): one(
            kinds.DOCKER_CONTAINER,
            {"uploads": [{"file": "/run/luxima/routes.yaml", "content": UNKNOWN}]},
            "database-gateway-run-luxima-container",
        )
        for rule in (
            *("document-readable", "client-verifies", "document-plain-http", "document-secrets"),
            *("database-routes", "docker-gateway", "gateway-backends", "gateway-inside", "gateway-told"),
            *("log-lines-masked", "log-lines-kept", "log-agents-send", "probes-mean-it"),
        )
    },
    ("backup-encrypted", "backup-*-database-files-container", "uploads[*].content"): one(
        kinds.DOCKER_CONTAINER,
        {"uploads": [{"file": "/etc/backup/pgbackrest.conf", "content": UNKNOWN}]},
        "backup-docker-1-database-files-container",
    ),
    ("backup-kept", "backup-*-database-files-container", "uploads[*].content"): one(
        kinds.DOCKER_CONTAINER,
        {"uploads": [{"file": "/etc/backup/pgbackrest.conf", "content": UNKNOWN}]},
        "backup-docker-1-database-files-container",
    ),
    **{
        (rule, f"backup-*-{kind}-files-container", "uploads[*].content"): one(
            kinds.DOCKER_CONTAINER,
            {"uploads": [{"file": "/etc/backup/rclone.conf", "content": UNKNOWN}]},
            f"backup-docker-1-{kind}-files-container",
        )
        for rule in ("copies-encrypted", "remotes-verified")
        for kind in ("logs", "object-storage")
    },
    ("annotation-secrets", "service-*-deployment", _ANNOTATION): one(
        kinds.DEPLOYMENT, _ANNOTATED, "service-storefront-blue-deployment"
    ),
    ("annotation-secrets", "observability-*-stateful-set", _ANNOTATION): one(
        kinds.STATEFUL_SET, _ANNOTATED, "observability-loki-stateful-set"
    ),
    ("docker-host-access", "observability-*-node-exporter-container", "networkMode"): one(
        kinds.DOCKER_CONTAINER, {"networkMode": "host"}, "observability-docker-1-node-exporter-container"
    ),
    ("docker-read-only", "coolify-coolify-container", "readOnly"): one(
        kinds.DOCKER_CONTAINER, {"readOnly": False}, "coolify-coolify-container"
    ),
    ("docker-non-root", "observability-*-log-agent-container", "user"): one(
        kinds.DOCKER_CONTAINER, {"user": "0:0"}, "observability-docker-1-log-agent-container"
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
    of_chart = [each for each in EXEMPTIONS if each.name == _CHART]
    assert {(each.rule, each.type, each.name, each.path) for each in of_chart} == set(_OF_CHART)
    assert {(each.rule, each.name, each.path) for each in EXEMPTIONS if each not in of_chart} == set(_NEEDED)
    assert len(EXEMPTIONS) == len(_NEEDED) + len(_OF_CHART)


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda each: f"{each.rule}:{each.name}:{each.path}")
def test_the_entry_is_needed_and_enough(exemption: Exemption) -> None:
    rule = next(rule for rule in RULES if rule.name == exemption.rule)
    case = _OF_CHART.get((exemption.rule, exemption.type, exemption.name, exemption.path))
    case = case or _NEEDED[exemption.rule, exemption.name, exemption.path]
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


def test_each_has_an_owner_and_ends_within_a_year() -> None:
    today = datetime.now(UTC).date()
    assert all(each.owner and each.ends <= today + timedelta(days=366) for each in EXEMPTIONS)


def test_an_expired_entry_lets_nothing_pass_and_one_that_ends_soon_is_spoken_of() -> None:
    entry = next(each for each in EXEMPTIONS if each.rule == "docker-non-root")
    case = _NEEDED[entry.rule, entry.name, entry.path]
    rule = next(rule for rule in RULES if rule.name == entry.rule)
    today = datetime.now(UTC).date()
    ended, soon, later = (replace(entry, ends=today + timedelta(days=days)) for days in (-1, 29, 31))
    assert rule.judge(case, [ended])
    assert rule.judge(case, [soon]) == []
    assert ending([ended, soon, later], today) == ([ended], [soon])
