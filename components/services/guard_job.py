"""The guard of a release as a Job in the cluster, so that it survives whoever released (REL-6).

It is there while the release file says that the service is on probation. What it watches is part of its name: another
release is another Job.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.flows import NAME_LABEL, Flows
from components.kubernetes import Files, Job, JobArgs, Mount, Priority, authority_mounts, authority_path
from components.programs import ALERTMANAGER, ALERTMANAGER_RECORD, LOKI, PROMETHEUS
from settings import Settings
from settings.capacity.pods import RELEASE_GUARD

FOLDER: Final = "/etc/guard"
"""Where the guard finds what it is told; its secrets are below it."""
SPOOL: Final = "/var/spool/guard"
"""Where audit rows wait for the database."""


@dataclass(frozen=True)
class GuardJobArgs:
    """Inputs of a GuardJob."""

    settings: Settings
    """Settings of the stack."""
    flows: Flows
    """Its flows."""
    service: str
    """Name of the service; see `watched`."""
    image: str
    """Image of the release tool, by digest."""
    tsig_secret: pulumi.Input[str]
    """Secret of the key `dns.guard_tsig`; secret."""
    service_role_key: pulumi.Input[str]
    """Key that audit rows are written with; secret."""


def watched(settings: Settings) -> list[str]:
    """Services that need a guard: on probation, with a slot to go back to."""
    return [
        name
        for name, release in settings.releases.services.items()
        if release.probation is not None
        and release.probation.previous != release.live
        and release.slots[release.live] is not None
    ]


def document(settings: Settings, service: str) -> str:
    """What the guard is told: the JSON that `release.guard.plan` reads.

    It asks the servers in the cluster by their own names: a gateway that fails must not make the guard blind.
    """
    release, guard, dns = settings.releases.services[service], settings.guard, settings.dns
    probation, content = release.probation, release.slots[release.live]
    if probation is None or content is None:
        raise ValueError(f"{service} is not on probation")
    inside = settings.observability.namespace
    record = None if guard.alertmanager_url else ALERTMANAGER_RECORD.url(inside)
    told: Mapping[str, Any] = {
        "stack": settings.environment.name,
        "environment": settings.environment.label,
        "service": service,
        "slot": release.live,
        "previous": probation.previous,
        "image": content.image,
        "since": probation.since,
        "until": probation.until,
        "extension_seconds": guard.probation_minutes * 60,
        "extended": probation.extended,
        "name": {
            "fqdn": settings.service_fqdn(service),
            "zone": settings.environment.domain,
            "ttl_seconds": dns.switch_ttl_seconds,
            "gateways": {slot: settings.public_address(service, slot) for slot in settings.edge.gateways},
            "servers": [{"address": server.address, "port": server.port} for server in dns.servers],
            "tsig": {"name": dns.guard_tsig.name, "algorithm": dns.guard_tsig.algorithm},
        },
        "limits": settings.guard_limits.model_dump(),
        "urls": {
            "prometheus": guard.prometheus_url or PROMETHEUS.url(inside),
            "loki": guard.loki_url or LOKI.url(inside),
            "alertmanager": guard.alertmanager_url or ALERTMANAGER.url(inside),
            "record": record,
            "audit": settings.observability.alert_log_url,
            "runbooks": settings.observability.alerts.runbooks_url,
            "dashboard": f"https://{settings.environment.grafana_host}/d/releases",
        },
    }
    return json.dumps(told, indent=1) + "\n"


class GuardJob(pulumi.ComponentResource):
    """The guard of one release on probation: Job, document, secrets, account and network policy."""

    job: Job
    """The Job."""

    def __init__(self, name: str, args: GuardJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:services:GuardJob", name, None, opts)
        settings, edge = args.settings, args.settings.edge
        texts = {"watch.json": document(settings, args.service)}
        digest = hashlib.sha256(repr((args.image, sorted(texts.items()))).encode()).hexdigest()[:10]
        workload = f"guard-{args.service[:40]}-{digest}"
        labels = {
            NAME_LABEL: "release-guard",
            "luxima.id/watch": workload,
            # The state-of-the-cluster exporter tells these on, so that everybody sees what is on probation.
            "luxima.id/guarded-service": args.service,
            "luxima.id/guarded-slot": settings.releases.services[args.service].live,
            "environment": settings.environment.label,
        }
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=workload, namespace=edge.namespace, labels={"app.kubernetes.io/part-of": "luxima", **labels}
        )
        child = pulumi.ResourceOptions(parent=self)
        config_map = k8s.core.v1.ConfigMap(
            f"{name}-watch", metadata=metadata, data=dict(texts), immutable=True, opts=child
        )
        secret = k8s.core.v1.Secret(
            f"{name}-secrets",
            metadata=metadata,
            type="Opaque",
            string_data={"tsig": args.tsig_secret, "serviceRoleKey": args.service_role_key},
            opts=child,
        )
        files = Files(
            {workload: {key: key for key in texts}},
            {workload: {key: f"secrets/{key}" for key in ("tsig", "serviceRoleKey")}},
        )
        self.job = Job(
            f"{name}-guard",
            JobArgs(
                namespace=edge.namespace,
                workload=workload,
                image=args.image,
                # A verdict is the end of its work, whichever it is: to be started anew would tell it again.
                arguments=["--settled-is-success", *([f"--ca={ca}"] if (ca := authority_path(settings)) else [])],
                cpu_request_millicores=RELEASE_GUARD.cpu_request_millicores,
                memory_mib=RELEASE_GUARD.memory_limit_mib,
                labels=labels,
                flows=args.flows,
                priority=Priority.WATCHING,
                mounts=[Mount("guard", FOLDER, files), Mount("spool", SPOOL, size_mib=16), *authority_mounts(settings)],
                after=[config_map, secret],
            ),
            child,
        )
        self.register_outputs({"watch": workload})
