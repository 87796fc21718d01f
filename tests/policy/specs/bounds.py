"""Specs of policy/rules/limits.py, docker_kept.py, and of single rules that bound what a document says."""

from __future__ import annotations

from typing import Any

from policy.judging import Declared
from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, but, declared, documented, dumped, one, simple, wrong

_LOKI = {
    "common": {"path_prefix": "/loki"},
    "schema_config": {},
    "limits_config": {"max_line_size": "256KB"},
    "ingester": {"wal": {"dir": "/loki/wal"}},
    "compactor": {"retention_enabled": True, "delete_request_store": "s3", "compaction_interval": "10m"},
}
_TEMPO: dict[str, Any] = {
    "distributor": {"receivers": {"otlp": {"protocols": {"grpc": {}, "http": {}}}}},
    "storage": {},
    "overrides": {"defaults": {"compaction": {"block_retention": "336h"}}},
}
_JOB = {"job_name": "a", "static_configs": [{"targets": ["b:1"]}], "metrics_path": "/metrics"}
_PROMETHEUS = {"global": {"scrape_timeout": "10s"}, "scrape_configs": [_JOB]}
_FIGURES = 'data["prometheus.yml"].scrape_configs[0].metric_relabel_configs[0].regex'
_IMAGE = "docker.io/supabase/postgres:17"
_SERVING = {
    "image": _IMAGE,
    "restart": "unless-stopped",
    "healthcheck": {"tests": ["CMD", "pg_isready"], "interval": "10s", "retries": 6},
    "destroyGraceSeconds": 60,
    "mounts": [{"type": "volume", "source": "data", "target": "/data"}],
}
_CONF = "wal_level = 'logical'\nssl = 'on'\nssl_cert_file = '/a'\nssl_key_file = '/b'\npgaudit.log = 'role'\n"
_HBA = "local all all scram-sha-256\nhostnossl all m all reject\nhost all all samenet scram-sha-256\n"


def _relabelled(action: str, regex: str, label: str = "__name__") -> Case:
    step = {"source_labels": [label], "action": action, "regex": regex}
    document = but(_PROMETHEUS, ("scrape_configs/0/metric_relabel_configs", [step]))
    rules = {"groups": [{"name": "a", "rules": [{"alert": "A", "expr": "pg_up == 0"}]}]}
    return (
        declared(kinds.CONFIG_MAP, {"data": {"prometheus.yml": dumped(document)}}, "asks"),
        declared(kinds.CONFIG_MAP, {"data": {"all.yml": dumped(rules)}}, "rules"),
    )


def _held(read_only: Any) -> Case:
    mount = {"type": "volume", "source": "files", "target": "/etc/a"}
    return (
        declared(
            kinds.DOCKER_CONTAINER, {"uploads": [{"file": "/etc/a/b.txt", "content": "x"}], "mounts": [mount]}, "files"
        ),
        declared(kinds.DOCKER_CONTAINER, {"mounts": [{**mount, "readOnly": read_only}]}, "reads"),
    )


def _told(file: str, content: str) -> Case:
    return one(
        kinds.DOCKER_CONTAINER, {"image": _IMAGE, "uploads": [{"file": f"/etc/luxima/{file}", "content": content}]}
    )


def _wired(name: str) -> Case:
    return (
        declared(kinds.COMMANDS[0], {"create": "put it\netcd-s3-config-secret: bucket\n"}, "step"),
        declared(kinds.SECRET, {"metadata": {"name": name}}, "secret"),
    )


