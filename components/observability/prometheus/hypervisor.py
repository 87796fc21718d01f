"""What is scraped of Proxmox: hosts, storages and this stack's guests, all from one API (MON-2)."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from components.observability.prometheus.parts import Job, copied, job
from components.programs import PVE_EXPORTER
from settings import Settings

_KEPT: Final = (
    "pve_(up|cpu_usage_ratio|memory_(size|usage)_bytes|disk_(size|usage)_bytes|cluster_info|guest_info|"
    "not_backed_up_info);.*|pve_ha_state;error"
)
"""What rules and panels ask of the exporter, by name and state; it has a series for each state of each guest."""


def hypervisor(settings: Settings) -> Job:
    """The exporter asks the API that the program itself speaks to; any host tells of the whole cluster."""
    parts = urlsplit(settings.compute.endpoint)
    exporter = f"{PVE_EXPORTER.host(settings.observability.namespace)}:{PVE_EXPORTER.port}"
    return job(
        settings,
        "pve",
        {
            "metrics_path": "/pve",
            # What a host alone knows would cost a request for each guest, and no rule asks for it.
            "params": {"module": ["default"], "cluster": ["1"], "node": ["0"]},
            "static_configs": [{"targets": [f"{parts.hostname}:{parts.port or 443}"]}],
            "relabel_configs": [
                copied("__address__", "__param_target"),
                copied("__param_target", "instance"),
                {"target_label": "__address__", "replacement": exporter},
            ],
            "metric_relabel_configs": [
                {"source_labels": ["__name__", "state"], "action": "keep", "regex": _KEPT},
                *_named(settings),
                _snapshot(settings),
                # A guest of another stack on the same cluster.
                {"source_labels": ["id", "host", "snapshot_of"], "action": "drop", "regex": "(qemu|lxc)/[0-9]+;;"},
            ],
        },
    )


def _named(settings: Settings) -> Iterator[Job]:
    """Names in the place of Proxmox' ids: `node/NODE`, `storage/NODE/STORAGE`, `qemu/NUMBER`, `lxc/NUMBER`."""
    yield copied("id", "hypervisor", regex="node/(.+)")
    yield copied("id", "hypervisor", regex="storage/([^/]+)/.+")
    yield copied("id", "storage", regex="storage/[^/]+/(.+)")
    for kind, guests in (("qemu", settings.wanted_vms), ("lxc", settings.compute.containers)):
        for name, guest in guests.items():
            yield copied("id", "host", regex=f"{kind}/{guest.id}", replacement=name)


def _snapshot(settings: Settings) -> Job:
    """The Docker host that a template is a snapshot of, by the name that the release tool gave it."""
    return {
        "source_labels": ["template", "name"],
        "regex": f"1;{settings.environment.name}-(.+)-r[0-9]+-[0-9]{{8}}t[0-9]{{6}}z",
        "target_label": "snapshot_of",
    }
