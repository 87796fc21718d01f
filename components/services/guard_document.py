"""What a release's guard is told, and which services need one: pure functions of the settings (REL-6)."""

import json
from collections.abc import Mapping
from typing import Any

from components.programs import ALERTMANAGER, ALERTMANAGER_RECORD, LOKI, PROMETHEUS
from settings import Settings


def watched(settings: Settings) -> list[str]:
    """Services that need a guard: on probation, with a slot to go back to."""
    return [
        name
        for name, release in settings.releases.services.items()
        if release.probation is not None
        and release.probation.previous != release.live
        and release.slots[release.live] is not None
    ]


def guard_document(settings: Settings, service: str) -> str:
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
