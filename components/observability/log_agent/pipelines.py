"""The log agents' documents in Promtail's format, one for each place; Alloy runs them as well (LOG-1, LOG-3..7).

No `${…}` and no flags: `alloy run --config.format=promtail FILE` and `promtail -config.file=FILE` do the same with
them. Alloy takes its port from `--server.http.listen-addr` and not from `server`.
"""

from typing import Any, Final

from components.observability.log_agent.stages import (
    API_AUDIT,
    Stage,
    combined,
    finish,
    journal,
    mapped,
    masked,
    match,
    supabase,
    traefik,
    unended,
    whole,
)
from components.observability.loki.tenants import LOG_TENANT
from components.programs import API_AUDIT_LOG, API_AUDIT_SERVICE, LOG_AGENT_CLIENT, LOKI
from settings import Settings

POSITIONS: Final = "/var/lib/log-agent/positions.yaml"
"""How far each file was read, for Promtail; Alloy keeps its own under `--storage.path`."""
PODS: Final = "/var/log/pods"
DOCKER: Final = "/var/lib/docker/containers"
JOURNAL: Final = "/var/log/journal"
FOLDER: Final = "/etc/log-agent"
"""Where an agent outside of the cluster has its files."""
PASSWORD_FILE: Final = "password"  # noqa: S105 - a file's name
"""File there with what it logs in to the gateways with."""
AUTHORITY: Final = f"{FOLDER}/private-ca.crt"
"""Certificate of the private CA there, in stacks that have one."""
WEB_SERVERS: Final = {
    "nginx": "/var/log/nginx/*access*.log",
    "openlitespeed": "/var/log/openlitespeed/*access*.log",
}
"""Access logs of web servers on Docker hosts, by service."""
MACHINE_SERVICE: Final = "system"
"""Value of `service` for the journals of machines."""

_META: Final = "__meta_kubernetes"
_COMBINED_LINE: Final = r'|~ "^\\S+ \\S+ \\S+ \\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:"'


def kubernetes(settings: Settings) -> dict[str, Any]:
    """Agent on every node of the cluster: the containers' output, and the node's journal.

    It discovers the pods of its own node, whose name is in the variable HOSTNAME.
    """
    room = settings.observability
    url = f"{LOKI.url(room.namespace)}/loki/api/v1/push"
    pods: dict[str, Any] = {
        "job_name": "pods",
        "kubernetes_sd_configs": [{"role": "pod"}],
        "relabel_configs": _pod_labels(settings),
        "pipeline_stages": [{"cri": {}}, whole(), *masked(), traefik(), *finish()],
    }
    audit = [_api_audit(settings)] if settings.kubernetes.mode == "k3s" else []
    return _document(settings, {"url": url}, [pods, _journal(settings), *audit])


def _api_audit(settings: Settings) -> dict[str, Any]:
    """Who did what in the cluster, on nodes that have an API server; its pod tells the agent which node that is."""
    labels = {"service": API_AUDIT_SERVICE, "class": "audit", "environment": settings.environment.label}
    return {
        "job_name": "api-audit",
        "kubernetes_sd_configs": [{"role": "pod"}],
        "relabel_configs": [
            {"source_labels": [f"{_META}_pod_label_app_kubernetes_io_name"], "regex": "log-agent", "action": "keep"},
            {"source_labels": [f"{_META}_pod_node_name"], "target_label": "host"},
            *({"target_label": name, "replacement": value} for name, value in labels.items()),
            {"target_label": "__path__", "replacement": API_AUDIT_LOG},
        ],
        "pipeline_stages": [*masked(), *mapped(API_AUDIT), *finish()],
    }


def docker_host(settings: Settings, machine: str) -> dict[str, Any]:
    """Agent on a Docker host: the containers' JSON files, the journal, and the access logs of web servers beside them.

    It needs no Docker socket: the daemon writes each container's name into its lines when `log-opts` has
    `"tag": "{{.Name}}"`. `machine` is the host's name, which the files do not tell; it becomes the label `host`.
    """
    labels = {
        "service": "docker",
        "class": "docker",
        "environment": settings.environment.label,
        "host": machine,
    }
    files = {"__path__": f"{DOCKER}/*/*-json.log"}
    edge_functions = '{service=~".*(edge-functions|edge-runtime|functions).*"}'
    containers: dict[str, Any] = {
        "job_name": "containers",
        "static_configs": [{"targets": ["localhost"], "labels": {**labels, **files}}],
        "pipeline_stages": [
            {"json": {"expressions": {"tag": "attrs.tag"}}},
            {"regex": {"source": "tag", "expression": "^(?P<container>[A-Za-z0-9][A-Za-z0-9_.-]{0,62})$"}},
            {"labels": {"service": "container"}},
            {"docker": {}},
            unended(),
            whole(),
            *masked(),
            match(edge_functions, {"static_labels": {"class": "edge_functions"}}),
            *supabase(),
            combined(f'{{class="docker"}} {_COMBINED_LINE}'),
            *finish(),
        ],
    }
    return _document(settings, _through_gateways(settings), [containers, _journal(settings), _web_servers(settings)])


