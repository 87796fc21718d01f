"""Specs of policy/rules/kept_running.py, pods_own.py, wiring.py and backup_plans.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from policy.rules import kinds

from ..good import DEPLOYMENT
from ..spec import DROP, UNKNOWN, Case, Spec, Wrong, but, declared, one, simple, wrong

_POD = "spec/template/spec"
_IN = "spec.template.spec"
_META = {"namespace": "observability"}
_OWN = but(
    DEPLOYMENT, (f"{_POD}/serviceAccountName", "storefront"), (f"{_POD}/volumes/0/emptyDir", {"sizeLimit": "1Mi"})
)
_AGENT = {
    "metadata": {"name": "log-agent", "namespace": "node-agents"},
    "spec": {
        "updateStrategy": {"rollingUpdate": {"maxUnavailable": "25%"}},
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "log-agent"}},
            "spec": {
                "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
                "containers": [{"volumeMounts": [{"name": "pods", "mountPath": "/p", "readOnly": True}]}],
                "volumes": [{"name": "pods", "hostPath": {"path": "/var/log/pods"}}],
            },
        },
    },
}
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
    data = {file: text or yaml.safe_dump(but(_PROMETHEUS, *changes))}
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
        declared(kinds.CONFIG_MAP, {"data": {"routing.yaml": yaml.safe_dump(routes)}}, "routes"),
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
    measures = declared(kinds.DAEMON_SET, but(_AGENT, ("metadata/name", "node-exporter")), "measures")
    return (_NODE, watching, measures, declared(kinds.DAEMON_SET, agent, "agent"))


def _plan(kind: str, seconds: int, **more: Any) -> dict[str, Any]:
    return {"interval_seconds": seconds, "deadline_seconds": seconds, "job": {"kind": kind, **more}}


_COPIES = _plan(
    "object_storage", 86400, keep_days=14, copies="luxima-prod-copies", buckets=[{"name": "luxima-prod-media"}]
)
_PLANS = {"database": _plan("database", 43200), "object_storage": _COPIES, "logs": _plan("logs", 3600)}
_AT = "uploads[0].content"


def _backed_up(kind: str = "", *changes: tuple[str, Any], command: Any = ("serve",), leave: str = "") -> Case:
    case = [declared(kinds.BUCKET, {"bucket": "luxima-prod-media"}, "bucket")]
    for each, plan in _PLANS.items():
        if each == leave:
            continue
        content = json.dumps(but(plan, *changes)) if each == kind else json.dumps(plan)
        upload = {"file": "/etc/backup/plan.json", "content": content}
        case.append(declared(kinds.DOCKER_CONTAINER, {"start": False, "uploads": [upload]}, f"{each}-files"))
        told = list(command) if each == (kind or "database") else ["serve"]
        props = {"labels": [{"label": "luxima.id/backup", "value": each}], "command": told}
        case.append(declared(kinds.DOCKER_CONTAINER, props, each))
    return tuple(case)


def _file(name: str, content: str) -> Case:
    return one(kinds.DOCKER_CONTAINER, {"uploads": [{"file": f"/etc/backup/{name}", "content": content}]})


_KEPT = (
    "[global]\nrepo1-type=s3\nrepo1-path=/database\nrepo1-s3-bucket=luxima-prod-backups\nrepo1-s3-kms-key-id=k\n"
    "repo1-retention-full-type=time\nrepo1-retention-full=30\n"
)
_SIDES = "[source]\nendpoint = https://a:443\nserver_side_encryption = aws:kms\n"


def _texts(rule: str, name: str, good: str, *changes: tuple[str, str]) -> Spec:
    broken = tuple(wrong(_file(name, good.replace(old, new)), _AT) for old, new in changes)
    return Spec(rule, (_file(name, good),), broken, (wrong(_file(name, UNKNOWN), _AT),))


_BROKEN_PLANS: tuple[Wrong, ...] = (
    wrong(_backed_up("database", ("interval_seconds", 86400)), f"{_AT}.interval_seconds"),
    wrong(_backed_up("logs", ("deadline_seconds", 0)), f"{_AT}.deadline_seconds"),
    wrong(_backed_up("object_storage", ("job/keep_days", 1)), f"{_AT}.job.keep_days"),
    wrong(_backed_up("object_storage", ("job/buckets", [])), f"{_AT}.job.buckets"),
    wrong(_backed_up("object_storage", ("job/copies", "luxima-prod-media")), f"{_AT}.job.copies"),
    wrong(_backed_up(command=["sleep"]), "command"),
    wrong(_backed_up(leave="logs"), f"{_AT}.job.kind"),
    wrong(tuple(each for each in _backed_up() if each.subject.name != "logs"), f"{_AT}.job.kind"),
)
_UNKNOWN_PLAN = one(
    kinds.DOCKER_CONTAINER, {"start": False, "uploads": [{"file": "/etc/backup/plan.json", "content": UNKNOWN}]}
)

SPECS: tuple[Spec, ...] = (
    simple(
        "pod-names",
        kinds.DEPLOYMENT,
        _OWN,
        (f"{_POD}/hostAliases", [{"ip": "1.2.3.4"}], f"{_IN}.hostAliases"),
        (f"{_POD}/dnsPolicy", "Default", f"{_IN}.dnsPolicy"),
        (f"{_POD}/dnsConfig", {"nameservers": ["8.8.8.8"]}, f"{_IN}.dnsConfig.nameservers"),
        unknown=(f"{_POD}/dnsPolicy", f"{_IN}.dnsPolicy"),
    ),
    simple(
        "pod-alone",
        kinds.DEPLOYMENT,
        _OWN,
        (f"{_POD}/shareProcessNamespace", True, f"{_IN}.shareProcessNamespace"),
        (f"{_POD}/securityContext/fsGroup", 0, f"{_IN}.securityContext.fsGroup"),
        (f"{_POD}/securityContext/supplementalGroups", [0], f"{_IN}.securityContext.supplementalGroups[0]"),
        (f"{_POD}/serviceAccountName", "default", f"{_IN}.serviceAccountName"),
        (f"{_POD}/runtimeClassName", "x", f"{_IN}.runtimeClassName"),
        (f"{_POD}/containers/0/tty", True, f"{_IN}.containers[0].tty"),
        (
            f"{_POD}/containers/0/volumeMounts",
            [{"name": "tmp", "mountPropagation": "Bidirectional"}],
            f"{_IN}.containers[0].volumeMounts[0].mountPropagation",
        ),
        (f"{_POD}/volumes/1", {"name": "x", "csi": {"driver": "x"}}, f"{_IN}.volumes[1].csi"),
        unknown=(f"{_POD}/serviceAccountName", f"{_IN}.serviceAccountName"),
    ),
    simple(
        "pod-scratch",
        kinds.DEPLOYMENT,
        _OWN,
        (f"{_POD}/volumes/0/emptyDir/sizeLimit", DROP, f"{_IN}.volumes[0].emptyDir.sizeLimit"),
        (f"{_POD}/volumes/0/emptyDir/medium", "Memory", f"{_IN}.volumes[0].emptyDir.medium"),
        unknown=(f"{_POD}/volumes/0/emptyDir/sizeLimit", f"{_IN}.volumes[0].emptyDir.sizeLimit"),
    ),
    simple(
        "agent-folders",
        kinds.DAEMON_SET,
        _AGENT,
        (f"{_POD}/volumes/0/hostPath/path", "/etc", f"{_IN}.volumes[0].hostPath.path"),
        (
            f"{_POD}/containers/0/volumeMounts/0/readOnly",
            False,
            f"{_IN}.containers[0].volumeMounts[0].readOnly",
        ),
        unknown=(f"{_POD}/volumes/0/hostPath/path", f"{_IN}.volumes[0].hostPath.path"),
    ),
    simple(
        "workload-lives",
        kinds.DEPLOYMENT,
        _OWN,
        ("spec/progressDeadlineSeconds", 1, "spec.progressDeadlineSeconds"),
        ("spec/selector/matchLabels", {"app": "x"}, "spec.selector.matchLabels"),
        (f"{_POD}/restartPolicy", "Never", f"{_IN}.restartPolicy"),
        (f"{_POD}/activeDeadlineSeconds", 60, f"{_IN}.activeDeadlineSeconds"),
        (f"{_POD}/preemptionPolicy", "Never", f"{_IN}.preemptionPolicy"),
        (
            f"{_POD}/containers/0/readinessProbe/httpGet/port",
            9,
            f"{_IN}.containers[0].readinessProbe.httpGet.port",
        ),
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
        passes=(one(kinds.DEPLOYMENT, _OWN), one(kinds.PRIORITY_CLASS, {"value": 1})),
        fails=(
            *(
                wrong(one(kinds.DEPLOYMENT, but(_OWN, (f"{_POD}/priorityClassName", each))), f"{_IN}.priorityClassName")
                for each in ("luxima-watching", "system-node-critical")
            ),
            wrong(one(kinds.PRIORITY_CLASS, {"preemptionPolicy": "Never"}), "preemptionPolicy"),
        ),
        unknown=(
            wrong(one(kinds.DEPLOYMENT, but(_OWN, (f"{_POD}/priorityClassName", UNKNOWN))), f"{_IN}.priorityClassName"),
        ),
    ),
    simple(
        "service-measured",
        kinds.DEPLOYMENT,
        but(
            DEPLOYMENT,
            ("spec/template/metadata/annotations", {"prometheus.io/scrape": "true", "prometheus.io/port": "3000"}),
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
        passes=(_nodes(_AGENT), (_NODE,)),
        fails=(
            wrong(_nodes(_AGENT)[:3], "tags"),
            wrong(_nodes(but(_AGENT, (f"{_POD}/nodeSelector", {"a": "b"}))), f"{_IN}.nodeSelector"),
            wrong(_nodes(but(_AGENT, (f"{_POD}/tolerations", []))), f"{_IN}.tolerations"),
            wrong(
                _nodes(but(_AGENT, ("spec/updateStrategy/rollingUpdate/maxUnavailable", "50%"))),
                "spec.updateStrategy.rollingUpdate.maxUnavailable",
            ),
        ),
        unknown=(wrong(_nodes(but(_AGENT, ("metadata/name", UNKNOWN))), "metadata.name"),),
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
        fails=(wrong(_led("loki"), 'data["routing.yaml"].http.services.a.loadBalancer.servers[0].url'),),
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
                _read(("global/external_labels/environment", "dev")),
                f"{_DOCUMENT}.global.external_labels.environment",
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
    Spec("backup-plan", (_backed_up(),), _BROKEN_PLANS, (wrong(_UNKNOWN_PLAN, _AT),)),
    _texts(
        "backup-kept",
        "pgbackrest.conf",
        _KEPT,
        ("full=30", "full=7"),
        ("type=time", "type=count"),
        ("full=30", "full=30\nrepo1-retention-archive=1"),
        ("path=/database", "path=/x"),
        ("prod-backups", "prod-media"),
        ("repo1-s3-kms-key-id=k\n", ""),
    ),
    _texts(
        "remotes-verified",
        "rclone.conf",
        _SIDES,
        ("aws:kms", ""),
        ("[source]\n", "[source]\nno_check_certificate = true\n"),
    ),
)
