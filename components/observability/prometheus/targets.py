"""What Prometheus scrapes: one function for each job (MON-1, MON-2, MON-8)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from components.kubernetes import TOKEN_PATH, authority_path
from components.observability.prometheus import cluster
from components.observability.prometheus.parts import Job, copied, job, keep, kept_metrics, static
from components.programs import BLACKBOX_EXPORTER, KUBE_STATE_METRICS, SCRAPED
from settings import Settings

_CONTAINERS = (
    "container_(cpu_usage_seconds_total|cpu_cfs_throttled_periods_total|cpu_cfs_periods_total|"
    "memory_working_set_bytes|network_(receive|transmit)_bytes_total|fs_(reads|writes)_bytes_total)"
)
"""What rules and panels ask of containers."""

GATEWAYS_DROPPED: Final = (
    "traefik_(entrypoint|router|service)_(requests_tls|requests_bytes|responses_bytes)_total|"
    "traefik_router_request_duration_seconds_(bucket|count|sum)"
)
"""What neither rules nor panels ask of gateways."""

CONTAINER_GROUPS: Final = ("/system.slice/docker-", "/docker/")
"""Start of the names of containers' control groups on Docker hosts, as systemd and as the engine makes them."""


def jobs(settings: Settings) -> list[Job]:
    """Every scrape job of a stack, each series with `service_name` and `environment`.

    Proxmox' own hosts are absent: nothing of this platform runs on them, and their API has no metrics in this format.
    """
    return [
        *_own(settings),
        _services(settings),
        _gateways(settings),
        _kubernetes_nodes(settings, "node-agents", None),
        *_kubernetes(settings),
        *cluster.jobs(settings),
        *_guests(settings),
        _object_storage(settings),
        *_probes(settings),
    ]


def _own(settings: Settings) -> Iterator[Job]:
    """What this room runs in the cluster; a headless Service has an address for each pod."""
    for program in SCRAPED:
        host = f"{program.headless}.{settings.observability.namespace}.svc"
        found = [{"names": [host], "type": "A", "port": program.port}]
        extra: Job = {"honor_labels": True} if program == KUBE_STATE_METRICS else {}
        yield job(settings, program.name, {"dns_sd_configs": found, **extra})


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
                copied("__meta_kubernetes_pod_node_name", "host", regex="(.+)"),
            ],
            "static_configs": [
                static(address, settings.observability.agent_port, name) for name, address in _docker(settings)
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
        content["static_configs"] = [static(address, wanted, host) for host, address in _docker(settings)]
        # Targets that are no node of the cluster bring their address and host themselves.
        for rule in content["relabel_configs"]:
            rule["regex"] = "(.+)"
    return job(settings, name, content)


def _guests(settings: Settings) -> Iterator[Job]:
    """Docker hosts and the database on one of them."""
    observed = settings.observability
    cadvisor = [static(address, observed.cadvisor_port, name) for name, address in _docker(settings)]
    yield job(settings, "cadvisor", {"static_configs": cadvisor, "metric_relabel_configs": [_container_name()]})
    host = observed.database.rpartition(":")[0]
    yield job(settings, "postgres", {"static_configs": [{"targets": [f"{host}:{observed.postgres_exporter_port}"]}]})


def _container_name() -> Job:
    """A container is called by the first digits of its id, as `docker ps` prints them: cAdvisor knows no names."""
    groups = "|".join(map(re.escape, CONTAINER_GROUPS))
    return {
        "source_labels": ["id"],
        "regex": rf"(?:{groups})([0-9a-f]{{12}})[0-9a-f]{{52}}(?:\.scope)?",
        "target_label": "name",
    }


def _object_storage(settings: Settings) -> Job:
    ca = authority_path(settings)
    return job(
        settings,
        "minio",
        {
            "scheme": "https",
            "metrics_path": "/minio/v2/metrics/cluster",
            "authorization": {"credentials_file": "/etc/prometheus/secrets/minioMetricsToken"},
            **({"tls_config": {"ca_file": ca}} if ca is not None else {}),
            "static_configs": [{"targets": [settings.storage.endpoint]}],
        },
    )


def _probes(settings: Settings) -> Iterator[Job]:
    """Every name that is served: HTTPS with a valid certificate, plain HTTP that redirects, DNS, and its slot."""
    names = {service: settings.service_fqdn(service) for service in settings.releases.services}
    pages = [
        # `/` of an API need not be a page; its health is, and plain HTTP redirects whatever is asked for.
        _static_probe(module, [f"{scheme}://{name}{settings.services[service].health_path}"], service_name=service)
        for service, name in names.items()
        for module, scheme in (("http_2xx", "https"), ("http_redirect", "http"))
    ]
    # Each by its address: of a name's two addresses only one would be asked.
    core = [
        _static_probe("core", [f"{gateway.address}:443"], service_name="traefik", slot=slot)
        for slot, gateway in settings.edge.gateways.items()
    ]
    yield _probe(settings, "blackbox-https", [*pages, *core])
    servers = [f"{server.address}:{server.port}" for server in settings.dns.servers]
    asked = {"dns_public": settings.environment.zones[0], "dns_core": settings.environment.zones[1]}
    asked |= {f"dns_name_{service}": name for service, name in names.items()}
    asked |= {f"dns_host_{key}": name for key, name in settings.hosts.items()}
    found = [_static_probe(module, servers, name=name, service_name="dns") for module, name in asked.items()]
    yield _probe(settings, "blackbox-dns", found)
    live = [
        _static_probe(f"live_{service}_{slot}", servers[:1], service=service, slot=slot, service_name="dns")
        for service in names
        for slot in settings.edge.gateways
    ]
    yield _probe(settings, "live-slot", live)


def _static_probe(module: str, targets: Sequence[str], **labels: str) -> Job:
    return {"targets": list(targets), "labels": {"__param_module": module, "module": module, **labels}}


def _probe(settings: Settings, name: str, targets: Sequence[Job]) -> Job:
    exporter = f"{BLACKBOX_EXPORTER.host(settings.observability.namespace)}:{BLACKBOX_EXPORTER.port}"
    return job(
        settings,
        name,
        {
            "metrics_path": "/probe",
            "static_configs": list(targets),
            "relabel_configs": [
                copied("__address__", "__param_target"),
                copied("__param_target", "instance"),
                {"target_label": "__address__", "replacement": exporter},
            ],
        },
        service_name=None,
    )


def _docker(settings: Settings) -> list[tuple[str, str]]:
    return [(name, vm.address) for name, vm in settings.wanted_vms.items() if vm.role == "docker_host"]
