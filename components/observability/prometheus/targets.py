"""What Prometheus scrapes: one function for each job (MON-1, MON-2, MON-8)."""

import re
from collections.abc import Iterator
from typing import Final

from components.kubernetes import TOKEN_PATH, authority_path
from components.observability.prometheus import cluster, probes
from components.observability.prometheus.hypervisor import hypervisor
from components.observability.prometheus.parts import Job, copied, docker_hosts, job, keep, kept_metrics, static
from components.programs import KUBE_STATE_METRICS, SCRAPED
from settings import Settings
from settings.delivery import PULL_METRICS_PORT, PUSH_METRICS_PORT

_CONTAINERS = (
    "container_(cpu_usage_seconds_total|cpu_cfs_throttled_periods_total|cpu_cfs_periods_total|"
    "memory_working_set_bytes|network_(receive|transmit)_bytes_total|fs_(reads|writes)_bytes_total)"
)
"""What rules and panels ask of containers."""
_BUCKETS = "minio_bucket_(usage|quota)_total_bytes|minio_bucket_usage_object_total"
"""Requests and times of each bucket are many, and asked for by nobody."""

GATEWAYS_DROPPED: Final = (
    "traefik_(entrypoint|router|service)_(requests_tls|requests_bytes|responses_bytes)_total|"
    "traefik_router_request_duration_seconds_(bucket|count|sum)"
)
"""What neither rules nor panels ask of gateways."""

CONTAINER_GROUPS: Final = ("/system.slice/docker-", "/docker/")
"""Start of the names of containers' control groups on Docker hosts, as systemd and as the engine makes them."""


def jobs(settings: Settings) -> list[Job]:
    """Every scrape job of a stack, each series with `service_name` and `environment`.

    Proxmox' own hosts are known by their API alone: nothing of this platform runs on them, no node exporter either.
    """
    return [
        *_own(settings),
        _services(settings),
        _gateways(settings),
        _kubernetes_nodes(settings, "node-agents", None),
        *_kubernetes(settings),
        *cluster.jobs(settings),
        *_guests(settings),
        hypervisor(settings),
        *_object_storage(settings),
        _registry(settings),
        *probes.jobs(settings),
    ]


def _own(settings: Settings) -> Iterator[Job]:
    """What this room runs in the cluster."""
    for program in SCRAPED:
        found: Job = {
            "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [settings.observability.namespace]}}],
            "relabel_configs": [
                keep("__meta_kubernetes_pod_label_app_kubernetes_io_name", program.name),
                keep("__meta_kubernetes_pod_container_port_number", str(program.port)),
            ],
        }
        if program == KUBE_STATE_METRICS:
            # What it tells of is on any host, not on its own.
            found |= {"honor_labels": True, "metric_relabel_configs": [{"regex": "host", "action": "labeldrop"}]}
        yield job(settings, program.name, found)


def _services(settings: Settings) -> Job:
    """Pods of the services' namespaces that ask for it by annotation."""
    namespaces = sorted({service.namespace for service in settings.services.values()})
    meta = "__meta_kubernetes_pod_annotation_prometheus_io"
    return job(
        settings,
        "services",
        {
            "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": namespaces}}],
            "relabel_configs": [
                {"source_labels": [f"{meta}_scrape"], "action": "keep", "regex": "true"},
                # A pod has an entry for each of its ports: only the one that the annotation names is wanted.
                {
                    "source_labels": ["__meta_kubernetes_pod_container_port_number"],
                    "action": "keepequal",
                    "target_label": f"{meta}_port",
                },
                copied(f"{meta}_path", "__metrics_path__", regex="(.+)"),
                copied("__meta_kubernetes_namespace", "namespace"),
                copied("__meta_kubernetes_pod_name", "pod"),
                copied("__meta_kubernetes_pod_label_app_kubernetes_io_name", "service_name"),
                copied("__meta_kubernetes_pod_label_luxima_id_slot", "slot"),
            ],
        },
        service_name=None,
    )


def _gateways(settings: Settings) -> Job:
    """Each service has series for each combination of code, method and protocol: what nobody asks for is dropped."""
    return job(
        settings,
        "traefik",
        {
            "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [settings.edge.namespace]}}],
            "relabel_configs": [
                keep("__meta_kubernetes_pod_label_app_kubernetes_io_name", "traefik"),
                keep("__meta_kubernetes_pod_container_port_name", "http"),
                copied("__meta_kubernetes_pod_label_luxima_id_slot", "slot"),
                copied("__meta_kubernetes_pod_name", "pod"),
            ],
            "metric_relabel_configs": [kept_metrics("drop", GATEWAYS_DROPPED)],
        },
    )


