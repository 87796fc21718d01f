"""What Prometheus scrapes: one function for each job (MON-1, MON-2, MON-8)."""

from collections.abc import Iterator, Sequence
from typing import Any

from components.kubernetes import TOKEN_PATH, authority_path
from components.observability.capacity import sample_limit
from components.programs import BLACKBOX_EXPORTER, KUBE_STATE_METRICS, SCRAPED
from settings import Settings

_API_HISTOGRAMS = (
    "(apiserver_(admission|authentication|authorization|cel|flowcontrol|request|response|storage|watch)|etcd|"
    "rest_client|workqueue)_.*_bucket"
)
_CONTAINERS = (
    "container_(cpu_usage_seconds_total|cpu_cfs_throttled_periods_total|cpu_cfs_periods_total|"
    "memory_working_set_bytes|network_(receive|transmit)_bytes_total|fs_(reads|writes)_bytes_total)"
)
"""What rules and panels ask of containers."""

Job = dict[str, Any]


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
        yield _job(settings, program.name, {"dns_sd_configs": found, **extra})


def _services(settings: Settings) -> Job:
    """Pods of the services' namespaces that ask for it by annotation."""
    namespaces = sorted({service.namespace for service in settings.services.values()})
    meta = "__meta_kubernetes_pod_annotation_prometheus_io"
    return _job(
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
                _copy(f"{meta}_path", "__metrics_path__", regex="(.+)"),
                _copy("__meta_kubernetes_namespace", "namespace"),
                _copy("__meta_kubernetes_pod_name", "pod"),
                _copy("__meta_kubernetes_pod_label_app_kubernetes_io_name", "service_name"),
                _copy("__meta_kubernetes_pod_label_luxima_id_slot", "slot"),
            ],
        },
        service_name=None,
    )


def _gateways(settings: Settings) -> Job:
    return _job(
        settings,
        "traefik",
        {
            "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [settings.edge.namespace]}}],
            "relabel_configs": [
                _keep("__meta_kubernetes_pod_label_app_kubernetes_io_name", "traefik"),
                _keep("__meta_kubernetes_pod_container_port_name", "http"),
                _copy("__meta_kubernetes_pod_label_luxima_id_slot", "slot"),
                _copy("__meta_kubernetes_pod_name", "pod"),
            ],
        },
    )


def _kubernetes(settings: Settings) -> Iterator[Job]:
    """The cluster itself."""
    secure: Job = {
        "scheme": "https",
        "authorization": {"credentials_file": f"{TOKEN_PATH}/token"},
        "tls_config": {"ca_file": f"{TOKEN_PATH}/ca.crt"},
    }
    yield _job(
        settings,
        "kube-apiserver",
        {
            **secure,
            "kubernetes_sd_configs": [{"role": "endpointslice", "namespaces": {"names": ["default"]}}],
            "relabel_configs": [
                _keep("__meta_kubernetes_service_name", "kubernetes"),
                _keep("__meta_kubernetes_endpointslice_port_name", "https"),
            ],
            # Its histograms by resource and verb are most of its series, and no rule or panel asks for them.
            "metric_relabel_configs": [_kept_metrics("drop", _API_HISTOGRAMS)],
        },
    )
    kubelet = _kubernetes_nodes(settings, "kubelet-cadvisor", 10250)
    # k3s signs the kubelet's certificate with its own authority, for the node's name and address.
    kubelet |= {**secure, "metrics_path": "/metrics/cadvisor", "honor_timestamps": False}
    kubelet["metric_relabel_configs"] = [_kept_metrics("keep", _CONTAINERS)]
    yield kubelet
    volumes = _kubernetes_nodes(settings, "kubelet", 10250)
    yield {**volumes, **secure, "metric_relabel_configs": [_kept_metrics("keep", "kubelet_volume_stats_.*")]}
    yield _job(
        settings,
        "log-agent",
        {
            "kubernetes_sd_configs": [
                {"role": "pod", "namespaces": {"names": [settings.observability.agents_namespace]}}
            ],
            "relabel_configs": [
                # Docker hosts come without labels of a pod, and bring their host themselves.
                _keep("__meta_kubernetes_pod_label_app_kubernetes_io_name", "(log-agent)?"),
                _keep("__meta_kubernetes_pod_container_port_name", "(http)?"),
                _copy("__meta_kubernetes_pod_node_name", "host", regex="(.+)"),
            ],
            "static_configs": [
                _static(address, settings.observability.agent_port, name) for name, address in _docker(settings)
            ],
        },
    )