_NAMES: dict[str, Any] = {
    "metadata": {"name": "names", "namespace": "commerce"},
    "spec": {
        "podSelector": {},
        "egress": [{"to": [{"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}], "ports": [{"port": 53}]}],
    },
}
_DEPLOYMENT = declared(kinds.DEPLOYMENT, {"metadata": {"namespace": "commerce"}}, "shop")


def _names(path: str = "metadata/name", value: Any = "names") -> Declared:
    return declared(kinds.NETWORK_POLICY, but(_NAMES, (path, value)), "names")


_AT = "uploads[0].content"


def _pooled(**changes: str) -> Case:
    """A pooler beside a PostgreSQL that lets 60 in."""
    said = {"POOLER_DEFAULT_POOL_SIZE": "30", "DB_POOL_SIZE": "5", "POOLER_MAX_CLIENT_CONN": "200", **changes}
    pooler = {"image": "docker.io/supabase/supavisor:2", "envs": [f"{name}={size}" for name, size in said.items()]}
    told = {"start": False, "uploads": [{"file": "/x/postgresql.conf", "content": "max_connections = '60'\n"}]}
    given = ((_SERVING, "db"), (pooler, "pooler"), (told, "files"))
    return tuple(declared(kinds.DOCKER_CONTAINER, props, name) for props, name in given)


SPECS: tuple[Spec, ...] = (
    documented(
        "documents-known",
        "loki.yaml",
        _LOKI,
        ("query_scheduler", {"max_outstanding_requests_per_tenant": 1}, ".query_scheduler"),
        ("ingester/lifecycler", {"final_sleep": "9h"}, ".ingester.lifecycler"),
        ("limits_config/x", 1, ".limits_config.x"),
    ),
    documented(
        "loki-limits",
        "loki.yaml",
        _LOKI,
        ("limits_config/max_line_size", "1B", ".limits_config.max_line_size"),
        ("server/log_level", "debug", ".server.log_level"),
        ("ingester/wal/dir", "/tmp/wal", ".ingester.wal.dir"),  # noqa: S108 - what a rule is to find
        ("compactor/delete_request_store", "filesystem", ".compactor.delete_request_store"),
        ("compactor/compaction_interval", "48h", ".compactor.compaction_interval"),
    ),
    documented(
        "tempo-limits",
        "tempo.yaml",
        _TEMPO,
        ("overrides/defaults/compaction/block_retention", "1h", ".overrides.defaults.compaction.block_retention"),
        ("distributor/receivers/otlp/protocols", {"grpc": {}}, ".distributor.receivers.otlp.protocols"),
    ),
    documented(
        "scrape-complete",
        "prometheus.yml",
        _PROMETHEUS,
        ("global/scrape_timeout", "1s", ".global.scrape_timeout"),
        ("storage", {"tsdb": {"retention": {"size": "1GB"}}}, ".storage.tsdb.retention.size"),
        ("scrape_configs/0/metrics_path", "/none", ".scrape_configs[0].metrics_path"),
        ("scrape_configs/0/label_limit", 1, ".scrape_configs[0].label_limit"),
    ),
    Spec(
        "figures-kept",
        passes=(_relabelled("drop", "go_.*"), _relabelled("keep", "pg_up|x")),
        fails=(
            wrong(_relabelled("drop", "pg_.*"), _FIGURES),
            wrong(_relabelled("keep", "up"), _FIGURES),
            wrong(_relabelled("drop", "canary", "slot"), _FIGURES.replace("regex", "source_labels")),
        ),
        unknown=(
            wrong(
                (
                    declared(kinds.CONFIG_MAP, {"data": {"prometheus.yml": UNKNOWN}}, "asks"),
                    _relabelled("drop", "x")[1],
                ),
                'data["prometheus.yml"]',
            ),
        ),
    ),
    simple(
        "docker-kept-up",
        kinds.DOCKER_CONTAINER,
        _SERVING,
        ("restart", "on-failure", "restart"),
        ("mustRun", False, "mustRun"),
        ("rm", True, "rm"),
        ("healthcheck/tests", ["CMD", "true"], "healthcheck.tests"),
        ("healthcheck/tests", ["CMD", "python", "-c", "pass"], "healthcheck.tests"),
        ("healthcheck/interval", "24h0m0s", "healthcheck.interval"),
        ("healthcheck/retries", 999, "healthcheck.retries"),
        ("stopSignal", "SIGKILL", "stopSignal"),
        ("destroyGraceSeconds", 10, "destroyGraceSeconds"),
        ("mounts/0/source", "", "mounts[0].source"),
        unknown=("restart", "restart"),
    ),
    Spec(
        "docker-files-read-only",
        passes=(_held(True), one(kinds.DOCKER_CONTAINER, {"mounts": [{"source": UNKNOWN, "readOnly": True}]})),
        fails=(wrong(_held(False), "mounts[0].readOnly"), wrong(_held(True)[1:], "mounts[0].source")),
        unknown=(wrong(_held(UNKNOWN), "mounts[0].readOnly"),),
    ),
    Spec(
        "database-there",
        passes=(one(kinds.DOCKER_CONTAINER, _SERVING), _pooled()),
        fails=(
            wrong(one(kinds.DOCKER_CONTAINER, {"image": "docker.io/supabase/gotrue:v2"}), "image"),
            *(
                wrong(_pooled(**{name: size}), "envs")
                for name, size in (
                    *(("POOLER_DEFAULT_POOL_SIZE", size) for size in ("31", "0", "")),
                    *(("DB_POOL_SIZE", size) for size in ("60", "0")),
                    ("POOLER_MAX_CLIENT_CONN", "1"),
                )
            ),
        ),
        unknown=(wrong(one(kinds.DOCKER_CONTAINER, {"image": UNKNOWN}), "image"),),
    ),
    Spec(
        "postgres-told",
        passes=(_told("postgresql.conf", _CONF), _told("pg_hba.conf", _HBA)),
        fails=(
            *(
                wrong(_told("postgresql.conf", _CONF.replace(old, new)), _AT)
                for old, new in (
                    ("logical", "minimal"),
                    ("'role'", "'none'"),
                    ("ssl = ", "row_security = 'off'\nssl = "),
                    ("ssl = ", "log_min_duration_statement = '0'\nssl = "),
                    ("ssl_key_file = '/b'\n", ""),
                )
            ),
            wrong(_told("pg_hba.conf", _HBA.replace("hostnossl all m all reject\n", "")), _AT),
        ),
        unknown=(wrong(_told("postgresql.conf", UNKNOWN), _AT),),
    ),
    simple(
        "storage-encrypts",
        kinds.DOCKER_CONTAINER,
        {"envs": ["MINIO_ROOT_USER=a", "MINIO_KMS_AUTO_ENCRYPTION=on"]},
        ("envs/1", "MINIO_KMS_AUTO_ENCRYPTION=off", "envs"),
        unknown=("envs/1", "envs[1]"),
    ),
    Spec(
        "snapshots-wired",
        passes=(_wired("bucket"),),
        fails=(wrong(_wired("another"), "create"),),
        unknown=(wrong(_wired(UNKNOWN), "metadata.name"),),
    ),
    Spec(
        "names-reach",
        passes=((_names(), _DEPLOYMENT), (_DEPLOYMENT,)),
        fails=(
            wrong((_names("metadata/namespace", "edge"), _DEPLOYMENT), "metadata.namespace"),
            wrong((_names(), declared(kinds.HELM_CHART, {"namespace": "cert-manager"}, "chart")), "namespace"),
        ),
        unknown=(wrong((_names("spec/egress/0/ports/0/port", UNKNOWN), _DEPLOYMENT), "spec.egress[0].ports[0].port"),),
    ),
    simple(
        "budget-counted",
        kinds.DISRUPTION_BUDGET,
        {"spec": {"maxUnavailable": 1.0}},
        ("spec/maxUnavailable", "50%", "spec.maxUnavailable"),
        unknown=("spec/maxUnavailable", "spec.maxUnavailable"),
    ),
    simple(
        "record-server",
        kinds.DNS_RECORD,
        {"server": "10.10.30.53"},
        ("server", "8.8.8.8", "server"),
        unknown=("server", "server"),
    ),
)
