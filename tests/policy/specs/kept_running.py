"""Specs of policy/rules/kept_running.py and wiring.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.rules import kinds

from ..good import DEPLOYMENT, LOG_AGENT
from ..spec import DROP, UNKNOWN, Case, Declared, Spec, but, declared, dumped, in_map, one, simple, wrong
from .pods_own import OWN

_POD = "spec/template/spec"
_IN = "spec.template.spec"
_META = {"namespace": "observability"}
_NODE = declared(kinds.VM, {"tags": ["k3s-agent"]}, "node")
_STATEFUL = {
    "metadata": {"name": "prometheus", **_META},
    "spec": {
        "serviceName": "prometheus-headless",
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        "template": {
            "metadata": {"labels": {"environment": "production"}},
            "spec": {
                "containers": [
                    {
                        "args": ["--storage.tsdb.path=/prometheus"],
                        "volumeMounts": [
                            {"name": "data", "mountPath": "/prometheus"},
                            {"name": "config", "mountPath": "/etc/prometheus"},
                        ],
                    }
                ],
                "volumes": [
                    {
                        "name": "config",
                        "projected": {
                            "sources": [
                                {
                                    "configMap": {
                                        "name": "documents",
                                        "items": [
                                            {"key": "prometheus.yml", "path": "prometheus.yml"},
                                            {"key": "rules.yml", "path": "rules/all.yml"},
                                        ],
                                    }
                                }
                            ]
                        },
                    }
                ],
            },
        },
    },
}
_PROMETHEUS = {
    "global": {"external_labels": {"environment": "production"}},
    "rule_files": ["/etc/prometheus/rules/*.yml"],
    "scrape_configs": [
        {"job_name": "a", "relabel_configs": [{"target_label": "environment", "replacement": "production"}]}
    ],
}
_DOCUMENT = 'data["prometheus.yml"]'


def _read(
    *changes: tuple[str, Any], of: tuple[tuple[str, Any], ...] = (), text: str = "", file: str = "prometheus.yml"
) -> Case:
    """Prometheus and its document, of which something is another."""
    data = {file: text or dumped(but(_PROMETHEUS, *changes))}
    documents = {"metadata": {"name": "documents", **_META}, "data": data}
    return (
        declared(kinds.STATEFUL_SET, but(_STATEFUL, *of), "server"),
        declared(kinds.CONFIG_MAP, documents, "documents"),
        declared(kinds.SERVICE, {"metadata": {"name": "prometheus-headless", **_META}}, "names"),
    )


_ROUTES = {
    "http": {"services": {"a": {"loadBalancer": {"servers": [{"url": "http://grafana.observability.svc:3000"}]}}}}
}


def _led(name: str, url: str = "http://grafana.observability.svc:3000") -> Case:
    routes = but(_ROUTES, ("http/services/a/loadBalancer/servers/0/url", url))
    return (
        declared(kinds.CONFIG_MAP, {"data": {"routing.yaml": dumped(routes)}}, "routes"),
        declared(kinds.SERVICE, {"metadata": {"name": name, **_META}}, "service"),
    )


_HARD = {"pods": "100", "requests.memory": "1Gi", "limits.memory": "1Gi"}


def _bounded(hard: Mapping[str, Any], namespace: Any = "commerce") -> Case:
    return (
        _NODE,
        declared(kinds.NAMESPACE, {"metadata": {"name": "commerce"}}, "space"),
        declared(kinds.QUOTA, {"metadata": {"namespace": namespace}, "spec": {"hard": hard}}, "quota"),
    )


def _nodes(agent: Mapping[str, Any]) -> Case:
    watching = declared(kinds.STATEFUL_SET, {}, "watching")
    measures = declared(kinds.DAEMON_SET, but(LOG_AGENT, ("metadata/name", "node-exporter")), "measures")
    return (_NODE, watching, measures, declared(kinds.DAEMON_SET, agent, "agent"))


_SCRAPED = {"prometheus.io/scrape": "true", "prometheus.io/port": "3000"}


def _joins(name: str) -> Declared:
    return in_map({"memberlist": {"join_members": [f"dns+{name}.observability.svc:7946"]}}, "loki", file="loki.yaml")


SPECS = (
    simple(
        "workload-lives",
        kinds.DEPLOYMENT,
        OWN,
        ("spec/progressDeadlineSeconds", 1, "spec.progressDeadlineSeconds"),
        ("spec/selector/matchLabels", {"app": "x"}, "spec.selector.matchLabels"),
        (f"{_POD}/restartPolicy", "Never", f"{_IN}.restartPolicy"),
        (f"{_POD}/activeDeadlineSeconds", 60, f"{_IN}.activeDeadlineSeconds"),
        (f"{_POD}/preemptionPolicy", "Never", f"{_IN}.preemptionPolicy"),
        (f"{_POD}/containers/0/readinessProbe/httpGet/port", 9, f"{_IN}.containers[0].readinessProbe.httpGet.port"),
        (
            f"{_POD}/containers/0/livenessProbe/failureThreshold",
            999,
            f"{_IN}.containers[0].livenessProbe.failureThreshold",
        ),
        (
            f"{_POD}/containers/0/startupProbe",
            {"periodSeconds": 1},
            f"{_IN}.containers[0].startupProbe.failureThreshold",
        ),
        (f"{_POD}/containers/0/resources/limits/cpu", "1m", f"{_IN}.containers[0].resources.limits.cpu"),
        (f"{_POD}/containers/0/resources/requests/memory", "1Mi", f"{_IN}.containers[0].resources.requests.memory"),
        unknown=(f"{_POD}/restartPolicy", f"{_IN}.restartPolicy"),
    ),
    Spec(
        "workload-rank",
        passes=(one(kinds.DEPLOYMENT, OWN), one(kinds.PRIORITY_CLASS, {"value": 1})),
        fails=(
            *(
                wrong(one(kinds.DEPLOYMENT, but(OWN, (f"{_POD}/priorityClassName", each))), f"{_IN}.priorityClassName")
                for each in ("luxima-watching", "system-node-critical")
            ),
            wrong(one(kinds.PRIORITY_CLASS, {"preemptionPolicy": "Never"}), "preemptionPolicy"),
        ),
        unknown=(
            wrong(one(kinds.DEPLOYMENT, but(OWN, (f"{_POD}/priorityClassName", UNKNOWN))), f"{_IN}.priorityClassName"),
        ),
    ),
    simple(
        "service-measured",
        kinds.DEPLOYMENT,
        but(
            DEPLOYMENT,
            ("spec/template/metadata/annotations", {**_SCRAPED, "prometheus.io/path": "/actuator/prometheus"}),
        ),
        (
            "spec/template/metadata/annotations",
            {"prometheus.io/port": "3000"},
            'spec.template.metadata.annotations["prometheus.io/scrape"]',
        ),
        (
            "spec/template/metadata/annotations",
            {"prometheus.io/scrape": "true", "prometheus.io/port": "9"},
            'spec.template.metadata.annotations["prometheus.io/port"]',
        ),
        unknown=("spec/template/metadata/annotations", "spec.template.metadata.annotations"),
    ),
    Spec(
        "agents-everywhere",
        passes=(_nodes(LOG_AGENT), (_NODE,)),
        fails=(
            wrong(_nodes(LOG_AGENT)[:3], "tags"),
            wrong(_nodes(but(LOG_AGENT, (f"{_POD}/nodeSelector", {"a": "b"}))), f"{_IN}.nodeSelector"),
            wrong(_nodes(but(LOG_AGENT, (f"{_POD}/tolerations", []))), f"{_IN}.tolerations"),
            wrong(
                _nodes(but(LOG_AGENT, ("spec/updateStrategy/rollingUpdate/maxUnavailable", "50%"))),
                "spec.updateStrategy.rollingUpdate.maxUnavailable",
            ),
        ),
        unknown=(wrong(_nodes(but(LOG_AGENT, ("metadata/name", UNKNOWN))), "metadata.name"),),
    ),
    Spec(
        "stateful-names",
        passes=(_read(),),
        fails=(
            wrong(_read(of=(("spec/serviceName", "x"),)), "spec.serviceName"),
            wrong(
                _read(of=(("spec/updateStrategy", {"rollingUpdate": {"maxUnavailable": 3}}),)),
                "spec.updateStrategy.rollingUpdate.maxUnavailable",
            ),
        ),
        unknown=(wrong(_read(of=(("spec/serviceName", UNKNOWN),)), "spec.serviceName"),),
    ),
    Spec(
        "backend-declared",
        passes=(_led("grafana"), _led("grafana", "http://supabase-gateway:80")),
        fails=(
            wrong((*_led("grafana"), _joins("grafana")), 'data["loki.yaml"].memberlist.join_members[0]'),
            wrong(_led("loki"), 'data["routing.yaml"].http.services.a.loadBalancer.servers[0].url'),
        ),
        unknown=(
            wrong(
                (declared(kinds.CONFIG_MAP, {"data": {"routing.yaml": UNKNOWN}}, "routes"), _led("grafana")[1]),
                'data["routing.yaml"]',
            ),
        ),
    ),
    Spec(
        "namespace-quota",
        passes=(_bounded(_HARD), _bounded(_HARD, UNKNOWN)),
        fails=(
            wrong(_bounded(_HARD)[:2], "metadata.name"),
            wrong(_bounded(but(_HARD, ("pods", DROP))), "spec.hard.pods"),
            wrong(_bounded(but(_HARD, ("pods", "1000"))), "spec.hard.pods"),
        ),
        unknown=(wrong(_bounded(but(_HARD, ("pods", UNKNOWN))), "spec.hard.pods"),),
    ),
    Spec(
        "files-named",
        passes=(_read(),),
        fails=(
            wrong(_read(("rule_files", ["/elsewhere/*.yml"])), f"{_DOCUMENT}.rule_files[0]"),
            wrong(
                _read(text="""{"templates": [], "title": "{{ template \\"x\\" . }}"}""", file="alertmanager.yml"),
                'data["alertmanager.yml"].templates',
            ),
        ),
        unknown=(wrong(_read(text=UNKNOWN), _DOCUMENT),),
    ),
    Spec(
        "environment-told",
        passes=(_read(),),
        fails=(
            wrong(
                _read(("global/external_labels/environment", "dev")), f"{_DOCUMENT}.global.external_labels.environment"
            ),
            wrong(
                _read(("scrape_configs/0/relabel_configs/0/replacement", "dev")),
                f"{_DOCUMENT}.scrape_configs[0].relabel_configs[0].replacement",
            ),
        ),
        unknown=(wrong(_read(text=UNKNOWN), _DOCUMENT),),
    ),
    Spec(
        "volumes-used",
        passes=(_read(),),
        fails=(
            wrong(
                _read(of=((f"{_POD}/containers/0/volumeMounts/0/mountPath", "/elsewhere"),)),
                f"{_IN}.containers[0].volumeMounts[0].mountPath",
            ),
            wrong(
                _read(of=((f"{_POD}/containers/0/volumeMounts/0/name", "x"),)),
                "spec.volumeClaimTemplates[0].metadata.name",
            ),
            wrong(_read(of=((f"{_POD}/volumes/1", {"name": "data", "emptyDir": {}}),)), f"{_IN}.volumes[1]"),
        ),
        unknown=(
            wrong(
                _read(of=((f"{_POD}/containers/0/volumeMounts/0/mountPath", UNKNOWN),)),
                f"{_IN}.containers[0].volumeMounts[0].mountPath",
            ),
        ),
    ),
)