def _kubernetes_nodes(settings: Settings, job: str, port: int | None) -> Job:
    """A port of every node of the cluster; None is the node exporter's, which other guests have too."""
    name = "node" if port is None else job
    wanted = settings.observability.node_exporter_port if port is None else port
    content: Job = {
        "kubernetes_sd_configs": [{"role": "node"}],
        "relabel_configs": [
            {
                "source_labels": ["__meta_kubernetes_node_address_InternalIP"],
                "target_label": "__address__",
                "replacement": f"$1:{wanted}",
            },
            _copy("__meta_kubernetes_node_name", "host"),
        ],
    }
    if port is None:
        content["static_configs"] = [_static(address, wanted, host) for host, address in _docker(settings)]
        # Targets that are no node of the cluster bring their address and host themselves.
        for rule in content["relabel_configs"]:
            rule["regex"] = "(.+)"
    return _job(settings, name, content)


def _guests(settings: Settings) -> Iterator[Job]:
    """Docker hosts and the database on one of them."""
    observed = settings.observability
    cadvisor = [_static(address, observed.cadvisor_port, name) for name, address in _docker(settings)]
    yield _job(settings, "cadvisor", {"static_configs": cadvisor})
    host = observed.database.rpartition(":")[0]
    yield _job(settings, "postgres", {"static_configs": [{"targets": [f"{host}:{observed.postgres_exporter_port}"]}]})


def _object_storage(settings: Settings) -> Job:
    ca = authority_path(settings)
    return _job(
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


def _probe(settings: Settings, job: str, targets: Sequence[Job]) -> Job:
    exporter = f"{BLACKBOX_EXPORTER.host(settings.observability.namespace)}:{BLACKBOX_EXPORTER.port}"
    return _job(
        settings,
        job,
        {
            "metrics_path": "/probe",
            "static_configs": list(targets),
            "relabel_configs": [
                _copy("__address__", "__param_target"),
                _copy("__param_target", "instance"),
                {"target_label": "__address__", "replacement": exporter},
            ],
        },
        service_name=None,
    )


def _docker(settings: Settings) -> list[tuple[str, str]]:
    return [(name, vm.address) for name, vm in settings.wanted_vms.items() if vm.role == "docker_host"]


def _static(address: str, port: int, host: str) -> Job:
    return {"targets": [f"{address}:{port}"], "labels": {"host": host}}


def _copy(source: str, target: str, **more: str) -> Job:
    return {"source_labels": [source], "target_label": target, **more}


def _kept_metrics(action: str, names: str) -> Job:
    return {"source_labels": ["__name__"], "action": action, "regex": names}


def _keep(source: str, value: str) -> Job:
    return {"source_labels": [source], "action": "keep", "regex": value}


def _job(settings: Settings, name: str, content: Job, service_name: str | None = "") -> Job:
    """A job with the labels that every series has; `service_name` is the job's name, or found by the job itself."""
    labels = {"environment": settings.environment.label}
    if service_name is not None:
        labels["service_name"] = service_name or name
    fixed = [{"target_label": key, "replacement": value} for key, value in labels.items()]
    return {
        "job_name": name,
        "sample_limit": sample_limit(settings, name),
        **content,
        "relabel_configs": [*_alive(content), *content.get("relabel_configs", ()), *fixed],
    }


def _alive(content: Job) -> Iterator[Job]:
    """A pod that was evicted or has done its work stays in the API's list, and answers nobody."""
    if any(each["role"] == "pod" for each in content.get("kubernetes_sd_configs", ())):
        yield {"source_labels": ["__meta_kubernetes_pod_phase"], "action": "drop", "regex": "Failed|Succeeded"}