def _kubernetes(settings: Settings) -> Iterator[Job]:
    """The cluster itself."""
    secure: Job = {
        "scheme": "https",
        "authorization": {"credentials_file": f"{TOKEN_PATH}/token"},
        "tls_config": {"ca_file": f"{TOKEN_PATH}/ca.crt"},
    }
    yield job(
        settings,
        "kube-apiserver",
        {
            **secure,
            "kubernetes_sd_configs": [{"role": "endpointslice", "namespaces": {"names": ["default"]}}],
            "relabel_configs": [
                keep("__meta_kubernetes_service_name", "kubernetes"),
                keep("__meta_kubernetes_endpointslice_port_name", "https"),
                *cluster.hosts_of_servers(settings),
            ],
            "metric_relabel_configs": cluster.kept_of_api_server(),
        },
    )
    kubelet = _kubernetes_nodes(settings, "kubelet-cadvisor", 10250)
    # k3s signs the kubelet's certificate with its own authority, for the node's name and address.
    kubelet |= {**secure, "metrics_path": "/metrics/cadvisor", "honor_timestamps": False}
    kubelet["metric_relabel_configs"] = [kept_metrics("keep", _CONTAINERS)]
    yield kubelet
    volumes = _kubernetes_nodes(settings, "kubelet", 10250)
    yield {**volumes, **secure, "metric_relabel_configs": [kept_metrics("keep", cluster.KUBELET)]}
    yield job(
        settings,
        "log-agent",
        {
            "kubernetes_sd_configs": [
                {"role": "pod", "namespaces": {"names": [settings.observability.agents_namespace]}}
            ],
            "relabel_configs": [
                # Docker hosts come without labels of a pod, and bring their host themselves.
                keep("__meta_kubernetes_pod_label_app_kubernetes_io_name", "(log-agent)?"),
                keep("__meta_kubernetes_pod_container_port_name", "(http)?"),
            ],
            "static_configs": [
                static(address, settings.observability.agent_port, name) for name, address in docker_hosts(settings)
            ],
        },
    )


def _kubernetes_nodes(settings: Settings, called: str, port: int | None) -> Job:
    """A port of every node of the cluster; None is the node exporter's, which other guests have too."""
    name = "node" if port is None else called
    wanted = settings.observability.node_exporter_port if port is None else port
    content: Job = {
        "kubernetes_sd_configs": [{"role": "node"}],
        "relabel_configs": [
            {
                "source_labels": ["__meta_kubernetes_node_address_InternalIP"],
                "target_label": "__address__",
                "replacement": f"$1:{wanted}",
            },
            copied("__meta_kubernetes_node_name", "host"),
        ],
    }
    if port is None:
        content["metric_relabel_configs"] = cluster.kept_of_units()
        lxcs = [(name, lxc.address) for name, lxc in settings.compute.containers.items()]
        machines = [*docker_hosts(settings), *lxcs]
        content["static_configs"] = [static(address, wanted, host) for host, address in machines]
        # Targets that are no node of the cluster bring their address and host themselves.
        for rule in content["relabel_configs"]:
            rule["regex"] = "(.+)"
    return job(settings, name, content)


def _guests(settings: Settings) -> Iterator[Job]:
    """Docker hosts, the database on one of them, and its replica on another."""
    observed = settings.observability
    cadvisor = [static(address, observed.cadvisor_port, name) for name, address in docker_hosts(settings)]
    yield job(settings, "cadvisor", {"static_configs": cadvisor, "metric_relabel_configs": [_container_name()]})
    database = observed.database.rpartition(":")[0]
    exporters = [
        static(address, observed.postgres_exporter_port, name)
        for name, address in docker_hosts(settings)
        if address == database
    ]
    yield job(settings, "postgres", {"static_configs": exporters})
    replica, name = settings.database_replica, settings.database.replica
    if replica is not None and name is not None:
        # What the database says would be told twice.
        kept = [kept_metrics("keep", "pg_stat_wal_receiver_flushed_lsn")]
        found = [static(replica.address, observed.postgres_exporter_port, name)]
        yield job(settings, "postgres-replica", {"static_configs": found, "metric_relabel_configs": kept})


def _container_name() -> Job:
    """A container is called by the first digits of its id, as `docker ps` prints them: cAdvisor knows no names."""
    groups = "|".join(map(re.escape, CONTAINER_GROUPS))
    return {
        "source_labels": ["id"],
        "regex": rf"(?:{groups})([0-9a-f]{{12}})[0-9a-f]{{52}}(?:\.scope)?",
        "target_label": "name",
    }


def _registry(settings: Settings) -> Job:
    """Both sides of the image registry; each has series of each handler, of which the requests alone are asked for."""
    host, address = settings.delivery.registry.host, settings.registry_address
    sides = [static(address, port, host) for port in (PULL_METRICS_PORT, PUSH_METRICS_PORT)]
    kept = [kept_metrics("keep", "registry_http_requests_total")]
    return job(settings, "registry", {"static_configs": sides, "metric_relabel_configs": kept})


def _object_storage(settings: Settings) -> Iterator[Job]:
    """The object storage, and beside it how full each bucket is: it tells of buckets at a path of their own."""
    ca = authority_path(settings)
    kept: Job = {"metric_relabel_configs": [kept_metrics("keep", _BUCKETS)]}
    jobs: tuple[tuple[str, str, Job], ...] = (("minio", "cluster", {}), ("minio-buckets", "bucket", kept))
    for name, path, more in jobs:
        yield job(
            settings,
            name,
            {
                "scheme": "https",
                "metrics_path": f"/minio/v2/metrics/{path}",
                "authorization": {"credentials_file": "/etc/prometheus/secrets/minioMetricsToken"},
                **({"tls_config": {"ca_file": ca}} if ca is not None else {}),
                "static_configs": [{"targets": [settings.storage.endpoint]}],
                **more,
            },
            service_name="minio",
        )
