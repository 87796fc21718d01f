"""What the blackbox exporters are asked to look at (MON-2, SEC-1)."""

from collections.abc import Iterator, Sequence

from components.flows import API_PORT
from components.observability.prometheus.parts import Job, copied, docker_hosts, job
from components.programs import BLACKBOX_EXPORTER
from components.routing.database import PROBED
from settings import Settings
from settings.coolify import HEALTH_PATH


def jobs(settings: Settings) -> Iterator[Job]:
    """Every probe."""
    yield from _names(settings)
    yield _outside(settings)
    # As GitHub comes to it. A job without targets is there in every stack, as the rules on it are.
    page = _static_probe("http_2xx", [f"https://{settings.coolify_fqdn}{HEALTH_PATH}"])
    yield _probe(settings, "blackbox-coolify", [] if settings.delivery.coolify is None else [page], "coolify")


def _names(settings: Settings) -> Iterator[Job]:
    """Every name that is served: HTTPS with a valid certificate, plain HTTP that redirects, DNS, and its slot."""
    names = {service: settings.service_fqdn(service) for service in settings.releases.services}
    pages = [
        # `/` of an API need not be a page; its health is, and plain HTTP redirects whatever is asked for.
        _static_probe(module, [f"{scheme}://{name}{settings.services[service].health_path}"], service_name=service)
        for service, name in names.items()
        for module, scheme in (("http_2xx", "https"), ("http_redirect", "http"))
    ]
    if settings.database.mode == "supabase":
        doors = [f"https://{settings.database_fqdn}{path}" for path in PROBED]
        pages.append(_static_probe("http_2xx", doors, service_name="supabase"))
    # Each by its address: of a name's two addresses only one would be asked.
    core = [
        _static_probe("core", [f"{gateway.address}:443"], service_name="traefik", slot=slot)
        for slot, gateway in settings.edge.gateways.items()
    ]
    yield _probe(settings, "blackbox-https", [*pages, *core])
    # That it answers is seen by who reads its metrics: this is for its certificate.
    storage = _static_probe("object_storage", [settings.storage.endpoint], service_name="minio")
    yield _probe(settings, "blackbox-storage", [storage])
    servers = [f"{server.address}:{server.port}" for server in settings.dns.servers]
    asked = {"dns_public": settings.environment.zones[0], "dns_core": settings.environment.zones[1]}
    asked |= {f"dns_name_{service}": name for service, name in names.items()}
    asked |= {f"dns_host_{key}": name for key, name in settings.looked_up.items()}
    found = [_static_probe(module, servers, name=name, service_name="dns") for module, name in asked.items()]
    yield _probe(settings, "blackbox-dns", found)
    live = [
        _static_probe(f"live_{service}_{slot}", servers[:1], service=service, slot=slot, service_name="dns")
        for service in names
        for slot in settings.edge.gateways
    ]
    yield _probe(settings, "live-slot", live)


def _outside(settings: Settings) -> Job:
    """Virtual addresses, asked from every Docker host: in the cluster they answer though no node announces them."""
    asked = [(f"{gateway.address}:443", {"slot": slot}) for slot, gateway in settings.edge.gateways.items()]
    if settings.kubernetes.mode == "k3s":
        asked.append((f"{settings.kubernetes.api_address}:{API_PORT}", {}))
    port = settings.observability.probe_port
    return job(
        settings,
        "blackbox-outside",
        {
            "metrics_path": "/probe",
            "params": {"module": ["address"]},
            "static_configs": [
                {"targets": [target], "labels": {"host": host, "__exporter": f"{address}:{port}", **labels}}
                for host, address in docker_hosts(settings)
                for target, labels in asked
            ],
            "relabel_configs": [
                copied("__address__", "__param_target"),
                copied("__param_target", "instance"),
                copied("__exporter", "__address__"),
            ],
        },
        service_name="kube-vip",
    )


def _static_probe(module: str, targets: Sequence[str], **labels: str) -> Job:
    return {"targets": list(targets), "labels": {"__param_module": module, "module": module, **labels}}


def _probe(settings: Settings, name: str, targets: Sequence[Job], service_name: str | None = None) -> Job:
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
        service_name=service_name,
    )