def lxc(settings: Settings) -> dict[str, Any]:
    """Agent in an LXC, whose journal tells all that there is."""
    return _document(settings, _through_gateways(settings), [_journal(settings)])


def _through_gateways(settings: Settings) -> dict[str, Any]:
    """Where machines outside of the cluster send lines: to the gateways, as everybody who is there."""
    url = f"https://{settings.environment.core_fqdn('loki')}/loki/api/v1/push"
    private = settings.edge.certificates.authority_secret is not None
    return {
        "url": url,
        "basic_auth": {"username": LOG_AGENT_CLIENT, "password_file": f"{FOLDER}/{PASSWORD_FILE}"},
        **({"tls_config": {"ca_file": AUTHORITY}} if private else {}),
    }


def _web_servers(settings: Settings) -> dict[str, Any]:
    """The access logs of web servers on a machine, as far as there are any."""
    return {
        "job_name": "access",
        "static_configs": [
            {
                "targets": ["localhost"],
                "labels": {
                    "service": service,
                    "class": "access",
                    "environment": settings.environment.label,
                    "__path__": path,
                },
            }
            for service, path in WEB_SERVERS.items()
        ],
        "pipeline_stages": [*masked(), combined('{class="access"}'), *finish()],
    }


def _document(settings: Settings, where: dict[str, Any], jobs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "server": {
            "http_listen_port": settings.observability.agent_port,
            # 0 is a port of its own choice; nothing speaks gRPC with an agent.
            "grpc_listen_port": 0,
        },
        "positions": {"filename": POSITIONS},
        "clients": [
            {
                **where,
                "tenant_id": LOG_TENANT,
                "batchwait": "1s",
                "batchsize": 1024 * 1024,
                "timeout": "10s",
                # An hour and a half; meanwhile nothing more is read, so nothing is lost as long as the files are there.
                "backoff_config": {"min_period": "500ms", "max_period": "5m", "max_retries": 25},
            }
        ],
        "scrape_configs": jobs,
    }


def _journal(settings: Settings) -> dict[str, Any]:
    """The machine's journal: its own service, one stream for each level, a host's name as a label."""
    return {
        "job_name": "journal",
        "journal": {
            "path": JOURNAL,
            "json": True,
            "max_age": "12h",
            "labels": {"service": MACHINE_SERVICE, "class": "syslog", "environment": settings.environment.label},
        },
        "relabel_configs": [{"source_labels": ["__journal__hostname"], "target_label": "host"}],
        "pipeline_stages": [*masked(), *journal(), *finish()],
    }


def _pod_labels(settings: Settings) -> list[Stage]:
    """Labels of a pod's lines: what it is called, what it is for, and where its files lie."""
    namespaces = sorted({service.namespace for service in settings.services.values()})
    return [
        {"target_label": "environment", "replacement": settings.environment.label},
        {"target_label": "class", "replacement": "default"},
        {
            "source_labels": [f"{_META}_namespace"],
            "regex": "|".join(namespaces),
            "target_label": "class",
            "replacement": "api",
        },
        # The last one that is there wins.
        *(
            {"source_labels": [source], "regex": "(.+)", "target_label": "service"}
            for source in (
                f"{_META}_pod_container_name",
                f"{_META}_pod_label_app",
                f"{_META}_pod_label_k8s_app",
                f"{_META}_pod_label_app_kubernetes_io_name",
            )
        ),
        # Loki takes a late line by what else its stream has: an agent that was cut off has streams of its own.
        {"source_labels": [f"{_META}_pod_node_name"], "target_label": "host"},
        {"source_labels": [f"{_META}_namespace"], "target_label": "namespace"},
        {"source_labels": [f"{_META}_pod_name"], "target_label": "pod"},
        {"source_labels": [f"{_META}_pod_label_luxima_id_slot"], "target_label": "slot"},
        {
            "source_labels": [f"{_META}_pod_uid", f"{_META}_pod_container_name"],
            "separator": "/",
            "target_label": "__path__",
            "replacement": f"{PODS}/*$1/*.log",
        },
    ]
